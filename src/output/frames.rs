//! Frames are measured first, which tells whether they can be sent, and then written to a place of just
//! their length.

use crate::frame::{FRAME_END, FRAME_HEADER_LEN, FRAME_OVERHEAD, FrameHeader, FrameType};
use crate::protocol::{AsMethod, ContentHeader, Dialect, MethodId, id_octets, measure};
use crate::wire::{EncodeError, Writer};

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

/// A method frame that can be sent.
#[derive(Debug)]
pub(crate) struct MethodFrame<'m, M> {
    framing: Framing,
    method: &'m M,
    id: MethodId,
    size: usize,
}

/// Method and header of a content, which can be sent.
#[derive(Debug)]
pub(crate) struct Head<'m, M> {
    method: MethodFrame<'m, M>,
    header: &'m ContentHeader<'m>,
    size: usize,
}

impl Framing {
    #[inline(always)]
    pub(crate) fn method<M: AsMethod>(self, method: &M) -> Result<MethodFrame<'_, M>, EncodeError> {
        let (id, size) = measure(method, self.dialect)?;
        self.fits(size)?;
        Ok(MethodFrame { framing: self, method, id, size })
    }

    /// Method and header of a content.
    #[inline(always)]
    pub(crate) fn head<'m, M: AsMethod>(
        self,
        method: &'m M,
        header: &'m ContentHeader<'m>,
    ) -> Result<Head<'m, M>, EncodeError> {
        let method = self.method(method)?;
        let size = self.header_size(header)?;
        Ok(Head { method, header, size })
    }

    /// The size of the payload of a header frame.
    #[inline(always)]
    pub(crate) fn header_size(self, header: &ContentHeader<'_>) -> Result<usize, EncodeError> {
        let size = header.encoded_len();
        self.fits(size)?;
        Ok(size)
    }

    #[inline(always)]
    pub(crate) fn write_header(self, w: &mut Writer<'_>, header: &ContentHeader<'_>, size: usize) {
        let mut begin = [0; HEADER_BEGIN];
        let (frame, fixed) = begin.split_at_mut(FRAME_HEADER_LEN);
        frame.copy_from_slice(&self.frame_header(FrameType::HEADER, size));
        fixed.copy_from_slice(&header.fixed());
        w.array(begin);
        w.octets(header.properties.as_octets());
        w.u8(FRAME_END);
    }

    /// Octets of all frames of a body.
    #[inline(always)]
    pub(crate) fn body_len(self, len: usize) -> usize {
        let frames = match len {
            0 => 0,
            len if len <= self.largest => 1,
            len => len.div_ceil(self.largest.max(1)),
        };
        len + frames * FRAME_OVERHEAD
    }

    /// Writes a body, in as many frames as it takes.
    #[inline(always)]
    pub(crate) fn write_body(self, w: &mut Writer<'_>, mut octets: &[u8]) {
        while octets.len() > self.largest {
            let Some((part, rest)) = octets.split_at_checked(self.largest.max(1)) else { break };
            write_body_frame(w, self.channel, part);
            octets = rest;
        }
        if !octets.is_empty() {
            write_body_frame(w, self.channel, octets);
        }
    }

    #[inline(always)]
    pub(crate) const fn fits(self, size: usize) -> Result<(), EncodeError> {
        if size <= self.largest { Ok(()) } else { Err(too_large(size, self.largest)) }
    }

    #[inline(always)]
    pub(crate) fn frame_header(self, frame_type: FrameType, size: usize) -> [u8; FRAME_HEADER_LEN] {
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        FrameHeader { frame_type, channel: self.channel, size }.encode()
    }
}

impl<M: AsMethod> MethodFrame<'_, M> {
    /// Octets of the frame.
    #[inline(always)]
    pub(crate) const fn len(&self) -> usize {
        self.size + FRAME_OVERHEAD
    }

    #[inline(always)]
    pub(crate) fn write(&self, w: &mut Writer<'_>) {
        let Framing { dialect, .. } = self.framing;
        // One piece, so that there is one look at the room for it.
        let [t, c0, c1, s0, s1, s2, s3] = self.framing.frame_header(FrameType::METHOD, self.size);
        let [i0, i1, m0, m1] = id_octets(self.id);
        w.array([t, c0, c1, s0, s1, s2, s3, i0, i1, m0, m1]);
        self.method.write_arguments(dialect, w);
        w.u8(FRAME_END);
    }
}

impl<M: AsMethod> Head<'_, M> {
    /// Octets of both frames.
    #[inline(always)]
    pub(crate) const fn len(&self) -> usize {
        self.method.len() + self.size + FRAME_OVERHEAD
    }

    #[inline(always)]
    pub(crate) fn write(&self, w: &mut Writer<'_>) {
        self.method.write(w);
        self.method.framing.write_header(w, self.header, self.size);
    }
}

#[inline(always)]
pub(super) fn write_body_frame(w: &mut Writer<'_>, channel: u16, octets: &[u8]) {
    w.array(body_header(channel, octets.len()));
    w.octets(octets);
    w.u8(FRAME_END);
}

/// Writes what stands around the octets of a body that come from elsewhere.
#[inline(always)]
pub(crate) fn write_around_body(w: &mut Writer<'_>, channel: u16, len: usize) {
    w.array(body_header(channel, len));
    w.u8(FRAME_END);
}

#[inline(always)]
fn body_header(channel: u16, len: usize) -> [u8; FRAME_HEADER_LEN] {
    let size = u32::try_from(len).unwrap_or(u32::MAX);
    FrameHeader { frame_type: FrameType::BODY, channel, size }.encode()
}

#[cold]
#[inline(never)]
const fn too_large(size: usize, limit: usize) -> EncodeError {
    EncodeError::FrameTooLarge { size, limit }
}
