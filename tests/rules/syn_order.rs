//! The order of requests and replies, and what becomes of them at the end of a channel.

use amqp_proto::protocol::{MethodKind, Properties, ReplyCode, basic, queue};
use amqp_proto::{ChannelId, Event, RequestId, ServerConfig, UsageError};

use crate::common::*;
use crate::end::End;
use crate::syn_exchanges::{FLOW, answered, call, cancel_ok, failed, flow, flow_ok, token, tokens};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("SYN-02", a_client_joins_replies_to_its_requests_in_their_order),
    server("SYN-02", a_server_answers_the_oldest_request),
    client("SYN-10", requests_of_a_client_fail_in_order_with_their_channel),
    server("SYN-10", requests_of_a_server_fail_in_order_with_their_channel),
    client("SYN-11", a_client_keeps_the_order_of_a_channel),
    server("SYN-11", a_server_keeps_the_order_of_a_channel),
];

fn call_declare(end: &mut End, channel: u16, name: &str) -> RequestId {
    let declare = queue::Declare { queue: name.into(), ..Default::default() };
    end.channel_number(channel).call(&declare).unwrap().unwrap()
}

fn a_client_joins_replies_to_its_requests_in_their_order() {
    let mut end = End::client_channel().with_channel(2);
    let first = call_declare(&mut end, 1, "a");
    let other = call_declare(&mut end, 2, "b");
    let second = call_declare(&mut end, 1, "c");
    let third = call(&mut end, "queue.purge");
    let purge_ok = method(1, 50, 31, b"\0\0\0\0");
    // Not before those of older requests.
    for count in 0..2 {
        let mut end = end.clone();
        end.takes(&declare_ok(1, "a").repeat(count));
        end.closes(&purge_ok, "SYN-03", ReplyCode::COMMAND_INVALID);
    }
    // One channel is ahead of another.
    let replies = [declare_ok(2, "b"), declare_ok(1, "a"), declare_ok(1, "c"), purge_ok];
    assert_eq!(answered(&end.takes(&replies.concat())), [other, first, second, third]);

    // A flow-ok may be late, but never early.
    let mut end = End::client_channel();
    let flow = end.channel().call(&FLOW).unwrap().unwrap();
    let declare = call_declare(&mut end, 1, "a");
    let replies = [declare_ok(1, "a"), flow_ok(true)].concat();
    assert_eq!(answered(&end.takes(&replies)), [declare, flow]);
    call_declare(&mut end, 1, "a");
    end.channel().call(&FLOW).unwrap();
    end.closes(&flow_ok(true), "SYN-03", ReplyCode::COMMAND_INVALID);

    // RabbitMQ's queues answer consume and cancel, so these replies may be late, but never early.
    let mut end = End::client_channel();
    let consume = call(&mut end, "basic.consume");
    let cancel = basic::Cancel { consumer_tag: "other".into(), no_wait: false };
    let cancel = end.channel().call(&cancel).unwrap().unwrap();
    let declare = call_declare(&mut end, 1, "a");
    let consume_ok = method(1, 60, 21, &short("c"));
    let replies = [declare_ok(1, "a"), cancel_ok("other"), consume_ok.clone()];
    assert_eq!(answered(&end.takes(&replies.concat())), [declare, cancel, consume]);
    for (name, early) in [("basic.consume", consume_ok), ("basic.cancel", cancel_ok("c"))] {
        let mut end = End::client_channel();
        call_declare(&mut end, 1, "a");
        call(&mut end, name);
        end.closes(&early, "SYN-03", ReplyCode::COMMAND_INVALID);
    }
}

fn a_server_answers_the_oldest_request() {
    let mut end = End::server_channel().with_channel(2);
    let requests =
        [declare(1, "a"), flow(false), declare(2, "b"), declare(1, "c"), flow(true), flow(false)];
    let [first, other, second] = tokens(&end.takes(&requests.concat()))[..] else { panic!() };
    assert_eq!(hex(&end.sent()), "", "flow-ok has to wait for its turn");
    let named = |name: &'static str| queue::DeclareOk { queue: name.into(), ..Default::default() };
    let not_oldest = Err(UsageError::NotOldestRequest { channel: 1 });
    assert_eq!(end.channel().reply(second, &named("c")), not_oldest);
    assert_eq!(end.channel().fail(second, ReplyCode::NOT_FOUND, ""), not_oldest);
    assert_eq!(end.channel().reply(other, &named("b")), not_oldest);
    assert_eq!(hex(&end.sent()), "");
    end.channel_number(2).reply(other, &named("b")).unwrap();
    assert_eq!(hex(&end.sent()), hex(&declare_ok(2, "b")));
    end.channel().reply(first, &named("a")).unwrap();
    assert_eq!(hex(&end.sent()), hex(&[declare_ok(1, "a"), flow_ok(false)].concat()));
    end.channel().reply(second, &named("c")).unwrap();
    let rest = [declare_ok(1, "c"), flow_ok(true), flow_ok(false)];
    assert_eq!(hex(&end.sent()), hex(&rest.concat()));
}

