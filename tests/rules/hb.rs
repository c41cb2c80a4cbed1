//! Heartbeats.

use amqp_proto::protocol::{Properties, ReplyCode, basic};
use amqp_proto::{
    CloseDetail, Connection, Event, Heartbeat, Initiator, Instant, Phase, ServerConfig,
};
use bytes::{Buf, Bytes, BytesMut};

use crate::common::*;
use crate::end::End;
use crate::frm::awaiting_tune;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("HB-01", || a_heartbeat_is_eight_octets(client_of(10))),
    server("HB-01", || a_heartbeat_is_eight_octets(server_of(10))),
    client("HB-02", || heartbeats_are_on_channel_0(&End::client_channel(), End::fresh_client())),
    server("HB-02", || heartbeats_are_on_channel_0(&End::server_channel(), End::fresh_server())),
    client("HB-03", || heartbeats_are_empty(&End::client_channel(), End::fresh_client())),
    server("HB-03", || heartbeats_are_empty(&End::server_channel(), End::fresh_server())),
    client("HB-04", a_client_beats_and_takes_beats_at_any_moment),
    server("HB-04", a_server_beats_and_takes_beats_at_any_moment),
    client("HB-05", || any_sent_octet_takes_the_place_of_a_heartbeat(client_of)),
    server("HB-05", || any_sent_octet_takes_the_place_of_a_heartbeat(server_of)),
    client("HB-06", || any_received_octet_is_a_sign_of_life(&client_of(10))),
    server("HB-06", || any_received_octet_is_a_sign_of_life(&server_of(10))),
    client("HB-07", || silence_ends_without_a_handshake(client_of)),
    server("HB-07", || silence_ends_without_a_handshake(server_of)),
    client("HB-08", a_client_begins_with_tune),
    server("HB-08", a_server_begins_with_tune_ok),
    client("HB-09", || each_direction_has_its_own_timer(&client_of(10))),
    server("HB-09", || each_direction_has_its_own_timer(&server_of(10))),
    client("HB-10", || who_wants_none_discards_them(client_of(0), End::fresh_client())),
    server("HB-10", || who_wants_none_discards_them(server_of(0), End::fresh_server())),
];

/// A client that has begun its handshake and wants this heartbeat, in seconds.
fn fresh_client_of(seconds: u16) -> End {
    let mut config = plain();
    config.heartbeat = Heartbeat::Prefer(seconds);
    End::new(Connection::client(config, T0))
}

/// An open client that has agreed on this heartbeat; its peer was heard and written to at time 0.
pub(crate) fn client_of(seconds: u16) -> End {
    open_of(fresh_client_of(seconds), &[tune(2047, 131_072, seconds), open_ok()].concat())
}

/// The same of a server, which has offered 60.
pub(crate) fn server_of(seconds: u16) -> End {
    open_of(End::fresh_server(), &[tune_ok(2047, 131_072, seconds), open("/")].concat())
}

fn open_of(fresh: End, rest: &[u8]) -> End {
    let mut end = awaiting_tune(fresh);
    end.takes(rest);
    end.sent();
    end.ignores(HEARTBEAT);
    assert_eq!(end.connection.phase(), Phase::Open);
    end
}

/// The peer beats at this moment, and that alone.
fn hear(end: &mut End, now: Instant) {
    end.now = now;
    end.ignores(HEARTBEAT);
}

/// Nothing is told nor written until the moment before this one.
fn is_quiet_until(end: &mut End, milliseconds: u64) {
    assert_eq!(lines(&end.wait_until(millis(milliseconds - 1))), [""; 0]);
    assert_eq!(hex(&end.sent()), "", "before {milliseconds} ms");
}

fn beats_at(end: &mut End, milliseconds: u64) {
    assert_eq!(lines(&end.wait_until(millis(milliseconds))), [""; 0]);
    assert_eq!(hex(&end.sent()), "08 00 00 00 00 00 00 CE ", "at {milliseconds} ms");
}

