//! Bodies of all sizes, whole and streamed.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers fail the test")]

use amqp_interop::{Broker, Client, consume, key, octets};
use amqp_proto::protocol::{MethodKind, Properties, basic};
use amqp_proto::{ChannelId, ContentMode, Event, UsageError};
use bytes::Bytes;

const FRAME_MAX: usize = 131_072;
const MIB: usize = 1 << 20;

fn connect(frame_max: usize, content: ContentMode) -> Client {
    let mut config = Broker::from_env().config();
    config.frame_max = u32::try_from(frame_max).unwrap();
    config.content = content;
    let client = Client::connect_with(config);
    assert_eq!(client.amqp.frame_max() as usize, frame_max);
    client
}

/// Publishes bodies of these sizes, borrowed and shared, and compares what comes back.
fn whole(frame_max: usize, sizes: &[usize]) {
    let mut client = connect(frame_max, ContentMode::Whole);
    let channel = client.open();
    let queue = client.queue(channel);
    for size in sizes {
        let body = octets(*size);
        let shared = Bytes::from(body.clone());
        client.publish(channel, &queue, &body);
        client.retry(|client| {
            client.on(channel).publish(&key(&queue), Properties::default(), &shared)
        });
        for _ in 0..2 {
            let message = client.get(channel, &queue).unwrap();
            assert_eq!(message.header().body_size, *size as u64);
            assert!(*message.body() == body, "a body of {size} octets came back changed");
        }
    }
    client.close();
}

#[test]
fn whole_bodies_around_frame_max() {
    let largest = FRAME_MAX - 8;
    whole(FRAME_MAX, &[0, 1, largest - 1, largest, largest + 1, 2 * largest, 2 * largest + 1]);
}

#[test]
fn whole_bodies_of_a_mebibyte() {
    whole(FRAME_MAX, &[MIB, MIB + 1]);
}

#[test]
fn small_frames() {
    whole(4096, &[0, 1, 4087, 4088, 4089, 100 << 10]);
}

/// Receives one delivery in parts and tells the lengths of the parts.
fn parts(client: &mut Client, channel: ChannelId, body: &[u8]) -> Vec<usize> {
    client.next("the beginning of a content", |event| match event {
        Event::ContentStart(start) if start.kind() == MethodKind::BasicDeliver => {
            assert_eq!((start.channel(), start.body_size()), (channel, body.len() as u64));
            Some(())
        }
        _ => None,
    });
    let (mut received, mut lengths) = (Vec::new(), Vec::new());
    loop {
        let last = client.next("a part of the body", |event| match event {
            Event::ContentPart(part) if part.channel == channel => {
                received.extend_from_slice(&part.octets);
                lengths.push(part.octets.len());
                Some(part.last)
            }
            _ => None,
        });
        if last {
            assert!(received == body, "a body of {} octets came back changed", body.len());
            return lengths;
        }
    }
}

/// Publishes in pieces that have nothing to do with frames.
fn publish_in_pieces(client: &mut Client, channel: ChannelId, queue: &str, body: &[u8]) {
    let size = body.len() as u64;
    client.on(channel).start_publish(&key(queue), Properties::default(), size).unwrap();
    let mut missing = size;
    for piece in body.chunks(50_001) {
        assert_eq!(client.on(channel).missing_body(), Some(missing));
        client.retry(|client| client.on(channel).send_body(piece));
        missing -= piece.len() as u64;
    }
    assert_eq!(client.on(channel).missing_body(), None);
}

