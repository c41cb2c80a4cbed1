//! Contents: the header and its properties.

use amqp_proto::protocol::{PropertiesBuf, Property, ReplyCode};
use amqp_proto::wire::{TableBuf, Value};
use amqp_proto::{Content, Profile, ServerConfig};

use crate::cnt::*;
use crate::common::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("CNT-07", || a_header_is_of_the_class_of_its_method(client_end())),
    server("CNT-07", || a_header_is_of_the_class_of_its_method(server_end())),
    client("CNT-08", || {
        a_weight_is_never_sent_and_ignored_unless_strict(client_end, strict_client())
    }),
    server("CNT-08", || {
        a_weight_is_never_sent_and_ignored_unless_strict(server_end, strict_server())
    }),
    client("CNT-13", || each_property_has_its_flag_and_its_place(&client_end())),
    server("CNT-13", || each_property_has_its_flag_and_its_place(&server_end())),
    client("CNT-14", || flags_without_a_property_are_501(client_end())),
    server("CNT-14", || flags_without_a_property_are_501(server_end())),
    client("CNT-15", || properties_fill_the_header_exactly(&client_end())),
    server("CNT-15", || properties_fill_the_header_exactly(&server_end())),
    client("CNT-16", || no_property_is_its_flag_alone(&client_end())),
    server("CNT-16", || no_property_is_its_flag_alone(&server_end())),
    client("CNT-21", || unusual_values_are_carried(&[client_end(), strict_client()])),
    server("CNT-21", || unusual_values_are_carried(&[server_end(), strict_server()])),
    client("CNT-22", || the_last_property_is_carried(&[client_end(), strict_client()])),
    server("CNT-22", || the_last_property_is_carried(&[server_end(), strict_server()])),
];

fn strict_client() -> End {
    let mut config = plain();
    config.profile = Some(Profile::STRICT);
    client_end_with(config)
}

fn strict_server() -> End {
    let mut config = ServerConfig::default();
    config.profile = Profile::STRICT;
    server_end_with(config)
}

/// A content without a body whose header has these properties.
fn takes(end: &End, properties: &[u8]) -> Content {
    let mut end = end.clone();
    let octets = [begun(&end, 1), header(1, 0, properties)].concat();
    let content = the_content(&end.takes(&octets));
    assert_eq!(hex(&end.sent()), "");
    content
}

/// Sends a content without a body: its header has these properties.
fn sends(end: &End, properties: &PropertiesBuf, octets: &[u8]) {
    let mut end = end.clone();
    send(&mut end, properties, "").unwrap();
    let first = own(&end);
    has_sent(&mut end, &[&first, &header(1, 0, octets)]);
}

/// A header with these properties ends the connection.
fn refuses(end: &End, properties: &[u8], rule: &str) {
    let mut end = end.clone();
    end.ignores(&begun(&end, 1));
    end.closes(&header(1, 0, properties), rule, ReplyCode::FRAME_ERROR);
}

