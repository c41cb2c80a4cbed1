//! Chunks that wait until those before them are decoded.

use alloc::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::connection::input::LONGEST_CHUNK;

/// So many chunks wait as they came, which is more than there ever are where events are polled as octets
/// come. Behind them small ones are copied to one place: each would take a handle of its own, which may
/// be longer than it is, and hold on to all of the buffer that it was read into.
const AS_THEY_CAME: usize = 8;

/// What is at least this long stays as it came.
const LARGE: usize = 16 << 10;

/// So many places are kept for chunks that wait.
const KEPT: usize = 64;

#[derive(Clone, Default)]
pub(super) struct Waiting {
    chunks: VecDeque<Bytes>,
    /// The last of them, gathered from small ones.
    gathered: BytesMut,
}

impl Waiting {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty() && self.gathered.is_empty()
    }

    /// Whether what comes now is no chunk of its own, if it is small.
    #[inline]
    pub(super) fn is_gathering(&self) -> bool {
        !self.gathered.is_empty() || self.chunks.len() >= AS_THEY_CAME
    }

    #[inline]
    pub(super) fn push(&mut self, chunk: Bytes) {
        if self.is_gathering() {
            self.gather(chunk);
        } else {
            self.chunks.push_back(chunk);
        }
    }

    #[cold]
    #[inline(never)]
    fn gather(&mut self, chunk: Bytes) {
        let is_large = chunk.len() >= LARGE;
        if is_large || self.gathered.len() + chunk.len() > LONGEST_CHUNK {
            let gathered = self.take_gathered();
            self.chunks.extend(gathered);
        }
        if is_large {
            self.chunks.push_back(chunk);
        } else {
            self.gathered.extend_from_slice(&chunk);
        }
    }

    fn take_gathered(&mut self) -> Option<Bytes> {
        let gathered = core::mem::take(&mut self.gathered);
        (!gathered.is_empty()).then(|| gathered.freeze())
    }

    /// The next one. Memory that a burst has left is given back when there is none.
    pub(super) fn pop(&mut self) -> Option<Bytes> {
        let next = self.chunks.pop_front().or_else(|| self.take_gathered());
        if next.is_none() && self.chunks.capacity() > KEPT {
            self.chunks = VecDeque::new();
        }
        next
    }

    /// The last one, where nothing is gathered behind it.
    pub(super) fn pop_last(&mut self) -> Option<Bytes> {
        self.chunks.pop_back()
    }

    /// Gives back memory that nothing waits in.
    pub(super) fn release(&mut self) {
        self.chunks.shrink_to_fit();
    }

    pub(super) fn into_octets(mut self) -> impl Iterator<Item = u8> {
        let gathered = self.take_gathered();
        self.chunks.into_iter().chain(gathered).flatten()
    }
}
