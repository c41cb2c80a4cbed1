//! How a client proves who it is.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{amqplain, demo, plain, xoauth2};
#[cfg(feature = "sasl-scram")]
use super::{cram, scram};

/// How a client proves who it is. `Debug` never shows a secret.
///
/// ```
/// use amqp_proto::Mechanism;
///
/// let plain = Mechanism::plain("guest", "guest");
/// assert_eq!(plain.name(), "PLAIN");
/// assert_eq!(plain.initial_response(), b"\0guest\0guest");
/// assert_eq!(format!("{plain:?}"), r#"PLAIN { user: "guest", password: *** }"#);
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mechanism {
    /// PLAIN: user and password in clear (RFC 4616, `HS-05`).
    Plain {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// AMQPLAIN: user and password in a field table (`HS-06`).
    AmqPlain {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// ANONYMOUS: nobody in particular (RFC 4505).
    Anonymous {
        /// Who it is, for the server's log; may be empty.
        trace: String,
    },
    /// EXTERNAL: as the transport has shown, for example by a TLS certificate (RFC 4422).
    External {
        /// Whom to act as; may be empty.
        authorization_id: String,
    },
    /// RABBIT-CR-DEMO: RabbitMQ's example of a mechanism with a challenge; the password goes in clear.
    RabbitCrDemo {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// XOAUTH2: an OAuth 2 token, as Broker-J takes it. RabbitMQ takes tokens as passwords of PLAIN.
    XOAuth2 {
        /// The user; may be empty.
        user: String,
        /// The access token.
        token: String,
    },
    /// CRAM-MD5: the challenge and the password together, hashed (RFC 2195). Nothing proves who the server
    /// is.
    #[cfg(feature = "sasl-scram")]
    CramMd5 {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// SCRAM-SHA-1 or SCRAM-SHA-256: both sides prove that they know the password (RFC 5802, RFC 7677).
    #[cfg(feature = "sasl-scram")]
    Scram {
        /// Which of the two.
        hash: scram::ScramHash,
        /// The user.
        user: String,
        /// The password.
        password: String,
        /// What makes this login different from all others: at least 18 random octets in base64, for
        /// example, fresh for each connection. Printable ASCII without commas.
        nonce: String,
    },
    /// A mechanism of the application's own; challenges come as events.
    Custom {
        /// The mechanism's name.
        name: String,
        /// The response to send in start-ok.
        initial_response: Vec<u8>,
    },
}

impl Mechanism {
    /// PLAIN with this user and password.
    pub fn plain(user: &str, password: &str) -> Self {
        Self::Plain { user: user.into(), password: password.into() }
    }

    /// AMQPLAIN with this user and password.
    pub fn amqplain(user: &str, password: &str) -> Self {
        Self::AmqPlain { user: user.into(), password: password.into() }
    }

    /// ANONYMOUS without a trace.
    pub const fn anonymous() -> Self {
        Self::Anonymous { trace: String::new() }
    }

    /// EXTERNAL without an authorization id.
    pub const fn external() -> Self {
        Self::External { authorization_id: String::new() }
    }

    /// RABBIT-CR-DEMO with this user and password.
    pub fn rabbit_cr_demo(user: &str, password: &str) -> Self {
        Self::RabbitCrDemo { user: user.into(), password: password.into() }
    }

    /// XOAUTH2 with this user, which may be empty, and access token.
    pub fn xoauth2(user: &str, token: &str) -> Self {
        Self::XOAuth2 { user: user.into(), token: token.into() }
    }

    /// CRAM-MD5 with this user and password.
    #[cfg(feature = "sasl-scram")]
    pub fn cram_md5(user: &str, password: &str) -> Self {
        Self::CramMd5 { user: user.into(), password: password.into() }
    }

    /// SCRAM-SHA-1 with this user, password and nonce: random and fresh for each connection.
    #[cfg(feature = "sasl-scram")]
    pub fn scram_sha_1(user: &str, password: &str, nonce: &str) -> Self {
        Self::scram(scram::ScramHash::Sha1, user, password, nonce)
    }

    /// SCRAM-SHA-256 with this user, password and nonce: random and fresh for each connection.
    #[cfg(feature = "sasl-scram")]
    pub fn scram_sha_256(user: &str, password: &str, nonce: &str) -> Self {
        Self::scram(scram::ScramHash::Sha256, user, password, nonce)
    }

    #[cfg(feature = "sasl-scram")]
    fn scram(hash: scram::ScramHash, user: &str, password: &str, nonce: &str) -> Self {
        let (user, password, nonce) = (user.into(), password.into(), nonce.into());
        Self::Scram { hash, user, password, nonce }
    }

    /// A mechanism of the application's own, with its response for start-ok.
    pub fn custom(name: &str, initial_response: &[u8]) -> Self {
        Self::Custom { name: name.into(), initial_response: initial_response.into() }
    }

    /// The mechanism's registered name.
    pub fn name(&self) -> &str {
        match self {
            Self::Plain { .. } => "PLAIN",
            Self::AmqPlain { .. } => "AMQPLAIN",
            Self::Anonymous { .. } => "ANONYMOUS",
            Self::External { .. } => "EXTERNAL",
            Self::RabbitCrDemo { .. } => "RABBIT-CR-DEMO",
            Self::XOAuth2 { .. } => "XOAUTH2",
            #[cfg(feature = "sasl-scram")]
            Self::CramMd5 { .. } => "CRAM-MD5",
            #[cfg(feature = "sasl-scram")]
            Self::Scram { hash, .. } => hash.mechanism(),
            Self::Custom { name, .. } => name,
        }
    }

    /// The octets of start-ok's response.
    pub fn initial_response(&self) -> Vec<u8> {
        match self {
            Self::Plain { user, password } => plain::response(user, password),
            Self::AmqPlain { user, password } => amqplain::response(user, password),
            Self::Anonymous { trace } => trace.as_bytes().into(),
            Self::External { authorization_id } => authorization_id.as_bytes().into(),
            Self::RabbitCrDemo { user, .. } => user.as_bytes().into(),
            Self::XOAuth2 { user, token } => xoauth2::response(user, token),
            #[cfg(feature = "sasl-scram")]
            Self::CramMd5 { .. } => Vec::new(), // HS-17
            #[cfg(feature = "sasl-scram")]
            Self::Scram { .. } => self.as_scram().map(|own| own.first()).unwrap_or_default(),
            Self::Custom { initial_response, .. } => initial_response.clone(),
        }
    }

    #[cfg(feature = "sasl-scram")]
    fn as_scram(&self) -> Option<scram::Own<'_>> {
        let Self::Scram { hash, user, password, nonce } = self else { return None };
        Some(scram::Own { hash: *hash, user, password, nonce })
    }

    /// Whether the mechanism can carry what it was given.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        match self {
            Self::Plain { user, password } if user.contains('\0') || password.contains('\0') => {
                Err("PLAIN can't carry a user or password with a NUL") // HS-05
            }
            Self::XOAuth2 { user, token } if user.contains('\x01') || token.contains('\x01') => {
                Err("XOAUTH2 can't carry a user or token with an octet 01")
            }
            #[cfg(feature = "sasl-scram")]
            Self::Scram { .. } => self.as_scram().map_or(Ok(()), |own| own.check()),
            _ => Ok(()),
        }
    }

    /// What to answer to a challenge without asking the application. `most_iterations`: of SCRAM.
    pub(crate) fn respond(
        &self,
        progress: &mut Progress,
        challenge: &[u8],
        most_iterations: u32,
    ) -> Response {
        match self {
            Self::Custom { .. } => return Response::AskApplication,
            #[cfg(feature = "sasl-scram")]
            Self::Scram { .. } => {
                if let Some(own) = self.as_scram() {
                    return own.respond(progress, challenge, most_iterations);
                }
            }
            #[cfg(feature = "sasl-scram")]
            Self::CramMd5 { user, password } if *progress == Progress::Begun => {
                *progress = Progress::Done;
                return Response::Octets(cram::response(user, password, challenge));
            }
            Self::RabbitCrDemo { password, .. }
                if *progress == Progress::Begun && !challenge.is_empty() =>
            {
                *progress = Progress::Done;
                return Response::Octets(demo::response(password));
            }
            // Broker-J asks for the initial response by an empty challenge where it saw none.
            Self::Plain { .. }
            | Self::AmqPlain { .. }
            | Self::Anonymous { .. }
            | Self::External { .. }
            | Self::RabbitCrDemo { .. }
            | Self::XOAuth2 { .. }
                if challenge.is_empty() =>
            {
                return Response::Octets(self.initial_response());
            }
            _ => {}
        }
        let _ = most_iterations;
        Response::Unexpected
    }

    /// Whether a server may end the login now: one that has to prove something has done so.
    pub(crate) fn may_end(&self, progress: &Progress) -> bool {
        match self {
            #[cfg(feature = "sasl-scram")]
            Self::Scram { .. } => *progress == Progress::Done,
            _ => {
                let _ = progress;
                true
            }
        }
    }
}

impl fmt::Debug for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct(self.name());
        match self {
            Self::Plain { user, .. }
            | Self::AmqPlain { user, .. }
            | Self::RabbitCrDemo { user, .. } => {
                out.field("user", user).field("password", &format_args!("***"));
            }
            #[cfg(feature = "sasl-scram")]
            Self::CramMd5 { user, .. } | Self::Scram { user, .. } => {
                out.field("user", user).field("password", &format_args!("***"));
            }
            Self::XOAuth2 { user, .. } => {
                out.field("user", user).field("token", &format_args!("***"));
            }
            Self::Anonymous { trace } => {
                out.field("trace", trace);
            }
            Self::External { authorization_id } => {
                out.field("authorization_id", authorization_id);
            }
            Self::Custom { .. } => {
                out.field("initial_response", &format_args!("***"));
            }
        }
        out.finish()
    }
}

/// How far a login has come, beyond start-ok. `Debug` isn't offered: what is awaited is secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) enum Progress {
    /// No challenge has come, or none that leads on.
    #[default]
    Begun,
    /// The server has yet to show this.
    #[cfg_attr(not(feature = "sasl-scram"), expect(dead_code, reason = "only SCRAM waits for it"))]
    AwaitsProof(Vec<u8>),
    /// All that can be said has been said.
    Done,
}

/// A mechanism's answer to a challenge.
pub(crate) enum Response {
    Octets(Vec<u8>),
    AskApplication,
    /// It leaves no challenge to be answered.
    Unexpected,
    /// The challenge isn't what the mechanism says; what was expected.
    #[cfg_attr(not(feature = "sasl-scram"), expect(dead_code, reason = "SCRAM is strict"))]
    Wrong(&'static str),
}
