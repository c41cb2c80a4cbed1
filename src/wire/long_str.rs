use super::octet_str::octet_string;

octet_string! {
    /// A long string: up to 2³² − 1 octets of any kind, often UTF-8 text (`TYP-05`).
    LongStr, max = LONG_STR_MAX
}

impl LongStr<'static> {
    /// A constant string.
    #[must_use]
    pub const fn literal(text: &'static str) -> Self {
        Self(text.as_bytes())
    }
}

// On targets with narrower addresses no slice can be too long.
const LONG_STR_MAX: usize =
    if (usize::MAX as u64) < u32::MAX as u64 { usize::MAX } else { u32::MAX as usize };
