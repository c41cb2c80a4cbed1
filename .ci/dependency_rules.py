"""What the packages of this repository may depend on, judged from cargo's metadata.

Called by `dependencies`, which tests these rules first (dependency_rules_test.py).

    dependency_rules.py MANIFEST...    the manifests of all workspaces, the root's first
"""

import json
import pathlib
import re
import subprocess
import sys

# Permissive ones. What else a package is offered under doesn't matter.
ALLOWED = {
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "NCSA",  # libFuzzer: as permissive as MIT
    "Unicode-3.0",
    "Zlib",
}

# Crates that nothing here may bring in, and why.
BANNED = {
    "openssl": "links a C library; TLS is the user's choice",
    "openssl-sys": "links a C library; TLS is the user's choice",
    "native-tls": "links another C library on each system",
    "async-std": "discontinued",
    "atty": "unmaintained, reads unaligned memory on Windows; std::io::IsTerminal does it",
    "failure": "unmaintained and unsound",
    "net2": "unmaintained, relies on the layout of std's socket addresses",
}

# What a user of the crate gets without asking for it: all of it, each in one version.
CORE = "amqp-proto"
CORE_DIRECT = {"bytes", "thiserror"}
CORE_TREE = CORE_DIRECT | {"thiserror-impl", "proc-macro2", "quote", "syn", "unicode-ident"}

CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def permits(expression, allowed=frozenset(ALLOWED)):
    """Whether an SPDX licence expression can be met by allowed licences alone.

    WITH binds more tightly than AND, and that more tightly than OR. `MIT/Apache-2.0` is how OR was
    once written on crates.io. Raises ValueError for what is no expression.
    """
    if re.fullmatch(r"[\w.-]+(/[\w.-]+)+", expression):
        expression = expression.replace("/", " OR ")
    tokens = re.findall(r"[()]|[^\s()]+", expression)
    place = 0

    def take(wanted):
        nonlocal place
        if place < len(tokens) and tokens[place] == wanted:
            place += 1
            return True
        return False

    def take_name():
        nonlocal place
        token = tokens[place] if place < len(tokens) else "the end"
        if token in ("AND", "OR", "WITH") or not re.fullmatch(r"[A-Za-z0-9.-]+\+?", token):
            raise ValueError(f"a name was expected, not {token}, in: {expression}")
        place += 1
        return token

    def any_of():
        results = [all_of()]
        while take("OR"):
            results.append(all_of())
        return any(results)

    def all_of():
        results = [single()]
        while take("AND"):
            results.append(single())
        return all(results)

    def single():
        if take("("):
            result = any_of()
            if not take(")"):
                raise ValueError(f"a ) is missing in: {expression}")
            return result
        # A plus: this version or a later one, of which this one will do.
        name = take_name().removesuffix("+")
        # An exception is allowed by name only: some take away what the licence gives.
        return (f"{name} WITH {take_name()}" if take("WITH") else name) in allowed

    result = any_of()
    if place != len(tokens):
        raise ValueError(f"{tokens[place]} has no place in: {expression}")
    return result


def problems_of(package, root):
    """What is wrong with one package of a tree, own ones included."""
    manifest = pathlib.Path(package["manifest_path"])
    name = f"{package['name']} {package['version']}"
    if package["name"] in BANNED:
        yield f"{name} is banned: {BANNED[package['name']]}"
    if package["source"] is None and manifest.is_relative_to(root):
        return
    if package["source"] != CRATES_IO:
        yield f"{name} comes from {package['source'] or manifest}, not from crates.io"
    if not package["license"]:
        yield f"{name} names no licence"
        return
    try:
        if not permits(package["license"]):
            yield f"{name} has a licence that isn't allowed: {package['license']}"
    except ValueError as error:
        yield f"{name} has a licence that can't be read: {error}"


def core_problems(package, tree):
    """What is wrong with the dependencies of the crate itself; `tree` is what cargo tree lists."""
    direct = {
        dependency["name"]
        for dependency in package["dependencies"]
        if dependency["kind"] is None and not dependency["optional"]
    }
    if direct != CORE_DIRECT:
        yield f"{CORE} depends on {sorted(direct)}, not on {sorted(CORE_DIRECT)} alone"
    # Name and version, of which cargo tree says more behind them.
    names = [name for name, _ in sorted({tuple(line.split()[:2]) for line in tree})]
    for name in sorted(set(names) | CORE_TREE):
        if name not in CORE_TREE:
            yield f"{CORE} brings {name} in"
        elif names.count(name) != 1:
            yield f"{CORE} brings {name} in {names.count(name)} versions"


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def files(*arguments):
    return output("git", "ls-files", *arguments).splitlines()


def main(manifests):
    root = pathlib.Path.cwd()
    problems = []
    seen = set()
    for manifest in manifests:
        # A lock file that belongs to the repository is to stay as it is.
        is_locked = files(str(pathlib.Path(manifest).with_name("Cargo.lock")))
        metadata = json.loads(
            output("cargo", "metadata", "--format-version=1", "--all-features",
                   "--manifest-path", manifest, *["--locked"] * bool(is_locked))
        )
        packages = {package["id"]: package for package in metadata["packages"]}
        for package in packages.values():
            problems += [f"{manifest}: {problem}" for problem in problems_of(package, root)]
        members = [packages[member] for member in metadata["workspace_members"]]
        seen |= {str(pathlib.Path(member["manifest_path"]).relative_to(root)) for member in members}
        print(f"{manifest}: {len(packages)} packages")

        for package in members:
            if package["name"] == CORE:
                for features in (["--no-default-features"], []):
                    tree = output("cargo", "tree", "--package", CORE, "--edges", "no-dev",
                                  "--target", "all", "--prefix", "none", "--format", "{p}",
                                  *features)
                    lines = [line for line in tree.splitlines() if line.split()[0] != CORE]
                    problems += core_problems(package, lines)

    everywhere = files("--cached", "--others", "--exclude-standard", "--",
                       "Cargo.toml", "*/Cargo.toml")
    problems += [f"{manifest}: in no workspace" for manifest in set(everywhere) - seen]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
