//! Contents that go out: how they are cut, shared and interleaved, and what may not come between.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail like the tests")]

mod common;

use amqp_proto::protocol::{Properties, ReplyCode, basic, queue};
use amqp_proto::testing::Pair;
use amqp_proto::{
    ChannelId, Connection, ContentMode, Event, MethodEvent, Payload, ServerConfig, UsageError,
};
use bytes::{Buf, Bytes};
use common::*;

const FRAME_MAX: usize = 4096;
const LARGEST: usize = FRAME_MAX - 8;

fn id(number: u16) -> ChannelId {
    ChannelId::new(number).unwrap()
}

/// A pair with channels 1 and 2 and the smallest frames.
fn pair(content: ContentMode) -> Pair {
    let (mut client, mut server) = (plain(), ServerConfig::default());
    (client.frame_max, client.content, server.content) = (4096, content, content);
    let mut pair = Pair::connected_with(client, server);
    for _ in 0..2 {
        pair.client.connection.open_channel().unwrap();
    }
    pair.drive();
    pair.client.take_events();
    pair.server.take_events();
    pair.client.sent.clear();
    pair.server.sent.clear();
    pair
}

fn client() -> Connection {
    pair(ContentMode::Whole).client.connection
}

fn pattern(len: usize) -> Bytes {
    (0..=250_u8).cycle().take(len).collect()
}

fn bodies(octets: &[u8]) -> Vec<(u16, usize)> {
    let bodies = frames(octets).into_iter().filter(|frame| frame.0 == 3);
    bodies.map(|(_, channel, payload)| (channel, payload.len())).collect()
}

fn key() -> basic::Publish<'static> {
    basic::Publish { routing_key: "key".into(), ..Default::default() }
}

#[test]
fn bodies_are_cut_at_frame_max_and_arrive() {
    let mut sizes = vec![0, 1, 71, 1024, 1025];
    for count in [1, 2, 3, 40] {
        sizes.extend([count * LARGEST - 1, count * LARGEST, count * LARGEST + 1]);
    }
    for size in sizes {
        let octets = pattern(size);
        let payloads =
            [Payload::from(&octets[..]), Payload::from(&octets), Payload::from(octets.clone())];
        for payload in payloads {
            let mut pair = pair(ContentMode::Whole);
            let mut channel = pair.client.connection.channel(id(1)).unwrap();
            channel.publish(&key(), Properties::EMPTY, payload).unwrap();
            pair.drive();
            let lengths: Vec<_> =
                bodies(&pair.client.sent).into_iter().map(|body| body.1).collect();
            let mut expected = vec![LARGEST; size / LARGEST];
            expected.extend((size % LARGEST > 0).then_some(size % LARGEST));
            assert_eq!(lengths, expected, "{size}");
            let Some(Event::Content(content)) = pair.server.next_event() else { panic!("{size}") };
            assert_eq!(content.body(), &octets);
            assert_eq!(content.header().body_size, size as u64);
            assert_eq!(content.publish().unwrap().routing_key, *"key");
        }
    }
}

#[test]
fn streamed_bodies_come_in_parts() {
    for size in [0, 1, LARGEST, 3 * LARGEST + 1] {
        let mut pair = pair(ContentMode::Streamed);
        let octets = pattern(size);
        let mut channel = pair.client.connection.channel(id(1)).unwrap();
        channel.publish(&key(), Properties::EMPTY, &octets).unwrap();
        pair.drive();
        let mut events = pair.server.take_events().into_iter();
        let Some(Event::ContentStart(start)) = events.next() else { panic!("{size}") };
        assert_eq!(start.body_size(), size as u64);
        let (mut body, mut last) = (Vec::new(), 0);
        for event in events {
            let Event::ContentPart(part) = event else { panic!("{event}") };
            assert_eq!(last, 0, "nothing comes behind the last part");
            body.extend_from_slice(&part.octets);
            last += usize::from(part.last);
        }
        assert_eq!((body, last), (octets.to_vec(), 1), "{size}");
    }
}

