//! The matrix: every method, header, body and heartbeat frame, in each state of a connection and of a
//! channel, on both sides and in both directions, against a list of expectations that shares nothing
//! with the engine.
//!
//! A received frame comes on channel 0 and on channel 1, from octets written by hand. A command is what
//! the public interface offers for the method; where it offers none, the engine sends it by itself, and
//! the expectation says so.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::panic,
    reason = "helpers fail like the tests"
)]

#[path = "../common/mod.rs"]
mod common;

mod commands;
mod expected;
mod methods;
mod outcome;
mod states;

use amqp_proto::protocol::{Dialect, MethodId, MethodKind};
use amqp_proto::{Connection, ReplyToken};
use common::*;

/// A line of the list: side, direction, states, channel, methods, and what comes of it. Alternatives are
/// parted by `|`, `*` is anything, `*-ok` anything that ends so, `@name` a set of `expected::SETS`.
struct Pattern<'a> {
    line: usize,
    words: [&'a str; 5],
    outcome: &'a str,
}

fn patterns(text: &'static str) -> Vec<Pattern<'static>> {
    let mut patterns = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default();
        let Some((cell, outcome)) = line.split_once("=>") else {
            assert_eq!(line.trim(), "", "line {number} isn't understood");
            continue;
        };
        let words: Vec<_> = cell.split_whitespace().collect();
        let words = words.try_into().unwrap_or_else(|_| panic!("line {number}: five words"));
        patterns.push(Pattern { line: number, words, outcome: outcome.trim() });
    }
    patterns
}

fn fits(pattern: &str, word: &str) -> bool {
    pattern.split('|').any(|one| match one.strip_prefix('@') {
        Some(set) => {
            let (_, members) = expected::SETS.iter().find(|(name, _)| *name == set).unwrap();
            members.split_whitespace().any(|member| fits(member, word))
        }
        None => match one.split_once('*') {
            Some((start, end)) => {
                word.len() >= start.len() + end.len()
                    && word.starts_with(start)
                    && word.ends_with(end)
            }
            None => one == word,
        },
    })
}

struct Judge {
    patterns: Vec<Pattern<'static>>,
    used: Vec<bool>,
    cells: usize,
    wrong: Vec<String>,
}

impl Judge {
    fn judge(&mut self, cell: [&str; 5], outcome: &str) {
        self.cells += 1;
        let fitting = self.patterns.iter().position(|pattern| {
            pattern.words.iter().zip(cell).all(|(pattern, word)| fits(pattern, word))
        });
        let Some(place) = fitting else {
            self.wrong.push(format!("{cell:?} => {outcome}, and no line says what"));
            return;
        };
        self.used[place] = true;
        let Pattern { line, outcome: expected, .. } = self.patterns[place];
        if expected != outcome {
            self.wrong.push(format!("{cell:?} => {outcome}, line {line} says {expected}"));
        }
    }
}

/// A connection in this state, and the token of the request that it owes a reply to.
fn state(side: &str, state: &str, method: &str) -> (Connection, Option<ReplyToken>) {
    match side {
        "client" => (states::client_in(state, method), None),
        _ => states::server_in(state, method),
    }
}

#[test]
fn the_table_of_methods_is_whole() {
    let all = methods::methods();
    for kind in MethodKind::ALL {
        let Some(MethodId { class_id, method_id }) = kind.id(Dialect::V0_9_1) else { continue };
        let entry = all.iter().find(|(name, ..)| *name == kind.name());
        let (_, class, method, _) = entry.unwrap_or_else(|| panic!("{kind} is missing"));
        assert_eq!((*class, *method), (class_id, method_id), "{kind}");
    }
}

#[test]
fn every_cell_is_as_the_list_says() {
    let patterns = patterns(expected::LIST);
    assert!(patterns.len() <= 300, "{} patterns", patterns.len());
    let used = vec![false; patterns.len()];
    let mut judge = Judge { patterns, used, cells: 0, wrong: Vec::new() };
    // A token of somebody else, for replies where nothing is owed.
    let (_, stray) = states::server_in("owing", "queue.declare-ok");
    let all = methods::methods();
    for (side, states) in [("client", states::CLIENT), ("server", states::SERVER)] {
        for name in states {
            for (method, class_id, method_id, arguments) in &all {
                let (fresh, token) = state(side, name, method);
                for channel in [0, 1] {
                    let octets = common::method(channel, *class_id, *method_id, arguments);
                    let outcome = outcome::of_frame(&mut fresh.clone(), &octets);
                    let on = channel.to_string();
                    judge.judge([side, "in", name, &on, method], &outcome);
                }
                let mut connection = fresh.clone();
                let sent = commands::command(&mut connection, token.or(stray).unwrap(), method);
                let outcome = outcome::of_command(&fresh, &mut connection, sent);
                judge.judge([side, "out", name, "1", method], &outcome);
            }
            let (fresh, token) = state(side, name, "");
            for channel in [0, 1] {
                let on = channel.to_string();
                for (method, octets) in [
                    ("frame.header", header(channel, 3, BARE)),
                    ("frame.body", body(channel, b"abc")),
                    ("frame.heartbeat", frame(8, channel, b"")),
                ] {
                    let outcome = outcome::of_frame(&mut fresh.clone(), &octets);
                    judge.judge([side, "in", name, &on, method], &outcome);
                }
            }
            let mut connection = fresh.clone();
            let sent = commands::command(&mut connection, token.or(stray).unwrap(), "frame.body");
            let outcome = outcome::of_command(&fresh, &mut connection, sent);
            judge.judge([side, "out", name, "1", "frame.body"], &outcome);
        }
    }
    println!("{} cells, {} patterns", judge.cells, judge.patterns.len());
    let unused: Vec<_> =
        judge.patterns.iter().zip(&judge.used).filter(|(_, used)| !**used).collect();
    for (pattern, _) in unused {
        judge.wrong.push(format!("line {} fits no cell that no earlier line fits", pattern.line));
    }
    assert!(judge.wrong.is_empty(), "{}:\n{}", judge.wrong.len(), judge.wrong.join("\n"));
}
