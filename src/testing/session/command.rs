use crate::protocol::PropertiesBuf;

use crate::testing::MethodBuf;

/// What an application does.
///
/// A number of a channel, of a request or of a delivery counts those that the application knows, from the
/// oldest on, and begins anew behind the last: a command drawn at random nearly always means something.
/// What it means in a phase in which it may not be given, or to the other role, is for the engine to
/// refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Opens the next free channel.
    OpenChannel,
    /// Opens the channel of this number.
    OpenChannelNumber(u16),
    /// Closes a channel.
    CloseChannel {
        /// Which of its channels.
        channel: u8,
    },
    /// Closes the connection.
    Close,
    /// Answers what the engine has stopped at, or a new secret.
    Decide(Verdict),
    /// Sends a request.
    Call {
        /// Which of its channels.
        channel: u8,
        /// The request; what is none is refused.
        method: MethodBuf,
    },
    /// Answers a request of the peer.
    Answer {
        /// Which of its channels.
        channel: u8,
        /// Which of the requests that wait there.
        request: u8,
        /// How.
        how: Answer,
    },
    /// Client: acks, nacks or rejects a delivery. Server: confirms a publish.
    Settle {
        /// Which of its channels.
        channel: u8,
        /// Which of those that wait there.
        number: u8,
        /// All up to it.
        multiple: bool,
        /// How.
        how: Settling,
    },
    /// Client: publishes. Server: delivers to a consumer, or returns.
    Send {
        /// Which of its channels.
        channel: u8,
        /// What.
        message: Message,
    },
    /// Sends the next octets of a content that was begun.
    SendBody {
        /// Which of its channels.
        channel: u8,
        /// How many octets, or as many as are missing. Above 190,000: one more than that, which is to be
        /// refused; sizes are drawn up to 200,000, so one part in twenty is such a try.
        size: u32,
    },
    /// Server: blocks the client, or lets it go on.
    Block(bool),
    /// Client: gives the server a new secret of so many octets.
    UpdateSecret(u16),
    /// Server: sends the client to another host.
    Redirect,
}

/// A content to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// Its properties.
    pub properties: PropertiesBuf,
    /// Octets of its body; above 1,000,000 it has 1,000,000.
    pub size: u32,
    /// How it is handed to the engine.
    pub how: Sending,
}

impl Message {
    /// A message without properties, its body copied.
    pub const fn of_size(size: u32) -> Self {
        Self { properties: PropertiesBuf::new(), size, how: Sending::Copied }
    }
}

/// How a content is handed to the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sending {
    /// With its body, which is copied.
    Copied,
    /// With its body as a shared buffer.
    Shared,
    /// Without its body, which follows.
    Begun,
    /// Client: encoded in advance.
    Prepared,
    /// Server: as one that is given back.
    Returned,
}

/// How a question of the engine is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// Yes.
    Accept,
    /// No.
    Refuse,
    /// By a SASL challenge of so many octets.
    Challenge(u16),
    /// By a SASL response of so many octets.
    Respond(u16),
}

/// How a request of the peer is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// By its reply; a get by that which says that there is no message.
    Reply,
    /// By another reply than that of the request.
    Wrong,
    /// A get by a message of so many octets, anything else by its reply.
    Message(u16),
    /// By closing the channel.
    Fail,
}

/// How a delivery or publish is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settling {
    /// By basic.ack.
    Ack,
    /// By basic.nack.
    Nack,
    /// By basic.reject.
    Reject,
}
