//! Fields on their way in and out of an end with channel 1: in the properties of a content, mostly in its
//! headers, and in the arguments of methods.

use amqp_proto::protocol::{PropertiesBuf, ReplyCode, basic};
use amqp_proto::wire::{TableBuf, TableLimits, Value};
use amqp_proto::{Content, Event, Profile, ServerConfig, Side, Violation};

use crate::common::*;
use crate::end::End;

/// Both ends with channel 1, of this profile and with these limits for tables.
pub(crate) fn both_with(profile: Profile, table: TableLimits) -> [End; 2] {
    let (mut client, mut server) = (plain(), ServerConfig::default());
    (client.profile, server.profile) = (Some(profile), profile);
    (client.limits.table, server.limits.table) = (table, table);
    [End::client_with(client).with_channel(1), End::server_with(server).with_channel(1)]
}

pub(crate) fn strict_client() -> End {
    let [client, _] = both_with(Profile::STRICT, TableLimits::DEFAULT);
    client
}

pub(crate) fn strict_server() -> End {
    let [_, server] = both_with(Profile::STRICT, TableLimits::DEFAULT);
    server
}

pub(crate) fn is_client(end: &End) -> bool {
    end.connection.side() == Side::Client
}

/// A pair named `n`.
pub(crate) fn pair(value: &[u8]) -> Vec<u8> {
    [b"\x01n", value].concat()
}

/// Properties that are nothing but headers with these pairs.
pub(crate) fn headers(pairs: &[u8]) -> Vec<u8> {
    [&b"\x20\0"[..], &long(pairs)].concat()
}

/// A content without a body as the peer of this end sends it.
pub(crate) fn content(end: &End, properties: &[u8]) -> Vec<u8> {
    let carrier = if is_client(end) { deliver(1, 1) } else { publish(1, "k") };
    [carrier, header(1, 0, properties)].concat()
}

/// queue.declare with these arguments.
pub(crate) fn declare_with(pairs: &[u8]) -> Vec<u8> {
    method(1, 50, 10, &[&b"\0\0\x01q\0"[..], &long(pairs)].concat())
}

/// The one event that comes of these octets on a copy of this end.
pub(crate) fn only_event(end: &End, octets: &[u8]) -> Event {
    let mut events = end.clone().takes(octets);
    assert_eq!(events.len(), 1, "{:?}", lines(&events));
    events.remove(0)
}

/// A copy of this end takes a content with these properties.
pub(crate) fn takes_content(end: &End, properties: &[u8]) -> Content {
    match only_event(end, &content(end, properties)) {
        Event::Content(content) => content,
        event => panic!("{event}"),
    }
}

/// A copy of this end takes headers with these pairs, and keeps them as they are.
pub(crate) fn takes(end: &End, pairs: &[u8]) -> TableBuf {
    let content = takes_content(end, &headers(pairs));
    let table = content.properties().headers().unwrap();
    assert_eq!(hex(table.as_octets()), hex(pairs));
    TableBuf::from(table)
}

/// These octets are read as this value.
pub(crate) fn reads(end: &End, octets: &[u8], value: Value<'_>) {
    let table = takes(end, &pair(octets));
    assert_eq!((table.get("n"), table.len()), (Some(value), 1), "{}", hex(octets));
}

/// A copy of this end sends a content with these properties, which are these octets.
pub(crate) fn sends(end: &End, properties: &PropertiesBuf, octets: &[u8]) {
    let mut end = end.clone();
    let carrier = if is_client(&end) {
        end.channel().publish(&basic::Publish::default(), properties, "").unwrap();
        method(1, 60, 40, b"\0\0\0\0\0")
    } else {
        end.channel().return_message(&basic::Return::default(), properties, "").unwrap();
        method(1, 60, 50, b"\0\0\0\0\0")
    };
    assert_eq!(hex(&end.sent()), hex(&[carrier, header(1, 0, octets)].concat()));
}

/// A copy of this end sends this table in headers, and its pairs are these octets.
pub(crate) fn writes_table(end: &End, table: &TableBuf, pairs: &[u8]) {
    sends(end, &PropertiesBuf::new().with_headers(table).unwrap(), &headers(pairs));
}

/// This value is written as these octets.
pub(crate) fn writes(end: &End, value: Value<'_>, octets: &[u8]) {
    writes_table(end, &TableBuf::new().with("n", value).unwrap(), &pair(octets));
}

/// A copy of this end refuses headers with these pairs.
pub(crate) fn refuses(end: &End, pairs: &[u8], rule: &str, code: u16) -> Violation {
    end.clone().closes(&content(end, &headers(pairs)), rule, ReplyCode(code))
}

/// The same pairs are malformed in headers and, to a server, in arguments.
pub(crate) fn are_malformed(end: &End, pairs: &[u8]) {
    refuses(end, pairs, "CNT-15", 501);
    if !is_client(end) {
        end.clone().closes(&declare_with(pairs), "MTH-04", ReplyCode(501));
    }
}
