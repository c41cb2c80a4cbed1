//! What short and long strings share: octets that are expected, not forced, to be UTF-8.

use core::fmt::{self, Write as _};

/// Defines a borrowed octet string with its conversions, comparisons and formatting.
macro_rules! octet_string {
    ($(#[$attr:meta])* $name:ident, max = $max:expr) => {
        $(#[$attr])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name<'a>(&'a [u8]);

        impl<'a> $name<'a> {
            /// The most octets its length field can say.
            pub const MAX_LEN: usize = $max;

            /// Wraps octets as they are; text and length are not checked.
            #[must_use]
            #[inline]
            pub const fn from_octets(octets: &'a [u8]) -> Self {
                Self(octets)
            }

            /// The octets as they are on the wire, without the length.
            #[must_use]
            #[inline]
            pub const fn as_octets(&self) -> &'a [u8] {
                self.0
            }

            /// The text.
            ///
            /// # Errors
            ///
            /// When the octets are not UTF-8, which peers can send (`TYP-02`, `TYP-05`).
            #[inline]
            pub const fn as_str(&self) -> Result<&'a str, core::str::Utf8Error> {
                core::str::from_utf8(self.0)
            }

            /// The length in octets, not in characters (`TYP-04`).
            #[must_use]
            #[inline]
            pub const fn len(&self) -> usize {
                self.0.len()
            }

            /// Whether there are no octets.
            #[must_use]
            #[inline]
            pub const fn is_empty(&self) -> bool {
                self.0.is_empty()
            }

            /// Whether the length field can say the length; if not, encoding fails (`TYP-03`).
            #[must_use]
            #[inline]
            pub const fn is_valid_length(&self) -> bool {
                self.0.len() <= Self::MAX_LEN
            }
        }

        impl<'a> From<&'a str> for $name<'a> {
            #[inline]
            fn from(text: &'a str) -> Self {
                Self(text.as_bytes())
            }
        }

        impl<'a> From<&'a alloc::string::String> for $name<'a> {
            #[inline]
            fn from(text: &'a alloc::string::String) -> Self {
                Self(text.as_bytes())
            }
        }

        impl<'a> From<&'a [u8]> for $name<'a> {
            #[inline]
            fn from(octets: &'a [u8]) -> Self {
                Self(octets)
            }
        }

        impl<'a, const N: usize> From<&'a [u8; N]> for $name<'a> {
            #[inline]
            fn from(octets: &'a [u8; N]) -> Self {
                Self(octets)
            }
        }

        impl<'a> From<&'a alloc::vec::Vec<u8>> for $name<'a> {
            #[inline]
            fn from(octets: &'a alloc::vec::Vec<u8>) -> Self {
                Self(octets)
            }
        }

        impl AsRef<[u8]> for $name<'_> {
            #[inline]
            fn as_ref(&self) -> &[u8] {
                self.0
            }
        }

        impl PartialEq<str> for $name<'_> {
            #[inline]
            fn eq(&self, other: &str) -> bool {
                self.0 == other.as_bytes()
            }
        }

        impl PartialEq<&str> for $name<'_> {
            #[inline]
            fn eq(&self, other: &&str) -> bool {
                self.0 == other.as_bytes()
            }
        }

        impl PartialEq<[u8]> for $name<'_> {
            #[inline]
            fn eq(&self, other: &[u8]) -> bool {
                self.0 == other
            }
        }

        /// The text, with U+FFFD in place of octets that are not UTF-8.
        impl core::fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                crate::wire::octet_str::write_lossy(f, self.0)
            }
        }

        /// The text in quotes, with escapes for control characters and octets not UTF-8.
        impl core::fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                crate::wire::octet_str::write_quoted(f, self.0)
            }
        }
    };
}

pub(super) use octet_string;

pub(super) fn write_lossy(f: &mut fmt::Formatter<'_>, octets: &[u8]) -> fmt::Result {
    if let Ok(text) = core::str::from_utf8(octets) {
        return f.pad(text);
    }
    for chunk in octets.utf8_chunks() {
        f.write_str(chunk.valid())?;
        if !chunk.invalid().is_empty() {
            f.write_char(char::REPLACEMENT_CHARACTER)?;
        }
    }
    Ok(())
}

/// Writes a text as it stands between double quotes.
pub(crate) fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|c| match c {
        // `escape_debug` would also escape this one, which needs none there.
        '\'' => f.write_char(c),
        _ => write!(f, "{}", c.escape_debug()),
    })
}

pub(super) fn write_quoted(f: &mut fmt::Formatter<'_>, octets: &[u8]) -> fmt::Result {
    f.write_char('"')?;
    for chunk in octets.utf8_chunks() {
        write_escaped(f, chunk.valid())?;
        for octet in chunk.invalid() {
            write!(f, "\\x{octet:02x}")?;
        }
    }
    f.write_char('"')
}
