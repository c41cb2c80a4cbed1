//! Both ends keep the same accounts of a channel, whatever is on its way between them: what one of them
//! may ask, ack or name, the other takes.
#![allow(clippy::unwrap_used, reason = "helpers fail like the tests")]

use amqp_proto::protocol::{Method, Properties, ReplyCode, basic, confirm, tx};
use amqp_proto::testing::{Pair, Peer};
use amqp_proto::{
    Channel, ChannelId, ClientConfig, Connection, Event, Limits, ReplyToken, RequestId,
    ServerConfig, UsageError,
};

const ONE: ChannelId = ChannelId::new(1).unwrap();

/// A pair with channel 1, each side with these limits.
fn pair_with(limits: Limits) -> Pair {
    let (mut client, mut server) = (ClientConfig::plain("u", "p"), ServerConfig::default());
    (client.limits, server.limits) = (limits, limits);
    let mut pair = Pair::connected_with(client, server);
    assert_eq!(pair.client.connection.open_channel(), Ok(ONE));
    pair.drive();
    pair.client.take_events();
    pair.server.take_events();
    pair
}

fn pair() -> Pair {
    pair_with(Limits::default())
}

fn on(peer: &mut Peer) -> Channel<'_> {
    peer.connection.channel(ONE).unwrap()
}

fn consume(consumer_tag: &str, no_ack: bool, no_wait: bool) -> basic::Consume<'_> {
    let consumer_tag = consumer_tag.into();
    basic::Consume { queue: "q".into(), consumer_tag, no_ack, no_wait, ..Default::default() }
}

fn cancel(consumer_tag: &str, no_wait: bool) -> basic::Cancel<'_> {
    basic::Cancel { consumer_tag: consumer_tag.into(), no_wait }
}

fn deliver(server: &mut Connection, consumer_tag: &str) -> Result<u64, UsageError> {
    let deliver = basic::Deliver { consumer_tag: consumer_tag.into(), ..Default::default() };
    server.channel(ONE).unwrap().deliver(&deliver, Properties::EMPTY, "m")
}

fn ack(delivery_tag: u64) -> basic::Ack {
    basic::Ack { delivery_tag, multiple: false }
}

/// The requests that the server has been told of and owes replies to.
fn tokens(pair: &mut Pair) -> Vec<ReplyToken> {
    let events = pair.server.take_events().into_iter();
    events
        .filter_map(|event| match event {
            Event::Request { token, .. } => token,
            _ => None,
        })
        .collect()
}

/// The server answers each of these as it should.
fn answer(pair: &mut Pair) {
    for event in pair.server.take_events() {
        let Event::Request { token: Some(token), method } = event else { continue };
        let mut channel = on(&mut pair.server);
        let answered = match method.method() {
            Method::BasicConsume(consume) => {
                let consumer_tag = consume.consumer_tag;
                channel.reply(token, &basic::ConsumeOk { consumer_tag })
            }
            Method::BasicCancel(cancel) => {
                let consumer_tag = cancel.consumer_tag;
                channel.reply(token, &basic::CancelOk { consumer_tag })
            }
            Method::TxSelect(_) => channel.reply(token, &tx::SelectOk),
            Method::TxCommit(_) => channel.reply(token, &tx::CommitOk),
            Method::TxRollback(_) => channel.reply(token, &tx::RollbackOk),
            Method::BasicRecover(_) => channel.reply(token, &basic::RecoverOk),
            Method::ConfirmSelect(_) => channel.reply(token, &confirm::SelectOk),
            other => unreachable!("{other}"),
        };
        assert_eq!(answered, Ok(()));
    }
}

fn settle(pair: &mut Pair) {
    pair.drive();
    answer(pair);
    pair.drive();
}

/// Both sides are open, and as many deliveries wait for their ack on the one as on the other.
fn agree(pair: &mut Pair, unacked: usize) {
    settle(pair);
    assert!(pair.is_open(), "{:?} {:?}", pair.client.events, pair.server.events);
    let waiting = (on(&mut pair.client).unacked(), on(&mut pair.server).unacked());
    assert_eq!(waiting, (unacked, unacked));
}

