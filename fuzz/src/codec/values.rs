//! Field values as the specification and its errata lay them out, written without the crate.

use amqp_proto::wire::Value;

/// Octets that a value takes, type and length with it.
pub(super) fn encoded_len(value: &Value<'_>) -> usize {
    1 + match value {
        Value::Void => 0,
        Value::Bool(_) | Value::I8(_) | Value::U8(_) | Value::Char(_) => 1,
        Value::I16(_) | Value::U16(_) => 2,
        Value::I32(_) | Value::U32(_) | Value::F32(_) => 4,
        Value::Decimal(_) => 5,
        Value::I64(_) | Value::F64(_) | Value::Timestamp(_) => 8,
        Value::LongStr(text) => 4 + text.len(),
        Value::Bytes(octets) => 4 + octets.len(),
        Value::Table(table) => 4 + table.as_octets().len(),
        Value::Array(array) => 4 + array.as_octets().len(),
        Value::Unknown { rest, .. } => rest.len(),
        other => panic!("no length is known of {other:?}"),
    }
}

/// Whether a value may be sent: not what is only known from Broker-J, or not at all (`TBL-03`).
pub(super) const fn is_sent(value: &Value<'_>) -> bool {
    !matches!(value, Value::Char(_) | Value::Unknown { .. })
}

/// Takes a pair's name (of an array: nothing), its type octet and its value's octets off the front.
pub(crate) fn take_raw<'a>(octets: &mut &'a [u8], is_named: bool) -> (&'a [u8], u8, &'a [u8]) {
    let name_len = if is_named { 1 + usize::from(octets[0]) } else { 0 };
    let (name, rest) = octets.split_at(name_len);
    let (&tag, rest) = rest.split_first().unwrap();
    let len = match tag {
        b'V' => 0,
        b't' | b'b' | b'B' | b'k' => 1,
        b's' | b'U' | b'u' => 2,
        b'I' | b'i' | b'f' => 4,
        b'D' => 5,
        b'l' | b'L' | b'd' | b'T' => 8,
        b'S' | b'c' | b'C' | b'A' | b'F' | b'x' => {
            let len = u32::from_be_bytes(*rest.first_chunk().unwrap());
            4 + usize::try_from(len).unwrap()
        }
        _ => rest.len(),
    };
    let (value, rest) = rest.split_at(len);
    *octets = rest;
    (name, tag, value)
}

/// The octets that pairs (or values, of an array) have when each is put into a new table: synonyms of types
/// become the one that is sent, a boolean 0 or 1. What isn't sent is left out, what is inside stays.
pub(super) fn built_again(mut octets: &[u8], is_named: bool) -> Vec<u8> {
    let mut out = Vec::new();
    while !octets.is_empty() {
        let (name, tag, value) = take_raw(&mut octets, is_named);
        let sent = match tag {
            b'U' => b's',
            b'L' => b'l',
            b'c' | b'C' => b'S',
            _ if b"tbBsuIilfdDSATFVx".contains(&tag) => tag,
            _ => continue,
        };
        out.extend_from_slice(name);
        out.push(sent);
        match tag {
            b't' => out.push(u8::from(value[0] != 0)),
            _ => out.extend_from_slice(value),
        }
    }
    out
}
