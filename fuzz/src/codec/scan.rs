//! The scanner, from any offset: it finds its way back, passes over no good frame, says where it is right,
//! and looks at nothing twice.

use amqp_proto::frame::{Cut, FRAME_END, Scanner, cut};

use super::frame::largest_payload;
use super::show;

/// The largest payload and an offset, then the stream.
pub(crate) fn run(input: &[u8]) {
    let Some((&[largest, high, low], stream)) = input.split_first_chunk() else { return };
    let offset = usize::from(u16::from_be_bytes([high, low]));
    let walk = Walk { stream, largest: largest_payload(largest) };
    walk.check(offset, false);
    walk.check(offset, true);
}

struct Walk<'a> {
    stream: &'a [u8],
    largest: u32,
}

impl Walk<'_> {
    /// Walks to the end like a dissector; `search`: from an offset at which perhaps no frame begins.
    fn check(&self, offset: usize, search: bool) {
        let len = self.stream.len();
        let mut scanner = Scanner::new(self.stream, self.largest).starting_at(offset);
        assert_eq!(scanner.position(), offset.min(len));
        assert!(format!("{scanner:?}").len() < 200, "octets are shown");
        if search && !self.resync(&mut scanner, false) {
            return;
        }
        // Each octet begins one frame or fault at most.
        for _ in 0..=len {
            let before = scanner.position();
            let failed = match scanner.next() {
                Some((at, Ok(frame))) => {
                    let consumed = frame.total_len();
                    assert_eq!(at, before, "the offset of a frame");
                    let expected = cut(&self.stream[at..], self.largest);
                    assert_eq!(expected, Ok(Cut::Frame { frame, consumed }), "at {at}");
                    assert_eq!(scanner.position(), at + consumed);
                    continue;
                }
                Some((at, Err(error))) => {
                    let expected = cut(&self.stream[at..], self.largest).unwrap_err();
                    assert_eq!((at, error), (before, expected.at(at)), "a fault at {at}");
                    assert!(!show(&error).is_empty());
                    true
                }
                None => {
                    let rest = &self.stream[before..];
                    let is_cut_off = matches!(cut(rest, self.largest), Ok(Cut::NeedMore { .. }));
                    assert!(is_cut_off, "frames were left at {before}");
                    assert_eq!(scanner.remaining(), rest);
                    false
                }
            };
            assert_eq!((scanner.position(), scanner.next()), (before, None), "not fused");
            if !failed || !self.resync(&mut scanner, true) {
                return;
            }
        }
        panic!("more frames and faults than octets");
    }

    /// Searches, and compares with a search that looks at every octet. False: there is nothing more.
    fn resync(&self, scanner: &mut Scanner<'_>, failed: bool) -> bool {
        // Not that of Iterator, which a mutable reference has.
        let position = |scanner: &Scanner<'_>| scanner.position();
        let first = position(scanner) + usize::from(failed);
        let found = scanner.resync();
        let from_first = || first..self.stream.len();
        let expected = from_first().find(|at| self.judge(*at) == Judgement::Good);
        assert_eq!(found, expected, "searched from {first}");
        let Some(at) = found else {
            let cut_off = from_first().find(|at| self.judge(*at) == Judgement::CutOff);
            assert_eq!(position(scanner), cut_off.unwrap_or(self.stream.len()), "what is kept");
            return false;
        };
        assert_eq!(position(scanner), at);
        assert!(at == first || !self.reads_on(first), "frames at {first} were passed over");
        assert!(matches!(cut(&self.stream[at..], self.largest), Ok(Cut::Frame { .. })));
        true
    }

    /// What may be said of a frame at an offset: written from the documentation of `resync`.
    fn judge(&self, at: usize) -> Judgement {
        let octets = &self.stream[at..];
        let Some(size) = self.begins_frame(octets) else { return Judgement::Bad };
        let Some(end) = size.filter(|size| 7 + size < octets.len()).map(|size| 7 + size) else {
            return Judgement::CutOff;
        };
        let next = &octets[end + 1..];
        if octets[end] == FRAME_END && (next.is_empty() || self.begins_frame(next).is_some()) {
            Judgement::Good
        } else {
            Judgement::Bad
        }
    }

    /// Whether octets may be the beginning of a frame that a peer sends; its size, if they tell it.
    fn begins_frame(&self, octets: &[u8]) -> Option<Option<usize>> {
        let least = match *octets.first()? {
            1 => 4,
            2 => 14,
            3 | 8 => 0,
            _ => return None,
        };
        let Some(header) = octets.first_chunk::<7>() else { return Some(None) };
        let [frame_type, c0, c1, s0, s1, s2, s3] = *header;
        let channel = u16::from_be_bytes([c0, c1]);
        let size = u32::from_be_bytes([s0, s1, s2, s3]);
        let fits = match frame_type {
            1 => true,
            8 => channel == 0 && size == 0,
            _ => channel > 0,
        };
        (fits && size >= least && size <= self.largest).then_some(usize::try_from(size).ok())
    }

    /// Whether the sequential cutter finds nothing but good frames from here to the end.
    fn reads_on(&self, mut at: usize) -> bool {
        if at >= self.stream.len() {
            return false;
        }
        while at < self.stream.len() {
            match cut(&self.stream[at..], self.largest) {
                Ok(Cut::Frame { consumed, .. })
                    if self.begins_frame(&self.stream[at..]).is_some() =>
                {
                    at += consumed;
                }
                _ => return false,
            }
        }
        true
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Judgement {
    Good,
    /// Nothing speaks against a frame here, but the octets end before it does.
    CutOff,
    Bad,
}
