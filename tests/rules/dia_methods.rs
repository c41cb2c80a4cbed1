//! Dialects 0-8 and 0-9: which methods there are, how they are laid out, and field tables.

use amqp_proto::protocol::Dialect::{self, V0_8, V0_9, V0_9_1};
use amqp_proto::protocol::{
    Method, Notice, Properties, PropertiesBuf, access, basic, channel, exchange, queue,
};
use amqp_proto::wire::{ArrayBuf, Decimal, EncodeError, TableBuf, TableLimits, Value};
use amqp_proto::{Connection, Event, ReplyToken, ServerConfig, UsageError};

use crate::common::*;
use crate::dia::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("DIA-02", a_client_sends_tickets_before_0_9_1),
    server("DIA-02", a_server_takes_tickets_before_0_9_1),
    client("DIA-04", a_client_sends_the_table_of_consume),
    client("DIA-04", a_client_of_0_8_sends_no_table_unless_the_server_is_qpid),
    server("DIA-04", a_server_takes_the_table_of_consume),
    server("DIA-04", a_server_of_0_8_takes_consume_without_its_table),
    client("DIA-05", a_client_numbers_recover_by_dialect),
    server("DIA-05", a_server_numbers_recover_by_dialect),
    client("DIA-06", a_client_has_the_methods_of_the_dialect),
    server("DIA-06", a_server_has_the_methods_of_the_dialect),
    client("DIA-07", a_client_has_no_class_that_is_gone),
    server("DIA-07", a_server_has_no_class_that_is_gone),
    client("DIA-08", a_client_has_all_types_of_values_in_every_dialect),
    server("DIA-08", a_server_has_all_types_of_values_in_every_dialect),
    server("DIA-08", a_server_greets_clients_of_0_8_without_booleans),
];

/// What follows the ticket of a method: class, method, arguments.
const BEHIND_TICKETS: [(u16, u16, &[u8]); 10] = [
    (40, 10, b"\x01x\x06direct\0\0\0\0\0"),
    (50, 10, b"\x01q\0\0\0\0\0"),
    (50, 20, b"\x01q\x01x\x01k\0\0\0\0\0"),
    (50, 50, b"\x01q\x01x\x01k\0\0\0\0"),
    (50, 30, b"\x01q\0"),
    (50, 40, b"\x01q\0"),
    (40, 20, b"\x01x\0"),
    (60, 20, b"\x01q\x01c\0\0\0\0\x04\x01kt\x01"),
    (60, 70, b"\x01q\0"),
    (60, 40, b"\x01x\x01k\0"),
];

fn with_ticket(ticket: [u8; 2]) -> impl Iterator<Item = Vec<u8>> {
    BEHIND_TICKETS.into_iter().map(move |(class_id, method_id, rest)| {
        method(1, class_id, method_id, &[&ticket, rest].concat())
    })
}

fn a_client_sends_tickets_before_0_9_1() {
    let (ticket, x, q, k) = (0x0A0B, "x", "q", "k");
    let mut arguments = TableBuf::new();
    arguments.insert("k", true).unwrap();
    for dialect in DIALECTS {
        let mut end = client_channel(dialect);
        let mut channel = end.channel();
        let declare = exchange::Declare {
            ticket,
            exchange: x.into(),
            r#type: "direct".into(),
            ..Default::default()
        };
        channel.call(&declare).unwrap();
        let declare = queue::Declare { ticket, queue: q.into(), ..Default::default() };
        channel.call(&declare).unwrap();
        let (exchange, routing_key) = (x.into(), k.into());
        let bind =
            queue::Bind { ticket, queue: q.into(), exchange, routing_key, ..Default::default() };
        channel.call(&bind).unwrap();
        let unbind =
            queue::Unbind { ticket, queue: q.into(), exchange, routing_key, ..Default::default() };
        channel.call(&unbind).unwrap();
        channel.call(&queue::Purge { ticket, queue: q.into(), ..Default::default() }).unwrap();
        channel.call(&queue::Delete { ticket, queue: q.into(), ..Default::default() }).unwrap();
        channel.call(&exchange::Delete { ticket, exchange, ..Default::default() }).unwrap();
        let consume = basic::Consume {
            ticket,
            queue: q.into(),
            consumer_tag: "c".into(),
            arguments: arguments.as_table(),
            ..Default::default()
        };
        channel.call(&consume).unwrap();
        channel.call(&basic::Get { ticket, queue: q.into(), ..Default::default() }).unwrap();
        let publish = basic::Publish { ticket, exchange, routing_key, ..Default::default() };
        channel.publish(&publish, Properties::EMPTY, "").unwrap();
        let sent = if dialect == V0_9_1 { [0, 0] } else { [0x0A, 0x0B] };
        let methods: Vec<u8> = with_ticket(sent).flatten().collect();
        has_sent(&mut end, &[methods, header(1, 0, BARE)].concat());
    }
}

