//! Where frames end, by nothing but their lengths.

use crate::connection::ahead::{Ahead, Preamble, Unit};
use crate::connection::input::{Input, LONGEST_CHUNK};
use crate::frame::{FRAME_OVERHEAD, FrameHeader};

impl Input {
    /// Cuts the last chunk where its last whole frame ends, unless that was done.
    #[inline]
    pub(crate) fn cut_now(&mut self) {
        if self.uncut {
            self.cut_last();
        }
    }

    #[inline(never)]
    fn cut_last(&mut self) {
        self.uncut = false;
        let waiting = self.waiting.pop_last();
        let (from, is_waiting) = (if waiting.is_some() { 0 } else { self.at }, waiting.is_some());
        let Some(mut chunk) = waiting.or_else(|| self.chunk.take()) else { return };
        let whole = from + self.scan(chunk.get(from..).unwrap_or(&[]), LONGEST_CHUNK, true);
        let rest = chunk.get(whole..).unwrap_or(&[]);
        self.cut -= rest.len() as u64;
        if !self.refused {
            self.begin(rest);
        }
        chunk.truncate(whole);
        if is_waiting {
            self.waiting.push(chunk);
        } else {
            self.chunk = Some(chunk);
        }
    }

    /// Whether a frame ends outside of the chunk; the chunk ends before it then.
    #[inline(never)]
    pub(crate) fn ends_before_frame(&mut self) -> bool {
        if self.waiting.is_empty() {
            self.cut_now();
        }
        self.chunk.as_ref().is_none_or(|chunk| chunk.len() <= self.at)
    }

    /// The octets at the front that are the rest of the open frame and whole frames, at most `budget` of
    /// them; where `one_at_least` the first frame may be longer. Takes note of the frame behind them.
    #[inline]
    pub(super) fn scan(&mut self, octets: &[u8], budget: usize, one_at_least: bool) -> usize {
        let budget = budget.min(LONGEST_CHUNK);
        if self.to_come == 0 {
            return self.scan_whole(octets, budget, one_at_least);
        }
        let rest = self.to_come.min(octets.len()).min(budget);
        self.to_come -= rest;
        if self.to_come > 0 {
            return rest;
        }
        let behind = octets.get(rest..).unwrap_or(&[]);
        rest + self.scan_whole(behind, budget.saturating_sub(rest), false)
    }

    #[inline]
    fn scan_whole(&mut self, octets: &[u8], budget: usize, one_at_least: bool) -> usize {
        let mut at = 0;
        match self.unit(octets) {
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

    #[inline]
    pub(super) fn unit(&self, octets: &[u8]) -> Unit {
        Unit::at_front(octets, self.preamble, self.ceiling)
    }

    pub(super) fn leave_preamble(&mut self) {
        self.preamble = Preamble::Past;
    }
}
