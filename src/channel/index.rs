//! Which place of a slab has the channel of a number: chains of numbers with one hash.
//!
//! A look-up is two array reads where a chain has one link, as most have: there are at least as many
//! chains as channels, and numbers that follow each other are spread evenly. As the hash is one to one, so
//! many numbers at most can share a chain as there are numbers for each chain: whatever numbers a peer
//! chooses, among 4096 channels 16 have to be looked through, and never more than 256.

use alloc::vec;
use alloc::vec::Vec;

/// No place: a slab of 65,535 channels doesn't have it.
pub(super) const NONE: u16 = u16::MAX;

const FEWEST: usize = 4;
const MOST: usize = 1 << 16;

#[derive(Clone, Debug)]
pub(super) struct Index {
    /// The place that each chain begins with; a power of two of them, or none at all.
    heads: Vec<u16>,
    /// By place.
    links: Vec<Link>,
    /// How many bits of a hash aren't needed to choose among the chains.
    shift: u32,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    /// The number of the channel at this place, 0 for none.
    number: u16,
    /// The next place of its chain.
    next: u16,
}

impl Index {
    pub(super) const fn new() -> Self {
        Self { heads: Vec::new(), links: Vec::new(), shift: 0 }
    }

    /// The place of the channel with this number.
    #[inline]
    pub(super) fn find(&self, number: u16) -> Option<u16> {
        let mut place = *self.heads.get(self.chain(number))?;
        while let Some(link) = self.links.get(usize::from(place)) {
            if link.number == number {
                return Some(place);
            }
            place = link.next;
        }
        None
    }

    /// Enters a number that isn't in; `channels`: how many are in then. The place is free, and not more
    /// than one behind the last.
    pub(super) fn enter(&mut self, number: u16, place: u16, channels: usize) {
        if channels > self.heads.len() {
            self.rebuild(self.heads.len().saturating_mul(2).clamp(FEWEST, MOST));
        }
        let link = Link { number, next: NONE };
        match self.links.get_mut(usize::from(place)) {
            Some(free) => *free = link,
            None => {
                reserve(&mut self.links);
                self.links.push(link);
            }
        }
        self.hook(number, place);
    }

    /// Takes a number out that is in.
    pub(super) fn remove(&mut self, number: u16) {
        let chain = self.chain(number);
        let Some(place) = self.find(number) else { return };
        let Some(link) = self.links.get_mut(usize::from(place)) else { return };
        let next = core::mem::replace(link, Link { number: 0, next: NONE }).next;
        let mut at = self.heads.get_mut(chain);
        while let Some(pointer) = at {
            if *pointer == place {
                *pointer = next;
                return;
            }
            let before = usize::from(*pointer);
            at = self.links.get_mut(before).map(|link| &mut link.next);
        }
    }

    /// Gives back memory that so many channels at so many places don't need.
    pub(super) fn release(&mut self, channels: usize, places: usize) {
        self.links.truncate(places);
        self.links.shrink_to_fit();
        let enough = channels.next_power_of_two().clamp(FEWEST, MOST);
        if enough < self.heads.len() {
            self.rebuild(enough);
        }
    }

    /// Makes so many chains of what is in.
    fn rebuild(&mut self, chains: usize) {
        self.heads = vec![NONE; chains];
        self.shift = u16::BITS - chains.ilog2();
        for place in 0..u16::try_from(self.links.len()).unwrap_or(NONE) {
            let number = self.links.get(usize::from(place)).map_or(0, |link| link.number);
            if number > 0 {
                self.hook(number, place);
            }
        }
    }

    /// Begins the chain of this number with its place.
    fn hook(&mut self, number: u16, place: u16) {
        let chain = self.chain(number);
        let Some(head) = self.heads.get_mut(chain) else { return };
        let next = core::mem::replace(head, place);
        if let Some(link) = self.links.get_mut(usize::from(place)) {
            link.next = next;
        }
    }

    /// One to one before the shift, as the factor is odd; it is that of the golden ratio.
    #[inline]
    fn chain(&self, number: u16) -> usize {
        usize::from(number.wrapping_mul(0x9E37)) >> self.shift
    }
}

/// Makes room for one more, and for an eighth of what is there: what is long isn't copied each time, and
/// little of it stands empty.
pub(super) fn reserve<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 8 + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(numbers: impl IntoIterator<Item = u16>) -> Index {
        let mut index = Index::new();
        for (place, number) in (0..NONE).zip(numbers) {
            assert_eq!(index.find(number), None);
            index.enter(number, place, usize::from(place) + 1);
        }
        index
    }

    fn longest_chain(index: &Index) -> usize {
        let len = |head: &u16| {
            let next = |place: &u16| index.links.get(usize::from(*place)).map(|link| link.next);
            core::iter::successors(Some(*head), next).count() - 1
        };
        index.heads.iter().map(len).max().unwrap_or(0)
    }

    #[test]
    fn numbers_are_found_where_they_were_entered() {
        let numbers = [1, 2, 3, 40_000, 65_535, 256, 512, 4, 5];
        let mut index = with(numbers);
        assert_eq!((index.find(0), index.find(6)), (None, None));
        for (place, number) in (0..).zip(numbers) {
            assert_eq!(index.find(number), Some(place));
            index.remove(number);
            assert_eq!(index.find(number), None);
            assert!(numbers[usize::from(place) + 1..].iter().all(|n| index.find(*n).is_some()));
            index.release(numbers.len() - usize::from(place) - 1, numbers.len());
        }
        assert_eq!(index.heads.len(), FEWEST);
        index.enter(7, 3, 1);
        assert_eq!((index.find(7), index.find(40_000)), (Some(3), None));
    }

    #[test]
    fn no_choice_of_numbers_makes_long_chains() {
        assert!(longest_chain(&with(1..=u16::MAX)) == 1);
        for count in [10, 100, 2047, 10_000] {
            assert!(longest_chain(&with(1..=count)) <= 3, "{count}");
        }
        for bits in 2..16 {
            let count = 1_u16 << bits;
            let mut numbers: Vec<u16> = (1..=u16::MAX).collect();
            numbers.sort_by_key(|number| number.wrapping_mul(0x9E37));
            let index = with(numbers.into_iter().take(usize::from(count)));
            assert!(longest_chain(&index) <= (1 << 16 >> bits).min(usize::from(count)));
        }
    }
}
