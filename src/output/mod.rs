//! What is to be sent: a window of whole frames, refilled from the channels' lanes.

mod frames;
mod lane;
mod transmit;

pub(crate) use frames::{Framing, HEARTBEAT_FRAME, write_around_body};
pub(crate) use lane::{Lane, Spares};
pub use transmit::Transmit;

use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;

/// The octets of a body, borrowed or shared.
///
/// A slice is copied; [`Bytes`] are copied when small and shared otherwise.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Payload<'a> {
    /// Borrowed octets, copied into the output.
    Slice(&'a [u8]),
    /// Shared octets, of which the output holds a handle while they wait.
    Shared(Bytes),
}

impl Payload<'_> {
    /// Bodies up to this many octets are copied although they could be shared: below it a copy is
    /// cheaper than a reference count and a segment of its own.
    pub(crate) const COPIED: usize = 1024;

    /// Whether it is copied, whichever it is.
    #[inline]
    pub(crate) fn is_small(&self) -> bool {
        self.len() <= Self::COPIED
    }

    /// The number of octets.
    #[inline]
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// The octets.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Slice(octets) => octets,
            Self::Shared(octets) => octets,
        }
    }
}

impl<'a> From<&'a [u8]> for Payload<'a> {
    #[inline]
    fn from(octets: &'a [u8]) -> Self {
        Self::Slice(octets)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Payload<'a> {
    fn from(octets: &'a [u8; N]) -> Self {
        Self::Slice(octets)
    }
}

impl<'a> From<&'a str> for Payload<'a> {
    fn from(text: &'a str) -> Self {
        Self::Slice(text.as_bytes())
    }
}

impl<'a> From<&'a Vec<u8>> for Payload<'a> {
    #[inline]
    fn from(octets: &'a Vec<u8>) -> Self {
        Self::Slice(octets)
    }
}

impl From<Vec<u8>> for Payload<'_> {
    fn from(octets: Vec<u8>) -> Self {
        Self::Shared(octets.into())
    }
}

impl From<String> for Payload<'_> {
    fn from(text: String) -> Self {
        Self::Shared(text.into())
    }
}

impl From<Bytes> for Payload<'_> {
    #[inline]
    fn from(octets: Bytes) -> Self {
        Self::Shared(octets)
    }
}

/// The handle stays the caller's, also when the command is refused.
impl<'a> From<&'a Bytes> for Payload<'a> {
    #[inline]
    fn from(octets: &'a Bytes) -> Self {
        if octets.len() <= Self::COPIED {
            Self::Slice(octets)
        } else {
            Self::Shared(octets.clone())
        }
    }
}
