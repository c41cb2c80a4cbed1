//! The exchange class, and access.request from before it.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers fail the test")]

use amqp_interop::{Client, name};
use amqp_proto::ChannelId;
use amqp_proto::protocol::{MethodKind, Properties, access, basic, exchange, queue};
use amqp_proto::wire::TableBuf;

/// An exchange that ends with its last binding.
fn declare<'a>(exchange: &'a str, kind: &'a str) -> exchange::Declare<'a> {
    exchange::Declare {
        exchange: exchange.into(),
        r#type: kind.into(),
        auto_delete: true,
        ..Default::default()
    }
}

fn delete(exchange: &str) -> exchange::Delete<'_> {
    exchange::Delete { exchange: exchange.into(), ..Default::default() }
}

fn bind<'a>(queue: &'a str, exchange: &'a str, key: &'a str) -> queue::Bind<'a> {
    queue::Bind {
        queue: queue.into(),
        exchange: exchange.into(),
        routing_key: key.into(),
        ..Default::default()
    }
}

#[track_caller]
fn publish(client: &mut Client, channel: ChannelId, exchange: &str, key: &str) {
    let publish =
        basic::Publish { exchange: exchange.into(), routing_key: key.into(), ..Default::default() };
    client.on(channel).publish(&publish, Properties::default(), "body").unwrap();
}

#[test]
fn declare_passive_and_delete() {
    let mut client = Client::connect();
    let channel = client.open();
    for kind in ["direct", "fanout", "topic", "headers"] {
        let name = name(kind);
        let declare = declare(&name, kind);
        client.ok(channel, &declare, MethodKind::ExchangeDeclareOk);
        let passive = exchange::Declare { passive: true, ..declare };
        client.ok(channel, &passive, MethodKind::ExchangeDeclareOk);
        client.ok(channel, &delete(&name), MethodKind::ExchangeDeleteOk);
        // Deleting what isn't there is no fault in RabbitMQ.
        client.ok(channel, &delete(&name), MethodKind::ExchangeDeleteOk);
    }
    client.close();
}

#[test]
fn delete_if_unused() {
    let mut client = Client::connect();
    let channel = client.open();
    let (name, queue) = (name("used"), client.queue(channel));
    client.ok(channel, &declare(&name, "fanout"), MethodKind::ExchangeDeclareOk);
    client.ok(channel, &bind(&queue, &name, ""), MethodKind::QueueBindOk);
    let if_unused = exchange::Delete { if_unused: true, ..delete(&name) };
    client.request(channel, &if_unused);
    client.wait_for("the request's failure", |event| {
        matches!(event, amqp_proto::Event::RequestFailed { .. }).then_some(())
    });
    let reason = client.channel_closed(channel);
    assert_eq!(reason.reply_code.0, 406);
    assert!(reason.text.contains("in use"), "{reason}");

    let channel = client.open();
    client.ok(channel, &delete(&name), MethodKind::ExchangeDeleteOk);
    client.close();
}

#[test]
fn internal_and_durable_exchanges_with_arguments() {
    let mut client = Client::connect();
    let channel = client.open();
    let (alternate, name) = (name("alternate"), name("main"));
    let queue = client.queue(channel);
    let internal =
        exchange::Declare { internal: true, durable: true, ..declare(&alternate, "fanout") };
    client.ok(channel, &internal, MethodKind::ExchangeDeclareOk);
    client.ok(channel, &bind(&queue, &alternate, ""), MethodKind::QueueBindOk);
    let arguments = TableBuf::new().with("alternate-exchange", alternate.as_str()).unwrap();
    let main = exchange::Declare { arguments: arguments.as_table(), ..declare(&name, "direct") };
    client.ok(channel, &main, MethodKind::ExchangeDeclareOk);
    publish(&mut client, channel, &name, "nobody");
    let message = client.get(channel, &queue).unwrap();
    assert_eq!(message.get_ok().unwrap().exchange, name.as_str());
    assert_eq!(message.get_ok().unwrap().routing_key, "nobody");
    client.ok(channel, &delete(&name), MethodKind::ExchangeDeleteOk);
    client.ok(channel, &delete(&alternate), MethodKind::ExchangeDeleteOk);
    client.close();
}

