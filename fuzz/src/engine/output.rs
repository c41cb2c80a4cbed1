//! What a connection writes: whole frames that it may send, and what the peer has to answer of it.

use alloc::collections::{BTreeMap, VecDeque};

use amqp_proto::frame::{FRAME_OVERHEAD, FrameType, RawFrame};
use amqp_proto::protocol::{Dialect, Frame, Method, MethodKind};
use amqp_proto::wire::TableLimits;
use amqp_proto::{Connection, Side};

use super::answers::payload_of_reply;
use crate::common;

/// A request that was written and has no answer yet.
struct Asked {
    channel: u16,
    kind: MethodKind,
    /// The queue or consumer-tag that it names.
    name: Vec<u8>,
}

/// Whole frames of what was written, judged one by one.
pub(super) struct Output {
    side: Side,
    /// A protocol header comes first.
    header: bool,
    /// Octets were injected: what follows may be anything.
    is_free: bool,
    pending: Vec<u8>,
    /// Channels inside a content: body octets that are missing, `None` while the header is.
    contents: BTreeMap<u16, Option<u64>>,
    closes: usize,
    close_oks: usize,
    asked: VecDeque<Asked>,
}

/// No more requests are remembered: a hostile tape may let them go unanswered.
const MOST_ASKED: usize = 64;

impl Output {
    pub(super) const fn new(side: Side) -> Self {
        Self {
            side,
            header: matches!(side, Side::Client),
            is_free: false,
            pending: Vec::new(),
            contents: BTreeMap::new(),
            closes: 0,
            close_oks: 0,
            asked: VecDeque::new(),
        }
    }

    /// Octets were injected that are no frames.
    pub(super) fn set_free(&mut self) {
        self.is_free = true;
    }

    /// Takes octets that were written.
    pub(super) fn write(&mut self, octets: &[u8], connection: &Connection) {
        if self.is_free {
            return;
        }
        self.pending.extend_from_slice(octets);
        let pending = core::mem::take(&mut self.pending);
        let mut rest = &pending[..];
        loop {
            // A server that refuses what it got answers with a protocol header.
            if self.header || rest.starts_with(b"A") {
                if rest.len() < 8 {
                    break;
                }
                assert!(rest.starts_with(b"AMQP"), "{rest:?}");
                self.header = false;
                rest = &rest[8..];
                continue;
            }
            let Some(size) = rest.get(3..7) else { break };
            let size = u32::from_be_bytes(size.try_into().unwrap()) as usize;
            let Some(end) = rest.get(7 + size) else { break };
            assert_eq!(*end, 0xCE, "the end of a frame of {size} octets");
            let channel = u16::from_be_bytes([rest[1], rest[2]]);
            let payload = &rest[7..7 + size];
            let frame = RawFrame { frame_type: FrameType(rest[0]), channel, payload };
            self.judge(frame, connection);
            rest = &rest[size + FRAME_OVERHEAD..];
        }
        self.pending = rest.to_vec();
    }

    fn judge(&mut self, raw: RawFrame<'_>, connection: &Connection) {
        let dialect = connection.dialect();
        let most = connection.frame_max() as usize;
        assert!(raw.total_len() <= most, "{raw}, where {most} octets were agreed on");
        let limits = TableLimits::DEFAULT.with_max_depth(u8::MAX);
        let frame = match Frame::parse(dialect, raw, &limits) {
            Ok(frame) => frame,
            Err(error) => panic!("{raw} can't be read: {error}"),
        };
        // CLS-03. Where both have closed, each further Close of the peer is answered too (CLS-02).
        let answers = self.closes > 0 && matches!(frame, Frame::Method { .. });
        assert!(self.close_oks == 0 || answers, "after close-ok: {frame}");
        match frame {
            Frame::Method { channel, method } => self.judge_method(channel, &method),
            Frame::Header { channel, header } => {
                assert_eq!(self.closes, 0, "after close: {frame}");
                let before = self.contents.insert(channel, Some(header.body_size));
                assert_eq!(before, Some(None), "a header without a method on {channel}");
                self.end_content(channel);
            }
            Frame::Body { channel, payload } => {
                assert_eq!(self.closes, 0, "after close: {frame}");
                let missing = self.contents.get_mut(&channel).and_then(Option::as_mut);
                let missing = missing.unwrap_or_else(|| panic!("no content on {channel}"));
                let len = payload.len() as u64;
                assert!(len > 0, "an empty body frame");
                assert!(len <= *missing, "{frame}, where {missing} octets are missing");
                *missing -= len;
                self.end_content(channel);
            }
            _ => {}
        }
    }

