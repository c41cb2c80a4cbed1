//! Names that the broker judges.
//!
//! Which names exist and which may be made only a broker knows. The engine of a client sends any, and tells
//! what the server makes of it; the engine of a server tells any, and closes the channel as it is told.

use amqp_proto::protocol::{Method, PropertiesBuf, ReplyCode, basic, exchange, queue};
use amqp_proto::wire::ShortStr;
use amqp_proto::{
    CloseDetail, Connection, Decision, Event, Initiator, MethodEvent, Phase, ReplyToken, UsageError,
};

use crate::common::*;
use crate::end::End;
use crate::fields::*;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("NAM-01", a_client_sends_names_of_exchanges_and_is_told_406),
    server("NAM-01", a_server_tells_names_of_exchanges_and_refuses_with_406),
    client("NAM-02", a_client_sends_names_of_queues_and_learns_those_of_the_server),
    server("NAM-02", a_server_tells_names_of_queues_and_makes_those_that_are_empty),
    client("NAM-03", a_client_is_told_that_reserved_names_are_refused),
    server("NAM-03", a_server_refuses_reserved_names_with_403),
    client("NAM-04", a_client_publishes_to_the_default_exchange),
    server("NAM-04", a_server_tells_the_default_exchange_and_refuses_it_elsewhere),
    client("NAM-06", a_client_opens_the_virtual_host_it_is_given),
    server("NAM-06", a_server_lets_the_application_judge_virtual_hosts),
];

/// Some that the rules allow, up to 127 octets, and some that only brokers do.
fn names() -> Vec<String> {
    let names = ["a-b_c.d:Z9", "", "amq.x", "a b", "a/b", "a\0b\r\n", "é"].map(String::from);
    names.into_iter().chain([127, 128, 255].map(|len| "x".repeat(len))).collect()
}

fn exchange_declare(name: &str) -> Vec<u8> {
    let arguments = [b"\0\0", &short(name)[..], b"\x06direct\0\0\0\0\0"];
    method(1, 40, 10, &arguments.concat())
}

fn exchange_delete(name: &str) -> Vec<u8> {
    method(1, 40, 20, &[b"\0\0", &short(name)[..], b"\0"].concat())
}

/// channel.close that blames a method.
fn close_blaming(code: u16, text: &str, class_id: u8, method_id: u8) -> Vec<u8> {
    let blamed = [0, class_id, 0, method_id];
    method(1, 20, 40, &[&code.to_be_bytes(), &short(text)[..], &blamed].concat())
}

/// The server refuses what this client has asked: the request fails, and the channel is closed.
pub(crate) fn is_told_the_refusal(end: &mut End, code: u16, class_id: u8, method_id: u8) {
    let events = end.takes(&close_blaming(code, "no", class_id, method_id));
    let [Event::RequestFailed { .. }, Event::ChannelClosed { reason, .. }] = &events[..] else {
        panic!("{:?}", lines(&events))
    };
    assert_eq!((reason.initiator, reason.reply_code), (Initiator::Peer, ReplyCode(code)));
    let blamed = (reason.method.class_id, reason.method.method_id);
    assert_eq!(blamed, (class_id.into(), method_id.into()));
    assert_eq!(end.sent(), channel_close_ok(1));
    assert_eq!(end.connection.phase(), Phase::Open);
}

/// The request that comes of these octets.
pub(crate) fn asked(end: &mut End, octets: &[u8]) -> (ReplyToken, MethodEvent) {
    let mut events = end.takes(octets);
    match (events.pop(), &events[..]) {
        (Some(Event::Request { token: Some(token), method }), []) => (token, method),
        (event, _) => panic!("{event:?}"),
    }
}

/// The application refuses the request that comes of these octets.
fn refuses_request(end: &End, octets: &[u8], code: u16) {
    let mut end = end.clone();
    let (token, _) = asked(&mut end, octets);
    let (class_id, method_id) = (octets[8], octets[10]);
    end.channel().fail(token, ReplyCode(code), "no").unwrap();
    assert_eq!(end.sent(), close_blaming(code, "no", class_id, method_id));
    let events = end.takes(&channel_close_ok(1));
    let [Event::ChannelClosed { reason, .. }] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!((reason.initiator, reason.reply_code), (Initiator::Local, ReplyCode(code)));
    assert_eq!(end.connection.phase(), Phase::Open);
}

fn a_client_sends_names_of_exchanges_and_is_told_406() {
    for name in names() {
        let mut end = End::client_channel();
        let declare = exchange::Declare {
            exchange: name.as_str().into(),
            r#type: "direct".into(),
            ..Default::default()
        };
        end.channel().call(&declare).unwrap();
        assert_eq!(end.sent(), exchange_declare(&name));
        is_told_the_refusal(&mut end, 406, 40, 10);
        let mut end = End::client_channel();
        let delete = exchange::Delete { exchange: name.as_str().into(), ..Default::default() };
        end.channel().call(&delete).unwrap();
        assert_eq!(end.sent(), exchange_delete(&name));
        is_told_the_refusal(&mut end, 406, 40, 20);
    }
}

