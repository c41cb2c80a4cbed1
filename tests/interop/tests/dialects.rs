//! Whole sessions in 0-8, 0-9 and 0-9-1.
//!
//! RabbitMQ 3.10 speaks 0-8 as its specification has it, with queue.unbind and 0-9-1's basic.recover, and
//! nothing of its own extensions. Behind a header of 0-9 it speaks 0-9-1, all extensions included, and calls
//! that 0-9. Every dialect has access.request.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers fail the test")]

use core::time::Duration;
use std::thread;

use amqp_interop::{Broker, Client, consume, declare, key, name, octets};
use amqp_proto::protocol::Dialect::{V0_8, V0_9, V0_9_1};
use amqp_proto::protocol::{
    Dialect, Method, MethodKind, Properties, PropertiesBuf, ReplyCode, access, basic, channel,
    confirm, exchange, queue, tx,
};
use amqp_proto::wire::{TableBuf, Value};
use amqp_proto::{
    Capabilities, ChannelId, ClientConfig, CloseDetail, Content, Event, Fate, Heartbeat, Initiator,
    Mechanism, Phase, Profile, UsageError,
};

fn config(dialect: Dialect) -> ClientConfig {
    let mut config = Broker::from_env().config();
    config.dialect = dialect;
    config
}

/// A client with an open channel that doesn't know which broker it speaks to.
#[track_caller]
fn open_unknowing(dialect: Dialect) -> (Client, ChannelId) {
    let mut config = config(dialect);
    config.profile = Some(Profile::DEFAULT);
    let mut client = Client::connect_with(config);
    let channel = client.open();
    (client, channel)
}

/// A client with an open channel.
#[track_caller]
fn open(dialect: Dialect) -> (Client, ChannelId) {
    let mut client = Client::connect_with(config(dialect));
    assert_eq!(client.amqp.dialect(), dialect);
    let channel = client.open();
    (client, channel)
}

#[track_caller]
fn ack(client: &mut Client, channel: ChannelId, message: &Content) {
    let delivery_tag = match message.method() {
        Method::BasicDeliver(deliver) => deliver.delivery_tag,
        Method::BasicGetOk(get_ok) => get_ok.delivery_tag,
        _ => panic!("{message}"),
    };
    client.on(channel).send(&basic::Ack { delivery_tag, multiple: false }).unwrap();
}

#[track_caller]
fn get_unacked(client: &mut Client, channel: ChannelId, queue: &str) -> Content {
    client
        .get_with(channel, &basic::Get { queue: queue.into(), ..Default::default() })
        .unwrap_or_else(|| panic!("{queue} is empty"))
}

#[test]
fn each_mechanism_logs_in() {
    let broker = Broker::from_env();
    let (user, password) = (broker.user.as_str(), broker.password.as_str());
    for &dialect in Dialect::ALL {
        for mechanism in [
            Mechanism::plain(user, password),
            Mechanism::amqplain(user, password),
            Mechanism::rabbit_cr_demo(user, password),
        ] {
            let mut config = broker.config_with(vec![mechanism]);
            config.dialect = dialect;
            let mut client = Client::connect_with(config);
            assert_eq!(client.amqp.dialect(), dialect);
            let product = client.amqp.peer_properties().get("product");
            assert_eq!(product.and_then(|value| value.as_str()), Some("RabbitMQ"));
            let channel = client.open();
            client.check_alive(channel);
            client.close();
        }
    }
}

/// The broker takes a second to say no.
#[test]
fn each_mechanism_is_refused_with_a_wrong_password() {
    let broker = Broker::from_env();
    let user = broker.user.as_str();
    let refused = |dialect, mechanism: Mechanism| {
        let mut config = broker.config_with(vec![mechanism]);
        config.dialect = dialect;
        let reason = Client::start(config).closed();
        let told = (reason.initiator, reason.detail, reason.reply_code);
        let expected = (Initiator::Peer, CloseDetail::LoginRefused, ReplyCode::ACCESS_REFUSED);
        assert_eq!(told, expected, "{dialect}: {reason}");
    };
    thread::scope(|scope| {
        for &dialect in Dialect::ALL {
            for mechanism in [
                Mechanism::plain(user, "wrong"),
                Mechanism::amqplain(user, "wrong"),
                Mechanism::rabbit_cr_demo(user, "wrong"),
            ] {
                scope.spawn(move || refused(dialect, mechanism));
            }
        }
    });
}

