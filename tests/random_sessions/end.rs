//! One end of a connection with all that may be expected of it.

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::fmt;
use std::io::IoSlice;

use amqp_proto::protocol::{Method, MethodKind};
use amqp_proto::{
    ChannelId, Connection, Event, Instant, Phase, PublishSeq, ReplyToken, RequestId, Side,
};
use bytes::{Buf, Bytes, BytesMut};

use crate::rng::Rng;

/// A connection, and what its application and its transport remember.
pub(crate) struct End {
    pub(crate) connection: Connection,
    /// Octets on their way to this end.
    pub(crate) inbound: BytesMut,
    /// Octets that were read and left by `handle_input`.
    buffer: BytesMut,
    /// Nothing more will be sent to this end.
    pub(crate) inbound_ended: bool,
    /// Whether the end of the stream was handed in.
    pub(crate) told_end: bool,
    /// Requests of this end that have no outcome yet.
    requests: BTreeSet<RequestId>,
    /// Requests of the peer that have no reply yet.
    pub(crate) owed: BTreeMap<ChannelId, VecDeque<(ReplyToken, MethodKind, String)>>,
    /// Publishes of this end without a confirm.
    pub(crate) unconfirmed: BTreeMap<ChannelId, BTreeSet<u64>>,
    /// Deliveries of the peer that were not acked.
    pub(crate) to_ack: BTreeMap<ChannelId, BTreeSet<u64>>,
    /// Publishes of the peer that were not confirmed.
    pub(crate) to_confirm: BTreeMap<ChannelId, BTreeSet<u64>>,
    /// Something that only `decide` lets go on.
    pub(crate) question: Option<Question>,
    pub(crate) secrets: usize,
    pub(crate) endings: usize,
    /// The first rule that the peer is said to have broken.
    pub(crate) blamed: Option<String>,
    pub(crate) output: Output,
}

/// What the application was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Login,
    Challenge,
    VirtualHost,
}

