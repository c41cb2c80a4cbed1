use core::{fmt, iter::FusedIterator};

use super::{
    CONTENT_HEADER_MIN_SIZE, FRAME_END, FRAME_HEADER_LEN, FrameHeader, FrameType, RawFrame,
    cutter::{not_whole, whole},
};
use crate::wire::DecodeError;

/// Walks the frames of a slice, from any offset, for one direction of a stream.
///
/// Yields each frame with its offset. After a fault it yields that and then nothing more (`FRM-12`),
/// until [`Scanner::resync`] has found where frames go on, as a dissector needs. It ends without a
/// fault where a frame is cut off by the end of the slice; [`Scanner::remaining`] is that part.
///
/// ```
/// use amqp_proto::frame::{RawFrame, Scanner};
///
/// let mut octets = b"lost".to_vec();
/// RawFrame::HEARTBEAT.encode(&mut octets)?;
/// let mut scanner = Scanner::new(&octets, 4088);
/// assert!(matches!(scanner.next(), Some((0, Err(_)))));
/// assert_eq!(scanner.resync(), Some(4));
/// assert_eq!(scanner.next(), Some((4, Ok(RawFrame::HEARTBEAT))));
/// # Ok::<(), amqp_proto::wire::EncodeError>(())
/// ```
///
/// With [`protocol::Frame`](crate::protocol::Frame) that makes a dissector. A stream begins with eight
/// octets that are no frame in the client's direction:
///
/// ```
/// use amqp_proto::frame::{PeerProtocol, Scanner};
/// use amqp_proto::protocol::{Dialect, Frame};
/// use amqp_proto::wire::TableLimits;
///
/// let captured = b"AMQP\0\0\x09\x01\x01\0\0\0\0\0\x08\0\x0a\0\x28\x01/\0\0\xce";
/// let mut lines = Vec::new();
/// if let Some(PeerProtocol::Amqp(header)) = PeerProtocol::recognise(captured) {
///     lines.push(header.to_string());
/// }
/// // frame-max less the eight octets of a frame's own
/// let mut scanner = Scanner::new(captured, 131_072 - 8).starting_at(8);
/// loop {
///     match scanner.next() {
///         Some((_, Ok(raw))) => {
///             lines.push(match Frame::parse(Dialect::V0_9_1, raw, &TableLimits::default()) {
///                 Ok(frame) => frame.to_string(),
///                 Err(error) => format!("{raw}: {error}"),
///             });
///         }
///         Some((offset, Err(error))) => {
///             lines.push(format!("lost at {offset}: {error}"));
///             if scanner.resync().is_none() {
///                 break;
///             }
///         }
///         None => break,
///     }
/// }
/// assert_eq!(lines, ["AMQP 0-9-1", r#"ch 0 connection.open virtual-host="/""#]);
/// ```
#[derive(Clone)]
pub struct Scanner<'a> {
    input: &'a [u8],
    position: usize,
    max_payload: u32,
    failed: bool,
}

impl<'a> Scanner<'a> {
    /// Begins at the start of `input`; payloads above `max_payload` octets (frame-max less 8) are faults.
    #[must_use]
    pub const fn new(input: &'a [u8], max_payload: u32) -> Self {
        Self { input, position: 0, max_payload, failed: false }
    }

    /// Begins at an offset into `input` instead, or at its end when it is shorter.
    #[must_use]
    pub const fn starting_at(self, offset: usize) -> Self {
        let end = self.input.len();
        Self { position: if offset < end { offset } else { end }, failed: false, ..self }
    }