fn ticket(method: &Method<'_>) -> u16 {
    match method {
        Method::ExchangeDeclare(method) => method.ticket,
        Method::ExchangeDelete(method) => method.ticket,
        Method::QueueDeclare(method) => method.ticket,
        Method::QueueBind(method) => method.ticket,
        Method::QueueUnbind(method) => method.ticket,
        Method::QueuePurge(method) => method.ticket,
        Method::QueueDelete(method) => method.ticket,
        Method::BasicConsume(method) => method.ticket,
        Method::BasicGet(method) => method.ticket,
        Method::BasicPublish(method) => method.ticket,
        method => panic!("{method}"),
    }
}

fn a_server_takes_tickets_before_0_9_1() {
    for dialect in DIALECTS {
        let mut end = server_channel(dialect);
        let taken = if dialect == V0_9_1 { 0 } else { 0x0A0B };
        for octets in with_ticket([0x0A, 0x0B]).take(9) {
            let told = the_method(&end.takes(&octets));
            assert_eq!(ticket(&told.method()), taken, "{dialect}: {told:?}");
        }
        let publish = with_ticket([0x0A, 0x0B]).last().unwrap();
        let events = end.takes(&[publish, header(1, 0, BARE)].concat());
        let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!(ticket(&content.method()), taken, "{dialect}");
        assert_eq!(content.exchange(), "x");
        // No dialect leaves the place of the ticket out.
        let without = method(1, 50, 10, b"\x01q\0\0\0\0\0");
        refuses(&server_channel(dialect), &without, "MTH-04", 501);
    }
}

const CONSUME: &[u8] = b"\0\0\x01q\x01c\0\0\0\0\x04\x01kt\x01";

fn a_client_sends_the_table_of_consume() {
    let mut arguments = TableBuf::new();
    arguments.insert("k", true).unwrap();
    for dialect in DIALECTS {
        let mut end = client_channel(dialect);
        let (queue, consumer_tag) = ("q".into(), "c".into());
        let arguments = arguments.as_table();
        let consume = basic::Consume { queue, consumer_tag, arguments, ..Default::default() };
        end.channel().call(&consume).unwrap();
        has_sent(&mut end, &method(1, 60, 20, CONSUME));
    }
}

fn a_server_takes_the_table_of_consume() {
    for dialect in DIALECTS {
        let end = server_channel(dialect);
        let told = the_method(&end.clone().takes(&method(1, 60, 20, CONSUME)));
        let Method::BasicConsume(consume) = told.method() else { panic!("{told:?}") };
        assert_eq!(consume.arguments.get("k"), Some(Value::Bool(true)));
        // Half a table is none in any dialect, and behind it nothing may come.
        refuses(&end, &method(1, 60, 20, &CONSUME[..CONSUME.len() - 1]), "MTH-04", 501);
        refuses(&end, &method(1, 60, 20, &[PLAIN_CONSUME, b"\0\0\0"].concat()), "MTH-04", 501);
        refuses(&end, &method(1, 60, 20, &[CONSUME, b"\0"].concat()), "MTH-05", 501);
        if dialect != V0_8 {
            refuses(&end, &method(1, 60, 20, PLAIN_CONSUME), "MTH-04", 501);
        }
    }
}

/// What clients of 0-8 send that know nothing of Qpid.
const PLAIN_CONSUME: &[u8] = b"\x0A\x0B\x01q\x01c\x08";

