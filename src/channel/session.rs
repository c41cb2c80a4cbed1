//! What all channels of a connection share: negotiated values, output, requests.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::{Buf, Bytes};

use crate::channel::content::ContentRules;
use crate::channel::gathering::Gathering;
use crate::channel::state::ChannelPhase;
use crate::channel::table::{ChannelTable, Slot};
use crate::channel::unacked::Unacked;
use crate::config::ContentMode;
use crate::error::UsageError;
use crate::event::{ChannelId, Event, Events, Fate, PublishSeq, RequestId};
use crate::frame::FRAME_OVERHEAD;
use crate::limits::Limits;
use crate::output::{Framing, HEARTBEAT_FRAME, Payload, Spares, Transmit, write_around_body};
use crate::peer::Capabilities;
use crate::phase::{Phase, Side};
use crate::profile::{Held, Profile};
use crate::protocol::{AsMethod, ContentHeader, Dialect, MethodKind, channel};
use crate::wire::{EncodeError, TableLimits, Writer};

/// The part of a connection that commands on a channel reach.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) side: Side,
    pub(crate) phase: Phase,
    pub(crate) dialect: Dialect,
    pub(crate) limits: Limits,
    pub(crate) table: TableLimits,
    pub(crate) profile: Held,
    pub(crate) content: ContentMode,
    /// The agreed frame-max in octets, no longer zero (`TUN-06`).
    pub(crate) frame_max: u32,
    pub(crate) channel_max: u16,
    pub(crate) peer: Capabilities,
    /// The server wants no publishes for now (`FLW-03`).
    pub(crate) blocked: bool,
    pub(crate) channels: ChannelTable,
    pub(crate) window: Transmit,
    /// Channels whose lane holds something, in turn.
    turns: VecDeque<Slot>,
    /// Octets in the lanes.
    waiting: usize,
    /// What emptied lanes have left.
    spares: Spares,
    /// Octets of the output reserve that are in use.
    reserve_used: usize,
    /// Events that have been decided but not polled.
    pub(crate) events: Events,
    last_request: u64,
    /// The ids of the method that came last on a channel: mostly the next is one of its kind.
    pub(crate) usual: ([u8; 4], Option<MethodKind>),
    /// The channel on which something must be settled before the next content is taken.
    pub(crate) held: Option<Slot>,
    /// The peer will send nothing more.
    pub(crate) input_ended: bool,
    /// Channels that hold octets of the chunk that is being decoded.
    pub(crate) pinning: Vec<Slot>,
    pub(crate) gathering: Gathering,
    /// Consumers on all channels, as they were counted last.
    pub(super) consumers: u32,
}

/// What a command may use of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Share {
    /// Publishes and requests: up to the soft mark.
    Ordinary,
    /// Acks, replies and automatic answers: the reserve too.
    Reserved,
}

impl Session {
    pub(crate) fn new(
        side: Side,
        phase: Phase,
        dialect: Dialect,
        limits: Limits,
        profile: Profile,
    ) -> Self {
        Self {
            side,
            phase,
            dialect,
            limits,
            table: profile.table_limits(&limits.table),
            frame_max: before_tune(&profile),
            profile: profile.into(),
            content: ContentMode::Whole,
            channel_max: 0,
            peer: Capabilities::NONE,
            blocked: false,
            channels: ChannelTable::new(),
            window: Transmit::default(),
            turns: VecDeque::new(),
            waiting: 0,
            spares: Spares::default(),
            reserve_used: 0,
            events: Events::default(),
            last_request: 0,
            usual: ([0; 4], None),
            held: None,
            input_ended: false,
            pinning: Vec::new(),
            gathering: Gathering::new(limits.unfinished_contents),
            consumers: 0,
        }
    }

    /// Sees the peer with other eyes, before tuning.
    pub(crate) fn expect(&mut self, profile: Profile) {
        self.table = profile.table_limits(&self.limits.table);
        self.frame_max = before_tune(&profile);
        self.profile = profile.into();
    }

    /// The channel is gone, with all that belonged to it.
    fn remove_channel(&mut self, slot: Slot) {
        if let Some(state) = self.channels.get_mut(slot) {
            let (counted, _) = state.consumers.count();
            self.consumers = self.consumers.saturating_sub(counted);
        }
        self.channels.remove(slot);
    }

