//! Open channels: a slab of states, found through an index.
//!
//! The channel that was looked up last is found without the index. Opening channel 65,535 alone costs what
//! opening channel 1 costs.

use alloc::vec::Vec;

use crate::channel::index::{Index, NONE, reserve};
use crate::channel::numbers::Numbers;
use crate::channel::state::{ChannelPhase, ChannelState};

/// A place in the slab; valid while its channel is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u16);

/// All channels that aren't closed.
#[derive(Clone, Debug)]
pub(crate) struct ChannelTable {
    index: Index,
    slab: Vec<ChannelState>,
    /// Places in the slab whose channel is closed.
    vacant: Vec<u16>,
    /// No number below it is free,
    lowest: u16,
    /// and none between the two: a peer that closes channels could else have all be looked through again
    /// and again.
    second: u16,
    /// The channel that was looked up last, 0 for none, and its place.
    last: (u16, Slot),
    /// Numbers on which frames may still come that the peer had queued when it closed the channel.
    pub(super) straggling: Numbers,
}

impl ChannelTable {
    pub(crate) const fn new() -> Self {
        Self {
            index: Index::new(),
            slab: Vec::new(),
            vacant: Vec::new(),
            lowest: 1,
            second: 2,
            last: (0, Slot(NONE)),
            straggling: Numbers::new(),
        }
    }

    #[inline]
    pub(crate) fn find(&self, channel: u16) -> Option<Slot> {
        self.index.find(channel).map(Slot)
    }

    /// The same for frames: most come on the channel on which the one before came.
    #[inline]
    pub(crate) fn look_up(&mut self, channel: u16) -> Option<Slot> {
        if self.last.0 != channel {
            self.last = (channel, self.find(channel)?);
        }
        Some(self.last.1)
    }

