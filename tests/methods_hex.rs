//! A payload of every method of 0-9-1, with the extensions, and one for every bit.
//!
//! The octets were laid out by hand from the field tables of the specification: class id and method
//! id, then a group of digits per field.

#[path = "hex/both_ways.rs"]
mod both_ways;
mod hex;

use amqp_proto::protocol::{
    Dialect, Method, ReplyCode, access, basic, channel, confirm, connection, exchange, queue, tx,
};
use hex::table;

#[track_caller]
fn same<'a>(payload: &str, method: impl Into<Method<'a>>) {
    both_ways::check(Dialect::V0_9_1, payload, method);
}

#[test]
fn connection_in_0_9_1() {
    same(
        "000a 000a  00 09 00000004016b7401 0000000e504c41494e2045585445524e414c 00000005656e5f5553",
        connection::Start {
            version_minor: 9,
            server_properties: table(),
            mechanisms: "PLAIN EXTERNAL".into(),
            locales: "en_US".into(),
            ..Default::default()
        },
    );
    same(
        "000a 000b  00000004016b7401 05504c41494e 0000000400750070 05656e5f5553",
        connection::StartOk {
            client_properties: table(),
            mechanism: "PLAIN".into(),
            response: "\0u\0p".into(),
            locale: "en_US".into(),
        },
    );
    same("000a 0014  00000002633f", connection::Secure { challenge: "c?".into() });
    same("000a 0015  0000000400750070", connection::SecureOk { response: "\0u\0p".into() });
    same(
        "000a 001e  07ff 00020000 003c",
        connection::Tune { channel_max: 2047, frame_max: 131072, heartbeat: 60 },
    );
    same(
        "000a 001f  07ff 00020000 003c",
        connection::TuneOk { channel_max: 2047, frame_max: 131072, heartbeat: 60 },
    );
    same(
        "000a 0028  012f 00 00",
        connection::Open { virtual_host: "/".into(), ..Default::default() },
    );
    same("000a 0029  00", connection::OpenOk::default());
    same(
        "000a 002a  03683a32 03683a31",
        connection::Redirect { host: "h:2".into(), known_hosts: "h:1".into() },
    );
    same(
        "000a 0032  0194 03776879 003c 0028",
        connection::Close {
            reply_code: ReplyCode(404),
            reply_text: "why".into(),
            class_id: 60,
            method_id: 40,
        },
    );
    same("000a 0033", connection::CloseOk);
    same("000a 003c  046469736b", connection::Blocked { reason: "disk".into() });
    same("000a 003d", connection::Unblocked);
    same(
        "000a 0046  000000027333 046469736b",
        connection::UpdateSecret { new_secret: "s3".into(), reason: "disk".into() },
    );
    same("000a 0047", connection::UpdateSecretOk);
}

#[test]
fn channel_in_0_9_1() {
    same("0014 000a  00", channel::Open::default());
    same("0014 000b  00000000", channel::OpenOk::default());
    same("0014 0014  01", channel::Flow { active: true });
    same("0014 0015  01", channel::FlowOk { active: true });
    same(
        "0014 0028  0194 03776879 003c 0028",
        channel::Close {
            reply_code: ReplyCode(404),
            reply_text: "why".into(),
            class_id: 60,
            method_id: 40,
        },
    );
    same("0014 0029", channel::CloseOk);
}

#[test]
fn access_in_0_9_1() {
    same(
        "001e 000a  052f64617461 15",
        access::Request {
            realm: "/data".into(),
            exclusive: true,
            active: true,
            read: true,
            ..Default::default()
        },
    );
    same("001e 000b  0a0b", access::RequestOk { ticket: 0x0a0b });
}

#[test]
fn exchange_in_0_9_1() {
    same(
        "0028 000a  0000 0178 05746f706963 15 00000004016b7401",
        exchange::Declare {
            exchange: "x".into(),
            r#type: "topic".into(),
            passive: true,
            auto_delete: true,
            no_wait: true,
            arguments: table(),
            ..Default::default()
        },
    );
    same("0028 000b", exchange::DeclareOk);
    same(
        "0028 0014  0000 0178 01",
        exchange::Delete { exchange: "x".into(), if_unused: true, ..Default::default() },
    );
    same("0028 0015", exchange::DeleteOk);
    same(
        "0028 0016  0178 03722e6b 0171",
        exchange::Bound { exchange: "x".into(), routing_key: "r.k".into(), queue: "q".into() },
    );
    same("0028 0017  0004 03776879", exchange::BoundOk { reply_code: 4, reply_text: "why".into() });
    same(
        "0028 001e  0000 02746f 0466726f6d 03722e6b 01 00000004016b7401",
        exchange::Bind {
            destination: "to".into(),
            source: "from".into(),
            routing_key: "r.k".into(),
            no_wait: true,
            arguments: table(),
        },
    );
    same("0028 001f", exchange::BindOk);
    same(
        "0028 0028  0000 02746f 0466726f6d 03722e6b 01 00000004016b7401",
        exchange::Unbind {
            destination: "to".into(),
            source: "from".into(),
            routing_key: "r.k".into(),
            no_wait: true,
            arguments: table(),
        },
    );
    same("0028 0033", exchange::UnbindOk);
}

