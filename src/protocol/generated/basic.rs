//! Class `basic`, 60. Publishing, consuming, fetching and acknowledging messages.
//!
//! Written by `cargo run -p amqp-codegen`; the data is in `spec/`.

use core::fmt;

use crate::{
    protocol::{
        Dialect, Method, MethodKind, ReplyCode,
        display::Line,
        traits::{self, AsMethod, Sealed},
    },
    wire::{EncodeError, Reader, ShortStr, Table, TableLimits, Writer, short_str_len, table_len},
};

/// Limits how much may be unacknowledged; it has no no-wait.
///
/// `basic.qos`, 60.10, from the client; answered by [`QosOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Qos {
    /// Octets that may be unacknowledged; 0 for no limit.
    pub prefetch_size: u32,
    /// Messages that may be unacknowledged; 0 for no limit.
    pub prefetch_count: u16,
    /// Whole connection in place of channel; RabbitMQ: channel in place of consumer.
    pub global: bool,
}

impl Qos {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let prefetch_size = r.u32()?;
        let prefetch_count = r.u16()?;
        let bits = r.u8()?;
        r.finish()?;
        Some(Self { prefetch_size, prefetch_count, global: bits & 0x01 != 0 })
    }
}

impl Sealed for Qos {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(7)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u32(self.prefetch_size);
        w.u16(self.prefetch_count);
        w.u8(u8::from(self.global));
    }
}

impl AsMethod for Qos {
    const KIND: MethodKind = MethodKind::BasicQos;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicQos(*self)
    }
}

impl traits::Request for Qos {}

impl fmt::Display for Qos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("prefetch-size", u64::from(self.prefetch_size))
            .number("prefetch-count", u64::from(self.prefetch_count))
            .flag("global", self.global)
            .end()
    }
}

/// The limits are in force.
///
/// `basic.qos-ok`, 60.11, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QosOk;

impl QosOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for QosOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for QosOk {
    const KIND: MethodKind = MethodKind::BasicQosOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicQosOk(*self)
    }
}

impl traits::Reply for QosOk {}

impl fmt::Display for QosOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// Starts a consumer.
///
/// `basic.consume`, 60.20, from the client; answered by [`ConsumeOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consume<'a> {
    /// Ticket from access.request, before 0-9-1.
    pub ticket: u16,
    /// The queue's name.
    pub queue: ShortStr<'a>,
    /// The consumer's name; empty lets the server choose one.
    pub consumer_tag: ShortStr<'a>,
    /// Leaves out what this connection publishes; RabbitMQ ignores it.
    pub no_local: bool,
    /// Deliveries need no acknowledgement.
    pub no_ack: bool,
    /// Fails unless it is the queue's only consumer.
    pub exclusive: bool,
    /// Asks for no reply on success.
    pub no_wait: bool,
    /// Further settings, by broker; 0-9 calls it a filter.
    pub arguments: Table<'a>,
}

impl<'a> Consume<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], dialect: Dialect, limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let ticket = r.u16()?;
        // MTH-06
        let ticket = if dialect == Dialect::V0_9_1 { 0 } else { ticket };
        let queue = r.short_str()?;
        let consumer_tag = r.short_str()?;
        let bits = r.u8()?;
        let arguments = r.table(limits)?;
        r.finish()?;
        Some(Self {
            ticket,
            queue,
            consumer_tag,
            no_local: bits & 0x01 != 0,
            no_ack: bits & 0x02 != 0,
            exclusive: bits & 0x04 != 0,
            no_wait: bits & 0x08 != 0,
            arguments,
        })
    }
}

impl Sealed for Consume<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(3 + short_str_len("queue", self.queue)?
            + short_str_len("consumer-tag", self.consumer_tag)?
            + table_len("arguments", self.arguments)?)
    }

    #[inline]
    fn write_arguments(&self, dialect: Dialect, w: &mut Writer<'_>) {
        // MTH-06
        w.u16(if dialect == Dialect::V0_9_1 { 0 } else { self.ticket });
        w.short_str(self.queue);
        w.short_str(self.consumer_tag);
        w.u8(u8::from(self.no_local)
            | (u8::from(self.no_ack) << 1)
            | (u8::from(self.exclusive) << 2)
            | (u8::from(self.no_wait) << 3));
        w.table(self.arguments);
    }
}

impl AsMethod for Consume<'_> {
    const KIND: MethodKind = MethodKind::BasicConsume;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicConsume(*self)
    }
}

impl traits::Request for Consume<'_> {
    #[inline]
    fn no_wait(&self) -> bool {
        self.no_wait
    }
}

