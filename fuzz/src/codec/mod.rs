//! Targets for what reads and writes octets, without a connection.

pub(crate) mod drawn;
pub(crate) mod frame;
pub(crate) mod method;
pub(crate) mod properties;
pub(crate) mod scan;
pub(crate) mod table;
pub(crate) mod values;

use core::fmt::{Debug, Display};

use amqp_proto::wire::{DecodeError, FieldNames, ShortStrings, TableLimits, UnknownTags};

/// The limits that the first octet of an input asks for, and the rest of it.
fn limited(input: &[u8]) -> Option<(TableLimits, &[u8])> {
    let (&choice, rest) = input.split_first()?;
    Some((limits(choice), rest))
}

fn limits(choice: u8) -> TableLimits {
    match choice % 4 {
        0 => TableLimits::DEFAULT,
        1 => TableLimits::DEFAULT
            .with_unknown_tags(UnknownTags::Refuse)
            .with_field_names(FieldNames::Checked)
            .with_short_strings(ShortStrings::Checked),
        2 => TableLimits::DEFAULT.with_max_depth(1).with_max_entries(4).with_max_octets(64),
        _ => WIDEST,
    }
}

/// Limits that nothing in an input can pass.
const WIDEST: TableLimits = TableLimits::DEFAULT
    .with_max_depth(u8::MAX)
    .with_max_entries(u32::MAX)
    .with_max_octets(u32::MAX);

/// Both texts of a value, which must come without a panic whatever is in it.
fn show(value: &(impl Debug + Display + ?Sized)) -> String {
    let _ = format!("{value:?} {value:#?}");
    value.to_string()
}

/// An error tells a place within what was read, and says something.
fn check_error(error: &DecodeError, len: usize) {
    assert!(error.offset() <= len, "{error}: beyond the {len} octets that were read");
    assert!(!error.field().is_empty() && !show(error).is_empty());
    assert!(matches!(error.reply_code(), 501 | 502 | 540), "{error}: {}", error.reply_code());
}
