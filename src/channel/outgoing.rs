//! How what the channels of a connection send gets into the window, by way of their lanes.

use bytes::{Buf, Bytes};

use crate::channel::session::{Session, Share};
use crate::channel::state::ChannelPhase;
use crate::channel::table::Slot;
use crate::error::UsageError;
use crate::frame::FRAME_OVERHEAD;
use crate::limits::Limits;
use crate::output::{Framing, HEARTBEAT_FRAME, Payload, Transmit, write_around_body};
use crate::protocol::{AsMethod, ContentHeader};
use crate::wire::{EncodeError, Writer};

impl Session {
    /// Largest payload of a frame that this side may send (`TUN-07`).
    pub(crate) const fn largest_payload(&self) -> usize {
        self.frame_max as usize - FRAME_OVERHEAD
    }

    pub(super) const fn framing(&self, channel: u16) -> Framing {
        Framing { channel, dialect: self.dialect, largest: self.largest_payload() }
    }

    fn framing_of(&self, slot: Slot) -> Option<Framing> {
        self.channels.get(slot).map(|state| self.framing(state.id.number()))
    }

    /// Octets that are queued and not drained.
    pub(crate) fn unsent(&self) -> usize {
        self.window.remaining() + self.waiting
    }

    /// Whether this command still has room; judged before anything is queued.
    pub(crate) fn check_room(&self, share: Share) -> Result<(), UsageError> {
        let unsent = self.unsent();
        let limit = self.limits.unsent_output;
        if unsent < limit
            || (share == Share::Reserved && self.reserve_used < self.limits.output_reserve)
        {
            return Ok(());
        }
        Err(UsageError::Full { unsent, limit })
    }

    /// Whether the peer must read before anything more is handed out (`LIM-09`).
    pub(crate) fn output_gated(&self) -> bool {
        self.reserve_used >= self.limits.output_reserve
            && self.unsent() >= self.limits.unsent_output
    }

    /// Queues a method on channel 0, ahead of all lanes.
    pub(crate) fn send_control(&mut self, method: &impl AsMethod) -> Result<(), EncodeError> {
        let framing = self.framing(0);
        let frame = framing.method(method)?;
        frame.write(&mut Writer::new(self.window.place(frame.len())));
        self.use_reserve(frame.len());
        Ok(())
    }

    /// Queues a heartbeat (`HB-01`), which tells that nothing was sent for a while: what the last burst
    /// needed is given back.
    pub(crate) fn send_heartbeat(&mut self) {
        self.release();
        Writer::new(self.window.place(HEARTBEAT_FRAME.len())).array(HEARTBEAT_FRAME);
    }

    /// Queues a method behind what its channel has queued already.
    pub(crate) fn send_method(
        &mut self,
        slot: Slot,
        method: &impl AsMethod,
        share: Share,
    ) -> Result<(), UsageError> {
        self.check_room(share)?;
        let queued = self.queue_method(slot, method)?;
        if share == Share::Reserved {
            self.use_reserve(queued);
        }
        Ok(())
    }

    /// Queues channel.close, or an answer that is owed, behind what the channel has queued. There is
    /// always room for these few octets; the peer's share of the reserve is counted.
    pub(crate) fn send_owed(&mut self, slot: Slot, method: &impl AsMethod) {
        // Every dialect has these methods, and texts were cut to fit.
        let queued = self.queue_method(slot, method).unwrap_or(0);
        self.use_reserve(queued);
    }

    fn queue_method(&mut self, slot: Slot, method: &impl AsMethod) -> Result<usize, EncodeError> {
        let Some(framing) = self.framing_of(slot) else { return Ok(0) };
        let frame = framing.method(method)?;
        frame.write(&mut Writer::new(self.place(slot, frame.len())));
        Ok(frame.len())
    }

