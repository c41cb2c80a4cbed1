//! How channels end, in both roles, and which of the time limits end what.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail like the tests")]

mod common;

use core::time::Duration;

use amqp_proto::protocol::{Properties, ReplyCode, basic, queue};
use amqp_proto::{
    ChannelId, CloseDetail, Connection, Decision, Event, Initiator, Phase, ServerConfig, UsageError,
};
use bytes::Bytes;
use common::*;

const OK: ReplyCode = ReplyCode::REPLY_SUCCESS;

fn id(number: u16) -> ChannelId {
    ChannelId::new(number).unwrap()
}

fn client_with_channel() -> Connection {
    let mut client = client(plain());
    client.open_channel().unwrap();
    feed(&mut client, &channel_open_ok(1));
    poll(&mut client);
    output(&mut client);
    client
}

fn server_with_channel() -> Connection {
    let mut server = server(ServerConfig::default());
    feed(&mut server, &channel_open(1));
    poll(&mut server);
    output(&mut server);
    server
}

/// A content on channel 1 from the peer.
fn content(connection: &Connection) -> Vec<u8> {
    let carrier = match connection.side() {
        amqp_proto::Side::Client => deliver(1, 1),
        _ => publish(1, "key"),
    };
    message(carrier, 1, b"octets", 3)
}

#[test]
fn everything_is_discarded_until_close_ok() {
    for mut connection in [client_with_channel(), server_with_channel()] {
        // The close falls into a content of the peer.
        let content = content(&connection);
        let (first, rest) = content.split_at(content.len() - 20);
        feed(&mut connection, first);
        poll(&mut connection);
        connection.channel(id(1)).unwrap().close(OK, "done").unwrap();
        assert_eq!(output(&mut connection), channel_close(1, 200, "done"));
        let octets = [rest, &content, &body(1, b"x"), &header(1, 9, BARE)].concat();
        feed(&mut connection, &octets);
        feed(&mut connection, &[content, HEARTBEAT.to_vec()].concat());
        assert_eq!(lines(&poll(&mut connection)), [""; 0]);
        let mut channel = connection.channel(id(1)).unwrap();
        assert!(matches!(
            channel.close(OK, ""),
            Err(UsageError::ChannelPhase { phase: "closing", channel: 1, .. })
        ));
        feed(&mut connection, &channel_close_ok(1));
        let events = poll(&mut connection);
        let [Event::ChannelClosed { channel, reason }] = &events[..] else {
            panic!("{:?}", lines(&events));
        };
        assert_eq!((channel.number(), reason.initiator), (1, Initiator::Local));
        assert_eq!(&reason.text, "done");
        assert!(matches!(
            connection.channel(id(1)).map(|_| ()),
            Err(UsageError::UnknownChannel { channel: 1 })
        ));
        assert_eq!(connection.phase(), Phase::Open);
        assert_eq!(output(&mut connection), b"");
    }
}

#[test]
fn a_close_of_the_peer_is_answered_at_once() {
    for mut connection in [client_with_channel(), server_with_channel()] {
        feed(&mut connection, &channel_close(1, 404, "gone"));
        let events = poll(&mut connection);
        let [Event::ChannelClosed { reason, .. }] = &events[..] else {
            panic!("{:?}", lines(&events));
        };
        assert_eq!((reason.initiator, reason.reply_code.0), (Initiator::Peer, 404));
        assert_eq!(output(&mut connection), channel_close_ok(1));
        assert!(connection.channel(id(1)).is_err());
    }
}

/// A peer that has begun to read a content reads the rest of it, before it reads close-ok.
#[test]
fn a_close_inside_a_content_is_answered_behind_the_rest_of_it() {
    for missing in 1..=4 {
        let body = vec![7; 10 - missing];
        let mut connections = [client_with_channel(), server_with_channel()];
        feed(&mut connections[1], &consume(1, "c", true));
        poll(&mut connections[1]);
        for mut connection in connections {
            let side = connection.side();
            let mut channel = connection.channel(id(1)).unwrap();
            let begun = match side {
                amqp_proto::Side::Client => channel
                    .start_publish(&basic::Publish::default(), Properties::EMPTY, 10)
                    .map(drop),
                _ => {
                    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
                    channel.start_deliver(&deliver, Properties::EMPTY, 10).map(drop)
                }
            };
            begun.unwrap();
            channel.send_body(&body[..]).unwrap();
            output(&mut connection);
            feed(&mut connection, &channel_close(1, 200, ""));
            poll(&mut connection);
            let written = frames(&output(&mut connection));
            let [(3, 1, rest), (1, 1, close_ok)] = &written[..] else {
                panic!("{side:?}, {missing} missing: {written:?}");
            };
            assert_eq!((rest.len(), &close_ok[..]), (missing, &b"\0\x14\0\x29"[..]));
        }
    }
}

