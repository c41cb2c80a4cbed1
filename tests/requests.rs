//! Requests, replies and confirms in both roles, and commands that are refused.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail like the tests")]

mod common;

use amqp_proto::protocol::{
    MethodKind, Properties, Reply, ReplyCode, Request, basic, channel, confirm, exchange, queue, tx,
};
use amqp_proto::{
    ChannelId, Connection, Event, Fate, Profile, ReplyToken, ServerConfig, UsageError,
};
use common::*;

fn id(number: u16) -> ChannelId {
    ChannelId::new(number).unwrap()
}

fn client() -> Connection {
    let mut client = common::client(plain());
    for channel in 1..=2 {
        client.open_channel().unwrap();
        feed(&mut client, &channel_open_ok(channel));
    }
    poll(&mut client);
    output(&mut client);
    client
}

fn server() -> Connection {
    let mut server = common::server(ServerConfig::default());
    feed(&mut server, &[channel_open(1), channel_open(2)].concat());
    poll(&mut server);
    output(&mut server);
    server
}

fn tokens(events: &[Event]) -> Vec<ReplyToken> {
    let tokens = events.iter().filter_map(|event| match event {
        Event::Request { token, .. } => *token,
        _ => None,
    });
    tokens.collect()
}

fn named(queue: &str) -> queue::Declare<'_> {
    queue::Declare { queue: queue.into(), ..Default::default() }
}

#[test]
fn replies_come_in_the_order_of_their_requests() {
    let mut client = client();
    let mut expected = Vec::new();
    for number in [1, 2, 1] {
        let mut channel = client.channel(id(number)).unwrap();
        expected.push((number, channel.call(&named("q")).unwrap().unwrap()));
        expected.push((number, channel.call(&tx::Select).unwrap().unwrap()));
    }
    let replies = |channel| [declare_ok(channel, "q"), method(channel, 90, 11, b"")].concat();
    // SYN-04: a delivery may come between.
    let delivery = [deliver(1, 1), header(1, 0, BARE)].concat();
    feed(&mut client, &[replies(1), delivery, replies(2), replies(1)].concat());
    let told: Vec<_> = poll(&mut client)
        .iter()
        .filter_map(|event| match event {
            Event::Reply { request, method } => {
                Some((method.channel().unwrap().number(), *request))
            }
            _ => None,
        })
        .collect();
    assert_eq!(told, expected);
    assert_eq!(client.channel(id(1)).unwrap().pending_requests(), 0);
}

#[test]
fn a_server_answers_the_oldest_request_with_what_answers_it() {
    let mut server = server();
    let requests = [declare(1, "a"), declare(1, "b"), declare(2, "c"), method(1, 90, 10, b"")];
    feed(&mut server, &requests.concat());
    let tokens = tokens(&poll(&mut server));
    let [first, second, other, last] = tokens[..] else { panic!("{tokens:?}") };
    assert_eq!((first.channel(), other.channel()), (id(1), id(2)));
    let ok = queue::DeclareOk::default();
    let mut channel = server.channel(id(1)).unwrap();
    let not_oldest = Err(UsageError::NotOldestRequest { channel: 1 });
    assert_eq!(channel.reply(second, &ok), not_oldest, "not its turn");
    assert_eq!(channel.reply(other, &ok), not_oldest, "another channel's");
    assert_eq!(channel.fail(second, ReplyCode(404), ""), not_oldest);
    assert_eq!(
        channel.reply(first, &tx::SelectOk),
        Err(UsageError::WrongReply { request: "queue.declare", reply: "tx.select-ok" })
    );
    channel.reply(first, &ok).unwrap();
    assert_eq!(channel.reply(first, &ok), not_oldest, "twice");
    channel.reply(second, &queue::DeclareOk { queue: "b".into(), ..ok }).unwrap();
    channel.fail(last, ReplyCode(406), "no").unwrap();
    assert!(matches!(
        channel.fail(last, ReplyCode(406), "no"),
        Err(UsageError::ChannelPhase { .. })
    ));
    let sent = [
        declare_ok(1, ""),
        declare_ok(1, "b"),
        method(1, 20, 40, &[b"\x01\x96", &short("no")[..], b"\0\x5A\0\x0A"].concat()),
    ];
    assert_eq!(hex(&output(&mut server)), hex(&sent.concat()));
    // The number's next life knows nothing of the old tokens.
    feed(&mut server, &[channel_close_ok(1), channel_open(1), declare(1, "a")].concat());
    let events = poll(&mut server);
    let fresh = self::tokens(&events);
    let mut channel = server.channel(id(1)).unwrap();
    assert_eq!(channel.reply(first, &ok), not_oldest);
    channel.reply(fresh[0], &ok).unwrap();
    server.channel(id(2)).unwrap().reply(other, &ok).unwrap();
}

