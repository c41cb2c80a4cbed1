//! Faults after which nobody knows where the next frame begins: nothing more is decoded, and nobody
//! waits for close-ok.

use crate::common::*;
use crate::*;
use amqp_proto::{Phase, Profile};

/// A fault of framing, and how it is told once the connection is open.
struct Fault {
    name: &'static str,
    octets: Vec<u8>,
    rule: &'static str,
}

/// Seven octets of a frame with nothing behind them.
fn announced(frame_type: u8, channel: u16, size: u32) -> Vec<u8> {
    [&[frame_type][..], &channel.to_be_bytes(), &size.to_be_bytes()].concat()
}

fn faults(largest: u32, lost: &'static str) -> Vec<Fault> {
    let mut faults = Vec::new();
    for frame_type in [0, 4, 5, 6, 7, 9, 65, 255] {
        let octets = frame(frame_type, 0, b"");
        faults.push(Fault { name: "an unknown type", octets, rule: "FRM-03" });
        let octets = announced(frame_type, 1, 100);
        faults.push(Fault { name: "an unknown type, nothing behind", octets, rule: "FRM-03" });
    }
    faults.push(Fault { name: "a second header", octets: PROTOCOL_HEADER.into(), rule: "FRM-03" });
    let sizes = [largest + 1, largest + 2, 0x7FFF_FFFF, 0x8000_0000].into_iter();
    for size in sizes.chain(0xFFFF_FFF8..=u32::MAX) {
        for frame_type in [1, 2, 3, 8] {
            let octets = announced(frame_type, 0, size);
            faults.push(Fault { name: "too large", octets, rule: lost });
        }
    }
    for end in [0x00, 0x01, 0xCD, 0xCF, 0xEC, 0xFF] {
        let mut octets = frame(8, 0, b"");
        *octets.last_mut().unwrap() = end;
        faults.push(Fault { name: "a wrong end", octets, rule: "FRM-02" });
        let mut octets = frame(1, 0, b"\0\x0A\0\x33");
        *octets.last_mut().unwrap() = end;
        faults.push(Fault { name: "a wrong end of close-ok", octets, rule: "FRM-02" });
    }
    faults
}

fn check(fault: &Fault, stage: Stage, told: bool) {
    for chunk in [1, usize::MAX] {
        let (mut connection, offset) = stage.reach();
        output(&mut connection);
        let name = format!("{}: {}", fault.name, hex(&fault.octets));
        // A frame that arrived whole before the fault is decoded first.
        feed(&mut connection, HEARTBEAT);
        for part in fault.octets.chunks(chunk) {
            feed(&mut connection, part);
        }
        let events = poll(&mut connection);
        let [Event::Violation(violation), Event::Closed(reason)] = &events[..] else {
            panic!("{name}: {:?}", lines(&events));
        };
        assert_eq!(violation.rule, fault.rule, "{name}");
        assert_eq!(violation.reply_code.0, 501, "{name}");
        assert_eq!(violation.scope, Scope::Connection, "{name}");
        assert_eq!(violation.method, MethodId::default(), "{name}");
        assert_eq!(violation.offset, offset + 8, "{name}");
        assert!(!violation.expected.is_empty() && !violation.got.to_string().is_empty(), "{name}");
        assert_eq!(reason.initiator, Initiator::Library, "{name}");
        assert_eq!((reason.reply_code.0, &reason.text), (501, &violation.to_string()), "{name}");
        assert_eq!(connection.phase(), Phase::Closed);
        let sent = output(&mut connection);
        let mut expected = Vec::new();
        if told {
            let text = short(&violation.to_string());
            expected = method(0, 10, 50, &[&501_u16.to_be_bytes()[..], &text, &[0; 4]].concat());
        }
        assert_eq!(sent, expected, "{name}: {}", hex(&sent));
        // FRM-12
        for octets in [&frame(1, 0, b"\0\x0A\0\x33"), HEARTBEAT, &channel_open(1)] {
            feed(&mut connection, octets);
            assert_eq!(poll(&mut connection).len(), 0, "{name}");
        }
        connection.handle_eof(T0);
        assert_eq!(poll(&mut connection).len(), 0, "{name}");
        assert_eq!(output(&mut connection), b"", "{name}");
        assert_eq!(connection.poll_timeout(), None, "{name}");
    }
}

