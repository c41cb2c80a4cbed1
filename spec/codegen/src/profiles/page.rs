//! The differences as a page that people read.

use core::fmt::Write as _;

use anyhow::Result;

use super::answer;
use crate::peers::{Answer, Difference, Peer, Peers};

const OPENING: &str = "\
<!-- Written from spec/profiles.toml by `cargo run -p amqp-codegen`. -->

# How brokers differ

What brokers do differently from each other and from the specification, as far as a client can notice it. A
client recognises the broker by its server-properties and takes the profile that is for it;
`ClientConfig::profile` sets another one. Where the engine acts on a difference, a part of `Profile` holds it,
and is named. An empty place says that there is nothing to tell.

Each difference says what the engine does about it, where it can be looked up (rules of the rule book by their
id, files of a broker's source by their name), and which test shows it. What is \"observed\" was seen on the wire;
the rest was read in the source of RabbitMQ, Apache Qpid Broker-J and LavinMQ.
";

/// The page, in Markdown that rustdoc takes too.
pub(crate) fn page(peers: &Peers) -> Result<String> {
    let mut page = String::from(OPENING);
    for chapter in &peers.chapter {
        write!(page, "\n## {}\n\n| |", chapter.title)?;
        for peer in &peers.peer {
            write!(page, " {} |", peer.name)?;
        }
        page.push_str("\n|---|");
        page.push_str(&"---|".repeat(peers.peer.len()));
        page.push('\n');
        for difference in &chapter.difference {
            write!(page, "| {} |", difference.about)?;
            for peer in &peers.peer {
                let shown = shown(difference, peer)?;
                if shown.is_empty() { page.push_str(" |") } else { write!(page, " {shown} |")? }
            }
            page.push('\n');
        }
        page.push('\n');
        for difference in &chapter.difference {
            entry(&mut page, difference)?;
        }
    }
    Ok(page)
}

fn shown(difference: &Difference, peer: &Peer) -> Result<String> {
    let words = &difference.words;
    let answer = answer(difference, peer)?;
    // Words for all are for those without an answer of their own.
    let for_all = || (!difference.value.contains_key(&peer.id)).then(|| words.get("all")).flatten();
    if let Some(words) = words.get(&peer.id).or_else(for_all) {
        return Ok(words.clone());
    }
    let is_name = difference.field.as_deref().is_some_and(|field| field.contains('.'));
    Ok(match answer {
        Answer::Flag(true) => "yes".to_owned(),
        Answer::Flag(false) => "no".to_owned(),
        Answer::Number(number) => number.to_string(),
        Answer::Text(name) if is_name && !name.is_empty() => format!("`{name}`"),
        Answer::Text(words) => words.clone(),
        Answer::List(names) => names.join(", "),
    })
}

fn entry(page: &mut String, difference: &Difference) -> Result<()> {
    let Difference { id, about, engine, source, .. } = difference;
    write!(page, "- **{id}.** {about}. ")?;
    if let Some(field) = &difference.field {
        write!(page, "`Profile::{field}`. ")?;
    }
    if let Some(what) = &difference.refuses {
        let what = what.replace("MethodKind::", "").replace("Dialect::", "");
        write!(page, "`Unsupported::{what}` in `Profile::refuses`. ")?;
    }
    let tests: Vec<_> = difference.test.iter().map(|test| format!("`{test}`")).collect();
    writeln!(page, "The engine: {engine} Source: {source}. Test: {}.", tests.join(", "))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_for_each_chapter_and_a_line_for_each_difference() {
        let page = page(&toml::from_str(super::super::SAMPLE).unwrap()).unwrap();
        let (_, chapter) = page.split_once("\n## One\n\n").unwrap();
        let mut lines = chapter.lines();
        for expected in [
            "| | default | The broker |",
            "|---|---|---|",
            "| The largest | 4096 | 8192 |",
            "| Whether it refuses flow | no | yes: 540 |",
            "| Browsing | | `x-browse` |",
            "",
            "- **largest.** The largest. `Profile::largest`. The engine: Keeps to it. Source: Practice. \
             Test: `tests/a.rs::b`.",
            "- **flow.** Whether it refuses flow. `Unsupported::Flow` in `Profile::refuses`. The engine: \
             Not sent. Source: FLW-01. Test: `tests/a.rs::c`.",
        ] {
            assert_eq!(lines.next(), Some(expected));
        }
    }
}
