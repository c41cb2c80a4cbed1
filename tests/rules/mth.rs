//! Methods: which there are, whose they are, and that they are whole.

use amqp_proto::frame::{Cut, RawFrame, Scanner, cut};
use amqp_proto::protocol::{
    Dialect, Method, MethodId, MethodKind, Properties, ReplyCode, basic, queue,
};
use amqp_proto::wire::{ShortStr, TableBuf};
use amqp_proto::{ChannelId, Connection, Event, Got, UsageError};

use crate::common::*;
use crate::end::{End, token};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("MTH-01", a_client_keeps_the_order_of_ids_and_arguments),
    server("MTH-01", a_server_keeps_the_order_of_ids_and_arguments),
    client("MTH-02", a_client_takes_no_unknown_method),
    server("MTH-02", a_server_takes_no_unknown_method),
    client("MTH-03", a_client_sends_and_takes_what_its_side_may),
    server("MTH-03", a_server_sends_and_takes_what_its_side_may),
    client("MTH-04", a_client_takes_no_method_cut_short),
    server("MTH-04", a_server_takes_no_method_cut_short),
    client("MTH-05", a_client_takes_no_octets_behind_the_arguments),
    server("MTH-05", a_server_takes_no_octets_behind_the_arguments),
    client("MTH-11", a_client_has_no_use_for_private_classes),
    server("MTH-11", a_server_has_no_use_for_private_classes),
];

const FRAME_ERROR: ReplyCode = ReplyCode::FRAME_ERROR;
const NOT_IMPLEMENTED: ReplyCode = ReplyCode::NOT_IMPLEMENTED;

const ONE: ChannelId = ChannelId::new(1).unwrap();

// queue.bind 50.20: a reserved short, queue, exchange, routing-key, no-wait, arguments.
const BIND: &[u8] =
    b"\x01\0\x01\0\0\0\x18\0\x32\0\x14\0\0\x01q\x02xx\x03key\0\0\0\0\x04\x01kt\x01\xCE";
// basic.qos 60.10: prefetch-size, prefetch-count, global.
const QOS: &[u8] = b"\x01\0\x01\0\0\0\x0B\0\x3C\0\x0A\x01\x02\x03\x04\x05\x06\x01\xCE";
// queue.declare-ok 50.11: queue, message-count, consumer-count.
const DECLARE_OK: &[u8] =
    b"\x01\0\x01\0\0\0\x0E\0\x32\0\x0B\x01q\x01\x02\x03\x04\x05\x06\x07\x08\xCE";
// basic.deliver 60.60: consumer-tag, delivery-tag, redelivered, exchange, routing-key.
const DELIVER: &[u8] =
    b"\x01\0\x01\0\0\0\x16\0\x3C\0\x3C\x01c\0\0\0\0\0\0\0\x01\x01\x02xx\x03key\xCE";

const DECLARED: queue::DeclareOk<'_> = queue::DeclareOk {
    queue: ShortStr::literal("q"),
    message_count: 0x0102_0304,
    consumer_count: 0x0506_0708,
};

fn delivered() -> basic::Deliver<'static> {
    basic::Deliver {
        consumer_tag: "c".into(),
        delivery_tag: 1,
        redelivered: true,
        exchange: "xx".into(),
        routing_key: "key".into(),
    }
}