impl fmt::Display for Consume<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("ticket", u64::from(self.ticket))
            .short_str("queue", self.queue)
            .short_str("consumer-tag", self.consumer_tag)
            .flag("no-local", self.no_local)
            .flag("no-ack", self.no_ack)
            .flag("exclusive", self.exclusive)
            .flag("no-wait", self.no_wait)
            .table("arguments", self.arguments)
            .end()
    }
}

/// The consumer runs.
///
/// `basic.consume-ok`, 60.21, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConsumeOk<'a> {
    /// The consumer's name, also when the server chose it.
    pub consumer_tag: ShortStr<'a>,
}

impl<'a> ConsumeOk<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let consumer_tag = r.short_str()?;
        r.finish()?;
        Some(Self { consumer_tag })
    }
}

impl Sealed for ConsumeOk<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        short_str_len("consumer-tag", self.consumer_tag)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.short_str(self.consumer_tag);
    }
}

impl AsMethod for ConsumeOk<'_> {
    const KIND: MethodKind = MethodKind::BasicConsumeOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicConsumeOk(*self)
    }
}

impl traits::Reply for ConsumeOk<'_> {}

impl fmt::Display for ConsumeOk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name()).short_str("consumer-tag", self.consumer_tag).end()
    }
}

/// Ends a consumer; a server sends it when the queue has gone.
///
/// `basic.cancel`, 60.30, from either side; answered by [`CancelOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cancel<'a> {
    /// The consumer's name.
    pub consumer_tag: ShortStr<'a>,
    /// Asks for no reply on success.
    pub no_wait: bool,
}

impl<'a> Cancel<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let consumer_tag = r.short_str()?;
        let bits = r.u8()?;
        r.finish()?;
        Some(Self { consumer_tag, no_wait: bits & 0x01 != 0 })
    }
}

impl Sealed for Cancel<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(1 + short_str_len("consumer-tag", self.consumer_tag)?)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.short_str(self.consumer_tag);
        w.u8(u8::from(self.no_wait));
    }
}

impl AsMethod for Cancel<'_> {
    const KIND: MethodKind = MethodKind::BasicCancel;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicCancel(*self)
    }
}

impl traits::Request for Cancel<'_> {
    #[inline]
    fn no_wait(&self) -> bool {
        self.no_wait
    }
}

impl fmt::Display for Cancel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .short_str("consumer-tag", self.consumer_tag)
            .flag("no-wait", self.no_wait)
            .end()
    }
}

/// The consumer has ended.
///
/// `basic.cancel-ok`, 60.31, from either side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CancelOk<'a> {
    /// The consumer's name.
    pub consumer_tag: ShortStr<'a>,
}

impl<'a> CancelOk<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let consumer_tag = r.short_str()?;
        r.finish()?;
        Some(Self { consumer_tag })
    }
}

impl Sealed for CancelOk<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        short_str_len("consumer-tag", self.consumer_tag)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.short_str(self.consumer_tag);
    }
}

impl AsMethod for CancelOk<'_> {
    const KIND: MethodKind = MethodKind::BasicCancelOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicCancelOk(*self)
    }
}

impl traits::Reply for CancelOk<'_> {}

impl fmt::Display for CancelOk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name()).short_str("consumer-tag", self.consumer_tag).end()
    }
}

/// Sends a message to an exchange.
///
/// `basic.publish`, 60.40, from the client, with content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Publish<'a> {
    /// Ticket from access.request, before 0-9-1.
    pub ticket: u16,
    /// The exchange's name; empty for the default exchange.
    pub exchange: ShortStr<'a>,
    /// Where to, in the way of the exchange's type.
    pub routing_key: ShortStr<'a>,
    /// Comes back if it reaches no queue.
    pub mandatory: bool,
    /// Comes back if no consumer is ready; RabbitMQ refuses it.
    pub immediate: bool,
}

impl<'a> Publish<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], dialect: Dialect, limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let ticket = r.u16()?;
        // MTH-06
        let ticket = if dialect == Dialect::V0_9_1 { 0 } else { ticket };
        let exchange = r.short_str()?;
        let routing_key = r.short_str()?;
        let bits = r.u8()?;
        r.finish()?;
        Some(Self {
            ticket,
            exchange,
            routing_key,
            mandatory: bits & 0x01 != 0,
            immediate: bits & 0x02 != 0,
        })
    }
}

