//! Contents on a channel: publishes of a client, deliveries and returns of a server.

use core::num::NonZeroU64;

use crate::channel::asked::Asked;
use crate::channel::returns::Likeness;
use crate::channel::{Channel, Share};
use crate::error::UsageError;
use crate::event::{PublishSeq, ReplyToken};
use crate::output::Payload;
use crate::phase::Phase;
use crate::profile::Unsupported;
use crate::protocol::{AsMethod, ContentHeader, MethodKind, Properties, basic};

impl Channel<'_> {
    /// Publishes a message: method, header and body (client).
    ///
    /// Returns its number for the confirm, 0 outside confirm mode. What differs in nothing but its body is
    /// sent with less work by [`publish_prepared`](Self::publish_prepared).
    ///
    /// # Errors
    ///
    /// [`UsageError`], among them `Full`, `FlowStopped`, `Blocked`, `BodyTooLarge`,
    /// `TooManyUnconfirmed`, and `PeerRefuses` of `immediate`.
    pub fn publish<'p>(
        &mut self,
        method: &basic::Publish<'_>,
        properties: impl Into<Properties<'p>>,
        body: impl Into<Payload<'p>>,
    ) -> Result<PublishSeq, UsageError> {
        let (properties, body) = (properties.into(), body.into());
        let size = body.len() as u64;
        self.check_publish()?;
        self.check_immediate(method.immediate)?;
        self.send_content(method, properties, body)?;
        Ok(self.enter_publish(|| Likeness::of_publish(method, &properties, size)))
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
        let properties = properties.into();
        self.check_publish()?;
        self.check_immediate(method.immediate)?;
        self.start_content(method, properties, size)?;
        Ok(self.enter_publish(|| Likeness::of_publish(method, &properties, size)))
    }

    /// Delivers a message to a consumer (server). The engine numbers deliveries: `delivery_tag` of
    /// `method` is not looked at (`BAS-05`).
    ///
    /// Returns the delivery-tag. The engine remembers it until the client has acked it, unless the
    /// consumer asked for no-ack, and refuses an ack of anything else with 406 (`ACK-01`). What is
    /// delivered between a basic.recover and its reply can't be acked (`ACK-09`): answer that first.
    ///
    /// # Errors
    ///
    /// [`UsageError`], among them `Full`, `FlowStopped`, `BodyTooLarge`, `TooManyUnacked`, and
    /// `UnknownConsumer` before consume-ok and after cancel-ok (`BAS-01`).
    pub fn deliver<'p>(
        &mut self,
        method: &basic::Deliver<'_>,
        properties: impl Into<Properties<'p>>,
        body: impl Into<Payload<'p>>,
    ) -> Result<u64, UsageError> {
        let needs_ack = self.check_deliver(method)?;
        let delivery_tag = self.next_delivery();
        let method = basic::Deliver { delivery_tag, ..*method };
        self.send_content(&method, properties.into(), body.into())?;
        Ok(self.enter_delivery(delivery_tag, needs_ack))
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
        let needs_ack = self.check_deliver(method)?;
        let delivery_tag = self.next_delivery();
        self.start_content(&basic::Deliver { delivery_tag, ..*method }, properties.into(), size)?;
        Ok(self.enter_delivery(delivery_tag, needs_ack))
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
        let asked = self.check_reply(to, MethodKind::BasicGetOk)?;
        let needs_ack = asked == Asked::Message { needs_ack: true };
        self.check_unacked(needs_ack)?;
        let delivery_tag = self.next_delivery();
        let method = basic::GetOk { delivery_tag, ..*method };
        self.send_content(&method, properties.into(), body.into())?;
        let tag = self.enter_delivery(delivery_tag, needs_ack);
        self.answered();
        Ok(tag)
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
        state.sending = NonZeroU64::new(missing - given);
        if state.sending.is_some() {
            return Ok(());
        }
        self.session.answer_flows(self.slot);
        Ok(())
    }

    #[inline(always)]
    fn check_content(&self, kind: MethodKind) -> Result<(), UsageError> {
        self.check(kind)?;
        // FLW-01: a get is answered all the same.
        if self.is_flow_stopped() && kind != MethodKind::BasicGetOk {
            return Err(UsageError::FlowStopped { channel: self.id.number() });
        }
        self.session.check_room(Share::Ordinary)
    }

    pub(super) fn check_publish(&self) -> Result<(), UsageError> {
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

    /// Whether the peer takes `immediate`, if that is asked for (`BAS-09`).
    pub(super) fn check_immediate(&self, immediate: bool) -> Result<(), UsageError> {
        if !immediate {
            return Ok(());
        }
        let what = Unsupported::Immediate;
        let profile = &self.session.profile;
        if profile.refuses(what) {
            return Err(UsageError::PeerRefuses { what, peer: profile.name });
        }
        Ok(())
    }

    fn send_content(
        &mut self,
        method: &impl AsMethod,
        properties: Properties<'_>,
        body: Payload<'_>,
    ) -> Result<(), UsageError> {
        let body_size = body.len() as u64;
        self.check_size(body_size)?;
        let header = ContentHeader::new(body_size, properties);
        self.session.send_content(self.slot, method, &header, body)
    }

    fn start_content(
        &mut self,
        method: &impl AsMethod,
        properties: Properties<'_>,
        size: u64,
    ) -> Result<(), UsageError> {
        self.check_size(size)?;
        let header = ContentHeader::new(size, properties);
        self.session.send_head(self.slot, method, &header)?;
        if let Some(state) = self.session.channels.get_mut(self.slot) {
            state.sending = NonZeroU64::new(size);
        }
        Ok(())
    }

    pub(super) fn check_size(&self, body_size: u64) -> Result<(), UsageError> {
        let limit = self.session.limits.max_publish;
        if body_size > limit {
            return Err(UsageError::BodyTooLarge { size: body_size, limit });
        }
        Ok(())
    }

    /// Enters a publish that has been sent, with what it looks like if it may come back.
    #[inline(always)]
    pub(super) fn enter_publish(
        &mut self,
        likeness: impl FnOnce() -> Option<Likeness>,
    ) -> PublishSeq {
        let Some(state) = self.session.channels.get_mut(self.slot) else { return PublishSeq(0) };
        let number = state.confirms.enter();
        // What has no number isn't told apart.
        if let Some(likeness) = (number > 0).then(likeness).flatten() {
            state.returns.get_or_insert_default().enter(number, likeness);
        }
        PublishSeq(number)
    }

    #[inline(always)]
    fn check_deliver(&self, method: &basic::Deliver<'_>) -> Result<bool, UsageError> {
        self.check_content(MethodKind::BasicDeliver)?;
        let tag = method.consumer_tag.as_octets();
        let needs_ack = self.state().and_then(|state| state.consumers.takes_deliveries(tag));
        let Some(needs_ack) = needs_ack else {
            return Err(UsageError::UnknownConsumer { channel: self.id.number() });
        };
        self.check_unacked(needs_ack)?;
        Ok(needs_ack)
    }

    #[inline(always)]
    fn check_unacked(&self, needs_ack: bool) -> Result<(), UsageError> {
        let limit = self.session.limits.unacked;
        if needs_ack && self.unacked() >= limit as usize {
            return Err(UsageError::TooManyUnacked { limit });
        }
        Ok(())
    }

    fn next_delivery(&self) -> u64 {
        self.state().map_or(1, |state| state.unacked.next())
    }

    fn enter_delivery(&mut self, tag: u64, needs_ack: bool) -> u64 {
        if let Some(state) = self.session.channels.get_mut(self.slot) {
            state.unacked.enter(tag, needs_ack);
        }
        tag
    }
}
