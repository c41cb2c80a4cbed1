//! What an application may ask of either role, by number.

use amqp_proto::protocol::{Method, MethodKind, Properties, PropertiesBuf, ReplyCode, basic};
use amqp_proto::wire::{TableBuf, TableLimits};
use amqp_proto::{ChannelId, Connection, Decision, Instant, PreparedPublish, Side, UsageError};
use bytes::Bytes;

use super::answers::reply_to;
use super::model::{Done, Model};
use super::say;
use crate::layout::{self, Filling};

/// The numbers of commands; each says what its two operands choose.
pub(crate) mod which {
    pub(crate) const OPEN_CHANNEL: u8 = 0;
    /// The channel of the step.
    pub(crate) const OPEN_NUMBER: u8 = 1;
    pub(crate) const ACCEPT: u8 = 2;
    /// A text.
    pub(crate) const REFUSE: u8 = 3;
    /// A length.
    pub(crate) const CHALLENGE: u8 = 4;
    /// A length.
    pub(crate) const RESPOND: u8 = 5;
    /// A text.
    pub(crate) const CLOSE: u8 = 6;
    /// A text, a method to blame.
    pub(crate) const CLOSE_FOR: u8 = 7;
    /// A text.
    pub(crate) const BLOCK: u8 = 8;
    pub(crate) const UNBLOCK: u8 = 9;
    /// A text.
    pub(crate) const REDIRECT: u8 = 10;
    /// A length, a text.
    pub(crate) const UPDATE_SECRET: u8 = 11;
    /// A length, an octet.
    pub(crate) const INJECT: u8 = 12;
    /// A text.
    pub(crate) const CLOSE_CHANNEL: u8 = 13;
    /// A text, a method to blame.
    pub(crate) const CLOSE_CHANNEL_FOR: u8 = 14;
    /// A method of this side, whether something is in its arguments.
    pub(crate) const METHOD: u8 = 15;
    /// A delivery-tag among those that are open (255: none of them), multiple.
    pub(crate) const ACK: u8 = 16;
    /// The same.
    pub(crate) const NACK: u8 = 17;
    /// The same.
    pub(crate) const REJECT: u8 = 18;
    /// Whether to requeue.
    pub(crate) const RECOVER_ASYNC: u8 = 19;
    /// A length; flags and properties.
    pub(crate) const PUBLISH: u8 = 20;
    /// The same.
    pub(crate) const PUBLISH_SHARED: u8 = 21;
    /// The same.
    pub(crate) const START_PUBLISH: u8 = 22;
    /// The same.
    pub(crate) const PUBLISH_PREPARED: u8 = 23;
    /// A length, 0: all that is missing; whether it is shared.
    pub(crate) const SEND_BODY: u8 = 24;
    /// A length; consumer-tag and properties.
    pub(crate) const DELIVER: u8 = 25;
    /// The same.
    pub(crate) const DELIVER_SHARED: u8 = 26;
    /// The same.
    pub(crate) const START_DELIVER: u8 = 27;
    /// A length; properties.
    pub(crate) const RETURN: u8 = 28;
    /// A length; which of the requests that are open.
    pub(crate) const GET_OK: u8 = 29;
    /// Which of the requests that are open; which of its replies, or one of another request.
    pub(crate) const REPLY: u8 = 30;
    /// A text.
    pub(crate) const FAIL: u8 = 31;
    /// A reply to what is answered already.
    pub(crate) const REPLY_AGAIN: u8 = 32;
    /// Reads all there is to read.
    pub(crate) const LOOK: u8 = 33;

    pub(crate) const COUNT: u8 = 34;
}

/// One command of a tape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Command {
    pub(super) which: u8,
    pub(super) channel: Option<ChannelId>,
    pub(super) first: u8,
    pub(super) second: u8,
}

/// Lengths of bodies and of what else may be long; the last are for the peer's claims alone.
pub(super) const LENGTHS: [u64; 16] = [
    0,
    1,
    4,
    10,
    100,
    101,
    1000,
    1024,
    1025,
    4088,
    4089,
    9000,
    30_000,
    70_000,
    16_777_217,
    u64::MAX,
];
const LONGEST: usize = 14;

