//! Requests and replies, publishes that share a channel, and bodies that are longer than they say.

use amqp_proto::protocol::{Properties, ReplyCode, basic, queue};
use amqp_proto::{ContentMode, Event, ServerConfig, UsageError};

use crate::common::*;
use crate::end::{End, token};
use crate::support::*;

fn declare_of(name: &str) -> queue::Declare<'_> {
    queue::Declare { queue: name.into(), ..Default::default() }
}

/// bunny: two threads published by one channel, the frames of one message got between those of
/// another, and the broker ended the connection with 505. Here a content that is open takes nothing
/// but its body. `CNT-04`, `CNT-06`.
pub(crate) fn bunny_119_nothing_comes_between_the_frames_of_a_publish() {
    let mut end = End::client_channel().with_channel(2);
    end.takes(&[deliver(1, 1), header(1, 0, BARE)].concat());
    end.start_content(10);
    let mut all = end.sent();
    let one = amqp_proto::ChannelId::new(1).unwrap();
    let open = |method| UsageError::ContentOpen { method, missing: 10 };
    let publish = basic::Publish::default();
    end.refuses(
        |end| end.channel(one)?.publish(&publish, Properties::EMPTY, ""),
        open("basic.publish"),
    );
    end.channel().send_body("12345").unwrap();
    all.extend(end.sent());
    let open = |method| UsageError::ContentOpen { method, missing: 5 };
    end.refuses(
        |end| end.channel(one)?.start_publish(&publish, Properties::EMPTY, 1),
        open("basic.publish"),
    );
    end.refuses(|end| end.channel(one)?.call(&declare_of("q")), open("queue.declare"));
    end.refuses(|end| end.channel(one)?.call(&basic::Qos::default()), open("basic.qos"));
    let ack = basic::Ack { delivery_tag: 1, multiple: false };
    end.refuses(|end| end.channel(one)?.send(&ack), open("basic.ack"));
    end.refuses(|end| end.channel(one)?.close(ReplyCode(200), ""), open("channel.close"));
    // Another channel is free to send, and what this engine answers by itself waits.
    end.takes(&method(1, 20, 20, b"\x01"));
    end.channel_number(2).publish(&publish, Properties::EMPTY, "whole").unwrap();
    end.channel().send_body("67890").unwrap();
    all.extend(end.sent());
    let mut sent = keep_contents_together(&all);
    sent.retain(|frame| frame.1 == 1);
    let [(1, ..), (2, ..), (3, .., first), (3, .., rest), (1, .., flow_ok)] = &sent[..] else {
        panic!("{sent:?}");
    };
    assert_eq!([&first[..], rest].concat(), b"1234567890");
    assert_eq!(flow_ok, b"\0\x14\0\x15\x01");

    // Large ones of several channels share the output frame by frame, and still keep together.
    let [client, _] = ends_with(4096, |_| ());
    let mut client = client.with_channel(2).with_channel(3);
    for round in 0..4_usize {
        for number in 1..=3 {
            let mut channel = client.channel_number(number);
            let body = vec![7; 5000 * (round + usize::from(number))];
            channel.publish(&publish, Properties::EMPTY, body).unwrap();
            channel.call(&declare_of("q")).unwrap();
        }
    }
    let sent = keep_contents_together(&client.sent());
    let carriers = sent.iter().filter(|frame| frame.2.starts_with(b"\0\x3C\0\x28"));
    assert_eq!(carriers.count(), 12);
}

/// bunny: after a caller had given up waiting, the reply to its request was taken for the reply to
/// the next one, so that messages went to a wrong queue. `SYN-02`.
pub(crate) fn bunny_558_a_reply_belongs_to_the_oldest_request() {
    let mut end = End::client_channel();
    let names = ["first", "second", "third"];
    let requests = names.map(|name| end.channel().call(&declare_of(name)).unwrap().unwrap());
    end.sent();
    // Nobody waits for the first any more; its reply is its own all the same.
    end.wait_until(at(50));
    for (name, request) in names.into_iter().zip(requests) {
        let events = end.takes(&declare_ok(1, name));
        let [Event::Reply { request: answers, method }] = &events[..] else {
            panic!("{:?}", lines(&events));
        };
        assert_eq!(*answers, request);
        assert!(method.to_string().contains(name), "{method}");
    }
    // A reply too many, or of another kind than the oldest request, is nobody's.
    let invalid = ReplyCode(503);
    end.clone().closes(&declare_ok(1, "fourth"), "SYN-03", invalid);
    end.channel().call(&declare_of("fourth")).unwrap();
    end.channel().call(&basic::Qos::default()).unwrap();
    end.sent();
    end.closes(&method(1, 60, 11, b""), "SYN-03", invalid);
}

