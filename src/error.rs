//! Whose fault it was: yours ([`UsageError`]), theirs ([`Violation`]), and how it ended
//! ([`CloseReason`]).

use alloc::string::String;
use core::fmt;

use crate::frame::{FrameType, PeerProtocol};
use crate::profile::Unsupported;
use crate::protocol::{Dialect, MethodId, MethodKind, ReplyCode};
use crate::text::OneLine;
use crate::wire::{DecodeError, EncodeError, ShortStr};

/// A command that can't be carried out now; nothing has changed.
///
/// ```
/// use amqp_proto::{ClientConfig, Connection, Instant, UsageError};
///
/// let mut client = Connection::client(ClientConfig::default(), Instant::ORIGIN);
/// let refused = client.open_channel().unwrap_err();
/// assert!(matches!(refused, UsageError::ConnectionPhase { .. }));
/// assert_eq!(refused.to_string(), "channel.open can't be sent while the connection is in phase start");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// The connection is in a phase in which this can't be sent.
    #[error("{method} can't be sent while the connection is in phase {phase}")]
    ConnectionPhase {
        /// What was to be sent.
        method: &'static str,
        /// The phase of the connection.
        phase: &'static str,
    },
    /// The channel isn't open, or is closing.
    #[error("{method} can't be sent while channel {channel} is {phase}")]
    ChannelPhase {
        /// What was to be sent.
        method: &'static str,
        /// The channel's number.
        channel: u16,
        /// The phase of the channel.
        phase: &'static str,
    },
    /// There is no such channel.
    #[error("channel {channel} isn't open: open_channel gives the number of one that is")]
    UnknownChannel {
        /// The number that was asked for.
        channel: u16,
    },
    /// The method belongs to the other role.
    #[error("{method} is for the other side to send")]
    WrongSide {
        /// What was to be sent.
        method: &'static str,
    },
    /// Every channel number up to channel-max is taken.
    #[error("all {channel_max} channels are in use")]
    NoFreeChannel {
        /// The agreed channel-max.
        channel_max: u16,
    },
    /// The method can't be written: a string is too long, a frame too large, or the dialect lacks it.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A content is still being sent on this channel; finish it first (`CNT-04`).
    #[error("{method} can't be sent inside a content: {missing} body octets are still to come")]
    ContentOpen {
        /// What was to be sent.
        method: &'static str,
        /// Body octets that were announced and not sent yet.
        missing: u64,
    },
    /// Body octets were given while no content is open.
    #[error("no content is open on channel {channel}")]
    NoContentOpen {
        /// The channel's number.
        channel: u16,
    },
    /// More body octets than the content header announced.
    #[error("{given} body octets given where {missing} are missing")]
    BodyTooLong {
        /// Octets that are missing.
        missing: u64,
        /// Octets that were given.
        given: u64,
    },
    /// The body is larger than [`Limits::max_publish`](crate::Limits::max_publish).
    #[error("a body of {size} octets is above the limit of {limit}")]
    BodyTooLarge {
        /// The body's size in octets.
        size: u64,
        /// The limit in octets.
        limit: u64,
    },
    /// Too much output is waiting; write out [`transmit`](crate::Connection::transmit) first.
    #[error(
        "{unsent} octets of output wait, the limit is {limit}: write out transmit() and try again"
    )]
    Full {
        /// Octets that wait.
        unsent: usize,
        /// The limit in octets.
        limit: usize,
    },
    /// Too many requests are unanswered on this channel.
    #[error("{limit} requests wait for their reply on this channel")]
    TooManyRequests {
        /// The limit.
        limit: u32,
    },
    /// Too many publishes wait for their confirm on this channel.
    #[error("{limit} publishes wait for their confirm on this channel")]
    TooManyUnconfirmed {
        /// The limit.
        limit: u32,
    },
    /// Too many deliveries wait for their ack on this channel.
    #[error("{limit} deliveries wait for their ack on this channel")]
    TooManyUnacked {
        /// The limit.
        limit: u32,
    },
    /// The transaction of this channel has acked so many deliveries that it has to be ended first.
    #[error("{limit} acks wait for their commit on this channel")]
    TooManyUncommitted {
        /// The limit.
        limit: u32,
    },
    /// Too many consumers on this channel.
    #[error("there are {limit} consumers on this channel already")]
    TooManyConsumers {
        /// The limit.
        limit: u32,
    },
    /// Too many consumers on all channels together.
    #[error("there are {limit} consumers on this connection already")]
    TooManyConsumersInAll {
        /// The limit.
        limit: u32,
    },
    /// No delivery that waits for its ack has this tag (`ACK-01` to `ACK-04`).
    #[error("no delivery with tag {delivery_tag} waits for an ack on channel {channel}")]
    UnknownDelivery {
        /// The channel's number.
        channel: u16,
        /// The tag that was given.
        delivery_tag: u64,
    },
    /// No publish that waits for its confirm has this number (`CNF-03`).
    #[error("no publish with number {delivery_tag} waits for a confirm on channel {channel}")]
    UnknownPublish {
        /// The channel's number.
        channel: u16,
        /// The number that was given.
        delivery_tag: u64,
    },
    /// No consumer of this channel has this tag, or its consume-ok hasn't been sent (`BAS-01`).
    #[error("no consumer on channel {channel} has this tag")]
    UnknownConsumer {
        /// The channel's number.
        channel: u16,
    },
    /// Another consumer of this channel has this tag (`NAM-07`).
    #[error("another consumer on channel {channel} has this tag")]
    ConsumerTagInUse {
        /// The channel's number.
        channel: u16,
    },
    /// The name of the queue is empty, which stands for the one declared last, and none was declared on
    /// this channel (`NAM-05`).
    #[error("{method} needs a queue: none was declared on channel {channel}")]
    NoQueueDeclared {
        /// What was to be sent.
        method: &'static str,
        /// The channel's number.
        channel: u16,
    },
    /// Confirms and transactions exclude each other, and only a transaction can be ended (`CNF-05`,
    /// `TX-01`).
    #[error("{method} can't be sent on channel {channel}, which is {mode}")]
    ChannelMode {
        /// What was to be sent.
        method: &'static str,
        /// The channel's number.
        channel: u16,
        /// What the channel is in.
        mode: &'static str,
    },
    /// The peer has stopped contents with channel.flow (`FLW-01`).
    #[error("the peer has stopped contents on channel {channel} by channel.flow")]
    FlowStopped {
        /// The channel's number.
        channel: u16,
    },
    /// The server has blocked publishing with connection.blocked (`FLW-03`).
    #[error("the server has blocked publishing by connection.blocked")]
    Blocked,
    /// A name is needed: a request with no-wait that leaves the choice to the server would never learn it,
    /// and a reply has to tell the choice (`SYN-07`).
    #[error("{method} needs a name: nothing else would tell it")]
    NameNeeded {
        /// What was to be sent.
        method: &'static str,
    },
    /// The peer didn't announce the capability that this method needs.
    #[error("{method} needs the peer's capability {capability}")]
    CapabilityMissing {
        /// What was to be sent.
        method: &'static str,
        /// The capability's name.
        capability: &'static str,
    },
    /// The peer is known to refuse this, or to take it for something else
    /// ([`Profile::refuses`](crate::Profile::refuses)).
    #[error("{peer} doesn't take {what}")]
    PeerRefuses {
        /// What was to be sent.
        what: Unsupported,
        /// The name of the profile.
        peer: &'static str,
    },
    /// The token isn't that of the oldest unanswered request of its channel.
    #[error("this request of channel {channel} is answered already, or an older one isn't")]
    NotOldestRequest {
        /// The channel's number.
        channel: u16,
    },
    /// The reply doesn't belong to the request.
    #[error("{reply} doesn't answer {request}")]
    WrongReply {
        /// The request.
        request: &'static str,
        /// The reply that was given.
        reply: &'static str,
    },
    /// Nothing waits for a decision.
    #[error("nothing waits for a decision")]
    NothingToDecide,
    /// The decision doesn't fit the question.
    #[error("{decision} doesn't answer {question}")]
    WrongDecision {
        /// What waits for a decision.
        question: &'static str,
        /// What was decided.
        decision: &'static str,
    },
}

