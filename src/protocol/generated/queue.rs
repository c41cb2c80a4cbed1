//! Class `queue`, 50. Queues and their bindings.
//!
//! Written by `cargo run -p amqp-codegen`; the data is in `spec/`.

use core::fmt;

use crate::{
    protocol::{
        Dialect, Method, MethodKind,
        display::Line,
        traits::{self, AsMethod, Sealed},
    },
    wire::{EncodeError, Reader, ShortStr, Table, TableLimits, Writer, short_str_len, table_len},
};

/// Creates a queue, or checks that it is there.
///
/// `queue.declare`, 50.10, from the client; answered by [`DeclareOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Declare<'a> {
    /// Ticket from access.request, before 0-9-1.
    pub ticket: u16,
    /// The queue's name; empty lets the server choose one.
    pub queue: ShortStr<'a>,
    /// Only checks; creates nothing.
    pub passive: bool,
    /// It outlives a restart of the broker.
    pub durable: bool,
    /// Only this connection uses it, and it goes with it.
    pub exclusive: bool,
    /// It goes when its last consumer goes.
    pub auto_delete: bool,
    /// Asks for no reply on success.
    pub no_wait: bool,
    /// Further settings, by broker.
    pub arguments: Table<'a>,
}

impl<'a> Declare<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], dialect: Dialect, limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let ticket = r.u16()?;
        // MTH-06
        let ticket = if dialect == Dialect::V0_9_1 { 0 } else { ticket };
        let queue = r.short_str()?;
        let bits = r.u8()?;
        let arguments = r.table(limits)?;
        r.finish()?;
        Some(Self {
            ticket,
            queue,
            passive: bits & 0x01 != 0,
            durable: bits & 0x02 != 0,
            exclusive: bits & 0x04 != 0,
            auto_delete: bits & 0x08 != 0,
            no_wait: bits & 0x10 != 0,
            arguments,
        })
    }
}

impl Sealed for Declare<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(3 + short_str_len("queue", self.queue)? + table_len("arguments", self.arguments)?)
    }

    #[inline]
    fn write_arguments(&self, dialect: Dialect, w: &mut Writer<'_>) {
        // MTH-06
        w.u16(if dialect == Dialect::V0_9_1 { 0 } else { self.ticket });
        w.short_str(self.queue);
        w.u8(u8::from(self.passive)
            | (u8::from(self.durable) << 1)
            | (u8::from(self.exclusive) << 2)
            | (u8::from(self.auto_delete) << 3)
            | (u8::from(self.no_wait) << 4));
        w.table(self.arguments);
    }
}

impl AsMethod for Declare<'_> {
    const KIND: MethodKind = MethodKind::QueueDeclare;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::QueueDeclare(*self)
    }
}

impl traits::Request for Declare<'_> {
    #[inline]
    fn no_wait(&self) -> bool {
        self.no_wait
    }
}

impl fmt::Display for Declare<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("ticket", u64::from(self.ticket))
            .short_str("queue", self.queue)
            .flag("passive", self.passive)
            .flag("durable", self.durable)
            .flag("exclusive", self.exclusive)
            .flag("auto-delete", self.auto_delete)
            .flag("no-wait", self.no_wait)
            .table("arguments", self.arguments)
            .end()
    }
}

/// The queue is there.
///
/// `queue.declare-ok`, 50.11, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeclareOk<'a> {
    /// The queue's name, also when the server chose it.
    pub queue: ShortStr<'a>,
    /// Messages that are ready for delivery.
    pub message_count: u32,
    /// Consumers of the queue.
    pub consumer_count: u32,
}

impl<'a> DeclareOk<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let queue = r.short_str()?;
        let message_count = r.u32()?;
        let consumer_count = r.u32()?;
        r.finish()?;
        Some(Self { queue, message_count, consumer_count })
    }
}

impl Sealed for DeclareOk<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(8 + short_str_len("queue", self.queue)?)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.short_str(self.queue);
        w.u32(self.message_count);
        w.u32(self.consumer_count);
    }
}

impl AsMethod for DeclareOk<'_> {
    const KIND: MethodKind = MethodKind::QueueDeclareOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::QueueDeclareOk(*self)
    }
}

impl traits::Reply for DeclareOk<'_> {}

impl fmt::Display for DeclareOk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .short_str("queue", self.queue)
            .number("message-count", u64::from(self.message_count))
            .number("consumer-count", u64::from(self.consumer_count))
            .end()
    }
}

