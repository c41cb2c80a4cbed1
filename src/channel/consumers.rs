//! The consumers of a channel, as both sides know them.

mod known;

use alloc::boxed::Box;
use core::mem;

use known::{Consumer, Known};

use super::index;

/// Consumers from the moment they are asked for until their end is settled. A tag can be used anew while
/// the cancel of its last consumer is still unanswered, so several may share it: all but the last of them
/// have been cancelled, one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Consumers {
    /// Made with the first one.
    known: Option<Box<Known>>,
}

impl Consumers {
    /// How many there are, those counted that have no tag yet; not those that were ended without a reply.
    pub(crate) fn len(&self) -> usize {
        let len = |known: &Known| known.list.len() - known.unproven.len() + known.unnamed;
        self.known.as_deref().map_or(0, len)
    }

    /// How many there were when this was asked last, and how many there are now.
    pub(crate) fn count(&mut self) -> (u32, u32) {
        let now = u32::try_from(self.len()).unwrap_or(u32::MAX);
        self.known.as_mut().map_or((0, 0), |known| (mem::replace(&mut known.counted, now), now))
    }

    /// One was asked for whose tag is to be told.
    pub(crate) fn enter_unnamed(&mut self) {
        self.known.get_or_insert_default().unnamed += 1;
    }

    /// The tag of one of these was told.
    pub(crate) fn named(&mut self) {
        if let Some(known) = &mut self.known {
            known.unnamed = known.unnamed.saturating_sub(1);
        }
    }

    /// Whether a new consumer may not have this tag (`NAM-07`).
    pub(crate) fn is_taken(&self, tag: &[u8]) -> bool {
        self.of(tag).next_back().is_some_and(|last| last.ends_with.is_none())
    }

    /// A consumer was asked for; `begins_with`: the request whose reply is still to come.
    pub(crate) fn enter(&mut self, tag: &[u8], needs_ack: bool, begins_with: Option<u64>) {
        let consumer = Consumer { tag: tag.into(), needs_ack, begins_with, ends_with: None };
        let known = self.known.get_or_insert_default();
        // So many are never made: each takes octets.
        let Ok(place) = u32::try_from(known.list.len()) else { return };
        known.order.insert(known.rank_behind(tag), place);
        index::reserve(&mut known.list);
        known.list.push(consumer);
        known.quiet += usize::from(!needs_ack);
    }

    /// Consume-ok for the consumer that this request has asked for under this tag.
    pub(crate) fn begin(&mut self, tag: &[u8], request: u64) {
        let begins = |consumer: &Consumer| consumer.begins_with == Some(request);
        if let Some(begun) = self.known.as_mut().and_then(|known| known.first_mut(tag, begins)) {
            begun.begins_with = None;
        }
    }

    /// Basic.cancel has been sent, the reply to this request is awaited.
    pub(crate) fn cancel(&mut self, tag: &[u8], request: u64) {
        let Some(known) = &mut self.known else { return };
        let last = known.ranks(tag).next_back().and_then(|rank| known.at_mut(rank));
        if let Some(consumer) = last {
            consumer.ends_with.get_or_insert(request);
        }
    }

    /// Cancel-ok in answer to this request.
    pub(crate) fn cancelled(&mut self, tag: &[u8], request: u64) {
        let Some(known) = &mut self.known else { return };
        let ends = |consumer: &Consumer| consumer.ends_with == Some(request);
        if let Some(rank) = known.ranks(tag).find(|rank| known.at(*rank).is_some_and(ends)) {
            known.remove(rank);
        }
    }

    /// Basic.cancel has been sent by this request, which has no reply. Until it is proven that the peer
    /// has taken it, the consumer means what is on its way still. So many are kept at most.
    pub(crate) fn cancel_unproven(&mut self, tag: &[u8], request: u64, at_most: usize) {
        if at_most == 0 {
            return self.part(tag);
        }
        if !self.is_taken(tag) {
            return;
        }
        let Some(known) = &mut self.known else { return };
        let Some(rank) = known.ranks(tag).next_back() else { return };
        known.unproven.extend(known.order.get(rank));
        if let Some(consumer) = known.at_mut(rank) {
            consumer.ends_with = Some(request);
        }
        if known.unproven.len() > at_most {
            known.settle_oldest();
        }
    }

