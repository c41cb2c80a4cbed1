//! Seeds for a server: whole sessions, every rule that its client can break, every command that is refused.

use super::Seed;
use super::session::*;
use crate::common::*;
use crate::engine::tape::Step;
use crate::engine::which;

pub(super) fn all() -> Vec<Seed> {
    let sessions = sessions().into_iter().chain(violations()).chain(refusals()).chain(ends());
    sessions.map(|(name, session)| session.seed("server", name)).collect()
}

type Named = (&'static str, Session);

/// Stages of a server.
const HEADER: u8 = 0;
const START: u8 = 1;
const LOGIN: u8 = 2;
const TUNE: u8 = 4;
const OPENING: u8 = 5;
const OPEN: u8 = 6;
const CHANNEL: u8 = 7;
const MODES: u8 = 8;
const INSIDE_PUBLISH: u8 = 9;
const INSIDE_DELIVERY: u8 = 10;
const CLOSING_CHANNEL: u8 = 11;
const CLOSING: u8 = 12;
const ASKED: u8 = 13;
const BLOCKED: u8 = 14;
const UNSETTLED: u8 = 15;

fn settled(method_id: u16, channel: u16, tag: u64, bits: u8) -> Vec<u8> {
    method(channel, 60, method_id, &[&tag.to_be_bytes()[..], &[bits]].concat())
}

fn message_of(len: usize, largest: usize) -> Vec<u8> {
    message(publish(1, "q"), 1, &vec![b'm'; len], largest)
}

fn sessions() -> Vec<Named> {
    let whole = [
        client_handshake(131_072),
        channel_open(1),
        method(1, 85, 10, b"\0"),
        declare(1, "q"),
        consume(1, "c", false),
        message_of(10, 10),
        channel_close(1, 200, "done"),
        connection_close(200, "bye"),
    ]
    .concat();
    let octets = |size, polls| Step::Way { door: 3, size, polls };
    vec![
        ("session", Session::at(HEADER).options(OBLIGING).peer(whole.clone()).round().round()),
        (
            "session-octet-by-octet",
            Session::at(HEADER).options(OBLIGING).step(octets(1, 1)).peer(whole.clone()).round(),
        ),
        (
            "session-with-a-copy",
            Session::at(HEADER)
                .options(OBLIGING)
                .step(octets(4, 0))
                .peer(&whole[..90])
                .round()
                .step(Step::Copy {})
                .peer(&whole[90..])
                .round(),
        ),
        ("challenges", challenges()),
        ("publish-in-one-frame", Session::at(CHANNEL).peer(message_of(10, 10)).round()),
        ("publish-in-several-frames", Session::at(CHANNEL).peer(message_of(10, 4)).round()),
        ("publish-without-a-body", Session::at(CHANNEL).peer(message_of(0, 1)).round()),
        (
            "publish-in-parts",
            Session::at(CHANNEL)
                .limits(STREAMED)
                .step(Step::Way { door: 0, size: 4, polls: 1 })
                .peer(message_of(60, 30))
                .round(),
        ),
        (
            "large-publish-in-parts",
            Session::at(CHANNEL).limits(PARTS).peer(message_of(500, 300)).round(),
        ),
        ("half-a-publish", Session::at(INSIDE_PUBLISH).peer(body(1, b"sixsix")).round()),
        (
            "deliveries",
            Session::at(MODES)
                .tuning(1)
                .command(which::DELIVER, 1, 0, 0)
                .command(which::DELIVER_SHARED, 1, 8, 0x10)
                .command(which::DELIVER, 1, 11, 0x21)
                .round()
                .peer(settled(80, 1, 2, 0))
                .peer(settled(120, 1, 0, 1))
                .round(),
        ),
        (
            "half-a-delivery",
            Session::at(INSIDE_DELIVERY).command(which::SEND_BODY, 1, 3, 1).round(),
        ),
        (
            "confirms",
            Session::at(MODES)
                .peer(message_of(10, 10).repeat(3))
                .round()
                .command(which::ACK, 1, 1, 1)
                .command(which::NACK, 1, 0, 0)
                .round(),
        ),
        (
            "transaction",
            Session::at(MODES)
                .peer(message(publish(2, "q"), 2, b"octets", 6))
                .peer(method(2, 90, 20, b""))
                .peer(method(2, 90, 30, b""))
                .round()
                .step(Step::Settle {})
                .round(),
        ),
        ("requests", Session::at(ASKED).step(Step::Settle {}).round()),
        (
            "get",
            Session::at(ASKED)
                .command(which::REPLY, 1, 0, 0)
                .command(which::GET_OK, 1, 3, 0)
                .command(which::REPLY, 1, 0, 0)
                .round(),
        ),
        ("failed-request", Session::at(ASKED).command(which::FAIL, 1, 0, 4).round()),
        (
            "cancelled-by-the-server",
            Session::at(MODES)
                .say(&method(1, 60, 30, b"\x01c\x00"))
                .round()
                .step(Step::Answer { all: 1 })
                .round(),
        ),
        (
            "flow",
            Session::at(MODES)
                .peer(method(1, 20, 20, b"\0"))
                .round()
                .command(which::DELIVER, 1, 2, 0)
                .peer(method(1, 20, 20, b"\x01"))
                .say(&method(1, 20, 20, b"\0"))
                .round()
                .step(Step::Answer { all: 1 })
                .round(),
        ),
        ("returned", Session::at(MODES).command(which::RETURN, 1, 3, 0x10).round()),
        ("blocked", Session::at(BLOCKED).command(which::UNBLOCK, 0, 0, 0).round()),
        (
            "new-secret",
            Session::at(OPEN)
                .peer(method(0, 10, 70, &[long(b"secret"), short("expired")].concat()))
                .round()
                .command(which::ACCEPT, 0, 0, 0)
                .round(),
        ),
        (
            "held-by-publishes",
            Session::at(UNSETTLED)
                .limits(TINY)
                .peer(message_of(10, 10))
                .round()
                .command(which::ACK, 1, 0, 1)
                .round(),
        ),
        (
            "recover",
            Session::at(UNSETTLED)
                .peer(method(1, 60, 110, b"\x01"))
                .peer(method(1, 60, 100, b"\x01"))
                .round()
                .step(Step::Settle {})
                .round(),
        ),
        ("old-dialect", Session::at(MODES).tuning(0x80).peer(method(2, 20, 10, b"\0")).round()),
        (
            "output-is-full",
            Session::at(MODES)
                .limits(LITTLE_OUTPUT)
                .command(which::DELIVER, 1, 6, 0)
                .command(which::DELIVER, 1, 6, 0)
                .peer(declare(1, "q").repeat(40))
                .step(Step::Poll { most: 0 })
                .step(Step::Settle {})
                .step(Step::Transmit { way: 1, most: 100 })
                .round(),
        ),
        (
            "ways-to-write",
            Session::at(MODES)
                .command(which::DELIVER_SHARED, 1, 11, 0)
                .step(Step::Transmit { way: 1, most: 5000 })
                .step(Step::Transmit { way: 2, most: 1 })
                .step(Step::Transmit { way: 3, most: 7 })
                .step(Step::Transmit { way: 4, most: 0 })
                .command(which::LOOK, 0, 0, 0),
        ),
    ]
}

fn challenges() -> Session {
    Session::at(LOGIN)
        .command(which::CHALLENGE, 0, 3, 0)
        .round()
        .peer(method(0, 10, 21, &long(b"response")))
        .round()
        .command(which::ACCEPT, 0, 0, 0)
        .round()
        .peer(tune_ok(2047, 131_072, 60))
        .peer(open("/"))
        .round()
        .command(which::ACCEPT, 0, 0, 0)
        .round()
}

/// What a client may not do, by rule.
fn violations() -> Vec<Named> {
    let after = |stage, bad: Vec<u8>| Session::at(stage).peer(bad).round();
    let get_ok = method(1, 60, 71, &[&[0; 9][..], b"\0\x01q\0\0\0\0"].concat());
    let begun =
        |size, octets: &[u8]| [publish(1, "q"), header(1, size, BARE), octets.to_vec()].concat();
    let deep = [&b"\x01aF"[..], &long(&[&b"\x01aF"[..], &long(b"\x01aF\0\0\0\0")].concat())];
    let declare_with =
        |table: &[u8]| method(1, 50, 10, &[b"\0\0", &short("q")[..], b"\0", &long(table)].concat());
    let unnamed = declare(1, "");
    let mut wrong_end = HEARTBEAT.to_vec();
    wrong_end[7] = 0xCF;
    vec![
        ("ACK-01", after(MODES, settled(80, 1, 9, 0))),
        ("ACK-02", after(MODES, settled(80, 1, 1, 0).repeat(2))),
        ("ACK-03", after(MODES, settled(80, 1, 9, 1))),
        ("ACK-04", after(MODES, settled(90, 1, 0, 0))),
        ("CHN-01", after(OPEN, declare(7, "q"))),
        ("CHN-02", after(CHANNEL, channel_open(1))),
        ("CHN-07", after(CHANNEL, channel_close_ok(1))),
        (
            "CHN-08",
            Session::at(INSIDE_DELIVERY)
                .peer(channel_close(1, 200, ""))
                .step(Step::Poll { most: 0 })
                .peer(declare(1, "q"))
                .round(),
        ),
        (
            "CHN-08-contents",
            Session::at(INSIDE_DELIVERY)
                .tuning(1)
                .limits(SMALL)
                .peer(channel_close(1, 200, ""))
                .step(Step::Poll { most: 0 })
                .peer(header(1, 0, BARE))
                .round(),
        ),
        ("CHN-04-discarded", after(CLOSING_CHANNEL, [declare(1, "q"), get_ok].concat())),
        ("CLS-01-discarded", after(CLOSING, [declare(1, "q"), frame(4, 0, b"")].concat())),
        ("CLS-04", after(OPEN, connection_close_ok())),
        ("CNF-05", after(MODES, method(1, 90, 10, b""))),
        ("CNT-02", after(CHANNEL, [publish(1, "q"), body(1, b"x")].concat())),
        ("CNT-02-method", after(CHANNEL, publish(1, "q").repeat(2))),
        ("CNT-03", after(CHANNEL, body(1, b"x"))),
        ("CNT-04", after(CHANNEL, begun(4, &declare(1, "q")))),
        ("CNT-05", after(CHANNEL, begun(4, &header(1, 0, BARE)))),
        (
            "CNT-07",
            after(
                CHANNEL,
                [publish(1, "q"), frame(2, 1, &[0, 61, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])]
                    .concat(),
            ),
        ),
        (
            "CNT-08",
            Session::at(CHANNEL)
                .limits(STRICT)
                .peer(publish(1, "q"))
                .peer(frame(2, 1, &[0, 60, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
                .round(),
        ),
        ("CNT-10", after(CHANNEL, begun(4, &body(1, b"").repeat(17)))),
        ("CNT-11", after(CHANNEL, begun(4, &body(1, b"octets")))),
        ("CNT-14", after(CHANNEL, [publish(1, "q"), header(1, 0, b"\0\x01\0\0")].concat())),
        ("CNT-15", after(CHANNEL, [publish(1, "q"), header(1, 0, b"\x80\0")].concat())),
        ("FRM-02", after(OPEN, wrong_end)),
        ("FRM-03", after(OPEN, frame(4, 0, b""))),
        ("FRM-06", after(CHANNEL, b"\x03\0\x01\0\x02\0\x01and so on".to_vec())),
        ("FRM-08", after(CHANNEL, frame(1, 1, b"\0"))),
        ("FRM-08-header", after(CHANNEL, [publish(1, "q"), frame(2, 1, b"\0\x3C")].concat())),
        ("FRM-09", after(CHANNEL, close(10, 50, 1, 200, ""))),
        ("FRM-10", after(OPEN, declare(0, "q"))),
        ("FRM-11", after(OPEN, body(0, b"x"))),
        ("HB-02", after(CHANNEL, frame(8, 1, b""))),
        ("HB-03", after(CHANNEL, frame(8, 0, b"x"))),
        ("HS-01", after(START, tune_ok(2047, 131_072, 60))),
        ("HS-01-header", after(START, header(1, 0, BARE))),
        ("HS-03", after(START, start_ok("EXTERNAL", b""))),
        ("HS-10", after(OPEN, open("/"))),
        ("LIM-02", after(START, b"\x01\0\0\0\0\x20\x01".to_vec())),
        (
            "LIM-03",
            Session::at(CHANNEL)
                .limits(TINY)
                .peer(declare_with(&[&deep.concat()[..], b"\x01aV"].concat().repeat(3)))
                .round(),
        ),
        ("LIM-04", Session::at(CHANNEL).limits(SMALL_BODIES).peer(begun(101, b"")).round()),
        ("LIM-09", Session::at(CHANNEL).limits(TINY).peer(declare(1, "q").repeat(3)).round()),
        (
            "LIM-09-secrets",
            Session::at(OPEN)
                .limits(TINY)
                .peer(method(0, 10, 70, &[long(b"s"), short("")].concat()).repeat(3))
                .round(),
        ),
        (
            "LIM-10",
            Session::at(CHANNEL)
                .limits(TINY)
                .peer(
                    [consume(1, "a", true), consume(1, "b", true), consume(1, "c", true)].concat(),
                )
                .round(),
        ),
        ("MTH-02", after(CHANNEL, method(1, 99, 1, b""))),
        ("MTH-03", after(CHANNEL, deliver(1, 1))),
        ("MTH-04", after(CHANNEL, method(1, 50, 10, b"\0"))),
        ("MTH-05", after(CHANNEL, method(0, 10, 50, b"\0\xC8\0\0\0\0\0!"))),
        ("NAM-05", after(CHANNEL, method(1, 50, 30, b"\0\0\0\0"))),
        ("NAM-07", after(CHANNEL, consume(1, "c", true).repeat(2))),
        ("SYN-03", after(CHANNEL, method(1, 20, 21, b"\x01"))),
        ("TBL-06", Session::at(CHANNEL).limits(STRICT).peer(declare_with(b"\x01a?rest")).round()),
        ("TBL-11", Session::at(CHANNEL).limits(STRICT).peer(declare_with(b"\x03x-aV")).round()),
        ("TUN-02", after(TUNE, tune_ok(2047, 131_073, 60))),
        ("TUN-03", after(TUNE, tune_ok(2048, 131_072, 60))),
        ("TUN-05", after(TUNE, tune_ok(2047, 4095, 60))),
        ("TUN-12", after(OPEN, channel_open(2048))),
        ("TX-01", after(CHANNEL, method(1, 90, 20, b""))),
        ("TYP-02", Session::at(CHANNEL).limits(STRICT).peer(declare(1, "\0")).round()),
        ("unnamed-queue", Session::at(CHANNEL).peer(unnamed).round().step(Step::Settle {}).round()),
    ]
}

/// Commands that are refused, by error.
fn refusals() -> Vec<Named> {
    let refused = |stage, which, channel, first, second| {
        Session::at(stage).command(which, channel, first, second)
    };
    vec![
        ("BodyTooLarge", refused(MODES, which::DELIVER, 1, 11, 0).limits(SMALL_BODIES)),
        ("BodyTooLong", refused(INSIDE_DELIVERY, which::SEND_BODY, 1, 2, 0)),
        ("CapabilityMissing", refused(OPEN, which::BLOCK, 0, 1, 0).options(0)),
        (
            "CapabilityMissing-nack",
            Session::at(MODES)
                .options(0)
                .peer(message_of(1, 1))
                .round()
                .command(which::NACK, 1, 0, 0)
                .say(&method(1, 60, 30, b"\x01c\x00")),
        ),
        ("ChannelPhase", refused(CLOSING_CHANNEL, which::RETURN, 1, 1, 0)),
        ("ConnectionPhase", refused(CLOSING, which::BLOCK, 0, 1, 0)),
        ("ConsumerTagInUse", consumer_tag_in_use()),
        ("ContentOpen", refused(INSIDE_DELIVERY, which::DELIVER, 1, 1, 0)),
        ("Encode", refused(MODES, which::RETURN, 1, 3, 0x30).tuning(1)),
        (
            "FlowStopped",
            Session::at(MODES).peer(method(1, 20, 20, b"\0")).round().command(
                which::RETURN,
                1,
                1,
                0,
            ),
        ),
        (
            "Full",
            refused(MODES, which::DELIVER, 1, 6, 0).limits(LITTLE_OUTPUT).command(
                which::DELIVER,
                1,
                1,
                0,
            ),
        ),
        (
            "NameNeeded",
            Session::at(CHANNEL).peer(declare(1, "")).round().command(which::REPLY, 1, 0, 1),
        ),
        ("NoContentOpen", refused(CHANNEL, which::SEND_BODY, 1, 3, 0)),
        ("NotOldestRequest", refused(ASKED, which::REPLY, 1, 1, 0)),
        (
            "NotOldestRequest-again",
            refused(ASKED, which::REPLY, 1, 0, 0).command(which::REPLY_AGAIN, 1, 0, 0),
        ),
        ("NothingToDecide", refused(OPEN, which::ACCEPT, 0, 0, 0)),
        ("TooManyUnacked", refused(UNSETTLED, which::DELIVER, 1, 1, 0).limits(TINY)),
        ("UnknownChannel", refused(OPEN, which::RETURN, 9, 1, 0)),
        ("UnknownConsumer", refused(CHANNEL, which::DELIVER, 1, 1, 0)),
        ("UnknownPublish", refused(MODES, which::ACK, 1, 255, 9)),
        ("WrongDecision", refused(LOGIN, which::RESPOND, 0, 1, 0)),
        ("WrongReply", refused(ASKED, which::REPLY, 1, 0, 200)),
        ("WrongSide", refused(CHANNEL, which::PUBLISH, 1, 1, 0)),
    ]
}

/// A consume-ok that gives a new consumer the tag of another one.
fn consumer_tag_in_use() -> Session {
    Session::at(MODES)
        .peer(method(1, 60, 20, &[&b"\0\0"[..], &short("q"), &short(""), b"\0\0\0\0\0"].concat()))
        .round()
        .say(&method(1, 60, 21, b"\x01c"))
}

/// How connections end.
fn ends() -> Vec<Named> {
    vec![
        ("end-of-stream", Session::at(CHANNEL).step(Step::Eof {}).round()),
        ("end-inside-a-frame", Session::at(CHANNEL).peer(&declare(1, "q")[..9]).step(Step::Eof {})),
        ("end-at-a-decision", Session::at(OPENING).step(Step::Eof {}).round()),
        ("closed-by-the-client", Session::at(MODES).peer(connection_close(200, "")).round()),
        ("closed-by-both", Session::at(CLOSING).peer(connection_close(200, "")).round()),
        ("closed", Session::at(CLOSING).step(Step::Answer { all: 1 }).round()),
        ("close-timeout", Session::at(CLOSING).step(Step::Clock { by: 10 }).round()),
        ("handshake-timeout", Session::at(START).step(Step::Clock { by: 10 }).round()),
        (
            "heartbeats",
            Session::at(OPEN).tuning(0x20).step(Step::Due {}).step(Step::Due {}).round(),
        ),
        ("heartbeat-loss", Session::at(OPEN).tuning(0x30).step(Step::Clock { by: 12 }).round()),
        ("refused-login", Session::at(LOGIN).command(which::REFUSE, 0, 4, 0).round()),
        (
            "refused-login-untold",
            Session::at(LOGIN).options(0).command(which::REFUSE, 0, 4, 0).round(),
        ),
        ("refused-virtual-host", Session::at(OPENING).command(which::REFUSE, 0, 4, 0).round()),
        (
            "refused-virtual-host-and-silence",
            Session::at(OPENING)
                .command(which::REFUSE, 0, 4, 0)
                .round()
                .step(Step::Due {})
                .round()
                .step(Step::Due {})
                .round(),
        ),
        ("redirected", Session::at(OPENING).command(which::REDIRECT, 0, 4, 0).round()),
        ("http", Session::at(HEADER).peer(&b"GET / HTTP/1.1\r\n\r\n"[..]).round()),
        ("other-version", Session::at(HEADER).peer(&b"AMQP\0\x01\0\0"[..]).round()),
        ("frames-at-once", Session::at(HEADER).peer(HEARTBEAT).round()),
        ("injected", Session::at(CHANNEL).command(which::INJECT, 0, 3, 7).round()),
        (
            "blamed",
            Session::at(MODES)
                .command(which::CLOSE_FOR, 0, 6, 30)
                .round()
                .step(Step::Answer { all: 1 })
                .round(),
        ),
        (
            "blamed-on-a-channel",
            Session::at(MODES)
                .command(which::CLOSE_CHANNEL_FOR, 1, 7, 40)
                .round()
                .step(Step::Answer { all: 1 })
                .round(),
        ),
        (
            "closed-one-octet-before-the-end-of-a-delivery",
            Session::at(INSIDE_DELIVERY)
                .command(which::SEND_BODY, 1, 1, 0)
                .command(which::SEND_BODY, 1, ONE_OCTET, 0)
                .peer(channel_close(1, 200, ""))
                .round(),
        ),
        (
            "closed-inside-a-delivery",
            Session::at(INSIDE_DELIVERY)
                .peer(channel_close(1, 200, ""))
                .round()
                .peer(channel_open(1))
                .round(),
        ),
    ]
}
