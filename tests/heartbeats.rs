//! Heartbeats on virtual time, both directions.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail like the tests")]

mod common;

use core::time::Duration;

use amqp_proto::protocol::{Properties, ReplyCode, basic};
use amqp_proto::testing::Pair;
use amqp_proto::{
    CloseDetail, Connection, Decision, Event, Heartbeat, Initiator, Instant, Phase, ServerConfig,
};
use bytes::{Buf, Bytes, BytesMut};
use common::*;

/// An open client with this heartbeat, at time 0.
fn client(seconds: u16) -> Connection {
    let mut config = plain();
    config.heartbeat = Heartbeat::Prefer(seconds);
    let client = common::client(config);
    assert_eq!(client.heartbeat(), seconds);
    client
}

fn lost(events: &[Event]) -> bool {
    let [Event::Closed(reason)] = events else { return false };
    reason.detail == CloseDetail::HeartbeatLoss && reason.initiator == Initiator::Transport
}

/// Fires what is due and checks that the next deadline lies ahead.
fn fire(connection: &mut Connection, now: Instant) {
    connection.handle_timeout(now);
    if let Some(next) = connection.poll_timeout() {
        assert!(next > now, "{next:?} isn't after {now:?}");
    }
}

#[test]
fn an_idle_connection_sends_at_half_the_value() {
    for seconds in [1, 2, 10, 60] {
        let mut client = client(seconds);
        let half = u64::from(seconds) * 500;
        client.handle_slice(T0, HEARTBEAT);
        assert_eq!(client.poll_timeout(), Some(millis(half)));
        for beat in 1..=10 {
            fire(&mut client, millis(beat * half - 1));
            assert_eq!(output(&mut client), b"", "too early");
            client.handle_slice(millis(beat * half), HEARTBEAT);
            fire(&mut client, millis(beat * half));
            assert_eq!(output(&mut client), HEARTBEAT, "{seconds} s, beat {beat}");
            assert!(poll(&mut client).is_empty());
        }
    }
}

#[test]
fn drained_octets_take_the_place_of_a_heartbeat() {
    let mut client = client(10);
    client.open_channel().unwrap();
    fire(&mut client, at(4));
    // A single octet of a frame counts.
    client.transmit().advance(1);
    fire(&mut client, at(4));
    assert_eq!(client.poll_timeout(), Some(at(9)));
    fire(&mut client, at(8));
    let rest = output(&mut client);
    assert_eq!(rest, channel_open(1)[1..]);
    fire(&mut client, at(8));
    fire(&mut client, millis(12_999));
    assert_eq!(output(&mut client), b"");
    fire(&mut client, at(13));
    assert_eq!(output(&mut client), HEARTBEAT);
}

#[test]
fn heartbeats_do_not_pile_up_where_nothing_is_written() {
    let mut client = client(2);
    client.open_channel().unwrap();
    for second in 1..50 {
        client.handle_slice(at(second), HEARTBEAT);
        fire(&mut client, at(second));
    }
    assert_eq!(output(&mut client), channel_open(1));
}

#[test]
fn a_silent_peer_is_dead_after_twice_the_value() {
    for seconds in [1, 10] {
        let mut client = client(seconds);
        client.handle_slice(at(3), HEARTBEAT);
        poll(&mut client);
        let end = 3 + u64::from(seconds) * 2;
        let mut now = at(3);
        while client.phase() == Phase::Open {
            now = client.poll_timeout().unwrap();
            fire(&mut client, now);
            output(&mut client);
        }
        assert_eq!(now, at(end));
        assert!(lost(&poll(&mut client)));
        assert_eq!(output(&mut client), b"", "without a handshake");
        assert_eq!(client.poll_timeout(), None);
    }
}

#[test]
fn any_octet_is_a_sign_of_life() {
    // One octet of a large frame every fifteen seconds.
    let octets = [&b"\x08\0\0\0\0\0\0"[..], b"\xCE"].concat();
    for door in 0..3 {
        let mut client = client(10);
        let mut buffer = BytesMut::new();
        for (place, octet) in octets.repeat(4).iter().enumerate() {
            let now = at(place as u64 * 15);
            match door {
                0 => {
                    buffer.extend_from_slice(&[*octet]);
                    client.handle_input(now, &mut buffer);
                }
                1 => client.handle_bytes(now, Bytes::copy_from_slice(&[*octet])),
                _ => client.handle_slice(now, &[*octet]),
            }
            fire(&mut client, now);
            assert!(poll(&mut client).is_empty(), "door {door}, octet {place}");
        }
        fire(&mut client, at(31 * 15 + 1));
        fire(&mut client, at(31 * 15 + 20));
        assert!(lost(&poll(&mut client)));
    }
}

