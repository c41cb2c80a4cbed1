//! What the measurements share: the octets that are decoded and the messages that are encoded, and
//! engines brought to the stage at which a measurement begins.

pub mod engine;
pub mod streams;
