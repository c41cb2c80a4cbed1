//! The window of whole frames that is being written out.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

use bytes::{Buf, Bytes, BytesMut};

use crate::frame::{FRAME_HEADER_LEN, FRAME_OVERHEAD, FrameHeader};
use crate::output::Payload;
use crate::output::frames::{write_around_body, write_body_frame};
use crate::wire::Writer;

/// Octets to be written to the transport, as a [`Buf`] of one or several segments.
///
/// Small frames are copied into one segment; the octets of large bodies stay where they are and are
/// segments of their own. What is taken or advanced over counts as sent. When all of it is gone,
/// call [`Connection::transmit`](crate::Connection::transmit) again: there may be more.
///
/// `advance` and `copy_to_bytes` go as far as there is something. `copy_to_slice` and the getters for
/// numbers, such as `get_u8`, panic where less is left than they need, as [`Buf`] says; nothing else here
/// panics.
#[derive(Clone, Default)]
pub struct Transmit {
    /// Copied octets; those before `read` are gone.
    copied: Vec<u8>,
    /// Where the octets in `copied` end. What is behind them has been sent, and is there to be
    /// overwritten: octets that exist are written to more cheaply than they are appended.
    end: usize,
    read: usize,
    /// Shared octets and the places in `copied` that they come before.
    shared: VecDeque<(usize, Bytes)>,
    /// Octets that are no frame (the protocol header, injected ones): place in `copied`, length.
    opaque: VecDeque<(usize, usize)>,
    remaining: usize,
    /// A place in `copied` that lies between two frames: the last one known, with nothing but copied
    /// frames from there to `read`; behind `read` by one while a shared body is gone but not the end octet.
    boundary: usize,
    drained: bool,
}

/// What has been drained is removed once it is at least this long and half of the buffer.
const COMPACT_FROM: usize = 16 << 10;

impl Transmit {
    /// The segments that wait, in order.
    pub fn segments(&self) -> impl Iterator<Item = &[u8]> {
        Segments { transmit: self, read: self.read, shared: 0 }
    }

    /// Takes the next segment; shared octets aren't copied.
    pub fn take_segment(&mut self) -> Option<Bytes> {
        let segment = match self.shared.front() {
            Some((at, octets)) if *at == self.read => octets.clone(),
            _ => Bytes::copy_from_slice(self.chunk()),
        };
        if segment.is_empty() {
            return None;
        }
        self.advance(segment.len());
        Some(segment)
    }

    /// Takes whole frames, as many as fit into `max` octets but at least one: for transports that
    /// carry messages, such as WebSocket. The protocol header comes alone.
    ///
    /// `None` when nothing waits. The rest of a frame whose beginning was taken otherwise comes first.
    pub fn take_frames(&mut self, max: usize) -> Option<Bytes> {
        if self.remaining == 0 {
            return None;
        }
        let mut ahead = self.position();
        let mut len = ahead.step_over(self);
        let alone = self.opaque.front().is_some_and(|(at, _)| *at <= self.read);
        while !alone && len < self.remaining {
            let next = ahead.step_over(self);
            if next == 0 || len.saturating_add(next) > max {
                break;
            }
            len += next;
        }
        Some(self.copy_to_bytes(len))
    }

    /// Gives back memory, where nothing waits in it.
    pub(crate) fn release(&mut self) {
        if self.remaining == 0 {
            *self = Self { drained: self.drained, ..Self::default() };
        }
    }

    /// Whether anything was drained since the last call.
    pub(crate) fn was_drained(&mut self) -> bool {
        core::mem::take(&mut self.drained)
    }

    /// Appends so many octets, which are the caller's to overwrite: whole frames.
    #[inline(always)]
    pub(crate) fn place(&mut self, len: usize) -> &mut [u8] {
        let start = self.end;
        match start.checked_add(len) {
            // What is asked here, the slice need not ask again.
            Some(end) if end <= self.copied.len() => {
                self.end = end;
                self.remaining += len;
                self.copied.get_mut(start..end).unwrap_or(&mut [])
            }
            _ => self.place_anew(len),
        }
    }