#[test]
fn old_octets_are_no_sign_of_life() {
    let mut client = client(10);
    let mut buffer = BytesMut::from(&HEARTBEAT[..3]);
    let mut now = T0;
    while client.phase() == Phase::Open && now < at(100) {
        // A driver that hands its buffer in on every turn of its loop.
        client.handle_input(now, &mut buffer);
        fire(&mut client, now);
        output(&mut client);
        now = now + Duration::from_secs(1);
    }
    assert!(lost(&poll(&mut client)));
}

#[test]
fn no_heartbeat_is_no_timer() {
    for (own, offered) in [(Heartbeat::Off, 60), (Heartbeat::Prefer(0), 0)] {
        let mut config = plain();
        config.heartbeat = own;
        let mut client = Connection::client(config, T0);
        feed(&mut client, &[start("PLAIN"), tune(0, 0, offered), open_ok()].concat());
        poll(&mut client);
        output(&mut client);
        assert_eq!((client.phase(), client.heartbeat()), (Phase::Open, 0));
        client.handle_timeout(at(1_000_000));
        assert_eq!(client.poll_timeout(), None);
        assert_eq!(output(&mut client), b"");
        // TUN-11: one that comes all the same is legal.
        feed(&mut client, HEARTBEAT);
        assert!(poll(&mut client).is_empty());
        assert_eq!(client.poll_timeout(), None);
    }
}

#[test]
fn the_client_decides() {
    for (own, offered, agreed) in [(60, 10, 10), (10, 60, 10), (7, 0, 7), (0, 30, 0)] {
        let (mut client, mut server) = (plain(), ServerConfig::default());
        (client.heartbeat, server.heartbeat) = (Heartbeat::Prefer(own), offered);
        let pair = Pair::connected_with(client, server);
        assert_eq!(pair.client.connection.heartbeat(), agreed);
        assert_eq!(pair.server.connection.heartbeat(), agreed);
    }
}

#[test]
fn two_idle_ends_keep_each_other_alive() {
    for seconds in [1, 5] {
        let mut config = plain();
        config.heartbeat = Heartbeat::Prefer(seconds);
        let mut pair = Pair::connected_with(config, ServerConfig::default());
        pair.client.sent.clear();
        pair.server.inbound.latency = Duration::from_millis(300);
        pair.client.inbound.latency = Duration::from_millis(300);
        pair.pass(Duration::from_secs(100));
        assert!(pair.is_open());
        let beats = pair.client.sent.len() / HEARTBEAT.len();
        let expected = 200 / usize::from(seconds);
        assert!((expected - 2..=expected).contains(&beats), "{beats} beats");
        // A cut link is noticed by both.
        (pair.server.inbound.cut, pair.client.inbound.cut) = (true, true);
        pair.pass(Duration::from_secs(u64::from(seconds) * 2 + 1));
        assert!(lost(&pair.client.take_events()) && lost(&pair.server.take_events()));
    }
}

#[test]
fn a_decision_that_is_owed_keeps_the_peer_alive() {
    let mut server = Connection::server(ServerConfig::default(), T0);
    let mut octets = client_handshake(131_072);
    octets.truncate(octets.len() - open("/").len());
    feed(&mut server, &octets);
    poll(&mut server);
    feed(&mut server, &open("/"));
    assert!(matches!(server.poll_event(), Some(Event::VirtualHost(_))));
    let mut config = ServerConfig::default();
    config.handshake_timeout = Duration::from_secs(10_000);
    let mut patient = Connection::server(config, T0);
    feed(&mut patient, &octets);
    poll(&mut patient);
    feed(&mut patient, &open("/"));
    assert!(matches!(patient.poll_event(), Some(Event::VirtualHost(_))));
    for minute in 1..100 {
        fire(&mut patient, at(minute * 60));
        output(&mut patient);
    }
    patient.decide(Decision::Accept).unwrap();
    assert!(matches!(poll(&mut patient)[..], [Event::Connected]));
    assert_eq!(patient.phase(), Phase::Open);
    // The limit of the handshake is absolute all the same.
    fire(&mut server, at(10));
    assert_eq!(server.phase(), Phase::Closed);
}

