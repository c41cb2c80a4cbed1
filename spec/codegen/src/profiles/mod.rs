//! What differs between brokers, as constants and as a page that people read.

mod constants;
mod page;

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::data;
use crate::peers::{Answer, Difference, Peer, Peers};

pub(crate) use constants::constants;
pub(crate) use page::page;

pub(crate) fn load(spec: &Path) -> Result<Peers> {
    let peers: Peers = data::read(&spec.join("profiles.toml"))?;
    check(&peers)?;
    Ok(peers)
}

/// Fails where a name is misspelled, which would go unnoticed otherwise.
fn check(peers: &Peers) -> Result<()> {
    let mut seen = Vec::new();
    for difference in peers.chapter.iter().flat_map(|chapter| &chapter.difference) {
        let id = &difference.id;
        ensure!(!seen.contains(&id), "there are two differences {id}");
        seen.push(id);
        for named in difference.value.keys().chain(difference.words.keys()) {
            let known = named == "all" || peers.peer.iter().any(|peer| peer.id == *named);
            ensure!(known, "{id} names {named}, which is no peer");
        }
        for peer in &peers.peer {
            answer(difference, peer)?;
        }
        ensure!(!difference.test.is_empty(), "{id} has no test");
        let decides = [&difference.field, &difference.refuses].into_iter().flatten().count();
        ensure!(decides <= 1, "{id} has a field and refuses something");
    }
    Ok(())
}

fn answer<'a>(difference: &'a Difference, peer: &Peer) -> Result<&'a Answer> {
    difference
        .answer(peer)
        .with_context(|| format!("{} has no value for {}", difference.id, peer.id))
}

#[cfg(test)]
pub(super) const SAMPLE: &str = r#"
    [[peer]]
    id = "default"
    constant = "DEFAULT"
    name = "default"
    doc = "For all."
    [[peer]]
    id = "broker"
    constant = "BROKER"
    name = "The broker"
    doc = "A broker."
    [[chapter]]
    title = "One"
    [[chapter.difference]]
    id = "largest"
    about = "The largest"
    field = "largest"
    value = { all = 4096, broker = 8192 }
    engine = "Keeps to it."
    source = "Practice"
    test = ["tests/a.rs::b"]
    [[chapter.difference]]
    id = "flow"
    about = "Whether it refuses flow"
    refuses = "Flow"
    value = { all = false, broker = true }
    words = { broker = "yes: 540" }
    engine = "Not sent."
    source = "FLW-01"
    test = ["tests/a.rs::c"]
    [[chapter.difference]]
    id = "browse"
    about = "Browsing"
    field = "arguments.browse"
    value = { all = "", broker = "x-browse" }
    engine = "`Argument::Browse`."
    source = "Practice"
    test = ["tests/a.rs::c"]
"#;

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(from: &str, to: &str) -> Result<()> {
        let text = SAMPLE.replacen(from, to, 1);
        assert!(from == to || text != SAMPLE);
        check(&toml::from_str(&text)?)
    }

    #[test]
    fn what_is_misspelled_is_found() {
        sample("", "").unwrap();
        // Each peer has a value without one for all, too.
        sample("all = 4096", "default = 4096").unwrap();
        for (from, to) in [
            ("broker = 8192", "brocker = 8192"),
            ("all = 4096, broker = 8192", "default = 4096"),
            ("id = \"flow\"", "id = \"largest\""),
            ("test = [\"tests/a.rs::b\"]", "test = []"),
            ("refuses = \"Flow\"", "refuses = \"Flow\"\nfield = \"flow\""),
        ] {
            sample(from, to).unwrap_err();
        }
    }
}
