//! Closing the connection: what a Close says, and what there is if close-ok doesn't come.

use core::time::Duration;

use amqp_proto::protocol::{MethodId, MethodKind, ReplyCode};
use amqp_proto::{CloseDetail, Decision, Event, Initiator, Phase, ServerConfig};

use crate::cls::{OK, closing, ends_with, is_over, only_end};
use crate::common::*;
use crate::end::{End, first_violation};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("CLS-07", || blames_the_method_or_none(&End::client_channel(), &publish(1, "k"), 40)),
    server("CLS-07", || blames_the_method_or_none(&End::server_channel(), &deliver(1, 1), 60)),
    client("CLS-08", a_client_cuts_its_texts),
    server("CLS-08", a_server_cuts_its_texts),
    client("CLS-09", || waits_ten_seconds_for_close_ok(&End::client_channel())),
    server("CLS-09", || waits_ten_seconds_for_close_ok(&End::server_channel())),
    client("CLS-10", a_client_tells_what_it_awaited_when_the_stream_ends),
    server("CLS-10", a_server_tells_what_it_awaited_when_the_stream_ends),
    client("CLS-11", a_client_sends_heartbeats_until_it_is_closed),
    server("CLS-11", a_server_sends_heartbeats_until_it_is_closed),
];

/// `wrong`: a method of class 60 on channel 1 that the peer may not send.
fn blames_the_method_or_none(end: &End, wrong: &[u8], method_id: u16) {
    for (octets, code, class_id, method_id) in [
        (wrong.to_vec(), 503, 60_u16, method_id),
        (method(1, 99, 9, b""), 540, 99, 9),
        (method(1, 20, 40, b"cut"), 501, 20, 40),
        (body(1, b""), 505, 0, 0),
        (frame(1, 1, b"cut"), 501, 0, 0),
        (b"\x08\0\0\0\0\0\0\0".to_vec(), 501, 0, 0),
    ] {
        let mut end = end.clone();
        let violation = first_violation(&end.feed(&octets));
        let text = short(&violation.to_string());
        let blamed = [class_id.to_be_bytes(), method_id.to_be_bytes()].concat();
        let arguments = [&u16::to_be_bytes(code)[..], &text, &blamed].concat();
        assert_eq!(hex(&end.sent()), hex(&method(0, 10, 50, &arguments)), "{violation}");
        assert_eq!(violation.method, MethodId { class_id, method_id });
    }
    // An application blames nothing (see `closing`) unless it names a method.
    closing(end, "bye");
    let mut naming = end.clone();
    naming.connection.close_for(T0, MethodKind::QueueDeclare, ReplyCode(503), "no").unwrap();
    assert_eq!(hex(&naming.sent()), hex(&method(0, 10, 50, b"\x01\xF7\x02no\0\x32\0\x0A")));
    // What the peer blames is told.
    for (class_id, method_id) in [(0, 0), (60, 40), (85, 10), (999, 9)] {
        let blamed = [u16::to_be_bytes(class_id), u16::to_be_bytes(method_id)].concat();
        let arguments = [b"\x01\xF7", &short("no")[..], &blamed].concat();
        let reason = only_end(&end.clone().feed(&method(0, 10, 50, &arguments)));
        assert_eq!(reason.method, MethodId { class_id, method_id });
    }
}

/// Texts, and what is left of them.
fn texts() -> [(String, String); 6] {
    [
        (String::new(), String::new()),
        ("x".repeat(255), "x".repeat(255)),
        ("x".repeat(256), "x".repeat(255)),
        (format!("x{}", "é".repeat(127)), format!("x{}", "é".repeat(127))),
        ("é".repeat(128), "é".repeat(127)),
        ("🐇".repeat(1000), "🐇".repeat(63)),
    ]
}

fn cuts_its_texts(end: &End) {
    for (text, cut) in texts() {
        let mut connection = end.clone();
        connection.connection.close(T0, OK, &text).unwrap();
        assert_eq!(connection.sent(), connection_close(200, &cut), "{text}");
        let reason = only_end(&connection.feed(&connection_close_ok()));
        assert_eq!(reason.text, cut);
        let mut channel = end.clone();
        channel.channel().close(OK, &text).unwrap();
        assert_eq!(channel.sent(), channel_close(1, 200, &cut), "{text}");
        // One that fits is taken whole.
        let reason = only_end(&end.clone().feed(&connection_close(320, &cut)));
        assert_eq!(reason.text, cut);
    }
}

fn a_client_cuts_its_texts() {
    cuts_its_texts(&End::client_channel());
}

