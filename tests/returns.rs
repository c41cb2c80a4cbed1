//! Returned messages joined to their publishes, and what becomes of publishes at the end (`CNF-04`,
//! `CNF-06`).
#![allow(clippy::unwrap_used, reason = "helpers fail like the tests")]

mod common;

use amqp_proto::protocol::{Properties, PropertiesBuf, ReplyCode, basic, confirm};
use amqp_proto::{ChannelId, Connection, Event, Fate};
use common::*;

const ONE: ChannelId = ChannelId::new(1).unwrap();

fn publishing() -> Connection {
    let mut client = client(plain());
    client.open_channel().unwrap();
    let select = confirm::Select { no_wait: true };
    client.channel(ONE).unwrap().call(&select).unwrap();
    feed(&mut client, &channel_open_ok(1));
    poll(&mut client);
    client
}

fn publish_to(client: &mut Connection, routing_key: &str, body: &str) {
    let publish =
        basic::Publish { routing_key: routing_key.into(), mandatory: true, ..Default::default() };
    client.channel(ONE).unwrap().publish(&publish, Properties::EMPTY, body).unwrap();
}

/// A return of a message that was published to the default exchange.
fn back(routing_key: &str, properties: &[u8], octets: &[u8]) -> Vec<u8> {
    let arguments = [b"\x01\x38", &short("NO_ROUTE")[..], b"\0", &short(routing_key)].concat();
    let mut all = method(1, 60, 50, &arguments);
    all.extend(header(1, octets.len() as u64, properties));
    if !octets.is_empty() {
        all.extend(body(1, octets));
    }
    all
}

fn confirmed(method_id: u16, tag: u64, multiple: u8) -> Vec<u8> {
    method(1, 60, method_id, &[&tag.to_be_bytes()[..], &[multiple]].concat())
}

/// The publish of each return, and whether it is one of several.
fn returned(client: &mut Connection) -> Vec<(Option<u64>, bool)> {
    let told = poll(client).into_iter().filter_map(|event| match event {
        Event::Content(content) => {
            let number = content.publish_seq().map(amqp_proto::PublishSeq::number);
            Some((number, content.is_one_of_several()))
        }
        Event::ContentStart(start) => {
            let number = start.publish_seq().map(amqp_proto::PublishSeq::number);
            Some((number, start.is_one_of_several()))
        }
        _ => None,
    });
    told.collect()
}

#[test]
fn a_return_names_its_publish() {
    let mut client = publishing();
    for (key, body) in [("a", "1"), ("b", "1"), ("a", "22"), ("c", "1")] {
        publish_to(&mut client, key, body);
    }
    let octets = [back("a", BARE, b"xx"), back("c", BARE, b"1"), back("a", BARE, b"1")].concat();
    feed(&mut client, &octets);
    assert_eq!(returned(&mut client), [(Some(3), false), (Some(4), false), (Some(1), false)]);
    // Known by now, unlike in route, properties or length, or not published at all.
    let others = [
        back("a", BARE, b"1"),
        back("b", b"\x80\0\0", b"1"),
        back("b", BARE, b"22"),
        back("z", BARE, b"1"),
    ];
    feed(&mut client, &others.concat());
    assert_eq!(returned(&mut client), [(None, false); 4]);
}

#[test]
fn properties_tell_publishes_apart() {
    let mut client = publishing();
    let publish = basic::Publish { mandatory: true, ..Default::default() };
    for id in ["one", "two"] {
        let properties = PropertiesBuf::new().with_message_id(id).unwrap();
        client.channel(ONE).unwrap().publish(&publish, &properties, "").unwrap();
    }
    let properties = |id: &str| [b"\0\x80", &short(id)[..]].concat();
    feed(
        &mut client,
        &[back("", &properties("two"), b""), back("", &properties("one"), b"")].concat(),
    );
    assert_eq!(returned(&mut client), [(Some(2), false), (Some(1), false)]);
}

