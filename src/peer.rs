//! What the peer has said about itself.

use crate::wire::{Table, Value};

/// The features that a peer has announced in its `capabilities` table (`HS-13`); absent is false.
///
/// ```
/// use amqp_proto::Capabilities;
///
/// assert!(!Capabilities::NONE.publisher_confirms);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// `publisher_confirms`: confirm.select is known.
    pub publisher_confirms: bool,
    /// `exchange_exchange_bindings`: exchange.bind is known.
    pub exchange_exchange_bindings: bool,
    /// `basic.nack`: nack is known.
    pub basic_nack: bool,
    /// `consumer_cancel_notify`: basic.cancel may come from the server.
    pub consumer_cancel_notify: bool,
    /// `connection.blocked`: blocked and unblocked may come from the server.
    pub connection_blocked: bool,
    /// `authentication_failure_close`: a refused login may be told by a Close.
    pub authentication_failure_close: bool,
    /// `consumer_priorities`: `x-priority` of a consumer is obeyed.
    pub consumer_priorities: bool,
    /// `per_consumer_qos`: prefetch counts per consumer.
    pub per_consumer_qos: bool,
    /// `direct_reply_to`: the pseudo-queue `amq.rabbitmq.reply-to` is known.
    pub direct_reply_to: bool,
}

impl Capabilities {
    /// None at all.
    pub const NONE: Self = Self {
        publisher_confirms: false,
        exchange_exchange_bindings: false,
        basic_nack: false,
        consumer_cancel_notify: false,
        connection_blocked: false,
        authentication_failure_close: false,
        consumer_priorities: false,
        per_consumer_qos: false,
        direct_reply_to: false,
    };

    /// Reads the `capabilities` table of server-properties or client-properties. What isn't a boolean
    /// counts as false.
    ///
    /// Broker-J has no such table. Where it tells of a feature at all, it does so by a string of its own, as
    /// of confirms by `qpid.confirmed_publish_supported`, which is read too.
    pub fn read(properties: Table<'_>) -> Self {
        let confirms = properties.get("qpid.confirmed_publish_supported");
        let by_string = confirms.and_then(|value| value.as_str()) == Some("true");
        let table = match properties.get("capabilities") {
            Some(Value::Table(table)) => table,
            _ => Table::EMPTY,
        };
        let has = |name: &str| table.get(name).and_then(|value| value.as_bool()) == Some(true);
        Self {
            publisher_confirms: by_string || has("publisher_confirms"),
            exchange_exchange_bindings: has("exchange_exchange_bindings"),
            basic_nack: has("basic.nack"),
            consumer_cancel_notify: has("consumer_cancel_notify"),
            connection_blocked: has("connection.blocked"),
            authentication_failure_close: has("authentication_failure_close"),
            consumer_priorities: has("consumer_priorities"),
            per_consumer_qos: has("per_consumer_qos"),
            direct_reply_to: has("direct_reply_to"),
        }
    }

    /// What either of both has.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self {
            publisher_confirms: self.publisher_confirms || other.publisher_confirms,
            exchange_exchange_bindings: self.exchange_exchange_bindings
                || other.exchange_exchange_bindings,
            basic_nack: self.basic_nack || other.basic_nack,
            consumer_cancel_notify: self.consumer_cancel_notify || other.consumer_cancel_notify,
            connection_blocked: self.connection_blocked || other.connection_blocked,
            authentication_failure_close: self.authentication_failure_close
                || other.authentication_failure_close,
            consumer_priorities: self.consumer_priorities || other.consumer_priorities,
            per_consumer_qos: self.per_consumer_qos || other.per_consumer_qos,
            direct_reply_to: self.direct_reply_to || other.direct_reply_to,
        }
    }
}
