//! What the application was told and has asked for, and what may be told next.

use alloc::collections::VecDeque;

use amqp_proto::protocol::{Method, MethodKind};
use amqp_proto::{
    CloseReason, Content, Event, Initiator, MethodEvent, PublishSeq, ReplyToken, RequestId, Scope,
    Side, Violation,
};

use crate::CHANNELS;
use crate::shared::Shared;
use crate::written::{FLOW, Written};

/// Something that only `decide` lets go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Login,
    Challenge,
    VirtualHost,
}

/// A channel, as the application sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    #[default]
    Absent,
    /// Client: asked for.
    Opening,
    Open,
    /// Closed from this side.
    Closing,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Channel {
    pub(crate) stage: Stage,
    /// Requests without an outcome.
    pub(crate) requests: Vec<RequestId>,
    /// Requests of the peer to be answered.
    pub(crate) owed: VecDeque<(ReplyToken, MethodKind)>,
    /// Body octets of this side that are still to be sent.
    pub(crate) missing: Option<u64>,
    /// Body octets of the peer that are still to be told.
    parts: Option<u64>,
    pub(crate) flow_stopped: bool,
    /// Client: confirms were selected; the last publish; those without a confirm.
    pub(crate) confirms: bool,
    pub(crate) published: u64,
    pub(crate) unconfirmed: Vec<u64>,
    /// The last delivery, and those that this application (client) or the peer may acknowledge.
    pub(crate) delivered: u64,
    pub(crate) unacked: Vec<u64>,
    /// How many acks the current transaction has.
    pub(crate) transaction: Option<usize>,
    /// Server: publishes to be confirmed.
    pub(crate) to_confirm: Vec<u64>,
    /// Server: the number of the last publish.
    received: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) side: Side,
    pub(crate) over: bool,
    /// How the connection ended.
    pub(crate) ended_by: Option<Initiator>,
    /// The peer broke a rule that ends the connection.
    pub(crate) violated: bool,
    pub(crate) question: Option<Question>,
    pub(crate) blocked: bool,
    pub(crate) channels: [Shared<Channel>; CHANNELS],
    /// In this step: channels with events, a bit each, and the violation.
    pub(crate) touched: u8,
    pub(crate) violation: Option<Scope>,
}

impl Channel {
    /// An ack of deliveries was told (server) or sent (client).
    pub(crate) fn settle(&mut self, tag: u64, multiple: bool) {
        let before = self.unacked.len();
        settle(&mut self.unacked, tag, multiple);
        if let Some(acks) = &mut self.transaction {
            *acks += before - self.unacked.len();
        }
    }

    /// A request was told (server) or sent (client), and changes what acks mean.
    pub(crate) fn asked(&mut self, request: MethodKind) {
        match request {
            MethodKind::TxSelect => drop(self.transaction.get_or_insert(0)),
            MethodKind::TxCommit => self.transaction = self.transaction.map(|_| 0),
            _ => {}
        }
    }

    /// Before the end of the channel or the connection is told.
    fn check_resolved(&self) {
        let (requests, publishes) = (&self.requests, &self.unconfirmed);
        assert!(requests.is_empty(), "invariant 5: no outcome of {requests:?}");
        assert!(publishes.is_empty(), "invariant 5: no outcome of publishes {publishes:?}");
    }

    /// Deliveries whose ack hasn't come, or isn't committed.
    pub(crate) fn outstanding(&self) -> usize {
        self.unacked.len() + self.transaction.unwrap_or(0)
    }
}

impl Told {
    pub(crate) fn new(side: Side) -> Self {
        Self {
            side,
            over: false,
            ended_by: None,
            violated: false,
            question: None,
            blocked: false,
            channels: Default::default(),
            touched: 0,
            violation: None,
        }
    }

