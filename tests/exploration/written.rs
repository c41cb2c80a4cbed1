//! What this side writes, decoded and judged by a model that shares nothing with the engine.

use alloc::collections::VecDeque;

use amqp_proto::Side;

use crate::shared::Shared;
use crate::{CHANNELS, common};

type Method = (u16, u16);

/// Methods on channels that only a client may send.
const OF_CLIENTS: &[Method] = &[
    (20, 10),
    (50, 10),
    (60, 10),
    (60, 20),
    (60, 40),
    (60, 70),
    (60, 90),
    (85, 10),
    (90, 10),
    (90, 20),
    (90, 30),
];

/// Methods on channels that only a server may send.
const OF_SERVERS: &[Method] = &[
    (20, 11),
    (50, 11),
    (60, 11),
    (60, 21),
    (60, 50),
    (60, 60),
    (60, 71),
    (60, 72),
    (85, 11),
    (90, 11),
    (90, 21),
    (90, 31),
];

/// Methods on channels that both may send.
const OF_BOTH: &[Method] =
    &[(20, 20), (20, 21), (20, 40), (20, 41), (60, 30), (60, 31), (60, 80), (60, 120)];

/// Methods that a header and a body follow.
const CARRIERS: &[Method] = &[(60, 40), (60, 50), (60, 60), (60, 71)];

/// Each reply with what it answers.
const REPLIES: &[(Method, Method)] = &[
    ((20, 21), FLOW),
    ((50, 11), (50, 10)),
    ((60, 11), (60, 10)),
    ((60, 21), (60, 20)),
    ((60, 31), (60, 30)),
    ((60, 71), (60, 70)),
    ((60, 72), (60, 70)),
    ((85, 11), (85, 10)),
    ((90, 11), (90, 10)),
    ((90, 21), (90, 20)),
    ((90, 31), (90, 30)),
];

pub(crate) const FLOW: Method = (20, 20);
const CHANNEL_CLOSE: Method = (20, 40);
const CHANNEL_CLOSE_OK: Method = (20, 41);

/// The content that is being written on a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Content {
    #[default]
    Nothing,
    Header,
    Body(u64),
}

/// A channel from its opening to its end; the same number may have several of them in turn.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life {
    /// open or open-ok is written.
    opened: bool,
    /// This side's Close is written.
    closed: bool,
    close_oks: u32,
    /// Frames of the peer: channel.close.
    pub(crate) closes_fed: u32,
    content: Content,
    /// Requests of the peer that the application was told of, without a written reply.
    pub(crate) asked: VecDeque<Method>,
    /// Delivery tags (client) or numbers of publishes (server) that may be acknowledged.
    pub(crate) unacked: Vec<u64>,
    /// Server: the delivery tag written last.
    last_tag: u64,
    /// This side must close the channel, unless something else ends it first.
    pub(crate) close_due: bool,
    pub(crate) close_ok_due: bool,
    /// Octets that may still be written before Close, after a violation.
    pub(crate) waited: Option<usize>,
}

/// All that was written, as far as it matters for what may be written next.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    side: Side,
    /// The beginning of a frame.
    rest: Vec<u8>,
    /// How far the handshake is written: header, start, …
    handshake: u8,
    /// The application was told that the connection is open.
    pub(crate) connected: bool,
    pub(crate) closes: u32,
    pub(crate) close_oks: u32,
    /// Frames of the peer: connection.close.
    pub(crate) closes_fed: u32,
    /// Octets that may still be written before Close, after a violation.
    pub(crate) waited: Option<usize>,
    /// A protocol header was written instead of start: nothing may follow.
    refused: bool,
    pub(crate) channels: [Shared<Numbered>; CHANNELS],
    /// Channels written on during this step, a bit each.
    pub(crate) touched: u8,
}