fn a_server_of_0_8_takes_consume_without_its_table() {
    let told = the_method(&server_channel(V0_8).takes(&method(1, 60, 20, PLAIN_CONSUME)));
    let expected = basic::Consume {
        ticket: 0x0A0B,
        queue: "q".into(),
        consumer_tag: "c".into(),
        no_wait: true,
        ..Default::default()
    };
    assert_eq!(told.method(), Method::BasicConsume(expected));
    assert_eq!(told.octets(), [b"\0\x3C\0\x14", PLAIN_CONSUME].concat());
    for bits in 0..16 {
        let octets = [b"\0\0\x01q\x01c", &[bits][..]].concat();
        let told = the_method(&server_channel(V0_8).takes(&method(1, 60, 20, &octets)));
        let Method::BasicConsume(consume) = told.method() else { panic!("{told}") };
        let flags = [consume.no_local, consume.no_ack, consume.exclusive, consume.no_wait];
        assert_eq!(flags, [1, 2, 4, 8].map(|bit| bits & bit != 0), "{bits}");
    }
}

/// Broker-J can't do without the table, and RabbitMQ ends the connection by it.
fn a_client_of_0_8_sends_no_table_unless_the_server_is_qpid() {
    let consume = basic::Consume {
        ticket: 0x0A0B,
        queue: "q".into(),
        consumer_tag: "c".into(),
        no_wait: true,
        ..Default::default()
    };
    let with_table = [PLAIN_CONSUME, b"\0\0\0\0"].concat();
    let (mut rabbitmq, mut properties) = (TableBuf::new(), TableBuf::new());
    rabbitmq.insert("product", "RabbitMQ").unwrap();
    properties.insert("qpid.build", "1").unwrap();
    for dialect in DIALECTS {
        let mut end = client_channel_of(dialect, &properties);
        assert_eq!(end.channel().call(&consume), Ok(None));
        let ticket = if dialect == V0_9_1 { b"\0\0" } else { b"\x0A\x0B" };
        has_sent(&mut end, &method(1, 60, 20, &[ticket, &with_table[2..]].concat()));
    }
    let mut arguments = TableBuf::new();
    arguments.insert("k", true).unwrap();
    let with_arguments =
        basic::Consume { consumer_tag: "d".into(), arguments: arguments.as_table(), ..consume };
    for properties in [TableBuf::new(), rabbitmq.clone()] {
        let mut end = client_channel_of(V0_8, &properties);
        assert_eq!(end.channel().call(&consume), Ok(None));
        has_sent(&mut end, &method(1, 60, 20, PLAIN_CONSUME));
        // Each flag in its place.
        for (bits, no_local, no_ack, exclusive) in
            [(9, true, false, false), (10, false, true, false), (12, false, false, true)]
        {
            let flags = basic::Consume { no_local, no_ack, exclusive, ..consume };
            let flags = basic::Consume { consumer_tag: "f".into(), ..flags };
            let mut end = end.clone();
            assert_eq!(end.channel().call(&flags), Ok(None));
            has_sent(&mut end, &method(1, 60, 20, &[b"\x0A\x0B\x01q\x01f", &[bits][..]].concat()));
        }
    }
    // Arguments have no other place; RabbitMQ would end the connection.
    let mut end = client_channel_of(V0_8, &TableBuf::new());
    assert_eq!(end.channel().call(&with_arguments), Ok(None));
    let table = b"\x0A\x0B\x01q\x01d\x08\0\0\0\x04\x01kt\x01";
    has_sent(&mut end, &method(1, 60, 20, table));
    let mut end = client_channel_of(V0_8, &rabbitmq);
    let refused = end.channel().call(&with_arguments).unwrap_err();
    assert_eq!(refused.to_string(), "RabbitMQ 3 doesn't take basic.consume with arguments in 0-8");
    has_sent(&mut end, b"");
}

/// The numbers of recover and recover-ok.
fn recover_ids(dialect: Dialect) -> (u16, u16) {
    if dialect == V0_9_1 { (110, 111) } else { (102, 101) }
}

