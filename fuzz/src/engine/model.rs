//! What an application remembers of its connection, and what has to hold of all that it is told.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use amqp_proto::protocol::{Method, MethodKind};
use amqp_proto::{
    ChannelId, Connection, Content, ContentStart, Credentials, Event, Phase, PublishSeq,
    ReplyToken, RequestId, Side,
};

/// What the application was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Login,
    Challenge,
    VirtualHost,
}

/// A request of the peer that has no reply yet.
#[derive(Clone, Debug)]
pub(super) struct Owed {
    pub(super) token: ReplyToken,
    pub(super) kind: MethodKind,
    /// The queue or consumer-tag that it names.
    pub(super) name: Vec<u8>,
}

/// What a command has done, as far as the application has to remember it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Nothing,
    Asked(Option<RequestId>),
    Published(ChannelId, u64),
    Answered(ChannelId),
    Settled {
        channel: ChannelId,
        tag: u64,
        multiple: bool,
    },
    /// A delivery, and whether it waits for an ack.
    Delivered {
        channel: ChannelId,
        tag: u64,
        needs_ack: bool,
    },
    /// A delivery that answers a get.
    Got {
        channel: ChannelId,
        tag: u64,
        needs_ack: bool,
    },
    /// This side has asked for transactions.
    Transacted(ChannelId, Option<RequestId>),
    Decided,
    /// This side has closed the channel.
    Left(ChannelId),
    Injected,
}

#[derive(Clone)]
pub(super) struct Model {
    side: Side,
    /// Something that only a decision lets go on.
    pub(super) question: Option<Question>,
    /// New secrets that are to be decided on.
    pub(super) secrets: usize,
    /// Requests of this side that have no outcome yet.
    requests: BTreeSet<RequestId>,
    /// The last request that was asked: numbers rise.
    last_request: Option<RequestId>,
    pub(super) owed: BTreeMap<ChannelId, VecDeque<Owed>>,
    /// A token that was used before.
    pub(super) stale: Option<ReplyToken>,
    /// Deliveries that were not acked (client), publishes that were not confirmed (server).
    pub(super) to_settle: BTreeMap<ChannelId, BTreeSet<u64>>,
    /// Publishes of this side without a confirm.
    unconfirmed: BTreeMap<ChannelId, BTreeSet<u64>>,
    /// Server: deliveries of this side without an ack.
    unacked: BTreeMap<ChannelId, BTreeSet<u64>>,
    /// Channels on which acks and confirms aren't counted here: with transactions, or recovering.
    uncounted: BTreeSet<ChannelId>,
    /// Bodies that come in parts: what is still to come.
    parts: BTreeMap<ChannelId, u64>,
    pub(super) endings: usize,
    /// Whether the body of a content came in parts.
    pub(super) is_streamed: bool,
}

impl Model {
    pub(super) const fn new(side: Side) -> Self {
        Self {
            side,
            question: None,
            secrets: 0,
            requests: BTreeSet::new(),
            last_request: None,
            owed: BTreeMap::new(),
            stale: None,
            to_settle: BTreeMap::new(),
            unconfirmed: BTreeMap::new(),
            unacked: BTreeMap::new(),
            uncounted: BTreeSet::new(),
            parts: BTreeMap::new(),
            endings: 0,
            is_streamed: false,
        }
    }

    pub(super) const fn is_over(&self) -> bool {
        self.endings > 0
    }

    /// The token of the oldest request on a channel that has no reply.
    pub(super) fn oldest(&self, channel: ChannelId) -> Option<ReplyToken> {
        self.owed.get(&channel)?.front().map(|owed| owed.token)
    }

