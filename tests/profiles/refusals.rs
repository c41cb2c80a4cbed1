//! What isn't sent, because the peer would end the connection or do something else.

use amqp_proto::profile::Unsupported;
use amqp_proto::protocol::{
    Dialect, MethodKind, Properties, access, basic, channel, confirm, exchange,
};
use amqp_proto::wire::TableBuf;
use amqp_proto::{Connection, PreparedPublish, Profile, UsageError};

use crate::broker::{introductions, on_broker, one, told, told_of};
use crate::common::*;

/// A command on channel 1.
type Send = fn(&mut Connection) -> Result<(), UsageError>;

/// A command and what it sends.
struct Try {
    what: &'static str,
    send: Send,
    /// The profiles that don't take it.
    refused_by: &'static [Profile],
}

const RABBITMQ: &[Profile] = &[Profile::RABBITMQ_3, Profile::RABBITMQ_4];
const BROKER_J: &[Profile] = &[Profile::BROKER_J];

fn call<M: amqp_proto::protocol::Request>(
    client: &mut Connection,
    method: &M,
) -> Result<(), UsageError> {
    client.channel(one())?.call(method).map(|_| ())
}

fn immediate() -> basic::Publish<'static> {
    basic::Publish { immediate: true, ..Default::default() }
}

const TRIES: &[Try] = &[
    Try {
        what: "exchange.bind",
        send: |client| call(client, &exchange::Bind::default()),
        refused_by: BROKER_J,
    },
    Try {
        what: "exchange.unbind",
        send: |client| call(client, &exchange::Unbind::default()),
        refused_by: BROKER_J,
    },
    Try {
        what: "exchange.bound",
        send: |client| call(client, &exchange::Bound::default()),
        refused_by: &[Profile::RABBITMQ_3, Profile::RABBITMQ_4, Profile::LAVINMQ],
    },
    Try {
        what: "connection.update-secret",
        send: |client| client.update_secret(b"new", "old").map(|_| ()),
        refused_by: BROKER_J,
    },
    Try {
        what: "channel.flow that stops deliveries",
        send: |client| call(client, &channel::Flow { active: false }),
        refused_by: RABBITMQ,
    },
    Try {
        what: "basic.qos with a prefetch-size",
        send: |client| call(client, &basic::Qos { prefetch_size: 1, ..Default::default() }),
        refused_by: &[Profile::RABBITMQ_3, Profile::RABBITMQ_4, Profile::LAVINMQ],
    },
    Try {
        what: "basic.publish with immediate",
        send: |client| {
            client.channel(one())?.publish(&immediate(), Properties::EMPTY, "x").map(|_| ())
        },
        refused_by: RABBITMQ,
    },
    Try {
        what: "basic.publish with immediate",
        send: |client| {
            client.channel(one())?.start_publish(&immediate(), Properties::EMPTY, 0).map(|_| ())
        },
        refused_by: RABBITMQ,
    },
    Try {
        what: "basic.publish with immediate",
        send: |client| {
            let prepared = PreparedPublish::new(&immediate(), Properties::EMPTY)?;
            client.channel(one())?.publish_prepared(&prepared, "x").map(|_| ())
        },
        refused_by: RABBITMQ,
    },
    Try {
        what: "basic.publish with immediate",
        send: |client| {
            let prepared = PreparedPublish::new(&immediate(), Properties::EMPTY)?;
            let body = bytes::Bytes::from_static(b"x");
            client.channel(one())?.publish_prepared(&prepared, body).map(|_| ())
        },
        refused_by: RABBITMQ,
    },
    Try {
        what: "basic.recover without requeue",
        send: |client| call(client, &basic::Recover { requeue: false }),
        refused_by: RABBITMQ,
    },
    Try {
        what: "basic.recover without requeue",
        send: |client| client.channel(one())?.send(&basic::RecoverAsync { requeue: false }),
        refused_by: RABBITMQ,
    },
    Try {
        what: "basic.nack with multiple",
        send: |client| {
            let nack = basic::Nack { delivery_tag: 1, multiple: true, requeue: true };
            client.channel(one())?.send(&nack)
        },
        refused_by: BROKER_J,
    },
];

