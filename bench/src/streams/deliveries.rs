//! W1: deliveries of one shape, and what every stream of deliveries can do.

use std::collections::BTreeSet;

use super::frames::{body, header, method, pair, short, sized};
use super::{Random, irregular};

/// The consumer of [`regular`] streams.
pub const CONSUMER_TAG: &str = "ctag1.abcdef";
/// The exchange of [`regular`] streams.
pub const EXCHANGE: &str = "ex";
/// The routing key of [`regular`] streams.
pub const ROUTING_KEY: &str = "routing.key.example";
/// The largest body that fits one frame of 131,072 octets, called 128 KiB in the tables.
pub const LARGEST_BODY: usize = 131_064;

/// One message as it is to be delivered or published.
#[derive(Clone, Debug)]
pub struct Message {
    /// The channel.
    pub channel: u16,
    /// The consumer that a delivery is for.
    pub consumer_tag: String,
    /// The exchange.
    pub exchange: String,
    /// The routing key.
    pub routing_key: String,
    /// Flags and values of the properties.
    pub properties: Vec<u8>,
    /// The body.
    pub body: Vec<u8>,
}

impl Message {
    /// The message of W1 and W3 with a body of this size.
    pub fn regular(size: usize) -> Self {
        Self {
            channel: 1,
            consumer_tag: CONSUMER_TAG.into(),
            exchange: EXCHANGE.into(),
            routing_key: ROUTING_KEY.into(),
            properties: properties(),
            body: Random::new(size as u64).octets(size),
        }
    }

    /// Appends the delivery, its body in frames of at most `largest` octets; returns the offset of its
    /// delivery-tag.
    pub fn deliver(&self, out: &mut Vec<u8>, largest: usize) -> usize {
        let mut tag_at = 0;
        method(out, self.channel, (60, 60), |out| {
            short(out, &self.consumer_tag);
            tag_at = out.len();
            out.extend([0; 8]);
            out.push(0);
            short(out, &self.exchange);
            short(out, &self.routing_key);
        });
        self.content(out, largest);
        tag_at
    }

    /// Appends the publish, its body in frames of at most `largest` octets.
    pub fn publish(&self, out: &mut Vec<u8>, largest: usize) {
        method(out, self.channel, (60, 40), |out| {
            out.extend([0, 0]);
            short(out, &self.exchange);
            short(out, &self.routing_key);
            out.push(0);
        });
        self.content(out, largest);
    }

    fn content(&self, out: &mut Vec<u8>, largest: usize) {
        header(out, self.channel, self.body.len(), &self.properties);
        for part in self.body.chunks(largest) {
            body(out, self.channel, part);
        }
    }
}

/// content-type, headers of a string, an integer and a boolean, delivery-mode, message-id, timestamp.
fn properties() -> Vec<u8> {
    let mut out = 0xB0C0_u16.to_be_bytes().to_vec();
    short(&mut out, "application/json");
    sized(&mut out, |out| {
        pair(out, "x-origin", b'S', |out| sized(out, |out| out.extend(b"eu-central-1")));
        pair(out, "x-sequence", b'l', |out| out.extend(1_234_567_890_123_i64.to_be_bytes()));
        pair(out, "x-test", b't', |out| out.push(1));
    });
    out.push(2);
    short(&mut out, "6f9619ff-8b86-d011-b42d-00c04fc964ff");
    out.extend(1_700_000_000_u64.to_be_bytes());
    out
}

/// A stream of deliveries.
#[derive(Clone, Debug)]
pub struct Deliveries {
    /// The frames.
    pub octets: Vec<u8>,
    /// How many messages.
    pub messages: usize,
    /// How many frames.
    pub frames: usize,
    /// The octets of all bodies.
    pub body_octets: usize,
    /// The channels and their consumers.
    pub consumers: Vec<(u16, String)>,
    /// Where the delivery-tags lie, and of which channel they are.
    tags: Vec<(usize, u16)>,
}

impl Deliveries {
    /// As many messages as fit into `room` octets, one at least; bodies in frames of at most `largest`.
    pub fn new(room: usize, largest: usize, mut next: impl FnMut() -> Message) -> Self {
        let mut all = Self {
            octets: Vec::new(),
            messages: 0,
            frames: 0,
            body_octets: 0,
            consumers: Vec::new(),
            tags: Vec::new(),
        };
        let mut consumers = BTreeSet::new();
        loop {
            let message = next();
            let before = all.octets.len();
            let tag_at = message.deliver(&mut all.octets, largest);
            if all.octets.len() > room && all.messages > 0 {
                all.octets.truncate(before);
                all.consumers = consumers.into_iter().collect();
                return all;
            }
            all.messages += 1;
            all.frames += 2 + message.body.len().div_ceil(largest);
            all.body_octets += message.body.len();
            all.tags.push((tag_at, message.channel));
            consumers.insert((message.channel, message.consumer_tag));
        }
    }

    /// W1: deliveries of one shape with a body of `size` octets, at most `room` octets of them.
    pub fn regular(size: usize, room: usize) -> Self {
        let message = Message::regular(size);
        Self::new(room, LARGEST_BODY, || message.clone())
    }

    /// W1mix: deliveries of all shapes, on eight channels.
    pub fn irregular(room: usize) -> Self {
        let mut messages = irregular::Messages::new();
        Self::new(room, LARGEST_BODY, || messages.next_message())
    }

    /// Gives all deliveries the tags that follow `last`, one count for each channel: an engine refuses
    /// tags that it has seen.
    pub fn number(&self, octets: &mut [u8], last: &mut [u64]) {
        for (at, channel) in &self.tags {
            let last = &mut last[usize::from(*channel)];
            *last += 1;
            octets[*at..at + 8].copy_from_slice(&last.to_be_bytes());
        }
    }

    /// Gives the message at each place the tag that `tag` says.
    pub fn number_by(&self, octets: &mut [u8], mut tag: impl FnMut(usize) -> u64) {
        for (place, (at, _)) in self.tags.iter().enumerate() {
            octets[*at..at + 8].copy_from_slice(&tag(place).to_be_bytes());
        }
    }

    /// Room for the counts of [`Deliveries::number`].
    pub fn counts(&self) -> Vec<u64> {
        let highest = self.consumers.iter().map(|(channel, _)| *channel).max().unwrap_or(0);
        vec![0; usize::from(highest) + 1]
    }
}
