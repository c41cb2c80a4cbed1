//! SASL mechanisms, both roles: one file per family.
//!
//! A client's mechanisms are data ([`Mechanism`]); what they don't know is asked of the application
//! by [`Event::Challenge`](crate::Event::Challenge). A server's application reads a response with
//! [`Credentials::login`](crate::Credentials::login), or a parser of its mechanism, and decides.

mod amqplain;
mod plain;

pub use amqplain::AmqPlainLogin;
pub use plain::PlainLogin;

use alloc::string::String;
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
            Self::Custom { initial_response, .. } => initial_response.clone(),
        }
    }

    /// Whether the mechanism can carry what it was given.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        match self {
            Self::Plain { user, password } if user.contains('\0') || password.contains('\0') => {
                Err("PLAIN can't carry a user or password with a NUL") // HS-05
            }
            _ => Ok(()),
        }
    }

    /// What to answer to a challenge without asking the application.
    pub(crate) fn respond(&self, challenge: &[u8]) -> Response {
        match self {
            Self::Custom { .. } => Response::AskApplication,
            // Broker-J asks for the initial response by an empty challenge where it saw none.
            _ if challenge.is_empty() => Response::Octets(self.initial_response()),
            _ => Response::Unexpected,
        }
    }
}

impl fmt::Debug for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct(self.name());
        match self {
            Self::Plain { user, .. } | Self::AmqPlain { user, .. } => {
                out.field("user", user).field("password", &format_args!("***"));
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

/// A mechanism's answer to a challenge.
#[derive(Debug)]
pub(crate) enum Response {
    Octets(Vec<u8>),
    AskApplication,
    Unexpected,
}