fn asks_to_bind<T>(then: impl FnOnce(queue::Bind<'_>) -> T) -> T {
    let arguments = TableBuf::new().with("k", true).unwrap();
    then(queue::Bind {
        queue: "q".into(),
        exchange: "xx".into(),
        routing_key: "key".into(),
        arguments: arguments.as_table(),
        ..Default::default()
    })
}

const PREFETCH: basic::Qos =
    basic::Qos { prefetch_size: 0x0102_0304, prefetch_count: 0x0506, global: true };

fn a_client_keeps_the_order_of_ids_and_arguments() {
    let mut end = End::client_channel();
    asks_to_bind(|bind| end.channel().call(&bind)).unwrap();
    assert_eq!(hex(&end.sent()), hex(BIND));
    end.channel().call(&PREFETCH).unwrap();
    assert_eq!(hex(&end.sent()), hex(QOS));
    let mut end = End::client_channel();
    end.channel().call(&queue::Declare::default()).unwrap();
    let events = end.takes(DECLARE_OK);
    let [Event::Reply { method, .. }] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(method.method(), Method::QueueDeclareOk(DECLARED));
    let events = end.takes(&[DELIVER, &header(1, 0, BARE)].concat());
    let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(content.deliver(), Some(delivered()));
}

fn a_server_keeps_the_order_of_ids_and_arguments() {
    let mut end = End::server_channel();
    let to = token(&end.takes(&declare(1, "q")));
    end.channel().reply(to, &DECLARED).unwrap();
    assert_eq!(hex(&end.sent()), hex(DECLARE_OK));
    end.takes(&consume(1, "c", true));
    end.channel().deliver(&delivered(), Properties::EMPTY, "").unwrap();
    assert_eq!(hex(&end.sent()), hex(&[DELIVER, &header(1, 0, BARE)].concat()));
    for octets in [BIND, QOS] {
        let events = end.takes(octets);
        let [Event::Request { method, .. }] = &events[..] else { panic!("{:?}", lines(&events)) };
        match method.method() {
            Method::BasicQos(qos) => assert_eq!(qos, PREFETCH),
            got => asks_to_bind(|bind| assert_eq!(got, Method::QueueBind(bind))),
        }
    }
}

/// The Close that answers these octets names this method.
fn is_blamed(mut end: End, octets: &[u8], (class_id, method_id): (u16, u16)) {
    end.feed(octets);
    let sent = frames(&end.sent());
    let Some((1, 0, payload)) = sent.last() else { panic!("{sent:?}") };
    let ids = [class_id.to_be_bytes(), method_id.to_be_bytes()].concat();
    assert_eq!(hex(&payload[payload.len() - 4..]), hex(&ids));
}

/// Ids that mean nothing in 0-9-1, wherever they come and whatever follows them.
fn knows_no(ids: &[(u16, u16)], end: &End) {
    for &(class_id, method_id) in ids {
        for (channel, arguments) in [(0, &b""[..]), (1, b""), (1, b"\0\x01\x02"), (7, b"")] {
            let octets = method(channel, class_id, method_id, arguments);
            let violation = end.clone().closes(&octets, "MTH-02", NOT_IMPLEMENTED);
            let id = MethodId { class_id, method_id };
            assert_eq!((violation.method, violation.got), (id, Got::UnknownMethod(id)));
            is_blamed(end.clone(), &octets, (class_id, method_id));
        }
    }
}

/// Unknown classes, unknown methods of known ones, and what only other versions have.
const UNKNOWN: [(u16, u16); 14] = [
    (0, 0),
    (10, 0),
    (10, 62),
    (10, 99),
    (20, 30),
    (40, 41),
    (50, 99),
    (60, 0),
    (60, 121),
    (70, 40),
    (85, 12),
    (90, 99),
    (99, 1),
    (255, 65_535),
];

fn a_client_takes_no_unknown_method() {
    knows_no(&UNKNOWN, &End::client_channel());
    // Before connection.open has gone out there is nothing to tell it with.
    let mut end = End::fresh_client();
    end.sent();
    end.drops(&method(0, 99, 1, b""), "MTH-02");
}

fn a_server_takes_no_unknown_method() {
    knows_no(&UNKNOWN, &End::server_channel());
    let mut end = End::fresh_server();
    end.feed(PROTOCOL_HEADER);
    end.sent();
    end.drops(&method(0, 99, 1, b""), "MTH-02");
}

type Ids = &'static [(u16, &'static [u16])];

