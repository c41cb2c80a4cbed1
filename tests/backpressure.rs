//! Output that nobody reads stops the events, and events go on when it is written.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of tests may fail as they do")]

use amqp_proto::protocol::{Method, Properties, basic};
use amqp_proto::testing::Pair;
use amqp_proto::{ClientConfig, Event, Heartbeat, Phase, ServerConfig};
use bytes::{Buf, BytesMut};

/// Acks every delivery with little room for output; returns what the driver's steps led to.
fn acked_deliveries(deliveries: usize) -> usize {
    let mut config = ClientConfig::plain("guest", "guest");
    config.heartbeat = Heartbeat::Off;
    config.limits.unsent_output = 400;
    config.limits.output_reserve = 100;
    let mut pair = Pair::connected_with(config, ServerConfig::default());
    let id = pair.client.connection.open_channel().unwrap();
    let consume = basic::Consume {
        queue: "q".into(),
        consumer_tag: "c".into(),
        no_wait: true,
        ..Default::default()
    };
    pair.client.connection.channel(id).unwrap().call(&consume).unwrap();
    pair.drive();
    pair.client.take_events();

    let mut server = pair.server.connection.channel(id).unwrap();
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    for _ in 0..deliveries {
        server.deliver(&deliver, Properties::default(), "body").unwrap();
    }
    let client = &mut pair.client.connection;
    let mut buffer = BytesMut::new();
    while let Some(octets) = pair.server.connection.transmit().take_segment() {
        buffer.extend_from_slice(&octets);
    }

    let mut acked = 0;
    loop {
        client.handle_input(pair.now, &mut buffer);
        while let Some(event) = client.poll_event() {
            let Event::Content(content) = event else { panic!("{event}") };
            let Method::BasicDeliver(deliver) = content.method() else { panic!("{content}") };
            let ack = basic::Ack { delivery_tag: deliver.delivery_tag, multiple: false };
            client.channel(id).unwrap().send(&ack).unwrap();
            acked += 1;
        }
        while client.transmit().has_remaining() {
            let all = client.transmit().remaining();
            client.transmit().advance(all);
        }
        assert_eq!(client.phase(), Phase::Open);
        // Without input and without a deadline a driver would sleep for ever here.
        match client.poll_timeout() {
            Some(due) if due <= pair.now => client.handle_timeout(pair.now),
            _ => return acked,
        }
    }
}

#[test]
fn a_driver_that_follows_the_contract_gets_all_events() {
    assert_eq!(acked_deliveries(100), 100);
    assert_eq!(acked_deliveries(3), 3);
}
