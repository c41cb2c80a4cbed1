//! Publishes that wait for their confirm: those of a client on both sides.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

/// The ledger of one channel, from confirm.select on (`CNF-01`).
#[derive(Clone, Debug, Default)]
pub(crate) struct Confirms(Option<Box<Ledger>>);

#[derive(Clone, Debug, Default)]
struct Ledger {
    /// The request that has selected them and has no reply yet.
    selected_by: Option<u64>,
    /// The number of the oldest publish in `settled`, less one.
    before: u64,
    /// For each publish since then, whether it has been confirmed; the first one has not.
    settled: VecDeque<bool>,
    unsettled: u32,
}

/// So many places are kept for publishes when all are confirmed; more were for a burst.
const KEPT: usize = 16 << 10;

impl Confirms {
    /// Counts publishes from here on; selecting again changes nothing (`CNF-02`). `request`: the one
    /// whose reply tells that the peer counts too.
    pub(crate) fn select(&mut self, request: Option<u64>) {
        let ledger = || Box::new(Ledger { selected_by: request, ..Ledger::default() });
        self.0.get_or_insert_with(ledger);
    }

    /// Select-ok in answer to this request.
    pub(crate) fn selected(&mut self, request: u64) {
        if let Some(ledger) = &mut self.0 {
            ledger.selected_by = ledger.selected_by.filter(|pending| *pending != request);
        }
    }

    /// Whether what comes back may still be a publish that was made before they were selected.
    pub(crate) fn is_selecting(&self) -> bool {
        self.0.as_ref().is_some_and(|ledger| ledger.selected_by.is_some())
    }

    /// Publishes without a confirm.
    pub(crate) fn unsettled(&self) -> u32 {
        self.0.as_ref().map_or(0, |ledger| ledger.unsettled)
    }

    /// Publishes since the oldest without a confirm, which is what has to be remembered.
    pub(crate) fn remembered(&self) -> usize {
        self.0.as_ref().map_or(0, |ledger| ledger.settled.len())
    }

    /// Enters a publish and gives its number, 0 outside confirm mode.
    #[inline(always)]
    pub(crate) fn enter(&mut self) -> u64 {
        let Some(ledger) = &mut self.0 else { return 0 };
        ledger.enter()
    }

    /// Gives back memory that nothing waits in.
    pub(crate) fn release(&mut self) {
        if let Some(ledger) = self.0.as_mut().filter(|ledger| ledger.settled.is_empty()) {
            ledger.settled = VecDeque::new();
        }
    }

    /// Whether something is outstanding under this tag, or nothing but tag 0 with `multiple` is meant.
    pub(crate) fn knows(&self, tag: u64, multiple: bool) -> bool {
        let Some(ledger) = &self.0 else { return false };
        match (tag, multiple) {
            (0, multiple) => multiple,
            // The first one waits, so every higher tag settles something.
            (_, true) => tag > ledger.before && tag <= ledger.last(),
            (_, false) => {
                let place = tag.checked_sub(ledger.before + 1).map(usize::try_from);
                let settled = place.and_then(|place| ledger.settled.get(place.ok()?));
                settled == Some(&false)
            }
        }
    }

    /// Forgets all publishes and tells each run of numbers whose fate stays unknown (`CNF-06`).
    pub(crate) fn abandon(&mut self, run: impl FnMut(u64, u64)) {
        self.settle(0, true, run);
        *self = Self::default();
    }

    /// Settles one publish, or all up to it (`CNF-03`), and tells each run of numbers that this
    /// settles. False: nothing was outstanding under this tag.
    pub(crate) fn settle(&mut self, tag: u64, multiple: bool, run: impl FnMut(u64, u64)) -> bool {
        // Whatever comes where nothing is confirmed is unknown.
        self.0.as_mut().is_some_and(|ledger| ledger.settle(tag, multiple, run))
    }
}

impl Ledger {
    fn enter(&mut self) -> u64 {
        self.settled.push_back(false);
        self.unsettled = self.unsettled.saturating_add(1);
        self.last()
    }

