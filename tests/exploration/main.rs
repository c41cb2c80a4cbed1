//! Bounded exploration: from every named state of either role, all sequences of a few steps, each with
//! the same invariants. A step is a frame of the peer, legal or not, a command of the application, or
//! something that the transport or the clock does.
//!
//! What must hold, whatever happens:
//!
//! 1. Nothing panics; overflow checks and debug assertions are on.
//! 2. A path has exactly one terminal event, at the latest when the stream ends. After it there is
//!    no event, no output, and every command is refused.
//! 3. What this side writes is whole frames that its side may send: a content is contiguous on its
//!    channel, nothing comes on a channel that isn't open, replies answer requests in their order,
//!    acks name what was delivered.
//! 4. After a violation only what had waited comes before Close, and after Close nothing but
//!    heartbeats and one close-ok for each Close received. Other channels notice nothing of what ends
//!    a channel.
//! 5. A channel number is used again only after close-ok; each request has exactly one outcome, before
//!    its channel ends.
//! 6. What waits to be written stays within the limits, and so does the memory that is held.
//! 7. A command that is refused changes nothing.
//!
//! The model that judges the output (`written.rs`) and the events (`told.rs`) shares no table and no code
//! with the engine. Sequences are walked as a tree, with a clone of the connection at each node.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers fail like the tests"
)]

mod commands;
#[path = "../common/mod.rs"]
mod common;
#[path = "../counting/mod.rs"]
mod counting;
mod explore;
mod shared;
mod states;
mod steps;
mod told;
mod world;
mod written;

extern crate alloc;

use amqp_proto::Side;
use explore::Explorer;

/// Channel numbers that are looked at, 0 among them.
const CHANNELS: usize = 3;

/// All states of one side: from each all sequences of three steps, from three of them also all of four.
fn explore(side: Side) {
    let alphabet = states::alphabet(side);
    let states = states::of(side);
    let mut sequences = 0;
    for state in &states {
        let depths: &[u32] = if state.deep { &[3, 4] } else { &[3] };
        for depth in depths {
            let mut explorer = Explorer::new(side, alphabet, state.name);
            let start = explorer.reach(state);
            explorer.explore(&start, *depth);
            sequences += explorer.finish();
        }
    }
    let (count, letters) = (states.len(), alphabet.len());
    println!("{side:?}: {count} states, {letters} steps, {sequences} sequences");
    assert_eq!(sequences, count * letters.pow(3) + 3 * letters.pow(4));
}

#[test]
fn every_short_sequence_that_a_client_meets() {
    explore(Side::Client);
}

#[test]
fn every_short_sequence_that_a_server_meets() {
    explore(Side::Server);
}
