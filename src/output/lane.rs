//! What one channel still has to send, in order.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::{Buf, Bytes};

use crate::output::Transmit;

/// Frames are gathered in one item up to this many octets; then another channel has its turn.
const ITEM: usize = 16 << 10;

/// A channel's queue behind the window.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lane {
    items: VecDeque<Item>,
    octets: usize,
}

#[derive(Clone)]
enum Item {
    /// Encoded whole frames.
    Frames(Vec<u8>),
    /// A body, or the rest of one, that is cut into frames as it is drained.
    Body { octets: Bytes, largest: usize },
}

impl core::fmt::Debug for Item {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Frames(octets) => write!(f, "Frames({} octets)", octets.len()),
            Self::Body { octets, .. } => write!(f, "Body({} octets)", octets.len()),
        }
    }
}

impl Lane {
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Octets that wait, framing of unfinished bodies not counted.
    pub(crate) const fn octets(&self) -> usize {
        self.octets
    }

    /// Appends the whole frames that `encode` writes.
    pub(crate) fn append<T>(&mut self, encode: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        if let Some(Item::Frames(octets)) = self.items.back_mut() {
            if octets.len() < ITEM {
                let before = octets.len();
                let result = encode(octets);
                self.octets += octets.len().saturating_sub(before);
                return result;
            }
        }
        let mut octets = Vec::new();
        let result = encode(&mut octets);
        self.octets += octets.len();
        if !octets.is_empty() {
            self.items.push_back(Item::Frames(octets));
        }
        result
    }

    /// Appends a body that is to be cut into frames of at most `largest` payload octets.
    pub(crate) fn push_body(&mut self, octets: Bytes, largest: usize) {
        self.octets += octets.len();
        self.items.push_back(Item::Body { octets, largest: largest.max(1) });
    }

    /// Moves one turn's worth to the window: an item of frames, or one body frame.
    pub(crate) fn drain_turn(&mut self, channel: u16, window: &mut Transmit) {
        match self.items.front_mut() {
            Some(Item::Frames(frames)) => {
                window.append(|out| out.extend_from_slice(frames));
                self.octets -= frames.len();
                self.items.pop_front();
            }
            Some(Item::Body { octets, largest }) => {
                let part = octets.split_to(octets.remaining().min(*largest));
                self.octets -= part.len();
                if octets.is_empty() {
                    self.items.pop_front();
                }
                window.push_body(channel, part);
            }
            None => {}
        }
    }

    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.octets = 0;
    }
}
