//! What a server says of itself in connection.start, where that depends on the dialect.

use alloc::borrow::Cow;

use crate::protocol::Dialect;
use crate::wire::{Table, TableBuf, Value};

/// The properties as the client of this dialect can read them: the flags of the capabilities are of a type
/// that 0-8 doesn't have, and clients of 0-8 end the handshake by it (`DIA-08`).
pub(super) fn server_properties(own: &TableBuf, dialect: Dialect) -> Cow<'_, TableBuf> {
    if dialect != Dialect::V0_8 {
        return Cow::Borrowed(own);
    }
    let mut readable = TableBuf::with_capacity(own.as_octets().len());
    for (name, value) in own.iter().filter(|(_, value)| is_readable(value)) {
        // It was inserted before, so it can be again.
        let _ = readable.insert(name, value);
    }
    Cow::Owned(readable)
}

/// Whether the specification of 0-8 has the type of this value, and of all in it.
fn is_readable(value: &Value<'_>) -> bool {
    match value {
        Value::LongStr(_) | Value::I32(_) | Value::Decimal(_) | Value::Timestamp(_) => true,
        // Of tables in tables none has been seen; nothing recurses on them.
        Value::Table(table) => is_flat(*table),
        _ => false,
    }
}

fn is_flat(table: Table<'_>) -> bool {
    table.iter().all(|(_, value)| !matches!(value, Value::Table(_)) && is_readable(&value))
}
