//! Lengths of strings, byte arrays, tables and arrays, and numbers that other types can hold and
//! the wire can't.

use amqp_proto::protocol::{
    Dialect, Method, PropertiesBuf, access, basic, channel, connection, exchange, queue,
};
use amqp_proto::wire::{EncodeError, ShortStr, TableBuf};
use amqp_proto::{Event, Phase, UsageError};

use crate::common::*;
use crate::end::End;
use crate::fields::{content, declare_with, headers, is_client, pair};
use crate::support::*;

/// Lengths that are negative as signed numbers, and the largest that isn't.
const HUGE: [u32; 5] = [0x7FFF_FFFF, 0x8000_0000, 0x8000_0001, 0xFFFF_FFFE, 0xFFFF_FFFF];

/// A pair of this tag whose length says more than there is, at the end of a table and before its
/// end, in a table by itself, in a table and in an array.
fn overlong(tag: u8, len: u32) -> Vec<Vec<u8>> {
    let value = [&[tag][..], &len.to_be_bytes()].concat();
    let alone = pair(&value);
    let followed = [&alone[..], &pair(b"I\0\0\0\x07").repeat(3)].concat();
    let in_table = pair(&[b"F", &long(&alone)[..]].concat());
    let in_array = pair(&[b"A", &long(&value)[..]].concat());
    vec![alone, followed, in_table, in_array]
}

/// Tables with such lengths are malformed wherever they stand, and the stream stays in step.
fn are_malformed(tag: u8, len: u32) {
    for end in ends() {
        for pairs in overlong(tag, len) {
            end.clone().closes(&content(&end, &headers(&pairs)), "CNT-15", FRAME_ERROR);
            if !is_client(&end) {
                end.clone().closes(&declare_with(&pairs), "MTH-04", FRAME_ERROR);
            }
            // What comes behind is read as before: frames are discarded, close-ok is found.
            let mut closing = end.clone();
            closing.feed(&content(&end, &headers(&pairs)));
            let behind = [HEARTBEAT, &body(1, b"x"), &connection_close_ok()].concat();
            assert!(matches!(closing.feed(&behind)[..], [Event::Closed(_)]));
        }
    }
    for end in fresh_ends() {
        for pairs in overlong(tag, len) {
            let octets = if end.is_client() {
                let parts = [b"\0\x09", &long(&pairs)[..], &long(b"PLAIN"), &long(b"en_US")];
                method(0, 10, 10, &parts.concat())
            } else {
                let login = [&short("PLAIN")[..], &long(b"\0a\0b"), &short("en_US")].concat();
                method(0, 10, 11, &[&long(&pairs)[..], &login].concat())
            };
            end.clone().drops(&octets, "MTH-04");
        }
    }
}

/// amqp091-go: a long string above 2^31 octets was read as an empty one, and the octets behind its
/// length as what follows. `TYP-06`, `TBL-02`.
pub(crate) fn cve_2026_77411_a_length_above_2_31_is_no_empty_value() {
    for len in HUGE {
        for tag in *b"SxFA" {
            are_malformed(tag, len);
        }
        // The long strings of methods.
        let [mut client, server] = fresh_ends();
        let text = [&len.to_be_bytes()[..], b"PLAIN"].concat();
        let start = |parts: [&[u8]; 2]| {
            method(0, 10, 10, &[&b"\0\x09\0\0\0\0"[..], &parts.concat()].concat())
        };
        client.clone().drops(&start([&text, &long(b"en_US")]), "MTH-04");
        client.clone().drops(&start([&long(b"PLAIN"), &text]), "MTH-04");
        let response = [b"\0\0\0\0\x05PLAIN", &text[..], b"\x05en_US"].concat();
        server.clone().drops(&method(0, 10, 11, &response), "MTH-04");
        client.takes(&crate::common::start("PLAIN"));
        client.sent();
        client.drops(&method(0, 10, 20, &text), "MTH-04");
        let [_, server] = ends();
        let secret = method(0, 10, 70, &[&text[..], b"\x03new"].concat());
        server.clone().closes(&secret, "MTH-04", FRAME_ERROR);
    }
}

/// amqp091-go: the length of a byte array was read as a signed number, and asking for that much
/// memory panicked. `TYP-06`, `TBL-09`.
pub(crate) fn cve_2026_77412_the_length_of_a_byte_array_has_no_sign() {
    for len in HUGE.into_iter().chain([1, 2, 0x0100_0000, 0x7FFF_FFF0]) {
        are_malformed(b'x', len);
        for end in ends() {
            for pairs in overlong(b'x', len) {
                let octets = content(&end, &headers(&pairs));
                let mut connection = end.connection.clone();
                let (_, cost) = cost(|| {
                    connection.handle_slice(T0, &octets);
                    poll(&mut connection)
                });
                assert!(cost.asked < 8192, "length {len:#x}: {cost:?}");
            }
        }
    }
}

