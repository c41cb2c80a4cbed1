//! Joins a returned message to the publish that it was (`CNF-04`).

use alloc::collections::BTreeSet;

use crate::channel::ledger::Ledger;
use crate::event::Fate;
use crate::protocol::{Properties, basic};
use crate::wire::ShortStr;

/// What two publishes have to share to look the same when they come back: a hash of exchange, routing
/// key and property octets, so that these need not be kept, and the length of the body.
///
/// The hash has 64 bits: each word of eight octets is rotated in, xored and multiplied. It is quick and no
/// secret, so whoever chooses the octets can choose some that look like another publish's. Nothing takes
/// longer then, as what is alike stands in order too; and a return that several publishes may be is told as
/// such, just as for publishes that are the same in truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Likeness {
    hash: u64,
    body_size: u64,
}

impl Likeness {
    /// That of a publish, if it may come back.
    pub(crate) fn of_publish(
        method: &basic::Publish<'_>,
        properties: &Properties<'_>,
        body_size: u64,
    ) -> Option<Self> {
        (method.mandatory || method.immediate).then(|| {
            let route = Self::of_route(method.exchange, method.routing_key);
            Self::new(route, properties, body_size)
        })
    }

    /// The same with another body.
    pub(crate) const fn with_body(self, body_size: u64) -> Self {
        Self { body_size, ..self }
    }

    /// Begins with what the method tells.
    pub(crate) fn of_route(exchange: ShortStr<'_>, routing_key: ShortStr<'_>) -> u64 {
        hashed(hash_of(exchange.as_octets()), routing_key.as_octets())
    }

    /// Ends with what the header tells.
    pub(crate) fn new(route: u64, properties: &Properties<'_>, body_size: u64) -> Self {
        let hash = mixed(route, properties.flags().into());
        Self { hash: hashed(hash, properties.as_octets()), body_size }
    }
}

/// Stands for a name whose octets need not be kept. Two that are made to look the same gain nothing:
/// whoever replies to the one by the name of the other could as well have told the right name.
pub(crate) fn hash_of(name: &[u8]) -> u64 {
    hashed(HASH_OF_NOTHING, name)
}

/// Not zero, which octets of zero would leave as it is.
const HASH_OF_NOTHING: u64 = 0xCBF2_9CE4_8422_2325;

/// Goes on with these octets, and with where they end.
fn hashed(hash: u64, octets: &[u8]) -> u64 {
    let words = octets.chunks_exact(8);
    // At most seven octets, so that the uppermost one is free to tell how many.
    let last = words.remainder();
    let last = last.iter().fold(last.len() as u64, |word, octet| word << 8 | u64::from(*octet));
    let words = words.map(|word| word.try_into().map_or(0, u64::from_le_bytes));
    mixed(words.fold(hash, mixed), last)
}

/// One to one in either argument, so that what differs in one word differs.
const fn mixed(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Mandatory and immediate publishes that may still come back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Returns {
    waiting: Ledger<Likeness>,
    /// Those that the last confirm has nacked: Broker-J sends its nack first and the message then.
    settled: Ledger<Likeness>,
    /// Both by likeness, from the first return that had to be looked for among many until nothing is left:
    /// to go through all of them for each return would let a peer choose how long that takes.
    index: Option<BTreeSet<(Likeness, u64)>>,
}

/// In a number of the index: the publish waits for its confirm. Those that are settled come before it.
const WAITS: u64 = 1 << 63;

/// Among so many a return is looked for without an index.
const FEW: usize = 16;

/// The publish that came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Returned {
    pub(crate) number: u64,
    /// Others that look the same may come back too.
    pub(crate) is_one_of_several: bool,
}

impl Returns {
    pub(crate) fn enter(&mut self, number: u64, likeness: Likeness) {
        self.waiting.enter(number, likeness);
        if let Some(index) = &mut self.index {
            index.insert((likeness, number | WAITS));
        }
    }

    fn len(&self) -> usize {
        self.settled.len() + self.waiting.len()
    }

    /// Whether nothing can come back.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives back memory that nothing waits in.
    pub(crate) fn release(&mut self) {
        self.waiting.release();
        self.settled.release();
    }

