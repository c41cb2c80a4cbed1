//! Received octets that an event owns.

use core::ops::Deref;

use bytes::Bytes;

/// A payload: copied where it is short, else shared. To share takes two atomic operations, several
/// times what reading an ack costs, and pins the buffer.
#[derive(Clone)]
pub(crate) enum Octets {
    /// What lies behind the first `len` octets has no meaning.
    Short {
        len: u8,
        octets: [u8; SHORT],
    },
    Shared(Bytes),
}

/// An ack takes 13 octets; a copy of constant length is a single move.
const SHORT: usize = 16;

const _: () = assert!(size_of::<Octets>() == size_of::<Bytes>() || size_of::<usize>() != 8);

impl Octets {
    /// The octets of `whole` from `start` on that are `part`.
    #[inline]
    pub(crate) fn of(whole: &Bytes, start: usize, part: &[u8]) -> Self {
        if part.len() > SHORT {
            return Self::Shared(whole.slice_ref(part));
        }
        let behind = whole.get(start..).and_then(|rest| rest.first_chunk());
        let octets = behind.copied().unwrap_or_else(|| padded(part));
        Self::Short { len: u8::try_from(part.len()).unwrap_or(0), octets }
    }

    /// A copy that shares nothing.
    pub(crate) fn to_detached(&self) -> Self {
        match self {
            Self::Short { .. } => self.clone(),
            Self::Shared(octets) => Self::Shared(Bytes::copy_from_slice(octets)),
        }
    }
}

#[cold]
fn padded(part: &[u8]) -> [u8; SHORT] {
    let mut octets = [0; SHORT];
    for (place, octet) in octets.iter_mut().zip(part) {
        *place = *octet;
    }
    octets
}

impl Deref for Octets {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Self::Short { len, octets } => octets.get(..usize::from(*len)).unwrap_or(&[]),
            Self::Shared(octets) => octets,
        }
    }
}

impl PartialEq for Octets {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Octets {}
