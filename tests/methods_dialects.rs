//! What 0-8 and 0-9 lay out or number in their own way (`DIA-01` to `DIA-06`), as octets.

#[path = "hex/both_ways.rs"]
mod both_ways;
mod hex;

use amqp_proto::{
    protocol::{
        AsMethod as _, Dialect, Method, MethodKind, ReplyCode, basic, channel, confirm, connection,
        exchange, queue,
    },
    wire::{EncodeError, TableLimits},
};
use both_ways::check;
use hex::{octets, table};

#[test]
fn what_0_9_has_of_its_own() {
    check(
        Dialect::V0_9,
        "000a 0028  012f 03636170 01",
        connection::Open { virtual_host: "/".into(), capabilities: "cap".into(), insist: true },
    );
    check(Dialect::V0_9, "000a 0029  03683a31", connection::OpenOk { known_hosts: "h:1".into() });
    check(Dialect::V0_9, "0014 000a  036f6f62", channel::Open { out_of_band: "oob".into() });
    check(Dialect::V0_9, "0014 000b  000000026964", channel::OpenOk { channel_id: "id".into() });
    check(Dialect::V0_9, "0014 0032  000000026964", channel::Resume { channel_id: "id".into() });
    check(Dialect::V0_9, "0014 003c", channel::Ping);
    check(Dialect::V0_9, "0014 0046", channel::Pong);
    check(Dialect::V0_9, "0014 0050", channel::Ok);
    check(
        Dialect::V0_9,
        "0028 000a  0a0b 0178 05746f706963 15 00000004016b7401",
        exchange::Declare {
            ticket: 0x0a0b,
            exchange: "x".into(),
            r#type: "topic".into(),
            passive: true,
            auto_delete: true,
            no_wait: true,
            arguments: table(),
            ..Default::default()
        },
    );
    check(
        Dialect::V0_9,
        "0028 0014  0a0b 0178 01",
        exchange::Delete {
            ticket: 0x0a0b,
            exchange: "x".into(),
            if_unused: true,
            ..Default::default()
        },
    );
    check(
        Dialect::V0_9,
        "0032 000a  0a0b 0171 15 00000004016b7401",
        queue::Declare {
            ticket: 0x0a0b,
            queue: "q".into(),
            passive: true,
            exclusive: true,
            no_wait: true,
            arguments: table(),
            ..Default::default()
        },
    );
    check(
        Dialect::V0_9,
        "0032 0014  0a0b 0171 0178 03722e6b 01 00000004016b7401",
        queue::Bind {
            ticket: 0x0a0b,
            queue: "q".into(),
            exchange: "x".into(),
            routing_key: "r.k".into(),
            no_wait: true,
            arguments: table(),
        },
    );
    check(
        Dialect::V0_9,
        "0032 001e  0a0b 0171 01",
        queue::Purge { ticket: 0x0a0b, queue: "q".into(), no_wait: true },
    );
    check(
        Dialect::V0_9,
        "0032 0028  0a0b 0171 05",
        queue::Delete {
            ticket: 0x0a0b,
            queue: "q".into(),
            if_unused: true,
            no_wait: true,
            ..Default::default()
        },
    );
    check(
        Dialect::V0_9,
        "0032 0032  0a0b 0171 0178 03722e6b 00000004016b7401",
        queue::Unbind {
            ticket: 0x0a0b,
            queue: "q".into(),
            exchange: "x".into(),
            routing_key: "r.k".into(),
            arguments: table(),
        },
    );
    check(
        Dialect::V0_9,
        "003c 0014  0a0b 0171 026374 05 00000004016b7401",
        basic::Consume {
            ticket: 0x0a0b,
            queue: "q".into(),
            consumer_tag: "ct".into(),
            no_local: true,
            exclusive: true,
            arguments: table(),
            ..Default::default()
        },
    );
    check(
        Dialect::V0_9,
        "003c 0028  0a0b 0178 03722e6b 01",
        basic::Publish {
            ticket: 0x0a0b,
            exchange: "x".into(),
            routing_key: "r.k".into(),
            mandatory: true,
            ..Default::default()
        },
    );
    check(
        Dialect::V0_9,
        "003c 0046  0a0b 0171 01",
        basic::Get { ticket: 0x0a0b, queue: "q".into(), no_ack: true },
    );
    check(Dialect::V0_9, "003c 0048  02636c", basic::GetEmpty { cluster_id: "cl".into() });
    check(Dialect::V0_9, "003c 0065", basic::RecoverOk);
    check(Dialect::V0_9, "003c 0066  01", basic::Recover { requeue: true });
}

