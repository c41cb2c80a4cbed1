//! The handshake: what each side says about itself, and virtual hosts.

use amqp_proto::protocol::{ReplyCode, basic};
use amqp_proto::wire::TableBuf;
use amqp_proto::{
    Capabilities, CloseDetail, Connection, Decision, Event, Initiator, Phase, ServerConfig, Side,
};

use crate::common::*;
use crate::end::End;
use crate::hs_login::{around_the_table, server_with, the_end};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("HS-13", a_client_reads_and_announces_capabilities),
    server("HS-13", a_server_reads_and_announces_capabilities),
    client("HS-14", a_client_tells_a_refused_virtual_host),
    server("HS-14", a_server_refuses_a_virtual_host_with_530),
];

type Flag = fn(&Capabilities) -> bool;

const FLAGS: [(&str, Flag); 9] = [
    ("publisher_confirms", |peer| peer.publisher_confirms),
    ("exchange_exchange_bindings", |peer| peer.exchange_exchange_bindings),
    ("basic.nack", |peer| peer.basic_nack),
    ("consumer_cancel_notify", |peer| peer.consumer_cancel_notify),
    ("connection.blocked", |peer| peer.connection_blocked),
    ("authentication_failure_close", |peer| peer.authentication_failure_close),
    ("consumer_priorities", |peer| peer.consumer_priorities),
    ("per_consumer_qos", |peer| peer.per_consumer_qos),
    ("direct_reply_to", |peer| peer.direct_reply_to),
];

/// A field of a table: its name, then tag and value.
fn field(name: &str, value: &[u8]) -> Vec<u8> {
    [&short(name), value].concat()
}

fn table(fields: &[u8]) -> Vec<u8> {
    [b"F", &long(fields)[..]].concat()
}

/// The method in which this side's peer says these properties about itself.
fn saying(end: &End, properties: &[u8]) -> Vec<u8> {
    let properties = long(properties);
    if end.connection.side() == Side::Client {
        let parts = [b"\0\x09", &properties[..], &long(b"PLAIN"), &long(b"en_US")];
        return method(0, 10, 10, &parts.concat());
    }
    let parts = [&properties[..], &short("PLAIN"), &long(b"\0guest\0guest"), &short("en_US")];
    method(0, 10, 11, &parts.concat())
}

fn reads_capabilities(end: &End) {
    let learned = |properties: &[u8]| {
        let mut end = end.clone();
        end.takes(&saying(&end, properties));
        assert_eq!(end.connection.peer_properties().as_octets(), properties);
        end.connection.capabilities()
    };
    for (name, flag) in FLAGS {
        let said = |value: &[u8]| learned(&field("capabilities", &table(&field(name, value))));
        let told = said(b"t\x01");
        assert!(flag(&told), "{name}");
        assert_eq!(FLAGS.iter().filter(|(_, flag)| flag(&told)).count(), 1, "{name}");
        for no in [&b"t\0"[..], b"I\0\0\0\x01", b"S\0\0\0\x04true", b"V", b"F\0\0\0\0"] {
            assert_eq!(said(no), Capabilities::NONE, "{name} {}", hex(no));
        }
        // Outside the table it is a property like any other.
        assert_eq!(learned(&field(name, b"t\x01")), Capabilities::NONE, "{name}");
    }
    let all: Vec<u8> = FLAGS.iter().flat_map(|(name, _)| field(name, b"t\x01")).collect();
    let more = [field("unheard-of", b"I\0\0\0\x07"), all, field("x", b"t\x01")].concat();
    let told =
        learned(&[field("n", b"l\0\0\0\0\0\0\0\0"), field("capabilities", &table(&more))].concat());
    assert!(FLAGS.iter().all(|(_, flag)| flag(&told)), "{told:?}");
    assert_eq!(learned(b""), Capabilities::NONE);
    for wrong in [&b"t\x01"[..], b"S\0\0\0\x0Abasic.nack", b"A\0\0\0\x02t\x01", b"V", &table(b"")] {
        assert_eq!(learned(&field("capabilities", wrong)), Capabilities::NONE, "{}", hex(wrong));
    }
}

/// The properties hold the table of capabilities that the engine has, all true.
fn announces(properties: &[u8]) {
    let names = [
        "publisher_confirms",
        "exchange_exchange_bindings",
        "basic.nack",
        "consumer_cancel_notify",
        "connection.blocked",
        "authentication_failure_close",
    ];
    let fields: Vec<u8> = names.iter().flat_map(|name| field(name, b"t\x01")).collect();
    let expected = field("capabilities", &table(&fields));
    let holds = properties.windows(expected.len()).any(|part| part == expected);
    assert!(holds, "{}", properties.escape_ascii());
}

