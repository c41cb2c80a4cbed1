//! Commands on a channel.

mod confirms;
mod content;
mod incoming;
mod receive;
mod session;
mod state;
mod table;

pub(crate) use content::ContentRules;
pub(crate) use incoming::{Fault, Incoming};
pub(crate) use session::{Session, Share};
pub(crate) use state::{ChannelPhase, ChannelState};
pub(crate) use table::Slot;

use core::fmt;

use crate::channel::state::{Owed, Pending};
use crate::error::{CloseReason, Initiator, UsageError};
use crate::event::{ChannelId, MethodEvent, PublishSeq, ReplyToken, RequestId};
use crate::output::Payload;
use crate::phase::{Phase, Side};
use crate::protocol::{
    AsMethod, ContentHeader, Method, MethodKind, Notice, Properties, Reply, ReplyCode, Request,
    basic,
};
use crate::text::truncated;

/// A channel to give commands to, borrowed from its connection.
///
/// Every command either is queued whole or returns an `Err` that has changed nothing. Commands that
/// the other role sends are refused with [`UsageError::WrongSide`].
pub struct Channel<'a> {
    session: &'a mut Session,
    slot: Slot,
    id: ChannelId,
}

impl<'a> Channel<'a> {
    pub(crate) fn new(session: &'a mut Session, slot: Slot, id: ChannelId) -> Self {
        Self { session, slot, id }
    }

    /// The channel's number.
    pub const fn id(&self) -> ChannelId {
        self.id
    }

    /// Publishes that wait for their confirm.
    pub fn unconfirmed(&self) -> u32 {
        self.state().map_or(0, |state| state.confirms.unsettled())
    }

    /// Requests of this side that wait for their reply.
    pub fn pending_requests(&self) -> usize {
        self.state().map_or(0, |state| state.pending.len())
    }

    /// Body octets of a content begun with [`start_publish`](Self::start_publish) or
    /// [`start_deliver`](Self::start_deliver) that are still to be sent.
    pub fn missing_body(&self) -> Option<u64> {
        self.state().and_then(|state| state.sending)
    }

    /// Whether the peer has stopped contents by channel.flow (`FLW-01`).
    pub fn is_flow_stopped(&self) -> bool {
        self.state().is_some_and(|state| state.flow_stopped)
    }

    /// Sends a synchronous request. Several may be unanswered; replies come in their order (`SYN-02`),
    /// but on RabbitMQ those to basic.consume and basic.cancel may come later than the replies behind
    /// them.
    ///
    /// Returns `None` where the request says no-wait: there will be no reply.
    ///
    /// # Errors
    ///
    /// [`UsageError`], among them `TooManyRequests`, `Full`, and `NameNeeded` where no-wait would
    /// leave a name of the server's choice unknown (`SYN-07`).
    pub fn call<M: Request>(&mut self, method: &M) -> Result<Option<RequestId>, UsageError> {
        let no_wait = method.no_wait();
        self.check(M::KIND)?;
        self.check_request(&method.as_method(), no_wait)?;
        self.session.send_method(self.slot, method, Share::Ordinary)?;
        if M::KIND == MethodKind::ConfirmSelect {
            if let Some(state) = self.session.channels.get_mut(self.slot) {
                // Publishes right behind it count (CNF-01).
                state.confirms.select();
            }
        }
        if no_wait {
            return Ok(None);
        }
        let id = self.session.next_request();
        if let Some(state) = self.session.channels.get_mut(self.slot) {
            state.pending.push_back(Pending { id, kind: M::KIND });
        }
        Ok(Some(id))
    }

    /// Sends a method that has no reply: ack, nack, reject, recover-async.
    ///
    /// # Errors
    ///
    /// [`UsageError`]; `Full` only once the output reserve is used up too.
    pub fn send<M: Notice>(&mut self, method: &M) -> Result<(), UsageError> {
        self.check(M::KIND)?;
        if self.session.side == Side::Server
            && M::KIND == MethodKind::BasicNack
            && !self.session.peer.basic_nack
        {
            return Err(UsageError::CapabilityMissing {
                method: M::KIND.name(),
                capability: "basic.nack",
            });
        }
        self.session.send_method(self.slot, method, Share::Reserved)
    }

