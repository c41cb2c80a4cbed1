"""A check that can't fail is none: each rule of dependency_rules.py is broken once."""

import unittest
from pathlib import Path

from dependency_rules import BANNED, CORE_TREE, CRATES_IO, core_problems, permits, problems_of

ROOT = Path("/repository")


class Licences(unittest.TestCase):
    def judge(self, expected, *expressions):
        for expression in expressions:
            with self.subTest(expression):
                self.assertEqual(permits(expression, {"A", "B-1.0", "C WITH E"}), expected)

    def test_single(self):
        self.judge(True, "A", "B-1.0", " A ", "(A)", "((B-1.0))")
        self.judge(False, "X", "a", "B", "E")

    def test_alternatives(self):
        self.judge(True, "A OR X", "X OR A", "X OR Y OR A", "X/A", "X/Y/B-1.0")
        self.judge(False, "X OR Y", "X/Y")

    def test_all_at_once(self):
        self.judge(True, "A AND B-1.0", "A AND B-1.0 AND A")
        self.judge(False, "A AND X", "X AND A", "A AND B-1.0 AND X")

    def test_precedence(self):
        self.judge(True, "A OR X AND Y", "X AND Y OR A", "A AND (X OR B-1.0)", "(A OR X) AND B-1.0")
        self.judge(False, "(A OR X) AND Y", "X AND (Y OR A)", "X AND Y OR Z AND A", "A AND X OR Y")

    def test_exceptions(self):
        self.judge(True, "C WITH E", "X OR C WITH E", "A AND C WITH E", "(C WITH E)")
        self.judge(False, "C", "A WITH E", "C WITH F", "C WITH E AND X")

    def test_later_versions(self):
        self.judge(True, "A+", "X OR A+")
        self.judge(False, "X+")

    def test_what_is_no_expression(self):
        broken = ["", " ", "A OR", "OR A", "A B", "A AND", "A AND OR A", "(A", "A)", "()", "A WITH",
                  "A WITH (E)", "WITH E", "A+ +", "A/", "/A", "A//B", "A, X", "A or X",
                  "C WITH E WITH E", "A/X OR A"]
        for expression in broken:
            with self.subTest(expression):
                self.assertRaises(ValueError, permits, expression)


def package(**changes):
    good = {
        "name": "good",
        "version": "1.0.0",
        "license": "MIT",
        "source": CRATES_IO,
        "manifest_path": "/registry/good/Cargo.toml",
    }
    return good | changes


class Packages(unittest.TestCase):
    def judge(self, words, **changes):
        problems = list(problems_of(package(**changes), ROOT))
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(words, problems[0])

    def test_good_ones(self):
        own = package(source=None, license=None, manifest_path="/repository/own/Cargo.toml")
        for good in (package(), own):
            self.assertEqual(list(problems_of(good, ROOT)), [])

    def test_each_ban(self):
        for name in BANNED:
            self.judge("is banned", name=name)

    def test_licences(self):
        self.judge("isn't allowed", license="GPL-3.0-only")
        self.judge("isn't allowed", license="MIT AND LGPL-2.1-or-later")
        self.judge("names no licence", license=None)
        self.judge("can't be read", license="MIT OR")

    def test_sources(self):
        self.judge("not from crates.io", source="git+https://example.org/good#0")
        self.judge("not from crates.io", source="registry+https://example.org/index")
        self.judge("not from crates.io", source=None)
        self.judge("not from crates.io", source=None, manifest_path="/repository-2/Cargo.toml")


def dependency(name, kind=None, optional=False):
    return {"name": name, "kind": kind, "optional": optional}


class Core(unittest.TestCase):
    direct = [dependency("bytes"), dependency("thiserror"), dependency("serde", "dev"),
              dependency("arbitrary", None, True)]
    tree = [f"{name} v1.0.0" for name in sorted(CORE_TREE)]

    def judge(self, expected, direct=None, tree=None):
        core = {"dependencies": self.direct if direct is None else direct}
        problems = list(core_problems(core, self.tree if tree is None else tree))
        self.assertEqual(len(problems), expected, problems)

    def test_as_it_should_be(self):
        self.judge(0)
        # Named twice, the same version.
        self.judge(0, tree=self.tree + [line + " (*)" for line in self.tree])

    def test_direct_dependencies(self):
        self.judge(1, direct=self.direct + [dependency("log")])
        self.judge(1, direct=self.direct[1:])

    def test_tree(self):
        self.judge(1, tree=self.tree + ["log v0.4.0"])
        self.judge(1, tree=self.tree[1:])

    def test_duplicates(self):
        for line in self.tree:
            self.judge(1, tree=self.tree + [line.replace("v1", "v2")])


if __name__ == "__main__":
    unittest.main()
