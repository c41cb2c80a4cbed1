//! The consumers of a channel, as both sides know them.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// In the order of their tags.
#[derive(Clone, Debug, Default)]
pub(crate) struct Consumers {
    list: Vec<Consumer>,
    /// How many of them have deliveries that need no ack.
    quiet: usize,
    /// The last of those that were cancelled without a reply to wait for: deliveries may still come.
    parting: Vec<Box<[u8]>>,
}

#[derive(Clone, Debug)]
struct Consumer {
    tag: Box<[u8]>,
    needs_ack: bool,
    phase: ConsumerPhase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConsumerPhase {
    /// This basic.consume has no reply yet: nothing is delivered before it (`BAS-01`).
    Asked(u64),
    Active,
    /// basic.cancel has no reply yet: deliveries may still come (`BAS-01`), the tag may be used anew.
    Cancelling,
}

/// So many tags of no-ack consumers are remembered that were cancelled with no-wait.
const PARTING: usize = 8;

impl Consumers {
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether a new consumer may not have this tag (`NAM-07`).
    pub(crate) fn is_taken(&self, tag: &[u8]) -> bool {
        self.get(tag).is_some_and(|consumer| consumer.phase != ConsumerPhase::Cancelling)
    }

    /// A consumer was asked for; `waits_for`: the request whose reply is still to come.
    pub(crate) fn enter(&mut self, tag: &[u8], needs_ack: bool, waits_for: Option<u64>) {
        let phase = waits_for.map_or(ConsumerPhase::Active, ConsumerPhase::Asked);
        self.remove(tag);
        if let Err(place) = self.place(tag) {
            self.list.insert(place, Consumer { tag: tag.into(), needs_ack, phase });
            self.quiet += usize::from(!needs_ack);
        }
    }

    /// Consume-ok for the consumer that this request has asked for under this tag. False: there is none,
    /// perhaps because it was cancelled since and the tag is in use anew.
    pub(crate) fn activate(&mut self, tag: &[u8], request: u64) -> bool {
        match self.get_mut(tag) {
            Some(consumer) if consumer.phase == ConsumerPhase::Asked(request) => {
                consumer.phase = ConsumerPhase::Active;
                true
            }
            _ => false,
        }
    }

    /// Basic.cancel has been sent, its reply is awaited.
    pub(crate) fn cancel(&mut self, tag: &[u8]) {
        if let Some(consumer) = self.get_mut(tag) {
            consumer.phase = ConsumerPhase::Cancelling;
        }
    }

    /// Cancel-ok, unless the tag is in use anew.
    pub(crate) fn cancelled(&mut self, tag: &[u8]) {
        if self.get(tag).is_some_and(|consumer| consumer.phase == ConsumerPhase::Cancelling) {
            self.remove(tag);
        }
    }

    /// The consumer is gone without a reply to wait for.
    pub(crate) fn part(&mut self, tag: &[u8]) {
        let Some(consumer) = self.remove(tag) else { return };
        if !consumer.needs_ack {
            if self.parting.len() >= PARTING {
                self.parting.remove(0);
            }
            self.parting.push(consumer.tag);
        }
    }

    /// The server has cancelled it. It can mean only one that has begun: where the tag is in use anew,
    /// the cancel has crossed that of the client (`BAS-04`).
    pub(crate) fn cancelled_by_server(&mut self, tag: &[u8]) {
        if self.takes_deliveries(tag).is_some() {
            self.part(tag);
        }
    }

    /// Whether something can be delivered to it now, and then whether that needs an ack.
    pub(crate) fn takes_deliveries(&self, tag: &[u8]) -> Option<bool> {
        let consumer = self.get(tag)?;
        (!matches!(consumer.phase, ConsumerPhase::Asked(_))).then_some(consumer.needs_ack)
    }

    /// Whether a delivery under this tag needs an ack; one to an unknown consumer does (`BAS-13`).
    pub(crate) fn needs_ack(&self, tag: &[u8]) -> bool {
        if self.quiet == 0 && self.parting.is_empty() {
            return true;
        }
        match self.get(tag) {
            Some(consumer) => consumer.needs_ack,
            None => !self.parting.iter().any(|parting| **parting == *tag),
        }
    }

    fn place(&self, tag: &[u8]) -> Result<usize, usize> {
        self.list.binary_search_by(|consumer| (*consumer.tag).cmp(tag))
    }

    fn get(&self, tag: &[u8]) -> Option<&Consumer> {
        self.list.get(self.place(tag).ok()?)
    }

    fn get_mut(&mut self, tag: &[u8]) -> Option<&mut Consumer> {
        let place = self.place(tag).ok()?;
        self.list.get_mut(place)
    }

    fn remove(&mut self, tag: &[u8]) -> Option<Consumer> {
        let place = self.place(tag).ok()?;
        let consumer = self.list.remove(place);
        self.quiet -= usize::from(!consumer.needs_ack);
        Some(consumer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_takes_deliveries_from_consume_ok_to_cancel_ok() {
        let mut consumers = Consumers::default();
        consumers.enter(b"b", true, Some(1));
        consumers.enter(b"a", false, Some(2));
        assert!(consumers.is_taken(b"a") && consumers.takes_deliveries(b"a").is_none());
        assert!(!consumers.activate(b"a", 1) && !consumers.activate(b"c", 2));
        assert!(consumers.activate(b"a", 2) && !consumers.activate(b"a", 2));
        assert_eq!(consumers.takes_deliveries(b"a"), Some(false));
        consumers.cancel(b"a");
        assert!(!consumers.is_taken(b"a") && !consumers.needs_ack(b"a"));
        assert_eq!(consumers.takes_deliveries(b"a"), Some(false));
        consumers.cancelled(b"a");
        assert_eq!((consumers.takes_deliveries(b"a"), consumers.len()), (None, 1));
        assert!(consumers.needs_ack(b"a"));
    }

    #[test]
    fn a_tag_that_is_being_cancelled_can_be_used_anew() {
        let mut consumers = Consumers::default();
        consumers.enter(b"a", true, None);
        consumers.cancel(b"a");
        consumers.enter(b"a", false, Some(1));
        consumers.cancelled(b"a");
        consumers.cancelled_by_server(b"a");
        assert!(consumers.is_taken(b"a") && consumers.activate(b"a", 1));
        assert!(!consumers.needs_ack(b"a"));
        consumers.enter(b"b", true, None);
        assert_eq!(consumers.len(), 2);
    }

    #[test]
    fn late_deliveries_of_no_ack_consumers_are_known() {
        let mut consumers = Consumers::default();
        for number in 0..=8_u8 {
            consumers.enter(&[number], false, None);
            consumers.part(&[number]);
            assert!(!consumers.needs_ack(&[number]));
        }
        assert!(consumers.needs_ack(&[0]) && !consumers.needs_ack(&[1]));
        consumers.enter(b"x", true, None);
        consumers.part(b"x");
        assert!(consumers.needs_ack(b"x"));
    }
}