impl Sealed for Publish<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(3 + short_str_len("exchange", self.exchange)?
            + short_str_len("routing-key", self.routing_key)?)
    }

    #[inline]
    fn write_arguments(&self, dialect: Dialect, w: &mut Writer<'_>) {
        // MTH-06
        w.u16(if dialect == Dialect::V0_9_1 { 0 } else { self.ticket });
        w.short_str(self.exchange);
        w.short_str(self.routing_key);
        w.u8(u8::from(self.mandatory) | (u8::from(self.immediate) << 1));
    }
}

impl AsMethod for Publish<'_> {
    const KIND: MethodKind = MethodKind::BasicPublish;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicPublish(*self)
    }
}

impl fmt::Display for Publish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("ticket", u64::from(self.ticket))
            .short_str("exchange", self.exchange)
            .short_str("routing-key", self.routing_key)
            .flag("mandatory", self.mandatory)
            .flag("immediate", self.immediate)
            .end()
    }
}

/// Gives back a message that could not be delivered.
///
/// `basic.return`, 60.50, from the server, with content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Return<'a> {
    /// The reason as a number, such as 312.
    pub reply_code: ReplyCode,
    /// The reason for people.
    pub reply_text: ShortStr<'a>,
    /// The exchange it was published to.
    pub exchange: ShortStr<'a>,
    /// The key it was published with.
    pub routing_key: ShortStr<'a>,
}

impl<'a> Return<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let reply_code = ReplyCode(r.u16()?);
        let reply_text = r.short_str()?;
        let exchange = r.short_str()?;
        let routing_key = r.short_str()?;
        r.finish()?;
        Some(Self { reply_code, reply_text, exchange, routing_key })
    }
}

impl Sealed for Return<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(2 + short_str_len("reply-text", self.reply_text)?
            + short_str_len("exchange", self.exchange)?
            + short_str_len("routing-key", self.routing_key)?)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u16(self.reply_code.0);
        w.short_str(self.reply_text);
        w.short_str(self.exchange);
        w.short_str(self.routing_key);
    }
}

impl AsMethod for Return<'_> {
    const KIND: MethodKind = MethodKind::BasicReturn;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicReturn(*self)
    }
}

impl fmt::Display for Return<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("reply-code", u64::from(self.reply_code.0))
            .short_str("reply-text", self.reply_text)
            .short_str("exchange", self.exchange)
            .short_str("routing-key", self.routing_key)
            .end()
    }
}

/// Brings a message to a consumer.
///
/// `basic.deliver`, 60.60, from the server, with content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deliver<'a> {
    /// The consumer's name.
    pub consumer_tag: ShortStr<'a>,
    /// The delivery's number, for its acknowledgement.
    pub delivery_tag: u64,
    /// It may have been delivered before.
    pub redelivered: bool,
    /// The exchange it was published to.
    pub exchange: ShortStr<'a>,
    /// The key it was published with.
    pub routing_key: ShortStr<'a>,
}

impl<'a> Deliver<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline(always)]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let consumer_tag = r.short_str()?;
        let delivery_tag = r.u64()?;
        let bits = r.u8()?;
        let exchange = r.short_str()?;
        let routing_key = r.short_str()?;
        r.finish()?;
        Some(Self {
            consumer_tag,
            delivery_tag,
            redelivered: bits & 0x01 != 0,
            exchange,
            routing_key,
        })
    }
}

impl Sealed for Deliver<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(9 + short_str_len("consumer-tag", self.consumer_tag)?
            + short_str_len("exchange", self.exchange)?
            + short_str_len("routing-key", self.routing_key)?)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.short_str(self.consumer_tag);
        w.u64(self.delivery_tag);
        w.u8(u8::from(self.redelivered));
        w.short_str(self.exchange);
        w.short_str(self.routing_key);
    }
}

impl AsMethod for Deliver<'_> {
    const KIND: MethodKind = MethodKind::BasicDeliver;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicDeliver(*self)
    }
}

impl fmt::Display for Deliver<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .short_str("consumer-tag", self.consumer_tag)
            .number("delivery-tag", self.delivery_tag)
            .flag("redelivered", self.redelivered)
            .short_str("exchange", self.exchange)
            .short_str("routing-key", self.routing_key)
            .end()
    }
}

/// Fetches one message.
///
/// `basic.get`, 60.70, from the client; answered by [`GetOk`] or [`GetEmpty`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Get<'a> {
    /// Ticket from access.request, before 0-9-1.
    pub ticket: u16,
    /// The queue's name.
    pub queue: ShortStr<'a>,
    /// The delivery needs no acknowledgement.
    pub no_ack: bool,
}

