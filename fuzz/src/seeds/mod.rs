//! The seeds: inputs that reach what an input made at random would hardly reach, by name.
//!
//! `cargo run --example generate` writes them to `seeds/`, a folder for each target.

mod captured;
mod client;
mod codec;
mod noise;
mod server;
mod session;

/// One input of a target.
pub(crate) struct Seed {
    pub(crate) target: &'static str,
    /// The name of its file: what it shows.
    pub(crate) name: String,
    pub(crate) octets: Vec<u8>,
}

impl Seed {
    fn new(target: &'static str, name: impl Into<String>, octets: impl Into<Vec<u8>>) -> Self {
        Self { target, name: name.into(), octets: octets.into() }
    }
}

/// All of them; no two of a target have a name in common.
pub(crate) fn all() -> Vec<Seed> {
    let mut seeds = codec::all();
    seeds.extend(client::all());
    seeds.extend(server::all());
    seeds.extend(noise::all());
    seeds.extend(captured::all());
    seeds
}