/// One channel number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbered {
    /// Those before the last are over for the application; the first is the one being written.
    pub(crate) lives: VecDeque<Life>,
    /// How many there have been.
    pub(crate) begun: u32,
    /// Frames of the peer: channel.close and close-ok.
    pub(crate) closes_fed: u32,
    pub(crate) close_oks_fed: u32,
    close_oks_written: u32,
    close_oks_used: u32,
}

impl Numbered {
    /// The application uses the number anew (client), or is told that the peer does (server).
    pub(crate) fn begin(&mut self) {
        assert!(
            self.begun <= self.closes_fed + self.close_oks_fed,
            "invariant 5: the number is used again before close-ok went out or came in"
        );
        self.begun += 1;
        self.lives.push_back(Life::default());
    }

    /// The channel as the application knows it.
    pub(crate) fn current(&mut self) -> &mut Life {
        self.lives.back_mut().expect("invariant 3: a channel that was never opened")
    }

    /// The peer closes the channel.
    pub(crate) fn close_fed(&mut self, times: u32) {
        self.closes_fed += times;
        if let Some(life) = self.lives.back_mut() {
            life.closes_fed += times;
        }
    }

    /// channel.open or open-ok is written.
    fn open(&mut self) {
        if let Some(life) = self.lives.front().filter(|life| life.opened) {
            if life.closed {
                assert!(
                    self.close_oks_fed > self.close_oks_used,
                    "invariant 5: opened again before close-ok came in"
                );
                self.close_oks_used += 1;
            } else {
                assert!(life.close_oks > 0, "invariant 5: opened again before close-ok went out");
            }
            self.lives.pop_front();
        }
        let life = self.lives.front_mut().expect("invariant 3: nobody asked for this channel");
        life.opened = true;
    }
}

impl Written {
    pub(crate) fn new(side: Side) -> Self {
        Self {
            side,
            rest: Vec::new(),
            handshake: 0,
            connected: false,
            closes: 0,
            close_oks: 0,
            closes_fed: 0,
            waited: None,
            refused: false,
            channels: Default::default(),
            touched: 0,
        }
    }

    /// Whether all that was written is whole frames.
    pub(crate) fn is_whole(&self) -> bool {
        self.rest.is_empty()
    }

    /// Octets of a frame that isn't written out yet.
    pub(crate) fn begun(&self) -> usize {
        self.rest.len()
    }

    /// Takes what was written.
    pub(crate) fn take(&mut self, octets: &[u8]) {
        if self.rest.is_empty() {
            let used = self.frames(octets);
            self.rest.extend_from_slice(&octets[used..]);
            return;
        }
        let mut rest = core::mem::take(&mut self.rest);
        rest.extend_from_slice(octets);
        let used = self.frames(&rest);
        rest.drain(..used);
        self.rest = rest;
    }

    fn frames(&mut self, octets: &[u8]) -> usize {
        let mut at = 0;
        loop {
            let rest = &octets[at..];
            if rest.first() == Some(&b'A') {
                if rest.len() < 8 {
                    return at;
                }
                self.protocol_header(&rest[..8]);
                at += 8;
                continue;
            }
            let Some(size) = rest.get(3..7) else { return at };
            let size = u32::from_be_bytes(size.try_into().unwrap()) as usize;
            assert!(size <= 4096 - 8, "invariant 3: {size} octets are more than frame-max allows");
            let Some(end) = rest.get(7 + size) else { return at };
            assert_eq!(*end, 0xCE, "invariant 3: the end of a frame");
            let channel = u16::from_be_bytes([rest[1], rest[2]]);
            self.frame(rest[0], channel, &rest[7..7 + size]);
            at += size + 8;
        }
    }

    fn protocol_header(&mut self, octets: &[u8]) {
        assert_eq!(octets, common::PROTOCOL_HEADER, "invariant 3");
        assert!(!self.refused && self.handshake == 0, "invariant 3: a late protocol header");
        match self.side {
            Side::Client => self.handshake = 1,
            _ => self.refused = true,
        }
    }

