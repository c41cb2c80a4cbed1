//! Numbers that wait for something, in rising order, each with what has to be known of it then.

use alloc::collections::VecDeque;

/// Numbers enter at the end and leave anywhere. Leaving costs a search and, spread over all that
/// leave, a constant: what left in the middle stays as a gap until half of the entries are gaps.
#[derive(Clone, Debug)]
pub(crate) struct Ledger<T> {
    /// In rising order of their numbers; neither the first nor the last is a gap.
    entries: VecDeque<Entry<T>>,
    waiting: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry<T> {
    number: u64,
    value: T,
    is_gap: bool,
}

impl<T> Default for Ledger<T> {
    fn default() -> Self {
        Self { entries: VecDeque::new(), waiting: 0 }
    }
}

impl<T: Copy> Ledger<T> {
    /// Entries that 16 KiB have room for.
    const KEPT: usize = (16 << 10) / size_of::<Entry<T>>();

    pub(crate) const fn len(&self) -> usize {
        self.waiting
    }

    /// Enters a number above all that are in.
    pub(crate) fn enter(&mut self, number: u64, value: T) {
        self.entries.push_back(Entry { number, value, is_gap: false });
        self.waiting += 1;
    }

    /// Takes one number out.
    #[inline]
    pub(crate) fn take(&mut self, number: u64) -> Option<T> {
        // Mostly it is the oldest.
        if self.entries.front()?.number == number {
            return self.take_first(number).map(|(_, value)| value);
        }
        self.take_behind(number)
    }

    fn take_behind(&mut self, number: u64) -> Option<T> {
        let place = self.place(number)?;
        let entry = self.entries.get_mut(place)?;
        entry.is_gap = true;
        let value = entry.value;
        self.waiting -= 1;
        while self.entries.back().is_some_and(|entry| entry.is_gap) {
            self.entries.pop_back();
        }
        if self.entries.len() / 2 > self.waiting {
            self.entries.retain(|entry| !entry.is_gap);
        }
        Some(value)
    }

    /// Takes the lowest number out, if it is not above `last`.
    #[inline]
    pub(crate) fn take_first(&mut self, last: u64) -> Option<(u64, T)> {
        let first = self.entries.front().filter(|entry| entry.number <= last)?;
        let first = (first.number, first.value);
        self.entries.pop_front();
        self.waiting -= 1;
        loop {
            match self.entries.front() {
                None => break self.emptied(),
                Some(entry) if entry.is_gap => self.entries.pop_front(),
                Some(_) => break,
            };
        }
        Some(first)
    }

    /// What waits under this number.
    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        self.entries.get(self.place(number)?).map(|entry| &entry.value)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let place = self.place(number)?;
        self.entries.get_mut(place).map(|entry| &mut entry.value)
    }

    /// What waits under numbers above `last`, in rising order.
    pub(crate) fn behind(&self, last: u64) -> impl Iterator<Item = (u64, &T)> {
        let from = self.entries.partition_point(|entry| entry.number <= last);
        let waiting = self.entries.iter().skip(from).filter(|entry| !entry.is_gap);
        waiting.map(|entry| (entry.number, &entry.value))
    }

    /// Takes numbers above `last` out, but for those whose value is kept.
    pub(crate) fn retain_behind(&mut self, last: u64, keep: impl Fn(&T) -> bool) {
        let from = self.entries.partition_point(|entry| entry.number <= last);
        let mut at = from;
        for place in from..self.entries.len() {
            let Some(entry) = self.entries.get(place).copied() else { break };
            if !entry.is_gap && keep(&entry.value) {
                self.entries.swap(at, place);
                at += 1;
            } else if !entry.is_gap {
                self.waiting -= 1;
            }
        }
        self.entries.truncate(at);
        while self.entries.back().is_some_and(|entry| entry.is_gap) {
            self.entries.pop_back();
        }
        if self.entries.is_empty() {
            self.emptied();
        }
    }

    /// Gives back memory that nothing waits in.
    pub(crate) fn release(&mut self) {
        if self.entries.is_empty() {
            self.entries = VecDeque::new();
        }
    }

