//! Writes whole frames: on `Err` nothing has been written.

use alloc::vec::Vec;

use crate::frame::{FRAME_END, FRAME_HEADER_LEN, FRAME_OVERHEAD, FrameHeader, FrameType};
use crate::protocol::{AsMethod, ContentHeader, Dialect};
use crate::wire::EncodeError;

/// Octets of a header frame before the values of the properties.
const HEADER_BEGIN: usize = FRAME_HEADER_LEN + ContentHeader::FIXED_LEN;

/// The whole of a heartbeat (`HB-01`).
pub(crate) const HEARTBEAT_FRAME: [u8; FRAME_OVERHEAD] =
    [FrameType::HEARTBEAT.0, 0, 0, 0, 0, 0, 0, FRAME_END];

/// Where the frames go, and what they have to fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Framing {
    pub(crate) channel: u16,
    pub(crate) dialect: Dialect,
    /// Octets that a payload may have (`TUN-07`).
    pub(crate) largest: usize,
}

impl Framing {
    pub(crate) fn method(
        self,
        out: &mut Vec<u8>,
        method: &impl AsMethod,
    ) -> Result<(), EncodeError> {
        let start = out.len();
        // A forgotten size reads as far too long, never as short.
        out.extend_from_slice(&self.frame_header(FrameType::METHOD, usize::MAX));
        method.encode(self.dialect, out).inspect_err(|_| out.truncate(start))?;
        let size = out.len() - start - FRAME_HEADER_LEN;
        self.fits(size).inspect_err(|_| out.truncate(start))?;
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        if let Some(place) = out.get_mut(start + 3..start + FRAME_HEADER_LEN) {
            place.copy_from_slice(&size.to_be_bytes());
        }
        out.push(FRAME_END);
        Ok(())
    }

    /// Method and header of a content.
    pub(crate) fn head(
        self,
        out: &mut Vec<u8>,
        method: &impl AsMethod,
        header: &ContentHeader<'_>,
    ) -> Result<(), EncodeError> {
        let start = out.len();
        self.method(out, method)?;
        self.header(out, header).inspect_err(|_| out.truncate(start))
    }

    /// A whole content.
    pub(crate) fn content(
        self,
        out: &mut Vec<u8>,
        method: &impl AsMethod,
        header: &ContentHeader<'_>,
        body: &[u8],
    ) -> Result<(), EncodeError> {
        self.head(out, method, header)?;
        self.body(out, body);
        Ok(())
    }

    #[inline]
    pub(crate) fn header(
        self,
        out: &mut Vec<u8>,
        header: &ContentHeader<'_>,
    ) -> Result<(), EncodeError> {
        let size = header.encoded_len();
        self.fits(size)?;
        // As few appends as can be: each looks whether there is room.
        let mut begin = [0; HEADER_BEGIN];
        let (frame, fixed) = begin.split_at_mut(FRAME_HEADER_LEN);
        frame.copy_from_slice(&self.frame_header(FrameType::HEADER, size));
        fixed.copy_from_slice(&header.fixed());
        out.extend_from_slice(&begin);
        out.extend_from_slice(header.properties.as_octets());
        out.push(FRAME_END);
        Ok(())
    }

    /// A body, in as many frames as it takes.
    #[inline]
    pub(crate) fn body(self, out: &mut Vec<u8>, mut octets: &[u8]) {
        while let Some((part, rest)) = octets.split_at_checked(self.largest.max(1)) {
            self.body_frame(out, part);
            octets = rest;
        }
        if !octets.is_empty() {
            self.body_frame(out, octets);
        }
    }

    #[inline]
    fn body_frame(self, out: &mut Vec<u8>, octets: &[u8]) {
        out.extend_from_slice(&self.frame_header(FrameType::BODY, octets.len()));
        out.extend_from_slice(octets);
        out.push(FRAME_END);
    }

    pub(crate) fn fits(self, size: usize) -> Result<(), EncodeError> {
        let limit = self.largest;
        if size <= limit { Ok(()) } else { Err(EncodeError::FrameTooLarge { size, limit }) }
    }

    pub(crate) fn frame_header(self, frame_type: FrameType, size: usize) -> [u8; FRAME_HEADER_LEN] {
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        FrameHeader { frame_type, channel: self.channel, size }.encode()
    }
}
