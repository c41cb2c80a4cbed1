//! What stops publishes and nothing else: channel.flow and connection.blocked. And update-secret, which
//! stops nothing at all.

use amqp_proto::protocol::{MethodKind, Properties, ReplyCode, basic, channel, queue};
use amqp_proto::wire::EncodeError;
use amqp_proto::{Decision, Event, Phase, UsageError};

use crate::ack::*;
use crate::common::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("FLW-01", a_stopped_client_publishes_nothing_there),
    server("FLW-01", a_stopped_server_delivers_nothing_there),
    client("FLW-02", a_client_asks_for_flow_and_knows_its_flow_ok),
    server("FLW-02", a_server_asks_for_flow_and_knows_its_flow_ok),
    client("FLW-03", a_blocked_client_does_all_but_publish),
    server("FLW-03", a_server_blocks_whom_it_may),
    client("FLW-04", a_client_takes_repeated_blocks),
    server("FLW-04", a_server_blocks_once),
    client("FLW-05", a_client_gives_a_new_secret),
    server("FLW-05", a_server_decides_on_a_new_secret),
];

fn flow(active: bool) -> Vec<u8> {
    method(1, 20, 20, &[u8::from(active)])
}

fn flow_ok(active: bool) -> Vec<u8> {
    method(1, 20, 21, &[u8::from(active)])
}

/// The peer asks for this and is answered at once.
fn is_asked(end: &mut End, active: bool) {
    let events = end.takes(&flow(active));
    let [Event::Notice(told)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(told.kind(), MethodKind::ChannelFlow);
    assert_eq!(hex(&end.sent()), hex(&flow_ok(active)));
    assert_eq!(end.channel().is_flow_stopped(), !active);
}

fn publish_on(end: &mut End, channel: u16) -> Result<(), UsageError> {
    let mut channel = end.channel_number(channel);
    channel.publish(&basic::Publish::default(), Properties::EMPTY, "body").map(drop)
}

/// An ack, a request, another channel, heartbeats in both directions, and a Close.
fn all_but_publishes_go_on(mut end: End) {
    sends(&mut end, Settle::Ack(1, false), 0);
    let declare = queue::Declare { queue: "q".into(), ..<_>::default() };
    end.channel().call(&declare).unwrap();
    assert_eq!(end.sent(), method(1, 50, 10, b"\0\0\x01q\0\0\0\0\0"));
    assert!(matches!(end.takes(&declare_ok(1, "q"))[..], [Event::Reply { .. }]));
    end.ignores(HEARTBEAT);
    end.wait_until(at(30));
    assert_eq!(end.sent(), HEARTBEAT);
    let opened = end.connection.open_channel().unwrap().number();
    assert_eq!(end.sent(), channel_open(opened));
    end.channel().close(ReplyCode(200), "").unwrap();
    assert_eq!(end.sent(), channel_close(1, 200, ""));
    end.connection.close(at(30), ReplyCode(200), "").unwrap();
    assert_eq!(end.sent(), connection_close(200, ""));
    assert_eq!(endings(&end.feed(&connection_close_ok())), 1);
}

fn a_stopped_client_publishes_nothing_there() {
    let mut end = client_with_deliveries(1).with_channel(2);
    let stopped = UsageError::FlowStopped { channel: 1 };
    is_asked(&mut end, false);
    is_asked(&mut end, false);
    assert_eq!(publish_on(&mut end, 1), Err(stopped));
    let publish = basic::Publish::default();
    let started = end.channel().start_publish(&publish, Properties::EMPTY, 4).map(drop);
    assert_eq!((started, hex(&end.sent())), (Err(stopped), String::new()));
    assert_eq!(publish_on(&mut end, 2), Ok(()));
    end.sent();
    all_but_publishes_go_on(end.clone());
    is_asked(&mut end, true);
    assert_eq!(publish_on(&mut end, 1), Ok(()));
    end.sent();

    // What has begun is finished first; each request is answered behind it.
    end.channel().start_publish(&publish, Properties::EMPTY, 4).unwrap();
    end.channel().send_body(b"bo").unwrap();
    end.sent();
    end.takes(&[flow(false), flow(true), flow(false)].concat());
    assert_eq!(hex(&end.sent()), "");
    end.channel().send_body(b"d").unwrap();
    end.channel().send_body(b"y").unwrap();
    let answers = [flow_ok(false), flow_ok(true), flow_ok(false)].concat();
    assert_eq!(hex(&end.sent()), hex(&[body(1, b"d"), body(1, b"y"), answers].concat()));
    assert_eq!(publish_on(&mut end, 1), Err(stopped));
}

fn a_stopped_server_delivers_nothing_there() {
    let mut end = server_with_deliveries(0);
    let stopped = UsageError::FlowStopped { channel: 1 };
    let events = end.takes(&[method(1, 60, 70, b"\0\0\x01q\0"), publish(1, "k")].concat());
    let [Event::Request { token: Some(get), .. }] = events[..] else {
        panic!("{:?}", lines(&events));
    };
    end.takes(&header(1, 0, BARE));
    // Its flow-ok waits behind the reply to the get (SYN-02), its effect doesn't.
    end.takes(&flow(false));
    assert_eq!(deliver_to(&mut end, "c"), Err(stopped));
    let mut channel = end.channel();
    let got = channel.get_ok(get, &basic::GetOk::default(), Properties::EMPTY, "");
    assert_eq!(got, Ok(1)); // which the specification excepts
    let mut channel = end.channel();
    let back = channel.return_message(&basic::Return::default(), Properties::EMPTY, "");
    assert_eq!(back, Err(stopped));
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..<_>::default() };
    let started = channel.start_deliver(&deliver, Properties::EMPTY, 4);
    assert_eq!(started, Err(stopped));
    let get_ok = method(1, 60, 71, b"\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0");
    let expected = [get_ok, header(1, 0, BARE), flow_ok(false)].concat();
    assert_eq!(hex(&end.sent()), hex(&expected));
    is_asked(&mut end, false);
    is_asked(&mut end, true);
    // Nothing that was refused has used up a tag.
    assert_eq!(end.channel().start_deliver(&deliver, Properties::EMPTY, 4), Ok(2));
    end.sent();
    end.takes(&[flow(false), flow(true)].concat());
    assert_eq!(hex(&end.sent()), "");
    end.channel().send_body(b"body").unwrap();
    let expected = [body(1, b"body"), flow_ok(false), flow_ok(true)].concat();
    assert_eq!(hex(&end.sent()), hex(&expected));
}

