//! Names that a channel remembers, and routing keys.

use amqp_proto::protocol::{PropertiesBuf, ReplyCode, basic, queue};
use amqp_proto::wire::{EncodeError, ShortStr};
use amqp_proto::{Event, UsageError};

use crate::common::*;
use crate::end::End;
use crate::fields::*;
use crate::nam::{asked, is_told_the_refusal};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("NAM-05", a_client_names_no_queue_only_behind_a_declare),
    server("NAM-05", a_server_takes_the_last_queue_or_answers_404),
    client("NAM-07", a_client_uses_a_consumer_tag_once),
    server("NAM-07", a_server_ends_the_connection_of_a_tag_in_use),
    client("NAM-08", || routing_keys_are_any_short_string(&End::client_channel())),
    server("NAM-08", || routing_keys_are_any_short_string(&End::server_channel())),
];

/// The methods that may leave the name of a queue empty, by name, and with this one.
fn with_queue(name: &str) -> [(&'static str, Vec<u8>); 6] {
    let method = |class_id, method_id, behind: &[u8]| {
        method(1, class_id, method_id, &[b"\0\0", &short(name)[..], behind].concat())
    };
    [
        ("basic.get", method(60, 70, b"\0")),
        ("basic.consume", method(60, 20, b"\0\0\0\0\0\0")),
        ("queue.bind", method(50, 20, b"\x01x\0\0\0\0\0\0")),
        ("queue.unbind", method(50, 50, b"\x01x\0\0\0\0\0")),
        ("queue.purge", method(50, 30, b"\0")),
        ("queue.delete", method(50, 40, b"\0")),
    ]
}

fn call_with_queue(end: &mut End, name: &str, place: usize) -> Result<(), UsageError> {
    let (mut channel, queue, exchange) = (end.channel(), name.into(), "x".into());
    let sent = match place {
        0 => channel.call(&basic::Get { queue, ..Default::default() }),
        1 => channel.call(&basic::Consume { queue, ..Default::default() }),
        2 => channel.call(&queue::Bind { queue, exchange, ..Default::default() }),
        3 => channel.call(&queue::Unbind { queue, exchange, ..Default::default() }),
        4 => channel.call(&queue::Purge { queue, ..Default::default() }),
        _ => channel.call(&queue::Delete { queue, ..Default::default() }),
    };
    sent.map(drop)
}

fn a_client_names_no_queue_only_behind_a_declare() {
    let mut end = End::client_channel();
    for (place, (method, octets)) in with_queue("").into_iter().enumerate() {
        let none = Err(UsageError::NoQueueDeclared { method, channel: 1 });
        assert_eq!(call_with_queue(&mut end, "", place), none);
        assert_eq!((end.sent(), end.channel().pending_requests()), (vec![], 0));
        // With a name, or behind a declare whose answer is still to come.
        let mut named = end.clone();
        call_with_queue(&mut named, "q", place).unwrap();
        assert_eq!(named.sent(), with_queue("q")[place].1);
        for name in ["a", ""] {
            let mut behind = end.clone();
            let declared = queue::Declare { queue: name.into(), ..Default::default() };
            behind.channel().call(&declared).unwrap();
            call_with_queue(&mut behind, "", place).unwrap();
            assert_eq!(behind.sent(), [declare(1, name), octets.clone()].concat());
        }
    }
    // Another channel has its own, and the last one declared counts.
    let mut end = End::client_channel().with_channel(2);
    for name in ["a", "b"] {
        let declare = queue::Declare { queue: name.into(), no_wait: true, ..Default::default() };
        end.channel_number(2).call(&declare).unwrap();
        assert_eq!(end.channel_number(2).last_queue(), Some(name.into()));
    }
    assert_eq!(end.channel().last_queue(), None);
    assert!(call_with_queue(&mut end, "", 0).is_err());
    // The server closes a channel on which it knows of none.
    let mut end = End::client_channel();
    call_with_queue(&mut end, "q", 0).unwrap();
    end.sent();
    is_told_the_refusal(&mut end, 404, 60, 70);
}

fn a_server_takes_the_last_queue_or_answers_404() {
    let end = End::server_channel();
    for (place, (_, octets)) in with_queue("").into_iter().enumerate() {
        end.clone().closes_channel(&octets, "NAM-05", ReplyCode(404));
        asked(&mut end.clone(), &with_queue("q")[place].1);
        for name in ["a", ""] {
            let mut behind = end.clone();
            let (token, _) = asked(&mut behind, &declare(1, name));
            asked(&mut behind, &octets);
            let made = if name.is_empty() { "made" } else { name };
            let ok = queue::DeclareOk { queue: made.into(), ..Default::default() };
            behind.channel().reply(token, &ok).unwrap();
            assert_eq!(behind.channel().last_queue(), Some(made.into()));
        }
    }
    // A channel that is opened again, and another one, know of none.
    let mut end = end;
    end.takes(&[declare(1, "a"), channel_close(1, 200, ""), channel_open(1)].concat());
    end.sent();
    let get = &with_queue("")[0].1;
    end.closes_channel(get, "NAM-05", ReplyCode(404));
    let mut end = End::server_channel().with_channel(2);
    end.takes(&declare(2, "a"));
    end.closes_channel(get, "NAM-05", ReplyCode(404));
}

fn consumer(consumer_tag: &str) -> basic::Consume<'_> {
    basic::Consume { queue: "q".into(), consumer_tag: consumer_tag.into(), ..Default::default() }
}

