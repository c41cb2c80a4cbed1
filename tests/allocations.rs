//! What the engine allocates: nothing in steady state, and nothing that a peer only announces.
//!
//! A counting allocator watches this process; counting is on only inside calls into the engine.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers fail like the tests"
)]

mod common;
mod counting;

use amqp_proto::protocol::{Properties, basic};
use amqp_proto::{ChannelId, Connection, Event, PreparedPublish, ServerConfig};
use bytes::{Buf, Bytes, BytesMut};
use common::*;
use counting::{counted, taken};

/// A client with two open channels.
fn client() -> Connection {
    let mut client = common::client(plain());
    for channel in 1..=2 {
        client.open_channel().unwrap();
        feed(&mut client, &channel_open_ok(channel));
    }
    poll(&mut client);
    output(&mut client);
    client
}

fn server() -> Connection {
    let mut server = common::server(ServerConfig::default());
    feed(&mut server, &[channel_open(1), channel_open(2)].concat());
    poll(&mut server);
    output(&mut server);
    server
}

/// Gives the deliveries in `octets` the tags that follow those of the last time.
fn number(octets: &mut [u8], last: &mut [u64; 2]) {
    let mut at = 0;
    while at < octets.len() {
        let size = u32::from_be_bytes(octets[at + 3..at + 7].try_into().unwrap()) as usize;
        if octets[at] == 1 && octets[at + 7..at + 11] == [0, 60, 0, 60] {
            let last = &mut last[usize::from(octets[at + 2]) - 1];
            *last += 1;
            // Behind the consumer-tag, which has one octet.
            octets[at + 13..at + 21].copy_from_slice(&last.to_be_bytes());
        }
        at += size + 8;
    }
}

/// A client with no-ack consumers on both channels.
fn reader() -> Connection {
    let mut client = client();
    for channel in 1..=2 {
        let mut channel = client.channel(ChannelId::new(channel).unwrap()).unwrap();
        let (queue, consumer_tag) = ("q".into(), "c".into());
        let consume = basic::Consume { queue, consumer_tag, no_ack: true, ..Default::default() };
        channel.call(&consume).unwrap();
    }
    output(&mut client);
    client
}

/// One round of traffic, and how many contents are in it.
fn round(carrier: impl Fn(u16) -> Vec<u8>, size: usize, largest: usize) -> (Vec<u8>, usize) {
    let octets = vec![7; size];
    let one = message(carrier(1), 1, &octets, largest).repeat(3);
    // Both channels, frame by frame.
    let (first, second) =
        (frames_of(&carrier, 1, &octets, largest), { frames_of(&carrier, 2, &octets, largest) });
    let mut all = one;
    for place in 0..first.len() {
        all.extend(&first[place]);
        all.extend(&second[place]);
    }
    (all, 5)
}

fn frames_of(
    carrier: &impl Fn(u16) -> Vec<u8>,
    channel: u16,
    octets: &[u8],
    largest: usize,
) -> Vec<Vec<u8>> {
    let mut frames = vec![carrier(channel), header(channel, octets.len() as u64, BARE)];
    frames.extend(octets.chunks(largest).map(|part| body(channel, part)));
    frames
}

/// Writes all output to nowhere.
fn drain(connection: &mut Connection) {
    while counted(|| connection.transmit().has_remaining()) {
        let len = connection.transmit().chunk().len();
        counted(|| connection.transmit().advance(len));
    }
}

/// Reads `octets` in pieces of `read` into one buffer; events are dropped at once.
fn receive(
    connection: &mut Connection,
    buffer: &mut BytesMut,
    mut octets: &[u8],
    read: usize,
    mut each: impl FnMut(&mut Connection, Event),
) -> usize {
    let mut contents = 0;
    while !octets.is_empty() {
        buffer.reserve(read);
        let (part, rest) = octets.split_at(read.min(octets.len()));
        buffer.extend_from_slice(part);
        octets = rest;
        counted(|| connection.handle_input(T0, buffer));
        while let Some(event) = counted(|| connection.poll_event()) {
            contents += usize::from(matches!(event, Event::Content(_)));
            each(connection, event);
        }
    }
    contents
}