    /// Takes an event.
    pub(crate) fn take(&mut self, event: &Event, written: &mut Written) {
        assert!(!self.over, "invariant 2: after the terminal event: {event}");
        assert!(self.question.is_none() || matches!(event, Event::Closed(_)), "gate: {event}");
        if self.violated {
            // Framing can still be lost while close-ok is awaited.
            let end = matches!(
                event,
                Event::RequestFailed { .. }
                    | Event::Confirmed { .. }
                    | Event::Violation(_)
                    | Event::Closed(_)
            );
            assert!(end, "invariant 4: after a violation: {event}");
        }
        let channel = event.channel().map_or(0, |id| usize::from(id.number()));
        self.touched |= 1 << channel;
        match event {
            Event::Credentials(_) | Event::SaslResponse(_) => self.question = Some(Question::Login),
            Event::Challenge(_) => self.question = Some(Question::Challenge),
            Event::VirtualHost(_) => self.question = Some(Question::VirtualHost),
            Event::Connected => {
                assert!(!core::mem::replace(&mut written.connected, true), "connected twice");
            }
            Event::ChannelOpened(_) => self.opened(channel, written),
            Event::Reply { request, .. } => {
                self.open(channel, event);
                self.resolve(channel, *request, event);
            }
            Event::Request { token, method } => {
                self.open(channel, event);
                self.requested(channel, *token, method, written);
            }
            Event::Notice(method) if channel == 0 => match method.kind() {
                MethodKind::ConnectionBlocked => self.blocked = true,
                MethodKind::ConnectionUnblocked => self.blocked = false,
                _ => {}
            },
            Event::Notice(method) => {
                self.open(channel, event);
                self.noticed(channel, method, written);
            }
            Event::Content(content) => {
                self.open(channel, event);
                let announced = content.header().body_size;
                assert_eq!(content.body().len() as u64, announced, "the body of {event}");
                self.content(channel, content.method(), content.request(), written, event);
                self.publish_number(channel, content.publish_seq(), written);
                self.is_whole(channel, content);
            }
            Event::ContentStart(start) => {
                self.open(channel, event);
                self.content(channel, start.method(), start.request(), written, event);
                self.publish_number(channel, start.publish_seq(), written);
                self.channels[channel].parts = Some(start.body_size());
            }
            Event::ContentPart(part) => {
                self.open(channel, event);
                let left = self.channels[channel].parts.expect("a part of nothing");
                let left = left.checked_sub(part.octets.len() as u64).expect("too many octets");
                assert_eq!(part.last, left == 0, "the last part");
                self.channels[channel].parts = (!part.last).then_some(left);
            }
            Event::Confirmed { first, last, .. } => {
                let unconfirmed = &mut self.channels[channel].unconfirmed;
                for number in first.number()..=last.number() {
                    let place = unconfirmed.iter().position(|waiting| *waiting == number);
                    unconfirmed.remove(place.expect("confirmed twice"));
                }
            }
            Event::RequestFailed { request, .. } => self.resolve(channel, *request, event),
            Event::ChannelClosed { reason, .. } => self.closed(channel, reason, written),
            Event::Violation(violation) => self.violation(violation, written),
            Event::Closed(reason) => {
                self.channels.iter().for_each(|channel| channel.check_resolved());
                (self.over, self.question) = (true, None);
                self.ended_by = Some(reason.initiator);
            }
            _ => {}
        }
    }

    /// An event that only an open channel has.
    fn open(&self, channel: usize, event: &Event) {
        let stage = self.channels[channel].stage;
        assert!(stage == Stage::Open, "invariant 4: {event} on a channel that is {stage:?}");
    }

    fn opened(&mut self, channel: usize, written: &mut Written) {
        let known = &mut self.channels[channel];
        if self.side == Side::Client {
            assert_eq!(known.stage, Stage::Opening, "invariant 5: opened");
            known.stage = Stage::Open;
            return;
        }
        assert_eq!(known.stage, Stage::Absent, "invariant 5: opened");
        *known = Channel { stage: Stage::Open, ..Channel::default() }.into();
        written.channels[channel].begin();
    }

