use alloc::vec::Vec;

use super::{Dialect, Method, MethodId, MethodKind};
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
    fn encode(&self, dialect: Dialect, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let (id, len) = measure(self, dialect)?;
        let start = out.len();
        out.resize(start + len, 0);
        let mut w = Writer::new(out.get_mut(start..).unwrap_or(&mut []));
        w.array(id_octets(id));
        self.write_arguments(dialect, &mut w);
        Ok(())
    }
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

/// Keeps the traits to the methods of this crate, and has what only the crate calls.
#[expect(unnameable_types, reason = "nobody else shall implement the traits")]
pub trait Sealed {
    /// Octets that the arguments take, or the first of them that is too long.
    #[doc(hidden)]
    fn arguments_len(&self, dialect: Dialect) -> Result<usize, EncodeError>;

    /// Writes the arguments to a place of just that length.
    #[doc(hidden)]
    fn write_arguments(&self, dialect: Dialect, w: &mut Writer<'_>);
}

/// The ids of a method, and the octets that these and the arguments take.
#[inline(always)]
pub(crate) fn measure<M: AsMethod + ?Sized>(
    method: &M,
    dialect: Dialect,
) -> Result<(MethodId, usize), EncodeError> {
    let Some(id) = M::KIND.id(dialect) else { return Err(not_in_dialect(M::KIND)) };
    Ok((id, IDS_LEN + method.arguments_len(dialect)?))
}

/// Octets of class id and method id.
const IDS_LEN: usize = 4;

/// Class id and method id as they lie on the wire.
#[inline]
pub(crate) const fn id_octets(id: MethodId) -> [u8; IDS_LEN] {
    let [c0, c1] = id.class_id.to_be_bytes();
    let [m0, m1] = id.method_id.to_be_bytes();
    [c0, c1, m0, m1]
}

#[cold]
#[inline(never)]
const fn not_in_dialect(kind: MethodKind) -> EncodeError {
    EncodeError::NotInDialect { method: kind.name() }
}