fn a_server_cuts_its_texts() {
    cuts_its_texts(&End::server_channel());
    let capability = [b"\x1Cauthentication_failure_close", &b"t\x01"[..]].concat();
    let properties = long(&[b"\x0CcapabilitiesF", &long(&capability)[..]].concat());
    let arguments = [&properties[..], &short("PLAIN"), &long(b""), &short("en_US")].concat();
    let login = method(0, 10, 11, &arguments);
    for (text, cut) in texts() {
        let refuse = |code| Decision::Refuse { code: ReplyCode(code), text: &text };
        let mut end = End::fresh_server();
        end.connection.handle_slice(T0, &[PROTOCOL_HEADER, &login].concat());
        assert!(matches!(end.connection.poll_event(), Some(Event::Credentials(_))));
        end.sent();
        let mut refused = end.clone();
        refused.connection.decide(refuse(403)).unwrap();
        assert_eq!(refused.sent(), connection_close(403, &cut));

        end.connection.decide(Decision::Accept).unwrap();
        end.connection.handle_slice(T0, &[tune_ok(9, 8192, 0), open("/nowhere")].concat());
        assert!(matches!(end.connection.poll_event(), Some(Event::VirtualHost(_))));
        end.sent();
        end.connection.decide(refuse(530)).unwrap();
        assert_eq!(end.sent(), connection_close(530, &cut));

        let mut end = End::server_channel();
        let events = end.takes(&declare(1, "q"));
        let [Event::Request { token: Some(token), .. }] = events[..] else { panic!() };
        end.channel().fail(token, ReplyCode(406), &text).unwrap();
        let arguments = [b"\x01\x96", &short(&cut)[..], b"\0\x32\0\x0A"].concat();
        assert_eq!(end.sent(), method(1, 20, 40, &arguments));
    }
}

fn waits_ten_seconds_for_close_ok(open: &End) {
    let mut end = open.clone();
    end.now = at(5);
    let mut end = closing(&end, "bye");
    assert_eq!(end.connection.poll_timeout(), Some(at(15)));
    // A peer that goes on talking puts it off no further.
    for second in 6..15 {
        assert!(end.wait_until(at(second)).is_empty());
        end.ignores(&[HEARTBEAT, &publish(1, "k")].concat());
    }
    assert!(end.takes(&connection_close(320, "")).is_empty());
    assert_eq!(hex(&end.sent()), hex(&connection_close_ok()));
    assert!(end.wait_until(millis(14_999)).is_empty());
    let reason = only_end(&end.wait_until(at(15)));
    assert_eq!((reason.initiator, &reason.text[..]), (Initiator::Local, "bye"));
    assert_eq!(reason.detail, CloseDetail::CloseTimeout);
    is_over(&mut end);

    // An application that leaves octets unpolled puts it off: close-ok may be among them.
    let mut end = closing(open, "bye");
    end.connection.handle_slice(at(1), HEARTBEAT);
    end.connection.handle_timeout(at(10));
    assert_eq!(end.connection.phase(), Phase::Closing);
    assert_eq!(end.connection.poll_timeout(), Some(at(20)));
    assert!(poll(&mut end.connection).is_empty());
    assert!(end.wait_until(millis(19_999)).is_empty());
    let reason = only_end(&end.wait_until(at(20)));
    assert_eq!((reason.initiator, reason.detail), (Initiator::Local, CloseDetail::CloseTimeout));
    is_over(&mut end);

    // The same where a fault of the peer was the cause.
    let mut end = open.clone();
    end.feed(&connection_close_ok());
    end.sent();
    assert!(end.wait_until(at(1)).is_empty());
    assert!(end.wait_until(millis(10_999)).is_empty());
    let reason = only_end(&end.wait_until(at(11)));
    assert_eq!(reason.initiator, Initiator::Library);
    assert_eq!(reason.detail, CloseDetail::CloseTimeout);
    is_over(&mut end);
}

/// The stream ends behind these octets, and what was awaited then is told.
fn awaits(mut end: End, octets: &[u8], awaited: &'static str) {
    end.takes(octets);
    end.sent();
    end.connection.handle_eof(T0);
    let reason = only_end(&poll(&mut end.connection));
    assert_eq!(reason.initiator, Initiator::Transport);
    assert_eq!(reason.detail, CloseDetail::EndOfStream { awaited });
    let told = if awaited == "connection.close" {
        "the peer ended the stream without closing the connection".to_owned()
    } else {
        format!("the peer ended the stream while {awaited} was awaited")
    };
    assert_eq!(reason.to_string(), told);
    is_over(&mut end);
}