    #[cold]
    #[inline(never)]
    fn place_anew(&mut self, len: usize) -> &mut [u8] {
        let start = self.end;
        self.end += len;
        self.remaining += len;
        self.copied.resize(self.end, 0);
        self.copied.get_mut(start..).unwrap_or(&mut [])
    }

    /// Appends so many octets as [`place`](Self::place) does, the last of them behind `shared`: frames
    /// of which the last one is a body.
    #[inline]
    pub(crate) fn place_around(&mut self, len: usize, shared: Bytes) -> &mut [u8] {
        self.remaining += shared.len();
        self.shared.push_back(((self.end + len).saturating_sub(1), shared));
        self.place(len)
    }

    /// Appends octets that aren't to be taken for frames.
    pub(crate) fn push_opaque(&mut self, octets: &[u8]) {
        if octets.is_empty() {
            return;
        }
        self.opaque.push_back((self.end, octets.len()));
        self.place(octets.len()).copy_from_slice(octets);
    }

    /// Appends a body frame whose payload is shared, or copied when it is small.
    pub(crate) fn push_body(&mut self, channel: u16, payload: Bytes) {
        let len = payload.len();
        if len > Payload::COPIED {
            let place = self.place_around(FRAME_OVERHEAD, payload);
            write_around_body(&mut Writer::new(place), channel, len);
        } else {
            let place = self.place(len + FRAME_OVERHEAD);
            write_body_frame(&mut Writer::new(place), channel, &payload);
        }
    }

    fn compact(&mut self) {
        // What tells where the frame begins that is gone in part has to stay.
        self.seek_boundary();
        let gone = self.boundary.min(self.read);
        // What is behind the end stays as well.
        self.copied.copy_within(gone..self.end, 0);
        self.end -= gone;
        for (at, _) in &mut self.shared {
            *at -= gone;
        }
        for (at, _) in &mut self.opaque {
            *at -= gone;
        }
        self.boundary -= gone;
        self.read -= gone;
    }

    /// Moves `boundary` to the beginning of the frame that `read` is in.
    fn seek_boundary(&mut self) {
        while self.boundary < self.read {
            let end = self.boundary.saturating_add(self.unit_len(self.boundary, 0));
            if end > self.read {
                break;
            }
            self.boundary = end;
        }
    }

    /// Where `read` is, and the octets that are left of the frame there.
    fn position(&mut self) -> Position {
        self.seek_boundary();
        let gone = self.read.saturating_sub(self.boundary);
        let to_boundary = match self.shared.front() {
            Some((at, octets)) if *at == self.read => octets.len() + 1,
            _ if gone > 0 => self.unit_len(self.boundary, 0).saturating_sub(gone),
            _ => self.boundary - self.read,
        };
        let begun = self.opaque.front().is_some_and(|(at, _)| *at < self.read);
        Position { read: self.read, shared: 0, opaque: usize::from(begun), to_boundary }
    }

    /// The length of the frame or the opaque octets that begin here; 0 at the end.
    fn unit_len(&self, place: usize, opaque: usize) -> usize {
        if let Some((_, len)) = self.opaque.get(opaque).filter(|(at, _)| *at == place) {
            return *len;
        }
        let rest = self.copied.get(place..self.end).unwrap_or(&[]);
        match rest.first_chunk::<FRAME_HEADER_LEN>() {
            Some(header) => FrameHeader::parse(header).size as usize + FRAME_OVERHEAD,
            None => rest.len(),
        }
    }

