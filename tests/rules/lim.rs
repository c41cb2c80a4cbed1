//! Limits: what is refused before it costs anything, and what can't be sent.

use amqp_proto::protocol::{Properties, PropertiesBuf, ReplyCode, basic, queue};
use amqp_proto::wire::{EncodeError, TableBuf};
use amqp_proto::{ClientConfig, Event, Limits, Phase, Profile, ServerConfig, Side, UsageError};
use bytes::BytesMut;

use crate::common::*;
use crate::end::{End, first_violation};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("LIM-01", a_client_judges_a_frame_by_its_header),
    server("LIM-01", a_server_judges_a_frame_by_its_header),
    client("LIM-02", a_client_has_a_limit_before_tuning),
    server("LIM-02", a_server_has_a_limit_before_tuning),
    client("LIM-03", a_client_takes_tables_up_to_a_depth),
    server("LIM-03", a_server_takes_tables_up_to_a_depth),
    client("LIM-04", a_client_takes_bodies_up_to_a_limit),
    server("LIM-04", a_server_takes_bodies_up_to_a_limit),
    client("LIM-05", a_client_keeps_nothing_of_an_unopened_channel),
    server("LIM-05", a_server_keeps_nothing_of_an_unopened_channel),
    client("LIM-11", a_client_sends_nothing_that_can_not_be_read),
    server("LIM-11", a_server_sends_nothing_that_can_not_be_read),
];

const FRAME_ERROR: ReplyCode = ReplyCode(501);

/// The seven octets that announce a frame.
fn announced(frame_type: u8, channel: u16, size: u32) -> Vec<u8> {
    [&[frame_type][..], &channel.to_be_bytes(), &size.to_be_bytes()].concat()
}

/// A client or server with channel 1 and what else the configuration of either says.
fn configured(side: Side, limits: impl Fn(&mut Limits), profile: Profile) -> End {
    let (mut of_client, mut of_server) = (plain(), ServerConfig::default());
    limits(&mut of_client.limits);
    limits(&mut of_server.limits);
    (of_client.profile, of_server.profile) = (Some(profile), profile);
    if side == Side::Client {
        End::client_with(of_client).with_channel(1)
    } else {
        End::server_with(of_server).with_channel(1)
    }
}

fn frames_are_judged_by_their_header(side: Side) {
    let end = configured(side, |_| (), Profile::DEFAULT);
    let strict = configured(side, |_| (), Profile::STRICT);
    for frame_type in [1, 2, 3, 8] {
        // RabbitMQ counts frame-max without the eight octets around the payload.
        end.clone().ignores(&announced(frame_type, 1, 131_072));
        for size in [131_073, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF8, u32::MAX] {
            let octets = announced(frame_type, 1, size);
            let mut end = end.clone();
            end.ignores(&octets[..6]);
            end.closes(&octets[6..], "FRM-06", FRAME_ERROR);
        }
    }
    strict.clone().ignores(&announced(3, 1, 131_064));
    strict.clone().drops(&announced(3, 1, 131_065), "FRM-06");
    // The octets stay with the caller: there is nothing to buffer them for.
    for size in [131_073, u32::MAX] {
        let mut end = end.clone();
        let mut buffer = BytesMut::from(&announced(3, 1, size)[..]);
        end.connection.handle_input(T0, &mut buffer);
        assert_eq!(buffer.len(), 7);
        assert_eq!(first_violation(&poll(&mut end.connection)).rule, "FRM-06");
    }
}

fn a_client_judges_a_frame_by_its_header() {
    frames_are_judged_by_their_header(Side::Client);
    // What can't be cut into frames may be larger than a small frame-max (TUN-09).
    let mut config = plain();
    config.frame_max = 4096;
    let end = End::client_with(config).with_channel(1);
    for (frame_type, largest) in [(1, 131_072), (2, 131_072), (3, 4096), (8, 4096)] {
        end.clone().ignores(&announced(frame_type, 1, largest));
        end.clone().closes(&announced(frame_type, 1, largest + 1), "FRM-06", FRAME_ERROR);
    }
}

fn a_server_judges_a_frame_by_its_header() {
    frames_are_judged_by_their_header(Side::Server);
    let mut config = ServerConfig::default();
    config.frame_max = 4096;
    let end = End::server_with(config).with_channel(1);
    for frame_type in [1, 2, 3, 8] {
        end.clone().ignores(&announced(frame_type, 1, 4096));
        end.clone().closes(&announced(frame_type, 1, 4097), "FRM-06", FRAME_ERROR);
    }
}

