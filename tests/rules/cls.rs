//! Closing the connection: Close, close-ok, and what comes between them.

use amqp_proto::protocol::{Properties, ReplyCode, basic, queue};
use amqp_proto::{ChannelId, CloseDetail, CloseReason, Event, Initiator, Phase};

use crate::common::*;
use crate::end::{End, first_violation};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("CLS-01", || discards_all_but_close_and_close_ok(&End::client_channel())),
    server("CLS-01", || discards_all_but_close_and_close_ok(&End::server_channel())),
    client("CLS-02", || answers_a_close_that_crosses_its_own(End::client_channel())),
    server("CLS-02", || answers_a_close_that_crosses_its_own(End::server_channel())),
    client("CLS-03", || says_nothing_behind_close_ok(&End::client_channel())),
    server("CLS-03", || says_nothing_behind_close_ok(&End::server_channel().with_consumer(1))),
    client("CLS-04", || refuses_a_close_ok_that_answers_nothing(&End::client_channel())),
    server("CLS-04", || refuses_a_close_ok_that_answers_nothing(&End::server_channel())),
    client("CLS-05", || closes_inside_a_content(&End::client_channel(), &deliver(1, 1))),
    server("CLS-05", a_server_closes_inside_a_content),
    client("CLS-06", a_client_closes_its_channels_with_the_connection),
    server("CLS-06", a_server_closes_its_channels_with_the_connection),
    client("CLS-12", a_client_closes_with_200_and_takes_any_code),
    server("CLS-12", || takes_any_code(&End::server_channel())),
    client("CLS-13", || takes_no_octets_behind_close_ok(&End::client_channel())),
    server("CLS-13", || takes_no_octets_behind_close_ok(&End::server_channel())),
];

pub(crate) const OK: ReplyCode = ReplyCode::REPLY_SUCCESS;

/// The same end, which has sent Close with 320 and this text.
pub(crate) fn closing(end: &End, text: &str) -> End {
    let mut end = end.clone();
    end.connection.close(end.now, ReplyCode(320), text).unwrap();
    assert_eq!(hex(&end.sent()), hex(&connection_close(320, text)));
    assert_eq!(end.connection.phase(), Phase::Closing);
    end
}

/// Why it is over; nothing but this is told.
pub(crate) fn only_end(events: &[Event]) -> CloseReason {
    let [Event::Closed(reason)] = events else { panic!("{:?}", lines(events)) };
    (**reason).clone()
}

/// Close-ok comes and ends it with the words of this side's Close.
pub(crate) fn ends_with(mut end: End, text: &str) {
    let reason = only_end(&end.feed(&connection_close_ok()));
    assert_eq!((reason.initiator, reason.reply_code), (Initiator::Local, ReplyCode(320)));
    assert_eq!((&reason.text[..], reason.detail), (text, CloseDetail::None));
    is_over(&mut end);
}

pub(crate) fn is_over(end: &mut End) {
    assert_eq!(end.connection.phase(), Phase::Closed);
    assert_eq!(end.connection.poll_timeout(), None);
    assert_eq!(hex(&end.sent()), "");
}

fn discards_all_but_close_and_close_ok(open: &End) {
    let end = closing(open, "bye");
    let discarded = [
        publish(1, "k"),
        deliver(1, 1),
        header(1, 3, BARE),
        header(0, 3, BARE),
        body(1, b"x"),
        body(9, b"x"),
        declare(1, "q"),
        channel_open(1),
        channel_open(2),
        channel_close(1, 404, ""),
        channel_close_ok(1),
        start("PLAIN"),
        tune_ok(0, 1, 0),
        open_ok(),
        HEARTBEAT.to_vec(),
        frame(8, 3, b"x"),
        // Types that there aren't.
        frame(9, 0, b"x"),
        frame(4, 1, b""),
        // The two that count, on a channel.
        close(10, 50, 1, 320, ""),
        method(1, 10, 51, b""),
        // What would be malformed.
        method(0, 99, 9, b""),
        method(1, 60, 80, b"cut"),
        frame(1, 0, b"\0\x0A\0"),
        frame(1, 0, b""),
    ];
    for octets in &discarded {
        end.clone().ignores(octets);
    }
    let mut end = end;
    end.ignores(&discarded.concat());
    ends_with(end.clone(), "bye");
    // Where frames begin must be known all the same; no second Close goes out.
    for (octets, rule) in [
        (&b"\x08\0\0\0\0\0\0\0"[..], "FRM-02"),
        (b"\x01\0\0\xFF\xFF\xFF\xFF", "FRM-06"),
        (b"\x09\0\0\xFF\xFF\xFF\xFF", "FRM-06"),
    ] {
        let mut end = end.clone();
        let events = end.feed(octets);
        assert_eq!(first_violation(&events).rule, rule);
        assert!(matches!(events[..], [Event::Violation(_), Event::Closed(_)]));
        is_over(&mut end);
    }

    // The same behind a Close that the peer's own fault has caused, in the same read.
    let mut end = open.clone();
    let events = end.feed(&[connection_close_ok(), discarded.concat()].concat());
    assert!(matches!(events[..], [Event::Violation(_)]), "{:?}", lines(&events));
    assert_eq!(frames(&end.sent()).len(), 1);
    assert_eq!(only_end(&end.feed(&connection_close_ok())).initiator, Initiator::Library);
    is_over(&mut end);
}

