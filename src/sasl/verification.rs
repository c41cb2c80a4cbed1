//! A server's side of a login: what to answer, and whether it is right.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::scram::{self, ScramHash, ScramKeys};
use super::{AmqPlainLogin, PlainLogin, Quoted, XOAuth2Login, cram, demo, is_same};

/// Iterations where keys are made of a password at each login.
const ITERATIONS: u32 = 4096;

/// One login at a server, from start-ok until it is decided. Secrets are compared in a time that doesn't
/// depend on where they differ.
///
/// Each response goes to [`respond`](Self::respond). [`Verdict::Lookup`] asks for what is known of
/// [`user`](Self::user): look it up, now or minutes later, and [`supply`](Self::supply) it.
///
/// ```
/// use amqp_proto::Mechanism;
/// use amqp_proto::sasl::{Secret, Verdict, Verification};
///
/// // The nonce is random, and another one for each login.
/// let mut login = Verification::new("CRAM-MD5", "8F0xQfQ1hQw4").unwrap();
/// let Verdict::Challenge(challenge) = login.respond(b"") else { panic!() };
/// assert_eq!(challenge, b"<8F0xQfQ1hQw4@amqp>");
/// # let response = b"tim a76a93f31d5e45bb4a6ba2a4cd55ff82";
/// let _ = login.respond(response);
/// assert_eq!(login.user(), b"tim");
/// assert_eq!(login.supply(Some(&Secret::password("another"))), Verdict::Refused);
/// ```
///
/// A server has one for each connection, and decides by what it says. How long all of it may take is
/// [`ServerConfig::handshake_timeout`](crate::ServerConfig::handshake_timeout), 10 s unless told otherwise; the
/// client has a limit of its own.
///
/// ```
/// use amqp_proto::protocol::ReplyCode;
/// use amqp_proto::sasl::{ScramHash, ScramKeys, Secret, Verdict, Verification};
/// use amqp_proto::{Connection, Decision, Event};
/// # use amqp_proto::testing::Pair;
/// # use amqp_proto::{ClientConfig, Mechanism, ServerConfig};
///
/// /// Keys that were kept: salt, iterations, stored key and server key are what `ScramKeys::new` takes.
/// fn look_up(user: &[u8]) -> Option<Secret> {
///     let keys = ScramKeys::derive(ScramHash::Sha256, b"pencil", b"salt of tim", 4096);
///     (user == b"tim").then_some(Secret::Scram(ScramHash::Sha256, keys))
/// }
///
/// fn log_in(server: &mut Connection, login: &mut Option<Verification>, event: &Event) {
///     let response = match event {
///         Event::Credentials(first) => {
///             let mechanism = first.mechanism().to_string();
///             let nonce = "c2VydmVy"; // random, and another one each time
///             *login = Verification::new(&mechanism, nonce);
///             first.response()
///         }
///         Event::SaslResponse(next) => next.response(),
///         _ => return,
///     };
///     let Some(login) = login else { return };
///     let mut verdict = login.respond(response);
///     if verdict == Verdict::Lookup {
///         verdict = login.supply(look_up(login.user()).as_ref());
///     }
///     let decided = server.decide(match &verdict {
///         Verdict::Challenge(challenge) => Decision::Challenge(challenge),
///         Verdict::Accepted => Decision::Accept,
///         _ => Decision::Refuse { code: ReplyCode::ACCESS_REFUSED, text: "login refused" },
///     });
///     assert_eq!(decided, Ok(()));
/// }
/// # let mut config = ServerConfig::default();
/// # config.mechanisms = "SCRAM-SHA-256".into();
/// # let own = vec![Mechanism::scram_sha_256("tim", "pencil", "Y2xpZW50")];
/// # let mut pair = Pair::new(ClientConfig::with_mechanisms(own), config);
/// # pair.accept = false;
/// # let mut login = None;
/// # for _ in 0..9 {
/// #     pair.drive();
/// #     while let Some(event) = pair.server.next_event() {
/// #         log_in(&mut pair.server.connection, &mut login, &event);
/// #         if let Event::VirtualHost(_) = event {
/// #             pair.server.connection.decide(Decision::Accept).unwrap();
/// #         }
/// #     }
/// # }
/// # assert!(pair.is_open());
/// ```
#[derive(Clone)]
pub struct Verification {
    mechanism: Known,
    nonce: String,
    user: Vec<u8>,
    authorization_id: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Plain,
    AmqPlain,
    Anonymous,
    External,
    RabbitCrDemo,
    XOAuth2,
    CramMd5,
    Scram(ScramHash),
}

