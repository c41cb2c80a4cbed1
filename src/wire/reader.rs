use super::{
    DecodeError, DecodeErrorKind, LongStr, ShortStr, ShortStrings, Table, TableLimits,
    validate::{self, Site},
};

/// Reads fields off the front of a slice and knows how far it has come.
///
/// After an error the reader stands where the field began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    len: usize,
    short_strings: ShortStrings,
}

impl<'a> Reader<'a> {
    #[inline]
    pub(crate) const fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets, len: octets.len(), short_strings: ShortStrings::Any }
    }

    /// Begins behind the class id and method id of a payload.
    #[inline]
    pub(crate) fn behind_ids(payload: &'a [u8]) -> Self {
        Self { rest: payload.get(4..).unwrap_or(&[]), ..Self::new(payload) }
    }

    /// Judges short strings from here on (`TYP-02`).
    #[inline]
    pub(crate) const fn judging(self, short_strings: ShortStrings) -> Self {
        Self { short_strings, ..self }
    }

    /// Octets read so far.
    #[inline]
    pub(crate) const fn position(&self) -> usize {
        self.len - self.rest.len()
    }

    #[inline]
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        self.chunk(field).map(u8::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, DecodeError> {
        self.chunk(field).map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        self.chunk(field).map(u32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        self.chunk(field).map(u64::from_be_bytes)
    }

    #[inline]
    pub(crate) fn short_str(&mut self, field: &'static str) -> Result<ShortStr<'a>, DecodeError> {
        match self.take_short_str() {
            Some(text) => Ok(ShortStr::from_octets(text)),
            None => Err(self.bad_short_str(field)),
        }
    }

    /// Passes over a short string. False: [`Reader::short_str`] tells what is wrong with it.
    #[inline]
    pub(crate) fn pass_short_str(&mut self) -> bool {
        self.take_short_str().is_some()
    }

    /// Passes over octets, if they are there.
    #[inline]
    pub(crate) fn pass(&mut self, count: usize) -> bool {
        let Some(rest) = self.rest.get(count..) else { return false };
        self.rest = rest;
        true
    }

    #[inline]
    pub(crate) fn long_str(&mut self, field: &'static str) -> Result<LongStr<'a>, DecodeError> {
        self.counted(field).map(LongStr::from_octets)
    }

    #[inline]
    pub(crate) fn table(
        &mut self,
        field: &'static str,
        limits: &TableLimits,
    ) -> Result<Table<'a>, DecodeError> {
        let start = *self;
        let octets = self.counted(field)?;
        if !octets.is_empty() {
            let base = self.position() - octets.len();
            if let Err(error) = validate::table(octets, limits, Site { field, base }) {
                *self = start;
                return Err(error);
            }
        }
        Ok(Table::from_valid(octets))
    }

    /// Reads a table whose structure was checked before.
    #[inline]
    pub(crate) fn checked_table(&mut self, field: &'static str) -> Result<Table<'a>, DecodeError> {
        self.counted(field).map(Table::from_valid)
    }

    /// Checks that every octet was read (`MTH-05`).
    #[inline]
    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.trailing()) }
    }

    /// Reads octets behind a length of four octets, which is unsigned (`TYP-06`).
    #[inline]
    fn counted(&mut self, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let Some((&length, rest)) = self.rest.split_first_chunk::<4>() else {
            return Err(self.truncated(field, 4));
        };
        let declared = u32::from_be_bytes(length);
        let split = usize::try_from(declared).ok().and_then(|n| rest.split_at_checked(n));
        let Some((octets, rest)) = split else {
            return Err(self.overrun(field, declared, rest.len()));
        };
        self.rest = rest;
        Ok(octets)
    }

    #[inline]
    fn take_short_str(&mut self) -> Option<&'a [u8]> {
        let (&declared, rest) = self.rest.split_first()?;
        let (text, rest) = rest.split_at_checked(usize::from(declared))?;
        if self.short_strings == ShortStrings::Checked && !is_text(text) {
            return None;
        }
        self.rest = rest;
        Some(text)
    }

    #[inline]
    fn chunk<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        let Some((&chunk, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.truncated(field, N));
        };
        self.rest = rest;
        Ok(chunk)
    }

    #[cold]
    #[inline(never)]
    fn bad_short_str(self, field: &'static str) -> DecodeError {
        let Some((&declared, rest)) = self.rest.split_first() else {
            return self.truncated(field, 1);
        };
        if rest.len() < usize::from(declared) {
            return self.overrun(field, u32::from(declared), rest.len());
        }
        DecodeError::new(DecodeErrorKind::BadShortString, field, self.position())
    }

    #[cold]
    #[inline(never)]
    fn truncated(self, field: &'static str, needed: usize) -> DecodeError {
        let kind = DecodeErrorKind::Truncated { needed, available: self.rest.len() };
        DecodeError::new(kind, field, self.position())
    }

    #[cold]
    #[inline(never)]
    fn overrun(self, field: &'static str, declared: u32, available: usize) -> DecodeError {
        let kind = DecodeErrorKind::LengthOverrun { declared: u64::from(declared), available };
        DecodeError::new(kind, field, self.position())
    }

    #[cold]
    #[inline(never)]
    fn trailing(self) -> DecodeError {
        let kind = DecodeErrorKind::TrailingOctets { count: self.rest.len() };
        DecodeError::new(kind, "payload", self.position())
    }
}

