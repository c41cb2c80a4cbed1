//! The basic class: consumers, gets, acks.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers fail the test")]

use amqp_interop::{Client, consume, declare, key, name};
use amqp_proto::protocol::{Method, MethodKind, Notice, Properties, PropertiesBuf, basic, queue};
use amqp_proto::{ChannelId, Content, Event};

/// Gets a message that is to be acked.
fn get(client: &mut Client, channel: ChannelId, queue: &str) -> Option<Content> {
    client.get_with(channel, &basic::Get { queue: queue.into(), ..Default::default() })
}

/// What a get-ok says: delivery-tag, redelivered, messages left.
fn told(content: &Content) -> (u64, bool, u32) {
    let ok = content.get_ok().unwrap();
    (ok.delivery_tag, ok.redelivered, ok.message_count)
}

#[track_caller]
fn send(client: &mut Client, channel: ChannelId, method: &impl Notice) {
    client.on(channel).send(method).unwrap();
    client.check_alive(channel);
}

fn cancel(tag: &str) -> basic::Cancel<'_> {
    basic::Cancel { consumer_tag: tag.into(), ..Default::default() }
}

#[test]
fn get_tells_what_is_left() {
    let mut client = Client::connect();
    let channel = client.open();
    let queue = client.queue(channel);
    assert_eq!(client.get(channel, &queue), None);
    client.publish(channel, &queue, b"first");
    client.publish(channel, &queue, b"second");
    let message = client.get(channel, &queue).unwrap();
    assert_eq!(told(&message), (1, false, 1));
    assert_eq!(message.get_ok().unwrap().exchange, "");
    assert_eq!(message.get_ok().unwrap().routing_key, queue.as_str());
    assert_eq!((message.channel(), message.kind()), (channel, MethodKind::BasicGetOk));
    assert_eq!(message.header().body_size, 5);
    assert_eq!(message.to_detached(), message);
    assert_eq!(client.get(channel, &queue).unwrap().into_body(), "second");
    assert_eq!(client.get(channel, &queue), None);
    client.close();
}

#[test]
fn ack_one_and_several() {
    let mut client = Client::connect();
    let channel = client.open();
    let queue = client.queue(channel);
    for number in 0..5_u8 {
        client.publish(channel, &queue, &[number]);
    }
    for number in 0..5_u8 {
        assert_eq!(get(&mut client, channel, &queue).unwrap().into_body(), &[number][..]);
    }
    send(&mut client, channel, &basic::Ack { delivery_tag: 2, multiple: false });
    send(&mut client, channel, &basic::Ack { delivery_tag: 4, multiple: true });
    client.on(channel).close(200.into(), "").unwrap();
    client.channel_closed(channel);
    let channel = client.open();
    let left = get(&mut client, channel, &queue).unwrap();
    assert_eq!((told(&left), left.into_body()), ((1, true, 0), vec![4].into()));
    // 0 with multiple: everything.
    send(&mut client, channel, &basic::Ack { delivery_tag: 0, multiple: true });
    client.on(channel).close(200.into(), "").unwrap();
    client.channel_closed(channel);
    let channel = client.open();
    client.await_count(channel, &queue, 0, 0);
    client.close();
}

#[test]
fn reject_and_nack() {
    let mut client = Client::connect();
    let channel = client.open();
    let queue = client.queue(channel);
    client.publish(channel, &queue, b"message");
    let tag = told(&get(&mut client, channel, &queue).unwrap()).0;
    send(&mut client, channel, &basic::Reject { delivery_tag: tag, requeue: true });
    let (tag, redelivered, _) = told(&get(&mut client, channel, &queue).unwrap());
    assert_eq!((tag, redelivered), (2, true));
    send(&mut client, channel, &basic::Nack { delivery_tag: tag, multiple: false, requeue: true });
    let tag = told(&get(&mut client, channel, &queue).unwrap()).0;
    send(&mut client, channel, &basic::Reject { delivery_tag: tag, requeue: false });
    assert_eq!(get(&mut client, channel, &queue), None);
    client.publish(channel, &queue, b"one");
    client.publish(channel, &queue, b"two");
    get(&mut client, channel, &queue).unwrap();
    let tag = told(&get(&mut client, channel, &queue).unwrap()).0;
    send(&mut client, channel, &basic::Nack { delivery_tag: tag, multiple: true, requeue: false });
    client.on(channel).close(200.into(), "").unwrap();
    client.channel_closed(channel);
    let channel = client.open();
    client.await_count(channel, &queue, 0, 0);
    client.close();
}

#[test]
fn recover_brings_messages_back() {
    let mut client = Client::connect();
    let channel = client.open();
    let queue = client.queue(channel);
    client.publish(channel, &queue, b"message");
    assert!(!told(&get(&mut client, channel, &queue).unwrap()).1);
    client.ok(channel, &basic::Recover { requeue: true }, MethodKind::BasicRecoverOk);
    assert!(told(&get(&mut client, channel, &queue).unwrap()).1);
    send(&mut client, channel, &basic::RecoverAsync { requeue: true });
    assert!(told(&get(&mut client, channel, &queue).unwrap()).1);
    client.close();
}

