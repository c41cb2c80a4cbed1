//! The rule book of `spec/rules.toml` as it is written. The tests of the rules read it by this file too.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Book {
    pub(crate) chapter: Vec<Chapter>,
    pub(crate) rule: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chapter {
    pub(crate) prefix: String,
    pub(crate) title: String,
    /// How many rules it has, so that none gets lost.
    pub(crate) rules: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) section: String,
    pub(crate) scope: Scope,
    pub(crate) role: Role,
    pub(crate) default: String,
    pub(crate) enforced: Vec<String>,
    pub(crate) test: Vec<Tested>,
    pub(crate) application: Option<String>,
}

/// What it takes to judge a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    Wire,
    State,
    Broker,
    Time,
}

/// Who must obey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Client,
    Server,
    Both,
}

/// A side that is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tested {
    Client,
    Server,
}

impl Tested {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}
