//! What connections and channels occupy while nothing happens, and that traffic leaves nothing behind.
//!
//! A counting allocator watches this process; a connection is counted with all that belongs to it, its own
//! octets too.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers fail like the tests"
)]

mod common;
mod counting;

use amqp_proto::protocol::{Properties, basic, confirm};
use amqp_proto::{
    ChannelId, ClientConfig, Connection, ContentMode, Heartbeat, Instant, ServerConfig,
};
use bytes::{Buf, Bytes, BytesMut};
use common::*;
use core::time::Duration;
use counting::held;

/// Octets that one connection may occupy that is idle and has one channel.
#[cfg(target_pointer_width = "64")]
const CONNECTION: isize = 4096;
/// Octets for each channel beyond.
#[cfg(target_pointer_width = "64")]
const CHANNEL: isize = 256;
/// What may stay of a burst where no heartbeats are agreed on: places that are kept for what comes next.
const KEPT: isize = 96 << 10;

/// A way for octets into a connection. What is not taken waits in the buffer.
type Door = fn(&mut Connection, Instant, &mut BytesMut, Bytes);

const DOORS: [(&str, Door); 3] = [
    ("handle_slice", |connection, now, _, octets| connection.handle_slice(now, &octets)),
    ("handle_bytes", |connection, now, _, octets| connection.handle_bytes(now, octets)),
    ("handle_input", |connection, now, buffer, octets| {
        buffer.extend_from_slice(&octets);
        connection.handle_input(now, buffer);
    }),
];

/// Hands octets in, cut in the middle of frames, and forgets what comes of them.
fn take(connection: &mut Connection, now: Instant, door: Door, octets: &[u8]) {
    let mut buffer = BytesMut::new();
    for part in octets.chunks(150_000) {
        door(connection, now, &mut buffer, Bytes::copy_from_slice(part));
        poll(connection);
    }
    // As much as the budget allows is taken at a time.
    while !buffer.is_empty() {
        connection.handle_input(now, &mut buffer);
        poll(connection);
    }
}

/// What RabbitMQ tells about itself, or a client of it, is about as long as this.
fn properties() -> Vec<u8> {
    let entry = [&short("product")[..], b"S", &long(&[b'x'; 440])].concat();
    long(&entry)
}

fn idle_client(channels: u16, heartbeat: u16) -> Box<Connection> {
    let mut config = ClientConfig::plain("guest", "guest");
    config.channel_max = 0;
    config.heartbeat = if heartbeat > 0 { Heartbeat::Prefer(heartbeat) } else { Heartbeat::Off };
    let mut client = Box::new(Connection::client(config, T0));
    let mechanisms = [&long(b"PLAIN AMQPLAIN")[..], &long(b"en_US")].concat();
    let start = method(0, 10, 10, &[b"\0\x09", &properties()[..], &mechanisms].concat());
    client.transmit().advance(8);
    for octets in [start, tune(0, 131_072, heartbeat), open_ok()] {
        feed(&mut client, &octets);
        poll(&mut client);
        drain(&mut client);
    }
    for _ in 0..channels {
        let id = client.open_channel().unwrap();
        drain(&mut client);
        feed(&mut client, &channel_open_ok(id.number()));
        poll(&mut client);
    }
    client
}

fn idle_server(channels: u16, heartbeat: u16) -> Box<Connection> {
    let mut config = ServerConfig::default();
    config.channel_max = 0;
    let mut server = Box::new(Connection::server(config, T0));
    let login = [&short("PLAIN")[..], &long(b"\0guest\0guest"), &short("en_US")].concat();
    let start_ok = method(0, 10, 11, &[properties(), login].concat());
    let tune_ok = tune_ok(0, 131_072, heartbeat);
    for octets in [PROTOCOL_HEADER, &start_ok, &tune_ok, &open("/")] {
        feed(&mut server, octets);
        poll(&mut server);
        drain(&mut server);
    }
    for number in 1..=channels {
        feed(&mut server, &channel_open(number));
        poll(&mut server);
        drain(&mut server);
    }
    server
}

/// Makes a connection with so many channels and heartbeats of so many seconds.
type Idle = fn(u16, u16) -> Box<Connection>;

const SIDES: [(&str, Idle); 2] = [("client", idle_client), ("server", idle_server)];

