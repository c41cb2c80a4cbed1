use alloc::vec::Vec;
use core::fmt;

use crate::frame::{FrameType, RawFrame};
use crate::protocol::{ContentHeaderBuf, Dialect, Frame};
use crate::wire::{EncodeError, TableLimits};

use super::MethodBuf;

/// A frame that owns its payload.
///
/// ```
/// use amqp_proto::testing::FrameBuf;
///
/// let mut octets = Vec::new();
/// FrameBuf::body(1, b"hello").encode(&mut octets)?;
/// assert_eq!(octets, b"\x03\0\x01\0\0\0\x05hello\xCE");
/// # Ok::<(), amqp_proto::wire::EncodeError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct FrameBuf {
    frame_type: FrameType,
    channel: u16,
    payload: Vec<u8>,
}

impl FrameBuf {
    /// A method frame.
    pub fn method(channel: u16, method: &MethodBuf) -> Self {
        let payload = method.as_octets().to_vec();
        Self { frame_type: FrameType::METHOD, channel, payload }
    }

    /// The frame of a content header.
    pub fn header(channel: u16, header: &ContentHeaderBuf) -> Self {
        let mut payload = Vec::new();
        header.encode(&mut payload);
        Self { frame_type: FrameType::HEADER, channel, payload }
    }

    /// A body frame.
    pub fn body(channel: u16, payload: impl Into<Vec<u8>>) -> Self {
        Self { frame_type: FrameType::BODY, channel, payload: payload.into() }
    }

    /// A heartbeat (`HB-01`).
    pub const fn heartbeat() -> Self {
        Self { frame_type: FrameType::HEARTBEAT, channel: 0, payload: Vec::new() }
    }

    /// A frame of any type, whatever is in it.
    pub fn raw(frame_type: FrameType, channel: u16, payload: impl Into<Vec<u8>>) -> Self {
        Self { frame_type, channel, payload: payload.into() }
    }

    /// The frame, its payload not looked at.
    pub fn as_raw(&self) -> RawFrame<'_> {
        RawFrame { frame_type: self.frame_type, channel: self.channel, payload: &self.payload }
    }

    /// Appends the frame: header, payload, end octet.
    ///
    /// # Errors
    ///
    /// As for [`RawFrame::encode`].
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.as_raw().encode(out)
    }
}

/// The frame as it reads in 0-9-1, or as much as can be told of it.
impl fmt::Debug for FrameBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Frame::parse(Dialect::V0_9_1, self.as_raw(), &TableLimits::DEFAULT) {
            Ok(frame) => write!(f, "FrameBuf({frame})"),
            Err(_) => write!(f, "FrameBuf({})", self.as_raw()),
        }
    }
}
