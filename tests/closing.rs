//! How connections and channels end: handshakes, crossings, the end of the stream, and time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail like the tests")]

mod common;

use amqp_proto::protocol::{Properties, ReplyCode, basic, queue};
use amqp_proto::{
    ChannelId, CloseDetail, CloseReason, Connection, Decision, Event, Initiator, Phase,
    ServerConfig, UsageError,
};
use bytes::{Buf, Bytes, BytesMut};
use common::*;
use core::time::Duration;

const OK: ReplyCode = ReplyCode::REPLY_SUCCESS;

fn id(number: u16) -> ChannelId {
    ChannelId::new(number).unwrap()
}

fn client_with_channels() -> Connection {
    let mut client = client(plain());
    for channel in 1..=2 {
        client.open_channel().unwrap();
        feed(&mut client, &channel_open_ok(channel));
    }
    poll(&mut client);
    output(&mut client);
    client
}

fn server_with_channels() -> Connection {
    let mut server = server(ServerConfig::default());
    feed(&mut server, &[channel_open(1), channel_open(2)].concat());
    poll(&mut server);
    output(&mut server);
    server
}

/// Both roles, open, with channels 1 and 2.
fn both() -> [Connection; 2] {
    [client_with_channels(), server_with_channels()]
}

fn ending(events: &[Event]) -> &CloseReason {
    match events {
        [.., Event::Closed(reason)] => reason,
        _ => panic!("{:?}", lines(events)),
    }
}

/// After the terminal event nothing changes any more.
fn check_dead(connection: &mut Connection) {
    assert_eq!(connection.phase(), Phase::Closed);
    output(connection);
    assert!(connection.open_channel().is_err());
    assert!(connection.open_channel_number(id(9)).is_err());
    assert!(connection.close(T0, OK, "").is_err());
    assert!(connection.decide(Decision::Accept).is_err());
    assert!(connection.decide(Decision::Refuse { code: OK, text: "" }).is_err());
    assert!(connection.update_secret(b"", "").is_err());
    assert!(connection.block("").is_err());
    assert!(connection.unblock().is_err());
    assert!(connection.redirect("elsewhere").is_err());
    if let Ok(mut channel) = connection.channel(id(1)) {
        assert!(channel.call(&queue::Declare::default()).is_err());
        assert!(channel.send(&basic::Ack::default()).is_err());
        assert!(channel.close(OK, "").is_err());
        assert!(channel.send_body(b"more").is_err());
        let publish = channel.publish(&basic::Publish::default(), Properties::EMPTY, "");
        assert!(publish.is_err());
        let deliver = channel.deliver(&basic::Deliver::default(), Properties::EMPTY, "");
        assert!(deliver.is_err());
    }
    let mut buffer = BytesMut::from(&connection_close(200, "")[..]);
    connection.handle_input(at(1), &mut buffer);
    assert!(buffer.is_empty());
    connection.handle_bytes(at(1), Bytes::from_static(b"rubbish"));
    connection.handle_slice(at(1), &connection_close_ok());
    connection.handle_eof(at(1));
    connection.handle_timeout(at(1000));
    assert!(!connection.wants_input() && !connection.is_writable());
    assert!(connection.poll_event().is_none());
    assert_eq!(connection.poll_timeout(), None);
    assert_eq!(output(connection), b"");
}

#[test]
fn closing_waits_for_close_ok() {
    for mut connection in both() {
        connection.close(T0, ReplyCode(320), "see you").unwrap();
        assert_eq!(connection.phase(), Phase::Closing);
        assert_eq!(output(&mut connection), connection_close(320, "see you"));
        assert!(matches!(
            connection.close(T0, OK, ""),
            Err(UsageError::ConnectionPhase { phase: "closing", .. })
        ));
        // CLS-01: all but close and close-ok is discarded, nonsense included.
        let rubbish =
            [declare(7, "q"), body(1, b"x"), method(0, 99, 9, b""), frame(8, 3, b"x"), open("/")];
        feed(&mut connection, &rubbish.concat());
        feed(&mut connection, &frame(1, 0, b"\0"));
        assert_eq!(lines(&poll(&mut connection)), [""; 0]);
        feed(&mut connection, &connection_close_ok());
        let events = poll(&mut connection);
        assert_eq!(events.len(), 1);
        let reason = ending(&events);
        assert_eq!((reason.initiator, reason.reply_code.0), (Initiator::Local, 320));
        assert_eq!((&reason.text[..], reason.detail), ("see you", CloseDetail::None));
        check_dead(&mut connection);
    }
}