fn asks_for_flow(mut end: End) {
    for active in [false, true] {
        let request = end.channel().call(&channel::Flow { active }).unwrap();
        assert_eq!(hex(&end.sent()), hex(&flow(active)));
        let events = end.takes(&flow_ok(active));
        let [Event::Reply { request: answered, method }] = &events[..] else {
            panic!("{:?}", lines(&events));
        };
        assert_eq!((Some(*answered), method.kind()), (request, MethodKind::ChannelFlowOk));
        // One request, one reply; and asking stops the peer, not this side.
        assert!(!end.channel().is_flow_stopped());
        end.clone().closes(&flow_ok(active), "SYN-03", ReplyCode(503));
    }
    end.closes(&flow_ok(true), "SYN-03", ReplyCode(503));
}

fn a_client_asks_for_flow_and_knows_its_flow_ok() {
    End::client_channel().closes(&flow_ok(false), "SYN-03", ReplyCode(503));
    asks_for_flow(End::client_channel());
    is_asked(&mut End::client_channel(), false);
}

fn a_server_asks_for_flow_and_knows_its_flow_ok() {
    End::server_channel().closes(&flow_ok(false), "SYN-03", ReplyCode(503));
    asks_for_flow(End::server_channel());
    is_asked(&mut End::server_channel(), false);
}

fn blocked(reason: &str) -> Vec<u8> {
    method(0, 10, 60, &short(reason))
}

fn unblocked() -> Vec<u8> {
    method(0, 10, 61, b"")
}