fn a_client_reads_and_announces_capabilities() {
    let mut end = End::fresh_client();
    end.sent();
    reads_capabilities(&end);
    end.takes(&start("PLAIN"));
    let (properties, _) = around_the_table(&end.sent(), 4);
    announces(&properties);
    // Free means empty too.
    let mut config = plain();
    config.client_properties = TableBuf::new();
    let mut end = End::new(Connection::client(config, T0));
    end.sent();
    end.takes(&start("PLAIN"));
    assert_eq!(hex(&end.sent()), hex(&start_ok("PLAIN", b"\0guest\0guest")));
}

fn a_server_reads_and_announces_capabilities() {
    let waiting = server_with(ServerConfig::default());
    reads_capabilities(&waiting);
    let mut end = End::fresh_server();
    end.takes(PROTOCOL_HEADER);
    let (properties, _) = around_the_table(&end.sent(), 6);
    announces(&properties);
    // Absent is false: what the client hasn't announced isn't sent to it.
    for (value, is_announced) in [(&b"t\x01"[..], true), (b"t\0", false), (b"I\0\0\0\x01", false)] {
        let announced = ["connection.blocked", "consumer_cancel_notify", "basic.nack"];
        let fields: Vec<u8> = announced.iter().flat_map(|name| field(name, value)).collect();
        let mut end = waiting.clone();
        end.takes(&saying(&end, &field("capabilities", &table(&fields))));
        end.takes(&[tune_ok(2047, 131_072, 60), open("/"), channel_open(1)].concat());
        end.takes(&consume(1, "c", true));
        // With confirms, so that there is something to nack.
        let select = method(1, 85, 10, b"\x01");
        end.takes(&[select, publish(1, "k"), header(1, 0, BARE)].concat());
        end.sent();
        let cancel = basic::Cancel { consumer_tag: "c".into(), no_wait: true };
        assert_eq!(end.connection.block("full").is_ok(), is_announced);
        let blocked = method(0, 10, 60, &short("full"));
        assert_eq!(end.sent(), if is_announced { blocked } else { Vec::new() });
        assert_eq!(end.channel().call(&cancel).is_ok(), is_announced);
        let cancel = method(1, 60, 30, b"\x01c\x01");
        assert_eq!(end.sent(), if is_announced { cancel } else { Vec::new() });
        let nack = basic::Nack { delivery_tag: 1, ..Default::default() };
        assert_eq!(end.channel().send(&nack).is_ok(), is_announced);
        let nack = method(1, 60, 120, b"\0\0\0\0\0\0\0\x01\0");
        assert_eq!(end.sent(), if is_announced { nack } else { Vec::new() });
    }
}

fn a_client_tells_a_refused_virtual_host() {
    for code in [530, 402, 404] {
        let mut end = End::fresh_client().at(Phase::Opening);
        let events = end.feed(&connection_close(code, "no such host"));
        let reason = the_end(&events);
        assert_eq!((reason.initiator, reason.reply_code), (Initiator::Peer, ReplyCode(code)));
        assert_eq!(reason.detail, CloseDetail::VirtualHostRefused);
        assert_eq!(reason.to_string(), "the virtual host was refused: no such host");
        assert_eq!(end.sent(), connection_close_ok());
    }
}

fn a_server_refuses_a_virtual_host_with_530() {
    for name in ["/", "", "//", "missing", &"x".repeat(255)] {
        let mut end = End::fresh_server().at(Phase::Opening);
        let events = end.asks(&open(name));
        let [Event::VirtualHost(host)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!(host.name(), *name);
        end.connection
            .decide(Decision::Refuse { code: ReplyCode(530), text: "no such host" })
            .unwrap();
        assert_eq!(hex(&end.sent()), hex(&connection_close(530, "no such host")));
        assert_eq!(end.connection.phase(), Phase::Closing);
        end.ignores(&channel_open(1));
        let events = end.feed(&connection_close_ok());
        let reason = the_end(&events);
        assert_eq!((reason.initiator, reason.reply_code), (Initiator::Local, ReplyCode(530)));
        assert_eq!(reason.detail, CloseDetail::VirtualHostRefused);
        assert_eq!(end.connection.phase(), Phase::Closed);
    }
}