#[test]
fn exchanges_are_bound_to_exchanges() {
    let mut client = Client::connect();
    let channel = client.open();
    let (source, destination) = (name("source"), name("destination"));
    let queue = client.queue(channel);
    client.ok(channel, &declare(&source, "topic"), MethodKind::ExchangeDeclareOk);
    client.ok(channel, &declare(&destination, "fanout"), MethodKind::ExchangeDeclareOk);
    client.ok(channel, &bind(&queue, &destination, ""), MethodKind::QueueBindOk);
    let bind = exchange::Bind {
        destination: destination.as_str().into(),
        source: source.as_str().into(),
        routing_key: "a.*".into(),
        ..Default::default()
    };
    client.ok(channel, &bind, MethodKind::ExchangeBindOk);
    publish(&mut client, channel, &source, "a.b");
    publish(&mut client, channel, &source, "b.b");
    assert_eq!(client.get(channel, &queue).unwrap().get_ok().unwrap().routing_key, "a.b");
    assert_eq!(client.get(channel, &queue), None);

    let unbind = exchange::Unbind {
        destination: bind.destination,
        source: bind.source,
        routing_key: bind.routing_key,
        ..Default::default()
    };
    client.ok(channel, &unbind, MethodKind::ExchangeUnbindOk);
    // The source had this one binding, so it is gone by itself; the other goes with the queue.
    let passive = exchange::Declare { passive: true, ..declare(&source, "topic") };
    client.request(channel, &passive);
    client.wait_for("the request's failure", |event| {
        matches!(event, amqp_proto::Event::RequestFailed { .. }).then_some(())
    });
    assert_eq!(client.channel_closed(channel).reply_code.0, 404);
    client.close();
}

#[test]
fn without_a_reply() {
    let mut client = Client::connect();
    let channel = client.open();
    let (source, destination) = (name("source"), name("destination"));
    for name in [&source, &destination] {
        let declare = exchange::Declare { no_wait: true, ..declare(name, "fanout") };
        client.no_wait(channel, &declare);
        let passive = exchange::Declare { passive: true, no_wait: false, ..declare };
        client.ok(channel, &passive, MethodKind::ExchangeDeclareOk);
    }
    let queue = client.queue(channel);
    client.ok(channel, &bind(&queue, &destination, ""), MethodKind::QueueBindOk);
    let bind = exchange::Bind {
        destination: destination.as_str().into(),
        source: source.as_str().into(),
        no_wait: true,
        ..Default::default()
    };
    client.no_wait(channel, &bind);
    publish(&mut client, channel, &source, "");
    assert!(client.get(channel, &queue).is_some());
    let unbind = exchange::Unbind {
        destination: bind.destination,
        source: bind.source,
        no_wait: true,
        ..Default::default()
    };
    // An auto-delete exchange would be gone with its last binding: keep another one.
    let keep = exchange::Bind { routing_key: "kept".into(), no_wait: false, ..bind };
    let drop = exchange::Unbind { routing_key: "kept".into(), no_wait: false, ..unbind };
    client.ok(channel, &keep, MethodKind::ExchangeBindOk);
    client.ok(channel, &drop, MethodKind::ExchangeUnbindOk);
    client.no_wait(channel, &unbind);
    let again = exchange::Declare { no_wait: true, ..declare(&source, "fanout") };
    client.no_wait(channel, &again);
    publish(&mut client, channel, &source, "");
    assert_eq!(client.get(channel, &queue), None, "unbound");

    client.no_wait(channel, &exchange::Delete { no_wait: true, ..delete(&source) });
    client.no_wait(channel, &exchange::Delete { no_wait: true, ..delete(&destination) });
    client.request(channel, &exchange::Declare { passive: true, ..declare(&source, "fanout") });
    client.wait_for("the request's failure", |event| {
        matches!(event, amqp_proto::Event::RequestFailed { .. }).then_some(())
    });
    assert_eq!(client.channel_closed(channel).reply_code.0, 404);
    client.close();
}

#[test]
fn tickets_are_still_handed_out() {
    let mut client = Client::connect();
    let channel = client.open();
    let request = access::Request {
        realm: "/data".into(),
        active: true,
        write: true,
        read: true,
        ..Default::default()
    };
    let reply = client.call(channel, &request);
    let amqp_proto::protocol::Method::AccessRequestOk(ok) = reply.method() else {
        panic!("{reply}")
    };
    assert_eq!(ok.ticket, 1);
    client.close();
}
