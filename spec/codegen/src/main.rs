//! Turns the protocol data of `spec/` into `src/protocol/generated`.
fn main() {}