/// Lets messages go from an exchange to a queue.
///
/// `queue.bind`, 50.20, from the client; answered by [`BindOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bind<'a> {
    /// Ticket from access.request, before 0-9-1.
    pub ticket: u16,
    /// The queue's name.
    pub queue: ShortStr<'a>,
    /// The exchange's name.
    pub exchange: ShortStr<'a>,
    /// Which messages, in the way of the exchange's type.
    pub routing_key: ShortStr<'a>,
    /// Asks for no reply on success.
    pub no_wait: bool,
    /// Which messages, for types that use a table.
    pub arguments: Table<'a>,
}

impl<'a> Bind<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], dialect: Dialect, limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let ticket = r.u16()?;
        // MTH-06
        let ticket = if dialect == Dialect::V0_9_1 { 0 } else { ticket };
        let queue = r.short_str()?;
        let exchange = r.short_str()?;
        let routing_key = r.short_str()?;
        let bits = r.u8()?;
        let arguments = r.table(limits)?;
        r.finish()?;
        Some(Self { ticket, queue, exchange, routing_key, no_wait: bits & 0x01 != 0, arguments })
    }
}

impl Sealed for Bind<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(3 + short_str_len("queue", self.queue)?
            + short_str_len("exchange", self.exchange)?
            + short_str_len("routing-key", self.routing_key)?
            + table_len("arguments", self.arguments)?)
    }

    #[inline]
    fn write_arguments(&self, dialect: Dialect, w: &mut Writer<'_>) {
        // MTH-06
        w.u16(if dialect == Dialect::V0_9_1 { 0 } else { self.ticket });
        w.short_str(self.queue);
        w.short_str(self.exchange);
        w.short_str(self.routing_key);
        w.u8(u8::from(self.no_wait));
        w.table(self.arguments);
    }
}

impl AsMethod for Bind<'_> {
    const KIND: MethodKind = MethodKind::QueueBind;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::QueueBind(*self)
    }
}

impl traits::Request for Bind<'_> {
    #[inline]
    fn no_wait(&self) -> bool {
        self.no_wait
    }
}

impl fmt::Display for Bind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("ticket", u64::from(self.ticket))
            .short_str("queue", self.queue)
            .short_str("exchange", self.exchange)
            .short_str("routing-key", self.routing_key)
            .flag("no-wait", self.no_wait)
            .table("arguments", self.arguments)
            .end()
    }
}

/// The queue is bound.
///
/// `queue.bind-ok`, 50.21, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BindOk;

impl BindOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for BindOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for BindOk {
    const KIND: MethodKind = MethodKind::QueueBindOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::QueueBindOk(*self)
    }
}

impl traits::Reply for BindOk {}

impl fmt::Display for BindOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// Takes back a binding; it has no no-wait.
///
/// `queue.unbind`, 50.50, from the client; answered by [`UnbindOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unbind<'a> {
    /// Ticket from access.request, before 0-9-1.
    pub ticket: u16,
    /// The queue's name.
    pub queue: ShortStr<'a>,
    /// The exchange's name.
    pub exchange: ShortStr<'a>,
    /// The binding's key.
    pub routing_key: ShortStr<'a>,
    /// The binding's arguments.
    pub arguments: Table<'a>,
}

impl<'a> Unbind<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], dialect: Dialect, limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let ticket = r.u16()?;
        // MTH-06
        let ticket = if dialect == Dialect::V0_9_1 { 0 } else { ticket };
        let queue = r.short_str()?;
        let exchange = r.short_str()?;
        let routing_key = r.short_str()?;
        let arguments = r.table(limits)?;
        r.finish()?;
        Some(Self { ticket, queue, exchange, routing_key, arguments })
    }
}

impl Sealed for Unbind<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(2 + short_str_len("queue", self.queue)?
            + short_str_len("exchange", self.exchange)?
            + short_str_len("routing-key", self.routing_key)?
            + table_len("arguments", self.arguments)?)
    }

    #[inline]
    fn write_arguments(&self, dialect: Dialect, w: &mut Writer<'_>) {
        // MTH-06
        w.u16(if dialect == Dialect::V0_9_1 { 0 } else { self.ticket });
        w.short_str(self.queue);
        w.short_str(self.exchange);
        w.short_str(self.routing_key);
        w.table(self.arguments);
    }
}

impl AsMethod for Unbind<'_> {
    const KIND: MethodKind = MethodKind::QueueUnbind;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::QueueUnbind(*self)
    }
}

impl traits::Request for Unbind<'_> {}

impl fmt::Display for Unbind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("ticket", u64::from(self.ticket))
            .short_str("queue", self.queue)
            .short_str("exchange", self.exchange)
            .short_str("routing-key", self.routing_key)
            .table("arguments", self.arguments)
            .end()
    }
}

/// The binding is gone.
///
/// `queue.unbind-ok`, 50.51, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnbindOk;