    /// Answers a request of the peer, which must be the oldest unanswered one.
    ///
    /// # Errors
    ///
    /// [`UsageError::NotOldestRequest`] (also for a request that is answered already),
    /// [`UsageError::WrongReply`], or that of any command.
    pub fn reply<M: Reply>(&mut self, to: ReplyToken, method: &M) -> Result<(), UsageError> {
        self.check(M::KIND)?;
        self.check_reply(to, M::KIND)?;
        self.session.send_method(self.slot, method, Share::Reserved)?;
        self.answered();
        Ok(())
    }

    /// Refuses a request of the peer: closes the channel and blames the request.
    ///
    /// # Errors
    ///
    /// As [`reply`](Self::reply).
    pub fn fail(&mut self, to: ReplyToken, code: ReplyCode, text: &str) -> Result<(), UsageError> {
        self.check(MethodKind::ChannelClose)?;
        let request = self.check_oldest(to)?;
        self.close_blaming(request, code, text);
        Ok(())
    }

    /// Closes the channel and blames a method of the peer, for example a request with no-wait (`SYN-06`).
    ///
    /// # Errors
    ///
    /// As [`close`](Self::close).
    pub fn close_for(
        &mut self,
        method: &MethodEvent,
        code: ReplyCode,
        text: &str,
    ) -> Result<(), UsageError> {
        self.check(MethodKind::ChannelClose)?;
        self.close_blaming(method.kind(), code, text);
        Ok(())
    }

