//! What is measured: a client, an operation and a size of body.

use std::fmt;
use std::str::FromStr;

use anyhow::{Error, bail};

/// Publishes in flight before their confirms are awaited.
pub(crate) const CONFIRM_BATCH: u64 = 1000;

/// Deliveries that one ack covers.
pub(crate) const ACK_EVERY: u64 = 100;

/// Deliveries that the broker may have on their way unacked. No more than ten acks' worth, as a consumer
/// would ask for that wants to lose little; the same for all clients.
pub(crate) const PREFETCH: u16 = 1000;

/// Octets of a body.
pub(crate) const SIZES: [usize; 2] = [64, 1024];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    Engine,
    RabbitmqC,
    Lapin,
}

impl Client {
    pub(crate) const ALL: [Self; 3] = [Self::Engine, Self::RabbitmqC, Self::Lapin];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Publish,
    PublishConfirms,
    ConsumeAutoAck,
    ConsumeAcks,
}

impl Operation {
    pub(crate) const ALL: [Self; 4] =
        [Self::Publish, Self::PublishConfirms, Self::ConsumeAutoAck, Self::ConsumeAcks];

    pub(crate) const fn publishes(self) -> bool {
        matches!(self, Self::Publish | Self::PublishConfirms)
    }

    /// For the report.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Publish => "publish, no confirms",
            Self::PublishConfirms => "publish, confirms per 1,000",
            Self::ConsumeAutoAck => "consume, auto-ack",
            Self::ConsumeAcks => "consume, multiple ack per 100",
        }
    }
}

/// What one child process does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) client: Client,
    pub(crate) operation: Operation,
    pub(crate) size: usize,
    pub(crate) messages: u64,
    pub(crate) queue: String,
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Engine => "amqp-proto",
            Self::RabbitmqC => "rabbitmq-c",
            Self::Lapin => "lapin",
        })
    }
}

impl FromStr for Client {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match Self::ALL.into_iter().find(|client| client.to_string() == text) {
            Some(client) => Ok(client),
            None => bail!("no such client: {text}"),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Publish => "publish",
            Self::PublishConfirms => "publish-confirms",
            Self::ConsumeAutoAck => "consume-auto-ack",
            Self::ConsumeAcks => "consume-acks",
        })
    }
}

impl FromStr for Operation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match Self::ALL.into_iter().find(|operation| operation.to_string() == text) {
            Some(operation) => Ok(operation),
            None => bail!("no such operation: {text}"),
        }
    }
}
