//! A connection with its application, its transport and its clock, one step at a time.

use core::cell::OnceCell;
use core::fmt::{self, Write};

use amqp_proto::{
    ChannelId, Connection, Event, Initiator, Instant, Limits, Phase, Scope, Side, UsageError,
};
use bytes::{Buf, Bytes};

use crate::CHANNELS;
use crate::counting::{counted, taken};
use crate::steps::Letter;
use crate::told::{Stage, Told};
use crate::written::Written;

/// Small enough to be reached by a few frames.
pub(crate) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.unsent_output = 600;
    limits.output_reserve = 120;
    limits.output_window = 200;
    limits.max_body = Some(1 << 20);
    (limits.unacked, limits.unconfirmed) = (4, 4);
    limits
}

/// What `unsent` can come to: both limits, a content that is taken just below the first, and the longest
/// answer to a frame that is taken just below the second.
const MOST_UNSENT: usize = 600 + 120 + 1250 + 300;

/// What a connection can come to hold beside them, in octets: copied output up to its limits, the window,
/// and the state of two channels, each with few requests, deliveries and publishes.
const MOST_HELD: usize = 600 + 120 + 200 + 2 * 1024;

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) connection: Connection,
    pub(crate) now: Instant,
    /// The transport takes nothing.
    pub(crate) held: bool,
    /// The stream has ended: what came before is answered, whatever waits.
    pub(crate) ended: bool,
    pub(crate) told: Told,
    pub(crate) written: Written,
    /// Delivery tag that the peer has given last, on each channel.
    pub(crate) tags: [u64; CHANNELS],
    /// Whether Close is to be written in the end, as far as that is known.
    pub(crate) close_due: Option<bool>,
}

/// What a step starts from.
pub(crate) struct Before<'a> {
    pub(crate) world: &'a World,
    visible: OnceCell<Visible>,
}

type Visible = (Digest, Vec<(u16, u32, usize, Option<u64>, bool)>, Bytes);

/// What a text says, in short.
#[derive(Debug, PartialEq, Eq)]
struct Digest(u64);

impl Write for Digest {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for octet in text.bytes() {
            self.0 = (self.0 ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3); // FNV
        }
        Ok(())
    }
}

impl<'a> Before<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        Self { world, visible: OnceCell::new() }
    }

    /// Whether frames of the peer may wait: how many octets a step writes isn't known then.
    fn waits(&self) -> bool {
        let told = &self.world.told;
        let (connection, limits) = (&self.world.connection, limits());
        told.question.is_some()
            || connection.unsent() >= limits.unsent_output
            || connection.unacked() >= u64::from(limits.unacked)
            || connection.unconfirmed() >= u64::from(limits.unconfirmed)
    }
}

impl World {
    pub(crate) fn new(connection: Connection) -> Self {
        let side = connection.side();
        let mut world = Self {
            connection,
            now: Instant::ORIGIN,
            held: false,
            ended: false,
            told: Told::new(side),
            written: Written::new(side),
            tags: [0; CHANNELS],
            close_due: Some(false),
        };
        world.settle();
        world
    }

    /// Takes a step and checks what follows from it.
    pub(crate) fn step(&mut self, letter: &Letter, before: &Before<'_>) {
        (self.told.touched, self.told.violation, self.written.touched) = (0, None, 0);
        let phase = self.connection.phase();
        if let Some(result) = self.take(letter) {
            self.check_result(result, before);
        }
        self.settle_after(before, phase);
        self.check(before);
    }

    /// Whether it is over and all is written.
    pub(crate) fn is_inert(&self) -> bool {
        self.told.over && self.connection.unsent() == 0
    }

    /// Takes a step after which nothing may have changed.
    pub(crate) fn step_inert(&mut self, letter: &Letter) {
        let result = self.take(letter);
        assert!(!matches!(result, Some(Ok(()))), "invariant 2: a command after the end");
        assert!(self.connection.poll_event().is_none(), "invariant 2: an event after the end");
        assert_eq!(self.connection.unsent(), 0, "invariant 2: output after the end");
        assert_eq!(self.connection.phase(), Phase::Closed, "invariant 2");
        assert_eq!(self.connection.poll_timeout(), None, "invariant 2: a deadline after the end");
        assert!(!self.connection.wants_input(), "invariant 2: octets wanted after the end");
    }