fn tells_what_it_awaited_when_open(open: &End) {
    awaits(open.clone(), b"", "connection.close");
    awaits(open.clone(), &HEARTBEAT[..1], "the rest of a frame");
    awaits(open.clone(), &HEARTBEAT[..7], "the rest of a frame");

    let awaited = CloseDetail::EndOfStream { awaited: "connection.close-ok" };
    let mut violated = open.clone();
    violated.feed(&connection_close_ok());
    violated.sent();
    for (mut end, initiator) in
        [(closing(open, "bye"), Initiator::Local), (violated, Initiator::Library)]
    {
        end.connection.handle_eof(T0);
        let reason = only_end(&poll(&mut end.connection));
        assert_eq!((reason.initiator, reason.detail), (initiator, awaited));
        let told = reason.to_string();
        assert!(
            told.ends_with("(the stream ended while connection.close-ok was awaited)"),
            "{told}"
        );
        is_over(&mut end);
    }
    // In order: close-ok, or a Close and its answer, before the end.
    let peer = (open.clone(), connection_close(320, ""), Initiator::Peer);
    for (mut end, octets, initiator) in
        [(closing(open, "bye"), connection_close_ok(), Initiator::Local), peer]
    {
        end.connection.handle_slice(T0, &octets);
        end.connection.handle_eof(T0);
        let reason = only_end(&poll(&mut end.connection));
        assert_eq!((reason.initiator, reason.detail), (initiator, CloseDetail::None));
    }
}

fn a_client_tells_what_it_awaited_when_the_stream_ends() {
    tells_what_it_awaited_when_open(&End::client_channel());
    let tuned = [start("PLAIN"), tune(0, 0, 0)].concat();
    let tune = "connection.tune (the login may have been refused)";
    awaits(End::fresh_client(), b"", "connection.start");
    awaits(End::fresh_client(), &start("PLAIN"), tune);
    awaits(End::fresh_client(), &start("PLAIN")[..20], "the rest of a frame");
    awaits(End::fresh_client(), &tuned, "connection.open-ok");
}

fn a_server_tells_what_it_awaited_when_the_stream_ends() {
    tells_what_it_awaited_when_open(&End::server_channel());
    let steps = [
        (PROTOCOL_HEADER.to_vec(), "connection.start-ok"),
        (start_ok("PLAIN", b""), "connection.tune-ok"),
        (tune_ok(2047, 131_072, 0), "connection.open"),
    ];
    let mut octets = Vec::new();
    awaits(End::fresh_server(), &octets, "a protocol header");
    awaits(End::fresh_server(), b"AMQP", "a protocol header");
    for (step, awaited) in steps {
        octets.extend(step);
        awaits(End::fresh_server(), &octets, awaited);
        awaits(End::fresh_server(), &[&octets[..], b"\x01"].concat(), "the rest of a frame");
    }
}

/// Heartbeats go both ways while close-ok is awaited: 60 seconds were agreed.
fn sends_heartbeats_until_it_is_closed(open: &End) {
    let mut end = closing(open, "bye");
    for beat in 1..=5 {
        assert!(end.wait_until(millis(beat * 30_000 - 1)).is_empty());
        assert_eq!(hex(&end.sent()), "");
        end.ignores(HEARTBEAT);
        assert!(end.wait_until(millis(beat * 30_000)).is_empty());
        assert_eq!(hex(&end.sent()), hex(HEARTBEAT));
    }
    let mut silent = end.clone();
    ends_with(end.clone(), "bye");
    end.feed(&connection_close_ok());
    assert!(end.wait_until(at(1000)).is_empty());
    is_over(&mut end);
    // A peer that has fallen silent isn't waited for.
    let last = 149_999;
    assert!(silent.wait_until(millis(last + 119_999)).is_empty());
    silent.sent();
    assert_eq!(only_end(&silent.wait_until(millis(last + 120_000))).initiator, Initiator::Local);
    is_over(&mut silent);
}

const LONG: Duration = Duration::from_secs(1000);

fn a_client_sends_heartbeats_until_it_is_closed() {
    let mut config = plain();
    config.close_timeout = LONG;
    sends_heartbeats_until_it_is_closed(&End::client_with(config));
}

fn a_server_sends_heartbeats_until_it_is_closed() {
    let mut config = ServerConfig::default();
    config.close_timeout = LONG;
    sends_heartbeats_until_it_is_closed(&End::server_with(config));
}
