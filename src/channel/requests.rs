//! Requests and replies that come in: which reply belongs to which request, and what both change.

use crate::channel::asked::{Asked, Unfit};
use crate::channel::incoming::{Fault, Incoming};
use crate::channel::returns::hash_of;
use crate::channel::session::Session;
use crate::channel::state::{ChannelState, Owed, Pending};
use crate::channel::table::Slot;
use crate::error::{Got, Scope};
use crate::event::{Event, ReplyToken, RequestId};
use crate::phase::Side;
use crate::protocol::{Dialect, Method, MethodKind, ReplyCode, channel};

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
        state
            .judge_request(&request, &self.limits)
            .map_err(|unfit| unfit_fault(frame, kind, unfit))?;
        if kind == MethodKind::BasicConsume {
            if !self.has_room_for_consumer() {
                return Err(unfit_fault(frame, kind, Unfit::TooManyConsumers));
            }
            self.enter_consumer();
        }
        let serial = self.next_request().0;
        if !request.no_wait() {
            // The room is judged before anything changes.
            self.owe(frame, kind, slot, Owed::Reply { serial, kind, asked: Asked::Nothing })?;
        }
        let from = self.side.peer();
        let Some(state) = self.channels.get_mut(slot) else { return Ok(()) };
        let now_asked = state.ask(&request, from, serial, 0);
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
        if let Some(state) = self.channels.get_mut(slot) {
            state.answer(pending.asked, &reply, pending.id.0);
        }
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
            state.consumers.cancelled(tag, pending.id.0);
            let method = frame.method(MethodKind::BasicCancelOk, self.dialect);
            self.events.push_back(Event::Reply { request: pending.id, method });
            return Ok(());
        }
        if is_server || state.requests().pending.iter().any(|pending| pending.asked == cancel) {
            return self.on_reply(frame, MethodKind::BasicCancelOk, slot);
        }
        state.consumer_ended(ok.consumer_tag);
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

    /// Enters what a request of this side changes.
    pub(super) fn enter_request(
        &mut self,
        slot: Slot,
        method: &Method<'_>,
        no_wait: bool,
    ) -> Option<RequestId> {
        let id = self.next_request();
        if method.kind() == MethodKind::BasicConsume {
            self.enter_consumer();
        }
        let (from, unproven) = (self.side, self.limits.consumers as usize);
        let state = self.channels.get_mut(slot)?;
        let asked = state.ask(method, from, id.0, unproven);
        if no_wait {
            return None;
        }
        state.requests_mut().pending.push_back(Pending { id, kind: method.kind(), asked });
        Some(id)
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
        Unfit::TooManyConsumers => ("LIM-10", ReplyCode::RESOURCE_ERROR, "fewer consumers"),
    };
    let mut fault = frame.fault(rule, code, expected, Got::Method(kind));
    if code.is_soft() {
        fault.scope = Scope::Channel(frame.channel);
    }
    fault
}
