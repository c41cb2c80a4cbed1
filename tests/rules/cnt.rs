//! Contents: the order of their frames.

use amqp_proto::protocol::{Dialect, Properties, PropertiesBuf, ReplyCode, basic, channel, queue};
use amqp_proto::wire::TableBuf;
use amqp_proto::{
    Channel, ClientConfig, Content, Decision, Event, Payload, ReplyToken, ServerConfig, Side,
    UsageError,
};

use crate::common::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("CNT-01", a_client_takes_and_sends_whole_contents),
    server("CNT-01", a_server_takes_and_sends_whole_contents),
    client("CNT-02", || a_method_is_never_without_its_header(client_end())),
    server("CNT-02", || a_method_is_never_without_its_header(server_end())),
    client("CNT-03", || header_and_body_need_a_method(client_end())),
    server("CNT-03", || header_and_body_need_a_method(server_end())),
    client("CNT-04", a_client_lets_no_method_come_between),
    server("CNT-04", a_server_lets_no_method_come_between),
    client("CNT-05", || a_content_has_one_header(client_end())),
    server("CNT-05", || a_content_has_one_header(server_end())),
    client("CNT-06", a_client_interleaves_channels_and_heartbeats),
    server("CNT-06", a_server_interleaves_channels_and_heartbeats),
];

/// A client with the smallest frames and consumer `c` on channel 1.
pub(super) fn client_end() -> End {
    client_end_with(plain())
}

pub(super) fn client_end_with(mut config: ClientConfig) -> End {
    config.frame_max = 4096;
    let mut end = End::client_with(config).with_channel(1);
    let consume = basic::Consume {
        queue: "q".into(),
        consumer_tag: "c".into(),
        no_ack: true,
        no_wait: true,
        ..Default::default()
    };
    end.channel().call(&consume).unwrap();
    output(&mut end.connection);
    end
}

/// A server with the smallest frames and consumer `c` on channel 1.
pub(super) fn server_end() -> End {
    server_end_with(ServerConfig::default())
}

pub(super) fn server_end_with(mut config: ServerConfig) -> End {
    config.frame_max = 4096;
    let mut end = End::server_with(config).with_channel(1);
    feed(&mut end.connection, &consume(1, "c", true));
    assert_eq!(poll(&mut end.connection).len(), 1);
    end
}

pub(super) fn is_client(end: &End) -> bool {
    end.connection.side() == Side::Client
}

/// The method with which this end begins its first content on channel 1.
pub(super) fn own(end: &End) -> Vec<u8> {
    if is_client(end) { publish(1, "k") } else { deliver(1, 1) }
}

/// The method with which the peer of this end begins its content of this number.
pub(super) fn begun(end: &End, number: u64) -> Vec<u8> {
    if is_client(end) { deliver(1, number) } else { publish(1, "k") }
}

/// That and its header.
pub(super) fn headed(end: &End, number: u64, size: u64) -> Vec<u8> {
    [begun(end, number), header(1, size, BARE)].concat()
}

fn key() -> basic::Publish<'static> {
    basic::Publish { routing_key: "k".into(), ..Default::default() }
}

fn to_consumer() -> basic::Deliver<'static> {
    let (consumer_tag, routing_key) = ("c".into(), "q".into());
    basic::Deliver { consumer_tag, routing_key, ..Default::default() }
}

/// This end begins a content.
pub(super) fn begin(end: &mut End, size: u64) -> Result<(), UsageError> {
    if is_client(end) {
        return end.channel().start_publish(&key(), Properties::EMPTY, size).map(drop);
    }
    end.channel().start_deliver(&to_consumer(), Properties::EMPTY, size).map(drop)
}

/// This end sends a whole content.
pub(super) fn send<'a>(
    end: &mut End,
    properties: impl Into<Properties<'a>>,
    body: impl Into<Payload<'a>>,
) -> Result<(), UsageError> {
    if is_client(end) {
        return end.channel().publish(&key(), properties, body).map(drop);
    }
    end.channel().deliver(&to_consumer(), properties, body).map(drop)
}

/// What this end has written is just this.
pub(super) fn has_sent(end: &mut End, parts: &[&[u8]]) {
    assert_eq!(hex(&end.sent()), hex(&parts.concat()));
}

/// The one content that was told.
pub(super) fn the_content(events: &[Event]) -> Content {
    let [Event::Content(content)] = events else { panic!("{:?}", lines(events)) };
    content.clone()
}

