//! A received frame that is being judged.

use alloc::boxed::Box;

use bytes::Bytes;

use crate::error::{Got, Scope, Violation};
use crate::event::MethodEvent;
use crate::frame::FRAME_HEADER_LEN;
use crate::frame::HEADER_OCTETS;
use crate::protocol::{Dialect, MethodId, MethodKind, ReplyCode};
use crate::wire::{DecodeError, DecodeErrorKind};

/// A rule broken by the peer, on its way to the event. Boxed: rare and large.
pub(crate) type Fault = Box<Violation>;

/// One frame within the chunk that is being decoded; its end octet has been checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming<'a> {
    pub(crate) chunk: &'a Bytes,
    /// Where the frame begins in the chunk.
    pub(crate) start: u32,
    /// Payload octets.
    pub(crate) size: u32,
    pub(crate) channel: u16,
    /// Octets of the stream before the frame.
    pub(crate) offset: u64,
}

impl<'a> Incoming<'a> {
    #[inline]
    pub(crate) const fn payload_start(&self) -> u32 {
        self.start + HEADER_OCTETS
    }

    #[inline]
    pub(crate) const fn payload_end(&self) -> u32 {
        self.payload_start() + self.size
    }

    #[inline]
    pub(crate) fn payload(&self) -> &'a [u8] {
        let range = self.payload_start() as usize..self.payload_end() as usize;
        self.chunk.get(range).unwrap_or(&[])
    }

    /// The method of this frame as an event that shares the octets.
    pub(crate) fn method(&self, kind: MethodKind, dialect: Dialect) -> MethodEvent {
        let octets = self.chunk.slice_ref(self.payload());
        MethodEvent { octets, channel: self.channel, kind, dialect }
    }

    #[cold]
    pub(crate) fn fault(
        &self,
        rule: &'static str,
        reply_code: ReplyCode,
        expected: &'static str,
        got: Got,
    ) -> Fault {
        Box::new(Violation {
            scope: Scope::Connection,
            reply_code,
            rule,
            expected,
            got,
            channel: self.channel,
            method: MethodId::default(),
            offset: self.offset,
        })
    }

    /// A fault that is the method's, which the Close then names (`CLS-07`).
    #[cold]
    pub(crate) fn method_fault(
        &self,
        rule: &'static str,
        reply_code: ReplyCode,
        expected: &'static str,
        kind: MethodKind,
        dialect: Dialect,
    ) -> Fault {
        let mut fault = self.fault(rule, reply_code, expected, Got::Method(kind));
        fault.method = kind.id(dialect).unwrap_or_default();
        fault
    }

    /// A payload that can't be decoded; `rule` where no rule on tables says more.
    #[cold]
    pub(crate) fn malformed(&self, rule: &'static str, error: DecodeError) -> Fault {
        let rule = match error.kind() {
            DecodeErrorKind::TooDeep { .. } | DecodeErrorKind::TooManyEntries { .. } => "LIM-03",
            DecodeErrorKind::UnknownTag { .. } => "TBL-06",
            DecodeErrorKind::BadFieldName => "TBL-11",
            _ => rule,
        };
        let reply_code = ReplyCode::from(error.reply_code());
        let got = Got::Malformed(error.at(FRAME_HEADER_LEN));
        self.fault(rule, reply_code, "a well-formed payload", got)
    }
}
