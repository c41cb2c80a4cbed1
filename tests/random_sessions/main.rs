//! Hostile peers drawn at random, the same in every run: what holds whatever the application and the peer do,
//! in whatever order. `tests/sessions.rs` has peers that keep the rules.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers fail like the tests"
)]

mod commands;
#[path = "../common/mod.rs"]
mod common;
mod end;
mod hostile;
mod rng;

use amqp_proto::Side;

/// Few enough for a test, enough for most faults. A failure names its seed, with which alone it can be
/// repeated; more sessions are a matter of a larger number here.
const SESSIONS: u64 = 2250;
const STEPS: usize = 300;

/// Names the session that failed.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("the session of seed {} failed", self.0);
        }
    }
}

#[test]
fn hostile_peers_are_survived() {
    let methods = [Side::Client, Side::Server].map(hostile::methods);
    for seed in 0..SESSIONS {
        let seed = Seed(seed);
        hostile::run(seed.0, STEPS, &methods);
    }
}