#[derive(Clone)]
enum State {
    Begun,
    /// An empty response was answered by an empty challenge.
    AskedAgain,
    /// The secret has to be what the client has said.
    Compares(Vec<u8>),
    /// Whoever the transport has shown.
    Identifies,
    CramChallenged,
    /// The digest that the client has made.
    CramAnswered(Vec<u8>),
    DemoChallenged,
    ScramBegun(scram::Login),
    ScramChallenged(scram::Offer),
    ScramProven,
    Over,
}

/// What a server knows of a user. `Debug` shows none of it.
#[derive(Clone)]
#[non_exhaustive]
pub enum Secret {
    /// The password, or the token of XOAUTH2. It does for every mechanism but EXTERNAL.
    Password(Vec<u8>),
    /// Keys of SCRAM, made with the hash function of the mechanism. They do for SCRAM, and for mechanisms that
    /// show the password.
    Scram(ScramHash, ScramKeys),
    /// EXTERNAL: whom the transport has shown.
    Identity(Vec<u8>),
}

impl Secret {
    /// A password.
    pub fn password(password: &str) -> Self {
        Self::Password(password.as_bytes().into())
    }

    /// Whether this password, which the client has shown, is the one.
    fn is(&self, shown: &[u8]) -> bool {
        match self {
            Self::Password(password) => is_same(password, shown),
            Self::Scram(hash, keys) => {
                let derived = ScramKeys::derive(*hash, shown, &keys.salt, keys.iterations);
                is_same(&derived.stored_key, &keys.stored_key)
            }
            Self::Identity(_) => false,
        }
    }

    fn keys(&self, hash: ScramHash, salt: &[u8]) -> Option<ScramKeys> {
        match self {
            Self::Password(password) => Some(ScramKeys::derive(hash, password, salt, ITERATIONS)),
            Self::Scram(of, keys) if *of == hash => Some(keys.clone()),
            Self::Scram(..) | Self::Identity(_) => None,
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// What comes next in a login.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Verdict {
    /// Look up what is known of [`Verification::user`] and [`supply`](Verification::supply) it.
    Lookup,
    /// Send this: [`Decision::Challenge`](crate::Decision::Challenge).
    Challenge(Vec<u8>),
    /// The client is who it says: [`Decision::Accept`](crate::Decision::Accept).
    Accepted,
    /// It isn't, or what it sent is malformed: [`Decision::Refuse`](crate::Decision::Refuse).
    Refused,
}

/// Challenges are secrets.
impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lookup => "Lookup",
            Self::Challenge(_) => "Challenge(***)",
            Self::Accepted => "Accepted",
            Self::Refused => "Refused",
        })
    }
}

impl Verification {
    /// A login by this mechanism; `None` if it is none of those that [`Mechanism`](crate::Mechanism) has, or if
    /// CRAM-MD5 or SCRAM can't use the nonce. `nonce`: random printable ASCII without commas, fresh for each login, at least 18 octets in base64, for
    /// example; CRAM-MD5 and SCRAM depend on it.
    pub fn new(mechanism: &str, nonce: &str) -> Option<Self> {
        let mechanism = match mechanism {
            "PLAIN" => Known::Plain,
            "AMQPLAIN" => Known::AmqPlain,
            "ANONYMOUS" => Known::Anonymous,
            "EXTERNAL" => Known::External,
            "RABBIT-CR-DEMO" => Known::RabbitCrDemo,
            "XOAUTH2" => Known::XOAuth2,
            "CRAM-MD5" => Known::CramMd5,
            "SCRAM-SHA-1" => Known::Scram(ScramHash::Sha1),
            "SCRAM-SHA-256" => Known::Scram(ScramHash::Sha256),
            _ => return None,
        };
        let needs_nonce = matches!(mechanism, Known::CramMd5 | Known::Scram(_));
        if needs_nonce && !scram::is_nonce(nonce.as_bytes()) {
            return None;
        }
        Some(Self {
            mechanism,
            nonce: nonce.into(),
            user: Vec::new(),
            authorization_id: Vec::new(),
            state: State::Begun,
        })
    }

    /// Who logs in, as far as the client has said; empty for ANONYMOUS, and for EXTERNAL until the identity is
    /// supplied.
    pub fn user(&self) -> &[u8] {
        &self.user
    }

    /// Whom the client wants to act as; usually empty. PLAIN, EXTERNAL and SCRAM know it. Unless it is empty
    /// or the user, it is for the application to allow that.
    pub fn authorization_id(&self) -> &[u8] {
        &self.authorization_id
    }

