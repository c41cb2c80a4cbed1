//! The input of `client` and `server`: where the connection starts, then what happens to it.
//!
//! ```text
//! tape  = start step*
//! start = stage limits tuning options          four octets, of which `start.rs` tells the meaning
//! step  = number operands                      one of the rows of `steps!` below
//! ```
//!
//! An operand is an octet, or two for a length (high octet first), or a length of two octets and as many
//! octets. Only the five low bits of a step's number count. Numbers that aren't given away are rounds. What
//! the end of the tape cuts off reads as zeros, and as many octets as there are. So every octet string is a
//! tape, and every list of steps has one. Numbers, operands and their meaning stay as they are: stored inputs
//! depend on them. What is new gets a number that isn't given away.

/// Reads operands off the front.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What an operand may be.
trait Operand: Sized {
    fn read(from: &mut Reader<'_>) -> Self;
    fn write(&self, to: &mut Vec<u8>);
}

impl Operand for u8 {
    fn read(from: &mut Reader<'_>) -> Self {
        let (first, rest) = from.0.split_first().unwrap_or((&0, &[]));
        from.0 = rest;
        *first
    }

    fn write(&self, to: &mut Vec<u8>) {
        to.push(*self);
    }
}

impl Operand for u16 {
    fn read(from: &mut Reader<'_>) -> Self {
        Self::from_be_bytes([u8::read(from), u8::read(from)])
    }

    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.to_be_bytes());
    }
}

impl Operand for Vec<u8> {
    fn read(from: &mut Reader<'_>) -> Self {
        let len = usize::from(u16::read(from)).min(from.0.len());
        let (octets, rest) = from.0.split_at(len);
        from.0 = rest;
        octets.into()
    }

    fn write(&self, to: &mut Vec<u8>) {
        u16::try_from(self.len()).unwrap().write(to);
        to.extend_from_slice(self);
    }
}

/// Where the connection starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) stage: u8,
    pub(crate) limits: u8,
    pub(crate) tuning: u8,
    pub(crate) options: u8,
}

impl Start {
    pub(crate) fn read(from: &mut Reader<'_>) -> Self {
        let [stage, limits, tuning, options] = [(); 4].map(|()| u8::read(from));
        Self { stage, limits, tuning, options }
    }
}

macro_rules! steps {
    ($($(#[$doc:meta])* $number:literal $name:ident { $($operand:ident: $type:ty),* })*) => {
        /// What happens next.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(crate) enum Step {
            $($(#[$doc])* $name { $($operand: $type),* },)*
        }

        impl Step {
            /// The next step of a tape, which isn't empty.
            pub(crate) fn read(from: &mut Reader<'_>) -> Self {
                match u8::read(from) & 0x1F {
                    $($number => Self::$name { $($operand: <$type>::read(from)),* },)*
                    _ => Self::Round {},
                }
            }

            /// Puts it at the end of a tape.
            pub(crate) fn write(&self, to: &mut Vec<u8>) {
                match self {
                    $(Self::$name { $($operand),* } => {
                        to.push($number);
                        $($operand.write(to);)*
                    })*
                }
            }
        }
    };
}

steps! {
    /// One round of a driver: polls all, answers nothing, writes all.
    0 Round {}
    /// Octets of the peer as they are.
    1 Octets { octets: Vec<u8> }
    /// A frame of the peer with its length and its end.
    2 Frame { frame_type: u8, channel: u8, payload: Vec<u8> }
    /// A well-formed method of the peer's side, by its place among those of the dialect; `filling` 0: all
    /// arguments zero or empty, else with something in each. Where `at` isn't 0, that octet behind the ids
    /// (counted from 1, and around) is replaced by `value`.
    3 Method { channel: u8, index: u8, filling: u8, at: u8, value: u8 }
    /// A content header of the peer; `size` and `properties` choose among some.
    4 Header { channel: u8, size: u8, properties: u8 }
    /// A body frame of the peer with so many octets.
    5 Body { channel: u8, len: u16 }
    /// As many octets, which need not be frames.
    6 Filler { octet: u8, len: u16 }
    /// What the peer sent last, so many times more.
    7 Repeat { times: u8 }
    /// The peer answers what this side has asked for and written: the oldest request, or all.
    8 Answer { all: u8 }
    /// How octets are handed in from here on: by which door, in pieces of which size, whether each is polled.
    9 Way { door: u8, size: u8, polls: u8 }
    /// Time passes (or runs backwards), and is told.
    10 Clock { by: u8 }
    /// The time comes that `poll_timeout` tells.
    11 Due {}
    /// Polls so many events; 0: all.
    12 Poll { most: u8 }
    /// Writes so many octets, in one of several ways; 0: all.
    13 Transmit { way: u8, most: u16 }
    /// A command of the application, by its number.
    14 Command { which: u8, channel: u8, first: u8, second: u8 }
    /// The command that this method is: a request, a reply to the oldest request, a notice, open or close.
    15 Say { channel: u8, payload: Vec<u8> }
    /// The content that begins with this method; properties with their flags, and the body's length.
    16 SayContent { channel: u8, payload: Vec<u8>, properties: Vec<u8>, len: u16 }
    /// The application answers whatever it owes.
    17 Settle {}
    /// From here on a copy of the connection goes along.
    18 Copy {}
    /// The stream of the peer ends.
    19 Eof {}
}

/// A tape of these steps.
pub(crate) fn record(start: Start, steps: &[Step]) -> Vec<u8> {
    let mut tape = vec![start.stage, start.limits, start.tuning, start.options];
    for step in steps {
        step.write(&mut tape);
    }
    tape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let octets = b"octets".to_vec();
        let steps = [
            Step::Round {},
            Step::Octets { octets: octets.clone() },
            Step::Method { channel: 1, index: 2, filling: 3, at: 4, value: 5 },
            Step::Body { channel: 1, len: 4097 },
            Step::SayContent {
                channel: 1,
                payload: octets.clone(),
                properties: Vec::new(),
                len: 300,
            },
            Step::Eof {},
        ];
        let start = Start { stage: 9, limits: 1, tuning: 2, options: 3 };
        let tape = record(start, &steps);
        let mut from = Reader::new(&tape);
        assert_eq!(Start::read(&mut from), start);
        for step in steps {
            assert_eq!(Step::read(&mut from), step);
        }
        assert!(from.is_empty());
    }

    #[test]
    fn what_is_cut_off_reads_as_zeros() {
        let read = |tape: &[u8]| Step::read(&mut Reader::new(tape));
        assert_eq!(read(&[1, 0, 9, b'x']), Step::Octets { octets: b"x".to_vec() });
        assert_eq!(read(&[5]), Step::Body { channel: 0, len: 0 });
        assert_eq!(read(&[0xFF]), Step::Round {});
    }
}
