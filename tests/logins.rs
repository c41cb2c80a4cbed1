//! Every built-in mechanism, challenges of the application's own, and every dialect, between the two
//! roles.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail like the tests")]

use amqp_proto::protocol::{Dialect, Properties, ReplyCode, basic, queue};
use amqp_proto::sasl::{AmqPlainLogin, PlainLogin};
use amqp_proto::testing::Pair;
use amqp_proto::{
    ClientConfig, CloseDetail, Connection, Decision, Event, Initiator, Mechanism, ServerConfig,
};

/// A pair whose decisions are the test's, with this client and these mechanisms on offer.
fn pair(mechanisms: Vec<Mechanism>, offered: &str) -> Pair {
    let mut config = ServerConfig::default();
    config.mechanisms = offered.into();
    let mut pair = Pair::new(ClientConfig::with_mechanisms(mechanisms), config);
    pair.accept = false;
    pair.drive();
    pair
}

/// The name and the response of the login that waits for a decision.
fn login(pair: &mut Pair) -> (String, Vec<u8>) {
    match pair.server.next_event() {
        Some(Event::Credentials(login)) => {
            (login.mechanism().to_string(), login.response().to_vec())
        }
        other => panic!("{other:?}"),
    }
}

fn decide(connection: &mut Connection, decision: Decision<'_>) {
    connection.decide(decision).unwrap();
}

/// Lets the rest of the handshake go through.
fn accept(pair: &mut Pair) {
    decide(&mut pair.server.connection, Decision::Accept);
    pair.drive();
    let event = pair.server.next_event();
    assert!(matches!(event, Some(Event::VirtualHost(host)) if host.name() == "/"));
    decide(&mut pair.server.connection, Decision::Accept);
    pair.drive();
    assert!(pair.is_open());
}

#[test]
fn plain_and_amqplain_carry_user_and_password() {
    let mut plain = pair(vec![Mechanism::plain("guest", "secret")], "AMQPLAIN PLAIN");
    let (name, response) = login(&mut plain);
    assert_eq!(name, "PLAIN");
    let seen = PlainLogin::parse(&response).unwrap();
    assert_eq!((seen.user, seen.password), (&b"guest"[..], &b"secret"[..]));
    accept(&mut plain);

    let mut amqplain = pair(vec![Mechanism::amqplain("guest", "secret")], "AMQPLAIN PLAIN");
    let (name, response) = login(&mut amqplain);
    assert_eq!(name, "AMQPLAIN");
    let seen = AmqPlainLogin::parse(&response).unwrap();
    assert_eq!((seen.user, seen.password), (&b"guest"[..], &b"secret"[..]));
    accept(&mut amqplain);
}

#[test]
fn anonymous_and_external_need_no_secret() {
    for mechanism in [Mechanism::anonymous(), Mechanism::external()] {
        let name = mechanism.name().to_owned();
        let mut pair = pair(vec![mechanism], "EXTERNAL ANONYMOUS");
        assert_eq!(login(&mut pair), (name, Vec::new()));
        accept(&mut pair);
    }
}

#[test]
fn the_clients_preference_decides() {
    let preferred = vec![Mechanism::external(), Mechanism::anonymous(), Mechanism::plain("a", "b")];
    let mut pair = pair(preferred, "PLAIN ANONYMOUS");
    assert_eq!(login(&mut pair).0, "ANONYMOUS");
}

#[test]
fn what_was_offered_is_told_when_nothing_suits() {
    let mut pair = pair(vec![Mechanism::external()], "PLAIN AMQPLAIN");
    let Some(Event::Closed(reason)) = pair.client.next_event() else { panic!("no end") };
    assert_eq!(reason.detail, CloseDetail::NoCommonMechanism);
    let told = "no SASL mechanism suits both sides: the server offers PLAIN AMQPLAIN";
    assert_eq!(reason.to_string(), told);
}

#[test]
fn challenges_go_to_and_fro_as_long_as_both_applications_like() {
    let mut pair = pair(vec![Mechanism::custom("RIDDLE", b"sphinx")], "RIDDLE");
    assert_eq!(login(&mut pair), ("RIDDLE".into(), b"sphinx".to_vec()));
    for round in [&b"four legs"[..], b"two legs", b"three legs"] {
        decide(&mut pair.server.connection, Decision::Challenge(round));
        pair.drive();
        let Some(Event::Challenge(challenge)) = pair.client.next_event() else { panic!("none") };
        assert_eq!(challenge.challenge().as_octets(), round);
        let answer = [round, b": man"].concat();
        decide(&mut pair.client.connection, Decision::Respond(&answer));
        pair.drive();
        let Some(Event::SaslResponse(response)) = pair.server.next_event() else { panic!("none") };
        assert_eq!(response.response(), answer);
    }
    accept(&mut pair);
}