#[test]
fn bodies_above_whole_body_come_in_parts() {
    let (client, mut server) = (plain(), ServerConfig::default());
    server.limits.whole_body = 100;
    let mut pair = Pair::connected_with(client, server);
    pair.client.connection.open_channel().unwrap();
    for size in [100, 101] {
        let mut channel = pair.client.connection.channel(id(1)).unwrap();
        channel.publish(&key(), Properties::EMPTY, pattern(size)).unwrap();
    }
    pair.drive();
    assert!(matches!(
        pair.server.take_events()[..],
        [Event::ChannelOpened(_), Event::Content(_), Event::ContentStart(_), Event::ContentPart(_)]
    ));
}

/// A server with channels 1 to 4, on which 1000 octets may be gathered at a time.
fn gathering(parts: bool) -> Connection {
    let mut config = ServerConfig::default();
    config.limits.unfinished_contents = 1000;
    config.limits.whole_body = 800;
    config.limits.max_body = Some(if parts { 10_000 } else { 800 });
    let mut server = server(config);
    (1..=4).for_each(|number| feed(&mut server, &channel_open(number)));
    poll(&mut server);
    output(&mut server);
    server
}

/// A publish of so many octets and its first one.
fn begun(channel: u16, size: u64) -> Vec<u8> {
    [publish(channel, "key"), header(channel, size, BARE), body(channel, b"1")].concat()
}

/// Headers of a publish, so many octets long, which wait for a body.
fn headed(channel: u16, size: usize) -> Vec<u8> {
    let table = long(&[b"\x01nS", &long(&vec![b'x'; size - 14 - 4 - 7])[..]].concat());
    let header = header(channel, 9, &[b"\x20\0", &table[..]].concat());
    assert_eq!(header.len() - 8, size);
    [publish(channel, "key"), header].concat()
}

fn told(server: &mut Connection, octets: &[u8]) -> Vec<&'static str> {
    feed(server, octets);
    let name = |event: Event| match event {
        Event::Content(_) => "whole",
        Event::ContentStart(_) => "begins",
        Event::ContentPart(part) if part.last => "last",
        Event::ContentPart(_) => "part",
        Event::Violation(violation) => violation.rule,
        event => panic!("{event}"),
    };
    poll(server).into_iter().map(name).collect()
}

#[test]
fn unfinished_contents_share_their_room() {
    let mut server = gathering(true);
    assert_eq!(told(&mut server, &begun(1, 600)), [""; 0]);
    assert_eq!(told(&mut server, &begun(2, 400)), [""; 0]);
    // No octet more, but for a body that is whole with its first frame.
    assert_eq!(told(&mut server, &begun(3, 2)), ["begins", "part"]);
    assert_eq!(told(&mut server, &message(publish(4, "key"), 4, &[7; 700], 700)), ["whole"]);
    assert_eq!(told(&mut server, &body(3, b"2")), ["last"]);
    // The room of what has ended, well or badly, is free again.
    assert_eq!(told(&mut server, &body(2, &[7; 399])), ["whole"]);
    assert_eq!(told(&mut server, &begun(3, 401)), ["begins", "part"]);
    assert_eq!(told(&mut server, &begun(4, 400)), [""; 0]);
    assert_eq!(told(&mut server, &begun(2, 1)), ["whole"]);
    server.channel(id(1)).unwrap().close(ReplyCode(200), "").unwrap();
    assert_eq!(told(&mut server, &begun(2, 600)), [""; 0]);
    assert_eq!(told(&mut server, &body(2, &[7; 599])), ["whole"]);
    assert_eq!(told(&mut server, &body(4, &[7; 399])), ["whole"]);
}

