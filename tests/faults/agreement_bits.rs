//! Bits of methods: each has its own place in the octets.

use amqp_proto::Event;
use amqp_proto::protocol::{
    AsMethod as _, Dialect, Method, MethodKind, Properties, access, basic, channel, confirm,
    connection, exchange, queue,
};
use amqp_proto::wire::TableLimits;

use crate::common::*;
use crate::end::End;
use crate::support::*;

/// A method that has bits: how many octets its other arguments take when they are zero or empty,
/// those in front of the bits and those behind them.
struct Row {
    ids: (u16, u16),
    before: usize,
    after: usize,
    names: &'static [&'static str],
    /// The method with the bits of this octet, the first one in the lowest place, as it is written.
    write: fn(u8) -> Vec<u8>,
    /// The bits of a method that was read.
    read: fn(&Method<'_>) -> Option<u8>,
}

fn packed(bits: &[bool]) -> u8 {
    bits.iter().rev().fold(0, |octet, bit| octet << 1 | u8::from(*bit))
}

macro_rules! rows {
    ($(
        $class:ident::$method:ident $variant:ident $ids:tt
        [$($before:literal)*] { $($bit:ident)+ } [$($after:literal)*];
    )+) => {
        vec![$(Row {
            ids: $ids,
            before: [$($before as usize),*].iter().sum(),
            after: [$($after as usize),*].iter().sum(),
            names: &[$(stringify!($bit)),+],
            write: |octet| {
                let mut bits = (0..8).map(|place| octet >> place & 1 == 1);
                let mut next = || bits.next().unwrap();
                let mut written = Vec::new();
                let method = $class::$method { $($bit: next(),)+ ..Default::default() };
                method.encode(Dialect::V0_9_1, &mut written).unwrap();
                written
            },
            read: |method| match method {
                Method::$variant(method) => Some(packed(&[$(method.$bit),+])),
                _ => None,
            },
        }),+]
    };
}

/// All of 0-9-1 and its extensions, from the specification: ids, octets of each argument, bits in
/// their order.
#[allow(clippy::needless_update, reason = "methods of nothing but bits are listed like the others")]
fn rows() -> Vec<Row> {
    rows! {
        channel::Flow ChannelFlow (20, 20) [] { active } [];
        channel::FlowOk ChannelFlowOk (20, 21) [] { active } [];
        access::Request AccessRequest (30, 10) [1] { exclusive passive active write read } [];
        exchange::Declare ExchangeDeclare (40, 10)
            [2 1 1] { passive durable auto_delete internal no_wait } [4];
        exchange::Delete ExchangeDelete (40, 20) [2 1] { if_unused no_wait } [];
        exchange::Bind ExchangeBind (40, 30) [2 1 1 1] { no_wait } [4];
        exchange::Unbind ExchangeUnbind (40, 40) [2 1 1 1] { no_wait } [4];
        queue::Declare QueueDeclare (50, 10)
            [2 1] { passive durable exclusive auto_delete no_wait } [4];
        queue::Bind QueueBind (50, 20) [2 1 1 1] { no_wait } [4];
        queue::Purge QueuePurge (50, 30) [2 1] { no_wait } [];
        queue::Delete QueueDelete (50, 40) [2 1] { if_unused if_empty no_wait } [];
        basic::Qos BasicQos (60, 10) [4 2] { global } [];
        basic::Consume BasicConsume (60, 20) [2 1 1] { no_local no_ack exclusive no_wait } [4];
        basic::Cancel BasicCancel (60, 30) [1] { no_wait } [];
        basic::Publish BasicPublish (60, 40) [2 1 1] { mandatory immediate } [];
        basic::Deliver BasicDeliver (60, 60) [1 8] { redelivered } [1 1];
        basic::Get BasicGet (60, 70) [2 1] { no_ack } [];
        basic::GetOk BasicGetOk (60, 71) [8] { redelivered } [1 1 4];
        basic::Ack BasicAck (60, 80) [8] { multiple } [];
        basic::Reject BasicReject (60, 90) [8] { requeue } [];
        basic::RecoverAsync BasicRecoverAsync (60, 100) [] { requeue } [];
        basic::Recover BasicRecover (60, 110) [] { requeue } [];
        basic::Nack BasicNack (60, 120) [8] { multiple requeue } [];
        confirm::Select ConfirmSelect (85, 10) [] { no_wait } [];
    }
}

fn decode(payload: &[u8]) -> Result<Method<'_>, amqp_proto::wire::DecodeError> {
    Method::decode(Dialect::V0_9_1, payload, &TableLimits::DEFAULT)
}

/// amq-protocol: names of flags were mapped wrongly, and exchanges declared as auto-delete were
/// not. `MTH-07`, `MTH-08`.
pub(crate) fn amq_protocol_37_every_bit_of_every_method_has_its_place() {
    for Row { ids, before, after, names, write, read } in rows() {
        let vector = |bits: u8| {
            let ids = [ids.0.to_be_bytes(), ids.1.to_be_bytes()].concat();
            [&ids[..], &vec![0; before], &[bits], &vec![0; after]].concat()
        };
        // One bit at a time, none, and all of them together in every way.
        for bits in 0..1_u8 << names.len() {
            assert_eq!(hex(&write(bits)), hex(&vector(bits)), "{ids:?} {names:?}");
            assert_eq!(read(&decode(&vector(bits)).unwrap()), Some(bits), "{ids:?} {names:?}");
        }
        // What has no name is ignored.
        for unused in names.len()..8 {
            let octets = vector(1 << unused | 1);
            assert_eq!(read(&decode(&octets).unwrap()), Some(1), "{ids:?}, bit {unused}");
        }
    }
}

