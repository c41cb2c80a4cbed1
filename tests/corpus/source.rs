//! What the source can tell of peers and callers, read from its text: what is new there has to be reached
//! by an input, or to be excused.

use std::fs;
use std::path::Path;

/// The ids of rules that stand in the code itself, not in comments and tests: those that violations name.
pub(crate) fn rules() -> Vec<String> {
    let mut rules = Vec::new();
    for text in files(&source()) {
        let code = text.split("#[cfg(test)]").next().unwrap();
        let lines = code.lines().map(|line| line.split("//").next().unwrap());
        for line in lines {
            // Every other piece lies between quotation marks.
            let literals = line.split('"').skip(1).step_by(2);
            rules.extend(literals.filter(|literal| is_rule(literal)).map(String::from));
        }
    }
    rules.sort_unstable();
    rules.dedup();
    assert!(rules.len() > 40, "rules are looked for in the wrong way: {rules:?}");
    rules
}

/// The variants of an enum of `error.rs`.
pub(crate) fn variants(name: &str) -> Vec<String> {
    let text = fs::read_to_string(source().join("error.rs")).unwrap();
    let begin = format!("pub enum {name} {{\n");
    let (_, behind) = text.split_once(&begin).unwrap_or_else(|| panic!("no enum {name}"));
    let (body, _) = behind.split_once("\n}\n").unwrap();
    let variants = body.lines().filter_map(|line| {
        // Deeper lines are fields.
        let line = line.strip_prefix("    ")?;
        let is_variant = line.starts_with(|first: char| first.is_ascii_uppercase());
        let end = line.find([' ', '(', ',']).unwrap_or(line.len());
        is_variant.then(|| line[..end].to_string())
    });
    let variants: Vec<_> = variants.collect();
    assert!(variants.len() > 3, "variants of {name} are looked for in the wrong way: {variants:?}");
    variants
}

fn source() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push(fs::read_to_string(path).unwrap());
        }
    }
    texts
}

/// Such as `FRM-06`.
fn is_rule(text: &str) -> bool {
    let Some((chapter, number)) = text.split_once('-') else { return false };
    (2..=3).contains(&chapter.len())
        && chapter.bytes().all(|octet| octet.is_ascii_uppercase())
        && number.len() == 2
        && number.bytes().all(|octet| octet.is_ascii_digit())
}
