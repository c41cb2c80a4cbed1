use alloc::vec::Vec;

use super::{Dialect, Method, MethodKind};
use crate::wire::{EncodeError, Writer};

/// A struct that is one method, such as [`queue::Declare`](super::queue::Declare).
pub trait AsMethod: Sealed {
    /// Which method it is.
    const KIND: MethodKind;

    /// The same as one of all methods.
    fn as_method(&self) -> Method<'_>;

    /// Appends class id, method id and arguments to `out`: the payload of a method frame.
    ///
    /// # Errors
    ///
    /// When the dialect lacks the method or a string is too long; `out` is then as before.
    fn encode(&self, dialect: Dialect, out: &mut Vec<u8>) -> Result<(), EncodeError>;
}

/// A method on a channel that the peer answers (`SYN-01`).
///
/// Opening and closing a channel are commands of their own, and so are contents.
pub trait Request: AsMethod {
    /// Whether it asks for no reply on success (`SYN-05`).
    #[inline]
    fn no_wait(&self) -> bool {
        false
    }
}

/// A method on a channel that has no reply and no content, such as
/// [`basic::Ack`](super::basic::Ack).
pub trait Notice: AsMethod {}

/// A method on a channel that answers a [`Request`] and has no content.
pub trait Reply: AsMethod {}

/// Keeps the traits to the methods of this crate.
#[expect(unnameable_types, reason = "nobody else shall implement the traits")]
pub trait Sealed {}

/// Writes ids and arguments, or nothing.
#[inline]
pub(super) fn write_method(
    kind: MethodKind,
    dialect: Dialect,
    out: &mut Vec<u8>,
    arguments: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let Some(id) = kind.id(dialect) else {
        return Err(EncodeError::NotInDialect { method: kind.name() });
    };
    let start = out.len();
    let mut w = Writer::new(out);
    w.u32(u32::from(id.class_id) << 16 | u32::from(id.method_id));
    let written = arguments(&mut w);
    if written.is_err() {
        out.truncate(start);
    }
    written
}
