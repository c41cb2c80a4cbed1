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
