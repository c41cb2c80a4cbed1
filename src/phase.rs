//! Which role this is, and how far the connection has come.

use core::fmt;

use crate::protocol::Senders;

/// A role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Side {
    /// Begins the connection, publishes and consumes.
    Client,
    /// Accepts the connection and routes messages.
    Server,
}

impl Side {
    /// The other role.
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// Whether a method with these senders is this role's to send.
    #[inline]
    pub(crate) const fn sends(self, senders: Senders) -> bool {
        // Not a match: the compiler makes a load of it, even where the senders are known to it.
        let is_client = matches!(self, Self::Client);
        (is_client & senders.client()) | (!is_client & senders.server())
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

/// How far a connection has come; the same names in both roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Server: the protocol header is awaited.
    Header,
    /// connection.start has been sent (server) or is awaited (client).
    Start,
    /// The login is going on.
    Secure,
    /// Server: connection.tune has been sent, tune-ok is awaited.
    Tune,
    /// connection.open has been sent (client) or is awaited or to be decided (server).
    Opening,
    /// Channels can be used.
    Open,
    /// A Close has been sent; close-ok is awaited.
    Closing,
    /// It is over.
    Closed,
}

impl Phase {
    /// The phase's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Start => "start",
            Self::Secure => "secure",
            Self::Tune => "tune",
            Self::Opening => "opening",
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
