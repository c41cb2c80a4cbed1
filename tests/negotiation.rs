//! What a server offers, octet by octet, and what each wrong choice of a client gets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail like the tests")]

mod common;

use amqp_proto::protocol::{Dialect, ReplyCode};
use amqp_proto::wire::TableBuf;
use amqp_proto::{CloseDetail, Connection, Decision, Event, Instant, Limits, Phase, ServerConfig};
use common::*;
use core::time::Duration;

const HEADERS: [(Dialect, &[u8; 8]); 3] = [
    (Dialect::V0_8, b"AMQP\x01\x01\x08\0"),
    (Dialect::V0_9, b"AMQP\x01\x01\0\x09"),
    (Dialect::V0_9_1, b"AMQP\0\0\x09\x01"),
];

fn login() -> Vec<u8> {
    start_ok("PLAIN", b"\0guest\0guest")
}

/// Feeds and polls; what it is asked is accepted. All that the server writes.
fn answer(server: &mut Connection, octets: &[u8]) -> (Vec<Event>, Vec<u8>) {
    feed(server, octets);
    (poll(server), output(server))
}

#[test]
fn start_offers_what_the_configuration_says() {
    let table = [&short("capabilities")[..], b"F", &long(b"\x0Abasic.nackt\x01")].concat();
    let product = [&short("product")[..], b"S", &long(b"p")].concat();
    let mut config = ServerConfig::default();
    let mut capabilities = TableBuf::new();
    capabilities.insert("basic.nack", true).unwrap();
    config.server_properties = TableBuf::new();
    config.server_properties.insert("product", "p").unwrap();
    config.server_properties.insert("capabilities", &capabilities).unwrap();
    for (mechanisms, locales) in
        [("PLAIN AMQPLAIN", "en_US"), ("EXTERNAL", "de_DE en_US"), ("", "")]
    {
        (config.mechanisms, config.locales) = (mechanisms.into(), locales.into());
        for (dialect, header) in HEADERS {
            let mut server = Connection::server(config.clone(), T0);
            let (events, sent) = answer(&mut server, header);
            // 0-8 has no flags in tables (DIA-08).
            let (version, properties) = match dialect {
                Dialect::V0_8 => (b"\x08\0", product.clone()),
                _ => (b"\0\x09", [&product[..], &table].concat()),
            };
            let offers = [long(mechanisms.as_bytes()), long(locales.as_bytes())].concat();
            let start = method(0, 10, 10, &[version, &long(&properties)[..], &offers].concat());
            assert_eq!(hex(&sent), hex(&start), "{dialect}");
            assert_eq!((events.len(), server.dialect()), (0, dialect));
        }
    }
}

/// DIA-08: what clients of 0-8 can't read isn't among the properties, wherever it stands.
#[test]
fn start_of_0_8_holds_the_types_of_0_8() {
    let (mut flat, mut flags, mut deep) = (TableBuf::new(), TableBuf::new(), TableBuf::new());
    flat.insert("a", "b").unwrap();
    flags.insert("a", true).unwrap();
    deep.insert("a", &flat).unwrap();
    let mut config = ServerConfig::default();
    let properties = &mut config.server_properties;
    *properties = TableBuf::new();
    properties.insert("flat", &flat).unwrap();
    properties.insert("flags", &flags).unwrap();
    properties.insert("deep", &deep).unwrap();
    properties.insert("flag", true).unwrap();
    properties.insert("long", 1_i64).unwrap();
    properties.insert("number", 1_i32).unwrap();
    let mut server = Connection::server(config, T0);
    let (_, sent) = answer(&mut server, HEADERS[0].1);
    let readable =
        [&b"\x04flatF"[..], &long(b"\x01aS\0\0\0\x01b"), b"\x06numberI\0\0\0\x01"].concat();
    let offers = [long(b"PLAIN AMQPLAIN"), long(b"en_US")].concat();
    let start = [b"\x08\0", &long(&readable)[..], &offers].concat();
    assert_eq!(hex(&sent), hex(&method(0, 10, 10, &start)));
}

