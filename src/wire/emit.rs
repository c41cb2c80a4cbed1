//! Puts values on the wire.

use alloc::vec::Vec;

use super::writer::{counted_len, too_long};
use super::{EncodeError, LongStr, ShortStr, Value};

/// The deepest nesting that is built: what the widest [`TableLimits`](super::TableLimits) accept.
pub(super) const MAX_DEPTH: u8 = u8::MAX;

/// Octets that are asked for at first, unless the owner has asked: most tables are done with them, and to
/// grow costs more than all pairs together.
const AT_FIRST: usize = 256;

/// Appends a name and a value, or nothing.
pub(super) fn pair(
    out: &mut Vec<u8>,
    name: ShortStr<'_>,
    value: Value<'_>,
) -> Result<(), EncodeError> {
    let name = name.as_octets();
    let Ok(name_len) = u8::try_from(name.len()) else {
        return Err(too_long("field name", name.len(), ShortStr::MAX_LEN));
    };
    judge(value)?;
    let before = out.len();
    make_room(out, 1 + name.len() + HEAD);
    out.push(name_len);
    out.extend_from_slice(name);
    append(out, value);
    judge_whole(out, before, "table")
}

/// Appends a value with its type octet, or nothing.
pub(super) fn value(out: &mut Vec<u8>, value: Value<'_>) -> Result<(), EncodeError> {
    judge(value)?;
    let before = out.len();
    make_room(out, HEAD);
    append(out, value);
    judge_whole(out, before, "array")
}

/// The most octets that type and number, or type and length, take.
const HEAD: usize = 9;

/// Asks for memory once for a name and a number, and for more than that at first.
#[inline(always)]
fn make_room(out: &mut Vec<u8>, len: usize) {
    if out.capacity() - out.len() < len {
        out.reserve(len.max(AT_FIRST));
    }
}

/// Whether the value can be sent, as far as it alone decides.
#[inline(always)]
fn judge(value: Value<'_>) -> Result<(), EncodeError> {
    let octets = match value {
        Value::LongStr(text) => text.as_octets(),
        Value::Bytes(octets) => octets,
        Value::Table(table) => {
            check_depth(value, table.as_octets())?;
            table.as_octets()
        }
        Value::Array(array) => {
            check_depth(value, array.as_octets())?;
            array.as_octets()
        }
        // TBL-03
        Value::Char(_) | Value::Unknown { .. } => return Err(not_emittable(value.tag())),
        _ => return Ok(()),
    };
    counted_len("field value", octets)?;
    Ok(())
}

/// Whether the length of the whole can still be told; else what was appended is taken back.
#[inline(always)]
fn judge_whole(out: &mut Vec<u8>, before: usize, field: &'static str) -> Result<(), EncodeError> {
    let len = out.len();
    if len > LongStr::MAX_LEN {
        out.truncate(before);
        return Err(too_long(field, len, LongStr::MAX_LEN));
    }
    Ok(())
}

/// Appends a value that was judged.
#[inline(always)]
fn append(out: &mut Vec<u8>, value: Value<'_>) {
    let tag = value.tag();
    match value {
        Value::Bool(value) => put(out, tag, [u8::from(value)]),
        Value::I8(value) => put(out, tag, value.to_be_bytes()),
        Value::U8(value) => put(out, tag, [value]),
        Value::I16(value) => put(out, tag, value.to_be_bytes()),
        Value::U16(value) => put(out, tag, value.to_be_bytes()),
        Value::I32(value) => put(out, tag, value.to_be_bytes()),
        Value::U32(value) => put(out, tag, value.to_be_bytes()),
        Value::I64(value) => put(out, tag, value.to_be_bytes()),
        // TYP-09
        Value::F32(value) => put(out, tag, value.to_bits().to_be_bytes()),
        Value::F64(value) => put(out, tag, value.to_bits().to_be_bytes()),
        Value::Decimal(value) => {
            let [v0, v1, v2, v3] = value.value.to_be_bytes();
            put(out, tag, [value.scale, v0, v1, v2, v3]);
        }
        Value::LongStr(value) => put_counted(out, tag, value.as_octets()),
        Value::Timestamp(seconds) => put(out, tag, seconds.to_be_bytes()),
        Value::Bytes(value) => put_counted(out, tag, value),
        Value::Table(table) => put_counted(out, tag, table.as_octets()),
        Value::Array(array) => put_counted(out, tag, array.as_octets()),
        Value::Void | Value::Char(_) | Value::Unknown { .. } => put(out, tag, []),
    }
}