#[test]
fn broker_j_gets_the_initial_response_again_when_it_asks_for_it() {
    let mut pair = pair(vec![Mechanism::plain("guest", "secret")], "PLAIN");
    login(&mut pair);
    decide(&mut pair.server.connection, Decision::Challenge(b""));
    pair.drive();
    let Some(Event::SaslResponse(response)) = pair.server.next_event() else { panic!("none") };
    assert_eq!(response.response(), b"\0guest\0secret");
}

#[test]
fn a_refused_login_is_told_to_a_client_that_can_hear_it() {
    let refusal = Decision::Refuse { code: ReplyCode::ACCESS_REFUSED, text: "who are you?" };
    let mut told = pair(vec![Mechanism::plain("guest", "wrong")], "PLAIN");
    login(&mut told);
    decide(&mut told.server.connection, refusal);
    told.drive();
    let Some(Event::Closed(reason)) = told.client.next_event() else { panic!("no end") };
    assert_eq!((reason.initiator, reason.detail), (Initiator::Peer, CloseDetail::LoginRefused));
    assert_eq!(reason.to_string(), "the login was refused: who are you?");
    let Some(Event::Closed(reason)) = told.server.next_event() else { panic!("no end") };
    assert_eq!((reason.initiator, reason.detail), (Initiator::Local, CloseDetail::LoginRefused));

    // HS-02: without the capability the stream just ends.
    let mut config = ClientConfig::plain("guest", "wrong");
    config.client_properties = amqp_proto::wire::TableBuf::new();
    let mut silent = Pair::new(config, ServerConfig::default());
    silent.accept = false;
    silent.drive();
    login(&mut silent);
    decide(&mut silent.server.connection, refusal);
    silent.drive();
    assert!(matches!(silent.server.next_event(), Some(Event::Closed(_))));
    assert!(silent.client.next_event().is_none());
    silent.end();
    silent.drive();
    let Some(Event::Closed(reason)) = silent.client.next_event() else { panic!("no end") };
    assert!(matches!(reason.detail, CloseDetail::EndOfStream { .. }));
}

#[test]
fn a_password_that_plain_cannot_carry_is_told_before_it_is_sent() {
    let mut pair = pair(vec![Mechanism::plain("guest", "se\0cret")], "PLAIN");
    let Some(Event::Closed(reason)) = pair.client.next_event() else { panic!("no end") };
    assert_eq!(reason.initiator, Initiator::Local);
    assert!(reason.text.contains("NUL"), "{reason}");
    assert_eq!(pair.client.sent.len(), 8, "more than the protocol header was sent");
}

#[test]
fn every_dialect_goes_from_header_to_close() {
    for &dialect in Dialect::ALL {
        let mut config = ClientConfig::plain("guest", "guest");
        config.dialect = dialect;
        let mut pair = Pair::connected_with(config, ServerConfig::default());
        assert!(pair.is_open(), "{dialect}");
        assert_eq!(pair.server.connection.dialect(), dialect);

        let id = pair.client.connection.open_channel().unwrap();
        let mut channel = pair.client.connection.channel(id).unwrap();
        let declare = queue::Declare { queue: "q".into(), ..Default::default() };
        let request = channel.call(&declare).unwrap().unwrap();
        let publish = basic::Publish { routing_key: "q".into(), ..Default::default() };
        channel.publish(&publish, Properties::default(), "hello").unwrap();
        // Its queue is the one that was declared last.
        let consume =
            basic::Consume { consumer_tag: "c".into(), no_wait: true, ..Default::default() };
        channel.call(&consume).unwrap();
        pair.drive();
        let events = pair.server.take_events();
        let [
            Event::ChannelOpened(_),
            Event::Request { token: Some(token), .. },
            Event::Content(content),
            Event::Request { token: None, .. },
        ] = &events[..]
        else {
            panic!("{dialect}: {events:?}")
        };
        assert_eq!(content.body(), b"hello");
        let mut channel = pair.server.connection.channel(id).unwrap();
        let declare_ok = queue::DeclareOk { queue: "q".into(), ..Default::default() };
        channel.reply(*token, &declare_ok).unwrap();
        let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
        channel.deliver(&deliver, Properties::default(), "back").unwrap();
        channel.close(ReplyCode::NOT_FOUND, "gone").unwrap();
        pair.drive();
        let lines: Vec<String> =
            pair.client.take_events().iter().map(ToString::to_string).collect();
        assert_eq!(lines.len(), 4, "{dialect}: {lines:?}");
        assert!(lines[1].starts_with(&format!("reply to {request}: ch 1 queue.declare-ok")));
        assert!(lines[3].ends_with("404 not-found: gone"), "{dialect}: {lines:?}");

        let now = pair.now;
        pair.client.connection.close(now, ReplyCode::REPLY_SUCCESS, "").unwrap();
        pair.drive();
        for peer in [&mut pair.client, &mut pair.server] {
            let events = peer.take_events();
            assert!(matches!(events.last(), Some(Event::Closed(_))), "{dialect}: {events:?}");
        }
    }
}