/// The broker has extensions for 0-9-1 alone, and for what it takes to be the same.
#[test]
fn capabilities_are_told_but_in_0_8() {
    for (dialect, any) in [(V0_8, false), (V0_9, true), (V0_9_1, true)] {
        let client = Client::connect_with(config(dialect));
        let capabilities = client.amqp.capabilities();
        assert_eq!(capabilities != Capabilities::NONE, any, "{dialect}: {capabilities:?}");
        assert_eq!((capabilities.publisher_confirms, capabilities.basic_nack), (any, any));
        let told = client.amqp.peer_properties().get("capabilities");
        assert!(matches!(told, Some(Value::Table(table)) if table.is_empty() != any), "{told:?}");
        client.close();
    }
}

#[test]
fn exchanges_and_queues() {
    for &dialect in Dialect::ALL {
        let (mut client, channel) = open(dialect);
        let (exchange, queue) = (name("exchange"), name("queue"));
        let declare_exchange = exchange::Declare {
            exchange: exchange.as_str().into(),
            r#type: "topic".into(),
            ..Default::default()
        };
        client.ok(channel, &declare_exchange, MethodKind::ExchangeDeclareOk);
        let reply = client.call(channel, &declare(&queue));
        let Method::QueueDeclareOk(ok) = reply.method() else { panic!("{reply}") };
        assert_eq!((ok.queue, ok.message_count, ok.consumer_count), (queue.as_str().into(), 0, 0));
        let bind = queue::Bind {
            queue: queue.as_str().into(),
            exchange: exchange.as_str().into(),
            routing_key: "a.*".into(),
            ..Default::default()
        };
        client.ok(channel, &bind, MethodKind::QueueBindOk);

        let publish = basic::Publish { exchange: exchange.as_str().into(), ..key("a.b") };
        let mut headers = TableBuf::new();
        headers.insert("number", 7_i32).unwrap();
        let properties = PropertiesBuf::new().with_content_type("text/plain").unwrap();
        let properties = properties.with_headers(&headers).unwrap().with_priority(3);
        client.on(channel).publish(&publish, &properties, "body").unwrap();
        let message = client.get(channel, &queue).unwrap();
        let get_ok = message.get_ok().unwrap();
        assert_eq!((get_ok.delivery_tag, get_ok.redelivered, get_ok.message_count), (1, false, 0));
        let place = (message.exchange(), message.routing_key());
        assert_eq!(place, (exchange.as_str().into(), "a.b".into()));
        assert_eq!(
            (message.properties(), message.body()),
            (properties.as_properties(), &b"body"[..])
        );
        assert!(client.get(channel, &queue).is_none());

        for _ in 0..3 {
            client.on(channel).publish(&publish, Properties::default(), "").unwrap();
        }
        client.await_count(channel, &queue, 3, 0);
        let purge = queue::Purge { queue: queue.as_str().into(), ..Default::default() };
        let reply = client.call(channel, &purge);
        assert_eq!(reply.method(), Method::QueuePurgeOk(queue::PurgeOk { message_count: 3 }));
        // 0-8 has queue.unbind by Qpid, and by RabbitMQ too.
        let queue::Bind { queue: bound, exchange: to, routing_key, .. } = bind;
        let unbind =
            queue::Unbind { queue: bound, exchange: to, routing_key, ..Default::default() };
        client.ok(channel, &unbind, MethodKind::QueueUnbindOk);
        client.on(channel).publish(&publish, Properties::default(), "lost").unwrap();
        client.publish(channel, &queue, b"left");
        client.await_count(channel, &queue, 1, 0);
        let delete = queue::Delete { queue: queue.as_str().into(), ..Default::default() };
        let reply = client.call(channel, &delete);
        assert_eq!(reply.method(), Method::QueueDeleteOk(queue::DeleteOk { message_count: 1 }));
        let delete = exchange::Delete { exchange: to, ..Default::default() };
        client.ok(channel, &delete, MethodKind::ExchangeDeleteOk);
        client.close();
    }
}