const CLIENT_ALONE: Ids = &[
    (10, &[11, 21, 31, 40, 70]),
    (20, &[10]),
    (30, &[10]),
    (40, &[10, 20, 22, 30, 40]),
    (50, &[10, 20, 30, 40, 50]),
    (60, &[10, 20, 40, 70, 90, 100, 110]),
    (85, &[10]),
    (90, &[10, 20, 30]),
];

const SERVER_ALONE: Ids = &[
    (10, &[10, 20, 30, 41, 42, 60, 61, 71]),
    (20, &[11]),
    (30, &[11]),
    (40, &[11, 21, 23, 31, 51]),
    (50, &[11, 21, 31, 41, 51]),
    (60, &[11, 21, 50, 60, 71, 72, 111]),
    (85, &[11]),
    (90, &[11, 21, 31]),
];

const BOTH: Ids = &[(10, &[50, 51]), (20, &[20, 21, 40, 41]), (60, &[30, 31, 80, 120])];

/// Frames of these methods, each on a channel on which it could come, without arguments.
fn frames_of(ids: Ids) -> impl Iterator<Item = Vec<u8>> {
    ids.iter().flat_map(|(class_id, method_ids)| {
        let channel = u16::from(*class_id != 10);
        method_ids.iter().map(move |method_id| method(channel, *class_id, *method_id, b""))
    })
}

/// Refuses what its own side alone sends, and nothing because of the side that its peer is.
fn takes_what_the_peer_may_send(end: &End, own: Ids, peers: Ids) {
    for octets in frames_of(own) {
        end.clone().closes(&octets, "MTH-03", ReplyCode::COMMAND_INVALID);
    }
    for octets in frames_of(peers).chain(frames_of(BOTH)) {
        let events = end.clone().feed(&octets);
        let about_sides =
            |event: &Event| matches!(event, Event::Violation(of) if of.rule == "MTH-03");
        assert!(!events.iter().any(about_sides), "{:?}", lines(&events));
    }
}

fn wrong_side(method: &'static str) -> UsageError {
    UsageError::WrongSide { method }
}

fn a_client_sends_and_takes_what_its_side_may() {
    let mut end = End::client_channel();
    takes_what_the_peer_may_send(&end, CLIENT_ALONE, SERVER_ALONE);
    takes_what_the_peer_may_send(&End::client(), CLIENT_ALONE, &[]);
    end.refuses(|end| end.block("memory"), wrong_side("connection.blocked"));
    end.refuses(Connection::unblock, wrong_side("connection.unblocked"));
    end.refuses(|end| end.redirect("host"), wrong_side("connection.redirect"));
    let deliver =
        |end: &mut Connection| end.channel(ONE)?.deliver(&delivered(), Properties::EMPTY, "");
    end.refuses(deliver, wrong_side("basic.deliver"));
    let give_back = |end: &mut Connection| {
        end.channel(ONE)?.return_message(&basic::Return::default(), Properties::EMPTY, "")
    };
    end.refuses(give_back, wrong_side("basic.return"));
    let stray = token(&End::server_channel().takes(&declare(1, "q")));
    end.refuses(|end| end.channel(ONE)?.reply(stray, &DECLARED), wrong_side("queue.declare-ok"));
}

fn a_server_sends_and_takes_what_its_side_may() {
    let mut end = End::server_channel();
    takes_what_the_peer_may_send(&end, SERVER_ALONE, CLIENT_ALONE);
    takes_what_the_peer_may_send(&End::server(), SERVER_ALONE, &[]);
    end.refuses(Connection::open_channel, wrong_side("channel.open"));
    end.refuses(|end| end.open_channel_number(ONE), wrong_side("channel.open"));
    end.refuses(|end| end.update_secret(b"token", ""), wrong_side("connection.update-secret"));
    let publish = |end: &mut Connection| {
        end.channel(ONE)?.publish(&basic::Publish::default(), Properties::EMPTY, "")
    };
    end.refuses(publish, wrong_side("basic.publish"));
    let declare = |end: &mut Connection| end.channel(ONE)?.call(&queue::Declare::default());
    end.refuses(declare, wrong_side("queue.declare"));
    let reject = |end: &mut Connection| {
        end.channel(ONE)?.send(&basic::Reject { delivery_tag: 1, requeue: true })
    };
    end.refuses(reject, wrong_side("basic.reject"));
}

