//! Deliveries and their acks: what may be acked, on both sides, and when (`ACK-01` to `ACK-11`).
#![allow(clippy::unwrap_used, reason = "helpers fail like the tests")]

mod common;

use amqp_proto::protocol::{MethodKind, Properties, basic, tx};
use amqp_proto::{
    ChannelId, Connection, Event, Phase, Profile, ReplyToken, ServerConfig, UsageError,
};
use common::*;

const ONE: ChannelId = ChannelId::new(1).unwrap();

fn ack(delivery_tag: u64, multiple: bool) -> basic::Ack {
    basic::Ack { delivery_tag, multiple }
}

fn ack_frame(channel: u16, tag: u64, multiple: u8) -> Vec<u8> {
    method(channel, 60, 80, &[&tag.to_be_bytes()[..], &[multiple]].concat())
}

fn unknown(delivery_tag: u64) -> Result<(), UsageError> {
    Err(UsageError::UnknownDelivery { channel: 1, delivery_tag })
}

/// Deliveries without a body.
fn deliveries(channel: u16, tags: impl IntoIterator<Item = u64>) -> Vec<u8> {
    tags.into_iter()
        .flat_map(|tag| [deliver(channel, tag), header(channel, 0, BARE)].concat())
        .collect()
}

/// A client with channels 1 and 2, and a consumer `c` on channel 1.
fn client_with(config: amqp_proto::ClientConfig, no_ack: bool) -> Connection {
    let mut client = client(config);
    for channel in 1..=2 {
        client.open_channel().unwrap();
        feed(&mut client, &channel_open_ok(channel));
    }
    poll(&mut client);
    let (queue, consumer_tag) = ("q".into(), "c".into());
    let consume = basic::Consume { queue, consumer_tag, no_ack, ..Default::default() };
    client.channel(ONE).unwrap().call(&consume).unwrap();
    feed(&mut client, &method(1, 60, 21, &short("c")));
    poll(&mut client);
    output(&mut client);
    client
}

/// A server with channels 1 and 2, and deliveries on channel 1 to a consumer that acks.
fn server_with(deliveries: u64) -> Connection {
    let mut server = server(ServerConfig::default());
    feed(&mut server, &[channel_open(1), channel_open(2), consume(1, "c", false)].concat());
    poll(&mut server);
    for tag in 1..=deliveries {
        assert_eq!(deliver_one(&mut server, "c"), Ok(tag));
    }
    output(&mut server);
    server
}

fn deliver_one(server: &mut Connection, consumer_tag: &str) -> Result<u64, UsageError> {
    let deliver = basic::Deliver { consumer_tag: consumer_tag.into(), ..Default::default() };
    server.channel(ONE).unwrap().deliver(&deliver, Properties::EMPTY, "")
}

fn tokens(events: &[Event]) -> Vec<ReplyToken> {
    let token = |event: &Event| match event {
        Event::Request { token, .. } => *token,
        _ => None,
    };
    events.iter().filter_map(token).collect()
}

#[test]
fn a_client_acks_each_delivery_once() {
    let mut client = client_with(plain(), false);
    feed(&mut client, &deliveries(1, 1..=5));
    poll(&mut client);
    assert_eq!(client.unacked(), 5);
    let mut channel = client.channel(ONE).unwrap();
    channel.send(&ack(2, false)).unwrap();
    for tag in [0, 2, 6, u64::MAX] {
        assert_eq!(channel.send(&ack(tag, false)), unknown(tag));
        let nack = basic::Nack { delivery_tag: tag, multiple: false, requeue: true };
        assert_eq!(channel.send(&nack), unknown(tag));
        let reject = basic::Reject { delivery_tag: tag, requeue: true };
        assert_eq!(channel.send(&reject), unknown(tag));
    }
    // ACK-03: the last one must be outstanding itself.
    assert_eq!(channel.send(&ack(2, true)), unknown(2));
    channel.send(&ack(3, true)).unwrap();
    channel.send(&basic::Reject { delivery_tag: 5, requeue: false }).unwrap();
    assert_eq!(channel.unacked(), 1);
    // ACK-04: all so far, also when that is nothing.
    channel.send(&basic::Nack { delivery_tag: 0, multiple: true, requeue: true }).unwrap();
    channel.send(&ack(0, true)).unwrap();
    // ACK-02: a delivery of another channel.
    feed(&mut client, &deliveries(1, [6]));
    poll(&mut client);
    let two = UsageError::UnknownDelivery { channel: 2, delivery_tag: 6 };
    assert_eq!(client.channel(ChannelId::new(2).unwrap()).unwrap().send(&ack(6, false)), Err(two));
    let sent = frames(&output(&mut client));
    let ids: Vec<u8> = sent.iter().map(|(_, _, payload)| payload[3]).collect();
    assert_eq!(
        ids,
        [80, 80, 90, 120, 80],
        "ack, ack, reject, nack, ack and nothing that was refused"
    );
}