#[test]
fn a_close_is_answered_and_nothing_follows() {
    for mut connection in both() {
        let blamed = [&b"\x01\xF8"[..], &short("unexpected"), b"\0\x3C\0\x28"].concat();
        let octets = [method(0, 10, 50, &blamed), declare(1, "never seen")].concat();
        feed(&mut connection, &octets);
        let events = poll(&mut connection);
        assert_eq!(events.len(), 1);
        let reason = ending(&events);
        assert_eq!(reason.initiator, Initiator::Peer);
        assert_eq!((reason.reply_code.0, &reason.text[..]), (504, "unexpected"));
        assert_eq!((reason.method.class_id, reason.method.method_id), (60, 40));
        assert_eq!(output(&mut connection), connection_close_ok());
        check_dead(&mut connection);
    }
}

#[test]
fn crossing_closes_are_both_answered() {
    for mut connection in both() {
        connection.close(T0, OK, "mine").unwrap();
        output(&mut connection);
        for _ in 0..2 {
            feed(&mut connection, &connection_close(320, "theirs"));
            assert_eq!(lines(&poll(&mut connection)), [""; 0]);
            assert_eq!(output(&mut connection), connection_close_ok());
        }
        feed(&mut connection, &connection_close_ok());
        assert_eq!(ending(&poll(&mut connection)).text, "mine");
        check_dead(&mut connection);
    }
}

/// CLS-03: the peer takes close-ok for the last word; CLS-11 is for those who wait for an answer.
#[test]
fn no_heartbeat_follows_close_ok() {
    let (mut of_client, mut of_server) = (plain(), ServerConfig::default());
    // Longer than heartbeats are apart.
    of_client.close_timeout = Duration::from_secs(100);
    of_server.close_timeout = of_client.close_timeout;
    for mut connection in [client(of_client), server(of_server)] {
        connection.close(T0, OK, "mine").unwrap();
        feed(&mut connection, &connection_close(320, "theirs"));
        poll(&mut connection);
        assert!(output(&mut connection).ends_with(&connection_close_ok()));
        // What was drained is seen now.
        connection.handle_timeout(at(1));
        while let Some(due) = connection.poll_timeout() {
            connection.handle_timeout(due);
            assert_eq!(output(&mut connection), b"");
        }
        assert_eq!(ending(&poll(&mut connection)).text, "mine");
    }
}

#[test]
fn closing_before_it_is_open_sends_nothing() {
    let mut client = Connection::client(plain(), T0);
    output(&mut client);
    let mut server = Connection::server(ServerConfig::default(), T0);
    let mut at_login = server.clone();
    feed(&mut at_login, &[PROTOCOL_HEADER, &start_ok("PLAIN", b"")].concat());
    assert!(matches!(at_login.poll_event(), Some(Event::Credentials(_))));
    output(&mut at_login);
    let mut logging_in = client.clone();
    feed(&mut logging_in, &start("PLAIN"));
    poll(&mut logging_in);
    output(&mut logging_in);
    for connection in [&mut client, &mut server, &mut at_login, &mut logging_in] {
        connection.close(T0, OK, "early").unwrap();
        assert_eq!(output(connection), b"");
        let events = poll(connection);
        assert_eq!(ending(&events).initiator, Initiator::Local);
        assert_eq!(events.len(), 1);
        check_dead(connection);
    }
}

#[test]
fn a_refused_login_is_told_to_those_who_asked() {
    let capability = [b"\x1Cauthentication_failure_close", &b"t\x01"[..]].concat();
    let table = [b"\x0CcapabilitiesF", &long(&capability)[..]].concat();
    let start_ok = |table: &[u8]| {
        let rest = [&short("PLAIN")[..], &long(b""), &short("en_US")].concat();
        method(0, 10, 11, &[long(table), rest].concat())
    };
    for (table, told) in [(&table[..], true), (b"", false)] {
        let mut server = Connection::server(ServerConfig::default(), T0);
        feed(&mut server, &[PROTOCOL_HEADER, &start_ok(table)].concat());
        assert!(matches!(server.poll_event(), Some(Event::Credentials(_))));
        output(&mut server);
        server.decide(Decision::Refuse { code: ReplyCode(403), text: "who?" }).unwrap();
        let expected = if told { connection_close(403, "who?") } else { Vec::new() };
        assert_eq!(output(&mut server), expected);
        if told {
            assert!(server.poll_event().is_none());
            feed(&mut server, &connection_close_ok());
        }
        let events = poll(&mut server);
        assert_eq!(ending(&events).detail, CloseDetail::LoginRefused);
        check_dead(&mut server);
    }
}

