//! The output window: the same octets, whichever way they are taken out of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail like the tests")]

mod common;

use std::io::IoSlice;

use amqp_proto::protocol::{Properties, basic, queue};
use amqp_proto::{ChannelId, Connection};
use bytes::{Buf, Bytes};
use common::*;

/// A client with frames of all kinds in its output, shared bodies among them.
fn client() -> Connection {
    let mut config = plain();
    config.frame_max = 4096;
    let mut client = common::client(config);
    for number in 1..=2 {
        client.open_channel().unwrap();
        let mut channel = client.channel(ChannelId::new(number).unwrap()).unwrap();
        channel.call(&queue::Declare { queue: "q".into(), ..Default::default() }).unwrap();
        for size in [0, 5, 1500, 4088, 9000] {
            let body = Bytes::from(vec![u8::try_from(number).unwrap(); size]);
            channel.publish(&basic::Publish::default(), Properties::EMPTY, body).unwrap();
        }
    }
    client
}

fn all() -> Vec<u8> {
    output(&mut client())
}

#[test]
fn advancing_partially_at_every_offset_loses_nothing() {
    let expected = all();
    let fresh = client();
    for offset in 0..=expected.len() {
        let mut client = fresh.clone();
        client.transmit().advance(offset);
        assert_eq!(client.transmit().remaining(), expected.len() - offset);
        assert!(output(&mut client) == expected[offset..], "{offset}");
    }
    for step in [1, 2, 3, 7, 8, 9, 1000] {
        let mut client = client();
        let mut seen = Vec::new();
        while client.transmit().has_remaining() {
            let transmit = client.transmit();
            let len = transmit.chunk().len().min(step);
            assert!(len > 0);
            seen.extend_from_slice(&transmit.chunk()[..len]);
            transmit.advance(len);
        }
        assert!(seen == expected, "steps of {step}");
    }
}

#[test]
fn advancing_too_far_ends_at_the_end() {
    let mut client = client();
    client.transmit().advance(usize::MAX);
    assert!(!client.transmit().has_remaining());
    assert_eq!(client.transmit().chunk(), b"");
    assert_eq!(client.transmit().take_segment(), None);
    assert_eq!(client.transmit().take_frames(100), None);
    client.open_channel().unwrap();
    assert_eq!(output(&mut client), channel_open(3));
}

#[test]
fn segments_and_slices_are_the_same_octets() {
    let expected = all();
    let fresh = client();
    for offset in 0..expected.len() {
        let mut client = fresh.clone();
        client.transmit().advance(offset);
        let transmit = client.transmit();
        let segments = transmit.segments().collect::<Vec<_>>().concat();
        assert!(segments == expected[offset..], "{offset}");
        assert!(transmit.segments().all(|segment| !segment.is_empty()));
        let mut slices = [IoSlice::new(&[]); 64];
        let filled = transmit.chunks_vectored(&mut slices);
        let vectored = slices[..filled].iter().map(|slice| &slice[..]).collect::<Vec<_>>().concat();
        assert!(vectored == expected[offset..], "{offset}");
        let mut one = [IoSlice::new(&[]); 1];
        assert_eq!(transmit.chunks_vectored(&mut one), 1);
        assert_eq!(&one[0][..], transmit.chunk());
        assert_eq!(transmit.chunks_vectored(&mut []), 0);
    }
    let mut client = client();
    let mut taken = Vec::new();
    while let Some(segment) = client.transmit().take_segment() {
        taken.extend_from_slice(&segment);
    }
    assert!(taken == expected);
}

#[test]
fn frames_are_taken_whole() {
    let expected = all();
    for max in [0, 1, 100, 4096, 10_000, usize::MAX] {
        let mut client = client();
        let mut taken = Vec::new();
        while let Some(octets) = client.transmit().take_frames(max) {
            let count = frames(&octets).len();
            assert!(octets.len() <= max || count == 1, "{} octets, {count} frames", octets.len());
            taken.extend_from_slice(&octets);
        }
        assert!(taken == expected, "at most {max}");
    }
}