/// Payloads up to 8184 octets pass, frames of 8192 in all; larger ones end the stream without a word.
fn has_the_limit_before_tuning(end: &End) {
    for frame_type in [1, 2, 3, 8] {
        end.clone().ignores(&announced(frame_type, 0, 8184));
        for size in [8185, 131_064, u32::MAX] {
            let mut end = end.clone();
            let octets = announced(frame_type, 0, size);
            end.ignores(&octets[..6]);
            end.drops(&octets[6..], "LIM-02");
        }
    }
}

fn has_the_agreed_limit(end: &End) {
    end.clone().ignores(&announced(1, 0, 131_072));
    end.clone().closes(&announced(1, 0, 131_073), "FRM-06", FRAME_ERROR);
}

fn a_client_has_a_limit_before_tuning() {
    let mut end = End::fresh_client();
    assert_eq!(end.sent(), PROTOCOL_HEADER);
    has_the_limit_before_tuning(&end);
    let shortest = start("PLAIN ").len();
    let longest = start(&format!("PLAIN {}", "x".repeat(8192 - shortest)));
    assert_eq!((longest.len(), end.takes(&longest).len()), (8192, 0));
    assert_eq!(end.connection.phase(), Phase::Secure);
    end.sent();
    has_the_limit_before_tuning(&end);
    end.takes(&tune(2047, 131_072, 60));
    end.sent();
    has_the_agreed_limit(&end);
    end.takes(&open_ok());
    has_the_agreed_limit(&end);

    let mut config = plain();
    config.limits.frame_before_tune = 4096;
    let mut end = End::new(amqp_proto::Connection::client(config, T0));
    end.sent();
    end.clone().ignores(&announced(1, 0, 4088));
    end.drops(&announced(1, 0, 4089), "LIM-02");
}

fn a_server_has_a_limit_before_tuning() {
    let mut end = End::fresh_server();
    end.takes(PROTOCOL_HEADER);
    end.sent();
    has_the_limit_before_tuning(&end);
    let shortest = start_ok("PLAIN", b"").len();
    let longest = start_ok("PLAIN", &vec![0; 8192 - shortest]);
    assert_eq!((longest.len(), end.takes(&longest).len()), (8192, 1));
    assert_eq!(end.connection.phase(), Phase::Tune);
    end.sent();
    has_the_limit_before_tuning(&end);
    end.takes(&tune_ok(2047, 131_072, 60));
    has_the_agreed_limit(&end);
    end.takes(&open("/"));
    end.sent();
    has_the_agreed_limit(&end);

    let mut config = ServerConfig::default();
    config.limits.frame_before_tune = 4096;
    let mut end = End::new(amqp_proto::Connection::server(config, T0));
    end.takes(PROTOCOL_HEADER);
    end.sent();
    end.clone().ignores(&announced(1, 0, 4088));
    end.drops(&announced(1, 0, 4089), "LIM-02");
}

/// A table with so many levels of tables (`F`) or arrays (`A`) inside, without its own length.
fn nested(levels: usize, tag: u8) -> Vec<u8> {
    let mut octets = Vec::new();
    for level in 0..levels {
        let name: &[u8] = if tag == b'F' || level + 1 == levels { b"\x01n" } else { b"" };
        octets = [name, &[tag][..], &long(&octets)].concat();
    }
    octets
}

/// queue.declare with these arguments.
fn declare_with(table: &[u8]) -> Vec<u8> {
    method(1, 50, 10, &[b"\0\0\x01q\0", &long(table)[..]].concat())
}

/// The headers of a content.
fn headed(carrier: Vec<u8>, table: &[u8]) -> Vec<u8> {
    [carrier, header(1, 0, &[b"\x20\0", &long(table)[..]].concat())].concat()
}

fn tables_have_a_depth(end: &End, with: impl Fn(&[u8]) -> Vec<u8>) {
    for tag in [b'F', b'A'] {
        assert_eq!(end.clone().takes(&with(&nested(32, tag))).len(), 1);
        // Nesting isn't recursion: the deepest that a frame holds costs no stack.
        for levels in [33, 255, 256, 18_000] {
            end.clone().closes(&with(&nested(levels, tag)), "LIM-03", FRAME_ERROR);
        }
    }
}

