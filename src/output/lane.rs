//! What one channel still has to send, in order.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::{Buf, Bytes};

use crate::frame::{FRAME_HEADER_LEN, FRAME_OVERHEAD, FrameHeader, FrameType};
use crate::output::Transmit;

/// Frames are gathered in one item up to this many octets; then another channel has its turn.
const ITEM: usize = 16 << 10;

/// A channel's queue behind the window. There is one while something waits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lane {
    queue: Option<Box<Queue>>,
}

/// Memory of lanes that are empty now, for those that are to be filled next. A few are kept: whoever fills
/// lanes again and again mostly has few channels on which something waits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spares {
    queues: Vec<Lane>,
    /// Octets of memory that these hold.
    octets: usize,
}

/// So many are kept.
const SPARES: usize = 4;

#[derive(Clone, Default)]
struct Queue {
    items: VecDeque<Item>,
    /// The frames of all items, those of the first one from `start` on.
    frames: Vec<u8>,
    start: usize,
    /// Octets that wait, framing of unfinished bodies not counted.
    octets: usize,
}

#[derive(Clone)]
enum Item {
    /// So many octets of whole frames.
    Frames(usize),
    /// A body, or the rest of one, that is cut into frames as it is drained.
    Body { octets: Bytes, largest: usize },
    /// This many octets of no meaning, to complete a body.
    Filler { missing: u64, largest: usize },
}

/// What fillers consist of.
static ZEROS: [u8; 4096 - FRAME_OVERHEAD] = [0; 4096 - FRAME_OVERHEAD];

impl core::fmt::Debug for Queue {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(&self.items).finish()
    }
}

impl core::fmt::Debug for Item {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Frames(len) => write!(f, "Frames({len} octets)"),
            Self::Body { octets, .. } => write!(f, "Body({} octets)", octets.len()),
            Self::Filler { missing, .. } => write!(f, "Filler({missing} octets)"),
        }
    }
}

impl Item {
    /// Octets that wait; fillers don't count, nobody has given them.
    fn len(&self) -> usize {
        match self {
            Self::Frames(len) => *len,
            Self::Body { octets, .. } => octets.len(),
            Self::Filler { .. } => 0,
        }
    }
}

impl Lane {
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.as_ref().is_none_or(|queue| queue.items.is_empty())
    }

    /// Octets that wait, framing of unfinished bodies not counted.
    pub(crate) fn octets(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.octets)
    }

    /// Takes memory that another lane has left.
    pub(crate) fn prepare(&mut self, spares: &mut Spares) {
        if self.queue.is_none() {
            self.queue = spares.queues.pop().and_then(|lane| lane.queue);
            spares.octets -= self.queue.as_ref().map_or(0, |queue| queue.memory());
        }
    }

    /// Leaves the memory of a lane that is empty, unless more than `kept` octets would be left in all.
    pub(crate) fn retire(&mut self, spares: &mut Spares, kept: usize) {
        let Some(queue) = self.queue.take() else { return };
        let octets = spares.octets + queue.memory();
        if octets <= kept && spares.queues.len() < SPARES {
            spares.octets = octets;
            spares.queues.push(Self { queue: Some(queue) });
        }
    }

    fn queue(&mut self) -> &mut Queue {
        self.queue.get_or_insert_default()
    }

    /// Appends so many octets, which are the caller's to overwrite: whole frames.
    pub(crate) fn place(&mut self, len: usize) -> &mut [u8] {
        let queue = self.queue();
        queue.octets += len;
        match queue.items.back_mut() {
            Some(Item::Frames(frames)) if *frames < ITEM => *frames += len,
            _ if len > 0 => queue.items.push_back(Item::Frames(len)),
            _ => {}
        }
        let at = queue.frames.len();
        queue.frames.resize(at + len, 0);
        queue.frames.get_mut(at..).unwrap_or(&mut [])
    }

    /// Appends a body that is to be cut into frames of at most `largest` payload octets.
    pub(crate) fn push_body(&mut self, octets: Bytes, largest: usize) {
        let queue = self.queue();
        queue.octets += octets.len();
        queue.items.push_back(Item::Body { octets, largest: largest.max(1) });
    }

    /// Appends octets of no meaning, cut into frames of at most `largest` payload octets.
    pub(crate) fn push_filler(&mut self, missing: u64, largest: usize) {
        let filler = Item::Filler { missing, largest: largest.clamp(1, ZEROS.len()) };
        self.queue().items.push_back(filler);
    }

    /// Whether it ends a content that the application didn't.
    pub(crate) fn has_filler(&self) -> bool {
        let is_filler = |item: &Item| matches!(item, Item::Filler { .. });
        self.queue.as_ref().is_some_and(|queue| queue.items.iter().any(is_filler))
    }

    /// Keeps the rest of a content whose beginning was drained and drops what is behind it. Tells
    /// whether nothing was behind it.
    pub(crate) fn keep_begun(&mut self) -> bool {
        self.queue.as_mut().is_none_or(|queue| queue.keep_begun())
    }

    /// Moves one turn's worth to the window: an item of frames, or one body frame. What is left doesn't
    /// keep memory that it doesn't need, beyond so many octets.
    pub(crate) fn drain_turn(&mut self, channel: u16, window: &mut Transmit, kept: usize) {
        if let Some(queue) = &mut self.queue {
            queue.drain_turn(channel, window);
            queue.shrink(kept);
        }
    }

    /// Forgets everything, and gives the memory back.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Queue {
    fn keep_begun(&mut self) -> bool {
        let mut kept = 0;
        let mut all = true;
        let mut at = self.start;
        for item in &mut self.items {
            if let Item::Frames(len) = item {
                let frames = self.frames.get(at..at + *len).unwrap_or(&[]);
                let body = leading_body_frames(frames);
                all = body == *len;
                *len = body;
                at += body;
            }
            kept += 1;
            if !all {
                break;
            }
        }
        all &= kept == self.items.len();
        self.items.truncate(kept);
        self.items.retain(|item| !matches!(item, Item::Frames(0)));
        self.frames.truncate(at);
        self.octets = self.items.iter().map(Item::len).sum();
        all
    }

    fn drain_turn(&mut self, channel: u16, window: &mut Transmit) {
        let part = match self.items.front_mut() {
            Some(Item::Frames(len)) => {
                let end = self.start + *len;
                if let Some(frames) = self.frames.get(self.start..end) {
                    window.place(frames.len()).copy_from_slice(frames);
                }
                self.octets -= *len;
                self.start = end;
                self.items.pop_front();
                self.compact();
                return;
            }
            Some(Item::Body { octets, largest }) => {
                let part = octets.split_to(octets.remaining().min(*largest));
                self.octets -= part.len();
                if octets.is_empty() {
                    self.items.pop_front();
                }
                part
            }
            Some(Item::Filler { missing, largest }) => {
                let part = usize::try_from(*missing).unwrap_or(usize::MAX).min(*largest);
                *missing -= part as u64;
                if *missing == 0 {
                    self.items.pop_front();
                }
                Bytes::from_static(ZEROS.get(..part).unwrap_or(&[]))
            }
            None => return,
        };
        window.push_body(channel, part);
    }

    /// Moves what waits to the beginning once that is less than what is gone.
    fn compact(&mut self) {
        if self.start >= self.frames.len() - self.start {
            self.frames.drain(..self.start);
            self.start = 0;
        }
    }
}

