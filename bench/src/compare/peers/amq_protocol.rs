//! amq-protocol, on slices, which is its best case: lapin hands it a ring buffer.

use amq_protocol::frame::{AMQPFrame, WriteContext, gen_frame, parse_frame};
use amq_protocol::types::FieldTable;
use amq_protocol::types::generation::gen_field_table;
use amq_protocol::types::parsing::parse_field_table;
use core::hint::black_box;

use super::Decoded;

/// Decodes whole frames; returns what is left, too.
#[inline(never)]
pub(crate) fn decode(octets: &[u8]) -> (Decoded, &[u8]) {
    let mut decoded = Decoded::default();
    let mut rest = octets;
    while let Ok((behind, frame)) = parse_frame(rest) {
        rest = behind;
        decoded.frames += 1;
        if let AMQPFrame::Body(_, body) = black_box(&frame) {
            decoded.body_octets += body.len();
        }
    }
    (decoded, rest)
}

/// Frames in order, to be encoded.
pub(crate) fn frames(mut octets: &[u8]) -> Vec<AMQPFrame> {
    let mut frames = Vec::new();
    while let Ok((rest, frame)) = parse_frame(octets) {
        frames.push(frame);
        octets = rest;
    }
    frames
}

/// Appends frames to `out`.
#[inline(never)]
pub(crate) fn encode(frames: &[AMQPFrame], mut out: Vec<u8>) -> Vec<u8> {
    for frame in black_box(frames) {
        let written = gen_frame(frame)(WriteContext::from(out)).expect("a frame that fits");
        out = written.into_inner().0;
    }
    out
}

/// Decodes a table with its length.
#[inline(never)]
pub(crate) fn decode_table(octets: &[u8]) -> FieldTable {
    parse_field_table(octets).expect("a table in order").1
}

/// Appends a table with its length to `out`.
#[inline(never)]
pub(crate) fn encode_table(table: &FieldTable, out: Vec<u8>) -> Vec<u8> {
    let written = gen_field_table(table)(WriteContext::from(out)).expect("a table that fits");
    written.into_inner().0
}
