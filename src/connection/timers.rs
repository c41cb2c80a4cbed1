//! A fixed table of deadlines; `poll_timeout` is their minimum.

use core::time::Duration;

use crate::time::Instant;

/// What a deadline is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The handshake is over by then (`HS-16`); the only one that nothing puts off.
    Handshake,
    /// Something must be sent by then (`HB-05`).
    Send,
    /// Something must have come by then (`HB-07`).
    Receive,
    /// Close-ok must have come by then (`CLS-09`).
    Close,
}

const ALL: [Timer; 4] = [Timer::Handshake, Timer::Send, Timer::Receive, Timer::Close];

#[derive(Clone, Copy, Debug, Default)]
enum Slot {
    #[default]
    Off,
    /// Set while no time was known: counts from the next `now`.
    Counting(Duration),
    At(Instant),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Timers {
    /// The latest time seen; time doesn't run backwards.
    now: Instant,
    slots: [Slot; ALL.len()],
}

impl Timers {
    pub(crate) fn new(now: Instant) -> Self {
        Self { now, slots: [Slot::Off; ALL.len()] }
    }

    /// The latest time seen.
    pub(crate) const fn now(&self) -> Instant {
        self.now
    }

    /// Takes note of the time, and counts from it what was set without one.
    pub(crate) fn see(&mut self, now: Instant) {
        self.now = self.now.max(now);
        for slot in &mut self.slots {
            if let Slot::Counting(delay) = *slot {
                *slot = Slot::At(self.now + delay);
            }
        }
    }

    /// Sets a deadline that counts from the next time seen.
    pub(crate) fn arm(&mut self, timer: Timer, delay: Duration) {
        *self.slot(timer) = Slot::Counting(delay);
    }

    /// Sets a deadline that counts from the time seen last.
    pub(crate) fn arm_from_now(&mut self, timer: Timer, delay: Duration) {
        *self.slot(timer) = Slot::At(self.now + delay);
    }

    pub(crate) fn stop(&mut self, timer: Timer) {
        *self.slot(timer) = Slot::Off;
    }

    pub(crate) fn stop_all(&mut self) {
        self.slots = [Slot::Off; ALL.len()];
    }

    /// Whether the deadline has passed. It stays: whoever asks clears or moves it.
    pub(crate) fn is_due(&self, timer: Timer) -> bool {
        matches!(self.slots.get(timer as usize), Some(Slot::At(at)) if *at <= self.now)
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        let deadline = |slot: &Slot| match slot {
            Slot::Off => None,
            Slot::Counting(delay) => Some(self.now + *delay),
            Slot::At(at) => Some(*at),
        };
        self.slots.iter().filter_map(deadline).min()
    }

    #[expect(clippy::indexing_slicing, reason = "the table has a place for each timer")]
    fn slot(&mut self, timer: Timer) -> &mut Slot {
        &mut self.slots[timer as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> Instant {
        Instant::from_origin(Duration::from_secs(seconds))
    }

    #[test]
    fn the_earliest_deadline_counts() {
        let mut timers = Timers::new(at(10));
        assert_eq!(timers.next(), None);
        timers.arm_from_now(Timer::Handshake, 5 * SECOND);
        timers.arm_from_now(Timer::Close, 2 * SECOND);
        assert_eq!(timers.next(), Some(at(12)));
        timers.see(at(12));
        assert!(timers.is_due(Timer::Close) && !timers.is_due(Timer::Handshake));
        timers.stop(Timer::Close);
        assert_eq!(timers.next(), Some(at(15)));
    }

    #[test]
    fn a_deadline_set_without_a_time_counts_from_the_next_one() {
        let mut timers = Timers::new(at(10));
        timers.arm(Timer::Send, 3 * SECOND);
        timers.see(at(20));
        assert_eq!(timers.next(), Some(at(23)));
    }

    #[test]
    fn time_does_not_run_backwards() {
        let mut timers = Timers::new(at(10));
        timers.see(at(5));
        timers.arm_from_now(Timer::Send, SECOND);
        assert_eq!(timers.next(), Some(at(11)));
    }
}
