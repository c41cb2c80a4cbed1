//! Requests and replies: what answers what, and what may come between.

use amqp_proto::protocol::{Properties, ReplyCode, basic, confirm, queue};
use amqp_proto::{Event, UsageError};

use crate::common::*;
use crate::end::End;
use crate::syn_exchanges::{
    EXCHANGES, Exchange, FLOW, answered, call, cancel, cancel_ok, flow, flow_ok, token,
};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("SYN-01", each_request_of_a_client_has_its_own_reply),
    server("SYN-01", a_server_answers_each_request_with_its_own_reply),
    client("SYN-03", a_client_refuses_replies_that_it_didn_t_ask_for),
    server("SYN-03", a_server_refuses_replies_that_it_didn_t_ask_for_and_gives_none),
    client("SYN-04", a_client_takes_what_comes_between_request_and_reply),
    server("SYN-04", a_server_sends_what_comes_between_request_and_reply),
    client("SYN-08", a_client_waits_for_the_reply_to_recover_alone),
    server("SYN-08", a_server_replies_to_recover_alone),
    server("SYN-12", a_server_replies_when_the_application_says_so),
];

fn each_request_of_a_client_has_its_own_reply() {
    for asked in EXCHANGES {
        let mut end = asked.client();
        let request = (asked.ask)(&mut end.channel(), false).unwrap().unwrap();
        assert_eq!(hex(&end.sent()), hex(&asked.request()), "{}", asked.name);
        for other in EXCHANGES {
            let mut end = end.clone();
            let reply = other.reply();
            if other.name == asked.name {
                assert_eq!(answered(&end.takes(&reply)), [request], "{}", asked.name);
                assert_eq!(end.channel().pending_requests(), 0);
            } else if other.name == "basic.cancel" {
                // Broker-J tells the end of a browser in this way: it answers nothing.
                assert!(matches!(end.takes(&reply)[..], [Event::Notice(_)]), "{}", asked.name);
                assert_eq!(end.channel().pending_requests(), 1);
            } else {
                end.closes(&reply, "SYN-03", ReplyCode::COMMAND_INVALID);
            }
        }
    }
}

fn a_server_answers_each_request_with_its_own_reply() {
    for asked in EXCHANGES {
        let mut end = asked.server();
        let to = token(&end.takes(&asked.request()));
        for other in EXCHANGES {
            let mut end = end.clone();
            let result = (other.answer)(&mut end.channel(), to);
            if other.name != asked.name {
                let (request, reply) = (asked.name, other.reply_name);
                assert_eq!(result, Err(UsageError::WrongReply { request, reply }));
                assert_eq!(hex(&end.sent()), "");
                // The request still waits.
                (asked.answer)(&mut end.channel(), to).unwrap();
                assert_eq!(hex(&end.sent()), hex(&asked.reply()), "{}", asked.name);
            } else {
                assert_eq!(result, Ok(()), "{}", asked.name);
                assert_eq!(hex(&end.sent()), hex(&other.reply()), "{}", asked.name);
            }
        }
    }
}

fn a_client_refuses_replies_that_it_didn_t_ask_for() {
    let unasked = [
        channel_open_ok(1),
        flow_ok(true),
        method(0, 10, 71, b""), // update-secret-ok
    ];
    let replies = EXCHANGES.iter().filter(|exchange| exchange.name != "basic.cancel");
    for reply in replies.map(|exchange| exchange.reply()).chain(unasked) {
        End::client_channel().closes(&reply, "SYN-03", ReplyCode::COMMAND_INVALID);
        // What another channel has asked for isn't asked for here.
        let mut end = End::client_channel().with_channel(2);
        for exchange in EXCHANGES.iter().filter(|exchange| !exchange.name.starts_with("tx.")) {
            (exchange.ask)(&mut end.channel_number(2), false).ok();
        }
        end.closes(&reply, "SYN-03", ReplyCode::COMMAND_INVALID);
    }
    for exchange in EXCHANGES.iter().filter(|exchange| exchange.name != "basic.cancel") {
        let mut end = exchange.client();
        (exchange.ask)(&mut end.channel(), false).unwrap();
        end.takes(&exchange.reply());
        end.closes(&exchange.reply(), "SYN-03", ReplyCode::COMMAND_INVALID);
    }
    // The one exception, of which the application is told: Broker-J ends browsers in this way.
    let mut end = End::client_channel();
    assert!(matches!(end.takes(&cancel_ok("c"))[..], [Event::Notice(_)]));
}