/// The stream ends at this moment and not before, and no Close goes out.
fn is_lost_at(end: &mut End, milliseconds: u64) {
    assert_eq!(lines(&end.wait_until(millis(milliseconds - 1))), [""; 0]);
    end.sent();
    let events = end.wait_until(millis(milliseconds));
    let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(reason.detail, CloseDetail::HeartbeatLoss);
    assert_eq!(reason.initiator, Initiator::Transport);
    assert_eq!(end.connection.phase(), Phase::Closed);
    assert_eq!(hex(&end.sent()), "", "without a handshake");
    assert_eq!(end.connection.poll_timeout(), None);
}

fn a_heartbeat_is_eight_octets(mut end: End) {
    end.ignores(b"\x08\0\0\0\0\0\0\xCE");
    for (octet, rule, code) in [
        (0, "FRM-03", 501),
        (1, "HB-02", 503),
        (2, "HB-02", 503),
        (3, "FRM-06", 501),
        (4, "FRM-06", 501),
        (7, "FRM-02", 501),
    ] {
        let mut other = HEARTBEAT.to_vec();
        other[octet] ^= 0x10;
        end.clone().closes(&other, rule, ReplyCode(code));
    }
    // The grammar prints it without a size: no frame, and with another one behind it far too large.
    let printed = b"\x08\0\0\xCE";
    end.clone().ignores(printed);
    end.clone().closes(&printed.repeat(2), "FRM-06", ReplyCode::FRAME_ERROR);
    beats_at(&mut end, 5000);
}

fn heartbeats_are_on_channel_0(end: &End, fresh: End) {
    let tuning = awaiting_tune(fresh);
    for channel in [1, 2, 0x00FF, 0x0100, 0xFFFF] {
        let octets = frame(8, channel, b"");
        let violation = end.clone().closes(&octets, "HB-02", ReplyCode::COMMAND_INVALID);
        assert_eq!((violation.channel, violation.method), (channel, Default::default()));
        tuning.clone().drops(&octets, "HB-02");
    }
    // This side's own are, whatever channels are open.
    let mut end = end.clone();
    beats_at(&mut end, 30_000);
}

fn heartbeats_are_empty(end: &End, fresh: End) {
    let tuning = awaiting_tune(fresh);
    for len in [1, 4, 1000] {
        let octets = frame(8, 0, &vec![0; len]);
        let violation = end.clone().closes(&octets, "HB-03", ReplyCode::FRAME_ERROR);
        assert_eq!(violation.method, Default::default());
        tuning.clone().drops(&octets, "HB-03");
    }
    // It is a frame all the same: what comes behind it is read as before.
    let mut closing = end.clone();
    let events = closing.feed(&[frame(8, 0, b"beat"), connection_close_ok()].concat());
    assert!(matches!(events[..], [Event::Violation(_), Event::Closed(_)]), "{:?}", lines(&events));
    let mut end = end.clone();
    beats_at(&mut end, 30_000);
}

/// Beats before, between and behind all frames change nothing of what these frames do.
fn takes_beats_between(mut end: End, octets: &[Vec<u8>], expected: usize) -> End {
    let mut told = 0;
    for frame in octets {
        told += end.takes(&[HEARTBEAT, frame, HEARTBEAT].concat()).len();
    }
    assert_eq!(told, expected);
    end
}

/// `handshake`: an end that has heard beats all through it, and what it has written is checked.
fn beats_at_any_moment(end: End, handshake: &End) {
    assert_eq!(handshake.connection.phase(), Phase::Open);
    let content = [end.content_of_peer(1, 1), header(1, 4, BARE), body(1, b"bo"), body(1, b"dy")];
    let mut end = takes_beats_between(end.with_contents(1), &content, 1);
    // Between the frames of a content of its own this side beats too.
    let mut inside = end.clone();
    begin_content(&mut inside);
    let head = [inside.own_content(1, 1), header(1, 4, BARE), body(1, b"bo")].concat();
    assert_eq!(inside.sent(), head);
    beats_at(&mut inside, 30_000);
    inside.channel().send_body("dy").unwrap();
    assert_eq!(inside.sent(), body(1, b"dy"));
    // In both directions until the close is over.
    end.connection.close(T0, ReplyCode::REPLY_SUCCESS, "").unwrap();
    end.sent();
    end.ignores(&HEARTBEAT.repeat(2));
    beats_at(&mut end, 30_000);
    hear(&mut end, at(31));
    assert_eq!(end.connection.phase(), Phase::Closing);
    assert_eq!(endings(&end.feed(&connection_close_ok())), 1);
}