    fn closed(&mut self, channel: usize, reason: &CloseReason, written: &mut Written) {
        let known = &self.channels[channel];
        assert!(known.stage != Stage::Absent, "invariant 5: closed twice");
        known.check_resolved();
        let numbered = &mut written.channels[channel];
        if reason.initiator == Initiator::Peer {
            numbered.current().close_ok_due = true;
        } else {
            assert_eq!(known.stage, Stage::Closing, "closed by {}", reason.initiator as u8);
            assert!(numbered.close_oks_fed > 0, "invariant 5: closed without close-ok");
        }
        self.channels[channel] = Shared::default();
    }

    fn violation(&mut self, violation: &Violation, written: &mut Written) {
        self.violation = Some(violation.scope);
        match violation.scope {
            Scope::Channel(channel) => {
                self.closing(usize::from(channel));
                written.channels[usize::from(channel)].current().close_due = true;
            }
            _ => self.violated = true,
        }
    }

    /// Close of a channel goes out.
    pub(crate) fn closing(&mut self, channel: usize) {
        let known = &mut self.channels[channel];
        known.stage = Stage::Closing;
        known.owed.clear();
        known.parts = None;
    }

    fn resolve(&mut self, channel: usize, request: RequestId, event: &Event) {
        let requests = &mut self.channels[channel].requests;
        let place = requests.iter().position(|open| *open == request);
        requests.remove(place.unwrap_or_else(|| panic!("invariant 5: resolved twice: {event}")));
    }

    fn requested(
        &mut self,
        channel: usize,
        token: Option<ReplyToken>,
        method: &MethodEvent,
        written: &mut Written,
    ) {
        let kind = method.kind();
        if kind == MethodKind::ConfirmSelect {
            self.channels[channel].confirms = true;
        }
        self.channels[channel].asked(kind);
        let Some(token) = token else { return };
        self.channels[channel].owed.push_back((token, kind));
        let id = kind.id(amqp_proto::protocol::Dialect::V0_9_1).unwrap();
        written.channels[channel].current().asked.push_back((id.class_id, id.method_id));
    }

    fn noticed(&mut self, channel: usize, method: &MethodEvent, written: &mut Written) {
        let known = &mut self.channels[channel];
        match method.method() {
            Method::ChannelFlow(flow) => {
                known.flow_stopped = !flow.active;
                written.channels[channel].current().asked.push_back(FLOW);
            }
            Method::BasicAck(ack) if self.side == Side::Server => {
                let known_tag = known.unacked.contains(&ack.delivery_tag);
                assert!(known_tag || (ack.delivery_tag, ack.multiple) == (0, true), "an ack");
                known.settle(ack.delivery_tag, ack.multiple);
            }
            _ => {}
        }
    }

    /// The method of a content.
    fn content(
        &mut self,
        channel: usize,
        method: Method<'_>,
        request: Option<RequestId>,
        written: &mut Written,
        event: &Event,
    ) {
        if let Some(request) = request {
            self.resolve(channel, request, event);
        }
        let tag = match method {
            Method::BasicDeliver(deliver) => deliver.delivery_tag,
            Method::BasicGetOk(get_ok) => get_ok.delivery_tag,
            _ => return,
        };
        self.channels[channel].unacked.push(tag);
        written.channels[channel].current().unacked.push(tag);
    }

    fn publish_number(
        &mut self,
        channel: usize,
        number: Option<PublishSeq>,
        written: &mut Written,
    ) {
        let known = &mut self.channels[channel];
        assert_eq!(number.is_some(), known.confirms && self.side == Side::Server, "numbered");
        let Some(number) = number else { return };
        known.received += 1;
        assert_eq!(number.number(), known.received, "the number of a publish");
        known.to_confirm.push(number.number());
        written.channels[channel].current().unacked.push(number.number());
    }

    fn is_whole(&self, channel: usize, content: &Content) {
        assert_eq!(self.channels[channel].parts, None, "inside another content: {content}");
    }
}

/// What an ack leaves.
pub(crate) fn settle(unacked: &mut Vec<u64>, tag: u64, multiple: bool) {
    unacked.retain(|unacked| match multiple {
        true => tag != 0 && *unacked > tag,
        false => *unacked != tag,
    });
}
