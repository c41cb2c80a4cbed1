//! One workload for so many rounds, to be run under callgrind: `steps WORKLOAD ROUNDS`.
//!
//! Prints how many messages a round has. Only what runs inside `measured_step` is to be counted
//! (`--toggle-collect='*measured_step*'`); `.ci/instructions` does it and takes the difference of two
//! numbers of rounds.

use core::hint::black_box;

use amqp_bench::engine::{self, Seen, drain};
use amqp_bench::streams::{Deliveries, Message, acks, table};
use amqp_proto::frame::Scanner;
use amqp_proto::protocol::{Dialect, Frame, Properties, basic};
use amqp_proto::wire::{Table, TableBuf, TableLimits};
use amqp_proto::{Channel, ChannelId, ClientConfig, Connection, PreparedPublish};
use bytes::Bytes;

/// The one function that callgrind looks for, so nothing else may have this in its name.
#[inline(never)]
fn measured_step<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rounds = arguments.get(1).and_then(|rounds| rounds.parse().ok());
    let (Some(workload), Some(rounds)) = (arguments.first(), rounds) else {
        eprintln!("usage: steps WORKLOAD ROUNDS, where WORKLOAD is one of:");
        eprintln!("  delivery delivery-mix frames frames-mix ack confirm publish prepared table");
        eprintln!("  publish-shared deliver acking build");
        std::process::exit(2);
    };
    let messages = match workload.as_str() {
        "delivery" => delivery(&Deliveries::regular(64, ROOM), rounds),
        "delivery-mix" => delivery(&Deliveries::irregular(2 * ROOM), rounds),
        "frames" => frames(&Deliveries::regular(64, ROOM), rounds),
        "frames-mix" => frames(&Deliveries::irregular(2 * ROOM), rounds),
        "ack" => ack(rounds),
        "confirm" => confirm(rounds),
        "publish" => publish(rounds),
        "prepared" => prepared(rounds),
        "publish-shared" => publish_shared(rounds),
        "deliver" => deliver(rounds),
        "acking" => acking(rounds),
        "table" => validate(rounds),
        "build" => build(rounds),
        other => {
            eprintln!("steps: no such workload: {other}");
            std::process::exit(2);
        }
    };
    println!("{messages}");
}

/// Octets of a stream.
const ROOM: usize = 512 << 10;
/// Acks of a round, fewer than a ledger holds.
const ACKS: usize = 10_000;
/// Publishes of a round, which fit into the window of output.
const PUBLISHES: usize = 200;

/// A client takes no-ack deliveries.
fn delivery(stream: &Deliveries, rounds: usize) -> usize {
    let config = ClientConfig::plain("guest", "guest");
    let mut client = engine::consuming(config, &stream.consumers, true);
    let mut octets = stream.octets.clone();
    let mut last = stream.counts();
    for _ in 0..rounds {
        stream.number(&mut octets, &mut last);
        let shared = Bytes::from(octets);
        let seen = measured_step(|| engine::take(&mut client, shared.clone()));
        let body_octets = stream.body_octets;
        assert_eq!(seen, Seen { contents: stream.messages, body_octets, others: 0 });
        octets = Vec::from(shared);
    }
    stream.messages
}

/// The typed frames alone.
fn frames(stream: &Deliveries, rounds: usize) -> usize {
    for _ in 0..rounds {
        let octets = black_box(&stream.octets[..]);
        let frames = measured_step(|| {
            let mut frames = 0;
            for (_, raw) in Scanner::new(octets, 131_064) {
                let raw = raw.expect("a whole frame");
                let frame = Frame::parse(Dialect::V0_9_1, raw, &TableLimits::DEFAULT);
                black_box(&frame.expect("a frame in order"));
                frames += 1;
            }
            frames
        });
        assert_eq!(frames, stream.frames);
    }
    stream.messages
}

/// A server takes acks of its deliveries.
fn ack(rounds: usize) -> usize {
    let mut server = engine::delivering("c", false);
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    acked(&mut server, rounds, |server| {
        let mut channel = server.channel(first()).expect("an open channel");
        channel.deliver(&deliver, Properties::EMPTY, b"").expect("a delivery");
    })
}

/// A client takes confirms of its publishes.
fn confirm(rounds: usize) -> usize {
    let mut client = engine::confirming();
    let publish = basic::Publish { routing_key: "q".into(), ..Default::default() };
    acked(&mut client, rounds, |client| {
        let mut channel = client.channel(first()).expect("an open channel");
        channel.publish(&publish, Properties::EMPTY, b"").expect("a publish");
    })
}

fn acked(
    connection: &mut Connection,
    rounds: usize,
    mut send: impl FnMut(&mut Connection),
) -> usize {
    let mut octets = acks::acks(1, ACKS);
    for round in 0..rounds {
        for _ in 0..ACKS {
            send(connection);
            drain(connection);
        }
        acks::number(&mut octets, (round * ACKS) as u64 + 1);
        let shared = Bytes::from(octets);
        let seen = measured_step(|| engine::take(connection, shared.clone()));
        assert_eq!(seen, Seen { others: ACKS, ..Seen::default() });
        octets = Vec::from(shared);
    }
    ACKS
}