fn token(events: &[Event]) -> ReplyToken {
    let [Event::Request { token: Some(token), .. }] = events else { panic!("{:?}", lines(events)) };
    *token
}

fn a_client_numbers_recover_by_dialect() {
    for dialect in DIALECTS {
        let (recover, ok) = recover_ids(dialect);
        let ok = method(1, 60, ok, b"");
        let mut end = client_channel(dialect);
        end.channel().send(&basic::RecoverAsync { requeue: true }).unwrap();
        has_sent(&mut end, &method(1, 60, 100, b"\x01"));
        assert_eq!(end.channel().pending_requests(), 0);
        if dialect == V0_8 {
            // Broker-J answers it in 0-8.
            assert_eq!(told_as(&mut end, &ok), "basic.recover-ok");
        } else {
            refuses(&end, &ok, "SYN-03", 503);
        }
        let request = end.channel().call(&basic::Recover { requeue: true }).unwrap().unwrap();
        has_sent(&mut end, &method(1, 60, recover, b"\x01"));
        let events = end.takes(&ok);
        assert!(matches!(&events[..], [Event::Reply { request: to, .. }] if *to == request));
        let other = if dialect == V0_9_1 { 101 } else { 111 };
        refuses(&end, &method(1, 60, other, b""), "MTH-02", 540);
    }
}

fn a_server_numbers_recover_by_dialect() {
    for dialect in DIALECTS {
        let (recover, ok) = recover_ids(dialect);
        let mut end = server_channel(dialect);
        let events = end.takes(&method(1, 60, 100, b"\x01"));
        assert!(matches!(events[..], [Event::Notice(_)]), "{:?}", lines(&events));
        assert_eq!(the_method(&events).kind().name(), "basic.recover-async");
        has_sent(&mut end, b"");
        let events = end.takes(&method(1, 60, recover, b"\x01"));
        end.channel().reply(token(&events), &basic::RecoverOk).unwrap();
        has_sent(&mut end, &method(1, 60, ok, b""));
        let other = if dialect == V0_9_1 { 102 } else { 110 };
        refuses(&end, &method(1, 60, other, b"\x01"), "MTH-02", 540);
    }
}

/// A method without a reply, in the dialects that have it and in those that don't.
fn sends_only_in<M: Notice>(
    open: fn(Dialect) -> End,
    dialects: &[Dialect],
    notice: &M,
    octets: &[u8],
) {
    for dialect in DIALECTS {
        let mut end = open(dialect);
        let sent = end.channel().send(notice);
        if dialects.contains(&dialect) {
            assert_eq!(sent, Ok(()), "{dialect}");
            has_sent(&mut end, octets);
        } else {
            let lacks = EncodeError::NotInDialect { method: M::KIND.name() };
            assert_eq!(sent, Err(UsageError::Encode(lacks)), "{dialect}");
            has_sent(&mut end, b"");
        }
    }
}

fn takes_only_in(open: fn(Dialect) -> End, dialects: &[Dialect], name: &str, octets: &[u8]) {
    for dialect in DIALECTS {
        let mut end = open(dialect);
        if dialects.contains(&dialect) {
            let events = end.clone().takes(octets);
            assert!(matches!(events[..], [Event::Notice(_)]), "{dialect}: {:?}", lines(&events));
            assert_eq!(told_as(&mut end, octets), name, "{dialect}");
            has_sent(&mut end, b"");
        } else {
            refuses(&end, octets, "MTH-02", 540);
        }
    }
}

fn alert_octets() -> Vec<u8> {
    method(1, 20, 30, b"\x01\x38\x03low\0\0\0\0")
}

fn resume_octets() -> Vec<u8> {
    method(1, 20, 50, b"\0\0\0\x02id")
}

fn pings_in_0_9(open: fn(Dialect) -> End) {
    let [ping, pong, ok] = [60, 70, 80].map(|method_id| method(1, 20, method_id, b""));
    sends_only_in(open, &[V0_9], &channel::Ping, &ping);
    sends_only_in(open, &[V0_9], &channel::Pong, &pong);
    sends_only_in(open, &[V0_9], &channel::Ok, &ok);
    takes_only_in(open, &[V0_9], "channel.ping", &ping);
    takes_only_in(open, &[V0_9], "channel.pong", &pong);
    takes_only_in(open, &[V0_9], "channel.ok", &ok);
}

