//! Peers that mean harm: each shape is an endless stream of octets, a connection to send them to, what comes
//! of it and how much memory the connection may hold at any moment.
//!
//! The tests, the page of `docs/` and the count of instructions take them from here: this directory is
//! included by its path, beside `tests/common/mod.rs` as `crate::common`.
#![allow(dead_code, reason = "each crate uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "what is wrong with a shape fails the test or the measurement"
)]

mod accounts;
mod attack;
mod bound;
mod channels;
pub(crate) mod codec;
mod consumers;
mod contents;
mod drive;
mod frames;
mod handshake;
mod output;
mod requests;
mod setting;
mod tables;
mod together;

pub(crate) use attack::Attack;
#[allow(unused_imports, reason = "each crate uses a part of it")]
pub(crate) use drive::{DOORS, Meter, Seen, drive};
pub(crate) use setting::{SETTINGS, Setting};

use amqp_proto::{Connection, Side};

/// What a hostile peer does, and what it comes to.
pub(crate) struct Shape {
    /// What it does, as a line of the page.
    pub(crate) name: &'static str,
    /// On which sides the victim can be.
    pub(crate) sides: &'static [Side],
    /// The fields of `Limits` that it runs into; those of `TableLimits` as `table.max_depth`.
    pub(crate) limits: &'static [&'static str],
    /// What else limits it, for the page.
    pub(crate) by: &'static str,
    /// What is special about the victim's configuration.
    pub(crate) set: fn(&mut Setting),
    /// The victim, when the attack begins.
    pub(crate) victim: fn(&Setting) -> Connection,
    /// What the peer sends, and how both sides behave meanwhile.
    pub(crate) attack: fn(&Setting) -> Attack,
    pub(crate) outcome: Outcome,
    /// The same with small limits, where it differs.
    pub(crate) small: Option<Outcome>,
    /// Octets that the victim may hold at any moment.
    pub(crate) bound: fn(&Setting) -> usize,
    /// Whether the work for so many octets is compared with that for twice as many.
    pub(crate) measured: bool,
    /// So many octets of the peer are enough to come to the outcome, and to the most memory.
    pub(crate) enough: fn(&Setting) -> usize,
}

/// What comes of an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// This rule ends the connection.
    Ends(&'static str),
    /// It is over for another reason.
    Over(&'static str),
    /// This rule ends channels, and the connection goes on.
    EndsChannels(&'static str),
    /// The octets stay with the peer: nothing is read any more.
    Waits,
    /// All is taken, and nothing of it kept for long.
    GoesOn,
}

pub(crate) const CLIENT: &[Side] = &[Side::Client];
pub(crate) const SERVER: &[Side] = &[Side::Server];
pub(crate) const BOTH: &[Side] = &[Side::Client, Side::Server];

/// What most shapes have in common.
pub(crate) const USUAL: Shape = Shape {
    name: "",
    sides: BOTH,
    limits: &[],
    by: "",
    set: |_| {},
    victim: Setting::with_consumer,
    attack: |_| Attack::silence(),
    outcome: Outcome::GoesOn,
    small: None,
    bound: bound::connection,
    measured: true,
    enough: |_| 64 << 10,
};

/// All shapes, as the page has them.
pub(crate) const CHAPTERS: &[(&str, &[Shape])] = &[
    ("The handshake", handshake::SHAPES),
    ("Frames", frames::SHAPES),
    ("Tables", tables::SHAPES),
    ("Channels", channels::SHAPES),
    ("Requests", requests::SHAPES),
    ("Consumers", consumers::SHAPES),
    ("Contents", contents::SHAPES),
    ("Deliveries and publishes", accounts::SHAPES),
    ("Output", output::SHAPES),
    ("All together", together::SHAPES),
];

pub(crate) fn all() -> impl Iterator<Item = &'static Shape> {
    CHAPTERS.iter().flat_map(|(_, shapes)| *shapes)
}

impl Shape {
    /// A setting with what is special about this shape.
    pub(crate) fn on(&self, setting: &Setting, side: Side) -> Setting {
        let mut setting = Setting { side, ..*setting };
        (self.set)(&mut setting);
        setting.octets = (self.enough)(&setting);
        setting
    }

    pub(crate) fn expected(&self, setting: &Setting) -> Outcome {
        let small = self.small.filter(|_| setting.name == "small");
        small.unwrap_or(self.outcome)
    }
}
