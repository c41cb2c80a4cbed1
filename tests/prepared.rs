//! A prepared publish is a publish: the same octets, numbers, returns and refusals.
//!
//! Each test gives the same commands to two clones of one connection, prepared to one of them.
#![allow(clippy::unwrap_used, reason = "helpers fail like the tests")]

mod common;

use amqp_proto::protocol::{
    Dialect, Properties, PropertiesBuf, Property, ReplyCode, basic, confirm,
};
use amqp_proto::testing::Pair;
use amqp_proto::wire::{EncodeError, TableBuf};
use amqp_proto::{
    ChannelId, ClientConfig, Connection, Payload, PreparedPublish, PublishSeq, ServerConfig,
    UsageError,
};
use bytes::Bytes;
use common::*;

const ONE: ChannelId = ChannelId::new(1).unwrap();
const BODIES: [usize; 9] = [0, 1, 64, 1024, 1025, 4088, 4089, 9000, 70_000];

type Outcome = Result<PublishSeq, UsageError>;

/// Sends a message by both ways, and all else that was queued.
fn both<'p>(
    connection: &Connection,
    id: ChannelId,
    method: &basic::Publish<'_>,
    properties: impl Into<Properties<'p>>,
    body: impl Into<Payload<'p>>,
) -> [(Outcome, Connection); 2] {
    let (properties, body) = (properties.into(), body.into());
    let prepared = PreparedPublish::new(method, properties).unwrap();
    let (mut plain, mut other) = (connection.clone(), connection.clone());
    let expected = plain.channel(id).unwrap().publish(method, properties, body.clone());
    let outcome = other.channel(id).unwrap().publish_prepared(&prepared, body);
    [(expected, plain), (outcome, other)]
}

/// Asserts that they end alike, and gives the one that was prepared.
fn alike([(expected, plain), (outcome, prepared)]: [(Outcome, Connection); 2]) -> Connection {
    assert_eq!(outcome, expected);
    assert!(output(&mut prepared.clone()) == output(&mut plain.clone()));
    assert_eq!(prepared.is_writable(), plain.is_writable());
    prepared
}

fn refused(connection: &Connection, body: &str) -> UsageError {
    refused_of(connection, &PropertiesBuf::new(), body)
}

fn refused_of(connection: &Connection, properties: &PropertiesBuf, body: &str) -> UsageError {
    let before = output(&mut connection.clone());
    let sent = both(connection, ONE, &basic::Publish::default(), properties, body);
    let error = sent[1].0.unwrap_err();
    let mut after = alike(sent);
    assert!(output(&mut after) == before);
    error
}

/// A client with channel 1, whose output is gone.
fn client_with(config: ClientConfig) -> Connection {
    let mut client = client(config);
    client.open_channel().unwrap();
    feed(&mut client, &channel_open_ok(1));
    poll(&mut client);
    output(&mut client);
    client
}

fn confirming(config: ClientConfig) -> Connection {
    let mut client = client_with(config);
    client.channel(ONE).unwrap().call(&confirm::Select { no_wait: true }).unwrap();
    output(&mut client);
    client
}

/// Every other property, chosen by the bits of `choice`.
fn properties(choice: u16) -> PropertiesBuf {
    let mut properties = PropertiesBuf::new();
    let table = TableBuf::new().with("a", 1).unwrap().with("b", "two").unwrap();
    let has = |property: Property| choice & (1 << (property as u16)) != 0;
    for property in Property::ALL.iter().copied().filter(|property| has(*property)) {
        let text = "x".repeat(usize::from(choice % 256));
        properties = match property {
            Property::ContentType => properties.with_content_type(&text).unwrap(),
            Property::Headers => properties.with_headers(table.as_table()).unwrap(),
            Property::DeliveryMode => properties.with_delivery_mode(2),
            Property::Priority => properties.with_priority(9),
            Property::Timestamp => properties.with_timestamp(u64::from(choice)),
            Property::MessageId => properties.with_message_id(&text).unwrap(),
            Property::AppId => properties.with_app_id("app").unwrap(),
            _ => properties,
        };
    }
    properties
}

