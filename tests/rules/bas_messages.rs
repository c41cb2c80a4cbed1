//! Messages: their delivery-tags, gets and returns, and what only a broker can refuse.

use amqp_proto::protocol::{Properties, ReplyCode, basic, confirm};
use amqp_proto::{Content, Event, Profile, ReplyToken, UsageError};

use crate::common::*;
use crate::end::End;
use crate::syn_exchanges::{answered, call, token};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("BAS-05", a_client_reports_delivery_tags_that_don_t_rise),
    server("BAS-05", a_server_numbers_deliveries_and_gets_from_1_on),
    client("BAS-06", a_client_acks_nothing_that_needs_no_ack),
    server("BAS-06", a_server_refuses_acks_of_what_needs_none),
    client("BAS-08", a_client_takes_returns_as_contents),
    server("BAS-08", a_server_returns_a_message_whole),
    client("BAS-09", a_client_gets_back_what_nobody_was_ready_for),
    server("BAS-09", a_server_is_told_of_immediate),
    client("BAS-10", a_client_takes_get_empty),
    server("BAS-10", a_server_answers_a_get_by_get_empty),
    server("BAS-11", a_server_closes_the_channel_of_a_publish_to_nowhere),
    server("BAS-12", a_server_refuses_with_the_code_of_the_reason),
];

const NONE: Properties<'_> = Properties::EMPTY;

fn get_ok(delivery_tag: u64) -> Vec<u8> {
    let arguments = [&delivery_tag.to_be_bytes()[..], b"\0\0\x01q\0\0\0\0"].concat();
    [method(1, 60, 71, &arguments), header(1, 0, BARE)].concat()
}

fn delivery(delivery_tag: u64) -> Vec<u8> {
    [deliver(1, delivery_tag), header(1, 0, BARE)].concat()
}

/// basic.get of queue `q`.
fn get(no_ack: bool) -> Vec<u8> {
    method(1, 60, 70, &[0, 0, 1, b'q', no_ack.into()])
}

fn content(events: &[Event]) -> &Content {
    let [Event::Content(content)] = events else { panic!("{:?}", lines(events)) };
    content
}

fn a_client_reports_delivery_tags_that_don_t_rise() {
    // From 1 on, through deliveries and gets; one may have been left out.
    let mut end = End::client_channel();
    for (tag, is_get) in [(1, false), (2, true), (3, false), (5, true)] {
        let octets = if is_get {
            call(&mut end, "basic.get");
            get_ok(tag)
        } else {
            delivery(tag)
        };
        content(&end.takes(&octets));
    }
    let mut strict = plain();
    strict.profile = Some(Profile::STRICT);
    for tag in [0, 1, 4, 5] {
        for octets in [delivery(tag), get_ok(tag)] {
            let mut end = end.clone();
            call(&mut end, "basic.get");
            end.sent();
            let events = end.feed(&octets);
            let [Event::Irregular(fault), Event::Content(_)] = &events[..] else {
                panic!("{:?}", lines(&events))
            };
            assert_eq!((fault.rule, fault.reply_code.0), ("BAS-05", 501));
            assert_eq!(hex(&end.sent()), "");
            // The account goes on where it was.
            assert_eq!(end.channel().unacked(), 4);
            content(&end.takes(&delivery(6)));

            let mut end = End::client_with(strict.clone()).with_channel(1);
            end.takes(&delivery(5));
            let get = call(&mut end, "basic.get");
            end.sent();
            let mut events = end.feed(&octets);
            let Some(Event::Violation(fault)) = events.first() else { panic!() };
            assert_eq!((fault.rule, fault.reply_code.0), ("BAS-05", 501));
            assert_eq!(hex(&end.sent()[7..13]), "00 0A 00 32 01 F5 ");
            events.extend(end.feed(&connection_close_ok()));
            assert_eq!(endings(&events), 1);
            // The get gets its end, too.
            assert_eq!(crate::syn_exchanges::failed(&events), [get], "tag {tag}");
        }
    }
    // Each channel counts by itself.
    let mut end = End::client_with(strict).with_channel(1).with_channel(2);
    end.takes(&[delivery(1), deliver(2, 1), header(2, 0, BARE), delivery(u64::MAX)].concat());
    end.closes(&delivery(1), "BAS-05", ReplyCode::FRAME_ERROR);
}

