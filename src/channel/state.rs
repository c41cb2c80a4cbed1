//! What is known of one channel.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use bytes::BytesMut;

use crate::channel::asked::{Asked, LastQueue, Mode};
use crate::channel::confirms::Confirms;
use crate::channel::consumers::Consumers;
use crate::channel::content::Receiving;
use crate::channel::returns::Returns;
use crate::channel::unacked::Unacked;
use crate::error::CloseReason;
use crate::event::{ChannelId, RequestId};
use crate::output::Lane;
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

#[derive(Clone, Debug)]
pub(crate) struct ChannelState {
    pub(crate) id: ChannelId,
    pub(crate) phase: ChannelPhase,
    /// The peer wants no contents for now (`FLW-01`).
    pub(crate) flow_stopped: bool,
    /// Whether the lane is in the session's round robin.
    pub(crate) lane_active: bool,
    /// Whether the session has noted that it may hold octets of the chunk that is being decoded.
    pub(crate) pinning: bool,
    /// Body octets that the application still has to send.
    pub(crate) sending: Option<u64>,
    pub(crate) receiving: Receiving,
    /// Those of one kind are answered in their order (`SYN-02`).
    pub(crate) pending: VecDeque<Pending>,
    pub(crate) owed: VecDeque<Owed>,
    pub(crate) lane: Lane,
    pub(crate) mode: Mode,
    /// The client's publishes, on both sides.
    pub(crate) confirms: Confirms,
    /// Client: publishes that may come back; made with the first of them.
    pub(crate) returns: Option<Box<Returns>>,
    /// The server's deliveries, on both sides.
    pub(crate) unacked: Unacked,
    pub(crate) consumers: Consumers,
    pub(crate) last_queue: LastQueue,
    /// The last basic.qos.
    pub(crate) qos: Option<basic::Qos>,
    /// What has come of a content that a read has split or whose body comes in several frames.
    pub(crate) gathered: BytesMut,
    /// Why this side has sent channel.close.
    pub(crate) closing: Option<Box<CloseReason>>,
}

impl ChannelState {
    pub(crate) fn new(id: ChannelId, phase: ChannelPhase) -> Self {
        Self {
            id,
            phase,
            flow_stopped: false,
            lane_active: false,
            pinning: false,
            sending: None,
            receiving: Receiving::NOTHING,
            pending: VecDeque::new(),
            owed: VecDeque::new(),
            lane: Lane::default(),
            mode: Mode::Plain,
            confirms: Confirms::default(),
            returns: None,
            unacked: Unacked::default(),
            consumers: Consumers::default(),
            last_queue: LastQueue::default(),
            qos: None,
            gathered: BytesMut::new(),
            closing: None,
        }
    }

    /// Gives back memory that a burst of traffic has left.
    pub(crate) fn release(&mut self) {
        if self.lane.is_empty() {
            self.lane.clear();
        }
        if self.returns.as_ref().is_some_and(|returns| returns.is_empty()) {
            self.returns = None;
        }
        self.confirms.release();
        self.unacked.release();
        self.pending.shrink_to_fit();
        self.owed.shrink_to_fit();
    }

    pub(crate) fn vacant(id: ChannelId) -> Self {
        Self::new(id, ChannelPhase::Vacant)
    }
}
