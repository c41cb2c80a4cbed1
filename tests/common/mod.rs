//! What the tests share: frames built by hand, and connections brought to a stage.
//!
//! Nothing here uses the crate's encoder: what a test expects on the wire, it spells out.
#![allow(dead_code, reason = "each test crate uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "helpers of tests fail by panicking, like the tests themselves"
)]

use amqp_proto::{ClientConfig, Connection, Decision, Event, Instant, Limits, Phase, ServerConfig};
use bytes::Buf;
use core::time::Duration;

pub(crate) const PROTOCOL_HEADER: &[u8] = b"AMQP\0\0\x09\x01";
pub(crate) const HEARTBEAT: &[u8] = b"\x08\0\0\0\0\0\0\xCE";
pub(crate) const T0: Instant = Instant::ORIGIN;

pub(crate) fn at(seconds: u64) -> Instant {
    Instant::from_origin(Duration::from_secs(seconds))
}

pub(crate) fn millis(millis: u64) -> Instant {
    Instant::from_origin(Duration::from_millis(millis))
}

/// A frame of any type, with its end octet.
pub(crate) fn frame(frame_type: u8, channel: u16, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![frame_type];
    octets.extend(channel.to_be_bytes());
    octets.extend((payload.len() as u32).to_be_bytes());
    octets.extend(payload);
    octets.push(0xCE);
    octets
}

pub(crate) fn method(channel: u16, class_id: u16, method_id: u16, arguments: &[u8]) -> Vec<u8> {
    let ids = [class_id.to_be_bytes(), method_id.to_be_bytes()].concat();
    frame(1, channel, &[&ids, arguments].concat())
}

/// A content header of class basic; `properties` begin with the flags.
pub(crate) fn header(channel: u16, body_size: u64, properties: &[u8]) -> Vec<u8> {
    let payload = [b"\0\x3C\0\0", &body_size.to_be_bytes()[..], properties].concat();
    frame(2, channel, &payload)
}

pub(crate) fn body(channel: u16, octets: &[u8]) -> Vec<u8> {
    frame(3, channel, octets)
}

pub(crate) fn short(text: &str) -> Vec<u8> {
    [&[text.len() as u8], text.as_bytes()].concat()
}

pub(crate) fn long(octets: &[u8]) -> Vec<u8> {
    [&(octets.len() as u32).to_be_bytes(), octets].concat()
}

/// No properties at all.
pub(crate) const BARE: &[u8] = &[0, 0];

pub(crate) fn publish(channel: u16, routing_key: &str) -> Vec<u8> {
    method(channel, 60, 40, &[b"\0\0\0", &short(routing_key)[..], b"\0"].concat())
}

pub(crate) fn deliver(channel: u16, delivery_tag: u64) -> Vec<u8> {
    let tag = delivery_tag.to_be_bytes();
    method(channel, 60, 60, &[&short("c")[..], &tag, b"\0\0\x01q"].concat())
}

/// basic.consume of queue `q` with no-wait: the consumer is there at once.
pub(crate) fn consume(channel: u16, consumer_tag: &str, no_ack: bool) -> Vec<u8> {
    let bits = if no_ack { b"\x0A" } else { b"\x08" };
    let parts = [b"\0\0", &short("q")[..], &short(consumer_tag), bits, b"\0\0\0\0"];
    method(channel, 60, 20, &parts.concat())
}

/// A publish of `octets` whose body frames hold at most `largest` octets.
pub(crate) fn message(method: Vec<u8>, channel: u16, octets: &[u8], largest: usize) -> Vec<u8> {
    let mut all = method;
    all.extend(header(channel, octets.len() as u64, BARE));
    for part in octets.chunks(largest) {
        all.extend(body(channel, part));
    }
    all
}

pub(crate) fn close(class_id: u16, method_id: u16, channel: u16, code: u16, text: &str) -> Vec<u8> {
    let arguments = [&code.to_be_bytes()[..], &short(text), b"\0\0\0\0"].concat();
    method(channel, class_id, method_id, &arguments)
}

pub(crate) fn connection_close(code: u16, text: &str) -> Vec<u8> {
    close(10, 50, 0, code, text)
}

pub(crate) fn connection_close_ok() -> Vec<u8> {
    method(0, 10, 51, b"")
}

pub(crate) fn channel_open(channel: u16) -> Vec<u8> {
    method(channel, 20, 10, b"\0")
}

pub(crate) fn channel_open_ok(channel: u16) -> Vec<u8> {
    method(channel, 20, 11, b"\0\0\0\0")
}

pub(crate) fn channel_close(channel: u16, code: u16, text: &str) -> Vec<u8> {
    close(20, 40, channel, code, text)
}

pub(crate) fn channel_close_ok(channel: u16) -> Vec<u8> {
    method(channel, 20, 41, b"")
}

/// queue.declare of a queue with this name.
pub(crate) fn declare(channel: u16, queue: &str) -> Vec<u8> {
    method(channel, 50, 10, &[b"\0\0", &short(queue)[..], b"\0\0\0\0\0"].concat())
}

pub(crate) fn declare_ok(channel: u16, queue: &str) -> Vec<u8> {
    method(channel, 50, 11, &[&short(queue)[..], b"\0\0\0\0\0\0\0\0"].concat())
}

