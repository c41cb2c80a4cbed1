//! SASL mechanisms, both roles: one file per family.
//!
//! A client's mechanisms are data ([`Mechanism`]); what they don't know is asked of the application
//! by [`Event::Challenge`](crate::Event::Challenge). A server's application hands responses to a
//! `Verification` (feature `sasl-scram`), or reads them with
//! [`Credentials::login`](crate::Credentials::login) or a parser of the mechanism, and decides.
//!
//! | mechanism | the password | who speaks it | specification |
//! |---|---|---|---|
//! | PLAIN | in clear | all | RFC 4616 |
//! | AMQPLAIN | in clear | RabbitMQ, LavinMQ | `HS-06` |
//! | ANONYMOUS | none | Broker-J, RabbitMQ | RFC 4505 |
//! | EXTERNAL | none: the transport has shown who it is | Broker-J, RabbitMQ with a plug-in | RFC 4422 |
//! | CRAM-MD5 | hashed with a challenge | Broker-J | RFC 2195 |
//! | SCRAM-SHA-1, SCRAM-SHA-256 | hashed with nonces of both sides; the server proves itself too | Broker-J | RFC 5802, RFC 7677 |
//! | XOAUTH2 | a token in clear | Broker-J | |
//! | RABBIT-CR-DEMO | in clear, when it is asked for | RabbitMQ with a plug-in | |
//!
//! Those in clear are for transports that encrypt. CRAM-MD5, SCRAM and `Verification` need the feature
//! `sasl-scram`.

mod amqplain;
#[cfg(feature = "sasl-scram")]
mod cram;
mod demo;
mod mechanism;
mod plain;
#[cfg(feature = "sasl-scram")]
mod scram;
#[cfg(feature = "sasl-scram")]
mod verification;
mod xoauth2;

pub use amqplain::AmqPlainLogin;
pub use mechanism::Mechanism;
pub(crate) use mechanism::{Progress, Response};
pub use plain::PlainLogin;
#[cfg(feature = "sasl-scram")]
pub use scram::{ScramHash, ScramKeys};
#[cfg(feature = "sasl-scram")]
pub use verification::{Secret, Verdict, Verification};
pub use xoauth2::XOAuth2Login;

#[cfg(feature = "sasl-scram")]
use alloc::vec::Vec;
use core::fmt;

/// User and password, however they were sent. `Debug` doesn't show the password.
///
/// ```
/// use amqp_proto::sasl::Login;
///
/// let login = Login::parse("PLAIN", b"\0guest\0secret").unwrap();
/// assert_eq!((login.user, login.password), (&b"guest"[..], &b"secret"[..]));
/// assert!(Login::parse("EXTERNAL", b"").is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Login<'a> {
    /// Who logs in.
    pub user: &'a [u8],
    /// The password.
    pub password: &'a [u8],
}

impl<'a> Login<'a> {
    /// Reads a response of PLAIN or AMQPLAIN; `None` if it is malformed or the mechanism another one.
    pub fn parse(mechanism: &str, response: &'a [u8]) -> Option<Self> {
        match mechanism {
            "PLAIN" => PlainLogin::parse(response)
                .map(|PlainLogin { user, password, .. }| Self { user, password }),
            "AMQPLAIN" => AmqPlainLogin::parse(response)
                .map(|AmqPlainLogin { user, password }| Self { user, password }),
            _ => None,
        }
    }
}

impl fmt::Debug for Login<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user", &Quoted(self.user))
            .field("password", &format_args!("***"))
            .finish()
    }
}

/// Octets as a text in quotation marks, for `Debug`.
struct Quoted<'a>(&'a [u8]);

impl fmt::Debug for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// Whether two secrets are the same, in a time that depends on their lengths alone.
#[cfg(feature = "sasl-scram")]
fn is_same(secret: &[u8], other: &[u8]) -> bool {
    use subtle::ConstantTimeEq as _;
    secret.ct_eq(other).into()
}

#[cfg(feature = "sasl-scram")]
#[expect(
    clippy::expect_used,
    reason = "an empty digest in its place would be one that anybody knows"
)]
fn hmac<M: ::hmac::KeyInit + ::hmac::Mac>(key: &[u8], octets: &[u8]) -> Vec<u8> {
    let mac = <M as ::hmac::KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.chain_update(octets).finalize().into_bytes().to_vec()
}
