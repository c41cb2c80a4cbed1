//! Streams of frames: cut one after the other, and parsed in every dialect.

use amqp_proto::frame::{Cut, FRAME_OVERHEAD, FrameHeader, FrameType, RawFrame, cut};
use amqp_proto::protocol::{Dialect, Frame};
use amqp_proto::wire::{DecodeError, TableLimits};

use super::method::check_method;
use super::properties::check_header;
use super::{check_error, limits, show};

/// Limits and the largest payload, then the stream.
pub(crate) fn run(input: &[u8]) {
    let Some((&[choice, largest], stream)) = input.split_first_chunk() else { return };
    let limits = limits(choice);
    let largest = largest_payload(largest);
    let mut rest = stream;
    loop {
        let found = cut(rest, largest);
        check_beginnings(rest, largest, &found);
        match found {
            Ok(Cut::Frame { frame, consumed }) => {
                check_raw(&frame, &rest[..consumed]);
                assert!(frame.payload.len() <= largest as usize);
                for &dialect in Dialect::ALL {
                    check_parsed(dialect, &frame, &limits);
                }
                rest = &rest[consumed..];
            }
            Ok(Cut::NeedMore { at_least }) => {
                assert!(at_least > 0);
                return;
            }
            Err(error) => {
                let known = error.offset() < rest.len() || error.field() == "frame size";
                assert!(known, "{error}: beyond {} octets", rest.len());
                assert!(!show(&error).is_empty() && error.reply_code() == 501);
                return;
            }
        }
    }
}

/// Largest payloads that make a difference to short inputs, and none at all.
pub(super) fn largest_payload(choice: u8) -> u32 {
    [0, 1, 14, 64, 4088, 131_064, u32::MAX - 8, u32::MAX][usize::from(choice) % 8]
}

/// The octets before the end of a frame tell the same, as far as they go (`FRM-05`).
fn check_beginnings(octets: &[u8], largest: u32, found: &Result<Cut<'_>, DecodeError>) {
    let len = match found {
        Ok(Cut::Frame { consumed, .. }) => *consumed,
        _ => octets.len(),
    };
    for end in [0, 1, 3, 6, 7, 8, len / 2, len.saturating_sub(1)] {
        if end >= len {
            continue;
        }
        match (cut(&octets[..end], largest), found) {
            (Ok(Cut::NeedMore { at_least }), Ok(Cut::Frame { consumed, .. })) => {
                let missing = if end < 7 { 7 } else { *consumed } - end;
                assert_eq!(at_least, missing, "{end} octets of {consumed}");
            }
            (Ok(Cut::NeedMore { at_least }), Ok(Cut::NeedMore { at_least: later })) => {
                assert!(at_least >= 1 && (end < 7 || at_least == later + octets.len() - end));
            }
            (Ok(Cut::NeedMore { .. }), Err(_)) => {}
            (Err(early), Err(error)) => assert_eq!(&early, error),
            (early, found) => panic!("{end} octets tell {early:?}, all {found:?}"),
        }
    }
}

fn check_raw(frame: &RawFrame<'_>, octets: &[u8]) {
    assert_eq!(frame.total_len(), octets.len());
    let mut written = Vec::new();
    frame.encode(&mut written).unwrap();
    assert_eq!(written, octets);
    let header = FrameHeader::parse(octets.first_chunk().unwrap());
    assert_eq!((header.frame_type, header.channel), (frame.frame_type, frame.channel));
    assert_eq!(header.encode(), octets[..7]);
    assert_eq!(header.total_len(), octets.len() as u64);
    assert_eq!(header.size as usize + FRAME_OVERHEAD, octets.len());
    let _ = (show(frame), show(&frame.frame_type));
}

fn check_parsed(dialect: Dialect, raw: &RawFrame<'_>, limits: &TableLimits) {
    let frame = match Frame::parse(dialect, *raw, limits) {
        Ok(frame) => frame,
        Err(error) => {
            check_error(&error, raw.payload.len());
            assert_ne!(raw.frame_type, FrameType::BODY, "{error}");
            return;
        }
    };
    let text = show(&frame);
    assert_eq!(format!("{frame:?}"), format!("Frame({text})"));
    match frame {
        Frame::Method { channel, method } => {
            assert_eq!((raw.frame_type, raw.channel), (FrameType::METHOD, channel));
            check_method(dialect, &method, raw.payload);
        }
        Frame::Header { channel, header } => {
            assert_eq!((raw.frame_type, raw.channel), (FrameType::HEADER, channel));
            check_header(&header, raw.payload);
        }
        Frame::Body { channel, payload } => {
            assert_eq!((raw.frame_type, raw.channel), (FrameType::BODY, channel));
            assert_eq!(payload, raw.payload);
        }
        Frame::Heartbeat => {
            assert_eq!((raw.frame_type, raw.payload), (FrameType::HEARTBEAT, &b""[..]));
        }
        other => panic!("an unknown frame {other}"),
    }
    let expected = if raw.frame_type == FrameType::HEARTBEAT { 0 } else { raw.channel };
    assert_eq!(frame.channel(), expected);
}