#[test]
fn an_open_server_says_501_and_is_gone() {
    for fault in faults(131_072, "FRM-06") {
        check(&fault, ServerOpen, true);
        check(&fault, ServerOpening, true);
    }
}

#[test]
fn an_open_client_says_501_and_is_gone() {
    for fault in faults(131_072, "FRM-06") {
        check(&fault, ClientOpen, true);
        check(&fault, ClientOpening, true);
    }
}

#[test]
fn before_tuning_nothing_is_said_and_frames_are_smaller() {
    for fault in faults(8184, "LIM-02") {
        check(&fault, ServerStart, false);
        check(&fault, ServerTune, false);
        check(&fault, ClientSecure, false);
    }
    for size in [8185, u32::MAX] {
        let fault = Fault { name: "start", octets: announced(1, 0, size), rule: "LIM-02" };
        let mut client = Connection::client(plain(), T0);
        output(&mut client);
        feed(&mut client, &fault.octets);
        let events = poll(&mut client);
        let [Event::Violation(violation), Event::Closed(_)] = &events[..] else {
            panic!("{:?}", lines(&events));
        };
        assert_eq!((violation.rule, violation.reply_code.0, violation.offset), ("LIM-02", 501, 0));
        assert_eq!(output(&mut client), b"");
    }
}

#[test]
fn frames_of_the_largest_size_are_taken() {
    let (mut server, _) = ServerChannel.reach();
    let bodies = vec![7; 131_072];
    feed(&mut server, &message(publish(1, "k"), 1, &bodies, bodies.len()));
    let events = poll(&mut server);
    let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(content.body().len(), 131_072);
    // Before tuning: a start-ok of 8192 octets in all.
    let (mut server, _) = ServerStart.reach();
    let empty = start_ok("PLAIN", b"").len();
    feed(&mut server, &start_ok("PLAIN", &vec![0; 8192 - empty]));
    assert!(matches!(poll(&mut server)[..], [Event::Credentials(_)]));
}

#[test]
fn strict_peers_are_told_nothing_and_eight_octets_less_are_allowed() {
    let mut config = ServerConfig::default();
    config.profile = Profile::STRICT;
    let strict = server(config);
    for fault in faults(131_064, "FRM-06") {
        let mut server = strict.clone();
        feed(&mut server, &fault.octets);
        let events = poll(&mut server);
        let [Event::Violation(violation), Event::Closed(_)] = &events[..] else {
            panic!("{}: {:?}", fault.name, lines(&events));
        };
        assert_eq!(violation.rule, fault.rule);
        assert_eq!(output(&mut server), b"");
    }
    // Another violation is told as ever.
    let mut server = strict.clone();
    feed(&mut server, &declare(0, "q"));
    assert!(matches!(poll(&mut server)[..], [Event::Violation(_)]));
    assert_eq!(frames(&output(&mut server)).len(), 1);
    let mut server = strict;
    feed(&mut server, &channel_open(1));
    feed(&mut server, &message(publish(1, "k"), 1, &vec![0; 131_064], 131_064));
    assert!(matches!(poll(&mut server)[..], [Event::ChannelOpened(_), Event::Content(_)]));
}

#[test]
fn a_client_takes_methods_and_headers_above_a_small_frame_max() {
    let mut config = plain();
    config.frame_max = 4096;
    let mut client = client(config);
    client.open_channel().unwrap();
    feed(&mut client, &channel_open_ok(1));
    let text = [b'x'; 200];
    let table = [b"\x01aS", &long(&text.repeat(40))[..]].concat();
    feed(&mut client, &deliver(1, 1));
    feed(&mut client, &header(1, 3, &[b"\x20\0", &long(&table)[..]].concat()));
    feed(&mut client, &body(1, b"abc"));
    assert!(matches!(poll(&mut client)[..], [Event::ChannelOpened(_), Event::Content(_)]));
    feed(
        &mut client,
        &[&deliver(1, 2)[..], &header(1, 9000, BARE), &announced(3, 1, 4097)].concat(),
    );
    let events = poll(&mut client);
    let [Event::Violation(violation), Event::Closed(_)] = &events[..] else {
        panic!("{:?}", lines(&events));
    };
    assert_eq!(violation.rule, "FRM-06");
}

