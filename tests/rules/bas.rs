//! Consumers: their beginning and end, and what is delivered to them.

use amqp_proto::protocol::{MethodKind, Properties, ReplyCode, basic, queue};
use amqp_proto::{Event, UsageError};

use crate::common::*;
use crate::end::End;
use crate::syn_exchanges::{answered, asked_without_reply, cancel, cancel_ok, token, tokens};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("BAS-01", a_client_takes_deliveries_at_any_time),
    server("BAS-01", a_server_delivers_from_consume_ok_to_cancel_ok),
    client("BAS-02", a_client_may_cancel_what_is_not_there),
    server("BAS-02", a_server_answers_the_cancel_of_an_unknown_consumer),
    client("BAS-03", a_client_takes_the_cancel_of_a_server),
    server("BAS-03", a_server_cancels_where_the_client_has_announced_it),
    client("BAS-04", cancels_cross_at_a_client),
    server("BAS-04", cancels_cross_at_a_server),
    client("BAS-07", a_client_tells_the_prefetch_and_does_not_judge_by_it),
    server("BAS-07", a_server_knows_the_prefetch_and_what_is_unacked),
    client("BAS-13", a_client_takes_deliveries_to_nobody),
];

const UNKNOWN: UsageError = UsageError::UnknownConsumer { channel: 1 };
const IN_USE: UsageError = UsageError::ConsumerTagInUse { channel: 1 };

fn asked(consumer_tag: &str, no_wait: bool) -> basic::Consume<'_> {
    let (queue, consumer_tag) = ("q".into(), consumer_tag.into());
    basic::Consume { queue, consumer_tag, no_wait, ..Default::default() }
}

