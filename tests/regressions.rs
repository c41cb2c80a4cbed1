//! Faults that were found by reading and by random sessions, each with the shortest way to it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail like the tests")]

mod common;

use amqp_proto::frame::PeerProtocol;
use amqp_proto::protocol::{Properties, ReplyCode, basic, channel, queue};
use amqp_proto::testing::Pair;
use amqp_proto::{ChannelId, CloseDetail, Connection, Event, Phase, Profile, Scope, ServerConfig};
use bytes::{Buf, BytesMut};
use common::*;

const ONE: ChannelId = ChannelId::new(1).unwrap();
const TWO: ChannelId = ChannelId::new(2).unwrap();

/// A pair with channels 1 and 2.
fn pair() -> Pair {
    let mut pair = Pair::connected();
    pair.client.connection.open_channel().unwrap();
    pair.client.connection.open_channel().unwrap();
    pair.drive();
    pair.client.take_events();
    pair.server.take_events();
    pair
}

fn server_with_channel(config: ServerConfig) -> Connection {
    let mut server = server(config);
    feed(&mut server, &channel_open(1));
    poll(&mut server);
    output(&mut server);
    server
}

/// SYN-02: the engine's own flow-ok took its turn before the replies that the application owed, and
/// the peer can only take it for the reply to the oldest request.
#[test]
fn flow_ok_does_not_overtake_the_reply_to_an_earlier_request() {
    let mut pair = pair();
    let mut client = pair.client.connection.channel(ONE).unwrap();
    client.call(&queue::Declare { queue: "q".into(), ..Default::default() }).unwrap();
    client.call(&channel::Flow { active: true }).unwrap();
    pair.drive();
    let Some(Event::Request { token: Some(token), .. }) = pair.server.next_event() else {
        panic!("no request")
    };
    assert!(pair.client.events.is_empty(), "flow-ok before its turn");
    let mut server = pair.server.connection.channel(ONE).unwrap();
    server.reply(token, &queue::DeclareOk::default()).unwrap();
    pair.drive();
    let replies = pair.client.take_events();
    assert!(
        matches!(replies[..], [Event::Reply { .. }, Event::Reply { .. }]),
        "{:?}",
        lines(&replies)
    );
}

/// FLW-01: of several requests for flow inside one content, only the last one was answered.
#[test]
fn each_flow_inside_a_content_has_its_flow_ok() {
    let mut pair = pair();
    let mut client = pair.client.connection.channel(ONE).unwrap();
    client.start_publish(&basic::Publish::default(), Properties::EMPTY, 3).unwrap();
    let mut server = pair.server.connection.channel(ONE).unwrap();
    server.call(&channel::Flow { active: false }).unwrap();
    server.call(&channel::Flow { active: true }).unwrap();
    pair.drive();
    pair.client.connection.channel(ONE).unwrap().send_body(b"abc").unwrap();
    pair.drive();
    assert_eq!(pair.server.connection.channel(ONE).unwrap().pending_requests(), 0);
}