/// Each short string of each method that 0-9-1 writes, with this text in it.
#[allow(clippy::needless_update, reason = "methods of one field are listed like the others")]
fn short_strings(text: &str) -> Vec<(&'static str, Method<'_>)> {
    let text = ShortStr::from(text);
    macro_rules! methods {
        ($($class:ident::$method:ident { $($field:ident $name:literal),+ })+) => {
            vec![$($(($name, $class::$method { $field: text, ..Default::default() }.into())),+),+]
        };
    }
    methods! {
        connection::StartOk { mechanism "mechanism", locale "locale" }
        connection::Open { virtual_host "virtual-host" }
        connection::Redirect { host "host", known_hosts "known-hosts" }
        connection::Close { reply_text "reply-text" }
        connection::Blocked { reason "reason" }
        connection::UpdateSecret { reason "reason" }
        channel::Close { reply_text "reply-text" }
        access::Request { realm "realm" }
        exchange::Declare { exchange "exchange", r#type "type" }
        exchange::Delete { exchange "exchange" }
        exchange::Bound { exchange "exchange", routing_key "routing-key", queue "queue" }
        exchange::BoundOk { reply_text "reply-text" }
        exchange::Bind {
            destination "destination", source "source", routing_key "routing-key"
        }
        exchange::Unbind {
            destination "destination", source "source", routing_key "routing-key"
        }
        queue::Declare { queue "queue" }
        queue::DeclareOk { queue "queue" }
        queue::Bind { queue "queue", exchange "exchange", routing_key "routing-key" }
        queue::Unbind { queue "queue", exchange "exchange", routing_key "routing-key" }
        queue::Purge { queue "queue" }
        queue::Delete { queue "queue" }
        basic::Consume { queue "queue", consumer_tag "consumer-tag" }
        basic::ConsumeOk { consumer_tag "consumer-tag" }
        basic::Cancel { consumer_tag "consumer-tag" }
        basic::CancelOk { consumer_tag "consumer-tag" }
        basic::Publish { exchange "exchange", routing_key "routing-key" }
        basic::Return {
            reply_text "reply-text", exchange "exchange", routing_key "routing-key"
        }
        basic::Deliver {
            consumer_tag "consumer-tag", exchange "exchange", routing_key "routing-key"
        }
        basic::Get { queue "queue" }
        basic::GetOk { exchange "exchange", routing_key "routing-key" }
    }
}

/// Sets each short string among the properties to this text.
fn short_properties(text: &str) -> Vec<(&'static str, Result<PropertiesBuf, EncodeError>)> {
    let new = PropertiesBuf::new;
    vec![
        ("content-type", new().with_content_type(text)),
        ("content-encoding", new().with_content_encoding(text)),
        ("correlation-id", new().with_correlation_id(text)),
        ("reply-to", new().with_reply_to(text)),
        ("expiration", new().with_expiration(text)),
        ("message-id", new().with_message_id(text)),
        ("type", new().with_type(text)),
        ("user-id", new().with_user_id(text)),
        ("app-id", new().with_app_id(text)),
        ("cluster-id", new().with_cluster_id(text)),
    ]
}

/// amqp091-go: a short string above 255 octets was sent whole behind its length modulo 256, so that
/// its end became something else. `TYP-03`.
pub(crate) fn cve_2026_77408_no_short_string_above_255_octets_is_sent() {
    let longest = "x".repeat(255);
    let octets = short(&longest);
    let is_there = |written: &[u8]| written.windows(256).any(|window| window == octets);
    for ((field, fits), (_, empty)) in short_strings(&longest).into_iter().zip(short_strings("")) {
        let (mut written, mut without) = (Vec::new(), Vec::new());
        fits.encode(Dialect::V0_9_1, &mut written).unwrap();
        empty.encode(Dialect::V0_9_1, &mut without).unwrap();
        assert!(is_there(&written), "{field}: {}", hex(&written));
        assert_eq!(written.len(), without.len() + 255, "{field}");
    }
    for (property, set) in short_properties(&longest) {
        assert!(is_there(set.unwrap().as_properties().as_octets()), "{property}");
    }
    for len in [256, 257, 511, 512, 65_536, 65_791] {
        let text = "x".repeat(len);
        for (field, method) in short_strings(&text) {
            let mut written = b"before".to_vec();
            let error = method.encode(Dialect::V0_9_1, &mut written).unwrap_err();
            assert_eq!(error, EncodeError::TooLong { field, len, limit: 255 }, "{method}");
            assert_eq!(written, b"before", "{field}");
        }
        for (field, set) in short_properties(&text) {
            assert_eq!(set.unwrap_err(), EncodeError::TooLong { field, len, limit: 255 });
        }
        let mut table = TableBuf::new();
        let error = table.insert(text.as_str(), true).unwrap_err();
        assert_eq!(error, EncodeError::TooLong { field: "field name", len, limit: 255 });
        assert!(table.is_empty());
        commands_are_refused(&text);
    }
}

/// What comes of such a text in the commands of both roles.
fn commands_are_refused(text: &str) {
    let [mut client, mut server] = ends();
    let name = ShortStr::from(text);
    let too_long = |field| {
        let error = EncodeError::TooLong { field, len: text.len(), limit: 255 };
        UsageError::Encode(error)
    };
    let mut channel = client.channel();
    let declare = queue::Declare { queue: name, ..Default::default() };
    assert_eq!(channel.call(&declare), Err(too_long("queue")));
    let consume = basic::Consume { queue: "q".into(), consumer_tag: name, ..Default::default() };
    assert_eq!(channel.call(&consume), Err(too_long("consumer-tag")));
    let publish = basic::Publish { routing_key: name, ..Default::default() };
    assert_eq!(channel.publish(&publish, &PropertiesBuf::new(), ""), Err(too_long("routing-key")));
    assert_eq!(channel.pending_requests(), 0);
    assert_eq!(client.connection.update_secret(b"", text), Err(too_long("reason")));
    assert_eq!(hex(&client.sent()), "");
    let deliver = basic::Deliver { consumer_tag: "c".into(), exchange: name, ..Default::default() };
    let refused = server.channel().deliver(&deliver, &PropertiesBuf::new(), "");
    assert_eq!(refused, Err(too_long("exchange")));
    assert_eq!(hex(&server.sent()), "");
    // A reply-text is cut: to close must always be possible (CLS-08).
    for mut end in [client, server] {
        end.connection.close(T0, amqp_proto::protocol::ReplyCode(320), text).unwrap();
        assert_eq!(end.sent(), connection_close(320, &text[..255]));
    }
    // A configuration with such a name ends the handshake before it is sent.
    let mut config = plain();
    config.virtual_host = text.into();
    let mut end = End::new(amqp_proto::Connection::client(config, T0)).at(Phase::Start);
    let events = end.feed(&[start("PLAIN"), tune(0, 0, 0)].concat());
    assert!(matches!(events[..], [Event::Closed(_)]), "{:?}", lines(&events));
}

/// amqp091-go: a prefetch-count below zero became one of 65,535 or so. Here it is a `u16`, so that
/// the caller has to decide before. `TYP-08`, `LIM-11`.
pub(crate) fn cve_2026_77406_a_prefetch_count_has_no_sign() {
    let count: fn(&basic::Qos) -> u16 = |qos| qos.prefetch_count;
    let size: fn(&basic::Qos) -> u32 = |qos| qos.prefetch_size;
    assert!(u16::try_from(-1_i32).is_err());
    for (prefetch_count, written) in [
        (0, [0, 0]),
        (1, [0, 1]),
        (0x7FFF, [0x7F, 0xFF]),
        (0x8000, [0x80, 0]),
        (0xFFFF, [0xFF, 0xFF]),
    ] {
        for prefetch_size in [0, 1, 0x7FFF_FFFF, 0x8000_0000, u32::MAX] {
            for global in [false, true] {
                let qos = basic::Qos { prefetch_size, prefetch_count, global };
                let size_octets = [24, 16, 8, 0].map(|bits| (prefetch_size >> bits) as u8);
                let arguments = [&size_octets[..], &written, &[u8::from(global)]].concat();
                let octets = method(1, 60, 10, &arguments);
                let [mut client, mut server] = ends();
                client.channel().call(&qos).unwrap();
                assert_eq!(hex(&client.sent()), hex(&octets));
                server.takes(&octets);
                let taken = server.channel().qos().unwrap();
                assert_eq!(taken, qos);
                assert_eq!((count(&taken), size(&taken)), (prefetch_count, prefetch_size));
            }
        }
    }
}
