//! The rule book as a page that people read.

use core::fmt::Write as _;
use std::path::Path;

use crate::book::{Book, Chapter, Role, Rule, Scope, Tested};
use crate::data;
use anyhow::{Result, ensure};

pub(crate) fn load(spec: &Path) -> Result<Book> {
    data::read(&spec.join("rules.toml"))
}

/// The page, in Markdown that rustdoc takes too.
pub(crate) fn page(book: &Book) -> Result<String> {
    let mut page = String::from(OPENING);
    for Chapter { prefix, title, rules } in &book.chapter {
        let anchor = anchor(&heading(prefix, title));
        writeln!(page, "- [{title}](#{anchor}): {prefix}-01 to {prefix}-{rules:02}")?;
    }
    let mut shown = 0;
    for Chapter { prefix, title, .. } in &book.chapter {
        writeln!(page, "\n## {}", heading(prefix, title))?;
        let of_chapter =
            |rule: &&Rule| rule.id.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'));
        for rule in book.rule.iter().filter(of_chapter) {
            shown += 1;
            page.push_str(&entry(rule)?);
        }
    }
    ensure!(shown == book.rule.len(), "a rule in spec/rules.toml belongs to no chapter");
    Ok(page)
}

const OPENING: &str = "\
<!-- Written from spec/rules.toml by `cargo run -p amqp-codegen`. -->

# The rule book

What AMQP 0-9-1 asks of its peers, as far as a peer can check it from outside, with what this engine does
about it. `Violation::rule` and the comments of the source name rules by their id.

Each rule says where it comes from (a section of the AMQP 0-9-1 specification unless something else is
named), what is needed to judge it, whom it binds, where the engine enforces it, and by which tests it is
shown: `cargo test --test rules FRM-06` runs those of one rule. What it takes to judge a rule is octets
alone (*wire*), the state of a connection (*state*), the time (*time*), or queues, exchanges and
permissions (*broker*): the last are the application's to keep, and the entry names the event or command
by which it does.

";

fn heading(prefix: &str, title: &str) -> String {
    format!("{title} ({prefix})")
}

/// How GitHub and rustdoc name a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || " -".contains(*letter));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn entry(rule: &Rule) -> Result<String> {
    let mut text = format!("\n### {}\n\n{}\n\n", rule.id, rule.rule);
    writeln!(text, "- The engine: {}", rule.default)?;
    if let Some(application) = &rule.application {
        writeln!(text, "- The application: {application}")?;
    }
    let scope = match rule.scope {
        Scope::Wire => "wire",
        Scope::State => "state",
        Scope::Broker => "broker",
        Scope::Time => "time",
    };
    let binds = match rule.role {
        Role::Client => "the client",
        Role::Server => "the server",
        Role::Both => "both",
    };
    let enforced: Vec<_> = rule.enforced.iter().map(|file| format!("`{file}`")).collect();
    let tests: Vec<_> = rule.test.iter().copied().map(Tested::name).collect();
    writeln!(
        text,
        "- From: {}; judged by: {scope}; binds: {binds}; in {}; tested: {}",
        rule.section,
        enforced.join(", "),
        tests.join(" and "),
    )?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOK: &str = r#"
        [[chapter]]
        prefix = "FRM"
        title = "Frames, large"
        rules = 1
        [[rule]]
        id = "FRM-01"
        rule = "A frame ends with CE."
        section = "4.2.3"
        scope = "wire"
        role = "both"
        default = "501."
        enforced = ["frame/cutter.rs"]
        test = ["client", "server"]
    "#;

    #[test]
    fn a_rule_stands_in_its_chapter() {
        let page = page(&toml::from_str(BOOK).unwrap()).unwrap();
        let (index, chapter) = page.split_once("\n## Frames, large (FRM)\n").unwrap();
        assert!(index.contains("- [Frames, large](#frames-large-frm): FRM-01 to FRM-01\n"));
        assert_eq!(
            chapter,
            "\n### FRM-01\n\nA frame ends with CE.\n\n- The engine: 501.\n- From: 4.2.3; judged by: wire; \
             binds: both; in `frame/cutter.rs`; tested: client and server\n"
        );
    }

    #[test]
    fn a_rule_of_no_chapter_is_refused() {
        let book = BOOK.replace("FRM-01", "FRAME-01");
        assert!(page(&toml::from_str(&book).unwrap()).is_err());
    }
}
