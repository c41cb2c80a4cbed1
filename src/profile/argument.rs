//! Arguments of queues, exchanges, bindings and consumers whose name or type is easily got wrong.

use core::fmt;

use crate::profile::Profile;
use crate::wire::{EncodeError, TableBuf, Value};

/// An argument that brokers call by different names, or that does nothing, or something else, if its value
/// has another type than the broker looks for.
///
/// [`Profile::arguments`] spells it as the broker wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Argument<'a> {
    /// Of basic.consume: look at messages and leave them to others, so that each consumer sees a copy.
    /// There is nothing to ack, and no prefetch: only channel.flow and the transport slow it. Broker-J takes a
    /// boolean alone, and anything else for a consumer as usual, which takes messages away.
    Browse,
    /// Of basic.consume: end the consumer when nothing is left, by a cancel-ok that nobody asked for.
    AutoClose,
    /// Of basic.consume and queue.bind: a JMS selector, such as `colour = 'red'`.
    Selector(&'a str),
    /// Of basic.consume: begin so many seconds back; 0 for new messages alone.
    ReplayPeriod(u32),
    /// Of basic.consume: consumers with a higher number come first.
    ConsumerPriority(i32),
    /// Of basic.consume from a stream: where to begin. It also needs acks, and a prefetch-count as credit.
    StreamOffset(StreamOffset<'a>),
    /// Of queue.declare: keep the last message alone of each value that the header with this name has.
    LastValueKey(&'a str),
    /// Of queue.declare: the highest priority that messages have, 1 to 255; the lowest is 0. Broker-J is told
    /// how many there are, which is one more, and has 255 at most.
    MaxPriority(u8),
    /// Of queue.declare: such as `quorum` or `stream`.
    QueueType(&'a str),
    /// Of queue.declare: how long messages are kept, in milliseconds.
    MessageTtl(u32),
    /// Of queue.declare: one consumer at a time is given messages.
    SingleActiveConsumer,
    /// Of exchange.declare: where messages go that reach no queue.
    AlternateExchange(&'a str),
}

/// Where a consumer of a stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamOffset<'a> {
    /// With the oldest message.
    First,
    /// With the last chunk that was written.
    Last,
    /// With what comes from now on.
    Next,
    /// With the message of this number; numbers above 2^63 − 1 count as that.
    Offset(u64),
    /// With this time, in seconds since the start of 1970, UTC.
    Timestamp(u64),
    /// So long ago, such as `1h` or `7D`.
    Interval(&'a str),
}

/// What a peer calls arguments; `None`: it has nothing of the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArgumentNames {
    /// [`Argument::Browse`].
    pub browse: Option<&'static str>,
    /// [`Argument::AutoClose`].
    pub auto_close: Option<&'static str>,
    /// [`Argument::Selector`].
    pub selector: Option<&'static str>,
    /// [`Argument::ReplayPeriod`].
    pub replay_period: Option<&'static str>,
    /// [`Argument::ConsumerPriority`].
    pub consumer_priority: Option<&'static str>,
    /// [`Argument::StreamOffset`].
    pub stream_offset: Option<&'static str>,
    /// [`Argument::LastValueKey`].
    pub last_value_key: Option<&'static str>,
    /// [`Argument::MaxPriority`], where its value is the highest priority.
    pub max_priority: Option<&'static str>,
    /// [`Argument::MaxPriority`], where its value is how many priorities there are.
    pub priority_levels: Option<&'static str>,
    /// [`Argument::QueueType`].
    pub queue_type: Option<&'static str>,
    /// [`Argument::MessageTtl`].
    pub message_ttl: Option<&'static str>,
    /// [`Argument::SingleActiveConsumer`].
    pub single_active_consumer: Option<&'static str>,
    /// [`Argument::AlternateExchange`].
    pub alternate_exchange: Option<&'static str>,
}

/// Why arguments can't be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentError {
    /// The peer has nothing of the kind, and would refuse the argument or pass over it.
    #[error("{peer} has no argument for {argument}")]
    Unknown {
        /// What was asked for.
        argument: &'static str,
        /// The name of the profile.
        peer: &'static str,
    },
    /// It has no value of this kind.
    #[error("{argument} can't be {value}")]
    OutOfRange {
        /// What was asked for.
        argument: &'static str,
        /// The value that was given.
        value: u64,
    },
    /// A value is too long.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl Profile {
    /// These arguments under the names and with the types that the peer looks for. More can be inserted in
    /// the table.
    ///
    /// ```
    /// use amqp_proto::Profile;
    /// use amqp_proto::profile::Argument;
    /// use amqp_proto::protocol::basic;
    ///
    /// let arguments = Profile::BROKER_J.arguments(&[Argument::Browse])?;
    /// let consume = basic::Consume {
    ///     queue: "ticks".into(),
    ///     no_ack: true,
    ///     arguments: arguments.as_table(),
    ///     ..Default::default()
    /// };
    /// assert_eq!(consume.arguments.as_octets(), b"\x13x-filter-no-consumet\x01");
    ///
    /// let refused = Profile::RABBITMQ_4.arguments(&[Argument::Browse]).unwrap_err();
    /// assert_eq!(refused.to_string(), "RabbitMQ 4 has no argument for browsing");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ArgumentError`].
    pub fn arguments(&self, arguments: &[Argument<'_>]) -> Result<TableBuf, ArgumentError> {
        let mut table = TableBuf::new();
        for argument in arguments {
            let (name, value) = self.spell(*argument)?;
            table.insert(name, value)?;
        }
        Ok(table)
    }

    fn spell<'a>(
        &self,
        argument: Argument<'a>,
    ) -> Result<(&'static str, Value<'a>), ArgumentError> {
        let names = &self.arguments;
        let (name, value) = match argument {
            Argument::Browse => (names.browse, Value::Bool(true)),
            Argument::AutoClose => (names.auto_close, Value::Bool(true)),
            Argument::Selector(selector) => (names.selector, Value::from(selector)),
            Argument::ReplayPeriod(seconds) => (names.replay_period, Value::I64(seconds.into())),
            Argument::ConsumerPriority(number) => (names.consumer_priority, Value::I32(number)),
            Argument::StreamOffset(offset) => (names.stream_offset, offset.value()),
            Argument::LastValueKey(header) => (names.last_value_key, Value::from(header)),
            Argument::MaxPriority(highest) => {
                let most = if names.priority_levels.is_some() { 254 } else { 255 };
                if !(1..=most).contains(&highest) {
                    let value = highest.into();
                    return Err(ArgumentError::OutOfRange { argument: argument.what(), value });
                }
                let highest = i32::from(highest);
                match names.priority_levels {
                    Some(name) => (Some(name), Value::I32(highest + 1)),
                    None => (names.max_priority, Value::I32(highest)),
                }
            }
            Argument::QueueType(name) => (names.queue_type, Value::from(name)),
            Argument::MessageTtl(millis) => (names.message_ttl, Value::I64(millis.into())),
            Argument::SingleActiveConsumer => (names.single_active_consumer, Value::Bool(true)),
            Argument::AlternateExchange(name) => (names.alternate_exchange, Value::from(name)),
        };
        match name {
            Some(name) => Ok((name, value)),
            None => Err(ArgumentError::Unknown { argument: argument.what(), peer: self.name }),
        }
    }
}

impl Argument<'_> {
    const fn what(self) -> &'static str {
        match self {
            Self::Browse => "browsing",
            Self::AutoClose => "ending a consumer by itself",
            Self::Selector(_) => "a selector",
            Self::ReplayPeriod(_) => "a replay period",
            Self::ConsumerPriority(_) => "a consumer's priority",
            Self::StreamOffset(_) => "a stream offset",
            Self::LastValueKey(_) => "a last value queue",
            Self::MaxPriority(_) => "the highest priority",
            Self::QueueType(_) => "the type of a queue",
            Self::MessageTtl(_) => "a time to live",
            Self::SingleActiveConsumer => "a single active consumer",
            Self::AlternateExchange(_) => "an alternate exchange",
        }
    }
}

impl<'a> StreamOffset<'a> {
    fn value(self) -> Value<'a> {
        match self {
            Self::First => Value::from("first"),
            Self::Last => Value::from("last"),
            Self::Next => Value::from("next"),
            Self::Offset(number) => Value::I64(i64::try_from(number).unwrap_or(i64::MAX)),
            Self::Timestamp(seconds) => Value::Timestamp(seconds),
            Self::Interval(text) => Value::from(text),
        }
    }
}

/// What it is for, in words.
impl fmt::Display for Argument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what())
    }
}
