//! What happens, as values that own the received octets: at most two shared buffers each.

mod content;
mod id;
mod method;
mod octets;
mod queue;

pub use content::{Content, ContentPart, ContentStart};
pub(crate) use content::{Head, ONE_OF_SEVERAL};
pub use id::{ChannelId, Fate, PublishSeq, ReplyToken, RequestId};
pub use method::{Challenge, Credentials, MethodEvent, SaslResponse, UpdateSecret, VirtualHost};
pub(crate) use octets::Octets;
pub(crate) use queue::Events;

use alloc::boxed::Box;
use core::fmt;

use crate::error::{CloseReason, Scope, Violation};

/// Something that has happened, in the order of the stream.
///
/// Values are read from the received octets on access. An event that is held pins the read buffer
/// that it came from; [`MethodEvent::to_detached`] and [`Content::to_detached`] copy it out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Server: a client wants to log in. Nothing more is handed out until
    /// [`decide`](crate::Connection::decide): accept, challenge or refuse.
    Credentials(Credentials),
    /// Server: the answer to a challenge. To be decided like [`Credentials`](Self::Credentials).
    SaslResponse(SaslResponse),
    /// Client: a challenge that the mechanism leaves to the application. To be answered by
    /// [`decide`](crate::Connection::decide) with [`Decision::Respond`](crate::Decision::Respond).
    Challenge(Challenge),
    /// Server: the client wants to open a virtual host; to be decided by accept or refuse.
    VirtualHost(VirtualHost),
    /// Server: the client has a new secret. To be accepted or refused by
    /// [`decide`](crate::Connection::decide), which nothing else waits for.
    UpdateSecret(UpdateSecret),
    /// The handshake is over; channels can be opened.
    Connected,
    /// A channel is open: the server has confirmed it (client), the client has asked for it (server).
    ChannelOpened(ChannelId),
    /// The reply to a request of this side.
    Reply {
        /// The request that it answers.
        request: RequestId,
        /// The reply.
        method: MethodEvent,
    },
    /// A request of the peer that wants a reply by [`Channel::reply`](crate::Channel::reply), or none
    /// where there is no token (no-wait).
    Request {
        /// What the reply has to name; `None`: no reply is wanted.
        token: Option<ReplyToken>,
        /// The request.
        method: MethodEvent,
    },
    /// A method that needs no reply from the application.
    ///
    /// * On a server an ack, nack or reject: it names deliveries that waited for it (`ACK-01`). With
    ///   `multiple` it settles all of the channel up to its delivery-tag, or all so far if that is 0.
    ///   And basic.recover-async: what the channel hasn't acked is to be delivered anew.
    /// * On a client connection.blocked and unblocked (`FLW-03`), and a cancel-ok that no request waits
    ///   for: a consumer has ended by itself, as Broker-J's browsers do.
    /// * On both channel.flow: contents are to stop on that channel, or may go on (`FLW-01`).
    Notice(MethodEvent),
    /// A whole content: a publish, delivery, return or get-ok with header and body.
    ///
    /// A body above [`Limits::whole_body`](crate::Limits::whole_body) comes in parts instead, and one for
    /// which [`Limits::unfinished_contents`](crate::Limits::unfinished_contents) leaves no room.
    Content(Content),
    /// The beginning of a content whose body comes in parts.
    ContentStart(ContentStart),
    /// A part of the body of the content that began last on its channel.
    ContentPart(ContentPart),
    /// The fate of one or several publishes in a row.
    Confirmed {
        /// The channel.
        channel: ChannelId,
        /// The first publish.
        first: PublishSeq,
        /// The last publish.
        last: PublishSeq,
        /// What has become of them.
        fate: Fate,
    },
    /// A request that will never be answered, because its channel or the connection ends.
    RequestFailed {
        /// The channel, or `None` for a request of the whole connection.
        channel: Option<ChannelId>,
        /// The request.
        request: RequestId,
    },
    /// A channel is closed and its number free again: at once, or, where the peer has closed it inside
    /// a content of this side, when the rest of that is transmitted.
    ChannelClosed {
        /// The channel.
        channel: ChannelId,
        /// Who closed it, and why.
        reason: Box<CloseReason>,
    },
    /// The peer did something wrong that has no consequence.
    Irregular(Box<Violation>),
    /// The peer broke a rule; the channel or the connection ends by it.
    Violation(Box<Violation>),
    /// The last event: the connection has ended. Write out what
    /// [`transmit`](crate::Connection::transmit) still holds and close the transport.
    Closed(Box<CloseReason>),
}

impl Event {
    /// The channel that it is about; `None` for what concerns the whole connection.
    pub fn channel(&self) -> Option<ChannelId> {
        match self {
            Self::ChannelOpened(channel)
            | Self::Confirmed { channel, .. }
            | Self::ChannelClosed { channel, .. } => Some(*channel),
            Self::Reply { method, .. } | Self::Request { method, .. } | Self::Notice(method) => {
                method.channel()
            }
            Self::Content(content) => Some(content.channel()),
            Self::ContentStart(start) => Some(start.channel()),
            Self::ContentPart(part) => Some(part.channel),
            Self::RequestFailed { channel, .. } => *channel,
            Self::Irregular(violation) | Self::Violation(violation) => match violation.scope {
                Scope::Channel(channel) => ChannelId::new(channel),
                Scope::Connection => None,
            },
            _ => None,
        }
    }
}

const _: () = assert!(size_of::<Event>() <= 88 || size_of::<usize>() != 8);

/// One line, secrets masked.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credentials(event) => write!(f, "credentials: {}", event.start_ok()),
            Self::SaslResponse(_) => f.write_str("sasl response: ***"),
            Self::Challenge(_) => f.write_str("challenge: ***"),
            Self::VirtualHost(event) => write!(f, "virtual host: {}", event.open()),
            Self::UpdateSecret(event) => write!(f, "new secret: *** ({})", event.reason()),
            Self::Connected => f.write_str("connected"),
            Self::ChannelOpened(channel) => write!(f, "channel {channel} opened"),
            Self::Reply { request, method } => write!(f, "reply to {request}: {method}"),
            Self::Request { token: Some(_), method } => write!(f, "request: {method}"),
            Self::Request { token: None, method } => write!(f, "request, no reply: {method}"),
            Self::Notice(method) => write!(f, "notice: {method}"),
            Self::Content(content) => write!(f, "content: {content}"),
            Self::ContentStart(start) => write!(f, "content begins: {start}"),
            Self::ContentPart(part) => write!(f, "content part: {part}"),
            Self::Confirmed { channel, first, last, fate } => {
                if first == last {
                    write!(f, "channel {channel} publish {first} {fate}")
                } else {
                    write!(f, "channel {channel} publishes {first} to {last} {fate}")
                }
            }
            Self::RequestFailed { request, .. } => write!(f, "{request} will not be answered"),
            Self::ChannelClosed { channel, reason } => {
                write!(f, "channel {channel} closed: {reason}")
            }
            Self::Irregular(violation) => write!(f, "irregular: {violation}"),
            Self::Violation(violation) => write!(f, "violation: {violation}"),
            Self::Closed(reason) => write!(f, "connection over: {reason}"),
        }
    }
}
