//! Consumers, the last queue, and what a channel is in: what may be asked, on both sides.
#![allow(clippy::unwrap_used, reason = "helpers fail like the tests")]

mod common;

use amqp_proto::profile::Argument;
use amqp_proto::protocol::{Properties, ReplyCode, basic, confirm, queue, tx};
use amqp_proto::testing::Pair;
use amqp_proto::{
    ChannelId, ClientConfig, Connection, Event, Phase, Profile, ReplyToken, ServerConfig,
    UsageError,
};
use common::*;

const ONE: ChannelId = ChannelId::new(1).unwrap();

fn pair() -> Pair {
    let mut pair = Pair::connected();
    pair.client.connection.open_channel().unwrap();
    drive(&mut pair);
    pair
}

fn drive(pair: &mut Pair) -> (Vec<Event>, Vec<Event>) {
    pair.drive();
    (pair.client.take_events(), pair.server.take_events())
}

fn asked(consumer_tag: &str) -> basic::Consume<'_> {
    basic::Consume { queue: "q".into(), consumer_tag: consumer_tag.into(), ..Default::default() }
}

fn token(events: &[Event]) -> ReplyToken {
    let token = events.iter().find_map(|event| match event {
        Event::Request { token, .. } => *token,
        _ => None,
    });
    token.unwrap()
}

fn deliver_to(pair: &mut Pair, consumer_tag: &str) -> Result<u64, UsageError> {
    let deliver = basic::Deliver { consumer_tag: consumer_tag.into(), ..Default::default() };
    let mut channel = pair.server.connection.channel(ONE).unwrap();
    channel.deliver(&deliver, Properties::EMPTY, "")
}

fn consume_ok(pair: &mut Pair, to: ReplyToken, consumer_tag: &str) -> Result<(), UsageError> {
    let ok = basic::ConsumeOk { consumer_tag: consumer_tag.into() };
    pair.server.connection.channel(ONE).unwrap().reply(to, &ok)
}

const UNKNOWN: Result<u64, UsageError> = Err(UsageError::UnknownConsumer { channel: 1 });
const IN_USE: UsageError = UsageError::ConsumerTagInUse { channel: 1 };

/// BAS-01: nothing before consume-ok, nothing after cancel-ok.
#[test]
fn a_server_delivers_between_consume_ok_and_cancel_ok() {
    let mut pair = pair();
    pair.client.connection.channel(ONE).unwrap().call(&asked("c")).unwrap();
    let (_, events) = drive(&mut pair);
    assert_eq!(deliver_to(&mut pair, "c"), UNKNOWN);
    consume_ok(&mut pair, token(&events), "c").unwrap();
    assert_eq!(deliver_to(&mut pair, "c"), Ok(1));
    assert_eq!(deliver_to(&mut pair, "d"), UNKNOWN);
    let cancel = basic::Cancel { consumer_tag: "c".into(), no_wait: false };
    pair.client.connection.channel(ONE).unwrap().call(&cancel).unwrap();
    let (_, events) = drive(&mut pair);
    assert_eq!(deliver_to(&mut pair, "c"), Ok(2));
    let ok = basic::CancelOk { consumer_tag: "c".into() };
    pair.server.connection.channel(ONE).unwrap().reply(token(&events), &ok).unwrap();
    assert_eq!(deliver_to(&mut pair, "c"), UNKNOWN);
    let (events, _) = drive(&mut pair);
    assert_eq!(events.len(), 2, "{:?}", lines(&events));
}

#[test]
fn the_server_names_consumers_that_have_no_name() {
    let mut pair = pair();
    let mut channel = pair.client.connection.channel(ONE).unwrap();
    channel.call(&basic::Consume { no_ack: true, ..asked("") }).unwrap();
    channel.call(&basic::Consume { no_wait: true, ..asked("mine") }).unwrap();
    let (_, events) = drive(&mut pair);
    let to = token(&events);
    let needed = UsageError::NameNeeded { method: "basic.consume-ok" };
    assert_eq!(consume_ok(&mut pair, to, ""), Err(needed));
    assert_eq!(consume_ok(&mut pair, to, "mine"), Err(IN_USE));
    consume_ok(&mut pair, to, "made").unwrap();
    assert_eq!(deliver_to(&mut pair, "made"), Ok(1));
    assert_eq!(deliver_to(&mut pair, "mine"), Ok(2));
    drive(&mut pair);
    assert_eq!((pair.client.connection.unacked(), pair.server.connection.unacked()), (1, 1));
}

