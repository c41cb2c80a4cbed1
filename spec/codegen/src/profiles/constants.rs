//! A constant for each peer.

use anyhow::{Result, bail};

use super::answer;
use crate::emit::Source;
use crate::peers::{Answer, Difference, Peer, Peers};

/// `src/profile/known.rs`, before `rustfmt`.
pub(crate) fn constants(peers: &Peers) -> Result<String> {
    let mut out = Source::new("The peers that are known, as `spec/profiles.toml` has them.");
    for import in [
        "use crate::peer::Capabilities;",
        "use crate::profile::{ArgumentNames, Profile, Unsupported};",
        "use crate::protocol::{Dialect, MethodKind};",
        "use crate::wire::{FieldNames, ShortStrings, UnknownTags};",
    ] {
        out.line(import);
    }
    out.blank();
    out.line("impl Profile {");
    for peer in &peers.peer {
        out.doc(&peer.doc);
        out.line(format!("pub const {}: Self = Self {{", peer.constant));
        out.line(format!("name: {:?},", peer.name));
        for (field, value) in fields(peers, peer, "")? {
            out.line(format!("{field}: {value},"));
        }
        out.line("arguments: ArgumentNames {");
        for (field, value) in fields(peers, peer, "arguments.")? {
            out.line(format!("{field}: {value},"));
        }
        out.line("},");
        out.line(format!("refuses: &[{}],", refused(peers, peer)?.join(", ")));
        out.line("};");
        out.blank();
    }
    out.doc("All of them.");
    let all: Vec<_> = peers.peer.iter().map(|peer| format!("Self::{}", peer.constant)).collect();
    out.line(format!("pub const ALL: &'static [Self] = &[{}];", all.join(", ")));
    out.line("}");
    Ok(out.into_text())
}

fn differences(peers: &Peers) -> impl Iterator<Item = &Difference> {
    peers.chapter.iter().flat_map(|chapter| &chapter.difference)
}

/// The parts of `Profile` whose path begins so, with the peer's values.
fn fields<'a>(peers: &'a Peers, peer: &Peer, path: &str) -> Result<Vec<(&'a str, String)>> {
    let mut fields = Vec::new();
    for difference in differences(peers) {
        let Some(field) = difference.field.as_deref().and_then(|field| field.strip_prefix(path))
        else {
            continue;
        };
        if !field.contains('.') {
            fields.push((field, value(field, answer(difference, peer)?, path)));
        }
    }
    Ok(fields)
}

/// A value as Rust has it.
fn value(field: &str, answer: &Answer, path: &str) -> String {
    match answer {
        Answer::Flag(flag) => flag.to_string(),
        Answer::Number(number) => number.to_string(),
        Answer::Text(name) if !path.is_empty() && name.is_empty() => "None".to_owned(),
        Answer::Text(name) if !path.is_empty() => format!("Some({name:?})"),
        // The path of a variant.
        Answer::Text(path) => path.clone(),
        Answer::List(names) if field == "known" && names.is_empty() => {
            "Capabilities::NONE".to_owned()
        }
        Answer::List(names) if field == "known" => {
            let known: String = names.iter().map(|name| format!("{name}: true, ")).collect();
            format!("Capabilities {{ {known} ..Capabilities::NONE }}")
        }
        Answer::List(names) => format!("&{names:?}"),
    }
}

fn refused(peers: &Peers, peer: &Peer) -> Result<Vec<String>> {
    let mut refused = Vec::new();
    for difference in differences(peers) {
        let Some(what) = &difference.refuses else { continue };
        match answer(difference, peer)? {
            Answer::Flag(true) => refused.push(format!("Unsupported::{what}")),
            Answer::Flag(false) => {}
            _ => bail!("{}: whether it is refused is true or false", difference.id),
        }
    }
    Ok(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_peer_is_a_constant() {
        let text = constants(&toml::from_str(super::super::SAMPLE).unwrap()).unwrap();
        let (default, broker) = text.split_once("pub const BROKER: Self").unwrap();
        for line in ["largest: 4096,", "browse: None,", "refuses: &[],", "name: \"default\","] {
            assert!(default.contains(line), "{line} isn't in {default}");
        }
        for line in ["largest: 8192,", "browse: Some(\"x-browse\"),", "[Unsupported::Flow],"] {
            assert!(broker.contains(line), "{line} isn't in {broker}");
        }
        assert!(broker.contains("&[Self::DEFAULT, Self::BROKER];"));
    }

    #[test]
    fn capabilities_are_named() {
        let list = |names: &[&str]| Answer::List(names.iter().map(|&n| n.into()).collect());
        assert_eq!(value("known", &list(&[]), ""), "Capabilities::NONE");
        let known = value("known", &list(&["basic_nack"]), "");
        assert_eq!(known, "Capabilities { basic_nack: true,  ..Capabilities::NONE }");
        assert_eq!(value("subprotocols", &list(&["amqp"]), ""), "&[\"amqp\"]");
    }
}