/// Channel, class id, method id, arguments.
type Whole = (u16, u16, u16, Vec<u8>);

const TABLE: &[u8] = b"\0\0\0\x07\x01kS\0\0\0\0";

fn close_arguments() -> Vec<u8> {
    [b"\0\xC8", &short("bye")[..], b"\0\0\0\0"].concat()
}

/// Methods of each shape for a server with channel 1.
fn to_server() -> Vec<Whole> {
    vec![
        (0, 10, 50, close_arguments()),
        (0, 10, 70, [long(b"token"), short("renewed")].concat()),
        (1, 20, 20, b"\x01".to_vec()),
        (1, 20, 40, close_arguments()),
        (2, 20, 10, short("")),
        (1, 50, 10, [b"\0\0", &short("q")[..], b"\0", TABLE].concat()),
        (1, 60, 10, vec![0; 7]),
        (1, 60, 20, [b"\0\0", &short("q")[..], &short("c"), b"\0", TABLE].concat()),
        (1, 60, 40, [b"\0\0", &short("x")[..], &short("k"), b"\0"].concat()),
        (1, 85, 10, b"\0".to_vec()),
        (1, 90, 10, Vec::new()),
    ]
}

/// The same for a client.
fn to_client() -> Vec<Whole> {
    vec![
        (0, 10, 50, close_arguments()),
        (0, 10, 60, short("memory")),
        (0, 10, 61, Vec::new()),
        (1, 20, 20, b"\x01".to_vec()),
        (1, 20, 40, close_arguments()),
        (2, 20, 11, long(b"")),
        (1, 50, 11, [short("q"), vec![0; 8]].concat()),
        (1, 60, 30, [short("c"), vec![0]].concat()),
        (1, 60, 50, [b"\x01\x38", &short("why")[..], &short("x"), &short("k")].concat()),
        (1, 60, 60, [&short("c")[..], &[0, 0, 0, 0, 0, 0, 0, 1, 0], &short("x"), b"\0"].concat()),
        (1, 60, 80, [[0; 8].as_slice(), &[0]].concat()),
    ]
}

/// A client that waits for declare-ok on channel 1 and for open-ok on channel 2.
fn waiting_client() -> End {
    let mut end = End::client_channel();
    end.channel().call(&queue::Declare { queue: "q".into(), ..Default::default() }).unwrap();
    end.connection.open_channel().unwrap();
    end.sent();
    end
}

fn takes_no_method_cut_short(end: &End, methods: Vec<Whole>) {
    for (channel, class_id, method_id, arguments) in methods {
        for cut in 0..arguments.len() {
            let octets = method(channel, class_id, method_id, &arguments[..cut]);
            end.clone().closes(&octets, "MTH-04", FRAME_ERROR);
            is_blamed(end.clone(), &octets, (class_id, method_id));
        }
        is_taken_whole(end.clone(), &method(channel, class_id, method_id, &arguments));
    }
}

fn takes_no_octets_behind_the_arguments(end: &End, methods: Vec<Whole>) {
    for (channel, class_id, method_id, arguments) in methods {
        for behind in [&b"\0"[..], b"\xCE", &[7; 300]] {
            let octets = method(channel, class_id, method_id, &[&arguments[..], behind].concat());
            end.clone().closes(&octets, "MTH-05", FRAME_ERROR);
            is_blamed(end.clone(), &octets, (class_id, method_id));
        }
        is_taken_whole(end.clone(), &method(channel, class_id, method_id, &arguments));
    }
    // The answer to this side's own Close has no arguments.
    let mut closing = end.clone();
    closing.channel().close(ReplyCode::REPLY_SUCCESS, "").unwrap();
    closing.sent();
    closing.closes(&method(1, 20, 41, b"\0"), "MTH-05", FRAME_ERROR);
}

