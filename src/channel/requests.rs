//! Requests and replies that come in: which reply belongs to which request, and what both change.

use crate::channel::asked::{Asked, Unfit};
use crate::channel::incoming::{Fault, Incoming};
use crate::channel::returns::hash_of;
use crate::channel::session::{Session, Share};
use crate::channel::state::{ChannelState, Owed, Pending};
use crate::channel::table::Slot;
use crate::error::{Got, Scope, UsageError};
use crate::event::{Event, ReplyToken, RequestId};
use crate::phase::Side;
use crate::protocol::{AsMethod, Dialect, Method, MethodKind, PlainConsume, ReplyCode, channel};

impl Session {
    #[inline(never)]
    pub(super) fn on_request(
        &mut self,
        frame: &Incoming<'_>,
        kind: MethodKind,
        slot: Slot,
    ) -> Result<(), Fault> {
        let request = self.decode(frame)?;
        let Some(state) = self.channels.get(slot) else { return Ok(()) };
        self.judge_request(state, &request).map_err(|unfit| unfit_fault(frame, kind, unfit))?;
        let serial = self.next_request().0;
        if !request.no_wait() {
            // The room is judged before anything changes.
            self.owe(frame, kind, slot, Owed::Reply { serial, kind, asked: Asked::Nothing })?;
        }
        let now_asked = self.ask(slot, &request, self.side.peer(), serial);
        let Some(state) = self.channels.get_mut(slot) else { return Ok(()) };
        let method = frame.method(kind, self.dialect);
        if request.no_wait() {
            self.events.push_back(Event::Request { token: None, method });
            return Ok(());
        }
        if let Some(Owed::Reply { asked, .. }) = state.requests_mut().owed.back_mut() {
            *asked = now_asked;
        }
        let token = Some(ReplyToken { channel: state.id, serial });
        self.events.push_back(Event::Request { token, method });
        Ok(())
    }

    /// Enters a request of the peer that is to be answered.
    fn owe(
        &mut self,
        frame: &Incoming<'_>,
        kind: MethodKind,
        slot: Slot,
        owed: Owed,
    ) -> Result<(), Fault> {
        let open_requests = self.limits.open_requests as usize;
        let Some(state) = self.channels.get_mut(slot) else { return Ok(()) };
        if state.requests().owed.len() >= open_requests {
            return Err(frame.wrong_method(
                "LIM-09",
                ReplyCode::RESOURCE_ERROR,
                "fewer unanswered requests",
                kind,
            ));
        }
        state.requests_mut().owed.push_back(owed);
        Ok(())
    }

    #[inline(never)]
    pub(super) fn on_flow(&mut self, frame: &Incoming<'_>, slot: Slot) -> Result<(), Fault> {
        let Method::ChannelFlow(flow) = self.decode(frame)? else { return Ok(()) };
        self.owe(frame, MethodKind::ChannelFlow, slot, Owed::FlowOk { active: flow.active })?;
        let Some(state) = self.channels.get_mut(slot) else { return Ok(()) };
        state.flow_stopped = !flow.active;
        self.answer_flows(slot);
        self.events.push_back(Event::Notice(frame.method(MethodKind::ChannelFlow, self.dialect)));
        Ok(())
    }

    /// Sends each flow-ok whose turn it is, behind the contents that are queued already (`FLW-01`).
    pub(crate) fn answer_flows(&mut self, slot: Slot) {
        while let Some(state) = self.channels.get_mut(slot) {
            // Nothing may come between the frames of a content (CNT-04).
            let Some(&Owed::FlowOk { active }) = state.requests().owed.front() else { return };
            if state.sending.is_some() {
                return;
            }
            state.requests_mut().owed.pop_front();
            self.send_owed(slot, &channel::FlowOk { active });
        }
    }

    #[inline(never)]
    pub(super) fn on_reply(
        &mut self,
        frame: &Incoming<'_>,
        kind: MethodKind,
        slot: Slot,
    ) -> Result<(), Fault> {
        let reply = self.decode(frame)?;
        let pending = self.take_pending(frame, kind, slot)?;
        self.answer(slot, pending.asked, &reply, pending.id.0);
        let method = frame.method(kind, self.dialect);
        self.events.push_back(Event::Reply { request: pending.id, method });
        Ok(())
    }

