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
    match whole(input, max_payload) {
        Some(frame) => Ok(Cut::Frame { frame, consumed: frame.total_len() }),
        None => not_whole(input, max_payload),
    }
}

/// The frame at the front of `input`, if it is all there and nothing is wrong with it.
#[inline]
pub(super) fn whole(input: &[u8], max_payload: u32) -> Option<RawFrame<'_>> {
    let (header, rest) = input.split_first_chunk::<FRAME_HEADER_LEN>()?;
    let FrameHeader { frame_type, channel, size } = FrameHeader::parse(header);
    if !frame_type.is_known() || size > max_payload {
        return None;
    }
    let (payload, rest) = rest.split_at_checked(usize::try_from(size).ok()?)?;
    let is_ended = rest.first() == Some(&FRAME_END);
    is_ended.then_some(RawFrame { frame_type, channel, payload })
}

/// What is wrong, or how much is missing, where no whole frame is at the front.
#[cold]
#[inline(never)]
pub(super) fn not_whole(input: &[u8], max_payload: u32) -> Result<Cut<'_>, DecodeError> {
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
    let Some(behind) = rest.get(size..) else {
        return Ok(Cut::NeedMore { at_least: (size - rest.len()).saturating_add(1) });
    };
    match behind.first() {
        // FRM-02
        Some(&end) => Err(bad_end(end, FRAME_HEADER_LEN + size)),
        None => Ok(Cut::NeedMore { at_least: 1 }),
    }
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

fn cut_short(input: &[u8]) -> Result<Cut<'_>, DecodeError> {
    match input.first() {
        Some(&octet) if !FrameType(octet).is_known() => Err(unknown_type(FrameType(octet))),
        _ => Ok(Cut::NeedMore { at_least: FRAME_HEADER_LEN.saturating_sub(input.len()) }),
    }
}

const fn unknown_type(frame_type: FrameType) -> DecodeError {
    let kind = DecodeErrorKind::UnknownFrameType { frame_type: frame_type.0 };
    DecodeError::new(kind, "frame type", 0)
}

const fn too_large(size: u32, limit: u64) -> DecodeError {
    let kind = DecodeErrorKind::TooLarge { size: size as u64, limit };
    DecodeError::new(kind, "frame size", 3)
}

const fn bad_end(octet: u8, offset: usize) -> DecodeError {
    DecodeError::new(DecodeErrorKind::BadFrameEnd { octet }, "frame end", offset)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn header(frame_type: u8, size: u32) -> Vec<u8> {
        let header = FrameHeader { frame_type: FrameType(frame_type), channel: 1, size };
        header.encode().into()
    }

    #[test]
    fn frames_come_whole_at_every_chunk_size() {
        let payload: Vec<u8> = (0..=u8::MAX).collect();
        let frames: Vec<_> = [
            (FrameType::METHOD, 1, 4),
            (FrameType::HEADER, u16::MAX, 14),
            (FrameType::BODY, 1, 0),
            (FrameType::BODY, 1, 256),
            (FrameType::HEARTBEAT, 0, 0),
        ]
        .into_iter()
        .map(|(frame_type, channel, len)| RawFrame {
            frame_type,
            channel,
            payload: &payload[..len],
        })
        .collect();
        let mut octets = Vec::new();
        for frame in &frames {
            frame.encode(&mut octets).unwrap();
        }
        for chunk_size in 1..=octets.len() {
            let (mut start, mut found) = (0, Vec::new());
            let mut end = 0;
            while end < octets.len() {
                end = (end + chunk_size).min(octets.len());
                while let Cut::Frame { frame, consumed } = cut(&octets[start..end], 256).unwrap() {
                    assert_eq!(consumed, frame.total_len());
                    start += consumed;
                    found.push(frame);
                }
            }
            assert_eq!(found, frames, "chunks of {chunk_size}");
            assert_eq!(start, octets.len());
        }
    }

    #[test]
    fn what_is_asked_for_is_enough_and_not_too_much() {
        let mut octets = Vec::new();
        let frame = RawFrame { frame_type: FrameType::BODY, channel: 1, payload: b"abc" };
        frame.encode(&mut octets).unwrap();
        for end in 0..octets.len() {
            let left = if end < 7 { 7 - end } else { octets.len() - end };
            assert_eq!(cut(&octets[..end], 3), Ok(Cut::NeedMore { at_least: left }));
        }
        octets.push(0xFF);
        assert_eq!(cut(&octets, 3), Ok(Cut::Frame { frame, consumed: 11 }));
    }

    #[test]
    fn sizes_are_judged_from_the_header_alone() {
        let sizes = (0xFFFF_FFF8..=u32::MAX).chain([4089, 0x7FFF_FFFF, 0x8000_0000]);
        for size in sizes {
            let error = cut(&header(1, size), 4088).unwrap_err();
            let kind = DecodeErrorKind::TooLarge { size: u64::from(size), limit: 4088 };
            assert_eq!((error.kind(), error.offset(), error.reply_code()), (kind, 3, 501));
            if size >= 0xFFFF_FFF8 {
                // Without a limit the size is right, and nothing wraps.
                let expected = usize::try_from(size).unwrap().saturating_add(1);
                let octets = header(3, size);
                assert_eq!(cut(&octets, u32::MAX), Ok(Cut::NeedMore { at_least: expected }));
            }
        }
        assert_eq!(cut(&header(1, 4088), 4088), Ok(Cut::NeedMore { at_least: 4089 }));
    }

    #[test]
    fn only_four_types_are_frames() {
        for octet in 0..=u8::MAX {
            let known = matches!(octet, 1 | 2 | 3 | 8);
            let mut octets = header(octet, 0);
            octets.push(FRAME_END);
            for end in 1..=octets.len() {
                let result = cut(&octets[..end], 4088);
                assert_eq!(result.is_ok(), known, "type {octet}, {end} octets");
                if let Err(error) = result {
                    let kind = DecodeErrorKind::UnknownFrameType { frame_type: octet };
                    assert_eq!((error.kind(), error.offset()), (kind, 0));
                }
            }
        }
    }

    #[test]
    fn end_octets_are_exact() {
        for octet in 0..=u8::MAX {
            let mut octets = header(3, 2);
            octets.extend([0xCE, 0xCE, octet]);
            match cut(&octets, 4088) {
                Ok(found) => {
                    assert_eq!(octet, FRAME_END);
                    assert!(matches!(found, Cut::Frame { consumed: 10, .. }));
                }
                Err(error) => {
                    assert_eq!(error.kind(), DecodeErrorKind::BadFrameEnd { octet });
                    assert_eq!(error.offset(), 9);
                }
            }
        }
    }
}
