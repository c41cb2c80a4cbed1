//! Deliveries that wait for their ack, as both sides keep them.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use crate::channel::ledger::Ledger;

/// The ledger of one channel (`ACK-01`).
#[derive(Clone, Debug, Default)]
pub(crate) struct Unacked {
    /// The delivery-tag that was given last (`BAS-05`).
    last: u64,
    outstanding: Ledger<()>,
    transactions: Option<Box<Transactions>>,
    /// Requests to recover that have no reply yet.
    recovering: u32,
}

/// Acks of a transacted channel count only once their transaction is committed (`ACK-10`).
#[derive(Clone, Debug, Default)]
struct Transactions {
    /// How many were ended by a request, and how many of these by its reply.
    ended: u64,
    settled: u64,
    /// Acked delivery-tags, each with the transaction that it belongs to, in that order.
    acked: VecDeque<(u64, u64)>,
}

impl Unacked {
    /// Deliveries without an ack that counts.
    pub(crate) fn len(&self) -> usize {
        self.outstanding.len() + self.transactions.as_ref().map_or(0, |tx| tx.acked.len())
    }

    /// The delivery-tag of the next delivery (`BAS-05`).
    pub(crate) const fn next(&self) -> u64 {
        self.last.wrapping_add(1)
    }

    /// Takes note of a delivery. False: its tag is zero or was used before.
    pub(crate) fn enter(&mut self, tag: u64, needs_ack: bool) -> bool {
        if tag <= self.last {
            return false;
        }
        self.last = tag;
        // ACK-09: what was sent before the peer has seen a request to recover is retired by it.
        if needs_ack && self.recovering == 0 {
            self.outstanding.enter(tag, ());
        }
        true
    }

    /// Whether a delivery was ever made under this tag.
    pub(crate) const fn was_delivered(&self, tag: u64) -> bool {
        tag > 0 && tag <= self.last
    }

    /// Whether this may be acked, nacked or rejected (`ACK-01` to `ACK-04`).
    pub(crate) fn knows(&self, tag: u64, multiple: bool) -> bool {
        if tag == 0 { multiple } else { self.outstanding.contains(tag) }
    }

    /// Acks, nacks or rejects. False: nothing is outstanding under this tag, and nothing changed.
    pub(crate) fn settle(&mut self, tag: u64, multiple: bool) -> bool {
        if !self.knows(tag, multiple) {
            return false;
        }
        let Some(tx) = &mut self.transactions else {
            match (tag, multiple) {
                (0, _) => self.outstanding.clear(),
                (_, true) => while self.outstanding.take_first(tag).is_some() {},
                (_, false) => drop(self.outstanding.take(tag)),
            }
            return true;
        };
        if multiple {
            let last = if tag == 0 { u64::MAX } else { tag };
            while let Some((tag, ())) = self.outstanding.take_first(last) {
                tx.acked.push_back((tx.ended, tag));
            }
        } else if self.outstanding.take(tag).is_some() {
            tx.acked.push_back((tx.ended, tag));
        }
        true
    }

    /// The channel is transacted from here on; selecting again changes nothing (`TX-02`).
    pub(crate) fn select_transactions(&mut self) {
        self.transactions.get_or_insert_default();
    }

    /// A commit or rollback was asked for: a new transaction begins at once (`TX-02`).
    pub(crate) fn end_transaction(&mut self) {
        if let Some(tx) = &mut self.transactions {
            tx.ended += 1;
        }
    }

    /// The oldest transaction that was ended is committed, or rolled back: its acks never were.
    pub(crate) fn settle_transaction(&mut self, committed: bool) {
        let Some(tx) = &mut self.transactions else { return };
        let count = tx.acked.iter().take_while(|(of, _)| *of <= tx.settled).count();
        let acks = tx.acked.drain(..count).map(|(_, tag)| (tag, ()));
        if committed {
            drop(acks);
        } else {
            self.outstanding.restore(acks);
        }
        tx.settled += 1;
    }

    /// Asked to recover: what is outstanding will be delivered anew, under new tags (`ACK-09`).
    pub(crate) fn recover(&mut self, has_reply: bool) {
        self.outstanding.clear();
        self.recovering += u32::from(has_reply);
    }

    pub(crate) fn recovered(&mut self) {
        self.recovering = self.recovering.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn delivered(count: u64) -> Unacked {
        let mut unacked = Unacked::default();
        for _ in 0..count {
            assert!(unacked.enter(unacked.next(), true));
        }
        unacked
    }

    fn outstanding(unacked: &Unacked) -> Vec<u64> {
        unacked.outstanding.iter().map(|(tag, _)| tag).collect()
    }

    #[test]
    fn only_outstanding_tags_can_be_acked() {
        let mut unacked = delivered(5);
        assert!(unacked.settle(2, false));
        for (tag, multiple) in [(2, false), (2, true), (6, false), (99, true), (0, false)] {
            assert!(!unacked.settle(tag, multiple), "{tag} {multiple}");
        }
        assert!(unacked.settle(3, true));
        assert_eq!(outstanding(&unacked), [4, 5]);
        // All so far, also when that is nothing (ACK-04).
        assert!(unacked.settle(0, true) && unacked.settle(0, true));
        assert_eq!(unacked.len(), 0);
    }

    #[test]
    fn tags_rise_and_need_not_be_acked() {
        let mut unacked = delivered(1);
        assert!(unacked.enter(2, false) && unacked.enter(5, true));
        assert!(!unacked.enter(5, true) && !unacked.enter(3, true) && !unacked.enter(0, true));
        assert_eq!((outstanding(&unacked), unacked.next()), ([1, 5].to_vec(), 6));
        assert!(!unacked.settle(2, false));
    }

    #[test]
    fn acks_of_a_transaction_count_once_it_is_committed() {
        let mut unacked = delivered(4);
        unacked.select_transactions();
        assert!(unacked.settle(2, true) && !unacked.settle(1, false));
        unacked.end_transaction();
        unacked.select_transactions();
        assert!(unacked.settle(3, false));
        unacked.end_transaction();
        assert!(unacked.settle(4, false) && unacked.len() == 4);
        unacked.settle_transaction(false);
        assert_eq!(outstanding(&unacked), [1, 2]);
        unacked.settle_transaction(true);
        assert_eq!((outstanding(&unacked), unacked.len()), ([1, 2].to_vec(), 3));
        assert!(unacked.settle(0, true) && outstanding(&unacked).is_empty());
        unacked.end_transaction();
        unacked.settle_transaction(true);
        assert_eq!(unacked.len(), 0);
    }

    #[test]
    fn recovering_retires_what_was_sent_before() {
        let mut unacked = delivered(2);
        unacked.recover(true);
        assert!(unacked.enter(3, true) && !unacked.settle(1, false) && !unacked.settle(3, false));
        unacked.recovered();
        assert!(unacked.enter(4, true) && unacked.settle(4, false));
    }
}
