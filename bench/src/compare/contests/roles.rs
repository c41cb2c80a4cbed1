//! W6: a client publishes, a server takes that and delivers it back, the client acks.

use amqp_bench::engine::{self, NOW};
use amqp_bench::streams::Message;
use amqp_bench::streams::deliveries::CONSUMER_TAG;
use amqp_proto::protocol::{Properties, basic};
use amqp_proto::wire::TableLimits;
use amqp_proto::{ChannelId, ClientConfig, Connection, Event};
use bytes::Bytes;

use super::{Each, size_name};
use crate::measure::Contest;
use crate::peers::{limits, name};

/// Messages that are on their way together.
const BATCH: usize = 32;

pub(super) fn all(each: &mut Each<'_>) {
    for size in [64, 1 << 10, 16 << 10] {
        each(contest(size));
    }
}

fn contest(size: usize) -> Contest<'static> {
    let title = format!("W6 {}", size_name(size));
    let mut contest = Contest::new(title, &[name::MEMCPY]);
    let message = Message::regular(size);

    let mut octets = Vec::new();
    message.publish(&mut octets, size);
    message.deliver(&mut octets, size);
    let mut copy = vec![0; octets.len()];
    contest.add(name::MEMCPY, BATCH, move |clock| {
        clock.time(|| (0..BATCH).for_each(|_| limits::copy(&octets, &mut copy)));
    });

    let consumers = [(1, CONSUMER_TAG.to_owned())];
    let config = ClientConfig::plain("guest", "guest");
    let mut client = engine::consuming(config, &consumers, false);
    let mut server = engine::delivering(CONSUMER_TAG, false);
    let body = Bytes::copy_from_slice(&message.body);
    contest.add(name::ENGINE, BATCH, move |clock| {
        let acked = clock.time(|| {
            publish(&mut client, &message, &body);
            carry(&mut client, &mut server);
            deliver(&mut server);
            carry(&mut server, &mut client);
            ack(&mut client);
            carry(&mut client, &mut server);
            let mut acked = 0;
            while let Some(event) = server.poll_event() {
                acked += usize::from(matches!(event, Event::Notice(_)));
            }
            acked
        });
        assert_eq!(acked, BATCH);
    });
    contest
}

fn carry(from: &mut Connection, to: &mut Connection) {
    while let Some(octets) = from.transmit().take_segment() {
        to.handle_bytes(NOW, octets);
    }
}

fn publish(client: &mut Connection, message: &Message, body: &Bytes) {
    let method = basic::Publish {
        exchange: message.exchange.as_str().into(),
        routing_key: message.routing_key.as_str().into(),
        ..Default::default()
    };
    let properties = Properties::parse(&message.properties, &TableLimits::DEFAULT);
    let properties = properties.expect("properties in order");
    let id = ChannelId::new(1).expect("not channel 0");
    for _ in 0..BATCH {
        let mut channel = client.channel(id).expect("an open channel");
        channel.publish(&method, properties, body).expect("a publish");
    }
}

fn deliver(server: &mut Connection) {
    while let Some(event) = server.poll_event() {
        let Event::Content(content) = event else { continue };
        let method = basic::Deliver {
            consumer_tag: CONSUMER_TAG.into(),
            exchange: content.exchange(),
            routing_key: content.routing_key(),
            ..Default::default()
        };
        let mut channel = server.channel(content.channel()).expect("an open channel");
        channel.deliver(&method, content.properties(), content.body()).expect("a delivery");
    }
}

fn ack(client: &mut Connection) {
    while let Some(event) = client.poll_event() {
        let Event::Content(content) = event else { continue };
        let delivery_tag = content.deliver().expect("a delivery").delivery_tag;
        let mut channel = client.channel(content.channel()).expect("an open channel");
        channel.send(&basic::Ack { delivery_tag, multiple: false }).expect("an ack");
    }
}
