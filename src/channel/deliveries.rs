//! Contents that begin, and what settles them: deliveries with their acks, publishes with their
//! confirms and returns.

use crate::channel::asked::Asked;
use crate::channel::incoming::{Fault, Incoming};
use crate::channel::returns::Likeness;
use crate::channel::session::Session;
use crate::channel::state::{ChannelPhase, ChannelState};
use crate::channel::table::Slot;
use crate::error::{Got, Scope};
use crate::event::{Event, Fate, PublishSeq};
use crate::phase::Phase;
use crate::protocol::{Method, MethodKind, ReplyCode, basic};

impl Session {
    /// A content method; its header and body follow.
    ///
    /// Where there is no room to remember it until it is settled, nothing changes and the session is
    /// [held](Self::is_held): the frame is to be judged again later.
    pub(super) fn on_content_method(
        &mut self,
        frame: &Incoming<'_>,
        kind: MethodKind,
        slot: Slot,
    ) -> Result<(), Fault> {
        let number = match kind {
            MethodKind::BasicDeliver => self.on_deliver(frame, slot)?,
            MethodKind::BasicPublish => self.on_publish(frame, slot)?,
            MethodKind::BasicGetOk => self.on_get_ok(frame, slot)?,
            _ => {
                let Some(back) = basic::Return::read(frame.payload, &self.table) else {
                    return Err(self.malformed(frame, kind));
                };
                Some(Likeness::of_route(back.exchange, back.routing_key))
            }
        };
        let Some(number) = number else {
            self.held = Some(slot);
            return Ok(());
        };
        let Some(state) = self.channels.get_mut(slot) else { return Ok(()) };
        state.begin_content(frame, kind, number);
        if !core::mem::replace(&mut state.pinning, true) {
            self.pinning.push(slot);
        }
        Ok(())
    }

    /// What has to be remembered of a content until its end; `None`: it has to wait.
    #[inline]
    fn on_deliver(&mut self, frame: &Incoming<'_>, slot: Slot) -> Result<Option<u64>, Fault> {
        let Some(deliver) = basic::Deliver::read(frame.payload, &self.table) else {
            return Err(self.malformed(frame, MethodKind::BasicDeliver));
        };
        let is_bounded = self.is_bounded();
        let Some(state) = self.channels.get_mut(slot) else { return Ok(None) };
        let needs_ack = state.consumers.needs_ack(deliver.consumer_tag.as_octets());
        if needs_ack && is_bounded && state.is_full(self.side, &self.limits) {
            return Ok(None);
        }
        if !state.unacked.enter(deliver.delivery_tag, needs_ack) {
            self.on_used_tag(frame, deliver.delivery_tag)?;
        }
        Ok(Some(0))
    }

    #[inline(never)]
    fn on_publish(&mut self, frame: &Incoming<'_>, slot: Slot) -> Result<Option<u64>, Fault> {
        if basic::Publish::read(frame.payload, self.dialect, &self.table).is_none() {
            return Err(self.malformed(frame, MethodKind::BasicPublish));
        }
        let may_enter = self.channels.get(slot).is_some_and(|state| !self.is_full(state));
        let state = self.channels.get_mut(slot).filter(|_| may_enter);
        Ok(state.map(|state| state.confirms.enter()))
    }

    #[inline(never)]
    fn on_get_ok(&mut self, frame: &Incoming<'_>, slot: Slot) -> Result<Option<u64>, Fault> {
        let kind = MethodKind::BasicGetOk;
        let Some(get_ok) = basic::GetOk::read(frame.payload, &self.table) else {
            return Err(self.malformed(frame, kind));
        };
        if let Some((_, get)) = self.find_pending(kind, slot) {
            let needs_ack = get.asked != Asked::Message { needs_ack: false };
            if needs_ack && self.channels.get(slot).is_some_and(|state| self.is_full(state)) {
                return Ok(None);
            }
            // Before the get is taken from those that fail with the connection.
            let tag = get_ok.delivery_tag;
            let state = self.channels.get_mut(slot);
            if !state.is_some_and(|state| state.unacked.enter(tag, needs_ack)) {
                self.on_used_tag(frame, tag)?;
            }
        }
        Ok(Some(self.take_pending(frame, kind, slot)?.id.0))
    }

    /// Whether nothing is decoded because deliveries (client) or publishes (server) must be settled
    /// first (`ACK-11`).
    pub(crate) fn is_held(&self) -> bool {
        let state = self.held.and_then(|slot| self.channels.get(slot));
        self.phase == Phase::Open
            && state.is_some_and(|state| state.phase == ChannelPhase::Open && self.is_full(state))
    }

    fn is_full(&self, state: &ChannelState) -> bool {
        self.is_bounded() && state.is_full(self.side, &self.limits)
    }

