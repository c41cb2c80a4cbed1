//! Reply texts: at most 255 octets, cut at a character (`CLS-08`), and shown in one line.

use alloc::string::String;
use core::fmt::{self, Display, Write};

use crate::wire::write_escaped;

/// The longest short string, in octets.
const LONGEST: usize = 255;

/// The text that this is displayed as. What is cut off isn't written first: a peer's words, of which texts may
/// consist, can be as long as a frame.
pub(crate) fn truncated(text: &(impl Display + ?Sized)) -> String {
    let mut short = Short { text: String::new(), is_cut: false };
    // It fails where it is cut.
    let _ = write!(short, "{text}");
    short.text
}

/// A peer's words inside a sentence: nothing in them ends the line or commands a terminal.
pub(crate) struct OneLine<'a>(pub(crate) &'a str);

impl Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Outside of quotation marks these do no harm.
        self.0.split_inclusive('"').try_for_each(|part| match part.strip_suffix('"') {
            Some(part) => write_escaped(f, part).and_then(|()| f.write_char('"')),
            None => write_escaped(f, part),
        })
    }
}

struct Short {
    text: String,
    is_cut: bool,
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.is_cut {
            return Err(fmt::Error);
        }
        let room = LONGEST - self.text.len();
        if text.len() <= room {
            self.text.push_str(text);
            return Ok(());
        }
        self.is_cut = true;
        let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        self.text.push_str(text.get(..end).unwrap_or_default());
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn cuts_between_characters() {
        assert_eq!(truncated("short"), "short");
        assert_eq!(truncated(&"x".repeat(300)).len(), 255);
        assert_eq!(truncated(&"é".repeat(200)), "é".repeat(127));
        let (long, short) = ("é".repeat(127), "xy");
        // Nothing follows what was cut, although it would fit.
        assert_eq!(truncated(&format_args!("{long}éx")), long);
        assert_eq!(truncated(&format_args!("{long}{short}")), [&long, "x"].concat());
    }

    #[test]
    fn words_stay_in_their_line() {
        let shown = |text| OneLine(text).to_string();
        assert_eq!(shown("it's \"é\" \\"), "it's \"é\" \\\\");
        assert_eq!(shown("a\r\n\x1b[2J\u{202e}b"), "a\\r\\n\\u{1b}[2J\\u{202e}b");
    }

    #[test]
    fn keeps_no_room_for_what_is_cut_off() {
        assert!(truncated(&"x".repeat(100_000)).capacity() <= 512);
    }
}