/// NAM-07: the client refuses it, and the server ends the connection of one that doesn't.
#[test]
fn a_consumer_tag_is_in_use_once() {
    let mut pair = pair();
    let mut channel = pair.client.connection.channel(ONE).unwrap();
    channel.call(&asked("c")).unwrap();
    assert_eq!(channel.call(&asked("c")), Err(IN_USE));
    // Free again behind its cancel.
    channel.call(&basic::Cancel { consumer_tag: "c".into(), no_wait: false }).unwrap();
    channel.call(&asked("c")).unwrap();
    let (_, events) = drive(&mut pair);
    assert!(matches!(
        &events[..],
        [Event::Request { .. }, Event::Request { .. }, Event::Request { .. }]
    ));

    let mut server = server(ServerConfig::default());
    feed(&mut server, &[channel_open(1), consume(1, "c", false), consume(1, "c", false)].concat());
    let events = poll(&mut server);
    assert!(matches!(events.last(), Some(Event::Violation(fault)) if fault.rule == "NAM-07"));
    let sent = frames(&output(&mut server));
    assert_eq!(sent.last().unwrap().2[..6], *b"\0\x0A\0\x32\x02\x12");
    assert_eq!(server.phase(), Phase::Closing);
}

#[test]
fn consumers_have_a_limit() {
    let (mut client, mut server) = (ClientConfig::plain("guest", "guest"), ServerConfig::default());
    (client.limits.consumers, server.limits.consumers) = (3, 2);
    let mut pair = Pair::connected_with(client, server);
    pair.client.connection.open_channel().unwrap();
    let mut channel = pair.client.connection.channel(ONE).unwrap();
    for tag in ["a", "b", "c"] {
        channel.call(&basic::Consume { no_wait: true, ..asked(tag) }).unwrap();
    }
    assert_eq!(channel.call(&asked("d")), Err(UsageError::TooManyConsumers { limit: 3 }));
    let (_, events) = drive(&mut pair);
    let fault = events.iter().find_map(|event| match event {
        Event::Violation(fault) => Some((fault.rule, fault.reply_code.0)),
        _ => None,
    });
    assert_eq!(fault, Some(("LIM-10", 506)));
}

/// Each way in which consumers end makes room for others, on both sides.
#[test]
fn consumers_have_a_limit_on_all_channels_together() {
    const TWO: ChannelId = ChannelId::new(2).unwrap();
    let (mut client, mut server) = (ClientConfig::plain("guest", "guest"), ServerConfig::default());
    (client.limits.all_consumers, server.limits.all_consumers) = (1, 1);
    let mut pair = Pair::connected_with(client, server);
    for round in 0..10 {
        for id in [ONE, TWO] {
            let _ = pair.client.connection.open_channel_number(id);
        }
        drive(&mut pair);
        let mut channel = pair.client.connection.channel(ONE).unwrap();
        channel.call(&asked(if round % 2 == 0 { "" } else { "c" })).unwrap();
        let full = UsageError::TooManyConsumersInAll { limit: 1 };
        let mut other = pair.client.connection.channel(TWO).unwrap();
        assert_eq!(other.call(&asked("d")), Err(full), "{round}");
        let (_, events) = drive(&mut pair);
        if round == 9 {
            let mut channel = pair.server.connection.channel(ONE).unwrap();
            channel.fail(token(&events), ReplyCode::NOT_FOUND, "no queue").unwrap();
            drive(&mut pair);
            continue;
        }
        consume_ok(&mut pair, token(&events), "c").unwrap();
        drive(&mut pair);
        match round / 2 {
            0 | 1 => {
                let cancel = basic::Cancel { consumer_tag: "c".into(), no_wait: round / 2 == 0 };
                pair.client.connection.channel(ONE).unwrap().call(&cancel).unwrap();
                let (_, events) = drive(&mut pair);
                if !cancel.no_wait {
                    let ok = basic::CancelOk { consumer_tag: "c".into() };
                    let mut channel = pair.server.connection.channel(ONE).unwrap();
                    channel.reply(token(&events), &ok).unwrap();
                }
            }
            2 => {
                let cancel = basic::Cancel { consumer_tag: "c".into(), no_wait: true };
                pair.server.connection.channel(ONE).unwrap().call(&cancel).unwrap();
            }
            3 => {
                let mut channel = pair.client.connection.channel(ONE).unwrap();
                channel.close(ReplyCode::REPLY_SUCCESS, "").unwrap();
            }
            _ => {
                let mut channel = pair.server.connection.channel(ONE).unwrap();
                channel.close(ReplyCode::REPLY_SUCCESS, "").unwrap();
            }
        }
        drive(&mut pair);
    }
    assert!(pair.is_open());

    // A server with a lower limit than its client's ends the connection.
    let (mut client, mut server) = (ClientConfig::default(), ServerConfig::default());
    (client.limits.all_consumers, server.limits.all_consumers) = (2, 1);
    server.mechanisms = "ANONYMOUS".into();
    let mut pair = Pair::connected_with(client, server);
    for id in [ONE, TWO] {
        pair.client.connection.open_channel_number(id).unwrap();
        let mut channel = pair.client.connection.channel(id).unwrap();
        channel.call(&basic::Consume { no_wait: true, ..asked("c") }).unwrap();
    }
    let (_, events) = drive(&mut pair);
    let fault = events.iter().find_map(|event| match event {
        Event::Violation(fault) => Some((fault.rule, fault.reply_code.0)),
        _ => None,
    });
    assert_eq!(fault, Some(("LIM-10", 506)));
}