    fn frame(&mut self, frame_type: u8, channel: u16, payload: &[u8]) {
        assert!(!self.refused, "invariant 3: a frame after the protocol header was refused");
        assert!(
            self.close_oks == 0 || self.closes > 0,
            "invariant 4: a frame after close-ok: {frame_type} {channel} {payload:?}"
        );
        if frame_type == 8 {
            assert_eq!((channel, payload), (0, &b""[..]), "invariant 3: a heartbeat");
            assert!(self.handshake >= 3, "invariant 3: a heartbeat before tune-ok");
            return;
        }
        let method = (frame_type == 1).then(|| {
            let number = |at| u16::from_be_bytes([payload[at], payload[at + 1]]);
            (number(0), number(2))
        });
        let arguments = payload.get(4..).unwrap_or(&[]);
        let counted = payload.len() + if frame_type == 3 { 0 } else { 8 };
        if channel == 0 {
            let method = method.expect("invariant 3: a content on channel 0");
            if method == (10, 50) {
                self.waited = None;
            } else if method != (10, 51) {
                use_up(&mut self.waited, counted);
            }
            return self.control(method);
        }
        assert!(self.closes == 0, "invariant 4: a frame on a channel after connection.close");
        assert!(self.connected, "invariant 3: a frame on a channel before the connection is open");
        use_up(&mut self.waited, counted);
        self.touched |= 1 << channel;
        let numbered = &mut self.channels[usize::from(channel)];
        let Some(method) = method else {
            let life = numbered.lives.front_mut().expect("invariant 3: an unopened channel");
            use_up(&mut life.waited, counted);
            return life.content(frame_type, payload);
        };
        let (own, others) = match self.side {
            Side::Client => (OF_CLIENTS, OF_SERVERS),
            _ => (OF_SERVERS, OF_CLIENTS),
        };
        assert!(!others.contains(&method), "invariant 3: {method:?} is for the other side");
        assert!(own.contains(&method) || OF_BOTH.contains(&method), "invariant 3: {method:?}");
        if method == (20, 10) || method == (20, 11) {
            return numbered.open();
        }
        if method == CHANNEL_CLOSE_OK {
            numbered.close_oks_written += 1;
            assert!(
                numbered.close_oks_written <= numbered.closes_fed,
                "invariant 4: more close-oks than closes on channel {channel}"
            );
        }
        let life = numbered.lives.front_mut().expect("invariant 3: an unopened channel");
        if method == CHANNEL_CLOSE {
            life.waited = None;
        } else if method != CHANNEL_CLOSE_OK {
            use_up(&mut life.waited, counted);
        }
        life.method(method);
        match (self.side, method) {
            (_, (60, 80)) => life.acknowledge(tag(arguments), arguments[8] & 1 == 1),
            (_, (60, 120)) => life.acknowledge(tag(arguments), arguments[8] & 1 == 1),
            (_, (60, 90)) => life.acknowledge(tag(arguments), false),
            (_, (60, 60)) => life.number(tag(&arguments[1 + usize::from(arguments[0])..])),
            (_, (60, 71)) => life.number(tag(arguments)),
            _ => {}
        }
    }

    /// A method on channel 0.
    fn control(&mut self, method: Method) {
        if method == (10, 51) {
            self.close_oks += 1;
            assert!(self.close_oks <= self.closes_fed, "invariant 4: more close-oks than closes");
            return;
        }
        assert!(self.closes == 0, "invariant 4: {method:?} after connection.close");
        self.handshake = match (self.side, self.handshake, method) {
            (_, at @ 3.., (10, 50)) => {
                self.closes += 1;
                at
            }
            (Side::Client, 1, (10, 11)) => 2,
            (Side::Client, 2, (10, 21)) => 2,
            (Side::Client, 2, (10, 31)) => 3,
            (Side::Client, 3, (10, 40)) => 4,
            (Side::Server, 0, (10, 10)) => 1,
            (Side::Server, 1, (10, 20)) => 1,
            (Side::Server, 1, (10, 30)) => 3,
            (Side::Server, 3, (10, 41)) => 4,
            (_, at, _) => panic!("invariant 3: {method:?} at step {at} of the handshake"),
        };
    }

