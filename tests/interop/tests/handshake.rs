//! Logins, and what they agree on.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers fail the test"
)]

use amqp_interop::{Broker, Client, ctl};
use amqp_proto::protocol::{AsMethod, MethodKind};
use amqp_proto::protocol::{ReplyCode, connection};
use amqp_proto::wire::{TableBuf, Value};
use amqp_proto::{
    Capabilities, ClientConfig, CloseDetail, Decision, Event, Heartbeat, Initiator, Mechanism,
};

/// Logs in with these mechanisms and does something that only an open connection can.
fn logs_in(mechanisms: Vec<Mechanism>) {
    let mut client = Client::connect_with(Broker::from_env().config_with(mechanisms));
    let channel = client.open();
    client.check_alive(channel);
    client.close();
}

#[test]
fn plain() {
    let broker = Broker::from_env();
    logs_in(vec![Mechanism::plain(&broker.user, &broker.password)]);
}

#[test]
fn amqplain() {
    let broker = Broker::from_env();
    logs_in(vec![Mechanism::amqplain(&broker.user, &broker.password)]);
}

/// RabbitMQ's demonstration of a challenge: the user first, then the password.
fn challenged(password: &str) -> Client {
    let broker = Broker::from_env();
    let mechanism = Mechanism::custom("RABBIT-CR-DEMO", broker.user.as_bytes());
    let mut client = Client::start(broker.config_with(vec![mechanism]));
    client.next("a challenge", |event| match event {
        Event::Challenge(challenge) => {
            assert_eq!(challenge.challenge(), "Please tell me your password");
            Some(())
        }
        _ => None,
    });
    let response = format!("My password is {password}");
    client.amqp.decide(Decision::Respond(response.as_bytes())).unwrap();
    client
}

#[test]
fn a_challenge_is_answered_by_the_application() {
    let mut client = challenged(&Broker::from_env().password);
    client.connected();
    client.close();
}

#[test]
fn a_wrong_answer_to_a_challenge_is_refused() {
    let reason = challenged("wrong").closed();
    assert_eq!((reason.initiator, reason.reply_code), (Initiator::Peer, ReplyCode::ACCESS_REFUSED));
}

#[test]
fn a_challenge_can_be_refused() {
    let broker = Broker::from_env();
    let mechanism = Mechanism::custom("RABBIT-CR-DEMO", broker.user.as_bytes());
    let mut client = Client::start(broker.config_with(vec![mechanism]));
    client.next("a challenge", |event| matches!(event, Event::Challenge(_)).then_some(()));
    let refusal =
        Decision::Refuse { code: ReplyCode::ACCESS_REFUSED, text: "none of your business" };
    client.amqp.decide(refusal).unwrap();
    let reason = client.ended();
    assert_eq!((reason.initiator, reason.detail), (Initiator::Local, CloseDetail::LoginRefused));
}

#[test]
fn the_first_mechanism_that_the_broker_offers_is_taken() {
    let broker = Broker::from_env();
    let plain = Mechanism::plain(&broker.user, &broker.password);
    let wrong = Mechanism::amqplain(&broker.user, "wrong");
    let unheard_of = Mechanism::custom("UNHEARD-OF", b"");
    // Were the order not kept, the wrong password would be refused.
    logs_in(vec![unheard_of.clone(), plain.clone(), wrong.clone()]);
    let mut client = Client::start(broker.config_with(vec![unheard_of.clone(), wrong, plain]));
    assert_eq!(client.closed().reply_code, ReplyCode::ACCESS_REFUSED);

    let mut client = Client::start(broker.config_with(vec![unheard_of]));
    let reason = client.ended();
    assert_eq!(reason.detail, CloseDetail::NoCommonMechanism);
    for offered in ["PLAIN", "AMQPLAIN", "RABBIT-CR-DEMO"] {
        assert!(reason.to_string().contains(offered), "{reason}");
    }
}

#[test]
fn a_wrong_password_is_told_by_a_close() {
    let mut broker = Broker::from_env();
    broker.password = "wrong".into();
    let mut client = Client::start(broker.config());
    let reason = client.closed();
    assert_eq!((reason.initiator, reason.detail), (Initiator::Peer, CloseDetail::LoginRefused));
    assert_eq!(reason.reply_code, ReplyCode::ACCESS_REFUSED);
    assert!(reason.text.starts_with("ACCESS_REFUSED - Login was refused using auth"), "{reason}");
    assert!(client.sent > 0 && client.amqp.peer_properties().get("product").is_some());
}

