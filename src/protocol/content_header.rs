use alloc::vec::Vec;
use core::fmt;

use super::{Properties, PropertiesBuf};
use crate::wire::{DecodeError, DecodeErrorKind, Reader, TableLimits};

/// The header of a content: how long its body is, and its properties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContentHeader<'a> {
    /// The class of the content; [`Self::BASIC`] is the only one in use.
    pub class_id: u16,
    /// Always 0; what peers send is kept and means nothing (`CNT-08`).
    pub weight: u16,
    /// Octets of body that follow; a peer's claim, so nothing may be reserved for it (`CNT-17`).
    pub body_size: u64,
    /// The properties.
    pub properties: Properties<'a>,
}

impl<'a> ContentHeader<'a> {
    /// The class whose contents are in use.
    pub const BASIC: u16 = 60;

    /// A header of class `basic`.
    #[must_use]
    pub const fn new(body_size: u64, properties: Properties<'a>) -> Self {
        Self { class_id: Self::BASIC, weight: 0, body_size, properties }
    }

    /// Reads the payload of a header frame.
    ///
    /// # Errors
    ///
    /// When the class is not `basic`, when octets are missing, or as [`Properties::parse`] says.
    #[inline]
    pub fn parse(payload: &'a [u8], limits: &TableLimits) -> Result<Self, DecodeError> {
        match Self::read(payload, limits) {
            Some(header) => Ok(header),
            None => Err(Self::fault_in(payload, limits)),
        }
    }

    /// Reads the payload of a header frame; [`Self::fault_in`] tells why it can't.
    #[inline]
    pub(crate) fn read(payload: &'a [u8], limits: &TableLimits) -> Option<Self> {
        // One look at the length is enough for all fields of fixed length.
        payload.get(Self::FIXED_LEN..)?;
        let mut r = Reader::new(payload);
        let class_id = r.u16()?;
        if class_id != Self::BASIC {
            return None;
        }
        let (weight, body_size) = (r.u16()?, r.u64()?);
        let properties = Properties::read(r.rest(), limits)?;
        Some(Self { class_id, weight, body_size, properties })
    }

    /// What is wrong with a payload that could not be read.
    #[cold]
    pub(crate) fn fault_in(payload: &[u8], limits: &TableLimits) -> DecodeError {
        let mut r = Reader::new(payload);
        match r.u16() {
            Some(class_id) if class_id != Self::BASIC => {
                let kind = DecodeErrorKind::UnknownClass { class_id };
                DecodeError::new(kind, "class-id", 0)
            }
            None => r.truncated("class-id", 2),
            Some(_) if r.u16().is_none() => r.truncated("weight", 2),
            Some(_) if r.u64().is_none() => r.truncated("body-size", 8),
            Some(_) => Properties::fault_in(r.rest(), limits).at(r.position()),
        }
    }

    /// Octets of class, weight, body size and flags.
    pub(crate) const FIXED_LEN: usize = 14;

    /// Octets that [`encode`](Self::encode) appends.
    pub(crate) const fn encoded_len(&self) -> usize {
        let Self { properties, .. } = self;
        Self::FIXED_LEN + properties.as_octets().len()
    }

    /// All before the values of the properties.
    #[inline]
    pub(crate) fn fixed(&self) -> [u8; 14] {
        let [c0, c1] = self.class_id.to_be_bytes();
        let [w0, w1] = self.weight.to_be_bytes();
        let [s0, s1, s2, s3, s4, s5, s6, s7] = self.body_size.to_be_bytes();
        let [f0, f1] = self.properties.flags().to_be_bytes();
        [c0, c1, w0, w1, s0, s1, s2, s3, s4, s5, s6, s7, f0, f1]
    }

    /// Appends the payload of a header frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.fixed());
        out.extend_from_slice(self.properties.as_octets());
    }
}

/// One line: `header basic body-size=5 content-type="text/plain"`.
impl fmt::Display for ContentHeader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "header basic body-size={}", self.body_size)?;
        if !self.properties.is_empty() {
            write!(f, " {}", self.properties)?;
        }
        Ok(())
    }
}

/// An owned [`ContentHeader`], to be kept or forwarded with the octets of its properties as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentHeaderBuf {
    class_id: u16,
    weight: u16,
    body_size: u64,
    properties: PropertiesBuf,
}

impl ContentHeaderBuf {
    /// A view of it.
    #[must_use]
    pub fn as_header(&self) -> ContentHeader<'_> {
        ContentHeader {
            class_id: self.class_id,
            weight: self.weight,
            body_size: self.body_size,
            properties: self.properties.as_properties(),
        }
    }

    /// Octets of body that follow.
    #[must_use]
    pub const fn body_size(&self) -> u64 {
        self.body_size
    }

    /// The properties.
    #[must_use]
    pub fn properties(&self) -> Properties<'_> {
        self.properties.as_properties()
    }

    /// Appends the payload of a header frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.as_header().encode(out);
    }
}

impl From<ContentHeader<'_>> for ContentHeaderBuf {
    fn from(header: ContentHeader<'_>) -> Self {
        Self {
            class_id: header.class_id,
            weight: header.weight,
            body_size: header.body_size,
            properties: header.properties.into(),
        }
    }
}

impl<'a> From<&'a ContentHeaderBuf> for ContentHeader<'a> {
    fn from(header: &'a ContentHeaderBuf) -> Self {
        header.as_header()
    }
}

impl fmt::Display for ContentHeaderBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_header().fmt(f)
    }
}
