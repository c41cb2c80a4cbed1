//! One cutter behind three doors: whole frames in, judgement later.
//!
//! Frames are cut as soon as they are whole, up to the largest size that this side could ever agree
//! to. Whether a frame is too large for now, ends with the right octet or makes sense is judged when
//! its turn comes, so that a peer may pipeline its handshake and what follows however it likes.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

use bytes::{Bytes, BytesMut};

use crate::frame::{FRAME_HEADER_LEN, FRAME_OVERHEAD, FrameHeader, FrameType};

/// Octets of the protocol header.
pub(crate) const PROTOCOL_HEADER_LEN: usize = 8;

/// No frame is taken that is larger, whatever the configuration says: 1 GiB.
pub(crate) const LARGEST_FRAME: u32 = 1 << 30;

/// A chunk is at most this long, so that places in it fit 32 bits.
const LONGEST_CHUNK: usize = 1 << 30;

/// The place of frames that were gathered is kept for the next ones up to this many octets: a body of
/// 16 KiB, and what belongs to it.
const KEPT: usize = 17 << 10;

/// So many places are kept for chunks that wait.
const KEPT_CHUNKS: usize = 64;

#[derive(Clone)]
pub(crate) struct Input {
    /// The whole frames that are being decoded, unless nothing is left of them, and how far.
    pub(crate) chunk: Option<Bytes>,
    pub(crate) at: usize,
    /// Whole frames that wait to be decoded behind them.
    chunks: VecDeque<Bytes>,
    /// Octets of the stream up to the end of all `chunks`.
    cut: u64,
    /// The beginning of a frame, where it was not left with the caller.
    partial: BytesMut,
    /// The first octets of the frame that isn't whole yet, whoever holds it.
    ahead: Ahead,
    /// The largest payload that could ever be agreed to.
    ceiling: u32,
    /// Whether the first eight octets are still to be cut apart from the frames.
    preamble: Preamble,
    /// A frame is ahead that could never be agreed to: nothing behind it will be looked at.
    refused: bool,
    /// Octets of the stream before `at`'s zero: those of chunks that are decoded.
    before: u64,
    pub(crate) ended: bool,
    /// Framing is lost or the connection over: nothing is cut any more (`FRM-12`).
    dead: bool,
}

/// How the stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preamble {
    /// With a protocol header (towards a server).
    Expected,
    /// With a frame, or with a protocol header that refuses ours (towards a client; `HDR-05`).
    Possible,
    /// It is past.
    Past,
}

/// The first octets of a frame that isn't whole.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ahead {
    octets: [u8; PROTOCOL_HEADER_LEN],
    len: u8,
}

impl Ahead {
    fn of(octets: &[u8]) -> Self {
        let mut ahead = Self::default();
        for (place, octet) in ahead.octets.iter_mut().zip(octets) {
            *place = *octet;
            ahead.len += 1;
        }
        ahead
    }

    pub(crate) fn octets(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or(&[])
    }
}

impl Input {
    pub(crate) fn new(preamble: Preamble, ceiling: u32) -> Self {
        Self {
            chunk: None,
            at: 0,
            chunks: VecDeque::new(),
            cut: 0,
            partial: BytesMut::new(),
            ahead: Ahead::default(),
            ceiling: ceiling.min(LARGEST_FRAME),
            preamble,
            refused: false,
            before: 0,
            ended: false,
            dead: false,
        }
    }

    /// Whether further octets could be of use.
    pub(crate) const fn is_open(&self) -> bool {
        !self.ended && !self.refused && !self.dead
    }

    /// Octets that wait to be decoded, frames that aren't whole not counted.
    pub(crate) fn undecoded(&self) -> usize {
        usize::try_from(self.cut.saturating_sub(self.offset())).unwrap_or(usize::MAX)
    }

    /// Octets of the stream that were decoded or thrown away.
    #[inline]
    pub(crate) const fn offset(&self) -> u64 {
        self.before + self.at as u64
    }

    pub(crate) const fn ceiling(&self) -> u32 {
        self.ceiling
    }

    /// What is known of the frame that isn't whole; meaningful once nothing precedes it.
    pub(crate) const fn ahead(&self) -> &Ahead {
        &self.ahead
    }

