//! Tables and arrays: what is read is written again as it was, and all of it can be asked for.

use amqp_proto::wire::{Array, ArrayBuf, EncodeError, Table, TableBuf, Value};

use super::values::{built_again, encoded_len, is_sent};
use super::{WIDEST, check_error, limited, show};

/// Limits, then the octets of a table, which are tried as an array too.
pub(crate) fn run(input: &[u8]) {
    let Some((limits, octets)) = limited(input) else { return };
    match Table::parse(octets, &limits) {
        Ok(table) => {
            assert_eq!(table.as_octets(), octets);
            assert_eq!(Table::parse(octets, &WIDEST), Ok(table), "refused by wider limits");
            check_table(table);
        }
        Err(error) => check_error(&error, octets.len()),
    }
    match Array::parse(octets, &limits) {
        Ok(array) => {
            assert_eq!(array.as_octets(), octets);
            assert_eq!(Array::parse(octets, &WIDEST), Ok(array), "refused by wider limits");
            check_array(array);
        }
        Err(error) => check_error(&error, octets.len()),
    }
}

/// All that holds for any table that was read, those inside methods and properties with them.
pub(super) fn check_table(table: Table<'_>) {
    let octets = table.as_octets();
    let pairs: Vec<_> = table.iter().collect();
    assert_eq!((table.len(), table.is_empty()), (pairs.len(), octets.is_empty()));
    // Looking a name up is linear.
    for (name, _) in pairs.iter().take(8) {
        let first = pairs.iter().find(|(other, _)| other == name).map(|(_, value)| *value);
        assert_eq!(table.get(*name), first);
    }
    // A copy lies elsewhere, so that equality can't be that of addresses.
    let owned = TableBuf::from(table);
    assert_eq!((owned.as_octets(), owned.as_table()), (octets, table));
    assert!(owned.as_table().semantic_eq(&table) && table.semantic_eq(&table));
    let text = show(&table);
    assert_eq!(show(&owned), text);

    let mut built = TableBuf::new();
    for (name, value) in &pairs {
        check_value(*value);
        let before = built.as_octets().len();
        match built.insert(*name, *value) {
            Ok(_) => assert!(is_sent(value), "{value:?} was taken"),
            Err(error) => check_refused(error, value, before == built.as_octets().len()),
        }
    }
    assert_eq!(built.as_octets(), built_again(octets, true), "built again");
    assert_eq!(Table::parse(built.as_octets(), &WIDEST), Ok(built.as_table()));
    let all_are_sent = pairs.iter().all(|(_, value)| is_sent(value));
    assert!(!all_are_sent || built.as_table().semantic_eq(&table));
    walk(Value::Table(table));
}

fn check_array(array: Array<'_>) {
    let octets = array.as_octets();
    let values: Vec<_> = array.iter().collect();
    assert_eq!((array.len(), array.is_empty()), (values.len(), octets.is_empty()));
    for (index, value) in values.iter().enumerate().take(8) {
        assert_eq!(array.get(index), Some(*value));
    }
    assert_eq!(array.get(values.len()), None);
    let owned = ArrayBuf::from(array);
    assert_eq!((owned.as_octets(), owned.as_array()), (octets, array));
    assert!(owned.as_array().semantic_eq(&array) && array.semantic_eq(&array));
    let text = show(&array);
    assert_eq!(show(&owned), text);

    let mut built = ArrayBuf::new();
    for value in &values {
        check_value(*value);
        let before = built.as_octets().len();
        match built.push(*value) {
            Ok(_) => assert!(is_sent(value), "{value:?} was taken"),
            Err(error) => check_refused(error, value, before == built.as_octets().len()),
        }
    }
    assert_eq!(built.as_octets(), built_again(octets, false), "built again");
    let all_are_sent = values.iter().all(is_sent);
    assert!(!all_are_sent || built.as_array().semantic_eq(&array));
    walk(Value::Array(array));
}

/// Why a value was refused that was read from a table.
fn check_refused(error: EncodeError, value: &Value<'_>, is_unchanged: bool) {
    assert!(!is_sent(value), "{value:?}: {error}");
    assert_eq!(error, EncodeError::NotEmittable { tag: value.tag() });
    assert!(is_unchanged, "a refused value has left something");
}

/// Everything that can be asked of one value.
fn check_value(value: Value<'_>) {
    let copy = value;
    assert_eq!(value, copy, "equality isn't reflexive");
    let _ = show(&value);
    let (signed, unsigned) = (value.as_i64(), value.as_u64());
    assert_eq!(unsigned, signed.and_then(|number| u64::try_from(number).ok()));
    let is_text = matches!(value, Value::LongStr(_));
    assert!(value.as_str().is_none() || is_text);
    assert_eq!(value.as_octets().is_some(), is_text || matches!(value, Value::Bytes(_)));
    assert_eq!(value.as_bool().is_some(), matches!(value, Value::Bool(_)));
    assert_eq!(value.as_decimal().is_some(), matches!(value, Value::Decimal(_)));
    assert_eq!(value.as_timestamp().is_some(), matches!(value, Value::Timestamp(_)));
    assert_eq!(value.as_table().is_some(), matches!(value, Value::Table(_)));
    assert_eq!(value.as_array().is_some(), matches!(value, Value::Array(_)));
    assert_eq!(value.as_f64().is_some(), matches!(value, Value::F32(_) | Value::F64(_)));
}

/// Reads all that is inside, however deep: each octet belongs to a value.
fn walk(outermost: Value<'_>) {
    let mut open = vec![outermost];
    while let Some(value) = open.pop() {
        match value {
            Value::Table(table) => {
                assert_eq!(Table::parse(table.as_octets(), &WIDEST), Ok(table));
                let pairs = table.iter();
                let len: usize =
                    pairs.map(|(name, value)| 1 + name.len() + encoded_len(&value)).sum();
                assert_eq!(table.as_octets().len(), len, "octets that no pair accounts for");
                open.extend(table.iter().map(|(_, value)| value));
            }
            Value::Array(array) => {
                assert_eq!(Array::parse(array.as_octets(), &WIDEST), Ok(array));
                let len: usize = array.iter().map(|value| encoded_len(&value)).sum();
                assert_eq!(array.as_octets().len(), len, "octets that no value accounts for");
                open.extend(array.iter());
            }
            scalar => check_value(scalar),
        }
    }
}
