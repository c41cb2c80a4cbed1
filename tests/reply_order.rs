//! Replies that overtake each other, as RabbitMQ sends them: its queues answer basic.cancel, its
//! channels basic.get.

use amqp_proto::frame::{FrameType, RawFrame};
use amqp_proto::protocol::{AsMethod, Dialect, MethodKind, basic};
use amqp_proto::testing::Pair;
use amqp_proto::wire::ShortStr;
use amqp_proto::{ChannelId, Event, RequestId};

const ONE: ChannelId = ChannelId::new(1).unwrap();
const GET: basic::Get<'static> =
    basic::Get { ticket: 0, queue: ShortStr::literal("q"), no_ack: false };

fn frame(method: &impl AsMethod) -> Vec<u8> {
    let (mut payload, mut octets) = (Vec::new(), Vec::new());
    let encoded = method.encode(Dialect::V0_9_1, &mut payload);
    assert_eq!(encoded, Ok(()));
    let frame = RawFrame { frame_type: FrameType::METHOD, channel: 1, payload: &payload };
    assert_eq!(frame.encode(&mut octets), Ok(()));
    octets
}

fn pair_with_channel() -> Pair {
    let mut pair = Pair::connected();
    assert_eq!(pair.client.connection.open_channel().ok(), ChannelId::new(1));
    pair.drive();
    pair.client.take_events();
    pair
}

fn replies(pair: &mut Pair) -> Vec<(RequestId, MethodKind)> {
    let events = pair.client.take_events().into_iter();
    let reply = |event| match event {
        Event::Reply { request, method } => Some((request, method.kind())),
        _ => None,
    };
    events.filter_map(reply).collect()
}

#[test]
fn get_empty_may_overtake_cancel_ok() {
    let mut pair = pair_with_channel();
    let mut channel = pair.client.connection.channel(ONE).unwrap();
    let cancel = basic::Cancel { consumer_tag: "c".into(), ..Default::default() };
    let cancelled = channel.call(&cancel).unwrap().unwrap();
    let got = channel.call(&GET).unwrap().unwrap();
    let server = &mut pair.server.connection;
    server.inject(&frame(&basic::GetEmpty::default()));
    server.inject(&frame(&basic::CancelOk { consumer_tag: "c".into() }));
    pair.drive();
    let expected = [(got, MethodKind::BasicGetEmpty), (cancelled, MethodKind::BasicCancelOk)];
    assert_eq!(replies(&mut pair), expected);
    assert!(pair.is_open());
}

#[test]
fn cancel_ok_may_come_before_an_older_reply() {
    let mut pair = pair_with_channel();
    let mut channel = pair.client.connection.channel(ONE).unwrap();
    let consume =
        basic::Consume { queue: "q".into(), consumer_tag: "d".into(), ..Default::default() };
    let consumed = channel.call(&consume).unwrap().unwrap();
    let cancel = basic::Cancel { consumer_tag: "c".into(), ..Default::default() };
    let cancelled = channel.call(&cancel).unwrap().unwrap();
    let server = &mut pair.server.connection;
    server.inject(&frame(&basic::CancelOk { consumer_tag: "c".into() }));
    server.inject(&frame(&basic::ConsumeOk { consumer_tag: "d".into() }));
    pair.drive();
    let expected = [(cancelled, MethodKind::BasicCancelOk), (consumed, MethodKind::BasicConsumeOk)];
    assert_eq!(replies(&mut pair), expected);
}

#[test]
fn a_reply_that_nobody_asked_for_is_a_violation() {
    let mut pair = pair_with_channel();
    pair.client.connection.channel(ONE).unwrap().call(&GET).unwrap();
    pair.server.connection.inject(&frame(&basic::ConsumeOk { consumer_tag: "d".into() }));
    pair.drive();
    let Some(Event::Violation(violation)) = pair.client.next_event() else {
        panic!("no violation")
    };
    assert_eq!(violation.rule, "SYN-03");
}