fn deliver_to(end: &mut End, channel: u16, consumer_tag: &str) -> u64 {
    // What the application says about the tag doesn't count.
    let (consumer_tag, routing_key) = (consumer_tag.into(), "q".into());
    let method =
        basic::Deliver { consumer_tag, routing_key, delivery_tag: 77, ..Default::default() };
    end.channel_number(channel).deliver(&method, NONE, "").unwrap()
}

fn reply_get_ok(end: &mut End, to: ReplyToken) -> u64 {
    let method = basic::GetOk { routing_key: "q".into(), delivery_tag: 0, ..Default::default() };
    end.channel().get_ok(to, &method, NONE, "").unwrap()
}

fn a_server_numbers_deliveries_and_gets_from_1_on() {
    let mut end = End::server_channel().with_channel(2);
    end.takes(&[consume(1, "c", false), consume(2, "c", false), consume(1, "d", true)].concat());
    assert_eq!(deliver_to(&mut end, 1, "c"), 1);
    let to = token(&end.takes(&get(false)));
    assert_eq!(reply_get_ok(&mut end, to), 2);
    assert_eq!(deliver_to(&mut end, 1, "d"), 3);
    let to = token(&end.takes(&get(true)));
    assert_eq!(reply_get_ok(&mut end, to), 4);
    // A command that is refused uses no number.
    let nobody = basic::Deliver { consumer_tag: "x".into(), ..Default::default() };
    assert!(end.channel().deliver(&nobody, NONE, "").is_err());
    let begun = basic::Deliver { consumer_tag: "c".into(), routing_key: "q".into(), ..nobody };
    assert_eq!(end.channel().start_deliver(&begun, NONE, 1), Ok(5));
    end.channel().send_body("b").unwrap();
    assert_eq!(deliver_to(&mut end, 2, "c"), 1);
    let sent = end.sent();
    let d = method(1, 60, 60, b"\x01d\0\0\0\0\0\0\0\x03\0\0\x01q");
    let expected = [
        delivery(1),
        get_ok(2),
        [d, header(1, 0, BARE)].concat(),
        get_ok(4),
        [deliver(1, 5), header(1, 1, BARE), body(1, b"b")].concat(),
        [deliver(2, 1), header(2, 0, BARE)].concat(),
    ];
    assert_eq!(hex(&sent), hex(&expected.concat()));
    // A new life of the channel begins at 1.
    end.takes(&[channel_close(1, 200, ""), channel_open(1), consume(1, "c", false)].concat());
    assert_eq!(deliver_to(&mut end, 1, "c"), 1);
}

fn a_client_acks_nothing_that_needs_no_ack() {
    let mut end = End::client_channel();
    let quiet = basic::Consume {
        queue: "q".into(),
        consumer_tag: "c".into(),
        no_ack: true,
        ..<_>::default()
    };
    let mut channel = end.channel();
    channel.call(&basic::Consume { no_wait: true, ..quiet }).unwrap();
    channel.call(&basic::Get { queue: "q".into(), no_ack: true, ..Default::default() }).unwrap();
    end.sent();
    let events = end.takes(&[delivery(1), get_ok(2)].concat());
    let [Event::Content(first), Event::Content(second)] = &events[..] else {
        panic!("{:?}", lines(&events))
    };
    // They have a tag all the same.
    assert_eq!(first.deliver().unwrap().delivery_tag, 1);
    assert_eq!(second.get_ok().unwrap().delivery_tag, 2);
    assert_eq!(end.channel().unacked(), 0);
    for delivery_tag in 1..=2 {
        let unknown = Err(UsageError::UnknownDelivery { channel: 1, delivery_tag });
        let mut channel = end.channel();
        for multiple in [false, true] {
            assert_eq!(channel.send(&basic::Ack { delivery_tag, multiple }), unknown);
            let nack = basic::Nack { delivery_tag, multiple, requeue: true };
            assert_eq!(channel.send(&nack), unknown);
        }
        assert_eq!(channel.send(&basic::Reject { delivery_tag, requeue: false }), unknown);
    }
    assert_eq!(hex(&end.sent()), "");
}

