//! Channels: how they are opened, and whose their numbers are.

use amqp_proto::protocol::{Properties, ReplyCode, basic, confirm, queue, tx};
use amqp_proto::{ChannelId, Connection, Event, ReplyToken, ServerConfig, UsageError};

use crate::common::*;
use crate::end::{End, token};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("CHN-01", a_client_uses_no_channel_that_is_not_open),
    server("CHN-01", a_server_takes_nothing_on_a_channel_that_is_not_open),
    client("CHN-02", a_client_opens_no_channel_twice),
    server("CHN-02", a_server_takes_no_open_of_an_open_channel),
    client("CHN-03", a_client_need_not_wait_for_open_ok),
    server("CHN-03", a_server_takes_methods_right_behind_open),
    client("CHN-06", a_client_uses_a_number_again_only_after_close_ok),
    server("CHN-06", a_server_takes_a_number_again_only_after_close_ok),
    client("CHN-07", a_client_takes_no_close_ok_that_answers_nothing),
    server("CHN-07", a_server_takes_no_close_ok_that_answers_nothing),
    client("CHN-10", a_number_starts_clean_on_a_client),
    server("CHN-10", a_number_starts_clean_on_a_server),
    client("CHN-13", a_client_sends_a_short_string_in_open_and_takes_a_long_one_in_open_ok),
    server("CHN-13", a_server_takes_a_short_string_in_open_and_sends_a_long_one_in_open_ok),
];

const OK: ReplyCode = ReplyCode::REPLY_SUCCESS;
const CHANNEL_ERROR: ReplyCode = ReplyCode::CHANNEL_ERROR;
const FLOW_OFF: &[u8] = b"\x01\0\x01\0\0\0\x05\0\x14\0\x14\0\xCE";

fn id(number: u16) -> ChannelId {
    ChannelId::new(number).unwrap()
}

/// Frames that only an open channel takes, from a client.
fn of_client(channel: u16) -> Vec<Vec<u8>> {
    vec![
        declare(channel, "q"),
        publish(channel, "k"),
        method(channel, 60, 80, b"\0\0\0\0\0\0\0\x01\0"),
        method(channel, 20, 20, b"\x01"),
        method(channel, 20, 21, b"\x01"),
        channel_close(channel, 200, ""),
        channel_close_ok(channel),
        header(channel, 0, BARE),
        body(channel, b""),
        body(channel, b"x"),
    ]
}

/// Frames that only a channel takes whose open is confirmed, from a server.
fn of_server(channel: u16) -> Vec<Vec<u8>> {
    vec![
        declare_ok(channel, "q"),
        deliver(channel, 1),
        method(channel, 60, 30, b"\x01c\0"),
        method(channel, 60, 80, b"\0\0\0\0\0\0\0\x01\0"),
        method(channel, 20, 20, b"\x01"),
        method(channel, 20, 21, b"\x01"),
        channel_close_ok(channel),
        header(channel, 0, BARE),
        body(channel, b""),
        body(channel, b"x"),
    ]
}

/// The only thing told is that this channel is open.
fn is_opened(events: &[Event], channel: u16) {
    assert!(
        matches!(events, [Event::ChannelOpened(id)] if id.number() == channel),
        "{:?}",
        lines(events)
    );
}

