//! What can go wrong on the tour, each told in one sentence.

use std::io;

use amqp_proto::wire::EncodeError;
use amqp_proto::{CloseDetail, CloseReason, UsageError};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("usage: tour [amqp://user:password@host:port/virtual-host]")]
    Arguments,
    #[error("not a URL such as amqp://user:password@host:5672/virtual-host: {0}")]
    Syntax(#[from] url::ParseError),
    #[error("the URL can't be used: {0}")]
    Url(String),
    #[error("can't connect to {host} port {port}: {error}")]
    Connect { host: String, port: u16, error: io::Error },
    #[error("the connection broke: {0}")]
    Transport(#[from] io::Error),
    #[error("the server refused the login: {0}")]
    Login(String),
    #[error("the server refused the virtual host: {0}")]
    VirtualHost(String),
    #[error("the connection is over: {0}")]
    Closed(Box<CloseReason>),
    #[error("the channel is over: {0}")]
    ChannelClosed(Box<CloseReason>),
    #[error("the server did not take responsibility for a message")]
    Nacked,
    #[error("the tour got stuck at step {0}")]
    Stuck(usize),
    #[error(transparent)]
    Usage(#[from] UsageError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl Failure {
    /// The connection ended before the handshake did.
    pub(crate) fn of_handshake(reason: Box<CloseReason>) -> Self {
        match reason.detail {
            CloseDetail::LoginRefused => Self::Login(reason.text),
            CloseDetail::VirtualHostRefused => Self::VirtualHost(reason.text),
            _ => Self::Closed(reason),
        }
    }
}
