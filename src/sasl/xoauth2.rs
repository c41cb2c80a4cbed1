//! XOAUTH2: user and access token, in parts that end with an octet 01.

use alloc::vec::Vec;
use core::fmt;

use super::Quoted;

/// An XOAUTH2 response, taken apart. `Debug` doesn't show the token.
///
/// ```
/// use amqp_proto::{Mechanism, sasl::XOAuth2Login};
///
/// let response = Mechanism::xoauth2("tim", "vF9dft4q").initial_response();
/// let login = XOAuth2Login::parse(&response).unwrap();
/// assert_eq!((login.user, login.token), (&b"tim"[..], &b"vF9dft4q"[..]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct XOAuth2Login<'a> {
    /// Who logs in; may be empty.
    pub user: &'a [u8],
    /// The access token.
    pub token: &'a [u8],
}

impl<'a> XOAuth2Login<'a> {
    /// Takes a response apart; `None` if there is no part `auth=Bearer` in it.
    pub fn parse(response: &'a [u8]) -> Option<Self> {
        let mut parts = response.split(|octet| *octet == 1);
        let user = parts.clone().find_map(|part| part.strip_prefix(b"user="));
        let token = parts.find_map(|part| part.strip_prefix(b"auth=Bearer "))?;
        Some(Self { user: user.unwrap_or_default(), token })
    }
}

impl fmt::Debug for XOAuth2Login<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XOAuth2Login")
            .field("user", &Quoted(self.user))
            .field("token", &format_args!("***"))
            .finish()
    }
}

pub(super) fn response(user: &str, token: &str) -> Vec<u8> {
    let user =
        if user.is_empty() { Vec::new() } else { [b"user=", user.as_bytes(), b"\x01"].concat() };
    [&user[..], b"auth=Bearer ", token.as_bytes(), b"\x01\x01"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_end_with_an_octet_01() {
        assert_eq!(response("tim", "abc"), b"user=tim\x01auth=Bearer abc\x01\x01");
        assert_eq!(response("", "abc"), b"auth=Bearer abc\x01\x01");
        let login = XOAuth2Login::parse(b"auth=Bearer abc").unwrap();
        assert_eq!((login.user, login.token), (&b""[..], &b"abc"[..]));
        for bad in [&b""[..], b"user=tim\x01\x01", b"auth=Basic abc\x01\x01"] {
            assert_eq!(XOAuth2Login::parse(bad), None, "{bad:?}");
        }
    }
}