pub(super) static ZEROS: [u8; 70_000] = [0; 70_000];

pub(super) fn octets(code: u8) -> &'static [u8] {
    let len = LENGTHS[usize::from(code) % LONGEST];
    &ZEROS[..usize::try_from(len).unwrap()]
}

/// Names and texts, some longer than a short string can be.
pub(super) fn text(code: u8) -> &'static str {
    const LONG: &str = match core::str::from_utf8(&[b'x'; 300]) {
        Ok(text) => text,
        Err(_) => "",
    };
    ["", "q", "c", "n", "text", &LONG[..20], &LONG[..255], &LONG[..256]][usize::from(code) % 8]
}

/// Properties, the last of which fill more than a small frame.
fn properties(code: u8) -> PropertiesBuf {
    let headers = |len| TableBuf::new().with("x", &*"y".repeat(len)).unwrap();
    match code % 4 {
        0 => PropertiesBuf::new(),
        1 => PropertiesBuf::new().with_delivery_mode(2).with_content_type("text/plain").unwrap(),
        2 => PropertiesBuf::new().with_headers(headers(100).as_table()).unwrap(),
        _ => PropertiesBuf::new().with_headers(headers(5000).as_table()).unwrap(),
    }
}

impl Command {
    /// Gives it. What is refused changes nothing.
    pub(super) fn give(
        self,
        connection: &mut Connection,
        model: &Model,
        now: Instant,
    ) -> Result<Done, UsageError> {
        let Self { first, second, .. } = self;
        let nothing = |()| Done::Nothing;
        let code = ReplyCode::NOT_ALLOWED;
        match self.which % which::COUNT {
            which::OPEN_CHANNEL => connection.open_channel().map(|_| Done::Nothing),
            which::OPEN_NUMBER => {
                let id = self.channel.or(ChannelId::new(u16::MAX)).unwrap();
                connection.open_channel_number(id).map(nothing)
            }
            which::ACCEPT => connection.decide(Decision::Accept).map(|()| Done::Decided),
            which::REFUSE => {
                let refuse =
                    Decision::Refuse { code: ReplyCode::ACCESS_REFUSED, text: text(first) };
                connection.decide(refuse).map(|()| Done::Decided)
            }
            which::CHALLENGE => {
                connection.decide(Decision::Challenge(octets(first))).map(|()| Done::Decided)
            }
            which::RESPOND => {
                connection.decide(Decision::Respond(octets(first))).map(|()| Done::Decided)
            }
            which::CLOSE => {
                connection.close(now, ReplyCode::REPLY_SUCCESS, text(first)).map(nothing)
            }
            which::CLOSE_FOR => {
                connection.close_for(now, kind(second), code, text(first)).map(nothing)
            }
            which::BLOCK => connection.block(text(first)).map(nothing),
            which::UNBLOCK => connection.unblock().map(nothing),
            which::REDIRECT => connection.redirect(text(first)).map(nothing),
            which::UPDATE_SECRET => {
                let asked = connection.update_secret(octets(first), text(second));
                asked.map(|request| Done::Asked(Some(request)))
            }
            which::INJECT => {
                let octets = &octets(first)[..octets(first).len().min(100)];
                connection.inject(&vec![second; octets.len()]);
                Ok(Done::Injected)
            }
            which::LOOK => {
                look(connection);
                Ok(Done::Nothing)
            }
            _ => match self.channel.or_else(|| first_channel(connection)) {
                Some(id) => self.on_channel(connection, id, model, now),
                None => Ok(Done::Nothing),
            },
        }
    }

