//! Methods: reserved fields, bits, and ids that the specification doesn't list.

use amqp_proto::protocol::{
    MethodKind, Properties, Reply, ReplyCode, Request, access, basic, confirm, exchange, queue,
};
use amqp_proto::{ChannelId, Connection, Decision, Event, Phase, ServerConfig, UsageError};

use crate::common::*;
use crate::end::{End, token};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("MTH-06", a_client_leaves_reserved_fields_empty_and_ignores_them),
    server("MTH-06", a_server_leaves_reserved_fields_empty_and_ignores_them),
    client("MTH-07", a_client_packs_bits_from_the_low_one_up),
    server("MTH-07", a_server_packs_bits_from_the_low_one_up),
    client("MTH-08", a_client_sends_unused_bits_as_zero_and_ignores_them),
    server("MTH-08", a_server_sends_unused_bits_as_zero_and_ignores_them),
    client("MTH-09", a_client_numbers_extensions_as_brokers_do),
    server("MTH-09", a_server_numbers_extensions_as_brokers_do),
    client("MTH-10", a_client_asks_for_access_only_when_told),
    server("MTH-10", a_server_leaves_access_to_the_application),
];

const ONE: ChannelId = ChannelId::new(1).unwrap();
const TAG_1: &[u8] = b"\0\0\0\0\0\0\0\x01";

/// The client's request goes out with these arguments.
fn calls(end: &End, request: &impl Request, class_id: u16, method_id: u16, arguments: &[u8]) {
    let mut end = end.clone();
    end.channel().call(request).unwrap();
    assert_eq!(hex(&end.sent()), hex(&method(1, class_id, method_id, arguments)));
}

/// What the application is told of a request, in one line that leaves out what is zero or empty.
fn told(end: &End, octets: &[u8]) -> String {
    let events = end.clone().takes(octets);
    let [Event::Request { method, .. }] = &events[..] else { panic!("{:?}", lines(&events)) };
    method.method().to_string()
}

fn a_client_leaves_reserved_fields_empty_and_ignores_them() {
    let end = End::client_channel();
    let (ticket, q, x) = (0xABCD, "q".into(), "x".into());
    let declare = queue::Declare { ticket, queue: q, ..Default::default() };
    calls(&end, &declare, 50, 10, b"\0\0\x01q\0\0\0\0\0");
    let bind = queue::Bind { ticket, queue: q, exchange: x, ..Default::default() };
    calls(&end, &bind, 50, 20, b"\0\0\x01q\x01x\0\0\0\0\0\0");
    calls(&end, &basic::Get { ticket, queue: q, no_ack: false }, 60, 70, b"\0\0\x01q\0");
    // Two that were reserved have their older meaning back.
    let declare = exchange::Declare {
        ticket,
        exchange: x,
        auto_delete: true,
        internal: true,
        ..Default::default()
    };
    calls(&end, &declare, 40, 10, b"\0\0\x01x\0\x0C\0\0\0\0");
    let mut publishing = end.clone();
    let publish = basic::Publish { ticket, exchange: x, ..Default::default() };
    publishing.channel().publish(&publish, Properties::EMPTY, "").unwrap();
    let octets = [method(1, 60, 40, b"\0\0\x01x\0\0"), header(1, 0, BARE)].concat();
    assert_eq!(hex(&publishing.sent()), hex(&octets));

    // connection.open: virtual host, an empty string, a bit of zero; channel.open: an empty string.
    let mut end = End::fresh_client();
    end.takes(&[start("PLAIN"), tune(2047, 131_072, 60)].concat());
    assert!(end.sent().ends_with(&method(0, 10, 40, b"\x01/\0\0")));
    assert_eq!(lines(&end.takes(&method(0, 10, 41, b"\x04host"))), ["connected"]);
    end.connection.open_channel().unwrap();
    assert_eq!(end.sent(), method(1, 20, 10, b"\0"));
    let events = end.takes(&method(1, 20, 11, b"\0\0\0\x02id"));
    assert_eq!(lines(&events), ["channel 1 opened"]);
    end.channel().call(&basic::Get { queue: "q".into(), ..Default::default() }).unwrap();
    let events = end.takes(&method(1, 60, 72, b"\x02id"));
    let [Event::Reply { method, .. }] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(method.method().to_string(), "basic.get-empty");
}

