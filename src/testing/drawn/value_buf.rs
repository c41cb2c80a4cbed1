use alloc::vec::Vec;
use core::fmt;

use super::tree;
use crate::wire::{Array, ArrayBuf, EncodeError, TableLimits, Value};

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
    /// Copies a value, also one of a type that is only taken: [`Value::Char`] and [`Value::Unknown`].
    ///
    /// A value doesn't remember by which of several octets its type was told, nor which octet stood for
    /// true (`TBL-04`, `TBL-05`, `TBL-07`): the copy of a drawn value is equal as a [`Value`], perhaps not
    /// in its octets.
    ///
    /// # Errors
    ///
    /// As for [`ArrayBuf::push`], but for those types. A [`Value::Unknown`] whose tag is that of a known
    /// type is [`NotEmittable`](EncodeError::NotEmittable).
    pub fn new<'v>(value: impl Into<Value<'v>>) -> Result<Self, EncodeError> {
        let value = value.into();
        let octets = match value {
            Value::Char(octet) => Vec::from([b'k', octet]),
            Value::Unknown { tag, rest } if tree::is_unknown(tag) => [&[tag], rest].concat(),
            _ => return Ok(Self(ArrayBuf::new().with(value)?)),
        };
        // Such values have nothing inside that could be malformed, so only their length can be refused.
        let limits = TableLimits::DEFAULT.with_max_octets(u32::MAX);
        let array = Array::parse(&octets, &limits);
        array
            .map(|array| Self(array.into()))
            .map_err(|_| EncodeError::NotEmittable { tag: value.tag() })
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