#[test]
fn what_0_8_has_of_its_own() {
    check(
        Dialect::V0_8,
        "000a 0028  012f 03636170 01",
        connection::Open { virtual_host: "/".into(), capabilities: "cap".into(), insist: true },
    );
    check(Dialect::V0_8, "000a 0029  03683a31", connection::OpenOk { known_hosts: "h:1".into() });
    check(
        Dialect::V0_8,
        "000a 0032  03683a32 03683a31",
        connection::Redirect { host: "h:2".into(), known_hosts: "h:1".into() },
    );
    check(
        Dialect::V0_8,
        "000a 003c  0194 03776879 003c 0028",
        connection::Close {
            reply_code: ReplyCode(404),
            reply_text: "why".into(),
            class_id: 60,
            method_id: 40,
        },
    );
    check(Dialect::V0_8, "000a 003d", connection::CloseOk);
    check(Dialect::V0_8, "0014 000a  036f6f62", channel::Open { out_of_band: "oob".into() });
    check(Dialect::V0_8, "0014 000b", channel::OpenOk::default());
    check(
        Dialect::V0_8,
        "0014 001e  0194 03776879 00000004016b7401",
        channel::Alert { reply_code: ReplyCode(404), reply_text: "why".into(), details: table() },
    );
    check(
        Dialect::V0_8,
        "0028 000a  0a0b 0178 05746f706963 15 00000004016b7401",
        exchange::Declare {
            ticket: 0x0a0b,
            exchange: "x".into(),
            r#type: "topic".into(),
            passive: true,
            auto_delete: true,
            no_wait: true,
            arguments: table(),
            ..Default::default()
        },
    );
    check(
        Dialect::V0_8,
        "0028 0014  0a0b 0178 01",
        exchange::Delete {
            ticket: 0x0a0b,
            exchange: "x".into(),
            if_unused: true,
            ..Default::default()
        },
    );
    check(
        Dialect::V0_8,
        "0032 000a  0a0b 0171 15 00000004016b7401",
        queue::Declare {
            ticket: 0x0a0b,
            queue: "q".into(),
            passive: true,
            exclusive: true,
            no_wait: true,
            arguments: table(),
            ..Default::default()
        },
    );
    check(
        Dialect::V0_8,
        "0032 0014  0a0b 0171 0178 03722e6b 01 00000004016b7401",
        queue::Bind {
            ticket: 0x0a0b,
            queue: "q".into(),
            exchange: "x".into(),
            routing_key: "r.k".into(),
            no_wait: true,
            arguments: table(),
        },
    );
    check(
        Dialect::V0_8,
        "0032 001e  0a0b 0171 01",
        queue::Purge { ticket: 0x0a0b, queue: "q".into(), no_wait: true },
    );
    check(
        Dialect::V0_8,
        "0032 0028  0a0b 0171 05",
        queue::Delete {
            ticket: 0x0a0b,
            queue: "q".into(),
            if_unused: true,
            no_wait: true,
            ..Default::default()
        },
    );
    check(
        Dialect::V0_8,
        "003c 0014  0a0b 0171 026374 05 00000004016b7401",
        basic::Consume {
            ticket: 0x0a0b,
            queue: "q".into(),
            consumer_tag: "ct".into(),
            no_local: true,
            exclusive: true,
            arguments: table(),
            ..Default::default()
        },
    );
    check(
        Dialect::V0_8,
        "003c 0028  0a0b 0178 03722e6b 01",
        basic::Publish {
            ticket: 0x0a0b,
            exchange: "x".into(),
            routing_key: "r.k".into(),
            mandatory: true,
            ..Default::default()
        },
    );
    check(
        Dialect::V0_8,
        "003c 0046  0a0b 0171 01",
        basic::Get { ticket: 0x0a0b, queue: "q".into(), no_ack: true },
    );
    check(Dialect::V0_8, "003c 0048  02636c", basic::GetEmpty { cluster_id: "cl".into() });
    check(Dialect::V0_8, "003c 0065", basic::RecoverOk);
}

