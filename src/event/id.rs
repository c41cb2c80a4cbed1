//! Small names for channels, requests and publishes.

use core::fmt;
use core::num::NonZeroU16;

/// The number of a channel, 1 to 65,535.
///
/// ```
/// use amqp_proto::ChannelId;
///
/// assert_eq!(ChannelId::new(7).unwrap().number(), 7);
/// assert_eq!(ChannelId::new(0), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(NonZeroU16);

impl ChannelId {
    /// The channel with this number; `None` for 0, which is the connection's own.
    pub const fn new(number: u16) -> Option<Self> {
        match NonZeroU16::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number on the wire.
    pub const fn number(self) -> u16 {
        self.0.get()
    }

    pub(crate) const fn from_nonzero(number: NonZeroU16) -> Self {
        Self(number)
    }
}

impl fmt::Display for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A synchronous request of this side, unique within its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(crate) u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request {}", self.0)
    }
}

/// A synchronous request of the peer that waits for its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReplyToken {
    pub(crate) channel: ChannelId,
    pub(crate) serial: u64,
}

impl ReplyToken {
    /// The channel that the request came on.
    pub const fn channel(self) -> ChannelId {
        self.channel
    }
}

/// The number of a publish on its channel: 1, 2, 3… from confirm.select on (`CNF-01`), 0 before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublishSeq(pub(crate) u64);

impl PublishSeq {
    /// The number, which is also the delivery-tag of its confirm; 0: there will be no confirm.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// What has become of a publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fate {
    /// The server has taken responsibility for the message.
    Acked,
    /// The server couldn't.
    Nacked,
    /// The channel or the connection has ended before a confirm came (`CNF-06`).
    Unknown,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Acked => "acked",
            Self::Nacked => "nacked",
            Self::Unknown => "of unknown fate",
        })
    }
}

impl fmt::Display for PublishSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