/// What every peer takes, however like it is to what some refuse.
const TAKEN: &[Send] = &[
    |client| call(client, &exchange::Declare { exchange: "e".into(), ..Default::default() }),
    |client| call(client, &channel::Flow { active: true }),
    |client| call(client, &basic::Qos { prefetch_count: 1, ..Default::default() }),
    |client| {
        let mandatory = basic::Publish { mandatory: true, ..Default::default() };
        client.channel(one())?.publish(&mandatory, Properties::EMPTY, "x").map(|_| ())
    },
    |client| {
        let publish = PreparedPublish::new(&basic::Publish::default(), Properties::EMPTY)?;
        client.channel(one())?.publish_prepared(&publish, "x").map(|_| ())
    },
    |client| call(client, &basic::Recover { requeue: true }),
    |client| {
        let ack = basic::Ack { delivery_tag: 1, multiple: true };
        client.channel(one())?.send(&ack)
    },
    |client| {
        let nack = basic::Nack { delivery_tag: 1, multiple: false, requeue: true };
        client.channel(one())?.send(&nack)
    },
];

/// With a delivery that waits for its ack.
fn with_delivery(mut client: Connection) -> Connection {
    let consume = basic::Consume {
        queue: "q".into(),
        consumer_tag: "c".into(),
        no_wait: true,
        ..Default::default()
    };
    call(&mut client, &consume).unwrap();
    feed(&mut client, &[deliver(1, 1), header(1, 0, BARE)].concat());
    assert_eq!(poll(&mut client).len(), 1);
    output(&mut client);
    client
}

#[test]
fn what_ends_a_connection_is_not_sent() {
    for (properties, profile) in introductions() {
        let client = with_delivery(on_broker(&properties));
        assert_eq!(*client.profile(), profile);
        for Try { what, send, refused_by } in TRIES {
            let mut client = client.clone();
            let before = (format!("{client:?}"), client.unacked());
            match send(&mut client) {
                Err(UsageError::PeerRefuses { what: refused, peer }) => {
                    assert!(refused_by.contains(&profile), "{}: {what}", profile.name);
                    assert_eq!((&refused.to_string()[..], peer), (*what, profile.name));
                    assert!(profile.refuses(refused));
                    let now = (format!("{client:?}"), client.unacked());
                    assert_eq!(before, now, "a refused command changes nothing");
                    assert_eq!(hex(&output(&mut client)), "");
                }
                Ok(()) => {
                    assert!(!refused_by.contains(&profile), "{}: {what}", profile.name);
                    assert!(!output(&mut client).is_empty());
                }
                Err(error) => panic!("{}: {what}: {error}", profile.name),
            }
        }
        for taken in TAKEN {
            taken(&mut client.clone()).unwrap();
        }
    }
}

/// All that a profile refuses is refused by a command.
#[test]
fn every_refusal_is_shown() {
    for profile in Profile::ALL {
        let shown_elsewhere = |what: &&Unsupported| {
            matches!(what, Unsupported::MethodIn(..) | Unsupported::ConsumeArgumentsIn0_8)
        };
        for refused in profile.refuses.iter().filter(|what| !shown_elsewhere(what)) {
            let shown = TRIES.iter().any(|attempt| {
                attempt.what == refused.to_string() && attempt.refused_by.contains(profile)
            });
            assert!(shown, "{}: {refused}", profile.name);
        }
    }
}

/// A client with channel 1 and a delivery that waits for its ack, in this dialect.
fn in_dialect(dialect: Dialect, profile: Profile) -> Connection {
    let mut config = plain();
    (config.dialect, config.profile) = (dialect, Some(profile));
    let mut client = Connection::client(config, T0);
    let version: &[u8] = if dialect == Dialect::V0_8 { b"\x08\0" } else { b"\0\x09" };
    let start = [version, b"\0\0\0\0", &long(b"PLAIN"), &long(b"en_US")].concat();
    let octets = [method(0, 10, 10, &start), tune(2047, 131_072, 60), open_ok()].concat();
    assert_eq!(told(&mut client, &octets).len(), 1);
    client.open_channel_number(one()).unwrap();
    let open_ok: &[u8] = if dialect == Dialect::V0_8 { b"" } else { b"\0\0\0\0" };
    assert_eq!(told(&mut client, &method(1, 20, 11, open_ok)).len(), 1);
    with_delivery(client)
}