impl End {
    pub(crate) fn new(connection: Connection) -> Self {
        let output = Output { header: connection.phase() == Phase::Start, ..Output::default() };
        Self {
            connection,
            inbound: BytesMut::new(),
            buffer: BytesMut::new(),
            inbound_ended: false,
            told_end: false,
            requests: BTreeSet::new(),
            owed: BTreeMap::new(),
            unconfirmed: BTreeMap::new(),
            to_ack: BTreeMap::new(),
            to_confirm: BTreeMap::new(),
            question: None,
            secrets: 0,
            endings: 0,
            blamed: None,
            output,
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.endings > 0
    }

    /// Hands in some of what has arrived, by any of the three doors.
    pub(crate) fn receive(&mut self, rng: &mut Rng, now: Instant) {
        let most = rng.pick(&[1, 7, 8, 100, 5000, usize::MAX]);
        let octets = self.inbound.split_to(most.min(self.inbound.len()));
        match rng.below(3) {
            0 => {
                self.buffer.extend_from_slice(&octets);
                self.connection.handle_input(now, &mut self.buffer);
            }
            // What was left in the buffer comes first, whichever door is next.
            door => {
                self.buffer.extend_from_slice(&octets);
                let octets = self.buffer.split().freeze();
                if door == 1 {
                    self.connection.handle_bytes(now, octets);
                } else {
                    self.connection.handle_slice(now, &octets);
                }
            }
        }
        if self.inbound_ended && self.inbound.is_empty() {
            self.told_end = true;
            self.connection.handle_slice(now, &self.buffer.split());
            self.connection.handle_eof(now);
        }
    }

    /// Writes some of what waits, in any of the ways that there are.
    pub(crate) fn transmit(&mut self, rng: &mut Rng) -> Bytes {
        let transmit = self.connection.transmit();
        let remaining = transmit.remaining();
        if remaining == 0 {
            assert_eq!((transmit.chunk(), transmit.segments().count()), (&b""[..], 0));
            assert_eq!(transmit.take_frames(10), None);
            return Bytes::new();
        }
        let most = rng.pick(&[1, 7, 9, 1000, 20_000, usize::MAX]).min(remaining);
        let octets = match rng.below(5) {
            0 => transmit.take_segment().unwrap(),
            1 => transmit.take_frames(most).unwrap(),
            2 => transmit.copy_to_bytes(most),
            3 => {
                let all = transmit.segments().collect::<Vec<_>>().concat();
                assert_eq!(all.len(), remaining);
                transmit.advance(most);
                Bytes::from(all).slice(..most)
            }
            _ => {
                let mut slices = [IoSlice::new(&[]); 3];
                let filled = transmit.chunks_vectored(&mut slices);
                let octets = slices[..filled].iter().flat_map(|slice| slice.to_vec());
                let octets: Bytes = octets.take(most).collect();
                assert!(octets.starts_with(&transmit.chunk()[..transmit.chunk().len().min(most)]));
                transmit.advance(octets.len());
                octets
            }
        };
        assert!(!octets.is_empty());
        assert_eq!(transmit.remaining(), remaining - octets.len());
        self.output.write(&octets);
        octets
    }

    /// The next event, checked against what was asked and told before.
    pub(crate) fn poll(&mut self) -> Option<Event> {
        let event = self.connection.poll_event()?;
        assert!(!self.is_over(), "after the last event: {event}");
        let _ = (event.to_string(), format!("{event:?}"));
        match &event {
            Event::Credentials(_) | Event::SaslResponse(_) => self.question = Some(Question::Login),
            Event::Challenge(_) => self.question = Some(Question::Challenge),
            Event::VirtualHost(_) => self.question = Some(Question::VirtualHost),
            Event::UpdateSecret(_) => self.secrets += 1,
            Event::Reply { request, .. } | Event::RequestFailed { request, .. } => {
                self.resolve(*request, &event);
            }
            Event::Content(content) => {
                if let Some(request) = content.request() {
                    self.resolve(request, &event);
                }
                self.note_publish(content.channel(), content.publish_seq());
                self.note_delivery(content.channel(), content.method());
            }
            Event::ContentStart(start) => {
                if let Some(request) = start.request() {
                    self.resolve(request, &event);
                }
                self.note_publish(start.channel(), start.publish_seq());
                self.note_delivery(start.channel(), start.method());
            }
            Event::Request { token: Some(token), method } => {
                let owed = self.owed.entry(token.channel()).or_default();
                let consumer_tag = match method.method() {
                    Method::BasicConsume(consume) => consume.consumer_tag,
                    Method::BasicCancel(cancel) => cancel.consumer_tag,
                    _ => "".into(),
                };
                owed.push_back((*token, method.kind(), consumer_tag.to_string()));
            }
            Event::Confirmed { channel, first, last, .. } => {
                let unconfirmed = self.unconfirmed.entry(*channel).or_default();
                for number in first.number()..=last.number() {
                    assert!(unconfirmed.remove(&number), "{event}");
                }
            }
            Event::ChannelOpened(channel) => self.forget_channel(*channel, false),
            Event::ChannelClosed { channel, .. } => self.forget_channel(*channel, true),
            Event::Violation(violation) | Event::Irregular(violation) => {
                self.blamed.get_or_insert_with(|| violation.to_string());
            }
            Event::Closed(_) => {
                self.endings += 1;
                self.question = None;
                self.owed.clear();
                self.to_confirm.clear();
                self.to_ack.clear();
                assert!(self.requests.is_empty(), "without an outcome: {:?}", self.requests);
                assert_eq!(self.connection.phase(), Phase::Closed);
            }
            _ => {}
        }
        if let Event::Reply { method, .. } | Event::Request { method, .. } | Event::Notice(method) =
            &event
        {
            assert_eq!(method.method().kind(), method.kind());
            assert_eq!(method.to_detached(), *method);
        }
        Some(event)
    }

    /// A request was sent; it has exactly one outcome from here on.
    pub(crate) fn asked(&mut self, request: RequestId) {
        assert!(self.requests.insert(request), "{request} given twice");
    }

    fn resolve(&mut self, request: RequestId, event: &Event) {
        assert!(self.requests.remove(&request), "not asked, or resolved before: {event}");
    }

    fn note_delivery(&mut self, channel: ChannelId, method: Method<'_>) {
        let tag = match method {
            Method::BasicDeliver(deliver) => deliver.delivery_tag,
            Method::BasicGetOk(get_ok) => get_ok.delivery_tag,
            _ => return,
        };
        assert!(self.to_ack.entry(channel).or_default().insert(tag));
    }

    fn note_publish(&mut self, channel: ChannelId, number: Option<PublishSeq>) {
        if self.connection.side() == Side::Client {
            return; // a return
        }
        let Some(number) = number.map(PublishSeq::number).filter(|number| *number > 0) else {
            return;
        };
        assert!(self.to_confirm.entry(channel).or_default().insert(number));
    }

    fn forget_channel(&mut self, channel: ChannelId, closed: bool) {
        self.owed.remove(&channel);
        self.to_confirm.remove(&channel);
        self.to_ack.remove(&channel);
        if closed {
            self.unconfirmed.remove(&channel);
        }
    }

    /// All that can be seen of the state: a refused command may not change any of it.
    pub(crate) fn visible(&self) -> impl PartialEq + fmt::Debug + use<> {
        let mut connection = self.connection.clone();
        let about = format!("{connection:?} {:?}", connection.poll_timeout());
        let channels: Vec<_> = connection.channels().collect();
        let channels = channels.into_iter().map(|id| {
            let channel = connection.channel(id).unwrap();
            let numbers = (channel.unconfirmed(), channel.pending_requests());
            (id, numbers, channel.missing_body(), channel.is_flow_stopped())
        });
        let channels: Vec<_> = channels.collect();
        let events: Vec<_> = core::iter::from_fn(|| connection.poll_event()).collect();
        let events: Vec<_> = events.iter().map(ToString::to_string).collect();
        (about, channels, events, connection.into_parts().unsent)
    }

    /// What holds once the terminal event was told and the output written.
    pub(crate) fn check_over(&mut self) {
        assert_eq!(self.endings, 1);
        assert!(self.connection.poll_event().is_none());
        assert_eq!(self.connection.poll_timeout(), None);
        assert!(!self.connection.wants_input());
        assert!(self.connection.open_channel().is_err());
        assert!(!self.connection.transmit().has_remaining());
        self.output.check_end();
    }
}

/// What an end has written: whole frames, whose beginning alone is kept.
#[derive(Default)]
pub(crate) struct Output {
    /// A protocol header comes first.
    pub(crate) header: bool,
    /// Octets were injected: what follows may be anything.
    pub(crate) anything: bool,
    pending: Vec<u8>,
    closes: usize,
    close_oks: usize,
}

impl Output {
    fn write(&mut self, octets: &[u8]) {
        if self.anything {
            return;
        }
        self.pending.extend_from_slice(octets);
        let mut at = 0;
        loop {
            let rest = &self.pending[at..];
            // A server that refuses what it got answers with a protocol header.
            if self.header || rest.starts_with(b"A") {
                if rest.len() < 8 {
                    break;
                }
                assert!(rest.starts_with(b"AMQP"), "{rest:?}");
                self.header = false;
                at += 8;
                continue;
            }
            let Some(size) = rest.get(3..7) else { break };
            let size = u32::from_be_bytes(size.try_into().unwrap()) as usize;
            let Some(end) = rest.get(7 + size) else { break };
            assert!(matches!(rest[0], 1 | 2 | 3 | 8), "type {}", rest[0]);
            assert_eq!(*end, 0xCE);
            let id = rest.get(7..11).filter(|_| rest[0] == 1);
            assert_eq!(self.close_oks, 0, "after close-ok: {rest:?}");
            self.closes += usize::from(id == Some(&[0, 10, 0, 50]));
            assert!(self.closes <= 1, "a second connection.close");
            at += size + 8;
        }
        self.pending.drain(..at);
    }

    fn check_end(&self) {
        assert!(self.anything || self.pending.is_empty(), "not whole: {:?}", self.pending);
    }
}