    /// The response of start-ok, then that of each secure-ok.
    pub fn respond(&mut self, response: &[u8]) -> Verdict {
        match core::mem::replace(&mut self.state, State::Over) {
            State::Begun if response.is_empty() && self.waits_for_response() => {
                // AMQP can't tell an empty response from none at all.
                self.go_on(State::AskedAgain, Verdict::Challenge(Vec::new()))
            }
            State::Begun | State::AskedAgain => self.begin(response),
            State::CramChallenged => match cram::parse(response) {
                Some((user, digest)) => {
                    self.user = user.into();
                    self.go_on(State::CramAnswered(digest.into()), Verdict::Lookup)
                }
                None => Verdict::Refused,
            },
            State::DemoChallenged => match demo::password(response) {
                Some(password) => self.go_on(State::Compares(password.into()), Verdict::Lookup),
                None => Verdict::Refused,
            },
            State::ScramChallenged(offer) => match offer.check(response) {
                Some(proof) => self.go_on(State::ScramProven, Verdict::Challenge(proof)),
                None => Verdict::Refused,
            },
            State::ScramProven if response.is_empty() => Verdict::Accepted,
            _ => Verdict::Refused,
        }
    }

    /// What is known of the user; `None` for nothing, which refuses the login at once.
    ///
    /// A server that doesn't want to tell who exists supplies for everybody else what it would supply for a
    /// user: where it keeps passwords, a random one; where it keeps [`ScramKeys`], random keys with as many
    /// iterations, and with a salt that is made of the name by a secret of the server, so that it is the same at
    /// the next login.
    pub fn supply(&mut self, secret: Option<&Secret>) -> Verdict {
        let state = core::mem::replace(&mut self.state, State::Over);
        let Some(secret) = secret else { return Verdict::Refused };
        let is_right = match (state, secret) {
            (State::Compares(shown), secret) => secret.is(&shown),
            (State::Identifies, Secret::Identity(name)) => {
                self.user.clone_from(name);
                !name.is_empty()
            }
            (State::CramAnswered(digest), Secret::Password(password)) => {
                cram::is_right(&digest, password, &self.cram_challenge())
            }
            (State::ScramBegun(login), secret) => {
                let Known::Scram(hash) = self.mechanism else { return Verdict::Refused };
                let Some(keys) = secret.keys(hash, self.nonce.as_bytes()) else {
                    return Verdict::Refused;
                };
                let (challenge, offer) = login.offer(&self.nonce, &keys);
                return self.go_on(State::ScramChallenged(offer), Verdict::Challenge(challenge));
            }
            _ => false,
        };
        if is_right { Verdict::Accepted } else { Verdict::Refused }
    }

    fn go_on(&mut self, state: State, verdict: Verdict) -> Verdict {
        self.state = state;
        verdict
    }

    /// Whether a login by this mechanism has to begin with a response that isn't empty.
    fn waits_for_response(&self) -> bool {
        // Whoever is asked again by RABBIT-CR-DEMO might take that for the question for the password.
        matches!(self.mechanism, Known::Plain | Known::AmqPlain | Known::XOAuth2 | Known::Scram(_))
    }

    /// The first response that says something.
    fn begin(&mut self, response: &[u8]) -> Verdict {
        let shown = match self.mechanism {
            Known::Anonymous => return Verdict::Accepted,
            Known::External => {
                self.authorization_id = response.into();
                return self.go_on(State::Identifies, Verdict::Lookup);
            }
            // HS-17
            Known::CramMd5 if response.is_empty() => {
                let challenge = self.cram_challenge();
                return self.go_on(State::CramChallenged, Verdict::Challenge(challenge));
            }
            Known::CramMd5 => return Verdict::Refused,
            Known::RabbitCrDemo => {
                self.user = response.into();
                return self
                    .go_on(State::DemoChallenged, Verdict::Challenge(demo::CHALLENGE.into()));
            }
            Known::Scram(hash) => {
                let Some(login) = scram::Login::parse(hash, response) else {
                    return Verdict::Refused;
                };
                self.user.clone_from(&login.user);
                self.authorization_id.clone_from(&login.authorization_id);
                return self.go_on(State::ScramBegun(login), Verdict::Lookup);
            }
            Known::Plain => PlainLogin::parse(response).map(|login| {
                self.authorization_id = login.authorization_id.into();
                (login.user, login.password)
            }),
            Known::AmqPlain => AmqPlainLogin::parse(response).map(|l| (l.user, l.password)),
            Known::XOAuth2 => XOAuth2Login::parse(response).map(|l| (l.user, l.token)),
        };
        let Some((user, password)) = shown else { return Verdict::Refused };
        self.user = user.into();
        self.go_on(State::Compares(password.into()), Verdict::Lookup)
    }

    fn cram_challenge(&self) -> Vec<u8> {
        [b"<", self.nonce.as_bytes(), b"@amqp>"].concat()
    }
}

impl fmt::Debug for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verification")
            .field("user", &Quoted(&self.user))
            .field("authorization_id", &Quoted(&self.authorization_id))
            .finish_non_exhaustive()
    }
}
