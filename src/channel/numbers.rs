//! A set of channel numbers.

use alloc::vec::Vec;

/// Channel numbers, a bit each up to the highest that was ever among them.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    words: Vec<u32>,
}

impl Numbers {
    pub(super) const fn new() -> Self {
        Self { words: Vec::new() }
    }

    pub(super) fn insert(&mut self, number: u16) {
        let (place, bit) = place(number);
        if let Some(missing) = (place + 1).checked_sub(self.words.len()) {
            self.words.reserve_exact(missing);
            self.words.resize(place + 1, 0);
        }
        if let Some(word) = self.words.get_mut(place) {
            *word |= bit;
        }
    }

    pub(super) fn remove(&mut self, number: u16) {
        let (place, bit) = place(number);
        if let Some(word) = self.words.get_mut(place) {
            *word &= !bit;
        }
    }

    pub(super) fn contains(&self, number: u16) -> bool {
        let (place, bit) = place(number);
        self.words.get(place).is_some_and(|word| word & bit != 0)
    }
}

/// The word that a number is in, and its bit there.
const fn place(number: u16) -> (usize, u32) {
    ((number / 32) as usize, 1 << (number % 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_and_go_one_by_one() {
        let mut numbers = Numbers::new();
        let some = [1, 31, 32, 33, 2047, 65_535, 64, 1];
        for (count, number) in some.into_iter().enumerate() {
            numbers.insert(number);
            let is_in = |number: &u16| some[..=count].contains(number);
            assert!((0..=u16::MAX).all(|number| numbers.contains(number) == is_in(&number)));
        }
        for number in [32, 65_535, 5, 32] {
            numbers.remove(number);
            assert!(!numbers.contains(number));
        }
        assert!([1, 31, 33, 64, 2047].into_iter().all(|number| numbers.contains(number)));
    }

    #[test]
    fn there_is_no_more_than_a_bit_for_each_number() {
        let mut numbers = Numbers::new();
        numbers.remove(65_535);
        assert!(!numbers.contains(0) && numbers.words.capacity() == 0);
        numbers.insert(2047);
        assert_eq!(numbers.words.capacity(), 64);
        numbers.insert(7);
        numbers.insert(65_535);
        assert_eq!(numbers.words.capacity(), 2048);
    }
}