/// A consumer that has got its name from the server isn't counted among those without one any more.
#[test]
fn consumers_that_the_server_has_named_count_once() {
    let mut config = ClientConfig::plain("guest", "guest");
    config.limits.consumers = 2;
    let mut pair = Pair::connected_with(config, ServerConfig::default());
    pair.client.connection.open_channel().unwrap();
    drive(&mut pair);
    for round in 0..5 {
        let mut channel = pair.client.connection.channel(ONE).unwrap();
        channel.call(&asked("")).unwrap();
        let (_, events) = drive(&mut pair);
        let made = format!("made-{round}");
        consume_ok(&mut pair, token(&events), &made).unwrap();
        drive(&mut pair);
        let cancel = basic::Cancel { consumer_tag: made.as_str().into(), no_wait: true };
        pair.client.connection.channel(ONE).unwrap().call(&cancel).unwrap();
        drive(&mut pair);
    }
}

/// A server's own cancel needs no reply; it may cross the client's (BAS-03, BAS-04).
#[test]
fn both_sides_may_cancel() {
    let mut pair = pair();
    let mut channel = pair.client.connection.channel(ONE).unwrap();
    channel.call(&basic::Consume { no_wait: true, ..asked("c") }).unwrap();
    drive(&mut pair);
    let cancel = |no_wait| basic::Cancel { consumer_tag: "c".into(), no_wait };
    pair.server.connection.channel(ONE).unwrap().call(&cancel(true)).unwrap();
    assert_eq!(deliver_to(&mut pair, "c"), UNKNOWN);
    let request = pair.client.connection.channel(ONE).unwrap().call(&cancel(false)).unwrap();
    let (client, server) = drive(&mut pair);
    assert!(matches!(&client[..], [Event::Request { token: None, .. }]));
    let ok = basic::CancelOk { consumer_tag: "c".into() };
    pair.server.connection.channel(ONE).unwrap().reply(token(&server), &ok).unwrap();
    let (client, _) = drive(&mut pair);
    assert!(matches!(&client[..], [Event::Reply { request: told, .. }] if Some(*told) == request));
    // The tag is free on both sides.
    let mut channel = pair.client.connection.channel(ONE).unwrap();
    channel.call(&basic::Consume { no_wait: true, ..asked("c") }).unwrap();
    drive(&mut pair);
    assert_eq!(deliver_to(&mut pair, "c"), Ok(1));
    // With a reply, which the client gives.
    pair.server.connection.channel(ONE).unwrap().call(&cancel(false)).unwrap();
    assert_eq!(deliver_to(&mut pair, "c"), UNKNOWN);
    let (client, _) = drive(&mut pair);
    pair.client.connection.channel(ONE).unwrap().reply(token(&client[1..]), &ok).unwrap();
    let (_, server) = drive(&mut pair);
    assert!(matches!(&server[..], [Event::Reply { .. }]));
}