fn a_client_has_the_methods_of_the_dialect() {
    pings_in_0_9(client_channel);
    let resume = channel::Resume { channel_id: b"id".into() };
    sends_only_in(client_channel, &[V0_9], &resume, &resume_octets());
    takes_only_in(client_channel, &[V0_8], "channel.alert", &alert_octets());
    for dialect in DIALECTS {
        let mut end = client_channel(dialect);
        let (queue, exchange) = ("q".into(), "x".into());
        let unbind = queue::Unbind { queue, exchange, ..Default::default() };
        end.channel().call(&unbind).unwrap();
        has_sent(&mut end, &method(1, 50, 50, b"\0\0\x01q\x01x\0\0\0\0\0"));
        assert_eq!(told_as(&mut end, &method(1, 50, 51, b"")), "queue.unbind-ok");
    }
}

fn a_server_has_the_methods_of_the_dialect() {
    pings_in_0_9(server_channel);
    takes_only_in(server_channel, &[V0_9], "channel.resume", &resume_octets());
    let (reply_code, reply_text) = (312.into(), "low".into());
    let alert = channel::Alert { reply_code, reply_text, ..Default::default() };
    sends_only_in(server_channel, &[V0_8], &alert, &alert_octets());
    refuses(&server_channel(V0_8), &alert_octets(), "MTH-03", 503);
    for dialect in DIALECTS {
        let mut end = server_channel(dialect);
        let events = end.takes(&method(1, 50, 50, b"\0\0\x01q\x01x\0\0\0\0\0"));
        end.channel().reply(token(&events), &queue::UnbindOk).unwrap();
        has_sent(&mut end, &method(1, 50, 51, b""));
    }
}

/// file, stream, dtx, tunnel; test and message.
fn has_no_class_that_is_gone(channel: fn(Dialect) -> End) {
    for dialect in DIALECTS {
        for class_id in [70, 80, 100, 110, 120] {
            for method_id in [10, 11, 20] {
                let octets = method(1, class_id, method_id, b"");
                refuses(&channel(dialect), &octets, "MTH-02", 540);
            }
        }
    }
}

fn a_client_has_no_class_that_is_gone() {
    has_no_class_that_is_gone(client_channel);
    // RabbitMQ still grants access in 0-9-1.
    for dialect in DIALECTS {
        let mut end = client_channel(dialect);
        let request = access::Request { realm: "/data".into(), read: true, ..Default::default() };
        end.channel().call(&request).unwrap();
        has_sent(&mut end, &method(1, 30, 10, b"\x05/data\x10"));
        assert_eq!(told_as(&mut end, &method(1, 30, 11, b"\0\x01")), "access.request-ok");
    }
}

fn a_server_has_no_class_that_is_gone() {
    has_no_class_that_is_gone(server_channel);
    for dialect in DIALECTS {
        let mut end = server_channel(dialect);
        let events = end.takes(&method(1, 30, 10, b"\x05/data\x10"));
        end.channel().reply(token(&events), &access::RequestOk { ticket: 1 }).unwrap();
        has_sent(&mut end, &method(1, 30, 11, b"\0\x01"));
    }
}

/// The types of 0-8, that of 0-9, those that came with 0-9-1, and two names again.
const TABLE: &[u8] = b"\x01SS\0\0\0\x01s\x01II\xFF\xFF\xFF\xFE\x01DD\x02\0\0\x01\x3A\
    \x01TT\0\0\0\0\0\0\0\x09\x01FF\0\0\0\x04\x01kt\x01\x01VV\
    \x01tt\x01\x01bb\xFF\x01BB\xFF\x01ss\xFF\xFE\x01uu\xFF\xFE\x01ii\xFF\xFF\xFF\xFE\
    \x01ll\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE\x01ff\x3F\x80\0\0\x01dd\x3F\xF0\0\0\0\0\0\0\
    \x01AA\0\0\0\x02t\x01\x01xx\0\0\0\x01x\
    \x01II\0\0\0\x07\x01St\0";