#[test]
fn what_a_dialect_lacks_there_is_not_sent() {
    let sends: [(MethodKind, Send); 4] = [
        (MethodKind::AccessRequest, |client| call(client, &access::Request::default())),
        (MethodKind::ConfirmSelect, |client| call(client, &confirm::Select::default())),
        (MethodKind::BasicNack, |client| {
            let nack = basic::Nack { delivery_tag: 1, multiple: false, requeue: true };
            client.channel(one())?.send(&nack)
        }),
        (MethodKind::BasicRecover, |client| call(client, &basic::Recover { requeue: true })),
    ];
    let lacks = |profile: Profile, dialect| match (profile.name, dialect) {
        ("RabbitMQ 3", Dialect::V0_8) => &sends[1..],
        ("RabbitMQ 3" | "RabbitMQ 4" | "LavinMQ", Dialect::V0_9) => &sends[3..],
        ("Broker-J", Dialect::V0_9_1) => &sends[..1],
        _ => &[],
    };
    for profile in Profile::ALL {
        for &dialect in Dialect::ALL {
            for (kind, send) in &sends {
                let refused = send(&mut in_dialect(dialect, *profile));
                let what = Unsupported::MethodIn(*kind, dialect);
                let is_lacking =
                    lacks(*profile, dialect).iter().any(|(lacking, _)| lacking == kind);
                assert_eq!(profile.refuses(what), is_lacking, "{}: {what}", profile.name);
                let expected = match is_lacking {
                    true => Err(UsageError::PeerRefuses { what, peer: profile.name }),
                    false => Ok(()),
                };
                assert_eq!(refused, expected, "{}: {what}", profile.name);
            }
        }
    }
    let what = Unsupported::MethodIn(MethodKind::BasicRecover, Dialect::V0_8);
    assert_eq!(what.to_string(), "basic.recover in 0-8");
}

/// Qpid has the table in 0-8, others take it for octets too many.
#[test]
fn consume_has_its_table_in_0_8_where_that_is_known() {
    let mut arguments = TableBuf::new();
    arguments.insert("k", true).unwrap();
    let consume = |tag| basic::Consume {
        queue: "q".into(),
        consumer_tag: tag,
        no_wait: true,
        ..Default::default()
    };
    for profile in Profile::ALL {
        let mut client = in_dialect(Dialect::V0_8, *profile);
        call(&mut client, &consume("d".into())).unwrap();
        let table: &[u8] = if *profile == Profile::BROKER_J { b"\0\0\0\0" } else { b"" };
        let expected = method(1, 60, 20, &[b"\0\0\x01q\x01d\x08", table].concat());
        assert_eq!(hex(&output(&mut client)), hex(&expected), "{}", profile.name);

        let with = basic::Consume { arguments: arguments.as_table(), ..consume("e".into()) };
        let sent = call(&mut client, &with);
        let is_refused = *profile == Profile::RABBITMQ_3;
        assert_eq!(profile.refuses(Unsupported::ConsumeArgumentsIn0_8), is_refused);
        assert_eq!(sent.is_err(), is_refused, "{}: {sent:?}", profile.name);
        assert_eq!(output(&mut client).is_empty(), is_refused, "{}", profile.name);
        // In other dialects everybody takes them.
        call(&mut in_dialect(Dialect::V0_9, *profile), &with).unwrap();
    }
}

#[test]
fn nothing_is_refused_for_a_peer_that_nothing_is_known_of() {
    for profile in [Profile::DEFAULT, Profile::STRICT] {
        for attempt in TRIES {
            (attempt.send)(&mut with_delivery(told_of(profile))).unwrap();
        }
    }
}

#[test]
fn the_caller_can_know_better() {
    let mut own = Profile::RABBITMQ_3;
    own.refuses = &[Unsupported::PrefetchSize];
    let mut client = told_of(own);
    call(&mut client, &channel::Flow { active: false }).unwrap();
    let refused = call(&mut client, &basic::Qos { prefetch_size: 9, ..Default::default() });
    let refused = refused.unwrap_err();
    assert_eq!(refused.to_string(), "RabbitMQ 3 doesn't take basic.qos with a prefetch-size");
}