    /// Publishes a message: method, header and body (client).
    ///
    /// Returns its number for the confirm, 0 outside confirm mode.
    ///
    /// # Errors
    ///
    /// [`UsageError`], among them `Full`, `FlowStopped`, `Blocked`, `BodyTooLarge` and
    /// `TooManyUnconfirmed`.
    pub fn publish<'p>(
        &mut self,
        method: &basic::Publish<'_>,
        properties: impl Into<Properties<'p>>,
        body: impl Into<Payload<'p>>,
    ) -> Result<PublishSeq, UsageError> {
        let body = body.into();
        self.check_publish()?;
        self.send_content(method, properties.into(), body)?;
        Ok(self.enter_publish())
    }

    /// Begins a publish whose `size` body octets follow by [`send_body`](Self::send_body) (client).
    ///
    /// # Errors
    ///
    /// As [`publish`](Self::publish).
    pub fn start_publish<'p>(
        &mut self,
        method: &basic::Publish<'_>,
        properties: impl Into<Properties<'p>>,
        size: u64,
    ) -> Result<PublishSeq, UsageError> {
        self.check_publish()?;
        self.start_content(method, properties.into(), size)?;
        Ok(self.enter_publish())
    }

    /// Delivers a message to a consumer (server). The engine numbers deliveries: `delivery_tag` of
    /// `method` is not looked at (`BAS-05`).
    ///
    /// Returns the delivery-tag. What the client does with it is the application's to check: the engine
    /// keeps no list of deliveries.
    ///
    /// # Errors
    ///
    /// [`UsageError`], among them `Full`, `FlowStopped` and `BodyTooLarge`.
    pub fn deliver<'p>(
        &mut self,
        method: &basic::Deliver<'_>,
        properties: impl Into<Properties<'p>>,
        body: impl Into<Payload<'p>>,
    ) -> Result<u64, UsageError> {
        self.check_content(MethodKind::BasicDeliver)?;
        let delivery_tag = self.next_delivery();
        let method = basic::Deliver { delivery_tag, ..*method };
        self.send_content(&method, properties.into(), body.into())?;
        Ok(self.enter_delivery())
    }

    /// Begins a delivery whose `size` body octets follow by [`send_body`](Self::send_body) (server).
    ///
    /// # Errors
    ///
    /// As [`deliver`](Self::deliver).
    pub fn start_deliver<'p>(
        &mut self,
        method: &basic::Deliver<'_>,
        properties: impl Into<Properties<'p>>,
        size: u64,
    ) -> Result<u64, UsageError> {
        self.check_content(MethodKind::BasicDeliver)?;
        let delivery_tag = self.next_delivery();
        self.start_content(&basic::Deliver { delivery_tag, ..*method }, properties.into(), size)?;
        Ok(self.enter_delivery())
    }

    /// Gives an unroutable message back (server; `BAS-08`).
    ///
    /// # Errors
    ///
    /// As [`deliver`](Self::deliver).
    pub fn return_message<'p>(
        &mut self,
        method: &basic::Return<'_>,
        properties: impl Into<Properties<'p>>,
        body: impl Into<Payload<'p>>,
    ) -> Result<(), UsageError> {
        self.check_content(MethodKind::BasicReturn)?;
        self.send_content(method, properties.into(), body.into())
    }

    /// Answers basic.get with a message (server). `delivery_tag` of `method` is not looked at.
    ///
    /// Returns the delivery-tag.
    ///
    /// # Errors
    ///
    /// As [`reply`](Self::reply) and [`deliver`](Self::deliver).
    pub fn get_ok<'p>(
        &mut self,
        to: ReplyToken,
        method: &basic::GetOk<'_>,
        properties: impl Into<Properties<'p>>,
        body: impl Into<Payload<'p>>,
    ) -> Result<u64, UsageError> {
        self.check_content(MethodKind::BasicGetOk)?;
        self.check_reply(to, MethodKind::BasicGetOk)?;
        let delivery_tag = self.next_delivery();
        let method = basic::GetOk { delivery_tag, ..*method };
        self.send_content(&method, properties.into(), body.into())?;
        self.answered();
        Ok(self.enter_delivery())
    }

    /// Sends the next octets of the body of a content that was begun.
    ///
    /// # Errors
    ///
    /// [`UsageError::NoContentOpen`], [`UsageError::BodyTooLong`], [`UsageError::Full`],
    /// [`UsageError::ConnectionPhase`].
    pub fn send_body<'p>(&mut self, part: impl Into<Payload<'p>>) -> Result<(), UsageError> {
        let part = part.into();
        let channel = self.id.number();
        let Some(missing) = self.missing_body() else {
            return Err(UsageError::NoContentOpen { channel });
        };
        if self.session.phase != Phase::Open {
            let (method, phase) = ("a body", self.session.phase.name());
            return Err(UsageError::ConnectionPhase { method, phase });
        }
        let given = part.len() as u64;
        if given > missing {
            return Err(UsageError::BodyTooLong { missing, given });
        }
        self.session.check_room(Share::Ordinary)?;
        self.session.send_body(self.slot, part);
        let Some(state) = self.session.channels.get_mut(self.slot) else { return Ok(()) };
        if given < missing {
            state.sending = Some(missing - given);
            return Ok(());
        }
        state.sending = None;
        self.session.answer_flows(self.slot);
        Ok(())
    }

    /// Closes the channel. All that comes until close-ok is discarded (`CHN-04`).
    ///
    /// A text above 255 octets is cut (`CLS-08`).
    ///
    /// # Errors
    ///
    /// [`UsageError::ContentOpen`] inside a content, or that of any command.
    pub fn close(&mut self, code: ReplyCode, text: &str) -> Result<(), UsageError> {
        self.check(MethodKind::ChannelClose)?;
        let reason = CloseReason::new(Initiator::Local, code, truncated(text));
        self.session.begin_close(self.slot, reason);
        Ok(())
    }

    fn close_blaming(&mut self, method: MethodKind, code: ReplyCode, text: &str) {
        let mut reason = CloseReason::new(Initiator::Local, code, truncated(text));
        reason.method = method.id(self.session.dialect).unwrap_or_default();
        self.session.begin_close(self.slot, reason);
    }

    fn state(&self) -> Option<&ChannelState> {
        self.session.channels.get(self.slot)
    }

    /// Whether this side may send this method here and now.
    fn check(&self, kind: MethodKind) -> Result<(), UsageError> {
        let method = kind.name();
        if !self.session.side.sends(kind.info().senders) {
            return Err(UsageError::WrongSide { method });
        }
        if self.session.phase != Phase::Open {
            return Err(UsageError::ConnectionPhase { method, phase: self.session.phase.name() });
        }
        let channel = self.id.number();
        let Some(state) = self.state() else { return Err(UsageError::UnknownChannel { channel }) };
        if !matches!(state.phase, ChannelPhase::Open | ChannelPhase::Opening) {
            return Err(UsageError::ChannelPhase { method, channel, phase: state.phase.name() });
        }
        match state.sending {
            Some(missing) => Err(UsageError::ContentOpen { method, missing }),
            None => Ok(()),
        }
    }

    fn check_request(&self, method: &Method<'_>, no_wait: bool) -> Result<(), UsageError> {
        let name = method.kind().name();
        let limit = self.session.limits.open_requests;
        if !no_wait && self.pending_requests() >= limit as usize {
            return Err(UsageError::TooManyRequests { limit });
        }
        let unnamed = match method {
            Method::QueueDeclare(declare) => declare.queue.is_empty(),
            Method::BasicConsume(consume) => consume.consumer_tag.is_empty(),
            _ => false,
        };
        if no_wait && unnamed {
            return Err(UsageError::NameNeeded { method: name });
        }
        if self.session.side == Side::Server
            && method.kind() == MethodKind::BasicCancel
            && !self.session.peer.consumer_cancel_notify
        {
            // BAS-03
            let capability = "consumer_cancel_notify";
            return Err(UsageError::CapabilityMissing { method: name, capability });
        }
        Ok(())
    }

    fn check_oldest(&self, to: ReplyToken) -> Result<MethodKind, UsageError> {
        let channel = self.id.number();
        self.state()
            .and_then(|state| match state.owed.front() {
                Some(Owed::Reply { serial, kind }) if *serial == to.serial => Some(*kind),
                _ => None,
            })
            .filter(|_| to.channel == self.id)
            .ok_or(UsageError::NotOldestRequest { channel })
    }

    fn check_reply(&self, to: ReplyToken, reply: MethodKind) -> Result<(), UsageError> {
        let request = self.check_oldest(to)?;
        if request.info().replies.contains(&reply) {
            return Ok(());
        }
        Err(UsageError::WrongReply { request: request.name(), reply: reply.name() })
    }

    fn answered(&mut self) {
        if let Some(state) = self.session.channels.get_mut(self.slot) {
            state.owed.pop_front();
        }
        self.session.answer_flows(self.slot);
    }

    fn check_content(&self, kind: MethodKind) -> Result<(), UsageError> {
        self.check(kind)?;
        if self.is_flow_stopped() {
            return Err(UsageError::FlowStopped { channel: self.id.number() });
        }
        self.session.check_room(Share::Ordinary)
    }

    fn check_publish(&self) -> Result<(), UsageError> {
        self.check_content(MethodKind::BasicPublish)?;
        if self.session.blocked {
            return Err(UsageError::Blocked);
        }
        let limit = self.session.limits.unconfirmed;
        let remembered = self.state().map_or(0, |state| state.confirms.remembered());
        if remembered >= limit as usize {
            return Err(UsageError::TooManyUnconfirmed { limit });
        }
        Ok(())
    }

    fn send_content(
        &mut self,
        method: &impl AsMethod,
        properties: Properties<'_>,
        body: Payload<'_>,
    ) -> Result<(), UsageError> {
        self.send_head(method, properties, body.len() as u64)?;
        self.session.send_body(self.slot, body);
        Ok(())
    }

    fn start_content(
        &mut self,
        method: &impl AsMethod,
        properties: Properties<'_>,
        size: u64,
    ) -> Result<(), UsageError> {
        self.send_head(method, properties, size)?;
        if let Some(state) = self.session.channels.get_mut(self.slot) {
            state.sending = (size > 0).then_some(size);
        }
        Ok(())
    }

    fn send_head(
        &mut self,
        method: &impl AsMethod,
        properties: Properties<'_>,
        body_size: u64,
    ) -> Result<(), UsageError> {
        let limit = self.session.limits.max_publish;
        if body_size > limit {
            return Err(UsageError::BodyTooLarge { size: body_size, limit });
        }
        let header = ContentHeader::new(body_size, properties);
        self.session.send_head(self.slot, method, &header)
    }

    fn enter_publish(&mut self) -> PublishSeq {
        PublishSeq(
            self.session.channels.get_mut(self.slot).map_or(0, |state| state.confirms.enter()),
        )
    }

    fn next_delivery(&self) -> u64 {
        self.state().map_or(1, |state| state.deliveries + 1)
    }

    fn enter_delivery(&mut self) -> u64 {
        let Some(state) = self.session.channels.get_mut(self.slot) else { return 0 };
        state.deliveries += 1;
        state.deliveries
    }
}

impl fmt::Debug for Channel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("id", &self.id).finish_non_exhaustive()
    }
}