    /// The offset of the next frame, or of the one at fault.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// The octets from [`Scanner::position`] on.
    #[must_use]
    pub fn remaining(&self) -> &'a [u8] {
        self.input.get(self.position..).unwrap_or_default()
    }

    /// What is wrong with the frame that isn't whole, if it isn't only cut off.
    #[cold]
    fn fault(&mut self) -> Option<DecodeError> {
        let error = not_whole(self.remaining(), self.max_payload).err()?;
        self.failed = true;
        Some(error.at(self.position))
    }

    /// Moves to the next offset at which a frame plausibly begins, and returns it.
    ///
    /// After a fault the search begins behind the octet at which the frame at fault began, else at
    /// [`Scanner::position`]. Plausible is a known type, a size that the limit and the type allow,
    /// an end octet in its place, and behind it the end of the slice or the beginning of another
    /// plausible frame.
    ///
    /// `None` when there is no such offset. The scanner then stands at the first offset where a frame
    /// that the slice cuts off may begin: keep the octets from there, and search again with more.
    pub fn resync(&mut self) -> Option<usize> {
        let first = self.position.saturating_add(usize::from(self.failed));
        let mut cut_off = None;
        for offset in first..self.input.len() {
            match plausible(self.input.get(offset..).unwrap_or_default(), self.max_payload) {
                Plausible::Yes => {
                    self.position = offset;
                    self.failed = false;
                    return Some(offset);
                }
                Plausible::CutOff => cut_off = cut_off.or(Some(offset)),
                Plausible::No => {}
            }
        }
        self.position = cut_off.unwrap_or(self.input.len());
        self.failed = false;
        None
    }
}

impl<'a> Iterator for Scanner<'a> {
    type Item = (usize, Result<RawFrame<'a>, DecodeError>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.position >= self.input.len() {
            return None;
        }
        let offset = self.position;
        match whole(self.remaining(), self.max_payload) {
            Some(frame) => {
                self.position = offset.saturating_add(frame.total_len());
                Some((offset, Ok(frame)))
            }
            None => self.fault().map(|error| (offset, Err(error))),
        }
    }
}

impl FusedIterator for Scanner<'_> {}

/// The place and the length of the input, not its octets: they may hold a password.
impl fmt::Debug for Scanner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scanner")
            .field("input", &format_args!("{} octets", self.input.len()))
            .field("position", &self.position)
            .field("max_payload", &self.max_payload)
            .field("failed", &self.failed)
            .finish()
    }
}

enum Plausible {
    Yes,
    /// Nothing speaks against it, but the octets end before the frame does.
    CutOff,
    No,
}

fn plausible(octets: &[u8], max_payload: u32) -> Plausible {
    let Some(size) = plausible_header(octets, max_payload) else {
        return Plausible::No;
    };
    let Some(frame) = size.and_then(|size| octets.get(FRAME_HEADER_LEN..)?.get(size..)) else {
        return Plausible::CutOff;
    };
    match frame.split_first() {
        None => Plausible::CutOff,
        Some((&FRAME_END, next))
            if next.is_empty() || plausible_header(next, max_payload).is_some() =>
        {
            Plausible::Yes
        }
        Some(_) => Plausible::No,
    }
}

/// Whether a header may stand here; its size if all of it is there.
///
/// Stricter than [`cut`]: what no peer sends is not looked for (`FRM-08`, `HB-01`).
fn plausible_header(octets: &[u8], max_payload: u32) -> Option<Option<usize>> {
    let least = match FrameType(*octets.first()?) {
        FrameType::METHOD => METHOD_MIN_SIZE,
        FrameType::HEADER => CONTENT_HEADER_MIN_SIZE,
        FrameType::BODY | FrameType::HEARTBEAT => 0,
        _ => return None,
    };
    let Some(octets) = octets.first_chunk::<FRAME_HEADER_LEN>() else {
        return Some(None);
    };
    let header = FrameHeader::parse(octets);
    let is_legal = match header.frame_type {
        FrameType::HEARTBEAT => header.size == 0 && header.channel == 0,
        FrameType::METHOD => true,
        _ => header.channel != 0,
    };
    let size = usize::try_from(header.size).ok()?;
    (is_legal && header.size >= least && header.size <= max_payload).then_some(Some(size))
}