#[test]
fn consumers() {
    for &dialect in Dialect::ALL {
        let (mut client, channel) = open(dialect);
        let queue = client.queue(channel);
        let qos = basic::Qos { prefetch_count: 2, ..Default::default() };
        client.ok(channel, &qos, MethodKind::BasicQosOk);
        client.ok(channel, &consume(&queue), MethodKind::BasicConsumeOk);
        for body in ["one", "two", "three"] {
            client.publish(channel, &queue, body.as_bytes());
        }
        let messages = ["one", "two"].map(|body| {
            let message = client.content(MethodKind::BasicDeliver);
            let deliver = message.deliver().unwrap();
            assert_eq!((deliver.consumer_tag, deliver.redelivered), (queue.as_str().into(), false));
            assert_eq!(message.body(), body.as_bytes(), "{dialect}");
            message
        });
        // The third one waits for an ack: that is what qos says.
        client.await_count(channel, &queue, 1, 1);
        ack(&mut client, channel, &messages[0]);
        let third = client.content(MethodKind::BasicDeliver);
        assert_eq!(third.body(), b"three");
        let reject = basic::Reject { delivery_tag: 2, requeue: false };
        client.on(channel).send(&reject).unwrap();
        ack(&mut client, channel, &third);
        let cancel = basic::Cancel { consumer_tag: queue.as_str().into(), no_wait: false };
        client.ok(channel, &cancel, MethodKind::BasicCancelOk);
        client.await_count(channel, &queue, 0, 0);

        // A tag of the broker's choice, and a consumer that needs no acks and no reply.
        let reply =
            client.call(channel, &basic::Consume { consumer_tag: "".into(), ..consume(&queue) });
        let Method::BasicConsumeOk(ok) = reply.method() else { panic!("{reply}") };
        let cancel = basic::Cancel { consumer_tag: ok.consumer_tag, no_wait: true };
        client.no_wait(channel, &cancel);
        let consume = basic::Consume { no_ack: true, no_wait: true, ..consume(&queue) };
        client.no_wait(channel, &consume);
        client.publish(channel, &queue, b"four");
        assert_eq!(client.content(MethodKind::BasicDeliver).body(), b"four", "{dialect}");
        assert_eq!(client.on(channel).unacked(), 0);
        client.close();
    }
}

/// Arguments of a consumer have a place in 0-9 and 0-9-1; in 0-8 they are none of RabbitMQ's.
#[test]
fn arguments_of_a_consumer() {
    let mut arguments = TableBuf::new();
    arguments.insert("x-priority", 10_i32).unwrap();
    for &dialect in Dialect::ALL {
        let (mut client, channel) = open_unknowing(dialect);
        let queue = client.queue(channel);
        let consume = basic::Consume { arguments: arguments.as_table(), ..consume(&queue) };
        if dialect != V0_8 {
            client.ok(channel, &consume, MethodKind::BasicConsumeOk);
            client.close();
            continue;
        }
        client.request(channel, &consume);
        let reason = client.closed();
        assert_eq!(
            (reason.initiator, reason.reply_code),
            (Initiator::Peer, ReplyCode::FRAME_ERROR)
        );
        assert!(reason.text.contains("cannot decode"), "{reason}");

        // Whoever knows the broker doesn't send it.
        let (mut client, channel) = open(dialect);
        let refused = client.on(channel).call(&consume).unwrap_err();
        assert!(matches!(refused, UsageError::PeerRefuses { .. }), "{refused}");
        client.close();
    }
}

#[test]
fn bodies_of_several_frames() {
    for &dialect in Dialect::ALL {
        let (mut client, channel) = open(dialect);
        let queue = client.queue(channel);
        client.ok(channel, &consume(&queue), MethodKind::BasicConsumeOk);
        for size in [0, 1, 131_064, 131_065, 500_000] {
            client.publish(channel, &queue, &octets(size));
            let message = client.content(MethodKind::BasicDeliver);
            assert!(message.body() == octets(size), "{size} octets in {dialect}");
            ack(&mut client, channel, &message);
        }
        client.close();
    }
}

#[test]
fn what_reaches_no_queue_comes_back() {
    for &dialect in Dialect::ALL {
        let (mut client, channel) = open(dialect);
        let publish = basic::Publish { mandatory: true, ..key("nowhere") };
        client.on(channel).publish(&publish, Properties::default(), "back").unwrap();
        let message = client.content(MethodKind::BasicReturn);
        let returned = message.returned().unwrap();
        // 0-8 has no such code, and gets it.
        let told = (returned.reply_code, returned.reply_text);
        assert_eq!(told, (ReplyCode::NO_ROUTE, "NO_ROUTE".into()), "{dialect}");
        assert_eq!(message.body(), b"back");
        client.close();
    }
}

/// basic.recover-async is 60.100 in each dialect, and has no reply.
#[test]
fn recover_async_brings_messages_back() {
    for &dialect in Dialect::ALL {
        let (mut client, channel) = open(dialect);
        let queue = client.queue(channel);
        client.publish(channel, &queue, b"again");
        let first = get_unacked(&mut client, channel, &queue);
        assert!(!first.get_ok().unwrap().redelivered);
        client.on(channel).send(&basic::RecoverAsync { requeue: true }).unwrap();
        let second = get_unacked(&mut client, channel, &queue);
        assert!(second.get_ok().unwrap().redelivered, "{dialect}");
        ack(&mut client, channel, &second);
        client.check_alive(channel);
        client.close();
    }
}