/// What a violation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// The whole connection.
    Connection,
    /// One channel.
    Channel(u16),
}

/// What was found where something else was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Got {
    /// Octets that can't be decoded.
    Malformed(DecodeError),
    /// A method that may not come now.
    Method(MethodKind),
    /// A method that the dialect doesn't know.
    UnknownMethod(MethodId),
    /// A frame that may not come now.
    Frame(FrameType),
    /// A number outside its range.
    Number(u64),
    /// Something that words describe best.
    Text(&'static str),
}

impl fmt::Display for Got {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::Method(kind) => f.write_str(kind.name()),
            Self::UnknownMethod(id) => write!(f, "method {}.{}", id.class_id, id.method_id),
            Self::Frame(frame_type) => write!(f, "a {frame_type} frame"),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A rule that the peer broke.
///
/// `Display` gives one line of at most 255 octets, the text that the peer is sent in its Close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// What ends by it.
    pub scope: Scope,
    /// The reply code that names it.
    pub reply_code: ReplyCode,
    /// The rule's id in [the rule book](crate::rules), for example `FRM-06`.
    pub rule: &'static str,
    /// What the rule expects.
    pub expected: &'static str,
    /// What came instead.
    pub got: Got,
    /// The channel of the offending frame.
    pub channel: u16,
    /// The offending method, or 0,0 where it was not a method.
    pub method: MethodId,
    /// Octets of the stream before the offending frame, counted from the protocol header on.
    pub offset: u64,
}