#[test]
fn a_number_is_not_used_again_before_its_end_is_told() {
    let mut pair = pair();
    let client = &mut pair.client.connection;
    let pending = client.channel(ONE).unwrap().call(&consume("c", true, false)).unwrap().unwrap();
    pair.drive();
    on(&mut pair.server).close(ReplyCode::NOT_FOUND, "gone").unwrap();
    let client = &mut pair.client.connection;
    while let Some(octets) = pair.server.connection.transmit().take_segment() {
        client.handle_bytes(pair.now, octets);
    }
    let failed = client.poll_event();
    let expected = (Some(ONE), pending);
    assert!(
        matches!(failed, Some(Event::RequestFailed { channel, request }) if (channel, request) == expected)
    );
    // What is polled next still speaks of the old channel.
    let refused = client.open_channel_number(ONE).unwrap_err();
    assert!(matches!(refused, UsageError::ChannelPhase { channel: 1, .. }), "{refused}");
    assert_eq!(client.open_channel(), Ok(ChannelId::new(2).unwrap()));
    assert!(matches!(client.poll_event(), Some(Event::ChannelClosed { channel: ONE, .. })));
    assert_eq!(client.open_channel(), Ok(ONE));
}

#[test]
fn a_client_that_has_acked_everything_takes_what_comes_before_commit_ok() {
    let mut limits = Limits::default();
    limits.unacked = 2;
    let mut client = ClientConfig::plain("u", "p");
    client.limits = limits;
    let mut pair = Pair::connected_with(client, ServerConfig::default());
    pair.client.connection.open_channel().unwrap();
    pair.drive();
    on(&mut pair.client).call(&tx::Select).unwrap();
    on(&mut pair.client).call(&consume("c", false, true)).unwrap();
    settle(&mut pair);
    for _ in 0..5 {
        deliver(&mut pair.server.connection, "c").unwrap();
    }
    pair.drive();
    for tag in 1..=5 {
        on(&mut pair.client).send(&ack(tag)).unwrap();
        pair.drive();
    }
    on(&mut pair.client).call(&tx::Commit).unwrap();
    agree(&mut pair, 0);
}

#[test]
fn acks_behind_a_rollback_need_not_wait_for_its_reply() {
    for recovers in [false, true] {
        let mut pair = pair();
        on(&mut pair.client).call(&tx::Select).unwrap();
        on(&mut pair.client).call(&consume("c", false, true)).unwrap();
        settle(&mut pair);
        for _ in 0..3 {
            deliver(&mut pair.server.connection, "c").unwrap();
        }
        pair.drive();
        let mut channel = on(&mut pair.client);
        channel.send(&ack(1)).unwrap();
        channel.call(&tx::Rollback).unwrap();
        pair.drive();
        // Rollback-ok is on its way, or not even sent.
        let mut channel = on(&mut pair.client);
        if recovers {
            channel.call(&basic::Recover { requeue: true }).unwrap();
            agree(&mut pair, 0);
            continue;
        }
        channel.send(&basic::Ack { delivery_tag: 3, multiple: true }).unwrap();
        agree(&mut pair, 3);
        on(&mut pair.client).call(&tx::Commit).unwrap();
        agree(&mut pair, 0);
    }
}

#[test]
fn consumers_without_a_name_count_while_they_are_asked_for() {
    let mut limits = Limits::default();
    limits.consumers = 2;
    let mut pair = pair_with(limits);
    let mut channel = on(&mut pair.client);
    for _ in 0..2 {
        channel.call(&consume("", true, false)).unwrap();
    }
    let refused = channel.call(&consume("", true, false));
    assert_eq!(refused, Err(UsageError::TooManyConsumers { limit: 2 }));
    pair.drive();
    for (token, name) in tokens(&mut pair).into_iter().zip(["a", "b"]) {
        let ok = basic::ConsumeOk { consumer_tag: name.into() };
        on(&mut pair.server).reply(token, &ok).unwrap();
    }
    agree(&mut pair, 0);
    // The same on a server whose client doesn't count.
    let mut limits = Limits::default();
    limits.consumers = 2;
    let mut config = ServerConfig::default();
    config.limits = limits;
    let mut pair = Pair::connected_with(ClientConfig::plain("u", "p"), config);
    pair.client.connection.open_channel().unwrap();
    for _ in 0..3 {
        on(&mut pair.client).call(&consume("", true, false)).unwrap();
    }
    pair.drive();
    assert!(!pair.is_open());
}