    fn check_result(&mut self, result: Result<(), UsageError>, before: &Before<'_>) {
        match result {
            Ok(()) => assert!(!before.world.told.over, "invariant 2: a command after the end"),
            Err(error) => {
                let first = || visible(&mut before.world.connection.clone());
                let (old, new) = (before.visible.get_or_init(first), visible(&mut self.connection));
                let (was, is) = (&before.world.connection, &self.connection);
                assert!(*old == new, "invariant 7: {error}: {was:?} {old:?}, now {is:?} {new:?}");
            }
        }
    }

    /// Polls all events and writes all output, until there is nothing more of either.
    pub(crate) fn settle(&mut self) {
        loop {
            while let Some(event) = self.connection.poll_event() {
                self.told.take(&event, &mut self.written);
            }
            if self.held || !self.connection.transmit().has_remaining() {
                return;
            }
            self.write(usize::MAX);
        }
    }

    /// Writes up to `most` octets.
    pub(crate) fn write(&mut self, mut most: usize) {
        while most > 0 && self.connection.transmit().has_remaining() {
            let transmit = self.connection.transmit();
            let chunk = transmit.chunk();
            let chunk = &chunk[..chunk.len().min(most)];
            self.written.take(chunk);
            let len = chunk.len();
            transmit.advance(len);
            most -= len;
        }
    }

    /// Like `settle`, and takes note of what may be written after a violation.
    fn settle_after(&mut self, before: &Before<'_>, phase: Phase) {
        while let Some(event) = self.connection.poll_event() {
            self.told.take(&event, &mut self.written);
        }
        let waited = before.world.connection.unsent() + before.world.written.begun();
        match self.told.violation {
            _ if before.waits() => {}
            Some(Scope::Channel(channel)) => {
                self.written.channels[usize::from(channel)].current().waited = Some(waited);
            }
            Some(_) if phase >= Phase::Opening => {
                if phase < Phase::Closing {
                    self.written.waited = Some(waited);
                }
                self.close_due = Some(true);
            }
            _ => {}
        }
        self.settle();
        if before.waits() && self.told.violated && !before.world.told.violated {
            self.close_due = None;
        }
    }

    /// Octets that the connection holds for itself: what a copy of it takes. Received octets that wait,
    /// and bodies that wait to be written, are shared with the copy; `unsent` counts the latter.
    fn memory(&self) -> usize {
        drop(counted(|| self.connection.clone()));
        taken().1
    }

    fn check(&mut self, before: &Before<'_>) {
        let memory = self.memory();
        assert!(memory <= MOST_HELD, "invariant 6: {memory} octets are held");
        let unsent = self.connection.unsent();
        if !self.ended {
            assert!(unsent <= MOST_UNSENT, "invariant 6: {unsent} octets wait");
        }
        if let (Some(Scope::Channel(channel)), false) = (self.told.violation, before.waits()) {
            let others = !(1 << channel);
            assert_eq!(self.told.touched & others, 0, "invariant 4: events of other channels");
            if before.world.connection.unsent() == 0 {
                assert_eq!(self.written.touched & others, 0, "invariant 4: other channels' output");
            }
        }
        if self.told.over {
            if before.world.told.over {
                assert!(unsent <= before.world.connection.unsent(), "invariant 2: more output");
            }
            assert_eq!(self.connection.phase(), Phase::Closed);
            assert_eq!(self.connection.poll_timeout(), None, "a deadline after the end");
            assert!(!self.connection.wants_input() && !self.connection.is_writable());
        } else {
            assert_ne!(self.connection.phase(), Phase::Closed, "invariant 2: no terminal event");
            let deadline = self.connection.poll_timeout();
            assert!(deadline.is_none_or(|at| at > self.now), "a deadline that doesn't move");
        }
        self.check_channels();
    }

