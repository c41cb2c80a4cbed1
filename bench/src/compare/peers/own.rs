//! This crate below its engine: frames and tables.

use core::hint::black_box;

use amqp_proto::frame::Scanner;
use amqp_proto::protocol::{Dialect, Frame};
use amqp_proto::wire::{ArrayBuf, Table, TableBuf, TableLimits, Value};

use super::Decoded;

/// Borrowed frames: methods typed, the structure of properties and tables checked.
#[inline(never)]
pub(crate) fn typed_frames(octets: &[u8]) -> Decoded {
    let mut decoded = Decoded::default();
    for (_, raw) in Scanner::new(octets, 131_064) {
        let Ok(raw) = raw else { break };
        let Ok(frame) = Frame::parse(Dialect::V0_9_1, raw, &TableLimits::DEFAULT) else { break };
        decoded.frames += 1;
        if let Frame::Body { payload, .. } = black_box(&frame) {
            decoded.body_octets += payload.len();
        }
    }
    decoded
}

/// Checks a table.
pub(crate) fn validate(octets: &[u8]) -> Table<'_> {
    Table::parse(octets, &TableLimits::DEFAULT).expect("a table in order")
}

/// Looks at every value of a table, at all depths; returns how many there are.
pub(crate) fn read_all(table: Table<'_>) -> usize {
    table.iter().map(|(name, value)| black_box(name).len().min(1) + read(value)).sum()
}

fn read(value: Value<'_>) -> usize {
    match value {
        Value::Table(table) => read_all(table),
        Value::Array(array) => array.iter().map(read).sum(),
        value => {
            black_box(value);
            1
        }
    }
}

/// A table as an application might hold it, to be built from.
#[derive(Debug)]
pub(crate) enum Item<'a> {
    Plain(Value<'a>),
    Array(Vec<Self>),
    Table(Vec<(&'a str, Self)>),
}

impl<'a> Item<'a> {
    pub(crate) fn of(table: Table<'a>) -> Vec<(&'a str, Self)> {
        let named = |(name, value)| {
            let name: amqp_proto::wire::ShortStr<'a> = name;
            (name.as_str().expect("a name in UTF-8"), Self::of_value(value))
        };
        table.iter().map(named).collect()
    }

    fn of_value(value: Value<'a>) -> Self {
        match value {
            Value::Table(table) => Self::Table(Self::of(table)),
            Value::Array(array) => Self::Array(array.iter().map(Self::of_value).collect()),
            value => Self::Plain(value),
        }
    }
}

/// Builds the octets of a table.
pub(crate) fn build(items: &[(&str, Item<'_>)], out: &mut TableBuf) {
    const FITS: &str = "a table that fits";
    for (name, item) in items {
        match item {
            Item::Plain(value) => out.insert(*name, *value).expect(FITS),
            Item::Array(items) => {
                let array = build_array(items);
                out.insert(*name, &array).expect(FITS)
            }
            Item::Table(items) => {
                let mut table = TableBuf::new();
                build(items, &mut table);
                out.insert(*name, &table).expect(FITS)
            }
        };
    }
}

fn build_array(items: &[Item<'_>]) -> ArrayBuf {
    const FITS: &str = "an array that fits";
    let mut out = ArrayBuf::new();
    for item in items {
        match item {
            Item::Plain(value) => out.push(*value).expect(FITS),
            Item::Array(items) => out.push(&build_array(items)).expect(FITS),
            Item::Table(items) => {
                let mut table = TableBuf::new();
                build(items, &mut table);
                out.push(&table).expect(FITS)
            }
        };
    }
    out
}
