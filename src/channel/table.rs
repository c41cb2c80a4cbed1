//! Open channels: a slab of states, found through a paged index.
//!
//! A lookup is two array reads, and none for the channel that was looked up last. A page covers 256
//! numbers and is made when the first of them is opened, so that opening channel 65,535 alone costs one
//! entry and one page.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::channel::state::ChannelState;

/// A place in the slab; valid while its channel is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u16);

const NONE: u16 = u16::MAX;
const PAGE: usize = 256;

/// All channels that aren't closed.
#[derive(Clone, Debug)]
pub(crate) struct ChannelTable {
    /// By the high eight bits of a number, which page may be its own.
    directory: [u8; 256],
    #[expect(clippy::vec_box, reason = "a page must not move when the list of pages grows")]
    pages: Vec<Box<Page>>,
    slab: Vec<ChannelState>,
    /// Places in the slab whose channel is closed.
    vacant: Vec<u16>,
    /// No number below it is free.
    lowest: u16,
    /// The channel that was looked up last, 0 for none, and its place.
    last: (u16, Slot),
}

#[derive(Clone, Debug)]
struct Page {
    /// The high eight bits of the numbers.
    high: u8,
    /// By the low eight bits of a number, the place in the slab.
    slots: [u16; PAGE],
}

impl ChannelTable {
    pub(crate) const fn new() -> Self {
        Self {
            directory: [0; 256],
            pages: Vec::new(),
            slab: Vec::new(),
            vacant: Vec::new(),
            lowest: 1,
            last: (0, Slot(NONE)),
        }
    }

    #[inline]
    pub(crate) fn find(&self, channel: u16) -> Option<Slot> {
        let [high, low] = channel.to_be_bytes();
        let page = self.pages.get(usize::from(*self.directory.get(usize::from(high))?))?;
        if page.high != high {
            return None;
        }
        let slot = *page.slots.get(usize::from(low))?;
        (slot != NONE).then_some(Slot(slot))
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
            self.lowest = self.lowest.checked_add(1)?;
        }
        (self.lowest..=max).find(|number| self.find(*number).is_none() && may_be_used(*number))
    }

    /// Enters a channel whose number is free.
    pub(crate) fn insert(&mut self, state: ChannelState) -> Option<Slot> {
        let [high, low] = state.id.number().to_be_bytes();
        let slot = match self.vacant.pop() {
            Some(slot) => slot,
            None => u16::try_from(self.slab.len()).ok().filter(|slot| *slot != NONE)?,
        };
        let entry = self.directory.get_mut(usize::from(high))?;
        if self.pages.get(usize::from(*entry)).is_none_or(|page| page.high != high) {
            *entry = u8::try_from(self.pages.len()).ok()?;
            self.pages.push(Box::new(Page { high, slots: [NONE; PAGE] }));
        }
        let page = self.pages.get_mut(usize::from(*entry))?;
        *page.slots.get_mut(usize::from(low))? = slot;
        match self.slab.get_mut(usize::from(slot)) {
            Some(place) => *place = state,
            None => self.slab.push(state),
        }
        Some(Slot(slot))
    }

    /// Closes a channel: its number is free again (`CHN-06`), its state is gone (`CHN-10`).
    pub(crate) fn remove(&mut self, slot: Slot) {
        let Some(state) = self.slab.get_mut(usize::from(slot.0)) else { return };
        let number = state.id.number();
        *state = ChannelState::vacant(state.id);
        let [high, low] = number.to_be_bytes();
        let page = self.directory.get(usize::from(high)).copied().unwrap_or(0);
        let page = self.pages.get_mut(usize::from(page)).filter(|page| page.high == high);
        if let Some(entry) = page.and_then(|page| page.slots.get_mut(usize::from(low))) {
            *entry = NONE;
        }
        if self.last.1 == slot {
            self.last = (0, Slot(NONE));
        }
        self.vacant.push(slot.0);
        self.lowest = self.lowest.min(number);
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
}
