//! One cutter behind three doors: whole frames in, judgement later.
//!
//! Frames are cut as soon as they are whole, up to the largest size that this side could ever agree
//! to. Whether a frame is too large for now, ends with the right octet or makes sense is judged when
//! its turn comes, so that a peer may pipeline its handshake and what follows however it likes. Octets of
//! `handle_bytes` that begin with a frame are cut while they are decoded, which comes to the same.
//!
//! What has come of a frame that isn't whole is gathered here or stays with the caller, unless its
//! turn comes and it turns out that its octets may be handed on as they come: then it is `open`, and
//! chunks begin with what comes of it.

mod cut;
mod open;
mod waiting;

use alloc::vec::Vec;
use core::fmt;

use bytes::{Buf, Bytes, BytesMut};

use crate::connection::ahead::{Ahead, Preamble, Unit};
use crate::connection::input::waiting::Waiting;
use crate::event::ChannelId;
use crate::frame::{FRAME_HEADER_LEN, FrameHeader, FrameType};

/// No frame is taken that is larger, whatever the configuration says: 1 GiB.
pub(crate) const LARGEST_FRAME: u32 = 1 << 30;

/// A chunk is at most this long, so that places in it fit 32 bits.
const LONGEST_CHUNK: usize = 1 << 30;

/// The place of frames that were gathered is kept for the next ones up to this many octets: a body of
/// 16 KiB, and what belongs to it.
const KEPT: usize = 17 << 10;

#[derive(Clone)]
pub(crate) struct Input {
    /// The frames that are being decoded, unless nothing is left of them, and how far. They are whole,
    /// but the first one is what has come of the `open` frame, if there is one.
    pub(crate) chunk: Option<Bytes>,
    pub(crate) at: usize,
    /// Where the frames of the last chunk end is seen when it is decoded: it may end inside of one.
    uncut: bool,
    /// What waits to be decoded behind them.
    waiting: Waiting,
    /// The frame at the front of the chunk, or of what comes next, where it isn't whole.
    pub(crate) open: Option<OpenFrame>,
    /// Octets of that frame that are still to come, the end octet with them.
    to_come: usize,
    /// Octets of the stream up to the end of all chunks.
    cut: u64,
    /// The beginning of a frame, where it was not left with the caller.
    partial: BytesMut,
    /// The same as it was given, where its octets may well be handed on before it is whole. One of the
    /// two is empty.
    begun: Bytes,
    /// Body frames are worth a look before they are whole.
    streamed: bool,
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

/// A body frame that was judged by its header and whose octets are handed on as they come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenFrame {
    pub(crate) channel: ChannelId,
    /// Payload octets that haven't been handed on.
    pub(crate) left: u32,
    /// Octets of the stream before it.
    pub(crate) offset: u64,
}