fn client_with_channel() -> Connection {
    client_of(Profile::DEFAULT)
}

fn client_of(profile: Profile) -> Connection {
    let mut config = plain();
    config.profile = Some(profile);
    let mut client = client(config);
    client.open_channel().unwrap();
    feed(&mut client, &channel_open_ok(1));
    poll(&mut client);
    client
}

/// Broker-J ends a browser that has seen everything by a cancel-ok that nobody asked for, before
/// consume-ok where the queue was empty.
#[test]
fn browsers_end_by_themselves() {
    let arguments = Profile::BROKER_J.arguments(&[Argument::AutoClose]).unwrap();
    for tag in ["b", ""] {
        let mut client = client_with_channel();
        let browse = basic::Consume { arguments: arguments.as_table(), ..asked(tag) };
        let mut channel = client.channel(ONE).unwrap();
        let request = channel.call(&browse).unwrap().unwrap();
        let (ok, over) = (method(1, 60, 21, &short("b")), method(1, 60, 31, &short("b")));
        feed(&mut client, &[over, ok].concat());
        let events = poll(&mut client);
        let [Event::Notice(_), Event::Reply { request: told, .. }] = &events[..] else {
            panic!("{:?}", lines(&events))
        };
        assert_eq!(*told, request);
        client.channel(ONE).unwrap().call(&asked("b")).unwrap();
    }
}

#[test]
fn the_end_of_a_browser_is_no_reply_to_another_cancel() {
    let mut client = client_with_channel();
    let mut channel = client.channel(ONE).unwrap();
    for tag in ["a", "b"] {
        channel.call(&basic::Consume { no_wait: true, ..asked(tag) }).unwrap();
    }
    let cancel = basic::Cancel { consumer_tag: "a".into(), no_wait: false };
    let request = channel.call(&cancel).unwrap().unwrap();
    let over = |tag| method(1, 60, 31, &short(tag));
    feed(&mut client, &[over("b"), over("a")].concat());
    let events = poll(&mut client);
    let [Event::Notice(_), Event::Reply { request: told, .. }] = &events[..] else {
        panic!("{:?}", lines(&events))
    };
    assert_eq!(*told, request);
}

/// ACK-11: what a browser gets stays in the queue, so there is nothing to ack.
#[test]
fn browsers_have_nothing_to_ack() {
    let arguments = Profile::BROKER_J.arguments(&[Argument::Browse]).unwrap();
    let mut client = client_of(Profile::BROKER_J);
    let browse = basic::Consume { arguments: arguments.as_table(), ..asked("c") };
    client.channel(ONE).unwrap().call(&browse).unwrap();
    feed(
        &mut client,
        &[method(1, 60, 21, &short("c")), deliver(1, 1), header(1, 0, BARE)].concat(),
    );
    assert_eq!(poll(&mut client).len(), 2);
    assert_eq!(client.unacked(), 0);
    // Deliveries may still come behind a cancel that has no reply.
    let cancel = basic::Cancel { consumer_tag: "c".into(), no_wait: true };
    client.channel(ONE).unwrap().call(&cancel).unwrap();
    feed(&mut client, &[deliver(1, 2), header(1, 0, BARE)].concat());
    assert_eq!((poll(&mut client).len(), client.unacked()), (1, 0));
}