fn a_client_uses_no_channel_that_is_not_open() {
    let mut end = End::client();
    for number in [1, 7, 2047, u16::MAX] {
        let unknown = UsageError::UnknownChannel { channel: number };
        end.refuses(|end| end.channel(id(number)).map(|_| ()), unknown);
        let but_for_the_answers = [channel_open_ok(number), channel_close(number, 404, "")];
        for octets in of_server(number).iter().chain(&but_for_the_answers) {
            End::client().closes(octets, "CHN-01", CHANNEL_ERROR);
        }
    }
    // channel.open has gone out: only open-ok, and close in its place, may come.
    assert_eq!(end.connection.open_channel(), Ok(id(1)));
    assert_eq!(end.sent(), b"\x01\0\x01\0\0\0\x05\0\x14\0\x0A\0\xCE");
    for octets in of_server(1) {
        end.clone().closes(&octets, "CHN-01", CHANNEL_ERROR);
    }
    is_opened(&end.clone().takes(&channel_open_ok(1)), 1);
    let events = end.takes(&channel_close(1, 404, ""));
    assert!(matches!(events[..], [Event::ChannelClosed { .. }]), "{:?}", lines(&events));
    assert_eq!(end.sent(), channel_close_ok(1));
    end.refuses(|end| end.channel(id(1)).map(|_| ()), UsageError::UnknownChannel { channel: 1 });
    end.closes(&deliver(1, 1), "CHN-01", CHANNEL_ERROR);
}

fn a_server_takes_nothing_on_a_channel_that_is_not_open() {
    for number in [1, 7, 2047, u16::MAX] {
        for octets in of_client(number) {
            End::server().closes(&octets, "CHN-01", CHANNEL_ERROR);
        }
    }
    let mut end = End::server();
    is_opened(&end.takes(&channel_open(1)), 1);
    assert_eq!(end.sent(), channel_open_ok(1));
    // It doesn't open its neighbours.
    for octets in of_client(2) {
        end.clone().closes(&octets, "CHN-01", CHANNEL_ERROR);
    }
    end.takes(&channel_close(1, 200, ""));
    assert_eq!(end.sent(), channel_close_ok(1));
    for octets in of_client(1) {
        end.clone().closes(&octets, "CHN-01", CHANNEL_ERROR);
    }
    end.refuses(|end| end.channel(id(1)).map(|_| ()), UsageError::UnknownChannel { channel: 1 });
}

fn a_client_opens_no_channel_twice() {
    let refused = |phase| UsageError::ChannelPhase { method: "channel.open", channel: 7, phase };
    let again = |end: &mut Connection| end.open_channel_number(id(7));
    let mut end = End::client();
    end.connection.open_channel_number(id(7)).unwrap();
    assert_eq!(end.sent(), channel_open(7));
    end.refuses(again, refused("opening"));
    is_opened(&end.takes(&channel_open_ok(7)), 7);
    end.refuses(again, refused("open"));
    end.channel_number(7).close(OK, "").unwrap();
    assert_eq!(end.sent(), channel_close(7, 200, ""));
    end.refuses(again, refused("closing"));
    // A number that was asked for by name isn't given out either.
    let numbers = [0; 7].map(|_| end.connection.open_channel().unwrap().number());
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 8]);
}

fn a_server_takes_no_open_of_an_open_channel() {
    End::server_channel().closes(&channel_open(1), "CHN-02", CHANNEL_ERROR);
    // The other channel is another matter.
    let mut end = End::server_channel();
    is_opened(&end.takes(&channel_open(2)), 2);
    assert_eq!(end.sent(), channel_open_ok(2));
    end.closes(&channel_open(2), "CHN-02", CHANNEL_ERROR);
}

fn a_client_need_not_wait_for_open_ok() {
    let mut end = End::client();
    end.connection.open_channel().unwrap();
    let mut channel = end.channel();
    let asked = channel.call(&queue::Declare { queue: "q".into(), ..Default::default() });
    let request = asked.unwrap().unwrap();
    let to = basic::Publish { routing_key: "k".into(), ..Default::default() };
    channel.publish(&to, Properties::EMPTY, "octets").unwrap();
    let content = message(publish(1, "k"), 1, b"octets", 9);
    assert_eq!(end.sent(), [channel_open(1), declare(1, "q"), content].concat());
    let mut refused = end.clone();
    let events = end.takes(&[channel_open_ok(1), declare_ok(1, "q")].concat());
    let [Event::ChannelOpened(_), Event::Reply { request: answered, .. }] = &events[..] else {
        panic!("{:?}", lines(&events));
    };
    assert_eq!(*answered, request);
    let events = refused.takes(&channel_close(1, 403, ""));
    let [Event::RequestFailed { request: failed, .. }, Event::ChannelClosed { .. }] = &events[..]
    else {
        panic!("{:?}", lines(&events));
    };
    assert_eq!(*failed, request);
    assert_eq!(refused.sent(), channel_close_ok(1));
}