#[test]
fn large_headers_count_among_unfinished_contents() {
    let mut server = gathering(true);
    // Those of up to 1 KiB don't, nor does one whose body is complete.
    assert_eq!(told(&mut server, &headed(1, 1024)), [""; 0]);
    assert_eq!(told(&mut server, &headed(2, 1025)), ["begins"]);
    let mut config = ServerConfig::default();
    config.limits.unfinished_contents = 2000;
    let mut server = server_with_channels(config);
    for _ in 0..2 {
        assert_eq!(told(&mut server, &headed(1, 1100)), [""; 0]);
        assert_eq!(told(&mut server, &headed(2, 1100)), ["begins"]);
        assert_eq!(told(&mut server, &body(2, &[7; 9])), ["last"]);
        assert_eq!(told(&mut server, &body(1, &[7; 9])), ["whole"]);
    }
}

fn server_with_channels(config: ServerConfig) -> Connection {
    let mut server = server(config);
    feed(&mut server, &[channel_open(1), channel_open(2)].concat());
    poll(&mut server);
    server
}

/// Who takes no body in parts gets none.
#[test]
fn where_no_parts_are_wanted_the_channel_closes() {
    for octets in [begun(2, 401), headed(2, 1100)] {
        let mut server = gathering(false);
        assert_eq!(told(&mut server, &begun(1, 600)), [""; 0]);
        assert_eq!(told(&mut server, &octets), ["LIM-10"]);
        let sent = frames(&output(&mut server));
        assert!(sent[0].2.starts_with(b"\0\x14\0\x28\x01\x37"), "channel.close with 311");
        assert!(sent[0].2.ends_with(b"\0\x3C\0\x28"), "basic.publish is to blame");
        assert_eq!(told(&mut server, &body(2, &[7; 400])), [""; 0]);
        assert_eq!(told(&mut server, &body(1, &[7; 599])), ["whole"]);
    }
}

/// A consumer that is there at once.
fn consume() -> basic::Consume<'static> {
    let (queue, consumer_tag) = ("q".into(), "c".into());
    basic::Consume { queue, consumer_tag, no_wait: true, ..Default::default() }
}

#[test]
fn every_content_of_a_server_arrives() {
    let mut pair = pair(ContentMode::Whole);
    let get = basic::Get { queue: "q".into(), ..Default::default() };
    let request = pair.client.connection.channel(id(1)).unwrap().call(&get).unwrap().unwrap();
    pair.drive();
    let Some(Event::Request { token: Some(token), .. }) = pair.server.next_event() else {
        panic!();
    };
    pair.client.connection.channel(id(1)).unwrap().call(&consume()).unwrap();
    pair.drive();
    pair.server.take_events();
    let body = pattern(10_000);
    let mut channel = pair.server.connection.channel(id(1)).unwrap();
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    assert_eq!(channel.deliver(&deliver, Properties::EMPTY, &body), Ok(1));
    let get_ok = basic::GetOk { message_count: 3, ..Default::default() };
    assert_eq!(channel.get_ok(token, &get_ok, Properties::EMPTY, &body), Ok(2));
    let returned = basic::Return { reply_code: ReplyCode(312), ..Default::default() };
    channel.return_message(&returned, Properties::EMPTY, &body).unwrap();
    assert_eq!(channel.start_deliver(&deliver, Properties::EMPTY, 20), Ok(3));
    channel.send_body(b"0123456789").unwrap();
    assert_eq!(channel.missing_body(), Some(10));
    channel.send_body(b"0123456789").unwrap();
    assert_eq!(channel.missing_body(), None);
    pair.drive();
    let mut told = Vec::new();
    for event in pair.client.take_events() {
        let Event::Content(content) = event else { panic!("{event}") };
        let tag = content.deliver().map(|deliver| deliver.delivery_tag);
        let tag = tag.or_else(|| content.get_ok().map(|get_ok| get_ok.delivery_tag));
        told.push((content.kind().name(), tag, content.body().len()));
        if content.get_ok().is_some() {
            assert_eq!(content.request(), Some(request));
        }
        assert_eq!(content.to_detached(), content);
    }
    let expected = [
        ("basic.deliver", Some(1), 10_000),
        ("basic.get-ok", Some(2), 10_000),
        ("basic.return", None, 10_000),
        ("basic.deliver", Some(3), 20),
    ];
    assert_eq!(told, expected);
}