#[test]
fn the_octets_are_those_of_a_publish_in_every_dialect() {
    for &dialect in Dialect::ALL {
        for frame_max in [4096, 131_072] {
            let mut config = plain();
            (config.dialect, config.frame_max) = (dialect, frame_max);
            let mut pair = Pair::connected_with(config, ServerConfig::default());
            let mut ids = vec![pair.client.connection.open_channel().unwrap()];
            ids.push(ChannelId::new(0x0203).unwrap());
            pair.client.connection.open_channel_number(ids[1]).unwrap();
            pair.drive();
            for choice in (0_u16..1 << 14).step_by(97) {
                let text = "k".repeat(usize::from(choice) % 256);
                let method = basic::Publish {
                    ticket: choice.rotate_left(5),
                    exchange: text[..text.len() / 2].into(),
                    routing_key: text.as_str().into(),
                    mandatory: choice % 3 == 0,
                    immediate: choice % 5 == 0,
                };
                let size = BODIES[usize::from(choice) % BODIES.len()];
                let octets = vec![choice.to_be_bytes()[1]; size];
                let (id, properties) = (ids[usize::from(choice) % 2], properties(choice));
                let client = &pair.client.connection;
                alike(both(client, id, &method, &properties, &octets[..]));
                alike(both(client, id, &method, &properties, Bytes::from(octets)));
            }
        }
    }
}

#[test]
fn the_octets_are_written_out() {
    let carrier = method(1, 60, 40, b"\0\0\x01x\x03key\x01");
    let method = basic::Publish {
        ticket: 7,
        exchange: "x".into(),
        routing_key: "key".into(),
        mandatory: true,
        immediate: false,
    };
    let properties = PropertiesBuf::new().with_delivery_mode(2);
    let prepared = PreparedPublish::new(&method, &properties).unwrap();
    let mut client = client_with(plain());
    for body in [&b"body"[..], b""] {
        client.channel(ONE).unwrap().publish_prepared(&prepared, body).unwrap();
    }
    let head = |size| [&carrier[..], &header(1, size, b"\x10\0\x02")].concat();
    assert_eq!(output(&mut client), [head(4), body(1, b"body"), head(0)].concat());
}

#[test]
fn it_keeps_its_place_behind_what_waits() {
    let mut config = plain();
    config.frame_max = 4096;
    config.limits.output_window = 5000;
    let mut client = client_with(config);
    let two = client.open_channel().unwrap();
    let large = vec![7; 9000];
    for size in BODIES {
        for id in [ONE, two] {
            let method = basic::Publish { routing_key: "key".into(), ..Default::default() };
            let properties = properties(0x1FFF);
            client = alike(both(&client, id, &method, &properties, &large[..size.min(9000)]));
        }
    }
    let written = frames(&output(&mut client));
    let bodies = |on| -> usize {
        let of = |frame: &&(u8, u16, Vec<u8>)| frame.0 == 3 && frame.1 == on;
        written.iter().filter(of).map(|frame| frame.2.len()).sum()
    };
    let sizes: usize = BODIES.iter().map(|size| size.min(&9000)).sum();
    assert_eq!((bodies(1), bodies(2)), (sizes, sizes));
}

#[test]
fn confirms_and_returns_know_it() {
    let client = confirming(plain());
    let properties = PropertiesBuf::new().with_delivery_mode(2);
    let route = |key: &'static str, mandatory, immediate| basic::Publish {
        routing_key: key.into(),
        mandatory,
        immediate,
        ..Default::default()
    };
    let sent = [
        (route("a", true, false), "1"),
        (route("a", false, false), "1"),
        (route("a", true, false), "22"),
        (route("b", false, true), "1"),
        (route("a", true, false), "1"),
    ];
    let (mut plain, mut prepared) = (client.clone(), client);
    for (number, (method, body)) in (1..).zip(sent) {
        let expected = plain.channel(ONE).unwrap().publish(&method, &properties, body).unwrap();
        let of_it = PreparedPublish::new(&method, &properties).unwrap();
        let seq = prepared.channel(ONE).unwrap().publish_prepared(&of_it, body).unwrap();
        assert_eq!((seq, seq.number()), (expected, number));
    }
    let back = |key: &str, octets: &[u8]| {
        let arguments = [b"\x01\x38", &short("NO_ROUTE")[..], b"\0", &short(key)].concat();
        let head = [method(1, 60, 50, &arguments), header(1, octets.len() as u64, b"\x10\0\x02")];
        [head.concat(), body(1, octets)].concat()
    };
    let confirm = method(1, 60, 80, b"\0\0\0\0\0\0\0\x05\x01");
    let told = |connection: &mut Connection| {
        let parts = [back("b", b"1"), back("a", b"1"), back("a", b"22"), back("c", b"1")];
        feed(connection, &[&parts.concat(), &confirm[..]].concat());
        poll(connection)
    };
    let events = told(&mut prepared);
    assert_eq!(lines(&events), lines(&told(&mut plain)));
    let numbers = events.iter().filter_map(|event| match event {
        amqp_proto::Event::Content(content) => {
            Some((content.publish_seq().map(PublishSeq::number), content.is_one_of_several()))
        }
        _ => None,
    });
    let expected = [(Some(4), false), (Some(1), true), (Some(3), false), (None, false)];
    assert_eq!(numbers.collect::<Vec<_>>(), expected);
    assert_eq!(prepared.channel(ONE).unwrap().unconfirmed(), 0);
}

