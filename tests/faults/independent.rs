//! A second opinion on tables: a reader and a writer that share nothing with the crate's.
//!
//! They know the types that peers agree on, and keep floats as their bits.

use amqp_proto::wire::{ArrayBuf, Decimal, LongStr, Table, TableBuf, Value};

use crate::rng::Rng;

/// A value, whatever reads or writes it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Model {
    Bool(bool),
    I8(i8),
    U8(u8),
    I16(i16),
    U16(u16),
    I32(i32),
    U32(u32),
    I64(i64),
    F32(u32),
    F64(u64),
    Decimal(u8, i32),
    Text(Vec<u8>),
    Octets(Vec<u8>),
    Timestamp(u64),
    Void,
    Array(Vec<Self>),
    Table(Pairs),
}

pub(crate) type Pairs = Vec<(Vec<u8>, Model)>;

/// The octets of a number, the highest first.
fn number(value: u64, octets: u32) -> Vec<u8> {
    (0..octets).rev().map(|place| (value >> (8 * place)) as u8).collect()
}

/// A number of so many octets, without its sign.
fn take_number(rest: &mut &[u8], octets: usize) -> u64 {
    take(rest, octets).iter().fold(0, |value, octet| value << 8 | u64::from(*octet))
}

fn take<'a>(rest: &mut &'a [u8], octets: usize) -> &'a [u8] {
    let (taken, left) = rest.split_at(octets);
    *rest = left;
    taken
}

fn take_counted<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let len = take_number(rest, 4) as usize;
    take(rest, len)
}

/// Writes the pairs of a table.
pub(crate) fn write(pairs: &Pairs) -> Vec<u8> {
    let mut octets = Vec::new();
    for (name, value) in pairs {
        octets.push(name.len() as u8);
        octets.extend(name);
        octets.extend(write_value(value));
    }
    octets
}

fn write_value(value: &Model) -> Vec<u8> {
    let counted = |octets: &[u8]| [number(octets.len() as u64, 4), octets.to_vec()].concat();
    let (tag, octets) = match value {
        Model::Bool(value) => (b't', number(u64::from(*value), 1)),
        Model::I8(value) => (b'b', number(*value as u64, 1)),
        Model::U8(value) => (b'B', number(u64::from(*value), 1)),
        Model::I16(value) => (b's', number(*value as u64, 2)),
        Model::U16(value) => (b'u', number(u64::from(*value), 2)),
        Model::I32(value) => (b'I', number(*value as u64, 4)),
        Model::U32(value) => (b'i', number(u64::from(*value), 4)),
        Model::I64(value) => (b'l', number(*value as u64, 8)),
        Model::F32(bits) => (b'f', number(u64::from(*bits), 4)),
        Model::F64(bits) => (b'd', number(*bits, 8)),
        Model::Decimal(scale, value) => {
            (b'D', [number(u64::from(*scale), 1), number(*value as u64, 4)].concat())
        }
        Model::Text(octets) => (b'S', counted(octets)),
        Model::Octets(octets) => (b'x', counted(octets)),
        Model::Timestamp(seconds) => (b'T', number(*seconds, 8)),
        Model::Void => (b'V', Vec::new()),
        Model::Array(values) => {
            let octets: Vec<u8> = values.iter().flat_map(write_value).collect();
            (b'A', counted(&octets))
        }
        Model::Table(pairs) => (b'F', counted(&write(pairs))),
    };
    [&[tag], &octets[..]].concat()
}

/// Reads the pairs of a table.
pub(crate) fn read(octets: &[u8]) -> Pairs {
    let mut rest = octets;
    let mut pairs = Vec::new();
    while !rest.is_empty() {
        let len = take_number(&mut rest, 1) as usize;
        let name = take(&mut rest, len).to_vec();
        pairs.push((name, read_value(&mut rest)));
    }
    pairs
}

fn read_value(rest: &mut &[u8]) -> Model {
    match take(rest, 1)[0] {
        b't' => Model::Bool(take_number(rest, 1) != 0),
        b'b' => Model::I8(take_number(rest, 1) as i8),
        b'B' => Model::U8(take_number(rest, 1) as u8),
        b's' => Model::I16(take_number(rest, 2) as i16),
        b'u' => Model::U16(take_number(rest, 2) as u16),
        b'I' => Model::I32(take_number(rest, 4) as i32),
        b'i' => Model::U32(take_number(rest, 4) as u32),
        b'l' => Model::I64(take_number(rest, 8) as i64),
        b'f' => Model::F32(take_number(rest, 4) as u32),
        b'd' => Model::F64(take_number(rest, 8)),
        b'D' => Model::Decimal(take_number(rest, 1) as u8, take_number(rest, 4) as i32),
        b'S' => Model::Text(take_counted(rest).to_vec()),
        b'x' => Model::Octets(take_counted(rest).to_vec()),
        b'T' => Model::Timestamp(take_number(rest, 8)),
        b'V' => Model::Void,
        b'F' => Model::Table(read(take_counted(rest))),
        b'A' => {
            let mut octets = take_counted(rest);
            let mut values = Vec::new();
            while !octets.is_empty() {
                values.push(read_value(&mut octets));
            }
            Model::Array(values)
        }
        tag => panic!("type {tag:#04x}"),
    }
}

