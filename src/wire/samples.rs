//! Tables that several tests use.

use alloc::{format, vec::Vec};

use super::{ArrayBuf, Decimal, TableBuf, Value};

/// A value of every type that is sent, floats with odd bits included, inner ones nested.
pub(super) fn every_value(inner: &TableBuf) -> Vec<Value<'_>> {
    Vec::from([
        Value::Bool(true),
        Value::I8(i8::MIN),
        Value::U8(u8::MAX),
        Value::I16(i16::MIN),
        Value::U16(u16::MAX),
        Value::I32(i32::MIN),
        Value::U32(u32::MAX),
        Value::I64(i64::MIN),
        Value::F32(f32::from_bits(0x7FA0_0001)),
        Value::F64(f64::from_bits(0xFFF0_0000_0000_0001)),
        Value::F64(-0.0),
        Value::Decimal(Decimal { scale: 255, value: -1 }),
        Value::LongStr(b"text\0\xFF".into()),
        Value::Timestamp(u64::MAX),
        Value::Void,
        Value::Bytes(&[0, 1, 2]),
        Value::Table(inner.as_table()),
    ])
}

/// A table with every type that is sent, at three levels, in both tables and arrays.
pub(super) fn rich_table() -> TableBuf {
    let mut table = TableBuf::new();
    for level in 0..3 {
        let inner = table.clone();
        let mut array = ArrayBuf::new();
        for (index, value) in every_value(&inner).into_iter().enumerate() {
            table.insert(&format!("{level}.{index}"), value).unwrap();
            array.push(value).unwrap();
        }
        table.insert("array", &array).unwrap();
    }
    table
}

/// The pairs of `levels` tables inside one another, each under a name of one octet.
pub(super) fn nested_tables(levels: u32) -> Vec<u8> {
    let mut octets = Vec::new();
    for level in (0..levels).rev() {
        octets.extend([1, b'n', b'F']);
        octets.extend((level * 7).to_be_bytes());
    }
    octets
}

/// The values of `levels` arrays inside one another.
pub(super) fn nested_arrays(levels: u32) -> Vec<u8> {
    let mut octets = Vec::new();
    for level in (0..levels).rev() {
        octets.push(b'A');
        octets.extend((level * 5).to_be_bytes());
    }
    octets
}

/// Runs a test on a stack on which recursion on input would not live.
pub(super) fn on_small_stack(test: impl FnOnce() + Send + 'static) {
    extern crate std;
    std::thread::Builder::new().stack_size(64 * 1024).spawn(test).unwrap().join().unwrap();
}