fn drain(connection: &mut Connection) {
    while connection.transmit().has_remaining() {
        let len = connection.transmit().chunk().len();
        connection.transmit().advance(len);
    }
}

/// Lets time pass until a heartbeat has gone out, where there are any.
fn rest(connection: &mut Connection, now: &mut Instant) {
    for _ in 0..2 {
        *now = *now + Duration::from_secs(31);
        connection.handle_slice(*now, if connection.heartbeat() > 0 { HEARTBEAT } else { b"" });
        connection.handle_timeout(*now);
        poll(connection);
        drain(connection);
    }
}

/// What it occupies.
#[cfg(target_pointer_width = "64")]
fn occupied(make: impl FnOnce() -> Box<Connection>) -> isize {
    let before = held();
    let made = make();
    let after = held();
    drop(made);
    after - before
}

#[test]
#[cfg(target_pointer_width = "64")]
fn an_idle_connection_is_small() {
    for (side, idle) in SIDES {
        let opened = occupied(|| idle(1, 60));
        let rested = occupied(|| {
            let mut connection = idle(1, 60);
            rest(&mut connection, &mut T0.clone());
            connection
        });
        assert!(opened <= CONNECTION, "{side}: {opened}");
        assert!(rested <= opened && rested <= CONNECTION * 3 / 4, "{side}: {rested}");
    }
}

#[test]
#[cfg(target_pointer_width = "64")]
fn an_idle_channel_is_small() {
    for (side, idle) in SIDES {
        let one = occupied(|| idle(1, 60));
        for channels in (2..40).chain([100, 101, 145, 1025, 2000]) {
            let beyond = occupied(|| idle(channels, 60)) - one;
            let each = beyond / isize::try_from(channels - 1).unwrap();
            assert!(each <= CHANNEL, "{side}, {channels} channels: {each}");
        }
    }
}

#[test]
fn channels_leave_nothing_behind() {
    for (side, idle) in SIDES {
        let mut now = T0;
        let at_first = held();
        let mut connection = idle(1, 60);
        rest(&mut connection, &mut now);
        let before = held() - at_first;
        for number in 2..=1000 {
            if side == "client" {
                connection.open_channel().unwrap();
                connection.handle_slice(now, &channel_open_ok(number));
            } else {
                connection.handle_slice(now, &channel_open(number));
            }
        }
        poll(&mut connection);
        for number in 2..=1000 {
            connection.handle_slice(now, &channel_close(number, 200, "bye"));
        }
        poll(&mut connection);
        drain(&mut connection);
        assert_eq!(connection.channels().count(), 1);
        rest(&mut connection, &mut now);
        let after = held() - at_first;
        // A client remembers by a bit each what numbers a server may still send on (CHN-08).
        let bits = if side == "client" { 1024 / 8 } else { 0 };
        assert!(after <= before + 16 + bits, "{side}: {before} octets before, {after} after");
    }
}

/// A client in confirm mode that consumes, on so many channels.
fn working_client(heartbeat: u16) -> Box<Connection> {
    let mut client = idle_client(3, heartbeat);
    for number in 1..=3 {
        let mut channel = client.channel(ChannelId::new(number).unwrap()).unwrap();
        channel.call(&confirm::Select { no_wait: true }).unwrap();
        let (queue, consumer_tag) = ("q".into(), "c".into());
        let consume = basic::Consume { queue, consumer_tag, no_wait: true, ..Default::default() };
        channel.call(&consume).unwrap();
    }
    drain(&mut client);
    client
}

