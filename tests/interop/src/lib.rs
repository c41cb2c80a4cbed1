//! The engine as a client of a real RabbitMQ, and as a server of a real client.
//!
//! A small blocking [`Client`] over a TCP or TLS stream drives [`amqp_proto::Connection`]; the tests
//! beside it hold whole sessions with a broker. `AMQP_URL` names the broker, `AMQPS_ADDRESS` its TLS port
//! and `AMQPS_DIR` the place of the certificates for it, `AMQP_CTL` is the command line of its
//! `rabbitmqctl`. Nothing is skipped: without them the tests fail and say so.
//!
//! [`serve`] is the other side: a small blocking server with a broker in memory, for clients that aren't ours.
//!
//! Each test has queues and exchanges of its own, which end with its connection or are deleted by it,
//! so tests run in parallel. What touches the whole broker is in the test binary that runs last.
#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this crate is a test's helper: it fails the test"
)]
#![allow(clippy::std_instead_of_alloc, clippy::std_instead_of_core, reason = "a program with std")]

mod broker;
mod client;
mod server;
mod session;
mod store;
mod stream;

pub use broker::{Broker, ctl};
pub use client::{Client, Door};
pub use server::{Served, serve};
pub use session::{consume, declare, key, octets};
pub(crate) use store::Store;
pub use stream::{Stream, tls_address};

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How long a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A name that no other test has.
pub fn name(what: &str) -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    format!("interop.{}.{number}.{what}", std::process::id())
}