/// No method with bits is left out above: an octet of bits is written anew without those that have
/// no name, what is reserved as zero, all else as it was.
pub(crate) fn amq_protocol_37_no_method_with_bits_is_forgotten() {
    let mut found = Vec::new();
    for kind in MethodKind::ALL {
        let Some(id) = kind.id(Dialect::V0_9_1) else { continue };
        let ids = [id.class_id.to_be_bytes(), id.method_id.to_be_bytes()].concat();
        let shortest = (0..64)
            .map(|len| [&ids[..], &vec![0; len]].concat())
            .find(|payload| decode(payload).is_ok())
            .unwrap();
        for place in 4..shortest.len() {
            let mut payload = shortest.clone();
            payload[place] = 0xFF;
            let Ok(method) = decode(&payload) else { continue };
            let mut written = Vec::new();
            method.encode(Dialect::V0_9_1, &mut written).unwrap();
            if ![0, 0xFF].contains(&written[place]) {
                found.push(((id.class_id, id.method_id), place - 4, written[place]));
            }
        }
    }
    let listed = rows().into_iter().map(|row| {
        let all = (1_u16 << row.names.len()) - 1;
        (row.ids, row.before, all as u8)
    });
    let mut listed: Vec<_> = listed.collect();
    listed.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, listed);
}

/// The flag in question from one application to the other, and the one bit that only older dialects
/// have.
pub(crate) fn amq_protocol_37_auto_delete_arrives() {
    let [client, server] = ends();
    for auto_delete in [false, true] {
        let octet = if auto_delete { 4 } else { 0 };
        let declare = exchange::Declare { exchange: "x".into(), auto_delete, ..Default::default() };
        let octets = method(1, 40, 10, &[b"\0\0\x01x\0", &[octet][..], b"\0\0\0\0"].concat());
        let mut sender = client.clone();
        sender.channel().call(&declare).unwrap();
        assert_eq!(hex(&sender.sent()), hex(&octets));
        let events = server.clone().takes(&octets);
        let [Event::Request { method: event, .. }] = &events[..] else { panic!() };
        assert_eq!(event.method(), declare.as_method());

        let octet = if auto_delete { 8 } else { 0 };
        let declare = queue::Declare { queue: "q".into(), auto_delete, ..Default::default() };
        let octets = method(1, 50, 10, &[b"\0\0\x01q", &[octet][..], b"\0\0\0\0"].concat());
        let mut sender = client.clone();
        sender.channel().call(&declare).unwrap();
        assert_eq!(hex(&sender.sent()), hex(&octets));
        let events = server.clone().takes(&octets);
        let [Event::Request { method: event, .. }] = &events[..] else { panic!() };
        assert_eq!(event.method(), declare.as_method());
    }
    for dialect in [Dialect::V0_8, Dialect::V0_9] {
        for insist in [false, true] {
            let open = connection::Open { insist, ..Default::default() };
            let mut written = Vec::new();
            open.encode(dialect, &mut written).unwrap();
            assert_eq!(written, [0, 10, 0, 40, 0, 0, u8::from(insist)], "{dialect}");
            let read = Method::decode(dialect, &written, &TableLimits::DEFAULT);
            assert_eq!(read, Ok(open.as_method()));
        }
    }
}

/// pamqp: basic.reject always asked for requeue, whatever it was told. `MTH-07`, `ACK-06`.
pub(crate) fn pamqp_29_a_reject_without_requeue_says_so() {
    let [mut client, server] = ends();
    let mut server = server.with_channel(2);
    server.takes(&consume(2, "d", false));
    for tag in 1..=8 {
        client.takes(&[deliver(1, tag), header(1, 0, BARE)].concat());
        let deliver = basic::Deliver { consumer_tag: "d".into(), ..Default::default() };
        let mut channel = server.channel_number(2);
        channel.deliver(&deliver, Properties::EMPTY, "").unwrap();
    }
    server.sent();
    assert!(!basic::Reject::default().requeue);
    let mut passes = |tag: u64, method_id, bits: u8, send: &dyn Fn(&mut End, u64)| {
        let arguments = [&tag.to_be_bytes()[..], &[bits]].concat();
        send(&mut client, tag);
        assert_eq!(hex(&client.sent()), hex(&method(1, 60, method_id, &arguments)));
        let events = server.takes(&method(2, 60, method_id, &arguments));
        let [Event::Notice(notice)] = &events[..] else { panic!("{:?}", lines(&events)) };
        match notice.method() {
            Method::BasicReject(reject) => assert_eq!(u8::from(reject.requeue), bits),
            Method::BasicNack(nack) => assert_eq!(packed(&[nack.multiple, nack.requeue]), bits),
            other => panic!("{other}"),
        }
    };
    for (tag, requeue) in [(1, false), (2, true)] {
        passes(tag, 90, u8::from(requeue), &|end, delivery_tag| {
            end.channel().send(&basic::Reject { delivery_tag, requeue }).unwrap();
        });
    }
    for (tag, bits) in [(3, 0), (4, 1), (5, 2), (6, 3)] {
        passes(tag, 120, bits, &|end, delivery_tag| {
            let (multiple, requeue) = (bits & 1 == 1, bits & 2 == 2);
            end.channel().send(&basic::Nack { delivery_tag, multiple, requeue }).unwrap();
        });
    }
    passes(7, 90, 0, &|end, delivery_tag| {
        end.channel().send(&basic::Reject { delivery_tag, ..Default::default() }).unwrap();
    });
}
