use alloc::vec::Vec;

use super::{Array, ArrayIter, EncodeError, Value, emit};

/// An owned field array: wire octets in one allocation.
///
/// ```
/// use amqp_proto::wire::ArrayBuf;
///
/// let array = ArrayBuf::new().with(1)?.with("x")?;
/// assert_eq!(array.to_string(), r#"[1, "x"]"#);
/// # Ok::<(), amqp_proto::wire::EncodeError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct ArrayBuf {
    octets: Vec<u8>,
}

impl ArrayBuf {
    /// An array without values; allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { octets: Vec::new() }
    }

    /// Appends a value; inner tables and arrays are copied octet for octet.
    ///
    /// # Errors
    ///
    /// Leaves the array as it was when the value or the array has over 2³² − 1 octets, the value a
    /// type that is only decoded, or the nesting over 255 levels.
    pub fn push<'v>(&mut self, value: impl Into<Value<'v>>) -> Result<&mut Self, EncodeError> {
        emit::value(&mut self.octets, value.into())?;
        Ok(self)
    }

    /// Appends a value and returns the array, for chains.
    ///
    /// # Errors
    ///
    /// As for [`ArrayBuf::push`].
    pub fn with<'v>(mut self, value: impl Into<Value<'v>>) -> Result<Self, EncodeError> {
        self.push(value)?;
        Ok(self)
    }

    /// The borrowed array, with all that can be asked of one.
    #[must_use]
    #[inline]
    pub fn as_array(&self) -> Array<'_> {
        Array::from_valid(&self.octets)
    }

    /// The values in order.
    #[must_use]
    pub fn iter(&self) -> ArrayIter<'_> {
        self.as_array().iter()
    }

    /// The number of values; counted anew by each call.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_array().len()
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// Removes all values and keeps the allocation.
    pub fn clear(&mut self) {
        self.octets.clear();
    }

    /// The values' octets as they are on the wire, without the array's own length.
    #[must_use]
    pub fn as_octets(&self) -> &[u8] {
        &self.octets
    }
}

impl From<Array<'_>> for ArrayBuf {
    /// Copies the octets as they are.
    fn from(array: Array<'_>) -> Self {
        Self { octets: array.as_octets().into() }
    }
}

impl<'a> From<&'a ArrayBuf> for Array<'a> {
    fn from(array: &'a ArrayBuf) -> Self {
        array.as_array()
    }
}

impl<'a> IntoIterator for &'a ArrayBuf {
    type Item = Value<'a>;
    type IntoIter = ArrayIter<'a>;

    fn into_iter(self) -> ArrayIter<'a> {
        self.iter()
    }
}
