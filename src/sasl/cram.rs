//! CRAM-MD5: the HMAC of the challenge under the password (RFC 2195, `HS-17`).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use ::hmac::Hmac;
use md5::Md5;

use super::{hmac, is_same};

pub(super) fn response(user: &str, password: &str, challenge: &[u8]) -> Vec<u8> {
    format!("{user} {}", digest(password.as_bytes(), challenge)).into_bytes()
}

/// Takes a response apart: the user, who may have spaces in the name, and the digest.
pub(super) fn parse(response: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = response.iter().rposition(|octet| *octet == b' ')?;
    let (user, digest) = response.split_at_checked(space)?;
    Some((user, digest.strip_prefix(b" ")?))
}

/// Whether this is the digest that only somebody who knows the password can have made.
pub(super) fn is_right(seen: &[u8], password: &[u8], challenge: &[u8]) -> bool {
    is_same(seen, digest(password, challenge).as_bytes())
}

/// In hexadecimal digits, the letters small.
fn digest(password: &[u8], challenge: &[u8]) -> String {
    let octets = hmac::<Hmac<Md5>>(password, challenge);
    octets.iter().fold(String::new(), |mut digits, octet| {
        // Strings take whatever is written to them.
        let _ = write!(digits, "{octet:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_2195() {
        let challenge = b"<1896.697170952@postoffice.reston.mci.net>";
        let response = response("tim", "tanstaaftanstaaf", challenge);
        assert_eq!(response, b"tim b913a602c7eda7a495b4e6e7334d3890");
        let (user, digest) = parse(&response).unwrap();
        assert_eq!(user, b"tim");
        assert!(is_right(digest, b"tanstaaftanstaaf", challenge));
        assert!(!is_right(digest, b"tanstaaftanstaaF", challenge));
        assert!(!is_right(&digest[1..], b"tanstaaftanstaaf", challenge));
        assert_eq!(parse(b"a b c"), Some((&b"a b"[..], &b"c"[..])));
        assert_eq!(parse(b"tim"), None);
    }
}