#[test]
fn consume_and_cancel() {
    let mut client = Client::connect();
    let channel = client.open();
    let queue = client.queue(channel);
    client.publish(channel, &queue, b"before");
    client.ok(channel, &consume(&queue), MethodKind::BasicConsumeOk);
    assert_eq!(client.count(channel, &queue).1, 1);
    client.publish(channel, &queue, b"after");
    for (number, body) in [(1, "before"), (2, "after")] {
        let message = client.content(MethodKind::BasicDeliver);
        let deliver = message.deliver().unwrap();
        assert_eq!((deliver.delivery_tag, deliver.redelivered), (number, false));
        assert_eq!(
            (deliver.consumer_tag, deliver.routing_key),
            (deliver.routing_key, queue.as_str().into())
        );
        assert_eq!((message.request(), message.into_body()), (None, body.into()));
    }
    send(&mut client, channel, &basic::Ack { delivery_tag: 2, multiple: true });
    let reply = client.call(channel, &cancel(&queue));
    let Method::BasicCancelOk(ok) = reply.method() else { panic!("{reply}") };
    assert_eq!(ok.consumer_tag, queue.as_str());
    client.publish(channel, &queue, b"kept");
    client.await_count(channel, &queue, 1, 0);
    client.close();
}

#[test]
fn the_broker_can_choose_the_consumer_tag() {
    let mut client = Client::connect();
    let channel = client.open();
    let queue = client.queue(channel);
    let chosen = basic::Consume { consumer_tag: "".into(), exclusive: true, ..consume(&queue) };
    let reply = client.call(channel, &chosen);
    let Method::BasicConsumeOk(ok) = reply.method() else { panic!("{reply}") };
    let tag = ok.consumer_tag.to_string();
    assert!(tag.starts_with("amq.ctag-"), "{tag}");
    client.ok(channel, &cancel(&tag), MethodKind::BasicCancelOk);
    client.close();
}

#[test]
fn without_a_reply() {
    let mut client = Client::connect();
    let channel = client.open();
    let queue = client.queue(channel);
    let no_wait = basic::Consume { no_wait: true, no_ack: true, ..consume(&queue) };
    client.no_wait(channel, &no_wait);
    client.await_count(channel, &queue, 0, 1);
    client.publish(channel, &queue, b"delivered");
    assert_eq!(client.content(MethodKind::BasicDeliver).into_body(), "delivered");
    client.no_wait(channel, &basic::Cancel { no_wait: true, ..cancel(&queue) });
    client.await_count(channel, &queue, 0, 0);
    client.close();
}

#[test]
fn qos_bounds_what_is_delivered() {
    let mut client = Client::connect();
    let channel = client.open();
    let queue = client.queue(channel);
    for global in [false, true] {
        let qos = basic::Qos { prefetch_count: 3, global, ..Default::default() };
        client.ok(channel, &qos, MethodKind::BasicQosOk);
    }
    for number in 0..10_u8 {
        client.publish(channel, &queue, &[number]);
    }
    client.ok(channel, &consume(&queue), MethodKind::BasicConsumeOk);
    for _ in 0..3 {
        client.content(MethodKind::BasicDeliver);
    }
    client.await_count(channel, &queue, 7, 1);
    client.on(channel).send(&basic::Ack { delivery_tag: 2, multiple: true }).unwrap();
    for _ in 0..2 {
        client.content(MethodKind::BasicDeliver);
    }
    client.await_count(channel, &queue, 5, 1);
    client.close();
}

#[test]
fn the_broker_cancels_consumers_of_a_deleted_queue() {
    let mut client = Client::connect();
    let channel = client.open();
    let queue = name("shared");
    let shared = queue::Declare { exclusive: false, auto_delete: true, ..declare(&queue) };
    client.ok(channel, &shared, MethodKind::QueueDeclareOk);
    client.ok(channel, &consume(&queue), MethodKind::BasicConsumeOk);

    let mut other = Client::connect();
    let elsewhere = other.open();
    let delete = queue::Delete { queue: queue.as_str().into(), ..Default::default() };
    other.ok(elsewhere, &delete, MethodKind::QueueDeleteOk);
    other.close();

    client.next("basic.cancel", |event| match event {
        Event::Request { token: None, method } => {
            let Method::BasicCancel(cancel) = method.method() else { return None };
            assert_eq!((cancel.consumer_tag, cancel.no_wait), (queue.as_str().into(), true));
            assert_eq!(method.channel(), Some(channel));
            Some(())
        }
        _ => None,
    });
    client.check_alive(channel);
    client.close();
}

#[test]
fn replies_come_by_the_direct_way() {
    let mut client = Client::connect();
    let channel = client.open();
    let queue = client.queue(channel);
    let own = basic::Consume { no_ack: true, ..consume("amq.rabbitmq.reply-to") };
    client.ok(channel, &own, MethodKind::BasicConsumeOk);
    let question = PropertiesBuf::new().with_reply_to("amq.rabbitmq.reply-to").unwrap();
    client.on(channel).publish(&key(&queue), &question, "question").unwrap();
    let question = client.get(channel, &queue).unwrap();
    let way = question.properties().reply_to().unwrap().to_string();
    assert!(way.starts_with("amq.rabbitmq.reply-to."), "{way}");
    client.on(channel).publish(&key(&way), Properties::default(), "answer").unwrap();
    assert_eq!(client.content(MethodKind::BasicDeliver).into_body(), "answer");
    client.close();
}
