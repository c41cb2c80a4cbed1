//! What is known of one channel.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::num::NonZeroU64;

use bytes::BytesMut;

use crate::channel::asked::{Asked, LastQueue, Mode};
use crate::channel::confirms::Confirms;
use crate::channel::consumers::Consumers;
use crate::channel::content::Receiving;
use crate::channel::returns::Returns;
use crate::channel::unacked::Unacked;
use crate::error::CloseReason;
use crate::event::{ChannelId, RequestId};
use crate::limits::Limits;
use crate::output::Lane;
use crate::phase::Side;
use crate::protocol::{MethodKind, basic};

/// Where a channel stands.
///
/// ```text
///   (closed) -- channel.open ---> Opening -- open-ok --> Open -- channel.close --> Closing -- close-ok --> (closed)
///                                    |                    |
///                                    '-- peer's close, answered by close-ok --> (closed)
///                                                  '--> Draining, inside a content --^
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChannelPhase {
    /// The slab's place is free.
    Vacant,
    /// channel.open has been sent; commands may follow it at once (`CHN-03`).
    Opening,
    Open,
    /// channel.close has been sent: all but close and close-ok is discarded (`CHN-04`).
    Closing,
    /// The peer has closed it inside a content of this side, whose rest must go out before close-ok:
    /// RabbitMQ takes no method there, not even that one (`CNT-04`). Over for the application.
    Draining,
}

impl ChannelPhase {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Vacant => "closed",
            Self::Opening => "opening",
            Self::Open => "open",
            Self::Closing | Self::Draining => "closing",
        }
    }
}

/// A request of this side that has no reply yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    pub(crate) id: RequestId,
    pub(crate) kind: MethodKind,
    pub(crate) asked: Asked,
}

/// A request of the peer that has no reply yet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Owed {
    /// The application replies to it.
    Reply { serial: u64, kind: MethodKind, asked: Asked },
    /// The engine replies to channel.flow when its turn has come (`SYN-02`).
    FlowOk { active: bool },
}

/// What requests leave to remember.
#[derive(Clone, Debug)]
pub(crate) struct Requests {
    /// Those of one kind are answered in their order (`SYN-02`).
    pub(crate) pending: VecDeque<Pending>,
    pub(crate) owed: VecDeque<Owed>,
    pub(crate) last_queue: LastQueue,
    /// The last basic.qos.
    pub(crate) qos: Option<basic::Qos>,
    /// Why this side has sent channel.close.
    pub(crate) closing: Option<Box<CloseReason>>,
}

impl Requests {
    const fn new() -> Self {
        Self {
            pending: VecDeque::new(),
            owed: VecDeque::new(),
            last_queue: LastQueue::none(),
            qos: None,
            closing: None,
        }
    }

    /// Gives back memory that nothing waits in. False: there is nothing to remember at all.
    fn release(&mut self) -> bool {
        self.pending.shrink_to_fit();
        self.owed.shrink_to_fit();
        !self.pending.is_empty()
            || !self.owed.is_empty()
            || !self.last_queue.is_none()
            || self.qos.is_some()
            || self.closing.is_some()
    }
}

static NO_REQUESTS: Requests = Requests::new();

/// There may be thousands on a connection, most of them idle: what only some need, or only now and then,
/// is made when it is needed, in a box of its own.
#[derive(Clone, Debug)]
pub(crate) struct ChannelState {
    pub(crate) id: ChannelId,
    pub(crate) phase: ChannelPhase,
    /// The peer wants no contents for now (`FLW-01`).
    pub(crate) flow_stopped: bool,
    /// Whether the place is in the session's round robin. That stays with it when the channel is gone.
    pub(crate) has_turn: bool,
    /// Whether the session has noted that it may hold octets of the chunk that is being decoded.
    pub(crate) pinning: bool,
    pub(crate) mode: Mode,
    /// Body octets that the application still has to send.
    pub(crate) sending: Option<NonZeroU64>,
    pub(crate) receiving: Receiving,
    /// The server's deliveries, on both sides.
    pub(crate) unacked: Unacked,
    pub(crate) consumers: Consumers,
    /// The client's publishes, on both sides.
    pub(crate) confirms: Confirms,
    /// Client: publishes that may come back; made with the first of them.
    pub(crate) returns: Option<Box<Returns>>,
    /// Made with the first that has to be remembered.
    pub(crate) requests: Option<Box<Requests>>,
    pub(crate) lane: Lane,
    /// What has come of a content that a read has split or whose body comes in several frames.
    pub(crate) gathered: BytesMut,
}

/// With an eighth of room to grow and the index, an idle channel occupies less than 256 octets. A size that
/// a place is multiplied with in one instruction (184 is, 192 is not) makes each look-up shorter.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<ChannelState>() <= 192);

impl ChannelState {
    pub(crate) fn new(id: ChannelId, phase: ChannelPhase) -> Self {
        Self {
            id,
            phase,
            flow_stopped: false,
            has_turn: false,
            pinning: false,
            mode: Mode::Plain,
            sending: None,
            receiving: Receiving::NOTHING,
            unacked: Unacked::default(),
            consumers: Consumers::default(),
            confirms: Confirms::default(),
            returns: None,
            requests: None,
            lane: Lane::default(),
            gathered: BytesMut::new(),
        }
    }

    /// Whether as many deliveries (client) or publishes (server) wait to be settled as may (`ACK-11`).
    #[inline]
    pub(crate) fn is_full(&self, side: Side, limits: &Limits) -> bool {
        match side {
            Side::Client => self.unacked.outstanding() >= limits.unacked as usize,
            Side::Server => self.confirms.remembered() >= limits.unconfirmed as usize,
        }
    }

    pub(crate) fn requests(&self) -> &Requests {
        self.requests.as_deref().unwrap_or(&NO_REQUESTS)
    }

    pub(crate) fn requests_mut(&mut self) -> &mut Requests {
        self.requests.get_or_insert_with(|| Box::new(Requests::new()))
    }

    /// Gives back memory that a burst of traffic has left.
    pub(crate) fn release(&mut self) {
        if self.lane.is_empty() {
            self.lane.clear();
        }
        self.returns.take_if(|returns| {
            returns.release();
            returns.is_empty()
        });
        self.requests.take_if(|requests| !requests.release());
        self.confirms.release();
        self.unacked.release();
        self.consumers.release();
    }

    pub(crate) fn vacant(id: ChannelId) -> Self {
        Self::new(id, ChannelPhase::Vacant)
    }
}
