//! Replays what `fuzz/` holds: the seeds, what fuzzing has made of them, and what it has found. The targets
//! are those of the fuzzers, compiled here without one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "targets and helpers fail like the tests"
)]

extern crate alloc;

#[path = "../../fuzz/src/codec/mod.rs"]
mod codec;
#[path = "../common/mod.rs"]
mod common;
#[path = "../counting/mod.rs"]
mod counting;
mod coverage;
#[path = "../../fuzz/src/dictionary.rs"]
mod dictionary;
#[path = "../../fuzz/src/engine/mod.rs"]
mod engine;
#[path = "../../fuzz/src/files.rs"]
mod files;
#[path = "../../fuzz/src/layout.rs"]
mod layout;
#[path = "../../fuzz/src/seeds/mod.rs"]
mod seeds;
#[path = "../../fuzz/src/session.rs"]
mod session;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use amqp_proto::Side;
use amqp_proto::protocol::{Dialect, MethodKind};

/// `differential` has a dependency that needs a newer compiler; `cargo test` in `fuzz/` replays it.
const TARGETS: [&str; 10] = [
    "client",
    "differential",
    "drawn",
    "frame",
    "method",
    "properties",
    "scan",
    "server",
    "session",
    "table",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// Names the input at which a target has failed.
struct Input<'a>(&'a str);

impl Drop for Input<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("fuzz/{} failed", self.0);
        }
    }
}

fn replay(target: &str, run: impl Fn(&[u8])) {
    assert!(TARGETS.contains(&target));
    let inputs = files::inputs(&folder(), target);
    let seeds = inputs.keys().filter(|path| path.starts_with("seeds/")).count();
    assert!(seeds > 0, "{target} has no seeds");
    for (path, octets) in &inputs {
        let _input = Input(path);
        run(octets);
    }
    println!("{target}: {} inputs, {seeds} of them seeds", inputs.len());
}

#[test]
fn client() {
    replay("client", engine::client);
}

#[test]
fn drawn() {
    replay("drawn", codec::drawn::run);
}

#[test]
fn frame() {
    replay("frame", codec::frame::run);
}

#[test]
fn method() {
    replay("method", codec::method::run);
}

#[test]
fn properties() {
    replay("properties", codec::properties::run);
}

#[test]
fn scan() {
    replay("scan", codec::scan::run);
}

#[test]
fn server() {
    replay("server", engine::server);
}

#[test]
fn session() {
    replay("session", session::run);
}

#[test]
fn table() {
    replay("table", codec::table::run);
}

#[test]
fn sessions_reach_what_there_is_to_reach() {
    let mut seen = coverage::Seen::new();
    for (target, side) in [("client", Side::Client), ("server", Side::Server)] {
        // Not what fuzzing has made: that changes with each campaign.
        let inputs = files::inputs(&folder(), target);
        for octets in inputs.iter().filter(|(path, _)| !path.starts_with("corpus/")).map(|(_, o)| o)
        {
            seen.begin(side);
            engine::watch(side, octets, &mut seen);
        }
    }
    seen.check();
}

/// Seeds that have the name of a rule show it themselves, not one of the others. What is discarded breaks none.
#[test]
fn seeds_show_the_rules_that_they_are_named_after() {
    let rules = source::rules();
    for (target, side) in [("client", Side::Client), ("server", Side::Server)] {
        let prefix = format!("seeds/{target}/");
        let mut named = 0;
        for (path, octets) in &files::inputs(&folder(), target) {
            let Some(name) = path.strip_prefix(&prefix) else { continue };
            if name.ends_with("-discarded") {
                continue;
            }
            let Some(rule) = rules.iter().find(|rule| name.starts_with(rule.as_str())) else {
                continue;
            };
            let _input = Input(path);
            let mut seen = coverage::Seen::new();
            seen.begin(side);
            engine::watch(side, octets, &mut seen);
            assert!(seen.has_violation_of(rule), "{rule} isn't told");
            named += 1;
        }
        assert!(named > 20, "{target}: {named} seeds");
    }
}

#[test]
fn seeds_and_dictionary_are_up_to_date() {
    let stale = files::generate(&folder(), false);
    assert!(stale.is_empty(), "cargo run --example generate, in fuzz/, would write {stale:#?}");
}

/// Else inputs might lie where nothing replays them.
#[test]
fn every_folder_belongs_to_a_target() {
    for name in files::FOLDERS {
        for entry in fs::read_dir(folder().join(name)).into_iter().flatten() {
            let target = entry.unwrap().file_name().into_string().unwrap();
            assert!(TARGETS.contains(&target.as_str()), "{name}/{target} is nobody's");
        }
    }
}

/// What the targets compare with is complete.
#[test]
fn layouts_and_methods_are_the_same() {
    for &dialect in Dialect::ALL {
        let kinds =
            MethodKind::ALL.iter().filter_map(|kind| Some((kind.id(dialect)?, kind.name())));
        let mut kinds: Vec<_> = kinds.collect();
        kinds.sort_unstable();
        let layouts = layout::of_dialect(dialect).map(|(id, layout)| (id, layout.name.as_str()));
        assert_eq!(layouts.collect::<Vec<_>>(), kinds, "{dialect}");
    }
}