/// Consumers of one tag, one behind the other, each with acks or without.
#[test]
fn what_comes_before_consume_ok_belongs_to_the_last_consumer() {
    for quietly in [false, true] {
        for (old, new) in [(true, false), (false, true)] {
            let mut pair = pair();
            on(&mut pair.client).call(&consume("c", old, true)).unwrap();
            settle(&mut pair);
            let mut channel = on(&mut pair.client);
            channel.call(&cancel("c", quietly)).unwrap();
            channel.call(&consume("c", new, false)).unwrap();
            // On its way before the server has read of the cancel.
            deliver(&mut pair.server.connection, "c").unwrap();
            agree(&mut pair, usize::from(!old));
            deliver(&mut pair.server.connection, "c").unwrap();
            agree(&mut pair, usize::from(!old) + usize::from(!new));
        }
    }
}

#[test]
fn what_is_late_belongs_to_the_last_that_had_begun() {
    let mut pair = pair();
    on(&mut pair.client).call(&consume("c", true, true)).unwrap();
    on(&mut pair.client).call(&cancel("c", true)).unwrap();
    on(&mut pair.client).call(&consume("c", false, true)).unwrap();
    settle(&mut pair);
    deliver(&mut pair.server.connection, "c").unwrap();
    on(&mut pair.client).call(&cancel("c", true)).unwrap();
    agree(&mut pair, 1);
    on(&mut pair.client).send(&ack(1)).unwrap();
    agree(&mut pair, 0);
}

#[test]
fn each_cancel_ends_its_own_consumer() {
    let mut pair = pair();
    let mut channel = on(&mut pair.client);
    for _ in 0..2 {
        channel.call(&consume("c", true, false)).unwrap();
        channel.call(&cancel("c", false)).unwrap();
    }
    pair.drive();
    let asked = tokens(&mut pair);
    let consumer_tag = "c".into();
    let server = &mut pair.server;
    on(server).reply(asked[0], &basic::ConsumeOk { consumer_tag }).unwrap();
    on(server).reply(asked[1], &basic::CancelOk { consumer_tag }).unwrap();
    on(server).reply(asked[2], &basic::ConsumeOk { consumer_tag }).unwrap();
    assert_eq!(deliver(&mut server.connection, "c"), Ok(1));
    agree(&mut pair, 0);
    on(&mut pair.server).reply(asked[3], &basic::CancelOk { consumer_tag }).unwrap();
    agree(&mut pair, 0);
    let gone = UsageError::UnknownConsumer { channel: 1 };
    assert_eq!(deliver(&mut pair.server.connection, "c"), Err(gone));
}

/// The client has ended `c` and asked for it anew when the server's cancel comes, which means the old one.
fn crossed(no_wait: bool) -> Pair {
    let mut pair = pair();
    on(&mut pair.client).call(&consume("c", true, true)).unwrap();
    settle(&mut pair);
    on(&mut pair.client).call(&cancel("c", no_wait)).unwrap();
    on(&mut pair.client).call(&consume("c", true, true)).unwrap();
    on(&mut pair.server).call(&cancel("c", true)).unwrap();
    agree(&mut pair, 0);
    let taken = UsageError::ConsumerTagInUse { channel: 1 };
    assert_eq!(on(&mut pair.client).call(&consume("c", true, true)), Err(taken));
    assert_eq!(deliver(&mut pair.server.connection, "c"), Ok(1));
    agree(&mut pair, 0);
    pair
}

/// BAS-04
#[test]
fn a_cancel_of_the_server_that_crosses_leaves_the_next_consumer_alone() {
    crossed(false);
}

/// BAS-04: the client has waited for no reply, so it can't know which of the two is meant.
#[test]
fn a_cancel_of_the_server_that_crosses_one_without_a_reply_leaves_the_next_consumer_alone() {
    let mut pair = crossed(true);
    // A consumer ends once: the server's next cancel means the next consumer.
    on(&mut pair.server).call(&cancel("c", true)).unwrap();
    agree(&mut pair, 0);
    on(&mut pair.client).call(&consume("c", true, false)).unwrap();
    agree(&mut pair, 0);
}

/// BAS-04
#[test]
fn behind_a_reply_a_cancel_of_the_server_means_the_consumer_there_is() {
    let mut pair = pair();
    on(&mut pair.client).call(&consume("c", true, true)).unwrap();
    on(&mut pair.client).call(&cancel("c", true)).unwrap();
    on(&mut pair.client).call(&consume("c", true, true)).unwrap();
    on(&mut pair.client).call(&tx::Select).unwrap();
    settle(&mut pair);
    on(&mut pair.server).call(&cancel("c", true)).unwrap();
    agree(&mut pair, 0);
    on(&mut pair.client).call(&consume("c", false, true)).unwrap();
    agree(&mut pair, 0);
    deliver(&mut pair.server.connection, "c").unwrap();
    agree(&mut pair, 1);
}

