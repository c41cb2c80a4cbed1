//! What the replay of inputs has shown: by it the list of what seeds have to reach is checked.

use amqp_proto::{Connection, Event, UsageError};

use super::tape::Step;

/// Who is told what a session brings.
pub(crate) trait Observer {
    /// What happens next.
    fn step(&mut self, _: &Step) {}

    /// Octets of the peer.
    fn handed_in(&mut self, _: &[u8]) {}

    /// Octets of this side.
    fn written(&mut self, _: &[u8]) {}

    /// An event, and the connection behind it.
    fn told(&mut self, event: &Event, connection: &Connection);

    /// A command that was refused.
    fn refused(&mut self, error: &UsageError);
}

/// Nobody.
pub(crate) struct Unseen;

impl Observer for Unseen {
    fn told(&mut self, _: &Event, _: &Connection) {}

    fn refused(&mut self, _: &UsageError) {}
}
