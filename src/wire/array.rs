use core::iter::FusedIterator;

use super::{
    DecodeError, TableLimits, Value, equality,
    validate::{self, Site},
};

/// A field array: the octets of its values, with their structure checked.
///
/// Like [`Table`](super::Table), it keeps what arrived; `==` compares octets.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Array<'a> {
    octets: &'a [u8],
}

impl<'a> Array<'a> {
    /// The array without values.
    pub const EMPTY: Self = Self { octets: &[] };

    /// Checks the values' octets, which come without the array's own length.
    ///
    /// # Errors
    ///
    /// When a value is cut short, an inner length passes the outer end (`TBL-02`), or a limit is
    /// passed; the offset counts from the start of `octets`.
    pub fn parse(octets: &'a [u8], limits: &TableLimits) -> Result<Self, DecodeError> {
        validate::array(octets, limits, Site { field: "array", base: 0 })?;
        Ok(Self { octets })
    }

    /// Wraps octets that were checked before.
    #[inline]
    pub(super) const fn from_valid(octets: &'a [u8]) -> Self {
        Self { octets }
    }

    /// The values in the order of the wire.
    #[must_use]
    #[inline]
    pub const fn iter(&self) -> ArrayIter<'a> {
        ArrayIter { octets: self.octets }
    }

    /// The value at an index, found by walking from the start.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        self.iter().nth(index)
    }

    /// The number of values; counted anew by each call.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are no values.
    #[must_use]
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// The values' octets as they are on the wire, without the array's own length.
    #[must_use]
    #[inline]
    pub const fn as_octets(&self) -> &'a [u8] {
        self.octets
    }

    /// Whether both arrays hold values of equal meaning in the same order.
    ///
    /// See [`Table::semantic_eq`](super::Table::semantic_eq).
    #[must_use]
    pub fn semantic_eq(&self, other: &Array<'_>) -> bool {
        equality::semantic_eq(Value::Array(*self), Value::Array(*other))
    }
}

impl<'a> IntoIterator for Array<'a> {
    type Item = Value<'a>;
    type IntoIter = ArrayIter<'a>;

    fn into_iter(self) -> ArrayIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Array<'a> {
    type Item = Value<'a>;
    type IntoIter = ArrayIter<'a>;

    fn into_iter(self) -> ArrayIter<'a> {
        self.iter()
    }
}

/// The values of an [`Array`], made by [`Array::iter`].
#[derive(Clone, Debug)]
pub struct ArrayIter<'a> {
    octets: &'a [u8],
}

impl<'a> Iterator for ArrayIter<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Value::take(&mut self.octets)
    }
}

impl FusedIterator for ArrayIter<'_> {}