    /// Octets of that frame, once its header tells.
    pub(crate) fn ahead_len(&self) -> usize {
        match self.unit_len(self.ahead.octets()) {
            Unit::Whole(len) => len,
            Unit::Short(_) | Unit::Refused => usize::from(self.ahead.len),
        }
    }

    pub(crate) const fn preamble(&self) -> Preamble {
        self.preamble
    }

    /// Takes whole frames off the front of the caller's buffer, at most `budget` octets of them; where
    /// `one_at_least` the first frame may be longer.
    pub(crate) fn take_from(&mut self, input: &mut BytesMut, budget: usize, one_at_least: bool) {
        if self.dead {
            input.clear();
            return;
        }
        if self.refused {
            return;
        }
        if !self.partial.is_empty() {
            // The beginning of this frame came through another door.
            self.take(input.split().freeze());
            return;
        }
        let whole = self.scan(input, budget, one_at_least);
        if whole > 0 {
            self.push(input.split_to(whole).freeze());
        }
    }

    /// Takes all octets.
    pub(crate) fn take(&mut self, mut input: Bytes) {
        if self.dead || self.refused {
            return;
        }
        if !self.partial.is_empty() {
            self.complete_partial(&mut input);
        }
        while !input.is_empty() && self.partial.is_empty() {
            let whole = self.scan(&input, LONGEST_CHUNK, true);
            if whole > 0 {
                self.push(input.split_to(whole));
            } else if self.refused {
                break;
            } else {
                self.partial.extend_from_slice(&input);
            }
        }
    }

    /// Takes a copy of all octets.
    pub(crate) fn take_slice(&mut self, input: &[u8]) {
        if self.dead || self.refused {
            return;
        }
        self.partial.extend_from_slice(input);
        loop {
            let partial = core::mem::take(&mut self.partial);
            let whole = self.scan(&partial, LONGEST_CHUNK, true);
            self.partial = partial;
            if self.refused {
                self.partial.truncate(whole);
            }
            if whole > 0 {
                self.push_partial(whole);
            }
            if whole == 0 || self.refused {
                break;
            }
        }
    }

    /// Moves octets from `input` until the partial frame is whole, and no more.
    fn complete_partial(&mut self, input: &mut Bytes) {
        loop {
            let have = self.partial.len();
            let missing = match self.unit_len(&self.partial) {
                Unit::Short(needed) => needed - have,
                Unit::Whole(len) if len > have => len - have,
                Unit::Whole(len) => {
                    self.ahead = Ahead::default();
                    self.leave_preamble();
                    self.push_partial(len);
                    return;
                }
                Unit::Refused => {
                    self.ahead = Ahead::of(&self.partial);
                    self.refused = true;
                    return;
                }
            };
            if input.is_empty() {
                self.ahead = Ahead::of(&self.partial);
                return;
            }
            let part = input.split_to(missing.min(input.len()));
            self.partial.extend_from_slice(&part);
        }
    }

    /// The octets at the front that are whole frames, at most `budget` of them; where `one_at_least`
    /// the first frame may be longer. Takes note of the frame behind them.
    fn scan(&mut self, octets: &[u8], budget: usize, one_at_least: bool) -> usize {
        let budget = budget.min(LONGEST_CHUNK);
        let mut at = 0;
        match self.unit_len(octets) {
            Unit::Whole(len) if len <= octets.len() && (len <= budget || one_at_least) => {
                self.leave_preamble();
                at = self.scan_frames(octets, len, budget.min(octets.len()));
            }
            Unit::Refused => self.refused = true,
            Unit::Whole(_) | Unit::Short(_) => {}
        }
        self.ahead = Ahead::of(octets.get(at..).unwrap_or(&[]));
        at
    }

    /// Where the last frame ends that begins at `at` or behind it and is whole before `end`.
    #[inline]
    fn scan_frames(&mut self, octets: &[u8], mut at: usize, end: usize) -> usize {
        while let Some(header) = octets.get(at..).and_then(<[u8]>::first_chunk) {
            let size = FrameHeader::parse(header).size;
            if size > self.ceiling {
                self.refused = true; // FRM-07: before any arithmetic
                break;
            }
            let behind = at + (size as usize + FRAME_OVERHEAD);
            if behind > end {
                break;
            }
            at = behind;
        }
        at
    }

