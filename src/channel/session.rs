//! What all channels of a connection share: negotiated values, what waits to be written or told, requests.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::channel::content::ContentRules;
use crate::channel::gathering::Gathering;
use crate::channel::state::ChannelPhase;
use crate::channel::table::{ChannelTable, Slot};
use crate::channel::unacked::Unacked;
use crate::config::ContentMode;
use crate::event::{ChannelId, Event, Events, Fate, PublishSeq, RequestId};
use crate::limits::Limits;
use crate::output::{Spares, Transmit};
use crate::peer::Capabilities;
use crate::phase::{Phase, Side};
use crate::profile::{Held, Profile};
use crate::protocol::{Dialect, MethodKind, channel};
use crate::wire::TableLimits;

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
    pub(super) turns: VecDeque<Slot>,
    /// Octets in the lanes.
    pub(super) waiting: usize,
    /// What emptied lanes have left.
    pub(super) spares: Spares,
    /// Octets of the output reserve that are in use.
    pub(super) reserve_used: usize,
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
    pub(super) fn remove_channel(&mut self, slot: Slot) {
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
