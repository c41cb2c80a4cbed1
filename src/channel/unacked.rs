//! Deliveries that wait for their ack, as both sides keep them.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::channel::ledger::Ledger;

/// The ledger of one channel (`ACK-01`).
#[derive(Clone, Debug, Default)]
pub(crate) struct Unacked {
    /// The delivery-tag that was given last (`BAS-05`).
    last: u64,
    /// Deliveries without an ack that counts, and whether the transaction has acked them one by one.
    waiting: Ledger<bool>,
    rare: Option<Box<Rare>>,
}

/// What few channels need.
#[derive(Clone, Debug, Default)]
struct Rare {
    transaction: Option<Transaction>,
    /// Requests to recover that have no reply yet.
    recovering: u32,
}

/// The acks of a transacted channel count only once they are committed (`ACK-10`). Until then they change
/// nothing but this, so that neither an ack of many deliveries nor a rollback, which a peer can ask for again
/// and again, costs a step for each of them.
#[derive(Clone, Debug, Default)]
struct Transaction {
    /// All deliveries up to this tag are acked.
    up_to: u64,
    /// Those that were acked one by one.
    single: Vec<u64>,
    /// How many are acked in one way or the other, as far as that was counted.
    acked: usize,
}

/// For so many acks of a transaction room is kept when it has ended; more were for a burst.
const KEPT: usize = 1024;

impl Unacked {
    /// Deliveries without an ack that counts.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Deliveries without an ack, of the transaction either, on the side that [counts](Self::ack) these.
    #[inline]
    pub(crate) fn outstanding(&self) -> usize {
        self.waiting.len() - self.acked()
    }