/// Everything at once, so that all places grow: 3000 deliveries a channel, bodies in one frame and in many,
/// publishes beyond the window, requests, frames cut in the middle.
fn burst(client: &mut Connection, now: Instant, door: Door, round: u64) {
    let each = 3000;
    let mut tags = [round * each; 3];
    let large = vec![7; 300_000];
    let mut stream = Vec::new();
    for place in 0..3 * each {
        let channel = u16::try_from(place % 3).unwrap() + 1;
        let tag = &mut tags[usize::from(channel) - 1];
        *tag += 1;
        let size = if place % 1000 == 999 { large.len() } else { 64 };
        stream.extend(message(deliver(channel, *tag), channel, &large[..size], 100_000));
    }
    take(client, now, door, &stream);
    drop(stream);
    let (method, body) =
        (basic::Publish { mandatory: true, ..Default::default() }, Bytes::from(large));
    for number in 1..=3 {
        let mut channel = client.channel(ChannelId::new(number).unwrap()).unwrap();
        assert_eq!(channel.unacked(), usize::try_from(each).unwrap());
        let ack = basic::Ack { delivery_tag: tags[usize::from(number) - 1], multiple: true };
        channel.send(&ack).unwrap();
        for size in [64, 2000, 20_000, 0].repeat(7) {
            channel.publish(&method, Properties::EMPTY, body.slice(..size)).unwrap();
            channel.publish(&method, Properties::EMPTY, &body[..size]).unwrap();
        }
        for _ in 0..100 {
            channel.call(&basic::Recover { requeue: false }).unwrap();
        }
    }
    drain(client);
    for number in 1..=3 {
        let recovered = common::method(number, 60, 111, b"").repeat(100);
        take(client, now, door, &recovered);
        let all = common::method(number, 60, 80, b"\0\0\0\0\0\0\0\0\x01");
        take(client, now, door, &all);
    }
    drain(client);
    assert_eq!((client.unconfirmed(), client.unacked()), (0, 0));
}

#[test]
fn a_burst_leaves_nothing_behind() {
    for (name, door) in DOORS {
        let mut now = T0;
        let at_first = held();
        let mut client = working_client(60);
        rest(&mut client, &mut now);
        let before = held() - at_first;
        for round in 0..3 {
            burst(&mut client, now, door, round);
            rest(&mut client, &mut now);
            let after = held() - at_first;
            assert!(after <= before, "{name}: {before} octets before, {after} after");
        }
    }
}

#[test]
fn without_heartbeats_little_is_kept_of_a_burst() {
    for (name, door) in DOORS {
        let mut now = T0;
        let at_first = held();
        let mut client = working_client(0);
        rest(&mut client, &mut now);
        let before = held() - at_first;
        for round in 0..3 {
            burst(&mut client, now, door, round);
            rest(&mut client, &mut now);
            let after = held() - at_first;
            assert!(after <= before + KEPT, "{name}: {before} octets before, {after} after");
        }
    }
}

/// Room that is made for a body of several frames is about as large as the body.
#[test]
fn a_gathered_body_takes_little_more_than_its_octets() {
    let mut client = idle_client(1, 60);
    let mut channel = client.channel(ChannelId::new(1).unwrap()).unwrap();
    let (queue, consumer_tag) = ("q".into(), "c".into());
    let consume = basic::Consume { queue, consumer_tag, no_wait: true, ..Default::default() };
    channel.call(&consume).unwrap();
    drain(&mut client);
    let mut kept = Vec::with_capacity(100);
    for (tag, size) in (1..).zip([4089, 4096, 4500, 8176, 8177, 12_000, 33_000, 60_000]) {
        let stream = Bytes::from(message(deliver(1, tag), 1, &vec![7; size], 4088));
        let before = held();
        client.handle_bytes(T0, stream.clone());
        kept.extend(poll(&mut client));
        let gathered = usize::try_from(held() - before).unwrap();
        assert!(gathered <= size + 512, "{size} octets of a body take {gathered}");
    }
    assert_eq!(kept.len(), 8);
}

/// A server's deliveries and publishes to it.
#[test]
fn a_burst_leaves_nothing_behind_on_a_server() {
    for (name, door) in DOORS {
        let mut now = T0;
        let at_first = held();
        let mut server = idle_server(1, 60);
        let one = ChannelId::new(1).unwrap();
        take(&mut server, now, door, &consume(1, "c", false));
        take(&mut server, now, door, &method(1, 85, 10, b"\x01"));
        drain(&mut server);
        rest(&mut server, &mut now);
        let before = held() - at_first;
        for _ in 0..2 {
            let body = vec![7; 200_000];
            let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
            let mut last = 0;
            for size in [64; 3000].into_iter().chain([200_000; 4]) {
                let mut channel = server.channel(one).unwrap();
                last = channel.deliver(&deliver, Properties::EMPTY, &body[..size]).unwrap();
            }
            drain(&mut server);
            let ack = method(1, 60, 80, &[&last.to_be_bytes()[..], b"\x01"].concat());
            take(&mut server, now, door, &ack);
            let publishes = message(publish(1, "key"), 1, &body[..500], 100).repeat(3000);
            take(&mut server, now, door, &publishes);
            take(&mut server, now, door, &message(publish(1, "key"), 1, &body, 100_000));
            drop((body, publishes, ack));
            let mut channel = server.channel(one).unwrap();
            channel.send(&basic::Ack { delivery_tag: 0, multiple: true }).unwrap();
            drain(&mut server);
            assert_eq!((server.unacked(), server.unconfirmed()), (0, 0));
            rest(&mut server, &mut now);
            let after = held() - at_first;
            assert!(after <= before, "{name}: {before} octets before, {after} after");
        }
    }
}

