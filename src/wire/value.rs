use alloc::string::String;

use super::{Array, ArrayBuf, LongStr, ShortStr, Table, TableBuf};

/// A field value: what a table or an array holds.
///
/// Every type seen in practice is decoded (`TBL-03`, `TBL-05`, `TBL-06`). Equality compares floats
/// by their bits and tables and arrays by their octets.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Value<'a> {
    /// `t`: a boolean; any octet but 0 is true (`TBL-07`).
    Bool(bool),
    /// `b`: a signed integer of 8 bits.
    I8(i8),
    /// `B`: an unsigned integer of 8 bits.
    U8(u8),
    /// `s`, also decoded from `U`: a signed integer of 16 bits (`TBL-04`).
    I16(i16),
    /// `u`: an unsigned integer of 16 bits.
    U16(u16),
    /// `I`: a signed integer of 32 bits.
    I32(i32),
    /// `i`: an unsigned integer of 32 bits.
    U32(u32),
    /// `l`, also decoded from `L`: a signed integer of 64 bits (`TBL-04`).
    I64(i64),
    /// `f`: a float of 32 bits, every bit kept (`TYP-09`).
    F32(f32),
    /// `d`: a float of 64 bits, every bit kept (`TYP-09`).
    F64(f64),
    /// `D`: a decimal number.
    Decimal(Decimal),
    /// `S`, also decoded from Broker-J's `c` and `C`: a string, often UTF-8 text.
    LongStr(LongStr<'a>),
    /// `A`: an array.
    Array(Array<'a>),
    /// `T`: seconds since the start of 1970, UTC (`TYP-07`).
    Timestamp(u64),
    /// `F`: a table.
    Table(Table<'a>),
    /// `V`: nothing.
    Void,
    /// `x`: octets that are not text (`TBL-09`).
    Bytes(&'a [u8]),
    /// Broker-J's `k`: one character's octet. Decoded, never sent.
    Char(u8),
    /// A type octet that is not known, and all octets after it. Kept, never sent (`TBL-06`).
    Unknown {
        /// The type octet.
        tag: u8,
        /// The octets up to the end of the innermost table or array.
        rest: &'a [u8],
    },
}

/// A decimal number, `value` × 10^−`scale` (`TBL-08`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(clippy::exhaustive_structs, reason = "the wire format fixes the fields")]
pub struct Decimal {
    /// How many of the digits stand behind the decimal point.
    pub scale: u8,
    /// All digits, with their sign.
    pub value: i32,
}

impl<'a> Value<'a> {
    /// The type octet with which the value is sent.
    #[must_use]
    pub const fn tag(&self) -> u8 {
        match *self {
            Self::Bool(_) => b't',
            Self::I8(_) => b'b',
            Self::U8(_) => b'B',
            Self::I16(_) => b's',
            Self::U16(_) => b'u',
            Self::I32(_) => b'I',
            Self::U32(_) => b'i',
            Self::I64(_) => b'l',
            Self::F32(_) => b'f',
            Self::F64(_) => b'd',
            Self::Decimal(_) => b'D',
            Self::LongStr(_) => b'S',
            Self::Array(_) => b'A',
            Self::Timestamp(_) => b'T',
            Self::Table(_) => b'F',
            Self::Void => b'V',
            Self::Bytes(_) => b'x',
            Self::Char(_) => b'k',
            Self::Unknown { tag, .. } => tag,
        }
    }

    /// The boolean, if it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = *self { Some(value) } else { None }
    }

    /// The integer, whatever its width on the wire.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match *self {
            Self::I8(value) => Some(i64::from(value)),
            Self::U8(value) => Some(i64::from(value)),
            Self::I16(value) => Some(i64::from(value)),
            Self::U16(value) => Some(i64::from(value)),
            Self::I32(value) => Some(i64::from(value)),
            Self::U32(value) => Some(i64::from(value)),
            Self::I64(value) => Some(value),
            _ => None,
        }
    }

    /// The integer, whatever its width on the wire, if it is not negative.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.as_i64().and_then(|value| u64::try_from(value).ok())
    }

    /// The float, whatever its width on the wire.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::F32(value) => Some(f64::from(value)),
            Self::F64(value) => Some(value),
            _ => None,
        }
    }

    /// The decimal number, if it is one.
    #[must_use]
    pub const fn as_decimal(&self) -> Option<Decimal> {
        if let Self::Decimal(value) = *self { Some(value) } else { None }
    }

    /// The timestamp in seconds since the start of 1970, if it is one.
    #[must_use]
    pub const fn as_timestamp(&self) -> Option<u64> {
        if let Self::Timestamp(seconds) = *self { Some(seconds) } else { None }
    }

    /// The text, if it is a string in UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&'a str> {
        if let Self::LongStr(value) = *self { value.as_str().ok() } else { None }
    }

    /// The octets of a string or a byte array.
    #[must_use]
    pub const fn as_octets(&self) -> Option<&'a [u8]> {
        match *self {
            Self::LongStr(value) => Some(value.as_octets()),
            Self::Bytes(value) => Some(value),
            _ => None,
        }
    }

    /// The table, if it is one.
    #[must_use]
    pub const fn as_table(&self) -> Option<Table<'a>> {
        if let Self::Table(value) = *self { Some(value) } else { None }
    }

    /// The array, if it is one.
    #[must_use]
    pub const fn as_array(&self) -> Option<Array<'a>> {
        if let Self::Array(value) = *self { Some(value) } else { None }
    }

    /// Takes one value off the front of checked octets.
    #[inline]
    pub(super) fn take(octets: &mut &'a [u8]) -> Option<Self> {
        let tag = u8::from_be_bytes(chunk(octets)?);
        Some(match tag {
            b't' => Self::Bool(chunk::<1>(octets)? != [0]),
            b'b' => Self::I8(i8::from_be_bytes(chunk(octets)?)),
            b'B' => Self::U8(u8::from_be_bytes(chunk(octets)?)),
            b's' | b'U' => Self::I16(i16::from_be_bytes(chunk(octets)?)),
            b'u' => Self::U16(u16::from_be_bytes(chunk(octets)?)),
            b'I' => Self::I32(i32::from_be_bytes(chunk(octets)?)),
            b'i' => Self::U32(u32::from_be_bytes(chunk(octets)?)),
            b'l' | b'L' => Self::I64(i64::from_be_bytes(chunk(octets)?)),
            b'f' => Self::F32(f32::from_bits(u32::from_be_bytes(chunk(octets)?))),
            b'd' => Self::F64(f64::from_bits(u64::from_be_bytes(chunk(octets)?))),
            b'D' => Self::Decimal(Decimal {
                scale: u8::from_be_bytes(chunk(octets)?),
                value: i32::from_be_bytes(chunk(octets)?),
            }),
            b'S' | b'c' | b'C' => Self::LongStr(LongStr::from_octets(counted(octets)?)),
            b'A' => Self::Array(Array::from_valid(counted(octets)?)),
            b'T' => Self::Timestamp(u64::from_be_bytes(chunk(octets)?)),
            b'F' => Self::Table(Table::from_valid(counted(octets)?)),
            b'V' => Self::Void,
            b'x' => Self::Bytes(counted(octets)?),
            b'k' => Self::Char(u8::from_be_bytes(chunk(octets)?)),
            _ => Self::Unknown { tag, rest: core::mem::take(octets) },
        })
    }
}

impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::I8(a), Self::I8(b)) => a == b,
            (Self::U8(a), Self::U8(b)) | (Self::Char(a), Self::Char(b)) => a == b,
            (Self::I16(a), Self::I16(b)) => a == b,
            (Self::U16(a), Self::U16(b)) => a == b,
            (Self::I32(a), Self::I32(b)) => a == b,
            (Self::U32(a), Self::U32(b)) => a == b,
            (Self::I64(a), Self::I64(b)) => a == b,
            (Self::F32(a), Self::F32(b)) => a.to_bits() == b.to_bits(),
            (Self::F64(a), Self::F64(b)) => a.to_bits() == b.to_bits(),
            (Self::Decimal(a), Self::Decimal(b)) => a == b,
            (Self::LongStr(a), Self::LongStr(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Timestamp(a), Self::Timestamp(b)) => a == b,
            (Self::Table(a), Self::Table(b)) => a == b,
            (Self::Void, Self::Void) => true,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Unknown { tag, rest }, Self::Unknown { tag: other_tag, rest: other_rest }) => {
                tag == other_tag && rest == other_rest
            }
            _ => false,
        }
    }
}

impl Eq for Value<'_> {}

#[inline]
fn chunk<const N: usize>(octets: &mut &[u8]) -> Option<[u8; N]> {
    let (&chunk, rest) = octets.split_first_chunk()?;
    *octets = rest;
    Some(chunk)
}

#[inline]
fn counted<'a>(octets: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (&len, rest) = octets.split_first_chunk()?;
    let len = usize::try_from(u32::from_be_bytes(len)).ok()?;
    let (counted, rest) = rest.split_at_checked(len)?;
    *octets = rest;
    Some(counted)
}

macro_rules! from {
    ($($from:ty => $make:expr,)*) => {$(
        impl<'a> From<$from> for Value<'a> {
            #[inline]
            fn from(value: $from) -> Self {
                let make: fn($from) -> Self = $make;
                make(value)
            }
        }
    )*};
}

