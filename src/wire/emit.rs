//! Puts values on the wire.

use alloc::vec::Vec;

use super::writer::{counted_len, too_long};
use super::{EncodeError, LongStr, ShortStr, Value};

/// The deepest nesting that is built: what the widest [`TableLimits`](super::TableLimits) accept.
pub(super) const MAX_DEPTH: u8 = u8::MAX;

/// Octets that are asked for at first: small tables are done with them.
const AT_FIRST: usize = 64;

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
    let laid_out = lay_out(value)?;
    make_room(out, 1 + name.len() + laid_out.len(), "table")?;
    out.push(name_len);
    out.extend_from_slice(name);
    laid_out.append(out);
    Ok(())
}

/// Appends a value with its type octet, or nothing.
pub(super) fn value(out: &mut Vec<u8>, value: Value<'_>) -> Result<(), EncodeError> {
    let laid_out = lay_out(value)?;
    make_room(out, laid_out.len(), "array")?;
    laid_out.append(out);
    Ok(())
}

/// Sees that the length of the whole can still be told, and asks for memory once for all of a pair.
#[inline(always)]
fn make_room(out: &mut Vec<u8>, grown: usize, field: &'static str) -> Result<(), EncodeError> {
    let len = out.len().saturating_add(grown);
    if len > LongStr::MAX_LEN {
        return Err(too_long(field, len, LongStr::MAX_LEN));
    }
    if out.capacity() < len + HEAD {
        out.reserve((grown + HEAD).max(AT_FIRST));
    }
    Ok(())
}

/// The most octets that the fixed part of a value has.
const HEAD: usize = 9;

/// A value on the wire: type and number or length, of which the first `head_len` octets count, and then
/// octets as they are.
struct LaidOut<'a> {
    head: [u8; HEAD],
    head_len: usize,
    rest: &'a [u8],
}

impl LaidOut<'_> {
    #[inline(always)]
    const fn len(&self) -> usize {
        self.head_len + self.rest.len()
    }

    #[inline(always)]
    fn append(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.head_len;
        // A fixed length costs less than the right one.
        out.extend_from_slice(&self.head);
        out.truncate(end);
        if !self.rest.is_empty() {
            out.extend_from_slice(self.rest);
        }
    }
}

#[inline(always)]
fn lay_out(value: Value<'_>) -> Result<LaidOut<'_>, EncodeError> {
    let tag = value.tag();
    Ok(match value {
        Value::Bool(value) => fixed(tag, [u8::from(value)]),
        Value::I8(value) => fixed(tag, value.to_be_bytes()),
        Value::U8(value) => fixed(tag, [value]),
        Value::I16(value) => fixed(tag, value.to_be_bytes()),
        Value::U16(value) => fixed(tag, value.to_be_bytes()),
        Value::I32(value) => fixed(tag, value.to_be_bytes()),
        Value::U32(value) => fixed(tag, value.to_be_bytes()),
        Value::I64(value) => fixed(tag, value.to_be_bytes()),
        // TYP-09
        Value::F32(value) => fixed(tag, value.to_bits().to_be_bytes()),
        Value::F64(value) => fixed(tag, value.to_bits().to_be_bytes()),
        Value::Decimal(value) => {
            let [v0, v1, v2, v3] = value.value.to_be_bytes();
            fixed(tag, [value.scale, v0, v1, v2, v3])
        }
        Value::LongStr(value) => counted(tag, value.as_octets())?,
        Value::Timestamp(seconds) => fixed(tag, seconds.to_be_bytes()),
        Value::Bytes(value) => counted(tag, value)?,
        Value::Table(table) => {
            check_depth(value, table.as_octets())?;
            counted(tag, table.as_octets())?
        }
        Value::Array(array) => {
            check_depth(value, array.as_octets())?;
            counted(tag, array.as_octets())?
        }
        Value::Void => fixed(tag, []),
        // TBL-03
        Value::Char(_) | Value::Unknown { .. } => return Err(not_emittable(tag)),
    })
}

#[inline(always)]
fn fixed<const N: usize>(tag: u8, octets: [u8; N]) -> LaidOut<'static> {
    let mut head = [tag; HEAD];
    if let Some(place) = head.get_mut(1..).and_then(<[u8]>::first_chunk_mut) {
        *place = octets;
    }
    LaidOut { head, head_len: 1 + N, rest: &[] }
}

/// Octets behind a length of four octets.
#[inline(always)]
fn counted(tag: u8, octets: &[u8]) -> Result<LaidOut<'_>, EncodeError> {
    counted_len("field value", octets)?;
    let len = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    Ok(LaidOut { rest: octets, ..fixed(tag, len.to_be_bytes()) })
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