fn a_client_takes_tables_up_to_a_depth() {
    tables_have_a_depth(&End::client_channel(), |table| headed(deliver(1, 1), table));
    let flat = configured(Side::Client, |limits| limits.table.max_depth = 0, Profile::DEFAULT);
    flat.clone().takes(&headed(deliver(1, 1), b"\x01nV"));
    flat.clone().closes(&headed(deliver(1, 1), &nested(1, b'F')), "LIM-03", FRAME_ERROR);
    // Before there is a Close.
    let start = |table: &[u8]| {
        let parts = [b"\0\x09", &long(table)[..], &long(b"PLAIN"), &long(b"en_US")];
        method(0, 10, 10, &parts.concat())
    };
    let mut end = End::fresh_client();
    end.sent();
    end.clone().takes(&start(&nested(32, b'F')));
    end.drops(&start(&nested(33, b'F')), "LIM-03");
}

fn a_server_takes_tables_up_to_a_depth() {
    tables_have_a_depth(&End::server_channel(), declare_with);
    tables_have_a_depth(&End::server_channel(), |table| headed(publish(1, "k"), table));
    let flat = configured(Side::Server, |limits| limits.table.max_depth = 0, Profile::DEFAULT);
    flat.clone().takes(&declare_with(b"\x01nV"));
    flat.clone().closes(&declare_with(&nested(1, b'A')), "LIM-03", FRAME_ERROR);
    let start_ok = |table: &[u8]| {
        let parts = [&long(table)[..], &short("PLAIN"), &long(b"\0a\0b"), &short("en_US")];
        method(0, 10, 11, &parts.concat())
    };
    let mut end = End::fresh_server();
    end.takes(PROTOCOL_HEADER);
    end.sent();
    end.clone().takes(&start_ok(&nested(32, b'F')));
    end.drops(&start_ok(&nested(33, b'F')), "LIM-03");
}

fn bodies_have_a_limit(side: Side, carrier: fn(u16) -> Vec<u8>) {
    let end = configured(side, |limits| limits.max_body = Some(10), Profile::DEFAULT);
    let end = end.with_channel(2);
    let whole = |channel| message(carrier(channel), channel, b"ten octets", 4);
    assert_eq!(end.clone().takes(&whole(1)).len(), 1);
    for size in [11, 1 << 63, u64::MAX] {
        // With the header alone.
        let fault = [carrier(1), header(1, size, BARE)].concat();
        let violation = end.clone().closes_channel(&fault, "LIM-04", ReplyCode(311));
        let carrying = &carrier(1)[7..11];
        let blamed = [violation.method.class_id, violation.method.method_id];
        assert_eq!(blamed.map(u16::to_be_bytes).concat(), carrying);
        // What follows of the body is discarded, and the other channel goes on.
        let mut end = end.clone();
        end.feed(&fault);
        assert_eq!(frames(&end.sent()).len(), 1);
        end.ignores(&[body(1, b"ten octets"), body(1, b"!")].concat());
        assert_eq!(end.takes(&whole(2)).len(), 1);
        assert_eq!(end.takes(&channel_close_ok(1)).len(), 1);
        assert_eq!(end.with_channel(1).takes(&whole(1)).len(), 1);
    }
    // Inside a content of this side channel.close would be no method but a fault (CNT-04).
    let sending = configured(side, |limits| limits.max_body = Some(10), Profile::DEFAULT);
    let mut sending = sending.with_consumer(1);
    sending.start_content(4);
    sending.closes(&[carrier(1), header(1, 11, BARE)].concat(), "LIM-04", FRAME_ERROR);
    let none = configured(side, |limits| limits.max_body = Some(0), Profile::DEFAULT);
    assert_eq!(none.clone().takes(&[carrier(1), header(1, 0, BARE)].concat()).len(), 1);
    let one = [carrier(1), header(1, 1, BARE)].concat();
    none.clone().closes_channel(&one, "LIM-04", ReplyCode(311));
}

fn a_client_takes_bodies_up_to_a_limit() {
    bodies_have_a_limit(Side::Client, |channel| deliver(channel, 1));
    // None unless one is set.
    let huge = [deliver(1, 1), header(1, u64::MAX, BARE)].concat();
    assert!(matches!(End::client_channel().takes(&huge)[..], [Event::ContentStart(_)]));
}

fn a_server_takes_bodies_up_to_a_limit() {
    bodies_have_a_limit(Side::Server, |channel| publish(channel, "k"));
    // 512 MiB unless another one is set.
    let headed = |size| [publish(1, "k"), header(1, size, BARE)].concat();
    let largest = End::server_channel().takes(&headed(512 << 20));
    assert!(matches!(largest[..], [Event::ContentStart(_)]), "{:?}", lines(&largest));
    let above = headed((512 << 20) + 1);
    End::server_channel().closes_channel(&above, "LIM-04", ReplyCode(311));
    let mut end = configured(Side::Server, |l| l.max_body = None, Profile::DEFAULT);
    assert!(matches!(end.takes(&headed(u64::MAX))[..], [Event::ContentStart(_)]));
}

