//! Class `exchange`, 40. Exchanges: where messages are published to, and how they go on.
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

/// Creates an exchange, or checks that it is there.
///
/// `exchange.declare`, 40.10, from the client; answered by [`DeclareOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Declare<'a> {
    /// Ticket from access.request, before 0-9-1.
    pub ticket: u16,
    /// The exchange's name.
    pub exchange: ShortStr<'a>,
    /// Its type: `direct`, `fanout`, `topic`, `headers` or the broker's own.
    pub r#type: ShortStr<'a>,
    /// Only checks; creates nothing.
    pub passive: bool,
    /// It outlives a restart of the broker.
    pub durable: bool,
    /// It goes when its last binding goes.
    pub auto_delete: bool,
    /// Only other exchanges may feed it.
    pub internal: bool,
    /// Asks for no reply on success.
    pub no_wait: bool,
    /// Further settings, by broker and type.
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
        let exchange = r.short_str()?;
        let r#type = r.short_str()?;
        let bits = r.u8()?;
        let arguments = r.table(limits)?;
        r.finish()?;
        Some(Self {
            ticket,
            exchange,
            r#type,
            passive: bits & 0x01 != 0,
            durable: bits & 0x02 != 0,
            auto_delete: bits & 0x04 != 0,
            internal: bits & 0x08 != 0,
            no_wait: bits & 0x10 != 0,
            arguments,
        })
    }
}

impl Sealed for Declare<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(3 + short_str_len("exchange", self.exchange)?
            + short_str_len("type", self.r#type)?
            + table_len("arguments", self.arguments)?)
    }

    #[inline]
    fn write_arguments(&self, dialect: Dialect, w: &mut Writer<'_>) {
        // MTH-06
        w.u16(if dialect == Dialect::V0_9_1 { 0 } else { self.ticket });
        w.short_str(self.exchange);
        w.short_str(self.r#type);
        w.u8(u8::from(self.passive)
            | (u8::from(self.durable) << 1)
            | (u8::from(self.auto_delete) << 2)
            | (u8::from(self.internal) << 3)
            | (u8::from(self.no_wait) << 4));
        w.table(self.arguments);
    }
}

impl AsMethod for Declare<'_> {
    const KIND: MethodKind = MethodKind::ExchangeDeclare;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ExchangeDeclare(*self)
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
            .short_str("exchange", self.exchange)
            .short_str("type", self.r#type)
            .flag("passive", self.passive)
            .flag("durable", self.durable)
            .flag("auto-delete", self.auto_delete)
            .flag("internal", self.internal)
            .flag("no-wait", self.no_wait)
            .table("arguments", self.arguments)
            .end()
    }
}

/// The exchange is there.
///
/// `exchange.declare-ok`, 40.11, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeclareOk;

impl DeclareOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for DeclareOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for DeclareOk {
    const KIND: MethodKind = MethodKind::ExchangeDeclareOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ExchangeDeclareOk(*self)
    }
}

impl traits::Reply for DeclareOk {}

impl fmt::Display for DeclareOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// Deletes an exchange.
///
/// `exchange.delete`, 40.20, from the client; answered by [`DeleteOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delete<'a> {
    /// Ticket from access.request, before 0-9-1.
    pub ticket: u16,
    /// The exchange's name.
    pub exchange: ShortStr<'a>,
    /// Fails if the exchange has bindings.
    pub if_unused: bool,
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
        let exchange = r.short_str()?;
        let bits = r.u8()?;
        r.finish()?;
        Some(Self { ticket, exchange, if_unused: bits & 0x01 != 0, no_wait: bits & 0x02 != 0 })
    }
}

impl Sealed for Delete<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(3 + short_str_len("exchange", self.exchange)?)
    }

    #[inline]
    fn write_arguments(&self, dialect: Dialect, w: &mut Writer<'_>) {
        // MTH-06
        w.u16(if dialect == Dialect::V0_9_1 { 0 } else { self.ticket });
        w.short_str(self.exchange);
        w.u8(u8::from(self.if_unused) | (u8::from(self.no_wait) << 1));
    }
}