from! {
    bool => Self::Bool,
    i8 => Self::I8,
    u8 => Self::U8,
    i16 => Self::I16,
    u16 => Self::U16,
    i32 => Self::I32,
    u32 => Self::U32,
    i64 => Self::I64,
    f32 => Self::F32,
    f64 => Self::F64,
    Decimal => Self::Decimal,
    &'a str => |value| Self::LongStr(value.into()),
    &'a String => |value| Self::LongStr(value.into()),
    ShortStr<'a> => |value| Self::LongStr(value.as_octets().into()),
    LongStr<'a> => Self::LongStr,
    &'a [u8] => Self::Bytes,
    Table<'a> => Self::Table,
    &'a TableBuf => |value| Self::Table(value.as_table()),
    Array<'a> => Self::Array,
    &'a ArrayBuf => |value| Self::Array(value.as_array()),
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::super::{TableLimits, samples::*};
    use super::*;

    fn decode(octets: &[u8]) -> Value<'_> {
        let array = Array::parse(octets, &TableLimits::default()).unwrap();
        assert_eq!(array.len(), 1, "{octets:?}");
        array.get(0).unwrap()
    }

    #[test]
    fn every_emitted_type_round_trips() {
        let inner = TableBuf::new().with("a", true).unwrap();
        let array = ArrayBuf::new().with(1).unwrap();
        let values = every_value(&inner).into_iter().chain([Value::Array(array.as_array())]);
        for value in values {
            let buf = ArrayBuf::new().with(value).unwrap();
            assert_eq!(buf.as_octets()[0], value.tag());
            assert_eq!(decode(buf.as_octets()), value);
        }
    }

    #[test]
    fn every_type_decodes_as_brokers_mean_it() {
        let cases: [(&[u8], Value<'_>); 26] = [
            (b"t\x00", Value::Bool(false)),
            (b"t\x01", Value::Bool(true)),
            (b"t\xFF", Value::Bool(true)),
            (b"b\xFF", Value::I8(-1)),
            (b"B\xFF", Value::U8(255)),
            (b"s\xFF\xFE", Value::I16(-2)),
            (b"U\xFF\xFE", Value::I16(-2)),
            (b"u\xFF\xFE", Value::U16(65534)),
            (b"I\xFF\xFF\xFF\xFE", Value::I32(-2)),
            (b"i\xFF\xFF\xFF\xFE", Value::U32(4_294_967_294)),
            (b"l\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE", Value::I64(-2)),
            (b"L\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE", Value::I64(-2)),
            (b"f\x3F\x80\0\0", Value::F32(1.0)),
            (b"d\x3F\xF0\0\0\0\0\0\0", Value::F64(1.0)),
            (b"D\x02\xFF\xFF\xFF\x97", Value::Decimal(Decimal { scale: 2, value: -105 })),
            (b"S\0\0\0\x02ab", Value::LongStr("ab".into())),
            (b"c\0\0\0\x02ab", Value::LongStr("ab".into())),
            (b"C\0\0\0\x02ab", Value::LongStr("ab".into())),
            (b"A\0\0\0\x01V", Value::Array(Array::from_valid(b"V"))),
            (b"T\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", Value::Timestamp(u64::MAX)),
            (b"F\0\0\0\x03\x01aV", Value::Table(Table::from_valid(b"\x01aV"))),
            (b"F\0\0\0\0", Value::Table(Table::EMPTY)),
            (b"V", Value::Void),
            (b"x\0\0\0\x02\0\xFF", Value::Bytes(b"\0\xFF")),
            (b"k\x41", Value::Char(b'A')),
            (b"?\x41", Value::Unknown { tag: b'?', rest: b"\x41" }),
        ];
        for (octets, value) in cases {
            assert_eq!(decode(octets), value, "{octets:?}");
            for end in 1..octets.len() {
                let cut = Array::parse(&octets[..end], &TableLimits::default());
                assert_eq!(cut.is_ok(), octets[0] == b'?', "{octets:?} cut at {end}");
            }
        }
    }

    #[test]
    fn getters_read_across_widths() {
        let sevens = [
            Value::from(7_i8),
            Value::from(7_u8),
            Value::from(7_i16),
            Value::from(7_u16),
            Value::from(7_i32),
            Value::from(7_u32),
            Value::from(7_i64),
        ];
        for value in sevens {
            assert_eq!((value.as_i64(), value.as_u64()), (Some(7), Some(7)));
            assert_eq!((value.as_f64(), value.as_str(), value.as_bool()), (None, None, None));
        }
        assert_eq!((Value::from(-1).as_i64(), Value::from(-1).as_u64()), (Some(-1), None));
        assert_eq!(Value::from(1.5_f32).as_f64(), Some(1.5));
        assert_eq!(Value::from("x").as_str(), Some("x"));
        assert_eq!(Value::LongStr(b"\xFF".into()).as_str(), None);
        assert_eq!(Value::LongStr(b"\xFF".into()).as_octets(), Some(&b"\xFF"[..]));
        assert_eq!(Value::Timestamp(1).as_i64(), None);
        assert_eq!(Value::Timestamp(1).as_timestamp(), Some(1));
    }

    #[test]
    fn equality_compares_float_bits() {
        assert_eq!(Value::F64(f64::NAN), Value::F64(f64::NAN));
        assert_ne!(Value::F32(0.0), Value::F32(-0.0));
        let table = rich_table();
        let values: Vec<_> = table.iter().map(|(_, value)| value).collect();
        assert!(values.iter().zip(&values).all(|(a, b)| a == b));
        assert_ne!(Value::I8(1), Value::U8(1));
    }
}