#[test]
fn queue_in_0_9_1() {
    same(
        "0032 000a  0000 0171 15 00000004016b7401",
        queue::Declare {
            queue: "q".into(),
            passive: true,
            exclusive: true,
            no_wait: true,
            arguments: table(),
            ..Default::default()
        },
    );
    same(
        "0032 000b  0171 00000003 00000002",
        queue::DeclareOk { queue: "q".into(), message_count: 3, consumer_count: 2 },
    );
    same(
        "0032 0014  0000 0171 0178 03722e6b 01 00000004016b7401",
        queue::Bind {
            queue: "q".into(),
            exchange: "x".into(),
            routing_key: "r.k".into(),
            no_wait: true,
            arguments: table(),
            ..Default::default()
        },
    );
    same("0032 0015", queue::BindOk);
    same(
        "0032 001e  0000 0171 01",
        queue::Purge { queue: "q".into(), no_wait: true, ..Default::default() },
    );
    same("0032 001f  00000003", queue::PurgeOk { message_count: 3 });
    same(
        "0032 0028  0000 0171 05",
        queue::Delete { queue: "q".into(), if_unused: true, no_wait: true, ..Default::default() },
    );
    same("0032 0029  00000003", queue::DeleteOk { message_count: 3 });
    same(
        "0032 0032  0000 0171 0178 03722e6b 00000004016b7401",
        queue::Unbind {
            queue: "q".into(),
            exchange: "x".into(),
            routing_key: "r.k".into(),
            arguments: table(),
            ..Default::default()
        },
    );
    same("0032 0033", queue::UnbindOk);
}

#[test]
fn basic_in_0_9_1() {
    same(
        "003c 000a  00010000 000a 01",
        basic::Qos { prefetch_size: 65536, prefetch_count: 10, global: true },
    );
    same("003c 000b", basic::QosOk);
    same(
        "003c 0014  0000 0171 026374 05 00000004016b7401",
        basic::Consume {
            queue: "q".into(),
            consumer_tag: "ct".into(),
            no_local: true,
            exclusive: true,
            arguments: table(),
            ..Default::default()
        },
    );
    same("003c 0015  026374", basic::ConsumeOk { consumer_tag: "ct".into() });
    same("003c 001e  026374 01", basic::Cancel { consumer_tag: "ct".into(), no_wait: true });
    same("003c 001f  026374", basic::CancelOk { consumer_tag: "ct".into() });
    same(
        "003c 0028  0000 0178 03722e6b 01",
        basic::Publish {
            exchange: "x".into(),
            routing_key: "r.k".into(),
            mandatory: true,
            ..Default::default()
        },
    );
    same(
        "003c 0032  0194 03776879 0178 03722e6b",
        basic::Return {
            reply_code: ReplyCode(404),
            reply_text: "why".into(),
            exchange: "x".into(),
            routing_key: "r.k".into(),
        },
    );
    same(
        "003c 003c  026374 0102030405060708 01 0178 03722e6b",
        basic::Deliver {
            consumer_tag: "ct".into(),
            delivery_tag: 0x0102_0304_0506_0708,
            redelivered: true,
            exchange: "x".into(),
            routing_key: "r.k".into(),
        },
    );
    same(
        "003c 0046  0000 0171 01",
        basic::Get { queue: "q".into(), no_ack: true, ..Default::default() },
    );
    same(
        "003c 0047  0102030405060708 01 0178 03722e6b 00000003",
        basic::GetOk {
            delivery_tag: 0x0102_0304_0506_0708,
            redelivered: true,
            exchange: "x".into(),
            routing_key: "r.k".into(),
            message_count: 3,
        },
    );
    same("003c 0048  00", basic::GetEmpty::default());
    same(
        "003c 0050  0102030405060708 01",
        basic::Ack { delivery_tag: 0x0102_0304_0506_0708, multiple: true },
    );
    same(
        "003c 005a  0102030405060708 01",
        basic::Reject { delivery_tag: 0x0102_0304_0506_0708, requeue: true },
    );
    same("003c 0064  01", basic::RecoverAsync { requeue: true });
    same("003c 006e  01", basic::Recover { requeue: true });
    same("003c 006f", basic::RecoverOk);
    same(
        "003c 0078  0102030405060708 01",
        basic::Nack { delivery_tag: 0x0102_0304_0506_0708, multiple: true, ..Default::default() },
    );
}

#[test]
fn confirm_in_0_9_1() {
    same("0055 000a  01", confirm::Select { no_wait: true });
    same("0055 000b", confirm::SelectOk);
}