impl AsMethod for Delete<'_> {
    const KIND: MethodKind = MethodKind::ExchangeDelete;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ExchangeDelete(*self)
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
            .short_str("exchange", self.exchange)
            .flag("if-unused", self.if_unused)
            .flag("no-wait", self.no_wait)
            .end()
    }
}

/// The exchange is gone.
///
/// `exchange.delete-ok`, 40.21, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeleteOk;

impl DeleteOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for DeleteOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for DeleteOk {
    const KIND: MethodKind = MethodKind::ExchangeDeleteOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ExchangeDeleteOk(*self)
    }
}

impl traits::Reply for DeleteOk {}

impl fmt::Display for DeleteOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// Asks whether a binding exists; Broker-J's own method.
///
/// `exchange.bound`, 40.22, from the client; answered by [`BoundOk`]. Qpid's extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bound<'a> {
    /// The exchange's name, or empty.
    pub exchange: ShortStr<'a>,
    /// The binding's key, or empty.
    pub routing_key: ShortStr<'a>,
    /// The queue's name, or empty.
    pub queue: ShortStr<'a>,
}

impl<'a> Bound<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let exchange = r.short_str()?;
        let routing_key = r.short_str()?;
        let queue = r.short_str()?;
        r.finish()?;
        Some(Self { exchange, routing_key, queue })
    }
}

impl Sealed for Bound<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(short_str_len("exchange", self.exchange)?
            + short_str_len("routing-key", self.routing_key)?
            + short_str_len("queue", self.queue)?)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.short_str(self.exchange);
        w.short_str(self.routing_key);
        w.short_str(self.queue);
    }
}

impl AsMethod for Bound<'_> {
    const KIND: MethodKind = MethodKind::ExchangeBound;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ExchangeBound(*self)
    }
}

impl traits::Request for Bound<'_> {}

impl fmt::Display for Bound<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .short_str("exchange", self.exchange)
            .short_str("routing-key", self.routing_key)
            .short_str("queue", self.queue)
            .end()
    }
}

/// Says whether the binding exists.
///
/// `exchange.bound-ok`, 40.23, from the server. Qpid's extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BoundOk<'a> {
    /// 0 if it does; 1 no exchange, 2 no queue, 3 no bindings, 4 queue not bound, 5 key not
    /// bound, 6 queue not bound with the key.
    pub reply_code: u16,
    /// The same for people.
    pub reply_text: ShortStr<'a>,
}

impl<'a> BoundOk<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let reply_code = r.u16()?;
        let reply_text = r.short_str()?;
        r.finish()?;
        Some(Self { reply_code, reply_text })
    }
}

impl Sealed for BoundOk<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(2 + short_str_len("reply-text", self.reply_text)?)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u16(self.reply_code);
        w.short_str(self.reply_text);
    }
}

impl AsMethod for BoundOk<'_> {
    const KIND: MethodKind = MethodKind::ExchangeBoundOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ExchangeBoundOk(*self)
    }
}

impl traits::Reply for BoundOk<'_> {}

impl fmt::Display for BoundOk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("reply-code", u64::from(self.reply_code))
            .short_str("reply-text", self.reply_text)
            .end()
    }
}

/// Lets messages go from one exchange to another.
///
/// `exchange.bind`, 40.30 in 0-9 and 0-9-1, from the client; answered by [`BindOk`].
/// RabbitMQ's extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bind<'a> {
    /// The exchange that receives.
    pub destination: ShortStr<'a>,
    /// The exchange that gives.
    pub source: ShortStr<'a>,
    /// Which messages, in the way of the source's type.
    pub routing_key: ShortStr<'a>,
    /// Asks for no reply on success.
    pub no_wait: bool,
    /// Which messages, for types that use a table.
    pub arguments: Table<'a>,
}

