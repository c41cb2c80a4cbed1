//! How brokers differ, difference by difference: `spec/profiles.toml` names a test for each.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what tests share fails like them"
)]
#![allow(clippy::std_instead_of_alloc, reason = "the data is read as the generator reads it")]

mod arguments;
mod book;
mod broker;
mod broker_j;
mod codes;
#[path = "../common/mod.rs"]
mod common;
mod leniency;
mod logins;
#[allow(dead_code, reason = "the rest is for the page")]
#[path = "../../spec/codegen/src/peers.rs"]
mod peers;
mod recognition;
mod refusals;