#[test]
fn octets_that_nobody_polled_keep_the_peer_alive() {
    let mut client = client(10);
    client.open_channel().unwrap();
    client.handle_slice(at(1), &channel_open_ok(1));
    for second in 2..200 {
        fire(&mut client, at(second));
        output(&mut client);
    }
    assert!(matches!(poll(&mut client)[..], [Event::ChannelOpened(_)]));
    assert_eq!(client.phase(), Phase::Open);
    let mut now = at(200);
    while client.phase() == Phase::Open {
        now = client.poll_timeout().unwrap();
        fire(&mut client, now);
        output(&mut client);
    }
    assert!(now <= at(240), "{now:?}");
    assert!(lost(&poll(&mut client)));
}

#[test]
fn full_output_does_not_keep_the_peer_alive() {
    let mut config = plain();
    config.heartbeat = Heartbeat::Prefer(10);
    (config.limits.unsent_output, config.limits.output_reserve) = (1000, 10);
    let mut client = common::client(config);
    let id = client.open_channel().unwrap();
    let deliveries = (1..=50).flat_map(|tag| [deliver(1, tag), header(1, 0, BARE)].concat());
    feed(&mut client, &channel_open_ok(1));
    feed(&mut client, &deliveries.collect::<Vec<_>>());
    poll(&mut client);
    let mut channel = client.channel(id).unwrap();
    channel.publish(&basic::Publish::default(), Properties::EMPTY, &[0; 2000]).unwrap();
    let ack = |delivery_tag| basic::Ack { delivery_tag, multiple: false };
    assert!((1..=50).any(|tag| channel.send(&ack(tag)).is_err()));
    client.handle_slice(at(1), &[deliver(1, 51), header(1, 0, BARE)].concat());
    assert!(poll(&mut client).is_empty(), "the output is full");
    fire(&mut client, at(20));
    assert_eq!(client.phase(), Phase::Open);
    fire(&mut client, at(21));
    assert_eq!(client.phase(), Phase::Closed);
}

#[test]
fn time_that_runs_backwards_is_harmless() {
    let mut client = client(10);
    client.handle_slice(at(100), HEARTBEAT);
    poll(&mut client);
    for second in [50, 0, 99, 100] {
        client.handle_timeout(at(second));
        assert!(client.poll_timeout().unwrap() > at(100));
    }
    client.handle_slice(at(1), HEARTBEAT);
    client.close(at(2), ReplyCode::REPLY_SUCCESS, "").unwrap();
    client.handle_eof(at(0));
    assert_eq!(endings(&poll(&mut client)), 1);
}

#[test]
fn heartbeats_go_on_while_closing() {
    let mut config = plain();
    config.heartbeat = Heartbeat::Prefer(2);
    config.close_timeout = Duration::from_secs(60);
    let mut client = common::client(config);
    client.handle_slice(at(1), HEARTBEAT);
    poll(&mut client);
    client.close(at(1), ReplyCode::REPLY_SUCCESS, "").unwrap();
    output(&mut client);
    for second in 2..10 {
        client.handle_slice(at(second), HEARTBEAT);
        assert!(poll(&mut client).is_empty());
        fire(&mut client, at(second));
        assert_eq!(output(&mut client), HEARTBEAT, "CLS-11, second {second}");
    }
    // A peer that falls silent meanwhile is not waited for any longer.
    fire(&mut client, at(13));
    let events = poll(&mut client);
    let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(reason.initiator, Initiator::Local);
}

/// The application hasn't polled, but there is nothing that it could have polled.
#[test]
fn the_beginning_of_a_frame_is_no_excuse_for_silence() {
    let frame = body(1, &[7; 60_000]);
    for door in 0..3 {
        let mut client = client(10);
        let begun = &frame[..50_000];
        match door {
            0 => client.handle_bytes(T0, Bytes::copy_from_slice(begun)),
            1 => client.handle_slice(T0, begun),
            _ => client.handle_input(T0, &mut BytesMut::from(begun)),
        }
        client.handle_timeout(at(19));
        assert_eq!(client.phase(), Phase::Open);
        client.handle_timeout(at(21));
        assert!(lost(&poll(&mut client)), "door {door}");
    }
}