impl core::error::Error for Violation {}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, got {}", self.rule, self.expected, self.got)?;
        if self.method != MethodId::default() && !matches!(self.got, Got::Method(_)) {
            match MethodKind::from_id(Dialect::V0_9_1, self.method) {
                Some(kind) => write!(f, " in {kind}")?,
                None => write!(f, " in method {}", self.method)?,
            }
        }
        if self.channel != 0 {
            write!(f, " on channel {}", self.channel)?;
        }
        write!(f, " at octet {}", self.offset)
    }
}

/// Who ended a channel or a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Initiator {
    /// The application on this side.
    Local,
    /// The peer, by a Close.
    Peer,
    /// This library, because the peer broke a rule.
    Library,
    /// The transport or the clock: the stream ended or the peer fell silent.
    Transport,
}

/// Why a channel or the connection ended without an orderly Close from either application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseDetail {
    /// There is nothing to add to code and text.
    None,
    /// The stream ended; what was awaited then (`CLS-10`).
    EndOfStream {
        /// What the peer should have sent.
        awaited: &'static str,
    },
    /// The handshake took longer than allowed (`HS-16`).
    HandshakeTimeout {
        /// What the peer should have sent.
        awaited: &'static str,
    },
    /// Nothing came for two heartbeat intervals (`HB-07`).
    HeartbeatLoss,
    /// Close-ok didn't come in time (`CLS-09`).
    CloseTimeout,
    /// The peer answered the protocol header with something else (`HDR-03`, `HDR-05`), or, on the
    /// server side, began with something else.
    OtherProtocol(PeerProtocol),
    /// No SASL mechanism suits both sides (`HS-03`).
    NoCommonMechanism,
    /// The server refused the login; a client that can't be told just sees the stream end (`HS-02`).
    LoginRefused,
    /// The server refused what tune-ok asks for (`TUN-05`).
    TuningRefused,
    /// The server refused the virtual host (`HS-14`).
    VirtualHostRefused,
    /// The server asks to use another host; the text names it.
    Redirected,
}

/// How a channel or the connection ended. `Display` gives one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseReason {
    /// Who ended it.
    pub initiator: Initiator,
    /// The reply code of the Close, or the one that would have been sent.
    pub reply_code: ReplyCode,
    /// The reply text.
    pub text: String,
    /// The method that the Close blames, or 0,0.
    pub method: MethodId,
    /// More, where there was no orderly Close.
    pub detail: CloseDetail,
}

