//! The book itself: what `spec/rules.toml` says is whole, and agrees with the tests and the sources.

use alloc::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};

use crate::data::{Book, Chapter, Role, Scope, Tested};

/// What is checked beside the rules: the book against itself, against the tests, against `src/`.
pub(crate) fn checks(tests: BTreeSet<(&'static str, Tested)>) -> Vec<Trial> {
    vec![
        Trial::test("the book is whole", || told(is_whole(&read()))),
        Trial::test("every rule has its tests", move || told(has_tests(&read(), &tests))),
        Trial::test("the sources cite rules of the book", || told(is_cited(&read()))),
    ]
}

fn told(wrong: Vec<String>) -> Result<(), Failed> {
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read() -> Book {
    let text = fs::read_to_string(root().join("spec/rules.toml")).unwrap();
    toml::from_str(&text).unwrap()
}

fn is_whole(book: &Book) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut expected = Vec::new();
    for Chapter { prefix, title, rules } in &book.chapter {
        if title.is_empty() {
            wrong.push(format!("{prefix} has no title"));
        }
        expected.extend((1..=*rules).map(|number| format!("{prefix}-{number:02}")));
    }
    let ids: Vec<_> = book.rule.iter().map(|rule| rule.id.clone()).collect();
    if ids != expected {
        let place = ids.iter().zip(&expected).position(|(there, wanted)| there != wanted);
        let place = place.unwrap_or_else(|| ids.len().min(expected.len()));
        let (there, wanted) = (ids.get(place), expected.get(place));
        wrong.push(format!("{there:?} stands where {wanted:?} belongs"));
    }
    for rule in &book.rule {
        let id = &rule.id;
        for (field, text) in
            [("rule", &rule.rule), ("section", &rule.section), ("default", &rule.default)]
        {
            if text.trim().is_empty() || text.contains('\n') {
                wrong.push(format!("{id}: {field} is to be one line"));
            }
        }
        if rule.enforced.is_empty() {
            wrong.push(format!("{id}: nothing says where it is enforced"));
        }
        for file in &rule.enforced {
            if !root().join("src").join(file).is_file() {
                wrong.push(format!("{id}: there is no src/{file}"));
            }
        }
        // What only a broker or its application can know, the application must be able to keep.
        if rule.application.is_some() != (rule.scope == Scope::Broker) {
            wrong.push(format!("{id}: `application` belongs to scope broker, and to it alone"));
        }
    }
    wrong
}

fn has_tests(book: &Book, tests: &BTreeSet<(&'static str, Tested)>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut promised = BTreeSet::new();
    for rule in &book.rule {
        let id = rule.id.as_str();
        for (side, binds) in [
            (Tested::Client, rule.role != Role::Server),
            (Tested::Server, rule.role != Role::Client),
        ] {
            let name = side.name();
            let is_promised = rule.test.contains(&side);
            if is_promised {
                promised.insert((id, side));
            }
            if binds && !is_promised {
                wrong.push(format!("{id} binds the {name} and names no test of it"));
            }
            if is_promised && !tests.contains(&(id, side)) {
                wrong.push(format!("{id} has no test of the {name}"));
            }
        }
    }
    for (id, side) in tests {
        if !promised.contains(&(*id, *side)) {
            let name = side.name();
            wrong.push(format!("{id} is tested for the {name}, and the book doesn't say so"));
        }
    }
    wrong
}

/// Every id in `src/` is one of the book.
fn is_cited(book: &Book) -> Vec<String> {
    let known: BTreeSet<_> = book.rule.iter().map(|rule| rule.id.as_str()).collect();
    let prefixes: Vec<_> =
        book.chapter.iter().map(|chapter| format!("{}-", chapter.prefix)).collect();
    let mut cited = 0;
    let mut wrong = Vec::new();
    for file in sources(&root().join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        for prefix in &prefixes {
            for (place, _) in text.match_indices(prefix.as_str()) {
                // FIRM-01 is no FRM-01.
                if text[..place].ends_with(|before: char| before.is_ascii_alphanumeric()) {
                    continue;
                }
                let id = text.get(place..place + prefix.len() + 2).unwrap_or_default();
                cited += 1;
                if !known.contains(id) {
                    wrong.push(format!("{} cites {id}", file.display()));
                }
            }
        }
    }
    assert!(cited > 100, "only {cited} citations found");
    wrong
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
