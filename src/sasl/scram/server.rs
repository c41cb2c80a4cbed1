//! A server's side of SCRAM.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::message::{attribute, base64, from_base64, is_nonce, unescaped};
use super::{ScramHash, ScramKeys, xor};
use crate::sasl::is_same;

/// A client's first message.
#[derive(Clone)]
pub(in crate::sasl) struct Login {
    hash: ScramHash,
    pub(in crate::sasl) authorization_id: Vec<u8>,
    pub(in crate::sasl) user: Vec<u8>,
    /// `n,,` with what may stand between the commas.
    gs2_header: Vec<u8>,
    first_bare: Vec<u8>,
    client_nonce: Vec<u8>,
}

impl Login {
    /// `None` if it is malformed, or asks for channel binding.
    pub(in crate::sasl) fn parse(hash: ScramHash, message: &[u8]) -> Option<Self> {
        // "y": the client could bind to the channel, and knows that this server doesn't offer it.
        let behind = message.strip_prefix(b"n,").or_else(|| message.strip_prefix(b"y,"))?;
        let mut rest = behind;
        let authorization_id = match attribute(&mut rest, b'a') {
            Some(id) => unescaped(id)?,
            None => {
                rest = behind.strip_prefix(b",")?;
                Vec::new()
            }
        };
        let first_bare = rest;
        let user = unescaped(attribute(&mut rest, b'n')?)?;
        let client_nonce = attribute(&mut rest, b'r').filter(|nonce| is_nonce(nonce))?;
        let gs2_header = message.strip_suffix(first_bare)?;
        Some(Self {
            hash,
            authorization_id,
            user,
            gs2_header: gs2_header.into(),
            first_bare: first_bare.into(),
            client_nonce: client_nonce.into(),
        })
    }

    /// The challenge, and what the answer is checked against. `nonce`: the server's part.
    pub(in crate::sasl) fn offer(&self, nonce: &str, keys: &ScramKeys) -> (Vec<u8>, Offer) {
        let nonce = [&self.client_nonce, nonce.as_bytes()].concat();
        let rest = format!(",s={},i={}", base64(&keys.salt), keys.iterations);
        let server_first = [b"r=", &nonce[..], rest.as_bytes()].concat();
        let without_proof =
            [b"c=", base64(&self.gs2_header).as_bytes(), b",r=", &nonce[..]].concat();
        let auth_message = [&self.first_bare, &server_first, &without_proof].map(Vec::as_slice);
        let auth_message = auth_message.join(&b',');
        let offer = Offer { hash: self.hash, without_proof, auth_message, keys: Keys::from(keys) };
        (server_first, offer)
    }
}

#[derive(Clone)]
struct Keys {
    stored: Vec<u8>,
    server: Vec<u8>,
}

impl From<&ScramKeys> for Keys {
    fn from(keys: &ScramKeys) -> Self {
        Self { stored: keys.stored_key.clone(), server: keys.server_key.clone() }
    }
}

/// A challenge that was sent.
#[derive(Clone)]
pub(in crate::sasl) struct Offer {
    hash: ScramHash,
    /// What the answer has to begin with.
    without_proof: Vec<u8>,
    auth_message: Vec<u8>,
    keys: Keys,
}

impl Offer {
    /// The server's proof, if the client's is right.
    pub(in crate::sasl) fn check(&self, message: &[u8]) -> Option<Vec<u8>> {
        let proof = message.strip_prefix(&self.without_proof[..])?.strip_prefix(b",p=")?;
        let signature = self.hash.hmac(&self.keys.stored, &self.auth_message);
        let proof = from_base64(proof).filter(|proof| proof.len() == signature.len())?;
        let stored_key = self.hash.digest(&xor(&proof, &signature));
        let is_right = is_same(&stored_key, &self.keys.stored);
        let signature = || self.hash.hmac(&self.keys.server, &self.auth_message);
        is_right.then(|| String::from("v=") + &base64(&signature())).map(String::into_bytes)
    }
}