/// Type and number in one piece.
#[inline(always)]
fn put<const N: usize>(out: &mut Vec<u8>, tag: u8, octets: [u8; N]) {
    let mut head = [tag; HEAD];
    if let Some(place) = head.get_mut(1..).and_then(<[u8]>::first_chunk_mut) {
        *place = octets;
    }
    out.extend_from_slice(head.get(..1 + N).unwrap_or(&[]));
}

/// Octets behind a length of four octets.
#[inline(always)]
fn put_counted(out: &mut Vec<u8>, tag: u8, octets: &[u8]) {
    put(out, tag, u32::try_from(octets.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(octets);
}

#[cold]
#[inline(never)]
const fn not_emittable(tag: u8) -> EncodeError {
    EncodeError::NotEmittable { tag }
}

/// Checks that one more level may enclose this value. A level takes a type and a length at least, so what
/// is short isn't deep.
#[inline(always)]
fn check_depth(value: Value<'_>, octets: &[u8]) -> Result<(), EncodeError> {
    const LEVEL: usize = 1 + size_of::<u32>();
    if octets.len() < LEVEL * MAX_DEPTH as usize { Ok(()) } else { walk_depth(value) }
}

#[cold]
#[inline(never)]
fn walk_depth(value: Value<'_>) -> Result<(), EncodeError> {
    let mut open = Vec::from([(value, 1_u8)]);
    while let Some((value, depth)) = open.pop() {
        let inner = |inner: &Value<'_>| matches!(inner, Value::Table(_) | Value::Array(_));
        let before = open.len();
        let next = depth.saturating_add(1);
        match value {
            Value::Table(table) => {
                open.extend(table.iter().map(|(_, v)| v).filter(inner).map(|v| (v, next)));
            }
            Value::Array(array) => open.extend(array.iter().filter(inner).map(|v| (v, next))),
            _ => {}
        }
        if depth == MAX_DEPTH && open.len() > before {
            return Err(EncodeError::TooDeep { limit: MAX_DEPTH });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{ArrayBuf, Table, TableBuf, TableLimits, samples::*};
    use super::*;

    fn refused(name: &str, value: Value<'_>) -> EncodeError {
        let mut table = TableBuf::new().with("kept", 1).unwrap();
        let before = table.clone();
        let error = table.insert(name, value).unwrap_err();
        assert_eq!(table, before);
        error
    }

    #[test]
    fn long_names_are_refused_not_cut() {
        let text = core::str::from_utf8(&[b'n'; 511]).unwrap();
        let table = TableBuf::new().with(&text[..255], true).unwrap();
        assert_eq!(table.get(&text[..255]), Some(Value::Bool(true)));
        for len in [256, 511] {
            let error = refused(&text[..len], Value::Void);
            assert_eq!(error, EncodeError::TooLong { field: "field name", len, limit: 255 });
        }
    }

    #[test]
    fn types_only_decoded_are_refused() {
        let value = Value::Unknown { tag: b'q', rest: b"rest" };
        assert_eq!(refused("n", value), EncodeError::NotEmittable { tag: b'q' });
        assert_eq!(refused("n", Value::Char(1)), EncodeError::NotEmittable { tag: b'k' });
        let mut array = ArrayBuf::new();
        assert!(array.push(value).is_err());
        assert!(array.is_empty());
    }

    #[test]
    fn nesting_ends_where_it_can_still_be_decoded() {
        let limits = TableLimits::default().with_max_depth(u8::MAX);
        let octets = nested_tables(254);
        let deep = Table::parse(&octets, &limits).unwrap();
        let deepest = TableBuf::new().with("n", deep).unwrap();
        assert!(Table::parse(deepest.as_octets(), &limits).is_ok());
        let too_deep = EncodeError::TooDeep { limit: 255 };
        assert_eq!(refused("n", Value::Table(deepest.as_table())), too_deep);
        let error = ArrayBuf::new().with(&deepest).unwrap_err();
        assert_eq!(error, too_deep);
        let arrays = nested_arrays(255);
        let arrays = super::super::Array::parse(&arrays, &limits).unwrap();
        assert_eq!(refused("n", Value::Array(arrays)), too_deep);
    }

    #[test]
    fn received_tables_are_kept_octet_for_octet() {
        // Duplicates, types that are not sent, a name that is not text, and an unknown type.
        let octets = b"\x01aU\0\x01\x01aL\0\0\0\0\0\0\0\x01\x01\xFFt\x07\0qrest";
        let table = Table::parse(octets, &TableLimits::default()).unwrap();
        assert_eq!(TableBuf::from(table).as_octets(), octets);
        let outer = TableBuf::new().with("inner", table).unwrap();
        assert_eq!(outer.get("inner").and_then(|v| v.as_table()), Some(table));
        assert_eq!(table.get("a"), Some(Value::I16(1)));
        assert_eq!(table.len(), 4);
    }
}
