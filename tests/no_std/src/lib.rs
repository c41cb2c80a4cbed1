//! A tour for small devices: a client and a server in one program, with no standard library and the
//! limits of [`Limits::small`](amqp_proto::Limits::small), from the protocol header to the closing
//! handshake.
//!
//! `main.rs` runs it on the host, `tests/bare_metal` on a Cortex-M4.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod ends;

use core::fmt;

use amqp_proto::protocol::{Properties, ReplyCode, basic, confirm, queue};
use amqp_proto::{Channel, ChannelId, Event, UsageError};
use bytes::Bytes;

pub use ends::Tally;
use ends::{Ends, NOW};

/// More than two frames of 4096 octets hold, and more than comes in one piece.
const LARGE: usize = 10_000;
/// As much as comes in one piece, which takes two frames.
const WHOLE: usize = 4096;
const SMALL: usize = 64;
/// Octets of a body that are given at a time.
const PART: usize = 1500;
/// Messages one after the other.
const MANY: u32 = 200;

/// What is published, or the beginning of it.
static BODY: [u8; LARGE] = {
    let mut octets = [0; LARGE];
    let mut place = 0;
    while place < LARGE {
        octets[place] = (place % 251) as u8;
        place += 1;
    }
    octets
};

/// What went wrong.
#[derive(Debug)]
pub enum Failure {
    /// A command was refused.
    Usage(UsageError),
    /// An event that has no place here.
    Unexpected(Event),
    /// Anything else.
    Wrong(&'static str),
    /// Not everything happened that a step is there for.
    Missing {
        /// The step.
        step: &'static str,
        /// What has happened so far.
        tally: Tally,
    },
}

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Self {
        Self::Usage(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(error) => write!(f, "refused: {error}"),
            Self::Unexpected(event) => write!(f, "unexpected: {event}"),
            Self::Wrong(what) => f.write_str(what),
            Self::Missing { step, tally } => {
                write!(f, "{step}: there should be more than {tally:?}")
            }
        }
    }
}

/// Runs the tour; `done` is told the name of each step that is over.
pub fn run(mut done: impl FnMut(&'static str)) -> Result<(), Failure> {
    let mut ends = Ends::new();
    let mut so_far = Tally::default();
    let mut step = |ends: &mut Ends, step, expected: Tally| {
        ends.drive()?;
        if ends.tally != expected {
            return Err(Failure::Missing { step, tally: ends.tally });
        }
        done(step);
        Ok(())
    };

    so_far.connected = 2;
    step(&mut ends, "handshake", so_far)?;

    let id = ends.client.open_channel()?;
    so_far.opened = 2;
    step(&mut ends, "channel", so_far)?;

    let mut channel = ends.client.channel(id)?;
    channel.call(&queue::Declare { queue: "q".into(), ..Default::default() })?;
    channel.call(&confirm::Select::default())?;
    let (queue, consumer_tag) = ("q".into(), "c".into());
    channel.call(&basic::Consume { queue, consumer_tag, ..Default::default() })?;
    so_far.replies = 3;
    step(&mut ends, "declare, confirm, consume", so_far)?;

    publish(&mut ends.client.channel(id)?, SMALL)?;
    (so_far.confirmed, so_far.whole, so_far.acked) = (1, 1, 1);
    step(&mut ends, "a small message", so_far)?;

    publish(&mut ends.client.channel(id)?, WHOLE)?;
    (so_far.confirmed, so_far.whole, so_far.acked) = (2, 2, 2);
    step(&mut ends, "a message of two frames", so_far)?;

    publish_in_parts(&mut ends, id)?;
    (so_far.confirmed, so_far.streamed, so_far.acked) = (3, 1, 3);
    step(&mut ends, "a message in parts", so_far)?;

    for _ in 0..MANY {
        publish(&mut ends.client.channel(id)?, SMALL)?;
        ends.drive()?;
    }
    so_far.confirmed += u64::from(MANY);
    (so_far.whole, so_far.acked) = (so_far.whole + MANY, so_far.acked + MANY);
    step(&mut ends, "many messages", so_far)?;

    if (ends.client.unacked(), ends.client.unconfirmed()) != (0, 0) {
        return Err(Failure::Wrong("something is left to be settled"));
    }
    ends.client.close(NOW, ReplyCode::REPLY_SUCCESS, "done")?;
    so_far.closed = 2;
    step(&mut ends, "close", so_far)
}

fn to_queue() -> basic::Publish<'static> {
    basic::Publish { routing_key: "q".into(), ..Default::default() }
}

fn publish(channel: &mut Channel<'_>, size: usize) -> Result<(), UsageError> {
    channel.publish(&to_queue(), Properties::EMPTY, Bytes::from_static(&BODY[..size]))?;
    Ok(())
}

/// As an application does that has no room for the whole body: it waits until a part has left.
fn publish_in_parts(ends: &mut Ends, id: ChannelId) -> Result<(), Failure> {
    let mut channel = ends.client.channel(id)?;
    channel.start_publish(&to_queue(), Properties::EMPTY, LARGE as u64)?;
    for part in BODY.chunks(PART) {
        ends.client.channel(id)?.send_body(part)?;
        ends.drive()?;
    }
    Ok(())
}
