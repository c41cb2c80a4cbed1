//! A client that doesn't wait: its whole handshake and the largest frame behind it, however they are
//! cut, while the server's application takes its time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail like the tests")]

mod common;

use amqp_proto::{Connection, Decision, Event, Phase, ServerConfig};
use bytes::{Bytes, BytesMut};
use common::*;

const FRAME_MAX: usize = 131_072;
const BUDGET: usize = 16 << 10;

fn handshake() -> Vec<u8> {
    [client_handshake(131_072), channel_open(1)].concat()
}

fn largest_publish() -> Vec<u8> {
    let octets = vec![7; FRAME_MAX - 8];
    let message = message(publish(1, "key"), 1, &octets, octets.len());
    assert_eq!(frames(&message).len(), 3);
    message
}

fn new_server() -> Connection {
    Connection::server(ServerConfig::default(), T0)
}

/// Decides on login and virtual host, looks twice before each, and takes what follows.
fn finish(mut server: Connection, mut buffer: BytesMut) {
    let mut seen = Vec::new();
    for _ in 0..8 {
        server.handle_input(T0, &mut buffer);
        while let Some(event) = server.poll_event() {
            if matches!(event, Event::Credentials(_) | Event::VirtualHost(_)) {
                assert!(server.poll_event().is_none(), "a decision is owed");
                server.handle_input(T0, &mut buffer);
                assert!(server.poll_event().is_none(), "a decision is owed");
                server.decide(Decision::Accept).unwrap();
            }
            seen.push(event);
        }
    }
    let kinds = lines(&seen);
    let [
        Event::Credentials(_),
        Event::VirtualHost(_),
        Event::Connected,
        Event::ChannelOpened(_),
        Event::Content(content),
    ] = &seen[..]
    else {
        panic!("{kinds:?}");
    };
    assert_eq!(content.body().len(), FRAME_MAX - 8);
    assert!(content.body().iter().all(|octet| *octet == 7));
    assert_eq!(buffer.len(), 0);
    assert!(server.wants_input());
}

#[test]
fn in_one_write() {
    let octets = [handshake(), largest_publish()].concat();
    finish(new_server(), BytesMut::from(&octets[..]));

    let mut server = new_server();
    server.handle_bytes(T0, Bytes::from(octets.clone()));
    finish(server, BytesMut::new());

    let mut server = new_server();
    server.handle_slice(T0, &octets);
    finish(server, BytesMut::new());
}

#[test]
fn in_two_writes_at_every_octet_of_the_handshake() {
    let octets = [handshake(), largest_publish()].concat();
    for cut in 0..=handshake().len() + 40 {
        let mut server = new_server();
        let mut buffer = BytesMut::from(&octets[..cut]);
        server.handle_input(T0, &mut buffer);
        buffer.extend_from_slice(&octets[cut..]);
        finish(server, buffer);
    }
}

#[test]
fn octet_by_octet() {
    let octets = [handshake(), largest_publish()].concat();
    let mut server = new_server();
    let mut buffer = BytesMut::new();
    for octet in &octets {
        buffer.extend_from_slice(&[*octet]);
        server.handle_input(T0, &mut buffer);
    }
    finish(server, buffer);

    let mut server = new_server();
    for octet in &octets {
        server.handle_slice(T0, &[*octet]);
    }
    finish(server, BytesMut::new());
}

/// While a decision is owed a reader that heeds `wants_input` holds no more than the budget.
#[test]
fn little_is_read_while_a_decision_is_owed() {
    let octets = [handshake(), largest_publish()].concat();
    let small = [handshake(), publish(1, "key").repeat(4000)].concat();
    for octets in [octets, small] {
        for read in [1, 100, 1460, BUDGET] {
            let mut server = new_server();
            let mut buffer = BytesMut::new();
            let mut given = 0;
            let mut owed = false;
            for part in octets.chunks(read) {
                if !server.wants_input() {
                    break;
                }
                given += part.len();
                buffer.extend_from_slice(part);
                server.handle_input(T0, &mut buffer);
                while let Some(event) = server.poll_event() {
                    owed |= matches!(event, Event::Credentials(_));
                }
            }
            assert!(owed);
            assert!(!server.wants_input(), "reads of {read}: {given} octets and no end");
            assert!(given <= BUDGET + read + 200, "reads of {read}: {given} octets");
            assert_eq!(server.phase(), Phase::Start);
            // Nothing more is taken, whatever is handed in.
            let left = buffer.len();
            buffer.extend_from_slice(&octets[given..]);
            let with_rest = buffer.len();
            server.handle_input(T0, &mut buffer);
            assert_eq!(buffer.len(), with_rest, "{left} were left before");
            assert!(server.poll_event().is_none());
        }
    }
}

#[test]
fn all_arrives_after_late_decisions() {
    let octets = [handshake(), publish(1, "key"), header(1, 0, BARE)].concat();
    let many = [octets, [publish(1, "key"), header(1, 0, BARE)].concat().repeat(2000)].concat();
    let mut server = new_server();
    let mut buffer = BytesMut::from(&many[..]);
    let (mut contents, mut decisions) = (0, 0);
    while !buffer.is_empty() || server.wants_input() {
        let before = (buffer.len(), contents);
        server.handle_input(T0, &mut buffer);
        while let Some(event) = server.poll_event() {
            match event {
                Event::Credentials(_) | Event::VirtualHost(_) => decisions += 1,
                Event::Content(_) => contents += 1,
                _ => {}
            }
        }
        if server.decide(Decision::Accept).is_err() && before == (buffer.len(), contents) {
            break;
        }
    }
    assert_eq!((decisions, contents, buffer.len()), (2, 2001, 0));
}
