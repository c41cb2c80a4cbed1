//! Where exploration begins, and by what steps it goes on.

mod client;
mod server;

use amqp_proto::Side;

use crate::steps::Step;
use crate::world::World;

/// A state with its name.
pub(crate) struct State {
    pub(crate) name: &'static str,
    /// What leads to it.
    pub(crate) steps: Vec<Step>,
    /// Whether it is the state that its name says.
    pub(crate) holds: fn(&World) -> bool,
    /// Whether sequences are a step longer from here.
    pub(crate) deep: bool,
}

impl State {
    fn new(name: &'static str, steps: &[&[Step]], holds: fn(&World) -> bool) -> Self {
        Self { name, steps: steps.concat(), holds, deep: false }
    }

    fn deep(name: &'static str, steps: &[&[Step]], holds: fn(&World) -> bool) -> Self {
        Self { deep: true, ..Self::new(name, steps, holds) }
    }
}

/// The states of a side.
pub(crate) fn of(side: Side) -> Vec<State> {
    match side {
        Side::Client => client::states(),
        _ => server::states(),
    }
}

/// The steps of a side.
pub(crate) fn alphabet(side: Side) -> &'static [Step] {
    match side {
        Side::Client => client::ALPHABET,
        _ => server::ALPHABET,
    }
}