/// Two of four octets of a body, without an end.
fn begin_content(end: &mut End) {
    let is_client = end.is_client();
    let mut channel = end.channel();
    if is_client {
        let publish = basic::Publish { routing_key: "k".into(), ..Default::default() };
        channel.start_publish(&publish, Properties::EMPTY, 4).unwrap();
    } else {
        let deliver = basic::Deliver {
            consumer_tag: "c".into(),
            routing_key: "q".into(),
            ..Default::default()
        };
        channel.start_deliver(&deliver, Properties::EMPTY, 4).unwrap();
    }
    channel.send_body("bo").unwrap();
}

fn a_client_beats_and_takes_beats_at_any_moment() {
    let mut config = plain();
    config.close_timeout = core::time::Duration::from_secs(100);
    let frames = [start("PLAIN"), tune(2047, 131_072, 60), open_ok()];
    let mut handshake = takes_beats_between(End::fresh_client(), &frames, 1);
    let mut without = End::fresh_client();
    without.takes(&frames.concat());
    assert_eq!(handshake.sent(), without.sent());
    beats_at_any_moment(End::client_with(config), &handshake);
}

fn a_server_beats_and_takes_beats_at_any_moment() {
    let mut config = ServerConfig::default();
    config.close_timeout = core::time::Duration::from_secs(100);
    let frames = [start_ok("PLAIN", b"\0a\0b"), tune_ok(2047, 131_072, 60), open("/")];
    let begun = || {
        let mut end = End::fresh_server();
        end.takes(PROTOCOL_HEADER);
        end
    };
    let mut handshake = takes_beats_between(begun(), &frames, 3);
    let mut without = begun();
    without.takes(&frames.concat());
    assert_eq!(handshake.sent(), without.sent());
    beats_at_any_moment(End::server_with(config), &handshake);
}

fn any_sent_octet_takes_the_place_of_a_heartbeat(open: fn(u16) -> End) {
    // Idle, it beats at half the value, its own beats counted, and never twice.
    for seconds in [1, 2, 60, u16::MAX] {
        let mut end = open(seconds);
        let half = u64::from(seconds) * 500;
        for beat in 1..5 {
            hear(&mut end, millis((beat - 1) * half));
            assert_eq!(end.connection.poll_timeout(), Some(millis(beat * half)));
            is_quiet_until(&mut end, beat * half);
            beats_at(&mut end, beat * half);
            assert_eq!(lines(&end.wait_until(millis(beat * half))), [""; 0]);
            assert_eq!(hex(&end.sent()), "");
        }
    }
    // One octet of a frame is enough, and counts from when it was drained.
    let mut end = open(10).with_contents(1);
    end.wait_until(at(0));
    end.send_content(1, Properties::EMPTY, Vec::new()).unwrap();
    assert_eq!(lines(&end.wait_until(at(4))), [""; 0]);
    end.connection.transmit().advance(1);
    end.wait_until(at(4));
    assert_eq!(end.connection.poll_timeout(), Some(at(9)));
    hear_without_writing(&mut end, at(8));
    let content = [end.own_content(1, 1), header(1, 0, BARE)].concat();
    assert_eq!(end.sent(), content[1..]);
    end.wait_until(at(8));
    is_quiet_until(&mut end, 13_000);
    beats_at(&mut end, 13_000);
    // What only waits has not been sent; nor do beats pile up behind it.
    let mut end = open(10).with_contents(1);
    end.wait_until(at(0));
    end.send_content(1, Properties::EMPTY, Vec::new()).unwrap();
    for second in 1..100 {
        hear_without_writing(&mut end, at(second));
    }
    assert_eq!(end.sent(), content);
}