#[test]
fn tune_offers_what_the_configuration_says() {
    let unlimited = Limits::default().unlimited_frame;
    for (channel_max, frame_max, heartbeat, offered) in [
        (2047, 131_072, 60, 131_072),
        (1, 4096, 0, 4096),
        (65_535, 1 << 30, 65_535, 1 << 30),
        // No limit of its own still is one of memory.
        (0, 0, 5, unlimited),
        // The nearest that the protocol allows.
        (9, 1, 5, 4096),
        (9, u32::MAX, 5, 1 << 30),
    ] {
        let mut config = ServerConfig::default();
        (config.channel_max, config.frame_max, config.heartbeat) =
            (channel_max, frame_max, heartbeat);
        let mut server = Connection::server(config, T0);
        answer(&mut server, PROTOCOL_HEADER);
        let (_, sent) = answer(&mut server, &login());
        assert_eq!(hex(&sent), hex(&tune(channel_max, offered, heartbeat)));
    }
}

#[test]
fn what_is_not_served_is_told_by_a_header_that_is() {
    for (first, answered) in HEADERS {
        let mut config = ServerConfig::default();
        config.dialects = vec![first];
        for (asked, header) in HEADERS.iter().filter(|(asked, _)| *asked != first) {
            let mut server = Connection::server(config.clone(), T0);
            let (events, sent) = answer(&mut server, *header);
            assert_eq!((hex(&sent), endings(&events)), (hex(answered), 1), "{asked}");
            let told = lines(&events).concat();
            assert!(told.contains(&format!("asked for AMQP {asked}")), "{told}");
        }
    }
    for octets in
        [&b"GET / HTTP/1.1"[..], b"\x16\x03\x01\x02\0\x01\0\x01", b"CONNECT\n", b"AMQP\0\x01\0\0"]
    {
        let mut server = Connection::server(ServerConfig::default(), T0);
        let (events, sent) = answer(&mut server, octets);
        assert_eq!((hex(&sent), endings(&events)), (hex(PROTOCOL_HEADER), 1));
        let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert!(matches!(reason.detail, CloseDetail::OtherProtocol(_)), "{reason}");
    }
}

/// What a client sends instead of what it should, and what comes of it.
struct Wrong {
    choice: &'static str,
    octets: Vec<u8>,
    rule: &'static str,
    /// The reply code, and whether it goes out in a Close.
    code: u16,
    is_told: bool,
}

fn wrong(choice: &'static str, octets: Vec<u8>, rule: &'static str, code: u16) -> Wrong {
    Wrong { choice, octets, rule, code, is_told: false }
}

fn told(choice: &'static str, octets: Vec<u8>, rule: &'static str, code: u16) -> Wrong {
    Wrong { is_told: true, ..wrong(choice, octets, rule, code) }
}

/// Each wrong choice at its stage: nothing but a Close, if that, comes back.
fn check(brought: &[Vec<u8>], choices: Vec<Wrong>) {
    for Wrong { choice, octets, rule, code, is_told } in choices {
        let mut server = Connection::server(ServerConfig::default(), T0);
        for octets in brought {
            answer(&mut server, octets);
        }
        let (events, sent) = answer(&mut server, &octets);
        let Some(Event::Violation(violation)) = events.first() else {
            panic!("{choice}: {:?}", lines(&events))
        };
        assert_eq!((violation.rule, violation.reply_code), (rule, ReplyCode(code)), "{choice}");
        if is_told {
            let [(1, 0, payload)] = &frames(&sent)[..] else { panic!("{choice}: {}", hex(&sent)) };
            let close = [b"\0\x0A\0\x32", &code.to_be_bytes()[..]].concat();
            assert!(payload.starts_with(&close), "{choice}: {}", hex(payload));
            assert_eq!(server.phase(), Phase::Closing, "{choice}");
            let (events, sent) = answer(&mut server, &connection_close_ok());
            assert_eq!((endings(&events), hex(&sent)), (1, String::new()), "{choice}");
        } else {
            // HS-02: before open there is no Close.
            assert_eq!((hex(&sent), endings(&events)), (String::new(), 1), "{choice}");
        }
        assert_eq!(server.phase(), Phase::Closed, "{choice}");
    }
}

