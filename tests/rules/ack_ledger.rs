//! Acknowledgement: what transactions, recovery and the end of a channel do to deliveries that wait,
//! and what doesn't wait at all.

use amqp_proto::profile::Argument;
use amqp_proto::protocol::{Properties, ReplyCode, basic, tx};
use amqp_proto::{Event, Phase, Profile, ReplyToken, ServerConfig, UsageError};

use crate::ack::Settle::{Ack, Nack, Reject};
use crate::ack::*;
use crate::common::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("ACK-07", a_client_judges_acks_of_a_transaction_at_once),
    server("ACK-07", a_server_judges_acks_of_a_transaction_at_once),
    client("ACK-08", deliveries_of_a_client_end_with_the_channel),
    server("ACK-08", deliveries_of_a_server_end_with_the_channel),
    client("ACK-09", a_client_that_recovers_retires_all_tags),
    server("ACK-09", a_server_that_recovers_retires_all_tags),
    client("ACK-10", a_client_acks_again_after_a_rollback),
    server("ACK-10", a_server_takes_acks_again_after_a_rollback),
    client("ACK-11", a_full_client_lets_deliveries_wait),
    server("ACK-11", a_full_server_delivers_no_more),
];

const SELECT: u16 = 10;
const COMMIT: u16 = 20;
const ROLLBACK: u16 = 30;

/// A method of class tx; a reply has the number of its request plus 1.
fn tx(method_id: u16) -> Vec<u8> {
    method(1, 90, method_id, b"")
}

/// The token of this request.
fn asked(end: &mut End, request: &[u8]) -> ReplyToken {
    let events = end.takes(request);
    let [Event::Request { token: Some(token), .. }] = events[..] else {
        panic!("{:?}", lines(&events));
    };
    token
}

fn a_client_judges_acks_of_a_transaction_at_once() {
    let mut end = client_with_deliveries(3);
    end.channel().call(&tx::Select).unwrap();
    assert_eq!(end.sent(), tx(SELECT));
    for reply in [tx(SELECT + 1), Vec::new()] {
        will_not_send(&mut end, &[Ack(4, false), Ack(9, true), Nack(0, false), Reject(4)]);
        end.takes(&reply);
    }
    sends(&mut end, Ack(2, false), 3);
    will_not_send(&mut end, &[Ack(2, false), Nack(2, true), Reject(2)]);
}

fn a_server_judges_acks_of_a_transaction_at_once() {
    let mut end = server_with_deliveries(3);
    let select = asked(&mut end, &tx(SELECT));
    end.channel().reply(select, &tx::SelectOk).unwrap();
    assert_eq!(end.sent(), tx(SELECT + 1));
    is_refused(&end, &[Ack(4, false), Nack(4, false), Reject(4)], "ACK-01");
    is_refused(&end, &[Ack(9, true)], "ACK-03");
    is_refused(&end, &[Nack(0, false)], "ACK-04");
    is_told(&mut end, Ack(2, false), 3);
    is_refused(&end, &[Ack(2, false), Nack(2, false), Reject(2)], "ACK-02");
}

/// The channel closed by either side, while the connection goes on.
fn without_channel(end: &End) -> Vec<End> {
    let mut by_peer = end.clone();
    by_peer.takes(&channel_close(1, 404, ""));
    assert_eq!(by_peer.sent(), channel_close_ok(1));
    let mut by_this_side = end.clone();
    by_this_side.channel().close(ReplyCode(200), "").unwrap();
    assert_eq!(frames(&by_this_side.sent()).len(), 1);
    by_this_side.takes(&channel_close_ok(1));
    vec![by_peer, by_this_side]
}

/// The connection closed by either side, or cut off.
fn over(end: &End) -> Vec<End> {
    let mut by_peer = end.clone();
    by_peer.feed(&connection_close(320, ""));
    let mut by_this_side = end.clone();
    by_this_side.connection.close(T0, ReplyCode(200), "").unwrap();
    by_this_side.feed(&connection_close_ok());
    let mut cut_off = end.clone();
    cut_off.connection.handle_eof(T0);
    assert_eq!(endings(&poll(&mut cut_off.connection)), 1);
    vec![by_peer, by_this_side, cut_off]
}