    /// The number of the last publish.
    fn last(&self) -> u64 {
        self.before + self.settled.len() as u64
    }

    fn settle(&mut self, tag: u64, multiple: bool, mut run: impl FnMut(u64, u64)) -> bool {
        let last = self.last();
        let tag = if tag == 0 && multiple { last } else { tag };
        if tag <= self.before || tag > last {
            // Tag 0 with `multiple` and nothing outstanding is harmless; anything else is unknown.
            return multiple && tag == last && self.settled.is_empty();
        }
        let mut first = None;
        let mut any = false;
        let from = if multiple { self.before + 1 } else { tag };
        for number in from..=tag {
            let place = usize::try_from(number - self.before - 1).unwrap_or(usize::MAX);
            let Some(settled) = self.settled.get_mut(place) else { break };
            if *settled {
                if let Some(first) = first.take() {
                    run(first, number - 1);
                }
                continue;
            }
            *settled = true;
            self.unsettled = self.unsettled.saturating_sub(1);
            any = true;
            first.get_or_insert(number);
        }
        if let Some(first) = first {
            run(first, tag);
        }
        while self.settled.front() == Some(&true) {
            self.settled.pop_front();
            self.before += 1;
        }
        if self.settled.is_empty() && self.settled.capacity() > KEPT {
            self.settled = VecDeque::new();
        }
        any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    fn settle(confirms: &mut Confirms, tag: u64, multiple: bool) -> (Vec<(u64, u64)>, bool) {
        let mut runs = Vec::new();
        let known = confirms.settle(tag, multiple, |first, last| runs.push((first, last)));
        (runs, known)
    }

    fn five() -> Confirms {
        let mut confirms = Confirms::default();
        assert_eq!(confirms.enter(), 0);
        confirms.select(Some(7));
        confirms.select(Some(8));
        confirms.selected(8);
        assert!(confirms.is_selecting());
        confirms.selected(7);
        assert!(!confirms.is_selecting());
        assert_eq!((1..=5).map(|_| confirms.enter()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        confirms
    }

    #[test]
    fn multiple_tells_the_runs_between_what_was_settled_singly() {
        let mut confirms = five();
        assert_eq!(settle(&mut confirms, 3, false), (vec![(3, 3)], true));
        assert_eq!(settle(&mut confirms, 4, true), (vec![(1, 2), (4, 4)], true));
        assert_eq!(confirms.unsettled(), 1);
        assert_eq!(settle(&mut confirms, 0, true), (vec![(5, 5)], true));
        assert_eq!(settle(&mut confirms, 0, true), (vec![], true));
        assert_eq!(confirms.enter(), 6);
    }

    #[test]
    fn what_can_be_settled_is_known_before() {
        let mut confirms = five();
        settle(&mut confirms, 1, false);
        settle(&mut confirms, 3, false);
        for tag in 0..=7 {
            for multiple in [false, true] {
                let known = confirms.knows(tag, multiple);
                assert_eq!(
                    known,
                    settle(&mut confirms.clone(), tag, multiple).1,
                    "{tag} {multiple}"
                );
            }
        }
        assert!(!Confirms::default().knows(0, true) && !confirms.knows(u64::MAX, true));
        assert_eq!(settle(&mut Confirms::default(), 0, true), (vec![], false));
        let mut runs = Vec::new();
        confirms.abandon(|first, last| runs.push((first, last)));
        assert_eq!((runs, confirms.enter()), (vec![(2, 2), (4, 5)], 0));
    }

    #[test]
    fn unknown_and_repeated_tags_are_told() {
        let mut confirms = five();
        for (tag, multiple) in [(0, false), (6, false), (6, true), (u64::MAX, true)] {
            assert_eq!(settle(&mut confirms, tag, multiple), (vec![], false), "{tag} {multiple}");
        }
        settle(&mut confirms, 2, false);
        assert_eq!(settle(&mut confirms, 2, false), (vec![], false));
        settle(&mut confirms, 2, true);
        assert_eq!(settle(&mut confirms, 1, true), (vec![], false));
    }
}
