//! The body frame whose octets are handed on as they come.

use bytes::{Buf, Bytes};

use crate::connection::ahead::{Ahead, Preamble};
use crate::connection::input::{Input, OpenFrame};
use crate::event::ChannelId;
use crate::frame::{FRAME_HEADER_LEN, FrameHeader, FrameType};

impl Input {
    #[inline]
    pub(super) fn begins_body(&self) -> bool {
        self.body_ahead().is_some()
    }

    /// The header of a body frame that isn't whole.
    #[inline]
    pub(crate) fn body_ahead(&self) -> Option<FrameHeader> {
        let header = self.ahead.header().filter(|_| self.preamble == Preamble::Past);
        header.filter(|header| header.frame_type == FrameType::BODY)
    }

    /// The same where octets of it are here, and not with the caller, and nothing precedes them.
    #[inline]
    pub(crate) fn body_begun(&self) -> Option<FrameHeader> {
        self.body_ahead().filter(|_| self.has_beginning())
    }

    /// What has come of the body frame ahead is to be handed on, and then what comes.
    pub(crate) fn open(&mut self, channel: ChannelId, size: u32) {
        self.open = Some(OpenFrame { channel, left: size, offset: self.offset() });
        let mut begun = if self.partial.is_empty() {
            core::mem::take(&mut self.begun)
        } else {
            self.partial.split().freeze()
        };
        begun.advance(FRAME_HEADER_LEN.min(begun.len()));
        self.ahead = Ahead::default();
        self.to_come = (size as usize + 1).saturating_sub(begun.len());
        self.before += FRAME_HEADER_LEN as u64;
        self.cut += FRAME_HEADER_LEN as u64;
        self.push(begun);
    }

    /// The chunk, all of which is payload of the open frame.
    #[inline]
    pub(crate) fn take_part(&mut self) -> Option<Bytes> {
        let len = self.chunk.as_ref()?.len();
        self.before += len as u64;
        if let Some(open) = &mut self.open {
            // No more than is left of the frame.
            open.left = open.left.saturating_sub(u32::try_from(len).unwrap_or(u32::MAX));
        }
        self.chunk.take()
    }

    /// The last `len` octets of the open frame, behind which its end octet stands.
    pub(crate) fn take_last_part(&mut self, len: usize) -> Option<Bytes> {
        self.open = None;
        let chunk = self.chunk.as_mut()?;
        let used = len + 1;
        if used < chunk.len() {
            self.at = used;
            return Some(chunk.slice(..len));
        }
        self.before += used as u64;
        chunk.truncate(len);
        self.chunk.take()
    }
}