#[test]
fn requests_without_a_wait_have_no_reply() {
    let mut server = server();
    let no_wait = method(1, 50, 10, &[b"\0\0", &short("q")[..], b"\x10\0\0\0\0"].concat());
    feed(&mut server, &no_wait);
    assert!(matches!(poll(&mut server)[..], [Event::Request { token: None, .. }]));

    let mut client = client();
    let mut channel = client.channel(id(1)).unwrap();
    assert_eq!(channel.call(&queue::Declare { no_wait: true, ..named("q") }), Ok(None));
    let unnamed = queue::Declare { no_wait: true, ..Default::default() };
    assert_eq!(channel.call(&unnamed), Err(UsageError::NameNeeded { method: "queue.declare" }));
    let untagged = basic::Consume { no_wait: true, ..Default::default() };
    assert_eq!(channel.call(&untagged), Err(UsageError::NameNeeded { method: "basic.consume" }));
    assert_eq!(channel.pending_requests(), 0);
    assert_eq!(output(&mut client), no_wait);
}

#[test]
fn unanswered_requests_have_a_limit() {
    let (mut own, mut theirs) = (plain(), ServerConfig::default());
    (own.limits.open_requests, theirs.limits.open_requests) = (2, 2);
    let mut client = common::client(own);
    client.open_channel().unwrap();
    let mut channel = client.channel(id(1)).unwrap();
    for _ in 0..2 {
        channel.call(&named("q")).unwrap();
    }
    assert_eq!(channel.call(&named("q")), Err(UsageError::TooManyRequests { limit: 2 }));
    channel.call(&queue::Declare { no_wait: true, ..named("q") }).unwrap();
    feed(&mut client, &[channel_open_ok(1), declare_ok(1, "q")].concat());
    poll(&mut client);
    client.channel(id(1)).unwrap().call(&named("q")).unwrap();

    let mut server = common::server(theirs);
    feed(&mut server, &[channel_open(1), declare(1, "q").repeat(3)].concat());
    let events = poll(&mut server);
    let [_, Event::Request { .. }, Event::Request { .. }, Event::Violation(violation)] =
        &events[..]
    else {
        panic!("{:?}", lines(&events));
    };
    assert_eq!((violation.rule, violation.reply_code.0), ("LIM-09", 506));
}

#[test]
fn channels_have_a_limit() {
    let mut config = plain();
    config.channel_max = 3;
    let mut client = common::client(config);
    let opened: Vec<_> = (0..3).map(|_| client.open_channel().unwrap().number()).collect();
    assert_eq!(opened, [1, 2, 3]);
    let none = UsageError::NoFreeChannel { channel_max: 3 };
    assert_eq!(client.open_channel(), Err(none));
    assert_eq!(client.open_channel_number(id(4)), Err(none));
    assert!(matches!(
        client.channel(id(4)).map(drop),
        Err(UsageError::UnknownChannel { channel: 4 })
    ));
    let opened: Vec<_> = (1..=3).flat_map(channel_open).collect();
    assert_eq!(output(&mut client), opened);
}

fn ack(tag: u64, multiple: u8) -> Vec<u8> {
    method(1, 60, 80, &[&tag.to_be_bytes()[..], &[multiple]].concat())
}

fn nack(tag: u64, bits: u8) -> Vec<u8> {
    method(1, 60, 120, &[&tag.to_be_bytes()[..], &[bits]].concat())
}

fn publishing(count: u64) -> Connection {
    let mut client = client();
    let mut channel = client.channel(id(1)).unwrap();
    let publish = basic::Publish::default();
    assert_eq!(channel.publish(&publish, Properties::EMPTY, "").unwrap().number(), 0);
    channel.call(&confirm::Select::default()).unwrap();
    for number in 1..=count {
        let seq = channel.publish(&publish, Properties::EMPTY, "").unwrap();
        assert_eq!(seq.number(), number);
    }
    feed(&mut client, &method(1, 85, 11, b""));
    poll(&mut client);
    client
}

/// The first and the last publish, and whether they were acked.
type Run = (u64, u64, bool);