    /// Takes note of an event, and holds it against what was asked and told before.
    pub(super) fn note(&mut self, event: &Event, phase: Phase) {
        assert!(!self.is_over(), "after the last event: {event}");
        match event {
            Event::Credentials(credentials) => {
                self.question = Some(Question::Login);
                check_login(credentials);
            }
            Event::SaslResponse(_) => self.question = Some(Question::Login),
            Event::Challenge(_) => self.question = Some(Question::Challenge),
            Event::VirtualHost(_) => self.question = Some(Question::VirtualHost),
            Event::UpdateSecret(_) => self.secrets += 1,
            Event::Reply { request, method } => {
                self.resolve(*request, event);
                assert_eq!(method.channel(), event.channel());
            }
            Event::RequestFailed { request, .. } => self.resolve(*request, event),
            Event::Content(content) => self.note_content(content, event),
            Event::ContentStart(start) => self.note_start(start, event),
            Event::ContentPart(part) => {
                let left = self.parts.get_mut(&part.channel);
                let left = left.unwrap_or_else(|| panic!("{event} without a content"));
                let len = part.octets.len() as u64;
                assert!(len <= *left, "{event}, where {left} octets are missing");
                *left -= len;
                assert!(!part.last || *left == 0, "{left} octets are missing behind {event}");
                if part.last {
                    self.parts.remove(&part.channel);
                }
            }
            Event::Notice(method) if self.side == Side::Server => {
                self.note_ack(method.channel(), &method.method());
            }
            Event::Request { token: Some(token), method } => {
                let uncounted = [MethodKind::TxSelect, MethodKind::BasicRecover];
                if uncounted.contains(&method.kind()) {
                    self.uncounted.insert(token.channel());
                }
                let name = name_in(&method.method());
                let owed = Owed { token: *token, kind: method.kind(), name };
                self.owed.entry(token.channel()).or_default().push_back(owed);
            }
            Event::Confirmed { channel, first, last, .. } => {
                let unconfirmed = self.unconfirmed.entry(*channel).or_default();
                for number in first.number()..=last.number() {
                    assert!(unconfirmed.remove(&number), "{event}");
                }
            }
            // A client may have asked for transactions before it is told that the channel is open.
            Event::ChannelOpened(channel) if self.side == Side::Server => self.forget(*channel),
            Event::ChannelClosed { channel, .. } => {
                self.forget(*channel);
                let left = self.unconfirmed.remove(channel).unwrap_or_default();
                assert!(left.is_empty(), "publishes without a fate: {left:?} {event}");
            }
            Event::Closed(_) => {
                self.endings += 1;
                assert!(self.requests.is_empty(), "without an outcome: {:?}", self.requests);
                assert!(self.unconfirmed.values().all(BTreeSet::is_empty), "without a fate");
                assert_eq!(phase, Phase::Closed);
                self.question = None;
            }
            _ => {}
        }
        if let Event::Reply { method, .. } | Event::Request { method, .. } | Event::Notice(method) =
            event
        {
            assert_eq!(method.method().kind(), method.kind());
            assert_eq!(method.to_detached(), *method);
        }
    }

    /// Takes note of what a command has done.
    pub(super) fn apply(&mut self, done: &Done) {
        match done {
            Done::Nothing | Done::Injected | Done::Asked(None) => {}
            Done::Asked(Some(request)) => {
                assert!(self.last_request < Some(*request), "{request} isn't new");
                self.last_request = Some(*request);
                self.requests.insert(*request);
            }
            Done::Published(channel, number) if *number > 0 => {
                let unconfirmed = self.unconfirmed.entry(*channel).or_default();
                assert!(unconfirmed.insert(*number), "publish {number} twice");
            }
            Done::Published(..) => {}
            Done::Answered(channel) => {
                let owed = self.owed.entry(*channel).or_default().pop_front();
                self.stale = owed.map(|owed| owed.token);
                assert!(self.stale.is_some(), "nothing was owed on {channel}");
            }
            Done::Settled { channel, tag, multiple } => {
                let open = self.to_settle.entry(*channel).or_default();
                match (*tag, *multiple) {
                    (0, true) => open.clear(),
                    (tag, true) => open.retain(|other| *other > tag),
                    (tag, false) => _ = open.remove(&tag),
                }
            }
            Done::Delivered { channel, tag, needs_ack: true } => {
                assert!(self.unacked.entry(*channel).or_default().insert(*tag), "tag {tag} twice");
            }
            Done::Delivered { .. } => {}
            Done::Got { channel, tag, needs_ack } => {
                let (channel, tag, needs_ack) = (*channel, *tag, *needs_ack);
                self.apply(&Done::Answered(channel));
                self.apply(&Done::Delivered { channel, tag, needs_ack });
            }
            Done::Transacted(channel, request) => {
                self.uncounted.insert(*channel);
                self.apply(&Done::Asked(*request));
            }
            Done::Decided if self.question.is_some() => self.question = None,
            Done::Decided => self.secrets -= 1,
            Done::Left(channel) => {
                self.owed.remove(channel);
            }
        }
    }

    /// What the engine counts is what was told, once all is polled.
    pub(super) fn check_counts(&self, connection: &mut Connection) {
        let channels: Vec<_> = connection.channels().collect();
        for id in channels {
            let channel = connection.channel(id).unwrap();
            let count = |of: &BTreeMap<_, BTreeSet<u64>>| of.get(&id).map_or(0, BTreeSet::len);
            if self.side == Side::Client {
                let unconfirmed = channel.unconfirmed() as usize;
                assert_eq!(unconfirmed, count(&self.unconfirmed), "unconfirmed on {id}");
            } else if !self.uncounted.contains(&id) {
                assert_eq!(channel.unacked(), count(&self.unacked), "unacked on {id}");
            }
        }
    }