#[test]
fn each_content_of_a_read_has_its_own_header() {
    let mut client = common::client(plain());
    client.open_channel().unwrap();
    let one = |tag: u64| {
        let properties = [b"\x80\0", &short(&format!("text/{tag}"))[..]].concat();
        [deliver(1, tag), header(1, 2, &properties), body(1, b"xy")].concat()
    };
    feed(&mut client, &[channel_open_ok(1), one(1), one(2), one(3)].concat());
    let events = poll(&mut client);
    let types: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Content(content) => content.properties().content_type(),
            _ => None,
        })
        .collect();
    assert_eq!(types, ["text/1", "text/2", "text/3"]);
}

#[test]
fn large_bodies_are_not_copied() {
    for shared in [false, true] {
        let mut client = client();
        let octets = pattern(3 * LARGEST);
        let mut channel = client.channel(id(1)).unwrap();
        if shared {
            channel.publish(&key(), Properties::EMPTY, octets.clone()).unwrap();
        } else {
            channel.publish(&key(), Properties::EMPTY, &octets).unwrap();
        }
        let mut seen = Vec::new();
        while let Some(segment) = client.transmit().take_segment() {
            if octets.as_ptr_range().contains(&segment.as_ptr()) {
                seen.push(segment.as_ptr() as usize - octets.as_ptr() as usize);
            }
        }
        assert_eq!(seen, [0, LARGEST, 2 * LARGEST]);
    }
}

#[test]
fn a_large_body_does_not_starve_another_channel() {
    let mut client = client();
    let large = pattern(100 * LARGEST);
    let mut channel = client.channel(id(1)).unwrap();
    channel.publish(&key(), Properties::EMPTY, &large).unwrap();
    let mut channel = client.channel(id(2)).unwrap();
    for _ in 0..20 {
        channel.publish(&key(), Properties::EMPTY, pattern(LARGEST)).unwrap();
    }
    let order: Vec<_> = bodies(&output(&mut client)).into_iter().map(|body| body.0).collect();
    assert_eq!(order.iter().filter(|channel| **channel == 2).count(), 20);
    let first = order.iter().position(|channel| *channel == 2).unwrap();
    let last = order.iter().rposition(|channel| *channel == 2).unwrap();
    // A window's worth may have gone ahead; then they take turns.
    assert!(first <= 17 && last <= 60, "{first} {last}");
}

#[test]
fn nothing_comes_between_the_frames_of_a_content() {
    let mut pair = pair(ContentMode::Whole);
    let client = &mut pair.client.connection;
    let mut channel = client.channel(id(1)).unwrap();
    channel.start_publish(&key(), Properties::EMPTY, 10).unwrap();
    channel.send_body(b"1234").unwrap();
    let open = |result: Result<(), UsageError>, name: &str| {
        let expected = matches!(&result, Err(UsageError::ContentOpen { method, missing: 6 }) if *method == name);
        assert!(expected, "{name}: {result:?}");
    };
    let empty = Properties::EMPTY;
    open(channel.publish(&key(), empty, "").map(drop), "basic.publish");
    open(channel.start_publish(&key(), empty, 3).map(drop), "basic.publish");
    open(channel.call(&queue::Declare::default()).map(drop), "queue.declare");
    open(channel.call(&basic::Get::default()).map(drop), "basic.get");
    open(channel.send(&basic::Ack::default()), "basic.ack");
    open(channel.close(ReplyCode::REPLY_SUCCESS, ""), "channel.close");
    assert_eq!(
        channel.send_body(b"567890!"),
        Err(UsageError::BodyTooLong { missing: 6, given: 7 })
    );
    channel.send_body(b"").unwrap();
    // Another channel is free.
    client.channel(id(2)).unwrap().call(&queue::Declare::default()).unwrap();
    let mut channel = client.channel(id(1)).unwrap();
    channel.send_body(b"567890").unwrap();
    assert_eq!(channel.send_body(b"!"), Err(UsageError::NoContentOpen { channel: 1 }));
    channel.start_publish(&key(), Properties::EMPTY, 0).unwrap();
    assert_eq!(channel.send_body(b""), Err(UsageError::NoContentOpen { channel: 1 }));
    pair.drive();
    let events = pair.server.take_events();
    let contents = events.iter().filter_map(|event| match event {
        Event::Content(content) => Some(content.body()),
        _ => None,
    });
    assert_eq!(contents.collect::<Vec<_>>(), [&b"1234567890"[..], b""]);
    assert_eq!(events.len(), 3);
}

