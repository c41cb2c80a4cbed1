//! The reply codes that have a name.
//!
//! Written by `cargo run -p amqp-codegen`; the data is in `spec/`.

use crate::protocol::ReplyCode;

impl ReplyCode {
    /// Nothing went wrong; a normal close.
    pub const REPLY_SUCCESS: Self = Self(200);
    /// A message that had to be delivered was not; from 0-8 and 0-9.
    pub const NOT_DELIVERED: Self = Self(310);
    /// A body is larger than the peer takes.
    pub const CONTENT_TOO_LARGE: Self = Self(311);
    /// A mandatory message reached no queue; seen in basic.return.
    pub const NO_ROUTE: Self = Self(312);
    /// An immediate message reached no consumer that was ready for it.
    pub const NO_CONSUMERS: Self = Self(313);
    /// An operator or a shutdown closed the connection.
    pub const CONNECTION_FORCED: Self = Self(320);
    /// There is no such virtual host.
    pub const INVALID_PATH: Self = Self(402);
    /// The user may not do this, or could not log in.
    pub const ACCESS_REFUSED: Self = Self(403);
    /// There is no such queue or exchange.
    pub const NOT_FOUND: Self = Self(404);
    /// Somebody else uses it exclusively; Broker-J means: it exists already.
    pub const RESOURCE_LOCKED: Self = Self(405);
    /// It differs from what was asked for, or the tag is unknown; Broker-J means: in use.
    pub const PRECONDITION_FAILED: Self = Self(406);
    /// A frame or a method could not be read.
    pub const FRAME_ERROR: Self = Self(501);
    /// A field holds a value that its domain forbids.
    pub const SYNTAX_ERROR: Self = Self(502);
    /// A method came from the wrong side or at the wrong time.
    pub const COMMAND_INVALID: Self = Self(503);
    /// The channel is not open, or is open already.
    pub const CHANNEL_ERROR: Self = Self(504);
    /// A frame came that the content being sent has no place for.
    pub const UNEXPECTED_FRAME: Self = Self(505);
    /// The peer has run out of something.
    pub const RESOURCE_ERROR: Self = Self(506);
    /// A policy or an agreed limit forbids this.
    pub const NOT_ALLOWED: Self = Self(530);
    /// The peer does not support this.
    pub const NOT_IMPLEMENTED: Self = Self(540);
    /// The peer failed by its own fault.
    pub const INTERNAL_ERROR: Self = Self(541);
    /// Broker-J does not accept the routing key.
    pub const INVALID_ROUTING_KEY: Self = Self(407);
    /// Broker-J gave up waiting.
    pub const REQUEST_TIMEOUT: Self = Self(408);
    /// Broker-J does not accept an argument.
    pub const ARGUMENT_INVALID: Self = Self(409);
    /// Broker-J knows no such argument of a queue or exchange.
    pub const INVALID_ARGUMENT: Self = Self(542);
    /// Broker-J does not speak the client's version.
    pub const UNSUPPORTED_CLIENT_PROTOCOL: Self = Self(543);

    /// The specification's name, such as `frame-error`; `None` for codes without one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::REPLY_SUCCESS => "reply-success",
            Self::NOT_DELIVERED => "not-delivered",
            Self::CONTENT_TOO_LARGE => "content-too-large",
            Self::NO_ROUTE => "no-route",
            Self::NO_CONSUMERS => "no-consumers",
            Self::CONNECTION_FORCED => "connection-forced",
            Self::INVALID_PATH => "invalid-path",
            Self::ACCESS_REFUSED => "access-refused",
            Self::NOT_FOUND => "not-found",
            Self::RESOURCE_LOCKED => "resource-locked",
            Self::PRECONDITION_FAILED => "precondition-failed",
            Self::FRAME_ERROR => "frame-error",
            Self::SYNTAX_ERROR => "syntax-error",
            Self::COMMAND_INVALID => "command-invalid",
            Self::CHANNEL_ERROR => "channel-error",
            Self::UNEXPECTED_FRAME => "unexpected-frame",
            Self::RESOURCE_ERROR => "resource-error",
            Self::NOT_ALLOWED => "not-allowed",
            Self::NOT_IMPLEMENTED => "not-implemented",
            Self::INTERNAL_ERROR => "internal-error",
            Self::INVALID_ROUTING_KEY => "invalid-routing-key",
            Self::REQUEST_TIMEOUT => "request-timeout",
            Self::ARGUMENT_INVALID => "argument-invalid",
            Self::INVALID_ARGUMENT => "invalid-argument",
            Self::UNSUPPORTED_CLIENT_PROTOCOL => "unsupported-client-protocol",
            _ => return None,
        })
    }

    /// Whether it ends a channel and leaves the connection open (`RC-01`).
    #[must_use]
    pub const fn is_soft(self) -> bool {
        matches!(
            self,
            Self::NOT_DELIVERED
                | Self::CONTENT_TOO_LARGE
                | Self::NO_ROUTE
                | Self::NO_CONSUMERS
                | Self::ACCESS_REFUSED
                | Self::NOT_FOUND
                | Self::RESOURCE_LOCKED
                | Self::PRECONDITION_FAILED
        )
    }

    /// Whether it ends the connection (`RC-01`).
    #[must_use]
    pub const fn is_hard(self) -> bool {
        matches!(
            self,
            Self::CONNECTION_FORCED
                | Self::INVALID_PATH
                | Self::FRAME_ERROR
                | Self::SYNTAX_ERROR
                | Self::COMMAND_INVALID
                | Self::CHANNEL_ERROR
                | Self::UNEXPECTED_FRAME
                | Self::RESOURCE_ERROR
                | Self::NOT_ALLOWED
                | Self::NOT_IMPLEMENTED
                | Self::INTERNAL_ERROR
                | Self::INVALID_ARGUMENT
                | Self::UNSUPPORTED_CLIENT_PROTOCOL
        )
    }
}