    /// Queues a method on a channel at once, ahead of its lane.
    pub(crate) fn send_ahead(&mut self, channel: u16, method: &impl AsMethod) {
        let framing = self.framing(channel);
        // Only channel.open, open-ok and close-ok come here: a few octets that every dialect has.
        let Ok(frame) = framing.method(method) else { return };
        frame.write(&mut Writer::new(self.window.place(frame.len())));
        self.use_reserve(frame.len());
    }

    fn use_reserve(&mut self, octets: usize) {
        if self.unsent() >= self.limits.unsent_output {
            self.reserve_used += octets;
        }
    }

    /// Queues the method and header frames of a content.
    pub(crate) fn send_head(
        &mut self,
        slot: Slot,
        method: &impl AsMethod,
        header: &ContentHeader<'_>,
    ) -> Result<(), UsageError> {
        let Some(framing) = self.framing_of(slot) else { return Ok(()) };
        let head = framing.head(method, header)?;
        head.write(&mut Writer::new(self.place(slot, head.len())));
        Ok(())
    }

    /// Queues a whole content.
    #[inline]
    pub(crate) fn send_content(
        &mut self,
        slot: Slot,
        method: &impl AsMethod,
        header: &ContentHeader<'_>,
        body: Payload<'_>,
    ) -> Result<(), UsageError> {
        let Some(framing) = self.framing_of(slot) else { return Ok(()) };
        let head = framing.head(method, header)?;
        let len = body.len();
        if body.is_small() {
            // All of it goes to one place, so that is looked for once.
            let mut w = Writer::new(self.place(slot, head.len() + framing.body_len(len)));
            head.write(&mut w);
            framing.write_body(&mut w, body.as_slice());
            return Ok(());
        }
        match body {
            Payload::Shared(octets) if len <= framing.largest && self.takes(head.len(), len) => {
                let place = self.window.place_around(head.len() + FRAME_OVERHEAD, octets);
                let mut w = Writer::new(place);
                head.write(&mut w);
                write_around_body(&mut w, framing.channel, len);
            }
            body => {
                head.write(&mut Writer::new(self.place(slot, head.len())));
                self.send_body(slot, body);
            }
        }
        Ok(())
    }

    /// Queues body octets, cut into frames.
    pub(crate) fn send_body(&mut self, slot: Slot, payload: Payload<'_>) {
        let Some(framing) = self.framing_of(slot) else { return };
        let (channel, largest) = (framing.channel, framing.largest);
        let len = payload.len();
        let fits = self.takes(0, len);
        match payload {
            Payload::Slice(octets) if fits || len <= Payload::COPIED => {
                let place = self.place(slot, framing.body_len(len));
                framing.write_body(&mut Writer::new(place), octets);
            }
            Payload::Shared(octets) if len <= Payload::COPIED => {
                let place = self.place(slot, framing.body_len(len));
                framing.write_body(&mut Writer::new(place), &octets);
            }
            Payload::Shared(mut octets) if fits => {
                while octets.len() > largest {
                    self.window.push_body(channel, octets.split_to(largest));
                }
                self.window.push_body(channel, octets);
            }
            Payload::Slice(octets) => {
                self.queue_body(slot, Bytes::copy_from_slice(octets), largest)
            }
            Payload::Shared(octets) => self.queue_body(slot, octets, largest),
        }
    }

    /// Whether the window takes a body of this length behind so many octets.
    #[inline]
    fn takes(&self, head: usize, body: usize) -> bool {
        let Limits { output_window: window, .. } = self.limits;
        let room = window.saturating_sub(self.window.remaining() + head);
        // One frame may reach beyond the window, as those may that lanes refill it with.
        let frame = self.largest_payload().min(window);
        room > 0 && self.turns.is_empty() && body <= room.max(frame)
    }

    fn queue_body(&mut self, slot: Slot, octets: Bytes, largest: usize) {
        let Some(state) = self.channels.get_mut(slot) else { return };
        self.waiting += octets.len();
        state.lane.prepare(&mut self.spares);
        state.lane.push_body(octets, largest);
        self.take_turn(slot);
    }

