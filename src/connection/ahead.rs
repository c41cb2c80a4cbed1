//! What can be told of a frame, or of the protocol header, from its first octets.

use crate::frame::{FRAME_HEADER_LEN, FRAME_OVERHEAD, FrameHeader, FrameType};

/// Octets of the protocol header.
pub(crate) const PROTOCOL_HEADER_LEN: usize = 8;

/// How the stream begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preamble {
    /// With a protocol header (towards a server).
    Expected,
    /// With a frame, or with a protocol header that refuses ours (towards a client; `HDR-05`).
    Possible,
    /// It is past.
    Past,
}

/// The first octets of a frame that isn't whole.
#[derive(Clone, Copy, Default)]
pub(crate) struct Ahead {
    octets: [u8; PROTOCOL_HEADER_LEN],
    len: u8,
}

impl Ahead {
    #[inline]
    pub(super) fn of(octets: &[u8]) -> Self {
        if let Some(octets) = octets.first_chunk::<PROTOCOL_HEADER_LEN>() {
            return Self { octets: *octets, len: u8::try_from(octets.len()).unwrap_or(0) };
        }
        let mut ahead = Self::default();
        for (place, octet) in ahead.octets.iter_mut().zip(octets) {
            *place = *octet;
            ahead.len += 1;
        }
        ahead
    }

    pub(crate) fn octets(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or(&[])
    }

    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The header of the frame, once it is there; the octets may be a protocol header's.
    #[inline]
    pub(super) fn header(&self) -> Option<FrameHeader> {
        self.octets().first_chunk::<FRAME_HEADER_LEN>().map(FrameHeader::parse)
    }
}

/// What is at the front of a stream.
pub(super) enum Unit {
    /// More octets are needed to tell: as many in all.
    Short(usize),
    Whole(usize),
    /// Longer than this side could ever agree to.
    Refused,
}

impl Unit {
    /// How long the frame or the protocol header at the front is.
    #[inline]
    pub(super) fn at_front(octets: &[u8], preamble: Preamble, ceiling: u32) -> Self {
        if preamble != Preamble::Past {
            if let Some(unit) = Self::at_beginning(octets, preamble) {
                return unit;
            }
        }
        match octets.first_chunk::<FRAME_HEADER_LEN>() {
            None => Self::Short(FRAME_HEADER_LEN),
            Some(header) => match FrameHeader::parse(header).size {
                size if size > ceiling => Self::Refused, // FRM-07: before any arithmetic
                size => Self::Whole(size as usize + FRAME_OVERHEAD),
            },
        }
    }

    #[cold]
    fn at_beginning(octets: &[u8], preamble: Preamble) -> Option<Self> {
        let begins_a_frame = octets.first().is_some_and(|octet| FrameType(*octet).is_known());
        match preamble {
            Preamble::Possible if begins_a_frame => None,
            _ if octets.len() < PROTOCOL_HEADER_LEN => Some(Self::Short(PROTOCOL_HEADER_LEN)),
            _ => Some(Self::Whole(PROTOCOL_HEADER_LEN)),
        }
    }
}