    fn end_content(&mut self, channel: u16) {
        if self.contents.get(&channel) == Some(&Some(0)) {
            self.contents.remove(&channel);
        }
    }

    fn judge_method(&mut self, channel: u16, method: &Method<'_>) {
        let kind = method.kind();
        let info = kind.info();
        let may = match self.side {
            Side::Client => info.senders.client(),
            _ => info.senders.server(),
        };
        assert!(may, "{method} is for the other side");
        assert_eq!(info.on_channel_zero, channel == 0, "{method} on channel {channel}");
        assert!(!self.contents.contains_key(&channel), "{method} inside a content of {channel}");
        // CLS-01, CLS-03
        let is_last = matches!(kind, MethodKind::ConnectionClose | MethodKind::ConnectionCloseOk);
        assert!(self.closes == 0 || is_last, "after close: {method}");
        self.closes += usize::from(kind == MethodKind::ConnectionClose);
        self.close_oks += usize::from(kind == MethodKind::ConnectionCloseOk);
        assert!(self.closes <= 1, "a second close");
        if info.content {
            self.contents.insert(channel, None);
        }
        if kind == MethodKind::ChannelClose {
            self.asked.retain(|asked| asked.channel != channel);
        }
        if let Some(name) = awaits_answer(method).filter(|_| self.asked.len() < MOST_ASKED) {
            self.asked.push_back(Asked { channel, kind, name });
        }
    }

    /// What a peer answers to the oldest request, or to all of them.
    pub(super) fn answers(&mut self, dialect: Dialect, all: bool) -> Vec<u8> {
        let count = if all { self.asked.len() } else { self.asked.len().min(1) };
        let answered: Vec<_> = self.asked.drain(..count).collect();
        answered.iter().flat_map(|asked| asked.answer(dialect)).collect()
    }

    /// All that was written is whole, once all is written.
    pub(super) fn check_end(&self) {
        assert!(self.is_free || self.pending.is_empty(), "not whole: {:?}", self.pending);
    }
}

/// The name in a request that a peer answers.
fn awaits_answer(method: &Method<'_>) -> Option<Vec<u8>> {
    Some(match method {
        Method::BasicConsume(consume) => consume.consumer_tag.as_octets().into(),
        Method::BasicCancel(cancel) => cancel.consumer_tag.as_octets().into(),
        Method::QueueDeclare(declare) => declare.queue.as_octets().into(),
        // Nothing is asked by it, but a server goes on with tune, a client with open.
        Method::ConnectionStartOk(_) | Method::ConnectionTune(_) => Vec::new(),
        _ if method.kind().info().replies.is_empty() => return None,
        _ => Vec::new(),
    })
    .filter(|_| !method.no_wait())
}

impl Asked {
    fn answer(&self, dialect: Dialect) -> Vec<u8> {
        let plain = |kind| {
            let payload = payload_of_reply(dialect, kind, &self.name, 0);
            payload.map_or(Vec::new(), |payload| common::frame(1, self.channel, &payload))
        };
        match self.kind {
            MethodKind::ConnectionStartOk => {
                common::frame(1, 0, &[&b"\0\x0A\0\x1E"[..], &TUNING].concat())
            }
            MethodKind::ConnectionTune => {
                let tune_ok = common::frame(1, 0, &[&b"\0\x0A\0\x1F"[..], &TUNING].concat());
                [tune_ok, common::open("/")].concat()
            }
            MethodKind::ConnectionStart => common::start_ok("PLAIN", b"\0guest\0guest"),
            MethodKind::BasicGet => {
                let get_ok = plain(MethodKind::BasicGetOk);
                [get_ok, common::header(self.channel, 0, common::BARE)].concat()
            }
            kind => kind.info().replies.first().copied().map_or(Vec::new(), plain),
        }
    }
}

/// No limit for channels, frames of 4096 octets, no heartbeats.
const TUNING: [u8; 8] = [0, 0, 0, 0, 0x10, 0, 0, 0];
