use super::{FRAME_END, FRAME_HEADER_LEN, FrameHeader, FrameType, RawFrame};
use crate::wire::{DecodeError, DecodeErrorKind};

/// Takes one frame off the front of `input`.
///
/// The type is judged as soon as it is there, the size as soon as the seven header octets are
/// (`LIM-01`), the end octet before anything looks at the payload (`FRM-02`). The result is the same
/// however the input was split (`FRM-05`). Payload sizes that a type needs are judged by whoever
/// decodes the payload.
///
/// `max_payload` is the most octets that a payload may have.
///
/// # Errors
///
/// When the type is unknown (`FRM-03`), the size above `max_payload` (`FRM-06`), or the end octet
/// wrong. Framing is lost then, and the caller must not decode further input (`FRM-12`).
#[inline]
pub fn cut(input: &[u8], max_payload: u32) -> Result<Cut<'_>, DecodeError> {
    let Some((octets, rest)) = input.split_first_chunk::<FRAME_HEADER_LEN>() else {
        return cut_short(input);
    };
    let header = FrameHeader::parse(octets);
    if !header.frame_type.is_known() {
        return Err(unknown_type(header.frame_type));
    }
    // FRM-06, LIM-01
    if header.size > max_payload {
        return Err(too_large(header.size, u64::from(max_payload)));
    }
    // FRM-07: nothing is added to a size that its type can't hold.
    let Ok(size) = usize::try_from(header.size) else {
        return Err(too_large(header.size, usize::MAX as u64));
    };
    let Some((payload, rest)) = rest.split_at_checked(size) else {
        return Ok(Cut::NeedMore { at_least: (size - rest.len()).saturating_add(1) });
    };
    let Some(&end) = rest.first() else {
        return Ok(Cut::NeedMore { at_least: 1 });
    };
    let body_end = FRAME_HEADER_LEN + payload.len();
    // FRM-02
    if end != FRAME_END {
        return Err(bad_end(end, body_end));
    }
    let frame = RawFrame { frame_type: header.frame_type, channel: header.channel, payload };
    Ok(Cut::Frame { frame, consumed: body_end + 1 })
}

/// What [`cut`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a whole frame is there or it is not")]
pub enum Cut<'a> {
    /// A whole frame.
    Frame {
        /// The frame; its payload points into the input.
        frame: RawFrame<'a>,
        /// Octets of the input that the frame took.
        consumed: usize,
    },
    /// No whole frame yet, and nothing wrong so far.
    NeedMore {
        /// How many octets more than now must be there before another call can find a frame.
        ///
        /// Before the header is complete this counts the octets that the header lacks.
        at_least: usize,
    },
}

#[cold]
fn cut_short(input: &[u8]) -> Result<Cut<'_>, DecodeError> {
    match input.first() {
        Some(&octet) if !FrameType(octet).is_known() => Err(unknown_type(FrameType(octet))),
        _ => Ok(Cut::NeedMore { at_least: FRAME_HEADER_LEN.saturating_sub(input.len()) }),
    }
}

#[cold]
#[inline(never)]
const fn unknown_type(frame_type: FrameType) -> DecodeError {
    let kind = DecodeErrorKind::UnknownFrameType { frame_type: frame_type.0 };
    DecodeError::new(kind, "frame type", 0)
}

#[cold]
#[inline(never)]
const fn too_large(size: u32, limit: u64) -> DecodeError {
    let kind = DecodeErrorKind::TooLarge { size: size as u64, limit };
    DecodeError::new(kind, "frame size", 3)
}

#[cold]
#[inline(never)]
const fn bad_end(octet: u8, offset: usize) -> DecodeError {
    DecodeError::new(DecodeErrorKind::BadFrameEnd { octet }, "frame end", offset)
}
