//! AMQPLAIN: a field table without its length, with LOGIN and PASSWORD (`HS-06`).

use alloc::vec::Vec;
use core::fmt;

use super::Quoted;
use crate::wire::{Table, TableBuf, TableLimits};

/// An AMQPLAIN response, taken apart. `Debug` doesn't show the password.
///
/// ```
/// use amqp_proto::{Mechanism, sasl::AmqPlainLogin};
///
/// let response = Mechanism::amqplain("guest", "secret").initial_response();
/// let login = AmqPlainLogin::parse(&response).unwrap();
/// assert_eq!((login.user, login.password), (&b"guest"[..], &b"secret"[..]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AmqPlainLogin<'a> {
    /// Who logs in.
    pub user: &'a [u8],
    /// The password.
    pub password: &'a [u8],
}

impl<'a> AmqPlainLogin<'a> {
    /// Takes a response apart; `None` if it isn't a table with both entries.
    pub fn parse(response: &'a [u8]) -> Option<Self> {
        let table = Table::parse(response, &TableLimits::DEFAULT).ok()?;
        let octets = |name: &str| table.get(name)?.as_octets();
        Some(Self { user: octets("LOGIN")?, password: octets("PASSWORD")? })
    }
}

impl fmt::Debug for AmqPlainLogin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AmqPlainLogin")
            .field("user", &Quoted(self.user))
            .field("password", &format_args!("***"))
            .finish()
    }
}

pub(super) fn response(user: &str, password: &str) -> Vec<u8> {
    let mut table = TableBuf::new();
    // Both names are short and strings are emittable, so neither insert can fail.
    let _ = table.insert("LOGIN", user);
    let _ = table.insert("PASSWORD", password);
    table.as_table().as_octets().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_has_no_length_prefix() {
        assert_eq!(
            response("guest", "pw"),
            b"\x05LOGINS\x00\x00\x00\x05guest\x08PASSWORDS\x00\x00\x00\x02pw"
        );
        assert_eq!(AmqPlainLogin::parse(b"\x05LOGINS\x00\x00\x00\x05guest"), None);
        assert_eq!(AmqPlainLogin::parse(b"\0guest\0guest"), None);
    }
}