#[test]
fn flow_stops_contents_and_nothing_else() {
    let mut pair = pair(ContentMode::Whole);
    let server = &mut pair.server.connection;
    let flow = |active| amqp_proto::protocol::channel::Flow { active };
    server.channel(id(1)).unwrap().call(&flow(false)).unwrap();
    // The content that is open goes on to its end, and flow-ok waits for it.
    let mut channel = pair.client.connection.channel(id(1)).unwrap();
    channel.start_publish(&key(), Properties::EMPTY, 10).unwrap();
    pair.drive();
    assert!(pair.server.take_events().is_empty(), "no flow-ok inside a content");
    let mut channel = pair.client.connection.channel(id(1)).unwrap();
    assert!(channel.is_flow_stopped());
    channel.send_body(b"0123456789").unwrap();
    let refused = channel.publish(&key(), Properties::EMPTY, "");
    assert_eq!(refused, Err(UsageError::FlowStopped { channel: 1 }));
    channel.call(&queue::Declare::default()).unwrap();
    let mut other = pair.client.connection.channel(id(2)).unwrap();
    other.publish(&key(), Properties::EMPTY, "").unwrap();
    pair.drive();
    let mut of_first = pair.server.take_events();
    of_first
        .retain(|event| !matches!(event, Event::Content(content) if content.channel() == id(2)));
    assert!(
        matches!(of_first[..], [Event::Content(_), Event::Reply { .. }, Event::Request { .. }]),
        "{:?}",
        lines(&of_first)
    );
    pair.server.connection.channel(id(1)).unwrap().call(&flow(true)).unwrap();
    pair.drive();
    let mut channel = pair.client.connection.channel(id(1)).unwrap();
    channel.publish(&key(), Properties::EMPTY, "again").unwrap();
    pair.drive();
    assert!(matches!(pair.server.take_events()[..], [Event::Reply { .. }, Event::Content(_)]));
}

#[test]
fn a_blocked_client_publishes_nothing_but_acks() {
    let mut pair = pair(ContentMode::Whole);
    pair.client.connection.channel(id(1)).unwrap().call(&consume()).unwrap();
    pair.drive();
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    let mut channel = pair.server.connection.channel(id(1)).unwrap();
    channel.deliver(&deliver, Properties::EMPTY, "").unwrap();
    pair.drive();
    pair.client.take_events();
    pair.server.connection.block("memory").unwrap();
    pair.drive();
    let notice = |event: Option<Event>| match event {
        Some(Event::Notice(method)) => MethodEvent::kind(&method).name(),
        event => panic!("{event:?}"),
    };
    assert_eq!(notice(pair.client.next_event()), "connection.blocked");
    assert!(pair.client.connection.is_blocked());
    let mut channel = pair.client.connection.channel(id(1)).unwrap();
    assert_eq!(channel.publish(&key(), Properties::EMPTY, ""), Err(UsageError::Blocked));
    channel.send(&basic::Ack { delivery_tag: 1, multiple: false }).unwrap();
    pair.server.connection.unblock().unwrap();
    pair.drive();
    assert_eq!(notice(pair.client.next_event()), "connection.unblocked");
    let mut channel = pair.client.connection.channel(id(1)).unwrap();
    channel.publish(&key(), Properties::EMPTY, "").unwrap();
}

