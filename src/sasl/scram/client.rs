//! A client's side of SCRAM.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::message::{attribute, base64, escaped, from_base64, is_nonce, number};
use super::{FEWEST_ITERATIONS, ScramHash, xor};
use crate::sasl::{Progress, Response, is_same};

/// What begins with the second message, so that nobody can have changed the first one: base64 of `n,,`.
const CHANNEL_BINDING: &str = "c=biws";

/// Who logs in by SCRAM.
#[derive(Clone, Copy)]
pub(in crate::sasl) struct Own<'a> {
    pub(in crate::sasl) hash: ScramHash,
    pub(in crate::sasl) user: &'a str,
    pub(in crate::sasl) password: &'a str,
    pub(in crate::sasl) nonce: &'a str,
}

impl Own<'_> {
    pub(in crate::sasl) fn check(&self) -> Result<(), &'static str> {
        if is_nonce(self.nonce.as_bytes()) {
            Ok(())
        } else {
            Err("SCRAM needs a nonce of 1 to 1024 octets, printable ASCII without commas") // RFC 5802, 5.1
        }
    }

    fn first_bare(&self) -> String {
        format!("n={},r={}", escaped(self.user), self.nonce)
    }

    /// The response of start-ok. Channel binding isn't supported: `n`.
    pub(in crate::sasl) fn first(&self) -> Vec<u8> {
        format!("n,,{}", self.first_bare()).into_bytes()
    }

    /// The answer to a challenge, `most_iterations` allowed.
    pub(in crate::sasl) fn respond(
        &self,
        progress: &mut Progress,
        challenge: &[u8],
        most_iterations: u32,
    ) -> Response {
        match progress {
            Progress::Begun => match self.prove(challenge, most_iterations) {
                Ok((response, signature)) => {
                    *progress = Progress::AwaitsProof(signature);
                    Response::Octets(response)
                }
                Err(expected) => Response::Wrong(expected),
            },
            Progress::AwaitsProof(signature) => {
                let mut message = challenge;
                let seen = attribute(&mut message, b'v').and_then(from_base64);
                if !seen.is_some_and(|seen| is_same(&seen, signature)) {
                    return Response::Wrong("a proof that the server knows the password");
                }
                *progress = Progress::Done;
                Response::Octets(Vec::new())
            }
            Progress::Done => Response::Unexpected,
        }
    }

    /// The client's last message, and the signature that the server has to show.
    fn prove(
        &self,
        server_first: &[u8],
        most_iterations: u32,
    ) -> Result<(Vec<u8>, Vec<u8>), &'static str> {
        let Self { hash, .. } = *self;
        let mut message = server_first;
        let malformed = "r=, s= and i= in SCRAM's first challenge";
        let nonce = attribute(&mut message, b'r').ok_or(malformed)?;
        let salt = attribute(&mut message, b's').and_then(from_base64).ok_or(malformed)?;
        let iterations = attribute(&mut message, b'i').and_then(number).ok_or(malformed)?;
        let added = nonce.strip_prefix(self.nonce.as_bytes());
        if !added.is_some_and(is_nonce) {
            return Err("a nonce that goes on behind the client's, by at most 1024 octets");
        }
        if salt.is_empty() {
            return Err("a salt");
        }
        if !(FEWEST_ITERATIONS..=most_iterations).contains(&iterations) {
            return Err("iterations from 4096 to Limits::scram_iterations");
        }
        let salted = hash.salted(self.password.as_bytes(), &salt, iterations);
        let client_key = hash.hmac(&salted, b"Client Key");
        let without_proof = [CHANNEL_BINDING.as_bytes(), b",r=", nonce].concat();
        let first_bare = self.first_bare();
        let auth_message = [first_bare.as_bytes(), server_first, &without_proof].join(&b',');
        let signature = hash.hmac(&hash.digest(&client_key), &auth_message);
        let proof = base64(&xor(&client_key, &signature));
        let response = [&without_proof[..], b",p=", proof.as_bytes()].concat();
        let server_key = hash.hmac(&salted, b"Server Key");
        Ok((response, hash.hmac(&server_key, &auth_message)))
    }
}
