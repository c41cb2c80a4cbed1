//! The messages of SCRAM: attributes of one letter, separated by commas.

use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64, Encoding};

/// The value of the next attribute, which has to have this letter.
pub(super) fn attribute<'a>(message: &mut &'a [u8], letter: u8) -> Option<&'a [u8]> {
    let rest = message.strip_prefix(&[letter, b'='])?;
    let end = rest.iter().position(|octet| *octet == b',').unwrap_or(rest.len());
    let (value, behind) = rest.split_at_checked(end)?;
    *message = behind.strip_prefix(b",").unwrap_or(behind);
    Some(value)
}

/// The most octets of a nonce. What holds it has to fit into a frame before tuning, as does its answer.
const LONGEST_NONCE: usize = 1024;

/// Whether this can be a nonce: printable, without a comma, and not without end.
pub(in crate::sasl) fn is_nonce(nonce: &[u8]) -> bool {
    (1..=LONGEST_NONCE).contains(&nonce.len())
        && nonce.iter().all(|octet| octet.is_ascii_graphic() && *octet != b',')
}

/// A positive number without leading zeros.
pub(super) fn number(digits: &[u8]) -> Option<u32> {
    if !matches!(digits.first(), Some(b'1'..=b'9')) {
        return None;
    }
    core::str::from_utf8(digits).ok()?.parse().ok()
}

/// A name as an attribute's value: commas and equals signs have a form of their own.
pub(super) fn escaped(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

/// The name of such a value; `None` where an equals sign is none of the two.
pub(super) fn unescaped(value: &[u8]) -> Option<Vec<u8>> {
    let mut name = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((octet, behind)) = rest.split_first() {
        rest = behind;
        if *octet != b'=' {
            name.push(*octet);
        } else if let Some(behind) = rest.strip_prefix(b"2C") {
            name.push(b',');
            rest = behind;
        } else {
            rest = rest.strip_prefix(b"3D")?;
            name.push(b'=');
        }
    }
    Some(name)
}

pub(super) fn base64(octets: &[u8]) -> String {
    Base64::encode_string(octets)
}

pub(super) fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    Base64::decode_vec(core::str::from_utf8(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_come_in_their_order() {
        let mut message = &b"r=ab=,s=c,i=1"[..];
        assert_eq!(attribute(&mut message, b'r'), Some(&b"ab="[..]));
        assert_eq!(attribute(&mut message, b'i'), None);
        assert_eq!(attribute(&mut message, b's'), Some(&b"c"[..]));
        assert_eq!(attribute(&mut message, b'i'), Some(&b"1"[..]));
        assert_eq!((attribute(&mut message, b'i'), message), (None, &b""[..]));
    }

    #[test]
    fn names_come_back_from_their_form() {
        for name in ["", "user", "a=b,c", "=2C", ",=,="] {
            assert_eq!(unescaped(escaped(name).as_bytes()).unwrap(), name.as_bytes());
            assert!(!escaped(name).contains(','));
        }
        assert_eq!(escaped("a=b,c"), "a=3Db=2Cc");
        for bad in [&b"="[..], b"a=", b"=2c", b"=3", b"=41"] {
            assert_eq!(unescaped(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn numbers_are_positive_and_of_32_bits() {
        assert_eq!((number(b"4096"), number(b"4294967295")), (Some(4096), Some(u32::MAX)));
        for bad in [&b""[..], b"0", b"04096", b"+1", b"-1", b"1 ", b"4294967296", b"\xFF"] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn nonces_are_printable() {
        assert!(is_nonce(b"rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"));
        for bad in [&b""[..], b"a,b", b"a b", b"\x7F", b"\xC3\xA4", &[b'a'; 1025]] {
            assert!(!is_nonce(bad), "{bad:?}");
        }
        assert!(is_nonce(&[b'a'; 1024]));
    }
}
