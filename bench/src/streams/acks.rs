//! W2: acks of single deliveries or publishes.

use super::frames::method;

/// Octets of one basic.ack frame.
pub const ACK_LEN: usize = 21;
/// Where the delivery-tag lies in it.
const TAG_AT: usize = 11;

/// `count` acks on channel 1, the first one of `first`.
pub fn acks(first: u64, count: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(count * ACK_LEN);
    for tag in (first..).take(count) {
        method(&mut out, 1, (60, 80), |out| {
            out.extend(tag.to_be_bytes());
            out.push(0);
        });
    }
    out
}

/// Gives the acks in `octets` the tags from `first` on.
pub fn number(octets: &mut [u8], first: u64) {
    for (ack, tag) in octets.chunks_exact_mut(ACK_LEN).zip(first..) {
        ack[TAG_AT..TAG_AT + 8].copy_from_slice(&tag.to_be_bytes());
    }
}
