use core::iter::FusedIterator;

use super::{Cut, FRAME_END, FRAME_HEADER_LEN, FrameHeader, FrameType, RawFrame, cut};
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
#[derive(Debug, Clone)]
pub struct Scanner<'a> {
    input: &'a [u8],
    position: usize,
    max_payload: u32,
    failed: bool,
}

impl<'a> Scanner<'a> {
    /// Begins at the start of `input`; payloads above `max_payload` octets are faults.
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

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.position >= self.input.len() {
            return None;
        }
        let offset = self.position;
        match cut(self.remaining(), self.max_payload) {
            Ok(Cut::Frame { frame, consumed }) => {
                self.position = offset.saturating_add(consumed);
                Some((offset, Ok(frame)))
            }
            Ok(Cut::NeedMore { .. }) => None,
            Err(error) => {
                self.failed = true;
                Some((offset, Err(error.at(offset))))
            }
        }
    }
}

impl FusedIterator for Scanner<'_> {}

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

/// Class id, weight, body size and one word of flags.
const CONTENT_HEADER_MIN_SIZE: u32 = 14;
