//! What requests change on a channel, on the side that sends them and on the side that takes them.
//!
//! Both sides keep the same account of modes, names, consumers and acks. Each of them judges by it what
//! may be asked: the one before it sends, the other when the request arrives.

use crate::channel::returns::hash_of;
use crate::channel::state::ChannelState;
use crate::limits::Limits;
use crate::phase::Side;
use crate::profile::Profile;
use crate::protocol::{Method, basic};
use crate::wire::ShortStr;

/// What publishes and acks mean on a channel (`CNF-05`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    #[default]
    Plain,
    /// Each publish is confirmed.
    Confirm,
    /// Publishes and acks count once they are committed.
    Transaction,
}

impl Mode {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "in no transaction",
            Self::Confirm => "in confirm mode",
            Self::Transaction => "transacted",
        }
    }
}

/// Why a request can't be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// Confirms and transactions exclude each other (`CNF-05`).
    OtherMode,
    /// There is no transaction to end (`TX-01`).
    NoTransaction,
    /// An empty queue name stands for the last queue declared, and there is none (`NAM-05`).
    NoQueue,
    /// Another consumer of the channel has this tag (`NAM-07`).
    ConsumerTagInUse,
    TooManyConsumers,
    /// On all channels together.
    TooManyConsumersInAll,
}

/// What has to be remembered of a request until its reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Asked {
    #[default]
    Nothing,
    Consumer {
        /// A hash of the consumer-tag.
        tag: u64,
        needs_ack: bool,
        /// Whether the server chooses the tag.
        unnamed: bool,
        /// Its end was told before its beginning, as Broker-J does with browsers that end by themselves.
        ended: bool,
    },
    /// basic.get.
    Message { needs_ack: bool },
    /// basic.recover with requeue.
    Recovery,
    /// basic.cancel; a hash of the consumer-tag, whose octets need not be kept.
    Cancel { tag: u64 },
    /// A queue whose name the server chooses.
    QueueName,
}

/// The queue that an empty name stands for (`NAM-05`).
#[derive(Clone, Debug)]
pub(crate) struct LastQueue {
    is_declared: bool,
    name: alloc::vec::Vec<u8>,
    /// The request whose reply tells the name.
    named_by: Option<u64>,
}

impl LastQueue {
    pub(crate) const fn none() -> Self {
        Self { is_declared: false, name: alloc::vec::Vec::new(), named_by: None }
    }

    /// Whether nothing has to be remembered.
    pub(crate) const fn is_none(&self) -> bool {
        !self.is_declared
    }

    pub(crate) fn name(&self) -> Option<&[u8]> {
        (self.is_declared && self.named_by.is_none()).then_some(self.name.as_slice())
    }

    fn declare(&mut self, name: ShortStr<'_>, request: u64) {
        self.is_declared = true;
        self.name.clear();
        self.name.extend_from_slice(name.as_octets());
        self.named_by = name.is_empty().then_some(request);
    }

    fn named(&mut self, name: ShortStr<'_>, request: u64) {
        if self.named_by == Some(request) {
            self.name.extend_from_slice(name.as_octets());
            self.named_by = None;
        }
    }
}

impl ChannelState {
    /// Whether this may be asked now.
    pub(crate) fn judge_request(&self, method: &Method<'_>, limits: &Limits) -> Result<(), Unfit> {
        let queue = match method {
            Method::ConfirmSelect(_) if self.mode == Mode::Transaction => {
                return Err(Unfit::OtherMode);
            }
            Method::TxSelect(_) if self.mode == Mode::Confirm => return Err(Unfit::OtherMode),
            Method::TxCommit(_) | Method::TxRollback(_) if self.mode != Mode::Transaction => {
                return Err(Unfit::NoTransaction);
            }
            Method::BasicConsume(consume) => {
                if self.consumers.is_taken(consume.consumer_tag.as_octets()) {
                    return Err(Unfit::ConsumerTagInUse);
                }
                if self.consumers.len() >= limits.consumers as usize {
                    return Err(Unfit::TooManyConsumers);
                }
                consume.queue
            }
            Method::BasicGet(get) => get.queue,
            Method::QueueBind(bind) => bind.queue,
            Method::QueueUnbind(unbind) => unbind.queue,
            Method::QueuePurge(purge) => purge.queue,
            Method::QueueDelete(delete) => delete.queue,
            _ => return Ok(()),
        };
        if queue.is_empty() && !self.requests().last_queue.is_declared {
            return Err(Unfit::NoQueue);
        }
        Ok(())
    }

