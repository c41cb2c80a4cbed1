//! The messages, the same for every client.

use amqp_proto::protocol::PropertiesBuf;
use amqp_proto::wire::TableBuf;
use anyhow::Result;

// The set of properties that a well-mannered application sends. The names of the headers are in
// alphabetical order because lapin sorts them: so all clients send the same octets.
pub(crate) const CONTENT_TYPE: &str = "application/json";
pub(crate) const TEXT: (&str, &str) = ("origin", "checkout");
pub(crate) const NUMBER: (&str, i64) = ("sequence", 1_234_567_890_123);
pub(crate) const FLAG: (&str, bool) = ("urgent", true);
pub(crate) const DELIVERY_MODE: u8 = 1;
pub(crate) const MESSAGE_ID: &str = "5f0c1f9e-6a4b-4d0e-9b57-0d6b6f6c2a11";
pub(crate) const TIMESTAMP: u64 = 1_700_000_000;

/// Octets of a body that tell the number of the message, the highest first.
const NUMBER_LEN: usize = 8;

/// A body of `size` octets, with number 0.
pub(crate) fn body(size: usize) -> Vec<u8> {
    let mut body = vec![0; NUMBER_LEN];
    body.extend((0..=u8::MAX).cycle().take(size.saturating_sub(NUMBER_LEN)));
    body
}

pub(crate) fn set_number(body: &mut [u8], number: u64) {
    if let Some(place) = body.first_chunk_mut::<NUMBER_LEN>() {
        *place = number.to_be_bytes();
    }
}

/// Whether this is how the message with this number looks.
pub(crate) fn is(body: &[u8], size: usize, number: u64) -> bool {
    body.len() == size
        && body.first_chunk::<NUMBER_LEN>().is_some_and(|place| *place == number.to_be_bytes())
}

/// The properties for the engine.
pub(crate) fn properties() -> Result<PropertiesBuf> {
    let headers =
        TableBuf::new().with(TEXT.0, TEXT.1)?.with(NUMBER.0, NUMBER.1)?.with(FLAG.0, FLAG.1)?;
    Ok(PropertiesBuf::new()
        .with_content_type(CONTENT_TYPE)?
        .with_headers(&headers)?
        .with_delivery_mode(DELIVERY_MODE)
        .with_message_id(MESSAGE_ID)?
        .with_timestamp(TIMESTAMP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_known_by_length_and_number() {
        let mut body = body(64);
        set_number(&mut body, 258);
        assert_eq!(body.get(..9), Some(&[0, 0, 0, 0, 0, 0, 1, 2, 0][..]));
        assert!(is(&body, 64, 258));
        assert!(!is(&body, 64, 257) && !is(&body, 65, 258) && !is(&[], 0, 0));
    }
}
