//! Class `channel`, 20. Opening, flow control and the end of a channel.
//!
//! Written by `cargo run -p amqp-codegen`; the data is in `spec/`.

use core::fmt;

use crate::{
    protocol::{
        Dialect, Method, MethodKind, ReplyCode,
        display::Line,
        traits::{self, AsMethod, Sealed},
    },
    wire::{
        EncodeError, LongStr, Reader, ShortStr, Table, TableLimits, Writer, long_str_len,
        short_str_len, table_len,
    },
};

/// Opens the channel whose number the frame carries.
///
/// `channel.open`, 20.10, from the client; answered by [`OpenOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open<'a> {
    /// Transfer settings that were never defined, before 0-9-1.
    pub out_of_band: ShortStr<'a>,
}

impl<'a> Open<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], dialect: Dialect, limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let out_of_band = r.short_str()?;
        // MTH-06
        let out_of_band =
            if dialect == Dialect::V0_9_1 { ShortStr::default() } else { out_of_band };
        r.finish()?;
        Some(Self { out_of_band })
    }
}

impl Sealed for Open<'_> {
    #[inline]
    fn arguments_len(&self, dialect: Dialect) -> Result<usize, EncodeError> {
        short_str_len(
            "out-of-band",
            if dialect == Dialect::V0_9_1 { ShortStr::default() } else { self.out_of_band },
        )
    }

    #[inline]
    fn write_arguments(&self, dialect: Dialect, w: &mut Writer<'_>) {
        // MTH-06
        w.short_str(if dialect == Dialect::V0_9_1 {
            ShortStr::default()
        } else {
            self.out_of_band
        });
    }
}

impl AsMethod for Open<'_> {
    const KIND: MethodKind = MethodKind::ChannelOpen;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ChannelOpen(*self)
    }
}

impl fmt::Display for Open<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name()).short_str("out-of-band", self.out_of_band).end()
    }
}

/// The channel is ready.
///
/// `channel.open-ok`, 20.11, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOk<'a> {
    /// The channel's name for channel.resume, in 0-9.
    pub channel_id: LongStr<'a>,
}

impl<'a> OpenOk<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], dialect: Dialect) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let channel_id = if dialect != Dialect::V0_8 { r.long_str()? } else { LongStr::default() };
        // MTH-06
        let channel_id = if dialect == Dialect::V0_9_1 { LongStr::default() } else { channel_id };
        r.finish()?;
        Some(Self { channel_id })
    }
}

impl Sealed for OpenOk<'_> {
    #[inline]
    fn arguments_len(&self, dialect: Dialect) -> Result<usize, EncodeError> {
        Result::Ok(if dialect != Dialect::V0_8 {
            long_str_len(
                "channel-id",
                if dialect == Dialect::V0_9_1 { LongStr::default() } else { self.channel_id },
            )?
        } else {
            0
        })
    }

    #[inline]
    fn write_arguments(&self, dialect: Dialect, w: &mut Writer<'_>) {
        // MTH-06
        if dialect != Dialect::V0_8 {
            w.long_str(if dialect == Dialect::V0_9_1 {
                LongStr::default()
            } else {
                self.channel_id
            });
        }
    }
}

impl AsMethod for OpenOk<'_> {
    const KIND: MethodKind = MethodKind::ChannelOpenOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ChannelOpenOk(*self)
    }
}

impl fmt::Display for OpenOk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name()).long_str("channel-id", self.channel_id).end()
    }
}

/// Asks the peer to stop or go on sending contents.
///
/// `channel.flow`, 20.20, from either side; answered by [`FlowOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Whether contents may flow.
    pub active: bool,
}

impl Flow {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let bits = r.u8()?;
        r.finish()?;
        Some(Self { active: bits & 0x01 != 0 })
    }
}

impl Sealed for Flow {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Result::Ok(1)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u8(u8::from(self.active));
    }
}

impl AsMethod for Flow {
    const KIND: MethodKind = MethodKind::ChannelFlow;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ChannelFlow(*self)
    }
}

impl traits::Request for Flow {}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name()).state("active", self.active).end()
    }
}

/// Confirms a flow.
///
/// `channel.flow-ok`, 20.21, from either side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowOk {
    /// Whether contents flow now.
    pub active: bool,
}

impl FlowOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let bits = r.u8()?;
        r.finish()?;
        Some(Self { active: bits & 0x01 != 0 })
    }
}

impl Sealed for FlowOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Result::Ok(1)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u8(u8::from(self.active));
    }
}

impl AsMethod for FlowOk {
    const KIND: MethodKind = MethodKind::ChannelFlowOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ChannelFlowOk(*self)
    }
}

impl traits::Reply for FlowOk {}

impl fmt::Display for FlowOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name()).state("active", self.active).end()
    }
}

/// Warns the client without closing anything.
///
/// `channel.alert`, 20.30 in 0-8, from the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alert<'a> {
    /// What happened, as a number.
    pub reply_code: ReplyCode,
    /// What happened, for people.
    pub reply_text: ShortStr<'a>,
    /// More about it.
    pub details: Table<'a>,
}

impl<'a> Alert<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let reply_code = ReplyCode(r.u16()?);
        let reply_text = r.short_str()?;
        let details = r.table(limits)?;
        r.finish()?;
        Some(Self { reply_code, reply_text, details })
    }
}