    /// Enters what a request changes when it is sent, or taken. So many consumers may be kept of those that
    /// it ends without a reply: none on the side that takes it.
    pub(crate) fn ask(
        &mut self,
        method: &Method<'_>,
        from: Side,
        request: u64,
        unproven: usize,
        profile: &Profile,
    ) -> Asked {
        match method {
            Method::ConfirmSelect(select) => {
                // Publishes right behind it count (CNF-01).
                self.mode = Mode::Confirm;
                self.confirms.select((!select.no_wait).then_some(request));
            }
            Method::TxSelect(_) => {
                self.mode = Mode::Transaction;
                self.unacked.select_transactions();
            }
            Method::TxCommit(_) => self.unacked.commit(),
            Method::TxRollback(_) => self.unacked.roll_back(),
            Method::BasicRecover(recover) if recover.requeue => {
                self.unacked.recover(true);
                return Asked::Recovery;
            }
            Method::BasicQos(qos) => self.requests_mut().qos = Some(*qos),
            Method::QueueDeclare(declare) => {
                self.requests_mut().last_queue.declare(declare.queue, request);
                if declare.queue.is_empty() {
                    return Asked::QueueName;
                }
            }
            Method::BasicGet(get) => return Asked::Message { needs_ack: !get.no_ack },
            Method::BasicConsume(consume) => {
                let needs_ack = !consume.no_ack && !profile.is_browser(consume.arguments);
                return self.ask_consumer(consume, needs_ack, request);
            }
            Method::BasicCancel(cancel) => {
                let tag = cancel.consumer_tag.as_octets();
                if from == Side::Server {
                    self.consumers.cancelled_by_server(tag);
                } else if cancel.no_wait {
                    self.consumers.cancel_unproven(tag, request, unproven);
                } else {
                    self.consumers.cancel(tag, request);
                }
                return Asked::Cancel { tag: hash_of(tag) };
            }
            _ => {}
        }
        Asked::Nothing
    }

    fn ask_consumer(
        &mut self,
        consume: &basic::Consume<'_>,
        needs_ack: bool,
        request: u64,
    ) -> Asked {
        let tag = consume.consumer_tag.as_octets();
        let unnamed = tag.is_empty();
        if !unnamed {
            self.consumers.enter(tag, needs_ack, (!consume.no_wait).then_some(request));
        } else if !consume.no_wait {
            self.consumers.enter_unnamed();
        }
        let tag = hash_of(tag);
        Asked::Consumer { tag, needs_ack, unnamed, ended: false }
    }

    /// Enters what a reply changes, on either side.
    pub(crate) fn answer(&mut self, asked: Asked, method: &Method<'_>, request: u64) {
        match (method, asked) {
            (Method::QueueDeclareOk(declared), Asked::QueueName) => {
                self.requests_mut().last_queue.named(declared.queue, request);
            }
            (Method::BasicConsumeOk(ok), Asked::Consumer { needs_ack, unnamed, ended, .. }) => {
                let tag = ok.consumer_tag.as_octets();
                if unnamed {
                    self.consumers.named();
                }
                if ended {
                    self.consumers.was(tag, needs_ack);
                } else if unnamed {
                    self.consumers.enter(tag, needs_ack, None);
                } else {
                    self.consumers.begin(tag, request);
                }
            }
            (Method::BasicCancelOk(ok), _) => {
                self.consumers.cancelled(ok.consumer_tag.as_octets(), request);
            }
            (Method::ConfirmSelectOk(_), _) => self.confirms.selected(request),
            (Method::BasicRecoverOk(_), Asked::Recovery) => self.unacked.recovered(),
            _ => {}
        }
    }

    /// Broker-J ends a browser by itself with a cancel-ok that nobody asked for, perhaps before
    /// consume-ok.
    pub(crate) fn consumer_ended(&mut self, tag: ShortStr<'_>) {
        let tag = tag.as_octets();
        if self.consumers.end_crossed(tag) {
            return;
        }
        if self.consumers.is_taken(tag) {
            self.consumers.part(tag);
            return;
        }
        if self.consumers.is_gone(tag) {
            return; // Its own end and this side's cancel have crossed.
        }
        // Its name is still to be told, so it must be one whose tag the server chooses.
        let Some(requests) = &mut self.requests else { return };
        let waiting = requests.pending.iter_mut().find_map(|pending| match &mut pending.asked {
            Asked::Consumer { unnamed: true, ended: ended @ false, .. } => Some(ended),
            _ => None,
        });
        if let Some(ended) = waiting {
            *ended = true;
        }
    }
}