fn a_server_tells_names_of_exchanges_and_refuses_with_406() {
    let end = End::server_channel();
    for name in names() {
        let (_, event) = asked(&mut end.clone(), &exchange_declare(&name));
        let Method::ExchangeDeclare(declare) = event.method() else { panic!("{event}") };
        assert_eq!(declare.exchange, name.as_str());
        let (_, event) = asked(&mut end.clone(), &exchange_delete(&name));
        let Method::ExchangeDelete(delete) = event.method() else { panic!("{event}") };
        assert_eq!(delete.exchange, name.as_str());
        refuses_request(&end, &exchange_declare(&name), 406);
        refuses_request(&end, &exchange_delete(&name), 406);
    }
}

fn a_client_sends_names_of_queues_and_learns_those_of_the_server() {
    for name in names() {
        let mut end = End::client_channel();
        let declared = queue::Declare { queue: name.as_str().into(), ..Default::default() };
        end.channel().call(&declared).unwrap();
        assert_eq!(end.sent(), declare(1, &name));
        // Only an empty name leaves the choice to the server.
        let known = if name.is_empty() { None } else { Some(ShortStr::from(&name)) };
        assert_eq!(end.channel().last_queue(), known);
        let mut refused = end.clone();
        is_told_the_refusal(&mut refused, 406, 50, 10);
        let answer = if name.is_empty() { "amq.gen-1" } else { &name };
        let event = end.takes(&declare_ok(1, answer)).remove(0);
        let Event::Reply { method, .. } = &event else { panic!("{event}") };
        let Method::QueueDeclareOk(ok) = method.method() else { panic!("{method}") };
        assert_eq!(ok.queue, answer);
        assert_eq!(end.channel().last_queue(), Some(answer.into()));
    }
    // A name that nobody would be told.
    let mut end = End::client_channel();
    let refused = end.channel().call(&queue::Declare { no_wait: true, ..Default::default() });
    assert_eq!(refused, Err(UsageError::NameNeeded { method: "queue.declare" }));
    assert_eq!(end.sent(), b"");
}

fn a_server_tells_names_of_queues_and_makes_those_that_are_empty() {
    let end = End::server_channel();
    for name in names() {
        let mut end = end.clone();
        let (token, event) = asked(&mut end, &declare(1, &name));
        let Method::QueueDeclare(declared) = event.method() else { panic!("{event}") };
        assert_eq!(declared.queue, name.as_str());
        let answer = if name.is_empty() { "amq.gen-1" } else { &name };
        if name.is_empty() {
            let nameless = end.channel().reply(token, &queue::DeclareOk::default());
            assert_eq!(nameless, Err(UsageError::NameNeeded { method: "queue.declare-ok" }));
        }
        let ok = queue::DeclareOk { queue: answer.into(), ..Default::default() };
        end.channel().reply(token, &ok).unwrap();
        assert_eq!(end.sent(), declare_ok(1, answer));
        assert_eq!(end.channel().last_queue(), Some(answer.into()));
    }
    for name in ["a b", &"x".repeat(128)] {
        refuses_request(&end, &declare(1, name), 406);
    }
}

fn a_client_is_told_that_reserved_names_are_refused() {
    let mut end = End::client_channel();
    let amq = exchange::Declare {
        exchange: "amq.new".into(),
        r#type: "direct".into(),
        ..Default::default()
    };
    end.channel().call(&amq).unwrap();
    assert_eq!(end.sent(), exchange_declare("amq.new"));
    is_told_the_refusal(&mut end, 403, 40, 10);
    let mut end = End::client_channel();
    end.channel().call(&queue::Declare { queue: "amq.new".into(), ..Default::default() }).unwrap();
    assert_eq!(end.sent(), declare(1, "amq.new"));
    is_told_the_refusal(&mut end, 403, 50, 10);
    // To ask for one that is there is legal.
    let mut end = End::client_channel();
    end.channel().call(&exchange::Declare { passive: true, ..amq }).unwrap();
    let passive = [b"\0\0", &short("amq.new")[..], b"\x06direct\x01\0\0\0\0"].concat();
    assert_eq!(end.sent(), method(1, 40, 10, &passive));
    assert_eq!(end.takes(&method(1, 40, 11, b"")).len(), 1);
}

fn a_server_refuses_reserved_names_with_403() {
    let end = End::server_channel();
    refuses_request(&end, &exchange_declare("amq.new"), 403);
    refuses_request(&end, &declare(1, "amq.new"), 403);
    // The engine itself refuses none: a passive declare of one that is there is answered.
    let mut end = end;
    let passive = [b"\0\0", &short("amq.topic")[..], b"\x05topic\x01\0\0\0\0"].concat();
    let (token, event) = asked(&mut end, &method(1, 40, 10, &passive));
    let Method::ExchangeDeclare(declare) = event.method() else { panic!("{event}") };
    assert!(declare.passive && declare.exchange == "amq.topic");
    end.channel().reply(token, &exchange::DeclareOk).unwrap();
    assert_eq!(end.sent(), method(1, 40, 11, b""));
}

