//! PLAIN: authorization id, user and password, separated by NUL (RFC 4616).

use alloc::vec::Vec;
use core::fmt;

use super::Quoted;

/// A PLAIN response, taken apart. `Debug` doesn't show the password.
///
/// ```
/// use amqp_proto::sasl::PlainLogin;
///
/// let login = PlainLogin::parse(b"\0guest\0secret").unwrap();
/// assert_eq!((login.user, login.password), (&b"guest"[..], &b"secret"[..]));
/// assert!(PlainLogin::parse(b"guest").is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlainLogin<'a> {
    /// Whom to act as; usually empty.
    pub authorization_id: &'a [u8],
    /// Who logs in.
    pub user: &'a [u8],
    /// The password.
    pub password: &'a [u8],
}

impl<'a> PlainLogin<'a> {
    /// Takes a response apart; `None` if it hasn't exactly two NUL octets (`HS-05`).
    pub fn parse(response: &'a [u8]) -> Option<Self> {
        let mut parts = response.split(|&octet| octet == 0);
        let login =
            Self { authorization_id: parts.next()?, user: parts.next()?, password: parts.next()? };
        parts.next().is_none().then_some(login)
    }
}

impl fmt::Debug for PlainLogin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlainLogin")
            .field("authorization_id", &Quoted(self.authorization_id))
            .field("user", &Quoted(self.user))
            .field("password", &format_args!("***"))
            .finish()
    }
}

pub(super) fn response(user: &str, password: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(user.len() + password.len() + 2);
    octets.push(0);
    octets.extend_from_slice(user.as_bytes());
    octets.push(0);
    octets.extend_from_slice(password.as_bytes());
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_exactly_two_separators() {
        for bad in [&b""[..], b"\0", b"guest", b"\0guest", b"\0guest\0secret\0more"] {
            assert_eq!(PlainLogin::parse(bad), None, "{bad:?}");
        }
        let login = PlainLogin::parse(b"admin\0guest\0").unwrap();
        assert_eq!((login.authorization_id, login.password), (&b"admin"[..], &b""[..]));
    }
}