/// A client publishes 64 octets by method and properties.
fn publish(rounds: usize) -> usize {
    let message = Message::regular(64);
    let method = basic::Publish {
        exchange: message.exchange.as_str().into(),
        routing_key: message.routing_key.as_str().into(),
        ..Default::default()
    };
    let properties = Properties::parse(&message.properties, &TableLimits::DEFAULT);
    let properties = properties.expect("properties in order");
    published(&message, rounds, |channel| {
        let publish = channel.publish(black_box(&method), properties, &message.body);
        publish.expect("a publish");
    })
}

/// The same with method and header encoded before.
fn prepared(rounds: usize) -> usize {
    let message = Message::regular(64);
    let method = basic::Publish {
        exchange: message.exchange.as_str().into(),
        routing_key: message.routing_key.as_str().into(),
        ..Default::default()
    };
    let properties = Properties::parse(&message.properties, &TableLimits::DEFAULT);
    let properties = properties.expect("properties in order");
    let prepared = PreparedPublish::new(&method, properties).expect("a publish that fits");
    published(&message, rounds, |channel| {
        let publish = channel.publish_prepared(black_box(&prepared), &message.body);
        publish.expect("a publish");
    })
}

/// A client publishes 16 KiB, of which the output holds a handle.
fn publish_shared(rounds: usize) -> usize {
    const BATCH: usize = 3;
    let message = Message::regular(16 << 10);
    let method = basic::Publish {
        exchange: message.exchange.as_str().into(),
        routing_key: message.routing_key.as_str().into(),
        ..Default::default()
    };
    let properties = Properties::parse(&message.properties, &TableLimits::DEFAULT);
    let properties = properties.expect("properties in order");
    let body = Bytes::copy_from_slice(&message.body);
    let mut client = engine::client(ClientConfig::plain("guest", "guest"), 1);
    for _ in 0..rounds {
        measured_step(|| {
            for _ in 0..BATCH {
                let mut channel = client.channel(first()).expect("an open channel");
                channel.publish(black_box(&method), properties, &body).expect("a publish");
            }
            drain(&mut client)
        });
    }
    BATCH
}

/// A server delivers 64 octets that need no ack.
fn deliver(rounds: usize) -> usize {
    let message = Message::regular(64);
    let mut server = engine::delivering("c", true);
    let method = basic::Deliver {
        consumer_tag: "c".into(),
        exchange: message.exchange.as_str().into(),
        routing_key: message.routing_key.as_str().into(),
        ..Default::default()
    };
    let properties = Properties::parse(&message.properties, &TableLimits::DEFAULT);
    let properties = properties.expect("properties in order");
    for _ in 0..rounds {
        measured_step(|| {
            for _ in 0..PUBLISHES {
                let mut channel = server.channel(first()).expect("an open channel");
                let tag = channel.deliver(black_box(&method), properties, &message.body);
                tag.expect("a delivery");
            }
            drain(&mut server)
        });
    }
    PUBLISHES
}

/// A client acks deliveries, each alone.
fn acking(rounds: usize) -> usize {
    let stream = Deliveries::regular(64, 64 << 10);
    let config = ClientConfig::plain("guest", "guest");
    let mut client = engine::consuming(config, &stream.consumers, false);
    let mut octets = stream.octets.clone();
    let mut last = stream.counts();
    let mut tag = 0;
    for _ in 0..rounds {
        stream.number(&mut octets, &mut last);
        engine::take(&mut client, Bytes::copy_from_slice(&octets));
        measured_step(|| {
            for _ in 0..stream.messages {
                tag += 1;
                let ack = basic::Ack { delivery_tag: tag, multiple: false };
                let mut channel = client.channel(first()).expect("an open channel");
                channel.send(black_box(&ack)).expect("an ack");
            }
            drain(&mut client)
        });
    }
    stream.messages
}

/// Publishes a message again and again, and takes the output as written.
fn published(message: &Message, rounds: usize, publish: impl Fn(&mut Channel<'_>)) -> usize {
    let mut client = engine::client(ClientConfig::plain("guest", "guest"), 1);
    let mut expected = Vec::new();
    message.publish(&mut expected, 131_064);
    for _ in 0..rounds {
        let drained = measured_step(|| {
            for _ in 0..PUBLISHES {
                publish(&mut client.channel(first()).expect("an open channel"));
            }
            drain(&mut client)
        });
        assert_eq!(drained, expected.len() * PUBLISHES);
    }
    PUBLISHES
}

/// The table of W4 is checked.
fn validate(rounds: usize) -> usize {
    const TIMES: usize = 100;
    let octets = table::octets();
    for _ in 0..rounds {
        measured_step(|| {
            for _ in 0..TIMES {
                let table = Table::parse(black_box(&octets), &TableLimits::DEFAULT);
                black_box(table.expect("a table in order"));
            }
        });
    }
    TIMES
}

/// The values of the outer level of the table of W4 are put into a new one; of the inner ones the octets.
fn build(rounds: usize) -> usize {
    const TIMES: usize = 100;
    let octets = table::octets();
    let table = Table::parse(&octets, &TableLimits::DEFAULT).expect("a table in order");
    let pairs: Vec<_> = table.iter().collect();
    let mut out = TableBuf::new();
    for _ in 0..rounds {
        measured_step(|| {
            for _ in 0..TIMES {
                out.clear();
                for (name, value) in black_box(&pairs) {
                    out.insert(*name, *value).expect("a pair that fits");
                }
            }
        });
        assert_eq!(out.as_octets(), octets);
    }
    TIMES
}

fn first() -> ChannelId {
    ChannelId::new(1).expect("not channel 0")
}