    fn on_channel(
        self,
        connection: &mut Connection,
        id: ChannelId,
        model: &Model,
        now: Instant,
    ) -> Result<Done, UsageError> {
        let Self { first, second, .. } = self;
        let code = ReplyCode::NOT_FOUND;
        match self.which % which::COUNT {
            which::METHOD => {
                let payload = own_method(connection, first, second);
                let dialect = connection.dialect();
                match Method::decode(dialect, &payload, &TableLimits::DEFAULT) {
                    Ok(method) => say::say(connection, id, model, &method, now),
                    Err(error) => panic!("a well-formed {payload:?}: {error}"),
                }
            }
            which::CLOSE_CHANNEL => {
                connection.channel(id)?.close(code, text(first)).map(|()| Done::Left(id))
            }
            which::CLOSE_CHANNEL_FOR => {
                let closed = connection.channel(id)?.close_for(kind(second), code, text(first));
                closed.map(|()| Done::Left(id))
            }
            which::ACK | which::NACK | which::REJECT | which::RECOVER_ASYNC => {
                self.settle(connection, id, model, now)
            }
            which::PUBLISH..=which::RETURN => self.send(connection, id, model),
            which::GET_OK | which::REPLY | which::FAIL | which::REPLY_AGAIN => {
                self.answer(connection, id, model)
            }
            other => panic!("nobody carries out command {other}"),
        }
    }

    fn settle(
        self,
        connection: &mut Connection,
        id: ChannelId,
        model: &Model,
        now: Instant,
    ) -> Result<Done, UsageError> {
        let multiple = self.second & 1 != 0;
        let open: Vec<u64> = model.to_settle.get(&id).into_iter().flatten().copied().collect();
        let delivery_tag = match (self.first, open.len()) {
            (255, _) | (_, 0) => u64::from(self.second),
            (place, len) => open[usize::from(place) % len],
        };
        let requeue = self.second & 2 != 0;
        let method: Method<'_> = match self.which % which::COUNT {
            which::ACK => basic::Ack { delivery_tag, multiple }.into(),
            which::NACK => basic::Nack { delivery_tag, multiple, requeue }.into(),
            which::REJECT => basic::Reject { delivery_tag, requeue }.into(),
            _ => basic::RecoverAsync { requeue: self.first & 1 != 0 }.into(),
        };
        say::say(connection, id, model, &method, now)
    }

    /// Contents and what belongs to them.
    fn send(
        self,
        connection: &mut Connection,
        id: ChannelId,
        model: &Model,
    ) -> Result<Done, UsageError> {
        let Self { first, second, .. } = self;
        let (slice, properties) = (octets(first), properties(second >> 4));
        let shared = || Bytes::copy_from_slice(slice);
        let (mandatory, immediate) = (second & 1 != 0, second & 2 != 0);
        let key = text(second >> 2 & 3).into();
        let publish: Method<'_> =
            basic::Publish { routing_key: key, mandatory, immediate, ..Default::default() }.into();
        let deliver: Method<'_> = basic::Deliver {
            consumer_tag: text(second % 4 + 2).into(),
            routing_key: key,
            ..Default::default()
        }
        .into();
        let properties = properties.as_properties();
        match self.which % which::COUNT {
            which::PUBLISH => {
                say::say_content(connection, id, model, &publish, properties, slice, true)
            }
            which::PUBLISH_SHARED => {
                say::say_content(connection, id, model, &publish, properties, shared(), true)
            }
            which::START_PUBLISH => {
                say::say_content(connection, id, model, &publish, properties, slice, false)
            }
            which::PUBLISH_PREPARED => prepared(connection, id, &publish, properties, shared()),
            which::SEND_BODY => send_body(connection, id, first, second & 1 != 0),
            which::DELIVER => {
                say::say_content(connection, id, model, &deliver, properties, slice, true)
            }
            which::DELIVER_SHARED => {
                say::say_content(connection, id, model, &deliver, properties, shared(), true)
            }
            which::START_DELIVER => {
                say::say_content(connection, id, model, &deliver, properties, slice, false)
            }
            _ => {
                let returned: Method<'_> = basic::Return::default().into();
                say::say_content(connection, id, model, &returned, properties, slice, true)
            }
        }
    }

    fn answer(
        self,
        connection: &mut Connection,
        id: ChannelId,
        model: &Model,
    ) -> Result<Done, UsageError> {
        let Self { first, second, .. } = self;
        if self.which % which::COUNT == which::REPLY_AGAIN {
            let Some(token) = model.stale else { return Ok(Done::Nothing) };
            let reply = Method::empty(MethodKind::BasicQosOk);
            return say::reply(connection, token, &reply);
        }
        let place = match self.which % which::COUNT {
            which::GET_OK => second >> 4,
            _ => first,
        };
        let owed = model.owed.get(&id).filter(|owed| !owed.is_empty());
        let Some(owed) = owed.and_then(|owed| owed.get(usize::from(place) % owed.len())) else {
            return Ok(Done::Nothing);
        };
        match self.which % which::COUNT {
            which::GET_OK => {
                let body = octets(first);
                let mut channel = connection.channel(id)?;
                let method = basic::GetOk::default();
                say::answer_get(&mut channel, owed.token, &method, Properties::EMPTY, body)
            }
            which::FAIL => {
                let code = ReplyCode::NOT_FOUND;
                connection.channel(id)?.fail(owed.token, code, text(second))?;
                Ok(Done::Left(id))
            }
            _ => reply_to(connection, owed, second),
        }
    }
}