fn a_server_refuses_acks_of_what_needs_none() {
    let mut end = End::server_channel();
    end.takes(&consume(1, "c", true));
    assert_eq!(deliver_to(&mut end, 1, "c"), 1);
    let to = token(&end.takes(&get(true)));
    assert_eq!(reply_get_ok(&mut end, to), 2);
    assert_eq!(hex(&end.sent()), hex(&[delivery(1), get_ok(2)].concat()));
    assert_eq!(end.channel().unacked(), 0);
    for tag in 1..=2 {
        // ack, reject and nack; then ack and nack of several.
        for (method_id, bits, rule) in [
            (80, 0, "ACK-02"),
            (90, 1, "ACK-02"),
            (120, 2, "ACK-02"),
            (80, 1, "ACK-03"),
            (120, 1, "ACK-03"),
        ] {
            let octets = method(1, 60, method_id, &[0, 0, 0, 0, 0, 0, 0, tag, bits]);
            end.clone().closes_channel(&octets, rule, ReplyCode::PRECONDITION_FAILED);
        }
    }
}

/// basic.return with `k` as routing key.
fn back(code: u16, text: &str) -> Vec<u8> {
    method(1, 60, 50, &[&code.to_be_bytes()[..], &short(text), b"\0\x01k"].concat())
}

/// A publish to `k`, and its number.
fn publish_to_k(end: &mut End, mandatory: bool, immediate: bool) -> u64 {
    let method =
        basic::Publish { routing_key: "k".into(), mandatory, immediate, ..Default::default() };
    end.channel().publish(&method, NONE, "hi").unwrap().number()
}

fn a_client_takes_returns_as_contents() {
    let mut end = End::client_channel();
    end.channel().call(&confirm::Select { no_wait: true }).unwrap();
    assert_eq!(publish_to_k(&mut end, false, false), 1);
    assert_eq!(publish_to_k(&mut end, true, false), 2);
    assert_eq!(publish_to_k(&mut end, false, true), 3);
    end.sent();
    // Only what was to come back if nobody wants it can do so: the others aren't looked at.
    for (code, number) in [(312, Some(2)), (313, Some(3)), (999, None)] {
        let events = end.takes(&message(back(code, "no"), 1, b"hi", 1));
        let content = content(&events);
        let returned = content.returned().unwrap();
        assert_eq!((returned.reply_code.0, returned.reply_text.as_octets()), (code, &b"no"[..]));
        assert_eq!((returned.routing_key.as_octets(), content.body()), (&b"k"[..], &b"hi"[..]));
        assert_eq!(content.publish_seq().map(|seq| seq.number()), number, "{code}");
        assert_eq!(hex(&end.sent()), "");
    }
    // It has a header and a body.
    let code = ReplyCode::UNEXPECTED_FRAME;
    end.takes(&back(312, ""));
    end.clone().closes(&declare_ok(1, ""), "CNT-02", code);
    end.takes(&header(1, 2, BARE));
    end.closes(&back(312, ""), "CNT-04", code);
}

fn a_server_returns_a_message_whole() {
    for (code, text) in [(312, "NO_ROUTE"), (313, "NO_CONSUMERS")] {
        let mut end = End::server_channel();
        let publish = method(1, 60, 40, b"\0\0\0\x01k\x01");
        let events = end.takes(&message(publish, 1, b"hi", 9));
        let publish = content(&events).publish().unwrap();
        assert!(publish.mandatory);
        let returned = basic::Return {
            reply_code: ReplyCode(code),
            reply_text: text.into(),
            exchange: publish.exchange,
            routing_key: publish.routing_key,
        };
        end.channel().return_message(&returned, NONE, "hi").unwrap();
        assert_eq!(hex(&end.sent()), hex(&message(back(code, text), 1, b"hi", 9)));
        end.channel().return_message(&returned, NONE, "").unwrap();
        assert_eq!(hex(&end.sent()), hex(&message(back(code, text), 1, b"", 9)));
    }
}