    /// A confirm has come: what earlier ones have settled comes back no more.
    pub(crate) fn confirm(&mut self) {
        if let Some(index) = &mut self.index {
            for (number, likeness) in self.settled.iter() {
                index.remove(&(*likeness, number));
            }
        }
        self.settled.clear();
    }

    /// The confirm settles these publishes. One that is acked has come back before, or never will.
    pub(crate) fn settle(&mut self, first: u64, last: u64, fate: Fate) {
        for number in first..=last {
            let Some(likeness) = self.waiting.take(number) else { continue };
            let is_nacked = fate == Fate::Nacked;
            if is_nacked {
                self.settled.enter(number, likeness);
            }
            if let Some(index) = &mut self.index {
                index.remove(&(likeness, number | WAITS));
                if is_nacked {
                    index.insert((likeness, number));
                }
            }
        }
        self.let_go_of_index();
    }

    /// The oldest publish that looks like this; it comes back only once.
    pub(crate) fn take(&mut self, likeness: Likeness) -> Option<Returned> {
        if self.index.is_none() && self.len() > FEW {
            self.index = Some(self.entries().collect());
        }
        let (number, is_one_of_several) = match &mut self.index {
            Some(index) => {
                let found = first_two(index.range((likeness, 0)..=(likeness, u64::MAX)).copied())?;
                index.remove(&(likeness, found.0));
                found
            }
            None => first_two(self.entries().filter(|(other, _)| *other == likeness))?,
        };
        if number & WAITS == 0 {
            self.settled.take(number);
        } else {
            self.waiting.take(number & !WAITS);
        }
        self.let_go_of_index();
        Some(Returned { number: number & !WAITS, is_one_of_several })
    }

    /// All that can come back, those that are settled first.
    fn entries(&self) -> impl Iterator<Item = (Likeness, u64)> {
        let settled = self.settled.iter().map(|(number, likeness)| (*likeness, number));
        let waiting = self.waiting.iter().map(|(number, likeness)| (*likeness, number | WAITS));
        settled.chain(waiting)
    }

    fn let_go_of_index(&mut self) {
        if self.is_empty() {
            self.index = None;
        }
    }
}