/// A reply to what was asked before the cancel tells nothing of it.
#[test]
fn an_earlier_request_does_not_prove_a_cancel() {
    let mut pair = pair();
    on(&mut pair.client).call(&consume("c", true, true)).unwrap();
    on(&mut pair.client).call(&tx::Select).unwrap();
    pair.drive();
    on(&mut pair.client).call(&cancel("c", true)).unwrap();
    on(&mut pair.client).call(&consume("c", true, true)).unwrap();
    answer(&mut pair);
    on(&mut pair.server).call(&cancel("c", true)).unwrap();
    agree(&mut pair, 0);
    assert_eq!(deliver(&mut pair.server.connection, "c"), Ok(1));
    let taken = UsageError::ConsumerTagInUse { channel: 1 };
    assert_eq!(on(&mut pair.client).call(&consume("c", true, true)), Err(taken));
    agree(&mut pair, 0);
}

/// BAS-13: many consumers end without a reply while deliveries to all of them are on their way.
#[test]
fn what_is_late_needs_no_ack_however_many_are_gone() {
    let mut pair = pair();
    let tags: Vec<String> = (0..50).map(|number| format!("c{number}")).collect();
    for tag in &tags {
        on(&mut pair.client).call(&consume(tag, true, true)).unwrap();
    }
    settle(&mut pair);
    for tag in &tags {
        deliver(&mut pair.server.connection, tag).unwrap();
        on(&mut pair.client).call(&cancel(tag, true)).unwrap();
    }
    // A reply behind the deliveries, too, of whom the server has read no cancel yet.
    on(&mut pair.client).call(&tx::Select).unwrap();
    agree(&mut pair, 0);
}

/// Without a request that has a reply the client never learns that they are gone on the other side, too.
#[test]
fn consumers_can_be_made_and_ended_without_a_reply_for_ever() {
    let mut limits = Limits::default();
    limits.consumers = 20;
    let mut pair = pair_with(limits);
    let tags: Vec<String> = (0..100).map(|number| format!("c{number}")).collect();
    for tags in tags.chunks(20) {
        for tag in tags {
            on(&mut pair.client).call(&consume(tag, true, true)).unwrap();
        }
        pair.drive();
        for tag in tags {
            deliver(&mut pair.server.connection, tag).unwrap();
            on(&mut pair.client).call(&cancel(tag, true)).unwrap();
        }
        agree(&mut pair, 0);
    }
}

#[test]
fn a_reply_names_the_consumer_that_was_asked_for() {
    let mut pair = pair();
    on(&mut pair.client).call(&consume("c", true, false)).unwrap();
    on(&mut pair.client).call(&cancel("c", false)).unwrap();
    pair.drive();
    let asked = tokens(&mut pair);
    let other = Err(UsageError::UnknownConsumer { channel: 1 });
    let named = |name: &'static str| basic::ConsumeOk { consumer_tag: name.into() };
    let ended = |name: &'static str| basic::CancelOk { consumer_tag: name.into() };
    let mut channel = on(&mut pair.server);
    assert_eq!(
        [channel.reply(asked[0], &named("b")), channel.reply(asked[0], &named(""))],
        [other; 2]
    );
    channel.reply(asked[0], &named("c")).unwrap();
    assert_eq!(
        [channel.reply(asked[1], &ended("b")), channel.reply(asked[1], &ended(""))],
        [other; 2]
    );
    channel.reply(asked[1], &ended("c")).unwrap();
    pair.drive();
    assert_eq!(on(&mut pair.client).pending_requests(), 0);
}

/// The end of a browser and its cancel cross: the second cancel-ok speaks of nobody else.
#[test]
fn a_second_cancel_ok_ends_no_other_consumer() {
    let mut pair = pair();
    on(&mut pair.client).call(&consume("c", true, true)).unwrap();
    settle(&mut pair);
    on(&mut pair.client).call(&cancel("c", false)).unwrap();
    on(&mut pair.client).call(&consume("", true, false)).unwrap();
    pair.drive();
    let asked = tokens(&mut pair);
    // Frames of a server that ends it by itself: channel 1, cancel-ok of "c".
    pair.server.connection.inject(b"\x01\0\x01\0\0\0\x06\0\x3C\0\x1F\x01c\xCE");
    on(&mut pair.server).reply(asked[0], &basic::CancelOk { consumer_tag: "c".into() }).unwrap();
    on(&mut pair.server).reply(asked[1], &basic::ConsumeOk { consumer_tag: "t".into() }).unwrap();
    agree(&mut pair, 0);
    let taken = UsageError::ConsumerTagInUse { channel: 1 };
    assert_eq!(on(&mut pair.client).call(&consume("t", true, true)), Err(taken));
}

