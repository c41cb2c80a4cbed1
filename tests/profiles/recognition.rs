//! Who the peer is, and what it can do.

use amqp_proto::protocol::channel;
use amqp_proto::wire::{Table, TableBuf};
use amqp_proto::{Capabilities, Connection, Profile, ServerConfig};

use crate::broker::{greeted, introductions, one, told_of};
use crate::common::*;

#[test]
fn a_broker_is_recognised_by_what_it_says() {
    for (properties, profile) in introductions() {
        let client = greeted(plain(), &properties);
        assert_eq!(*client.profile(), profile);
        assert_eq!(Profile::recognise(client.peer_properties()), Some(profile));
    }
}

#[test]
fn versions_decide_where_one_name_stands_for_several() {
    for (version, profile) in [
        ("3.0.0", Profile::RABBITMQ_3),
        ("3.13.7", Profile::RABBITMQ_3),
        ("4.0.0-rc.1", Profile::RABBITMQ_4),
        ("5.2", Profile::RABBITMQ_4),
        ("", Profile::RABBITMQ_3),
        ("unknown", Profile::RABBITMQ_3),
    ] {
        let mut properties = TableBuf::new();
        properties.insert("product", "RabbitMQ").unwrap();
        properties.insert("version", version).unwrap();
        assert_eq!(Profile::recognise(properties.as_table()), Some(profile), "{version}");
    }
}

#[test]
fn nobody_known_is_taken_for_the_default() {
    let named = |product: &str| {
        let text = [&short("product")[..], b"S", &long(product.as_bytes())].concat();
        greeted(plain(), &text)
    };
    for product in ["", "rabbitmq", "RabbitMQ ", "amqp-proto", "qpid"] {
        assert_eq!(*named(product).profile(), Profile::DEFAULT, "{product}");
    }
    // Names that only begin like Qpid's are none of its.
    assert_eq!(*greeted(plain(), b"\x05qpidxt\x01\x04qpidt\x01").profile(), Profile::DEFAULT);
    assert_eq!(*greeted(plain(), b"\x06qpid.xt\x01").profile(), Profile::BROKER_J);
    // A product that is no text is none.
    assert_eq!(*greeted(plain(), b"\x07productI\0\0\0\x01").profile(), Profile::DEFAULT);
    assert_eq!(*greeted(plain(), b"").profile(), Profile::DEFAULT);
}

#[test]
fn what_the_caller_says_holds_whoever_answers() {
    let mut config = plain();
    config.profile = Some(Profile::STRICT);
    for (properties, _) in introductions() {
        assert_eq!(*greeted(config.clone(), &properties).profile(), Profile::STRICT);
    }
    let mut own = Profile::LAVINMQ;
    own.name = "ours";
    own.frame_before_tune = 0;
    config.profile = Some(own);
    let client = Connection::client(config, T0);
    assert_eq!(*client.profile(), own);
    // Not even what can't be.
    assert_eq!(client.frame_max(), 4096);
}

#[test]
fn capabilities_are_what_is_known_and_what_is_announced() {
    let [_, _, (broker_j, _), _] = introductions();
    let mut expected = Capabilities::NONE;
    expected.publisher_confirms = true;
    expected.basic_nack = true;
    expected.consumer_priorities = true;
    expected.authentication_failure_close = true;
    assert_eq!(greeted(plain(), &broker_j).capabilities(), expected);
    assert_eq!(Profile::BROKER_J.capabilities(Table::EMPTY), expected);

    // Announced by a string, whoever it is; no other string counts, nor does a boolean.
    let mut config = plain();
    config.profile = Some(Profile::DEFAULT);
    for (value, confirms) in [
        (&b"S\0\0\0\x04true"[..], true),
        (b"S\0\0\0\x05false", false),
        (b"S\0\0\0\x04True", false),
        (b"t\x01", false),
    ] {
        let properties = [&short("qpid.confirmed_publish_supported")[..], value].concat();
        let mut expected = Capabilities::NONE;
        expected.publisher_confirms = confirms;
        assert_eq!(greeted(config.clone(), &properties).capabilities(), expected);
    }

    // Both together.
    let table = [&short("exchange_exchange_bindings")[..], b"t\x01"].concat();
    let announced = [&short("capabilities")[..], b"F", &long(&table)].concat();
    config.profile = Some(Profile::BROKER_J);
    expected.exchange_exchange_bindings = true;
    assert_eq!(greeted(config, &announced).capabilities(), expected);
    for profile in Profile::ALL.iter().filter(|profile| **profile != Profile::BROKER_J) {
        assert_eq!(told_of(*profile).capabilities(), Capabilities::NONE, "{}", profile.name);
    }
}

/// Broker-J answers those that call themselves Qpid's in spite of no-wait.
#[test]
fn this_side_is_not_taken_for_qpids() {
    let product = plain().client_properties;
    let product = product.get("product").unwrap();
    assert_eq!(product.as_str(), Some("amqp-proto"));
}

#[test]
fn a_websocket_is_asked_for_what_the_broker_answers() {
    assert_eq!(Profile::BROKER_J.subprotocols, ["amqp"]);
    assert_eq!(Profile::LAVINMQ.subprotocols, ["amqp"]);
    for relayed in [Profile::RABBITMQ_3, Profile::RABBITMQ_4, Profile::DEFAULT, Profile::STRICT] {
        assert_eq!(relayed.subprotocols, [""; 0]);
    }
}

/// What a profile says of servers is nothing about clients.
#[test]
fn a_server_takes_no_client_for_a_broker() {
    for profile in Profile::ALL {
        let mut config = ServerConfig::default();
        config.profile = *profile;
        let mut server = server(config);
        assert_eq!(server.capabilities(), Capabilities::NONE, "{}", profile.name);
        feed(&mut server, &channel_open(1));
        poll(&mut server);
        output(&mut server);
        let mut channel = server.channel(one()).unwrap();
        channel.call(&channel::Flow { active: false }).unwrap();
        assert_eq!(hex(&output(&mut server)), hex(&method(1, 20, 20, b"\0")));
    }
}