#[test]
fn crossing_closes_are_both_answered() {
    for mut connection in [client_with_channel(), server_with_channel()] {
        connection.channel(id(1)).unwrap().close(OK, "mine").unwrap();
        output(&mut connection);
        for _ in 0..2 {
            feed(&mut connection, &channel_close(1, 406, "theirs"));
            assert_eq!(lines(&poll(&mut connection)), [""; 0]);
            assert_eq!(output(&mut connection), channel_close_ok(1));
        }
        feed(&mut connection, &channel_close_ok(1));
        let events = poll(&mut connection);
        assert!(
            matches!(&events[..], [Event::ChannelClosed { reason, .. }] if reason.text == "mine")
        );
    }
}

/// The Close still waits behind a body when the peer's comes: nothing may follow close-ok.
#[test]
fn a_close_that_was_not_written_yet_does_not_follow_close_ok() {
    let mut client = client_with_channel();
    let octets = Bytes::from(vec![7; 900_000]);
    let mut channel = client.channel(id(1)).unwrap();
    channel.publish(&basic::Publish::default(), Properties::EMPTY, &octets).unwrap();
    channel.call(&queue::Declare::default()).unwrap();
    channel.close(OK, "mine").unwrap();
    feed(&mut client, &channel_close(1, 406, "theirs"));
    let mut events = poll(&mut client);
    let sent = frames(&output(&mut client));
    let close_ok = sent.iter().position(|frame| frame.2 == *b"\0\x14\0\x29");
    assert_eq!(close_ok, Some(sent.len() - 1), "{} frames", sent.len());
    // If the Close went out before it, the peer answers it.
    if sent.iter().any(|frame| frame.2.starts_with(b"\0\x14\0\x28")) {
        feed(&mut client, &channel_close_ok(1));
        events.extend(poll(&mut client));
    }
    assert!(
        matches!(events[..], [Event::RequestFailed { .. }, Event::ChannelClosed { .. }]),
        "{:?}",
        lines(&events)
    );
    assert!(client.channel(id(1)).is_err());
    assert_eq!(client.open_channel().unwrap(), id(1));
    assert_eq!(output(&mut client), channel_open(1));
}

#[test]
fn a_client_uses_a_number_again_only_after_close_ok() {
    let mut config = plain();
    config.channel_max = 1;
    let mut client = client(config);
    client.open_channel().unwrap();
    feed(&mut client, &channel_open_ok(1));
    poll(&mut client);
    assert_eq!(client.open_channel(), Err(UsageError::NoFreeChannel { channel_max: 1 }));
    client.channel(id(1)).unwrap().close(OK, "").unwrap();
    assert_eq!(client.open_channel(), Err(UsageError::NoFreeChannel { channel_max: 1 }));
    assert!(client.open_channel_number(id(1)).is_err());
    feed(&mut client, &channel_close_ok(1));
    poll(&mut client);
    output(&mut client);
    assert_eq!(client.open_channel(), Ok(id(1)));
    assert_eq!(output(&mut client), channel_open(1));
    // After the server's Close it is free as soon as close-ok is queued.
    feed(&mut client, &[channel_open_ok(1), channel_close(1, 404, "")].concat());
    poll(&mut client);
    assert_eq!(client.open_channel(), Ok(id(1)));
    assert_eq!(output(&mut client), [channel_close_ok(1), channel_open(1)].concat());
}