fn a_server_refuses_replies_that_it_didn_t_ask_for_and_gives_none() {
    let code = ReplyCode::COMMAND_INVALID;
    End::server_channel().closes(&flow_ok(true), "SYN-03", code);
    End::server_channel().closes(&cancel_ok("c"), "SYN-03", code);
    let mut end = End::server_for(&["consumer_cancel_notify"]).with_channel(1).with_channel(2);
    end.takes(&consume(1, "c", false));
    let flow = end.channel().call(&FLOW).unwrap().unwrap();
    let cancel = basic::Cancel { consumer_tag: "c".into(), no_wait: false };
    let cancel = end.channel().call(&cancel).unwrap().unwrap();
    end.channel_number(2).call(&FLOW).unwrap();
    assert_eq!(answered(&end.takes(&[flow_ok(true), cancel_ok("c")].concat())), [flow, cancel]);
    end.clone().closes(&flow_ok(true), "SYN-03", code);
    end.closes(&cancel_ok("c"), "SYN-03", code);

    // Each request is answered once, on its channel, in the channel's life.
    let mut end = End::server_channel().with_channel(2);
    let ok = queue::DeclareOk { queue: "q".into(), ..Default::default() };
    let not_oldest = |channel| Err(UsageError::NotOldestRequest { channel });
    let to = token(&end.takes(&declare(1, "q")));
    assert_eq!(end.channel_number(2).reply(to, &ok), not_oldest(2));
    end.channel().reply(to, &ok).unwrap();
    assert_eq!(end.channel().reply(to, &ok), not_oldest(1));
    let to = token(&end.takes(&declare(1, "q")));
    end.takes(&[channel_close(1, 200, ""), channel_open(1), declare(1, "q")].concat());
    assert_eq!(end.channel().reply(to, &ok), not_oldest(1));
    let sent = [declare_ok(1, "q"), channel_close_ok(1), channel_open_ok(1)];
    assert_eq!(hex(&end.sent()), hex(&sent.concat()));
}

const EMPTY_MESSAGE: Properties<'_> = Properties::EMPTY;

/// basic.ack, nack of a publish.
fn confirmed(method_id: u16, delivery_tag: u64) -> Vec<u8> {
    method(1, 60, method_id, &[&delivery_tag.to_be_bytes()[..], b"\0"].concat())
}

/// All that a server may send without being asked, on channel 1: two confirms, contents, a cancel, a
/// flow that stops nothing, and what concerns the whole connection.
fn unasked() -> [Vec<u8>; 8] {
    [
        [deliver(1, 1), header(1, 0, BARE)].concat(),
        [method(1, 60, 50, b"\x01\x38\0\0\x01k"), header(1, 0, BARE)].concat(),
        confirmed(80, 1),
        confirmed(120, 2),
        cancel("c", true),
        flow(true),
        method(0, 10, 60, b"\x01m"),
        method(0, 10, 61, b""),
    ]
}

