//! Vectors as hexadecimal text.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use amqp_proto::wire::{Table, TableLimits};

/// Octets from hexadecimal digits; spaces only part the fields for the reader.
pub(crate) fn octets(text: &str) -> Vec<u8> {
    let digits: Vec<u32> =
        text.chars().filter(|c| *c != ' ').map(|c| c.to_digit(16).unwrap()).collect();
    assert!(digits.len() % 2 == 0, "half an octet in {text}");
    digits
        .chunks_exact(2)
        .map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit))
        .map(|octet| u8::try_from(octet).unwrap())
        .collect()
}

/// The table `{k: true}`.
pub(crate) fn table() -> Table<'static> {
    Table::parse(b"\x01kt\x01", &TableLimits::default()).unwrap()
}