#[test]
fn confirms_tell_the_fate_of_each_publish_once() {
    let steps: [(Vec<u8>, &[Run], u32); 9] = [
        (ack(2, 0), &[(2, 2, true)], 9),
        (nack(4, 0), &[(4, 4, false)], 8),
        (ack(5, 1), &[(1, 1, true), (3, 3, true), (5, 5, true)], 5),
        (ack(2, 0), &[], 5),
        (nack(7, 1), &[(6, 7, false)], 3),
        (ack(11, 0), &[], 3),
        (ack(0, 0), &[], 3),
        (ack(0, 1), &[(8, 10, true)], 0),
        (ack(0, 1), &[], 0),
    ];
    let irregular = [false, false, false, true, false, true, true, false, false];
    let mut client = publishing(10);
    for ((octets, runs, left), irregular) in steps.into_iter().zip(irregular) {
        feed(&mut client, &octets);
        let events = poll(&mut client);
        let told: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Confirmed { first, last, fate, .. } => {
                    Some((first.number(), last.number(), *fate == Fate::Acked))
                }
                _ => None,
            })
            .collect();
        assert_eq!(told, runs, "{}", hex(&octets));
        let odd = events.iter().any(|event| matches!(event, Event::Irregular(_)));
        assert_eq!(odd, irregular, "{}", hex(&octets));
        assert_eq!(client.channel(id(1)).unwrap().unconfirmed(), left);
    }
    assert!(client.unconfirmed() == 0 && output(&mut client).len() > 20);
}