impl<'a> Get<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], dialect: Dialect, limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let ticket = r.u16()?;
        // MTH-06
        let ticket = if dialect == Dialect::V0_9_1 { 0 } else { ticket };
        let queue = r.short_str()?;
        let bits = r.u8()?;
        r.finish()?;
        Some(Self { ticket, queue, no_ack: bits & 0x01 != 0 })
    }
}

impl Sealed for Get<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(3 + short_str_len("queue", self.queue)?)
    }

    #[inline]
    fn write_arguments(&self, dialect: Dialect, w: &mut Writer<'_>) {
        // MTH-06
        w.u16(if dialect == Dialect::V0_9_1 { 0 } else { self.ticket });
        w.short_str(self.queue);
        w.u8(u8::from(self.no_ack));
    }
}

impl AsMethod for Get<'_> {
    const KIND: MethodKind = MethodKind::BasicGet;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicGet(*self)
    }
}

impl traits::Request for Get<'_> {}

impl fmt::Display for Get<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("ticket", u64::from(self.ticket))
            .short_str("queue", self.queue)
            .flag("no-ack", self.no_ack)
            .end()
    }
}

/// Brings the message that was fetched.
///
/// `basic.get-ok`, 60.71, from the server, with content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GetOk<'a> {
    /// The delivery's number, for its acknowledgement.
    pub delivery_tag: u64,
    /// It may have been delivered before.
    pub redelivered: bool,
    /// The exchange it was published to.
    pub exchange: ShortStr<'a>,
    /// The key it was published with.
    pub routing_key: ShortStr<'a>,
    /// Messages left in the queue.
    pub message_count: u32,
}

impl<'a> GetOk<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let delivery_tag = r.u64()?;
        let bits = r.u8()?;
        let exchange = r.short_str()?;
        let routing_key = r.short_str()?;
        let message_count = r.u32()?;
        r.finish()?;
        Some(Self {
            delivery_tag,
            redelivered: bits & 0x01 != 0,
            exchange,
            routing_key,
            message_count,
        })
    }
}

impl Sealed for GetOk<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(13
            + short_str_len("exchange", self.exchange)?
            + short_str_len("routing-key", self.routing_key)?)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u64(self.delivery_tag);
        w.u8(u8::from(self.redelivered));
        w.short_str(self.exchange);
        w.short_str(self.routing_key);
        w.u32(self.message_count);
    }
}

impl AsMethod for GetOk<'_> {
    const KIND: MethodKind = MethodKind::BasicGetOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicGetOk(*self)
    }
}

impl fmt::Display for GetOk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("delivery-tag", self.delivery_tag)
            .flag("redelivered", self.redelivered)
            .short_str("exchange", self.exchange)
            .short_str("routing-key", self.routing_key)
            .number("message-count", u64::from(self.message_count))
            .end()
    }
}

/// The queue had no message to fetch.
///
/// `basic.get-empty`, 60.72, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GetEmpty<'a> {
    /// A cluster's mark, before 0-9-1.
    pub cluster_id: ShortStr<'a>,
}

impl<'a> GetEmpty<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], dialect: Dialect, limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let cluster_id = r.short_str()?;
        // MTH-06
        let cluster_id = if dialect == Dialect::V0_9_1 { ShortStr::default() } else { cluster_id };
        r.finish()?;
        Some(Self { cluster_id })
    }
}

impl Sealed for GetEmpty<'_> {
    #[inline]
    fn arguments_len(&self, dialect: Dialect) -> Result<usize, EncodeError> {
        short_str_len(
            "cluster-id",
            if dialect == Dialect::V0_9_1 { ShortStr::default() } else { self.cluster_id },
        )
    }

    #[inline]
    fn write_arguments(&self, dialect: Dialect, w: &mut Writer<'_>) {
        // MTH-06
        w.short_str(if dialect == Dialect::V0_9_1 { ShortStr::default() } else { self.cluster_id });
    }
}

impl AsMethod for GetEmpty<'_> {
    const KIND: MethodKind = MethodKind::BasicGetEmpty;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicGetEmpty(*self)
    }
}

impl traits::Reply for GetEmpty<'_> {}

impl fmt::Display for GetEmpty<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name()).short_str("cluster-id", self.cluster_id).end()
    }
}

/// Acknowledges a delivery; from a server, confirms a publish.
///
/// `basic.ack`, 60.80, from either side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ack {
    /// Which one; 0 with `multiple` for all that are open.
    pub delivery_tag: u64,
    /// All up to this one.
    pub multiple: bool,
}