    /// Room for a few is kept, so that a ledger that fills and empties all the time asks for none.
    #[inline]
    fn emptied(&mut self) {
        if self.entries.capacity() > Self::KEPT {
            self.entries = VecDeque::new();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.emptied();
        self.waiting = 0;
    }

    /// What waits, in rising order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.entries.iter().filter(|entry| !entry.is_gap).map(|entry| (entry.number, &entry.value))
    }

    fn place(&self, number: u64) -> Option<usize> {
        // Mostly the numbers follow each other without a gap.
        let steps = number.checked_sub(self.entries.front()?.number)?;
        if steps == 0 {
            return Some(0);
        }
        let guess = usize::try_from(steps).unwrap_or(usize::MAX);
        let place = match self.entries.get(guess) {
            Some(entry) if entry.number == number => guess,
            _ => self.entries.binary_search_by_key(&number, |entry| entry.number).ok()?,
        };
        self.entries.get(place).filter(|entry| !entry.is_gap).map(|_| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn numbers(ledger: &Ledger<char>) -> Vec<u64> {
        ledger.iter().map(|(number, _)| number).collect()
    }

    fn with(numbers: &[u64]) -> Ledger<char> {
        let mut ledger = Ledger::default();
        for number in numbers {
            ledger.enter(*number, 'a');
        }
        ledger
    }

    #[test]
    fn numbers_leave_anywhere_and_once() {
        let mut ledger = with(&[3, 4, 7, 8, 9, 20]);
        assert_eq!((ledger.take(7), ledger.take(7), ledger.take(5)), (Some('a'), None, None));
        assert_eq!((ledger.take(2), ledger.take(21), ledger.take(u64::MAX)), (None, None, None));
        assert_eq!((ledger.get(8), ledger.get(7), ledger.get(6)), (Some(&'a'), None, None));
        assert_eq!((ledger.len(), numbers(&ledger)), (5, [3, 4, 8, 9, 20].to_vec()));
        assert_eq!((ledger.take(20), ledger.take(3)), (Some('a'), Some('a')));
        assert_eq!(ledger.take_first(3), None);
        assert_eq!((ledger.take_first(4), ledger.take_first(8)), (Some((4, 'a')), Some((8, 'a'))));
        assert_eq!((ledger.len(), numbers(&ledger)), (1, [9].to_vec()));
        ledger.clear();
        assert_eq!((ledger.len(), ledger.take(9)), (0, None));
    }

    #[test]
    fn gaps_never_outnumber_what_waits_for_long() {
        let mut ledger = with(&(1..=1000).collect::<Vec<_>>());
        for number in 2..1000 {
            assert_eq!(ledger.take(number), Some('a'));
            assert!(ledger.entries.len() <= 2 * ledger.len() + 1, "{number}");
        }
        assert_eq!(numbers(&ledger), [1, 1000]);
    }

    /// To close each gap at once would cost a walk for each number that leaves.
    #[test]
    fn gaps_stay_while_they_are_few() {
        let mut ledger = with(&(1..=1000).collect::<Vec<_>>());
        for number in 2..=500 {
            ledger.take(number);
        }
        assert_eq!((ledger.entries.len(), ledger.len()), (1000, 501));
    }

    #[test]
    fn numbers_behind_another_are_kept_or_leave() {
        for last in 0..=10 {
            for step in 1..4 {
                let mut ledger = with(&(1..=10).collect::<Vec<_>>());
                ledger.take(5);
                ledger.take(8);
                for number in (1..=10).step_by(step) {
                    if let Some(value) = ledger.get_mut(number) {
                        *value = 'b';
                    }
                }
                let is_kept = |number: &u64| {
                    ![5, 8].contains(number) && (*number <= last || (number - 1) % step as u64 == 0)
                };
                let expected: Vec<u64> = (1..=10).filter(is_kept).collect();
                let behind = ledger.behind(last).map(|(number, _)| number);
                let above = |number: &u64| *number > last && ![5, 8].contains(number);
                assert_eq!(behind.collect::<Vec<_>>(), (1..=10).filter(above).collect::<Vec<_>>());
                ledger.retain_behind(last, |value| *value == 'b');
                assert_eq!((numbers(&ledger), ledger.len()), (expected.clone(), expected.len()));
                assert!((1..=10).all(|n| ledger.get(n).is_some() == expected.contains(&n)));
                ledger.enter(11, 'c');
                assert_eq!(ledger.take(11), Some('c'));
            }
        }
    }
}