/// However it ends, nothing waits any more.
fn nothing_waits(ends: &[End]) {
    for end in ends {
        assert_eq!(end.connection.unacked(), 0, "{:?}", end.connection);
    }
}

fn deliveries_of_a_client_end_with_the_channel() {
    let end = client_with_deliveries(2);
    nothing_waits(&over(&end));
    // Inside a content, the rest of which is still to be written before the number is free.
    let mut inside = end.clone();
    let publish = basic::Publish::default();
    inside.channel().start_publish(&publish, Properties::EMPTY, 4).unwrap();
    inside.takes(&channel_close(1, 404, ""));
    nothing_waits(&[inside]);
    let ends = without_channel(&end);
    nothing_waits(&ends);
    for end in ends {
        let mut end = end.with_channel(1);
        will_not_send(&mut end, &[Ack(1, false), Nack(2, true), Reject(1)]);
        // The tags begin anew.
        end.takes(&deliveries([1]));
        will_not_send(&mut end, &[Ack(2, false)]);
        sends(&mut end, Ack(1, false), 0);
    }
}

fn deliveries_of_a_server_end_with_the_channel() {
    let end = server_with_deliveries(2);
    nothing_waits(&over(&end));
    let mut ends = without_channel(&end);
    let mut faulty = end;
    faulty.closes_channel(&Ack(9, false).octets(), "ACK-01", ReplyCode(406));
    ends.push(faulty);
    nothing_waits(&ends);
    for end in ends {
        let mut end = end.with_channel(1);
        is_refused(&end, &[Ack(1, false), Nack(2, false), Reject(1)], "ACK-01");
        end.takes(&consume(1, "c", false));
        assert_eq!(deliver_to(&mut end, "c"), Ok(1));
        end.sent();
        is_refused(&end, &[Ack(2, false)], "ACK-01");
        is_told(&mut end, Ack(1, false), 0);
    }
}

/// basic.recover and basic.recover-async.
const RECOVER: u16 = 110;
const RECOVER_ASYNC: u16 = 100;

fn a_client_that_recovers_retires_all_tags() {
    let mut end = client_with_deliveries(2);
    end.channel().call(&basic::Recover { requeue: true }).unwrap();
    assert_eq!(end.sent(), method(1, 60, RECOVER, b"\x01"));
    will_not_send(&mut end, &[Ack(1, false), Ack(2, true), Reject(2)]);
    // The third was on its way when the server read the request, the fourth is one of those again.
    end.takes(&[deliveries([3]), method(1, 60, 111, b""), deliveries([4])].concat());
    will_not_send(&mut end, &[Ack(2, false), Ack(3, false), Ack(3, true)]);
    sends(&mut end, Ack(4, true), 0);

    let mut end = client_with_deliveries(2);
    end.channel().send(&basic::RecoverAsync { requeue: true }).unwrap();
    assert_eq!(end.sent(), method(1, 60, RECOVER_ASYNC, b"\x01"));
    will_not_send(&mut end, &[Ack(1, false), Ack(2, true), Reject(2)]);
    end.takes(&deliveries([3]));
    sends(&mut end, Ack(3, false), 0);

    let mut end = client_with_deliveries(2);
    end.channel().call(&basic::Recover { requeue: false }).unwrap();
    end.channel().send(&basic::RecoverAsync { requeue: false }).unwrap();
    end.sent();
    sends(&mut end, Ack(1, false), 1);
}

fn a_server_that_recovers_retires_all_tags() {
    let mut end = server_with_deliveries(2);
    let token = asked(&mut end, &method(1, 60, RECOVER, b"\x01"));
    is_refused(&end, &[Ack(1, false), Reject(2)], "ACK-02");
    is_refused(&end, &[Ack(2, true)], "ACK-03");
    // To the client this one may have been on its way when the request was read.
    assert_eq!(deliver_to(&mut end, "c"), Ok(3));
    end.sent();
    end.channel().reply(token, &basic::RecoverOk).unwrap();
    assert_eq!(end.sent(), method(1, 60, 111, b""));
    is_refused(&end, &[Ack(1, false), Reject(2), Ack(3, false)], "ACK-02");
    assert_eq!(deliver_to(&mut end, "c"), Ok(4));
    end.sent();
    is_told(&mut end, Ack(4, true), 0);

    let mut end = server_with_deliveries(2);
    let events = end.takes(&method(1, 60, RECOVER_ASYNC, b"\x01"));
    assert!(matches!(events[..], [Event::Notice(_)]), "{:?}", lines(&events));
    is_refused(&end, &[Ack(1, false), Reject(2)], "ACK-02");

    let mut end = server_with_deliveries(2);
    end.takes(&[method(1, 60, RECOVER, b"\0"), method(1, 60, RECOVER_ASYNC, b"\0")].concat());
    is_told(&mut end, Ack(1, false), 1);
}