pub(crate) fn start(mechanisms: &str) -> Vec<u8> {
    let arguments = [b"\0\x09\0\0\0\0", &long(mechanisms.as_bytes())[..], &long(b"en_US")].concat();
    method(0, 10, 10, &arguments)
}

pub(crate) fn start_ok(mechanism: &str, response: &[u8]) -> Vec<u8> {
    let parts = [b"\0\0\0\0", &short(mechanism)[..], &long(response), &short("en_US")];
    method(0, 10, 11, &parts.concat())
}

fn tuning(channel_max: u16, frame_max: u32, heartbeat: u16) -> Vec<u8> {
    let numbers = (channel_max.to_be_bytes(), frame_max.to_be_bytes(), heartbeat.to_be_bytes());
    [&numbers.0[..], &numbers.1, &numbers.2].concat()
}

pub(crate) fn tune(channel_max: u16, frame_max: u32, heartbeat: u16) -> Vec<u8> {
    method(0, 10, 30, &tuning(channel_max, frame_max, heartbeat))
}

pub(crate) fn tune_ok(channel_max: u16, frame_max: u32, heartbeat: u16) -> Vec<u8> {
    method(0, 10, 31, &tuning(channel_max, frame_max, heartbeat))
}

pub(crate) fn open(virtual_host: &str) -> Vec<u8> {
    method(0, 10, 40, &[&short(virtual_host)[..], b"\0\0"].concat())
}

pub(crate) fn open_ok() -> Vec<u8> {
    method(0, 10, 41, b"\0")
}

/// All that a client writes until the connection is open.
pub(crate) fn client_handshake(frame_max: u32) -> Vec<u8> {
    [
        PROTOCOL_HEADER,
        &start_ok("PLAIN", b"\0guest\0guest"),
        &tune_ok(2047, frame_max, 60),
        &open("/"),
    ]
    .concat()
}

/// All that a server writes until the connection is open.
pub(crate) fn server_handshake(frame_max: u32) -> Vec<u8> {
    [start("PLAIN AMQPLAIN"), tune(2047, frame_max, 60), open_ok()].concat()
}

/// Hands octets in and forgets that they were sent.
pub(crate) fn feed(connection: &mut Connection, octets: &[u8]) {
    connection.handle_slice(T0, octets);
}

/// All events there are; logins and virtual hosts are accepted.
pub(crate) fn poll(connection: &mut Connection) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(event) = connection.poll_event() {
        if matches!(event, Event::Credentials(_) | Event::SaslResponse(_) | Event::VirtualHost(_)) {
            connection.decide(Decision::Accept).unwrap();
        }
        events.push(event);
    }
    events
}

pub(crate) fn lines(events: &[Event]) -> Vec<String> {
    events.iter().map(ToString::to_string).collect()
}

/// All octets that wait to be written.
pub(crate) fn output(connection: &mut Connection) -> Vec<u8> {
    let mut octets = Vec::new();
    while connection.transmit().has_remaining() {
        let transmit = connection.transmit();
        octets.extend_from_slice(&transmit.copy_to_bytes(transmit.remaining()));
    }
    octets
}

/// Type, channel and payload of each frame; panics where the octets aren't whole frames.
pub(crate) fn frames(mut octets: &[u8]) -> Vec<(u8, u16, Vec<u8>)> {
    let mut frames = Vec::new();
    while !octets.is_empty() {
        assert!(octets.len() >= 8, "the rest of a frame: {}", hex(octets));
        let size = u32::from_be_bytes(octets[3..7].try_into().unwrap()) as usize;
        assert_eq!(octets.get(7 + size), Some(&0xCE), "end of a frame of {size} octets");
        let channel = u16::from_be_bytes([octets[1], octets[2]]);
        frames.push((octets[0], channel, octets[7..7 + size].to_vec()));
        octets = &octets[8 + size..];
    }
    frames
}

pub(crate) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X} ")).collect()
}

/// The frame-max that a side asks for (`TUN-06`).
pub(crate) fn asked_frame_max(configured: u32, limits: &Limits) -> u32 {
    if configured == 0 { limits.unlimited_frame } else { configured }
}

/// An open server whose handshake output is gone.
pub(crate) fn server(config: ServerConfig) -> Connection {
    let frame_max = asked_frame_max(config.frame_max, &config.limits);
    let mut server = Connection::server(config, T0);
    feed(&mut server, &client_handshake(frame_max));
    poll(&mut server);
    assert_eq!(server.phase(), Phase::Open);
    output(&mut server);
    server
}

/// An open client whose handshake output is gone.
pub(crate) fn client(config: ClientConfig) -> Connection {
    let frame_max = config.frame_max;
    let mut client = Connection::client(config, T0);
    feed(&mut client, &server_handshake(frame_max));
    poll(&mut client);
    assert_eq!(client.phase(), Phase::Open);
    output(&mut client);
    client
}

pub(crate) fn plain() -> ClientConfig {
    ClientConfig::plain("guest", "guest")
}

/// The terminal events among these.
pub(crate) fn endings(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::Closed(_))).count()
}
