use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;

use crate::protocol::MethodKind;
use crate::{ChannelId, MethodEvent, ReplyToken};

use super::mail::Letter;

/// What an application knows of a channel.
#[derive(Clone, Debug)]
pub(super) struct KnownChannel {
    pub(super) id: ChannelId,
    /// How often its number has been opened.
    pub(super) opening: u32,
    /// Requests of the peer that have no reply yet, the oldest first.
    pub(super) owed: VecDeque<(ReplyToken, MethodEvent)>,
    /// Deliveries to ack (client), publishes to confirm (server).
    pub(super) to_settle: BTreeSet<u64>,
    /// Those that were acked and may come back by a rollback.
    settled: Vec<u64>,
    /// Publishes of this side whose fate isn't known.
    pub(super) unconfirmed: BTreeSet<u64>,
    /// Tags of consumers (server).
    pub(super) consumers: Vec<Vec<u8>>,
    /// A content whose body is being sent, and octets of it that were.
    pub(super) sending: Option<(Letter, u64)>,
    /// A content whose body comes in parts.
    pub(super) receiving: Option<Letter>,
}

impl KnownChannel {
    pub(super) fn new(id: ChannelId, opening: u32) -> Self {
        Self {
            id,
            opening,
            owed: VecDeque::new(),
            to_settle: BTreeSet::new(),
            settled: Vec::new(),
            unconfirmed: BTreeSet::new(),
            consumers: Vec::new(),
            sending: None,
            receiving: None,
        }
    }

    /// The number at this place, counted from the least and anew behind the last.
    pub(super) fn settled_at(&self, place: u8) -> Option<u64> {
        let count = self.to_settle.len();
        let place = usize::from(place).checked_rem(count)?;
        self.to_settle.iter().nth(place).copied()
    }

    /// Takes note of an ack, a nack or a reject.
    pub(super) fn settle(&mut self, number: u64, multiple: bool) {
        let behind = if multiple {
            self.to_settle.split_off(&number.saturating_add(1))
        } else {
            let mut others = self.to_settle.clone();
            others.remove(&number);
            others
        };
        let settled = self.to_settle.difference(&behind).copied();
        self.settled.extend(settled);
        self.to_settle = behind;
    }

    /// Takes note of a request that was sent: what a transaction has acked counts from a commit on, and is
    /// to be acked anew behind a rollback.
    pub(super) fn note_request(&mut self, kind: MethodKind) {
        match kind {
            MethodKind::TxCommit => self.settled.clear(),
            MethodKind::TxRollback => self.to_settle.extend(self.settled.drain(..)),
            _ => {}
        }
    }
}
