//! Sans-IO protocol core for AMQP 0-9-1.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod frame;
pub mod protocol;
pub mod wire;