fn a_client_takes_what_comes_between_request_and_reply() {
    let told = |event: &Event| match event {
        Event::Content(content) => content.kind().name(),
        Event::Confirmed { .. } => "confirmed",
        Event::Request { method, token: None } | Event::Notice(method) => method.kind().name(),
        _ => "?",
    };
    let expected = [
        "basic.deliver",
        "basic.return",
        "confirmed",
        "confirmed",
        "basic.cancel",
        "channel.flow",
        "connection.blocked",
        "connection.unblocked",
    ];
    let mut end = End::client_channel();
    let mut channel = end.channel();
    let consume =
        basic::Consume { queue: "q".into(), consumer_tag: "c".into(), ..Default::default() };
    channel.call(&basic::Consume { no_wait: true, ..consume }).unwrap();
    channel.call(&confirm::Select { no_wait: true }).unwrap();
    for _ in 0..2 {
        channel.publish(&basic::Publish::default(), EMPTY_MESSAGE, "").unwrap();
    }
    // Each of them alone behind each request, but where a tag would be there twice.
    let is_apart = |exchange: &&Exchange| {
        !exchange.name.starts_with("tx.")
            && !["basic.consume-ok", "basic.get-ok"].contains(&exchange.reply_name)
    };
    for exchange in EXCHANGES.iter().filter(is_apart) {
        for (octets, name) in unasked().iter().zip(expected) {
            let mut end = end.clone();
            let request = (exchange.ask)(&mut end.channel(), false).unwrap().unwrap();
            let events = end.takes(octets);
            assert_eq!(events.iter().map(told).collect::<Vec<_>>(), [name]);
            assert_eq!(end.channel().pending_requests(), 1);
            assert_eq!(answered(&end.takes(&exchange.reply())), [request], "{name}");
        }
    }
    let request = call(&mut end, "queue.declare");
    end.sent();
    let mut events = end.takes(&[&unasked().concat()[..], &declare_ok(1, "q")].concat());
    assert_eq!(answered(&events.split_off(8)), [request]);
    assert_eq!(events.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(hex(&end.sent()), hex(&flow_ok(true)));
}

fn a_server_sends_what_comes_between_request_and_reply() {
    let able = ["consumer_cancel_notify", "basic.nack", "connection.blocked"];
    let mut end = End::server_for(&able).with_channel(1);
    let publish = [publish(1, "k"), header(1, 0, BARE)].concat();
    let before = [consume(1, "c", false), method(1, 85, 10, b"\x01"), publish.repeat(2)];
    end.takes(&before.concat());
    let to = token(&end.takes(&declare(1, "q")));
    let mut channel = end.channel();
    let deliver =
        basic::Deliver { consumer_tag: "c".into(), routing_key: "q".into(), ..Default::default() };
    channel.deliver(&deliver, EMPTY_MESSAGE, "").unwrap();
    let back =
        basic::Return { reply_code: ReplyCode(312), routing_key: "k".into(), ..Default::default() };
    channel.return_message(&back, EMPTY_MESSAGE, "").unwrap();
    channel.send(&basic::Ack { delivery_tag: 1, multiple: false }).unwrap();
    channel.send(&basic::Nack { delivery_tag: 2, ..Default::default() }).unwrap();
    channel.call(&basic::Cancel { consumer_tag: "c".into(), no_wait: true }).unwrap();
    channel.call(&FLOW).unwrap();
    // What concerns the connection is ahead of channels.
    end.connection.block("m").unwrap();
    end.connection.unblock().unwrap();
    end.channel().reply(to, &queue::DeclareOk { queue: "q".into(), ..Default::default() }).unwrap();
    let sent = frames(&end.sent());
    let (own, all): (Vec<_>, Vec<_>) = sent.into_iter().partition(|(_, channel, _)| *channel == 1);
    let expected = [&unasked()[..6].concat()[..], &declare_ok(1, "q")].concat();
    assert_eq!(own, frames(&expected));
    assert_eq!(all, frames(&unasked()[6..].concat()));
}

fn a_client_waits_for_the_reply_to_recover_alone() {
    let recover_ok = method(1, 60, 111, b"");
    for requeue in [false, true] {
        let mut end = End::client_channel();
        let request = end.channel().call(&basic::Recover { requeue }).unwrap().unwrap();
        assert_eq!(hex(&end.sent()), hex(&method(1, 60, 110, &[requeue.into()])));
        assert_eq!(end.channel().pending_requests(), 1);
        assert_eq!(answered(&end.takes(&recover_ok)), [request]);

        end.channel().send(&basic::RecoverAsync { requeue }).unwrap();
        assert_eq!(hex(&end.sent()), hex(&method(1, 60, 100, &[requeue.into()])));
        assert_eq!(end.channel().pending_requests(), 0);
        end.closes(&recover_ok, "SYN-03", ReplyCode::COMMAND_INVALID);
    }
}

fn a_server_replies_to_recover_alone() {
    for requeue in [0, 1] {
        let mut end = End::server_channel();
        let to = token(&end.takes(&method(1, 60, 110, &[requeue])));
        assert_eq!(hex(&end.sent()), "");
        end.channel().reply(to, &basic::RecoverOk).unwrap();
        assert_eq!(hex(&end.sent()), hex(&method(1, 60, 111, b"")));
        let events = end.takes(&method(1, 60, 100, &[requeue]));
        assert!(matches!(events[..], [Event::Notice(_)]), "{:?}", lines(&events));
        assert_eq!(hex(&end.sent()), "");
    }
    // A server that knows no recovery to the same consumer.
    let mut end = End::server_channel();
    end.takes(&method(1, 60, 110, b"\0"));
    end.connection.close(T0, ReplyCode::NOT_IMPLEMENTED, "").unwrap();
    assert_eq!(hex(&end.sent()), hex(&connection_close(540, "")));
}

/// Only the application knows when others can see what a request has done.
fn a_server_replies_when_the_application_says_so() {
    for exchange in EXCHANGES {
        let mut end = exchange.server();
        let to = token(&end.takes(&exchange.request()));
        // Whatever comes and however long it takes.
        let events = end.takes(&[publish(1, "k"), header(1, 0, BARE)].concat());
        assert!(matches!(events[..], [Event::Content(_)]), "{:?}", lines(&events));
        assert_eq!(end.wait_until(at(29)).len(), 0);
        assert_eq!(hex(&end.sent()), "", "{}", exchange.name);
        (exchange.answer)(&mut end.channel(), to).unwrap();
        assert_eq!(hex(&end.sent()), hex(&exchange.reply()), "{}", exchange.name);
    }
}