/// The requests fail in this order, and then the channel is closed.
fn fails(events: &[Event], requests: &[RequestId]) {
    let Some((Event::ChannelClosed { channel, .. }, before)) = events.split_last() else {
        panic!("{:?}", lines(events))
    };
    assert_eq!((channel.number(), before.len()), (1, requests.len()), "{:?}", lines(events));
    assert_eq!(failed(before), requests);
}

/// Requests that are answered, not answered, and begun to be answered.
fn waiting(end: &mut End) -> Vec<RequestId> {
    let answered = call(end, "queue.declare");
    let requests = ["basic.get", "queue.bind", "basic.consume", "basic.qos", "queue.bind"];
    let requests = requests.map(|name| call(end, name)).to_vec();
    call_declare(end, 2, "b");
    end.sent();
    assert_eq!(self::answered(&end.takes(&declare_ok(1, "q"))), [answered]);
    requests
}

fn requests_of_a_client_fail_in_order_with_their_channel() {
    let mut end = End::client_channel().with_channel(2);
    let requests = waiting(&mut end);
    let get_ok = method(1, 60, 71, b"\0\0\0\0\0\0\0\x01\0\0\x01q\0\0\0\0");
    let mut theirs = end.clone();
    fails(&theirs.takes(&channel_close(1, 404, "no")), &requests);
    assert_eq!(hex(&theirs.sent()), hex(&channel_close_ok(1)));
    // The other channel has nothing to do with it.
    assert_eq!(theirs.channel_number(2).pending_requests(), 1);
    assert_eq!(answered(&theirs.takes(&declare_ok(2, "b"))).len(), 1);
    // The number's next life knows nothing of them.
    theirs.with_channel(1).closes(&get_ok, "SYN-03", ReplyCode::COMMAND_INVALID);

    // The message of the get hasn't begun, or isn't whole.
    let begun = [get_ok, header(1, 2, BARE), body(1, b"m")];
    for count in 0..=3 {
        let mut own = end.clone();
        own.takes(&begun[..count].concat());
        own.channel().close(ReplyCode::REPLY_SUCCESS, "").unwrap();
        assert_eq!(own.channel().pending_requests(), 0);
        own.sent();
        // The rest and other replies may be on their way.
        let rest = [&begun[count..].concat()[..], &method(1, 50, 21, b""), &channel_close_ok(1)];
        fails(&own.takes(&rest.concat()), &requests);
        assert_eq!(answered(&own.takes(&declare_ok(2, "b"))).len(), 1);
    }

    // With the connection all end, channel by channel.
    let other = end.channel_number(2).call(&basic::Recover::default()).unwrap().unwrap();
    let events = end.feed(&connection_close(320, ""));
    let failed = failed(&events);
    assert_eq!((&failed[..5], failed.last()), (&requests[..], Some(&other)));
    assert!(matches!(events[7..], [Event::Closed(_)]), "{:?}", lines(&events));
}

fn requests_of_a_server_fail_in_order_with_their_channel() {
    let mut end = End::server_for(&["consumer_cancel_notify"]).with_channel(1);
    end.takes(&consume(1, "c", false));
    let flows = [0; 2].map(|_| end.channel().call(&FLOW).unwrap().unwrap());
    let cancel = basic::Cancel { consumer_tag: "c".into(), no_wait: false };
    let cancel = end.channel().call(&cancel).unwrap().unwrap();
    end.sent();
    assert_eq!(answered(&end.takes(&flow_ok(true))), flows[..1]);
    let requests = [flows[1], cancel];
    // Those of the client are over too.
    let to = token(&end.takes(&declare(1, "a")));
    let mut own = end.clone();
    fails(&end.takes(&channel_close(1, 200, "")), &requests);
    assert_eq!(hex(&end.sent()), hex(&channel_close_ok(1)));
    let gone = end.connection.channel(ChannelId::new(1).unwrap()).map(drop);
    assert_eq!(gone, Err(UsageError::UnknownChannel { channel: 1 }));

    own.channel().close(ReplyCode::NOT_FOUND, "no").unwrap();
    own.sent();
    let refused = own.channel().reply(to, &queue::DeclareOk::default());
    let (method, phase) = ("queue.declare-ok", "closing");
    assert_eq!(refused, Err(UsageError::ChannelPhase { method, channel: 1, phase }));
    assert_eq!(hex(&own.sent()), "");
    fails(&own.takes(&[cancel_ok("c"), channel_close_ok(1)].concat()), &requests);
    own.with_channel(1).closes(&cancel_ok("c"), "SYN-03", ReplyCode::COMMAND_INVALID);
}

