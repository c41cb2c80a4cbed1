//! Reply codes.

use amqp_proto::protocol::{Properties, ReplyCode};
use amqp_proto::{Event, Initiator, Phase, UsageError};

use crate::common::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("RC-01", soft_codes_end_a_channel_and_hard_ones_the_connection_of_a_client),
    server("RC-01", soft_codes_end_a_channel_and_hard_ones_the_connection_of_a_server),
    client("RC-02", a_client_takes_codes_that_nobody_knows),
    server("RC-02", a_server_takes_codes_that_nobody_knows),
    client("RC-03", a_client_says_nothing_on_a_channel_behind_a_hard_error),
    server("RC-03", a_server_says_nothing_on_a_channel_behind_a_hard_error),
];

const SOFT: [u16; 7] = [311, 312, 313, 403, 404, 405, 406];

fn codes_are_soft_or_hard() {
    let hard = [320, 402, 501, 502, 503, 504, 505, 506, 530, 540, 541];
    assert!(SOFT.iter().all(|code| ReplyCode(*code).is_soft()));
    assert!(!hard.iter().any(|code| ReplyCode(*code).is_soft()));
}

fn soft_codes_end_a_channel_and_hard_ones_the_connection_of_a_client() {
    codes_are_soft_or_hard();
    let mut config = plain();
    config.limits.max_body = Some(10);
    let mut end = End::client_with(config).with_channel(1);
    end.takes(&deliver(1, 1));
    end.closes_channel(&header(1, 11, BARE), "LIM-04", ReplyCode(311));
    End::client_channel().closes(&body(1, b""), "CNT-03", ReplyCode(505));
}

fn soft_codes_end_a_channel_and_hard_ones_the_connection_of_a_server() {
    codes_are_soft_or_hard();
    let ack = method(1, 60, 80, b"\0\0\0\0\0\0\0\x01\0");
    End::server_channel().closes_channel(&ack, "ACK-01", ReplyCode(406));
    End::server_channel().closes(&body(1, b""), "CNT-03", ReplyCode(505));
}

fn takes_codes_that_nobody_knows(mut end: End) {
    let events = end.takes(&channel_close(1, 999, "?"));
    let [Event::ChannelClosed { reason, .. }] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!((reason.initiator, reason.reply_code), (Initiator::Peer, ReplyCode(999)));
    assert_eq!(end.sent(), channel_close_ok(1));
    let events = end.feed(&connection_close(7, "?"));
    let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!((reason.initiator, reason.reply_code), (Initiator::Peer, ReplyCode(7)));
    assert_eq!(end.sent(), connection_close_ok());
}

fn a_client_takes_codes_that_nobody_knows() {
    takes_codes_that_nobody_knows(End::client_channel());
}

fn a_server_takes_codes_that_nobody_knows() {
    takes_codes_that_nobody_knows(End::server_channel());
}

/// A hard error, and behind it what would end a channel.
fn says_nothing_on_a_channel_behind_a_hard_error(end: &End, soft: &[u8]) {
    // While nothing waits to be written, and while a content does, in the window and behind it.
    let mut writing = end.clone();
    writing.send_content(1, Properties::EMPTY, vec![7; 3 << 20]).unwrap();
    for (mut end, is_idle) in [(end.clone(), true), (writing, false)] {
        end.feed(&[&body(1, b"")[..], soft].concat());
        assert_eq!(end.connection.phase(), Phase::Closing);
        let (method, phase) = ("channel.close", "closing");
        let refused = Err(UsageError::ConnectionPhase { method, phase });
        assert_eq!(end.channel().close(ReplyCode::NOT_FOUND, ""), refused);
        assert!(end.send_content(1, Properties::EMPTY, vec![7]).is_err());
        let sent = frames(&end.sent());
        let (close, content) = sent.split_last().unwrap();
        assert!(matches!(close, (1, 0, payload) if payload.starts_with(b"\0\x0A\0\x32")));
        // The beginning of the content, and nothing else on any channel.
        let kinds: Vec<_> = content.iter().map(|(kind, on, _)| (*kind, *on)).collect();
        let bodies = kinds.len().saturating_sub(2);
        let begun = [&[(1, 1), (2, 1)][..], &vec![(3, 1); bodies]].concat();
        assert_eq!(kinds, if is_idle { Vec::new() } else { begun });
        assert!(bodies < 10, "the rest is dropped");
        end.ignores(soft);
    }
}

fn a_client_says_nothing_on_a_channel_behind_a_hard_error() {
    let mut config = plain();
    config.limits.max_body = Some(10);
    let soft = [deliver(1, 1), header(1, 11, BARE)].concat();
    let end = End::client_with(config).with_channel(1);
    says_nothing_on_a_channel_behind_a_hard_error(&end, &soft);
}

fn a_server_says_nothing_on_a_channel_behind_a_hard_error() {
    let ack = method(1, 60, 80, b"\0\0\0\0\0\0\0\x01\0");
    let end = End::server_channel().with_consumer(1);
    says_nothing_on_a_channel_behind_a_hard_error(&end, &ack);
}