#[test]
fn a_wrong_password_ends_the_stream_where_the_capability_is_missing() {
    let mut broker = Broker::from_env();
    broker.password = "wrong".into();
    let mut config = broker.config();
    config.client_properties = TableBuf::new();
    let reason = Client::start(config).closed();
    assert_eq!(reason.initiator, Initiator::Transport);
    let CloseDetail::EndOfStream { awaited } = reason.detail else { panic!("{reason}") };
    assert_eq!(awaited, "connection.tune (the login may have been refused)");
    assert!(reason.to_string().contains("may have been refused"), "{reason}");
}

#[test]
fn an_unknown_virtual_host_is_told_by_a_close() {
    let mut config = Broker::from_env().config();
    config.virtual_host = "nowhere".into();
    let reason = Client::start(config).closed();
    assert_eq!((reason.initiator, reason.reply_code), (Initiator::Peer, ReplyCode::NOT_ALLOWED));
    assert!(reason.text.contains("vhost nowhere not found"), "{reason}");
    let open = MethodKind::ConnectionOpen.id(amqp_proto::protocol::Dialect::V0_9_1).unwrap();
    assert_eq!(reason.method, open);
}

#[test]
fn the_broker_tells_about_itself() {
    let client = Client::connect();
    let properties = client.amqp.peer_properties();
    assert_eq!(properties.get("product").and_then(|value| value.as_str()), Some("RabbitMQ"));
    for name in ["version", "platform", "copyright", "information", "cluster_name"] {
        assert!(matches!(properties.get(name), Some(Value::LongStr(_))), "{name}: {properties}");
    }
    let mut all = Capabilities::NONE;
    all.publisher_confirms = true;
    all.exchange_exchange_bindings = true;
    all.basic_nack = true;
    all.consumer_cancel_notify = true;
    all.connection_blocked = true;
    all.authentication_failure_close = true;
    all.consumer_priorities = true;
    all.per_consumer_qos = true;
    all.direct_reply_to = true;
    assert_eq!(client.amqp.capabilities(), all);
    client.close();
}

#[test]
fn the_broker_is_told_about_this_side() {
    let mut config = Broker::from_env().config();
    let mark = amqp_interop::name("mark");
    config.client_properties.insert("connection_name", mark.as_str()).unwrap();
    let client = Client::connect_with(config);
    let connections = ctl(&["list_connections", "user", "client_properties", "auth_mechanism"]);
    let own = connections.lines().find(|line| line.contains(&mark));
    let own = own.unwrap_or_else(|| panic!("{mark} isn't in {connections}"));
    for shown in ["amqp-proto", env!("CARGO_PKG_VERSION_MAJOR"), "connection.blocked", "PLAIN"] {
        assert!(own.contains(shown), "{shown} isn't in {own}");
    }
    client.close();
}

/// Connects with what `change` makes of the usual configuration.
fn tuned(change: impl FnOnce(&mut ClientConfig)) -> (u16, u32, u16) {
    let mut config = Broker::from_env().config();
    change(&mut config);
    let client = Client::connect_with(config);
    let tuned = (client.amqp.channel_max(), client.amqp.frame_max(), client.amqp.heartbeat());
    client.close();
    tuned
}

#[test]
fn limits_are_the_lower_of_both_sides() {
    assert_eq!(tuned(|_| ()), (2047, 131_072, 60));
    assert_eq!(tuned(|config| config.heartbeat = Heartbeat::Off), (2047, 131_072, 0));
    assert_eq!(tuned(|config| config.heartbeat = Heartbeat::Prefer(7)), (2047, 131_072, 7));
    // RabbitMQ's own 60 is less.
    assert_eq!(tuned(|config| config.heartbeat = Heartbeat::Prefer(600)), (2047, 131_072, 60));
    let unlimited = tuned(|config| (config.channel_max, config.frame_max) = (0, 0));
    assert_eq!(unlimited, (2047, 131_072, 60));
    let least = tuned(|config| (config.channel_max, config.frame_max) = (1, 4096));
    assert_eq!(least, (1, 4096, 60));
}

#[test]
fn every_channel_number_can_be_used() {
    let mut config = Broker::from_env().config();
    config.channel_max = 3;
    let mut client = Client::connect_with(config);
    let mut channels = [client.open(), client.open(), client.open()];
    assert_eq!(channels.map(|channel| channel.number()), [1, 2, 3]);
    let full = client.amqp.open_channel().unwrap_err();
    assert_eq!(full, amqp_proto::UsageError::NoFreeChannel { channel_max: 3 });
    channels.reverse();
    for channel in channels {
        client.check_alive(channel);
    }
    client.close();
}

#[test]
fn the_secret_can_be_renewed() {
    let mut client = Client::connect();
    let request = client.amqp.update_secret(b"fresh", "the old one expires").unwrap();
    let reply = client.reply(request);
    assert_eq!(reply.kind(), connection::UpdateSecretOk::KIND);
    assert_eq!(reply.channel(), None);
    client.close();
}
