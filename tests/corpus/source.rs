//! What the source can tell of peers and callers, read from its text: what is new there has to be reached
//! by an input, or to be excused, and what is known here has to be there.

use std::fs;
use std::path::{Path, PathBuf};

/// The rules whose breach is told by a violation. What peers can break is known here, not read from the code
/// alone: else a rule that is no longer told, or told by the id of another one, would be missed by nobody.
const NAMED: &str = "
    ACK-01 ACK-02 ACK-03 ACK-04
    BAS-05
    CHN-01 CHN-02 CHN-07 CHN-08
    CLS-04
    CNF-03 CNF-05
    CNT-02 CNT-03 CNT-04 CNT-05 CNT-07 CNT-08 CNT-10 CNT-11 CNT-14 CNT-15
    FRM-02 FRM-03 FRM-06 FRM-08 FRM-09 FRM-10 FRM-11
    HB-02 HB-03
    HDR-03 HDR-07
    HS-01 HS-03 HS-07 HS-10 HS-17
    LIM-02 LIM-03 LIM-04 LIM-09 LIM-10
    MTH-02 MTH-03 MTH-04 MTH-05
    NAM-05 NAM-07
    SYN-03
    TBL-06 TBL-11
    TUN-02 TUN-03 TUN-05 TUN-12
    TX-01
    TYP-02
";

/// The rules that violations name, in order.
pub(crate) fn rules() -> Vec<String> {
    let named: Vec<_> = NAMED.split_whitespace().map(String::from).collect();
    let found = rules_in_code();
    let gone: Vec<_> = named.iter().filter(|rule| !found.contains(rule)).collect();
    assert!(gone.is_empty(), "no code tells these rules any more: {gone:?}");
    let new: Vec<_> = found.iter().filter(|rule| !named.contains(rule)).collect();
    assert!(new.is_empty(), "violations name rules that are listed nowhere: {new:?}");
    let book = fs::read_to_string(root().join("spec/rules.toml")).unwrap();
    for rule in &named {
        assert!(book.contains(&format!("\nid = \"{rule}\"\n")), "no rule of the book: {rule}");
    }
    named
}

/// The ids of rules that stand in the code itself, not in comments and tests.
fn rules_in_code() -> Vec<String> {
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

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn source() -> PathBuf {
    root().join("src")
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
