//! Drives a victim as a runtime would, against a peer that keeps no rule.

use amqp_proto::{CloseDetail, Connection, Decision, Event, Instant, Phase, Scope};
use bytes::{Buf, Bytes, BytesMut};

use super::attack::{Application, AtLast, Attack, Reads};
use super::{Outcome, Setting, Shape};
use crate::common::T0;

/// Which way the octets go in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Input,
    Bytes,
    Slice,
}

pub(crate) const DOORS: [Door; 3] = [Door::Input, Door::Bytes, Door::Slice];

/// What watches the victim.
pub(crate) trait Meter {
    /// The victim is made from here on.
    fn begin(&mut self) {}
    /// A call into the engine.
    fn engine<T>(&mut self, call: impl FnOnce() -> T) -> T;
    /// Work of the peer.
    fn outside<T>(&mut self, work: impl FnOnce() -> T) -> T {
        work()
    }
}

/// What has come of an attack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Octets that the victim took.
    pub(crate) taken: usize,
    pub(crate) events: u64,
    /// The most octets of output that waited, and that were to be written at a time.
    pub(crate) unsent: usize,
    pub(crate) window: usize,
    ended_by: Option<&'static str>,
    ended_channels_by: Option<&'static str>,
    over: Option<&'static str>,
    waits: bool,
}

impl Seen {
    pub(crate) fn outcome(&self) -> Outcome {
        match (self.ended_by, self.over, self.ended_channels_by) {
            (Some(rule), ..) => Outcome::Ends(rule),
            (_, Some(detail), _) => Outcome::Over(detail),
            _ if self.waits => Outcome::Waits,
            (_, _, Some(rule)) => Outcome::EndsChannels(rule),
            _ => Outcome::GoesOn,
        }
    }

    fn note(&mut self, event: &Event) {
        self.events += 1;
        match event {
            Event::Violation(violation) if violation.scope == Scope::Connection => {
                self.ended_by = self.ended_by.or(Some(violation.rule));
            }
            Event::Violation(violation) => self.ended_channels_by = Some(violation.rule),
            Event::Closed(reason) => {
                self.over = Some(match reason.detail {
                    CloseDetail::HandshakeTimeout { .. } => "the handshake took too long",
                    CloseDetail::HeartbeatLoss => "nothing came for two heartbeats",
                    CloseDetail::CloseTimeout => "close-ok didn't come in time",
                    CloseDetail::OtherProtocol(_) => "another protocol",
                    CloseDetail::NoCommonMechanism => "no common mechanism",
                    CloseDetail::EndOfStream { .. } => "the stream has ended",
                    _ => "closed",
                });
            }
            _ => {}
        }
    }
}

/// What the peer has sent and the victim hasn't read.
struct Line {
    attack: Attack,
    octets: Vec<u8>,
    /// So many of them are gone.
    at: usize,
    /// How many more the peer means to send.
    left: usize,
    is_silent: bool,
}

impl Line {
    /// The next piece, not longer than this.
    fn next(&mut self, read: usize) -> Vec<u8> {
        let len = read.min(self.attack.piece).min(self.left);
        while self.octets.len() - self.at < len && !self.is_silent {
            self.octets.drain(..self.at);
            self.at = 0;
            let before = self.octets.len();
            (self.attack.octets)(&mut self.octets);
            self.is_silent = self.octets.len() == before;
        }
        let piece = self.octets[self.at..].iter().take(len).copied().collect::<Vec<u8>>();
        self.at += piece.len();
        self.left -= piece.len();
        piece
    }
}

/// Lets the peer send so many octets, and sees what comes of it. Mostly both settings are the same.
pub(crate) fn drive<M: Meter>(
    shape: &Shape,
    victim: &Setting,
    attack: &Setting,
    octets: usize,
    door: Door,
    meter: &mut M,
) -> Seen {
    let read = victim.read;
    let attack = (shape.attack)(attack);
    let line = Line { attack, octets: Vec::new(), at: 0, left: octets, is_silent: false };
    meter.begin();
    let connection = Box::new((shape.victim)(victim));
    let (buffer, now, seen) = (BytesMut::new(), T0, Seen::default());
    let mut run = Run { connection, line, buffer, now, door, meter, seen };
    while run.round(read) {}
    run.seen.waits = !run.connection.wants_input() && run.connection.phase() < Phase::Closing;
    run.seen.taken -= run.buffer.len();
    run.seen
}