/// The first number, and whether there is another one.
fn first_two(mut alike: impl Iterator<Item = (Likeness, u64)>) -> Option<(u64, bool)> {
    let (_, number) = alike.next()?;
    Some((number, alike.next().is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::TableLimits;
    use alloc::vec::Vec;

    fn likeness(key: &str, body_size: u64) -> Likeness {
        Likeness::new(Likeness::of_route("x".into(), key.into()), &Properties::EMPTY, body_size)
    }

    fn waiting(publishes: &[(&str, u64)]) -> Returns {
        let mut returns = Returns::default();
        for (number, (key, size)) in (1..).zip(publishes) {
            returns.enter(number, likeness(key, *size));
        }
        returns
    }

    fn taken(returns: &mut Returns, key: &str, size: u64) -> Option<(u64, bool)> {
        returns.take(likeness(key, size)).map(|told| (told.number, told.is_one_of_several))
    }

    #[test]
    fn the_oldest_that_looks_the_same_comes_back() {
        let mut returns = waiting(&[("a", 1), ("b", 1), ("a", 1), ("a", 2)]);
        assert_eq!(taken(&mut returns, "a", 1), Some((1, true)));
        assert_eq!(taken(&mut returns, "a", 2), Some((4, false)));
        assert_eq!(taken(&mut returns, "a", 1), Some((3, false)));
        assert_eq!(taken(&mut returns, "a", 1), None);
        assert_eq!(taken(&mut returns, "c", 1), None);
        let route = Likeness::of_route("xb".into(), "".into());
        assert_eq!(returns.take(Likeness::new(route, &Properties::EMPTY, 1)), None);
        let properties = Properties::parse(&[0x80, 0, 0], &TableLimits::DEFAULT).unwrap();
        let route = Likeness::of_route("x".into(), "b".into());
        assert_eq!(returns.take(Likeness::new(route, &properties, 1)), None);
    }

    #[test]
    fn names_are_told_apart() {
        let mut names: Vec<Vec<u8>> = Vec::new();
        for len in 0..20 {
            let plain: Vec<u8> = (1..=len).collect();
            for changed in 0..plain.len() {
                let mut name = plain.clone();
                name[changed] ^= 0x80;
                names.push(name);
            }
            names.extend([alloc::vec![0; plain.len()], alloc::vec![b'a'; plain.len()], plain]);
        }
        names.sort();
        names.dedup();
        let mut hashes: Vec<u64> = names.iter().map(|name| hash_of(name)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), names.len());
        // Where the exchange ends counts, and so does every octet of the properties.
        let route = |exchange: &str, key: &str| Likeness::of_route(exchange.into(), key.into());
        assert_ne!(route("ab", "c"), route("a", "bc"));
        assert_ne!(route("12345678", ""), route("", "12345678"));
    }

    #[test]
    fn what_a_confirm_has_settled_comes_back_until_the_next_one() {
        let mut returns = waiting(&[("a", 1), ("b", 1), ("c", 1), ("d", 1)]);
        returns.confirm();
        returns.settle(1, 2, Fate::Nacked);
        assert_eq!(taken(&mut returns, "b", 1), Some((2, false)));
        returns.confirm();
        returns.settle(4, 4, Fate::Nacked);
        assert_eq!(taken(&mut returns, "a", 1), None);
        assert_eq!(taken(&mut returns, "d", 1), Some((4, false)));
        assert_eq!(taken(&mut returns, "c", 1), Some((3, false)));
    }

    #[test]
    fn each_that_is_nacked_comes_back_once() {
        let mut returns = waiting(&[("a", 1), ("b", 1), ("c", 1)]);
        returns.confirm();
        returns.settle(1, 3, Fate::Nacked);
        for (key, number) in [("b", 2), ("a", 1), ("c", 3)] {
            assert_eq!(taken(&mut returns, key, 1), Some((number, false)));
            assert_eq!(taken(&mut returns, key, 1), None);
        }
    }

    #[test]
    fn what_is_acked_comes_back_no_more() {
        let mut returns = waiting(&[("a", 1), ("a", 1), ("b", 1)]);
        returns.confirm();
        returns.settle(1, 1, Fate::Acked);
        assert_eq!(taken(&mut returns, "a", 1), Some((2, false)));
        returns.confirm();
        returns.settle(2, 3, Fate::Acked);
        assert_eq!(taken(&mut returns, "b", 1), None);
    }

    /// What an index finds is what a walk through all finds.
    #[test]
    fn among_many_the_same_comes_back_as_among_few() {
        let mut state = 1_u64;
        let mut random = |below: u64| {
            state =
                state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
            (state >> 33) % below
        };
        for _ in 0..200 {
            let (mut returns, mut model, mut last) = (Returns::default(), Vec::new(), 0);
            for _ in 0..300 {
                match random(8) {
                    0..4 => {
                        last += 1;
                        let size = random(4);
                        returns.enter(last, likeness("a", size));
                        model.push((false, last, size));
                    }
                    4 => {
                        let (first, is_nack) = (random(last + 1), random(2) == 1);
                        let until = (first + random(4)).min(last);
                        returns.confirm();
                        model.retain(|(is_settled, ..)| !is_settled);
                        let fate = if is_nack { Fate::Nacked } else { Fate::Acked };
                        returns.settle(first, until, fate);
                        let is_in = |number: u64| (first..=until).contains(&number);
                        model.retain(|(_, number, _)| is_nack || !is_in(*number));
                        for (is_settled, number, _) in &mut model {
                            *is_settled = is_in(*number);
                        }
                    }
                    _ => {
                        let size = random(5);
                        model.sort_by_key(|(is_settled, number, _)| (!is_settled, *number));
                        let place = model.iter().position(|(.., other)| *other == size);
                        let number = place.map(|place| model.remove(place).1);
                        let several = model.iter().any(|(.., other)| *other == size);
                        let expected = number.map(|number| (number, several));
                        assert_eq!(taken(&mut returns, "a", size), expected);
                    }
                }
                assert_eq!(returns.len(), model.len());
            }
            last += 1;
            returns.confirm();
            returns.settle(1, last, Fate::Acked);
            assert!(returns.is_empty() && returns.index.is_none());
        }
    }
}
