//! SCRAM-SHA-1 and SCRAM-SHA-256 (RFC 5802, RFC 7677): both sides prove that they know the password, and
//! neither shows it.
//!
//! ```text
//!   client   n,,n=user,r=nonce ─▶                     c=biws,r=…,p=proof ─▶               (empty) ─▶
//!   server                        ◀─ r=…,s=salt,i=4096                     ◀─ v=signature            ◀─ tune
//! ```
//!
//! Names and passwords are taken octet by octet: nothing is normalised (SASLprep), as brokers don't either.

mod client;
mod message;
mod server;

pub(super) use client::Own;
pub(super) use message::is_nonce;
pub(super) use server::{Login, Offer};

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use hmac::Hmac;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// No client takes fewer iterations: a server that asks for them would make the password easy to guess.
const FEWEST_ITERATIONS: u32 = 4096;

/// The hash function that a SCRAM mechanism is named after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScramHash {
    /// SCRAM-SHA-1 (RFC 5802).
    Sha1,
    /// SCRAM-SHA-256 (RFC 7677).
    Sha256,
}

impl ScramHash {
    /// The mechanism's registered name.
    pub const fn mechanism(self) -> &'static str {
        match self {
            Self::Sha1 => "SCRAM-SHA-1",
            Self::Sha256 => "SCRAM-SHA-256",
        }
    }

    fn digest(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(octets).to_vec(),
            Self::Sha256 => Sha256::digest(octets).to_vec(),
        }
    }

    fn hmac(self, key: &[u8], octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => super::hmac::<Hmac<Sha1>>(key, octets),
            Self::Sha256 => super::hmac::<Hmac<Sha256>>(key, octets),
        }
    }

    /// PBKDF2, which RFC 5802 calls Hi.
    fn salted(self, password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
        match self {
            Self::Sha1 => {
                let mut salted = vec![0; 20];
                pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, iterations, &mut salted);
                salted
            }
            Self::Sha256 => {
                let mut salted = vec![0; 32];
                pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut salted);
                salted
            }
        }
    }
}

/// What a server keeps of a password: enough to check a login, not enough to log in. `Debug` shows neither
/// key.
///
/// ```
/// use amqp_proto::sasl::{ScramHash, ScramKeys};
///
/// let keys = ScramKeys::derive(ScramHash::Sha256, b"pencil", b"a salt of its own", 4096);
/// assert_eq!((keys.iterations, keys.stored_key.len()), (4096, 32));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct ScramKeys {
    /// The salt, one for each user.
    pub salt: Vec<u8>,
    /// How often the hash was applied. 4096 is the least that RFC 7677 allows.
    pub iterations: u32,
    /// RFC 5802's StoredKey.
    pub stored_key: Vec<u8>,
    /// RFC 5802's ServerKey.
    pub server_key: Vec<u8>,
}

impl ScramKeys {
    /// The keys of a password. Takes as long as the iterations ask for.
    pub fn derive(hash: ScramHash, password: &[u8], salt: &[u8], iterations: u32) -> Self {
        let salted = hash.salted(password, salt, iterations);
        let stored_key = hash.digest(&hash.hmac(&salted, b"Client Key"));
        let server_key = hash.hmac(&salted, b"Server Key");
        Self { salt: salt.into(), iterations, stored_key, server_key }
    }

    /// Keys that were derived elsewhere and kept.
    pub fn new(salt: &[u8], iterations: u32, stored_key: &[u8], server_key: &[u8]) -> Self {
        let (stored_key, server_key) = (stored_key.into(), server_key.into());
        Self { salt: salt.into(), iterations, stored_key, server_key }
    }
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramKeys").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

fn xor(octets: &[u8], others: &[u8]) -> Vec<u8> {
    octets.iter().zip(others).map(|(octet, other)| octet ^ other).collect()
}
