//! Reply texts: at most 255 octets, cut at a character (`CLS-08`).

use alloc::string::{String, ToString};
use core::fmt::Display;

/// The longest short string, in octets.
const LONGEST: usize = 255;

pub(crate) fn truncated(text: &(impl Display + ?Sized)) -> String {
    let mut text = text.to_string();
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_between_characters() {
        assert_eq!(truncated("short"), "short");
        assert_eq!(truncated(&"x".repeat(300)).len(), 255);
        assert_eq!(truncated(&"é".repeat(200)), "é".repeat(127));
    }
}
