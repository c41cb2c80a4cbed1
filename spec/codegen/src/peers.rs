//! The differences between brokers, as `spec/profiles.toml` has them. The tests of profiles read it by this
//! file too.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peers {
    pub(crate) peer: Vec<Peer>,
    pub(crate) chapter: Vec<Chapter>,
}

/// A broker, or another way to look at peers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peer {
    pub(crate) id: String,
    /// The name of its constant.
    pub(crate) constant: String,
    /// The name that people read.
    pub(crate) name: String,
    pub(crate) doc: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chapter {
    pub(crate) title: String,
    pub(crate) difference: Vec<Difference>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Difference {
    pub(crate) id: String,
    /// The question that peers answer differently.
    pub(crate) about: String,
    /// The part of `Profile` that it decides.
    pub(crate) field: Option<String>,
    /// The `Unsupported` that stands in the lists of those who refuse it.
    pub(crate) refuses: Option<String>,
    /// By peer, or for `all` that aren't named.
    pub(crate) value: BTreeMap<String, Answer>,
    /// What is shown instead of a value.
    #[serde(default)]
    pub(crate) words: BTreeMap<String, String>,
    pub(crate) engine: String,
    pub(crate) source: String,
    /// `file::function`.
    pub(crate) test: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    Flag(bool),
    Number(u32),
    Text(String),
    List(Vec<String>),
}

impl Difference {
    /// What the peer answers.
    pub(crate) fn answer(&self, peer: &Peer) -> Option<&Answer> {
        self.value.get(&peer.id).or_else(|| self.value.get("all"))
    }
}
