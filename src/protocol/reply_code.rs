use core::fmt;

/// Says how something ended, as a number: [`ReplyCode::NOT_FOUND`] and its like.
///
/// Peers also send numbers that no specification lists (`RC-02`); they are kept as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[expect(clippy::exhaustive_structs, reason = "a number with a name; it never has another field")]
pub struct ReplyCode(pub u16);

impl From<u16> for ReplyCode {
    fn from(code: u16) -> Self {
        Self(code)
    }
}

impl From<ReplyCode> for u16 {
    fn from(code: ReplyCode) -> Self {
        code.0
    }
}

/// The number, and the name where there is one: `404 not-found`.
impl fmt::Display for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} {name}", self.0),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn codes_end_a_channel_or_a_connection_as_rc_01_says() {
        for code in [311, 312, 313, 403, 404, 405, 406] {
            assert!(ReplyCode(code).is_soft() && !ReplyCode(code).is_hard(), "{code}");
        }
        for code in [320, 402, 501, 502, 503, 504, 505, 506, 530, 540, 541] {
            assert!(ReplyCode(code).is_hard() && !ReplyCode(code).is_soft(), "{code}");
        }
        for code in [0, 200, 407, 999] {
            assert!(!ReplyCode(code).is_hard() && !ReplyCode(code).is_soft(), "{code}");
        }
    }

    #[test]
    fn codes_show_their_name() {
        assert_eq!(ReplyCode::NOT_FOUND.to_string(), "404 not-found");
        assert_eq!(ReplyCode(999).to_string(), "999");
    }
}
