//! The list of consumers, found by their tags, and those that are gone.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ops::Range;

#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// In no order.
    pub(super) list: Vec<Consumer>,
    /// Their places in the list, in the order of their tags, those of one tag in the order in which they
    /// were asked for. Places are small: one that comes before a thousand others moves them.
    pub(super) order: Vec<u32>,
    /// How many more were asked for whose tags the server chooses, and has not told.
    pub(super) unnamed: usize,
    /// The places of those that this side has ended without a reply, in the order of their ends.
    pub(super) unproven: VecDeque<u32>,
    /// The last of those that are gone: deliveries to them, and news of their end, may still come.
    pub(super) gone: VecDeque<(Box<[u8]>, bool)>,
    /// How many in both have deliveries that need no ack.
    pub(super) quiet: usize,
    /// How many there were when they were counted last.
    pub(super) counted: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Consumer {
    pub(super) tag: Box<[u8]>,
    pub(super) needs_ack: bool,
    /// The basic.consume that has no reply yet: nothing is delivered before it (`BAS-01`).
    pub(super) begins_with: Option<u64>,
    /// The basic.cancel that has no reply yet: until then deliveries may come (`BAS-01`). If it wants none,
    /// the reply to a later request tells as much.
    pub(super) ends_with: Option<u64>,
}

/// So many consumers that are gone are remembered.
const GONE: usize = 8;

impl Known {
    /// The consumer of this rank in the order.
    pub(super) fn at(&self, rank: usize) -> Option<&Consumer> {
        self.list.get(*self.order.get(rank)? as usize)
    }

    pub(super) fn at_mut(&mut self, rank: usize) -> Option<&mut Consumer> {
        self.list.get_mut(*self.order.get(rank)? as usize)
    }

    pub(super) fn first_mut(
        &mut self,
        tag: &[u8],
        is_it: impl Fn(&Consumer) -> bool,
    ) -> Option<&mut Consumer> {
        let rank = self.ranks(tag).find(|rank| self.at(*rank).is_some_and(&is_it))?;
        self.at_mut(rank)
    }

    /// The rank of one under this tag that is newer than those there are.
    pub(super) fn rank_behind(&self, tag: &[u8]) -> usize {
        self.rank_of_first(|other| other > tag)
    }

    /// The ranks of those under this tag.
    pub(super) fn ranks(&self, tag: &[u8]) -> Range<usize> {
        self.rank_of_first(|other| other >= tag)..self.rank_behind(tag)
    }

    /// Where the tags begin that are not below some tag.
    fn rank_of_first(&self, is_it: impl Fn(&[u8]) -> bool) -> usize {
        let is_before =
            |place: &u32| self.list.get(*place as usize).is_some_and(|other| !is_it(&other.tag));
        self.order.partition_point(is_before)
    }

    /// The rank of the consumer at this place.
    pub(super) fn rank_of(&self, place: u32) -> Option<usize> {
        let consumer = self.list.get(place as usize)?;
        let ranks = self.ranks(&consumer.tag);
        let start = ranks.start;
        let same = self.order.get(ranks)?;
        // Those of one tag end in the order in which they were asked for.
        let ends_with = self.ends_with(place);
        let guess = same.partition_point(|other| self.ends_with(*other) < ends_with);
        if same.get(guess) == Some(&place) {
            return Some(start + guess);
        }
        // A server has given one tag to several.
        same.iter().position(|other| *other == place).map(|found| start + found)
    }

    /// The request that ends the consumer at this place; later than all that were made, if there is none.
    pub(super) fn ends_with(&self, place: u32) -> u64 {
        let consumer = self.list.get(place as usize);
        consumer.and_then(|consumer| consumer.ends_with).unwrap_or(u64::MAX)
    }

    /// Where the consumer of this rank is among those that were ended without a reply.
    pub(super) fn unproven_at(&self, rank: usize) -> Option<usize> {
        let place = *self.order.get(rank)?;
        let ends_with = self.ends_with(place);
        let at = self.unproven.partition_point(|other| self.ends_with(*other) < ends_with);
        (self.unproven.get(at) == Some(&place)).then_some(at)
    }

    /// The oldest of those that were ended without a reply is gone.
    pub(super) fn settle_oldest(&mut self) {
        let oldest = self.unproven.pop_front();
        if let Some(rank) = oldest.and_then(|place| self.rank_of(place)) {
            self.remove(rank);
        }
    }

    pub(super) fn remove(&mut self, rank: usize) {
        let Some(place) = self.order.get(rank).copied() else { return };
        if let Some(at) = self.unproven_at(rank) {
            self.unproven.remove(at);
        }
        // The last of the list takes the place of the one that goes. It is found while it is there.
        let last = self.order.len() - 1;
        let rank_of_moved = u32::try_from(last).ok().filter(|last| *last != place);
        let rank_of_moved = rank_of_moved.and_then(|last| self.rank_of(last));
        let moved_unproven = rank_of_moved.and_then(|rank| self.unproven_at(rank));
        if let Some(moves) = moved_unproven.and_then(|at| self.unproven.get_mut(at)) {
            *moves = place;
        }
        if let Some(moves) = rank_of_moved.and_then(|rank| self.order.get_mut(rank)) {
            *moves = place;
        }
        self.order.remove(rank);
        let consumer = self.list.swap_remove(place as usize);
        self.quiet -= usize::from(!consumer.needs_ack);
        self.was(&consumer.tag, consumer.needs_ack);
    }

    /// A consumer is gone.
    pub(super) fn was(&mut self, tag: &[u8], needs_ack: bool) {
        if self.gone.len() >= GONE {
            let oldest = self.gone.pop_front();
            self.quiet -= usize::from(oldest.is_some_and(|(_, needs_ack)| !needs_ack));
        }
        self.gone.push_back((tag.into(), needs_ack));
        self.quiet += usize::from(!needs_ack);
    }
}