#[test]
fn tx_in_0_9_1() {
    same("005a 000a", tx::Select);
    same("005a 000b", tx::SelectOk);
    same("005a 0014", tx::Commit);
    same("005a 0015", tx::CommitOk);
    same("005a 001e", tx::Rollback);
    same("005a 001f", tx::RollbackOk);
}

#[test]
fn every_bit_has_its_place() {
    same("0014 0014  01", channel::Flow { active: true });
    same("0014 0015  01", channel::FlowOk { active: true });
    same("001e 000a  00 01", access::Request { exclusive: true, ..Default::default() });
    same("001e 000a  00 02", access::Request { passive: true, ..Default::default() });
    same("001e 000a  00 04", access::Request { active: true, ..Default::default() });
    same("001e 000a  00 08", access::Request { write: true, ..Default::default() });
    same("001e 000a  00 10", access::Request { read: true, ..Default::default() });
    same(
        "0028 000a  0000 00 00 01 00000000",
        exchange::Declare { passive: true, ..Default::default() },
    );
    same(
        "0028 000a  0000 00 00 02 00000000",
        exchange::Declare { durable: true, ..Default::default() },
    );
    same(
        "0028 000a  0000 00 00 04 00000000",
        exchange::Declare { auto_delete: true, ..Default::default() },
    );
    same(
        "0028 000a  0000 00 00 08 00000000",
        exchange::Declare { internal: true, ..Default::default() },
    );
    same(
        "0028 000a  0000 00 00 10 00000000",
        exchange::Declare { no_wait: true, ..Default::default() },
    );
    same("0028 0014  0000 00 01", exchange::Delete { if_unused: true, ..Default::default() });
    same("0028 0014  0000 00 02", exchange::Delete { no_wait: true, ..Default::default() });
    same(
        "0028 001e  0000 00 00 00 01 00000000",
        exchange::Bind { no_wait: true, ..Default::default() },
    );
    same(
        "0028 0028  0000 00 00 00 01 00000000",
        exchange::Unbind { no_wait: true, ..Default::default() },
    );
    same("0032 000a  0000 00 01 00000000", queue::Declare { passive: true, ..Default::default() });
    same("0032 000a  0000 00 02 00000000", queue::Declare { durable: true, ..Default::default() });
    same(
        "0032 000a  0000 00 04 00000000",
        queue::Declare { exclusive: true, ..Default::default() },
    );
    same(
        "0032 000a  0000 00 08 00000000",
        queue::Declare { auto_delete: true, ..Default::default() },
    );
    same("0032 000a  0000 00 10 00000000", queue::Declare { no_wait: true, ..Default::default() });
    same(
        "0032 0014  0000 00 00 00 01 00000000",
        queue::Bind { no_wait: true, ..Default::default() },
    );
    same("0032 001e  0000 00 01", queue::Purge { no_wait: true, ..Default::default() });
    same("0032 0028  0000 00 01", queue::Delete { if_unused: true, ..Default::default() });
    same("0032 0028  0000 00 02", queue::Delete { if_empty: true, ..Default::default() });
    same("0032 0028  0000 00 04", queue::Delete { no_wait: true, ..Default::default() });
    same("003c 000a  00000000 0000 01", basic::Qos { global: true, ..Default::default() });
    same(
        "003c 0014  0000 00 00 01 00000000",
        basic::Consume { no_local: true, ..Default::default() },
    );
    same(
        "003c 0014  0000 00 00 02 00000000",
        basic::Consume { no_ack: true, ..Default::default() },
    );
    same(
        "003c 0014  0000 00 00 04 00000000",
        basic::Consume { exclusive: true, ..Default::default() },
    );
    same(
        "003c 0014  0000 00 00 08 00000000",
        basic::Consume { no_wait: true, ..Default::default() },
    );
    same("003c 001e  00 01", basic::Cancel { no_wait: true, ..Default::default() });
    same("003c 0028  0000 00 00 01", basic::Publish { mandatory: true, ..Default::default() });
    same("003c 0028  0000 00 00 02", basic::Publish { immediate: true, ..Default::default() });
    same(
        "003c 003c  00 0000000000000000 01 00 00",
        basic::Deliver { redelivered: true, ..Default::default() },
    );
    same("003c 0046  0000 00 01", basic::Get { no_ack: true, ..Default::default() });
    same(
        "003c 0047  0000000000000000 01 00 00 00000000",
        basic::GetOk { redelivered: true, ..Default::default() },
    );
    same("003c 0050  0000000000000000 01", basic::Ack { multiple: true, ..Default::default() });
    same("003c 005a  0000000000000000 01", basic::Reject { requeue: true, ..Default::default() });
    same("003c 0064  01", basic::RecoverAsync { requeue: true });
    same("003c 006e  01", basic::Recover { requeue: true });
    same("003c 0078  0000000000000000 01", basic::Nack { multiple: true, ..Default::default() });
    same("003c 0078  0000000000000000 02", basic::Nack { requeue: true, ..Default::default() });
    same("0055 000a  01", confirm::Select { no_wait: true });
}