#[test]
fn one_serves_channels_and_connections_of_all_kinds() {
    let method = basic::Publish { ticket: 0x0102, ..Default::default() };
    let prepared = PreparedPublish::new(&method, Properties::EMPTY).unwrap();
    for (&dialect, ticket) in Dialect::ALL.iter().zip([[1, 2], [1, 2], [0, 0]]) {
        let mut config = plain();
        config.dialect = dialect;
        let mut pair = Pair::connected_with(config, ServerConfig::default());
        let client = &mut pair.client.connection;
        for channel in 1..=2_u16 {
            let id = client.open_channel().unwrap();
            output(client);
            client.channel(id).unwrap().publish_prepared(&prepared, "body").unwrap();
            let written = frames(&output(client));
            assert!(written.iter().all(|frame| frame.1 == channel), "{dialect}");
            assert_eq!(written[0].2[4..6], ticket, "{dialect}");
        }
    }
}

#[test]
fn limits_stop_it() {
    let mut config = plain();
    config.limits.max_publish = 3;
    let too_large = UsageError::BodyTooLarge { size: 4, limit: 3 };
    assert_eq!(refused(&client_with(config), "body"), too_large);

    let mut config = plain();
    config.limits.unsent_output = 30;
    let mut client = alike(both(
        &client_with(config),
        ONE,
        &basic::Publish::default(),
        Properties::EMPTY,
        "body",
    ));
    assert!(!client.is_writable());
    assert!(matches!(refused(&client, "body"), UsageError::Full { limit: 30, .. }));
    output(&mut client);
    alike(both(&client, ONE, &basic::Publish::default(), Properties::EMPTY, "body"));

    let mut config = plain();
    config.limits.unconfirmed = 1;
    let client = confirming(config);
    let sent = both(&client, ONE, &basic::Publish::default(), Properties::EMPTY, "body");
    assert_eq!(refused(&alike(sent), "body"), UsageError::TooManyUnconfirmed { limit: 1 });
}

#[test]
fn a_header_has_to_fit_the_frame_max_of_its_connection() {
    let mut config = plain();
    config.frame_max = 4096;
    let client = client_with(config);
    // Class, weight, size and flags have 14 octets, the table and its entry 11.
    let with = |len| {
        let text = "x".repeat(len);
        let table = TableBuf::new().with("a", text.as_str()).unwrap();
        PropertiesBuf::new().with_headers(table.as_table()).unwrap()
    };
    let fitting = with(4088 - 14 - 11);
    alike(both(&client, ONE, &basic::Publish::default(), &fitting, "body"));
    let error = EncodeError::FrameTooLarge { size: 4089, limit: 4088 };
    let too_large = with(4088 - 14 - 11 + 1);
    assert_eq!(refused_of(&client, &too_large, "body"), UsageError::Encode(error));
    assert_eq!(refused_of(&client, &too_large, ""), UsageError::Encode(error));
    alike(both(&client_with(plain()), ONE, &basic::Publish::default(), &too_large, "body"));
}