fn get_ok(delivery_tag: u64) -> Vec<u8> {
    method(1, 60, 71, &[&delivery_tag.to_be_bytes()[..], b"\0\0\x01q\0\0\0\x03"].concat())
}

fn returned() -> Vec<u8> {
    method(1, 60, 50, &[b"\x01\x38", &short("NO_ROUTE")[..], b"\0\x01k"].concat())
}

pub(super) fn cancel() -> Vec<u8> {
    method(1, 60, 30, b"\x01c\x01")
}

pub(super) fn reject() -> Vec<u8> {
    method(1, 60, 90, b"\0\0\0\0\0\0\0\x01\0")
}

fn flow_off() -> Vec<u8> {
    method(1, 20, 20, b"\0")
}

/// Nothing is told of a content until its last octet is there.
fn takes_whole_contents(end: &mut End, carriers: &[Vec<u8>]) {
    for carrier in carriers {
        for part in [carrier, &header(1, 5, BARE), &body(1, b"123")] {
            end.ignores(part);
        }
        let content = the_content(&end.takes(&body(1, b"45")));
        let id = content.kind().id(Dialect::V0_9_1).unwrap();
        let ids = [id.class_id.to_be_bytes(), id.method_id.to_be_bytes()].concat();
        assert_eq!((&ids[..], content.body()), (&carrier[7..11], &b"12345"[..]));
        assert_eq!(content.header().body_size, 5);
    }
}

fn a_client_takes_and_sends_whole_contents() {
    let mut end = client_end();
    let get = basic::Get { queue: "q".into(), ..Default::default() };
    end.channel().call(&get).unwrap();
    output(&mut end.connection);
    takes_whole_contents(&mut end, &[deliver(1, 1), get_ok(2), returned(), deliver(1, 3)]);
    send(&mut end, Properties::EMPTY, "12345").unwrap();
    has_sent(&mut end, &[&publish(1, "k"), &header(1, 5, BARE), &body(1, b"12345")]);
}

fn token(events: &[Event]) -> ReplyToken {
    let [Event::Request { token: Some(token), .. }] = events else { panic!("{:?}", lines(events)) };
    *token
}

fn a_server_takes_and_sends_whole_contents() {
    let mut end = server_end();
    takes_whole_contents(&mut end, &[publish(1, "k"), publish(1, "k")]);
    send(&mut end, Properties::EMPTY, "12345").unwrap();
    let get = token(&end.takes(&method(1, 60, 70, b"\0\0\x01q\x01")));
    let ok = basic::GetOk { routing_key: "q".into(), message_count: 3, ..Default::default() };
    end.channel().get_ok(get, &ok, Properties::EMPTY, "12345").unwrap();
    let back = basic::Return {
        reply_code: ReplyCode::NO_ROUTE,
        reply_text: "NO_ROUTE".into(),
        routing_key: "k".into(),
        ..Default::default()
    };
    end.channel().return_message(&back, Properties::EMPTY, "12345").unwrap();
    let rest = [header(1, 5, BARE), body(1, b"12345")].concat();
    has_sent(&mut end, &[&deliver(1, 1), &rest, &get_ok(2), &rest, &returned(), &rest]);
}

/// Methods that the peer of this end may send at other times.
fn other_methods(end: &End) -> Vec<Vec<u8>> {
    let of_side = if is_client(end) { [cancel(), flow_off()] } else { [reject(), declare(1, "q")] };
    [&[begun(end, 2), channel_close(1, 200, "")][..], &of_side].concat()
}

fn a_method_is_never_without_its_header(mut end: End) {
    let mut others = other_methods(&end);
    others.extend([body(1, b"x"), body(1, b"")]);
    for other in others {
        let mut end = end.clone();
        end.ignores(&begun(&end, 1));
        end.closes(&other, "CNT-02", ReplyCode::UNEXPECTED_FRAME);
    }
    // Where the header fits no frame its method doesn't go out either.
    let text = "x".repeat(5000);
    let mut headers = TableBuf::new();
    headers.insert("h", text.as_str()).unwrap();
    let properties = PropertiesBuf::new().with_headers(&headers).unwrap();
    let refused = send(&mut end, &properties, "12345");
    assert!(matches!(refused, Err(UsageError::Encode(_))), "{refused:?}");
    has_sent(&mut end, &[]);
    begin(&mut end, 5).unwrap();
    let first = own(&end);
    has_sent(&mut end, &[&first, &header(1, 5, BARE)]);
}