#[test]
fn streamed_in_both_directions() {
    let mut client = connect(FRAME_MAX, ContentMode::Streamed);
    let channel = client.open();
    let queue = client.queue(channel);
    let consume = basic::Consume { no_ack: true, ..consume(&queue) };
    client.ok(channel, &consume, MethodKind::BasicConsumeOk);
    for size in [0, 1, FRAME_MAX - 8, FRAME_MAX - 7, MIB, 5 * MIB] {
        let body = octets(size);
        publish_in_pieces(&mut client, channel, &queue, &body);
        let lengths = parts(&mut client, channel, &body);
        // A part ends with its frame or before, where the socket's octets end; an empty one tells nothing but
        // the end of a body.
        assert!(lengths.iter().all(|length| *length <= FRAME_MAX - 8), "{lengths:?}");
        assert!(lengths.iter().rev().skip(1).all(|length| *length > 0), "{lengths:?}");
    }
    client.close();
}

#[test]
fn streamed_with_small_frames() {
    let mut client = connect(4096, ContentMode::Streamed);
    let channel = client.open();
    let queue = client.queue(channel);
    let consume = basic::Consume { no_ack: true, ..consume(&queue) };
    client.ok(channel, &consume, MethodKind::BasicConsumeOk);
    let body = octets(100 << 10);
    publish_in_pieces(&mut client, channel, &queue, &body);
    let lengths = parts(&mut client, channel, &body);
    assert!(lengths.iter().all(|length| *length <= 4088), "{lengths:?}");
    client.close();
}

#[test]
fn bodies_above_the_limit_come_in_parts() {
    let mut config = Broker::from_env().config();
    config.limits.whole_body = 1000;
    let mut client = Client::connect_with(config);
    let channel = client.open();
    let queue = client.queue(channel);
    let consume = basic::Consume { no_ack: true, ..consume(&queue) };
    client.ok(channel, &consume, MethodKind::BasicConsumeOk);
    let body = octets(1001);
    client.publish(channel, &queue, &body[..1000]);
    assert!(client.content(MethodKind::BasicDeliver).into_body() == body[..1000]);
    client.publish(channel, &queue, &body);
    parts(&mut client, channel, &body);
    client.close();
}

#[test]
fn a_streamed_publish_keeps_its_channel_to_itself() {
    let mut client = Client::connect();
    let (channel, other) = (client.open(), client.open());
    let queue = client.queue(channel);
    client.on(channel).start_publish(&key(&queue), Properties::default(), 10).unwrap();
    client.on(channel).send_body("01234").unwrap();
    let refused = client.on(channel).call(&amqp_interop::declare("")).unwrap_err();
    assert_eq!(refused, UsageError::ContentOpen { method: "queue.declare", missing: 5 });
    let refused = client.on(channel).send_body("567890").unwrap_err();
    assert_eq!(refused, UsageError::BodyTooLong { missing: 5, given: 6 });
    // The other channel doesn't notice.
    client.check_alive(other);
    client.publish(other, &queue, b"overtakes");
    client.await_count(other, &queue, 1, 0);
    client.on(channel).send_body("56789").unwrap();
    assert_eq!(client.on(channel).send_body("x"), Err(UsageError::NoContentOpen { channel: 1 }));
    client.check_alive(channel);
    client.await_count(other, &queue, 2, 0);
    assert_eq!(client.get(channel, &queue).unwrap().into_body(), "overtakes");
    assert_eq!(client.get(channel, &queue).unwrap().into_body(), "0123456789");
    client.close();
}

#[test]
fn large_bodies_on_several_channels_at_once() {
    let mut client = Client::connect();
    let body = octets(900_000);
    let channels: Vec<_> = (0..4).map(|_| client.open()).collect();
    let queues: Vec<_> = channels.iter().map(|channel| client.queue(*channel)).collect();
    for (channel, queue) in channels.iter().zip(&queues) {
        client.publish(*channel, queue, &body);
        client.publish(*channel, queue, b"behind it");
    }
    for (channel, queue) in channels.iter().zip(&queues) {
        client.check_alive(*channel);
        assert!(client.get(*channel, queue).unwrap().into_body() == body);
        assert_eq!(client.get(*channel, queue).unwrap().into_body(), "behind it");
    }
    assert_eq!(client.amqp.unsent(), 0);
    client.close();
}
