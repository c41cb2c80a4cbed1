//! Dialects 0-8 and 0-9.

use amqp_proto::protocol::Dialect::{V0_8, V0_9, V0_9_1};
use amqp_proto::protocol::{Dialect, Properties, ReplyCode, basic, confirm, exchange};
use amqp_proto::wire::TableBuf;
use amqp_proto::{
    ChannelId, CloseDetail, Connection, Decision, Event, Fate, Initiator, MethodEvent, Phase,
    ServerConfig,
};

use crate::common::*;
use crate::end::{End, first_violation};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("DIA-01", a_client_numbers_close_and_redirect_by_dialect),
    server("DIA-01", a_server_numbers_close_and_redirect_by_dialect),
    client("DIA-03", a_client_takes_the_open_ok_of_the_dialect),
    server("DIA-03", a_server_sends_the_open_ok_of_the_dialect),
    client("DIA-09", a_client_has_the_codes_of_the_dialect),
    server("DIA-09", a_server_has_the_codes_of_the_dialect),
    client("DIA-10", || frame_headers_have_seven_octets(open_client)),
    server("DIA-10", || frame_headers_have_seven_octets(open_server)),
    client("DIA-11", a_client_of_0_9_speaks_the_methods_of_0_9_1),
    server("DIA-11", a_server_of_0_9_speaks_the_methods_of_0_9_1),
];

pub(super) const DIALECTS: [Dialect; 3] = [V0_8, V0_9, V0_9_1];

/// A client whose connection is open in this dialect.
pub(super) fn open_client(dialect: Dialect) -> End {
    open_client_of(dialect, &TableBuf::new())
}

/// The same with a server that says this about itself.
fn open_client_of(dialect: Dialect, server_properties: &TableBuf) -> End {
    let mut config = plain();
    config.dialect = dialect;
    let mut end = End::new(Connection::client(config, T0));
    assert_eq!(output(&mut end.connection), protocol_header(dialect));
    let version: &[u8] = if dialect == V0_8 { b"\x08\0" } else { b"\0\x09" };
    let properties = long(server_properties.as_table().as_octets());
    let start = [version, &properties, &long(b"PLAIN"), &long(b"en_US")].concat();
    let octets = [method(0, 10, 10, &start), tune(2047, 131_072, 60), open_ok()].concat();
    opened(end, &octets)
}

/// A server whose connection is open in this dialect.
pub(super) fn open_server(dialect: Dialect) -> End {
    let end = End::new(Connection::server(ServerConfig::default(), T0));
    let login = [start_ok("PLAIN", b"\0guest\0guest"), tune_ok(2047, 131_072, 60), open("/")];
    opened(end, &[protocol_header(dialect), &login.concat()].concat())
}

fn opened(mut end: End, octets: &[u8]) -> End {
    feed(&mut end.connection, octets);
    poll(&mut end.connection);
    assert_eq!(end.connection.phase(), Phase::Open);
    output(&mut end.connection);
    end
}

const fn protocol_header(dialect: Dialect) -> &'static [u8] {
    match dialect {
        V0_8 => b"AMQP\x01\x01\x08\0",
        V0_9 => b"AMQP\x01\x01\0\x09",
        _ => PROTOCOL_HEADER,
    }
}

/// channel.open-ok without its frame.
const fn open_ok_arguments(dialect: Dialect) -> &'static [u8] {
    if matches!(dialect, V0_8) { b"" } else { b"\0\0\0\0" }
}

/// With channel 1 open too.
pub(super) fn client_channel(dialect: Dialect) -> End {
    client_channel_of(dialect, &TableBuf::new())
}

/// The same with a server that says this about itself.
pub(super) fn client_channel_of(dialect: Dialect, server_properties: &TableBuf) -> End {
    let mut end = open_client_of(dialect, server_properties);
    end.connection.open_channel_number(ChannelId::new(1).unwrap()).unwrap();
    opened(end, &method(1, 20, 11, open_ok_arguments(dialect)))
}

/// With channel 1 open too.
pub(super) fn server_channel(dialect: Dialect) -> End {
    opened(open_server(dialect), &channel_open(1))
}

/// What this end has written is just this.
pub(super) fn has_sent(end: &mut End, octets: &[u8]) {
    assert_eq!(hex(&end.sent()), hex(octets), "{}", end.connection.dialect());
}

/// The one method that was told.
pub(super) fn the_method(events: &[Event]) -> MethodEvent {
    match events {
        [Event::Notice(method) | Event::Request { method, .. } | Event::Reply { method, .. }] => {
            method.clone()
        }
        _ => panic!("{:?}", lines(events)),
    }
}

/// The name of the method that these octets are told as.
pub(super) fn told_as(end: &mut End, octets: &[u8]) -> &'static str {
    the_method(&end.takes(octets)).kind().name()
}