/// LIM-09: what waits for the end of a content is limited like all unanswered requests.
#[test]
fn flows_inside_a_content_have_a_limit() {
    let mut config = plain();
    config.limits.open_requests = 3;
    let mut client = client(config);
    client.open_channel().unwrap();
    let mut channel = client.channel(ONE).unwrap();
    channel.start_publish(&basic::Publish::default(), Properties::EMPTY, 3).unwrap();
    feed(&mut client, &channel_open_ok(1));
    let flow = method(1, 20, 20, b"\x01");
    feed(&mut client, &flow.repeat(3));
    assert!(!poll(&mut client).iter().any(|event| matches!(event, Event::Violation(_))));
    feed(&mut client, &flow);
    let events = poll(&mut client);
    let [Event::Violation(violation)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(violation.rule, "LIM-09");
}

/// The answer to a flow that had to wait was lost when the end of the content filled the output.
#[test]
fn flow_ok_is_sent_although_the_content_before_it_fills_the_output() {
    let mut config = plain();
    config.limits.unsent_output = 1000;
    config.limits.output_reserve = 0;
    let mut client = client(config);
    client.open_channel().unwrap();
    let mut channel = client.channel(ONE).unwrap();
    channel.start_publish(&basic::Publish::default(), Properties::EMPTY, 2000).unwrap();
    feed(&mut client, &[channel_open_ok(1), method(1, 20, 20, b"\0")].concat());
    poll(&mut client);
    client.channel(ONE).unwrap().send_body(&[0; 2000]).unwrap();
    let flow_ok = method(1, 20, 21, b"\0");
    assert!(output(&mut client).ends_with(&flow_ok));
}

/// CHN-05: where channel.close crosses the peer's, close-ok waited behind the output of other
/// channels and was thrown away with the channel. The peer then waits for it for ever.
#[test]
fn close_ok_is_not_lost_when_closes_cross_behind_a_full_window() {
    let mut pair = pair();
    for peer in [&mut pair.client.connection, &mut pair.server.connection] {
        peer.channel(ONE).unwrap().close(ReplyCode::REPLY_SUCCESS, "").unwrap();
    }
    // Both are on their way; then another channel fills the client's window.
    let to_server = output(&mut pair.client.connection);
    let to_client = output(&mut pair.server.connection);
    let mut busy = pair.client.connection.channel(TWO).unwrap();
    busy.publish(&basic::Publish::default(), Properties::EMPTY, &[0; 300_000]).unwrap();
    feed(&mut pair.server.connection, &to_server);
    feed(&mut pair.client.connection, &to_client);
    // Close-ok of the server comes before the client has written its own.
    poll(&mut pair.server.connection);
    let close_ok = output(&mut pair.server.connection);
    feed(&mut pair.client.connection, &close_ok);
    let closed = |event: &Event| matches!(event, Event::ChannelClosed { .. });
    assert!(matches!(&poll(&mut pair.client.connection)[..], [event] if closed(event)));
    pair.drive();
    assert_eq!(pair.server.take_events().iter().filter(|event| closed(event)).count(), 1);
}

/// LIM-09: a peer that repeats its channel.close and never reads had each of them answered, whatever
/// the limits of the output.
#[test]
fn closes_of_a_closing_channel_are_not_answered_without_a_limit() {
    let mut config = ServerConfig::default();
    config.limits.unsent_output = 10_000;
    config.limits.output_reserve = 1000;
    let mut server = server_with_channel(config);
    server.channel(ONE).unwrap().close(ReplyCode::REPLY_SUCCESS, "").unwrap();
    server.transmit();
    for _ in 0..20 {
        feed(&mut server, &channel_close(1, 200, "").repeat(1000));
        poll(&mut server);
    }
    assert!(server.unsent() < 12_000, "{} octets wait", server.unsent());
}

/// CHN-07: close-ok came before channel.close had left, and the channel was forgotten with the rest
/// of its content and its Close still unwritten.
#[test]
fn close_ok_before_the_close_was_written_is_refused() {
    let mut config = plain();
    config.frame_max = 4096;
    let mut client = client(config);
    client.open_channel().unwrap();
    feed(&mut client, &channel_open_ok(1));
    poll(&mut client);
    let mut channel = client.channel(ONE).unwrap();
    channel.publish(&basic::Publish::default(), Properties::EMPTY, &[0; 300_000]).unwrap();
    client.transmit();
    client.channel(ONE).unwrap().close(ReplyCode::REPLY_SUCCESS, "").unwrap();
    feed(&mut client, &channel_close_ok(1));
    let events = poll(&mut client);
    let [Event::Violation(violation)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!((violation.rule, violation.reply_code.0), ("CHN-07", 503));
}

/// Injected octets that are partly written moved when the window made room: a subtraction wrapped.
#[test]
fn injected_octets_may_be_written_in_parts() {
    let mut client = client(plain());
    let injected: Vec<u8> = (0..50_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    client.inject(&injected);
    client.transmit().advance(40_000);
    client.inject(b"more");
    client.open_channel().unwrap();
    let expected = [&injected[40_000..], b"more", &channel_open(1)].concat();
    assert!(output(&mut client) == expected);
}

/// The octets behind injected ones that are partly written were read as a frame's header.
#[test]
fn frames_are_told_apart_behind_partly_written_injected_octets() {
    let mut client = client(plain());
    client.inject(b"first injected");
    client.transmit().advance(6);
    client.inject(b"\0\0\0\0\0\0\0\0injected too");
    client.open_channel().unwrap();
    let mut taken = Vec::new();
    while let Some(octets) = client.transmit().take_frames(30) {
        taken.push(octets);
    }
    assert_eq!(taken, [&b"injected"[..], b"\0\0\0\0\0\0\0\0injected too", &channel_open(1)]);
}

/// A gated output left `poll_timeout` in the past after the connection had ended.
#[test]
fn nothing_is_due_after_the_end_of_a_stalled_connection() {
    let mut config = ServerConfig::default();
    config.limits.unsent_output = 1000;
    config.limits.output_reserve = 50;
    let mut server = server(config);
    feed(&mut server, &(1..=200).flat_map(channel_open).collect::<Vec<_>>());
    poll(&mut server);
    // The heartbeats of the peer are missed.
    server.handle_timeout(at(1000));
    server.handle_timeout(at(2000));
    assert_eq!(endings(&poll(&mut server)), 1);
    output(&mut server);
    assert_eq!(server.poll_timeout(), None);
}

/// FRM-05: a TLS alert is seven octets. It was recognised when it was polled before the end of the
/// stream, and taken for a cut-off stream when it wasn't.
#[test]
fn a_short_answer_in_another_protocol_is_recognised_at_the_end_of_the_stream() {
    for poll_before_end in [true, false] {
        let mut client = Connection::client(plain(), T0);
        feed(&mut client, b"\x15\x03\x03\x00\x02\x02\x46");
        let mut events = if poll_before_end { poll(&mut client) } else { Vec::new() };
        client.handle_eof(T0);
        events.extend(poll(&mut client));
        let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!(reason.detail, CloseDetail::OtherProtocol(PeerProtocol::Tls));
    }
}

/// CNT-04, CHN-12: a fault that would end the channel ends the connection while a content of this side
/// is open there. The event said that only the channel ends, and Close carried a code for channels.
#[test]
fn a_fault_that_escalates_says_so() {
    let mut config = ServerConfig::default();
    config.limits.max_body = Some(10);
    let mut server = server_with_channel(config);
    feed(&mut server, &consume(1, "c", false));
    poll(&mut server);
    let mut channel = server.channel(ONE).unwrap();
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    channel.start_deliver(&deliver, Properties::EMPTY, 5).unwrap();
    feed(&mut server, &[publish(1, "q"), header(1, 11, BARE)].concat());
    let events = poll(&mut server);
    let [Event::Violation(violation)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!((violation.rule, violation.scope), ("LIM-04", Scope::Connection));
    assert!(!violation.reply_code.is_soft());
    assert_eq!(server.phase(), Phase::Closing);
}

/// A peer's words came into log lines as they were, with line feeds and commands to terminals.
#[test]
fn a_peers_words_stay_in_their_line() {
    let evil = "bye\n2026-11-26 it's \"all\" over\r\x1b[2J";
    let shown = r#"bye\n2026-11-26 it's "all" over\r\u{1b}[2J"#;
    let mut client = client(plain());
    client.open_channel().unwrap();
    output(&mut client);
    feed(&mut client, &[channel_open_ok(1), channel_close(1, 404, evil)].concat());
    feed(&mut client, &connection_close(320, evil));
    let events = poll(&mut client);
    let [_, Event::ChannelClosed { reason, .. }, Event::Closed(end)] = &events[..] else {
        panic!("{:?}", lines(&events))
    };
    // The application still gets them as they were.
    assert_eq!((&reason.text[..], &end.text[..]), (evil, evil));
    assert_eq!(reason.to_string(), format!("closed by the peer with 404 not-found: {shown}"));
    assert!(end.to_string().ends_with(shown), "{end}");

    let mut client = Connection::client(plain(), T0);
    feed(&mut client, &start(evil));
    let events = poll(&mut client);
    assert!(lines(&events)[0].ends_with("it's \"all\" over\\r\\u{1b}[2J"), "{:?}", lines(&events));
    assert!(!lines(&events)[0].contains(char::is_control));
}

/// TUN-06: each side read a frame-max that neither had set as its own limit, and took the other's frames
/// for too large.
#[test]
fn ends_without_a_frame_max_mean_the_same_by_it() {
    for (clients, servers) in [(64 << 10, 16 << 20), (16 << 20, 64 << 10), (100_000, 100_000)] {
        let (mut client, mut server) = (plain(), ServerConfig::default());
        (client.frame_max, server.frame_max) = (0, 0);
        client.limits.unlimited_frame = clients;
        server.limits.unlimited_frame = servers;
        let mut pair = Pair::connected_with(client, server);
        let least = clients.min(servers);
        assert_eq!(pair.client.connection.frame_max(), least);
        assert_eq!(pair.server.connection.frame_max(), least);
        let id = pair.client.connection.open_channel().unwrap();
        let mut channel = pair.client.connection.channel(id).unwrap();
        channel
            .publish(&basic::Publish::default(), Properties::default(), vec![0; 200_000])
            .unwrap();
        pair.drive();
        let told = lines(&pair.server.take_events());
        assert!(told.len() == 2 && told[1].starts_with("content: "), "{told:?}");
    }
}

/// TBL-11: the strict profile refused the names of capabilities, which have dots, so that it could log in
/// nowhere.
#[test]
fn the_strict_profile_can_log_in() {
    for strict in [[true, true], [true, false], [false, true]] {
        let (mut client, mut server) = (plain(), ServerConfig::default());
        let profile = |is_strict| if is_strict { Profile::STRICT } else { Profile::DEFAULT };
        (client.profile, server.profile) = (Some(profile(strict[0])), profile(strict[1]));
        let pair = Pair::connected_with(client, server);
        assert!(pair.is_open(), "{strict:?}");
        assert!(pair.client.connection.capabilities().basic_nack);
        assert!(pair.server.connection.capabilities().basic_nack);
    }
}

/// With no room at all nothing was ever taken, or everything refused for lack of room.
#[test]
fn limits_of_zero_leave_room_for_one() {
    for which in 0..3 {
        let (mut config, mut other) = (plain(), ServerConfig::default());
        for limits in [&mut config.limits, &mut other.limits] {
            *[
                &mut limits.pre_login_input,
                &mut limits.undecoded_input,
                &mut limits.unsent_output,
            ][which] = 0;
        }
        let (mut client, mut server) =
            (Connection::client(config, T0), Connection::server(other, T0));
        let (mut to_server, mut to_client) = (BytesMut::new(), BytesMut::new());
        for _ in 0..20 {
            to_server.extend_from_slice(&output(&mut client));
            server.handle_input(T0, &mut to_server);
            poll(&mut server);
            to_client.extend_from_slice(&output(&mut server));
            client.handle_input(T0, &mut to_client);
            poll(&mut client);
        }
        assert_eq!([client.phase(), server.phase()], [Phase::Open; 2], "{which}");
        client.open_channel().unwrap();
    }
}

/// What was handed in behind the end of the stream was decoded, by two of the three doors.
#[test]
fn nothing_comes_behind_the_end_of_the_stream() {
    for door in 0..3 {
        let mut client = client(plain());
        client.handle_eof(T0);
        let close = connection_close(320, "too late");
        match door {
            0 => client.handle_input(T0, &mut BytesMut::from(&close[..])),
            1 => client.handle_bytes(T0, close.into()),
            _ => client.handle_slice(T0, &close),
        }
        let told = lines(&poll(&mut client));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("the peer ended the stream"), "{told:?}");
    }
}