/// The client is told, and answers nothing.
fn is_notified(end: &mut End, octets: &[u8], is_blocked: bool) {
    let events = end.takes(octets);
    let [Event::Notice(told)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(told.octets()[..], octets[7..octets.len() - 1]);
    assert_eq!((hex(&end.sent()), end.connection.is_blocked()), (String::new(), is_blocked));
}

fn a_blocked_client_does_all_but_publish() {
    let mut end = client_with_deliveries(1).with_channel(2);
    let publish = basic::Publish::default();
    end.channel_number(2).start_publish(&publish, Properties::EMPTY, 4).unwrap();
    end.sent();
    is_notified(&mut end, &blocked("low on memory"), true);
    assert_eq!(publish_on(&mut end, 1), Err(UsageError::Blocked));
    let started = end.channel().start_publish(&publish, Properties::EMPTY, 4).map(drop);
    assert_eq!((started, hex(&end.sent())), (Err(UsageError::Blocked), String::new()));
    // What has begun can be finished.
    end.channel_number(2).send_body(b"body").unwrap();
    assert_eq!(end.sent(), body(2, b"body"));
    assert_eq!(publish_on(&mut end, 2), Err(UsageError::Blocked));
    all_but_publishes_go_on(end.clone());
    is_notified(&mut end, &unblocked(), false);
    assert_eq!((publish_on(&mut end, 1), publish_on(&mut end, 2)), (Ok(()), Ok(())));
    for octets in [method(1, 10, 60, b"\0"), method(1, 10, 61, b"")] {
        End::client_channel().closes(&octets, "FRM-09", ReplyCode(503));
    }
    // It is the server's to send.
    let wrong = |method| Err(UsageError::WrongSide { method });
    let mut end = End::client();
    assert_eq!(end.connection.block(""), wrong("connection.blocked"));
    assert_eq!(end.connection.unblock(), wrong("connection.unblocked"));
    assert_eq!(hex(&end.sent()), "");
}

fn a_server_blocks_whom_it_may() {
    let mut end = End::server_for(&["connection.blocked"]);
    end.connection.block("low on memory").unwrap();
    assert_eq!(hex(&end.sent()), hex(&blocked("low on memory")));
    end.connection.unblock().unwrap();
    assert_eq!(hex(&end.sent()), hex(&unblocked()));
    let mut end = End::server();
    let missing = |method| {
        let capability = "connection.blocked";
        Err(UsageError::CapabilityMissing { method, capability })
    };
    assert_eq!(end.connection.block(""), missing("connection.blocked"));
    assert_eq!(end.connection.unblock(), missing("connection.unblocked"));
    assert_eq!(hex(&end.sent()), "");
    for octets in [blocked(""), unblocked()] {
        end.clone().closes(&octets, "MTH-03", ReplyCode(503));
    }
}

fn a_client_takes_repeated_blocks() {
    let mut end = End::client_channel();
    is_notified(&mut end, &unblocked(), false);
    for reason in ["low on memory", "low on disk", ""] {
        is_notified(&mut end, &blocked(reason), true);
        assert_eq!(publish_on(&mut end, 1), Err(UsageError::Blocked));
    }
    for _ in 0..2 {
        is_notified(&mut end, &unblocked(), false);
        assert_eq!(publish_on(&mut end, 1), Ok(()));
        end.sent();
    }
}

fn a_server_blocks_once() {
    let mut end = End::server_for(&["connection.blocked"]);
    end.connection.unblock().unwrap();
    assert_eq!(hex(&end.sent()), "");
    for _ in 0..2 {
        // A reason that doesn't fit has blocked nothing.
        let too_long = EncodeError::TooLong { field: "reason", len: 256, limit: 255 };
        assert_eq!(end.connection.block(&"x".repeat(256)), Err(UsageError::Encode(too_long)));
        end.connection.block("low on memory").unwrap();
        end.connection.block("low on disk").unwrap();
        assert_eq!(hex(&end.sent()), hex(&blocked("low on memory")));
        end.connection.unblock().unwrap();
        end.connection.unblock().unwrap();
        assert_eq!(hex(&end.sent()), hex(&unblocked()));
    }
}

fn update_secret(secret: &[u8], reason: &str) -> Vec<u8> {
    method(0, 10, 70, &[long(secret), short(reason)].concat())
}

fn a_client_gives_a_new_secret() {
    let mut end = client_with_deliveries(1);
    let first = end.connection.update_secret(b"token\0", "refreshed").unwrap();
    let second = end.connection.update_secret(b"", "").unwrap();
    let sent = [update_secret(b"token\0", "refreshed"), update_secret(b"", "")].concat();
    assert_eq!(hex(&end.sent()), hex(&sent));
    // Nothing waits for the reply.
    assert_eq!(publish_on(&mut end, 1), Ok(()));
    end.sent();
    all_but_publishes_go_on(end.clone());
    let ok = method(0, 10, 71, b"");
    for expected in [first, second] {
        let events = end.takes(&ok);
        let [Event::Reply { request, method }] = &events[..] else {
            panic!("{:?}", lines(&events));
        };
        let told = (*request, method.kind());
        assert_eq!(told, (expected, MethodKind::ConnectionUpdateSecretOk));
    }
    end.clone().closes(&ok, "SYN-03", ReplyCode(503));
    end.closes(&update_secret(b"token", ""), "MTH-03", ReplyCode(503));
}

fn a_server_decides_on_a_new_secret() {
    let mut end = End::server_channel();
    let events = end.takes(&[update_secret(b"token\0", "refreshed"), declare(1, "q")].concat());
    let [Event::UpdateSecret(told), Event::Request { .. }] = &events[..] else {
        panic!("{:?}", lines(&events));
    };
    assert_eq!((told.new_secret(), &told.reason()), (&b"token\0"[..], &"refreshed".into()));
    assert_eq!(hex(&end.sent()), "");
    let mut refusing = end.clone();
    end.connection.decide(Decision::Accept).unwrap();
    assert_eq!(hex(&end.sent()), hex(&method(0, 10, 71, b"")));
    assert_eq!(end.connection.decide(Decision::Accept), Err(UsageError::NothingToDecide));
    let refuse = Decision::Refuse { code: ReplyCode(403), text: "expired" };
    refusing.connection.decide(refuse).unwrap();
    assert_eq!(hex(&refusing.sent()), hex(&connection_close(403, "expired")));
    assert_eq!(refusing.connection.phase(), Phase::Closing);
    assert_eq!(endings(&refusing.feed(&connection_close_ok())), 1);
    // It is the client's to send.
    let wrong = UsageError::WrongSide { method: "connection.update-secret" };
    assert_eq!(end.connection.update_secret(b"", ""), Err(wrong));
    assert_eq!(hex(&end.sent()), "");
    end.closes(&method(0, 10, 71, b""), "MTH-03", ReplyCode(503));
}
