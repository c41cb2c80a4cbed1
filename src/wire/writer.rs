use alloc::vec::Vec;

use super::{EncodeError, LongStr, ShortStr, Table};

/// Appends fields to a buffer; a method that fails has appended nothing.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    #[inline]
    pub(crate) const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    #[inline]
    pub(crate) fn u8(&mut self, value: u8) {
        self.out.push(value);
    }

    #[inline]
    pub(crate) fn u16(&mut self, value: u16) {
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    #[inline]
    pub(crate) fn u32(&mut self, value: u32) {
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    #[inline]
    pub(crate) fn u64(&mut self, value: u64) {
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    #[inline]
    pub(crate) fn octets(&mut self, octets: &[u8]) {
        self.out.extend_from_slice(octets);
    }

    #[inline]
    pub(crate) fn short_str(
        &mut self,
        field: &'static str,
        value: ShortStr<'_>,
    ) -> Result<(), EncodeError> {
        // TYP-03
        let Ok(len) = u8::try_from(value.len()) else {
            return Err(too_long(field, value.len(), ShortStr::MAX_LEN));
        };
        self.u8(len);
        self.octets(value.as_octets());
        Ok(())
    }

    #[inline]
    pub(crate) fn long_str(
        &mut self,
        field: &'static str,
        value: LongStr<'_>,
    ) -> Result<(), EncodeError> {
        self.counted(field, value.as_octets())
    }

    /// Writes the length and the table's octets as they are (`TBL-16`).
    #[inline]
    pub(crate) fn table(
        &mut self,
        field: &'static str,
        value: Table<'_>,
    ) -> Result<(), EncodeError> {
        self.counted(field, value.as_octets())
    }

    /// Writes octets behind a length of four octets.
    #[inline]
    pub(crate) fn counted(
        &mut self,
        field: &'static str,
        octets: &[u8],
    ) -> Result<(), EncodeError> {
        let Ok(len) = u32::try_from(octets.len()) else {
            return Err(too_long(field, octets.len(), LongStr::MAX_LEN));
        };
        self.u32(len);
        self.octets(octets);
        Ok(())
    }
}

#[cold]
#[inline(never)]
pub(super) const fn too_long(field: &'static str, len: usize, limit: usize) -> EncodeError {
    EncodeError::TooLong { field, len, limit }
}

#[cfg(test)]
mod tests {
    use super::super::Reader;
    use super::*;

    #[test]
    fn short_strings_are_written_whole_or_not_at_all() {
        let text = [b'x'; 511];
        for len in [0, 1, 254, 255] {
            let mut out = Vec::new();
            Writer::new(&mut out).short_str("s", text[..len].into()).unwrap();
            assert_eq!(Reader::new(&out).short_str().unwrap().as_octets(), &text[..len]);
        }
        for len in [256, 511] {
            let mut out = Vec::from(*b"before");
            let error = Writer::new(&mut out).short_str("queue", text[..len].into()).unwrap_err();
            assert_eq!(error, EncodeError::TooLong { field: "queue", len, limit: 255 });
            assert_eq!(out, b"before");
        }
    }
}