#[test]
fn what_arrived_before_the_fault_is_delivered_first() {
    let (mut server, offset) = ServerChannel.reach();
    let good = [message(publish(1, "k"), 1, b"body", 4), declare(1, "q")].concat();
    let mut bad = publish(1, "k");
    *bad.last_mut().unwrap() = 0;
    feed(&mut server, &[&good[..], &bad, &declare(1, "never seen")].concat());
    let events = poll(&mut server);
    let [Event::Content(_), Event::Request { .. }, Event::Violation(violation), Event::Closed(_)] =
        &events[..]
    else {
        panic!("{:?}", lines(&events));
    };
    assert_eq!(violation.offset, offset + good.len() as u64);
}

#[test]
fn servers_answer_other_protocols_by_a_header() {
    let first = [
        &b"AMQP\0\0\x09\x02"[..],
        b"AMQP\x01\x01\x00\x0A",
        b"AMQP\x03\x01\0\0",
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01\0\xA5\x01\0\0",
        b"\x01\0\0\0\0\0\0\xCE",
        b"XXXXXXXX",
        b"AMQ\0\0\0\x09\x01",
    ];
    for octets in first {
        for chunk in [1, usize::MAX] {
            let mut server = Connection::server(ServerConfig::default(), T0);
            for part in octets.chunks(chunk) {
                feed(&mut server, part);
            }
            let events = poll(&mut server);
            let [Event::Closed(reason)] = &events[..] else {
                panic!("{}: {:?}", octets.escape_ascii(), lines(&events));
            };
            assert!(
                matches!(reason.detail, amqp_proto::CloseDetail::OtherProtocol(_)),
                "{reason:?}"
            );
            assert_eq!(output(&mut server), PROTOCOL_HEADER);
            feed(&mut server, PROTOCOL_HEADER);
            assert_eq!(poll(&mut server).len(), 0);
        }
    }
}

#[test]
fn clients_stop_where_their_header_is_refused() {
    for octets in [&b"AMQP\0\0\x09\x01"[..], b"AMQP\x03\x01\0\0", b"HTTP/1.1 400 Bad Request"] {
        for chunk in [1, usize::MAX] {
            let mut client = Connection::client(plain(), T0);
            output(&mut client);
            for part in octets.chunks(chunk) {
                feed(&mut client, part);
            }
            let events = poll(&mut client);
            let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
            assert!(
                matches!(reason.detail, amqp_proto::CloseDetail::OtherProtocol(_)),
                "{reason:?}"
            );
            assert_eq!(output(&mut client), b"");
        }
    }
}

#[test]
fn a_limit_that_nobody_set_is_one_all_the_same() {
    // What is offered then is this side's own limit.
    let mut config = ServerConfig::default();
    config.frame_max = 0;
    for agreed in [4096, 16 << 20] {
        let mut server = Connection::server(config.clone(), T0);
        let login = start_ok("PLAIN", b"");
        feed(
            &mut server,
            &[PROTOCOL_HEADER, &login, &tune_ok(2047, agreed, 0), &open("/")].concat(),
        );
        poll(&mut server);
        output(&mut server);
        assert_eq!(server.phase(), Phase::Open);
        feed(&mut server, &announced(3, 1, agreed + 1));
        let events = poll(&mut server);
        let [Event::Violation(violation), Event::Closed(_)] = &events[..] else {
            panic!("{agreed}: {:?}", lines(&events));
        };
        assert_eq!(violation.rule, "FRM-06");
    }
}