/// Octets that come one by one while nobody polls: each in a buffer of its own, as large as reads are.
#[test]
fn what_waits_holds_little_more_than_its_octets() {
    const READ: usize = 16 << 10;
    const WAITING: isize = 100_000;
    let mut config = ServerConfig::default();
    config.content = ContentMode::Streamed;
    let mut streamed = server(config);
    let size = u32::MAX / 4;
    let begun = [channel_open(1), publish(1, "k"), header(1, size.into(), BARE)].concat();
    feed(&mut streamed, &[&begun[..], b"\x03\0\x01\0\x01\0\0first"].concat());
    poll(&mut streamed);
    let plain = server(ServerConfig::default());
    for (server, octets) in [(streamed, &b"x"[..]), (plain, HEARTBEAT)] {
        for (name, door) in DOORS {
            let before = held();
            let mut server = server.clone();
            let mut buffer = BytesMut::new();
            for octet in octets.iter().cycle().take(WAITING as usize) {
                if name == "handle_input" {
                    buffer.reserve(READ);
                    buffer.extend_from_slice(&[*octet]);
                    server.handle_input(T0, &mut buffer);
                } else {
                    let mut octets = Vec::with_capacity(READ);
                    octets.push(*octet);
                    door(&mut server, T0, &mut buffer, octets.into());
                }
            }
            let after = held() - before;
            let most = 3 * WAITING + 10 * 2 * READ as isize;
            assert!(after <= most, "{name}: {after} octets for {WAITING}");
            poll(&mut server);
            drop((server, buffer));
        }
    }
}

/// Enough channels that what each of them keeps is seen.
const MANY: u16 = 200;

#[test]
fn channels_do_not_keep_places_for_contents() {
    let mut server = idle_server(MANY, 0);
    let before = held();
    let body = vec![7; 60_000];
    for number in 1..=MANY {
        take(&mut server, T0, DOORS[0].1, &message(publish(number, "k"), number, &body, 40_000));
    }
    let after = held() - before;
    assert!(after < 1 << 20, "{after}");
    // All of them begin before the first one ends.
    for number in 1..=MANY {
        let begun = message(publish(number, "k"), number, &body, 40_000);
        take(&mut server, T0, DOORS[0].1, &begun[..begun.len() - 20_008]);
    }
    for number in 1..=MANY {
        take(&mut server, T0, DOORS[0].1, &common::body(number, &body[40_000..]));
    }
    let after = held() - before;
    assert!(after < 1 << 20, "{after}");
}

/// A little waits on each channel, and in turn much on one.
#[test]
fn channels_do_not_keep_what_much_has_needed_for_little() {
    const CHANNELS: u16 = 30;
    let mut server = idle_server(CHANNELS, 0);
    for number in 1..=CHANNELS {
        feed(&mut server, &consume(number, "c", true));
    }
    poll(&mut server);
    drain(&mut server);
    let before = held();
    let (deliver, body) =
        (basic::Deliver { consumer_tag: "c".into(), ..Default::default() }, vec![7; 1100]);
    for number in 1..=CHANNELS {
        feed(&mut server, &method(number, 20, 20, b"\x01").repeat(400_000 / 13));
        poll(&mut server);
        // A turn takes the frames of a channel that lie together, or a body: something is left of each.
        while server.unsent() > 150_000 {
            for earlier in 1..=number {
                let mut channel = server.channel(ChannelId::new(earlier).unwrap()).unwrap();
                channel.deliver(&deliver, Properties::EMPTY, &body).unwrap();
            }
            let len = server.transmit().remaining();
            server.transmit().advance(len);
        }
    }
    let (after, unsent) = (held() - before, server.unsent());
    assert!(unsent > 100_000 && after < 2 << 20, "{after} octets for {unsent}");
}