impl UnbindOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for UnbindOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for UnbindOk {
    const KIND: MethodKind = MethodKind::QueueUnbindOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::QueueUnbindOk(*self)
    }
}

impl traits::Reply for UnbindOk {}

impl fmt::Display for UnbindOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// Drops the messages of a queue that nobody has received yet.
///
/// `queue.purge`, 50.30, from the client; answered by [`PurgeOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purge<'a> {
    /// Ticket from access.request, before 0-9-1.
    pub ticket: u16,
    /// The queue's name.
    pub queue: ShortStr<'a>,
    /// Asks for no reply on success.
    pub no_wait: bool,
}

impl<'a> Purge<'a> {
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
        Some(Self { ticket, queue, no_wait: bits & 0x01 != 0 })
    }
}

impl Sealed for Purge<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(3 + short_str_len("queue", self.queue)?)
    }

    #[inline]
    fn write_arguments(&self, dialect: Dialect, w: &mut Writer<'_>) {
        // MTH-06
        w.u16(if dialect == Dialect::V0_9_1 { 0 } else { self.ticket });
        w.short_str(self.queue);
        w.u8(u8::from(self.no_wait));
    }
}

impl AsMethod for Purge<'_> {
    const KIND: MethodKind = MethodKind::QueuePurge;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::QueuePurge(*self)
    }
}

impl traits::Request for Purge<'_> {
    #[inline]
    fn no_wait(&self) -> bool {
        self.no_wait
    }
}

impl fmt::Display for Purge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("ticket", u64::from(self.ticket))
            .short_str("queue", self.queue)
            .flag("no-wait", self.no_wait)
            .end()
    }
}

/// The messages are gone.
///
/// `queue.purge-ok`, 50.31, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PurgeOk {
    /// How many there were.
    pub message_count: u32,
}

impl PurgeOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let message_count = r.u32()?;
        r.finish()?;
        Some(Self { message_count })
    }
}

impl Sealed for PurgeOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(4)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u32(self.message_count);
    }
}

impl AsMethod for PurgeOk {
    const KIND: MethodKind = MethodKind::QueuePurgeOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::QueuePurgeOk(*self)
    }
}

impl traits::Reply for PurgeOk {}

impl fmt::Display for PurgeOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("message-count", u64::from(self.message_count))
            .end()
    }
}

/// Deletes a queue.
///
/// `queue.delete`, 50.40, from the client; answered by [`DeleteOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delete<'a> {
    /// Ticket from access.request, before 0-9-1.
    pub ticket: u16,
    /// The queue's name.
    pub queue: ShortStr<'a>,
    /// Fails if the queue has consumers.
    pub if_unused: bool,
    /// Fails if the queue has messages.
    pub if_empty: bool,
    /// Asks for no reply on success.
    pub no_wait: bool,
}

impl<'a> Delete<'a> {
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
        Some(Self {
            ticket,
            queue,
            if_unused: bits & 0x01 != 0,
            if_empty: bits & 0x02 != 0,
            no_wait: bits & 0x04 != 0,
        })
    }
}

impl Sealed for Delete<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(3 + short_str_len("queue", self.queue)?)
    }

    #[inline]
    fn write_arguments(&self, dialect: Dialect, w: &mut Writer<'_>) {
        // MTH-06
        w.u16(if dialect == Dialect::V0_9_1 { 0 } else { self.ticket });
        w.short_str(self.queue);
        w.u8(u8::from(self.if_unused)
            | (u8::from(self.if_empty) << 1)
            | (u8::from(self.no_wait) << 2));
    }
}

impl AsMethod for Delete<'_> {
    const KIND: MethodKind = MethodKind::QueueDelete;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::QueueDelete(*self)
    }
}

impl traits::Request for Delete<'_> {
    #[inline]
    fn no_wait(&self) -> bool {
        self.no_wait
    }
}

impl fmt::Display for Delete<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("ticket", u64::from(self.ticket))
            .short_str("queue", self.queue)
            .flag("if-unused", self.if_unused)
            .flag("if-empty", self.if_empty)
            .flag("no-wait", self.no_wait)
            .end()
    }
}

/// The queue is gone.
///
/// `queue.delete-ok`, 50.41, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeleteOk {
    /// Messages that went with it.
    pub message_count: u32,
}

impl DeleteOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let message_count = r.u32()?;
        r.finish()?;
        Some(Self { message_count })
    }
}

impl Sealed for DeleteOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(4)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u32(self.message_count);
    }
}

impl AsMethod for DeleteOk {
    const KIND: MethodKind = MethodKind::QueueDeleteOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::QueueDeleteOk(*self)
    }
}

impl traits::Reply for DeleteOk {}

impl fmt::Display for DeleteOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("message-count", u64::from(self.message_count))
            .end()
    }
}
