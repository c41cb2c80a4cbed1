//! Requests that want no reply, and those that can't.

use amqp_proto::protocol::{MethodId, ReplyCode, basic, queue};
use amqp_proto::{Event, Initiator, UsageError};

use crate::common::*;
use crate::end::End;
use crate::syn_exchanges::{EXCHANGES, asked_without_reply, token, without_reply};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("SYN-05", a_client_expects_no_reply_where_it_wants_none),
    server("SYN-05", a_server_gives_no_reply_where_none_is_wanted),
    client("SYN-06", a_client_takes_the_end_of_a_channel_for_a_request_without_reply),
    server("SYN-06", a_server_can_refuse_a_request_without_reply),
    client("SYN-07", a_client_leaves_no_name_to_the_server_without_a_reply),
    client("SYN-09", a_client_waits_for_the_reply_where_there_is_no_no_wait),
    server("SYN-09", a_server_has_to_reply_where_there_is_no_no_wait),
];

fn a_client_expects_no_reply_where_it_wants_none() {
    for exchange in without_reply() {
        let mut end = exchange.client();
        assert_eq!((exchange.ask)(&mut end.channel(), true), Ok(None), "{}", exchange.name);
        assert_eq!(end.channel().pending_requests(), 0);
        assert_eq!(hex(&end.sent()), hex(&exchange.request_without_reply()));
        if exchange.name == "basic.cancel" {
            // Broker-J tells the end of a browser in this way.
            assert!(matches!(end.takes(&exchange.reply())[..], [Event::Notice(_)]));
        } else {
            end.closes(&exchange.reply(), "SYN-03", ReplyCode::COMMAND_INVALID);
        }
    }
}

fn a_server_gives_no_reply_where_none_is_wanted() {
    for exchange in without_reply() {
        let mut end = exchange.server();
        let events = end.takes(&exchange.request_without_reply());
        let (class_id, method_id, _) = exchange.request;
        let id = MethodId { class_id, method_id };
        assert_eq!(asked_without_reply(&events).octets()[..4], *id_octets(id));
        // It stands in nobody's way: the next request is the oldest.
        let to = token(&end.takes(&declare(1, "q")));
        end.channel().reply(to, &queue::DeclareOk::default()).unwrap();
        assert_eq!(hex(&end.sent()), hex(&declare_ok(1, "")), "{}", exchange.name);
    }
}

fn id_octets(id: MethodId) -> Vec<u8> {
    [id.class_id.to_be_bytes(), id.method_id.to_be_bytes()].concat()
}

/// channel.close with 404 that blames a method.
fn not_found(blamed: MethodId) -> Vec<u8> {
    method(1, 20, 40, &[b"\x01\x94\x02no", &id_octets(blamed)[..]].concat())
}

fn a_client_takes_the_end_of_a_channel_for_a_request_without_reply() {
    for exchange in without_reply() {
        let mut end = exchange.client();
        (exchange.ask)(&mut end.channel(), true).unwrap();
        end.sent();
        let (class_id, method_id, _) = exchange.request;
        let blamed = MethodId { class_id, method_id };
        let events = end.takes(&not_found(blamed));
        // No request waited for its reply, so none fails.
        let [Event::ChannelClosed { channel, reason }] = &events[..] else {
            panic!("{:?}", lines(&events))
        };
        assert_eq!((reason.initiator, reason.reply_code.0), (Initiator::Peer, 404));
        assert_eq!((channel.number(), reason.method), (1, blamed));
        assert_eq!(hex(&end.sent()), hex(&channel_close_ok(1)));
        end.with_channel(1);
    }
}

fn a_server_can_refuse_a_request_without_reply() {
    for exchange in without_reply() {
        let mut end = exchange.server();
        let events = end.takes(&exchange.request_without_reply());
        let asked = asked_without_reply(&events);
        end.channel().close_for(asked.kind(), ReplyCode::NOT_FOUND, "no").unwrap();
        let (class_id, method_id, _) = exchange.request;
        assert_eq!(hex(&end.sent()), hex(&not_found(MethodId { class_id, method_id })));
        end.ignores(&declare(1, "q"));
        let events = end.takes(&channel_close_ok(1));
        let [Event::ChannelClosed { reason, .. }] = &events[..] else {
            panic!("{:?}", lines(&events))
        };
        assert_eq!((reason.initiator, reason.reply_code.0), (Initiator::Local, 404));
    }
    // What the engine itself refuses, it refuses with and without a reply.
    let twice = [consume(1, "c", false), consume(1, "c", true)].concat();
    End::server_channel().closes(&twice, "NAM-07", ReplyCode::NOT_ALLOWED);
    let purge_what = method(1, 50, 30, b"\0\0\0\x01");
    End::server_channel().closes_channel(&purge_what, "NAM-05", ReplyCode::NOT_FOUND);
    let mut end = End::server_channel();
    end.takes(&method(1, 90, 10, b""));
    let confirm = method(1, 85, 10, b"\x01");
    end.closes_channel(&confirm, "CNF-05", ReplyCode::PRECONDITION_FAILED);
}

