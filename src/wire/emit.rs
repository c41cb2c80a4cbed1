//! Puts values on the wire.

use alloc::vec::Vec;

use super::{EncodeError, LongStr, ShortStr, Value, Writer, writer::too_long};

/// The deepest nesting that is built: what the widest [`TableLimits`](super::TableLimits) accept.
pub(super) const MAX_DEPTH: u8 = u8::MAX;

/// Appends a name and a value, or nothing.
pub(super) fn pair(
    out: &mut Vec<u8>,
    name: ShortStr<'_>,
    value: Value<'_>,
) -> Result<(), EncodeError> {
    all_or_nothing(out, "table", |writer| {
        writer.short_str("field name", name)?;
        write(writer, value)
    })
}

/// Appends a value with its type octet, or nothing.
pub(super) fn value(out: &mut Vec<u8>, value: Value<'_>) -> Result<(), EncodeError> {
    all_or_nothing(out, "array", |writer| write(writer, value))
}

fn all_or_nothing(
    out: &mut Vec<u8>,
    field: &'static str,
    append: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let before = out.len();
    let result = append(&mut Writer::new(out)).and_then(|()| match u32::try_from(out.len()) {
        Ok(_) => Ok(()),
        Err(_) => Err(too_long(field, out.len(), LongStr::MAX_LEN)),
    });
    if result.is_err() {
        out.truncate(before);
    }
    result
}

fn write(writer: &mut Writer<'_>, value: Value<'_>) -> Result<(), EncodeError> {
    // TBL-03
    if matches!(value, Value::Char(_) | Value::Unknown { .. }) {
        return Err(EncodeError::NotEmittable { tag: value.tag() });
    }
    writer.u8(value.tag());
    match value {
        Value::Bool(value) => writer.u8(u8::from(value)),
        Value::I8(value) => writer.octets(&value.to_be_bytes()),
        Value::U8(value) => writer.u8(value),
        Value::I16(value) => writer.octets(&value.to_be_bytes()),
        Value::U16(value) => writer.u16(value),
        Value::I32(value) => writer.octets(&value.to_be_bytes()),
        Value::U32(value) => writer.u32(value),
        Value::I64(value) => writer.octets(&value.to_be_bytes()),
        // TYP-09
        Value::F32(value) => writer.u32(value.to_bits()),
        Value::F64(value) => writer.u64(value.to_bits()),
        Value::Decimal(value) => {
            writer.u8(value.scale);
            writer.octets(&value.value.to_be_bytes());
        }
        Value::LongStr(value) => writer.long_str("field value", value)?,
        Value::Timestamp(seconds) => writer.u64(seconds),
        Value::Bytes(value) => writer.counted("field value", value)?,
        Value::Table(value) => {
            check_depth(Value::Table(value))?;
            writer.table("field value", value)?;
        }
        Value::Array(value) => {
            check_depth(Value::Array(value))?;
            writer.counted("field value", value.as_octets())?;
        }
        Value::Void | Value::Char(_) | Value::Unknown { .. } => {}
    }
    Ok(())
}

/// Checks that one more level may enclose this value.
fn check_depth(value: Value<'_>) -> Result<(), EncodeError> {
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
