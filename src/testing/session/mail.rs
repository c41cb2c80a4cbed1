//! Contents on their way, so that what arrives can be compared with what was sent.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use crate::protocol::{Properties, PropertiesBuf};
use crate::{ChannelId, Side};

use super::Finding;

/// The contents that are on their way on each channel, by the side that they go to.
///
/// A channel's number can be used again, so that the count of its openings is part of its name.
#[derive(Clone, Debug, Default)]
pub(super) struct Mail {
    boxes: BTreeMap<(bool, ChannelId, u32), VecDeque<Letter>>,
    sent: u64,
}

/// A content that was sent. Octet n of its body is the n-th of a sequence that no other one has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    properties: PropertiesBuf,
    size: u64,
    number: u64,
    /// Octets that have arrived.
    read: u64,
}

fn octet(number: u64, place: u64) -> u8 {
    let [octet, ..] = number.wrapping_mul(31).wrapping_add(place).to_le_bytes();
    octet
}

impl Letter {
    /// The next octets of the body, from `place` on.
    pub(super) fn body(&self, place: u64, len: u64) -> Vec<u8> {
        (place..place.saturating_add(len)).map(|place| octet(self.number, place)).collect()
    }

    pub(super) fn properties(&self) -> Properties<'_> {
        self.properties.as_properties()
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Compares octets with the next ones of the body.
    pub(super) fn read(&mut self, channel: ChannelId, octets: &[u8]) -> Result<(), Finding> {
        let first = self.read;
        self.read += octets.len() as u64;
        let is_same = (first..).zip(octets).all(|(at, got)| octet(self.number, at) == *got);
        if is_same { Ok(()) } else { Err(Finding::OtherContent { channel, what: "body" }) }
    }

    pub(super) fn end(&self, channel: ChannelId) -> Result<(), Finding> {
        if self.read == self.size {
            return Ok(());
        }
        Err(Finding::OtherContent { channel, what: "length" })
    }
}

impl Mail {
    /// A content to be sent; it isn't on its way yet.
    pub(super) fn letter(&mut self, properties: &PropertiesBuf, size: u64) -> Letter {
        self.sent += 1;
        Letter { properties: properties.clone(), size, number: self.sent, read: 0 }
    }

    pub(super) fn post(&mut self, from: Side, channel: ChannelId, opening: u32, letter: Letter) {
        let to_client = from == Side::Server;
        self.boxes.entry((to_client, channel, opening)).or_default().push_back(letter);
    }

    /// The content that was sent next on the channel, which has arrived with these properties.
    pub(super) fn collect(
        &mut self,
        to: Side,
        channel: ChannelId,
        opening: u32,
        properties: Properties<'_>,
    ) -> Result<Letter, Finding> {
        let of_channel = self.boxes.get_mut(&(to == Side::Client, channel, opening));
        let letter = of_channel.and_then(VecDeque::pop_front);
        let letter = letter.ok_or(Finding::OtherContent { channel, what: "number" })?;
        if letter.properties() != properties {
            return Err(Finding::OtherContent { channel, what: "properties" });
        }
        Ok(letter)
    }
}
