//! amqp_serde, used as amqprs 2.1 does: its frame decoder isn't public, so its steps are taken here with
//! its own types as far as they are.

use core::hint::black_box;

use amqp_serde::types::{FieldTable, ShortStr};
use amqp_serde::{from_bytes, to_buffer};
use amqprs::{Ack, BasicProperties, Deliver};
use serde::{Deserialize, Serialize};

use super::Decoded;

#[derive(Debug, Serialize, Deserialize)]
struct FrameHeader {
    frame_type: u8,
    channel: u16,
    payload_size: u32,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct MethodHeader {
    class_id: u16,
    method_id: u16,
}

#[derive(Debug, Serialize, Deserialize)]
struct ContentHeaderCommon {
    class: u16,
    weight: u16,
    body_size: u64,
}

/// basic.publish, which amqprs keeps to itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Publish {
    ticket: u16,
    exchange: ShortStr,
    routing_key: ShortStr,
    bits: u8,
}

#[derive(Debug, Serialize)]
pub(crate) struct ContentHeader {
    common: ContentHeaderCommon,
    basic_properties: BasicProperties,
}

/// A frame of those kinds that are measured.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Frame {
    Deliver(MethodHeader, Deliver),
    Ack(MethodHeader, Ack),
    Publish(MethodHeader, Publish),
    ContentHeader(Box<ContentHeader>),
    ContentBody(Body),
}

/// A body, written without a length.
#[derive(Debug)]
pub(crate) struct Body(Vec<u8>);

impl Serialize for Body {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

const ORDER: &str = "octets in order";

/// Decodes the first frame: its length, channel, and what is in it.
fn decode_frame(octets: &[u8]) -> Option<(usize, u16, Frame)> {
    let header: FrameHeader = from_bytes(octets.get(..7)?).expect(ORDER);
    let total = header.payload_size as usize + 8;
    if *octets.get(total - 1)? != 0xCE {
        return None;
    }
    let payload = octets.get(7..total - 1)?;
    let frame = match header.frame_type {
        1 => {
            let method: MethodHeader = from_bytes(payload.get(..4)?).expect(ORDER);
            let arguments = payload.get(4..)?;
            match (method.class_id, method.method_id) {
                (60, 60) => Frame::Deliver(method, from_bytes(arguments).expect(ORDER)),
                (60, 80) => Frame::Ack(method, from_bytes(arguments).expect(ORDER)),
                (60, 40) => Frame::Publish(method, from_bytes(arguments).expect(ORDER)),
                _ => return None,
            }
        }
        2 => {
            let common = from_bytes(payload.get(..12)?).expect(ORDER);
            let basic_properties = from_bytes(payload.get(12..)?).expect(ORDER);
            Frame::ContentHeader(Box::new(ContentHeader { common, basic_properties }))
        }
        3 => Frame::ContentBody(Body(payload.to_vec())),
        _ => return None,
    };
    Some((total, header.channel, frame))
}

/// Decodes whole frames.
#[inline(never)]
pub(crate) fn decode(octets: &[u8]) -> Decoded {
    let mut decoded = Decoded::default();
    let mut rest = octets;
    while let Some((len, _, frame)) = decode_frame(rest) {
        rest = &rest[len..];
        decoded.frames += 1;
        if let Frame::ContentBody(Body(body)) = black_box(&frame) {
            decoded.body_octets += body.len();
        }
    }
    decoded
}

/// Frames in order, to be encoded.
pub(crate) fn frames(mut octets: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some((len, _, frame)) = decode_frame(octets) {
        frames.push(frame);
        octets = &octets[len..];
    }
    frames
}

/// Appends frames to `out`: a header with the length still missing, the payload, the end octet.
#[inline(never)]
pub(crate) fn encode(frames: &[Frame], out: &mut Vec<u8>) {
    for frame in black_box(frames) {
        let at = out.len();
        let frame_type = match frame {
            Frame::ContentHeader(_) => 2,
            Frame::ContentBody(_) => 3,
            _ => 1,
        };
        let header = FrameHeader { frame_type, channel: 1, payload_size: 0 };
        to_buffer(&header, out).expect("a frame header");
        let size = to_buffer(frame, out).expect("a frame that fits") as u32;
        out[at + 3..at + 7].copy_from_slice(&size.to_be_bytes());
        out.push(0xCE);
    }
}

/// Decodes a table with its length.
#[inline(never)]
pub(crate) fn decode_table(octets: &[u8]) -> FieldTable {
    from_bytes(octets).expect("a table in order")
}

/// Appends a table with its length to `out`.
#[inline(never)]
pub(crate) fn encode_table(table: &FieldTable, out: &mut Vec<u8>) {
    to_buffer(table, out).expect("a table that fits");
}
