//! Targets for a connection: `client` and `server`, led by a tape.

mod account;
mod answers;
mod commands;
mod line;
mod model;
mod output;
mod peer;
mod prelude;
mod say;
mod seen;
mod start;
pub(crate) mod tape;
mod world;

use amqp_proto::Side;

pub(crate) use commands::which;
pub(crate) use seen::Observer;

use crate::{counting, layout};

/// A tape for a client.
pub(crate) fn client(tape: &[u8]) {
    alone(Side::Client, tape);
}

/// A tape for a server.
pub(crate) fn server(tape: &[u8]) {
    alone(Side::Server, tape);
}

/// Plays a tape to somebody who looks at what comes of it.
pub(crate) fn watch(side: Side, tape: &[u8], observer: &mut dyn Observer) {
    world::run(side, tape, observer);
}

/// Plays a tape; nothing of it may stay.
fn alone(side: Side, tape: &[u8]) {
    layout::load();
    let before = counting::held();
    world::run(side, tape, &mut seen::Unseen);
    assert_eq!(counting::held(), before, "octets stay when all is gone");
}