const fn cancelled(consumer_tag: &'static str, no_wait: bool) -> basic::Cancel<'static> {
    basic::Cancel { consumer_tag: amqp_proto::wire::ShortStr::literal(consumer_tag), no_wait }
}

/// basic.consume that wants a reply.
fn consume_and_wait(consumer_tag: &str) -> Vec<u8> {
    let arguments = [b"\0\0\x01q", &short(consumer_tag)[..], b"\0\0\0\0\0"].concat();
    method(1, 60, 20, &arguments)
}

fn consume_ok(consumer_tag: &str) -> Vec<u8> {
    method(1, 60, 21, &short(consumer_tag))
}

/// A delivery to consumer `c` as a server writes it.
fn delivery(delivery_tag: u64) -> Vec<u8> {
    [deliver(1, delivery_tag), header(1, 0, BARE)].concat()
}

/// Delivers to this consumer on channel 1.
fn deliver_to(end: &mut End, consumer_tag: &str) -> Result<u64, UsageError> {
    let (consumer_tag, routing_key) = (consumer_tag.into(), "q".into());
    let method = basic::Deliver { consumer_tag, routing_key, ..Default::default() };
    end.channel().deliver(&method, Properties::EMPTY, "")
}

fn reply_consume_ok(
    end: &mut End,
    to: amqp_proto::ReplyToken,
    tag: &str,
) -> Result<(), UsageError> {
    end.channel().reply(to, &basic::ConsumeOk { consumer_tag: tag.into() })
}

fn reply_cancel_ok(end: &mut End, to: amqp_proto::ReplyToken) -> Result<(), UsageError> {
    end.channel().reply(to, &basic::CancelOk { consumer_tag: "c".into() })
}

/// The client is told of one delivery with this tag, and does nothing about it.
fn is_told(end: &mut End, octets: &[u8], delivery_tag: u64) {
    let events = end.takes(octets);
    let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(content.deliver().unwrap().delivery_tag, delivery_tag);
    assert_eq!(hex(&end.sent()), "");
}

fn a_client_takes_deliveries_at_any_time() {
    let mut end = End::client_channel();
    let consume = end.channel().call(&asked("c", false)).unwrap().unwrap();
    end.sent();
    is_told(&mut end, &delivery(1), 1); // against the rule
    assert_eq!(answered(&end.takes(&consume_ok("c"))), [consume]);
    is_told(&mut end, &delivery(2), 2);
    let cancel = end.channel().call(&cancelled("c", false)).unwrap().unwrap();
    end.sent();
    is_told(&mut end, &delivery(3), 3);
    assert_eq!(answered(&end.takes(&cancel_ok("c"))), [cancel]);
    is_told(&mut end, &delivery(4), 4); // against the rule
    // Without a reply the end can't be seen: deliveries may be on their way.
    end.channel().call(&asked("c", true)).unwrap();
    end.channel().call(&cancelled("c", true)).unwrap();
    end.sent();
    is_told(&mut end, &delivery(5), 5);
    assert_eq!(end.channel().unacked(), 5);
}

fn a_server_delivers_from_consume_ok_to_cancel_ok() {
    let mut end = End::server_channel();
    assert_eq!(deliver_to(&mut end, "c"), Err(UNKNOWN));
    let to = token(&end.takes(&consume_and_wait("c")));
    assert_eq!(deliver_to(&mut end, "c"), Err(UNKNOWN));
    let begun = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    assert_eq!(end.channel().start_deliver(&begun, Properties::EMPTY, 1), Err(UNKNOWN));
    assert_eq!(hex(&end.sent()), "");
    reply_consume_ok(&mut end, to, "c").unwrap();
    assert_eq!(deliver_to(&mut end, "c"), Ok(1));
    assert_eq!(deliver_to(&mut end, "d"), Err(UNKNOWN));
    let to = token(&end.takes(&cancel("c", false)));
    assert_eq!(deliver_to(&mut end, "c"), Ok(2));
    reply_cancel_ok(&mut end, to).unwrap();
    assert_eq!(deliver_to(&mut end, "c"), Err(UNKNOWN));
    let sent = [consume_ok("c"), delivery(1), delivery(2), cancel_ok("c")];
    assert_eq!(hex(&end.sent()), hex(&sent.concat()));

    // Without replies the requests themselves are the limits.
    asked_without_reply(&end.takes(&consume(1, "c", false)));
    assert_eq!(deliver_to(&mut end, "c"), Ok(3));
    asked_without_reply(&end.takes(&cancel("c", true)));
    assert_eq!(deliver_to(&mut end, "c"), Err(UNKNOWN));
    assert_eq!(hex(&end.sent()), hex(&delivery(3)));
    a_consumer_begins_with_its_own_consume_ok();
    a_consume_ok_names_a_tag_that_is_free();
}

/// A tag may be used anew behind its cancel, before anything is answered.
fn a_consumer_begins_with_its_own_consume_ok() {
    for no_wait in [false, true] {
        let mut end = End::server_channel();
        let requests = [consume_and_wait("c"), cancel("c", no_wait), consume_and_wait("c")];
        let tokens = tokens(&end.takes(&requests.concat()));
        let mut sent = Vec::new();
        reply_consume_ok(&mut end, tokens[0], "c").unwrap();
        sent.extend(consume_ok("c"));
        // The second consumer hasn't begun, the first may get something until its cancel-ok.
        let delivered = deliver_to(&mut end, "c");
        assert_eq!(delivered, if no_wait { Err(UNKNOWN) } else { Ok(1) });
        if !no_wait {
            sent.extend(delivery(1));
            reply_cancel_ok(&mut end, tokens[1]).unwrap();
            sent.extend(cancel_ok("c"));
            assert_eq!(deliver_to(&mut end, "c"), Err(UNKNOWN));
        }
        let last = *tokens.last().unwrap();
        assert_eq!(reply_consume_ok(&mut end, last, "c"), Ok(()), "no-wait {no_wait}");
        let tag = delivered.map_or(1, |last| last + 1);
        assert_eq!(deliver_to(&mut end, "c"), Ok(tag));
        sent.extend([consume_ok("c"), delivery(tag)].concat());
        assert_eq!(hex(&end.sent()), hex(&sent));
    }
    // The second one has begun before the first one is answered.
    let mut end = End::server_channel();
    let requests = [consume_and_wait("c"), cancel("c", true), consume(1, "c", false)];
    let to = tokens(&end.takes(&requests.concat()))[0];
    assert_eq!(deliver_to(&mut end, "c"), Ok(1));
    assert_eq!(reply_consume_ok(&mut end, to, "c"), Ok(()));
    assert_eq!(deliver_to(&mut end, "c"), Ok(2));
    let sent = [delivery(1), consume_ok("c"), delivery(2)];
    assert_eq!(hex(&end.sent()), hex(&sent.concat()));
}

fn a_consume_ok_names_a_tag_that_is_free() {
    let mut end = End::server_channel();
    end.takes(&consume(1, "d", false));
    let to = token(&end.takes(&consume_and_wait("")));
    let needed = UsageError::NameNeeded { method: "basic.consume-ok" };
    assert_eq!(reply_consume_ok(&mut end, to, ""), Err(needed));
    assert_eq!(reply_consume_ok(&mut end, to, "d"), Err(IN_USE));
    assert_eq!(deliver_to(&mut end, "c"), Err(UNKNOWN));
    reply_consume_ok(&mut end, to, "c").unwrap();
    assert_eq!(deliver_to(&mut end, "c"), Ok(1));
    assert_eq!(hex(&end.sent()), hex(&[consume_ok("c"), delivery(1)].concat()));
    // Nor does any other tag stand for one that has a name.
    let to = token(&end.takes(&consume_and_wait("e")));
    assert_eq!(reply_consume_ok(&mut end, to, "d"), Err(UNKNOWN));
    assert_eq!(reply_consume_ok(&mut end, to, "f"), Err(UNKNOWN));
    reply_consume_ok(&mut end, to, "e").unwrap();
    assert_eq!(deliver_to(&mut end, "e"), Ok(2));
}

fn a_client_may_cancel_what_is_not_there() {
    let mut end = End::client_channel();
    let request = end.channel().call(&cancelled("c", false)).unwrap().unwrap();
    assert_eq!(end.channel().call(&cancelled("c", true)), Ok(None));
    assert_eq!(hex(&end.sent()), hex(&[cancel("c", false), cancel("c", true)].concat()));
    assert_eq!(answered(&end.takes(&cancel_ok("c"))), [request]);
    // Again and again.
    end.channel().call(&asked("c", true)).unwrap();
    let requests = [0; 2].map(|_| end.channel().call(&cancelled("c", false)).unwrap().unwrap());
    assert_eq!(answered(&end.takes(&cancel_ok("c").repeat(2))), requests);
}

fn a_server_answers_the_cancel_of_an_unknown_consumer() {
    let mut end = End::server_channel();
    end.takes(&consume(1, "d", false));
    let to = token(&end.takes(&cancel("c", false)));
    reply_cancel_ok(&mut end, to).unwrap();
    assert_eq!(hex(&end.sent()), hex(&cancel_ok("c")));
    asked_without_reply(&end.takes(&cancel("c", true)));
    assert_eq!(hex(&end.sent()), "");
    assert_eq!(deliver_to(&mut end, "d"), Ok(1));
}

fn a_client_takes_the_cancel_of_a_server() {
    let mut fresh = End::fresh_client();
    fresh.feed(&start("PLAIN"));
    let announced = b"\x16consumer_cancel_notifyt\x01";
    assert!(fresh.sent().windows(announced.len()).any(|octets| octets == announced));

    let mut end = End::client_channel();
    end.channel().call(&asked("c", true)).unwrap();
    end.sent();
    assert_eq!(end.channel().call(&asked("c", true)), Err(IN_USE));
    let events = end.takes(&cancel("c", true));
    assert_eq!(asked_without_reply(&events).kind(), MethodKind::BasicCancel);
    assert_eq!(hex(&end.sent()), "");
    // The tag is free again.
    end.channel().call(&asked("c", true)).unwrap();
    end.sent();
    let to = token(&end.takes(&cancel("c", false)));
    assert_eq!(hex(&end.sent()), "", "the application has to see it first");
    end.channel().call(&asked("c", true)).unwrap();
    end.sent();
    reply_cancel_ok(&mut end, to).unwrap();
    assert_eq!(hex(&end.sent()), hex(&cancel_ok("c")));
    let again = end.channel().reply(to, &basic::CancelOk { consumer_tag: "c".into() });
    assert_eq!(again, Err(UsageError::NotOldestRequest { channel: 1 }));
    // One that was never there.
    asked_without_reply(&end.takes(&cancel("d", true)));
    assert_eq!(end.channel().call(&asked("c", true)), Err(IN_USE));
}

fn a_server_cancels_where_the_client_has_announced_it() {
    let mut end = End::server_for(&["basic.nack"]).with_channel(1);
    end.takes(&consume(1, "c", false));
    for no_wait in [false, true] {
        let (method, capability) = ("basic.cancel", "consumer_cancel_notify");
        let refused = end.channel().call(&cancelled("c", no_wait));
        assert_eq!(refused, Err(UsageError::CapabilityMissing { method, capability }));
    }
    assert_eq!(hex(&end.sent()), "");
    assert_eq!(deliver_to(&mut end, "c"), Ok(1));

    let mut end = End::server_for(&["consumer_cancel_notify"]).with_channel(1);
    end.takes(&consume(1, "c", false));
    assert_eq!(end.channel().call(&cancelled("c", true)), Ok(None));
    assert_eq!(deliver_to(&mut end, "c"), Err(UNKNOWN));
    assert_eq!(hex(&end.sent()), hex(&cancel("c", true)));
    end.clone().closes(&cancel_ok("c"), "SYN-03", ReplyCode::COMMAND_INVALID);
    end.takes(&consume(1, "c", false));
    let request = end.channel().call(&cancelled("c", false)).unwrap().unwrap();
    assert_eq!(deliver_to(&mut end, "c"), Err(UNKNOWN));
    assert_eq!(hex(&end.sent()), hex(&cancel("c", false)));
    assert_eq!(answered(&end.takes(&cancel_ok("c"))), [request]);
}

fn cancels_cross_at_a_client() {
    let mut end = End::client_channel();
    end.channel().call(&asked("c", true)).unwrap();
    let request = end.channel().call(&cancelled("c", false)).unwrap().unwrap();
    // The tag may be used anew at once: the server's cancel isn't about that consumer.
    let consume = end.channel().call(&asked("c", false)).unwrap().unwrap();
    end.sent();
    let mut waits = end.clone();
    asked_without_reply(&end.takes(&cancel("c", true)));
    assert_eq!(end.channel().call(&asked("c", false)), Err(IN_USE));
    assert_eq!(
        answered(&end.takes(&[cancel_ok("c"), consume_ok("c")].concat())),
        [request, consume]
    );
    assert_eq!(end.channel().call(&asked("c", false)), Err(IN_USE));
    assert_eq!(hex(&end.sent()), "");

    // Both want a reply.
    let to = token(&waits.takes(&cancel("c", false)));
    assert_eq!(answered(&waits.takes(&cancel_ok("c"))), [request]);
    reply_cancel_ok(&mut waits, to).unwrap();
    assert_eq!(hex(&waits.sent()), hex(&cancel_ok("c")));
    assert_eq!(answered(&waits.takes(&consume_ok("c"))), [consume]);
}

fn cancels_cross_at_a_server() {
    for no_wait in [true, false] {
        let mut end = End::server_for(&["consumer_cancel_notify"]).with_channel(1);
        end.takes(&consume(1, "c", false));
        let request = end.channel().call(&cancelled("c", no_wait)).unwrap();
        assert_eq!(hex(&end.sent()), hex(&cancel("c", no_wait)));
        // The client has sent this before it has seen that.
        let events = end.takes(&[cancel("c", false), consume_and_wait("c")].concat());
        let [to, anew] = tokens(&events)[..] else { panic!("{:?}", lines(&events)) };
        reply_cancel_ok(&mut end, to).unwrap();
        assert_eq!(hex(&end.sent()), hex(&cancel_ok("c")));
        if let Some(request) = request {
            assert_eq!(answered(&end.takes(&cancel_ok("c"))), [request]);
        }
        reply_consume_ok(&mut end, anew, "c").unwrap();
        assert_eq!(deliver_to(&mut end, "c"), Ok(1));
    }
    // Without a reply to the client's there is nothing to answer.
    let mut end = End::server_for(&["consumer_cancel_notify"]).with_channel(1);
    end.takes(&consume(1, "c", false));
    end.channel().call(&cancelled("c", true)).unwrap();
    end.sent();
    asked_without_reply(&end.takes(&cancel("c", true)));
    assert_eq!(hex(&end.sent()), "");
}

/// basic.qos with the prefetch-count 2 at most.
fn qos(prefetch_size: u8, prefetch_count: u8, global: u8) -> Vec<u8> {
    method(1, 60, 10, &[0, 0, 0, prefetch_size, 0, prefetch_count, global])
}

fn a_client_tells_the_prefetch_and_does_not_judge_by_it() {
    let mut end = End::client_channel();
    end.channel().call(&asked("c", true)).unwrap();
    end.sent();
    let limits = basic::Qos { prefetch_count: 2, global: true, ..Default::default() };
    let request = end.channel().call(&limits).unwrap().unwrap();
    assert_eq!(hex(&end.sent()), hex(&qos(0, 2, 1)));
    assert_eq!(answered(&end.takes(&method(1, 60, 11, b""))), [request]);
    assert_eq!(end.channel().qos(), Some(limits));
    // What the count covers differs from broker to broker.
    for tag in 1..=3 {
        is_told(&mut end, &delivery(tag), tag);
    }
    assert_eq!(end.channel().unacked(), 3);
    let largest = basic::Qos { prefetch_size: u32::MAX, prefetch_count: u16::MAX, global: false };
    end.channel().call(&largest).unwrap();
    let expected = method(1, 60, 10, b"\xFF\xFF\xFF\xFF\xFF\xFF\0");
    assert_eq!(hex(&end.sent()), hex(&expected));
}

/// Delivers as long as the prefetch-count allows, the way an application does.
fn fill(end: &mut End) -> usize {
    let limit = end.channel().qos().map_or(0, |qos| usize::from(qos.prefetch_count));
    let before = end.channel().unacked();
    while end.channel().unacked() < limit {
        deliver_to(end, "c").unwrap();
    }
    end.channel().unacked() - before
}

fn a_server_knows_the_prefetch_and_what_is_unacked() {
    let mut end = End::server_channel().with_channel(2);
    end.takes(&consume(1, "c", false));
    assert_eq!(end.channel().qos(), None);
    let to = token(&end.takes(&qos(0, 3, 1)));
    let told = basic::Qos { prefetch_size: 0, prefetch_count: 3, global: true };
    assert_eq!((end.channel().qos(), end.channel_number(2).qos()), (Some(told), None));
    end.channel().reply(to, &basic::QosOk).unwrap();
    assert_eq!(fill(&mut end), 3);
    let sent = [method(1, 60, 11, b""), delivery(1), delivery(2), delivery(3)];
    assert_eq!(hex(&end.sent()), hex(&sent.concat()));
    assert_eq!(fill(&mut end), 0);
    // Acks make room, for one or for several.
    for (octets, room) in [
        (method(1, 60, 80, b"\0\0\0\0\0\0\0\x02\0"), 1),
        (method(1, 60, 90, b"\0\0\0\0\0\0\0\x01\0"), 1),
        (method(1, 60, 120, b"\0\0\0\0\0\0\0\x05\x01"), 3),
    ] {
        end.takes(&octets);
        assert_eq!(fill(&mut end), room, "{}", hex(&octets));
    }
    // What needs no ack takes no room.
    end.takes(&consume(1, "d", true));
    deliver_to(&mut end, "d").unwrap();
    assert_eq!(end.channel().unacked(), 3);
    // A smaller count holds from then on; a size is the application's to refuse.
    end.takes(&qos(1, 2, 0));
    let told = basic::Qos { prefetch_size: 1, prefetch_count: 2, global: false };
    assert_eq!(end.channel().qos(), Some(told));
    end.sent();
    end.connection.close(T0, ReplyCode::NOT_IMPLEMENTED, "size").unwrap();
    assert_eq!(hex(&end.sent()), hex(&connection_close(540, "size")));
}

fn a_client_takes_deliveries_to_nobody() {
    let mut end = End::client_channel();
    is_told(&mut end, &delivery(1), 1);
    // It is acked like any other.
    assert_eq!(end.channel().unacked(), 1);
    end.channel().send(&basic::Ack { delivery_tag: 1, multiple: false }).unwrap();
    assert_eq!(hex(&end.sent()), hex(&method(1, 60, 80, b"\0\0\0\0\0\0\0\x01\0")));
    // Just cancelled, by either side, with and without a reply.
    let gone: [fn(&mut End); 3] = [
        |end| assert_eq!(end.channel().call(&cancelled("c", true)), Ok(None)),
        |end| {
            end.channel().call(&cancelled("c", false)).unwrap();
            end.takes(&cancel_ok("c"));
        },
        |end| drop(end.takes(&cancel("c", true))),
    ];
    for (tag, gone) in (2..).zip(gone) {
        end.channel().call(&asked("c", true)).unwrap();
        gone(&mut end);
        end.sent();
        is_told(&mut end, &delivery(tag), tag);
        assert_eq!(end.channel().unacked(), usize::try_from(tag).unwrap() - 1);
    }
    // What would have needed no ack needs none now.
    let quiet = basic::Consume { no_ack: true, ..asked("c", true) };
    end.channel().call(&quiet).unwrap();
    end.channel().call(&cancelled("c", true)).unwrap();
    end.sent();
    is_told(&mut end, &delivery(9), 9);
    assert_eq!(end.channel().unacked(), 3);
    // The channel goes on.
    end.channel().call(&queue::Declare::default()).unwrap();
    assert_eq!(answered(&end.takes(&declare_ok(1, "q"))).len(), 1);
}
