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