fn hear_without_writing(end: &mut End, now: Instant) {
    end.now = now;
    end.takes(HEARTBEAT);
    assert_eq!(lines(&end.wait_until(now)), [""; 0]);
}

fn any_received_octet_is_a_sign_of_life(end: &End) {
    // An octet just before each end, through each door: whole frames come once in 160 seconds.
    for door in 0..3 {
        let mut end = end.clone();
        let mut buffer = BytesMut::new();
        let mut now = T0;
        for (place, octet) in HEARTBEAT.repeat(3).iter().enumerate() {
            now = millis(place as u64 * 19_999);
            match door {
                0 => {
                    buffer.extend_from_slice(&[*octet]);
                    end.connection.handle_input(now, &mut buffer);
                }
                1 => end.connection.handle_bytes(now, Bytes::copy_from_slice(&[*octet])),
                _ => end.connection.handle_slice(now, &[*octet]),
            }
            assert_eq!(lines(&end.wait_until(now)), [""; 0], "door {door}, octet {place}");
            end.sent();
        }
        // The octets that ended it were the last.
        let last = now - T0;
        is_lost_at(&mut end, u64::try_from(last.as_millis()).unwrap() + 20_000);
    }
    // Octets that are handed in again, and none at all, are no sign of anything.
    let mut end = end.clone();
    let mut buffer = BytesMut::from(&HEARTBEAT[..3]);
    end.connection.handle_input(T0, &mut buffer);
    for second in 1..20 {
        end.connection.handle_input(at(second), &mut buffer);
        end.connection.handle_slice(at(second), b"");
        end.connection.handle_bytes(at(second), Bytes::new());
        assert_eq!(lines(&end.wait_until(at(second))), [""; 0]);
        end.sent();
    }
    is_lost_at(&mut end, 20_000);
}

fn silence_ends_without_a_handshake(open: fn(u16) -> End) {
    for seconds in [1, 10, 60, u16::MAX] {
        let twice = u64::from(seconds) * 2000;
        is_lost_at(&mut open(seconds), twice);
        // Wherever the peer was heard last, and whatever was sent meanwhile.
        let mut end = open(seconds).with_contents(1);
        hear(&mut end, millis(777));
        end.send_content(1, Properties::EMPTY, b"body".to_vec()).unwrap();
        is_lost_at(&mut end, 777 + twice);
        // Nobody looks at the clock for longer.
        let mut end = open(seconds);
        end.wait_until(millis(1));
        let events = end.wait_until(millis(twice * 3));
        assert!(matches!(events[..], [Event::Closed(_)]), "{:?}", lines(&events));
        end.ignores(HEARTBEAT);
    }
    // While octets wait for the application to poll, it isn't the peer that is silent.
    let mut end = open(10);
    end.connection.handle_slice(T0, HEARTBEAT);
    end.connection.handle_timeout(at(20));
    assert_eq!(end.connection.phase(), Phase::Open);
    assert_eq!(lines(&poll(&mut end.connection)), [""; 0]);
    is_lost_at(&mut end, 40_000);
    // A peer that beats at the very value is alive.
    let mut end = open(10);
    for second in (10..200).step_by(10) {
        assert_eq!(lines(&end.wait_until(at(second))), [""; 0]);
        end.sent();
        hear(&mut end, at(second));
    }
}

/// With heartbeat 1, both sides beat every half second.
fn beats_while_it_waits(end: &mut End, halves: u64) {
    for half in 1..halves {
        beats_at(end, half * 500);
        hear(end, millis(half * 500));
    }
}