#[test]
fn a_server_takes_a_number_again_only_after_close_ok() {
    // The client has closed: its number is free once close-ok has gone out.
    let mut server = server_with_channel();
    feed(&mut server, &[channel_close(1, 200, ""), channel_open(1)].concat());
    let events = poll(&mut server);
    assert!(matches!(events[..], [Event::ChannelClosed { .. }, Event::ChannelOpened(_)]));
    assert_eq!(output(&mut server), [channel_close_ok(1), channel_open_ok(1)].concat());
    // The server has closed: what comes before close-ok is discarded, channel.open too.
    server.channel(id(1)).unwrap().close(ReplyCode(406), "").unwrap();
    output(&mut server);
    feed(&mut server, &[channel_open(1), channel_close_ok(1), channel_open(1)].concat());
    let events = poll(&mut server);
    assert!(matches!(events[..], [Event::ChannelClosed { .. }, Event::ChannelOpened(_)]));
    assert_eq!(output(&mut server), channel_open_ok(1));
}

#[test]
fn a_number_starts_clean() {
    let mut server = server_with_channel();
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    feed(&mut server, &consume(1, "c", false));
    poll(&mut server);
    let mut channel = server.channel(id(1)).unwrap();
    assert_eq!(channel.deliver(&deliver, Properties::EMPTY, "a"), Ok(1));
    assert_eq!(channel.unacked(), 1);
    feed(&mut server, &[method(1, 20, 20, b"\0"), publish(1, "key"), header(1, 9, BARE)].concat());
    poll(&mut server);
    assert!(server.channel(id(1)).unwrap().is_flow_stopped());
    server.channel(id(1)).unwrap().close(OK, "").unwrap();
    feed(&mut server, &[channel_close_ok(1), channel_open(1)].concat());
    poll(&mut server);
    let mut channel = server.channel(id(1)).unwrap();
    assert!(!channel.is_flow_stopped() && channel.unacked() == 0);
    let unknown = UsageError::UnknownConsumer { channel: 1 };
    assert_eq!(channel.deliver(&deliver, Properties::EMPTY, "a"), Err(unknown));
    feed(&mut server, &consume(1, "c", false));
    poll(&mut server);
    let mut channel = server.channel(id(1)).unwrap();
    assert_eq!(channel.deliver(&deliver, Properties::EMPTY, "a"), Ok(1));
    feed(&mut server, &message(publish(1, "key"), 1, b"whole", 5));
    assert!(matches!(poll(&mut server)[..], [Event::Content(_)]));
}

#[test]
fn a_number_that_was_asked_for_is_not_given_out() {
    let mut client = client(plain());
    for _ in 0..3 {
        client.open_channel().unwrap();
    }
    output(&mut client);
    for _ in 0..100 {
        client.channel(id(2)).unwrap().close(OK, "").unwrap();
        feed(&mut client, &channel_close_ok(2));
        poll(&mut client);
        client.open_channel_number(id(2)).unwrap();
        output(&mut client);
    }
    assert_eq!(client.channels().count(), 3);
    assert_eq!(client.open_channel(), Ok(id(4)));
}

#[test]
fn close_ok_is_not_awaited_for_ever() {
    for mut connection in [client_with_channel(), server_with_channel()] {
        connection.close(at(100), OK, "bye").unwrap();
        output(&mut connection);
        let mut now = at(100);
        while connection.phase() == Phase::Closing {
            now = connection.poll_timeout().unwrap();
            connection.handle_timeout(now);
            output(&mut connection);
        }
        assert_eq!(now, at(110));
        let events = poll(&mut connection);
        let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!(reason.detail, CloseDetail::CloseTimeout);
        assert_eq!(reason.initiator, Initiator::Local);
        assert_eq!(connection.poll_timeout(), None);
    }
}

#[test]
fn close_ok_that_waits_unpolled_beats_the_time_limit() {
    for mut connection in [client_with_channel(), server_with_channel()] {
        connection.close(at(1), OK, "bye").unwrap();
        connection.handle_slice(at(2), &connection_close_ok());
        connection.handle_timeout(at(50));
        let events = poll(&mut connection);
        let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!(reason.detail, CloseDetail::None);
    }
}

