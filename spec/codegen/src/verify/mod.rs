//! Compares our data with the official XML files, and accounts for every difference.

mod compare;
mod explain;
mod xml;

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};

use crate::{data, model::Protocol};

/// Something that our data and a file say differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The label of the file.
    pub(crate) file: String,
    /// What it is about, such as `method basic.recover`.
    pub(crate) subject: String,
    pub(crate) aspect: Aspect,
    /// What we say, and what the file says.
    pub(crate) ours: String,
    pub(crate) theirs: String,
}

/// In which way the two differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Aspect {
    /// We have it, the file does not.
    OnlyOurs,
    /// The file has it, we do not.
    OnlyTheirs,
    Name,
    Value,
    Severity,
    Type,
    Reserved,
    Synchronous,
    Replies,
    Content,
    Senders,
    ChannelZero,
}

pub(crate) fn run(protocol: &Protocol, spec: &Path, directory: &Path) -> Result<()> {
    let accounts: explain::Accounts = data::read(&spec.join("differences.toml"))?;
    accounts.check()?;
    let mut findings = Vec::new();
    for file in &accounts.files {
        let path = directory.join(&file.path);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let theirs = xml::parse(&text).with_context(|| format!("in {}", path.display()))?;
        findings.extend(compare::compare(protocol, file.dialect, &theirs, &file.label));
    }
    let verdict = explain::judge(&accounts, &findings);
    for finding in &verdict.unexplained {
        eprintln!(
            "unexplained: {}: {}: {:?}: ours {}, theirs {}",
            finding.file, finding.subject, finding.aspect, finding.ours, finding.theirs
        );
    }
    for unused in &verdict.unused {
        eprintln!("explains nothing: {unused}");
    }
    if !verdict.unexplained.is_empty() || !verdict.unused.is_empty() {
        bail!(
            "{} differences without an explanation, {} explanations without a difference",
            verdict.unexplained.len(),
            verdict.unused.len()
        );
    }
    println!(
        "{} files compared, {} differences, all explained",
        accounts.files.len(),
        findings.len()
    );
    Ok(())
}
