//! The files of `spec/` as they are written, before anything is looked up in anything.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};
use serde::{Deserialize, de::DeserializeOwned};

/// The classes in the order of the generated enums.
const CLASSES: [&str; 8] =
    ["connection", "channel", "access", "exchange", "queue", "basic", "confirm", "tx"];

#[derive(Debug)]
pub(crate) struct Data {
    pub(crate) domains: Vec<Domain>,
    pub(crate) constants: Vec<Constant>,
    pub(crate) classes: Vec<Class>,
}

pub(crate) fn load(spec: &Path) -> Result<Data> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Domains {
        domain: Vec<Domain>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Constants {
        constant: Vec<Constant>,
    }
    let domains: Domains = read(&spec.join("domains.toml"))?;
    let constants: Constants = read(&spec.join("constants.toml"))?;
    let classes = CLASSES
        .iter()
        .map(|name| read(&spec.join("classes").join(name).with_extension("toml")))
        .collect::<Result<_>>()?;
    Ok(Data { domains: domains.domain, constants: constants.constant, classes })
}

pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("in {}", path.display()))
}

/// One of the versions of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) enum Dialect {
    #[serde(rename = "0-8")]
    V0_8,
    #[serde(rename = "0-9")]
    V0_9,
    #[serde(rename = "0-9-1")]
    V0_9_1,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WireType {
    Bit,
    Octet,
    Short,
    Long,
    Longlong,
    Timestamp,
    Shortstr,
    Longstr,
    Table,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Domain {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) wire: WireType,
    pub(crate) rust: Option<String>,
    pub(crate) doc: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ConstantKind {
    Frame,
    Reply,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    Soft,
    Hard,
}

/// Who brought a method or constant into the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Origin {
    #[default]
    Specification,
    Rabbitmq,
    Qpid,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Constant {
    pub(crate) name: String,
    pub(crate) value: u16,
    pub(crate) kind: ConstantKind,
    pub(crate) severity: Option<Severity>,
    #[serde(default)]
    pub(crate) origin: Origin,
    pub(crate) doc: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Class {
    pub(crate) name: String,
    pub(crate) id: u16,
    pub(crate) doc: String,
    #[serde(default)]
    pub(crate) channel_zero: bool,
    #[serde(default)]
    pub(crate) properties: Vec<Field>,
    #[serde(rename = "method")]
    pub(crate) methods: Vec<Method>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    Client,
    Server,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Method {
    pub(crate) name: String,
    /// The same in every dialect that has the method.
    pub(crate) id: Option<u16>,
    /// One per dialect, where they differ.
    #[serde(default)]
    pub(crate) ids: BTreeMap<Dialect, u16>,
    #[serde(default)]
    pub(crate) absent_in: Vec<Dialect>,
    #[serde(default)]
    pub(crate) origin: Origin,
    pub(crate) senders: Vec<Side>,
    #[serde(default)]
    pub(crate) synchronous: bool,
    #[serde(default)]
    pub(crate) replies: Vec<String>,
    #[serde(default)]
    pub(crate) content: bool,
    pub(crate) doc: String,
    #[serde(default)]
    pub(crate) fields: Vec<Field>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) domain: String,
    #[serde(default)]
    pub(crate) absent_in: Vec<Dialect>,
    /// Sent as zero or empty there, and ignored when received (`MTH-06`).
    #[serde(default)]
    pub(crate) reserved_in: Vec<Dialect>,
    /// Reserved for sending only.
    #[serde(default)]
    pub(crate) keep_received: bool,
    /// Masked wherever the method is shown.
    #[serde(default)]
    pub(crate) secret: bool,
    /// Shown although it is zero or cleared, because that means something.
    #[serde(default)]
    pub(crate) always_shown: bool,
    pub(crate) doc: String,
}