    /// The reply to this request has come, so the peer has taken what was sent before it (`BAS-13`).
    pub(crate) fn prove(&mut self, request: u64) {
        let Some(known) = &mut self.known else { return };
        while known.unproven.front().is_some_and(|place| known.ends_with(*place) < request) {
            known.settle_oldest();
        }
    }

    /// The consumer is gone, and nothing to it is on its way.
    pub(crate) fn part(&mut self, tag: &[u8]) {
        if !self.is_taken(tag) {
            return;
        }
        let Some(known) = &mut self.known else { return };
        if let Some(rank) = known.ranks(tag).next_back() {
            known.remove(rank);
        }
    }

    /// The server has cancelled the consumer. It can mean only one that has begun (`BAS-04`).
    pub(crate) fn cancelled_by_server(&mut self, tag: &[u8]) {
        if !self.end_crossed(tag) && self.takes_deliveries(tag).is_some() {
            self.part(tag);
        }
    }

    /// The peer tells the end of a consumer. Where that has crossed a cancel of one under this tag it means that
    /// one, and true is told (`BAS-04`).
    pub(crate) fn end_crossed(&mut self, tag: &[u8]) -> bool {
        let Some(known) = &mut self.known else { return false };
        let Some(rank) = known.ranks(tag).next() else { return false };
        let Some(oldest) = known.at(rank).filter(|oldest| oldest.ends_with.is_some()) else {
            return false;
        };
        // It ends once: the next such news means the next.
        if oldest.begins_with.is_none() && known.unproven_at(rank).is_some() {
            known.remove(rank);
        }
        true
    }

    /// A consumer is gone that was never entered.
    pub(crate) fn was(&mut self, tag: &[u8], needs_ack: bool) {
        self.known.get_or_insert_default().was(tag, needs_ack);
    }

    /// Whether one under this tag is among those that are remembered to be gone.
    pub(crate) fn is_gone(&self, tag: &[u8]) -> bool {
        self.needed_ack(tag).is_some()
    }

    /// Whether something can be delivered to it now, and then whether that needs an ack.
    pub(crate) fn takes_deliveries(&self, tag: &[u8]) -> Option<bool> {
        if let Some(needs_ack) = only_needs_ack(self.list(), tag) {
            return Some(needs_ack);
        }
        let begun = self.of(tag).rfind(|consumer| consumer.begins_with.is_none());
        begun.map(|consumer| consumer.needs_ack)
    }

    /// Whether a delivery under this tag needs an ack; one to an unknown consumer does (`BAS-13`).
    pub(crate) fn needs_ack(&self, tag: &[u8]) -> bool {
        let Some(known) = &self.known else { return true };
        if known.quiet == 0 {
            return true;
        }
        only_needs_ack(&known.list, tag).unwrap_or_else(|| self.needs_ack_of_one(tag))
    }

    /// The same where there are several, or none. Out of line, so that the usual case is short.
    #[inline(never)]
    fn needs_ack_of_one(&self, tag: &[u8]) -> bool {
        // What comes before consume-ok is meant for the last consumer under this tag.
        let asked_for = || self.of(tag).next().map(|consumer| consumer.needs_ack);
        self.takes_deliveries(tag)
            .or_else(|| self.needed_ack(tag))
            .or_else(asked_for)
            .unwrap_or(true)
    }

    fn needed_ack(&self, tag: &[u8]) -> Option<bool> {
        let gone = &self.known.as_ref()?.gone;
        let last = gone.iter().rfind(|(gone, _)| **gone == *tag);
        last.map(|(_, needs_ack)| *needs_ack)
    }

    /// Gives back memory that many consumers have left. Those that are gone are still remembered.
    pub(crate) fn release(&mut self) {
        if let Some(known) = &mut self.known {
            known.list.shrink_to_fit();
            known.order.shrink_to_fit();
            known.unproven.shrink_to_fit();
            known.gone.shrink_to_fit();
        }
    }

    fn list(&self) -> &[Consumer] {
        self.known.as_ref().map_or(&[], |known| &known.list)
    }

