//! Class `access`, 30. Tickets for realms, from before 0-9-1; brokers grant every request.
//!
//! Written by `cargo run -p amqp-codegen`; the data is in `spec/`.

use core::fmt;

use crate::{
    protocol::{
        Dialect, Method, MethodKind,
        display::Line,
        traits::{self, AsMethod, Sealed},
    },
    wire::{EncodeError, Reader, ShortStr, TableLimits, Writer, short_str_len},
};

/// Asks for a ticket; RabbitMQ still answers in 0-9-1.
///
/// `access.request`, 30.10, from the client; answered by [`RequestOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Request<'a> {
    /// The realm, a path like a virtual host's.
    pub realm: ShortStr<'a>,
    /// Nobody else shall have access.
    pub exclusive: bool,
    /// Access to look at what is there.
    pub passive: bool,
    /// Access to create and delete.
    pub active: bool,
    /// Access to publish.
    pub write: bool,
    /// Access to consume.
    pub read: bool,
}

impl<'a> Request<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let realm = r.short_str()?;
        let bits = r.u8()?;
        r.finish()?;
        Some(Self {
            realm,
            exclusive: bits & 0x01 != 0,
            passive: bits & 0x02 != 0,
            active: bits & 0x04 != 0,
            write: bits & 0x08 != 0,
            read: bits & 0x10 != 0,
        })
    }
}

impl Sealed for Request<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(1 + short_str_len("realm", self.realm)?)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.short_str(self.realm);
        w.u8(u8::from(self.exclusive)
            | (u8::from(self.passive) << 1)
            | (u8::from(self.active) << 2)
            | (u8::from(self.write) << 3)
            | (u8::from(self.read) << 4));
    }
}

impl AsMethod for Request<'_> {
    const KIND: MethodKind = MethodKind::AccessRequest;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::AccessRequest(*self)
    }
}

impl traits::Request for Request<'_> {}

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .short_str("realm", self.realm)
            .flag("exclusive", self.exclusive)
            .flag("passive", self.passive)
            .flag("active", self.active)
            .flag("write", self.write)
            .flag("read", self.read)
            .end()
    }
}

/// Hands out a ticket.
///
/// `access.request-ok`, 30.11, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestOk {
    /// The ticket for later methods; RabbitMQ sends 1, Broker-J 0.
    pub ticket: u16,
}

impl RequestOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let ticket = r.u16()?;
        r.finish()?;
        Some(Self { ticket })
    }
}

impl Sealed for RequestOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(2)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u16(self.ticket);
    }
}

impl AsMethod for RequestOk {
    const KIND: MethodKind = MethodKind::AccessRequestOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::AccessRequestOk(*self)
    }
}

impl traits::Reply for RequestOk {}

impl fmt::Display for RequestOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name()).number("ticket", u64::from(self.ticket)).end()
    }
}