impl CloseReason {
    pub(crate) fn new(initiator: Initiator, reply_code: ReplyCode, text: String) -> Self {
        Self { initiator, reply_code, text, method: MethodId::default(), detail: CloseDetail::None }
    }

    /// What a Close of the peer says.
    pub(crate) fn of_peer(
        reply_code: ReplyCode,
        reply_text: ShortStr<'_>,
        (class_id, method_id): (u16, u16),
    ) -> Self {
        let text = String::from_utf8_lossy(reply_text.as_octets()).into_owned();
        let method = MethodId { class_id, method_id };
        Self { method, ..Self::new(Initiator::Peer, reply_code, text) }
    }

    pub(crate) fn with_detail(mut self, detail: CloseDetail) -> Self {
        self.detail = detail;
        self
    }
}

impl core::error::Error for CloseReason {}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = OneLine(&self.text);
        match self.detail {
            CloseDetail::EndOfStream { awaited: "connection.close" } => {
                return f.write_str("the peer ended the stream without closing the connection");
            }
            CloseDetail::EndOfStream { awaited } if self.initiator == Initiator::Transport => {
                return write!(f, "the peer ended the stream while {awaited} was awaited");
            }
            CloseDetail::HandshakeTimeout { awaited } => {
                return write!(f, "the handshake timed out while {awaited} was awaited");
            }
            CloseDetail::HeartbeatLoss => {
                return f.write_str("nothing came from the peer for two heartbeat intervals");
            }
            CloseDetail::OtherProtocol(PeerProtocol::Amqp(header))
                if self.initiator == Initiator::Library =>
            {
                return write!(f, "the peer asked for {header}, which isn't served");
            }
            CloseDetail::OtherProtocol(protocol) => return write_other_protocol(f, protocol),
            CloseDetail::NoCommonMechanism => {
                return write!(f, "no SASL mechanism suits both sides: {text}");
            }
            CloseDetail::LoginRefused => return write!(f, "the login was refused: {text}"),
            CloseDetail::TuningRefused => return write!(f, "the tuning was refused: {text}"),
            CloseDetail::VirtualHostRefused => {
                return write!(f, "the virtual host was refused: {text}");
            }
            CloseDetail::Redirected => {
                return write!(f, "the server asks to use another host: {text}");
            }
            CloseDetail::EndOfStream { .. } | CloseDetail::CloseTimeout | CloseDetail::None => {}
        }
        let who = match self.initiator {
            Initiator::Local => "closed locally",
            Initiator::Peer => "closed by the peer",
            Initiator::Library => "closed after a fault of the peer",
            Initiator::Transport => "ended by the transport",
        };
        write!(f, "{who} with {}", self.reply_code)?;
        if !self.text.is_empty() {
            write!(f, ": {text}")?;
        }
        match self.detail {
            CloseDetail::CloseTimeout => f.write_str(" (close-ok didn't come in time)"),
            CloseDetail::EndOfStream { awaited } => {
                write!(f, " (the stream ended while {awaited} was awaited)")
            }
            _ => Ok(()),
        }
    }
}

fn write_other_protocol(f: &mut fmt::Formatter<'_>, protocol: PeerProtocol) -> fmt::Result {
    match protocol {
        PeerProtocol::Amqp(header) => {
            write!(f, "the peer refused the protocol version and offers {header}")
        }
        PeerProtocol::Http => f.write_str("the peer speaks HTTP, not AMQP"),
        PeerProtocol::Tls => f.write_str("the peer speaks TLS, not plain AMQP"),
        PeerProtocol::Stomp => f.write_str("the peer speaks STOMP, not AMQP"),
        PeerProtocol::Mqtt => f.write_str("the peer speaks MQTT, not AMQP"),
        PeerProtocol::Ssh => f.write_str("the peer speaks SSH, not AMQP"),
        _ => f.write_str("the peer doesn't speak AMQP"),
    }
}
