//! The fuzz targets of amqp-proto: plain functions of octets that panic when something is wrong.
//!
//! `fuzz_targets/` gives them to libFuzzer, a line for each. The modules of this crate use nothing of it, so
//! that `tests/corpus` of the library compiles them too, and replays the corpus with `cargo test`.

extern crate alloc;

mod codec;
#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../../tests/counting/mod.rs"]
mod counting;
mod dictionary;
mod differential;
mod engine;
mod files;
mod layout;
mod seeds;
mod session;
mod show;

use std::path::Path;

use amqp_proto::Side;

/// A tape for a client.
pub fn client(octets: &[u8]) {
    engine::client(octets);
}

/// A stream of frames, beside another codec.
pub fn differential(octets: &[u8]) {
    differential::run(octets);
}

/// Values, methods and frames as `Arbitrary` makes them.
pub fn drawn(octets: &[u8]) {
    codec::drawn::run(octets);
}

/// Whole streams of frames, cut and parsed in every dialect.
pub fn frame(octets: &[u8]) {
    codec::frame::run(octets);
}

/// A method's payload, in every dialect.
pub fn method(octets: &[u8]) {
    codec::method::run(octets);
}

/// Properties and content headers.
pub fn properties(octets: &[u8]) {
    codec::properties::run(octets);
}

/// The scanner from any offset of a stream.
pub fn scan(octets: &[u8]) {
    codec::scan::run(octets);
}

/// A tape for a server.
pub fn server(octets: &[u8]) {
    engine::server(octets);
}

/// A client and a server that both keep the rules.
pub fn session(octets: &[u8]) {
    session::run(octets);
}

/// A field table, and the same octets as an array.
pub fn table(octets: &[u8]) {
    codec::table::run(octets);
}

/// Plays a tape of `client` or `server`, and prints its steps and what comes of them.
pub fn show(target: &str, tape: &[u8]) {
    match target {
        "client" => show::show(Side::Client, tape),
        "server" => show::show(Side::Server, tape),
        other => panic!("{other} has no tapes"),
    }
}

/// The seeds and the dictionary in `folder` that differ from what would be written; `write`: they are.
pub fn generate(folder: &Path, write: bool) -> Vec<String> {
    files::generate(folder, write)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;
    use crate::differential::Difference;

    /// The other targets are replayed by the library's own tests.
    #[test]
    fn differential_is_replayed() {
        let inputs = files::inputs(Path::new(env!("CARGO_MANIFEST_DIR")), "differential");
        assert!(inputs.keys().any(|path| path.starts_with("seeds/")));
        let mut met = BTreeSet::new();
        for (path, octets) in &inputs {
            println!("{path}");
            differential::compare(octets, &mut |difference| {
                met.insert(difference);
            });
        }
        for (difference, reason) in Difference::ALL {
            assert!(met.contains(&difference), "no input shows that {reason}");
        }
    }
}