/// Frames on a channel that isn't open: each is 504, and there is no such channel afterwards.
fn unopened(end: &End, octets: impl Fn(u16) -> Vec<Vec<u8>>) {
    for channel in [2, 2047, 2048, u16::MAX] {
        for octets in octets(channel) {
            let mut closing = end.clone();
            closing.feed(&octets);
            let open: Vec<_> = closing.connection.channels().map(|id| id.number()).collect();
            assert_eq!(open, [1], "{}", hex(&octets));
            end.clone().closes(&octets, "CHN-01", ReplyCode(504));
        }
    }
}

fn a_client_keeps_nothing_of_an_unopened_channel() {
    unopened(&End::client_channel(), |channel| {
        vec![
            channel_open_ok(channel),
            channel_close(channel, 200, ""),
            channel_close_ok(channel),
            deliver(channel, 1),
            header(channel, 0, BARE),
            body(channel, b""),
        ]
    });
}

fn a_server_keeps_nothing_of_an_unopened_channel() {
    let end = End::server_channel();
    unopened(&end, |channel| {
        vec![
            channel_close(channel, 200, ""),
            channel_close_ok(channel),
            declare(channel, "q"),
            publish(channel, "k"),
            header(channel, 0, BARE),
            body(channel, b""),
        ]
    });
    // Nor is one made above channel-max.
    for channel in [2048, u16::MAX] {
        let mut closing = end.clone();
        closing.feed(&channel_open(channel));
        assert_eq!(closing.connection.channels().count(), 1);
        end.clone().closes(&channel_open(channel), "TUN-12", ReplyCode(504));
    }
}

/// Refused, with nothing sent.
fn is_too_long<T: core::fmt::Debug>(end: &mut End, result: Result<T, UsageError>, field: &str) {
    match result {
        Err(UsageError::Encode(EncodeError::TooLong { field: named, len: 256, limit: 255 })) => {
            assert_eq!(named, field);
        }
        other => panic!("{field}: {other:?}"),
    }
    assert_eq!(hex(&end.sent()), "");
}

