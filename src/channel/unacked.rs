//! Deliveries that wait for their ack, as both sides keep them.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::channel::ledger::Ledger;

/// The ledger of one channel (`ACK-01`).
#[derive(Clone, Debug, Default)]
pub(crate) struct Unacked {
    /// The delivery-tag that was given last (`BAS-05`).
    last: u64,
    outstanding: Ledger<()>,
    rare: Option<Box<Rare>>,
}

/// What few channels need.
#[derive(Clone, Debug, Default)]
struct Rare {
    /// On a transacted channel the delivery-tags that the current transaction has acked, which count only
    /// once it is committed (`ACK-10`).
    transaction: Option<Vec<u64>>,
    /// Requests to recover that have no reply yet.
    recovering: u32,
}

/// For so many acks of a transaction room is kept when it has ended; more were for a burst.
const KEPT: usize = 1024;

impl Unacked {
    /// Deliveries without an ack that counts.
    pub(crate) fn len(&self) -> usize {
        let transaction = self.rare.as_ref().and_then(|rare| rare.transaction.as_ref());
        self.outstanding.len() + transaction.map_or(0, Vec::len)
    }

    /// Deliveries without an ack.
    pub(crate) fn outstanding(&self) -> usize {
        self.outstanding.len()
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
        if needs_ack && !self.is_recovering() {
            self.outstanding.enter(tag, ());
        }
        true
    }

    /// Gives back memory that nothing waits in.
    pub(crate) fn release(&mut self) {
        self.outstanding.release();
        if let Some(transaction) = self.transaction() {
            transaction.shrink_to_fit();
        } else if !self.is_recovering() {
            self.rare = None;
        }
    }

    #[inline]
    fn is_recovering(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.recovering > 0)
    }

    #[inline]
    fn transaction(&mut self) -> Option<&mut Vec<u64>> {
        self.rare.as_mut()?.transaction.as_mut()
    }

    /// Whether a delivery was ever made under this tag, which isn't 0.
    pub(crate) const fn was_delivered(&self, tag: u64) -> bool {
        tag <= self.last
    }

    /// Whether this may be acked, nacked or rejected (`ACK-01` to `ACK-04`).
    pub(crate) fn knows(&self, tag: u64, multiple: bool) -> bool {
        if tag == 0 { multiple } else { self.outstanding.contains(tag) }
    }

    /// Acks, nacks or rejects. False: nothing is outstanding under this tag, and nothing changed.
    pub(crate) fn settle(&mut self, tag: u64, multiple: bool) -> bool {
        if !multiple {
            // Numbers begin with 1, so 0 isn't found.
            let is_known = self.outstanding.take(tag).is_some();
            if let Some(acked) = self.transaction().filter(|_| is_known) {
                acked.push(tag);
            }
            return is_known;
        }
        if !self.knows(tag, multiple) {
            return false;
        }
        let last = if tag == 0 { u64::MAX } else { tag };
        while let Some((tag, ())) = self.outstanding.take_first(last) {
            if let Some(acked) = self.transaction() {
                acked.push(tag);
            }
        }
        true
    }

    /// The channel is transacted from here on; selecting again changes nothing (`TX-02`).
    pub(crate) fn select_transactions(&mut self) {
        self.rare.get_or_insert_default().transaction.get_or_insert_default();
    }

    /// A commit was asked for: the acks before it count, those behind it belong to the next transaction
    /// (`TX-02`). Requests take effect in their order, so there is no need to wait for the reply.
    pub(crate) fn commit(&mut self) {
        if let Some(acked) = self.transaction() {
            acked.clear();
            acked.shrink_to(KEPT);
        }
    }

    /// A rollback was asked for: the acks before it never were.
    pub(crate) fn roll_back(&mut self) {
        let rare = self.rare.as_mut();
        if let Some(acked) = rare.and_then(|rare| rare.transaction.as_mut()) {
            self.outstanding.restore(acked.drain(..).map(|tag| (tag, ())));
            acked.shrink_to(KEPT);
        }
    }

    /// Asked to recover: what is outstanding will be delivered anew, under new tags (`ACK-09`).
    pub(crate) fn recover(&mut self, has_reply: bool) {
        self.outstanding.clear();
        if has_reply {
            self.rare.get_or_insert_default().recovering += 1;
        }
    }

    pub(crate) fn recovered(&mut self) {
        if let Some(rare) = &mut self.rare {
            rare.recovering = rare.recovering.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut unacked = delivered(5);
        unacked.commit();
        unacked.roll_back();
        assert!(unacked.settle(5, false) && unacked.len() == 4);
        unacked.select_transactions();
        assert!(unacked.settle(2, true) && !unacked.settle(1, false) && unacked.settle(4, false));
        unacked.select_transactions();
        assert_eq!((unacked.len(), unacked.outstanding()), (4, 1));
        unacked.roll_back();
        assert_eq!(outstanding(&unacked), [1, 2, 3, 4]);
        // Acked anew, together with what was acked never.
        assert!(unacked.settle(3, true));
        unacked.commit();
        unacked.roll_back();
        assert_eq!((outstanding(&unacked), unacked.len()), ([4].to_vec(), 1));
        assert!(unacked.settle(0, true) && outstanding(&unacked).is_empty());
        unacked.commit();
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
