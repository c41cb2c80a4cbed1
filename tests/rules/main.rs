//! The rule book, rule by rule: each rule of `spec/rules.toml` is shown on every side that it binds.
//!
//! A test is one function for one rule and one side. It feeds octets or gives commands to a connection
//! and says what must come of it. Octets are counted on their way, and a test that moved none fails: it
//! would have shown nothing. `cargo test --test rules CNT-04` runs the tests of one rule.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers fail like the tests"
)]

extern crate alloc;

mod book;
#[path = "../common/mod.rs"]
mod common;
mod end;

mod cls;
mod cls_ends;
mod rc;
mod tun;
mod tun_frames;

use std::process::ExitCode;

use book::Tested;
use libtest_mimic::{Arguments, Failed, Trial};

/// What shows a rule on one side.
pub(crate) struct Test {
    rule: &'static str,
    side: Tested,
    check: fn(),
}

/// What shows that a client obeys the rule, or answers a server that doesn't.
pub(crate) const fn client(rule: &'static str, check: fn()) -> Test {
    Test { rule, side: Tested::Client, check }
}

/// What shows that a server obeys the rule, or answers a client that doesn't.
pub(crate) const fn server(rule: &'static str, check: fn()) -> Test {
    Test { rule, side: Tested::Server, check }
}

/// The tests of each chapter of the book.
const CHAPTERS: &[&[Test]] =
    &[tun::TESTS, tun_frames::TESTS, cls::TESTS, cls_ends::TESTS, rc::TESTS];

fn main() -> ExitCode {
    let tests = || CHAPTERS.iter().copied().flatten();
    let mut trials: Vec<Trial> = tests().map(trial).collect();
    let known = tests().map(|test| (test.rule, test.side)).collect();
    trials.extend(book::checks(known));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(test: &'static Test) -> Trial {
    Trial::test(format!("{} {}", test.rule, test.side.name()), || {
        end::COUNTED.set(0);
        (test.check)();
        if end::COUNTED.get() > 0 { Ok(()) } else { Err(Failed::from("no octet has passed")) }
    })
}