/// NAM-05: an empty name is the queue declared last; without one the server answers 404.
#[test]
fn an_empty_queue_name_is_the_last_queue() {
    let mut client = client_with_channel();
    let mut channel = client.channel(ONE).unwrap();
    let none = |method| Err(UsageError::NoQueueDeclared { method, channel: 1 });
    assert_eq!(channel.call(&basic::Get::default()), none("basic.get"));
    assert_eq!(channel.call(&basic::Consume::default()), none("basic.consume"));
    assert_eq!(channel.call(&queue::Bind::default()), none("queue.bind"));
    assert_eq!(channel.call(&queue::Unbind::default()), none("queue.unbind"));
    assert_eq!(channel.call(&queue::Purge::default()), none("queue.purge"));
    assert_eq!(channel.call(&queue::Delete::default()), none("queue.delete"));
    assert_eq!(channel.last_queue(), None);
    channel.call(&queue::Declare { queue: "a".into(), ..Default::default() }).unwrap();
    assert_eq!(channel.last_queue().unwrap(), "a");
    // The server's choice is known with declare-ok, but counts at once.
    channel.call(&queue::Declare::default()).unwrap();
    channel.call(&basic::Get::default()).unwrap();
    assert_eq!(channel.last_queue(), None);
    feed(&mut client, &[declare_ok(1, "a"), declare_ok(1, "amq.gen")].concat());
    poll(&mut client);
    assert_eq!(client.channel(ONE).unwrap().last_queue().unwrap(), "amq.gen");
    let mut channel = client.channel(ONE).unwrap();
    let behind = queue::Declare { queue: "b".into(), no_wait: true, ..Default::default() };
    channel.call(&behind).unwrap();
    assert_eq!(channel.last_queue().unwrap(), "b");

    let mut server = server(ServerConfig::default());
    feed(&mut server, &[channel_open(1), declare(1, "")].concat());
    let to = token(&poll(&mut server));
    let get = method(1, 60, 70, b"\0\0\0\0");
    feed(&mut server, &get);
    assert!(matches!(&poll(&mut server)[..], [Event::Request { .. }]));
    let mut channel = server.channel(ONE).unwrap();
    assert_eq!(channel.last_queue(), None);
    channel.reply(to, &queue::DeclareOk { queue: "made".into(), ..Default::default() }).unwrap();
    assert_eq!(channel.last_queue().unwrap(), "made");
    feed(&mut server, &[channel_open(2), method(2, 60, 70, b"\0\0\0\0")].concat());
    output(&mut server);
    let events = poll(&mut server);
    assert!(matches!(events.last(), Some(Event::Violation(fault)) if fault.rule == "NAM-05"));
    let sent = frames(&output(&mut server));
    assert_eq!((sent[1].1, &sent[1].2[..6]), (2, &b"\0\x14\0\x28\x01\x94"[..]));
    assert_eq!(server.phase(), Phase::Open);
}

/// CNF-05, TX-01.
#[test]
fn confirms_and_transactions_exclude_each_other() {
    let mode = |method, mode| Err(UsageError::ChannelMode { method, channel: 1, mode });
    let mut client = client_with_channel();
    let mut channel = client.channel(ONE).unwrap();
    assert_eq!(channel.call(&tx::Commit), mode("tx.commit", "in no transaction"));
    assert_eq!(channel.call(&tx::Rollback), mode("tx.rollback", "in no transaction"));
    channel.call(&confirm::Select::default()).unwrap();
    assert_eq!(channel.call(&tx::Select), mode("tx.select", "in confirm mode"));
    assert_eq!(channel.call(&tx::Commit), mode("tx.commit", "in confirm mode"));
    channel.call(&confirm::Select::default()).unwrap();
    let mut client = client_with_channel();
    let mut channel = client.channel(ONE).unwrap();
    channel.call(&tx::Select).unwrap();
    channel.call(&tx::Select).unwrap();
    channel.call(&tx::Commit).unwrap();
    let refused = channel.call(&confirm::Select::default());
    assert_eq!(refused, mode("confirm.select", "transacted"));

    let (confirm, select) = (method(1, 85, 10, b"\0"), method(1, 90, 10, b""));
    for (octets, rule) in [
        ([&confirm[..], &select].concat(), "CNF-05"),
        ([&select[..], &confirm].concat(), "CNF-05"),
        (method(1, 90, 20, b""), "TX-01"),
        (method(1, 90, 30, b""), "TX-01"),
    ] {
        let mut server = server(ServerConfig::default());
        feed(&mut server, &[channel_open(1), octets].concat());
        let events = poll(&mut server);
        let Some(Event::Violation(fault)) = events.last() else { panic!("{:?}", lines(&events)) };
        assert_eq!((fault.rule, fault.reply_code.0), (rule, 406));
        assert_eq!(server.phase(), Phase::Open);
    }
}
