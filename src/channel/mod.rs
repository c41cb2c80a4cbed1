//! Commands on a channel.

mod asked;
mod confirms;
mod consumers;
mod content;
mod deliveries;
mod gathering;
mod incoming;
mod index;
mod ledger;
mod numbers;
mod outgoing;
mod prepared;
mod receive;
mod requests;
mod returns;
mod sending;
mod session;
mod state;
mod table;
mod unacked;

pub(crate) use content::ContentRules;
pub(crate) use incoming::{Fault, Incoming};
pub use prepared::PreparedPublish;
pub(crate) use session::{Session, Share};
pub(crate) use state::{ChannelPhase, ChannelState};
pub(crate) use table::Slot;

use core::fmt;
use core::num::NonZeroU64;

use crate::channel::asked::{Asked, Unfit};
use crate::channel::returns::hash_of;
use crate::channel::state::Owed;
use crate::error::{CloseReason, Initiator, UsageError};
use crate::event::{ChannelId, ReplyToken, RequestId};
use crate::phase::{Phase, Side};
use crate::protocol::{Method, MethodKind, Notice, Reply, ReplyCode, Request, basic};
use crate::text::truncated;
use crate::wire::ShortStr;

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
        self.state().map_or(0, |state| state.requests().pending.len())
    }

    /// Body octets of a content begun with [`start_publish`](Self::start_publish) or
    /// [`start_deliver`](Self::start_deliver) that are still to be sent.
    pub fn missing_body(&self) -> Option<u64> {
        self.state()?.sending.map(NonZeroU64::get)
    }

    /// Deliveries that wait for their ack; on a transacted channel those, too, whose ack isn't committed.
    pub fn unacked(&self) -> usize {
        self.state().map_or(0, |state| state.unacked.len())
    }

    /// The last basic.qos on this channel, sent or received. For information: what its `global` and a
    /// prefetch-count of a consumer mean differs between brokers (`BAS-07`), so the engine counts
    /// ([`unacked`](Self::unacked)) and refuses nothing.
    pub fn qos(&self) -> Option<basic::Qos> {
        self.state().and_then(|state| state.requests().qos)
    }

    /// The queue that an empty name stands for: the one declared last on this channel, once its name is
    /// known (`NAM-05`).
    pub fn last_queue(&self) -> Option<ShortStr<'_>> {
        let state = self.state()?;
        state.requests().last_queue.name().map(ShortStr::from)
    }

    /// Whether the peer has stopped contents by channel.flow (`FLW-01`).
    pub fn is_flow_stopped(&self) -> bool {
        self.state().is_some_and(|state| state.flow_stopped)
    }

    /// Sends a synchronous request: a client any but those of a login, a server channel.flow and
    /// basic.cancel. Several may be unanswered; replies come in their order (`SYN-02`),
    /// but on RabbitMQ those to basic.consume and basic.cancel may come later than the replies behind
    /// them.
    ///
    /// Returns `None` where the request says no-wait: there will be no reply.
    ///
    /// # Errors
    ///
    /// [`UsageError`], among them `TooManyRequests`, `Full`, `NameNeeded` where no-wait would leave a
    /// name of the server's choice unknown (`SYN-07`), and what the server would refuse anyway:
    /// `NoQueueDeclared` (`NAM-05`), `ConsumerTagInUse` (`NAM-07`), `ChannelMode` (`CNF-05`, `TX-01`),
    /// `PeerRefuses`.
    pub fn call<M: Request>(&mut self, method: &M) -> Result<Option<RequestId>, UsageError> {
        let no_wait = method.no_wait();
        self.check(M::KIND)?;
        self.check_request(&method.as_method(), no_wait)?;
        self.session.send_request(self.slot, method)?;
        Ok(self.session.enter_request(self.slot, &method.as_method(), no_wait))
    }

    /// Sends a method that has no reply: ack, nack, reject, recover-async.
    ///
    /// A client acks deliveries that wait for it, each once; a server confirms publishes, each once.
    /// Tag 0 with `multiple` means all so far, to the peer also those that are still on their way: to
    /// name the last tag that was seen is safer. In the same way a recover-async also retires deliveries
    /// that are on their way, which this side then takes for outstanding (`ACK-09`): basic.recover, whose
    /// reply tells them apart, is safer.
    ///
    /// # Errors
    ///
    /// [`UsageError`], among them `UnknownDelivery`, `TooManyUncommitted` and `PeerRefuses` (client) and
    /// `UnknownPublish` (server); `Full` only once the output reserve is used up too.
    pub fn send<M: Notice>(&mut self, method: &M) -> Result<(), UsageError> {
        self.check(M::KIND)?;
        let settled = match method.as_method() {
            Method::BasicAck(ack) => Some((ack.delivery_tag, ack.multiple)),
            Method::BasicNack(nack) => Some((nack.delivery_tag, nack.multiple)),
            Method::BasicReject(reject) => Some((reject.delivery_tag, false)),
            _ => None,
        };
        if let Some((tag, multiple)) = settled {
            self.check_settle(M::KIND, tag, multiple)?;
        }
        if M::KIND != MethodKind::BasicAck {
            self.session.check_supported(&method.as_method())?;
        }
        self.session.send_method(self.slot, method, Share::Reserved)?;
        let side = self.session.side;
        let Some(state) = self.session.channels.get_mut(self.slot) else { return Ok(()) };
        match (settled, side) {
            (Some((tag, multiple)), Side::Client) => {
                state.unacked.ack(tag, multiple);
            }
            (Some((tag, multiple)), Side::Server) => {
                state.confirms.settle(tag, multiple, |_, _| {});
            }
            (None, _) => {
                if matches!(method.as_method(), Method::BasicRecoverAsync(recover) if recover.requeue)
                {
                    state.unacked.recover(false); // ACK-09
                }
            }
        }
        Ok(())
    }

    /// Answers a request of the peer, which must be the oldest unanswered one.
    ///
    /// # Errors
    ///
    /// [`UsageError::NotOldestRequest`] (also for a request that is answered already),
    /// [`UsageError::WrongReply`], or that of any command. A consume-ok and a cancel-ok name the
    /// consumer-tag that was asked for (else `UnknownConsumer`). Where the client has left the choice to
    /// this side, a consume-ok names a tag that isn't in use, and a declare-ok a queue (else `NameNeeded`,
    /// `ConsumerTagInUse`).
    pub fn reply<M: Reply>(&mut self, to: ReplyToken, method: &M) -> Result<(), UsageError> {
        self.check(M::KIND)?;
        let asked = self.check_reply(to, M::KIND)?;
        let reply = method.as_method();
        match &reply {
            Method::BasicConsumeOk(ok) => {
                self.check_consume_ok(asked, ok.consumer_tag.as_octets())?;
            }
            Method::BasicCancelOk(ok) => {
                let tag = hash_of(ok.consumer_tag.as_octets());
                if asked != (Asked::Cancel { tag }) {
                    return Err(UsageError::UnknownConsumer { channel: self.id.number() });
                }
            }
            // SYN-07: the client has left the name to this side.
            Method::QueueDeclareOk(ok) if asked == Asked::QueueName && ok.queue.is_empty() => {
                return Err(UsageError::NameNeeded { method: M::KIND.name() });
            }
            _ => {}
        }
        self.session.send_method(self.slot, method, Share::Reserved)?;
        self.session.answer(self.slot, asked, &reply, to.serial);
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
        let (request, _) = self.check_oldest(to)?;
        self.close_blaming(request, code, text);
        Ok(())
    }

    /// Closes the channel and blames a method of the peer: a publish to an exchange that isn't there
    /// (`BAS-11`), a request with no-wait that fails (`SYN-06`). [`MethodEvent::kind`] and
    /// [`Content::kind`] name it.
    ///
    /// # Errors
    ///
    /// As [`close`](Self::close).
    ///
    /// [`MethodEvent::kind`]: crate::MethodEvent::kind
    /// [`Content::kind`]: crate::Content::kind
    pub fn close_for(
        &mut self,
        method: MethodKind,
        code: ReplyCode,
        text: &str,
    ) -> Result<(), UsageError> {
        self.check(MethodKind::ChannelClose)?;
        self.close_blaming(method, code, text);
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
    #[inline(always)]
    fn check(&self, kind: MethodKind) -> Result<(), UsageError> {
        let method = kind.name();
        if !self.session.side.sends(kind.info().senders) {
            return Err(wrong_side(method));
        }
        if self.session.phase != Phase::Open {
            return Err(wrong_phase(method, self.session.phase));
        }
        let channel = self.id.number();
        let Some(state) = self.state() else { return Err(UsageError::UnknownChannel { channel }) };
        if !matches!(state.phase, ChannelPhase::Open | ChannelPhase::Opening) {
            return Err(UsageError::ChannelPhase { method, channel, phase: state.phase.name() });
        }
        match state.sending {
            Some(missing) => Err(UsageError::ContentOpen { method, missing: missing.get() }),
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
        let Some(state) = self.state() else { return Ok(()) };
        let channel = self.id.number();
        let limits = &self.session.limits;
        self.session.check_supported(method)?;
        self.session.judge_request(state, method).map_err(|unfit| match unfit {
            Unfit::OtherMode | Unfit::NoTransaction => {
                UsageError::ChannelMode { method: name, channel, mode: state.mode.name() }
            }
            Unfit::NoQueue => UsageError::NoQueueDeclared { method: name, channel },
            Unfit::ConsumerTagInUse => UsageError::ConsumerTagInUse { channel },
            Unfit::TooManyConsumers => UsageError::TooManyConsumers { limit: limits.consumers },
            Unfit::TooManyConsumersInAll => {
                UsageError::TooManyConsumersInAll { limit: limits.all_consumers }
            }
        })
    }

    fn check_settle(&self, kind: MethodKind, tag: u64, multiple: bool) -> Result<(), UsageError> {
        let (channel, delivery_tag) = (self.id.number(), tag);
        let Some(state) = self.state() else { return Ok(()) };
        if self.session.side == Side::Client {
            if !state.unacked.knows(tag, multiple) {
                return Err(UsageError::UnknownDelivery { channel, delivery_tag });
            }
            let limit = self.session.limits.uncommitted;
            if state.unacked.acked() >= limit as usize {
                return Err(UsageError::TooManyUncommitted { limit });
            }
            return Ok(());
        }
        if kind == MethodKind::BasicNack && !self.session.peer.basic_nack {
            let (method, capability) = (kind.name(), "basic.nack");
            return Err(UsageError::CapabilityMissing { method, capability });
        }
        if state.confirms.knows(tag, multiple) {
            return Ok(());
        }
        Err(UsageError::UnknownPublish { channel, delivery_tag })
    }

    fn check_oldest(&self, to: ReplyToken) -> Result<(MethodKind, Asked), UsageError> {
        let channel = self.id.number();
        self.state()
            .and_then(|state| match state.requests().owed.front() {
                Some(Owed::Reply { serial, kind, asked }) if *serial == to.serial => {
                    Some((*kind, *asked))
                }
                _ => None,
            })
            .filter(|_| to.channel == self.id)
            .ok_or(UsageError::NotOldestRequest { channel })
    }

    fn check_reply(&self, to: ReplyToken, reply: MethodKind) -> Result<Asked, UsageError> {
        let (request, asked) = self.check_oldest(to)?;
        if request.info().replies.contains(&reply) {
            return Ok(asked);
        }
        Err(UsageError::WrongReply { request: request.name(), reply: reply.name() })
    }

    fn check_consume_ok(&self, asked: Asked, tag: &[u8]) -> Result<(), UsageError> {
        let channel = self.id.number();
        let Some(state) = self.state() else { return Ok(()) };
        match asked {
            Asked::Consumer { unnamed: true, .. } if tag.is_empty() => {
                Err(UsageError::NameNeeded { method: MethodKind::BasicConsumeOk.name() })
            }
            Asked::Consumer { unnamed: true, .. } if state.consumers.is_taken(tag) => {
                Err(UsageError::ConsumerTagInUse { channel })
            }
            Asked::Consumer { unnamed: false, tag: named, .. } if named != hash_of(tag) => {
                Err(UsageError::UnknownConsumer { channel })
            }
            _ => Ok(()),
        }
    }

    fn answered(&mut self) {
        if let Some(state) = self.session.channels.get_mut(self.slot) {
            state.requests_mut().owed.pop_front();
        }
        self.session.answer_flows(self.slot);
    }
}

/// Out of line, as what is mostly passed by.
#[cold]
fn wrong_side(method: &'static str) -> UsageError {
    UsageError::WrongSide { method }
}

#[cold]
fn wrong_phase(method: &'static str, phase: Phase) -> UsageError {
    UsageError::ConnectionPhase { method, phase: phase.name() }
}

impl fmt::Debug for Channel<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel").field("id", &self.id).finish_non_exhaustive()
    }
}