fn answers_a_close_that_crosses_its_own(end: End) {
    let mut end = closing(&end, "mine");
    for _ in 0..2 {
        assert!(end.takes(&connection_close(541, "theirs")).is_empty());
        assert_eq!(hex(&end.sent()), hex(&connection_close_ok()));
        assert_eq!(end.connection.phase(), Phase::Closing);
    }
    ends_with(end, "mine");
}

fn says_nothing_behind_close_ok(open: &End) {
    let mut end = open.clone();
    end.send_content(1, Properties::EMPTY, vec![7; 3 << 20]).unwrap();
    let behind = [connection_close(200, ""), HEARTBEAT.into(), declare(1, "q"), body(0, b"")];
    let octets = [connection_close(320, "shutdown"), behind.concat()].concat();
    let reason = only_end(&end.feed(&octets));
    assert_eq!((reason.initiator, reason.reply_code), (Initiator::Peer, ReplyCode(320)));
    assert_eq!(reason.text, "shutdown");
    let sent = frames(&end.sent());
    assert_eq!(sent.last().unwrap(), &(1, 0, b"\0\x0A\0\x33".to_vec()));
    assert_eq!(sent.iter().filter(|(_, channel, _)| *channel == 0).count(), 1);
    assert!(sent.len() < 10, "the rest of the content is dropped");

    // Whatever is done or comes then.
    assert!(end.connection.close(T0, OK, "").is_err());
    assert!(end.connection.open_channel().is_err());
    assert!(end.channel().call(&queue::Declare::default()).is_err());
    assert!(end.channel().close(OK, "").is_err());
    assert!(end.feed(&[connection_close(200, ""), b"rubbish".to_vec()].concat()).is_empty());
    assert!(end.wait_until(at(1000)).is_empty());
    is_over(&mut end);

    // And a peer that goes on behind its close-ok isn't listened to.
    let mut end = closing(open, "bye");
    let events = end.feed(&[connection_close_ok(), behind.concat(), b"rubbish".into()].concat());
    assert_eq!(only_end(&events).initiator, Initiator::Local);
    is_over(&mut end);
}