fn a_client_acks_again_after_a_rollback() {
    let mut end = client_with_deliveries(3);
    end.channel().call(&tx::Select).unwrap();
    end.takes(&tx(SELECT + 1));
    end.sent();
    sends(&mut end, Ack(2, true), 3);
    end.channel().call(&tx::Rollback).unwrap();
    assert_eq!(end.sent(), tx(ROLLBACK));
    // What goes out behind the rollback is read behind it.
    sends(&mut end.clone(), Ack(1, false), 3);
    sends(&mut end, Nack(3, false), 3);
    end.takes(&tx(ROLLBACK + 1));
    // The rollback was no end of what came behind it.
    will_not_send(&mut end, &[Ack(3, false)]);
    sends(&mut end, Reject(1), 3);
    end.channel().call(&tx::Commit).unwrap();
    assert_eq!(end.sent(), tx(COMMIT));
    sends(&mut end, Ack(2, false), 1);
    end.takes(&tx(COMMIT + 1));
    assert_eq!(end.channel().unacked(), 1, "the second waits for the next commit");
    will_not_send(&mut end, &[Ack(1, false), Ack(2, false), Ack(3, false)]);
}

fn a_server_takes_acks_again_after_a_rollback() {
    let mut end = server_with_deliveries(3);
    let select = asked(&mut end, &tx(SELECT));
    end.channel().reply(select, &tx::SelectOk).unwrap();
    end.sent();
    is_told(&mut end, Ack(2, true), 3);
    let rollback = asked(&mut end, &tx(ROLLBACK));
    is_told(&mut end.clone(), Ack(1, false), 3);
    is_told(&mut end, Nack(3, false), 3);
    end.channel().reply(rollback, &tx::RollbackOk).unwrap();
    assert_eq!(end.sent(), tx(ROLLBACK + 1));
    is_refused(&end, &[Ack(3, false)], "ACK-02");
    is_told(&mut end, Reject(1), 3);
    let commit = asked(&mut end, &tx(COMMIT));
    is_told(&mut end, Ack(2, false), 1);
    end.channel().reply(commit, &tx::CommitOk).unwrap();
    assert_eq!(end.sent(), tx(COMMIT + 1));
    assert_eq!(end.channel().unacked(), 1, "the second waits for the next commit");
    is_refused(&end, &[Ack(1, false), Ack(2, false), Ack(3, false)], "ACK-02");
}

/// A delivery to another consumer than `c`.
fn delivery_to(consumer_tag: &str, tag: u64) -> Vec<u8> {
    let arguments = [&short(consumer_tag)[..], &tag.to_be_bytes(), b"\0\0\x01q"].concat();
    [method(1, 60, 60, &arguments), header(1, 0, BARE)].concat()
}

/// basic.consume of a consumer that only looks at messages.
fn browse(consumer_tag: &str) -> Vec<u8> {
    let table = long(b"\x13x-filter-no-consumet\x01");
    let parts = [b"\0\0", &short("q")[..], &short(consumer_tag), b"\x08", &table];
    method(1, 60, 20, &parts.concat())
}

/// What is told now are contents, on these channels.
fn tells_contents_on(end: &mut End, channels: &[u16]) {
    let events = poll(&mut end.connection);
    let channel = |event: &Event| match event {
        Event::Content(content) => content.channel().number(),
        _ => panic!("{event}"),
    };
    assert_eq!(events.iter().map(channel).collect::<Vec<_>>(), channels);
}