#[test]
fn output_has_a_limit_and_a_reserve() {
    let mut config = plain();
    (config.limits.unsent_output, config.limits.output_reserve) = (10_000, 200);
    let mut client = common::client(config);
    client.open_channel().unwrap();
    let deliveries = (1..=50).flat_map(|tag| [deliver(1, tag), header(1, 0, BARE)].concat());
    feed(&mut client, &channel_open_ok(1));
    feed(&mut client, &deliveries.collect::<Vec<_>>());
    poll(&mut client);
    let mut channel = client.channel(id(1)).unwrap();
    channel.publish(&key(), Properties::EMPTY, pattern(20_000)).unwrap();
    let refused = channel.publish(&key(), Properties::EMPTY, "").unwrap_err();
    assert!(matches!(refused, UsageError::Full { limit: 10_000, .. }), "{refused}");
    assert!(matches!(channel.call(&queue::Declare::default()), Err(UsageError::Full { .. })));
    let ack = |delivery_tag| basic::Ack { delivery_tag, multiple: false };
    let acks = (1..50).take_while(|tag| channel.send(&ack(*tag)).is_ok()).count();
    assert!((1..=20).contains(&acks), "{acks}");
    assert!(!client.is_writable());
    let before = client.unsent();
    // What would have to be answered isn't handed out (LIM-09).
    feed(&mut client, &[method(1, 20, 20, b"\0"), deliver(1, 51), header(1, 0, BARE)].concat());
    assert_eq!(lines(&poll(&mut client)), [""; 0]);
    assert_eq!(client.unsent(), before);
    let sent = frames(&output(&mut client));
    assert_eq!(sent.iter().filter(|frame| frame.2.starts_with(b"\0\x3C\0\x50")).count(), acks);
    assert!(client.is_writable());
    assert_eq!(poll(&mut client).len(), 2);
    client.channel(id(1)).unwrap().send(&ack(50)).unwrap();
}

#[test]
fn bodies_have_a_limit_of_their_own() {
    let mut config = plain();
    config.limits.max_publish = 100;
    let mut client = common::client(config);
    client.open_channel().unwrap();
    output(&mut client);
    let mut channel = client.channel(id(1)).unwrap();
    let refused = Err(UsageError::BodyTooLarge { size: 101, limit: 100 });
    assert_eq!(channel.publish(&key(), Properties::EMPTY, &[0; 101]), refused);
    assert_eq!(channel.start_publish(&key(), Properties::EMPTY, 101), refused);
    channel.publish(&key(), Properties::EMPTY, &[0; 100]).unwrap();
    assert_eq!(bodies(&output(&mut client)), [(1, 100)]);
}

#[test]
fn heads_that_fit_no_frame_change_nothing() {
    let mut client = client();
    let long_name = "x".repeat(256);
    let text = vec![b'x'; 5000];
    let mut headers = amqp_proto::wire::TableBuf::new();
    headers.insert("a", amqp_proto::wire::Value::Bytes(&text)).unwrap();
    let properties = amqp_proto::protocol::PropertiesBuf::new().with_headers(&headers).unwrap();
    let mut channel = client.channel(id(1)).unwrap();
    let too_long = basic::Publish { routing_key: long_name.as_str().into(), ..key() };
    assert!(matches!(
        channel.publish(&too_long, Properties::EMPTY, "body"),
        Err(UsageError::Encode(_))
    ));
    assert!(matches!(channel.publish(&key(), &properties, "body"), Err(UsageError::Encode(_))));
    let declare = queue::Declare { arguments: headers.as_table(), ..Default::default() };
    assert!(matches!(channel.call(&declare), Err(UsageError::Encode(_))));
    assert_eq!((channel.pending_requests(), channel.missing_body()), (0, None));
    assert!(!client.transmit().has_remaining());
}
