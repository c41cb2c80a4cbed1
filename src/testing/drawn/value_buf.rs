use core::fmt;

use crate::wire::{ArrayBuf, EncodeError, Value};

/// A field value that owns its octets.
///
/// ```
/// use amqp_proto::testing::ValueBuf;
/// use amqp_proto::wire::Value;
///
/// let value = ValueBuf::new("text")?;
/// assert_eq!(value.as_value(), Value::from("text"));
/// # Ok::<(), amqp_proto::wire::EncodeError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ValueBuf(ArrayBuf);

impl ValueBuf {
    /// Copies a value.
    ///
    /// # Errors
    ///
    /// As for [`ArrayBuf::push`].
    pub fn new<'v>(value: impl Into<Value<'v>>) -> Result<Self, EncodeError> {
        Ok(Self(ArrayBuf::new().with(value)?))
    }

    /// The only value of an array.
    pub(super) fn only(array: ArrayBuf) -> Self {
        Self(array)
    }

    /// The value.
    pub fn as_value(&self) -> Value<'_> {
        self.0.iter().next().unwrap_or(Value::Void)
    }

    /// Type octet and value as they lie on the wire.
    pub fn as_octets(&self) -> &[u8] {
        self.0.as_octets()
    }
}

impl<'a> From<&'a ValueBuf> for Value<'a> {
    fn from(value: &'a ValueBuf) -> Self {
        value.as_value()
    }
}

impl fmt::Debug for ValueBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ValueBuf({})", self.as_value())
    }
}