fn a_server_takes_methods_right_behind_open() {
    let mut end = End::server();
    let content = message(publish(1, "k"), 1, b"octets", 4);
    let events = end.takes(&[channel_open(1), declare(1, "q"), content].concat());
    let [
        Event::ChannelOpened(_),
        Event::Request { token: Some(token), .. },
        Event::Content(content),
    ] = &events[..]
    else {
        panic!("{:?}", lines(&events));
    };
    assert_eq!(content.body(), b"octets");
    let declared = queue::DeclareOk { queue: "q".into(), ..Default::default() };
    end.channel().reply(*token, &declared).unwrap();
    assert_eq!(end.sent(), [channel_open_ok(1), declare_ok(1, "q")].concat());
}

fn a_client_uses_a_number_again_only_after_close_ok() {
    let mut config = plain();
    config.channel_max = 1;
    let mut end = End::client_with(config).with_channel(1);
    let open = |end: &mut Connection| end.open_channel();
    let open_1 = |end: &mut Connection| end.open_channel_number(id(1));
    let none_free = UsageError::NoFreeChannel { channel_max: 1 };
    let closing = UsageError::ChannelPhase { method: "channel.open", channel: 1, phase: "closing" };
    end.refuses(open, none_free);
    end.channel().close(OK, "").unwrap();
    assert_eq!(end.sent(), channel_close(1, 200, ""));
    end.refuses(open, none_free);
    end.refuses(open_1, closing);
    end.takes(&channel_close_ok(1));
    assert_eq!(end.connection.open_channel(), Ok(id(1)));
    assert_eq!(end.sent(), channel_open(1));
    // The server closes: free once close-ok has gone out, which is at once.
    end.takes(&[channel_open_ok(1), channel_close(1, 404, "")].concat());
    open_1(&mut end.connection).unwrap();
    assert_eq!(end.sent(), [channel_close_ok(1), channel_open(1)].concat());
    // Inside a content of the client close-ok has to wait, and so has the number.
    end.takes(&channel_open_ok(1));
    end.channel().start_publish(&basic::Publish::default(), Properties::EMPTY, 9).unwrap();
    assert!(!end.sent().is_empty());
    end.takes(&channel_close(1, 404, ""));
    assert_eq!(open(&mut end.connection), Err(none_free));
    assert_eq!(open_1(&mut end.connection), Err(closing));
    assert_eq!(end.sent(), [body(1, &[0; 9]), channel_close_ok(1)].concat());
    assert_eq!(open(&mut end.connection), Ok(id(1)));
}

fn a_server_takes_a_number_again_only_after_close_ok() {
    let mut end = End::server_channel();
    // The client closes: free once close-ok has gone out, which is at once.
    let events = end.takes(&[channel_close(1, 200, ""), channel_open(1)].concat());
    assert!(
        matches!(events[..], [Event::ChannelClosed { .. }, Event::ChannelOpened(_)]),
        "{:?}",
        lines(&events)
    );
    assert_eq!(end.sent(), [channel_close_ok(1), channel_open_ok(1)].concat());
    // The server closes: an open before close-ok opens nothing.
    let mut own = end.clone();
    own.channel().close(ReplyCode::NOT_FOUND, "").unwrap();
    assert_eq!(own.sent(), channel_close(1, 404, ""));
    own.ignores(&channel_open(1));
    let events = own.takes(&[channel_close_ok(1), channel_open(1)].concat());
    assert!(
        matches!(events[..], [Event::ChannelClosed { .. }, Event::ChannelOpened(_)]),
        "{:?}",
        lines(&events)
    );
    assert_eq!(own.sent(), channel_open_ok(1));
    // Close-ok still waits behind the rest of a content: too early.
    end.takes(&consume(1, "c", true));
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    end.channel().start_deliver(&deliver, Properties::EMPTY, 9).unwrap();
    end.takes(&channel_close(1, 200, ""));
    end.closes(&channel_open(1), "CHN-08", CHANNEL_ERROR);
}