/// As it was meant, it breaks no rule.
fn is_taken_whole(mut end: End, octets: &[u8]) {
    let events = end.feed(octets);
    let is_violation = |event: &Event| matches!(event, Event::Violation(_));
    assert!(!events.iter().any(is_violation), "{:?}", lines(&events));
}

/// A stage of the handshake at which nothing can be told.
fn drops_at(mut end: End, before: &[u8], whole: &[u8]) {
    end.feed(before);
    end.sent();
    let arguments = &whole[11..whole.len() - 1];
    let with = |arguments: &[u8]| frame(1, 0, &[&whole[7..11], arguments].concat());
    for cut in 0..arguments.len() {
        let violation = end.clone().drops(&with(&arguments[..cut]), "MTH-04");
        assert_eq!(violation.reply_code, FRAME_ERROR);
    }
    let violation = end.drops(&with(&[arguments, b"\0"].concat()), "MTH-05");
    assert_eq!(violation.reply_code, FRAME_ERROR);
}

fn a_client_takes_no_method_cut_short() {
    takes_no_method_cut_short(&waiting_client(), to_client());
    drops_at(End::fresh_client(), b"", &start("PLAIN"));
    drops_at(End::fresh_client(), &start("PLAIN"), &tune(2047, 131_072, 60));
}

fn a_server_takes_no_method_cut_short() {
    takes_no_method_cut_short(&End::server_channel(), to_server());
    let login = start_ok("PLAIN", b"\0guest\0guest");
    drops_at(End::fresh_server(), PROTOCOL_HEADER, &login);
    let before = [PROTOCOL_HEADER, &login].concat();
    drops_at(End::fresh_server(), &before, &tune_ok(2047, 131_072, 60));
}

fn a_client_takes_no_octets_behind_the_arguments() {
    takes_no_octets_behind_the_arguments(&waiting_client(), to_client());
    drops_at(End::fresh_client(), b"", &start("PLAIN"));
}

fn a_server_takes_no_octets_behind_the_arguments() {
    takes_no_octets_behind_the_arguments(&End::server_channel(), to_server());
    drops_at(End::fresh_server(), PROTOCOL_HEADER, &start_ok("PLAIN", b"\0guest\0guest"));
}

/// The first and the last id for private use, as class and as method.
const PRIVATE: [(u16, u16); 4] = [(61_440, 10), (65_535, 65_535), (50, 61_440), (60, 65_535)];

fn has_no_use_for_private_classes(mut end: End) {
    knows_no(&PRIVATE, &end);
    for dialect in Dialect::ALL {
        let ids = MethodKind::ALL.iter().filter_map(|kind| kind.id(*dialect));
        assert!(ids.flat_map(|id| [id.class_id, id.method_id]).all(|id| id < 61_440));
    }
    // A proxy carries them as frames, which nobody decodes.
    for (class_id, method_id) in PRIVATE {
        let octets = method(9, class_id, method_id, b"whatever");
        let Ok(Cut::Frame { frame, consumed }) = cut(&octets, 4088) else { panic!("not a frame") };
        assert_eq!(consumed, octets.len());
        assert_eq!(Scanner::new(&octets, 4088).next(), Some((0, Ok(frame))));
        let mut passed = Vec::new();
        RawFrame { channel: 1, ..frame }.encode(&mut passed).unwrap();
        end.connection.inject(&passed);
        assert_eq!(hex(&end.sent()), hex(&method(1, class_id, method_id, b"whatever")));
    }
}

fn a_client_has_no_use_for_private_classes() {
    has_no_use_for_private_classes(End::client_channel());
}

fn a_server_has_no_use_for_private_classes() {
    has_no_use_for_private_classes(End::server_channel());
}