#[test]
fn a_wrong_start_ok_ends_the_stream() {
    let header = PROTOCOL_HEADER.to_vec();
    let choices = vec![
        wrong("a mechanism that isn't offered", start_ok("EXTERNAL", b""), "HS-03", 530),
        wrong("no mechanism", start_ok("", b""), "HS-03", 530),
        wrong("two mechanisms", start_ok("PLAIN AMQPLAIN", b""), "HS-03", 530),
        wrong("another case", start_ok("plain", b"\0a\0b"), "HS-03", 530),
        wrong("secure-ok before secure", method(0, 10, 21, &long(b"")), "HS-01", 503),
        wrong("tune-ok before the login", tune_ok(0, 0, 0), "HS-01", 503),
        wrong("open before the login", open("/"), "HS-01", 503),
        wrong("a close before the login", connection_close(200, ""), "HS-01", 503),
        wrong("a method of the server", start("PLAIN"), "MTH-03", 503),
        wrong("a channel before the login", channel_open(1), "HS-01", 503),
        wrong("start-ok on another channel", method(1, 10, 11, b""), "FRM-09", 503),
        wrong("half a start-ok", method(0, 10, 11, b"\0\0\0\0\x05PL"), "MTH-04", 501),
    ];
    check(&[header], choices);
}

#[test]
fn any_locale_and_any_properties_will_do() {
    for locale in ["en_US", "", "xx_XX"] {
        let parts = [b"\0\0\0\0", &short("PLAIN")[..], &long(b"\0a\0b"), &short(locale)];
        let mut server = Connection::server(ServerConfig::default(), T0);
        answer(&mut server, PROTOCOL_HEADER);
        let (events, sent) = answer(&mut server, &method(0, 10, 11, &parts.concat()));
        assert!(matches!(events[..], [Event::Credentials(_)]), "HS-04: {:?}", lines(&events));
        assert_eq!(hex(&sent), hex(&tune(2047, 131_072, 60)));
    }
}

#[test]
fn a_wrong_tune_ok_ends_the_stream() {
    let choices = vec![
        wrong("a higher frame-max", tune_ok(2047, 131_073, 60), "TUN-02", 530),
        wrong("no frame-max where one is offered", tune_ok(2047, 0, 60), "TUN-02", 530),
        wrong("a frame-max that is too low", tune_ok(2047, 4095, 60), "TUN-05", 530),
        wrong("a frame-max of one", tune_ok(2047, 1, 60), "TUN-05", 530),
        wrong("a higher channel-max", tune_ok(2048, 131_072, 60), "TUN-03", 530),
        wrong("no channel-max where one is offered", tune_ok(0, 131_072, 60), "TUN-03", 530),
        wrong("a second start-ok", login(), "HS-01", 503),
        wrong("open before tune-ok", open("/"), "HS-01", 503),
    ];
    check(&[PROTOCOL_HEADER.to_vec(), login()], choices);
    // The heartbeat is the client's to choose (TUN-10), and so is less of anything.
    for (channel_max, frame_max, heartbeat) in
        [(1, 4096, 0), (2047, 131_072, 600), (9, 5000, 65_535)]
    {
        let mut server = Connection::server(ServerConfig::default(), T0);
        answer(&mut server, &[PROTOCOL_HEADER, &login()].concat());
        answer(&mut server, &tune_ok(channel_max, frame_max, heartbeat));
        assert_eq!(server.phase(), Phase::Opening);
        let agreed = (server.channel_max(), server.frame_max(), server.heartbeat());
        assert_eq!(agreed, (channel_max, frame_max, heartbeat));
    }
}

#[test]
fn from_tune_ok_on_a_wrong_choice_is_told_by_a_close() {
    let brought = [PROTOCOL_HEADER.to_vec(), login(), tune_ok(2047, 131_072, 60)];
    let choices = vec![
        told("a second tune-ok", tune_ok(2047, 131_072, 60), "HS-01", 503),
        told("a channel before open", channel_open(1), "HS-01", 503),
        told("half an open", method(0, 10, 40, b"\x05/"), "MTH-04", 501),
    ];
    check(&brought, choices);
    let brought = [&brought[..], &[open("/")]].concat();
    let choices = vec![
        told("a second start-ok", login(), "HS-10", 503),
        told("a second tune-ok", tune_ok(2047, 131_072, 60), "HS-10", 503),
        told("a second open", open("/"), "HS-10", 503),
        told("a channel above channel-max", channel_open(2048), "TUN-12", 504),
    ];
    check(&brought, choices);
}