    /// Moves over octets that are there.
    fn skip(&mut self, mut count: usize) {
        self.remaining -= count;
        while count > 0 {
            match self.shared.front_mut() {
                Some((at, octets)) if *at == self.read => {
                    if count < octets.len() {
                        octets.advance(count);
                        break;
                    }
                    count -= octets.len();
                    // Nothing but the end octet is left of this frame.
                    self.boundary = self.read + 1;
                    self.shared.pop_front();
                }
                Some((at, _)) => {
                    let step = count.min(*at - self.read);
                    self.read += step;
                    count -= step;
                }
                None => {
                    self.read += count;
                    count = 0;
                }
            }
        }
        while let Some((at, len)) = self.opaque.front().filter(|(at, len)| at + len <= self.read) {
            self.boundary = self.boundary.max(at + len);
            self.opaque.pop_front();
        }
    }
}

impl Buf for Transmit {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        match self.shared.front() {
            Some((at, octets)) if *at == self.read => octets,
            Some((at, _)) => self.copied.get(self.read..*at).unwrap_or(&[]),
            None => self.copied.get(self.read..self.end).unwrap_or(&[]),
        }
    }

    /// Counts `count` octets as sent; more than there are counts as all.
    fn advance(&mut self, count: usize) {
        self.drained |= count > 0;
        if count >= self.remaining {
            self.end = 0;
            self.shared.clear();
            self.opaque.clear();
            (self.read, self.remaining, self.boundary) = (0, 0, 0);
            return;
        }
        self.skip(count);
        if self.read >= COMPACT_FROM && self.read * 2 >= self.end {
            self.compact();
        }
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, out: &mut [std::io::IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for (slot, segment) in out.iter_mut().zip(self.segments()) {
            *slot = std::io::IoSlice::new(segment);
            filled += 1;
        }
        filled
    }

    fn copy_to_bytes(&mut self, len: usize) -> Bytes {
        let mut octets = BytesMut::with_capacity(len.min(self.remaining));
        let mut left = len.min(self.remaining);
        for segment in self.segments() {
            let (part, _) = segment.split_at(left.min(segment.len()));
            octets.extend_from_slice(part);
            left -= part.len();
        }
        self.advance(octets.len());
        octets.freeze()
    }
}

/// Lengths only: the octets may hold a secret.
impl fmt::Debug for Transmit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transmit")
            .field("remaining", &self.remaining)
            .field("shared", &self.shared.len())
            .finish_non_exhaustive()
    }
}

/// A place in the output that can look ahead from frame to frame.
#[derive(Clone, Copy)]
struct Position {
    read: usize,
    shared: usize,
    opaque: usize,
    to_boundary: usize,
}

impl Position {
    /// Steps over the rest of this frame, or over the next one, and tells its length.
    fn step_over(&mut self, out: &Transmit) -> usize {
        let len = match core::mem::take(&mut self.to_boundary) {
            0 => out.unit_len(self.read, self.opaque),
            left => left,
        };
        self.opaque +=
            usize::from(out.opaque.get(self.opaque).is_some_and(|(at, _)| *at == self.read));
        let mut left = len;
        while left > 0 {
            match out.shared.get(self.shared) {
                Some((at, octets)) if *at == self.read => {
                    left = left.saturating_sub(octets.len());
                    self.shared += 1;
                }
                Some((at, _)) => {
                    let step = left.min(*at - self.read);
                    self.read += step;
                    left -= step;
                }
                None => {
                    self.read += left;
                    left = 0;
                }
            }
        }
        len
    }
}

struct Segments<'a> {
    transmit: &'a Transmit,
    read: usize,
    shared: usize,
}

impl<'a> Iterator for Segments<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let segment = match self.transmit.shared.get(self.shared) {
            Some((at, octets)) if *at == self.read => {
                self.shared += 1;
                &octets[..]
            }
            Some((at, _)) => {
                let segment = self.transmit.copied.get(self.read..*at).unwrap_or(&[]);
                self.read = *at;
                segment
            }
            None => {
                let segment = self.transmit.copied.get(self.read..self.transmit.end).unwrap_or(&[]);
                self.read = self.transmit.end;
                segment
            }
        };
        (!segment.is_empty()).then_some(segment)
    }
}