/// The broker doesn't know the method: it drops the stream without a word.
#[track_caller]
fn is_unknown_to_the_broker(mut client: Client) {
    let reason = client.closed();
    assert_eq!(reason.initiator, Initiator::Transport, "{reason}");
    assert_eq!(reason.detail, CloseDetail::EndOfStream { awaited: "connection.close" });
}

/// basic.recover with a reply is 60.102 in 0-8 and 0-9, as Qpid has it. RabbitMQ has 60.110 of 0-9-1 in every
/// dialect, so before 0-9-1 only recover-async is of use there.
#[test]
fn recover_is_qpids_before_0_9_1() {
    for &dialect in Dialect::ALL {
        let (mut client, channel) = open(dialect);
        let queue = client.queue(channel);
        client.publish(channel, &queue, b"again");
        get_unacked(&mut client, channel, &queue);
        if dialect == V0_9_1 {
            client.ok(channel, &basic::Recover { requeue: true }, MethodKind::BasicRecoverOk);
            assert!(get_unacked(&mut client, channel, &queue).get_ok().unwrap().redelivered);
            client.close();
            continue;
        }
        // Whoever knows the broker doesn't send it.
        let recover = basic::Recover { requeue: true };
        let refused = client.on(channel).call(&recover).unwrap_err();
        assert!(matches!(refused, UsageError::PeerRefuses { .. }), "{refused}");
        client.close();
        let (mut client, channel) = open_unknowing(dialect);
        client.request(channel, &recover);
        is_unknown_to_the_broker(client);
    }
}

#[test]
fn transactions() {
    for &dialect in Dialect::ALL {
        let (mut client, channel) = open(dialect);
        let queue = client.queue(channel);
        client.ok(channel, &tx::Select, MethodKind::TxSelectOk);
        client.publish(channel, &queue, b"forgotten");
        client.ok(channel, &tx::Rollback, MethodKind::TxRollbackOk);
        client.publish(channel, &queue, b"kept");
        assert_eq!(client.count(channel, &queue), (0, 0), "{dialect}");
        client.ok(channel, &tx::Commit, MethodKind::TxCommitOk);
        let message = get_unacked(&mut client, channel, &queue);
        assert_eq!(message.body(), b"kept");
        ack(&mut client, channel, &message);
        client.ok(channel, &tx::Commit, MethodKind::TxCommitOk);
        assert!(client.get(channel, &queue).is_none());
        client.close();
    }
}

#[test]
fn extensions_since_0_9() {
    for dialect in [V0_9, V0_9_1] {
        let (mut client, channel) = open(dialect);
        let queue = client.queue(channel);
        client.ok(channel, &confirm::Select::default(), MethodKind::ConfirmSelectOk);
        let seq = client.publish(channel, &queue, b"confirmed");
        client.next("the confirm", |event| match event {
            Event::Confirmed { last, fate: Fate::Acked, .. } if *last == seq => Some(()),
            _ => None,
        });
        let message = get_unacked(&mut client, channel, &queue);
        let delivery_tag = message.get_ok().unwrap().delivery_tag;
        let nack = basic::Nack { delivery_tag, requeue: true, ..Default::default() };
        client.on(channel).send(&nack).unwrap();
        assert!(get_unacked(&mut client, channel, &queue).get_ok().unwrap().redelivered);
        let exchange = name("exchange");
        let declare = exchange::Declare {
            exchange: exchange.as_str().into(),
            r#type: "fanout".into(),
            auto_delete: true,
            ..Default::default()
        };
        client.ok(channel, &declare, MethodKind::ExchangeDeclareOk);
        let bind = exchange::Bind {
            source: "amq.fanout".into(),
            destination: exchange.as_str().into(),
            ..Default::default()
        };
        client.ok(channel, &bind, MethodKind::ExchangeBindOk);
        let delete = exchange::Delete { exchange: exchange.as_str().into(), ..Default::default() };
        client.ok(channel, &delete, MethodKind::ExchangeDeleteOk);
        client.close();
    }
}