/// streadway/amqp: after an error on a channel replies were matched to requests that they didn't
/// answer. `SYN-10`, `CHN-10`.
pub(crate) fn streadway_amqp_188_requests_of_a_channel_that_fails_are_not_answered_later() {
    for closed_by_peer in [true, false] {
        for answers in 0..=3_usize {
            let mut end = End::client_channel().with_channel(2);
            let names = ["a", "b", "c"];
            let requests =
                names.map(|name| end.channel().call(&declare_of(name)).unwrap().unwrap());
            let get = basic::Get { queue: "q".into(), ..Default::default() };
            let other = end.channel_number(2).call(&get).unwrap().unwrap();
            end.sent();
            let mut events = Vec::new();
            for name in &names[..answers] {
                events.extend(end.takes(&declare_ok(1, name)));
            }
            if closed_by_peer {
                events.extend(end.takes(&channel_close(1, 404, "NOT_FOUND")));
                assert_eq!(end.sent(), channel_close_ok(1));
            } else {
                end.channel().close(ReplyCode(200), "").unwrap();
                end.sent();
                // A late reply is discarded with the rest.
                events.extend(end.takes(&[declare_ok(1, "late"), channel_close_ok(1)].concat()));
            }
            assert_eq!(answered(&events), requests[..answers]);
            assert_eq!(failed(&events), requests[answers..]);
            let last = events.last();
            assert!(matches!(last, Some(Event::ChannelClosed { .. })), "{:?}", lines(&events));
            // A new channel by that number has its own requests; the other one's is still open.
            let mut end = end.with_channel(1);
            assert_eq!(end.channel().pending_requests(), 0);
            let request = end.channel().call(&declare_of("new")).unwrap().unwrap();
            assert!(!requests.contains(&request) && request != other);
            end.sent();
            let events = end.takes(&[method(2, 60, 72, b"\0"), declare_ok(1, "new")].concat());
            assert_eq!(answered(&events), [other, request]);
        }
    }
    // A server's application can't answer what it was asked on a channel that is gone.
    let mut end = End::server_channel();
    let stale = token(&end.takes(&declare(1, "q")));
    end.takes(&channel_close(1, 200, ""));
    end.sent();
    let mut end = end.with_channel(1);
    let reply = queue::DeclareOk { queue: "q".into(), ..Default::default() };
    let refused = end.channel().reply(stale, &reply);
    assert_eq!(refused, Err(UsageError::NotOldestRequest { channel: 1 }));
    let to = token(&end.takes(&declare(1, "q")));
    let refused = end.channel().reply(stale, &reply);
    assert_eq!(refused, Err(UsageError::NotOldestRequest { channel: 1 }));
    end.channel().reply(to, &reply).unwrap();
    assert_eq!(end.sent(), declare_ok(1, "q"));
}

/// RabbitMQ before April 2026 (here 3.10.8) took more body octets than the header had announced,
/// and the surplus became a part of the message. `CNT-11`, `CNT-09`.
pub(crate) fn rabbitmq_3_10_8_a_surplus_of_body_is_no_part_of_the_message() {
    for mode in [ContentMode::Whole, ContentMode::Streamed] {
        let (mut client, mut server) = (plain(), ServerConfig::default());
        (client.content, server.content) = (mode, mode);
        for end in [End::client_with(client), End::server_with(server)] {
            let end = end.with_channel(1);
            let begun = |size| [end.content_of_peer(1, 1), header(1, size, BARE)].concat();
            for size in [1_usize, 2, 10, 1000, 131_000] {
                for surplus in [1, 2, 7, 8, 50] {
                    // In one frame, in the last of several, and in the first of several.
                    let octets = vec![b'x'; size + surplus];
                    let (first, second) = octets.split_at(size / 2);
                    let whole = body(1, &octets);
                    let last = [body(1, first), body(1, second)].concat();
                    for bodies in [whole, last] {
                        let octets = [begun(size as u64), bodies].concat();
                        let mut end = end.clone();
                        let events = end.clone().feed(&octets);
                        for event in &events {
                            let is_whole = match event {
                                Event::Content(_) => true,
                                Event::ContentPart(part) => part.last,
                                _ => false,
                            };
                            assert!(!is_whole, "{size} + {surplus}: {event}");
                        }
                        end.closes(&octets, "CNT-11", FRAME_ERROR);
                    }
                }
                // Behind the last octet no body frame belongs to it, not even an empty one.
                let content = [begun(size as u64), body(1, &vec![b'x'; size])].concat();
                for behind in [&b""[..], b"x", b"surplus"] {
                    let mut end = end.clone();
                    assert!(!end.takes(&content).is_empty());
                    end.closes(&body(1, behind), "CNT-03", UNEXPECTED_FRAME);
                }
            }
            let mut none = end.clone();
            none.takes(&begun(0));
            none.closes(&body(1, b""), "CNT-03", UNEXPECTED_FRAME);
        }
    }
}
