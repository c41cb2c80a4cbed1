//! The queue class.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers fail the test")]

use amqp_interop::{Client, declare, key, name};
use amqp_proto::protocol::{Method, MethodKind, Properties, basic, queue};
use amqp_proto::wire::TableBuf;
use amqp_proto::{Event, UsageError};

fn bind<'a>(queue: &'a str, routing_key: &'a str) -> queue::Bind<'a> {
    queue::Bind {
        queue: queue.into(),
        exchange: "amq.direct".into(),
        routing_key: routing_key.into(),
        ..Default::default()
    }
}

fn purge(queue: &str) -> queue::Purge<'_> {
    queue::Purge { queue: queue.into(), ..Default::default() }
}

fn delete(queue: &str) -> queue::Delete<'_> {
    queue::Delete { queue: queue.into(), ..Default::default() }
}

#[test]
fn declare_and_passive() {
    let mut client = Client::connect();
    let channel = client.open();
    let name = name("declared");
    let reply = client.call(channel, &declare(&name));
    let Method::QueueDeclareOk(ok) = reply.method() else { panic!("{reply}") };
    assert_eq!((ok.queue, ok.message_count, ok.consumer_count), (name.as_str().into(), 0, 0));
    client.publish(channel, &name, b"one");
    client.publish(channel, &name, b"two");
    client.await_count(channel, &name, 2, 0);
    let chosen = client.queue(channel);
    assert!(chosen.starts_with("amq.gen-"), "{chosen}");
    // An empty name stands for the queue that the channel declared last.
    client.ok(channel, &bind("", &name), MethodKind::QueueBindOk);
    client.close();
}

#[test]
fn bind_and_unbind() {
    let mut client = Client::connect();
    let channel = client.open();
    let (queue, routing_key) = (client.queue(channel), name("key"));
    client.ok(channel, &bind(&queue, &routing_key), MethodKind::QueueBindOk);
    let publish = basic::Publish { exchange: "amq.direct".into(), ..key(&routing_key) };
    client.on(channel).publish(&publish, Properties::default(), "routed").unwrap();
    assert_eq!(client.get(channel, &queue).unwrap().into_body(), "routed");
    let unbind = queue::Unbind {
        queue: queue.as_str().into(),
        exchange: "amq.direct".into(),
        routing_key: routing_key.as_str().into(),
        ..Default::default()
    };
    client.ok(channel, &unbind, MethodKind::QueueUnbindOk);
    client.on(channel).publish(&publish, Properties::default(), "dropped").unwrap();
    assert_eq!(client.get(channel, &queue), None);
    client.close();
}

#[test]
fn purge_and_delete_count_messages() {
    let mut client = Client::connect();
    let channel = client.open();
    let queue = client.queue(channel);
    for _ in 0..3 {
        client.publish(channel, &queue, b"x");
    }
    let reply = client.call(channel, &purge(&queue));
    let Method::QueuePurgeOk(ok) = reply.method() else { panic!("{reply}") };
    assert_eq!(ok.message_count, 3);
    client.publish(channel, &queue, b"x");
    client.publish(channel, &queue, b"x");
    let reply = client.call(channel, &delete(&queue));
    let Method::QueueDeleteOk(ok) = reply.method() else { panic!("{reply}") };
    assert_eq!(ok.message_count, 2);
    let reply = client.call(channel, &delete(&queue));
    let Method::QueueDeleteOk(ok) = reply.method() else { panic!("{reply}") };
    assert_eq!(ok.message_count, 0, "deleting what isn't there is no fault in RabbitMQ");
    client.close();
}

#[test]
fn delete_if_empty_and_if_unused() {
    let mut client = Client::connect();
    for (condition, fault) in [
        (queue::Delete { if_empty: true, ..Default::default() }, "not empty"),
        (queue::Delete { if_unused: true, ..Default::default() }, "in use"),
    ] {
        let channel = client.open();
        let queue = client.queue(channel);
        client.publish(channel, &queue, b"x");
        client.ok(channel, &amqp_interop::consume(&queue), MethodKind::BasicConsumeOk);
        client.content(MethodKind::BasicDeliver);
        if condition.if_empty {
            client.publish(channel, &queue, b"y");
            client.content(MethodKind::BasicDeliver);
            let cancel =
                basic::Cancel { consumer_tag: queue.as_str().into(), ..Default::default() };
            client.ok(channel, &cancel, MethodKind::BasicCancelOk);
            client.publish(channel, &queue, b"z");
        }
        let request =
            client.request(channel, &queue::Delete { queue: queue.as_str().into(), ..condition });
        client.next("the request's failure", |event| match event {
            Event::RequestFailed { channel: on, request: failed } => {
                assert_eq!((*on, *failed), (Some(channel), request));
                Some(())
            }
            _ => None,
        });
        let reason = client.channel_closed(channel);
        assert_eq!(reason.reply_code.0, 406);
        assert!(reason.text.contains(fault), "{reason}");
    }
    client.close();
}

