//! Heartbeats once a second.

use core::time::Duration;

use amqp_interop::{Broker, Client};
use amqp_proto::protocol::{Properties, PropertiesBuf};
use amqp_proto::{CloseDetail, Heartbeat, Phase};

fn connect() -> Client {
    let mut config = Broker::from_env().config();
    config.heartbeat = Heartbeat::Prefer(1);
    let client = Client::connect_with(config);
    assert_eq!(client.amqp.heartbeat(), 1);
    client
}

#[test]
fn they_keep_an_idle_connection_open() {
    let mut client = connect();
    let channel = client.open();
    let (sent, received) = (client.sent, client.received);
    client.drive_for(Duration::from_secs(4));
    assert_eq!(client.amqp.phase(), Phase::Open, "{client:?}");
    // Nothing but heartbeats, each of eight octets, about two a second.
    for octets in [client.sent - sent, client.received - received] {
        assert!(octets % 8 == 0 && (3 * 8..=10 * 8).contains(&octets), "{octets} octets");
    }
    client.check_alive(channel);
    client.close();
}

#[test]
fn other_octets_take_their_place() {
    let mut client = connect();
    let channel = client.open();
    let sent = client.sent;
    for _ in 0..30 {
        client.check_alive(channel);
        client.drive_for(Duration::from_millis(100));
    }
    // channel.flow with one octet: 7 + 5 + 1.
    assert_eq!(client.sent - sent, 30 * 13, "{client:?}");
    client.close();
}

#[test]
fn a_content_that_pauses_is_kept_alive() {
    let mut client = connect();
    let channel = client.open();
    let queue = client.queue(channel);
    let publish = amqp_interop::key(&queue);
    client.on(channel).start_publish(&publish, Properties::default(), 6).unwrap();
    client.on(channel).send_body("abc").unwrap();
    client.drive_for(Duration::from_secs(4));
    client.on(channel).send_body("def").unwrap();
    assert_eq!(client.get(channel, &queue).unwrap().into_body(), "abcdef");
    client.close();
}

#[test]
fn a_client_that_falls_silent_is_dropped_by_the_broker() {
    let mut client = connect();
    let passed = client.read_to_end();
    assert!((1.0..6.0).contains(&passed.as_secs_f32()), "after {passed:?}");
    assert_eq!(client.amqp.phase(), Phase::Open);
    // Driven again, the engine learns of it, whichever it notices first.
    let detail = client.closed().detail;
    let expected =
        [CloseDetail::HeartbeatLoss, CloseDetail::EndOfStream { awaited: "connection.close" }];
    assert!(expected.contains(&detail), "{detail:?}");
}

#[test]
fn without_heartbeats_nothing_is_sent() {
    let mut config = Broker::from_env().config();
    config.heartbeat = Heartbeat::Off;
    let mut client = Client::connect_with(config);
    assert_eq!((client.amqp.heartbeat(), client.amqp.poll_timeout()), (0, None));
    let channel = client.open();
    let (sent, received) = (client.sent, client.received);
    client.drive_for(Duration::from_secs(2));
    assert_eq!((client.sent, client.received), (sent, received));
    let properties = PropertiesBuf::new().with_priority(1);
    client.on(channel).publish(&amqp_interop::key("nowhere"), &properties, "").unwrap();
    client.check_alive(channel);
    client.close();
}