#[test]
fn what_the_peer_has_stopped_is_refused() {
    let mut client = client_with(plain());
    feed(&mut client, &method(0, 10, 60, &short("low on memory")));
    poll(&mut client);
    assert_eq!(refused(&client, "body"), UsageError::Blocked);

    let mut client = client_with(plain());
    feed(&mut client, &method(1, 20, 20, b"\0"));
    poll(&mut client);
    assert_eq!(refused(&client, "body"), UsageError::FlowStopped { channel: 1 });
    feed(&mut client, &method(1, 20, 20, b"\x01"));
    poll(&mut client);
    alike(both(&client, ONE, &basic::Publish::default(), Properties::EMPTY, "body"));
}

#[test]
fn states_and_sides_refuse_it() {
    let mut client = client_with(plain());
    let start = basic::Publish::default();
    client.channel(ONE).unwrap().start_publish(&start, Properties::EMPTY, 4).unwrap();
    assert!(matches!(refused(&client, "body"), UsageError::ContentOpen { missing: 4, .. }));

    let mut client = client_with(plain());
    client.channel(ONE).unwrap().close(ReplyCode::REPLY_SUCCESS, "").unwrap();
    let closing =
        UsageError::ChannelPhase { method: "basic.publish", channel: 1, phase: "closing" };
    assert_eq!(refused(&client, "body"), closing);

    let mut client = client_with(plain());
    client.close(T0, ReplyCode::REPLY_SUCCESS, "").unwrap();
    assert!(matches!(refused(&client, "body"), UsageError::ConnectionPhase { .. }));

    let mut server = server(ServerConfig::default());
    feed(&mut server, &channel_open(1));
    poll(&mut server);
    assert_eq!(refused(&server, "body"), UsageError::WrongSide { method: "basic.publish" });
}

#[test]
fn names_that_are_too_long_are_refused_at_once() {
    let long = "x".repeat(256);
    for (field, method) in [
        ("exchange", basic::Publish { exchange: long.as_str().into(), ..Default::default() }),
        ("routing-key", basic::Publish { routing_key: long.as_str().into(), ..Default::default() }),
    ] {
        let error = PreparedPublish::new(&method, Properties::EMPTY).unwrap_err();
        assert_eq!(error, EncodeError::TooLong { field, len: 256, limit: 255 });
    }
}

#[test]
fn it_tells_what_it_was_made_of() {
    for choice in (0_u16..1 << 14).step_by(61) {
        let name = vec![0xFF; usize::from(choice) % 256];
        let method = basic::Publish {
            ticket: choice,
            exchange: name[..name.len() / 3].into(),
            routing_key: name[..].into(),
            mandatory: choice % 2 == 0,
            immediate: choice % 3 == 0,
        };
        let properties = properties(choice);
        let prepared = PreparedPublish::new(&method, &properties).unwrap();
        assert_eq!(prepared.method(), method);
        assert_eq!(prepared.properties(), Properties::from(&properties));
        assert_eq!(prepared, prepared.clone());
        let again = PreparedPublish::new(&prepared.method(), prepared.properties()).unwrap();
        assert_eq!(prepared, again);
        let other = basic::Publish { ticket: !choice, ..method };
        assert_ne!(prepared, PreparedPublish::new(&other, &properties).unwrap());
    }
    let method = basic::Publish { routing_key: "key".into(), ..Default::default() };
    let properties = PropertiesBuf::new().with_delivery_mode(2);
    let shown = |properties: &PropertiesBuf| {
        format!("{:?}", PreparedPublish::new(&method, properties).unwrap())
    };
    let (bare, with_mode) = (shown(&PropertiesBuf::new()), shown(&properties));
    assert_eq!(bare, format!("PreparedPublish({method})"));
    assert_eq!(with_mode, format!("PreparedPublish({method}, delivery-mode=2)"));
}

#[test]
fn a_body_in_parts_follows_what_it_tells() {
    let method = basic::Publish { routing_key: "key".into(), ..Default::default() };
    let prepared = PreparedPublish::new(&method, Properties::EMPTY).unwrap();
    let mut client = client_with(plain());
    let mut channel = client.channel(ONE).unwrap();
    channel.start_publish(&prepared.method(), prepared.properties(), 4).unwrap();
    channel.send_body("body").unwrap();
    assert_eq!(output(&mut client), message(publish(1, "key"), 1, b"body", 4));
}