#[test]
fn strict_clients_refuse_unknown_confirms() {
    let mut config = plain();
    config.profile = Some(Profile::STRICT);
    let mut client = common::client(config);
    client.open_channel().unwrap();
    feed(&mut client, &[channel_open_ok(1), ack(1, 0)].concat());
    let events = poll(&mut client);
    let [_, Event::Violation(violation)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!((violation.rule, violation.reply_code.0), ("CNF-03", 503));
}

#[test]
fn unconfirmed_publishes_have_a_limit_that_the_server_can_not_stretch() {
    let mut config = plain();
    config.limits.unconfirmed = 3;
    let mut client = common::client(config);
    client.open_channel().unwrap();
    feed(&mut client, &channel_open_ok(1));
    poll(&mut client);
    let publish = basic::Publish::default();
    let mut channel = client.channel(id(1)).unwrap();
    channel.call(&confirm::Select::default()).unwrap();
    for _ in 0..3 {
        channel.publish(&publish, Properties::EMPTY, "").unwrap();
    }
    let refused = Err(UsageError::TooManyUnconfirmed { limit: 3 });
    assert_eq!(channel.publish(&publish, Properties::EMPTY, ""), refused);
    feed(&mut client, &[method(1, 85, 11, b""), ack(2, 0), ack(3, 0)].concat());
    poll(&mut client);
    // The first one stays: what is remembered since then is bounded too.
    let mut channel = client.channel(id(1)).unwrap();
    assert_eq!(channel.publish(&publish, Properties::EMPTY, ""), refused);
    feed(&mut client, &ack(1, 0));
    poll(&mut client);
    let mut channel = client.channel(id(1)).unwrap();
    assert_eq!(channel.publish(&publish, Properties::EMPTY, "").unwrap().number(), 4);
}

/// Calls that the other role makes, each refused by its name and without a trace.
#[test]
fn commands_of_the_other_side_are_refused() {
    fn call<M: Request + Default>(connection: &mut Connection) {
        let result = connection.channel(id(1)).unwrap().call(&M::default()).map(drop);
        check(connection, M::KIND, result);
    }
    fn reply<M: Reply + Default>(connection: &mut Connection, token: ReplyToken) {
        let result = connection.channel(id(1)).unwrap().reply(token, &M::default());
        check(connection, M::KIND, result);
    }
    fn check(connection: &mut Connection, kind: MethodKind, result: Result<(), UsageError>) {
        assert_eq!(result, Err(UsageError::WrongSide { method: kind.name() }));
        assert_eq!(output(connection), b"");
    }
    let mut server = server();
    let server = &mut server;
    call::<exchange::Declare<'_>>(server);
    call::<exchange::Delete<'_>>(server);
    call::<exchange::Bind<'_>>(server);
    call::<exchange::Unbind<'_>>(server);
    call::<queue::Declare<'_>>(server);
    call::<queue::Bind<'_>>(server);
    call::<queue::Unbind<'_>>(server);
    call::<queue::Purge<'_>>(server);
    call::<queue::Delete<'_>>(server);
    call::<basic::Qos>(server);
    call::<basic::Consume<'_>>(server);
    call::<basic::Get<'_>>(server);
    call::<basic::Recover>(server);
    call::<confirm::Select>(server);
    call::<tx::Select>(server);
    call::<tx::Commit>(server);
    call::<tx::Rollback>(server);
    let mut channel = server.channel(id(1)).unwrap();
    let reject = channel.send(&basic::Reject::default());
    let recover = channel.send(&basic::RecoverAsync::default());
    let publish = channel.publish(&basic::Publish::default(), Properties::EMPTY, "").map(drop);
    let start = channel.start_publish(&basic::Publish::default(), Properties::EMPTY, 1).map(drop);
    check(server, MethodKind::BasicReject, reject);
    check(server, MethodKind::BasicRecoverAsync, recover);
    check(server, MethodKind::BasicPublish, publish);
    check(server, MethodKind::BasicPublish, start);
    let open = server.open_channel().map(drop);
    check(server, MethodKind::ChannelOpen, open);
    let open = server.open_channel_number(id(9));
    check(server, MethodKind::ChannelOpen, open);
    let secret = server.update_secret(b"", "").map(drop);
    check(server, MethodKind::ConnectionUpdateSecret, secret);

    // Any token will do: the side is looked at first.
    feed(server, &declare(1, "q"));
    let token = tokens(&poll(server))[0];
    let mut client = client();
    let client = &mut client;
    reply::<exchange::DeclareOk>(client, token);
    reply::<exchange::DeleteOk>(client, token);
    reply::<exchange::BindOk>(client, token);
    reply::<exchange::UnbindOk>(client, token);
    reply::<queue::DeclareOk<'_>>(client, token);
    reply::<queue::BindOk>(client, token);
    reply::<queue::UnbindOk>(client, token);
    reply::<queue::PurgeOk>(client, token);
    reply::<queue::DeleteOk>(client, token);
    reply::<basic::QosOk>(client, token);
    reply::<basic::ConsumeOk<'_>>(client, token);
    reply::<basic::GetEmpty<'_>>(client, token);
    reply::<basic::RecoverOk>(client, token);
    reply::<confirm::SelectOk>(client, token);
    reply::<tx::SelectOk>(client, token);
    reply::<tx::CommitOk>(client, token);
    reply::<tx::RollbackOk>(client, token);
    let mut channel = client.channel(id(1)).unwrap();
    let empty = Properties::EMPTY;
    let deliver = channel.deliver(&basic::Deliver::default(), empty, "").map(drop);
    let start = channel.start_deliver(&basic::Deliver::default(), empty, 1).map(drop);
    let returned = channel.return_message(&basic::Return::default(), empty, "");
    let got = channel.get_ok(token, &basic::GetOk::default(), empty, "").map(drop);
    check(client, MethodKind::BasicDeliver, deliver);
    check(client, MethodKind::BasicDeliver, start);
    check(client, MethodKind::BasicReturn, returned);
    check(client, MethodKind::BasicGetOk, got);
    let (block, unblock, redirect) = (client.block(""), client.unblock(), client.redirect(""));
    check(client, MethodKind::ConnectionBlocked, block);
    check(client, MethodKind::ConnectionUnblocked, unblock);
    check(client, MethodKind::ConnectionRedirect, redirect);
    // Both sides may ask for flow.
    client.channel(id(1)).unwrap().call(&channel::Flow { active: true }).unwrap();
    server.channel(id(1)).unwrap().call(&channel::Flow { active: true }).unwrap();
}

#[test]
fn what_the_peer_did_not_announce_is_refused() {
    let mut server = server();
    let missing = |result: Result<(), UsageError>, name| {
        let refused = matches!(result, Err(UsageError::CapabilityMissing { capability, .. }) if capability == name);
        assert!(refused, "{name}: {result:?}");
    };
    missing(server.block(""), "connection.blocked");
    missing(server.unblock(), "connection.blocked");
    let mut channel = server.channel(id(1)).unwrap();
    missing(channel.send(&basic::Nack::default()), "basic.nack");
    missing(channel.call(&basic::Cancel::default()).map(drop), "consumer_cancel_notify");
    let unknown = UsageError::UnknownPublish { channel: 1, delivery_tag: 1 };
    assert_eq!(channel.send(&basic::Ack { delivery_tag: 1, multiple: false }), Err(unknown));
}
