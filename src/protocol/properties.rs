use alloc::vec::Vec;
use core::fmt;

use super::{
    Property,
    argument::{self, WireType},
};
use crate::wire::{DecodeError, DecodeErrorKind, LongStr, Reader, TableLimits, Value};

/// The properties of a content: a flag per property and the octets of those that are set.
///
/// The structure has been checked, values are read when asked for, and text is not checked to be
/// UTF-8. `==` compares octets.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Properties<'a> {
    flags: u16,
    octets: &'a [u8],
}

impl<'a> Properties<'a> {
    /// No properties.
    pub const EMPTY: Self = Self { flags: 0, octets: &[] };

    /// Checks octets that begin with the flags and hold nothing but properties.
    ///
    /// # Errors
    ///
    /// When a flag is set that no property has, the continuation flag included (`CNT-14`), when
    /// values are cut short or octets are left over (`CNT-15`), and when a table or string is
    /// malformed or passes `limits`.
    #[inline]
    pub fn parse(octets: &'a [u8], limits: &TableLimits) -> Result<Self, DecodeError> {
        match Self::read(octets, limits) {
            Some(properties) => Ok(properties),
            None => Err(Self::fault_in(octets, limits)),
        }
    }

    /// Checks octets as [`Self::parse`] does; [`Self::fault_in`] tells what is wrong with them.
    #[inline]
    pub(super) fn read(octets: &'a [u8], limits: &TableLimits) -> Option<Self> {
        let mut r = Reader::new(octets).judging(limits.short_strings);
        let flags = r.u16()?;
        let passes = flags & !Property::FLAGS == 0 && Self::passes(flags, r, limits);
        passes.then_some(Self { flags, octets: r.rest() })
    }

    /// What is wrong with octets that could not be read.
    #[cold]
    pub(super) fn fault_in(octets: &[u8], limits: &TableLimits) -> DecodeError {
        let mut r = Reader::new(octets).judging(limits.short_strings);
        let Some(flags) = r.u16() else { return r.truncated("property-flags", 2) };
        if flags & !Property::FLAGS != 0 {
            return DecodeError::new(DecodeErrorKind::BadFlags { flags }, "property-flags", 0);
        }
        let fields = set_in(flags).map(|property| (property.name(), property.wire_type()));
        argument::fault_in(fields, r, limits)
    }

    /// Wraps a flag word and values that belong to it.
    pub(crate) const fn from_valid(flags: u16, octets: &'a [u8]) -> Self {
        Self { flags, octets }
    }

    /// The flag word, with bit 15 for the first property.
    #[must_use]
    pub const fn flags(&self) -> u16 {
        self.flags
    }

    /// The octets of the values, without the flag word.
    #[must_use]
    pub const fn as_octets(&self) -> &'a [u8] {
        self.octets
    }

    /// Whether no property is set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.flags == 0
    }

    /// Whether a property is set.
    #[must_use]
    pub const fn contains(&self, property: Property) -> bool {
        self.flags & property.flag() != 0
    }

    /// The properties that are set, in the order of the wire; strings come as long strings.
    #[must_use]
    pub const fn iter(&self) -> PropertyIter<'a> {
        PropertyIter { flags: self.flags, rest: Reader::new(self.octets) }
    }

    /// Appends flag word and values to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.flags.to_be_bytes());
        out.extend_from_slice(self.octets);
    }

    /// A reader that stands at the value of a property, if it is set.
    #[inline]
    pub(super) fn find(&self, property: Property) -> Option<Reader<'a>> {
        if !self.contains(property) {
            return None;
        }
        let mut r = Reader::new(self.octets);
        for earlier in set_in(self.flags & property.flags_before()) {
            skip(&mut r, earlier)?;
        }
        Some(r)
    }
}

impl<'a> IntoIterator for Properties<'a> {
    type Item = (Property, Value<'a>);
    type IntoIter = PropertyIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The properties on one line: `content-type="text/plain" delivery-mode=2`.
impl fmt::Display for Properties<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (property, value)) in self.iter().enumerate() {
            let gap = if place == 0 { "" } else { " " };
            write!(f, "{gap}{}={value}", property.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Properties<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Properties({self})")
    }
}

/// Iterates over properties and their values; see [`Properties::iter`].
#[derive(Debug, Clone)]
pub struct PropertyIter<'a> {
    flags: u16,
    rest: Reader<'a>,
}

impl<'a> Iterator for PropertyIter<'a> {
    type Item = (Property, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let property = first_set(self.flags)?;
        self.flags &= !property.flag();
        let value = match property.wire_type() {
            WireType::LongLong => Value::Timestamp(self.rest.u64()?),
            WireType::Table => Value::Table(self.rest.checked_table()?),
            WireType::ShortStr => {
                Value::LongStr(LongStr::from_octets(self.rest.short_str()?.as_octets()))
            }
            _ => Value::U8(self.rest.u8()?),
        };
        Some((property, value))
    }
}

impl core::iter::FusedIterator for PropertyIter<'_> {}

impl Property {
    /// The flag that says that it is set (`CNT-13`).
    #[inline]
    pub(crate) const fn flag(self) -> u16 {
        0x8000 >> (self as u8)
    }

    /// The flags of the properties before it.
    #[inline]
    pub(super) const fn flags_before(self) -> u16 {
        !(u16::MAX >> (self as u8))
    }
}

/// The specification's name.
impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The properties whose flags are set, first to last.
#[inline]
pub(super) fn set_in(mut flags: u16) -> impl Iterator<Item = Property> {
    core::iter::from_fn(move || {
        let property = first_set(flags)?;
        flags &= !property.flag();
        Some(property)
    })
}

#[inline]
fn first_set(flags: u16) -> Option<Property> {
    let place = usize::try_from(flags.leading_zeros()).ok()?;
    Property::ALL.get(place).copied()
}

/// Passes over the short strings of these properties, which follow each other.
#[inline]
pub(super) fn pass_short_strs(r: &mut Reader<'_>, flags: u16) -> bool {
    let mut left = flags;
    while left != 0 {
        if r.short_str().is_none() {
            return false;
        }
        left &= left - 1;
    }
    true
}

/// Passes over the value of a property, which was checked before.
#[inline]
pub(super) fn skip(r: &mut Reader<'_>, property: Property) -> Option<()> {
    match property.wire_type() {
        WireType::ShortStr => _ = r.short_str()?,
        WireType::Table => _ = r.checked_table()?,
        WireType::LongLong => _ = r.u64()?,
        _ => _ = r.u8()?,
    }
    Some(())
}
