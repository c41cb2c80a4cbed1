//! The lowest floor: octets, strings, field values and field tables.
//!
//! Borrowed views ([`ShortStr`], [`LongStr`], [`Table`], [`Array`], [`Value`]) point into the octets
//! that arrived and keep them as they are; owned buffers ([`TableBuf`], [`ArrayBuf`]) hold wire
//! octets in one allocation. Structure is checked once, by `parse`; text and numbers are read on
//! access. Nothing here recurses on input or allocates from a number that a peer chose.

mod array;
mod array_buf;
mod display;
mod emit;
mod equality;
mod error;
mod limits;
mod long_str;
mod octet_str;
mod reader;
#[cfg(test)]
mod samples;
mod short_str;
mod table;
mod table_buf;
mod validate;
mod value;
mod writer;

pub use array::{Array, ArrayIter};
pub use array_buf::ArrayBuf;
pub use error::{DecodeError, DecodeErrorKind, EncodeError};
pub use limits::{FieldNames, ShortStrings, TableLimits, UnknownTags};
pub use long_str::LongStr;
pub use short_str::ShortStr;
pub use table::{Table, TableIter};
pub use table_buf::TableBuf;
pub use value::{Decimal, Value};

pub(crate) use octet_str::write_escaped;
pub(crate) use reader::Reader;
pub(crate) use writer::{Writer, long_str_len, short_str_len, table_len};
