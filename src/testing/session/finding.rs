use alloc::boxed::Box;

use crate::{ChannelId, RequestId, Side, Violation};

/// Something that must not happen in a [`Session`](super::Session), whatever the applications do, if the
/// session has [what it asks for](super::Session#what-it-asks-for).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// One of our own ends has broken a rule, says the other; or a limit of one is below what the other may
    /// send.
    #[error("the {side} says: {violation}")]
    Violation {
        /// Who says so.
        side: Side,
        /// What is said.
        violation: Box<Violation>,
    },
    /// An event behind the terminal one.
    #[error("the {side} was told something behind the end")]
    BehindTheEnd {
        /// The side that was told.
        side: Side,
    },
    /// An end without a terminal event, or with two.
    #[error("the {side} was told its end {times} times")]
    Ends {
        /// The side that was told.
        side: Side,
        /// How often.
        times: usize,
    },
    /// A connection that is over still gives events, output or a deadline, or takes commands.
    #[error("the {side} is over and still {what}")]
    NotOver {
        /// The side that is over.
        side: Side,
        /// What it still does.
        what: &'static str,
    },
    /// An outcome of a request that wasn't asked, or has had one.
    #[error("{request} wasn't asked, or has had its outcome")]
    UnknownRequest {
        /// The request.
        request: RequestId,
    },
    /// A request without an outcome.
    #[error("{request} has had no outcome")]
    NoOutcome {
        /// The request.
        request: RequestId,
    },
    /// The same request was given twice.
    #[error("{request} was given twice")]
    RequestTwice {
        /// The request.
        request: RequestId,
    },
    /// A confirm of a publish that doesn't wait for one.
    #[error("publish {number} on channel {channel} doesn't wait for its fate")]
    UnknownPublish {
        /// The channel.
        channel: ChannelId,
        /// The publish's number.
        number: u64,
    },
    /// A publish that has had no fate.
    #[error("publish {number} on channel {channel} has had no fate")]
    NoFate {
        /// The channel.
        channel: ChannelId,
        /// The publish's number.
        number: u64,
    },
    /// A number that was given before on the channel: of a publish or of a delivery.
    #[error("number {number} was given before on channel {channel}")]
    NumberTwice {
        /// The channel.
        channel: ChannelId,
        /// The number.
        number: u64,
    },
    /// Something about a channel that the application doesn't know.
    #[error("channel {channel} isn't open")]
    UnknownChannel {
        /// The channel.
        channel: ChannelId,
    },
    /// A channel that is opened while it is open.
    #[error("channel {channel} is open already")]
    ChannelTwice {
        /// The channel.
        channel: ChannelId,
    },
    /// A content that isn't the one that was sent next on its channel.
    #[error("on channel {channel} came a content of another {what} than was sent")]
    OtherContent {
        /// The channel.
        channel: ChannelId,
        /// What differs.
        what: &'static str,
    },
    /// A command was taken that should have been refused.
    #[error("{what} was accepted")]
    Accepted {
        /// What it was.
        what: &'static str,
    },
    /// What was written isn't frames in order.
    #[error("the output {what}")]
    Output {
        /// What is wrong with it.
        what: &'static str,
    },
    /// A deadline stays in the past although nothing is left to do.
    #[error("a deadline of the {side} stays in the past")]
    Overdue {
        /// The side whose deadline it is.
        side: Side,
    },
    /// The session doesn't come to rest.
    #[error("the session never comes to rest")]
    NeverQuiet,
}