#[test]
fn received_contents_allocate_nothing() {
    for (size, largest) in [(71, 71), (1000, 1000), (16_384, 16_384), (16_384, 4088), (1000, 71)] {
        for read in [1460, 65_536] {
            let (octets, contents) = round(|channel| deliver(channel, 1), size, largest);
            let mut octets = octets.repeat(8);
            let mut tags = [0, 0];
            let mut buffer = BytesMut::new();
            let mut client = reader();
            for _ in 0..6 {
                number(&mut octets, &mut tags);
                receive(&mut client, &mut buffer, &octets, read, |_, _| {});
            }
            number(&mut octets, &mut tags);
            taken();
            let got = receive(&mut client, &mut buffer, &octets, read, |_, _| {});
            assert_eq!(got, contents * 8);
            assert_eq!(taken(), (0, 0), "bodies of {size} in {largest}, reads of {read}");
        }
    }
}

#[test]
fn received_publishes_allocate_nothing() {
    let (octets, contents) = round(|channel| publish(channel, "key"), 1000, 400);
    let octets = octets.repeat(8);
    for read in [1460, 65_536] {
        let mut buffer = BytesMut::new();
        let mut server = server();
        for _ in 0..6 {
            receive(&mut server, &mut buffer, &octets, read, |_, _| {});
        }
        taken();
        let got = receive(&mut server, &mut buffer, &octets, read, |_, _| {});
        assert_eq!(got, contents * 8);
        assert_eq!(taken(), (0, 0), "reads of {read}");
    }
}

#[test]
fn frames_split_at_any_octet_allocate_nothing() {
    for (size, largest) in [(71, 71), (200, 90)] {
        let (mut octets, contents) = round(|channel| deliver(channel, 1), size, largest);
        let mut tags = [0, 0];
        let mut buffer = BytesMut::with_capacity(1 << 16);
        let mut client = reader();
        for warm_up in [true, false] {
            for cut in 1..octets.len() {
                number(&mut octets, &mut tags);
                let mut got = 0;
                for part in [&octets[..cut], &octets[cut..]] {
                    got += receive(&mut client, &mut buffer, part, octets.len(), |_, _| {});
                }
                assert_eq!(got, contents);
                let allocated = taken();
                assert!(warm_up || allocated == (0, 0), "{size}, cut at {cut}: {allocated:?}");
            }
        }
    }
}

#[test]
fn acks_and_publishes_allocate_nothing() {
    let (mut octets, _) = round(|channel| deliver(channel, 1), 71, 71);
    let mut tags = [0, 0];
    let mut buffer = BytesMut::new();
    let mut client = client();
    let ack = |client: &mut Connection, event: Event| {
        let Event::Content(content) = event else { return };
        let delivery_tag = content.deliver().unwrap().delivery_tag;
        counted(|| {
            let mut channel = client.channel(content.channel()).unwrap();
            channel.send(&basic::Ack { delivery_tag, multiple: false }).unwrap();
        });
    };
    for warm_up in [true, true, false] {
        number(&mut octets, &mut tags);
        taken();
        receive(&mut client, &mut buffer, &octets, 1460, ack);
        drain(&mut client);
        let allocated = taken();
        assert!(warm_up || allocated == (0, 0), "acks: {allocated:?}");
    }
    let method = basic::Publish { routing_key: "key".into(), ..Default::default() };
    let prepared = PreparedPublish::new(&method, Properties::EMPTY).unwrap();
    for size in [71, 1000, 16_384] {
        let body = Bytes::from(vec![7; size]);
        for warm_up in [true, true, true, false] {
            for number in 1..=2 {
                let id = ChannelId::new(number).unwrap();
                counted(|| {
                    let mut channel = client.channel(id).unwrap();
                    channel.publish(&method, Properties::EMPTY, &body[..]).unwrap();
                    channel.publish(&method, Properties::EMPTY, &body).unwrap();
                    channel.publish_prepared(&prepared, &body[..]).unwrap();
                    channel.publish_prepared(&prepared, &body).unwrap();
                });
                // As many octets as the window has; what waits behind it is stored.
                drain(&mut client);
            }
            let allocated = taken();
            assert!(warm_up || allocated == (0, 0), "publishes of {size}: {allocated:?}");
        }
    }
}

