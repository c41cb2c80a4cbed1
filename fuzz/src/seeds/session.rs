//! How a seed for `client` or `server` is put together.

use super::Seed;
use crate::engine::tape::{Start, Step, record};

/// Bits of the octets that a tape starts with.
pub(super) const STRICT: u8 = 4;
pub(super) const STREAMED: u8 = 8;
pub(super) const SMALL_BODIES: u8 = 0x10;
pub(super) const PARTS: u8 = 0x20;
pub(super) const LITTLE_OUTPUT: u8 = 0x40;
pub(super) const SMALL: u8 = 1;
pub(super) const TINY: u8 = 2;
pub(super) const CAPABLE: u8 = 1;
pub(super) const OWN_MECHANISM: u8 = 2;
pub(super) const OBLIGING: u8 = 8;
pub(super) const PROVES: u8 = 0x10;
/// The length of one octet, for `SEND_BODY`, which has a meaning of its own for the lowest codes.
pub(super) const ONE_OCTET: u8 = 15;

/// A session that is written step by step.
pub(super) struct Session {
    start: Start,
    steps: Vec<Step>,
}

impl Session {
    /// Begins in this stage, with everything as it is by default and all capabilities.
    pub(super) fn at(stage: u8) -> Self {
        let start = Start { stage, options: CAPABLE, ..Start::default() };
        Self { start, steps: Vec::new() }
    }

    pub(super) fn limits(mut self, limits: u8) -> Self {
        self.start.limits = limits;
        self
    }

    pub(super) fn tuning(mut self, tuning: u8) -> Self {
        self.start.tuning = tuning;
        self
    }

    pub(super) fn options(mut self, options: u8) -> Self {
        self.start.options = options;
        self
    }

    pub(super) fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Octets of the peer.
    pub(super) fn peer(self, octets: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Octets { octets: octets.into() })
    }

    /// All is polled, then all is written.
    pub(super) fn round(self) -> Self {
        self.step(Step::Round {})
    }

    pub(super) fn command(self, which: u8, channel: u8, first: u8, second: u8) -> Self {
        self.step(Step::Command { which, channel, first, second })
    }

    /// The command of the application that the payload of this method frame is.
    pub(super) fn say(self, frame: &[u8]) -> Self {
        let channel = frame[2];
        self.step(Step::Say { channel, payload: frame[7..frame.len() - 1].into() })
    }

    pub(super) fn seed(self, target: &'static str, name: &str) -> Seed {
        Seed::new(target, name, record(self.start, &self.steps))
    }
}
