//! A received frame that is being judged.

use alloc::boxed::Box;

use bytes::Bytes;

use crate::error::{Got, Scope, Violation};
use crate::event::{MethodEvent, Octets};
use crate::frame::{FRAME_HEADER_LEN, HEADER_OCTETS};
use crate::protocol::{Dialect, MethodId, MethodKind, ReplyCode};
use crate::wire::{DecodeError, DecodeErrorKind};

/// A rule broken by the peer, on its way to the event. Boxed: rare and large.
pub(crate) type Fault = Box<Violation>;

/// One frame within the chunk that is being decoded; its end octet has been checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming<'a> {
    pub(crate) chunk: &'a Bytes,
    pub(crate) payload: &'a [u8],
    /// Where the frame begins in the chunk.
    pub(crate) start: u32,
    pub(crate) channel: u16,
    /// Octets of the stream before the frame.
    pub(crate) offset: u64,
}

impl<'a> Incoming<'a> {
    /// Payload octets.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the size field of a frame has 32 bits")]
    pub(crate) const fn size(&self) -> u32 {
        self.payload.len() as u32
    }

    #[inline]
    pub(crate) const fn payload_start(&self) -> u32 {
        self.start + HEADER_OCTETS
    }

    #[inline]
    pub(crate) const fn payload_end(&self) -> u32 {
        self.payload_start() + self.size()
    }

    /// The method of this frame as an event.
    #[inline]
    pub(crate) fn method(&self, kind: MethodKind, dialect: Dialect) -> MethodEvent {
        let octets = Octets::of(self.chunk, self.payload_start() as usize, self.payload);
        MethodEvent { octets, channel: self.channel, kind, dialect }
    }

    /// Class id and method id, if the payload of this method frame has them.
    #[inline]
    pub(crate) fn method_id(&self) -> Option<MethodId> {
        self.payload.first_chunk().copied().map(MethodId::parse)
    }

    #[cold]
    pub(crate) fn without_ids(&self) -> Fault {
        let (code, got) = (ReplyCode::FRAME_ERROR, Got::Number(self.size().into()));
        self.fault("FRM-08", code, "a class id and a method id", got)
    }

    /// The frame without its end octet.
    pub(crate) fn octets(&self) -> &'a [u8] {
        let range = self.start as usize..self.payload_end() as usize;
        self.chunk.get(range).unwrap_or(&[])
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

    /// A method that may not come here or now.
    #[cold]
    pub(crate) fn wrong_method(
        &self,
        rule: &'static str,
        reply_code: ReplyCode,
        expected: &'static str,
        kind: MethodKind,
    ) -> Fault {
        self.fault(rule, reply_code, expected, Got::Method(kind))
    }

    /// Octets that can't be decoded. `rule`: the one that stands for all that has none of its own.
    #[cold]
    pub(crate) fn malformed(&self, rule: &'static str, error: DecodeError) -> Fault {
        let rule = match error.kind() {
            DecodeErrorKind::TrailingOctets { .. } if rule == "MTH-04" => "MTH-05",
            DecodeErrorKind::UnknownTag { .. } => "TBL-06",
            DecodeErrorKind::BadFieldName => "TBL-11",
            DecodeErrorKind::BadShortString => "TYP-02",
            DecodeErrorKind::BadFlags { .. } => "CNT-14",
            DecodeErrorKind::TooDeep { .. }
            | DecodeErrorKind::TooManyEntries { .. }
            | DecodeErrorKind::TooLarge { .. } => "LIM-03",
            _ => rule,
        };
        let reply_code = ReplyCode::from(error.reply_code());
        let got = Got::Malformed(error.at(FRAME_HEADER_LEN));
        self.fault(rule, reply_code, "a well-formed payload", got)
    }
}
