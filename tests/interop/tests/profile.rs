//! What the profile of this broker says, and what the broker does.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers fail the test")]

use amqp_interop::Client;
use amqp_proto::profile::{Argument, StreamOffset, Unsupported};
use amqp_proto::protocol::{MethodKind, Properties, ReplyCode, basic, channel, exchange, queue};
use amqp_proto::{ChannelId, Event, Initiator, Profile, UsageError};

type Send = fn(&mut Client, ChannelId) -> Result<(), UsageError>;

/// All that the profile says RabbitMQ 3 refuses, whatever the dialect.
const REFUSED: [(Unsupported, Send); 5] = [
    (Unsupported::Method(MethodKind::ExchangeBound), |client, channel| {
        client.on(channel).call(&exchange::Bound::default()).map(|_| ())
    }),
    (Unsupported::FlowStop, |client, channel| {
        client.on(channel).call(&channel::Flow { active: false }).map(|_| ())
    }),
    (Unsupported::PrefetchSize, |client, channel| {
        let qos = basic::Qos { prefetch_size: 1, ..Default::default() };
        client.on(channel).call(&qos).map(|_| ())
    }),
    (Unsupported::Immediate, |client, channel| {
        let publish = basic::Publish { immediate: true, ..Default::default() };
        client.on(channel).publish(&publish, Properties::EMPTY, "x").map(|_| ())
    }),
    (Unsupported::RecoverWithoutRequeue, |client, channel| {
        client.on(channel).call(&basic::Recover { requeue: false }).map(|_| ())
    }),
];

#[test]
fn the_broker_is_recognised() {
    let client = Client::connect();
    assert_eq!(*client.amqp.profile(), Profile::RABBITMQ_3);
    client.close();
}

#[test]
fn what_the_profile_refuses_ends_the_connection() {
    // What a dialect lacks is shown beside the dialects.
    let in_any_dialect = |what: &&Unsupported| {
        !matches!(what, Unsupported::MethodIn(..) | Unsupported::ConsumeArgumentsIn0_8)
    };
    let listed: Vec<_> = Profile::RABBITMQ_3.refuses.iter().filter(in_any_dialect).collect();
    assert_eq!(listed, REFUSED.iter().map(|(what, _)| what).collect::<Vec<_>>());
    for (what, send) in REFUSED {
        let mut client = Client::connect();
        let channel = client.open();
        let peer = "RabbitMQ 3";
        assert_eq!(send(&mut client, channel), Err(UsageError::PeerRefuses { what, peer }));
        client.check_alive(channel);
        client.close();

        // Sent all the same by a client that doesn't know the broker.
        let mut client = Client::connect_unknowing();
        let channel = client.open();
        send(&mut client, channel).unwrap();
        let reason = client.closed();
        let expected = match what {
            // It ends the stream without a word.
            Unsupported::Method(_) => (Initiator::Transport, ReplyCode::CONNECTION_FORCED),
            _ => (Initiator::Peer, ReplyCode::NOT_IMPLEMENTED),
        };
        assert_eq!((reason.initiator, reason.reply_code), expected, "{what}: {reason}");
    }
}

/// A queue with these arguments; the broker looks at the types of those that it knows.
#[track_caller]
fn declare(client: &mut Client, channel: ChannelId, arguments: &[Argument<'_>]) -> String {
    let arguments = client.amqp.profile().arguments(arguments).unwrap();
    let name = amqp_interop::name("arguments");
    let declare = queue::Declare {
        queue: name.as_str().into(),
        durable: true,
        arguments: arguments.as_table(),
        ..Default::default()
    };
    client.ok(channel, &declare, MethodKind::QueueDeclareOk);
    name
}

#[test]
fn arguments_are_taken_as_the_profile_spells_them() {
    let mut client = Client::connect();
    let channel = client.open();
    for arguments in [
        &[Argument::MaxPriority(9), Argument::MessageTtl(60_000)][..],
        &[Argument::SingleActiveConsumer],
        &[Argument::QueueType("quorum")],
    ] {
        let name = declare(&mut client, channel, arguments);
        let delete = queue::Delete { queue: name.as_str().into(), ..Default::default() };
        client.ok(channel, &delete, MethodKind::QueueDeleteOk);
    }
    client.close();
}

#[test]
fn a_stream_is_read_from_where_the_argument_says() {
    let mut client = Client::connect();
    let channel = client.open();
    let name = declare(&mut client, channel, &[Argument::QueueType("stream")]);
    let queue = name.as_str();
    let select = amqp_proto::protocol::confirm::Select::default();
    client.ok(channel, &select, MethodKind::ConfirmSelectOk);
    for body in ["zero", "one", "two"] {
        let seq = client.publish(channel, queue, body.as_bytes());
        client.next("the confirm", |event| match event {
            Event::Confirmed { last, .. } if *last == seq => Some(()),
            _ => None,
        });
    }
    let qos = basic::Qos { prefetch_count: 10, ..Default::default() };
    client.ok(channel, &qos, MethodKind::BasicQosOk);
    for (offset, expected) in [
        (StreamOffset::First, &["zero", "one", "two"][..]),
        (StreamOffset::Offset(1), &["one", "two"]),
        (StreamOffset::Interval("1h"), &["zero", "one", "two"]),
    ] {
        let arguments = [Argument::StreamOffset(offset)];
        let arguments = client.amqp.profile().arguments(&arguments).unwrap();
        let consume = basic::Consume {
            queue: queue.into(),
            consumer_tag: "reader".into(),
            arguments: arguments.as_table(),
            ..Default::default()
        };
        client.ok(channel, &consume, MethodKind::BasicConsumeOk);
        for body in expected {
            let content = client.next("a message", |event| match event {
                Event::Content(content) => Some(content.clone()),
                _ => None,
            });
            assert_eq!(content.body(), body.as_bytes(), "{offset:?}");
            let delivery_tag = content.deliver().unwrap().delivery_tag;
            client.on(channel).send(&basic::Ack { delivery_tag, multiple: false }).unwrap();
        }
        let cancel = basic::Cancel { consumer_tag: "reader".into(), no_wait: false };
        client.ok(channel, &cancel, MethodKind::BasicCancelOk);
    }
    let delete = queue::Delete { queue: queue.into(), ..Default::default() };
    client.ok(channel, &delete, MethodKind::QueueDeleteOk);
    client.close();
}
