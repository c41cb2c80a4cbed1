use super::{EncodeError, LongStr, ShortStr, Table};

/// Fills a place whose length was measured before: so each field costs a look at what is left, not at
/// whether a buffer has to grow. What is behind the end of the place is not written.
#[derive(Debug)]
#[expect(unnameable_types, reason = "what the methods of a sealed trait write to")]
pub struct Writer<'a> {
    rest: &'a mut [u8],
}

impl<'a> Writer<'a> {
    #[inline(always)]
    pub(crate) const fn new(place: &'a mut [u8]) -> Self {
        Self { rest: place }
    }

    #[inline(always)]
    pub(crate) fn array<const N: usize>(&mut self, octets: [u8; N]) {
        if let Some((place, rest)) = core::mem::take(&mut self.rest).split_first_chunk_mut() {
            *place = octets;
            self.rest = rest;
        }
    }

    #[inline(always)]
    pub(crate) fn u8(&mut self, value: u8) {
        self.array([value]);
    }

    #[inline(always)]
    pub(crate) fn u16(&mut self, value: u16) {
        self.array(value.to_be_bytes());
    }

    #[inline(always)]
    pub(crate) fn u32(&mut self, value: u32) {
        self.array(value.to_be_bytes());
    }

    #[inline(always)]
    pub(crate) fn u64(&mut self, value: u64) {
        self.array(value.to_be_bytes());
    }

    #[inline(always)]
    pub(crate) fn octets(&mut self, octets: &[u8]) {
        let place = core::mem::take(&mut self.rest).split_at_mut_checked(octets.len());
        if let Some((place, rest)) = place {
            place.copy_from_slice(octets);
            self.rest = rest;
        }
    }

    #[inline(always)]
    pub(crate) fn short_str(&mut self, value: ShortStr<'_>) {
        self.u8(u8::try_from(value.len()).unwrap_or(u8::MAX));
        self.octets(value.as_octets());
    }

    pub(crate) fn long_str(&mut self, value: LongStr<'_>) {
        self.counted(value.as_octets());
    }

    /// Writes the length and the table's octets as they are (`TBL-16`).
    pub(crate) fn table(&mut self, value: Table<'_>) {
        self.counted(value.as_octets());
    }

    /// Writes octets behind a length of four octets.
    fn counted(&mut self, octets: &[u8]) {
        self.u32(u32::try_from(octets.len()).unwrap_or(u32::MAX));
        self.octets(octets);
    }
}

/// Octets that a short string takes (`TYP-03`).
#[inline(always)]
pub(crate) const fn short_str_len(
    field: &'static str,
    value: ShortStr<'_>,
) -> Result<usize, EncodeError> {
    let len = value.as_octets().len();
    if len > ShortStr::MAX_LEN { Err(too_long(field, len, ShortStr::MAX_LEN)) } else { Ok(1 + len) }
}

/// Octets that a long string takes.
pub(crate) const fn long_str_len(
    field: &'static str,
    value: LongStr<'_>,
) -> Result<usize, EncodeError> {
    counted_len(field, value.as_octets())
}

/// Octets that a table takes.
pub(crate) const fn table_len(field: &'static str, value: Table<'_>) -> Result<usize, EncodeError> {
    counted_len(field, value.as_octets())
}

/// Octets that others take together with a length of four octets.
pub(super) const fn counted_len(field: &'static str, octets: &[u8]) -> Result<usize, EncodeError> {
    let len = octets.len();
    // Where it is as large as an address, no slice is longer.
    if len > LongStr::MAX_LEN { Err(too_long(field, len, LongStr::MAX_LEN)) } else { Ok(4 + len) }
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
    fn short_strings_are_measured_and_written_whole() {
        let text = [b'x'; 511];
        for len in [0, 1, 254, 255] {
            let text = ShortStr::from(&text[..len]);
            let mut out = [b'-'; 257];
            Writer::new(&mut out).short_str(text);
            assert_eq!(short_str_len("s", text), Ok(1 + len));
            assert_eq!(Reader::new(&out).short_str().unwrap(), text);
            assert!(out[1 + len..].iter().all(|octet| *octet == b'-'));
        }
        for len in [256, 511] {
            let error = short_str_len("queue", text[..len].into()).unwrap_err();
            assert_eq!(error, EncodeError::TooLong { field: "queue", len, limit: 255 });
        }
    }

    #[test]
    fn nothing_is_written_beyond_the_end() {
        let mut out = *b"----";
        let mut w = Writer::new(&mut out[..3]);
        w.u16(0x6162);
        w.u16(0x6364);
        w.octets(b"e");
        assert_eq!(&out, b"ab--");
    }
}