fn refuses_a_close_ok_that_answers_nothing(end: &End) {
    let mut told = end.clone();
    told.feed(&connection_close_ok());
    let sent = frames(&told.sent());
    let [(1, 0, payload)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(payload[..6], *b"\0\x0A\0\x32\x01\xF7");
    assert_eq!(payload[payload.len() - 4..], *b"\0\x0A\0\x33");
    end.clone().closes(&connection_close_ok(), "CLS-04", ReplyCode(503));
}

/// `method`: that of a content which the peer may send on channel 1.
fn closes_inside_a_content(end: &End, method: &[u8]) {
    // Inside one of the peer, also in one read with it.
    let stages = [method.to_vec(), header(1, 10, BARE), body(1, b"half"), body(1, b"")];
    for stage in 1..=stages.len() {
        let begun = stages[..stage].concat();
        let mut waiting = end.clone();
        waiting.ignores(&begun);
        let close = connection_close(320, "now");
        for (mut end, octets) in [(waiting, close.clone()), (end.clone(), [begun, close].concat())]
        {
            let reason = only_end(&end.feed(&octets));
            assert_eq!((reason.initiator, reason.reply_code), (Initiator::Peer, ReplyCode(320)));
            assert_eq!(hex(&end.sent()), hex(&connection_close_ok()));
            is_over(&mut end);
        }
    }
    // Inside one of this side.
    let mut end = end.clone();
    end.start_content(10);
    end.channel().send_body(b"half").unwrap();
    let mut own = end.clone();
    own.connection.close(T0, OK, "now").unwrap();
    ends_in(&mut own, &connection_close(200, "now"));
    end.feed(&connection_close(320, "now"));
    ends_in(&mut end, &connection_close_ok());
    is_over(&mut end);
}

/// Method, header and a part of the body of a content go out, then this frame.
fn ends_in(end: &mut End, last: &[u8]) {
    let sent = end.sent();
    let types: Vec<_> = frames(&sent).iter().map(|(frame_type, ..)| *frame_type).collect();
    assert_eq!(types, [1, 2, 3, 1]);
    assert!(sent.ends_with(last), "{}", hex(&sent));
}

fn a_server_closes_inside_a_content() {
    closes_inside_a_content(&End::server_channel().with_consumer(1), &publish(1, "k"));
}

/// Channel 1 is open, channel 2 closing; the connection ends, and with it both, without a word.
fn closes_its_channels(open: &End, unanswered: usize) {
    let mut end = open.clone().with_channel(2);
    end.channel_number(2).close(OK, "").unwrap();
    end.sent();
    let by_peer = (end.clone(), connection_close(320, ""), connection_close_ok());
    let own = (closing(&end, ""), connection_close_ok(), Vec::new());
    for (mut end, octets, answer) in [by_peer, own] {
        let events = end.feed(&[octets, channel_close(1, 404, ""), channel_close_ok(2)].concat());
        let (last, failed) = events.split_last().unwrap();
        assert!(matches!(last, Event::Closed(_)), "{:?}", lines(&events));
        let is_failed = |event: &Event| matches!(event, Event::RequestFailed { .. });
        assert!(failed.iter().all(is_failed), "{:?}", lines(&events));
        assert_eq!(failed.len(), unanswered);
        assert_eq!(hex(&end.sent()), hex(&answer));
        assert_eq!(end.connection.channels().count(), 0);
        for number in [1, 2] {
            let channel = end.connection.channel(ChannelId::new(number).unwrap());
            assert!(channel.and_then(|mut channel| channel.close(OK, "")).is_err());
        }
        is_over(&mut end);
    }
}

fn a_client_closes_its_channels_with_the_connection() {
    let mut end = End::client_channel();
    for _ in 0..2 {
        end.channel().call(&basic::Qos::default()).unwrap();
    }
    end.sent();
    closes_its_channels(&end, 2);
}

fn a_server_closes_its_channels_with_the_connection() {
    let mut end = End::server_channel();
    end.takes(&declare(1, "q"));
    closes_its_channels(&end, 0);
}

fn a_client_closes_with_200_and_takes_any_code() {
    let mut end = End::client();
    end.connection.close(T0, OK, "").unwrap();
    assert_eq!(hex(&end.sent()), hex(&method(0, 10, 50, b"\0\xC8\0\0\0\0\0")));
    let reason = only_end(&end.feed(&connection_close_ok()));
    assert_eq!((reason.initiator, reason.reply_code), (Initiator::Local, OK));
    takes_any_code(&End::client_channel());
}

/// A Close is a Close, whatever its code.
fn takes_any_code(open: &End) {
    for code in [0, 200, 311, 320, 404, 501, 541, 999, u16::MAX] {
        let mut end = open.clone();
        let reason = only_end(&end.feed(&connection_close(code, "why")));
        assert_eq!((reason.initiator, reason.reply_code), (Initiator::Peer, ReplyCode(code)));
        assert_eq!((&reason.text[..], reason.detail), ("why", CloseDetail::None));
        assert_eq!(hex(&end.sent()), hex(b"\x01\0\0\0\0\0\x04\0\x0A\0\x33\xCE"));
        is_over(&mut end);
    }
}

fn takes_no_octets_behind_close_ok(open: &End) {
    for trailing in [&b"\0"[..], b"\0\0\0\0"] {
        let mut end = closing(open, "bye");
        let events = end.feed(&method(0, 10, 51, trailing));
        let violation = first_violation(&events);
        assert_eq!((violation.rule, violation.reply_code), ("MTH-05", ReplyCode(501)));
        // There is nothing left to wait for.
        let [Event::Violation(_), Event::Closed(reason)] = &events[..] else { panic!() };
        assert_eq!((reason.initiator, reason.reply_code), (Initiator::Local, ReplyCode(320)));
        is_over(&mut end);

        let mut end = open.clone();
        end.channel().close(OK, "").unwrap();
        end.sent();
        end.closes(&method(1, 20, 41, trailing), "MTH-05", ReplyCode(501));
    }
}