/// What is awaited when the stream ends, by how far the peer has come.
#[test]
fn the_end_of_the_stream_says_what_was_awaited() {
    let check = |mut connection: Connection, octets: &[u8], awaited: &str, accept: bool| {
        output(&mut connection);
        connection.handle_bytes(T0, Bytes::copy_from_slice(octets));
        if accept {
            poll(&mut connection);
        } else {
            while connection.poll_event().is_some() {}
        }
        connection.handle_eof(T0);
        let events = poll(&mut connection);
        assert_eq!(events.len(), 1, "{:?}", lines(&events));
        let reason = ending(&events);
        assert_eq!(reason.initiator, Initiator::Transport);
        let CloseDetail::EndOfStream { awaited: told } = reason.detail else { panic!("{reason}") };
        assert_eq!(told, awaited);
        check_dead(&mut connection);
    };
    let server = || Connection::server(ServerConfig::default(), T0);
    let client = || Connection::client(plain(), T0);
    let login = [PROTOCOL_HEADER, &start_ok("PLAIN", b"")].concat();
    let tuned = [&login[..], &tune_ok(2047, 131_072, 0)].concat();
    let opened = [&tuned[..], &open("/")].concat();
    check(server(), b"", "a protocol header", true);
    check(server(), b"AMQP", "a protocol header", true);
    check(server(), PROTOCOL_HEADER, "connection.start-ok", true);
    check(server(), &login[..20], "the rest of a frame", true);
    check(server(), &login, "a decision on the login", false);
    check(server(), &login, "connection.tune-ok", true);
    check(server(), &tuned, "connection.open", true);
    check(server(), &opened, "connection.close", true);
    check(server(), &[&opened[..], &HEARTBEAT[..7]].concat(), "the rest of a frame", true);
    let refused = "connection.tune (the login may have been refused)";
    check(client(), b"", "connection.start", true);
    check(client(), &start("PLAIN"), refused, true);
    check(client(), &[start("PLAIN"), tune(0, 0, 0)].concat(), "connection.open-ok", true);
    check(client(), &server_handshake(0), "connection.close", true);
}

#[test]
fn the_end_of_the_stream_ends_a_close_too() {
    for mut connection in both() {
        connection.close(T0, OK, "bye").unwrap();
        connection.handle_eof(T0);
        let events = poll(&mut connection);
        assert_eq!(events.len(), 1);
        let reason = ending(&events);
        assert_eq!((reason.initiator, &reason.text[..]), (Initiator::Local, "bye"));
        let awaited = "connection.close-ok";
        assert_eq!(reason.detail, CloseDetail::EndOfStream { awaited }, "CLS-10");
        let line = reason.to_string();
        assert!(line.contains("bye") && line.contains(awaited), "{line}");
        // Half closed: what waits is still written.
        assert_eq!(output(&mut connection), connection_close(200, "bye"));
        check_dead(&mut connection);
    }
}

#[test]
fn a_close_that_waits_unpolled_comes_before_the_end_of_the_stream() {
    for mut connection in both() {
        feed(&mut connection, &[HEARTBEAT, &connection_close(320, "shutdown")].concat());
        connection.handle_eof(T0);
        let events = poll(&mut connection);
        assert_eq!(events.len(), 1);
        assert_eq!(ending(&events).initiator, Initiator::Peer);
        assert_eq!(output(&mut connection), connection_close_ok());
        check_dead(&mut connection);
    }
}

#[test]
fn pending_requests_fail_in_order_and_once() {
    let mut client = client_with_channels();
    let mut requests = Vec::new();
    for number in [1, 2] {
        let mut channel = client.channel(id(number)).unwrap();
        for _ in 0..3 {
            requests.push(channel.call(&queue::Declare::default()).unwrap().unwrap());
        }
    }
    let failed = |events: &[Event]| -> Vec<_> {
        let failed = events.iter().filter_map(|event| match event {
            Event::RequestFailed { request, .. } => Some(*request),
            _ => None,
        });
        failed.collect()
    };
    feed(&mut client, &declare_ok(1, "first"));
    feed(&mut client, &channel_close(1, 404, "no queue"));
    let events = poll(&mut client);
    assert!(matches!(events.first(), Some(Event::Reply { .. })));
    assert_eq!(failed(&events), requests[1..3]);
    let Some(Event::ChannelClosed { channel, reason }) = events.last() else { panic!() };
    assert_eq!((channel.number(), reason.initiator), (1, Initiator::Peer));
    assert_eq!((reason.reply_code.0, &reason.text[..]), (404, "no queue"));

    let mut dropped = client.clone();
    dropped.handle_eof(T0);
    let events = poll(&mut dropped);
    assert_eq!(failed(&events), requests[3..]);
    ending(&events);

    client.close(T0, OK, "").unwrap();
    feed(&mut client, &connection_close_ok());
    let events = poll(&mut client);
    assert_eq!(failed(&events), requests[3..]);
    ending(&events);
    check_dead(&mut client);
}

