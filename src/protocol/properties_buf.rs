use alloc::vec::Vec;
use core::fmt;

use super::{
    Properties, Property,
    properties::{set_in, skip},
};
use crate::wire::{EncodeError, LongStr, Reader, ShortStr, Table};

/// Owned properties, to be built up; one allocation holds all values.
///
/// Setting a property again replaces it. What has a length can be too long, so strings and tables
/// are set with a `Result`, numbers without.
///
/// ```
/// use amqp_proto::protocol::{Properties, PropertiesBuf};
///
/// let built = PropertiesBuf::new().with_content_type("text/plain")?.with_delivery_mode(2);
/// let properties: Properties<'_> = (&built).into();
/// assert_eq!(properties.delivery_mode(), Some(2));
/// assert_eq!(properties.to_string(), r#"content-type="text/plain" delivery-mode=2"#);
/// # Ok::<(), amqp_proto::wire::EncodeError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct PropertiesBuf {
    flags: u16,
    octets: Vec<u8>,
}

impl PropertiesBuf {
    /// No properties.
    #[must_use]
    pub const fn new() -> Self {
        Self { flags: 0, octets: Vec::new() }
    }

    /// A view that reads the properties.
    #[must_use]
    #[inline]
    pub fn as_properties(&self) -> Properties<'_> {
        Properties::from_valid(self.flags, &self.octets)
    }

    /// Whether no property is set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.flags == 0
    }

    /// Unsets a property; nothing happens if it was not set.
    pub fn remove(&mut self, property: Property) -> &mut Self {
        self.replace(property, &[], &[]);
        self.flags &= !property.flag();
        self
    }

    /// Unsets all properties and keeps the allocation.
    pub fn clear(&mut self) {
        self.flags = 0;
        self.octets.clear();
    }

    pub(super) fn put(&mut self, property: Property, value: &[u8]) {
        self.replace(property, &[], value);
        self.flags |= property.flag();
    }

    pub(super) fn put_short_str(
        &mut self,
        property: Property,
        value: ShortStr<'_>,
    ) -> Result<(), EncodeError> {
        let octets = value.as_octets();
        let Ok(len) = u8::try_from(octets.len()) else {
            return Err(too_long(property, octets.len(), ShortStr::MAX_LEN));
        };
        self.replace(property, &[len], octets);
        self.flags |= property.flag();
        Ok(())
    }

    pub(super) fn put_table(
        &mut self,
        property: Property,
        value: Table<'_>,
    ) -> Result<(), EncodeError> {
        let octets = value.as_octets();
        let Ok(len) = u32::try_from(octets.len()) else {
            return Err(too_long(property, octets.len(), LongStr::MAX_LEN));
        };
        self.replace(property, &len.to_be_bytes(), octets);
        self.flags |= property.flag();
        Ok(())
    }

    /// Puts two pieces where the value of a property has its place.
    fn replace(&mut self, property: Property, head: &[u8], value: &[u8]) {
        let mut r = Reader::new(&self.octets);
        for earlier in set_in(self.flags & property.flags_before()) {
            if skip(&mut r, earlier).is_none() {
                break;
            }
        }
        let start = r.position();
        if self.flags & property.flag() != 0 {
            // It is there, so it can be skipped.
            _ = skip(&mut r, property);
        }
        let behind = r.rest().to_vec();
        self.octets.truncate(start);
        self.octets.reserve(head.len() + value.len() + behind.len());
        self.octets.extend_from_slice(head);
        self.octets.extend_from_slice(value);
        self.octets.extend_from_slice(&behind);
    }
}

const fn too_long(property: Property, len: usize, limit: usize) -> EncodeError {
    EncodeError::TooLong { field: property.name(), len, limit }
}

impl From<Properties<'_>> for PropertiesBuf {
    fn from(properties: Properties<'_>) -> Self {
        Self { flags: properties.flags(), octets: properties.as_octets().to_vec() }
    }
}

impl<'a> From<&'a PropertiesBuf> for Properties<'a> {
    fn from(properties: &'a PropertiesBuf) -> Self {
        properties.as_properties()
    }
}

impl fmt::Display for PropertiesBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_properties().fmt(f)
    }
}

impl fmt::Debug for PropertiesBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PropertiesBuf({self})")
    }
}
