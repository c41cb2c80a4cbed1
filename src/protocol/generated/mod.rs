//! What `spec/` says, as Rust.
//!
//! Written by `cargo run -p amqp-codegen`; the data is in `spec/`.

mod argument;
mod kind;
mod method;
mod properties;
mod reply_code;

#[expect(
    clippy::exhaustive_structs,
    reason = "the specification fixes the fields; users write `..Default::default()`"
)]
pub mod connection;

#[expect(
    clippy::exhaustive_structs,
    reason = "the specification fixes the fields; users write `..Default::default()`"
)]
pub mod channel;

#[expect(
    clippy::exhaustive_structs,
    reason = "the specification fixes the fields; users write `..Default::default()`"
)]
pub mod access;

#[expect(
    clippy::exhaustive_structs,
    reason = "the specification fixes the fields; users write `..Default::default()`"
)]
pub mod exchange;

#[expect(
    clippy::exhaustive_structs,
    reason = "the specification fixes the fields; users write `..Default::default()`"
)]
pub mod queue;

#[expect(
    clippy::exhaustive_structs,
    reason = "the specification fixes the fields; users write `..Default::default()`"
)]
pub mod basic;

#[expect(
    clippy::exhaustive_structs,
    reason = "the specification fixes the fields; users write `..Default::default()`"
)]
pub mod confirm;

#[expect(
    clippy::exhaustive_structs,
    reason = "the specification fixes the fields; users write `..Default::default()`"
)]
pub mod tx;

pub(in crate::protocol) use kind::INFO;
pub use kind::MethodKind;
pub use method::Method;
pub use properties::Property;
