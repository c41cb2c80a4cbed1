use super::{
    DecodeError, DecodeErrorKind, LongStr, ShortStr, ShortStrings, Table, TableLimits,
    validate::{self, Site},
};

/// Reads fields off the front of a slice and knows how far it has come.
///
/// Reading gives no reasons: an error takes 48 octets, which every result would have to make room for. Who
/// can't read on asks for what is wrong, field by field, with a reader that stands where the field begins.
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
    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.chunk().map(u8::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.chunk().map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.chunk().map(u32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.chunk().map(u64::from_be_bytes)
    }

    #[inline]
    pub(crate) fn short_str(&mut self) -> Option<ShortStr<'a>> {
        let (&declared, rest) = self.rest.split_first()?;
        let (text, rest) = rest.split_at_checked(usize::from(declared))?;
        if self.short_strings == ShortStrings::Checked && !is_text(text) {
            return None;
        }
        self.rest = rest;
        Some(ShortStr::from_octets(text))
    }

    #[inline]
    pub(crate) fn long_str(&mut self) -> Option<LongStr<'a>> {
        self.counted().map(LongStr::from_octets)
    }

    #[inline]
    pub(crate) fn table(&mut self, limits: &TableLimits) -> Option<Table<'a>> {
        let start = *self;
        let octets = self.counted()?;
        if !octets.is_empty() && !validate::is_table(octets, limits) {
            *self = start;
            return None;
        }
        Some(Table::from_valid(octets))
    }

    /// Reads a table whose structure was checked before.
    #[inline]
    pub(crate) fn checked_table(&mut self) -> Option<Table<'a>> {
        self.counted().map(Table::from_valid)
    }

    /// Checks that every octet was read (`MTH-05`).
    #[inline]
    pub(crate) fn finish(self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }

    /// Passes over octets, if they are there.
    #[inline]
    pub(crate) fn pass(&mut self, count: usize) -> bool {
        let Some(rest) = self.rest.get(count..) else { return false };
        self.rest = rest;
        true
    }

    /// What is wrong with a field of fixed length that could not be read.
    #[cold]
    pub(crate) fn truncated(self, field: &'static str, needed: usize) -> DecodeError {
        let kind = DecodeErrorKind::Truncated { needed, available: self.rest.len() };
        DecodeError::new(kind, field, self.position())
    }

    /// What is wrong with a short string that could not be read.
    #[cold]
    pub(crate) fn bad_short_str(self, field: &'static str) -> DecodeError {
        match self.rest.split_first() {
            None => self.truncated(field, 1),
            Some((&declared, rest)) if rest.len() < usize::from(declared) => {
                self.overrun(field, u32::from(declared), rest.len())
            }
            Some(_) => DecodeError::new(DecodeErrorKind::BadShortString, field, self.position()),
        }
    }

    /// What is wrong with a long string that could not be read.
    #[cold]
    pub(crate) fn bad_long_str(self, field: &'static str) -> DecodeError {
        match self.rest.split_first_chunk::<4>() {
            None => self.truncated(field, 4),
            Some((&length, rest)) => self.overrun(field, u32::from_be_bytes(length), rest.len()),
        }
    }

    /// What is wrong with a table that could not be read.
    #[cold]
    pub(crate) fn bad_table(mut self, field: &'static str, limits: &TableLimits) -> DecodeError {
        let start = self;
        let Some(octets) = self.counted() else { return start.bad_long_str(field) };
        let base = self.position() - octets.len();
        let fault = validate::table_fault(octets, limits, Site { field, base });
        fault.unwrap_or_else(|| self.trailing())
    }

    /// What is wrong if octets are left over.
    #[cold]
    pub(crate) fn trailing(self) -> DecodeError {
        let kind = DecodeErrorKind::TrailingOctets { count: self.rest.len() };
        DecodeError::new(kind, "payload", self.position())
    }

    #[cold]
    fn overrun(self, field: &'static str, declared: u32, available: usize) -> DecodeError {
        let kind = DecodeErrorKind::LengthOverrun { declared: u64::from(declared), available };
        DecodeError::new(kind, field, self.position())
    }

    /// Reads octets behind a length of four octets, which is unsigned (`TYP-06`).
    #[inline]
    fn counted(&mut self) -> Option<&'a [u8]> {
        let (&length, rest) = self.rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
        let (octets, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(octets)
    }

    #[inline]
    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (&chunk, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(chunk)
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
        assert_eq!(reader.u8(), Some(0x01));
        assert_eq!(reader.u16(), Some(0x0203));
        assert_eq!(reader.u32(), Some(0x0405_0607));
        assert_eq!(reader.u64(), Some(0x0809_0A0B_0C0D_0E0F));
        assert_eq!(reader.position(), 15);
        assert_eq!((reader.finish(), reader.u16()), (Some(()), None));
        let kind = DecodeErrorKind::Truncated { needed: 2, available: 0 };
        assert_eq!(reader.truncated("e", 2), DecodeError::new(kind, "e", 15));
    }

    #[test]
    fn a_failed_read_moves_nothing() {
        let mut reader = Reader::new(b"\x05abc");
        assert_eq!((reader.short_str(), reader.long_str(), reader.pass(5)), (None, None, false));
        let kind = DecodeErrorKind::LengthOverrun { declared: 5, available: 3 };
        assert_eq!(reader.bad_short_str("s"), DecodeError::new(kind, "s", 0));
        assert_eq!(reader.rest(), b"\x05abc");
        let table = [0, 0, 0, 3, 1, b'a', b'I'];
        let mut reader = Reader::new(&table);
        assert_eq!((reader.table(&TableLimits::default()), reader.position()), (None, 0));
        let kind = DecodeErrorKind::Truncated { needed: 4, available: 0 };
        let error = reader.bad_table("t", &TableLimits::default());
        assert_eq!(error, DecodeError::new(kind, "t", 6));
    }

    #[test]
    fn what_ends_too_early_is_truncated() {
        let error = |octets: &[u8], needed| {
            let kind = DecodeErrorKind::Truncated { needed, available: octets.len() };
            DecodeError::new(kind, "s", 0)
        };
        assert_eq!(Reader::new(b"").bad_short_str("s"), error(b"", 1));
        assert_eq!(Reader::new(b"abc").bad_long_str("s"), error(b"abc", 4));
        assert_eq!(Reader::new(b"ab").bad_table("s", &TableLimits::default()), error(b"ab", 4));
    }

    #[test]
    fn short_strings_are_judged_on_demand() {
        for (octets, is_good) in
            [(&b"\x02\xC3\xA9"[..], true), (b"\0", true), (b"\x01\0", false), (b"\x01\xC3", false)]
        {
            assert!(Reader::new(octets).short_str().is_some());
            let mut reader = Reader::new(octets).judging(ShortStrings::Checked);
            assert_eq!(reader.short_str().is_some(), is_good, "{octets:?}");
            if !is_good {
                let error = DecodeError::new(DecodeErrorKind::BadShortString, "s", 0);
                assert_eq!(reader.bad_short_str("s"), error);
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
            let mut reader = Reader::new(&octets);
            assert_eq!(reader.long_str(), None);
            assert_eq!(reader.bad_long_str("s"), expected);
            assert_eq!(reader.table(&TableLimits::default()), None);
            assert_eq!(reader.bad_table("s", &TableLimits::default()), expected);
        }
    }

    #[test]
    fn octets_left_over_are_counted() {
        let mut reader = Reader::new(b"abc");
        reader.u8().unwrap();
        assert_eq!(reader.finish(), None);
        let error = reader.trailing();
        assert_eq!(error.kind(), DecodeErrorKind::TrailingOctets { count: 2 });
        assert_eq!((error.offset(), error.reply_code()), (1, 501));
    }
}