    /// Broker-J ends an auto-closing browser with a cancel-ok that nobody asked for.
    #[inline(never)]
    pub(super) fn on_cancel_ok(&mut self, frame: &Incoming<'_>, slot: Slot) -> Result<(), Fault> {
        let Method::BasicCancelOk(ok) = self.decode(frame)? else { return Ok(()) };
        let tag = ok.consumer_tag.as_octets();
        let cancel = Asked::Cancel { tag: hash_of(tag) };
        let is_server = self.side == Side::Server;
        let Some(state) = self.channels.get_mut(slot) else { return Ok(()) };
        if let Some((place, pending)) = state.pending_in_order(|pending| pending.asked == cancel) {
            state.answered(place, pending.id);
            self.answer(slot, pending.asked, &Method::BasicCancelOk(ok), pending.id.0);
            let method = frame.method(MethodKind::BasicCancelOk, self.dialect);
            self.events.push_back(Event::Reply { request: pending.id, method });
            return Ok(());
        }
        if is_server || state.requests().pending.iter().any(|pending| pending.asked == cancel) {
            return self.on_reply(frame, MethodKind::BasicCancelOk, slot);
        }
        state.consumer_ended(ok.consumer_tag);
        self.count_consumers(slot);
        self.events.push_back(Event::Notice(frame.method(MethodKind::BasicCancelOk, self.dialect)));
        Ok(())
    }

    /// Broker-J answers basic.recover-async too, in 0-8 alone (`DIA-05`).
    #[inline(never)]
    pub(super) fn on_recover_ok(&mut self, frame: &Incoming<'_>, slot: Slot) -> Result<(), Fault> {
        let kind = MethodKind::BasicRecoverOk;
        if self.dialect != Dialect::V0_8 || self.find_pending(kind, slot).is_some() {
            return self.on_reply(frame, kind, slot);
        }
        self.decode(frame)?;
        self.events.push_back(Event::Notice(frame.method(kind, self.dialect)));
        Ok(())
    }

    pub(super) fn find_pending(&self, kind: MethodKind, slot: Slot) -> Option<(usize, Pending)> {
        let answers = |request: &Pending| request.kind.info().replies.contains(&kind);
        self.channels.get(slot)?.pending_in_order(answers)
    }

    pub(super) fn take_pending(
        &mut self,
        frame: &Incoming<'_>,
        kind: MethodKind,
        slot: Slot,
    ) -> Result<Pending, Fault> {
        let Some((place, pending)) = self.find_pending(kind, slot) else {
            return Err(frame.wrong_method(
                "SYN-03",
                ReplyCode::COMMAND_INVALID,
                "the reply to the oldest request",
                kind,
            ));
        };
        if let Some(state) = self.channels.get_mut(slot) {
            state.answered(place, pending.id);
        }
        Ok(pending)
    }

    /// Queues a request of this side, as the peer knows it.
    pub(super) fn send_request(
        &mut self,
        slot: Slot,
        method: &impl AsMethod,
    ) -> Result<(), UsageError> {
        if self.dialect == Dialect::V0_8 && !self.profile.consume_table_in_0_8 {
            if let Method::BasicConsume(consume) = method.as_method() {
                if let Some(plain) = PlainConsume::new(&consume) {
                    return self.send_method(slot, &plain, Share::Ordinary);
                }
            }
        }
        self.send_method(slot, method, Share::Ordinary)
    }

    /// Enters what a request of this side changes.
    pub(super) fn enter_request(
        &mut self,
        slot: Slot,
        method: &Method<'_>,
        no_wait: bool,
    ) -> Option<RequestId> {
        let id = self.next_request();
        let asked = self.ask(slot, method, self.side, id.0);
        if no_wait {
            return None;
        }
        let state = self.channels.get_mut(slot)?;
        state.requests_mut().pending.push_back(Pending { id, kind: method.kind(), asked });
        Some(id)
    }

