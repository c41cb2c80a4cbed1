//! The same session through each of the three doors for received octets.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers fail the test")]

use amqp_interop::{Broker, Client, Door, consume, octets};
use amqp_proto::protocol::{MethodKind, basic, confirm};
use amqp_proto::{Content, Event, Fate};

/// Confirms, gets and deliveries with bodies of one to many frames.
fn session(door: Door) {
    let mut client = Client::start(Broker::from_env().config());
    client.door = door;
    client.connected();
    let channel = client.open();
    let queue = client.queue(channel);
    client.ok(channel, &confirm::Select::default(), MethodKind::ConfirmSelectOk);
    let sizes = [0, 1, 100, 65_536, 131_064, 131_065, 1 << 20];
    for size in sizes {
        client.publish(channel, &queue, &octets(size));
    }
    let mut confirmed = 0;
    while confirmed < sizes.len() as u64 {
        confirmed = client.next("a confirm", |event| match event {
            Event::Confirmed { last, fate: Fate::Acked, .. } => Some(last.number()),
            _ => None,
        });
    }
    client.ok(channel, &consume(&queue), MethodKind::BasicConsumeOk);
    let mut held: Vec<Content> = Vec::new();
    for _ in sizes {
        held.push(client.content(MethodKind::BasicDeliver));
    }
    client.on(channel).send(&basic::Ack { delivery_tag: 0, multiple: true }).unwrap();
    // Events that are held are not overwritten by what is read after them.
    client.publish(channel, &queue, &octets(300_000));
    for _ in 0..2 {
        client.next("the confirm and the delivery", |event| {
            matches!(event, Event::Confirmed { .. } | Event::Content(_)).then_some(())
        });
    }
    for (size, content) in sizes.iter().zip(&held) {
        assert!(content.body() == octets(*size), "{size} octets through {door:?}");
        assert_eq!(content.deliver().unwrap().routing_key, queue.as_str());
        assert_eq!(&content.to_detached(), content);
    }
    client.close();
}

#[test]
fn handle_input() {
    session(Door::Input);
}

#[test]
fn handle_bytes() {
    session(Door::Bytes);
}

#[test]
fn handle_slice() {
    session(Door::Slice);
}

#[test]
fn octet_by_octet() {
    let mut client = Client::start(Broker::from_env().config());
    client.door = Door::Slice;
    client.read_at_most = 1;
    client.connected();
    let channel = client.open();
    let queue = client.queue(channel);
    client.publish(channel, &queue, &octets(5000));
    assert!(client.get(channel, &queue).unwrap().into_body() == octets(5000));
    client.close();
}