    fn leave_preamble(&mut self) {
        self.preamble = Preamble::Past;
    }

    /// How long the frame or the protocol header at the front is.
    #[inline]
    fn unit_len(&self, octets: &[u8]) -> Unit {
        if self.preamble != Preamble::Past {
            if let Some(unit) = self.preamble_len(octets) {
                return unit;
            }
        }
        match octets.first_chunk::<FRAME_HEADER_LEN>() {
            None => Unit::Short(FRAME_HEADER_LEN),
            Some(header) => match FrameHeader::parse(header).size {
                size if size > self.ceiling => Unit::Refused, // FRM-07: before any arithmetic
                size => Unit::Whole(size as usize + FRAME_OVERHEAD),
            },
        }
    }

    #[cold]
    fn preamble_len(&self, octets: &[u8]) -> Option<Unit> {
        let begins_a_frame = octets.first().is_some_and(|octet| FrameType(*octet).is_known());
        match self.preamble {
            Preamble::Possible if begins_a_frame => None,
            _ if octets.len() < PROTOCOL_HEADER_LEN => Some(Unit::Short(PROTOCOL_HEADER_LEN)),
            _ => Some(Unit::Whole(PROTOCOL_HEADER_LEN)),
        }
    }

    fn push(&mut self, chunk: Bytes) {
        self.cut += chunk.len() as u64;
        self.chunks.push_back(chunk);
    }

    /// Takes so many octets of whole frames off the front of the buffer for frames that aren't whole.
    fn push_partial(&mut self, whole: usize) {
        let chunk = self.partial.split_to(whole).freeze();
        if whole > KEPT {
            // Else a few octets, or none, would hold on to all of it when the chunk is decoded.
            self.partial = BytesMut::from(&self.partial[..]);
        }
        self.push(chunk);
    }

    /// Gives back memory that nothing waits in.
    pub(crate) fn release(&mut self) {
        self.partial = BytesMut::from(&self.partial[..]);
        self.chunks.shrink_to_fit();
    }

    /// Whether there are whole frames to decode; `chunk` holds some then.
    #[inline]
    pub(crate) fn has_chunk(&mut self) -> bool {
        self.chunk.is_some() || self.begin_chunk()
    }

    #[inline(never)]
    fn begin_chunk(&mut self) -> bool {
        self.chunk = self.chunks.pop_front();
        if self.chunk.is_none() && self.chunks.capacity() > KEPT_CHUNKS {
            self.chunks = VecDeque::new();
        }
        self.chunk.is_some()
    }

    /// Gives up the chunk once all of it is decoded.
    #[inline]
    pub(crate) fn used_up(&mut self) -> Option<Bytes> {
        // Chunks are whole frames: where less than a header is left, nothing is.
        if self.chunk.as_ref()?.len().saturating_sub(self.at) >= FRAME_HEADER_LEN {
            return None;
        }
        self.before = self.offset();
        self.at = 0;
        self.chunk.take()
    }

    /// Stops for good: what waits and what comes is thrown away.
    pub(crate) fn kill(&mut self) {
        self.dead = true;
        self.before = self.offset();
        (self.chunk, self.at) = (None, 0);
        self.chunks = VecDeque::new();
        self.partial = BytesMut::new();
        self.ahead = Ahead::default();
        self.cut = self.before;
    }

    pub(crate) const fn is_dead(&self) -> bool {
        self.dead
    }

    /// Everything that was taken and not decoded.
    pub(crate) fn into_unread(self) -> Vec<u8> {
        let begun = self.chunk.as_ref().and_then(|chunk| chunk.get(self.at..)).unwrap_or(&[]);
        let mut unread = Vec::from(begun);
        unread.extend(self.chunks.into_iter().flatten());
        unread.extend_from_slice(&self.partial);
        unread
    }
}

enum Unit {
    /// More octets are needed to tell: as many in all.
    Short(usize),
    Whole(usize),
    /// Longer than this side could ever agree to.
    Refused,
}

/// Lengths only: the octets may hold a secret.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("undecoded", &self.undecoded())
            .field("partial", &self.partial.len())
            .field("offset", &self.offset())
            .field("ended", &self.ended)
            .field("dead", &self.dead)
            .finish_non_exhaustive()
    }
}