    pub(crate) fn content_rules(&self) -> ContentRules {
        ContentRules {
            dialect: self.dialect,
            streamed: self.content == ContentMode::Streamed,
            whole_body: self.limits.whole_body,
            max_body: self.limits.max_body.unwrap_or(u64::MAX),
            empty_body_frames: self.limits.empty_body_frames,
            any_weight: self.profile.any_weight,
            table: self.table,
        }
    }

    pub(crate) fn next_request(&mut self) -> RequestId {
        self.last_request += 1;
        RequestId(self.last_request)
    }

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

    /// Gives back memory that nothing waits in.
    pub(crate) fn release(&mut self) {
        self.window.release();
        self.turns.shrink_to_fit();
        self.spares.clear();
        self.events.release();
        self.pinning.shrink_to_fit();
        self.gathering.release();
        self.channels.release();
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

    fn take_turn(&mut self, slot: Slot) {
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

    /// Ends a channel that the peer has closed: close-ok goes out at once, or behind the rest of a
    /// content that has begun, while what waits behind that is dropped.
    pub(crate) fn answer_close(&mut self, slot: Slot, id: ChannelId) {
        let largest = self.largest_payload();
        let Some(state) = self.channels.get_mut(slot) else { return };
        let before = state.lane.octets();
        if state.lane.keep_begun() {
            if let Some(missing) = state.sending {
                // Nobody will send these, and nobody will look at them.
                state.lane.push_filler(missing.get(), largest);
            }
        }
        self.waiting = self.waiting.saturating_sub(before - state.lane.octets());
        self.take_turn(slot);
        let Some(state) = self.channels.get_mut(slot) else { return };
        if state.lane.is_empty() {
            self.forget_channel(slot);
            self.send_ahead(id.number(), &channel::CloseOk);
            return;
        }
        state.phase = ChannelPhase::Draining;
        if let Some(requests) = &mut state.requests {
            requests.owed.clear();
        }
        state.unacked = Unacked::default(); // ACK-08
        self.fail_pending(slot);
        self.send_owed(slot, &channel::CloseOk);
    }

    /// Ends a channel: what is pending fails in order (`SYN-10`), its number is free again.
    pub(crate) fn forget_channel(&mut self, slot: Slot) {
        self.drop_lane(slot);
        self.fail_pending(slot);
        self.remove_channel(slot);
    }

    /// Tells what will have no outcome any more: requests, then publishes (`CNF-06`).
    pub(crate) fn fail_pending(&mut self, slot: Slot) {
        let Some(state) = self.channels.get_mut(slot) else { return };
        let channel = Some(state.id);
        // A get whose message has begun comes first.
        let cut_off = state.unfinished_get();
        state.drop_content(&mut self.gathering);
        let requests = state.requests.as_mut();
        let pending = requests.map(|requests| core::mem::take(&mut requests.pending));
        let pending = pending.into_iter().flatten();
        for request in cut_off.into_iter().chain(pending.map(|pending| pending.id)) {
            self.events.push_back(Event::RequestFailed { channel, request });
        }
        let (channel, fate) = (state.id, Fate::Unknown);
        let (is_client, events) = (self.side == Side::Client, &mut self.events);
        state.confirms.abandon(|first, last| {
            if is_client {
                let (first, last) = (PublishSeq(first), PublishSeq(last));
                events.push_back(Event::Confirmed { channel, first, last, fate });
            }
        });
    }

    /// The same for all channels, in the order of their numbers in the slab.
    pub(crate) fn fail_all_pending(&mut self) {
        for slot in self.channels.slots() {
            let Some(state) = self.channels.get_mut(slot) else { continue };
            if state.phase != ChannelPhase::Vacant {
                state.unacked = Unacked::default(); // ACK-08
                self.fail_pending(slot);
            }
        }
    }
}

/// Frame-max for what is sent before tuning is over, in octets (`HS-09`).
fn before_tune(profile: &Profile) -> u32 {
    profile.frame_before_tune.max(crate::frame::FRAME_MIN_SIZE)
}