    /// Whether what is sent goes to the window: nothing waits, and it has room.
    #[inline]
    fn is_direct(&self) -> bool {
        // Where a lane holds something, its channel has a turn.
        self.window.remaining() < self.limits.output_window && self.turns.is_empty()
    }

    /// The window, where nothing waits and it has room.
    #[inline]
    pub(super) fn direct(&mut self) -> Option<&mut Transmit> {
        self.is_direct().then_some(&mut self.window)
    }

    /// Appends so many octets of whole frames, which are the caller's to overwrite: to the window while
    /// nothing waits, else to the channel's lane.
    #[inline]
    pub(super) fn place(&mut self, slot: Slot, len: usize) -> &mut [u8] {
        if self.is_direct() { self.window.place(len) } else { self.place_behind(slot, len) }
    }

    #[cold]
    #[inline(never)]
    fn place_behind(&mut self, slot: Slot, len: usize) -> &mut [u8] {
        let Some(state) = self.channels.get_mut(slot) else { return &mut [] };
        self.waiting += len;
        if !state.has_turn && len > 0 {
            state.has_turn = true;
            self.turns.push_back(slot);
        }
        state.lane.prepare(&mut self.spares);
        state.lane.place(len)
    }

    pub(super) fn take_turn(&mut self, slot: Slot) {
        let Some(state) = self.channels.get_mut(slot) else { return };
        if !state.has_turn && !state.lane.is_empty() {
            state.has_turn = true;
            self.turns.push_back(slot);
        }
    }

    /// Refills the window from the lanes.
    #[inline]
    pub(crate) fn refill(&mut self) {
        if !self.turns.is_empty() {
            self.refill_in_turn();
        }
        if self.unsent() < self.limits.unsent_output {
            self.reserve_used = 0;
        }
    }

    /// One frame of each channel in turn (`FRM-14`).
    #[inline(never)]
    fn refill_in_turn(&mut self) {
        while self.window.remaining() < self.limits.output_window {
            let Some(slot) = self.turns.pop_front() else { break };
            let Some(state) = self.channels.get_mut(slot) else { continue };
            let before = state.lane.octets();
            let kept = self.limits.unsent_output / (self.turns.len() + 1);
            state.lane.drain_turn(state.id.number(), &mut self.window, kept);
            self.waiting = self.waiting.saturating_sub(before - state.lane.octets());
            if state.lane.is_empty() {
                state.lane.retire(&mut self.spares, self.limits.unsent_output);
                state.has_turn = false;
                if state.phase == ChannelPhase::Draining {
                    self.remove_channel(slot);
                }
            } else {
                self.turns.push_back(slot);
            }
        }
    }

    /// Forgets what a channel had queued behind the window; the window ends at a frame boundary.
    pub(crate) fn drop_lane(&mut self, slot: Slot) {
        let Some(state) = self.channels.get_mut(slot) else { return };
        self.waiting = self.waiting.saturating_sub(state.lane.octets());
        // Its turn finds nothing to do when it comes: to look for it among all turns would cost more.
        state.lane.clear();
    }

    /// Forgets what channels have queued whose content would be completed by octets of no meaning,
    /// of which there may be more than fit into memory.
    pub(crate) fn drop_fillers(&mut self) {
        for slot in self.channels.slots() {
            if self.channels.get(slot).is_some_and(|state| state.lane.has_filler()) {
                self.drop_lane(slot);
            }
        }
    }

    /// Forgets what all channels had queued behind the window.
    pub(crate) fn drop_lanes(&mut self) {
        for slot in core::mem::take(&mut self.turns) {
            if let Some(state) = self.channels.get_mut(slot) {
                state.lane.clear();
                state.has_turn = false;
            }
        }
        self.waiting = 0;
    }
}