    /// How many acks and confirms a channel waits for, where settling one takes one away.
    pub(super) fn settleable(&self, connection: &mut Connection, id: ChannelId) -> Option<u64> {
        let channel = connection.channel(id).ok()?;
        Some(match self.side {
            Side::Client if self.uncounted.contains(&id) => return None,
            Side::Client => channel.unacked() as u64,
            _ => channel.unconfirmed().into(),
        })
    }

    /// Server: an ack, nack or reject names deliveries that wait for it.
    fn note_ack(&mut self, channel: Option<ChannelId>, method: &Method<'_>) {
        let Some(channel) = channel else { return };
        let (tag, multiple) = match method {
            Method::BasicAck(ack) => (ack.delivery_tag, ack.multiple),
            Method::BasicNack(nack) => (nack.delivery_tag, nack.multiple),
            Method::BasicReject(reject) => (reject.delivery_tag, false),
            Method::BasicRecoverAsync(_) => {
                self.uncounted.insert(channel);
                return;
            }
            _ => return,
        };
        if self.uncounted.contains(&channel) {
            return;
        }
        let unacked = self.unacked.entry(channel).or_default();
        let is_known = unacked.contains(&tag) || (tag == 0 && multiple);
        assert!(is_known, "{method} on {channel}, where {unacked:?} wait");
        unacked.retain(|other| match (tag, multiple) {
            (0, _) => false,
            (tag, true) => *other > tag,
            (tag, false) => *other != tag,
        });
    }

    fn resolve(&mut self, request: RequestId, event: &Event) {
        assert!(self.requests.remove(&request), "not asked, or resolved before: {event}");
    }

    fn note_content(&mut self, content: &Content, event: &Event) {
        if let Some(request) = content.request() {
            self.resolve(request, event);
        }
        self.note_carrier(content.channel(), content.method(), content.publish_seq());
        assert_eq!(content.header().body_size, content.body().len() as u64, "{event}");
        assert_eq!(content.method().kind(), content.kind());
        let detached = content.to_detached();
        assert_eq!(detached, *content);
        assert_eq!(content.share_body(), content.body());
        let _ = (content.exchange(), content.routing_key(), content.is_one_of_several());
    }

    fn note_start(&mut self, start: &ContentStart, event: &Event) {
        self.is_streamed = true;
        if let Some(request) = start.request() {
            self.resolve(request, event);
        }
        self.note_carrier(start.channel(), start.method(), start.publish_seq());
        assert_eq!(start.to_detached(), *start);
        let before = self.parts.insert(start.channel(), start.body_size());
        assert_eq!(before, None, "a content inside of another");
    }

    fn note_carrier(&mut self, channel: ChannelId, method: Method<'_>, number: Option<PublishSeq>) {
        let tag = match (self.side, method) {
            (Side::Client, Method::BasicDeliver(deliver)) => Some(deliver.delivery_tag),
            (Side::Client, Method::BasicGetOk(get_ok)) => Some(get_ok.delivery_tag),
            (Side::Server, Method::BasicPublish(_)) => number.map(PublishSeq::number),
            _ => None,
        };
        if let Some(tag) = tag {
            // A hostile server may use a tag again, which it is told for.
            self.to_settle.entry(channel).or_default().insert(tag);
        }
    }

    /// A channel begins or ends: nothing is left of the one that had its number.
    fn forget(&mut self, channel: ChannelId) {
        self.owed.remove(&channel);
        self.to_settle.remove(&channel);
        self.unacked.remove(&channel);
        self.uncounted.remove(&channel);
        self.parts.remove(&channel);
    }
}

/// The parsers of mechanisms take whatever comes, and nothing that they read is shown.
fn check_login(credentials: &Credentials) {
    let Some(login) = credentials.login() else { return };
    let response = credentials.response();
    assert!(contains(response, login.user) && contains(response, login.password));
    assert!(format!("{login:?}").contains("***"));
}

pub(super) fn contains(octets: &[u8], part: &[u8]) -> bool {
    part.is_empty() || octets.windows(part.len()).any(|place| place == part)
}

/// The name that a reply has to name again.
fn name_in(request: &Method<'_>) -> Vec<u8> {
    match request {
        Method::BasicConsume(consume) => consume.consumer_tag.as_octets().into(),
        Method::BasicCancel(cancel) => cancel.consumer_tag.as_octets().into(),
        Method::QueueDeclare(declare) => declare.queue.as_octets().into(),
        _ => Vec::new(),
    }
}
