//! Field values as trees: easy to draw at random and to take apart, and written without the
//! crate's own writer.

use alloc::vec::Vec;

use crate::wire::{Array, ArrayBuf, Table, TableBuf, TableLimits};

use super::ValueBuf;

/// A field value.
#[derive(Clone, Debug)]
pub(in crate::testing) enum Tree {
    /// A type octet, and all that follows.
    Plain(u8, Vec<u8>),
    /// A type octet, and what follows behind its length.
    Counted(u8, Vec<u8>),
    Array(Vec<Self>),
    Table(Pairs),
}

pub(in crate::testing) type Pairs = Vec<(Vec<u8>, Tree)>;

impl Tree {
    /// Type octet and value. A tree has few levels, because whoever draws it counts them.
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Plain(tag, octets) => {
                out.push(*tag);
                out.extend_from_slice(octets);
            }
            Self::Counted(tag, octets) => {
                out.push(*tag);
                counted(out, octets);
            }
            Self::Array(values) => {
                out.push(b'A');
                counted(out, &array_octets(values));
            }
            Self::Table(pairs) => {
                out.push(b'F');
                counted(out, &table_octets(pairs));
            }
        }
    }
}

/// A length of four octets, and what it counts.
fn counted(out: &mut Vec<u8>, octets: &[u8]) {
    let len = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(octets);
}

fn array_octets(values: &[Tree]) -> Vec<u8> {
    let mut out = Vec::new();
    for value in values {
        value.write(&mut out);
    }
    out
}

fn table_octets(pairs: &Pairs) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in pairs {
        out.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        out.extend(name.iter().take(usize::from(u8::MAX)));
        value.write(&mut out);
    }
    out
}

/// The table of these pairs; an unknown type octet takes in what follows.
pub(in crate::testing) fn table(pairs: &Pairs) -> TableBuf {
    let octets = table_octets(pairs);
    // What is drawn is well-formed; a test says so for all of it.
    Table::parse(&octets, &TableLimits::DEFAULT).map(TableBuf::from).unwrap_or_default()
}

pub(in crate::testing) fn array(values: &[Tree]) -> ArrayBuf {
    let octets = array_octets(values);
    Array::parse(&octets, &TableLimits::DEFAULT).map(ArrayBuf::from).unwrap_or_default()
}

pub(in crate::testing) fn value(tree: &Tree) -> ValueBuf {
    ValueBuf::only(array(core::slice::from_ref(tree)))
}

/// The type octets with so many octets behind them.
pub(in crate::testing) const FIXED: [(u8, usize); 13] = [
    (b't', 1),
    (b'b', 1),
    (b'B', 1),
    (b's', 2),
    (b'u', 2),
    (b'I', 4),
    (b'i', 4),
    (b'l', 8),
    (b'f', 4),
    (b'd', 8),
    (b'D', 5),
    (b'T', 8),
    (b'V', 0),
];
/// The same of types that are taken but never sent (`TBL-04`, `TBL-05`).
pub(in crate::testing) const FIXED_RECEIVED: [(u8, usize); 3] = [(b'U', 2), (b'L', 8), (b'k', 1)];
/// The type octets with a length behind them.
pub(in crate::testing) const COUNTED: [u8; 2] = [b'S', b'x'];
/// The same of types that are taken but never sent (`TBL-05`).
pub(in crate::testing) const COUNTED_RECEIVED: [u8; 2] = [b'c', b'C'];

/// Whether this type octet has no meaning (`TBL-06`).
pub(in crate::testing) fn is_unknown(tag: u8) -> bool {
    let mut fixed = FIXED.iter().chain(&FIXED_RECEIVED);
    let mut counted = COUNTED.iter().chain(&COUNTED_RECEIVED).chain(b"AF");
    !fixed.any(|(known, _)| *known == tag) && !counted.any(|known| *known == tag)
}