fn a_client_leaves_no_name_to_the_server_without_a_reply() {
    let needed = |method| Err(UsageError::NameNeeded { method });
    let consume = basic::Consume { queue: "q".into(), ..Default::default() };
    let mut end = End::client_channel();
    let mut channel = end.channel();
    let declare = queue::Declare { no_wait: true, ..Default::default() };
    assert_eq!(channel.call(&declare), needed("queue.declare"));
    let untagged = basic::Consume { no_wait: true, ..consume };
    assert_eq!(channel.call(&untagged), needed("basic.consume"));
    // Nothing has changed: no queue is the last one yet.
    assert_eq!((channel.pending_requests(), channel.last_queue()), (0, None));
    let purge = channel.call(&queue::Purge::default());
    assert_eq!(purge, Err(UsageError::NoQueueDeclared { method: "queue.purge", channel: 1 }));
    assert_eq!(hex(&end.sent()), "");

    // A name, or a reply that tells one, is enough.
    let mut channel = end.channel();
    assert!(matches!(channel.call(&consume), Ok(Some(_))));
    assert!(matches!(channel.call(&queue::Declare::default()), Ok(Some(_))));
    let named = queue::Declare { queue: "q".into(), no_wait: true, ..Default::default() };
    assert_eq!(channel.call(&named), Ok(None));
    // The queue of a consumer may be left out, its tag may not.
    let tagged = basic::Consume { no_wait: true, consumer_tag: "c".into(), ..Default::default() };
    assert_eq!(channel.call(&tagged), Ok(None));
    let sent = [
        method(1, 60, 20, b"\0\0\x01q\0\0\0\0\0\0"),
        method(1, 50, 10, b"\0\0\0\0\0\0\0\0"),
        method(1, 50, 10, b"\0\0\x01q\x10\0\0\0\0"),
        method(1, 60, 20, b"\0\0\0\x01c\x08\0\0\0\0"),
    ];
    assert_eq!(hex(&end.sent()), hex(&sent.concat()));
}

const ALWAYS_ANSWERED: [&str; 8] = [
    "queue.unbind",
    "basic.qos",
    "basic.get",
    "basic.get",
    "basic.recover",
    "tx.select",
    "tx.commit",
    "tx.rollback",
];

fn a_client_waits_for_the_reply_where_there_is_no_no_wait() {
    let always = EXCHANGES.iter().filter(|exchange| exchange.no_wait.is_none());
    let names: Vec<_> = always.clone().map(|exchange| exchange.name).collect();
    assert_eq!(names, ALWAYS_ANSWERED);
    for exchange in always {
        let mut end = exchange.client();
        let asked = (exchange.ask)(&mut end.channel(), true);
        assert!(matches!(asked, Ok(Some(_))), "{}", exchange.name);
        assert_eq!(end.channel().pending_requests(), 1);
        assert_eq!(hex(&end.sent()), hex(&exchange.request()), "{}", exchange.name);
    }
}

fn a_server_has_to_reply_where_there_is_no_no_wait() {
    for exchange in EXCHANGES.iter().filter(|exchange| exchange.no_wait.is_none()) {
        // A bit of one's own is an octet too many.
        let (class_id, method_id, arguments) = exchange.request;
        let longer = [arguments, b"\x01"].concat();
        let longer = method(1, class_id, method_id, &longer);
        exchange.server().closes(&longer, "MTH-05", ReplyCode::FRAME_ERROR);
        // Behind other bits of the method it is one that means nothing.
        let mut arguments = arguments.to_vec();
        if ["basic.qos", "basic.get", "basic.recover"].contains(&exchange.name) {
            *arguments.last_mut().unwrap() |= 0xFE;
        }
        let mut end = exchange.server();
        let to = token(&end.takes(&method(1, class_id, method_id, &arguments)));
        assert_eq!(hex(&end.sent()), "");
        (exchange.answer)(&mut end.channel(), to).unwrap();
        assert_eq!(hex(&end.sent()), hex(&exchange.reply()), "{}", exchange.name);
    }
}