const fn close_id(dialect: Dialect) -> u16 {
    if matches!(dialect, V0_8) { 60 } else { 50 }
}

/// connection.close of a dialect.
fn close_of(dialect: Dialect, code: u16, text: &str) -> Vec<u8> {
    close(10, close_id(dialect), 0, code, text)
}

fn close_ok_of(dialect: Dialect) -> Vec<u8> {
    method(0, 10, close_id(dialect) + 1, b"")
}

/// The octets break this rule: the dialect's Close goes out, and its close-ok is the end.
pub(super) fn refuses(end: &End, octets: &[u8], rule: &str, code: u16) {
    let mut end = end.clone();
    let dialect = end.connection.dialect();
    let mut events = end.feed(octets);
    let violation = first_violation(&events);
    assert_eq!((violation.rule, violation.reply_code.0), (rule, code), "{dialect}: {violation}");
    let sent = frames(&end.sent());
    let Some((1, 0, payload)) = sent.last() else { panic!("{dialect}: {sent:?}") };
    let [close, code] = [close_id(dialect), code].map(u16::to_be_bytes);
    assert_eq!(payload[..6], [b"\0\x0A", &close[..], &code].concat(), "{dialect}: {violation}");
    if endings(&events) == 0 {
        events.extend(end.feed(&close_ok_of(dialect)));
    }
    assert_eq!(endings(&events), 1, "{dialect}: {:?}", lines(&events));
}

fn closes_by_the_numbers_of_the_dialect(open: fn(Dialect) -> End) {
    for dialect in DIALECTS {
        let mut end = open(dialect);
        end.connection.close(T0, ReplyCode::REPLY_SUCCESS, "bye").unwrap();
        has_sent(&mut end, &close_of(dialect, 200, "bye"));
        assert_eq!(endings(&end.feed(&close_ok_of(dialect))), 1, "{dialect}");

        let mut end = open(dialect);
        let events = end.feed(&close_of(dialect, 320, "x"));
        let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
        let expected = (Initiator::Peer, ReplyCode::CONNECTION_FORCED);
        assert_eq!((reason.initiator, reason.reply_code), expected);
        has_sent(&mut end, &close_ok_of(dialect));

        refuses(&open(dialect), &method(0, 99, 1, b""), "MTH-02", 540);
    }
}

const fn redirect_id(dialect: Dialect) -> u16 {
    if matches!(dialect, V0_8) { 50 } else { 42 }
}

fn a_client_numbers_close_and_redirect_by_dialect() {
    closes_by_the_numbers_of_the_dialect(open_client);
    for dialect in DIALECTS {
        let mut end = open_client(dialect);
        let events = end.feed(&method(0, 10, redirect_id(dialect), b"\x03h:1\0"));
        let [Event::Notice(method), Event::Closed(reason)] = &events[..] else {
            panic!("{:?}", lines(&events))
        };
        assert_eq!(method.kind().name(), "connection.redirect");
        assert_eq!((reason.detail, &reason.text[..]), (CloseDetail::Redirected, "h:1"));
    }
    for dialect in [V0_9, V0_9_1] {
        let mut end = open_client(dialect);
        assert_eq!(told_as(&mut end, &method(0, 10, 60, b"\x04disk")), "connection.blocked");
        // A Close of 0-8 is a Blocked with octets left over.
        refuses(&end, &close_of(V0_8, 320, "x"), "MTH-05", 501);
    }
    // A Close of 0-9 is a redirect with octets left over.
    let end = open_client(V0_8);
    refuses(&end, &close_of(V0_9, 320, "x"), "MTH-05", 501);
    refuses(&end, &method(0, 10, 42, b"\x03h:1\0"), "MTH-02", 540);
}

fn a_server_numbers_close_and_redirect_by_dialect() {
    closes_by_the_numbers_of_the_dialect(open_server);
    for dialect in DIALECTS {
        let mut end = open_server(dialect);
        end.connection.redirect("h:1").unwrap();
        has_sent(&mut end, &method(0, 10, redirect_id(dialect), b"\x03h:1\0"));
    }
    // What would be a Close elsewhere is a method of servers.
    for dialect in [V0_9, V0_9_1] {
        refuses(&open_server(dialect), &close_of(V0_8, 320, "x"), "MTH-03", 503);
    }
    refuses(&open_server(V0_8), &close_of(V0_9, 320, "x"), "MTH-03", 503);
    refuses(&open_server(V0_8), &method(0, 10, 42, b"\x03h:1\0"), "MTH-02", 540);
}

