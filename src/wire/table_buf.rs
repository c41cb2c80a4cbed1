use alloc::vec::Vec;

use super::{EncodeError, ShortStr, Table, TableIter, Value, emit};

/// An owned field table: wire octets in one allocation.
///
/// It is a builder for new tables and keeps received ones as they are.
///
/// ```
/// use amqp_proto::wire::{TableBuf, Value};
///
/// let inner = TableBuf::new().with("d", true)?;
/// let table = TableBuf::new().with("x-max-length", 5)?.with("c", &inner)?;
/// assert_eq!(table.to_string(), "{x-max-length: 5, c: {d: true}}");
/// assert_eq!(table.as_table().get("x-max-length"), Some(Value::I32(5)));
/// # Ok::<(), amqp_proto::wire::EncodeError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct TableBuf {
    octets: Vec<u8>,
}

impl TableBuf {
    /// A table without pairs; allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { octets: Vec::new() }
    }

    /// A table without pairs, with room for this many octets.
    #[must_use]
    pub fn with_capacity(octets: usize) -> Self {
        Self { octets: Vec::with_capacity(octets) }
    }

    /// Appends a pair.
    ///
    /// Pairs of the same name are not looked for: the specification forbids duplicates and leaves
    /// their meaning open, [`Table::get`] finds the first (`TBL-12`). Inner tables and arrays are
    /// copied octet for octet.
    ///
    /// # Errors
    ///
    /// Leaves the table as it was when the name has over 255 octets (`TYP-03`), the value or the
    /// table over 2³² − 1, the value a type that is only decoded, or the nesting over 255 levels.
    pub fn insert<'n, 'v>(
        &mut self,
        name: impl Into<ShortStr<'n>>,
        value: impl Into<Value<'v>>,
    ) -> Result<&mut Self, EncodeError> {
        emit::pair(&mut self.octets, name.into(), value.into())?;
        Ok(self)
    }

    /// Appends a pair and returns the table, for chains.
    ///
    /// # Errors
    ///
    /// As for [`TableBuf::insert`].
    pub fn with<'n, 'v>(
        mut self,
        name: impl Into<ShortStr<'n>>,
        value: impl Into<Value<'v>>,
    ) -> Result<Self, EncodeError> {
        self.insert(name, value)?;
        Ok(self)
    }

    /// The borrowed table, with all that can be asked of one.
    #[must_use]
    #[inline]
    pub fn as_table(&self) -> Table<'_> {
        Table::from_valid(&self.octets)
    }

    /// The pairs in order.
    #[must_use]
    pub fn iter(&self) -> TableIter<'_> {
        self.as_table().iter()
    }

    /// The value of the first pair with this name.
    #[must_use]
    pub fn get<'n>(&self, name: impl Into<ShortStr<'n>>) -> Option<Value<'_>> {
        self.as_table().get(name)
    }

    /// The number of pairs; counted anew by each call.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_table().len()
    }

    /// Whether there are no pairs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// Removes all pairs and keeps the allocation.
    pub fn clear(&mut self) {
        self.octets.clear();
    }

    /// The pairs' octets as they are on the wire, without the table's own length.
    #[must_use]
    pub fn as_octets(&self) -> &[u8] {
        &self.octets
    }
}

impl From<Table<'_>> for TableBuf {
    /// Copies the octets as they are.
    fn from(table: Table<'_>) -> Self {
        Self { octets: table.as_octets().into() }
    }
}

impl<'a> From<&'a TableBuf> for Table<'a> {
    fn from(table: &'a TableBuf) -> Self {
        table.as_table()
    }
}

impl<'a> IntoIterator for &'a TableBuf {
    type Item = (ShortStr<'a>, Value<'a>);
    type IntoIter = TableIter<'a>;

    fn into_iter(self) -> TableIter<'a> {
        self.iter()
    }
}