    /// Deliveries that the transaction has acked, on the side that counts them.
    #[inline]
    pub(crate) fn acked(&self) -> usize {
        let transaction = self.rare.as_ref().and_then(|rare| rare.transaction.as_ref());
        transaction.map_or(0, |transaction| transaction.acked)
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
            self.waiting.enter(tag, false);
        }
        true
    }

    /// Gives back memory that nothing waits in.
    pub(crate) fn release(&mut self) {
        self.waiting.release();
        if let Some(transaction) = self.transaction() {
            transaction.single.shrink_to_fit();
        } else if !self.is_recovering() {
            self.rare = None;
        }
    }

    #[inline]
    fn is_recovering(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.recovering > 0)
    }

    #[inline]
    fn transaction(&mut self) -> Option<&mut Transaction> {
        self.rare.as_mut()?.transaction.as_mut()
    }

    /// All deliveries up to this tag are acked by the transaction.
    #[inline]
    fn up_to(&self) -> u64 {
        let transaction = self.rare.as_ref().and_then(|rare| rare.transaction.as_ref());
        transaction.map_or(0, |transaction| transaction.up_to)
    }

    /// Whether a delivery was ever made under this tag, which isn't 0.
    pub(crate) const fn was_delivered(&self, tag: u64) -> bool {
        tag <= self.last
    }

    /// Whether this may be acked, nacked or rejected (`ACK-01` to `ACK-04`).
    pub(crate) fn knows(&self, tag: u64, multiple: bool) -> bool {
        match self.rare {
            _ if tag == 0 => multiple,
            None => self.waiting.get(tag).is_some(),
            Some(_) => tag > self.up_to() && self.waiting.get(tag) == Some(&false),
        }
    }

    /// Acks, nacks or rejects. False: nothing is outstanding under this tag, and nothing changed.
    #[inline]
    pub(crate) fn settle(&mut self, tag: u64, multiple: bool) -> bool {
        if self.rare.is_some() && self.transaction().is_some() {
            return self.settle_in_transaction(tag, multiple);
        }
        if !multiple {
            // Numbers begin with 1, so 0 isn't found.
            return self.waiting.take(tag).is_some();
        }
        if !self.knows(tag, multiple) {
            return false;
        }
        let last = if tag == 0 { u64::MAX } else { tag };
        while self.waiting.take_first(last).is_some() {}
        true
    }

    #[cold]
    #[inline(never)]
    fn settle_in_transaction(&mut self, tag: u64, multiple: bool) -> bool {
        if !self.knows(tag, multiple) {
            return false;
        }
        let last = self.last;
        if let Some(is_acked) = self.waiting.get_mut(tag).filter(|_| !multiple) {
            *is_acked = true;
        }
        match self.transaction() {
            Some(transaction) if multiple => transaction.up_to = if tag == 0 { last } else { tag },
            Some(transaction) => transaction.single.push(tag),
            None => {}
        }
        true
    }

    /// The same for acks of this side, of which there is to be told how many aren't committed. That takes a
    /// step for each delivery, once in a transaction.
    #[inline]
    pub(crate) fn ack(&mut self, tag: u64, multiple: bool) {
        if self.rare.is_none() {
            self.settle(tag, multiple);
        } else {
            self.ack_counting(tag, multiple);
        }
    }

    #[cold]
    #[inline(never)]
    fn ack_counting(&mut self, tag: u64, multiple: bool) {
        let before = self.up_to();
        if !self.settle(tag, multiple) {
            return;
        }
        let up_to = self.up_to();
        let covered = self.waiting.behind(before).take_while(|(tag, _)| *tag <= up_to);
        let covered = covered.filter(|(_, is_acked)| !**is_acked).count();
        if let Some(transaction) = self.transaction() {
            transaction.acked += if multiple { covered } else { 1 };
        }
    }

    /// The channel is transacted from here on; selecting again changes nothing (`TX-02`).
    pub(crate) fn select_transactions(&mut self) {
        self.rare.get_or_insert_default().transaction.get_or_insert_default();
    }

    /// A commit was asked for: the acks before it count, those behind it belong to the next transaction
    /// (`TX-02`). Requests take effect in their order, so there is no need to wait for the reply.
    pub(crate) fn commit(&mut self) {
        let Some((up_to, mut single)) = self.end_transaction() else { return };
        while self.waiting.take_first(up_to).is_some() {}
        for tag in single.drain(..) {
            self.waiting.take(tag);
        }
        self.begin_transaction(single);
    }

    /// A rollback was asked for: the acks before it never were.
    pub(crate) fn roll_back(&mut self) {
        let Some((_, mut single)) = self.end_transaction() else { return };
        for tag in single.drain(..) {
            if let Some(is_acked) = self.waiting.get_mut(tag) {
                *is_acked = false;
            }
        }
        self.begin_transaction(single);
    }

    fn end_transaction(&mut self) -> Option<(u64, Vec<u64>)> {
        let ended = core::mem::take(self.transaction()?);
        Some((ended.up_to, ended.single))
    }

    /// The next one, with the room that the last one needed for single acks.
    fn begin_transaction(&mut self, mut single: Vec<u64>) {
        single.shrink_to(KEPT);
        if let Some(transaction) = self.transaction() {
            transaction.single = single;
        }
    }

    /// Asked to recover: what is outstanding will be delivered anew, under new tags (`ACK-09`).
    pub(crate) fn recover(&mut self, has_reply: bool) {
        let (up_to, last) = (self.up_to(), self.last);
        self.waiting.retain_behind(up_to, |is_acked| *is_acked);
        if let Some(transaction) = self.transaction() {
            // Nothing is left but what is acked, so that there is less to look at when it is asked again.
            transaction.up_to = last;
        }
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
        let tags = unacked.waiting.iter().map(|(tag, _)| tag);
        tags.filter(|tag| unacked.knows(*tag, false)).collect()
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
        assert_eq!((unacked.len(), outstanding(&unacked)), (4, [3].to_vec()));
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

    /// Against a list of what is acked, as it is said.
    #[test]
    fn transactions_are_what_they_are_said_to_be() {
        let mut state = 1_u64;
        let mut random = |below: u64| {
            state =
                state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
            (state >> 33) % below
        };
        for counts in [true, false].repeat(100) {
            let (mut unacked, mut waits, mut acked) = (delivered(0), Vec::new(), Vec::new());
            unacked.select_transactions();
            for _ in 0..200 {
                match random(10) {
                    0..4 => {
                        waits.push(unacked.next());
                        assert!(unacked.enter(unacked.next(), true));
                    }
                    4..8 => {
                        let (tag, multiple) = (random(unacked.next() + 1), random(3) == 0);
                        let is_known = waits.contains(&tag) || tag == 0 && multiple;
                        assert_eq!(unacked.knows(tag, multiple), is_known);
                        if counts {
                            unacked.ack(tag, multiple);
                        } else {
                            assert_eq!(unacked.settle(tag, multiple), is_known);
                        }
                        let is_meant =
                            |other: &u64| *other == tag || multiple && (*other <= tag || tag == 0);
                        if is_known {
                            acked.extend(waits.iter().copied().filter(is_meant));
                            waits.retain(|other| !is_meant(other));
                        }
                    }
                    8 if random(2) == 0 => {
                        unacked.commit();
                        acked.clear();
                    }
                    8 => {
                        unacked.roll_back();
                        waits.append(&mut acked);
                        waits.sort_unstable();
                    }
                    _ if random(4) == 0 => {
                        unacked.recover(false);
                        waits.clear();
                    }
                    _ => unacked.release(),
                }
                assert_eq!(outstanding(&unacked), waits);
                assert_eq!(unacked.len(), waits.len() + acked.len());
                if counts {
                    assert_eq!(unacked.outstanding(), waits.len());
                    assert_eq!(unacked.acked(), acked.len());
                }
            }
        }
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
