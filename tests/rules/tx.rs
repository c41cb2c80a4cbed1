//! Transactions.

use amqp_proto::protocol::{Method, ReplyCode, tx};
use amqp_proto::{Event, UsageError};

use crate::ack::Settle::{Ack, Reject};
use crate::ack::*;
use crate::common::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("TX-01", a_client_ends_no_transaction_that_it_has_not_selected),
    server("TX-01", a_server_refuses_to_end_what_was_not_selected),
    client("TX-02", a_client_is_in_the_next_transaction_at_once),
    server("TX-02", a_server_is_in_the_next_transaction_at_once),
];

const SELECT: u16 = 10;
const COMMIT: u16 = 20;
const ROLLBACK: u16 = 30;

/// A method of class tx; a reply has the number of its request plus 1.
fn tx(method_id: u16) -> Vec<u8> {
    method(1, 90, method_id, b"")
}

fn call(end: &mut End, method_id: u16) -> Result<(), UsageError> {
    let mut channel = end.channel();
    match method_id {
        SELECT => channel.call(&tx::Select),
        COMMIT => channel.call(&tx::Commit),
        _ => channel.call(&tx::Rollback),
    }
    .map(drop)
}

/// The client asks, and the server agrees.
fn asks(end: &mut End, method_id: u16) {
    assert_eq!((call(end, method_id), end.sent()), (Ok(()), tx(method_id)));
    let events = end.takes(&tx(method_id + 1));
    assert!(matches!(events[..], [Event::Reply { .. }]), "{:?}", lines(&events));
    assert_eq!(hex(&end.sent()), "");
}

/// The server is asked, and agrees.
fn agrees(end: &mut End, method_id: u16) {
    let events = end.takes(&tx(method_id));
    let [Event::Request { token: Some(token), method }] = &events[..] else {
        panic!("{:?}", lines(&events));
    };
    let mut channel = end.channel();
    match method.method() {
        Method::TxSelect(_) => channel.reply(*token, &tx::SelectOk),
        Method::TxCommit(_) => channel.reply(*token, &tx::CommitOk),
        _ => channel.reply(*token, &tx::RollbackOk),
    }
    .unwrap();
    assert_eq!(hex(&end.sent()), hex(&tx(method_id + 1)));
}

fn a_client_ends_no_transaction_that_it_has_not_selected() {
    // Neither on a plain channel nor on one in confirm mode, nor because another one is transacted.
    for confirming in [false, true] {
        let mut end = End::client_channel().with_channel(2);
        end.channel_number(2).call(&tx::Select).unwrap();
        let mut mode = "in no transaction";
        if confirming {
            end.channel().call(&amqp_proto::protocol::confirm::Select { no_wait: true }).unwrap();
            mode = "in confirm mode";
        }
        end.sent();
        for (method_id, method) in [(COMMIT, "tx.commit"), (ROLLBACK, "tx.rollback")] {
            let refused = UsageError::ChannelMode { method, channel: 1, mode };
            assert_eq!(call(&mut end, method_id), Err(refused));
            assert_eq!((end.channel().pending_requests(), hex(&end.sent())), (0, String::new()));
        }
        if !confirming {
            assert_eq!(call(&mut end, SELECT), Ok(()));
            assert_eq!(call(&mut end, COMMIT), Ok(()), "before select-ok");
        }
    }
}

fn a_server_refuses_to_end_what_was_not_selected() {
    for before in [Vec::new(), method(1, 85, 10, b"\x01")] {
        for end_of in [COMMIT, ROLLBACK] {
            let mut end = End::server_channel().with_channel(2);
            end.takes(&[&before[..], &method(2, 90, SELECT, b"")].concat());
            let fault = end.closes_channel(&tx(end_of), "TX-01", ReplyCode(406));
            assert_eq!((fault.method.class_id, fault.method.method_id), (90, end_of));
            end.takes(&method(2, 90, end_of, b""));
        }
    }
}

fn a_client_is_in_the_next_transaction_at_once() {
    let mut end = client_with_deliveries(4);
    asks(&mut end, SELECT);
    sends(&mut end, Ack(1, false), 4);
    // Selecting again neither ends the transaction nor forgets what is in it.
    asks(&mut end, SELECT);
    assert_eq!(end.channel().unacked(), 4);
    asks(&mut end, COMMIT);
    assert_eq!(end.channel().unacked(), 3);
    sends(&mut end, Reject(2), 3);
    asks(&mut end, ROLLBACK);
    assert_eq!(end.channel().unacked(), 3);
    sends(&mut end, Ack(2, false), 3);
    asks(&mut end, COMMIT);
    assert_eq!(end.channel().unacked(), 2);
    // Several that are pipelined, each with its own acks.
    sends(&mut end, Ack(3, false), 2);
    call(&mut end, ROLLBACK).unwrap();
    sends_behind(&mut end, ROLLBACK, Ack(4, false));
    call(&mut end, COMMIT).unwrap();
    end.takes(&[tx(ROLLBACK + 1), tx(COMMIT + 1)].concat());
    assert_eq!(end.channel().unacked(), 1);
    // What was rolled back isn't delivered anew: it waits under its old tag.
    sends_behind(&mut end, COMMIT, Ack(3, false));
}

/// The client sends this behind the end of a transaction.
fn sends_behind(end: &mut End, end_of: u16, settle: Settle) {
    assert_eq!(end.sent(), tx(end_of));
    let waiting = end.channel().unacked();
    sends(end, settle, waiting);
}

fn a_server_is_in_the_next_transaction_at_once() {
    let mut end = server_with_deliveries(4);
    agrees(&mut end, SELECT);
    is_told(&mut end, Ack(1, false), 4);
    agrees(&mut end, SELECT);
    assert_eq!(end.channel().unacked(), 4);
    agrees(&mut end, COMMIT);
    assert_eq!(end.channel().unacked(), 3);
    is_told(&mut end, Reject(2), 3);
    agrees(&mut end, ROLLBACK);
    assert_eq!(end.channel().unacked(), 3);
    is_told(&mut end, Ack(2, false), 3);
    agrees(&mut end, COMMIT);
    assert_eq!(end.channel().unacked(), 2);
    is_told(&mut end, Ack(3, false), 2);
    agrees(&mut end, ROLLBACK);
    // Nothing but rollback-ok went out, and the next delivery has the next tag.
    assert_eq!(deliver_to(&mut end, "c"), Ok(5));
    end.sent();
    is_told(&mut end, Ack(3, false), 3);
}
