use super::octet_str::octet_string;

octet_string! {
    /// A short string: up to 255 octets, UTF-8 by convention (`TYP-02`).
    ///
    /// It may hold more; encoding it then fails with
    /// [`EncodeError::TooLong`](super::EncodeError::TooLong) instead of cutting it (`TYP-03`).
    ///
    /// ```
    /// use amqp_proto::wire::ShortStr;
    ///
    /// const KEY: ShortStr<'_> = ShortStr::literal("orders.new");
    /// assert_eq!(KEY, "orders.new");
    /// assert_eq!(format!("{:?}", ShortStr::from(b"a\xff")), r#""a\xff""#);
    /// ```
    ShortStr, max = 255
}

impl ShortStr<'static> {
    /// A constant string whose length is checked when the program is compiled.
    ///
    /// ```compile_fail
    /// use amqp_proto::wire::ShortStr;
    ///
    /// const TOO_LONG: &str = match core::str::from_utf8(&[b'a'; 256]) {
    ///     Ok(text) => text,
    ///     Err(_) => "",
    /// };
    /// const NAME: ShortStr<'_> = ShortStr::literal(TOO_LONG);
    /// println!("{NAME}");
    /// ```
    ///
    /// # Panics
    ///
    /// When called outside a constant with more than 255 octets; use `from` for such text.
    #[must_use]
    pub const fn literal(text: &'static str) -> Self {
        assert!(text.len() <= Self::MAX_LEN, "a short string holds at most 255 octets");
        Self(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn lengths_count_octets() {
        let text = alloc::string::String::from("é").repeat(128);
        let long = ShortStr::from(&text);
        assert_eq!((long.len(), long.is_valid_length()), (256, false));
        assert!(ShortStr::from(&text[..254]).is_valid_length());
        assert!(ShortStr::default().is_empty());
    }

    #[test]
    fn any_octets_are_kept_and_shown() {
        let odd = ShortStr::from(b"a\xC3\xA9\xFF\0\"b");
        assert!(odd.as_str().is_err());
        assert_eq!(format!("{odd}"), "aé\u{FFFD}\0\"b");
        assert_eq!(format!("{odd:?}"), r#""aé\xff\0\"b""#);
        assert_eq!(format!("{:>4}|", ShortStr::from("ab")), "  ab|");
    }

    #[test]
    fn compares_with_text_and_octets() {
        const NAME: ShortStr<'_> = ShortStr::literal("name");
        assert_eq!(NAME, "name");
        assert_eq!(NAME, *"name");
        assert_eq!(NAME, *b"name".as_slice());
        assert_eq!(NAME.as_str(), Ok("name"));
        assert!(ShortStr::from("nama~~") < NAME);
    }
}
