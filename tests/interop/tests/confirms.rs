//! Confirms, returns and transactions, and many messages at once.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers fail the test")]

use amqp_interop::{Client, consume, declare, key, name};
use amqp_proto::protocol::{MethodKind, Properties, ReplyCode, basic, confirm, queue, tx};
use amqp_proto::wire::TableBuf;
use amqp_proto::{ChannelId, Event, Fate, PublishSeq, UsageError};

/// Switches confirms on.
fn select(client: &mut Client) -> ChannelId {
    let channel = client.open();
    client.ok(channel, &confirm::Select::default(), MethodKind::ConfirmSelectOk);
    channel
}

/// The next event, which must be a confirm: first, last, acked.
#[track_caller]
fn confirmed(client: &mut Client, on: ChannelId) -> (u64, u64, bool) {
    client.next("a confirm", |event| match event {
        Event::Confirmed { channel, first, last, fate } if *channel == on => {
            Some((first.number(), last.number(), *fate == Fate::Acked))
        }
        _ => None,
    })
}

#[test]
fn ten_thousand_there_and_back() {
    const COUNT: u64 = 10_000;
    let mut client = Client::connect();
    let channel = select(&mut client);
    let queue = client.queue(channel);
    for number in 1..=COUNT {
        let seq = client.publish(channel, &queue, &number.to_be_bytes());
        assert_eq!(seq.number(), number);
    }
    let mut settled = vec![false; usize::try_from(COUNT).unwrap()];
    while client.on(channel).unconfirmed() > 0 || settled.contains(&false) {
        let (first, last, acked) = confirmed(&mut client, channel);
        assert!(acked);
        for number in first..=last {
            let settled = &mut settled[usize::try_from(number - 1).unwrap()];
            assert!(!core::mem::replace(settled, true), "{number} was confirmed twice");
        }
    }
    assert_eq!(client.amqp.unconfirmed(), 0);
    client.await_count(channel, &queue, u32::try_from(COUNT).unwrap(), 0);

    let qos = basic::Qos { prefetch_count: 500, ..Default::default() };
    client.ok(channel, &qos, MethodKind::BasicQosOk);
    client.ok(channel, &consume(&queue), MethodKind::BasicConsumeOk);
    for number in 1..=COUNT {
        let message = client.content(MethodKind::BasicDeliver);
        let delivery_tag = message.deliver().unwrap().delivery_tag;
        assert_eq!((delivery_tag, message.body()), (number, &number.to_be_bytes()[..]));
        if number % 100 == 0 {
            client.on(channel).send(&basic::Ack { delivery_tag, multiple: true }).unwrap();
        }
    }
    client.await_count(channel, &queue, 0, 1);
    client.on(channel).close(200.into(), "").unwrap();
    client.channel_closed(channel);
    let channel = client.open();
    client.await_count(channel, &queue, 0, 0);
    client.close();
}

#[test]
fn returns_come_before_their_confirms() {
    let mut client = Client::connect();
    let channel = select(&mut client);
    let queue = client.queue(channel);
    let nowhere = name("nowhere");
    let unroutable = basic::Publish { mandatory: true, ..key(&nowhere) };
    let routable = basic::Publish { mandatory: true, ..key(&queue) };
    for number in 1..=100_u64 {
        let publish = if number % 2 == 1 { &unroutable } else { &routable };
        let body = number.to_be_bytes();
        client.on(channel).publish(publish, Properties::default(), &body).unwrap();
    }
    let mut returned = Vec::new();
    let mut confirms = 0;
    while confirms < 100 {
        let range = client.next("a return or a confirm", |event| match event {
            Event::Content(content) => {
                let told = content.returned()?;
                assert_eq!(told.reply_code, ReplyCode::NO_ROUTE);
                assert_eq!((told.exchange, told.routing_key), ("".into(), nowhere.as_str().into()));
                returned.push(u64::from_be_bytes(content.body()[..].try_into().unwrap()));
                Some(None)
            }
            Event::Confirmed { first, last, fate: Fate::Acked, .. } => Some(Some((*first, *last))),
            _ => None,
        });
        if let Some((first, last)) = range {
            for number in first.number()..=last.number() {
                confirms += 1;
                assert_eq!(number % 2 == 1, returned.contains(&number), "publish {number}");
            }
        }
    }
    assert!(returned.iter().copied().eq((1..=100).step_by(2)), "{returned:?}");
    assert_eq!(client.on(channel).unconfirmed(), 0);
    client.close();
}