/// A well-formed method that this side may send.
fn own_method(connection: &Connection, index: u8, filling: u8) -> Vec<u8> {
    let own = match connection.side() {
        Side::Client => layout::Sender::Client,
        _ => layout::Sender::Server,
    };
    let filling = if filling & 1 == 0 { Filling::Empty } else { Filling::Something };
    layout::nth_of(connection.dialect(), own, usize::from(index)).payload(filling)
}

fn kind(index: u8) -> MethodKind {
    MethodKind::ALL[usize::from(index) % MethodKind::ALL.len()]
}

fn first_channel(connection: &Connection) -> Option<ChannelId> {
    connection.channels().min()
}

fn prepared(
    connection: &mut Connection,
    id: ChannelId,
    publish: &Method<'_>,
    properties: Properties<'_>,
    body: Bytes,
) -> Result<Done, UsageError> {
    let Method::BasicPublish(publish) = publish else { return Ok(Done::Nothing) };
    let prepared = PreparedPublish::new(publish, properties)?;
    assert_eq!((prepared.method(), prepared.properties()), (*publish, properties));
    let number = connection.channel(id)?.publish_prepared(&prepared, body)?;
    Ok(Done::Published(id, number.number()))
}

pub(super) fn send_body(
    connection: &mut Connection,
    id: ChannelId,
    first: u8,
    is_shared: bool,
) -> Result<Done, UsageError> {
    let mut channel = connection.channel(id)?;
    let missing = usize::try_from(channel.missing_body().unwrap_or(0)).unwrap();
    let part = match first {
        0 => &ZEROS[..missing.min(ZEROS.len())],
        1 => &ZEROS[..4],
        2 => &ZEROS[..(missing + 1).min(ZEROS.len())],
        code => octets(code),
    };
    match is_shared {
        true => channel.send_body(Bytes::copy_from_slice(part))?,
        false => channel.send_body(part)?,
    }
    Ok(Done::Nothing)
}

/// Reads everything that can be read, and takes a copy apart.
fn look(connection: &mut Connection) {
    let _ = (connection.side(), connection.profile().name, connection.capabilities());
    let _ = (connection.is_blocked(), connection.is_writable(), connection.wants_input());
    assert!(connection.frame_max() >= 4096);
    let _ = connection.peer_properties().to_string();
    let channels: Vec<_> = connection.channels().collect();
    let (mut unconfirmed, mut unacked) = (0, 0);
    for id in channels {
        let channel = connection.channel(id).unwrap();
        assert_eq!(channel.id(), id);
        unconfirmed += u64::from(channel.unconfirmed());
        unacked += channel.unacked() as u64;
        let _ = (channel.qos(), channel.last_queue(), channel.is_flow_stopped());
        let _ = (channel.pending_requests(), channel.missing_body(), format!("{channel:?}"));
    }
    assert!(unconfirmed <= connection.unconfirmed() && unacked <= connection.unacked());
    let unsent = connection.unsent();
    let parts = connection.clone().into_parts();
    assert!(parts.unsent.len() >= unsent.min(1), "{unsent} octets wait");
    assert_eq!((parts.dialect, parts.phase), (connection.dialect(), connection.phase()));
    let _ = format!("{parts:?}");
}
