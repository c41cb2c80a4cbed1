//! What a tape means, for people.

use amqp_proto::{Connection, Event, Side, UsageError};

use crate::engine::tape::Step;
use crate::engine::{Observer, watch};

/// Plays a tape, and prints its steps and what comes of them.
pub(crate) fn show(side: Side, tape: &[u8]) {
    watch(side, tape, &mut Printed);
}

struct Printed;

impl Observer for Printed {
    fn step(&mut self, step: &Step) {
        println!("{step:?}");
    }

    fn told(&mut self, event: &Event, _: &Connection) {
        println!("    {event}");
    }

    fn refused(&mut self, error: &UsageError) {
        println!("    refused: {error}");
    }
}