#[test]
fn a_server_refuses_what_does_not_wait_for_an_ack() {
    let before = [ack_frame(1, 2, 0), ack_frame(1, 4, 1)].concat();
    for (octets, rule) in [
        (ack_frame(1, 9, 0), "ACK-01"),
        (ack_frame(1, 2, 0), "ACK-02"),
        (ack_frame(2, 5, 0), "ACK-01"),
        (ack_frame(1, 3, 1), "ACK-03"),
        (ack_frame(1, 99, 1), "ACK-03"),
        (ack_frame(1, 0, 0), "ACK-04"),
        (method(1, 60, 120, &[&9_u64.to_be_bytes()[..], b"\0"].concat()), "ACK-01"),
        (method(1, 60, 90, &[&0_u64.to_be_bytes()[..], b"\0"].concat()), "ACK-04"),
    ] {
        let mut server = server_with(5);
        feed(&mut server, &before);
        assert_eq!(poll(&mut server).len(), 2);
        assert_eq!(server.unacked(), 1);
        let channel = u16::from_be_bytes([octets[1], octets[2]]);
        feed(&mut server, &octets);
        let events = poll(&mut server);
        let [Event::Violation(violation)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!((violation.rule, violation.reply_code.0), (rule, 406), "{violation}");
        let [(1, on, close)] = &frames(&output(&mut server))[..] else { panic!("{violation}") };
        assert_eq!((*on, &close[..6]), (channel, &b"\0\x14\0\x28\x01\x96"[..]));
        assert_eq!(server.phase(), Phase::Open);
    }
    let mut server = server_with(2);
    feed(&mut server, &[ack_frame(1, 0, 1), ack_frame(1, 0, 1)].concat());
    assert!(poll(&mut server).iter().all(|event| matches!(event, Event::Notice(_))));
    assert_eq!((server.unacked(), server.phase()), (0, Phase::Open));
}

#[test]
fn deliveries_without_ack_are_not_entered() {
    let mut client = client_with(plain(), true);
    feed(&mut client, &deliveries(1, 1..=3));
    assert_eq!(poll(&mut client).len(), 3);
    assert_eq!(client.channel(ONE).unwrap().send(&ack(1, false)), unknown(1));

    let mut server = server(ServerConfig::default());
    feed(&mut server, &[channel_open(1), consume(1, "c", true)].concat());
    poll(&mut server);
    assert_eq!((deliver_one(&mut server, "c"), server.unacked()), (Ok(1), 0));
    feed(&mut server, &ack_frame(1, 1, 0));
    let events = poll(&mut server);
    assert!(matches!(&events[..], [Event::Violation(fault)] if fault.rule == "ACK-02"));
}

#[test]
fn messages_that_were_asked_for_are_acked_like_deliveries() {
    let mut client = client_with(plain(), false);
    for no_ack in [false, true] {
        let get = basic::Get { queue: "q".into(), no_ack, ..Default::default() };
        client.channel(ONE).unwrap().call(&get).unwrap();
    }
    let get_ok = |tag: u64| {
        let arguments = [&tag.to_be_bytes()[..], b"\0\0\x01q\0\0\0\0"].concat();
        [method(1, 60, 71, &arguments), header(1, 0, BARE)].concat()
    };
    feed(&mut client, &[get_ok(1), get_ok(2)].concat());
    assert_eq!(poll(&mut client).len(), 2);
    let mut channel = client.channel(ONE).unwrap();
    assert_eq!(channel.send(&ack(2, false)), unknown(2));
    channel.send(&ack(1, false)).unwrap();

    let mut server = server_with(1);
    let get = |no_ack| method(1, 60, 70, &[b"\0\0", &short("q")[..], &[no_ack]].concat());
    feed(&mut server, &[get(1), get(0)].concat());
    let asked = tokens(&poll(&mut server));
    let mut channel = server.channel(ONE).unwrap();
    // One sequence of tags for deliveries and messages that were asked for (BAS-05).
    for (token, (tag, unacked)) in asked.into_iter().zip([(2, 1), (3, 2)]) {
        let got = channel.get_ok(token, &basic::GetOk::default(), Properties::EMPTY, "");
        assert_eq!((got, channel.unacked()), (Ok(tag), unacked));
    }
}

/// ACK-10: RabbitMQ lets a tag be acked again after a rollback.
#[test]
fn acks_of_a_transaction_are_provisional() {
    let mut client = client_with(plain(), false);
    feed(&mut client, &deliveries(1, 1..=3));
    poll(&mut client);
    let mut channel = client.channel(ONE).unwrap();
    channel.call(&tx::Select).unwrap();
    channel.send(&ack(2, true)).unwrap();
    channel.call(&tx::Rollback).unwrap();
    // What goes out behind it is read behind it: there is no need to wait for rollback-ok.
    assert_eq!((channel.send(&ack(1, false)), channel.unacked()), (Ok(()), 3));
    feed(&mut client, &[method(1, 90, 11, b""), method(1, 90, 31, b"")].concat());
    poll(&mut client);
    let mut channel = client.channel(ONE).unwrap();
    assert_eq!(channel.send(&ack(1, false)), unknown(1));
    channel.call(&tx::Commit).unwrap();
    channel.send(&ack(2, false)).unwrap();
    feed(&mut client, &method(1, 90, 21, b""));
    poll(&mut client);
    let channel = client.channel(ONE).unwrap();
    assert_eq!(channel.unacked(), 2, "tag 2 waits for the next commit, tag 3 for its ack");
}

/// Deliveries whose ack isn't committed are remembered, in case of a rollback: there is a limit to it.
#[test]
fn a_transaction_has_so_many_acks() {
    let mut config = plain();
    (config.limits.unacked, config.limits.uncommitted) = (4, 4);
    let mut client = client_with(config, false);
    client.channel(ONE).unwrap().call(&tx::Select).unwrap();
    let too_many = Err(UsageError::TooManyUncommitted { limit: 4 });
    for end in [true, false] {
        let first = if end { 1 } else { 8 };
        feed(&mut client, &deliveries(1, first..=first + 6));
        assert_eq!(poll(&mut client).len(), 4);
        let mut channel = client.channel(ONE).unwrap();
        // Acks that aren't committed hold up no delivery.
        assert_eq!(channel.send(&ack(first, false)), Ok(()));
        assert_eq!(poll(&mut client).len(), 1);
        assert_eq!(client.channel(ONE).unwrap().send(&ack(first + 3, true)), Ok(()));
        assert_eq!(poll(&mut client).len(), 2);
        let mut channel = client.channel(ONE).unwrap();
        assert_eq!((channel.send(&ack(first + 4, false)), channel.unacked()), (too_many, 7));
        assert_eq!((channel.send(&ack(0, true)), channel.unacked()), (too_many, 7));
        if end {
            channel.call(&tx::Commit).unwrap();
            assert_eq!((channel.send(&ack(first + 6, true)), channel.unacked()), (Ok(()), 3));
            channel.call(&tx::Commit).unwrap();
        } else {
            channel.call(&tx::Rollback).unwrap();
            assert_eq!((channel.send(&ack(first + 6, true)), channel.unacked()), (Ok(()), 7));
        }
        output(&mut client);
    }
}

#[test]
fn a_server_keeps_the_same_account_of_transactions() {
    let mut server = server_with(3);
    let (select, commit, rollback) =
        (method(1, 90, 10, b""), method(1, 90, 20, b""), method(1, 90, 30, b""));
    feed(&mut server, &[select, ack_frame(1, 1, 0), rollback, ack_frame(1, 2, 0), commit].concat());
    let asked = tokens(&poll(&mut server));
    let mut channel = server.channel(ONE).unwrap();
    channel.reply(asked[0], &tx::SelectOk).unwrap();
    channel.reply(asked[1], &tx::RollbackOk).unwrap();
    channel.reply(asked[2], &tx::CommitOk).unwrap();
    assert_eq!(channel.unacked(), 2);
    feed(&mut server, &[ack_frame(1, 1, 0), ack_frame(1, 2, 0)].concat());
    let events = poll(&mut server);
    assert!(matches!(&events[..], [Event::Notice(_), Event::Violation(_)]), "{:?}", lines(&events));
}

#[test]
fn recovering_retires_every_tag() {
    let recover = basic::Recover { requeue: true };
    let mut client = client_with(plain(), false);
    feed(&mut client, &deliveries(1, 1..=2));
    poll(&mut client);
    let mut channel = client.channel(ONE).unwrap();
    channel.call(&recover).unwrap();
    assert_eq!(channel.send(&ack(1, false)), unknown(1));
    // On its way already when the server got the request: retired as well.
    feed(&mut client, &[deliveries(1, [3]), method(1, 60, 111, b""), deliveries(1, [4])].concat());
    poll(&mut client);
    let mut channel = client.channel(ONE).unwrap();
    assert_eq!((channel.send(&ack(3, false)), channel.unacked()), (unknown(3), 1));
    channel.send(&basic::RecoverAsync { requeue: true }).unwrap();
    assert_eq!(channel.send(&ack(4, false)), unknown(4));

    for (request, is_async) in
        [(method(1, 60, 110, b"\x01"), false), (method(1, 60, 100, b"\x01"), true)]
    {
        let mut server = server_with(2);
        feed(&mut server, &request);
        let events = poll(&mut server);
        assert_eq!((tokens(&events).is_empty(), server.unacked()), (is_async, 0));
        feed(&mut server, &ack_frame(1, 1, 0));
        assert!(matches!(&poll(&mut server)[..], [Event::Violation(_)]));
    }
}

#[test]
fn recovering_without_requeue_retires_nothing() {
    let mut client = client_with(plain(), false);
    feed(&mut client, &deliveries(1, [1]));
    poll(&mut client);
    let mut channel = client.channel(ONE).unwrap();
    channel.call(&basic::Recover { requeue: false }).unwrap();
    channel.send(&basic::RecoverAsync { requeue: false }).unwrap();
    channel.send(&ack(1, false)).unwrap();
}

/// BAS-05: zero or a tag that was used before is the server's fault, and told.
#[test]
fn delivery_tags_rise() {
    let mut client = client_with(plain(), false);
    feed(&mut client, &deliveries(1, [1, 1, 0, 5]));
    let events = poll(&mut client);
    let irregular: Vec<_> =
        events.iter().map(|event| matches!(event, Event::Irregular(_))).collect();
    assert_eq!(irregular, [false, true, false, true, false, false]);
    assert_eq!(client.unacked(), 2);

    let mut config = plain();
    config.profile = Some(Profile::STRICT);
    let mut strict = client_with(config, false);
    feed(&mut strict, &deliveries(1, [1, 1]));
    let events = poll(&mut strict);
    let [Event::Content(_), Event::Violation(fault)] = &events[..] else {
        panic!("{:?}", lines(&events))
    };
    assert_eq!((fault.rule, fault.reply_code.0), ("BAS-05", 501));
}

/// ACK-11: a full ledger is back-pressure, never a violation.
#[test]
fn deliveries_wait_while_too_many_are_unacked() {
    let mut config = plain();
    config.limits.unacked = 2;
    let mut client = client_with(config, false);
    let behind = [deliveries(1, 1..=6), channel_close(2, 404, "gone")].concat();
    client.handle_slice(T0, &behind);
    assert_eq!(poll(&mut client).len(), 2);
    assert!(client.poll_timeout().unwrap() > T0, "nothing to do but to ack");
    let mut channel = client.channel(ONE).unwrap();
    channel.send(&ack(1, false)).unwrap();
    // A driver that sleeps until the deadline comes back at once.
    assert_eq!(client.poll_timeout(), Some(T0));
    assert_eq!(poll(&mut client).len(), 1);
    client.channel(ONE).unwrap().send(&ack(0, true)).unwrap();
    assert_eq!(poll(&mut client).len(), 2);
    assert_eq!(client.channels().count(), 2, "what comes behind waits too");
    // The application keeps the octets waiting: that is no silence of the peer.
    client.handle_timeout(at(1_000));
    assert_eq!(client.phase(), Phase::Open);
    // The end of the channel is an end of waiting; the last delivery is discarded (CHN-04).
    client.channel(ONE).unwrap().close(amqp_proto::protocol::ReplyCode(200), "").unwrap();
    assert!(matches!(&poll(&mut client)[..], [Event::ChannelClosed { .. }]));
}

#[test]
fn the_end_of_the_stream_does_not_wait() {
    let mut config = plain();
    config.limits.unacked = 1;
    let mut client = client_with(config, false);
    client.handle_slice(T0, &deliveries(1, 1..=3));
    assert_eq!(poll(&mut client).len(), 1);
    client.handle_eof(T0);
    let events = poll(&mut client);
    assert!(matches!(&events[..], [Event::Content(_), Event::Content(_), Event::Closed(_)]));
}

#[test]
fn a_server_delivers_no_more_than_it_remembers() {
    let mut config = ServerConfig::default();
    config.limits.unacked = 2;
    let mut server = server(config);
    let consumers = [consume(1, "c", false), consume(1, "quiet", true)].concat();
    feed(&mut server, &[channel_open(1), consumers].concat());
    poll(&mut server);
    assert_eq!(deliver_one(&mut server, "c"), Ok(1));
    assert_eq!(deliver_one(&mut server, "c"), Ok(2));
    assert_eq!(deliver_one(&mut server, "c"), Err(UsageError::TooManyUnacked { limit: 2 }));
    assert_eq!(deliver_one(&mut server, "quiet"), Ok(3));
    feed(&mut server, &ack_frame(1, 1, 0));
    poll(&mut server);
    assert_eq!(deliver_one(&mut server, "c"), Ok(4));
}

#[test]
fn publishes_wait_while_too_many_are_unconfirmed() {
    let mut config = ServerConfig::default();
    config.limits.unconfirmed = 1;
    let mut server = server(config);
    let publish = [publish(1, "k"), header(1, 0, BARE)].concat();
    let octets = [channel_open(1), publish.clone(), method(1, 85, 10, b"\x01")].concat();
    feed(&mut server, &[octets, publish.repeat(3)].concat());
    // One before confirms count, one within.
    let contents = |events: Vec<Event>| {
        events.iter().filter(|event| matches!(event, Event::Content(_))).count()
    };
    assert_eq!(contents(poll(&mut server)), 2);
    for number in 1..=2 {
        server.channel(ONE).unwrap().send(&ack(number, false)).unwrap();
        let again = UsageError::UnknownPublish { channel: 1, delivery_tag: number };
        assert_eq!(server.channel(ONE).unwrap().send(&ack(number, false)), Err(again));
        assert_eq!(contents(poll(&mut server)), 1);
    }
    assert_eq!(server.unconfirmed(), 1);
}

#[test]
fn what_prefetch_was_asked_for_is_told() {
    let mut client = client_with(plain(), false);
    let mut channel = client.channel(ONE).unwrap();
    assert_eq!(channel.qos(), None);
    let qos = basic::Qos { prefetch_count: 10, ..Default::default() };
    channel.call(&qos).unwrap();
    assert_eq!(channel.qos(), Some(qos));
    let mut server = server_with(0);
    feed(&mut server, &method(1, 60, 10, b"\0\0\0\0\0\x0A\0"));
    let events = poll(&mut server);
    assert!(
        matches!(&events[..], [Event::Request { method, .. }] if method.kind() == MethodKind::BasicQos)
    );
    assert_eq!(server.channel(ONE).unwrap().qos(), Some(qos));
}