fn takes_no_close_ok_that_answers_nothing(mut end: End) {
    let invalid = ReplyCode::COMMAND_INVALID;
    end.clone().closes(&channel_close_ok(1), "CHN-07", invalid);
    // Another channel's Close is none of this one's.
    let mut other = end.clone().with_channel(2);
    other.channel_number(2).close(OK, "").unwrap();
    other.sent();
    other.closes(&channel_close_ok(1), "CHN-07", invalid);
    end.clone().closes(&channel_close_ok(2), "CHN-01", CHANNEL_ERROR);
    end.channel().close(OK, "").unwrap();
    end.sent();
    end.takes(&channel_close_ok(1));
    end.closes(&channel_close_ok(1), "CHN-01", CHANNEL_ERROR);
}

fn a_client_takes_no_close_ok_that_answers_nothing() {
    takes_no_close_ok_that_answers_nothing(End::client_channel());
    let mut opening = End::client();
    opening.connection.open_channel().unwrap();
    opening.closes(&channel_close_ok(1), "CHN-01", CHANNEL_ERROR);
    let mut config = plain();
    config.limits.output_window = 100;
    takes_no_close_ok_before_its_close_is_written(End::client_with(config).with_contents(1));
}

fn a_server_takes_no_close_ok_that_answers_nothing() {
    takes_no_close_ok_that_answers_nothing(End::server_channel());
    let mut config = ServerConfig::default();
    config.limits.output_window = 100;
    takes_no_close_ok_before_its_close_is_written(End::server_with(config).with_contents(1));
}

/// The Close waits behind contents, so nobody can have answered it.
fn takes_no_close_ok_before_its_close_is_written(mut end: End) {
    for _ in 0..9 {
        end.send_content(1, Properties::EMPTY, &[7; 90]).unwrap();
    }
    end.channel().close(OK, "").unwrap();
    end.closes(&channel_close_ok(1), "CHN-07", ReplyCode::COMMAND_INVALID);
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Confirm,
    Transaction,
}

/// The channel is closed by either side.
fn closed(used: &End) -> [End; 2] {
    let (mut here, mut there) = (used.clone(), used.clone());
    here.channel().close(OK, "").unwrap();
    assert_eq!(here.sent(), channel_close(1, 200, ""));
    here.takes(&channel_close_ok(1));
    // The peer can't close inside its own content.
    there.takes(&[body(1, b"rest!"), channel_close(1, 404, "")].concat());
    assert_eq!(there.sent(), channel_close_ok(1));
    [here, there]
}

/// A client whose channel has all that a channel can have.
fn used_client(mode: Mode) -> End {
    let mut end = End::client_channel();
    let mut channel = end.channel();
    channel.call(&queue::Declare { queue: "q".into(), ..Default::default() }).unwrap();
    channel.call(&basic::Qos { prefetch_count: 5, ..Default::default() }).unwrap();
    channel.call(&consume_of("q")).unwrap();
    let selected = match mode {
        Mode::Confirm => {
            channel.call(&confirm::Select::default()).unwrap();
            method(1, 85, 11, b"")
        }
        Mode::Transaction => {
            channel.call(&tx::Select).unwrap();
            method(1, 90, 11, b"")
        }
    };
    let seq = channel.publish(&basic::Publish::default(), Properties::EMPTY, "").unwrap();
    assert_eq!(seq.number(), u64::from(mode == Mode::Confirm));
    channel.call(&queue::Purge { queue: "q".into(), ..Default::default() }).unwrap();
    let consuming = method(1, 60, 21, b"\x01c");
    end.takes(&[declare_ok(1, "q"), method(1, 60, 11, b""), consuming, selected].concat());
    end.takes(&message(deliver(1, 1), 1, b"octets", 9));
    end.takes(&[FLOW_OFF, &deliver(1, 2), &header(1, 9, BARE), &body(1, b"half")].concat());
    end.sent();
    let channel = end.channel();
    assert!(channel.is_flow_stopped() && channel.qos().is_some() && channel.last_queue().is_some());
    assert_eq!((channel.unacked(), channel.pending_requests()), (2, 1));
    assert_eq!(u64::from(channel.unconfirmed()), seq.number());
    end
}