impl<'a> Bind<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        r.u16()?; // MTH-06
        let destination = r.short_str()?;
        let source = r.short_str()?;
        let routing_key = r.short_str()?;
        let bits = r.u8()?;
        let arguments = r.table(limits)?;
        r.finish()?;
        Some(Self { destination, source, routing_key, no_wait: bits & 0x01 != 0, arguments })
    }
}

impl Sealed for Bind<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(3 + short_str_len("destination", self.destination)?
            + short_str_len("source", self.source)?
            + short_str_len("routing-key", self.routing_key)?
            + table_len("arguments", self.arguments)?)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u16(0);
        w.short_str(self.destination);
        w.short_str(self.source);
        w.short_str(self.routing_key);
        w.u8(u8::from(self.no_wait));
        w.table(self.arguments);
    }
}

impl AsMethod for Bind<'_> {
    const KIND: MethodKind = MethodKind::ExchangeBind;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ExchangeBind(*self)
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
            .short_str("destination", self.destination)
            .short_str("source", self.source)
            .short_str("routing-key", self.routing_key)
            .flag("no-wait", self.no_wait)
            .table("arguments", self.arguments)
            .end()
    }
}

/// The exchanges are bound.
///
/// `exchange.bind-ok`, 40.31 in 0-9 and 0-9-1, from the server. RabbitMQ's extension.
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
    const KIND: MethodKind = MethodKind::ExchangeBindOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ExchangeBindOk(*self)
    }
}

impl traits::Reply for BindOk {}

impl fmt::Display for BindOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// Takes back a binding between exchanges.
///
/// `exchange.unbind`, 40.40 in 0-9 and 0-9-1, from the client; answered by [`UnbindOk`].
/// RabbitMQ's extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unbind<'a> {
    /// The exchange that received.
    pub destination: ShortStr<'a>,
    /// The exchange that gave.
    pub source: ShortStr<'a>,
    /// The binding's key.
    pub routing_key: ShortStr<'a>,
    /// Asks for no reply on success.
    pub no_wait: bool,
    /// The binding's arguments.
    pub arguments: Table<'a>,
}

impl<'a> Unbind<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        r.u16()?; // MTH-06
        let destination = r.short_str()?;
        let source = r.short_str()?;
        let routing_key = r.short_str()?;
        let bits = r.u8()?;
        let arguments = r.table(limits)?;
        r.finish()?;
        Some(Self { destination, source, routing_key, no_wait: bits & 0x01 != 0, arguments })
    }
}

impl Sealed for Unbind<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(3 + short_str_len("destination", self.destination)?
            + short_str_len("source", self.source)?
            + short_str_len("routing-key", self.routing_key)?
            + table_len("arguments", self.arguments)?)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u16(0);
        w.short_str(self.destination);
        w.short_str(self.source);
        w.short_str(self.routing_key);
        w.u8(u8::from(self.no_wait));
        w.table(self.arguments);
    }
}

impl AsMethod for Unbind<'_> {
    const KIND: MethodKind = MethodKind::ExchangeUnbind;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ExchangeUnbind(*self)
    }
}

impl traits::Request for Unbind<'_> {
    #[inline]
    fn no_wait(&self) -> bool {
        self.no_wait
    }
}

impl fmt::Display for Unbind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .short_str("destination", self.destination)
            .short_str("source", self.source)
            .short_str("routing-key", self.routing_key)
            .flag("no-wait", self.no_wait)
            .table("arguments", self.arguments)
            .end()
    }
}

/// The binding is gone. Its number is 51, not 41.
///
/// `exchange.unbind-ok`, 40.51 in 0-9 and 0-9-1, from the server. RabbitMQ's extension.
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
    const KIND: MethodKind = MethodKind::ExchangeUnbindOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ExchangeUnbindOk(*self)
    }
}

impl traits::Reply for UnbindOk {}

impl fmt::Display for UnbindOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}