#[test]
fn a_message_that_the_queue_rejects_is_nacked() {
    let mut client = Client::connect();
    let channel = select(&mut client);
    let full = name("full");
    let arguments = TableBuf::new()
        .with("x-max-length", 1)
        .and_then(|table| table.with("x-overflow", "reject-publish"))
        .unwrap();
    let declare = queue::Declare { arguments: arguments.as_table(), ..declare(&full) };
    client.ok(channel, &declare, MethodKind::QueueDeclareOk);
    client.publish(channel, &full, b"kept");
    assert_eq!(confirmed(&mut client, channel), (1, 1, true));
    client.publish(channel, &full, b"refused");
    assert_eq!(confirmed(&mut client, channel), (2, 2, false));
    client.close();
}

#[test]
fn publishes_right_behind_select_count() {
    let mut client = Client::connect();
    let channel = client.open();
    let queue = client.queue(channel);
    assert_eq!(client.publish(channel, &queue, b"before").number(), 0);
    let request = client.request(channel, &confirm::Select::default());
    assert_eq!(client.publish(channel, &queue, b"behind").number(), 1);
    assert_eq!(client.reply(request).kind(), MethodKind::ConfirmSelectOk);
    assert_eq!(confirmed(&mut client, channel), (1, 1, true));

    // Again, and without a reply: the numbers go on.
    client.ok(channel, &confirm::Select::default(), MethodKind::ConfirmSelectOk);
    let other = client.open();
    client.no_wait(other, &confirm::Select { no_wait: true });
    assert_eq!(client.publish(channel, &queue, b"x").number(), 2);
    assert_eq!(confirmed(&mut client, channel), (2, 2, true));
    assert_eq!(client.publish(other, &queue, b"x").number(), 1);
    assert_eq!(confirmed(&mut client, other), (1, 1, true));
    client.close();
}

#[test]
fn too_many_unconfirmed_are_refused() {
    let mut config = amqp_interop::Broker::from_env().config();
    config.limits.unconfirmed = 2;
    let mut client = Client::connect_with(config);
    let channel = select(&mut client);
    let queue = client.queue(channel);
    client.publish(channel, &queue, b"1");
    client.publish(channel, &queue, b"2");
    let refused = client.on(channel).publish(&key(&queue), Properties::default(), "3");
    assert_eq!(refused, Err(UsageError::TooManyUnconfirmed { limit: 2 }));
    while client.amqp.unconfirmed() > 0 {
        confirmed(&mut client, channel);
    }
    assert_eq!(client.publish(channel, &queue, b"3").number(), 3);
    client.close();
}

#[test]
fn transactions() {
    let mut client = Client::connect();
    let channel = client.open();
    let queue = client.queue(channel);
    client.ok(channel, &tx::Select, MethodKind::TxSelectOk);
    let outside = client.publish(channel, &queue, b"rolled back");
    assert_eq!(outside.number(), 0);
    client.ok(channel, &tx::Rollback, MethodKind::TxRollbackOk);
    client.publish(channel, &queue, b"committed");
    let other = client.open();
    assert_eq!(client.get(other, &queue), None);
    client.ok(channel, &tx::Commit, MethodKind::TxCommitOk);
    client.await_count(other, &queue, 1, 0);
    assert_eq!(client.get(channel, &queue).unwrap().into_body(), "committed");
    assert_eq!(client.get(channel, &queue), None);
    client.close();
}

#[test]
fn confirms_and_transactions_do_not_mix() {
    let mut client = Client::connect();
    let channel = select(&mut client);
    let refused = client.on(channel).call(&tx::Select).unwrap_err();
    assert!(matches!(refused, UsageError::ChannelMode { .. }), "{refused}");
    client.inject(channel, &tx::Select);
    assert_eq!(client.channel_closed(channel).reply_code, ReplyCode::PRECONDITION_FAILED);
    client.close();
}

#[test]
fn publishes_without_confirm_have_no_number() {
    let mut client = Client::connect();
    let channel = client.open();
    let queue = client.queue(channel);
    let seqs: Vec<PublishSeq> = (0..3).map(|_| client.publish(channel, &queue, b"x")).collect();
    assert!(seqs.iter().all(|seq| seq.number() == 0));
    assert_eq!(client.amqp.unconfirmed(), 0);
    client.await_count(channel, &queue, 3, 0);
    client.close();
}