#[test]
fn handshakes_take_no_longer_than_allowed() {
    let login = [PROTOCOL_HEADER, &start_ok("PLAIN", b"")].concat();
    let pipelined = [&login[..], &tune_ok(2047, 131_072, 0)[..9]].concat();
    let stages: [(&[u8], &str); 5] = [
        (b"", "a protocol header"),
        (PROTOCOL_HEADER, "connection.start-ok"),
        (&login[..20], "the rest of a frame"),
        (&login, "a decision on the login"),
        // However much of what follows has come.
        (&pipelined, "a decision on the login"),
    ];
    for (octets, awaited) in stages {
        let mut server = Connection::server(ServerConfig::default(), at(5));
        server.handle_slice(at(14), octets);
        while server.poll_event().is_some() {}
        assert_eq!(server.poll_timeout(), Some(at(15)), "absolute");
        server.handle_timeout(at(14));
        assert_ne!(server.phase(), Phase::Closed);
        server.handle_timeout(at(15));
        let events = poll(&mut server);
        let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!(reason.detail, CloseDetail::HandshakeTimeout { awaited });
        assert_eq!(server.decide(Decision::Accept), Err(UsageError::NothingToDecide));
        assert_eq!(server.poll_timeout(), None);
    }
    let mut config = plain();
    config.handshake_timeout = Duration::from_secs(3);
    let mut client = Connection::client(config, at(5));
    client.handle_slice(at(6), &start("PLAIN"));
    poll(&mut client);
    client.handle_timeout(at(8));
    let events = poll(&mut client);
    let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert!(matches!(reason.detail, CloseDetail::HandshakeTimeout { .. }));
}

/// Who refuses awaits close-ok, for as long as any other close: the handshake's limit has nothing to say then.
#[test]
fn a_refused_virtual_host_has_no_handshake_limit() {
    let mut config = ServerConfig::default();
    config.handshake_timeout = Duration::from_secs(1);
    let mut server = Connection::server(config, T0);
    feed(&mut server, &client_handshake(131_072));
    let mut decisions = 0;
    while let Some(event) = server.poll_event() {
        let decision = match event {
            Event::VirtualHost(_) => Decision::Refuse { code: ReplyCode::NOT_ALLOWED, text: "no" },
            _ => Decision::Accept,
        };
        server.decide(decision).unwrap();
        decisions += 1;
    }
    assert_eq!((decisions, server.phase()), (2, Phase::Closing));
    output(&mut server);
    server.handle_timeout(T0); // from which it counts
    assert_eq!(server.poll_timeout(), Some(at(10)));
    server.handle_timeout(at(9));
    assert_eq!((lines(&poll(&mut server)), server.phase()), (vec![], Phase::Closing));
    server.handle_timeout(at(10));
    let events = poll(&mut server);
    let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(reason.detail, CloseDetail::CloseTimeout);
}

#[test]
fn an_open_connection_has_no_handshake_limit() {
    let mut config = plain();
    config.heartbeat = amqp_proto::Heartbeat::Off;
    let mut client = client(config);
    assert_eq!(client.poll_timeout(), None);
    client.handle_timeout(at(100_000));
    assert_eq!(client.phase(), Phase::Open);
}

/// What waits on a channel is dropped when it is closed; its turn to write isn't looked for meanwhile, and
/// is that of whichever channel comes next.
#[test]
fn a_channel_in_the_place_of_another_has_its_turn() {
    let mut config = ServerConfig::default();
    config.limits.output_window = 100;
    let mut server = server(config);
    let flow = |number| method(number, 20, 20, b"\x01");
    for number in 1..=3 {
        feed(&mut server, &channel_open(number));
    }
    for number in [1, 2, 3, 1, 2, 3, 1, 2, 3] {
        feed(&mut server, &flow(number));
    }
    for number in [2, 3] {
        feed(&mut server, &[channel_close(number, 200, ""), channel_open(number + 7)].concat());
        feed(&mut server, &flow(number + 7));
        poll(&mut server);
    }
    let on =
        |channel, frames: &[(u16, u8)]| frames.iter().filter(|frame| frame.0 == channel).count();
    let sent: Vec<_> =
        frames(&output(&mut server)).into_iter().map(|(_, channel, m)| (channel, m[3])).collect();
    assert_eq!([1, 9, 10].map(|channel| on(channel, &sent)), [4, 2, 2], "{sent:?}");
    for number in [1, 9, 10] {
        feed(&mut server, &flow(number));
        poll(&mut server);
    }
    assert_eq!(frames(&output(&mut server)).len(), 3);
}
