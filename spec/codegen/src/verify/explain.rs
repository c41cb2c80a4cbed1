//! Matches findings with the reasons in `spec/differences.toml`.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use serde::Deserialize;

use super::{Aspect, Finding};
use crate::data::Dialect;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Accounts {
    #[serde(rename = "file")]
    pub(super) files: Vec<File>,
    #[serde(default, rename = "rename")]
    renames: Vec<Rename>,
    #[serde(default, rename = "difference")]
    differences: Vec<Difference>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) label: String,
    pub(super) dialect: Dialect,
    pub(super) path: String,
}

/// A name that files spell in another way; used at least once in each of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rename {
    files: Vec<String>,
    ours: String,
    theirs: String,
    reason: String,
}

/// A difference in one aspect; every subject occurs in every file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Difference {
    files: Vec<String>,
    aspect: Aspect,
    subjects: Vec<String>,
    reason: String,
}

impl Accounts {
    pub(super) fn check(&self) -> Result<()> {
        let labels: BTreeSet<&str> = self.files.iter().map(|file| file.label.as_str()).collect();
        let reasons = self.renames.iter().map(|r| (&r.files, &r.reason));
        for (files, reason) in reasons.chain(self.differences.iter().map(|d| (&d.files, &d.reason)))
        {
            ensure!(!reason.is_empty(), "a difference without a reason");
            for file in files {
                ensure!(labels.contains(file.as_str()), "{reason:?} speaks of unknown {file}");
            }
        }
        Ok(())
    }
}

#[derive(Debug)]
pub(super) struct Verdict<'a> {
    pub(super) unexplained: Vec<&'a Finding>,
    pub(super) unused: Vec<String>,
}

pub(super) fn judge<'a>(accounts: &Accounts, findings: &'a [Finding]) -> Verdict<'a> {
    let mut reasons = Vec::new();
    for rename in &accounts.renames {
        for file in &rename.files {
            reasons.push(Reason {
                label: format!("{file}: name {} for {}", rename.theirs, rename.ours),
                applies: Box::new(move |finding: &Finding| {
                    finding.file == *file
                        && finding.aspect == Aspect::Name
                        && finding.ours == rename.ours
                        && finding.theirs == rename.theirs
                }),
            });
        }
    }
    for difference in &accounts.differences {
        for file in &difference.files {
            for subject in &difference.subjects {
                reasons.push(Reason {
                    label: format!("{file}: {subject}: {:?}", difference.aspect),
                    applies: Box::new(move |finding: &Finding| {
                        finding.file == *file
                            && finding.aspect == difference.aspect
                            && finding.subject == *subject
                    }),
                });
            }
        }
    }
    Verdict {
        unexplained: findings
            .iter()
            .filter(|finding| !reasons.iter().any(|reason| (reason.applies)(finding)))
            .collect(),
        unused: reasons
            .iter()
            .filter(|reason| !findings.iter().any(|finding| (reason.applies)(finding)))
            .map(|reason| reason.label.clone())
            .collect(),
    }
}

struct Reason<'a> {
    label: String,
    applies: Box<dyn Fn(&Finding) -> bool + 'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> Accounts {
        toml::from_str(
            r#"
            [[file]]
            label = "old"
            dialect = "0-8"
            path = "old.xml"
            [[rename]]
            files = ["old"]
            ours = "no-wait"
            theirs = "nowait"
            reason = "spelling"
            [[difference]]
            files = ["old"]
            aspect = "only-ours"
            subjects = ["method basic.nack"]
            reason = "an extension"
            "#,
        )
        .unwrap()
    }

    fn finding(subject: &str, aspect: Aspect, ours: &str, theirs: &str) -> Finding {
        Finding {
            file: "old".to_owned(),
            subject: subject.to_owned(),
            aspect,
            ours: ours.to_owned(),
            theirs: theirs.to_owned(),
        }
    }

    #[test]
    fn every_difference_needs_a_reason_and_every_reason_a_difference() {
        let accounts = accounts();
        assert!(accounts.check().is_ok());
        let nothing = judge(&accounts, &[]);
        assert_eq!(nothing.unused.len(), 2);
        let findings = [
            finding("method basic.nack", Aspect::OnlyOurs, "there", "absent"),
            finding("field queue.bind.no-wait", Aspect::Name, "no-wait", "nowait"),
            finding("method basic.ack", Aspect::OnlyOurs, "there", "absent"),
        ];
        let verdict = judge(&accounts, &findings);
        assert_eq!(verdict.unexplained, [&findings[2]]);
        assert!(verdict.unused.is_empty());
    }

    #[test]
    fn reasons_speak_of_known_files() {
        let mut accounts = accounts();
        accounts.files.clear();
        assert!(accounts.check().is_err());
    }
}