fn consume_of(queue: &str) -> basic::Consume<'_> {
    basic::Consume { queue: queue.into(), consumer_tag: "c".into(), ..Default::default() }
}

fn a_number_starts_clean_on_a_client() {
    for end in [Mode::Confirm, Mode::Transaction].map(used_client).iter().flat_map(closed) {
        let mut end = end.with_channel(1);
        let channel = end.channel();
        assert!(!channel.is_flow_stopped() && channel.last_queue().is_none());
        assert_eq!((channel.qos(), channel.unacked()), (None, 0));
        assert_eq!((channel.pending_requests(), channel.unconfirmed()), (0, 0));
        let ack = |end: &mut Connection| {
            end.channel(id(1))?.send(&basic::Ack { delivery_tag: 1, multiple: false })
        };
        end.refuses(ack, UsageError::UnknownDelivery { channel: 1, delivery_tag: 1 });
        let no_queue = UsageError::NoQueueDeclared { method: "basic.consume", channel: 1 };
        end.refuses(|end| end.channel(id(1))?.call(&consume_of("")), no_queue);
        let publish = |end: &mut End| {
            let method = basic::Publish::default();
            end.channel().publish(&method, Properties::EMPTY, "").unwrap().number()
        };
        assert_eq!(publish(&mut end), 0, "no confirm mode");
        // The tag of the consumer and the first delivery-tag are free, and no content has begun.
        end.channel().call(&consume_of("q")).unwrap();
        let content = message(deliver(1, 1), 1, b"whole", 9);
        let events = end.takes(&[method(1, 60, 21, b"\x01c"), content].concat());
        let [Event::Reply { .. }, Event::Content(content)] = &events[..] else {
            panic!("{:?}", lines(&events));
        };
        assert_eq!(content.body(), b"whole");
        ack(&mut end.connection).unwrap();
        // Neither mode is chosen, and publishes count from 1.
        end.clone().channel().call(&tx::Select).unwrap();
        end.channel().call(&confirm::Select::default()).unwrap();
        assert_eq!(publish(&mut end), 1);
    }
}

/// The same on a server, and the token of a request that isn't answered.
fn used_server(mode: Mode) -> (End, ReplyToken) {
    let mut end = End::server_channel();
    let to = token(&end.takes(&declare(1, "q")));
    end.channel().reply(to, &queue::DeclareOk { queue: "q".into(), ..Default::default() }).unwrap();
    let to = token(&end.takes(&method(1, 60, 10, b"\0\0\0\0\0\x05\0")));
    end.channel().reply(to, &basic::QosOk).unwrap();
    match mode {
        Mode::Confirm => {
            end.takes(&method(1, 85, 10, b"\x01"));
        }
        Mode::Transaction => {
            let to = token(&end.takes(&method(1, 90, 10, b"")));
            end.channel().reply(to, &tx::SelectOk).unwrap();
        }
    }
    end.takes(&consume(1, "c", false));
    assert_eq!(deliver_to_c(&mut end.connection), Ok(1));
    end.takes(&message(publish(1, "k"), 1, b"octets", 9));
    let unanswered = token(&end.takes(&declare(1, "r")));
    end.takes(&[FLOW_OFF, &publish(1, "k"), &header(1, 9, BARE), &body(1, b"half")].concat());
    end.sent();
    let channel = end.channel();
    assert!(channel.is_flow_stopped() && channel.qos().is_some() && channel.last_queue().is_some());
    assert_eq!(channel.unacked(), 1);
    (end, unanswered)
}