#[test]
fn alike_publishes_come_back_in_order_and_say_so() {
    let mut client = publishing();
    for _ in 0..3 {
        publish_to(&mut client, "k", "same");
    }
    feed(&mut client, &back("k", BARE, b"same").repeat(4));
    let expected = [(Some(1), true), (Some(2), true), (Some(3), false), (None, false)];
    assert_eq!(returned(&mut client), expected);
}

/// RabbitMQ returns first and confirms then, perhaps several at once; Broker-J nacks first.
#[test]
fn a_confirm_may_come_before_the_return() {
    let mut client = publishing();
    for key in ["a", "b", "c", "d"] {
        publish_to(&mut client, key, "1");
    }
    feed(&mut client, &[back("a", BARE, b"1"), confirmed(80, 2, 1)].concat());
    assert_eq!(returned(&mut client), [(Some(1), false)]);
    feed(&mut client, &[confirmed(120, 3, 0), back("c", BARE, b"1")].concat());
    assert_eq!(returned(&mut client), [(Some(3), false)]);
    // The next confirm ends it.
    feed(
        &mut client,
        &[confirmed(120, 4, 0), back("b", BARE, b"1"), back("d", BARE, b"1")].concat(),
    );
    assert_eq!(returned(&mut client), [(None, false), (Some(4), false)]);
}

#[test]
fn only_mandatory_publishes_of_a_confirming_channel_come_back() {
    let mut client = publishing();
    client
        .channel(ONE)
        .unwrap()
        .publish(&basic::Publish::default(), Properties::EMPTY, "")
        .unwrap();
    let immediate = basic::Publish { immediate: true, ..Default::default() };
    client.channel(ONE).unwrap().start_publish(&immediate, Properties::EMPTY, 0).unwrap();
    feed(&mut client, &back("", BARE, b"").repeat(2));
    assert_eq!(returned(&mut client), [(Some(2), false), (None, false)]);

    let mut client = common::client(plain());
    client.open_channel().unwrap();
    publish_to(&mut client, "k", "");
    feed(&mut client, &[channel_open_ok(1), back("k", BARE, b"")].concat());
    assert_eq!(returned(&mut client), [(None, false)]);
}

#[test]
fn streamed_returns_name_their_publish_too() {
    let mut config = plain();
    config.content = amqp_proto::ContentMode::Streamed;
    let mut client = client(config);
    client.open_channel().unwrap();
    client.channel(ONE).unwrap().call(&confirm::Select { no_wait: true }).unwrap();
    publish_to(&mut client, "k", "body");
    feed(&mut client, &[channel_open_ok(1), back("k", BARE, b"body")].concat());
    assert_eq!(returned(&mut client), [(Some(1), false)]);
}

fn unknown(events: &[Event]) -> Vec<(u64, u64)> {
    let unknown = |event: &Event| match event {
        Event::Confirmed { first, last, fate: Fate::Unknown, .. } => {
            Some((first.number(), last.number()))
        }
        _ => None,
    };
    events.iter().filter_map(unknown).collect()
}

/// CNF-06: told before the end of the channel, or of the connection.
#[test]
fn publishes_without_confirm_end_with_their_channel() {
    let ends: [fn(&mut Connection); 4] = [
        |client| feed(client, &channel_close(1, 404, "")),
        |client| {
            client.channel(ONE).unwrap().close(ReplyCode::REPLY_SUCCESS, "").unwrap();
            feed(client, &channel_close_ok(1));
        },
        |client| feed(client, &connection_close(320, "")),
        |client| client.handle_eof(T0),
    ];
    for end in ends {
        let mut client = publishing();
        for _ in 0..5 {
            publish_to(&mut client, "k", "");
        }
        feed(&mut client, &confirmed(80, 2, 0));
        poll(&mut client);
        end(&mut client);
        let events = poll(&mut client);
        assert_eq!(unknown(&events), [(1, 1), (3, 5)], "{:?}", lines(&events));
        let last = events.last().unwrap();
        assert!(matches!(last, Event::ChannelClosed { .. } | Event::Closed(_)), "{last}");
        assert_eq!(client.unconfirmed(), 0);
    }
}