fn a_client_gets_back_what_nobody_was_ready_for() {
    let mut end = End::client_channel();
    for (mandatory, immediate, bits) in
        [(false, false, 0), (true, false, 1), (false, true, 2), (true, true, 3)]
    {
        publish_to_k(&mut end, mandatory, immediate);
        let publish = method(1, 60, 40, &[0, 0, 0, 1, b'k', bits]);
        assert_eq!(hex(&end.sent()), hex(&message(publish, 1, b"hi", 9)));
    }
    let events = end.takes(&message(back(313, ""), 1, b"hi", 9));
    assert_eq!(content(&events).returned().unwrap().reply_code, ReplyCode::NO_CONSUMERS);
    // A server that doesn't know it ends the connection.
    let events = end.feed(&connection_close(540, "immediate"));
    let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(reason.reply_code.0, 540);
    assert_eq!(hex(&end.sent()), hex(&connection_close_ok()));
}

fn a_server_is_told_of_immediate() {
    for bits in 0..=3 {
        let mut end = End::server_channel();
        let publish = method(1, 60, 40, &[0, 0, 0, 1, b'k', bits]);
        let events = end.takes(&message(publish, 1, b"hi", 9));
        let publish = content(&events).publish().unwrap();
        assert_eq!((publish.mandatory, publish.immediate), (bits & 1 > 0, bits & 2 > 0));
        assert_eq!(hex(&end.sent()), "", "the application decides");
        let mut other = end.clone();
        let (reply_code, routing_key) = (ReplyCode::NO_CONSUMERS, "k".into());
        let returned = basic::Return { reply_code, routing_key, ..Default::default() };
        end.channel().return_message(&returned, NONE, "hi").unwrap();
        assert_eq!(hex(&end.sent()), hex(&message(back(313, ""), 1, b"hi", 9)));
        other.connection.close(T0, ReplyCode::NOT_IMPLEMENTED, "immediate").unwrap();
        assert_eq!(hex(&other.sent()), hex(&connection_close(540, "immediate")));
    }
}

fn a_client_takes_get_empty() {
    let mut end = End::client_channel();
    // Whatever stands where nothing should.
    for rest in [&b"\0"[..], b"\x01x"] {
        let request = call(&mut end, "basic.get");
        assert_eq!(hex(&end.sent()), hex(&get(false)));
        assert_eq!(answered(&end.takes(&method(1, 60, 72, rest))), [request]);
    }
    assert_eq!(end.channel().unacked(), 0);
    // No message was counted, and the next one comes.
    call(&mut end, "basic.get");
    assert_eq!(content(&end.takes(&get_ok(1))).get_ok().unwrap().delivery_tag, 1);
    call(&mut end, "basic.get");
    end.clone().closes(&method(1, 60, 72, b""), "MTH-04", ReplyCode::FRAME_ERROR);
    end.closes(&method(1, 60, 72, b"\0\0"), "MTH-05", ReplyCode::FRAME_ERROR);
}

fn a_server_answers_a_get_by_get_empty() {
    for cluster_id in ["", "x"] {
        let mut end = End::server_channel();
        let to = token(&end.takes(&get(false)));
        let empty = basic::GetEmpty { cluster_id: cluster_id.into() };
        end.channel().reply(to, &empty).unwrap();
        // 0-9-1 has no cluster-id any more.
        assert_eq!(hex(&end.sent()), hex(&method(1, 60, 72, b"\0")));
        assert_eq!(end.channel().unacked(), 0);
        let to = token(&end.takes(&get(false)));
        assert_eq!(reply_get_ok(&mut end, to), 1);
        assert_eq!(hex(&end.sent()), hex(&get_ok(1)));
    }
}