    /// Whether what comes may have to wait. What came before the end of the stream is bounded already.
    const fn is_bounded(&self) -> bool {
        !self.input_ended
    }

    /// Client: a delivery-tag that was used before (`BAS-05`).
    #[cold]
    fn on_used_tag(&mut self, frame: &Incoming<'_>, tag: u64) -> Result<(), Fault> {
        let expected = "a delivery-tag above the last one";
        let fault = frame.fault("BAS-05", ReplyCode::FRAME_ERROR, expected, Got::Number(tag));
        if !self.profile.any_delivery_tag {
            return Err(fault);
        }
        self.events.push_back(Event::Irregular(fault));
        Ok(())
    }

    /// Server: an ack, nack or reject of deliveries (`ACK-01` to `ACK-04`, `ACK-07`).
    #[inline(never)]
    pub(super) fn on_ack(
        &mut self,
        frame: &Incoming<'_>,
        kind: MethodKind,
        slot: Slot,
        next: &mut Option<Event>,
    ) -> Result<(), Fault> {
        let Some((tag, multiple)) = settled_by(frame, kind) else {
            return Err(self.malformed(frame, kind));
        };
        let Some(state) = self.channels.get_mut(slot) else { return Ok(()) };
        if state.unacked.settle(tag, multiple) {
            *next = Some(Event::Notice(frame.method(kind, self.dialect)));
            return Ok(());
        }
        let rule = match (tag, multiple) {
            (0, _) => "ACK-04",
            (_, true) => "ACK-03",
            (_, false) if state.unacked.was_delivered(tag) => "ACK-02",
            (_, false) => "ACK-01",
        };
        let expected = "the delivery-tag of a delivery that waits for its ack";
        let code = ReplyCode::PRECONDITION_FAILED;
        let mut fault = frame.fault(rule, code, expected, Got::Number(tag));
        fault.scope = Scope::Channel(frame.channel);
        Err(fault)
    }

    /// Server: what is outstanding will be delivered anew, without a reply (`ACK-09`).
    #[inline(never)]
    pub(super) fn on_recover_async(
        &mut self,
        frame: &Incoming<'_>,
        slot: Slot,
    ) -> Result<(), Fault> {
        let Method::BasicRecoverAsync(recover) = self.decode(frame)? else { return Ok(()) };
        if let Some(state) = self.channels.get_mut(slot).filter(|_| recover.requeue) {
            state.unacked.recover(false);
        }
        let kind = MethodKind::BasicRecoverAsync;
        self.events.push_back(Event::Notice(frame.method(kind, self.dialect)));
        Ok(())
    }

    /// Client: a confirm of publishes (`CNF-03`).
    #[inline(never)]
    pub(super) fn on_confirm(
        &mut self,
        frame: &Incoming<'_>,
        kind: MethodKind,
        slot: Slot,
        next: &mut Option<Event>,
    ) -> Result<(), Fault> {
        let Some((tag, multiple)) = settled_by(frame, kind) else {
            return Err(self.malformed(frame, kind));
        };
        let fate = if kind == MethodKind::BasicAck { Fate::Acked } else { Fate::Nacked };
        let Some(state) = self.channels.get_mut(slot) else { return Ok(()) };
        let (channel, events) = (state.id, &mut self.events);
        let mut returns = state.returns.as_deref_mut();
        if let Some(returns) = &mut returns {
            returns.confirm();
        }
        let known = state.confirms.settle(tag, multiple, |first, last| {
            if let Some(returns) = &mut returns {
                returns.settle(first, last, fate);
            }
            let (first, last) = (PublishSeq(first), PublishSeq(last));
            let confirmed = Event::Confirmed { channel, first, last, fate };
            if next.is_none() {
                *next = Some(confirmed);
            } else {
                events.push_back(confirmed);
            }
        });
        if known {
            return Ok(());
        }
        let mut fault = frame.wrong_method(
            "CNF-03",
            ReplyCode::COMMAND_INVALID,
            "the number of a publish that waits for its confirm",
            kind,
        );
        fault.got = Got::Number(tag);
        if self.profile.tolerate_unknown_confirms {
            self.events.push_back(Event::Irregular(fault));
            Ok(())
        } else {
            Err(fault)
        }
    }
}

/// What an ack, nack or reject settles: the tag, and whether all up to it.
#[inline]
fn settled_by(frame: &Incoming<'_>, kind: MethodKind) -> Option<(u64, bool)> {
    Some(match kind {
        MethodKind::BasicAck => {
            let ack = basic::Ack::read(frame.payload)?;
            (ack.delivery_tag, ack.multiple)
        }
        MethodKind::BasicNack => {
            let nack = basic::Nack::read(frame.payload)?;
            (nack.delivery_tag, nack.multiple)
        }
        _ => (basic::Reject::read(frame.payload)?.delivery_tag, false),
    })
}