impl Sealed for Alert<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Result::Ok(
            2 + short_str_len("reply-text", self.reply_text)? + table_len("details", self.details)?,
        )
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u16(self.reply_code.0);
        w.short_str(self.reply_text);
        w.table(self.details);
    }
}

impl AsMethod for Alert<'_> {
    const KIND: MethodKind = MethodKind::ChannelAlert;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ChannelAlert(*self)
    }
}

impl traits::Notice for Alert<'_> {}

impl fmt::Display for Alert<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("reply-code", u64::from(self.reply_code.0))
            .short_str("reply-text", self.reply_text)
            .table("details", self.details)
            .end()
    }
}

/// Ends the channel, with a reason.
///
/// `channel.close`, 20.40, from either side; answered by [`CloseOk`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Close<'a> {
    /// The reason as a number.
    pub reply_code: ReplyCode,
    /// The reason for people.
    pub reply_text: ShortStr<'a>,
    /// Class of the method that failed, else 0.
    pub class_id: u16,
    /// The method that failed, else 0.
    pub method_id: u16,
}

impl<'a> Close<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::behind_ids(payload).judging(limits.short_strings);
        let reply_code = ReplyCode(r.u16()?);
        let reply_text = r.short_str()?;
        let class_id = r.u16()?;
        let method_id = r.u16()?;
        r.finish()?;
        Some(Self { reply_code, reply_text, class_id, method_id })
    }
}

impl Sealed for Close<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Result::Ok(6 + short_str_len("reply-text", self.reply_text)?)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.u16(self.reply_code.0);
        w.short_str(self.reply_text);
        w.u16(self.class_id);
        w.u16(self.method_id);
    }
}

impl AsMethod for Close<'_> {
    const KIND: MethodKind = MethodKind::ChannelClose;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ChannelClose(*self)
    }
}

impl fmt::Display for Close<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name())
            .number("reply-code", u64::from(self.reply_code.0))
            .short_str("reply-text", self.reply_text)
            .number("class-id", u64::from(self.class_id))
            .number("method-id", u64::from(self.method_id))
            .end()
    }
}

/// The channel is closed; its number may be used again.
///
/// `channel.close-ok`, 20.41, from either side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CloseOk;

impl CloseOk {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for CloseOk {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Result::Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for CloseOk {
    const KIND: MethodKind = MethodKind::ChannelCloseOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ChannelCloseOk(*self)
    }
}

impl fmt::Display for CloseOk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// Takes up a channel of an interrupted connection.
///
/// `channel.resume`, 20.50 in 0-9, from the client; answered by [`Ok`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resume<'a> {
    /// The name that open-ok gave it.
    pub channel_id: LongStr<'a>,
}

impl<'a> Resume<'a> {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &'a [u8]) -> Option<Self> {
        let mut r = Reader::behind_ids(payload);
        let channel_id = r.long_str()?;
        r.finish()?;
        Some(Self { channel_id })
    }
}

impl Sealed for Resume<'_> {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        long_str_len("channel-id", self.channel_id)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, w: &mut Writer<'_>) {
        w.long_str(self.channel_id);
    }
}

impl AsMethod for Resume<'_> {
    const KIND: MethodKind = MethodKind::ChannelResume;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ChannelResume(*self)
    }
}

impl traits::Notice for Resume<'_> {}

impl fmt::Display for Resume<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Line::begin(f, Self::KIND.name()).long_str("channel-id", self.channel_id).end()
    }
}

/// Asks for a sign of life on the channel.
///
/// `channel.ping`, 20.60 in 0-9, from either side; answered by [`Ok`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ping;

impl Ping {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for Ping {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Result::Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for Ping {
    const KIND: MethodKind = MethodKind::ChannelPing;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ChannelPing(*self)
    }
}

impl traits::Notice for Ping {}

impl fmt::Display for Ping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// Gives a sign of life on the channel.
///
/// `channel.pong`, 20.70 in 0-9, from either side; answered by [`Ok`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pong;

impl Pong {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for Pong {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Result::Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for Pong {
    const KIND: MethodKind = MethodKind::ChannelPong;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ChannelPong(*self)
    }
}

impl traits::Notice for Pong {}

impl fmt::Display for Pong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}

/// Confirms a resume, ping or pong.
///
/// `channel.ok`, 20.80 in 0-9, from either side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ok;

impl Ok {
    /// Reads the payload behind the ids; nothing may be left (`MTH-05`).
    #[inline]
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let r = Reader::behind_ids(payload);
        r.finish()?;
        Some(Self)
    }
}

impl Sealed for Ok {
    #[inline]
    fn arguments_len(&self, _: Dialect) -> Result<usize, EncodeError> {
        Result::Ok(0)
    }

    #[inline]
    fn write_arguments(&self, _: Dialect, _: &mut Writer<'_>) {}
}

impl AsMethod for Ok {
    const KIND: MethodKind = MethodKind::ChannelOk;

    #[inline]
    fn as_method(&self) -> Method<'_> {
        Method::ChannelOk(*self)
    }
}

impl traits::Notice for Ok {}

impl fmt::Display for Ok {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND.name())
    }
}