fn a_server_closes_the_channel_of_a_publish_to_nowhere() {
    for (code, exchange) in [(404, "gone"), (403, "internal")] {
        let mut end = End::server_channel();
        let publish = method(1, 60, 40, &[b"\0\0", &short(exchange)[..], b"\0\0"].concat());
        // Only when it is whole is the application asked, and meanwhile more may come.
        let events = end.takes(&message(publish.clone(), 1, b"hi", 1));
        let refused = content(&events);
        assert_eq!(refused.exchange().as_octets(), exchange.as_bytes());
        assert_eq!(hex(&end.sent()), "");
        end.channel().close_for(refused.kind(), ReplyCode(code), exchange).unwrap();
        let blamed = [&code.to_be_bytes()[..], &short(exchange), b"\0\x3C\0\x28"].concat();
        assert_eq!(hex(&end.sent()), hex(&method(1, 20, 40, &blamed)));
        end.ignores(&message(publish, 1, b"hi", 1));
        let events = end.takes(&channel_close_ok(1));
        let [Event::ChannelClosed { reason, .. }] = &events[..] else {
            panic!("{:?}", lines(&events))
        };
        assert_eq!(reason.reply_code.0, code);
    }
}

/// Requests that a broker refuses, each with the code that says why.
fn refused() -> [(Vec<u8>, u16); 12] {
    let request = |class_id, method_id, arguments: &[u8]| method(1, class_id, method_id, arguments);
    [
        // A queue that belongs to another connection.
        (request(50, 10, b"\0\0\x01q\0\0\0\0\0"), 405),
        (request(50, 30, b"\0\0\x01q\0"), 405),
        // The only consumer, where there is another.
        (request(60, 20, b"\0\0\x01q\x01c\x04\0\0\0\0"), 403),
        // A queue that isn't there.
        (request(60, 20, b"\0\0\x01q\x01c\0\0\0\0\0"), 404),
        (request(60, 70, b"\0\0\x01q\0"), 404),
        (request(50, 10, b"\0\0\x01q\x01\0\0\0\0"), 404),
        (request(50, 20, b"\0\0\x01q\x01e\0\0\0\0\0\0"), 404),
        (request(50, 40, b"\0\0\x01q\0"), 404),
        // One that is there, and different.
        (request(50, 10, b"\0\0\x01q\x02\0\0\0\0"), 406),
        (request(40, 10, b"\0\0\x01e\x06direct\x02\0\0\0\0"), 406),
        // One that is in use, or holds messages.
        (request(50, 40, b"\0\0\x01q\x01"), 406),
        (request(50, 40, b"\0\0\x01q\x02"), 406),
    ]
}

fn a_server_refuses_with_the_code_of_the_reason() {
    for (octets, code) in refused() {
        let mut end = End::server_channel();
        let to = token(&end.takes(&octets));
        end.channel().fail(to, ReplyCode(code), "no").unwrap();
        // The close blames the request: its class and method stand where the payload begins.
        let close = [&code.to_be_bytes()[..], b"\x02no", &octets[7..11]].concat();
        assert_eq!(hex(&end.sent()), hex(&method(1, 20, 40, &close)));
        end.ignores(&octets);
        let events = end.takes(&channel_close_ok(1));
        assert!(matches!(events[..], [Event::ChannelClosed { .. }]), "{:?}", lines(&events));
    }
    // To delete or unbind what isn't there is no fault to most brokers.
    let mut end = End::server_channel();
    let to = token(&end.takes(&method(1, 50, 40, b"\0\0\x01q\0")));
    end.channel().reply(to, &amqp_proto::protocol::queue::DeleteOk::default()).unwrap();
    assert_eq!(hex(&end.sent()), hex(&method(1, 50, 41, b"\0\0\0\0")));
    // An exchange of an unknown type.
    let events = end.takes(&method(1, 40, 10, b"\0\0\x01e\x01?\0\0\0\0\0"));
    let [Event::Request { method: declare, .. }] = &events[..] else {
        panic!("{:?}", lines(&events))
    };
    end.connection.close_for(T0, declare.kind(), ReplyCode::COMMAND_INVALID, "?").unwrap();
    let close = [&503_u16.to_be_bytes()[..], b"\x01?\0\x28\0\x0A"].concat();
    assert_eq!(hex(&end.sent()), hex(&method(0, 10, 50, &close)));
}
