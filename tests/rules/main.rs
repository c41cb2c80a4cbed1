//! The rule book, rule by rule: each rule of `spec/rules.toml` is shown on every side that it binds.
//!
//! A test is one function for one rule and one side. It feeds octets or gives commands to a connection
//! and says what must come of it. Octets are counted on their way, and a test that moved none fails: it
//! would have shown nothing. `cargo test --test rules CNT-04` runs the tests of one rule.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what tests share fails like them"
)]

extern crate alloc;

mod book;
#[path = "../common/mod.rs"]
mod common;
#[path = "../../spec/codegen/src/book.rs"]
mod data;
mod end;

mod ack;
mod ack_ledger;
mod bas;
mod bas_messages;
mod chn;
mod chn_closing;
mod chn_reasons;
mod cls;
mod cls_ends;
mod cnf;
mod cnt;
mod cnt_headers;
mod cnt_sizes;
mod dia;
mod dia_methods;
mod fields;
mod flw;
mod frm;
mod frm_channels;
mod frm_sizes;
mod hb;
mod hdr;
mod hs;
mod hs_login;
mod hs_mechanisms;
mod hs_peer;
mod lim;
mod lim_work;
mod mth;
mod mth_fields;
mod nam;
mod nam_channel;
mod rc;
mod syn;
mod syn_exchanges;
mod syn_no_wait;
mod syn_order;
mod tbl;
mod tbl_values;
mod tun;
mod tun_frames;
mod tx;
mod typ;
mod typ_short;

use std::process::ExitCode;

use data::Tested;
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
const CHAPTERS: &[&[Test]] = &[
    hdr::TESTS,
    hs::TESTS,
    hs_login::TESTS,
    hs_mechanisms::TESTS,
    hs_peer::TESTS,
    tun::TESTS,
    tun_frames::TESTS,
    cls::TESTS,
    cls_ends::TESTS,
    frm::TESTS,
    frm_sizes::TESTS,
    frm_channels::TESTS,
    hb::TESTS,
    chn::TESTS,
    chn_closing::TESTS,
    chn_reasons::TESTS,
    mth::TESTS,
    mth_fields::TESTS,
    typ::TESTS,
    typ_short::TESTS,
    tbl::TESTS,
    tbl_values::TESTS,
    cnt::TESTS,
    cnt_headers::TESTS,
    cnt_sizes::TESTS,
    nam::TESTS,
    nam_channel::TESTS,
    syn::TESTS,
    syn_order::TESTS,
    syn_no_wait::TESTS,
    bas::TESTS,
    bas_messages::TESTS,
    ack::TESTS,
    ack_ledger::TESTS,
    cnf::TESTS,
    tx::TESTS,
    flw::TESTS,
    lim::TESTS,
    lim_work::TESTS,
    dia::TESTS,
    dia_methods::TESTS,
    rc::TESTS,
];

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
