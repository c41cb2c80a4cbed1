//! Clients of brokers that say who they are.

use amqp_proto::{ChannelId, ClientConfig, Connection, Event, Phase, Profile};

use crate::common::*;

/// Server-properties of brokers as they come, as far as they tell who it is, and the profile of each.
pub(crate) fn introductions() -> [(Vec<u8>, Profile); 4] {
    let text = |name: &str, value: &str| [&short(name)[..], b"S", &long(value.as_bytes())].concat();
    let product =
        |name: &str, version: &str| [text("product", name), text("version", version)].concat();
    [
        (product("RabbitMQ", "3.10.8"), Profile::RABBITMQ_3),
        (product("RabbitMQ", "4.1.0"), Profile::RABBITMQ_4),
        (
            [
                product("qpid-broker", "9.2.1"),
                text("qpid.build", "0123456789abcdef"),
                text("qpid.instance_name", "Broker"),
                text("qpid.confirmed_publish_supported", "true"),
            ]
            .concat(),
            Profile::BROKER_J,
        ),
        (product("LavinMQ", "2.9.1"), Profile::LAVINMQ),
    ]
}

/// connection.start with these octets of server-properties.
pub(crate) fn start_by(server_properties: &[u8], mechanisms: &str) -> Vec<u8> {
    let parts = [b"\0\x09", &long(server_properties)[..], &long(mechanisms.as_bytes())];
    method(0, 10, 10, &[&parts.concat()[..], &long(b"en_US")].concat())
}

/// A client that has taken the connection.start of this broker.
pub(crate) fn greeted(config: ClientConfig, server_properties: &[u8]) -> Connection {
    let mut client = Connection::client(config, T0);
    output(&mut client);
    feed(&mut client, &start_by(server_properties, "PLAIN AMQPLAIN"));
    poll(&mut client);
    client
}

/// A client with channel 1 on this broker.
pub(crate) fn on_broker(server_properties: &[u8]) -> Connection {
    let mut client = greeted(plain(), server_properties);
    feed(&mut client, &[tune(2047, 131_072, 60), open_ok()].concat());
    poll(&mut client);
    assert_eq!(client.phase(), Phase::Open);
    with_channel(client)
}

/// A client with channel 1 that was told which broker it is.
pub(crate) fn told_of(profile: Profile) -> Connection {
    let mut config = plain();
    config.profile = Some(profile);
    with_channel(client(config))
}

fn with_channel(mut client: Connection) -> Connection {
    client.open_channel_number(one()).unwrap();
    feed(&mut client, &channel_open_ok(1));
    let events = poll(&mut client);
    assert!(matches!(events[..], [Event::ChannelOpened(_)]), "{:?}", lines(&events));
    output(&mut client);
    client
}

pub(crate) fn one() -> ChannelId {
    ChannelId::new(1).unwrap()
}

/// Hands octets in and tells what comes of it.
pub(crate) fn told(client: &mut Connection, octets: &[u8]) -> Vec<Event> {
    feed(client, octets);
    poll(client)
}
