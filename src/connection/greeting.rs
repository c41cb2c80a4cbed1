//! What a server says of itself in connection.start, where that depends on the dialect.

use alloc::borrow::Cow;

use crate::protocol::Dialect;
use crate::wire::TableBuf;

/// The properties as the client of this dialect can read them: the flags of the capabilities are of a type
/// that 0-8 doesn't have, and clients of 0-8 end the handshake by it (`DIA-08`).
pub(super) fn server_properties(own: &TableBuf, dialect: Dialect) -> Cow<'_, TableBuf> {
    if dialect != Dialect::V0_8 {
        return Cow::Borrowed(own);
    }
    let mut readable = TableBuf::with_capacity(own.as_octets().len());
    for (name, value) in own.iter().filter(|(name, _)| *name != "capabilities") {
        // What can't be inserted, an unknown type, couldn't be read by such a client either.
        let _ = readable.insert(name, value);
    }
    Cow::Owned(readable)
}