/// What the crate has read.
pub(crate) fn from_crate(table: Table<'_>) -> Pairs {
    table.iter().map(|(name, value)| (name.as_octets().to_vec(), value_of(value))).collect()
}

fn value_of(value: Value<'_>) -> Model {
    match value {
        Value::Bool(value) => Model::Bool(value),
        Value::I8(value) => Model::I8(value),
        Value::U8(value) => Model::U8(value),
        Value::I16(value) => Model::I16(value),
        Value::U16(value) => Model::U16(value),
        Value::I32(value) => Model::I32(value),
        Value::U32(value) => Model::U32(value),
        Value::I64(value) => Model::I64(value),
        Value::F32(value) => Model::F32(value.to_bits()),
        Value::F64(value) => Model::F64(value.to_bits()),
        Value::Decimal(Decimal { scale, value }) => Model::Decimal(scale, value),
        Value::LongStr(text) => Model::Text(text.as_octets().to_vec()),
        Value::Bytes(octets) => Model::Octets(octets.to_vec()),
        Value::Timestamp(seconds) => Model::Timestamp(seconds),
        Value::Void => Model::Void,
        Value::Array(array) => Model::Array(array.iter().map(value_of).collect()),
        Value::Table(table) => Model::Table(from_crate(table)),
        other => panic!("{other}"),
    }
}

/// The same table, built by the crate.
pub(crate) fn by_crate(pairs: &Pairs) -> TableBuf {
    let mut table = TableBuf::new();
    for (name, value) in pairs {
        with_value(value, &mut |value| _ = table.insert(&name[..], value).unwrap());
    }
    table
}

fn with_value(value: &Model, give: &mut dyn FnMut(Value<'_>)) {
    match value {
        Model::Bool(value) => give(Value::Bool(*value)),
        Model::I8(value) => give(Value::I8(*value)),
        Model::U8(value) => give(Value::U8(*value)),
        Model::I16(value) => give(Value::I16(*value)),
        Model::U16(value) => give(Value::U16(*value)),
        Model::I32(value) => give(Value::I32(*value)),
        Model::U32(value) => give(Value::U32(*value)),
        Model::I64(value) => give(Value::I64(*value)),
        Model::F32(bits) => give(Value::F32(f32::from_bits(*bits))),
        Model::F64(bits) => give(Value::F64(f64::from_bits(*bits))),
        Model::Decimal(scale, value) => {
            give(Value::Decimal(Decimal { scale: *scale, value: *value }));
        }
        Model::Text(octets) => give(Value::LongStr(LongStr::from(&octets[..]))),
        Model::Octets(octets) => give(Value::Bytes(octets)),
        Model::Timestamp(seconds) => give(Value::Timestamp(*seconds)),
        Model::Void => give(Value::Void),
        Model::Array(values) => {
            let mut array = ArrayBuf::new();
            for value in values {
                with_value(value, &mut |value| _ = array.push(value).unwrap());
            }
            give(Value::Array(array.as_array()));
        }
        Model::Table(pairs) => give(Value::Table(by_crate(pairs).as_table())),
    }
}

/// A table that looks random and is the same in every run, at most so many levels deep.
pub(crate) fn any_table(rng: &mut Rng, levels: usize) -> Pairs {
    (0..rng.below(8)).map(|_| (any_octets(rng), any_value(rng, levels))).collect()
}

fn any_octets(rng: &mut Rng) -> Vec<u8> {
    (0..rng.below(12)).map(|_| rng.next().to_le_bytes()[2]).collect()
}

fn any_value(rng: &mut Rng, levels: usize) -> Model {
    // Numbers around all ends of all widths, and others.
    let near = rng.pick(&[0, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0x7FFF_FFFF, 0x8000_0000, 1 << 63]);
    let bits = if rng.once_in(3) { rng.next() } else { near + rng.next() % 3 };
    match rng.below(if levels > 0 { 17 } else { 15 }) {
        0 => Model::Bool(bits & 1 == 1),
        1 => Model::I8(bits as i8),
        2 => Model::U8(bits as u8),
        3 => Model::I16(bits as i16),
        4 => Model::U16(bits as u16),
        5 => Model::I32(bits as i32),
        6 => Model::U32(bits as u32),
        7 => Model::I64(bits as i64),
        8 => Model::F32(bits as u32),
        9 => Model::F64(bits),
        10 => Model::Decimal((bits >> 40) as u8, bits as i32),
        11 => Model::Text(any_octets(rng)),
        12 => Model::Octets(any_octets(rng)),
        13 => Model::Timestamp(bits),
        14 => Model::Void,
        15 => Model::Array((0..rng.below(6)).map(|_| any_value(rng, levels - 1)).collect()),
        _ => Model::Table(any_table(rng, levels - 1)),
    }
}