impl Queue {
    /// Octets that it has asked for.
    fn memory(&self) -> usize {
        self.frames.capacity() + self.items.capacity() * size_of::<Item>()
    }

    /// Without this a lane on which little waits could keep what it once needed for much.
    fn shrink(&mut self, kept: usize) {
        if self.memory() > kept {
            self.give_back(kept);
        }
    }

    #[inline(never)]
    fn give_back(&mut self, kept: usize) {
        if self.frames.len() < self.frames.capacity() / 2 {
            self.frames.shrink_to(self.frames.len().max(kept / 2));
        }
        if self.items.len() < self.items.capacity() / 2 {
            self.items.shrink_to(self.items.len().max(kept / 2 / size_of::<Item>()));
        }
    }
}

impl Spares {
    /// Gives the memory back.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The octets of the body frames that whole frames begin with: the rest of a content.
fn leading_body_frames(frames: &[u8]) -> usize {
    let mut len = 0;
    while let Some(header) = frames.get(len..).and_then(<[u8]>::first_chunk::<FRAME_HEADER_LEN>) {
        let header = FrameHeader::parse(header);
        if header.frame_type != FrameType::BODY {
            break;
        }
        len += header.size as usize + FRAME_OVERHEAD;
    }
    len.min(frames.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(frame_type: FrameType, payload: &[u8]) -> Vec<u8> {
        let header =
            FrameHeader { frame_type, channel: 1, size: u32::try_from(payload.len()).unwrap() };
        [&header.encode()[..], payload, &[crate::frame::FRAME_END]].concat()
    }

    fn append(lane: &mut Lane, frame: &[u8]) {
        lane.place(frame.len()).copy_from_slice(frame);
    }

    fn lane(items: &[(FrameType, &[u8])]) -> Lane {
        let mut lane = Lane::default();
        for (frame_type, payload) in items {
            append(&mut lane, &frame(*frame_type, payload));
        }
        lane
    }

    #[test]
    fn only_the_content_that_has_begun_is_kept() {
        let (method, header, body) = (FrameType::METHOD, FrameType::HEADER, FrameType::BODY);
        assert!(Lane::default().keep_begun());
        let mut rest = lane(&[(body, b"a"), (body, b"b")]);
        assert!(rest.keep_begun());
        assert_eq!(rest.octets(), 18);
        let mut rest = lane(&[(body, b"a"), (method, b"m"), (header, b"h"), (body, b"b")]);
        rest.push_body(Bytes::from_static(b"dropped"), 9);
        assert!(!rest.keep_begun());
        assert_eq!(rest.octets(), 9);
        let mut waiting = lane(&[(method, b"m"), (header, b"h"), (body, b"b")]);
        assert!(!waiting.keep_begun());
        assert!(waiting.is_empty() && waiting.octets() == 0);
        let mut large = Lane::default();
        large.push_body(Bytes::from_static(b"kept"), 2);
        append(&mut large, &frame(method, b"m"));
        large.push_body(Bytes::from_static(b"dropped"), 9);
        assert!(!large.keep_begun());
        assert_eq!((large.octets(), large.queue().items.len()), (4, 1));
    }

    #[test]
    fn fillers_are_cut_into_frames() {
        let mut lane = Lane::default();
        lane.push_filler(5, 2);
        let mut window = Transmit::default();
        while !lane.is_empty() {
            lane.drain_turn(1, &mut window, 0);
        }
        assert_eq!(window.remaining(), 5 + 3 * FRAME_OVERHEAD);
    }
}