fn a_server_leaves_reserved_fields_empty_and_ignores_them() {
    let end = End::server_channel();
    let declare = told(&end, &method(1, 50, 10, b"\xAB\xCD\x01q\0\0\0\0\0"));
    assert_eq!(declare, r#"queue.declare queue="q""#);
    let get = told(&end, &method(1, 60, 70, b"\xFF\xFF\x01q\0"));
    assert_eq!(get, r#"basic.get queue="q""#);
    let declare = told(&end, &method(1, 40, 10, b"\0\x01\x01x\0\x0C\0\0\0\0"));
    assert_eq!(declare, r#"exchange.declare exchange="x" auto-delete internal"#);
    let mut getting = end.clone();
    let to = token(&getting.takes(&method(1, 60, 70, b"\0\0\x01q\0")));
    getting.channel().reply(to, &basic::GetEmpty { cluster_id: "id".into() }).unwrap();
    assert_eq!(getting.sent(), method(1, 60, 72, b"\0"));

    let mut end = End::fresh_server();
    let login = [PROTOCOL_HEADER, &start_ok("PLAIN", b"\0guest\0guest")].concat();
    end.takes(&login);
    end.takes(&tune_ok(2047, 131_072, 60));
    end.sent();
    let events = end.takes(&method(0, 10, 40, b"\x01/\x04caps\x01"));
    let [Event::VirtualHost(asked), Event::Connected] = &events[..] else {
        panic!("{:?}", lines(&events));
    };
    assert_eq!(asked.open().to_string(), r#"connection.open virtual-host="/""#);
    assert_eq!(end.sent(), method(0, 10, 41, b"\0"));
    assert_eq!(lines(&end.takes(&method(1, 20, 10, b"\x03oob"))), ["channel 1 opened"]);
    assert_eq!(end.sent(), method(1, 20, 11, b"\0\0\0\0"));
}

/// queue.declare of `q` with these bits: passive, durable, exclusive, auto-delete, no-wait.
fn declare_with(bits: u8) -> Vec<u8> {
    method(1, 50, 10, &[b"\0\0\x01q", &[bits][..], b"\0\0\0\0"].concat())
}

fn declaring(bits: u8) -> queue::Declare<'static> {
    queue::Declare {
        queue: "q".into(),
        passive: bits & 1 > 0,
        durable: bits & 2 > 0,
        exclusive: bits & 4 > 0,
        auto_delete: bits & 8 > 0,
        no_wait: bits & 16 > 0,
        ..Default::default()
    }
}

/// exchange.declare of `x`: passive, durable, auto-delete, internal, no-wait.
fn exchange_with(bits: u8) -> exchange::Declare<'static> {
    exchange::Declare {
        exchange: "x".into(),
        passive: bits & 1 > 0,
        durable: bits & 2 > 0,
        auto_delete: bits & 4 > 0,
        internal: bits & 8 > 0,
        no_wait: bits & 16 > 0,
        ..Default::default()
    }
}

/// queue.delete of `q`: if-unused, if-empty, no-wait.
fn deleting(bits: u8) -> queue::Delete<'static> {
    queue::Delete {
        queue: "q".into(),
        if_unused: bits & 1 > 0,
        if_empty: bits & 2 > 0,
        no_wait: bits & 4 > 0,
        ..Default::default()
    }
}

/// basic.deliver to `c` whose only bit fills this octet: on a client, whether it was redelivered.
fn is_redelivered(end: &End, octet: u8) -> bool {
    let arguments = [b"\x01c", TAG_1, &[octet], b"\0\x01q"].concat();
    let events = end.clone().takes(&[method(1, 60, 60, &arguments), header(1, 0, BARE)].concat());
    let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
    content.deliver().unwrap().redelivered
}

/// basic.cancel of `c` whose only bit fills this octet: whether no reply is wanted.
fn is_no_wait(end: &End, octet: u8) -> bool {
    let events = end.clone().takes(&method(1, 60, 30, &[b"\x01c", &[octet][..]].concat()));
    let [Event::Request { token, .. }] = &events[..] else { panic!("{:?}", lines(&events)) };
    token.is_none()
}

fn a_client_packs_bits_from_the_low_one_up() {
    let end = End::client_channel();
    for bits in 0..32 {
        let arguments = [b"\0\0\x01q", &[bits][..], b"\0\0\0\0"].concat();
        calls(&end, &declaring(bits), 50, 10, &arguments);
    }
    // The run ends with a table behind it or with the method, and begins behind a string.
    for bits in 0..32 {
        let arguments = [b"\0\0\x01x\0", &[bits][..], b"\0\0\0\0"].concat();
        calls(&end, &exchange_with(bits), 40, 10, &arguments);
        let arguments = [b"\0\0\x01q", &[bits & 7][..]].concat();
        calls(&end, &deleting(bits), 50, 40, &arguments);
    }
    for bits in 0..4 {
        let (mandatory, immediate) = (bits & 1 > 0, bits & 2 > 0);
        let publish = basic::Publish { mandatory, immediate, ..Default::default() };
        let mut end = end.clone();
        end.channel().publish(&publish, Properties::EMPTY, "").unwrap();
        let octets = [method(1, 60, 40, &[0, 0, 0, 0, bits]), header(1, 0, BARE)].concat();
        assert_eq!(hex(&end.sent()), hex(&octets));
    }
    assert_eq!([0, 1].map(|octet| is_redelivered(&end, octet)), [false, true]);
    assert_eq!([0, 1].map(|octet| is_no_wait(&end, octet)), [false, true]);
}

fn a_server_packs_bits_from_the_low_one_up() {
    let end = End::server_channel();
    for bits in 0..32 {
        assert_eq!(told(&end, &declare_with(bits)), declaring(bits).to_string());
        let octets = method(1, 40, 10, &[b"\0\0\x01x\0", &[bits][..], b"\0\0\0\0"].concat());
        assert_eq!(told(&end, &octets), exchange_with(bits).to_string());
        let octets = method(1, 50, 40, &[b"\0\0\x01q", &[bits & 7][..]].concat());
        assert_eq!(told(&end, &octets), deleting(bits).to_string());
    }
    let consume = told(&end, &method(1, 60, 20, b"\0\0\x01q\x01c\x06\0\0\0\0"));
    assert_eq!(consume, r#"basic.consume queue="q" consumer-tag="c" no-ack exclusive"#);
    let mut end = trusted_server();
    end.takes(&consume_and_confirm());
    let deliver = |redelivered| basic::Deliver {
        consumer_tag: "c".into(),
        redelivered,
        ..Default::default()
    };
    for (redelivered, octet) in [(false, 0), (true, 1)] {
        let mut end = end.clone();
        end.channel().deliver(&deliver(redelivered), Properties::EMPTY, "").unwrap();
        let arguments = [b"\x01c", TAG_1, &[octet], b"\0\0"].concat();
        let octets = [method(1, 60, 60, &arguments), header(1, 0, BARE)].concat();
        assert_eq!(hex(&end.sent()), hex(&octets));
    }
    for (multiple, requeue, octet) in [(false, false, 0), (true, false, 1), (false, true, 2)] {
        let mut end = end.clone();
        end.channel().send(&basic::Nack { delivery_tag: 1, multiple, requeue }).unwrap();
        assert_eq!(end.sent(), method(1, 60, 120, &[TAG_1, &[octet]].concat()));
    }
}

fn a_client_sends_unused_bits_as_zero_and_ignores_them() {
    let end = End::client_channel();
    calls(&end, &declaring(0xFF), 50, 10, b"\0\0\x01q\x1F\0\0\0\0");
    calls(&end, &confirm::Select { no_wait: true }, 85, 10, b"\x01");
    for unused in [0x02, 0x80, 0xFE] {
        assert!(!is_redelivered(&end, unused) && is_redelivered(&end, unused | 1));
        assert!(!is_no_wait(&end, unused) && is_no_wait(&end, unused | 1));
    }
    let mut end = end;
    end.takes(&method(1, 20, 20, b"\xFE"));
    assert!(end.channel().is_flow_stopped());
    // The answer says what was understood.
    assert_eq!(end.sent(), method(1, 20, 21, b"\0"));
    end.takes(&method(1, 20, 20, b"\xFF"));
    assert!(!end.channel().is_flow_stopped());
    assert_eq!(end.sent(), method(1, 20, 21, b"\x01"));
}

fn a_server_sends_unused_bits_as_zero_and_ignores_them() {
    let end = End::server_channel();
    for unused in [0x20, 0x80, 0xE0] {
        for bits in [0, 2, 31] {
            assert_eq!(told(&end, &declare_with(bits | unused)), declaring(bits).to_string());
        }
    }
    let mut end = trusted_server();
    end.takes(&consume_and_confirm());
    let nack = basic::Nack { delivery_tag: 1, multiple: true, requeue: true };
    end.channel().send(&nack).unwrap();
    assert_eq!(end.sent(), method(1, 60, 120, &[TAG_1, &[3]].concat()));
    end.takes(&method(1, 20, 20, b"\xFE"));
    assert_eq!(end.sent(), method(1, 20, 21, b"\0"));
    end.channel().call(&basic::Cancel { consumer_tag: "c".into(), no_wait: true }).unwrap();
    assert_eq!(end.sent(), method(1, 60, 30, b"\x01c\x01"));
}

/// A server with channel 1 whose client has announced what some methods need.
fn trusted_server() -> End {
    let granted = |name: &str| [&short(name)[..], b"t\x01"].concat();
    let names = ["basic.nack", "consumer_cancel_notify", "connection.blocked"];
    let capabilities = long(&names.map(granted).concat());
    let properties = [&short("capabilities")[..], b"F", &capabilities].concat();
    let login =
        [&long(&properties)[..], &short("PLAIN"), &long(b"\0guest\0guest"), &short("en_US")];
    let mut end = End::new(Connection::server(ServerConfig::default(), T0));
    end.takes(&[PROTOCOL_HEADER, &method(0, 10, 11, &login.concat())].concat());
    end.takes(&tune_ok(2047, 131_072, 60));
    end.takes(&open("/"));
    assert_eq!(end.connection.phase(), Phase::Open);
    end.sent();
    end.with_channel(1)
}

/// A consumer `c` and a publish that waits for its confirm.
fn consume_and_confirm() -> Vec<u8> {
    let select = method(1, 85, 10, b"\x01");
    [consume(1, "c", true), select, message(publish(1, "k"), 1, b"", 1)].concat()
}

fn a_client_numbers_extensions_as_brokers_do() {
    let mut end = End::client_channel();
    let (from, to) = ("from".into(), "to".into());
    let bind = exchange::Bind { source: from, destination: to, ..Default::default() };
    let unbind = exchange::Unbind { source: from, destination: to, ..Default::default() };
    let arguments = b"\0\0\x02to\x04from\0\0\0\0\0\0";
    calls(&end, &bind, 40, 30, arguments);
    calls(&end, &unbind, 40, 40, arguments);
    calls(
        &end,
        &queue::Unbind { queue: to, ..Default::default() },
        50,
        50,
        b"\0\0\x02to\0\0\0\0\0\0",
    );
    calls(&end, &confirm::Select::default(), 85, 10, b"\0");
    // Each with the id of its answer; that of exchange.unbind isn't the next number.
    let mut channel = end.channel();
    channel.call(&bind).unwrap();
    channel.call(&unbind).unwrap();
    channel.call(&queue::Unbind { queue: to, ..Default::default() }).unwrap();
    channel.call(&confirm::Select::default()).unwrap();
    channel.publish(&basic::Publish::default(), Properties::EMPTY, "").unwrap();
    end.connection.update_secret(b"token", "new").unwrap();
    let sent = end.sent();
    let update = method(0, 10, 70, &[long(b"token"), short("new")].concat());
    assert_eq!(frames(&sent).into_iter().filter(|sent| *sent == frames(&update)[0]).count(), 1);
    end.clone().closes(&method(1, 40, 41, b""), "MTH-02", ReplyCode::NOT_IMPLEMENTED);
    let answers = [(1, 40, 31), (1, 40, 51), (1, 50, 51), (1, 85, 11), (0, 10, 71)];
    for (on, class_id, method_id) in answers {
        let events = end.takes(&method(on, class_id, method_id, b""));
        assert!(matches!(events[..], [Event::Reply { .. }]), "{:?}", lines(&events));
    }
    let nack = [TAG_1, &[0]].concat();
    assert_eq!(lines(&end.takes(&method(1, 60, 120, &nack))), ["channel 1 publish 1 nacked"]);
    end.takes(&message(deliver(1, 1), 1, b"", 1));
    end.channel().send(&basic::Nack { delivery_tag: 1, ..Default::default() }).unwrap();
    assert_eq!(end.sent(), method(1, 60, 120, &nack));
    let cancel = end.takes(&method(1, 60, 30, b"\x01c\0"));
    end.channel().reply(token(&cancel), &basic::CancelOk { consumer_tag: "c".into() }).unwrap();
    assert_eq!(end.sent(), method(1, 60, 31, b"\x01c"));
    end.takes(&method(0, 10, 60, &short("memory")));
    assert!(end.connection.is_blocked());
    end.takes(&method(0, 10, 61, b""));
    assert!(!end.connection.is_blocked());
}

/// A server is asked this, and its reply has this id.
fn answers(end: &mut End, (class_id, method_id): (u16, u16), ask: &[u8], reply: &impl Reply) {
    let to = token(&end.takes(ask));
    end.channel().reply(to, reply).unwrap();
    assert_eq!(hex(&end.sent()), hex(&method(1, class_id, method_id, b"")));
}

fn a_server_numbers_extensions_as_brokers_do() {
    let mut end = trusted_server();
    let arguments = b"\0\0\x02to\x04from\0\0\0\0\0\0";
    answers(&mut end, (40, 31), &method(1, 40, 30, arguments), &exchange::BindOk);
    answers(&mut end, (40, 51), &method(1, 40, 40, arguments), &exchange::UnbindOk);
    let unbind = method(1, 50, 50, b"\0\0\x02to\0\0\0\0\0\0");
    answers(&mut end, (50, 51), &unbind, &queue::UnbindOk);
    answers(&mut end, (85, 11), &method(1, 85, 10, b"\0"), &confirm::SelectOk);
    end.clone().closes(&method(1, 40, 41, b""), "MTH-02", ReplyCode::NOT_IMPLEMENTED);
    let events = end.takes(&method(0, 10, 70, &[long(b"token"), short("new")].concat()));
    assert!(matches!(events[..], [Event::UpdateSecret(_)]), "{:?}", lines(&events));
    end.connection.decide(Decision::Accept).unwrap();
    assert_eq!(end.sent(), method(0, 10, 71, b""));
    end.connection.block("memory").unwrap();
    end.connection.unblock().unwrap();
    let told = [method(0, 10, 60, &short("memory")), method(0, 10, 61, b"")].concat();
    assert_eq!(hex(&end.sent()), hex(&told));
    end.takes(&consume(1, "c", false));
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    end.channel().deliver(&deliver, Properties::EMPTY, "").unwrap();
    end.sent();
    let nack = [TAG_1, &[2]].concat();
    let events = end.takes(&method(1, 60, 120, &nack));
    let [Event::Notice(method_event)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(method_event.kind(), MethodKind::BasicNack);
    end.takes(&message(publish(1, "k"), 1, b"", 1));
    end.channel()
        .send(&basic::Nack { delivery_tag: 1, requeue: true, ..Default::default() })
        .unwrap();
    assert_eq!(end.sent(), method(1, 60, 120, &nack));
    let cancel = basic::Cancel { consumer_tag: "c".into(), no_wait: false };
    end.channel().call(&cancel).unwrap();
    assert_eq!(end.sent(), method(1, 60, 30, b"\x01c\0"));

    // A client that has announced none of it gets none of it.
    let mut end = End::server_channel();
    end.takes(&consume_and_confirm());
    let missing = |method, capability| UsageError::CapabilityMissing { method, capability };
    let blocked = missing("connection.blocked", "connection.blocked");
    end.refuses(|end| end.block(""), blocked);
    let unasked = missing("basic.cancel", "consumer_cancel_notify");
    end.refuses(|end| end.channel(ONE)?.call(&cancel), unasked);
    let nack = basic::Nack { delivery_tag: 1, ..Default::default() };
    end.refuses(|end| end.channel(ONE)?.send(&nack), missing("basic.nack", "basic.nack"));
    end.channel().send(&basic::Ack { delivery_tag: 1, multiple: false }).unwrap();
    assert_eq!(end.sent(), method(1, 60, 80, &[TAG_1, b"\0"].concat()));
}

fn a_client_asks_for_access_only_when_told() {
    // The whole of what the engine says by itself, and no ticket anywhere.
    let mut end = End::fresh_client();
    end.takes(&server_handshake(131_072));
    end.connection.open_channel().unwrap();
    end.takes(&channel_open_ok(1));
    end.channel().call(&queue::Declare { queue: "q".into(), ..Default::default() }).unwrap();
    let sent = end.sent();
    let sent = frames(&sent[PROTOCOL_HEADER.len()..]);
    assert!(sent.iter().all(|(_, _, payload)| payload[..2] != *b"\0\x1E"));
    assert_eq!(sent.last().unwrap().2, b"\0\x32\0\x0A\0\0\x01q\0\0\0\0\0");
    // Where the application insists, a broker that still answers is understood.
    let mut end = End::client_channel();
    let invalid = ReplyCode::COMMAND_INVALID;
    let granted = method(1, 30, 11, b"\0\x01");
    end.clone().closes(&granted, "SYN-03", invalid);
    let access = access::Request { realm: "/data".into(), active: true, ..Default::default() };
    end.channel().call(&access).unwrap();
    assert_eq!(end.sent(), method(1, 30, 10, b"\x05/data\x04"));
    let events = end.takes(&granted);
    let [Event::Reply { method, .. }] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(method.kind(), MethodKind::AccessRequestOk);
    end.closes(&access_request(), "MTH-03", invalid);
}

fn access_request() -> Vec<u8> {
    method(1, 30, 10, b"\x05/data\x04")
}

fn a_server_leaves_access_to_the_application() {
    let mut end = End::server_channel();
    let to = token(&end.takes(&access_request()));
    // It can refuse in the manner of a server that knows no such class.
    let mut refused = end.clone();
    refused.connection.close(T0, ReplyCode::NOT_IMPLEMENTED, "no tickets").unwrap();
    assert_eq!(refused.sent(), connection_close(540, "no tickets"));
    // Or answer as RabbitMQ does.
    end.channel().reply(to, &access::RequestOk { ticket: 1 }).unwrap();
    assert_eq!(end.sent(), method(1, 30, 11, b"\0\x01"));
    end.refuses(
        |end| end.channel(ONE)?.call(&access::Request::default()),
        UsageError::WrongSide { method: "access.request" },
    );
}