    /// Those under this tag, the oldest first.
    fn of(&self, tag: &[u8]) -> impl DoubleEndedIterator<Item = &Consumer> {
        self.known.iter().flat_map(move |known| known.ranks(tag).filter_map(|rank| known.at(rank)))
    }
}

/// Mostly there is one consumer, which has this tag and has begun: whether its deliveries need an ack.
#[inline]
fn only_needs_ack(list: &[Consumer], tag: &[u8]) -> Option<bool> {
    let [only] = list else { return None };
    (only.begins_with.is_none() && is_same(&only.tag, tag)).then_some(only.needs_ack)
}

/// The call that compares octets of any length takes longer than to compare two words, in which most
/// tags fit.
#[inline]
fn is_same(tag: &[u8], other: &[u8]) -> bool {
    if tag.len() != other.len() || !(8..=16).contains(&tag.len()) {
        return tag == other;
    }
    let words = |tag: &[u8]| tag.first_chunk::<8>().copied().zip(tag.last_chunk::<8>().copied());
    words(tag) == words(other)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn a_consumer_takes_deliveries_from_consume_ok_to_cancel_ok() {
        let mut consumers = Consumers::default();
        consumers.enter(b"b", true, Some(1));
        consumers.enter(b"a", false, Some(2));
        assert!(consumers.is_taken(b"a") && consumers.takes_deliveries(b"a").is_none());
        consumers.begin(b"a", 1);
        consumers.begin(b"c", 2);
        assert_eq!(consumers.takes_deliveries(b"a"), None);
        consumers.begin(b"a", 2);
        assert_eq!(consumers.takes_deliveries(b"a"), Some(false));
        consumers.cancel(b"a", 3);
        assert!(!consumers.is_taken(b"a") && !consumers.needs_ack(b"a"));
        assert_eq!(consumers.takes_deliveries(b"a"), Some(false));
        consumers.cancelled(b"a", 4);
        assert_eq!(consumers.takes_deliveries(b"a"), Some(false));
        consumers.cancelled(b"a", 3);
        assert_eq!((consumers.takes_deliveries(b"a"), consumers.len()), (None, 1));
        // One that is on its way still was meant for it.
        assert!(consumers.is_gone(b"a") && !consumers.needs_ack(b"a") && consumers.needs_ack(b"c"));
    }

    #[test]
    fn a_consumer_may_be_cancelled_before_it_begins() {
        let mut consumers = Consumers::default();
        consumers.enter(b"a", true, Some(1));
        consumers.cancel(b"a", 2);
        consumers.enter(b"a", false, Some(3));
        consumers.cancel(b"a", 4);
        assert_eq!((consumers.len(), consumers.takes_deliveries(b"a")), (2, None));
        consumers.begin(b"a", 1);
        assert_eq!(consumers.takes_deliveries(b"a"), Some(true));
        consumers.cancelled(b"a", 2);
        assert_eq!(consumers.takes_deliveries(b"a"), None);
        consumers.begin(b"a", 3);
        assert_eq!(consumers.takes_deliveries(b"a"), Some(false));
        consumers.cancelled(b"a", 4);
        assert_eq!(consumers.len(), 0);
    }

    #[test]
    fn a_tag_that_is_being_cancelled_can_be_used_anew() {
        let mut consumers = Consumers::default();
        consumers.enter(b"a", true, None);
        consumers.cancel(b"a", 1);
        consumers.enter(b"a", false, Some(2));
        // The first one's deliveries still come, and the server's cancel means that one.
        assert!(consumers.is_taken(b"a") && consumers.needs_ack(b"a"));
        consumers.cancelled_by_server(b"a");
        consumers.begin(b"a", 2);
        assert!(!consumers.needs_ack(b"a"));
        consumers.cancelled(b"a", 1);
        assert!(consumers.is_taken(b"a") && !consumers.needs_ack(b"a"));
        consumers.cancelled_by_server(b"a");
        assert_eq!(consumers.len(), 0);
    }

    #[test]
    fn each_tag_is_found_among_others() {
        let tags = [b"c", b"a", b"e", b"b", b"d"];
        let mut consumers = Consumers::default();
        for (request, tag) in (1_u64..).zip(tags) {
            consumers.enter(tag, request % 2 == 0, Some(request));
            consumers.cancel(tag, request + 10);
            consumers.enter(tag, request % 2 == 1, None);
        }
        for (request, tag) in (1_u64..).zip(tags) {
            assert_eq!(consumers.takes_deliveries(tag), Some(request % 2 == 1));
            consumers.cancelled(tag, request + 10);
            consumers.part(tag);
            assert!(!consumers.is_taken(tag) && consumers.is_gone(tag));
            let left = tags.iter().filter(|tag| consumers.is_taken(&tag[..])).count();
            assert_eq!(left as u64, 5 - request);
        }
        assert_eq!(consumers.len(), 0);
    }

    #[test]
    fn the_second_of_one_tag_may_end_first() {
        let mut consumers = Consumers::default();
        consumers.enter(b"a", true, None);
        for (needs_ack, request) in [(true, 1), (false, 2)] {
            consumers.enter(b"b", needs_ack, None);
            consumers.cancel(b"b", request);
        }
        consumers.cancelled(b"b", 2);
        assert_eq!((consumers.takes_deliveries(b"b"), consumers.len()), (Some(true), 2));
        assert!(consumers.is_taken(b"a"));
    }

    #[test]
    fn a_server_cancels_what_has_begun() {
        let mut consumers = Consumers::default();
        consumers.enter(b"a", true, Some(1));
        consumers.cancelled_by_server(b"a");
        assert_eq!(consumers.len(), 1);
        consumers.begin(b"a", 1);
        consumers.cancelled_by_server(b"a");
        assert_eq!(consumers.len(), 0);
    }

    #[test]
    fn ends_are_proven_in_their_order_wherever_the_consumers_are() {
        let tags: Vec<[u8; 1]> = (0..60_u8).map(|number| [number % 20 * 7 % 20]).collect();
        let (mut consumers, mut request) = (Consumers::default(), 0);
        for (number, tag) in tags.iter().enumerate() {
            consumers.part(tag);
            for needs_ack in [true, number % 2 == 0] {
                request += 1;
                consumers.cancel_unproven(tag, request, 40);
                consumers.enter(tag, needs_ack, None);
            }
            if number % 5 == 0 {
                consumers.cancelled_by_server(tag);
            }
            if number % 7 == 0 {
                consumers.prove(request.saturating_sub(20));
            }
            let known = consumers.known.as_deref().unwrap();
            for place in 0..known.list.len() {
                let place = u32::try_from(place).unwrap();
                assert_eq!(known.order[known.rank_of(place).unwrap()], place);
            }
            let ends = known.unproven.iter().map(|place| known.ends_with(*place));
            let ends: Vec<u64> = ends.collect();
            assert!(ends.is_sorted() && ends.len() <= 40 && !ends.contains(&u64::MAX));
            let ended = known.list.iter().filter(|consumer| consumer.ends_with.is_some());
            assert_eq!((ended.count(), consumers.len()), (ends.len(), tags_of(known)));
        }
        consumers.prove(request + 1);
        assert_eq!(
            consumers.known.map(|known| (known.list.len(), known.unproven.len())),
            Some((20, 0))
        );
    }

    fn tags_of(known: &Known) -> usize {
        let live = known.list.iter().filter(|consumer| consumer.ends_with.is_none());
        live.map(|consumer| &consumer.tag).collect::<alloc::collections::BTreeSet<_>>().len()
    }

    #[test]
    fn late_deliveries_to_the_last_that_are_gone_are_known() {
        let mut consumers = Consumers::default();
        for number in 0..=8_u8 {
            consumers.enter(&[number], false, None);
            consumers.part(&[number]);
            assert!(!consumers.needs_ack(&[number]));
        }
        assert!(consumers.needs_ack(&[0]) && !consumers.needs_ack(&[1]));
        // The tag is used anew: its first deliveries may still be the old one's.
        consumers.enter(&[1], true, Some(1));
        assert!(!consumers.needs_ack(&[1]));
        consumers.begin(&[1], 1);
        assert!(consumers.needs_ack(&[1]));
        consumers.part(&[1]);
        assert!(consumers.needs_ack(&[1]) && !consumers.needs_ack(&[2]));
        for number in 10..18_u8 {
            consumers.was(&[number], true);
        }
        assert_eq!(consumers.known.map(|known| known.quiet), Some(0));
    }
}