fn a_full_client_lets_deliveries_wait() {
    let mut config = plain();
    config.limits.unacked = 2;
    config.profile = Some(Profile::BROKER_J);
    let mut end = client_that_consumes(config, false, 0).with_channel(2);
    let (queue, no_wait) = ("q".into(), true);
    let consume = basic::Consume { queue, no_wait, ..<_>::default() };
    let quiet = basic::Consume { consumer_tag: "quiet".into(), no_ack: true, ..consume };
    let arguments = Profile::BROKER_J.arguments(&[Argument::Browse]).unwrap();
    let browser = basic::Consume {
        consumer_tag: "browser".into(),
        arguments: arguments.as_table(),
        ..consume
    };
    for consume in [quiet, browser] {
        end.channel().call(&consume).unwrap();
    }
    assert!(end.sent().ends_with(&browse("browser")));
    let looked_at = [delivery_to("quiet", 1), delivery_to("browser", 2)].concat();
    assert_eq!(end.takes(&looked_at).len(), 2);
    will_not_send(&mut end, &[Ack(1, false), Ack(2, false), Ack(2, true)]);

    // Two fill the ledger; what needs no ack still comes, until one is in its way that does.
    let octets = [deliveries(3..=4), delivery_to("quiet", 5), deliveries(6..=7)];
    assert_eq!(end.takes(&octets[..2].concat()).len(), 3);
    end.ignores(&octets[2]);
    // However long that takes, and on whatever channel the next is.
    end.ignores(&[deliver(2, 1), header(2, 0, BARE)].concat());
    assert_eq!(lines(&end.wait_until(at(10_000))), [""; 0]);
    assert_eq!(end.connection.phase(), Phase::Open);
    assert_eq!(hex(&end.sent()), hex(HEARTBEAT));
    end.ignores(HEARTBEAT);
    sends(&mut end, Ack(4, false), 1);
    tells_contents_on(&mut end, &[1]);
    assert_eq!(end.channel().unacked(), 2);
    sends(&mut end, Ack(0, true), 0);
    tells_contents_on(&mut end, &[1, 2]);
    sends(&mut end, Ack(7, false), 0);

    // A message that was got waits as well.
    end.channel().call(&basic::Get { queue, ..<_>::default() }).unwrap();
    end.sent();
    assert_eq!(end.takes(&deliveries(8..=9)).len(), 2);
    let get_ok = method(1, 60, 71, b"\0\0\0\0\0\0\0\x0A\0\0\x01q\0\0\0\0");
    end.ignores(&[get_ok, header(1, 0, BARE)].concat());
    sends(&mut end, Ack(8, false), 1);
    tells_contents_on(&mut end, &[1]);
    assert_eq!(end.channel().unacked(), 2);
    sends(&mut end, Ack(10, false), 1);
}

fn a_full_server_delivers_no_more() {
    let mut config = ServerConfig::default();
    config.limits.unacked = 2;
    config.profile = Profile::BROKER_J;
    let mut end = End::server_with(config).with_channel(1);
    let consumers = [consume(1, "c", false), consume(1, "quiet", true), browse("browser")];
    end.takes(&consumers.concat());
    for (consumer_tag, unacked) in [("quiet", 0), ("browser", 0), ("c", 1), ("c", 2)] {
        assert!(deliver_to(&mut end, consumer_tag).is_ok());
        assert_eq!(end.channel().unacked(), unacked, "{consumer_tag}");
    }
    end.sent();
    is_refused(&end, &[Ack(1, false), Reject(2)], "ACK-02");
    is_refused(&end, &[Ack(2, true)], "ACK-03");

    let full = UsageError::TooManyUnacked { limit: 2 };
    assert_eq!(deliver_to(&mut end, "c"), Err(full));
    let get = asked(&mut end, &method(1, 60, 70, b"\0\0\x01q\0"));
    let got = end.channel().get_ok(get, &basic::GetOk::default(), Properties::EMPTY, "");
    assert_eq!((got, hex(&end.sent())), (Err(full), String::new()));
    assert_eq!(deliver_to(&mut end, "quiet"), Ok(5));
    assert_eq!(deliver_to(&mut end, "browser"), Ok(6));
    end.sent();
    is_told(&mut end, Ack(4, false), 1);
    let got = end.channel().get_ok(get, &basic::GetOk::default(), Properties::EMPTY, "");
    assert_eq!((got, deliver_to(&mut end, "c")), (Ok(7), Err(full)));
}