fn a_client_takes_the_open_ok_of_the_dialect() {
    for dialect in DIALECTS {
        let mut end = open_client(dialect);
        end.connection.open_channel_number(ChannelId::new(1).unwrap()).unwrap();
        has_sent(&mut end, &channel_open(1));
        let (good, bad, rule) = match dialect {
            V0_8 => (&[&b""[..]][..], &b"\0\0\0\0"[..], "MTH-05"),
            _ => (&[&b"\0\0\0\0"[..], b"\0\0\0\x02id"][..], &b""[..], "MTH-04"),
        };
        refuses(&end, &method(1, 20, 11, bad), rule, 501);
        for good in good {
            let events = end.clone().takes(&method(1, 20, 11, good));
            assert!(matches!(events[..], [Event::ChannelOpened(_)]), "{:?}", lines(&events));
        }
    }
}

fn a_server_sends_the_open_ok_of_the_dialect() {
    for dialect in DIALECTS {
        let mut end = open_server(dialect);
        let events = end.takes(&channel_open(1));
        assert!(matches!(events[..], [Event::ChannelOpened(_)]), "{:?}", lines(&events));
        has_sent(&mut end, &method(1, 20, 11, open_ok_arguments(dialect)));
    }
}

/// What 0-9-1 calls unexpected is a frame error before, and codes of every dialect are taken.
fn has_the_codes_of_the_dialect(channel: fn(Dialect) -> End, begun: &[u8]) {
    for dialect in DIALECTS {
        let code = if dialect == V0_9_1 { 505 } else { 501 };
        let end = channel(dialect);
        refuses(&end, &body(1, b"x"), "CNT-03", code);
        refuses(&end, &header(1, 0, BARE), "CNT-03", code);
        refuses(&end, &[begun, begun].concat(), "CNT-02", code);
        refuses(&end, &[begun, &header(1, 1, BARE), begun].concat(), "CNT-04", code);
        refuses(&end, &[begun, &header(1, 1, BARE).repeat(2)].concat(), "CNT-05", code);
        refuses(&end, &[begun, &frame(2, 1, &[0; 14])].concat(), "CNT-07", code);
        // All the other codes stay.
        refuses(&end, &[begun, &header(1, 1, b"\0\x01")].concat(), "CNT-14", 501);
        for code in [310, 312, 313, 405, 406] {
            let mut end = channel(dialect);
            let events = end.takes(&channel_close(1, code, "?"));
            let [Event::ChannelClosed { reason, .. }] = &events[..] else {
                panic!("{:?}", lines(&events))
            };
            assert_eq!(reason.reply_code, ReplyCode(code));
            has_sent(&mut end, &channel_close_ok(1));
            let events = end.feed(&close_of(dialect, 505, "?"));
            let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
            assert_eq!(reason.reply_code, ReplyCode(505));
        }
    }
}

fn a_client_has_the_codes_of_the_dialect() {
    has_the_codes_of_the_dialect(client_channel, &deliver(1, 1));
    for dialect in DIALECTS {
        let mut end = client_channel(dialect);
        for code in [310_u16, 312, 313] {
            let returned = [&code.to_be_bytes()[..], b"\0\0\x01k"].concat();
            let octets = [method(1, 60, 50, &returned), header(1, 0, BARE)].concat();
            let events = end.takes(&octets);
            let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
            assert_eq!(content.returned().unwrap().reply_code, ReplyCode(code));
        }
    }
}

fn a_server_has_the_codes_of_the_dialect() {
    has_the_codes_of_the_dialect(server_channel, &publish(1, "k"));
    // Those of the application go out as they are.
    for dialect in DIALECTS {
        let mut end = server_channel(dialect);
        for code in [310_u16, 312, 313] {
            let reply_code = ReplyCode(code);
            let back = basic::Return { reply_code, routing_key: "k".into(), ..Default::default() };
            end.channel().return_message(&back, Properties::EMPTY, "").unwrap();
            let returned = [&code.to_be_bytes()[..], b"\0\0\x01k"].concat();
            has_sent(&mut end, &[method(1, 60, 50, &returned), header(1, 0, BARE)].concat());
        }
        let mut closing = end.clone();
        closing.channel().close(ReplyCode::PRECONDITION_FAILED, "").unwrap();
        has_sent(&mut closing, &channel_close(1, 406, ""));
        // The engine's own 406 has no other code in 0-8.
        let ack = method(1, 60, 80, b"\0\0\0\0\0\0\0\x09\0");
        end.closes_channel(&ack, "ACK-01", ReplyCode(406));
    }
}

/// Type, channel, size: no octet of a cycle lies between.
fn frame_headers_have_seven_octets(open: fn(Dialect) -> End) {
    for dialect in DIALECTS {
        let mut end = open(dialect);
        end.ignores(HEARTBEAT);
        // A channel, and a size, that begin one octet late.
        refuses(&end, b"\x08\0\0\0\0\0\0\0\xCE", "FRM-02", 501);
        refuses(&end, b"\x01\0\0\x01\0\0\0\x05\0\x14\0\x0A\0\xCE", "FRM-06", 501);
        assert_eq!(lines(&end.wait_until(at(59))), [""; 0]);
        has_sent(&mut end, HEARTBEAT);
        end.connection.close(end.now, ReplyCode::REPLY_SUCCESS, "").unwrap();
        has_sent(&mut end, &close_of(dialect, 200, ""));
    }
}