#[test]
fn the_rest_of_a_frame_is_taken_first() {
    let expected = all();
    let mut ends = Vec::new();
    let mut end = 0;
    for (_, _, payload) in frames(&expected) {
        end += payload.len() + 8;
        ends.push(end);
    }
    let fresh = client();
    for offset in 1..expected.len() {
        let mut client = fresh.clone();
        client.transmit().advance(offset);
        let octets = client.transmit().take_frames(1).unwrap();
        let place = ends.iter().position(|end| *end > offset).unwrap();
        assert_eq!(offset + octets.len(), ends[place], "{offset}");
        if let Some(next) = client.transmit().take_frames(1) {
            assert_eq!(frames(&next).len(), 1, "{offset}");
        }
    }
}

#[test]
fn the_protocol_header_comes_alone() {
    let mut client = Connection::client(plain(), T0);
    feed(&mut client, &start("PLAIN"));
    poll(&mut client);
    assert_eq!(client.transmit().take_frames(usize::MAX).unwrap(), PROTOCOL_HEADER);
    assert_eq!(frames(&client.transmit().take_frames(usize::MAX).unwrap()).len(), 1);
}

#[test]
fn injected_octets_stand_between_frames() {
    let mut client = client();
    let before = all();
    client.transmit().advance(3);
    let no_frame = b"\xFF\xFF\xFF not a frame \xFF\xFF\xFF\xFF\xFF";
    client.inject(no_frame);
    client.inject(b"");
    client.inject(b"x");
    let mut taken = Vec::new();
    while let Some(octets) = client.transmit().take_frames(1) {
        taken.push(octets);
    }
    assert_eq!(taken.last().unwrap(), &b"x"[..]);
    assert_eq!(taken[taken.len() - 2], no_frame[..]);
    assert!(taken.concat() == [&before[3..], no_frame, b"x"].concat());
}

#[test]
fn parts_hold_what_was_not_sent_and_not_decoded() {
    let expected = all();
    let mut client = client();
    client.transmit().advance(10);
    feed(&mut client, &[HEARTBEAT, &channel_open_ok(1), &HEARTBEAT[..5]].concat());
    let parts = client.into_parts();
    assert!(parts.unsent == expected[10..]);
    assert_eq!(parts.unread, [HEARTBEAT, &channel_open_ok(1), &HEARTBEAT[..5]].concat());
    assert_eq!((parts.frame_max, parts.channel_max, parts.heartbeat), (4096, 2047, 60));
}

/// What is gone is removed now and then, and frames are still found behind that.
#[test]
fn frames_are_found_behind_much_that_is_gone() {
    let mut client = common::client(plain());
    let id = client.open_channel().unwrap();
    client.inject(b"no frame");
    for size in (0..400).map(|size| size * 7) {
        let body = Bytes::from(vec![1; size]);
        let mut channel = client.channel(id).unwrap();
        channel.publish(&basic::Publish::default(), Properties::EMPTY, body).unwrap();
        if size % 35 == 0 {
            client.inject(b"nor this");
        }
    }
    let expected = output(&mut client.clone());
    for step in [1, 13, 5000, 20_001, 33_333] {
        let mut client = client.clone();
        let mut gone = 0;
        let mut ends = Vec::new();
        while client.transmit().remaining() > step {
            client.transmit().advance(step);
            gone += step;
            let ahead = client.clone().transmit().take_frames(1).unwrap();
            assert!(expected[gone..].starts_with(&ahead), "{gone}");
            ends.push(gone + ahead.len());
            gone += ahead.len();
            assert_eq!(client.transmit().take_frames(1).unwrap(), ahead);
        }
        // All that was taken ends where a frame, or what is none, ends.
        let mut at = 0;
        let mut boundaries = std::collections::HashSet::new();
        while at < expected.len() {
            at += match expected[at] {
                b'n' => 8,
                _ => 8 + u32::from_be_bytes(expected[at + 3..at + 7].try_into().unwrap()) as usize,
            };
            boundaries.insert(at);
        }
        assert!(ends.iter().all(|end| boundaries.contains(end)), "{step}");
    }
}

/// As the trait says: who asks a `Buf` for a number that isn't there is wrong.
#[test]
fn only_getters_want_what_is_not_there() {
    let mut client = client();
    let all = all().len();
    assert_eq!(client.transmit().copy_to_bytes(all + 9).len(), all);
    client.transmit().advance(9);
    assert_eq!((client.transmit().take_segment(), client.transmit().chunk()), (None, &[][..]));
    let getter = core::panic::AssertUnwindSafe(|| client.transmit().get_u8());
    assert!(std::panic::catch_unwind(getter).is_err());
}