/// Class id and method id.
const METHOD_MIN_SIZE: u32 = 4;

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::super::FRAME_OVERHEAD;
    use super::*;
    use crate::wire::DecodeErrorKind;

    const MAX: u32 = 4088;

    fn body(payload: &[u8]) -> RawFrame<'_> {
        RawFrame { frame_type: FrameType::BODY, channel: 1, payload }
    }

    fn octets(frames: &[RawFrame<'_>]) -> Vec<u8> {
        let mut out = Vec::new();
        for frame in frames {
            frame.encode(&mut out).unwrap();
        }
        out
    }

    #[test]
    fn yields_frames_with_offsets_and_keeps_the_rest() {
        let mut input = octets(&[body(b"abc"), RawFrame::HEARTBEAT]);
        input.extend([3, 0, 1]);
        let mut scanner = Scanner::new(&input, MAX);
        assert_eq!(scanner.next(), Some((0, Ok(body(b"abc")))));
        assert_eq!(scanner.next(), Some((11, Ok(RawFrame::HEARTBEAT))));
        assert_eq!(scanner.next(), None);
        assert_eq!((scanner.position(), scanner.remaining()), (19, &[3, 0, 1][..]));
        let mut scanner = Scanner::new(&input, MAX).starting_at(11);
        assert_eq!(scanner.next(), Some((11, Ok(RawFrame::HEARTBEAT))));
        assert!(Scanner::new(&input, MAX).starting_at(usize::MAX).remaining().is_empty());
    }

    #[test]
    fn is_fused_after_a_fault() {
        let mut input = octets(&[body(b"abc"), body(b"def"), body(b"ghi")]);
        input[21] = 0;
        let mut scanner = Scanner::new(&input, MAX);
        assert_eq!(scanner.next(), Some((0, Ok(body(b"abc")))));
        let (offset, result) = scanner.next().unwrap();
        let error = result.unwrap_err();
        assert_eq!((offset, error.offset()), (11, 21));
        assert_eq!(error.kind(), DecodeErrorKind::BadFrameEnd { octet: 0 });
        assert_eq!((scanner.next(), scanner.next()), (None, None));
        assert_eq!(scanner.resync(), Some(22));
        assert_eq!(scanner.next(), Some((22, Ok(body(b"ghi")))));
    }

    #[test]
    fn finds_frames_from_every_offset_in_the_stream() {
        let payload: Vec<u8> = (0_u8..200).map(|n| n ^ 0x5A).collect();
        let frames = [body(&payload), RawFrame::HEARTBEAT, body(b"abc"), body(&payload)];
        let input = octets(&frames);
        let starts = [0, 208, 216, 227, 435];
        assert_eq!(input.len(), 435);
        for offset in 0..input.len() {
            let mut scanner = Scanner::new(&input, MAX).starting_at(offset);
            let expected = starts.into_iter().find(|start| *start >= offset).unwrap();
            if expected == input.len() {
                assert_eq!(scanner.resync(), None, "from {offset}");
            } else {
                assert_eq!(scanner.resync(), Some(expected), "from {offset}");
                assert!(scanner.all(|(_, frame)| frame.is_ok()));
            }
        }
    }

    #[test]
    fn keeps_what_the_end_cuts_off() {
        let input = octets(&[body(&[b'x'; 50]), body(b"abc")]);
        let second = 50 + FRAME_OVERHEAD;
        for end in second + 1..input.len() {
            let mut scanner = Scanner::new(&input[..end], MAX).starting_at(5);
            assert_eq!((scanner.resync(), scanner.position()), (None, second), "{end} octets");
            assert_eq!(scanner.next(), None);
            // The first frame is recognised by the beginning of the second, whole or not.
            assert_eq!(Scanner::new(&input[..end], MAX).resync(), Some(0));
        }
        let mut scanner = Scanner::new(b"nothing here", MAX);
        assert_eq!((scanner.resync(), scanner.position()), (None, 12));
    }

    #[test]
    fn noise_is_searched_without_panic_and_once() {
        let mut state = 1_u32;
        let noise: Vec<u8> = core::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Many octets that begin or end frames.
            [1, 2, 3, 8, 0, 0, 0, FRAME_END][(state >> 29) as usize]
        })
        .take(20_000)
        .collect();
        let mut scanner = Scanner::new(&noise, MAX);
        let (mut last, mut faults) = (0, 0);
        loop {
            for (offset, result) in scanner.by_ref() {
                assert!(offset >= last);
                last = offset;
                faults += usize::from(result.is_err());
            }
            if scanner.resync().is_none() {
                break;
            }
        }
        assert!(faults > 0);
    }
}