/// Decides by `decision` when the client asks for its login or, if that is accepted, for its virtual host.
fn refused(announces: bool, decision: Decision<'_>, is_login: bool) -> (CloseDetail, Vec<u8>) {
    let capabilities = [&short("authentication_failure_close")[..], b"t\x01"].concat();
    let table = [&short("capabilities")[..], b"F", &long(&capabilities)].concat();
    let properties = if announces { long(&table) } else { long(b"") };
    let rest = [short("PLAIN"), long(b"\0a\0b"), short("en_US")].concat();
    let mut server = Connection::server(ServerConfig::default(), T0);
    answer(&mut server, PROTOCOL_HEADER);
    feed(&mut server, &method(0, 10, 11, &[properties, rest].concat()));
    assert!(matches!(server.poll_event(), Some(Event::Credentials(_))));
    if !is_login {
        server.decide(Decision::Accept).unwrap();
        output(&mut server);
        feed(&mut server, &[tune_ok(2047, 131_072, 0), open("nowhere")].concat());
        assert!(matches!(server.poll_event(), Some(Event::VirtualHost(_))));
    }
    server.decide(decision).unwrap();
    let sent = output(&mut server);
    if !sent.is_empty() {
        feed(&mut server, &connection_close_ok());
    }
    match &poll(&mut server)[..] {
        [Event::Closed(reason)] => (reason.detail, sent),
        events => panic!("{:?}", lines(events)),
    }
}

#[test]
fn what_the_application_refuses_is_told_where_that_may_be() {
    let no = || Decision::Refuse { code: ReplyCode::ACCESS_REFUSED, text: "no" };
    let (detail, sent) = refused(false, no(), true);
    assert_eq!((detail, hex(&sent)), (CloseDetail::LoginRefused, String::new()));
    let (detail, sent) = refused(true, no(), true);
    assert_eq!(
        (detail, hex(&sent)),
        (CloseDetail::LoginRefused, hex(&connection_close(403, "no")))
    );
    let nowhere = Decision::Refuse { code: ReplyCode::NOT_ALLOWED, text: "nowhere" };
    let (detail, sent) = refused(false, nowhere, false);
    let close = connection_close(530, "nowhere");
    assert_eq!((detail, hex(&sent)), (CloseDetail::VirtualHostRefused, hex(&close)));
}

/// A decision may take minutes, if the handshake may: what has come behind the question waits.
#[test]
fn decisions_take_their_time() {
    let minutes = |minutes: u64| Instant::from_origin(Duration::from_secs(60 * minutes));
    let mut config = ServerConfig::default();
    config.handshake_timeout = Duration::from_secs(3600);
    let mut server = Connection::server(config, T0);
    let rest = [tune_ok(2047, 131_072, 60), open("/")].concat();
    feed(&mut server, &[PROTOCOL_HEADER, &login(), &rest].concat());
    assert!(matches!(server.poll_event(), Some(Event::Credentials(_))));
    output(&mut server);
    for minute in 1..=20 {
        server.handle_timeout(minutes(minute));
        assert!(server.poll_event().is_none());
        assert_eq!(hex(&output(&mut server)), "");
    }
    server.decide(Decision::Accept).unwrap();
    assert_eq!(hex(&output(&mut server)), hex(&tune(2047, 131_072, 60)));
    assert!(matches!(server.poll_event(), Some(Event::VirtualHost(_))));
    for minute in 21..=40 {
        server.handle_timeout(minutes(minute));
        assert!(server.poll_event().is_none());
        // Heartbeats are agreed by now, and the client's silence is this side's doing.
        output(&mut server);
        assert_eq!(server.phase(), Phase::Opening);
    }
    server.decide(Decision::Accept).unwrap();
    assert!(matches!(server.poll_event(), Some(Event::Connected)));
    assert_eq!(server.phase(), Phase::Open);
}