impl Input {
    pub(crate) fn new(preamble: Preamble, ceiling: u32, streamed: bool) -> Self {
        Self {
            chunk: None,
            at: 0,
            uncut: false,
            waiting: Waiting::default(),
            open: None,
            to_come: 0,
            cut: 0,
            partial: BytesMut::new(),
            begun: Bytes::new(),
            streamed,
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

    /// Octets that wait to be decoded; of a frame that isn't whole those alone that are in a chunk.
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
        match self.unit(self.ahead.octets()) {
            Unit::Whole(len) => len,
            Unit::Short(_) | Unit::Refused => self.ahead.octets().len(),
        }
    }

    pub(crate) const fn preamble(&self) -> Preamble {
        self.preamble
    }

    /// Takes whole frames off the front of the caller's buffer, and what has come of a frame whose octets
    /// may be handed on; at most `budget` octets, but where `one_at_least` the first frame may be longer.
    pub(crate) fn take_from(
        &mut self,
        input: &mut BytesMut,
        mut budget: usize,
        mut one_at_least: bool,
    ) {
        self.cut_now();
        if self.dead {
            input.clear();
            return;
        }
        if self.refused {
            return;
        }
        if self.has_beginning() {
            let cut = self.cut;
            self.complete_partial(input);
            if self.has_beginning() {
                return;
            }
            budget = budget.saturating_sub(usize::try_from(self.cut - cut).unwrap_or(usize::MAX));
            one_at_least = false;
        }
        let whole = self.scan(input, budget, one_at_least);
        let fits = one_at_least && whole == 0 || input.len() <= budget;
        if whole > 0 {
            self.push(input.split_to(whole).freeze());
        }
        if self.streamed && fits && !self.refused {
            self.keep_beginning(input);
        }
    }

    /// Takes what has come of the body frame ahead off the caller's buffer: it may be handed on.
    pub(crate) fn keep_beginning(&mut self, input: &mut BytesMut) {
        if self.begins_body() && input.len() > FRAME_HEADER_LEN {
            self.begun = input.split().freeze();
        }
    }

    /// Takes all octets.
    pub(crate) fn take(&mut self, mut input: Bytes) {
        if self.to_come >= input.len() && !input.is_empty() && !self.ended {
            self.to_come -= input.len();
            self.push(input);
            return;
        }
        self.cut_now();
        if !self.is_open() {
            return;
        }
        if self.has_beginning() {
            self.complete_partial(&mut input);
        }
        if self.begins_with_frame() && (1..=LONGEST_CHUNK).contains(&input.len()) {
            // To walk through the frames now and again when they are decoded would cost a good part of
            // decoding them: each frame's header has to be waited for to find the next one.
            self.uncut = true;
            self.push(input);
            return;
        }
        while !input.is_empty() && !self.has_beginning() {
            let all_seen = input.len() <= LONGEST_CHUNK;
            let whole = self.scan(&input, LONGEST_CHUNK, true);
            if all_seen && !self.refused && !self.is_shared_ahead() {
                // The usual case, without a handle more.
                self.begin(input.get(whole..).unwrap_or(&[]));
                input.truncate(whole);
                self.push(input);
                return;
            }
            if whole > 0 {
                self.push(input.split_to(whole));
            }
            if self.refused {
                return;
            }
            if whole == 0 || all_seen {
                self.begun = input;
                return;
            }
        }
    }

    /// Whether what comes now begins with a frame, and all of it may wait until its turn comes.
    #[inline]
    fn begins_with_frame(&self) -> bool {
        !self.streamed
            && self.preamble == Preamble::Past
            && !self.has_beginning()
            && self.ahead.is_empty()
            && self.open.is_none()
            && !self.refused
            && !self.waiting.is_gathering()
    }

    /// Whether the beginning of the frame ahead is kept as it was given.
    #[inline]
    fn is_shared_ahead(&self) -> bool {
        self.streamed && self.begins_body()
    }

    /// Keeps a copy of the beginning of a frame.
    #[inline]
    fn begin(&mut self, octets: &[u8]) {
        if octets.is_empty() {
            return;
        }
        if let Unit::Whole(len) = self.unit(octets) {
            // The place of what was gathered before and is gone: else what is gathered now might have to
            // move when it is reached. Nothing is allocated for a length that is only announced.
            let _ = self.partial.try_reclaim(len);
        }
        self.partial.extend_from_slice(octets);
    }

    /// Takes a copy of all octets.
    pub(crate) fn take_slice(&mut self, input: &[u8]) {
        self.cut_now();
        if !self.is_open() {
            return;
        }
        self.gather();
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

    /// Whether the beginning of a frame is here and not with the caller.
    #[inline]
    fn has_beginning(&self) -> bool {
        !self.partial.is_empty() || !self.begun.is_empty()
    }

    /// Lets go of the buffer that the beginning of a frame came in.
    #[inline]
    pub(crate) fn gather(&mut self) {
        if !self.begun.is_empty() {
            self.begin_again();
        }
    }

    #[inline(never)]
    fn begin_again(&mut self) {
        self.partial.extend_from_slice(&self.begun);
        self.begun = Bytes::new();
    }

    /// Moves octets from `input` until the partial frame is whole, and no more.
    fn complete_partial(&mut self, input: &mut impl Buf) {
        self.gather();
        loop {
            let have = self.partial.len();
            let missing = match self.unit(&self.partial) {
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
            let octets = input.chunk();
            if octets.is_empty() {
                self.ahead = Ahead::of(&self.partial);
                return;
            }
            let len = missing.min(octets.len());
            self.partial.extend_from_slice(octets.get(..len).unwrap_or(octets));
            input.advance(len);
        }
    }

    #[inline]
    fn push(&mut self, chunk: Bytes) {
        if chunk.is_empty() {
            return;
        }
        self.cut += chunk.len() as u64;
        if self.chunk.is_none() && self.waiting.is_empty() {
            self.chunk = Some(chunk);
        } else {
            self.waiting.push(chunk);
        }
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
        self.waiting.release();
    }

    /// Whether there are whole frames to decode; `chunk` holds some then.
    #[inline]
    pub(crate) fn has_chunk(&mut self) -> bool {
        self.chunk.is_some() || self.begin_chunk()
    }

    #[inline(never)]
    fn begin_chunk(&mut self) -> bool {
        self.chunk = self.waiting.pop();
        self.chunk.is_some()
    }

    /// Whether there is nothing to judge behind the chunks: neither the end of the stream nor, where the
    /// handshake has begun, the beginning of a frame that could be wrong. `largest`: the largest payload
    /// that a frame of any type may have.
    #[inline]
    pub(crate) fn is_fine_ahead(&self, largest: u32) -> bool {
        if self.ended {
            return false;
        }
        let is_known = self.preamble == Preamble::Past;
        match self.ahead.header() {
            Some(header) => is_known && header.frame_type.is_known() && header.size <= largest,
            None => is_known || self.ahead.is_empty(),
        }
    }

    /// Whether the stream ends inside a frame if it ends here.
    pub(crate) const fn is_inside_frame(&self) -> bool {
        !self.ahead.is_empty() || self.open.is_some()
    }

    /// Gives up the chunk once all of it is decoded.
    #[inline]
    pub(crate) fn used_up(&mut self) -> Option<Bytes> {
        // Cut chunks are whole frames: where less than a header is left, nothing is.
        if self.chunk.as_ref()?.len().saturating_sub(self.at) >= FRAME_HEADER_LEN {
            return None;
        }
        if self.waiting.is_empty() {
            self.cut_now();
        }
        self.before = self.offset();
        self.at = 0;
        self.chunk.take()
    }

    /// Stops for good: what waits and what comes is thrown away.
    pub(crate) fn kill(&mut self) {
        self.dead = true;
        self.before = self.offset();
        (self.chunk, self.at, self.uncut) = (None, 0, false);
        self.waiting = Waiting::default();
        (self.open, self.to_come) = (None, 0);
        (self.partial, self.begun) = (BytesMut::new(), Bytes::new());
        self.ahead = Ahead::default();
        self.cut = self.before;
    }

    pub(crate) const fn is_dead(&self) -> bool {
        self.dead
    }

    /// Everything that was taken and not decoded. What is missing of an open frame becomes a frame of
    /// its own, so that this is still a sequence of frames, whose last one goes on in the stream.
    pub(crate) fn into_unread(self) -> Vec<u8> {
        let mut unread = Vec::new();
        if let Some(OpenFrame { channel, left, .. }) = self.open {
            let channel = channel.number();
            unread
                .extend(FrameHeader { frame_type: FrameType::BODY, channel, size: left }.encode());
        }
        unread.extend(self.chunk.as_ref().and_then(|chunk| chunk.get(self.at..)).unwrap_or(&[]));
        unread.extend(self.waiting.into_octets());
        unread.extend_from_slice(&self.partial);
        unread.extend_from_slice(&self.begun);
        unread
    }
}

/// Lengths only: the octets may hold a secret.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("undecoded", &self.undecoded())
            .field("partial", &(self.partial.len() + self.begun.len()))
            .field("to_come", &self.to_come)
            .field("offset", &self.offset())
            .field("ended", &self.ended)
            .field("dead", &self.dead)
            .finish_non_exhaustive()
    }
}
