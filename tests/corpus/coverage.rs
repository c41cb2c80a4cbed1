//! What the inputs of `client` and `server` have to reach, and what they reach.

use alloc::collections::{BTreeMap, BTreeSet};

use amqp_proto::protocol::MethodKind;
use amqp_proto::{CloseReason, Connection, Event, Phase, Side, UsageError, Violation};

use crate::engine::tape::Step;
use crate::engine::{Observer, which};
use crate::source;

/// Nothing that a peer or a caller does in these targets shows it.
const EXCUSED: [(&str, &str); 1] = [(
    "violation of HDR-03",
    "a server that waits for a protocol header tells CloseDetail::OtherProtocol in its place",
)];

/// Everything that has to be seen, and who asks for it.
fn expected() -> BTreeSet<String> {
    let mut expected: BTreeSet<_> =
        source::rules().iter().map(|rule| format!("violation of {rule}")).collect();
    for name in ["Got", "CloseDetail", "UsageError"] {
        let variants = source::variants(name);
        expected.extend(variants.iter().map(|variant| format!("{name}::{variant}")));
    }
    for side in ["client", "server"] {
        for phase in ["Open", "Closing", "Closed"] {
            expected.insert(format!("{side} in phase {phase}"));
        }
        for mode in ["confirms", "transactions"] {
            expected.insert(format!("{side} with {mode}"));
        }
        for direction in ["receives", "sends"] {
            for frames in ["in one frame", "in several frames", "without a body"] {
                expected.insert(format!("{side} {direction} a content {frames}"));
            }
        }
        expected.insert(format!("{side} receives a content in parts"));
        expected.insert(format!("{side} sends a content in parts"));
    }
    expected
}

/// What was seen so far.
pub(crate) struct Seen {
    marks: BTreeSet<String>,
    side: &'static str,
    contents: [Contents; 2],
    /// A part of a body was given, and not refused yet.
    gives_part: bool,
}

impl Seen {
    pub(crate) fn new() -> Self {
        let contents = ["receives", "sends"].map(Contents::new);
        Self { marks: BTreeSet::new(), side: "", contents, gives_part: false }
    }

    /// Another session begins.
    pub(crate) fn begin(&mut self, side: Side) {
        self.side = if side == Side::Client { "client" } else { "server" };
        self.contents = ["receives", "sends"].map(Contents::new);
        self.gives_part = false;
    }

    /// Fails with all that wasn't seen.
    pub(crate) fn check(&self) {
        let mut unseen: Vec<_> = expected().difference(&self.marks).cloned().collect();
        for (mark, reason) in EXCUSED {
            let place = unseen.iter().position(|unseen| unseen == mark);
            let place = place
                .unwrap_or_else(|| panic!("{mark} was seen, or isn't asked for, yet {reason}"));
            unseen.remove(place);
        }
        assert!(unseen.is_empty(), "no seed shows these: {unseen:#?}");
    }

    /// Whether a breach of this rule was told.
    pub(crate) fn has_violation_of(&self, rule: &str) -> bool {
        self.marks.contains(&format!("violation of {rule}"))
    }

    fn mark(&mut self, mark: impl Into<String>) {
        self.marks.insert(mark.into());
    }

    fn mark_side(&mut self, mark: &str) {
        self.mark(format!("{} {mark}", self.side));
    }

    fn mark_violation(&mut self, violation: &Violation) {
        self.mark(format!("violation of {}", violation.rule));
        self.mark(format!("Got::{}", variant(&violation.got)));
    }

    fn mark_reason(&mut self, reason: &CloseReason) {
        self.mark(format!("CloseDetail::{}", variant(&reason.detail)));
    }

    fn flow(&mut self, direction: usize, octets: &[u8]) {
        for mark in self.contents[direction].take(octets) {
            self.mark_side(&mark);
        }
    }
}

impl Observer for Seen {
    fn step(&mut self, step: &Step) {
        if self.gives_part {
            self.mark_side("sends a content in parts");
        }
        self.gives_part = matches!(step, Step::Command { which: which::SEND_BODY, first: 1.., .. });
    }

    fn handed_in(&mut self, octets: &[u8]) {
        self.flow(0, octets);
    }

    fn written(&mut self, octets: &[u8]) {
        self.flow(1, octets);
    }

    fn told(&mut self, event: &Event, connection: &Connection) {
        match event {
            Event::Violation(violation) | Event::Irregular(violation) => {
                self.mark_violation(violation);
            }
            Event::Closed(reason) | Event::ChannelClosed { reason, .. } => self.mark_reason(reason),
            Event::ContentStart(_) => self.mark_side("receives a content in parts"),
            Event::Confirmed { .. } => self.mark_side("with confirms"),
            Event::Content(content) if content.publish_seq().is_some() => {
                self.mark_side("with confirms");
            }
            Event::Reply { method, .. } | Event::Request { method, .. }
                if matches!(method.kind(), MethodKind::TxSelect | MethodKind::TxSelectOk) =>
            {
                self.mark_side("with transactions");
            }
            _ => {}
        }
        let phase = connection.phase();
        if phase >= Phase::Open {
            self.mark_side(&format!("in phase {phase:?}"));
        }
    }

    fn refused(&mut self, error: &UsageError) {
        self.gives_part = false;
        self.mark(format!("UsageError::{}", variant(error)));
    }
}

/// The variant's name, with which its text for developers begins.
fn variant(value: &impl core::fmt::Debug) -> String {
    let text = format!("{value:?}");
    let end = text.find([' ', '(', '{']).unwrap_or(text.len());
    text[..end].to_string()
}

/// The contents in one direction of a stream, cut into frames here.
struct Contents {
    direction: &'static str,
    pending: Vec<u8>,
    /// Body frames so far, of the channels inside a content, and octets that are missing.
    open: BTreeMap<u16, (u64, u32)>,
}

impl Contents {
    fn new(direction: &'static str) -> Self {
        Self { direction, pending: Vec::new(), open: BTreeMap::new() }
    }

    /// How the contents came that have ended; what isn't frames any more is passed over.
    fn take(&mut self, octets: &[u8]) -> Vec<String> {
        self.pending.extend_from_slice(octets);
        let mut marks = Vec::new();
        loop {
            if self.pending.starts_with(b"AMQP") {
                self.pending.drain(..self.pending.len().min(8));
            }
            let Some(header) = self.pending.first_chunk::<7>() else { break };
            let [frame_type, c0, c1, size @ ..] = *header;
            let size = u32::from_be_bytes(size) as usize;
            if self.pending.len() < size + 8 {
                break;
            }
            let payload: Vec<u8> = self.pending.drain(..size + 8).skip(7).take(size).collect();
            let channel = u16::from_be_bytes([c0, c1]);
            let missing = match (frame_type, payload.get(4..12)) {
                (2, Some(size)) => {
                    let size = u64::from_be_bytes(size.try_into().unwrap());
                    self.open.insert(channel, (size, 0));
                    size
                }
                (3, _) => match self.open.get_mut(&channel) {
                    Some((missing, frames)) => {
                        *missing = missing.saturating_sub(size as u64);
                        *frames += 1;
                        *missing
                    }
                    None => continue,
                },
                _ => continue,
            };
            if missing == 0 {
                let (_, frames) = self.open.remove(&channel).unwrap_or_default();
                let frames = match frames {
                    0 => "without a body",
                    1 => "in one frame",
                    _ => "in several frames",
                };
                marks.push(format!("{} a content {frames}", self.direction));
            }
        }
        marks
    }
}