    /// What the getters say is what the application can tell from events and commands.
    fn check_channels(&mut self) {
        let mut open = 0_u8;
        for id in self.connection.channels() {
            open |= 1 << id.number();
        }
        for number in 1..CHANNELS {
            let known = &self.told.channels[number];
            let is_open = open & 1 << number != 0;
            assert_eq!(is_open, known.stage != Stage::Absent && !self.told.over, "{number}");
            if !is_open {
                continue;
            }
            let id = ChannelId::new(u16::try_from(number).unwrap()).unwrap();
            let channel = self.connection.channel(id).unwrap();
            assert_eq!(channel.missing_body(), known.missing, "missing body");
            // A content that is arriving counts already, and isn't told yet.
            let (unacked, unconfirmed) = (channel.unacked(), channel.unconfirmed() as usize);
            match self.told.side {
                _ if known.stage == Stage::Closing => {}
                Side::Client => {
                    assert!(unacked <= known.outstanding() + 1, "{unacked} unacked");
                    assert_eq!(unconfirmed, known.unconfirmed.len(), "unconfirmed");
                }
                _ => {
                    assert_eq!(unacked, known.outstanding(), "unacked");
                    assert!(unconfirmed <= known.to_confirm.len() + 1, "{unconfirmed} unconfirmed");
                }
            }
            // A get whose message is arriving has its reply, but isn't told yet.
            let (pending, open) = (channel.pending_requests(), known.requests.len());
            assert!(pending == open || pending + 1 == open, "{pending} pending, {open} open");
            assert!(
                known.stage == Stage::Closing || channel.is_flow_stopped() == known.flow_stopped
            );
        }
    }

    /// Whether frames of the peer wait for output to be written.
    pub(crate) fn waits_for_output(&self) -> bool {
        let mut connection = self.connection.clone();
        while connection.transmit().has_remaining() {
            connection.transmit().advance(usize::MAX);
        }
        connection.poll_event().is_some()
    }

    /// Whether this frame completes a content.
    pub(crate) fn awaits(&self, frame: &[u8]) -> bool {
        let mut connection = self.connection.clone();
        connection.handle_slice(self.now, frame);
        match connection.poll_event() {
            Some(Event::Content(_)) => true,
            Some(Event::ContentPart(part)) => part.last,
            _ => false,
        }
    }

    /// Lets the path end, if it hasn't.
    pub(crate) fn end(mut self) {
        self.held = false;
        let violated = self.told.violated;
        self.settle();
        if self.told.violated && !violated {
            self.close_due = None;
        }
        assert_eq!(self.connection.unsent(), 0, "invariant 6: octets that are never written");
        let goes_on = !self.told.over && self.connection.phase() == Phase::Open;
        if goes_on && self.told.question.is_none() {
            self.written.check_owed();
        }
        self.connection.handle_eof(self.now);
        self.settle();
        assert!(self.told.over, "invariant 2: no terminal event at the end of the stream");
        assert!(self.written.is_whole(), "invariant 3: the rest of a frame is missing");
        assert_eq!(self.connection.unsent(), 0, "invariant 6: octets that are never written");
        if let Some(due) = self.close_due {
            assert_eq!(self.written.closes, u32::from(due), "invariant 4: connection.close");
        }
        let owed = self.told.ended_by == Some(Initiator::Peer);
        assert!(!owed || self.written.close_oks > 0, "liveness: no connection.close-ok");
        if self.told.side == Side::Client {
            assert!(self.connection.open_channel().is_err(), "invariant 2");
        }
    }
}

/// All that can be seen of a connection: a refused command may change nothing of it.
fn visible(connection: &mut Connection) -> Visible {
    let mut about = Digest(0xcbf2_9ce4_8422_2325);
    write!(about, "{connection:?} {:?}", connection.poll_timeout()).unwrap();
    let ids: Vec<_> = connection.channels().collect();
    let channels = ids.into_iter().map(|id| {
        let channel = connection.channel(id).unwrap();
        let numbers = (channel.unconfirmed(), channel.pending_requests());
        let contents = (channel.missing_body(), channel.is_flow_stopped());
        (id.number(), numbers.0, numbers.1, contents.0, contents.1)
    });
    let channels = channels.collect();
    let any = connection.unsent() > 0;
    let unsent = any.then(|| connection.clone().into_parts().unsent);
    (about, channels, unsent.unwrap_or_default())
}
