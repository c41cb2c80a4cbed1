//! W3: publishes are encoded.

use amqp_bench::engine::{self, drain};
use amqp_bench::streams::Message;
use amqp_bench::streams::deliveries::LARGEST_BODY;
use amqp_proto::protocol::{Properties, basic};
use amqp_proto::wire::TableLimits;
use amqp_proto::{Channel, ChannelId, ClientConfig, Connection, Payload, PreparedPublish};
use bytes::{Buf, Bytes};

use super::{Each, size_name};
use crate::measure::{Clock, Contest};
use crate::peers::{amq_protocol, limits, name, rabbitmq, serde};

/// The engine, with a body that it may hold a handle of.
pub(crate) const ENGINE_SHARED: &str = "amqp-proto: engine, body referenced";

/// The engine, with method and header encoded before.
pub(crate) const ENGINE_PREPARED: &str = "amqp-proto: engine, prepared";

/// The sizes of bodies.
pub(crate) const SIZES: [usize; 4] = [64, 1 << 10, 16 << 10, 1 << 20];

/// Octets that are encoded before they are taken as written: less than the engine's window.
const BATCH: usize = 56 << 10;
/// Messages and octets of a sweep, whichever is less: the clock must not be most of what is measured.
const ENOUGH: usize = 200;
const ENOUGH_OCTETS: usize = 4 << 20;

pub(super) fn all(each: &mut Each<'_>) {
    for size in SIZES {
        let message = Message::regular(size);
        let mut expected = Vec::new();
        message.publish(&mut expected, LARGEST_BODY);
        each(contest(size, &message, &expected));
    }
}

fn contest<'a>(size: usize, message: &'a Message, expected: &'a [u8]) -> Contest<'a> {
    let title = format!("W3 {}", size_name(size));
    let mut contest = Contest::new(title, &[name::MEMCPY, name::ENGINE]);
    let batch = (BATCH / expected.len()).max(1);
    let batches = (ENOUGH / batch).min(ENOUGH_OCTETS / batch / expected.len()).max(1);
    let messages = batch * batches;

    let mut out = vec![0; expected.len() * batch];
    contest.add(name::MEMCPY, messages, move |clock| {
        clock.time(|| {
            for _ in 0..batches {
                for place in out.chunks_exact_mut(expected.len()) {
                    limits::copy(expected, place);
                }
            }
        });
    });
    let body = &message.body[..];
    let copied = engine(expected, (batch, batches), typed(message, message.body.clone()));
    contest.add(name::ENGINE, messages, copied);
    let body_by_handle = typed(message, Bytes::copy_from_slice(body));
    let referenced = engine(expected, (batch, batches), body_by_handle);
    contest.add(ENGINE_SHARED, messages, referenced);
    let prepared = engine(expected, (batch, batches), prepared(message));
    contest.add(ENGINE_PREPARED, messages, prepared);

    let frames = amq_protocol::frames(expected);
    let mut out = amq_protocol::encode(&frames, Vec::new());
    assert!(out == expected, "amq-protocol encodes something else");
    contest.add(name::AMQ_PROTOCOL, messages, move |clock| {
        clock.time(|| {
            for _ in 0..batches {
                out.clear();
                for _ in 0..batch {
                    out = amq_protocol::encode(&frames, core::mem::take(&mut out));
                }
            }
        });
        assert_eq!(out.len(), expected.len() * batch);
    });

    // Its headers are a hash map, so their order differs from one to the next.
    let frames = serde::frames(expected);
    let mut out = Vec::new();
    contest.add(name::SERDE, messages, move |clock| {
        clock.time(|| {
            for _ in 0..batches {
                out.clear();
                (0..batch).for_each(|_| serde::encode(&frames, &mut out));
            }
        });
        assert_eq!(out.len(), expected.len() * batch);
    });

    let publish = rabbitmq::Publish::new(expected);
    let mut out = vec![0; expected.len() * batch + body.len() / 1024 + 1024];
    let len = publish.encode(&mut out, body);
    assert!(out[..len] == *expected, "rabbitmq-c encodes something else");
    contest.add(name::RABBITMQ_C, messages, move |clock| {
        let mut len = 0;
        clock.time(|| {
            for _ in 0..batches {
                len = (0..batch).fold(0, |at, _| at + publish.encode(&mut out[at..], body));
            }
        });
        assert_eq!(len, expected.len() * batch);
    });
    contest
}

/// Publishes the message by method and properties; of the body it depends whether it is copied.
fn typed<'a, B>(message: &'a Message, body: B) -> impl Fn(&mut Channel<'_>) + 'a
where
    B: 'a,
    for<'b> &'b B: Into<Payload<'b>>,
{
    let method = basic::Publish {
        exchange: message.exchange.as_str().into(),
        routing_key: message.routing_key.as_str().into(),
        ..Default::default()
    };
    let properties = Properties::parse(&message.properties, &TableLimits::DEFAULT);
    let properties = properties.expect("properties in order");
    move |channel| {
        let method = core::hint::black_box(&method);
        channel.publish(method, properties, &body).expect("a publish");
    }
}

/// Publishes the message prepared; its body is copied.
fn prepared(message: &Message) -> impl Fn(&mut Channel<'_>) + '_ {
    let method = basic::Publish {
        exchange: message.exchange.as_str().into(),
        routing_key: message.routing_key.as_str().into(),
        ..Default::default()
    };
    let properties = Properties::parse(&message.properties, &TableLimits::DEFAULT);
    let properties = properties.expect("properties in order");
    let prepared = PreparedPublish::new(&method, properties).expect("a publish that fits");
    move |channel| {
        let prepared = core::hint::black_box(&prepared);
        channel.publish_prepared(prepared, &message.body).expect("a publish");
    }
}

/// A client that publishes batches, each of which is then taken as written.
fn engine<'a>(
    expected: &'a [u8],
    (batch, batches): (usize, usize),
    publish: impl Fn(&mut Channel<'_>) + 'a,
) -> impl FnMut(&mut Clock) + 'a {
    let mut client = engine::client(ClientConfig::plain("guest", "guest"), 1);
    let publish = move |client: &mut Connection| {
        let id = ChannelId::new(1).expect("not channel 0");
        publish(&mut client.channel(id).expect("an open channel"));
    };
    publish(&mut client);
    assert!(written(&mut client) == expected, "the engine encodes something else");
    move |clock| {
        let mut drained = 0;
        clock.time(|| {
            for _ in 0..batches {
                (0..batch).for_each(|_| publish(&mut client));
                drained += drain(&mut client);
            }
        });
        assert_eq!(drained, expected.len() * batch * batches);
    }
}

fn written(client: &mut Connection) -> Vec<u8> {
    let mut octets = Vec::new();
    while client.transmit().has_remaining() {
        let transmit = client.transmit();
        octets.extend_from_slice(&transmit.copy_to_bytes(transmit.remaining()));
    }
    octets
}
