//! Bodies whose octets are handed on before their frame is whole.

use crate::channel::content::{Awaited, Receiving};
use crate::channel::state::{ChannelPhase, ChannelState};

impl ChannelState {
    /// Whether the octets of a body frame of this size are handed on as they come. Any other one waits
    /// until it is whole, and is judged then as if it had come at once.
    pub(crate) fn takes_parts_of(&self, size: u32) -> bool {
        let Receiving { awaited, whole, missing, .. } = self.receiving;
        let fits = size > 0 && u64::from(size) <= missing; // CNT-11
        self.phase == ChannelPhase::Open && awaited == Awaited::Body && !whole && fits
    }

    /// A body frame begins whose octets are handed on as they come.
    pub(crate) fn begin_parts(&mut self, size: u32) {
        self.receiving.empty = 0;
        self.receiving.missing = self.receiving.missing.saturating_sub(size.into());
    }

    /// More of the frame that has begun: whether it completes the content, `ends` telling that the
    /// frame's end has come and is right. `None`: it is discarded.
    #[inline]
    pub(crate) fn on_part(&mut self, ends: bool) -> Option<bool> {
        if self.phase != ChannelPhase::Open {
            return None; // CHN-04
        }
        let last = ends && self.receiving.missing == 0;
        if last {
            self.receiving.awaited = Awaited::Method;
        }
        Some(last)
    }
}