/// The same by the name and value of each pair.
fn table() -> TableBuf {
    let (mut inner, mut array) = (TableBuf::new(), ArrayBuf::new());
    inner.insert("k", true).unwrap();
    array.push(true).unwrap();
    let pairs = [
        ("S", Value::from("s")),
        ("I", Value::I32(-2)),
        ("D", Value::Decimal(Decimal { scale: 2, value: 314 })),
        ("T", Value::Timestamp(9)),
        ("F", Value::Table(inner.as_table())),
        ("V", Value::Void),
        ("t", Value::Bool(true)),
        ("b", Value::I8(-1)),
        ("B", Value::U8(255)),
        ("s", Value::I16(-2)),
        ("u", Value::U16(0xFFFE)),
        ("i", Value::U32(0xFFFF_FFFE)),
        ("l", Value::I64(-2)),
        ("f", Value::F32(1.0)),
        ("d", Value::F64(1.0)),
        ("A", Value::Array(array.as_array())),
        ("x", Value::Bytes(b"x")),
        ("I", Value::I32(7)),
        ("S", Value::Bool(false)),
    ];
    let mut table = TableBuf::new();
    for (name, value) in pairs {
        table.insert(name, value).unwrap();
    }
    table
}

fn takes_all_types(channel: fn(Dialect) -> End, begun: &[u8]) {
    for dialect in DIALECTS {
        let mut end = channel(dialect);
        let properties = [b"\x20\0", &long(TABLE)[..]].concat();
        let events = end.takes(&[begun, &header(1, 0, &properties)].concat());
        let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
        let headers = content.properties().headers().unwrap();
        let (told, expected) = (headers.iter(), table());
        assert!(told.eq(expected.as_table().iter()), "{dialect}: {headers}");
        assert_eq!(headers.get("I"), Some(Value::I32(-2)), "{dialect}");
        assert_eq!(headers.get("S"), Some(Value::from("s")), "{dialect}");
    }
}

fn a_client_has_all_types_of_values_in_every_dialect() {
    takes_all_types(client_channel, &deliver(1, 1));
    for dialect in DIALECTS {
        let mut end = client_channel(dialect);
        let (queue, table) = ("q".into(), table());
        let declare = queue::Declare { queue, arguments: table.as_table(), ..Default::default() };
        end.channel().call(&declare).unwrap();
        let arguments = [&b"\0\0\x01q\0"[..], &long(TABLE)].concat();
        has_sent(&mut end, &method(1, 50, 10, &arguments));
    }
}

fn a_server_has_all_types_of_values_in_every_dialect() {
    takes_all_types(server_channel, &publish(1, "k"));
    for dialect in DIALECTS {
        let mut end = server_channel(dialect);
        let properties = PropertiesBuf::new().with_headers(&table()).unwrap();
        end.channel().return_message(&basic::Return::default(), &properties, "").unwrap();
        let sent = [
            method(1, 60, 50, b"\0\0\0\0\0"),
            header(1, 0, &[b"\x20\0", &long(TABLE)[..]].concat()),
        ];
        has_sent(&mut end, &sent.concat());
    }
}

/// Debian's python3-amqplib knows S, I, D, T and F alone, and fails by anything else in Start.
fn a_server_greets_clients_of_0_8_without_booleans() {
    for dialect in DIALECTS {
        let mut config = ServerConfig::default();
        let own = config.server_properties.clone();
        config.server_properties.insert("cluster", 7_i32).unwrap();
        let mut end = End::new(Connection::server(config, T0));
        end.feed(&dialect.header().octets());
        let sent = frames(&end.sent());
        let [(1, 0, start)] = &sent[..] else { panic!("{sent:?}") };
        let Ok(Method::ConnectionStart(start)) =
            Method::decode(dialect, start, &TableLimits::default())
        else {
            panic!("{start:?}")
        };
        let told: Vec<_> = start.server_properties.iter().collect();
        let mut expected: Vec<_> = own.iter().collect();
        expected.retain(|(name, _)| dialect != V0_8 || *name != "capabilities");
        expected.push(("cluster".into(), Value::I32(7)));
        assert_eq!(told, expected, "{dialect}");
    }
}