fn a_client_of_0_9_speaks_the_methods_of_0_9_1() {
    let mut config = plain();
    config.dialect = V0_9;
    let mut end = End::new(Connection::client(config, T0));
    has_sent(&mut end, b"AMQP\x01\x01\0\x09");
    assert_eq!(lines(&end.takes(&start("PLAIN"))), [""; 0]);
    assert_eq!(frames(&end.sent())[0].2[..4], *b"\0\x0A\0\x0B");

    let mut end = client_channel(V0_9);
    end.channel().call(&confirm::Select { no_wait: false }).unwrap();
    let bind = exchange::Bind { destination: "to".into(), ..Default::default() };
    end.channel().call(&bind).unwrap();
    end.channel().publish(&basic::Publish::default(), Properties::EMPTY, "").unwrap();
    end.connection.update_secret(b"new", "").unwrap();
    let sent = [
        method(1, 85, 10, b"\0"),
        method(1, 40, 30, b"\0\0\x02to\0\0\0\0\0\0\0"),
        method(1, 60, 40, b"\0\0\0\0\0"),
        header(1, 0, BARE),
        method(0, 10, 70, b"\0\0\0\x03new\0"),
    ];
    has_sent(&mut end, &sent.concat());
    assert_eq!(told_as(&mut end, &method(1, 85, 11, b"")), "confirm.select-ok");
    assert_eq!(told_as(&mut end, &method(1, 40, 31, b"")), "exchange.bind-ok");
    assert_eq!(told_as(&mut end, &method(0, 10, 71, b"")), "connection.update-secret-ok");
    assert_eq!(told_as(&mut end, &method(0, 10, 60, b"\x04disk")), "connection.blocked");
    let events = end.takes(&method(1, 60, 120, b"\0\0\0\0\0\0\0\x01\0"));
    assert!(matches!(events[..], [Event::Confirmed { fate: Fate::Nacked, .. }]));
}

fn a_server_of_0_9_speaks_the_methods_of_0_9_1() {
    let mut end = End::fresh_server();
    assert_eq!(lines(&end.takes(b"AMQP\x01\x01\0\x09")), [""; 0]);
    let sent = frames(&end.sent());
    let [(1, 0, start)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(start[..6], *b"\0\x0A\0\x0A\0\x09");

    let mut end = server_channel(V0_9);
    assert_eq!(told_as(&mut end, &method(1, 85, 10, b"\x01")), "confirm.select");
    let bind = method(1, 40, 30, b"\0\0\x02to\0\0\0\0\0\0\0");
    let events = end.takes(&bind);
    let [Event::Request { token: Some(token), .. }] = events[..] else {
        panic!("{:?}", lines(&events))
    };
    end.channel().reply(token, &exchange::BindOk).unwrap();
    end.takes(&[publish(1, "k"), header(1, 0, BARE)].concat());
    end.channel().send(&basic::Ack { delivery_tag: 1, multiple: false }).unwrap();
    let ack = method(1, 60, 80, b"\0\0\0\0\0\0\0\x01\0");
    has_sent(&mut end, &[method(1, 40, 31, b""), ack].concat());

    // Nack in both directions, blocked and a new secret, with a client that has announced them.
    let announced = ["basic.nack", "connection.blocked"];
    let end = End::server_asked_by(b"AMQP\x01\x01\0\x09", &announced);
    assert_eq!(end.connection.dialect(), V0_9);
    let mut end = end.with_channel(1);
    end.takes(&[consume(1, "c", false), method(1, 85, 10, b"\x01")].concat());
    end.send_content(1, Properties::EMPTY, "").unwrap();
    end.sent();
    let nack = method(1, 60, 120, b"\0\0\0\0\0\0\0\x01\0");
    assert_eq!(told_as(&mut end, &nack), "basic.nack");
    end.takes(&[publish(1, "k"), header(1, 0, BARE)].concat());
    end.channel().send(&basic::Nack { delivery_tag: 1, ..Default::default() }).unwrap();
    end.connection.block("disk").unwrap();
    end.connection.unblock().unwrap();
    let events = end.takes(&method(0, 10, 70, b"\0\0\0\x03new\0"));
    assert!(matches!(events[..], [Event::UpdateSecret(_)]), "{:?}", lines(&events));
    end.connection.decide(Decision::Accept).unwrap();
    let told = [method(0, 10, 60, b"\x04disk"), method(0, 10, 61, b""), method(0, 10, 71, b"")];
    has_sent(&mut end, &[nack, told.concat()].concat());
}