fn consume_with_reply(channel: u16, consumer_tag: &str) -> Vec<u8> {
    let arguments = [b"\0\0\x01q", &short(consumer_tag)[..], b"\0\0\0\0\0"];
    method(channel, 60, 20, &arguments.concat())
}

fn cancel(consumer_tag: &str) -> Vec<u8> {
    method(1, 60, 30, &[&short(consumer_tag)[..], b"\0"].concat())
}

fn a_client_uses_a_consumer_tag_once() {
    let mut end = End::client_channel().with_channel(2);
    end.channel().call(&consumer("c")).unwrap();
    assert_eq!(end.sent(), consume_with_reply(1, "c"));
    let in_use = Err(UsageError::ConsumerTagInUse { channel: 1 });
    let consume_ok = |tag| method(1, 60, 21, &short(tag));
    // Before consume-ok and behind it.
    assert_eq!(end.channel().call(&consumer("c")), in_use);
    end.takes(&consume_ok("c"));
    assert_eq!(end.channel().call(&consumer("c")), in_use);
    let no_wait = basic::Consume { no_wait: true, ..consumer("c") };
    assert_eq!(end.channel().call(&no_wait), in_use);
    assert_eq!((end.sent(), end.channel().pending_requests()), (vec![], 0));
    // Other tags, also one that only begins alike, and another channel.
    for tag in ["C", "c1", ""] {
        end.channel().call(&consumer(tag)).unwrap();
        assert_eq!(end.sent(), consume_with_reply(1, tag));
    }
    end.channel_number(2).call(&consumer("c")).unwrap();
    assert_eq!(end.sent(), consume_with_reply(2, "c"));
    // What the server has chosen is in use as well; an empty tag never is.
    end.takes(&[consume_ok("C"), consume_ok("c1"), consume_ok("made")].concat());
    assert_eq!(end.channel().call(&consumer("made")), in_use);
    end.channel().call(&consumer("")).unwrap();
    end.sent();
    // Free again behind a cancel.
    end.channel().call(&basic::Cancel { consumer_tag: "c".into(), no_wait: false }).unwrap();
    end.channel().call(&consumer("c")).unwrap();
    assert_eq!(end.sent(), [cancel("c"), consume_with_reply(1, "c")].concat());
}

