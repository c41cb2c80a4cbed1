//! RABBIT-CR-DEMO, with which RabbitMQ shows what a challenge is.

use alloc::vec::Vec;

#[cfg(feature = "sasl-scram")]
pub(super) const CHALLENGE: &[u8] = b"Please tell me your password";
const ANSWER: &[u8] = b"My password is ";

pub(super) fn response(password: &str) -> Vec<u8> {
    [ANSWER, password.as_bytes()].concat()
}

/// The password in such a response.
#[cfg(feature = "sasl-scram")]
pub(super) fn password(response: &[u8]) -> Option<&[u8]> {
    response.strip_prefix(ANSWER)
}