fn a_header_is_of_the_class_of_its_method(mut end: End) {
    for class_id in [0_u16, 10, 50, 59, 61, 0x3C00, u16::MAX] {
        let payload = [&class_id.to_be_bytes()[..], &[0; 12]].concat();
        let mut end = end.clone();
        end.ignores(&begun(&end, 1));
        end.closes(&frame(2, 1, &payload), "CNT-07", ReplyCode::UNEXPECTED_FRAME);
    }
    send(&mut end, &PropertiesBuf::new(), "x").unwrap();
    let sent = frames(&end.sent());
    let [(1, 1, method), (2, 1, header), (3, 1, _)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((&method[..2], &header[..2]), (&b"\0\x3C"[..], &b"\0\x3C"[..]));
}

fn a_weight_is_never_sent_and_ignored_unless_strict(end: fn() -> End, strict: End) {
    for weight in [1_u16, 0x100, u16::MAX] {
        let payload = [b"\0\x3C", &weight.to_be_bytes()[..], &1_u64.to_be_bytes(), BARE].concat();
        let weighty = frame(2, 1, &payload);
        let mut end = end();
        let content = [begun(&end, 1), weighty.clone(), body(1, b"x")].concat();
        assert_eq!(the_content(&end.takes(&content)).body(), &b"x"[..]);
        let mut strict = strict.clone();
        strict.ignores(&begun(&strict, 1));
        strict.closes(&weighty, "CNT-08", ReplyCode::FRAME_ERROR);
    }
    for end in [end(), strict] {
        takes(&end, BARE);
        sends(&end, &PropertiesBuf::new(), BARE);
    }
}

/// The properties in the order of their flags from bit 15 down, each with the octets of a value.
const VALUES: [(Property, &[u8]); 14] = [
    (Property::ContentType, b"\x0Atext/plain"),
    (Property::ContentEncoding, b"\x04gzip"),
    (Property::Headers, b"\0\0\0\x04\x01kt\x01"),
    (Property::DeliveryMode, b"\x02"),
    (Property::Priority, b"\x09"),
    (Property::CorrelationId, b"\x01i"),
    (Property::ReplyTo, b"\x01r"),
    (Property::Expiration, b"\x0250"),
    (Property::MessageId, b"\x01m"),
    (Property::Timestamp, b"\0\0\0\x01\0\0\0\x02"),
    (Property::Type, b"\x01t"),
    (Property::UserId, b"\x05guest"),
    (Property::AppId, b"\x01a"),
    (Property::ClusterId, b"\x01x"),
];

/// The flag words of single properties.
fn flags() -> impl Iterator<Item = u16> {
    (2..16).rev().map(|bit| 1 << bit)
}

/// All of them at once, as octets.
fn all_octets() -> Vec<u8> {
    [b"\xFF\xFC", &VALUES.map(|(_, value)| value).concat()[..]].concat()
}

/// All of them, set from the last to the first.
fn all() -> PropertiesBuf {
    let mut headers = TableBuf::new();
    headers.insert("k", true).unwrap();
    let mut properties = PropertiesBuf::new();
    properties.set_cluster_id("x").unwrap();
    properties.set_app_id("a").unwrap();
    properties.set_user_id("guest").unwrap();
    properties.set_type("t").unwrap();
    properties.set_timestamp(0x1_0000_0002);
    properties.set_message_id("m").unwrap();
    properties.set_expiration("50").unwrap();
    properties.set_reply_to("r").unwrap();
    properties.set_correlation_id("i").unwrap();
    properties.set_priority(9);
    properties.set_delivery_mode(2);
    properties.set_headers(&headers).unwrap();
    properties.set_content_encoding("gzip").unwrap();
    properties.set_content_type("text/plain").unwrap();
    properties
}

fn each_property_has_its_flag_and_its_place(end: &End) {
    for (flag, (property, value)) in flags().zip(VALUES) {
        let octets = [&flag.to_be_bytes()[..], value].concat();
        let content = takes(end, &octets);
        let properties: Vec<_> = content.properties().iter().map(|(name, _)| name).collect();
        assert_eq!(properties, [property]);
        assert_eq!(content.properties().as_octets(), value);
        let mut alone = all();
        for other in Property::ALL.iter().filter(|other| **other != property) {
            alone.remove(*other);
        }
        sends(end, &alone, &octets);
    }
    let content = takes(end, &all_octets());
    let properties = content.properties();
    let text = |value: Option<amqp_proto::wire::ShortStr<'_>>| value.unwrap().to_string();
    assert_eq!(text(properties.content_type()), "text/plain");
    assert_eq!(text(properties.content_encoding()), "gzip");
    assert_eq!(properties.headers().unwrap().get("k"), Some(Value::Bool(true)));
    assert_eq!((properties.delivery_mode(), properties.priority()), (Some(2), Some(9)));
    assert_eq!(text(properties.correlation_id()), "i");
    assert_eq!(text(properties.reply_to()), "r");
    assert_eq!(text(properties.expiration()), "50");
    assert_eq!(text(properties.message_id()), "m");
    assert_eq!(properties.timestamp(), Some(0x1_0000_0002));
    assert_eq!(text(properties.r#type()), "t");
    assert_eq!(text(properties.user_id()), "guest");
    assert_eq!(text(properties.app_id()), "a");
    assert_eq!(text(properties.cluster_id()), "x");
    sends(end, &all(), &all_octets());
}

fn flags_without_a_property_are_501(end: End) {
    let with_bit_0 = [&[0xFF, 0xFD], &all_octets()[2..], &[0, 0]].concat();
    let bad = [
        &b"\0\x01"[..],
        b"\0\x01\0\0",
        b"\0\x01\x80\0",
        b"\0\x01\x80\0\x01c",
        b"\0\x02",
        b"\0\x03\0\0",
        b"\x80\x01\x01c",
        b"\x80\x01\0\0\x01c",
        b"\x80\x02\x01c",
        &with_bit_0,
    ];
    for properties in bad {
        refuses(&end, properties, "CNT-14");
    }
    // All the properties there are need neither of the two bits.
    let mut end = end;
    send(&mut end, &all(), "").unwrap();
    let sent = frames(&end.sent());
    assert_eq!(sent[1].2[12..14], [0xFF, 0xFC]);
    assert_eq!(sent[1].2.len(), 12 + all_octets().len());
}

fn properties_fill_the_header_exactly(end: &End) {
    let whole = [b"\0\x3C\0\0", &0_u64.to_be_bytes()[..], &all_octets()].concat();
    for cut in 0..whole.len() {
        let mut end = end.clone();
        end.ignores(&begun(&end, 1));
        // What has no room for its flags is no header at all.
        let rule = if cut < 14 { "FRM-08" } else { "CNT-15" };
        end.closes(&frame(2, 1, &whole[..cut]), rule, ReplyCode::FRAME_ERROR);
    }
    refuses(end, b"\0\0\0", "CNT-15");
    refuses(end, &[&all_octets()[..], b"\0"].concat(), "CNT-15");
    for (flag, (_, value)) in flags().zip(VALUES) {
        refuses(end, &[&flag.to_be_bytes()[..], value, b"!"].concat(), "CNT-15");
    }
    // The table of headers ends inside its last value, or the properties end inside the table.
    for headers in [&b"\x20\0\0\0\0\x03\x01kt"[..], b"\x20\0\0\0\0\x05\x01kt\x01"] {
        refuses(end, headers, "CNT-15");
    }
    takes(end, &all_octets());
    sends(end, &all(), &all_octets());
    sends(end, &PropertiesBuf::new(), BARE);
}

fn no_property_is_its_flag_alone(end: &End) {
    for flag in flags() {
        refuses(end, &flag.to_be_bytes(), "CNT-15");
    }
    // The least of values is there, too.
    let new = PropertiesBuf::new;
    let least = [
        (new().with_content_type("").unwrap(), &b"\x80\0\0"[..]),
        (new().with_headers(&TableBuf::new()).unwrap(), b"\x20\0\0\0\0\0"),
        (new().with_delivery_mode(0), b"\x10\0\0"),
        (new().with_priority(0), b"\x08\0\0"),
        (new().with_timestamp(0), b"\0\x40\0\0\0\0\0\0\0\0"),
        (new().with_cluster_id("").unwrap(), b"\0\x04\0"),
    ];
    for (properties, octets) in least {
        assert_eq!(takes(end, octets).properties(), properties.as_properties());
        sends(end, &properties, octets);
    }
}

/// A value passes in both directions.
fn is_carried(ends: &[End; 2], properties: &PropertiesBuf, octets: &[u8]) {
    for end in ends {
        let content = takes(end, octets);
        assert_eq!(content.properties().as_octets(), &octets[2..]);
        assert_eq!(content.properties(), properties.as_properties());
        sends(end, properties, octets);
    }
}

fn unusual_values_are_carried(ends: &[End; 2]) {
    let new = PropertiesBuf::new;
    for octet in [0, 1, 2, 3, 9, 10, 255] {
        is_carried(ends, &new().with_delivery_mode(octet), &[0x10, 0, octet]);
        is_carried(ends, &new().with_priority(octet), &[0x08, 0, octet]);
    }
    for text in ["60000", "soon", "-1", "1.5", ""] {
        let octets = [b"\x01\0", &short(text)[..]].concat();
        is_carried(ends, &new().with_expiration(text).unwrap(), &octets);
    }
    // The login was that of guest.
    for text in ["guest", "somebody else"] {
        let octets = [b"\0\x10", &short(text)[..]].concat();
        is_carried(ends, &new().with_user_id(text).unwrap(), &octets);
    }
}

fn the_last_property_is_carried(ends: &[End; 2]) {
    for text in ["", "x", &"x".repeat(255)] {
        let octets = [b"\0\x04", &short(text)[..]].concat();
        is_carried(ends, &PropertiesBuf::new().with_cluster_id(text).unwrap(), &octets);
    }
}