impl Ack {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let delivery_tag = r.u64()?;
        let bits = r.u8()?;
        r.finish()?;
        Some(Self { delivery_tag, multiple: bits & 0x01 != 0 })
    }
}

impl Sealed for Ack {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(9)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u64(self.delivery_tag);
        w.u8(u8::from(self.multiple));
    }
}

impl AsMethod for Ack {
    const KIND: MethodKind = MethodKind::BasicAck;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicAck(*self)
    }
}

impl traits::Notice for Ack {}

impl fmt::Display for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("delivery-tag", self.delivery_tag)
            .flag("multiple", self.multiple)
            .end()
    }
}

/// Refuses a delivery.
///
/// `basic.reject`, 60.90, from the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reject {
    /// Which one.
    pub delivery_tag: u64,
    /// Back into the queue, in place of dropping it.
    pub requeue: bool,
}

impl Reject {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let delivery_tag = r.u64()?;
        let bits = r.u8()?;
        r.finish()?;
        Some(Self { delivery_tag, requeue: bits & 0x01 != 0 })
    }
}

impl Sealed for Reject {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(9)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u64(self.delivery_tag);
        w.u8(u8::from(self.requeue));
    }
}

impl AsMethod for Reject {
    const KIND: MethodKind = MethodKind::BasicReject;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicReject(*self)
    }
}

impl traits::Notice for Reject {}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("delivery-tag", self.delivery_tag)
            .flag("requeue", self.requeue)
            .end()
    }
}

/// Has all unacknowledged deliveries sent again, without a reply; Broker-J replies in 0-8.
///
/// `basic.recover-async`, 60.100, from the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecoverAsync {
    /// To any consumer, in place of the same one.
    pub requeue: bool,
}

impl RecoverAsync {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let bits = r.u8()?;
        r.finish()?;
        Some(Self { requeue: bits & 0x01 != 0 })
    }
}

impl Sealed for RecoverAsync {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(1)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u8(u8::from(self.requeue));
    }
}

impl AsMethod for RecoverAsync {
    const KIND: MethodKind = MethodKind::BasicRecoverAsync;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicRecoverAsync(*self)
    }
}

impl traits::Notice for RecoverAsync {}

impl fmt::Display for RecoverAsync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name()).flag("requeue", self.requeue).end()
    }
}

/// Has all unacknowledged deliveries sent again.
///
/// `basic.recover`, 60.102 in 0-8 and 0-9, 60.110 in 0-9-1, from the client; answered by
/// [`RecoverOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recover {
    /// To any consumer, in place of the same one.
    pub requeue: bool,
}

impl Recover {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let bits = r.u8()?;
        r.finish()?;
        Some(Self { requeue: bits & 0x01 != 0 })
    }
}

impl Sealed for Recover {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(1)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u8(u8::from(self.requeue));
    }
}

impl AsMethod for Recover {
    const KIND: MethodKind = MethodKind::BasicRecover;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicRecover(*self)
    }
}

impl traits::Request for Recover {}

impl fmt::Display for Recover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name()).flag("requeue", self.requeue).end()
    }
}

/// The deliveries will come again.
///
/// `basic.recover-ok`, 60.101 in 0-8 and 0-9, 60.111 in 0-9-1, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecoverOk;

impl RecoverOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for RecoverOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for RecoverOk {
    const KIND: MethodKind = MethodKind::BasicRecoverOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicRecoverOk(*self)
    }
}

impl traits::Reply for RecoverOk {}

impl fmt::Display for RecoverOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// Refuses deliveries; from a server, a publish was lost.
///
/// `basic.nack`, 60.120, from either side. RabbitMQ's extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nack {
    /// Which one; 0 with `multiple` for all that are open.
    pub delivery_tag: u64,
    /// All up to this one.
    pub multiple: bool,
    /// Back into the queue, in place of dropping them.
    pub requeue: bool,
}

impl Nack {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let delivery_tag = r.u64()?;
        let bits = r.u8()?;
        r.finish()?;
        Some(Self { delivery_tag, multiple: bits & 0x01 != 0, requeue: bits & 0x02 != 0 })
    }
}

impl Sealed for Nack {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(9)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u64(self.delivery_tag);
        w.u8(u8::from(self.multiple) | (u8::from(self.requeue) << 1));
    }
}

impl AsMethod for Nack {
    const KIND: MethodKind = MethodKind::BasicNack;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::BasicNack(*self)
    }
}

impl traits::Notice for Nack {}

impl fmt::Display for Nack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("delivery-tag", self.delivery_tag)
            .flag("multiple", self.multiple)
            .flag("requeue", self.requeue)
            .end()
    }
}