    /// The connection goes on and all is written: what the engine owes by itself is there.
    pub(crate) fn check_owed(&self) {
        for numbered in &self.channels {
            let Some(life) = numbered.lives.back() else { continue };
            let gone = life.close_oks > 0 || life.closed;
            assert!(life.opened, "liveness: a channel that was never opened");
            assert!(!life.close_ok_due || life.close_oks > 0, "liveness: no close-ok");
            assert!(!life.close_due || gone, "liveness: no channel.close");
            let crossed = life.closed && life.closes_fed > 0;
            assert!(!crossed || life.close_oks > 0, "liveness: no close-ok where closes cross");
            assert_eq!(numbered.lives.len(), 1, "liveness: an earlier use of the number goes on");
            let waits = gone || life.content != Content::Nothing;
            assert!(waits || life.asked.front() != Some(&FLOW), "liveness: no flow-ok");
        }
    }
}

impl Life {
    fn is_open(&self) -> bool {
        self.opened && !self.closed && self.close_oks == 0
    }

    fn method(&mut self, method: Method) {
        assert_eq!(self.content, Content::Nothing, "invariant 3: {method:?} inside a content");
        assert!(self.opened, "invariant 3: {method:?} on a channel that isn't open");
        match method {
            CHANNEL_CLOSE_OK => {
                assert!(self.closed || self.close_oks == 0, "invariant 4: a second close-ok");
                self.close_oks += 1;
                return;
            }
            _ => assert!(self.is_open(), "invariant 4: {method:?} on a channel that is closed"),
        }
        match method {
            CHANNEL_CLOSE => self.closed = true,
            _ if CARRIERS.contains(&method) => self.content = Content::Header,
            _ => {}
        }
        if let Some((_, request)) = REPLIES.iter().find(|(reply, _)| *reply == method) {
            let asked = self.asked.pop_front();
            assert_eq!(asked, Some(*request), "invariant 3: {method:?} answers no request");
        }
    }

    fn content(&mut self, frame_type: u8, payload: &[u8]) {
        assert!(self.is_open(), "invariant 3: a content on a channel that isn't open");
        let len = payload.len() as u64;
        self.content = match (frame_type, self.content) {
            (2, Content::Header) => {
                assert_eq!(payload[..4], [0, 60, 0, 0], "invariant 3: class and weight");
                match u64::from_be_bytes(payload[4..12].try_into().unwrap()) {
                    0 => Content::Nothing,
                    size => Content::Body(size),
                }
            }
            (3, Content::Body(size)) if len > 0 && len < size => Content::Body(size - len),
            (3, Content::Body(size)) if len == size => Content::Nothing,
            (_, content) => {
                panic!("invariant 3: a frame of type {frame_type}, {len} octets, at {content:?}")
            }
        };
    }

    fn acknowledge(&mut self, tag: u64, multiple: bool) {
        if tag == 0 && multiple {
            self.unacked.clear();
            return;
        }
        assert!(self.unacked.contains(&tag), "invariant 3: an ack of {tag}, which isn't unacked");
        self.unacked.retain(|unacked| if multiple { *unacked > tag } else { *unacked != tag });
    }

    fn number(&mut self, tag: u64) {
        assert_eq!(tag, self.last_tag + 1, "invariant 3: the number of a delivery");
        self.last_tag = tag;
    }
}

fn tag(octets: &[u8]) -> u64 {
    u64::from_be_bytes(octets[..8].try_into().unwrap())
}

fn use_up(waited: &mut Option<usize>, octets: usize) {
    if let Some(waited) = waited {
        let left = waited.checked_sub(octets);
        *waited = left.expect("invariant 4: more than what had waited comes before Close");
    }
}