#[test]
fn publishes_that_wait_allocate_nothing() {
    let mut client = client();
    let method = basic::Publish { routing_key: "key".into(), ..Default::default() };
    let prepared = PreparedPublish::new(&method, Properties::EMPTY).unwrap();
    for size in [71, 1000, 16_384] {
        let body = Bytes::from(vec![7; size]);
        // Three windows of them, on both channels in turn.
        let each = (100 << 10) / size;
        for warm_up in [true, true, false] {
            for number in (1..=2).cycle().take(2 * each) {
                let id = ChannelId::new(number).unwrap();
                counted(|| {
                    let mut channel = client.channel(id).unwrap();
                    channel.publish(&method, Properties::EMPTY, &body).unwrap();
                    channel.publish_prepared(&prepared, &body).unwrap();
                });
            }
            assert!(client.unsent() > 4 * each * size, "all of it waits for the transport");
            drain(&mut client);
            let allocated = taken();
            assert!(warm_up || allocated == (0, 0), "publishes of {size}: {allocated:?}");
        }
    }
}

#[test]
fn announced_octets_are_not_reserved() {
    let mut server = server();
    let mut buffer = BytesMut::with_capacity(1 << 16);
    let (octets, _) = round(|channel| publish(channel, "key"), 71, 71);
    receive(&mut server, &mut buffer, &octets, 1460, |_, _| {});
    taken();
    // A frame header that announces the largest frame, octet by octet.
    for octet in [3, 0, 1, 0, 2, 0, 0] {
        receive(&mut server, &mut buffer, &[octet], 1, |_, _| {});
    }
    assert_eq!(taken(), (0, 0));

    let mut config = ServerConfig::default();
    config.limits.max_body = None;
    let mut server = common::server(config);
    feed(&mut server, &channel_open(1));
    poll(&mut server);
    let small = message(publish(1, "key"), 1, b"body", 4);
    let mut buffer = BytesMut::with_capacity(1 << 16);
    receive(&mut server, &mut buffer, &small, 1460, |_, _| {});
    for size in [u64::MAX, 1 << 63, 1 << 24] {
        taken();
        let mut server = server.clone();
        let headed = [publish(1, "key"), header(1, size, BARE), body(1, &[1; 100])].concat();
        receive(&mut server, &mut buffer, &headed, 1460, |_, _| {});
        let (_, octets) = taken();
        assert!(octets < 2048, "a body of {size}: {octets} octets");
    }
}

#[test]
fn a_high_channel_number_costs_no_more_than_a_low_one() {
    let mut config = ServerConfig::default();
    config.channel_max = 0;
    let opened = |number| {
        let mut server = Connection::server(config.clone(), T0);
        let login = start_ok("PLAIN", b"");
        let octets = [PROTOCOL_HEADER, &login, &tune_ok(0, 131_072, 60), &open("/")].concat();
        feed(&mut server, &octets);
        poll(&mut server);
        output(&mut server);
        let octets = channel_open(number);
        let mut buffer = BytesMut::from(&octets[..]);
        taken();
        let events = receive(&mut server, &mut buffer, b"", 1, |_, _| {});
        assert_eq!(events, 0);
        counted(|| server.handle_input(T0, &mut buffer));
        assert!(matches!(counted(|| server.poll_event()), Some(Event::ChannelOpened(_))));
        taken()
    };
    let low = opened(1);
    assert_eq!(opened(65_535), low);
    assert!((1..=4).contains(&low.0) && low.1 <= 4096, "{low:?}");
}