/// Returns that come back, each with the number of its publish.
fn returned(pair: &mut Pair) -> Vec<Option<u64>> {
    pair.drive();
    let events = pair.client.take_events().into_iter();
    events
        .filter_map(|event| match event {
            Event::Content(content) => Some(content.publish_seq().map(|seq| seq.number())),
            _ => None,
        })
        .collect()
}

fn publish(pair: &mut Pair) -> u64 {
    let publish = basic::Publish { mandatory: true, ..Default::default() };
    on(&mut pair.client).publish(&publish, Properties::EMPTY, "m").unwrap().number()
}

fn give_back(pair: &mut Pair) {
    on(&mut pair.server).return_message(&basic::Return::default(), Properties::EMPTY, "m").unwrap();
}

#[test]
fn a_publish_before_confirm_select_comes_back_without_a_number() {
    let mut pair = pair();
    assert_eq!(publish(&mut pair), 0);
    on(&mut pair.client).call(&confirm::Select::default()).unwrap();
    assert_eq!(publish(&mut pair), 1);
    pair.drive();
    give_back(&mut pair);
    answer(&mut pair);
    give_back(&mut pair);
    assert_eq!(returned(&mut pair), [None, Some(1)]);
}

#[test]
fn what_is_acked_does_not_come_back() {
    let mut pair = pair();
    on(&mut pair.client).call(&confirm::Select::default()).unwrap();
    settle(&mut pair);
    assert_eq!([publish(&mut pair), publish(&mut pair)], [1, 2]);
    pair.drive();
    on(&mut pair.server).send(&ack(1)).unwrap();
    give_back(&mut pair);
    on(&mut pair.server).send(&ack(2)).unwrap();
    assert_eq!(returned(&mut pair), [Some(2)]);
}

#[test]
fn a_limit_of_nothing_is_no_trap() {
    let mut limits = Limits::default();
    (limits.unacked, limits.unconfirmed) = (0, 0);
    let mut pair = pair_with(limits);
    on(&mut pair.client).call(&consume("c", false, true)).unwrap();
    settle(&mut pair);
    deliver(&mut pair.server.connection, "c").unwrap();
    agree(&mut pair, 1);
    assert_eq!(publish(&mut pair), 0);
    pair.drive();
    assert!(matches!(pair.server.next_event(), Some(Event::Content(_))));
}

/// Every request has one outcome: those that this test has asked for.
#[test]
fn pipelined_requests_of_all_kinds_are_answered_once() {
    let mut pair = pair();
    let mut channel = on(&mut pair.client);
    let mut asked: Vec<RequestId> = Vec::new();
    for tag in ["a", "b"] {
        asked.extend(channel.call(&consume(tag, false, false)).unwrap());
        asked.extend(channel.call(&cancel(tag, false)).unwrap());
        asked.extend(channel.call(&consume(tag, true, false)).unwrap());
    }
    asked.extend(channel.call(&confirm::Select::default()).unwrap());
    asked.extend(channel.call(&basic::Recover { requeue: true }).unwrap());
    settle(&mut pair);
    let events = pair.client.take_events().into_iter();
    let answered: Vec<RequestId> = events
        .filter_map(|event| match event {
            Event::Reply { request, .. } => Some(request),
            _ => None,
        })
        .collect();
    assert_eq!(answered, asked);
    assert_eq!(on(&mut pair.client).pending_requests(), 0);
}

/// A confirm tells its events by the queue, a delivery at once.
#[test]
fn what_is_told_keeps_the_order_of_the_stream() {
    let mut pair = pair();
    on(&mut pair.client).call(&consume("c", true, true)).unwrap();
    on(&mut pair.client).call(&confirm::Select::default()).unwrap();
    settle(&mut pair);
    pair.client.take_events();
    assert_eq!([publish(&mut pair), publish(&mut pair)], [1, 2]);
    pair.drive();
    on(&mut pair.server).send(&ack(1)).unwrap();
    deliver(&mut pair.server.connection, "c").unwrap();
    on(&mut pair.server).send(&ack(2)).unwrap();
    pair.drive();
    let events = pair.client.take_events();
    assert!(
        matches!(events[..], [Event::Confirmed { .. }, Event::Content(_), Event::Confirmed { .. }]),
        "{events:?}"
    );
}