    /// Whether the server takes this; clients take everything.
    pub(crate) fn check_supported(&self, method: &Method<'_>) -> Result<(), UsageError> {
        if self.side == Side::Server {
            return Ok(());
        }
        match self.profile.refuses.iter().find(|what| what.is(method, self.dialect)) {
            Some(what) => Err(UsageError::PeerRefuses { what: *what, peer: self.profile.name }),
            None => Ok(()),
        }
    }

    /// Whether this may be asked now.
    pub(super) fn judge_request(
        &self,
        state: &ChannelState,
        method: &Method<'_>,
    ) -> Result<(), Unfit> {
        state.judge_request(method, &self.limits)?;
        let is_full = self.consumers >= self.limits.all_consumers;
        if is_full && method.kind() == MethodKind::BasicConsume {
            return Err(Unfit::TooManyConsumersInAll);
        }
        Ok(())
    }

    /// Enters what a request changes when it is sent, or taken.
    fn ask(&mut self, slot: Slot, method: &Method<'_>, from: Side, request: u64) -> Asked {
        // The peer's are gone when it says so.
        let unproven = if from == self.side { self.limits.consumers as usize } else { 0 };
        let Some(state) = self.channels.get_mut(slot) else { return Asked::Nothing };
        let asked = state.ask(method, from, request, unproven, &self.profile);
        self.count_consumers(slot);
        asked
    }

    /// Enters what a reply changes, on either side.
    pub(super) fn answer(&mut self, slot: Slot, asked: Asked, reply: &Method<'_>, request: u64) {
        let Some(state) = self.channels.get_mut(slot) else { return };
        state.answer(asked, reply, request);
        self.count_consumers(slot);
    }

    /// Some of this channel's consumers may have come or gone.
    fn count_consumers(&mut self, slot: Slot) {
        let Some(state) = self.channels.get_mut(slot) else { return };
        let (before, now) = state.consumers.count();
        self.consumers = self.consumers.saturating_add(now).saturating_sub(before);
    }
}

impl ChannelState {
    /// The reply to the request at this place has come.
    fn answered(&mut self, place: usize, request: RequestId) {
        self.requests_mut().pending.remove(place);
        self.consumers.prove(request.0);
    }

    /// The oldest of these requests, if its reply may come now (`SYN-02`).
    ///
    /// RabbitMQ leaves the answers to basic.consume and basic.cancel to the queue, and replies to later
    /// requests may overtake them. A flow-ok may be missing altogether.
    fn pending_in_order(&self, is_answered: impl Fn(&Pending) -> bool) -> Option<(usize, Pending)> {
        let pending = &self.requests().pending;
        let place = pending.iter().position(is_answered)?;
        let in_order = pending.iter().take(place).all(|earlier| {
            matches!(
                earlier.kind,
                MethodKind::BasicConsume | MethodKind::BasicCancel | MethodKind::ChannelFlow
            )
        });
        pending.get(place).filter(|_| in_order).map(|pending| (place, *pending))
    }
}

#[cold]
fn unfit_fault(frame: &Incoming<'_>, kind: MethodKind, unfit: Unfit) -> Fault {
    let (rule, code, expected) = match unfit {
        Unfit::OtherMode => {
            let expected = "either confirms or transactions on a channel";
            ("CNF-05", ReplyCode::PRECONDITION_FAILED, expected)
        }
        Unfit::NoTransaction => {
            ("TX-01", ReplyCode::PRECONDITION_FAILED, "a channel with tx selected")
        }
        Unfit::NoQueue => ("NAM-05", ReplyCode::NOT_FOUND, "a queue that was declared before"),
        Unfit::ConsumerTagInUse => ("NAM-07", ReplyCode::NOT_ALLOWED, "a consumer-tag not in use"),
        Unfit::TooManyConsumers | Unfit::TooManyConsumersInAll => {
            ("LIM-10", ReplyCode::RESOURCE_ERROR, "fewer consumers")
        }
    };
    let mut fault = frame.fault(rule, code, expected, Got::Method(kind));
    if code.is_soft() {
        fault.scope = Scope::Channel(frame.channel);
    }
    fault
}