fn a_client_begins_with_tune() {
    // Before it has seen Tune nothing is written, and silence is bounded by the handshake's own limit.
    let mut end = awaiting_tune(fresh_client_of(1));
    hear(&mut end, T0);
    is_quiet_until(&mut end, 30_000);
    let events = end.wait_until(at(30));
    let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert!(matches!(reason.detail, CloseDetail::HandshakeTimeout { .. }));
    // From then on, while it waits for open-ok, it beats and listens.
    let mut end = awaiting_tune(fresh_client_of(1));
    end.takes(&tune(2047, 131_072, 1));
    assert_eq!(frames(&end.sent()).len(), 2);
    end.wait_until(T0);
    let mut silent = end.clone();
    beats_while_it_waits(&mut end, 20);
    assert_eq!(end.connection.phase(), Phase::Opening);
    is_lost_at(&mut silent, 2000);
}

fn a_server_begins_with_tune_ok() {
    let mut config = ServerConfig::default();
    config.heartbeat = 1;
    let mut end = awaiting_tune(End::new(Connection::server(config, T0)));
    let tuning = end.clone();
    is_quiet_until(&mut end, 10_000);
    let events = end.wait_until(at(10));
    let [Event::Closed(reason)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert!(matches!(reason.detail, CloseDetail::HandshakeTimeout { .. }));
    // It is the value of tune-ok that counts, not the one that was offered.
    for (seconds, half) in [(1, 500), (2, 1000)] {
        let mut end = tuning.clone();
        end.takes(&tune_ok(2047, 131_072, seconds));
        end.wait_until(T0);
        let mut silent = end.clone();
        is_quiet_until(&mut end, half);
        beats_at(&mut end, half);
        assert_eq!(end.connection.phase(), Phase::Opening);
        is_lost_at(&mut silent, 4 * half);
    }
    let mut end = tuning;
    end.takes(&tune_ok(2047, 131_072, 1));
    hear(&mut end, T0);
    beats_while_it_waits(&mut end, 19);
}

fn each_direction_has_its_own_timer(end: &End) {
    // It hears something all the time, and beats all the same.
    let mut listening = end.clone().with_channel(1);
    listening.wait_until(T0);
    let mut beats = 0;
    for second in 1..=100 {
        listening.now = at(second);
        let content = message(listening.content_of_peer(1, second), 1, b"body", 2);
        listening.takes(&content);
        assert_eq!(lines(&listening.wait_until(at(second))), [""; 0]);
        let sent = listening.sent();
        assert!(sent.is_empty() || sent == HEARTBEAT, "{}", hex(&sent));
        assert_eq!(sent.is_empty(), second % 5 != 0, "second {second}");
        beats += usize::from(!sent.is_empty());
    }
    assert_eq!(beats, 20);
    // It writes all the time, and notices silence all the same.
    let mut writing = end.clone().with_contents(1);
    hear(&mut writing, T0);
    for second in 1..20 {
        writing.send_content(1, Properties::EMPTY, b"body".to_vec()).unwrap();
        assert!(!writing.sent().is_empty());
        assert_eq!(lines(&writing.wait_until(at(second))), [""; 0]);
    }
    is_lost_at(&mut writing, 20_000);
}

/// With heartbeat 0 none is sent or expected, and those that come are discarded (TUN-11).
fn who_wants_none_discards_them(mut end: End, fresh: End) {
    assert_eq!(end.connection.heartbeat(), 0);
    for second in [0, 1, 1_000_000] {
        hear(&mut end, at(second));
        assert_eq!(lines(&end.wait_until(at(second))), [""; 0]);
        assert_eq!(end.connection.poll_timeout(), None);
    }
    let mut end = end.with_channel(1);
    let content = message(end.content_of_peer(1, 1), 1, b"body", 2);
    let events = end.takes(&[HEARTBEAT, &content, HEARTBEAT].concat());
    assert!(matches!(events[..], [Event::Content(_)]), "{:?}", lines(&events));
    // Nor does one make a timer before anything is agreed.
    let mut tuning = awaiting_tune(fresh);
    let handshake = tuning.connection.poll_timeout();
    tuning.ignores(HEARTBEAT);
    assert_eq!(tuning.connection.poll_timeout(), handshake);
}
