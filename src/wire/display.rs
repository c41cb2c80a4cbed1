//! One-line text for tables, arrays and values, with a worklist in place of recursion.

use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use super::{
    Array, ArrayBuf, ArrayIter, Decimal, ShortStr, Table, TableBuf, TableIter, Value,
    octet_str::write_quoted,
};

/// A table or array that is being written, and what is left of it.
struct Level<'a> {
    rest: Rest<'a>,
    is_first: bool,
}

enum Rest<'a> {
    Pairs(TableIter<'a>),
    Values(ArrayIter<'a>),
}

/// Writes a value; as many levels are kept as the value has, none for a flat one's inner values.
fn write_value(f: &mut fmt::Formatter<'_>, value: Value<'_>) -> fmt::Result {
    let mut levels = Vec::new();
    let mut value = value;
    loop {
        match value {
            Value::Table(table) => {
                f.write_char('{')?;
                levels.push(Level { rest: Rest::Pairs(table.iter()), is_first: true });
            }
            Value::Array(array) => {
                f.write_char('[')?;
                levels.push(Level { rest: Rest::Values(array.iter()), is_first: true });
            }
            scalar => write_scalar(f, scalar)?,
        }
        value = loop {
            let Some(level) = levels.last_mut() else {
                return Ok(());
            };
            if let Some(value) = level.next(f)? {
                break value;
            }
            levels.pop();
        };
    }
}

impl<'a> Level<'a> {
    /// Writes up to the next value and returns it, or closes the level.
    fn next(&mut self, f: &mut fmt::Formatter<'_>) -> Result<Option<Value<'a>>, fmt::Error> {
        let (next, close) = match &mut self.rest {
            Rest::Pairs(pairs) => (pairs.next().map(|(name, value)| (Some(name), value)), '}'),
            Rest::Values(values) => (values.next().map(|value| (None, value)), ']'),
        };
        let Some((name, value)) = next else {
            f.write_char(close)?;
            return Ok(None);
        };
        if !core::mem::take(&mut self.is_first) {
            f.write_str(", ")?;
        }
        if let Some(name) = name {
            write_name(f, name)?;
            f.write_str(": ")?;
        }
        Ok(Some(value))
    }
}

/// Writes a name as it is when nothing in it can be mistaken for the text around it.
fn write_name(f: &mut fmt::Formatter<'_>, name: ShortStr<'_>) -> fmt::Result {
    match name.as_str() {
        Ok(text)
            if !text.is_empty()
                && text.chars().all(|c| c.is_alphanumeric() || "-_.$#/@*+".contains(c)) =>
        {
            f.write_str(text)
        }
        _ => write_quoted(f, name.as_octets()),
    }
}

fn write_scalar(f: &mut fmt::Formatter<'_>, value: Value<'_>) -> fmt::Result {
    match value {
        Value::Bool(value) => write!(f, "{value}"),
        Value::I8(value) => write!(f, "{value}"),
        Value::U8(value) => write!(f, "{value}"),
        Value::I16(value) => write!(f, "{value}"),
        Value::U16(value) => write!(f, "{value}"),
        Value::I32(value) => write!(f, "{value}"),
        Value::U32(value) => write!(f, "{value}"),
        Value::I64(value) => write!(f, "{value}"),
        // `Debug` shows that it is a float: 1.0, not 1.
        Value::F32(value) => write!(f, "{value:?}"),
        Value::F64(value) => write!(f, "{value:?}"),
        Value::Decimal(value) => write!(f, "{value}"),
        Value::LongStr(value) => write_quoted(f, value.as_octets()),
        Value::Timestamp(seconds) => write!(f, "@{seconds}"),
        Value::Void => f.write_str("void"),
        Value::Bytes(octets) => {
            f.write_str("0x")?;
            octets.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
        }
        Value::Char(octet) => write!(f, "{:?}", char::from(octet)),
        Value::Unknown { tag, rest } => write!(f, "unknown({tag:#04x}, {} octets)", rest.len()),
        // Handled by the caller, which keeps the levels.
        Value::Table(_) | Value::Array(_) => Ok(()),
    }
}

/// The number with its decimal point, for example `-1.05`.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.value.unsigned_abs();
        let sign = if self.value < 0 { "-" } else { "" };
        match 10_u32.checked_pow(u32::from(self.scale)) {
            Some(1) => write!(f, "{sign}{digits}"),
            Some(unit) => {
                let width = usize::from(self.scale);
                write!(f, "{sign}{}.{:0width$}", digits / unit, digits % unit)
            }
            // All digits stand behind the point, and possibly many zeros.
            None => write!(f, "{sign}{digits}e-{}", self.scale),
        }
    }
}

