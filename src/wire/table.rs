use core::iter::FusedIterator;

use super::{
    DecodeError, ShortStr, TableLimits, Value, equality,
    validate::{self, Site},
};

/// A field table: the octets of its pairs, with their structure checked.
///
/// Order, duplicate names and every type octet stay as they arrived (`TBL-12`, `TBL-16`), so
/// writing a table again gives the same octets. `==` compares octets; [`Table::semantic_eq`] compares
/// meaning.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Table<'a> {
    octets: &'a [u8],
}

impl<'a> Table<'a> {
    /// The table without pairs.
    pub const EMPTY: Self = Self { octets: &[] };

    /// Checks the pairs' octets, which come without the table's own length.
    ///
    /// # Errors
    ///
    /// When a pair is cut short, an inner length passes the outer end (`TBL-02`), or a limit is
    /// passed; the offset counts from the start of `octets`.
    pub fn parse(octets: &'a [u8], limits: &TableLimits) -> Result<Self, DecodeError> {
        if validate::is_table(octets, limits) {
            return Ok(Self { octets });
        }
        let fault = validate::table_fault(octets, limits, Site { field: "table", base: 0 });
        fault.map_or(Ok(Self { octets }), Err)
    }

    /// Wraps octets that were checked before.
    #[inline]
    pub(super) const fn from_valid(octets: &'a [u8]) -> Self {
        Self { octets }
    }

    /// The pairs in the order of the wire, duplicates included.
    #[must_use]
    #[inline]
    pub const fn iter(&self) -> TableIter<'a> {
        TableIter { octets: self.octets }
    }

    /// The value of the first pair with this name (`TBL-12`).
    #[must_use]
    pub fn get<'n>(&self, name: impl Into<ShortStr<'n>>) -> Option<Value<'a>> {
        let name = name.into();
        self.iter().find(|(key, _)| key.as_octets() == name.as_octets()).map(|(_, value)| value)
    }

    /// The number of pairs, duplicates included; counted anew by each call.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are no pairs.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// The pairs' octets as they are on the wire, without the table's own length.
    #[must_use]
    #[inline]
    pub const fn as_octets(&self) -> &'a [u8] {
        self.octets
    }

    /// Whether both tables mean the same.
    ///
    /// They do when they have the same names and, for each, values of equal meaning: the first of
    /// duplicates counts, order does not, integers are compared across widths and floats by their
    /// bits. Arrays must agree in order.
    #[must_use]
    pub fn semantic_eq(&self, other: &Table<'_>) -> bool {
        equality::semantic_eq(Value::Table(*self), Value::Table(*other))
    }
}

impl<'a> IntoIterator for Table<'a> {
    type Item = (ShortStr<'a>, Value<'a>);
    type IntoIter = TableIter<'a>;

    fn into_iter(self) -> TableIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Table<'a> {
    type Item = (ShortStr<'a>, Value<'a>);
    type IntoIter = TableIter<'a>;

    fn into_iter(self) -> TableIter<'a> {
        self.iter()
    }
}

/// The pairs of a [`Table`], made by [`Table::iter`].
#[derive(Clone, Debug)]
pub struct TableIter<'a> {
    octets: &'a [u8],
}

impl<'a> Iterator for TableIter<'a> {
    type Item = (ShortStr<'a>, Value<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (&len, rest) = self.octets.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(len))?;
        self.octets = rest;
        let value = Value::take(&mut self.octets)?;
        Some((ShortStr::from_octets(name), value))
    }
}

impl FusedIterator for TableIter<'_> {}