    /// The channel with this number.
    #[inline]
    pub(crate) fn look_up_mut(&mut self, channel: u16) -> Option<&mut ChannelState> {
        let slot = self.look_up(channel)?;
        self.get_mut(slot)
    }

    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> Option<&ChannelState> {
        self.slab.get(usize::from(slot.0))
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut ChannelState> {
        self.slab.get_mut(usize::from(slot.0))
    }

    /// How many channels there are.
    pub(crate) fn len(&self) -> usize {
        self.slab.len() - self.vacant.len()
    }

    /// The lowest number up to `max` that is free and may be used.
    pub(crate) fn allocate(&mut self, max: u16, may_be_used: impl Fn(u16) -> bool) -> Option<u16> {
        while self.find(self.lowest).is_some() {
            self.lowest = self.lowest.checked_add(1)?.max(self.second);
            self.second = self.lowest;
        }
        if self.lowest > max || may_be_used(self.lowest) {
            return Some(self.lowest).filter(|number| *number <= max);
        }
        let mut second = self.second.max(self.lowest.checked_add(1)?);
        while self.find(second).is_some() {
            second = second.checked_add(1)?;
        }
        self.second = second;
        (second..=max).find(|number| self.find(*number).is_none() && may_be_used(*number))
    }

    /// Enters a channel whose number is free.
    pub(crate) fn insert(&mut self, state: ChannelState) -> Option<Slot> {
        let slot = match self.vacant.pop() {
            Some(slot) => slot,
            None => u16::try_from(self.slab.len()).ok().filter(|slot| *slot != NONE)?,
        };
        let number = state.id.number();
        match self.slab.get_mut(usize::from(slot)) {
            Some(place) => {
                let has_turn = place.has_turn;
                *place = ChannelState { has_turn, ..state };
            }
            None => {
                reserve(&mut self.slab);
                self.slab.push(state);
            }
        }
        self.index.enter(number, slot, self.len());
        Some(Slot(slot))
    }

    /// Closes a channel: its number is free again (`CHN-06`), its state is gone (`CHN-10`).
    pub(crate) fn remove(&mut self, slot: Slot) {
        let Some(state) = self.slab.get_mut(usize::from(slot.0)) else { return };
        if state.phase == ChannelPhase::Vacant {
            return;
        }
        let number = state.id.number();
        *state = ChannelState { has_turn: state.has_turn, ..ChannelState::vacant(state.id) };
        self.index.remove(number);
        if self.last.1 == slot {
            self.last = (0, Slot(NONE));
        }
        self.vacant.push(slot.0);
        if number < self.lowest {
            (self.lowest, self.second) = (number, self.lowest);
        } else if number > self.lowest {
            self.second = self.second.min(number);
        }
    }

    /// Gives back memory that channels have left that were many, or had much to do.
    pub(crate) fn release(&mut self) {
        while self.slab.last().is_some_and(|state| state.phase == ChannelPhase::Vacant) {
            self.slab.pop();
        }
        let places = self.slab.len();
        self.vacant.retain(|slot| usize::from(*slot) < places);
        self.vacant.shrink_to_fit();
        self.slab.shrink_to_fit();
        self.index.release(self.len(), places);
        for state in &mut self.slab {
            state.release();
        }
    }

    /// The places of all channels, in the order of the slab.
    pub(crate) fn slots(&self) -> impl Iterator<Item = Slot> + use<> {
        (0..u16::try_from(self.slab.len()).unwrap_or(NONE)).map(Slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::state::ChannelPhase;
    use crate::event::ChannelId;

    fn open(table: &mut ChannelTable, number: u16) -> Slot {
        let id = ChannelId::new(number).unwrap();
        table.insert(ChannelState::new(id, ChannelPhase::Open)).unwrap()
    }

    #[test]
    fn the_lowest_free_number_is_given_out() {
        let mut table = ChannelTable::new();
        let slots = [1, 2, 4].map(|number| open(&mut table, number));
        assert_eq!(table.allocate(10, |_| true), Some(3));
        table.remove(slots[0]);
        assert_eq!(table.allocate(10, |_| true), Some(1));
        open(&mut table, 1);
        open(&mut table, 3);
        assert_eq!((table.allocate(4, |_| true), table.allocate(10, |_| true)), (None, Some(5)));
    }

    #[test]
    fn all_numbers_can_be_open_at_once() {
        let mut table = ChannelTable::new();
        for number in 1..=u16::MAX {
            assert_eq!(table.allocate(u16::MAX, |_| true), Some(number));
            open(&mut table, number);
        }
        assert_eq!((table.allocate(u16::MAX, |_| true), table.len()), (None, 65_535));
        let slot = table.find(40_000).unwrap();
        table.remove(slot);
        assert_eq!((table.find(40_000), table.allocate(u16::MAX, |_| true)), (None, Some(40_000)));
    }

    #[test]
    fn what_closed_channels_have_left_is_given_back() {
        let mut table = ChannelTable::new();
        let slots: Vec<Slot> = (1..=100).map(|number| open(&mut table, number)).collect();
        for slot in &slots {
            if ![slots[0], slots[2]].contains(slot) {
                table.remove(*slot);
                table.remove(*slot);
            }
        }
        table.release();
        assert_eq!((table.len(), table.slab.capacity(), table.vacant.capacity()), (2, 3, 1));
        assert_eq!(
            [1, 2, 3, 4].map(|number| table.find(number).is_some()),
            [true, false, true, false]
        );
        assert_eq!((open(&mut table, 7), open(&mut table, 8)), (Slot(1), Slot(3)));
        assert_eq!((table.look_up(8), table.allocate(100, |_| true)), (Some(Slot(3)), Some(2)));
    }

    /// What is in the session's round robin is the place.
    #[test]
    fn a_place_keeps_its_turn() {
        let mut table = ChannelTable::new();
        let slot = open(&mut table, 1);
        table.get_mut(slot).unwrap().has_turn = true;
        table.remove(slot);
        assert!(table.get(slot).unwrap().has_turn);
        assert_eq!(open(&mut table, 2), slot);
        assert!(table.get(slot).unwrap().has_turn);
    }

    /// Against a walk through all numbers.
    #[test]
    fn the_lowest_free_number_is_given_out_whatever_was_closed() {
        let mut state = 1_u64;
        let mut random = |below: u64| {
            state =
                state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
            u16::try_from((state >> 33) % below).unwrap()
        };
        for _ in 0..100 {
            let mut table = ChannelTable::new();
            for _ in 0..300 {
                let number = random(20) + 1;
                match (random(5), table.find(number)) {
                    (0, None) => drop(open(&mut table, number)),
                    (0..=2, Some(slot)) => table.remove(slot),
                    (choice, _) => {
                        let (max, untold) = (random(22), random(6));
                        let is_free = |number: &u16| table.find(*number).is_none();
                        let expected =
                            (1..=max).find(|number| is_free(number) && *number != untold);
                        let given = table.allocate(max, |number| number != untold);
                        assert_eq!(given, expected);
                        if let Some(number) = given.filter(|_| choice > 2) {
                            open(&mut table, number);
                        }
                    }
                }
            }
        }
    }
}
