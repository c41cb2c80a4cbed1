use alloc::vec::Vec;
use core::fmt;

use super::{FRAME_END, FRAME_OVERHEAD, FrameHeader, FrameType};
use crate::wire::EncodeError;

/// A whole frame whose payload was not looked at.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the wire format fixes the fields")]
pub struct RawFrame<'a> {
    /// What the payload is.
    pub frame_type: FrameType,
    /// The channel; 0 is the connection itself.
    pub channel: u16,
    /// The octets between header and end octet.
    pub payload: &'a [u8],
}

impl RawFrame<'static> {
    /// The only legal heartbeat frame (`HB-01`).
    pub const HEARTBEAT: Self = Self { frame_type: FrameType::HEARTBEAT, channel: 0, payload: &[] };
}

impl RawFrame<'_> {
    /// Octets of the whole frame with header and end octet.
    #[must_use]
    #[inline]
    pub const fn total_len(&self) -> usize {
        self.payload.len().saturating_add(FRAME_OVERHEAD)
    }

    /// Appends the frame: header, payload, end octet.
    ///
    /// # Errors
    ///
    /// [`EncodeError::FrameTooLarge`] when the payload has more octets than the size field can say
    /// (`FRM-07`); `out` stays as it was.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let Ok(size) = u32::try_from(self.payload.len()) else {
            let limit = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
            return Err(EncodeError::FrameTooLarge { size: self.payload.len(), limit });
        };
        let header = FrameHeader { frame_type: self.frame_type, channel: self.channel, size };
        out.reserve(self.total_len());
        out.extend_from_slice(&header.encode());
        out.extend_from_slice(self.payload);
        out.push(FRAME_END);
        Ok(())
    }
}

/// One line without the payload, for example `ch 1 body frame, 5 octets`.
impl fmt::Display for RawFrame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frame_type, channel, payload } = self;
        write!(f, "ch {channel} {frame_type} frame, {} octets", payload.len())
    }
}

/// The payload's length alone: it may hold a password.
impl fmt::Debug for RawFrame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawFrame({self})")
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn frames_are_appended_whole() {
        let mut out = Vec::from(*b"before");
        RawFrame::HEARTBEAT.encode(&mut out).unwrap();
        // HB-01
        assert_eq!(out, b"before\x08\0\0\0\0\0\0\xCE");
        out.clear();
        let frame = RawFrame { frame_type: FrameType::BODY, channel: 258, payload: b"ab" };
        frame.encode(&mut out).unwrap();
        assert_eq!(out, b"\x03\x01\x02\0\0\0\x02ab\xCE");
        assert_eq!(out.len(), frame.total_len());
    }
    #[test]
    fn payloads_are_not_shown() {
        let frame = RawFrame { frame_type: FrameType::METHOD, channel: 0, payload: b"secret" };
        assert_eq!(format!("{frame:?}"), "RawFrame(ch 0 method frame, 6 octets)");
    }
}
