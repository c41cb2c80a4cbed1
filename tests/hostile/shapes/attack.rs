//! What a peer sends, and how both sides behave meanwhile.

use alloc::rc::Rc;
use core::cell::Cell;
use core::time::Duration;

use amqp_proto::{Connection, Event};

/// Appends what a peer sends next; nothing: it is silent from here on.
type Octets = Box<dyn FnMut(&mut Vec<u8>)>;

/// A peer, and what the application of its victim does.
pub(crate) struct Attack {
    pub(crate) octets: Octets,
    pub(crate) application: Application,
    pub(crate) reads: Reads,
    /// The most octets that arrive at a time.
    pub(crate) piece: usize,
    /// How long the peer waits before each piece.
    pub(crate) pause: Duration,
    /// What follows when nothing moves any more although the peer has more to send.
    pub(crate) at_last: AtLast,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtLast {
    Nothing,
    /// The peer ends the stream.
    End,
    /// Time passes.
    Time,
}

/// What an application does about an event.
type Act = Box<dyn FnMut(&mut Connection, &Event)>;

pub(crate) enum Application {
    /// Lets everybody in, and takes all events.
    Polls,
    /// Takes no events.
    Sleeps,
    /// Takes events, and never decides anything.
    Hesitates,
    /// Lets everybody in, takes all events and does something.
    Does(Act),
}

/// What the peer takes of what it is sent.
pub(crate) enum Reads {
    All,
    Nothing,
    /// At most so many octets, as often as it sends a piece.
    AtMost(usize),
    /// Nothing until so many octets wait, and then, a sixteenth of them at a time, until a quarter is left; and
    /// whether it is reading.
    InWaves(usize, Rc<Cell<bool>>),
}

impl Attack {
    /// `next` appends what comes as the n-th, counted from 0.
    pub(crate) fn sends(mut next: impl FnMut(u64, &mut Vec<u8>) + 'static) -> Self {
        let mut number = 0;
        let octets = move |out: &mut Vec<u8>| {
            next(number, out);
            number += 1;
        };
        Self {
            octets: Box::new(octets),
            application: Application::Polls,
            reads: Reads::All,
            piece: usize::MAX,
            pause: Duration::ZERO,
            at_last: AtLast::Nothing,
        }
    }

    /// The same octets again and again.
    pub(crate) fn floods(octets: impl Into<Vec<u8>>) -> Self {
        Self::begins(Vec::new(), octets)
    }

    /// Something, and then other octets again and again.
    pub(crate) fn begins(first: impl Into<Vec<u8>>, then: impl Into<Vec<u8>>) -> Self {
        let (first, then) = (first.into(), then.into());
        Self::sends(move |number, out| {
            if number == 0 {
                out.extend_from_slice(&first);
            }
            out.extend_from_slice(&then);
        })
    }

    /// Something, and then nothing any more.
    pub(crate) fn says(octets: impl Into<Vec<u8>>) -> Self {
        Self::begins(octets, Vec::new())
    }

    pub(crate) fn silence() -> Self {
        Self::says(Vec::new())
    }

    /// The peer reads nothing.
    pub(crate) fn unread(self) -> Self {
        Self { reads: Reads::Nothing, ..self }
    }

    /// `next` appends what comes while the peer is reading or isn't, as many octets waiting as these.
    pub(crate) fn in_waves(
        octets: usize,
        mut next: impl FnMut(bool, &mut Vec<u8>) + 'static,
    ) -> Self {
        let is_reading = Rc::new(Cell::new(false));
        let reads = Reads::InWaves(octets, is_reading.clone());
        Self { reads, ..Self::sends(move |_, out| next(is_reading.get(), out)) }
    }

    pub(crate) fn read_slowly(self, octets: usize) -> Self {
        Self { reads: Reads::AtMost(octets), ..self }
    }

    /// The application takes no events.
    pub(crate) fn unpolled(self) -> Self {
        Self { application: Application::Sleeps, ..self }
    }

    pub(crate) fn undecided(self) -> Self {
        Self { application: Application::Hesitates, ..self }
    }

    /// What the application does about each event.
    pub(crate) fn meets(self, act: impl FnMut(&mut Connection, &Event) + 'static) -> Self {
        Self { application: Application::Does(Box::new(act)), ..self }
    }

    pub(crate) fn at_last(self, at_last: AtLast) -> Self {
        Self { at_last, ..self }
    }

    /// The octets come one by one.
    pub(crate) fn dripping(self, pause: Duration) -> Self {
        Self { piece: 1, pause, ..self }
    }
}