#[test]
fn nothing_is_decided_after_the_end() {
    let secret = method(0, 10, 70, &[&long(b"new")[..], &short("token")].concat());
    for refuse in [false, true] {
        for closing in [false, true] {
            let mut server = server_with_channels();
            feed(&mut server, &secret);
            assert!(matches!(poll(&mut server)[..], [Event::UpdateSecret(_)]));
            if closing {
                server.close(T0, OK, "").unwrap();
            } else {
                feed(&mut server, &connection_close(200, ""));
                ending(&poll(&mut server));
            }
            output(&mut server);
            let decision = if refuse {
                Decision::Refuse { code: ReplyCode(403), text: "no" }
            } else {
                Decision::Accept
            };
            assert_eq!(server.decide(decision), Err(UsageError::NothingToDecide));
            assert_eq!(output(&mut server), b"");
        }
    }
}

#[test]
fn a_content_ends_with_its_connection() {
    for ended in [false, true] {
        let mut client = client_with_channels();
        let mut channel = client.channel(id(1)).unwrap();
        channel.start_publish(&basic::Publish::default(), Properties::EMPTY, 100).unwrap();
        channel.send_body(b"half").unwrap();
        client.close(T0, OK, "").unwrap();
        if ended {
            feed(&mut client, &connection_close_ok());
            ending(&poll(&mut client));
        }
        let sent = frames(&output(&mut client));
        assert_eq!(sent.last().map(|(_, channel, _)| *channel), Some(0));
        let refused = client.channel(id(1)).unwrap().send_body(b"more").unwrap_err();
        assert!(matches!(refused, UsageError::ConnectionPhase { .. }), "{refused}");
        assert_eq!(output(&mut client), b"");
    }
}

#[test]
fn closing_works_while_output_is_full_and_ends_at_a_frame() {
    for drained in [0, 1, 50, 100_000, 131_072, 200_000] {
        let mut client = client_with_channels();
        let octets = Bytes::from(vec![7; 3 << 20]);
        for number in [1, 2] {
            let mut channel = client.channel(id(number)).unwrap();
            channel.publish(&basic::Publish::default(), Properties::EMPTY, &octets).unwrap();
            if number == 1 {
                let full = channel.publish(&basic::Publish::default(), Properties::EMPTY, "");
                assert!(matches!(full, Err(UsageError::Full { .. })));
                break;
            }
        }
        let mut sent = Vec::new();
        while sent.len() < drained {
            let transmit = client.transmit();
            let len = transmit.chunk().len().min(drained - sent.len());
            sent.extend(transmit.copy_to_bytes(len));
        }
        client.close(T0, OK, "now").unwrap();
        sent.extend(output(&mut client));
        assert!(sent.len() < 600_000, "the rest of the body is dropped: {}", sent.len());
        let sent = frames(&sent);
        let connection_close = connection_close(200, "now");
        let last = sent.last().unwrap();
        assert_eq!((last.0, last.1), (1, 0));
        assert_eq!(last.2, connection_close[7..connection_close.len() - 1]);
    }
}

#[test]
fn a_text_is_cut_between_characters() {
    let mut client = client_with_channels();
    client.close(T0, OK, &"é".repeat(200)).unwrap();
    assert_eq!(output(&mut client), connection_close(200, &"é".repeat(127)));
}

#[test]
fn a_redirect_ends_both_sides() {
    let mut server = server_with_channels();
    server.redirect("elsewhere:5672").unwrap();
    let octets = output(&mut server);
    assert_eq!(octets, method(0, 10, 42, &[&short("elsewhere:5672")[..], &short("")].concat()));
    assert_eq!(ending(&poll(&mut server)).detail, CloseDetail::Redirected);
    check_dead(&mut server);

    let mut client = client_with_channels();
    feed(&mut client, &octets);
    let events = poll(&mut client);
    assert!(matches!(events[..], [Event::Notice(_), Event::Closed(_)]), "{:?}", lines(&events));
    assert_eq!(ending(&events).text, "elsewhere:5672");
    check_dead(&mut client);
}
