//! What the peer sends: octets of the steps that are its own.

use amqp_proto::protocol::Dialect;
use amqp_proto::{Connection, Side};

use super::commands::LENGTHS;
use super::output::Output;
use super::tape::Step;
use crate::common;
use crate::layout::{self, Filling, Sender};

/// The number of a channel: small ones as they are, then some that are special.
pub(super) fn channel_number(code: u8) -> u16 {
    match code {
        0..=250 => u16::from(code),
        251 => 2047,
        252 => 2048,
        253 => 300,
        254 => 256,
        255 => u16::MAX,
    }
}

/// The octets that a step brings; `None`: it brings none.
pub(super) fn octets(
    step: &Step,
    connection: &Connection,
    output: &mut Output,
    last: &[u8],
) -> Option<Vec<u8>> {
    let dialect = connection.dialect();
    Some(match step {
        Step::Octets { octets } => octets.clone(),
        Step::Frame { frame_type, channel, payload } => {
            common::frame(*frame_type, channel_number(*channel), payload)
        }
        Step::Method { channel, index, filling, at, value } => {
            let sender = match connection.side() {
                Side::Client => Sender::Server,
                _ => Sender::Client,
            };
            let payload = method(dialect, sender, [*index, *filling, *at, *value]);
            common::frame(1, channel_number(*channel), &payload)
        }
        Step::Header { channel, size, properties } => {
            header(channel_number(*channel), *size, *properties)
        }
        Step::Body { channel, len } => {
            common::body(channel_number(*channel), &vec![b'b'; usize::from(*len)])
        }
        Step::Filler { octet, len } => vec![*octet; usize::from(*len)],
        Step::Repeat { times } => last.repeat(usize::from(*times)),
        Step::Answer { all } => output.answers(dialect, *all != 0),
        _ => return None,
    })
}

fn method(dialect: Dialect, sender: Sender, [index, filling, at, value]: [u8; 4]) -> Vec<u8> {
    let filling = if filling == 0 { Filling::Empty } else { Filling::Something };
    let mut payload = layout::nth_of(dialect, sender, usize::from(index)).payload(filling);
    let arguments = &mut payload[4..];
    if let (Some(at), false) = (usize::from(at).checked_sub(1), arguments.is_empty()) {
        let len = arguments.len();
        arguments[at % len] = value;
    }
    payload
}

/// A content header; from 4 on its properties are wrong, or its weight or class is.
fn header(channel: u16, size: u8, properties: u8) -> Vec<u8> {
    let size = LENGTHS[usize::from(size) % LENGTHS.len()];
    let octets: &[u8] = match properties % 9 {
        0 => common::BARE,
        1 => b"\x10\0\x02",
        2 => b"\x20\0\0\0\0\x03\x01aV",
        3 => b"\x80\x10\x0Atext/plain\x04kind",
        4 => b"\0\x01\0\0",
        5 => b"\x10\0",
        6 => b"\x10\0\x02\0",
        7 => return common::frame(2, channel, &header_of(60, 7, size)),
        _ => return common::frame(2, channel, &header_of(61, 0, size)),
    };
    common::header(channel, size, octets)
}

fn header_of(class: u8, weight: u8, size: u64) -> Vec<u8> {
    [&[0, class, 0, weight][..], &size.to_be_bytes(), common::BARE].concat()
}