fn deliver_to_c(end: &mut Connection) -> Result<u64, UsageError> {
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    end.channel(id(1))?.deliver(&deliver, Properties::EMPTY, "a")
}

fn a_number_starts_clean_on_a_server() {
    for (used, old) in [Mode::Confirm, Mode::Transaction].map(used_server) {
        for end in closed(&used) {
            starts_clean_on_a_server(end.with_channel(1), old);
        }
    }
}

fn starts_clean_on_a_server(mut end: End, old: ReplyToken) {
    let channel = end.channel();
    assert!(!channel.is_flow_stopped() && channel.last_queue().is_none());
    assert_eq!((channel.qos(), channel.unacked()), (None, 0));
    let reply = |end: &mut Connection| end.channel(id(1))?.reply(old, &queue::DeclareOk::default());
    end.refuses(reply, UsageError::NotOldestRequest { channel: 1 });
    end.refuses(deliver_to_c, UsageError::UnknownConsumer { channel: 1 });
    let confirm = |end: &mut Connection, delivery_tag| {
        end.channel(id(1))?.send(&basic::Ack { delivery_tag, multiple: false })
    };
    let unknown = |delivery_tag| UsageError::UnknownPublish { channel: 1, delivery_tag };
    end.refuses(|end| confirm(end, 1), unknown(1));
    let ack = method(1, 60, 80, b"\0\0\0\0\0\0\0\x01\0");
    end.clone().closes_channel(&ack, "ACK-01", ReplyCode::PRECONDITION_FAILED);
    let purge = method(1, 50, 30, b"\0\0\0\0");
    end.clone().closes_channel(&purge, "NAM-05", ReplyCode::NOT_FOUND);
    end.takes(&consume(1, "c", false));
    assert_eq!(deliver_to_c(&mut end.connection), Ok(1));
    end.takes(&ack);
    // Neither mode is chosen, and publishes count from 1.
    end.clone().takes(&method(1, 90, 10, b""));
    end.takes(&method(1, 85, 10, b"\x01"));
    let events = end.takes(&message(publish(1, "k"), 1, b"whole", 9));
    let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(content.body(), b"whole");
    end.sent();
    end.refuses(|end| confirm(end, 2), unknown(2));
    confirm(&mut end.connection, 1).unwrap();
}

const OPEN: &[u8] = b"\x01\0\x01\0\0\0\x05\0\x14\0\x0A\0\xCE";
const OPEN_OK: &[u8] = b"\x01\0\x01\0\0\0\x08\0\x14\0\x0B\0\0\0\0\xCE";

fn a_client_sends_a_short_string_in_open_and_takes_a_long_one_in_open_ok() {
    let mut end = End::client();
    end.connection.open_channel().unwrap();
    assert_eq!(hex(&end.sent()), hex(OPEN));
    let frame_error = ReplyCode::FRAME_ERROR;
    for cut in [&b""[..], b"\0", b"\0\0\0"] {
        end.clone().closes(&method(1, 20, 11, cut), "MTH-04", frame_error);
    }
    end.clone().closes(&method(1, 20, 11, b"\0\0\0\0\0"), "MTH-05", frame_error);
    is_opened(&end.clone().takes(&method(1, 20, 11, b"\0\0\0\x03abc")), 1);
    is_opened(&end.takes(OPEN_OK), 1);
}

fn a_server_takes_a_short_string_in_open_and_sends_a_long_one_in_open_ok() {
    for open in [OPEN, &method(1, 20, 10, b"\x03abc")] {
        let mut end = End::server();
        is_opened(&end.takes(open), 1);
        assert_eq!(hex(&end.sent()), hex(OPEN_OK));
    }
    let frame_error = ReplyCode::FRAME_ERROR;
    End::server().closes(&method(1, 20, 10, b"\0\0\0\0"), "MTH-05", frame_error);
    End::server().closes(&method(1, 20, 10, b""), "MTH-04", frame_error);
}