fn is_too_large<T: core::fmt::Debug>(end: &mut End, result: Result<T, UsageError>) {
    match result {
        Err(UsageError::Encode(EncodeError::FrameTooLarge { size: 4089, limit: 4088 })) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(hex(&end.sent()), "");
}

/// A table of so many octets, its own length not counted.
fn table_of(octets: usize) -> TableBuf {
    TableBuf::new().with("n", "x".repeat(octets - 7).as_str()).unwrap()
}

/// Frame-max 4096 has room for payloads of 4088.
fn small_client() -> End {
    let mut config: ClientConfig = plain();
    config.frame_max = 4096;
    End::client_with(config).with_channel(1)
}

fn a_client_sends_nothing_that_can_not_be_read() {
    let (long, longest) = ("x".repeat(256), "x".repeat(255));
    let mut end = small_client();
    let publish = basic::Publish { routing_key: longest.as_str().into(), ..<_>::default() };
    end.channel().call(&amqp_proto::protocol::confirm::Select { no_wait: true }).unwrap();
    end.channel().publish(&publish, Properties::EMPTY, "").unwrap();
    let sent = frames(&end.sent());
    assert!(sent[1].2.ends_with(&[&b"\xFF"[..], longest.as_bytes(), b"\0"].concat()));
    let publish = basic::Publish { routing_key: long.as_str().into(), ..<_>::default() };
    let refused = end.channel().publish(&publish, Properties::EMPTY, "");
    is_too_long(&mut end, refused, "routing-key");
    let publish = basic::Publish { exchange: long.as_str().into(), ..<_>::default() };
    let refused = end.channel().publish(&publish, Properties::EMPTY, "");
    is_too_long(&mut end, refused, "exchange");
    let declare = queue::Declare { queue: long.as_str().into(), ..<_>::default() };
    let refused = end.channel().call(&declare);
    is_too_long(&mut end, refused, "queue");
    let consume =
        basic::Consume { consumer_tag: long.as_str().into(), queue: "q".into(), ..<_>::default() };
    let refused = end.channel().call(&consume);
    is_too_long(&mut end, refused, "consumer-tag");
    let refused = end.connection.update_secret(b"", &long);
    is_too_long(&mut end, refused, "reason");
    assert!(PropertiesBuf::new().with_message_id(longest.as_str()).is_ok());
    assert!(PropertiesBuf::new().with_message_id(long.as_str()).is_err());

    // A long string and tables that fill the frame, and one octet more.
    end.connection.update_secret(&[0; 4079], "").unwrap();
    assert_eq!(end.sent().len(), 4096);
    let refused = end.connection.update_secret(&[0; 4080], "");
    is_too_large(&mut end, refused);
    let declare = |table| queue::Declare { queue: "q".into(), arguments: table, ..<_>::default() };
    let (full, fuller) = (table_of(4075), table_of(4076));
    end.channel().call(&declare(full.as_table())).unwrap();
    assert_eq!(end.sent().len(), 4096);
    let refused = end.channel().call(&declare(fuller.as_table()));
    is_too_large(&mut end, refused);
    let headers = |octets| PropertiesBuf::new().with_headers(&table_of(octets)).unwrap();
    let publish = basic::Publish::default();
    let number = end.channel().publish(&publish, &headers(4070), "").unwrap().number();
    assert_eq!(frames(&end.sent())[1].2.len(), 4088);
    let refused = end.channel().publish(&publish, &headers(4071), "");
    is_too_large(&mut end, refused);
    // What was refused has neither a number nor a reply to come.
    assert_eq!((number, end.channel().unconfirmed(), end.channel().pending_requests()), (2, 2, 1));

    for (prefetch_count, octets) in [(0, b"\0\0"), (u16::MAX, b"\xFF\xFF")] {
        end.channel().call(&basic::Qos { prefetch_count, ..<_>::default() }).unwrap();
        let expected = method(1, 60, 10, &[b"\0\0\0\0", &octets[..], b"\0"].concat());
        assert_eq!(hex(&end.sent()), hex(&expected));
    }
    // The deepest nesting that anybody can be told to read.
    let deeper = |table: TableBuf| TableBuf::new().with("n", &table);
    let deepest = (0..255).fold(TableBuf::new(), |table, _| deeper(table).unwrap());
    assert_eq!(deeper(deepest), Err(EncodeError::TooDeep { limit: 255 }));
}

fn a_server_sends_nothing_that_can_not_be_read() {
    let long = "x".repeat(256);
    let mut config = ServerConfig::default();
    config.frame_max = 4096;
    let mut end = End::server_with(config).with_channel(1);
    let events = end.takes(&[consume(1, "c", false), declare(1, "")].concat());
    let [_, Event::Request { token: Some(token), .. }] = events[..] else {
        panic!("{:?}", lines(&events));
    };
    let declared = queue::DeclareOk { queue: long.as_str().into(), ..<_>::default() };
    let refused = end.channel().reply(token, &declared);
    is_too_long(&mut end, refused, "queue");
    let declared = queue::DeclareOk { queue: long[1..].into(), ..<_>::default() };
    end.channel().reply(token, &declared).unwrap();
    assert_eq!(end.sent(), declare_ok(1, &long[1..]));
    let to =
        |routing_key| basic::Deliver { consumer_tag: "c".into(), routing_key, ..<_>::default() };
    let refused = end.channel().deliver(&to(long.as_str().into()), Properties::EMPTY, "");
    is_too_long(&mut end, refused, "routing-key");
    let returned = basic::Return { reply_text: long.as_str().into(), ..<_>::default() };
    let refused = end.channel().return_message(&returned, Properties::EMPTY, "");
    is_too_long(&mut end, refused, "reply-text");
    let headers = |octets| PropertiesBuf::new().with_headers(&table_of(octets)).unwrap();
    let refused = end.channel().deliver(&to("k".into()), &headers(4071), "");
    is_too_large(&mut end, refused);
    // What was refused has used no tag.
    assert_eq!(end.channel().deliver(&to("k".into()), &headers(4070), ""), Ok(1));
    assert_eq!(frames(&end.sent())[1].2.len(), 4088);
    for (prefetch_count, octets) in [(0, b"\0\0"), (u16::MAX, b"\xFF\xFF")] {
        end.takes(&method(1, 60, 10, &[b"\0\0\0\0", &octets[..], b"\0"].concat()));
        assert_eq!(end.channel().qos().unwrap().prefetch_count, prefetch_count);
    }
    let mut end = End::server_for(&["connection.blocked"]);
    let refused = end.connection.block(&long);
    is_too_long(&mut end, refused, "reason");
}