/// The methods that have several numbers, and what a dialect does not have.
#[test]
fn dialects_number_their_methods() {
    let numbers = |kind: MethodKind| {
        [Dialect::V0_8, Dialect::V0_9, Dialect::V0_9_1]
            .map(|dialect| kind.id(dialect).map(|id| id.method_id))
    };
    assert_eq!(numbers(MethodKind::ConnectionClose), [Some(60), Some(50), Some(50)]);
    assert_eq!(numbers(MethodKind::ConnectionCloseOk), [Some(61), Some(51), Some(51)]);
    assert_eq!(numbers(MethodKind::ConnectionRedirect), [Some(50), Some(42), Some(42)]);
    assert_eq!(numbers(MethodKind::ConnectionBlocked), [None, Some(60), Some(60)]);
    assert_eq!(numbers(MethodKind::ConnectionUpdateSecret), [None, Some(70), Some(70)]);
    assert_eq!(numbers(MethodKind::ChannelAlert), [Some(30), None, None]);
    assert_eq!(numbers(MethodKind::ChannelResume), [None, Some(50), None]);
    assert_eq!(numbers(MethodKind::ChannelPing), [None, Some(60), None]);
    assert_eq!(numbers(MethodKind::AccessRequest), [Some(10), Some(10), Some(10)]);
    assert_eq!(numbers(MethodKind::ExchangeBind), [None, Some(30), Some(30)]);
    assert_eq!(numbers(MethodKind::ExchangeUnbindOk), [None, Some(51), Some(51)]);
    assert_eq!(numbers(MethodKind::QueueUnbind), [Some(50), Some(50), Some(50)]);
    assert_eq!(numbers(MethodKind::BasicRecoverAsync), [Some(100), Some(100), Some(100)]);
    assert_eq!(numbers(MethodKind::BasicRecover), [Some(102), Some(102), Some(110)]);
    assert_eq!(numbers(MethodKind::BasicRecoverOk), [Some(101), Some(101), Some(111)]);
    assert_eq!(numbers(MethodKind::BasicNack), [Some(120), Some(120), Some(120)]);
    assert_eq!(numbers(MethodKind::ConfirmSelect), [Some(10), Some(10), Some(10)]);
}

#[test]
fn what_the_brokers_add_to_0_8_and_0_9() {
    check(Dialect::V0_8, "003c 0066  01", basic::Recover { requeue: true });
    check(Dialect::V0_8, "0055 000a  01", confirm::Select { no_wait: true });
    let nack = basic::Nack { delivery_tag: 1, multiple: true, requeue: false };
    check(Dialect::V0_8, "003c 0078  0000000000000001 01", nack);
    check(Dialect::V0_9, "000a 003c  046469736b", connection::Blocked { reason: "disk".into() });
    let bind = exchange::Bind { destination: "to".into(), ..Default::default() };
    check(Dialect::V0_9, "0028 001e  0000 02746f 00 00 00 00000000", bind);
}

#[test]
fn a_method_that_a_dialect_lacks_is_not_written() {
    let mut out = vec![1, 2, 3];
    let refused = connection::Blocked::default().encode(Dialect::V0_8, &mut out);
    assert_eq!(refused, Err(EncodeError::NotInDialect { method: "connection.blocked" }));
    let refused = channel::Ping.encode(Dialect::V0_9_1, &mut out);
    assert_eq!(refused, Err(EncodeError::NotInDialect { method: "channel.ping" }));
    assert_eq!(out, [1, 2, 3]);
}

/// `MTH-06`: reserved in 0-9-1 means sent as nothing and ignored on receipt.
#[test]
fn reserved_fields_are_neither_sent_nor_taken() {
    let limits = TableLimits::default();
    let mut out = Vec::new();
    let get = basic::Get { ticket: 7, queue: "q".into(), no_ack: false };
    get.encode(Dialect::V0_9_1, &mut out).unwrap();
    assert_eq!(out, octets("003c 0046  0000 0171 00"));
    let received = octets("003c 0046  ffff 0171 00");
    let read = Method::decode(Dialect::V0_9_1, &received, &limits);
    assert_eq!(read, Ok(basic::Get { ticket: 0, ..get }.into()));

    let received = octets("000a 0028  012f 03636170 01");
    let read = Method::decode(Dialect::V0_9_1, &received, &limits);
    assert_eq!(
        read,
        Ok(connection::Open { virtual_host: "/".into(), ..Default::default() }.into())
    );
    let received = octets("0014 000b  000000026964");
    let read = Method::decode(Dialect::V0_9_1, &received, &limits);
    assert_eq!(read, Ok(channel::OpenOk::default().into()));
}

/// Broker-J names the virtual host in connection.open-ok.
#[test]
fn known_hosts_are_kept_when_received_and_empty_when_sent() {
    let received = octets("000a 0029  03683a31");
    let open_ok = connection::OpenOk { known_hosts: "h:1".into() };
    let read = Method::decode(Dialect::V0_9_1, &received, &TableLimits::default());
    assert_eq!(read, Ok(open_ok.into()));
    let mut out = Vec::new();
    open_ok.encode(Dialect::V0_9_1, &mut out).unwrap();
    assert_eq!(out, octets("000a 0029  00"));
}