struct Run<'m, M> {
    connection: Box<Connection>,
    line: Line,
    /// What the victim reads into.
    buffer: BytesMut,
    now: Instant,
    door: Door,
    meter: &'m mut M,
    seen: Seen,
}

impl<M: Meter> Run<'_, M> {
    /// Reads, polls and writes once. False: nothing happens any more.
    fn round(&mut self, read: usize) -> bool {
        let mut any = self.read(read);
        any |= self.poll();
        self.write();
        self.connection.phase() != Phase::Closed && (any || self.wait())
    }

    fn read(&mut self, read: usize) -> bool {
        let Self { connection, line, buffer, now, meter, .. } = self;
        let mut any = false;
        if !buffer.is_empty() {
            let before = buffer.len();
            meter.engine(|| connection.handle_input(*now, buffer));
            any = buffer.len() < before;
        }
        if !connection.wants_input() {
            return any;
        }
        let piece = meter.outside(|| line.next(read));
        if piece.is_empty() {
            return any;
        }
        self.seen.taken += piece.len();
        *now = *now + line.attack.pause;
        match self.door {
            Door::Input => {
                buffer.reserve(read);
                buffer.extend_from_slice(&piece);
                meter.engine(|| connection.handle_input(*now, buffer));
            }
            Door::Bytes => {
                let octets = Bytes::copy_from_slice(&piece);
                meter.engine(|| connection.handle_bytes(*now, octets));
            }
            Door::Slice => meter.engine(|| connection.handle_slice(*now, &piece)),
        }
        meter.outside(|| drop(piece));
        if connection.poll_timeout().is_some_and(|due| due <= *now) {
            meter.engine(|| connection.handle_timeout(*now));
        }
        true
    }

    fn poll(&mut self) -> bool {
        let Self { connection, line, meter, seen, .. } = self;
        let application = &mut line.attack.application;
        let mut any = false;
        if matches!(application, Application::Sleeps) {
            return false;
        }
        while let Some(event) = meter.engine(|| connection.poll_event()) {
            any = true;
            seen.note(&event);
            let is_question = matches!(
                event,
                Event::Credentials(_) | Event::SaslResponse(_) | Event::VirtualHost(_)
            );
            if is_question && !matches!(application, Application::Hesitates) {
                meter.engine(|| connection.decide(Decision::Accept)).unwrap();
            }
            if let Application::Does(act) = application {
                meter.engine(|| act(connection, &event));
            }
        }
        any
    }

    fn write(&mut self) {
        let Self { connection, line, meter, seen, .. } = self;
        seen.unsent = seen.unsent.max(connection.unsent());
        let mut left = match &line.attack.reads {
            Reads::All => usize::MAX,
            Reads::Nothing => 0,
            Reads::AtMost(octets) => *octets,
            Reads::InWaves(octets, is_reading) => {
                let waiting = connection.unsent();
                is_reading.set(waiting >= *octets || is_reading.get() && waiting > octets / 4);
                if is_reading.get() { octets / 16 } else { 0 }
            }
        };
        loop {
            let waiting = meter.engine(|| connection.transmit().remaining());
            seen.window = seen.window.max(waiting);
            let taken = waiting.min(left);
            if taken == 0 {
                break;
            }
            left -= taken;
            meter.engine(|| connection.transmit().advance(taken));
        }
    }

    /// Nothing moves: the stream ends, or time passes. False: neither makes a difference.
    fn wait(&mut self) -> bool {
        match self.line.attack.at_last {
            AtLast::End => {
                self.line.attack.at_last = AtLast::Nothing;
                self.meter.engine(|| self.connection.handle_eof(self.now));
                return true;
            }
            AtLast::Nothing if !self.line.is_silent => return false,
            AtLast::Nothing | AtLast::Time => {}
        }
        let Some(due) = self.connection.poll_timeout() else { return false };
        let has_passed = due <= self.now;
        self.now = self.now.max(due);
        self.meter.engine(|| self.connection.handle_timeout(self.now));
        !has_passed
    }
}