fn header_and_body_need_a_method(mut end: End) {
    let before = [vec![], [headed(&end, 1, 2), body(1, b"12")].concat(), headed(&end, 1, 0)];
    for before in before {
        for alone in [header(1, 0, BARE), header(1, 1, BARE), body(1, b"x"), body(1, b"")] {
            let mut end = end.clone();
            end.takes(&before);
            end.closes(&alone, "CNT-03", ReplyCode::UNEXPECTED_FRAME);
        }
    }
    let refused = Err(UsageError::NoContentOpen { channel: 1 });
    assert_eq!(end.channel().send_body(b"x"), refused);
    begin(&mut end, 2).unwrap();
    end.channel().send_body(b"12").unwrap();
    assert_eq!(end.channel().send_body(b""), refused);
    assert_eq!(end.channel().send_body(b"3"), refused);
    let first = own(&end);
    has_sent(&mut end, &[&first, &header(1, 2, BARE), &body(1, b"12")]);
}

type Command = Box<dyn Fn(&mut Channel<'_>) -> Result<(), UsageError>>;

fn lets_no_method_come_between(mut end: End, commands: Vec<Command>) {
    for so_far in [headed(&end, 1, 10), [headed(&end, 1, 10), body(1, b"123456789")].concat()] {
        for other in other_methods(&end) {
            let mut end = end.clone();
            end.ignores(&so_far);
            end.closes(&other, "CNT-04", ReplyCode::UNEXPECTED_FRAME);
        }
    }
    begin(&mut end, 10).unwrap();
    end.channel().send_body(b"1234").unwrap();
    end.sent();
    for (place, command) in commands.iter().enumerate() {
        let refused = command(&mut end.channel());
        let expected = matches!(refused, Err(UsageError::ContentOpen { missing: 6, .. }));
        assert!(expected, "{place}: {refused:?}");
    }
    let close = end.channel().close(ReplyCode::REPLY_SUCCESS, "");
    assert_eq!(close, Err(UsageError::ContentOpen { method: "channel.close", missing: 6 }));
    // What the engine owes waits as well.
    end.takes(&flow_off());
    has_sent(&mut end, &[]);
    end.channel().send_body(b"567890").unwrap();
    has_sent(&mut end, &[&body(1, b"567890"), &method(1, 20, 21, b"\0")]);
}

fn a_client_lets_no_method_come_between() {
    let commands: Vec<Command> = vec![
        Box::new(|channel| channel.publish(&key(), Properties::EMPTY, "").map(drop)),
        Box::new(|channel| channel.start_publish(&key(), Properties::EMPTY, 0).map(drop)),
        Box::new(|channel| channel.call(&queue::Declare::default()).map(drop)),
        Box::new(|channel| channel.call(&channel::Flow { active: false }).map(drop)),
        Box::new(|channel| channel.send(&basic::Ack::default())),
    ];
    lets_no_method_come_between(client_end(), commands);
}

fn a_server_lets_no_method_come_between() {
    let mut end = server_end();
    let token = token(&end.takes(&method(1, 60, 70, b"\0\0\x01q\0")));
    let text = "gone";
    let commands: Vec<Command> = vec![
        Box::new(|channel| channel.deliver(&to_consumer(), Properties::EMPTY, "").map(drop)),
        Box::new(|channel| channel.start_deliver(&to_consumer(), Properties::EMPTY, 0).map(drop)),
        Box::new(|channel| {
            channel.return_message(&basic::Return::default(), Properties::EMPTY, "")
        }),
        Box::new(move |channel| {
            channel.get_ok(token, &basic::GetOk::default(), Properties::EMPTY, "").map(drop)
        }),
        Box::new(move |channel| channel.reply(token, &basic::GetEmpty::default())),
        Box::new(move |channel| channel.fail(token, ReplyCode::NOT_FOUND, text)),
        Box::new(|channel| channel.call(&channel::Flow { active: false }).map(drop)),
        Box::new(|channel| channel.send(&basic::Ack::default())),
    ];
    // A get that waits for its answer would go before flow-ok.
    let mut other = end.clone();
    for command in &commands {
        begin(&mut other, 1).unwrap();
        assert!(command(&mut other.channel()).is_err());
        other.channel().send_body(b"x").unwrap();
    }
    end.channel().reply(token, &basic::GetEmpty::default()).unwrap();
    output(&mut end.connection);
    lets_no_method_come_between(end, commands);
}

fn a_content_has_one_header(mut end: End) {
    for so_far in [headed(&end, 1, 10), [headed(&end, 1, 10), body(1, b"12345")].concat()] {
        for second in [header(1, 10, BARE), header(1, 5, BARE), header(1, 0, BARE)] {
            let mut end = end.clone();
            end.ignores(&so_far);
            end.closes(&second, "CNT-05", ReplyCode::UNEXPECTED_FRAME);
        }
    }
    begin(&mut end, 3).unwrap();
    let refused = begin(&mut end, 3);
    assert!(matches!(refused, Err(UsageError::ContentOpen { missing: 3, .. })), "{refused:?}");
    for part in [b"1", b"2", b"3"] {
        end.channel().send_body(part).unwrap();
    }
    let bodies = [body(1, b"1"), body(1, b"2"), body(1, b"3")].concat();
    let first = own(&end);
    has_sent(&mut end, &[&first, &header(1, 3, BARE), &bodies]);
}

/// `between` may come behind each frame of a content on channel 1.
fn takes_what_comes_between(end: &mut End, between: impl Fn(u64) -> Vec<u8>) {
    let parts = [begun(end, 1), header(1, 6, BARE), body(1, b"123"), body(1, b"456")];
    let mut events = Vec::new();
    for (number, part) in (1..).zip(parts) {
        events.extend(end.takes(&[part, between(number)].concat()));
    }
    events.retain(|event| event.channel().is_some_and(|channel| channel.number() == 1));
    assert_eq!(the_content(&events).body(), &b"123456"[..]);
    output(&mut end.connection);
}

fn a_client_interleaves_channels_and_heartbeats() {
    let mut end = client_end().with_channel(2);
    takes_what_comes_between(&mut end, |number| {
        let blocked = [method(0, 10, 60, b"\x01m"), method(0, 10, 61, b"")].concat();
        let other = message(deliver(2, number), 2, b"other", 2);
        [HEARTBEAT, &blocked, &other, &method(2, 20, 20, b"\x01"), HEARTBEAT].concat()
    });
    begin(&mut end, 3).unwrap();
    end.channel().send_body(b"1").unwrap();
    end.channel_number(2).publish(&key(), Properties::EMPTY, "other").unwrap();
    end.connection.update_secret(b"new", "").unwrap();
    end.channel().send_body(b"2").unwrap();
    let sent = [
        &[publish(1, "k"), header(1, 3, BARE), body(1, b"1")].concat()[..],
        &message(publish(2, "k"), 2, b"other", 5),
        &method(0, 10, 70, b"\0\0\0\x03new\0"),
        &body(1, b"2"),
    ];
    has_sent(&mut end, &sent);
    sends_a_heartbeat_inside_a_content(end);
}

fn a_server_interleaves_channels_and_heartbeats() {
    let secret = method(0, 10, 70, b"\0\0\0\x03new\0");
    let mut end = server_end().with_channel(2);
    takes_what_comes_between(&mut end, |_| {
        let other = message(publish(2, "k"), 2, b"other", 2);
        [HEARTBEAT, &secret, &other, &method(2, 20, 20, b"\x01"), HEARTBEAT].concat()
    });
    for _ in 0..4 {
        end.connection.decide(Decision::Accept).unwrap();
    }
    output(&mut end.connection);
    begin(&mut end, 3).unwrap();
    end.channel().send_body(b"1").unwrap();
    end.takes(&[declare(2, "q"), secret, channel_open(3)].concat());
    end.channel_number(2).return_message(&back(), Properties::EMPTY, "other").unwrap();
    end.connection.decide(Decision::Accept).unwrap();
    end.channel().send_body(b"2").unwrap();
    let other = method(2, 60, 50, &[b"\x01\x38\0\0", &short("k")[..]].concat());
    let sent = [
        &[deliver(1, 1), header(1, 3, BARE), body(1, b"1")].concat()[..],
        &channel_open_ok(3),
        &message(other, 2, b"other", 5),
        &method(0, 10, 71, b""),
        &body(1, b"2"),
    ];
    has_sent(&mut end, &sent);
    sends_a_heartbeat_inside_a_content(end);
}

fn back() -> basic::Return<'static> {
    let (reply_code, routing_key) = (ReplyCode::NO_ROUTE, "k".into());
    basic::Return { reply_code, routing_key, ..Default::default() }
}

fn sends_a_heartbeat_inside_a_content(mut end: End) {
    assert_eq!(lines(&end.wait_until(at(59))), [""; 0]);
    end.channel().send_body(b"3").unwrap();
    has_sent(&mut end, &[HEARTBEAT, &body(1, b"3")]);
}