fn a_server_ends_the_connection_of_a_tag_in_use() {
    let end = End::server_channel().with_channel(2);
    let twice = [consume_with_reply(1, "c"), consume_with_reply(1, "c")].concat();
    end.clone().closes(&twice, "NAM-07", ReplyCode(530));
    let mut end = end;
    let (token, _) = asked(&mut end, &consume_with_reply(1, "c"));
    end.channel().reply(token, &basic::ConsumeOk { consumer_tag: "c".into() }).unwrap();
    assert_eq!(end.sent(), method(1, 60, 21, b"\x01c"));
    end.clone().closes(&consume_with_reply(1, "c"), "NAM-07", ReplyCode(530));
    end.clone().closes(&consume(1, "c", true), "NAM-07", ReplyCode(530));
    // An empty tag is the server's to choose, and not one in use.
    let mut named = end.clone();
    for made in ["made", "made-2"] {
        let (token, _) = asked(&mut named, &consume_with_reply(1, ""));
        let reply = |named: &mut End, tag: &str| {
            named.channel().reply(token, &basic::ConsumeOk { consumer_tag: tag.into() })
        };
        let needed = UsageError::NameNeeded { method: "basic.consume-ok" };
        assert_eq!(reply(&mut named, ""), Err(needed));
        assert_eq!(reply(&mut named, "c"), Err(UsageError::ConsumerTagInUse { channel: 1 }));
        assert_eq!(named.sent(), b"");
        reply(&mut named, made).unwrap();
        assert_eq!(named.sent(), method(1, 60, 21, &short(made)));
    }
    named.closes(&consume_with_reply(1, "made"), "NAM-07", ReplyCode(530));
    // Other tags, another channel, and the same tag behind its cancel.
    for octets in [
        consume_with_reply(1, "c1"),
        consume_with_reply(1, "C"),
        consume_with_reply(2, "c"),
        [cancel("c"), consume_with_reply(1, "c")].concat(),
    ] {
        end.clone().takes(&octets);
    }
}

fn routing_keys_are_any_short_string(end: &End) {
    let longest = [b'k'; 255];
    for key in [&b""[..], b"a", b"*.#", b" /\r\n", "é".as_bytes(), b"\0\xFF", &longest] {
        let key_octets = [&[u8::try_from(key.len()).unwrap()], key].concat();
        let (properties, routing_key) = (PropertiesBuf::new(), ShortStr::from(key));
        let bare = header(1, 0, BARE);
        let mut sender = end.clone();
        let (sent, received) = if is_client(end) {
            let publish = basic::Publish { routing_key, ..Default::default() };
            sender.channel().publish(&publish, &properties, "").unwrap();
            let carrier = method(1, 60, 40, &[b"\0\0\0", &key_octets[..], b"\0"].concat());
            let delivery = [b"\x01c\0\0\0\0\0\0\0\x01\0\0", &key_octets[..]].concat();
            (carrier, method(1, 60, 60, &delivery))
        } else {
            let returned = basic::Return { routing_key, ..Default::default() };
            sender.channel().return_message(&returned, &properties, "").unwrap();
            let carrier = method(1, 60, 50, &[b"\0\0\0\0", &key_octets[..]].concat());
            (carrier, method(1, 60, 40, &[b"\0\0\0", &key_octets[..], b"\0"].concat()))
        };
        assert_eq!(sender.sent(), [sent, bare.clone()].concat());
        let event = only_event(end, &[received, bare].concat());
        let Event::Content(content) = &event else { panic!("{event}") };
        assert_eq!(content.routing_key().as_octets(), key);
    }
    let (long, properties) = ("k".repeat(256), PropertiesBuf::new());
    let mut sender = end.clone();
    let routing_key = ShortStr::from(&long);
    let refused = if is_client(end) {
        let publish = basic::Publish { routing_key, ..Default::default() };
        sender.channel().publish(&publish, &properties, "").map(drop)
    } else {
        let returned = basic::Return { routing_key, ..Default::default() };
        sender.channel().return_message(&returned, &properties, "")
    };
    let error = EncodeError::TooLong { field: "routing-key", len: 256, limit: 255 };
    assert_eq!(refused, Err(UsageError::Encode(error)));
    assert_eq!(sender.sent(), b"");
}
