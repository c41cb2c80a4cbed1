//! The workloads as octets, from fixed seeds: the same on every machine and in every run.
//!
//! All of it is written here by hand, so that no contestant is measured on what its own encoder
//! prefers.

pub mod acks;
pub mod deliveries;
pub mod frames;
pub mod handshake;
pub mod irregular;
mod random;
pub mod table;

pub use deliveries::{Deliveries, Message};
pub use random::Random;