/// The frames of a channel.
fn frames_on(octets: &[u8], channel: u16) -> Vec<(u8, u16, Vec<u8>)> {
    frames(octets).into_iter().filter(|(_, on, _)| *on == channel).collect()
}

fn a_client_keeps_the_order_of_a_channel() {
    for window in [1, 65_536] {
        let mut config = plain();
        (config.frame_max, config.limits.output_window) = (4096, window);
        let mut end = End::client_with(config).with_channel(1).with_channel(2);
        let long = vec![7; 9000];
        let publish = basic::Publish { routing_key: "a".into(), ..Default::default() };
        for channel in 1..=2 {
            // Nothing is waited for.
            call_declare(&mut end, channel, "a");
            end.channel_number(channel).publish(&publish, Properties::EMPTY, &long[..]).unwrap();
            call_declare(&mut end, channel, "b");
            end.channel_number(channel).publish(&publish, Properties::EMPTY, "").unwrap();
            let declare = queue::Declare { queue: "c".into(), no_wait: true, ..Default::default() };
            end.channel_number(channel).call(&declare).unwrap();
        }
        let sent = end.sent();
        for channel in 1..=2 {
            let expected = [
                declare(channel, "a"),
                message(self::publish(channel, "a"), channel, &long, 4088),
                declare(channel, "b"),
                message(self::publish(channel, "a"), channel, b"", 1),
                method(channel, 50, 10, b"\0\0\x01c\x10\0\0\0\0"),
            ];
            assert_eq!(frames_on(&sent, channel), frames(&expected.concat()), "window {window}");
        }
    }
}

fn a_server_keeps_the_order_of_a_channel() {
    let mut config = ServerConfig::default();
    config.limits.output_window = 1;
    let mut end = End::server_with(config).with_channel(1).with_channel(2);
    let (declare_a, declare_b) = (declare(1, "a"), declare(1, "b"));
    let message = [publish(1, "a"), header(1, 2, BARE), body(1, b"hi")].concat();
    let order = [declare_a, message, consume(1, "a", true), declare_b];
    let mut mixed = Vec::new();
    // Those of another channel lie between the frames.
    for octets in &order {
        for (frame_type, channel, payload) in frames(octets) {
            mixed.extend(frame(frame_type, channel, &payload));
            mixed.extend(declare(2, "x"));
        }
    }
    let events = end.takes(&mixed);
    let kind = |event: &Event| match event {
        Event::Request { method, .. } => method.kind(),
        Event::Content(content) => content.kind(),
        _ => panic!("{event}"),
    };
    let one = ChannelId::new(1);
    let told: Vec<_> = events.iter().filter(|event| event.channel() == one).map(kind).collect();
    let expected = [
        MethodKind::QueueDeclare,
        MethodKind::BasicPublish,
        MethodKind::BasicConsume,
        MethodKind::QueueDeclare,
    ];
    assert_eq!(told, expected);

    // What it sends has the order in which it was told to.
    let tokens: Vec<_> =
        tokens(&events).into_iter().filter(|to| Some(to.channel()) == one).collect();
    let [first, second] = tokens[..] else { panic!("{tokens:?}") };
    let deliver = basic::Deliver { consumer_tag: "a".into(), ..Default::default() };
    let mut channel = end.channel();
    channel.deliver(&deliver, Properties::EMPTY, "1").unwrap();
    channel.reply(first, &queue::DeclareOk { queue: "a".into(), ..Default::default() }).unwrap();
    channel.deliver(&deliver, Properties::EMPTY, "2").unwrap();
    channel.reply(second, &queue::DeclareOk { queue: "b".into(), ..Default::default() }).unwrap();
    let delivery = |tag: u8, octets: &[u8]| {
        let arguments = [&b"\x01a\0\0\0\0\0\0\0"[..], &[tag], b"\0\0\0"].concat();
        [method(1, 60, 60, &arguments), header(1, 1, BARE), body(1, octets)].concat()
    };
    let expected =
        [delivery(1, b"1"), declare_ok(1, "a"), delivery(2, b"2"), declare_ok(1, "b")].concat();
    assert_eq!(hex(&end.sent()), hex(&expected));
}
