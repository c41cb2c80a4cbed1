//! Data types: short strings.

use amqp_proto::protocol::{Method, PropertiesBuf, ReplyCode, basic, confirm, exchange, queue};
use amqp_proto::wire::{EncodeError, ShortStr, TableBuf};
use amqp_proto::{Event, UsageError};

use crate::common::*;
use crate::end::End;
use crate::fields::*;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("TYP-02", a_client_keeps_short_strings_as_they_come),
    server("TYP-02", a_server_keeps_short_strings_as_they_come),
    client("TYP-03", a_client_sends_no_short_string_above_255_octets),
    server("TYP-03", a_server_sends_no_short_string_above_255_octets),
    client("TYP-04", a_client_counts_octets_and_not_characters),
    server("TYP-04", a_server_counts_octets_and_not_characters),
];

/// What a test expects where a command is refused because of a text of this length.
fn too_long(field: &'static str, len: usize) -> Result<(), UsageError> {
    Err(UsageError::Encode(EncodeError::TooLong { field, len, limit: 255 }))
}

/// What isn't text with a NUL, not UTF-8, cut inside a character, of a surrogate, longer than needed.
const NO_TEXT: [&[u8]; 5] = [b"a\0b", b"\xFF\xFE", b"a\xC3", b"\xED\xA0\x80", b"\xC0\xAF"];

/// The octets of a short string, between those of a method's other arguments.
fn around(before: &[u8], text: &[u8], after: &[u8]) -> Vec<u8> {
    [before, &[u8::try_from(text.len()).unwrap()], text, after].concat()
}

fn delivery_to(routing_key: &[u8]) -> Vec<u8> {
    method(1, 60, 60, &around(b"\x01c\0\0\0\0\0\0\0\x01\0\0", routing_key, b""))
}

fn publish_to(routing_key: &[u8]) -> Vec<u8> {
    method(1, 60, 40, &around(b"\0\0\0", routing_key, b"\0"))
}

/// `of` makes the method of a content with this routing key.
fn short_strings_are_kept(end: &End, strict: &End, of: impl Fn(&[u8]) -> Vec<u8>) {
    let whole = [b'k'; 255];
    let texts: [&[u8]; 5] = [b"", b"k", &whole[..254], &whole, "ключ \u{10FFFF}".as_bytes()];
    let read = |end: &End, text: &[u8]| {
        // The same in the arguments and in the properties.
        let octets = [of(text), header(1, 0, &around(b"\x80\0", text, b""))].concat();
        let Event::Content(content) = only_event(end, &octets) else { panic!() };
        let content_type = content.properties().content_type().unwrap();
        for kept in [content.routing_key(), content_type] {
            assert_eq!(kept.as_octets(), text);
            assert_eq!(kept.as_str().ok(), core::str::from_utf8(text).ok());
        }
    };
    for text in texts {
        read(end, text);
        read(strict, text);
    }
    for text in NO_TEXT {
        read(end, text);
        strict.clone().closes(&of(text), "TYP-02", ReplyCode(502));
        let bare = [of(b"k"), header(1, 0, &around(b"\x80\0", text, b""))].concat();
        strict.clone().closes(&bare, "TYP-02", ReplyCode(502));
    }
    // Its length passes the end of the payload by one octet.
    let header =
        |len| [of(b"k"), header(1, 0, &[b"\x80\0", &[len][..], b"text"].concat())].concat();
    end.clone().takes(&header(4));
    end.clone().closes(&header(5), "CNT-15", ReplyCode(501));
}

fn a_client_keeps_short_strings_as_they_come() {
    let mut end = End::client_channel();
    short_strings_are_kept(&end, &strict_client(), delivery_to);
    let cut = |len| method(1, 60, 60, &[b"\x01c\0\0\0\0\0\0\0\x01\0\0", &[len][..], b"k"].concat());
    end.clone().takes(&cut(1));
    end.clone().closes(&cut(2), "MTH-04", ReplyCode(501));
    for text in ["", "q", "ключ", &"k".repeat(255)] {
        let declare = queue::Declare { queue: text.into(), ..Default::default() };
        end.channel().call(&declare).unwrap();
        assert_eq!(end.sent(), method(1, 50, 10, &around(b"\0\0", text.as_bytes(), b"\0\0\0\0\0")));
    }
}

fn a_server_keeps_short_strings_as_they_come() {
    let end = End::server_channel();
    short_strings_are_kept(&end, &strict_server(), publish_to);
    // The last argument of cancel-ok.
    end.clone().closes(&method(1, 60, 31, b"\x02c"), "MTH-04", ReplyCode(501));
    for text in ["", "x", "ключ", &"k".repeat(255)] {
        let returned = basic::Return { exchange: text.into(), ..Default::default() };
        let mut end = end.clone();
        end.channel().return_message(&returned, &PropertiesBuf::new(), "").unwrap();
        let carrier = method(1, 60, 50, &around(b"\0\0\0", text.as_bytes(), b"\0"));
        assert_eq!(end.sent(), [carrier, header(1, 0, BARE)].concat());
    }
}

fn is_refused_by_builders(text: &str) {
    let len = text.len();
    let error = |field| EncodeError::TooLong { field, len, limit: 255 };
    let mut properties = PropertiesBuf::new().with_priority(1);
    let before = properties.clone();
    assert_eq!(properties.set_message_id(text).err(), Some(error("message-id")));
    assert_eq!(properties, before);
    let mut table = TableBuf::new().with("a", 1).unwrap();
    assert_eq!(table.insert(text, true).err(), Some(error("field name")));
    assert_eq!(table.len(), 1);
}

