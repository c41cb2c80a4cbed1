//! A broker that is short of memory, which concerns all its clients: cargo runs test binaries in the
//! order of their names, one after the other, so this one comes last.

use core::time::Duration;

use amqp_interop::{Broker, Client, ctl};
use amqp_proto::protocol::{Method, MethodKind, Properties, ReplyCode};
use amqp_proto::{ChannelId, CloseDetail, Event, Initiator, UsageError};

/// Makes the broker short of memory, until dropped.
struct Alarm;

impl Alarm {
    fn raise() -> Self {
        let alarm = Self;
        ctl(&["set_vm_memory_high_watermark", "0.000001"]);
        alarm
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        ctl(&["set_vm_memory_high_watermark", "0.4"]);
    }
}

/// Publishes and waits for what RabbitMQ says to that: it blocks whoever publishes.
fn publish_one_too_many(client: &mut Client, channel: ChannelId, queue: &str) {
    client.publish(channel, queue, b"one too many");
    client.next("connection.blocked", |event| match event {
        Event::Notice(method) => match method.method() {
            Method::ConnectionBlocked(blocked) => Some(blocked.reason == "low on memory"),
            _ => None,
        },
        _ => None,
    });
    assert!(client.amqp.is_blocked());
}

#[test]
fn publishing_is_blocked_while_memory_is_short() {
    let mut config = Broker::from_env().config();
    config.close_timeout = Duration::from_millis(300);
    let (mut client, mut patient) = (Client::connect(), Client::connect());
    let mut impatient = Client::connect_with(config);
    let channel = client.open();
    let queue = client.queue(channel);
    let clients = [&mut patient, &mut impatient].map(|client| (client.open(), client));

    let alarm = Alarm::raise();
    publish_one_too_many(&mut client, channel, &queue);
    for (channel, client) in clients {
        publish_one_too_many(client, channel, "nowhere");
    }
    let publish = amqp_interop::key(&queue);
    let refused = client.on(channel).publish(&publish, Properties::default(), "refused");
    assert_eq!(refused, Err(UsageError::Blocked));
    let refused = client.on(channel).start_publish(&publish, Properties::default(), 1);
    assert_eq!(refused, Err(UsageError::Blocked));

    // RabbitMQ reads nothing from a blocked connection, not even that it is closed.
    for client in [&mut impatient, &mut patient] {
        let now = client.now();
        client.amqp.close(now, ReplyCode::REPLY_SUCCESS, "done").unwrap();
    }
    let reason = impatient.ended();
    assert_eq!((reason.initiator, reason.detail), (Initiator::Local, CloseDetail::CloseTimeout));

    drop(alarm);
    let reason = patient.closed();
    assert_eq!((reason.initiator, reason.detail), (Initiator::Local, CloseDetail::None));
    client.next("connection.unblocked", |event| match event {
        Event::Notice(method) => (method.kind() == MethodKind::ConnectionUnblocked).then_some(()),
        _ => None,
    });
    assert!(!client.amqp.is_blocked());
    client.publish(channel, &queue, b"welcome again");
    assert_eq!(client.get(channel, &queue).unwrap().into_body(), "one too many");
    assert_eq!(client.get(channel, &queue).unwrap().into_body(), "welcome again");
    client.close();
}