/// queue.bind of `q` to the exchange without a name.
fn bind_to_default() -> Vec<u8> {
    method(1, 50, 20, b"\0\0\x01q\0\x01k\0\0\0\0\0")
}

fn a_client_publishes_to_the_default_exchange() {
    let mut end = End::client_channel();
    let by_queue = basic::Publish { routing_key: "q".into(), ..Default::default() };
    end.channel().publish(&by_queue, &PropertiesBuf::new(), "").unwrap();
    assert_eq!(end.sent(), [method(1, 60, 40, b"\0\0\0\x01q\0"), header(1, 0, BARE)].concat());
    // Elsewhere it is for the server to refuse.
    let bind = queue::Bind { queue: "q".into(), routing_key: "k".into(), ..Default::default() };
    end.channel().call(&bind).unwrap();
    assert_eq!(end.sent(), bind_to_default());
    is_told_the_refusal(&mut end, 403, 50, 20);
    // A delivery tells it as it came.
    let delivery = [deliver(1, 1), header(1, 0, BARE)].concat();
    let event = only_event(&End::client_channel(), &delivery);
    let Event::Content(content) = &event else { panic!("{event}") };
    assert_eq!((content.exchange(), content.routing_key()), ("".into(), "q".into()));
}

fn a_server_tells_the_default_exchange_and_refuses_it_elsewhere() {
    let end = End::server_channel();
    let content = takes_content(&end, BARE);
    assert_eq!((content.exchange(), content.routing_key()), ("".into(), "k".into()));
    refuses_request(&end, &exchange_declare(""), 403);
    refuses_request(&end, &exchange_delete(""), 403);
    refuses_request(&end, &bind_to_default(), 403);
    // exchange.bind and exchange.unbind.
    refuses_request(&end, &method(1, 40, 30, b"\0\0\0\x01x\0\0\0\0\0\0"), 403);
    refuses_request(&end, &method(1, 40, 40, b"\0\0\x01x\0\0\0\0\0\0\0"), 403);
}

/// A client that opens this virtual host, tuned; and what it writes then.
fn tuned_client(virtual_host: &str) -> (End, Vec<Event>) {
    let mut config = plain();
    config.virtual_host = virtual_host.into();
    let mut end = End::new(Connection::client(config, T0));
    end.takes(&start("PLAIN"));
    end.sent();
    let events = end.feed(&tune(2047, 131_072, 60));
    (end, events)
}

fn a_client_opens_the_virtual_host_it_is_given() {
    // 127 octets are what the specification allows, 255 what RabbitMQ takes and a path can say.
    for name in ["/", "", "a/b é", &"v".repeat(127), &"v".repeat(128), &"v".repeat(255)] {
        let (mut end, events) = tuned_client(name);
        assert_eq!(lines(&events), [""; 0]);
        assert_eq!(end.sent(), [tune_ok(2047, 131_072, 60), open(name)].concat());
    }
    assert_eq!(plain().virtual_host, "/");
    // More is neither sent nor cut.
    let (mut end, events) = tuned_client(&"v".repeat(256));
    let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(reason.initiator, Initiator::Local);
    assert!(reason.text.contains("virtual-host: 256 octets"), "{reason}");
    assert!(!frames(&end.sent()).iter().any(|frame| frame.2.starts_with(b"\0\x0A\0\x28")));
    assert_eq!(end.connection.phase(), Phase::Closed);
}

fn a_server_lets_the_application_judge_virtual_hosts() {
    for name in ["/", "", "a/b é", &"v".repeat(127), &"v".repeat(255)] {
        let mut end = End::fresh_server();
        let login = [start_ok("PLAIN", b"\0guest\0guest"), tune_ok(2047, 131_072, 60)].concat();
        end.takes(&[PROTOCOL_HEADER, &login].concat());
        end.sent();
        let mut refused = end.clone();
        let events = end.takes(&open(name));
        let [Event::VirtualHost(event), Event::Connected] = &events[..] else {
            panic!("{:?}", lines(&events))
        };
        assert_eq!(event.name(), name);
        assert_eq!(end.sent(), open_ok());

        refused.connection.handle_slice(T0, &open(name));
        let event = refused.connection.poll_event();
        assert!(matches!(event, Some(Event::VirtualHost(_))));
        let refusal = Decision::Refuse { code: ReplyCode(530), text: "no" };
        refused.connection.decide(refusal).unwrap();
        assert_eq!(refused.sent(), connection_close(530, "no"));
        let events = refused.feed(&connection_close_ok());
        let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!(reason.detail, CloseDetail::VirtualHostRefused);
    }
}
