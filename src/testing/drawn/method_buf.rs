use alloc::vec::Vec;
use core::fmt;

use crate::protocol::{Dialect, Method, MethodKind};
use crate::wire::{EncodeError, TableLimits};

/// A method that owns its octets.
///
/// ```
/// use amqp_proto::protocol::{Dialect, Method, queue};
/// use amqp_proto::testing::MethodBuf;
///
/// let purge = Method::QueuePurge(queue::Purge { queue: "q".into(), ..Default::default() });
/// let method = MethodBuf::new(Dialect::V0_9_1, &purge)?;
/// assert_eq!(method.method(), purge);
/// assert_eq!(method.as_octets(), b"\0\x32\0\x1E\0\0\x01q\0");
/// # Ok::<(), amqp_proto::wire::EncodeError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct MethodBuf {
    dialect: Dialect,
    kind: MethodKind,
    octets: Vec<u8>,
}

impl MethodBuf {
    /// Writes a method down.
    ///
    /// # Errors
    ///
    /// When the dialect lacks the method or a string is too long.
    pub fn new(dialect: Dialect, method: &Method<'_>) -> Result<Self, EncodeError> {
        let mut octets = Vec::new();
        method.encode(dialect, &mut octets)?;
        Ok(Self { dialect, kind: method.kind(), octets })
    }

    pub(super) fn without_arguments(dialect: Dialect, kind: MethodKind) -> Self {
        Self { dialect, kind, octets: Vec::new() }
    }

    /// The method.
    pub fn method(&self) -> Method<'_> {
        // It was written by this crate; a test says that all of that can be read.
        Method::decode(self.dialect, &self.octets, &TableLimits::DEFAULT)
            .unwrap_or_else(|_| Method::empty(self.kind))
    }

    /// The dialect that it is written in.
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Which method it is.
    pub const fn kind(&self) -> MethodKind {
        self.kind
    }

    /// The payload of its frame: class id, method id, arguments.
    pub fn as_octets(&self) -> &[u8] {
        &self.octets
    }
}

impl fmt::Display for MethodBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.method().fmt(f)
    }
}

impl fmt::Debug for MethodBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MethodBuf({self}, {})", self.dialect)
    }
}