/// TYP-02
#[cold]
#[inline(never)]
fn is_text(octets: &[u8]) -> bool {
    !octets.contains(&0) && core::str::from_utf8(octets).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_in_network_order_and_knows_the_place() {
        let octets: alloc::vec::Vec<u8> = (1..=15).collect();
        let mut reader = Reader::new(&octets);
        assert_eq!(reader.u8("a"), Ok(0x01));
        assert_eq!(reader.u16("b"), Ok(0x0203));
        assert_eq!(reader.u32("c"), Ok(0x0405_0607));
        assert_eq!(reader.u64("d"), Ok(0x0809_0A0B_0C0D_0E0F));
        assert_eq!(reader.position(), 15);
        assert_eq!(reader.finish(), Ok(()));
        let error = reader.u16("e").unwrap_err();
        let kind = DecodeErrorKind::Truncated { needed: 2, available: 0 };
        assert_eq!(error, DecodeError::new(kind, "e", 15));
    }

    #[test]
    fn a_failed_read_moves_nothing() {
        let mut reader = Reader::new(b"\x05abc");
        let kind = DecodeErrorKind::LengthOverrun { declared: 5, available: 3 };
        assert_eq!(reader.short_str("s"), Err(DecodeError::new(kind, "s", 0)));
        assert!(reader.long_str("l").is_err());
        assert_eq!(reader.rest(), b"\x05abc");
        let table = [0, 0, 0, 3, 1, b'a', b'I'];
        let mut reader = Reader::new(&table);
        assert!(reader.table("t", &TableLimits::default()).is_err());
        assert_eq!(reader.position(), 0);
    }

    #[test]
    fn short_strings_are_judged_on_demand() {
        for (octets, is_good) in
            [(&b"\x02\xC3\xA9"[..], true), (b"\0", true), (b"\x01\0", false), (b"\x01\xC3", false)]
        {
            assert!(Reader::new(octets).short_str("s").is_ok());
            let mut reader = Reader::new(octets).judging(ShortStrings::Checked);
            let read = reader.short_str("s");
            assert_eq!(read.is_ok(), is_good, "{octets:?}");
            if let Err(error) = read {
                assert_eq!(error, DecodeError::new(DecodeErrorKind::BadShortString, "s", 0));
                assert_eq!(reader.rest(), octets);
            }
        }
    }

    #[test]
    fn long_lengths_are_unsigned() {
        for declared in [3, 0x7FFF_FFFF, 0x8000_0000, u32::MAX] {
            let octets = [&declared.to_be_bytes()[..], b"ab"].concat();
            let kind =
                DecodeErrorKind::LengthOverrun { declared: u64::from(declared), available: 2 };
            let expected = DecodeError::new(kind, "s", 0);
            assert_eq!(Reader::new(&octets).long_str("s"), Err(expected));
            let result = Reader::new(&octets).table("s", &TableLimits::default());
            assert_eq!(result, Err(expected));
        }
    }

    #[test]
    fn octets_left_over_are_counted() {
        let mut reader = Reader::new(b"abc");
        reader.u8("a").unwrap();
        let error = reader.finish().unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::TrailingOctets { count: 2 });
        assert_eq!((error.offset(), error.reply_code()), (1, 501));
    }
}