/// Lengths of which the lowest octet alone would be 0, 1, 254, 255 and 0 again.
const TOO_LONG: [usize; 5] = [256, 257, 510, 511, 65_536];

fn a_client_sends_no_short_string_above_255_octets() {
    let mut end = End::client_channel();
    end.channel().call(&confirm::Select::default()).unwrap();
    end.takes(&method(1, 85, 11, b""));
    end.sent();
    for len in TOO_LONG {
        let text = "t".repeat(len);
        is_refused_by_builders(&text);
        let long = ShortStr::from(&text);
        let mut channel = end.channel();
        let declare = queue::Declare { queue: long, ..Default::default() };
        assert_eq!(channel.call(&declare).map(drop), too_long("queue", len));
        assert_eq!(channel.last_queue(), None);
        let declare = exchange::Declare { r#type: long, ..Default::default() };
        assert_eq!(channel.call(&declare).map(drop), too_long("type", len));
        let publish = basic::Publish { routing_key: long, ..Default::default() };
        let bare = PropertiesBuf::new();
        assert_eq!(channel.publish(&publish, &bare, "").map(drop), too_long("routing-key", len));
        let secret = end.connection.update_secret(b"", &text).map(drop);
        assert_eq!(secret, too_long("reason", len));
        assert_eq!(end.channel().pending_requests(), 0);
        assert_eq!(end.sent(), b"");
    }
    // Nothing has been begun: the next publish is the first, and 255 octets go whole.
    let text = "t".repeat(255);
    let publish = basic::Publish { routing_key: text.as_str().into(), ..Default::default() };
    let number = end.channel().publish(&publish, &PropertiesBuf::new(), "").unwrap();
    assert_eq!(number.number(), 1);
    assert_eq!(end.sent(), [publish_to(text.as_bytes()), header(1, 0, BARE)].concat());
}

fn a_server_sends_no_short_string_above_255_octets() {
    let mut end = End::server_channel();
    end.takes(&consume(1, "c", false));
    let events = end.takes(&declare(1, "q"));
    let [Event::Request { token: Some(token), .. }] = events[..] else { panic!() };
    for len in TOO_LONG {
        let text = "t".repeat(len);
        is_refused_by_builders(&text);
        let (long, bare) = (ShortStr::from(&text), PropertiesBuf::new());
        let mut channel = end.channel();
        let ok = queue::DeclareOk { queue: long, ..Default::default() };
        assert_eq!(channel.reply(token, &ok), too_long("queue", len));
        let deliver =
            basic::Deliver { consumer_tag: "c".into(), exchange: long, ..Default::default() };
        assert_eq!(channel.deliver(&deliver, &bare, "").map(drop), too_long("exchange", len));
        assert_eq!(channel.unacked(), 0);
        let returned = basic::Return { reply_text: long, ..Default::default() };
        assert_eq!(channel.return_message(&returned, &bare, ""), too_long("reply-text", len));
        assert_eq!(end.sent(), b"");
    }
    // Nothing has been begun: the request is still to be answered, the next delivery is the first.
    let text = "t".repeat(255);
    let ok = queue::DeclareOk { queue: text.as_str().into(), ..Default::default() };
    end.channel().reply(token, &ok).unwrap();
    assert_eq!(end.sent(), declare_ok(1, &text));
    let deliver = basic::Deliver {
        consumer_tag: "c".into(),
        routing_key: text.as_str().into(),
        ..Default::default()
    };
    assert_eq!(end.channel().deliver(&deliver, &PropertiesBuf::new(), ""), Ok(1));
    assert_eq!(end.sent(), [delivery_to(text.as_bytes()), header(1, 0, BARE)].concat());
}

fn a_client_counts_octets_and_not_characters() {
    let end = End::client_channel();
    // 128 characters in 256 octets, and 128 characters in 255.
    let (long, whole) = ("é".repeat(128), "é".repeat(127) + "e");
    let mut channel = end.clone();
    let declare = queue::Declare { queue: long.as_str().into(), ..Default::default() };
    assert_eq!(channel.channel().call(&declare).map(drop), too_long("queue", 256));
    is_refused_by_builders(&long);
    let declare = queue::Declare { queue: whole.as_str().into(), ..Default::default() };
    channel.channel().call(&declare).unwrap();
    assert_eq!(
        channel.sent(),
        method(1, 50, 10, &around(b"\0\0", whole.as_bytes(), b"\0\0\0\0\0"))
    );
    let Event::Reply { method, .. } = only_event(&channel, &declare_ok(1, &whole)) else {
        panic!()
    };
    let Method::QueueDeclareOk(ok) = method.method() else { panic!("{method}") };
    assert_eq!((ok.queue.as_str(), ok.queue.len()), (Ok(whole.as_str()), 255));
}

fn a_server_counts_octets_and_not_characters() {
    let mut end = End::server_channel();
    let (long, whole) = ("é".repeat(128), "é".repeat(127) + "e");
    let events = end.takes(&declare(1, &whole));
    let [Event::Request { token: Some(token), method: event }] = &events[..] else { panic!() };
    let Method::QueueDeclare(declared) = event.method() else { panic!("{event}") };
    assert_eq!((declared.queue.as_str(), declared.queue.len()), (Ok(whole.as_str()), 255));
    let ok = queue::DeclareOk { queue: long.as_str().into(), ..Default::default() };
    assert_eq!(end.channel().reply(*token, &ok), too_long("queue", 256));
    let ok = queue::DeclareOk { queue: declared.queue, ..Default::default() };
    end.channel().reply(*token, &ok).unwrap();
    assert_eq!(end.sent(), declare_ok(1, &whole));
}
