//! Class `confirm`, 85. Publisher confirms, an extension of RabbitMQ.
//!
//! Written by `cargo run -p amqp-codegen`; the data is in `spec/`.

use core::fmt;

use crate::{
    protocol::{
        Dialect, Method, MethodKind,
        display::Line,
        traits::{self, AsMethod, Sealed},
    },
    wire::{EncodeError, Reader, Writer},
};

/// Has every publish on the channel confirmed from now on.
///
/// `confirm.select`, 85.10, from the client; answered by [`SelectOk`]. RabbitMQ's extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Select {
    /// Asks for no reply on success.
    pub no_wait: bool,
}

impl Select {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let bits = r.u8()?;
        r.finish()?;
        Some(Self { no_wait: bits & 0x01 != 0 })
    }
}

impl Sealed for Select {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(1)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u8(u8::from(self.no_wait));
    }
}

impl AsMethod for Select {
    const KIND: MethodKind = MethodKind::ConfirmSelect;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConfirmSelect(*self)
    }
}

impl traits::Request for Select {
    #[inline]
    fn no_wait(&self) -> bool {
        self.no_wait
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name()).flag("no-wait", self.no_wait).end()
    }
}

/// Publishes are confirmed, counted from 1.
///
/// `confirm.select-ok`, 85.11, from the server. RabbitMQ's extension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SelectOk;

impl SelectOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for SelectOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for SelectOk {
    const KIND: MethodKind = MethodKind::ConfirmSelectOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ConfirmSelectOk(*self)
    }
}

impl traits::Reply for SelectOk {}

impl fmt::Display for SelectOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}