/// 0-8 has neither, unless it is Qpid's.
#[test]
fn confirms_and_nack_are_unknown_in_0_8() {
    let (mut client, channel) = open_unknowing(V0_8);
    client.request(channel, &confirm::Select::default());
    is_unknown_to_the_broker(client);

    let (mut client, channel) = open_unknowing(V0_8);
    let queue = client.queue(channel);
    client.publish(channel, &queue, b"refused");
    get_unacked(&mut client, channel, &queue);
    client.on(channel).send(&basic::Nack { delivery_tag: 1, ..Default::default() }).unwrap();
    is_unknown_to_the_broker(client);

    // What is Rabbit's alone isn't in the dialect at all.
    let (mut client, channel) = open(V0_8);
    let bind = exchange::Bind { source: "amq.fanout".into(), ..Default::default() };
    let refused = client.on(channel).call(&bind).unwrap_err();
    assert!(matches!(refused, UsageError::Encode(_)), "{refused}");
    client.close();
}

/// Tickets come from access.request; RabbitMQ gives the same to all and looks at none.
#[test]
fn tickets() {
    for &dialect in Dialect::ALL {
        let (mut client, channel) = open(dialect);
        let request = access::Request {
            realm: "/data".into(),
            active: true,
            read: true,
            ..Default::default()
        };
        let reply = client.call(channel, &request);
        let Method::AccessRequestOk(ok) = reply.method() else { panic!("{reply}") };
        assert_eq!(ok.ticket, 1, "{dialect}");
        let queue = name("queue");
        client.ok(
            channel,
            &queue::Declare { ticket: ok.ticket, ..declare(&queue) },
            MethodKind::QueueDeclareOk,
        );
        let publish = basic::Publish { ticket: ok.ticket, ..key(&queue) };
        client.on(channel).publish(&publish, Properties::default(), "with a ticket").unwrap();
        assert_eq!(client.get(channel, &queue).unwrap().body(), b"with a ticket");
        client.close();
    }
}

#[test]
fn channels_end_by_both_sides() {
    for &dialect in Dialect::ALL {
        let (mut client, channel) = open(dialect);
        let other = client.open();
        let missing = name("missing");
        let passive = queue::Declare { passive: true, ..declare(&missing) };
        let request = client.request(channel, &passive);
        client.next("the request's failure", |event| {
            matches!(event, Event::RequestFailed { request: failed, .. } if *failed == request)
                .then_some(())
        });
        let reason = client.channel_closed(channel);
        assert_eq!((reason.initiator, reason.reply_code), (Initiator::Peer, ReplyCode::NOT_FOUND));
        assert_eq!(Some(reason.method), MethodKind::QueueDeclare.id(dialect));
        assert!(reason.text.contains(&missing), "{reason}");
        client.check_alive(other);
        let again = client.open();
        assert_eq!(again, channel, "the number is free again in {dialect}");
        client.on(again).close(ReplyCode::REPLY_SUCCESS, "enough").unwrap();
        let reason = client.channel_closed(again);
        assert_eq!((reason.initiator, &reason.text[..]), (Initiator::Local, "enough"));
        client.close();
    }
}

#[test]
fn the_broker_ends_the_connection() {
    for &dialect in Dialect::ALL {
        let (mut client, channel) = open(dialect);
        let unheard_of = exchange::Declare {
            exchange: "x".into(),
            r#type: "unheard-of".into(),
            ..Default::default()
        };
        client.request(channel, &unheard_of);
        let reason = client.closed();
        let told = (reason.initiator, reason.detail, reason.reply_code);
        assert_eq!(told, (Initiator::Peer, CloseDetail::None, ReplyCode::COMMAND_INVALID));
        assert_eq!(Some(reason.method), MethodKind::ExchangeDeclare.id(dialect));
        assert!(reason.text.contains("unknown exchange type"), "{dialect}: {reason}");
    }
}

#[test]
fn heartbeats_keep_an_idle_connection_open() {
    let idle = |dialect| {
        let mut config = config(dialect);
        config.heartbeat = Heartbeat::Prefer(1);
        let mut client = Client::connect_with(config);
        assert_eq!(client.amqp.heartbeat(), 1);
        let channel = client.open();
        let (sent, received) = (client.sent, client.received);
        client.drive_for(Duration::from_secs(3));
        assert_eq!(client.amqp.phase(), Phase::Open, "{dialect}: {client:?}");
        for octets in [client.sent - sent, client.received - received] {
            assert!(octets % 8 == 0 && (2 * 8..=8 * 8).contains(&octets), "{dialect}: {octets}");
        }
        client.ok(channel, &channel::Flow { active: true }, MethodKind::ChannelFlowOk);
        client.close();
    };
    thread::scope(|scope| {
        for &dialect in Dialect::ALL {
            scope.spawn(move || idle(dialect));
        }
    });
}
