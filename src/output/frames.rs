//! Writes whole frames: on `Err` nothing has been written.

use alloc::vec::Vec;

use crate::frame::{FRAME_END, FRAME_HEADER_LEN, FRAME_OVERHEAD, FrameHeader, FrameType};
use crate::protocol::{AsMethod, ContentHeader, Dialect};
use crate::wire::EncodeError;

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

    pub(crate) fn header(
        self,
        out: &mut Vec<u8>,
        header: &ContentHeader<'_>,
    ) -> Result<(), EncodeError> {
        let size = header.encoded_len();
        self.fits(size)?;
        out.extend_from_slice(&self.frame_header(FrameType::HEADER, size));
        header.encode(out);
        out.push(FRAME_END);
        Ok(())
    }

    /// A body, in as many frames as it takes.
    pub(crate) fn body(self, out: &mut Vec<u8>, octets: &[u8]) {
        for part in octets.chunks(self.largest.max(1)) {
            out.extend_from_slice(&self.frame_header(FrameType::BODY, part.len()));
            out.extend_from_slice(part);
            out.push(FRAME_END);
        }
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