#[test]
fn without_a_reply() {
    let mut client = Client::connect();
    let channel = client.open();
    let (queue, routing_key) = (name("no-wait"), name("key"));
    client.no_wait(channel, &queue::Declare { no_wait: true, ..declare(&queue) });
    client.await_count(channel, &queue, 0, 0);
    client.no_wait(channel, &queue::Bind { no_wait: true, ..bind(&queue, &routing_key) });
    let publish = basic::Publish { exchange: "amq.direct".into(), ..key(&routing_key) };
    client.on(channel).publish(&publish, Properties::default(), "routed").unwrap();
    client.await_count(channel, &queue, 1, 0);
    client.no_wait(channel, &queue::Purge { no_wait: true, ..purge(&queue) });
    client.await_count(channel, &queue, 0, 0);
    client.no_wait(channel, &queue::Delete { no_wait: true, ..delete(&queue) });
    let passive = queue::Declare { passive: true, ..declare(&queue) };
    client.request(channel, &passive);
    client.wait_for("the request's failure", |event| {
        matches!(event, Event::RequestFailed { .. }).then_some(())
    });
    assert_eq!(client.channel_closed(channel).reply_code.0, 404);
    client.close();
}

#[test]
fn names_that_would_stay_unknown_are_refused() {
    let mut client = Client::connect();
    let channel = client.open();
    let refused = client.on(channel).call(&queue::Declare { no_wait: true, ..declare("") });
    assert_eq!(refused, Err(UsageError::NameNeeded { method: "queue.declare" }));
    let consume = basic::Consume { no_wait: true, ..Default::default() };
    let refused = client.on(channel).call(&consume);
    assert_eq!(refused, Err(UsageError::NameNeeded { method: "basic.consume" }));
    let long = "n".repeat(256);
    let refused = client.on(channel).call(&declare(&long));
    assert!(matches!(refused, Err(UsageError::Encode(_))), "{refused:?}");
    client.check_alive(channel);
    let longest = &long[..255];
    client.ok(channel, &declare(longest), MethodKind::QueueDeclareOk);
    client.close();
}

#[test]
fn requests_are_pipelined_and_answered_in_order() {
    let mut client = Client::connect();
    let (one, other) = (client.open(), client.open());
    let names: Vec<_> = (0..200).map(|_| name("pipelined")).collect();
    let mut requests = Vec::new();
    for name in &names {
        requests.push((client.request(one, &declare(name)), MethodKind::QueueDeclareOk));
        requests.push((client.request(one, &bind(name, name)), MethodKind::QueueBindOk));
        requests.push((client.request(one, &purge(name)), MethodKind::QueuePurgeOk));
        requests.push((client.request(one, &delete(name)), MethodKind::QueueDeleteOk));
    }
    assert_eq!(client.on(one).pending_requests(), 800);
    // Another channel doesn't wait for them.
    client.check_alive(other);
    for (request, kind) in requests {
        client.next("the replies in order", |event| match event {
            Event::Reply { request: answered, method } => {
                assert_eq!((*answered, method.kind()), (request, kind));
                Some(())
            }
            _ => None,
        });
    }
    assert_eq!(client.on(one).pending_requests(), 0);
    client.close();
}

#[test]
fn too_many_requests_are_refused_until_replies_come() {
    let mut config = amqp_interop::Broker::from_env().config();
    config.limits.open_requests = 2;
    let mut client = Client::connect_with(config);
    let channel = client.open();
    let names = [name("first"), name("second"), name("third")];
    let first = client.request(channel, &declare(&names[0]));
    let second = client.request(channel, &declare(&names[1]));
    let refused = client.on(channel).call(&declare(&names[2]));
    assert_eq!(refused, Err(UsageError::TooManyRequests { limit: 2 }));
    client.no_wait(channel, &queue::Declare { no_wait: true, ..declare(&names[2]) });
    client.reply(first);
    client.reply(second);
    client.await_count(channel, &names[2], 0, 0);
    client.close();
}

#[test]
fn arguments_are_obeyed() {
    let mut client = Client::connect();
    let channel = client.open();
    let name = name("bounded");
    let arguments = TableBuf::new()
        .with("x-max-length", 2)
        .and_then(|table| table.with("x-message-ttl", 60_000_i64))
        .and_then(|table| table.with("x-overflow", "drop-head"))
        .unwrap();
    let bounded = queue::Declare { arguments: arguments.as_table(), ..declare(&name) };
    client.ok(channel, &bounded, MethodKind::QueueDeclareOk);
    for body in [b"1", b"2", b"3"] {
        client.publish(channel, &name, body);
    }
    assert_eq!(client.get(channel, &name).unwrap().into_body(), "2");
    assert_eq!(client.get(channel, &name).unwrap().into_body(), "3");
    assert_eq!(client.get(channel, &name), None);
    client.close();
}