macro_rules! one_line {
    ($($name:ty => $($trait:ident)+, |$this:ident| $value:expr;)*) => {$($(
        /// Text of one line, for example `{a: 1, b: "x", c: {d: [1, 2]}}`.
        impl fmt::$trait for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let $this = self;
                write_value(f, $value)
            }
        }
    )+)*};
}

one_line! {
    Table<'_> => Display Debug, |this| Value::Table(*this);
    TableBuf => Display Debug, |this| Value::Table(this.as_table());
    Array<'_> => Display Debug, |this| Value::Array(*this);
    ArrayBuf => Display Debug, |this| Value::Array(this.as_array());
    Value<'_> => Display, |this| *this;
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::super::{TableLimits, samples::*};
    use super::*;

    #[test]
    fn tables_are_one_line() {
        let empty = TableBuf::new();
        let inner = TableBuf::new().with("d", 1.0_f64).unwrap().with("e", &empty).unwrap();
        let array = ArrayBuf::new().with(1).unwrap().with(&inner).unwrap().with(false).unwrap();
        let table = TableBuf::new()
            .with("a", 1)
            .and_then(|t| t.with("b", "it's \"x\"\n"))
            .and_then(|t| t.with("c", &inner))
            .and_then(|t| t.with("x-d", &array))
            .and_then(|t| t.with("a: b", Value::Void))
            .and_then(|t| t.with(b"\xFF", Value::Timestamp(5)))
            .and_then(|t| t.with("", Value::Bytes(&[1, 255])))
            .unwrap();
        let expected = r#"{a: 1, b: "it's \"x\"\n", c: {d: 1.0, e: {}}, x-d: [1, {d: 1.0, e: {}}, false], "a: b": void, "\xff": @5, "": 0x01ff}"#;
        assert_eq!(table.to_string(), expected);
        assert_eq!(format!("{:?}", table.as_table()), expected);
        assert_eq!(empty.to_string(), "{}");
        assert_eq!(ArrayBuf::new().to_string(), "[]");
        assert_eq!(Value::Char(b'k').to_string(), "'k'");
        let unknown = Value::Unknown { tag: b'q', rest: b"ab" };
        assert_eq!(unknown.to_string(), "unknown(0x71, 2 octets)");
    }

    #[test]
    fn decimals_show_their_point() {
        let text = |scale, value| Decimal { scale, value }.to_string();
        assert_eq!(text(0, -7), "-7");
        assert_eq!(text(2, -105), "-1.05");
        assert_eq!(text(3, 5), "0.005");
        assert_eq!(text(9, i32::MIN), "-2.147483648");
        assert_eq!(text(255, 1), "1e-255");
    }

    #[test]
    fn deep_tables_are_written_without_recursion() {
        on_small_stack(|| {
            let octets = nested_tables(255);
            let limits = TableLimits::default().with_max_depth(u8::MAX);
            let table = Table::parse(&octets, &limits).unwrap();
            let text = table.to_string();
            assert_eq!(text.matches('{').count(), 256);
            assert_eq!(text.matches('}').count(), 256);
        });
    }
}
