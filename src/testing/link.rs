//! One direction of a simulated transport.

use alloc::collections::VecDeque;
use core::time::Duration;

use bytes::Bytes;

use crate::Instant;

/// Which of the three input doors a peer is fed by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Door {
    /// [`Connection::handle_input`](crate::Connection::handle_input), with one buffer kept.
    #[default]
    Input,
    /// [`Connection::handle_bytes`](crate::Connection::handle_bytes).
    Bytes,
    /// [`Connection::handle_slice`](crate::Connection::handle_slice).
    Slice,
}

/// Octets on their way to a peer.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Link {
    /// How long octets travel.
    pub latency: Duration,
    /// The most octets that arrive in one piece; 0: as they were sent.
    pub chunk: usize,
    /// While true nothing arrives, and what is sent is lost.
    pub cut: bool,
    /// The door that octets go in by.
    pub door: Door,
    travelling: VecDeque<(Instant, Bytes)>,
    end: Option<Instant>,
    ended: bool,
    latest: Instant,
}

impl Link {
    /// Sends octets from outside, as if the other end had written them.
    pub fn push(&mut self, now: Instant, octets: impl Into<Bytes>) {
        if self.cut {
            return;
        }
        // The order stays although the latency may have changed.
        self.latest = self.latest.max(now + self.latency);
        self.travelling.push_back((self.latest, octets.into()));
    }

    /// Ends the stream behind what is travelling.
    pub fn end(&mut self) {
        self.end = Some(self.latest);
    }

    /// Ends the stream unless that is said already. True: it wasn't.
    #[cfg(any(feature = "arbitrary", feature = "proptest"))]
    pub(super) fn end_once(&mut self) -> bool {
        let is_first = self.end.is_none();
        if is_first {
            self.end();
        }
        is_first
    }

    /// When the next octets arrive, or the end of the stream.
    pub fn due(&self) -> Option<Instant> {
        let end = self.end.filter(|_| !self.ended);
        self.travelling.front().map(|(due, _)| *due).or(end)
    }

    /// The next piece that has arrived.
    pub(super) fn next_due(&mut self, now: Instant) -> Option<Bytes> {
        if self.cut {
            self.travelling.clear();
        }
        let (due, octets) = self.travelling.front_mut()?;
        if *due > now {
            return None;
        }
        if self.chunk > 0 && octets.len() > self.chunk {
            return Some(octets.split_to(self.chunk));
        }
        self.travelling.pop_front().map(|(_, octets)| octets)
    }

    /// Whether the end of the stream has arrived; true once.
    pub(super) fn take_end(&mut self, now: Instant) -> bool {
        let arrived = self.travelling.is_empty() && self.end.is_some_and(|end| end <= now);
        arrived && !core::mem::replace(&mut self.ended, true)
    }
}
