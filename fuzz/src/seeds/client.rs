//! Seeds for a client: whole sessions, every rule that its server can break, every command that is refused.

use super::Seed;
use super::session::*;
use crate::common::*;
use crate::engine::tape::Step;
use crate::engine::which;

pub(super) fn all() -> Vec<Seed> {
    let sessions = sessions().into_iter().chain(violations()).chain(refusals()).chain(ends());
    sessions.map(|(name, session)| session.seed("client", name)).collect()
}

type Named = (&'static str, Session);

/// Stages of a client.
const START: u8 = 0;
const SECURE: u8 = 1;
const CHALLENGE: u8 = 2;
const OPENING: u8 = 3;
const OPEN: u8 = 4;
const OPENING_CHANNEL: u8 = 5;
const CHANNEL: u8 = 6;
const MODES: u8 = 7;
const INSIDE_DELIVERY: u8 = 8;
const INSIDE_PUBLISH: u8 = 9;
const CLOSING_CHANNEL: u8 = 10;
const CLOSING: u8 = 11;
const ASKED: u8 = 12;
const BLOCKED: u8 = 13;
const STOPPED: u8 = 14;
const UNACKED: u8 = 15;

/// connection.start with these octets of server-properties.
fn start_of(properties: &[u8]) -> Vec<u8> {
    let parts = [b"\0\x09", &long(properties)[..], &long(b"PLAIN"), &long(b"en_US")];
    method(0, 10, 10, &parts.concat())
}

fn settled(method_id: u16, tag: u64, bits: u8) -> Vec<u8> {
    method(1, 60, method_id, &[&tag.to_be_bytes()[..], &[bits]].concat())
}

fn message_of(tag: u64, len: usize, largest: usize) -> Vec<u8> {
    message(deliver(1, tag), 1, &vec![b'm'; len], largest)
}

fn sessions() -> Vec<Named> {
    let handshake = server_handshake(131_072);
    let opened = [channel_open_ok(1), declare_ok(1, "q")].concat();
    let returned = method(1, 60, 50, &[b"\x01\x38", &short("NO_ROUTE")[..], b"\0\0"].concat());
    vec![
        (
            "session",
            Session::at(START)
                .peer(handshake.clone())
                .round()
                .command(which::OPEN_CHANNEL, 0, 0, 0)
                .say(&declare(1, "q"))
                .command(which::PUBLISH, 1, 3, 0x10)
                .peer(opened.clone())
                .round()
                .peer(message_of(1, 10, 10))
                .round()
                .command(which::CLOSE_CHANNEL, 1, 0, 0)
                .command(which::CLOSE, 0, 0, 0)
                .round()
                .step(Step::Answer { all: 1 })
                .round(),
        ),
        (
            "session-octet-by-octet",
            Session::at(START)
                .step(Step::Way { door: 3, size: 1, polls: 1 })
                .peer(handshake.clone())
                .round()
                .command(which::OPEN_CHANNEL, 0, 0, 0)
                .round()
                .step(Step::Answer { all: 1 })
                .peer(message_of(1, 10, 4))
                .round(),
        ),
        (
            "session-with-a-copy",
            Session::at(START)
                .step(Step::Way { door: 0, size: 4, polls: 0 })
                .peer(&handshake[..50])
                .round()
                .step(Step::Copy {})
                .peer(&handshake[50..])
                .round(),
        ),
        (
            "challenges",
            Session::at(CHALLENGE)
                .options(CAPABLE | OWN_MECHANISM)
                .command(which::RESPOND, 0, 3, 0)
                .round()
                .peer([tune(0, 4096, 0), open_ok()].concat())
                .round(),
        ),
        ("delivery-in-one-frame", Session::at(CHANNEL).peer(message_of(1, 10, 10)).round()),
        ("delivery-in-several-frames", Session::at(CHANNEL).peer(message_of(1, 10, 4)).round()),
        ("delivery-without-a-body", Session::at(CHANNEL).peer(message_of(1, 0, 1)).round()),
        (
            "delivery-in-parts",
            Session::at(CHANNEL)
                .limits(STREAMED)
                .step(Step::Way { door: 0, size: 4, polls: 1 })
                .peer(message_of(1, 60, 30))
                .round(),
        ),
        (
            "large-delivery-in-parts",
            Session::at(CHANNEL).limits(PARTS).peer(message_of(1, 500, 300)).round(),
        ),
        ("half-a-delivery", Session::at(INSIDE_DELIVERY).peer(body(1, b"sixsix")).round()),
        (
            "publishes",
            Session::at(MODES)
                .tuning(1)
                .command(which::PUBLISH, 1, 0, 0)
                .command(which::PUBLISH_SHARED, 1, 8, 0x10)
                .command(which::PUBLISH, 1, 11, 0x21)
                .command(which::PUBLISH_PREPARED, 1, 5, 0x11)
                .round()
                .peer(settled(80, 2, 1))
                .peer(settled(120, 5, 0))
                .round(),
        ),
        ("half-a-publish", Session::at(INSIDE_PUBLISH).command(which::SEND_BODY, 1, 3, 1).round()),
        (
            "returned",
            Session::at(MODES)
                .peer([returned, header(1, 4, BARE), body(1, b"back")].concat())
                .peer(settled(80, 2, 1))
                .round(),
        ),
        (
            "acks",
            Session::at(UNACKED).command(which::ACK, 1, 0, 0).command(which::NACK, 1, 0, 1).round(),
        ),
        (
            "transaction",
            Session::at(MODES)
                .command(which::PUBLISH, 2, 3, 0)
                .say(&method(2, 90, 20, b""))
                .say(&method(2, 90, 30, b""))
                .round()
                .step(Step::Answer { all: 1 })
                .round(),
        ),
        (
            "requests",
            Session::at(ASKED)
                .step(Step::Answer { all: 0 })
                .round()
                .step(Step::Answer { all: 1 })
                .round(),
        ),
        (
            "get-empty",
            Session::at(ASKED)
                .peer(declare_ok(1, "q"))
                .peer(method(1, 60, 72, b"\0"))
                .peer(method(1, 60, 21, b"\x01c"))
                .round(),
        ),
        (
            "cancelled-by-the-server",
            Session::at(MODES)
                .peer(method(1, 60, 30, b"\x01c\x01"))
                .peer(method(1, 60, 30, b"\x01n\x00"))
                .round()
                .step(Step::Settle {})
                .round(),
        ),
        (
            "flow",
            Session::at(STOPPED)
                .command(which::PUBLISH, 1, 1, 0)
                .peer(method(1, 20, 20, b"\x01"))
                .round()
                .command(which::PUBLISH, 1, 1, 0)
                .round(),
        ),
        ("named-by-the-server", named_by_the_server()),
        ("unblocked", Session::at(BLOCKED).peer(method(0, 10, 61, b"")).round()),
        (
            "new-secret",
            Session::at(OPEN)
                .command(which::UPDATE_SECRET, 0, 3, 1)
                .round()
                .step(Step::Answer { all: 1 })
                .round(),
        ),
        (
            "held-by-deliveries",
            Session::at(UNACKED)
                .limits(TINY)
                .peer(message_of(3, 10, 10))
                .round()
                .command(which::ACK, 1, 0, 1)
                .round(),
        ),
        (
            "recover",
            Session::at(UNACKED)
                .say(&method(1, 60, 110, b"\x01"))
                .round()
                .step(Step::Answer { all: 1 })
                .round()
                .command(which::RECOVER_ASYNC, 1, 1, 0),
        ),
        ("old-dialect", Session::at(MODES).tuning(0x80).command(which::PUBLISH, 1, 3, 0).round()),
        (
            "output-is-full",
            Session::at(MODES)
                .limits(LITTLE_OUTPUT)
                .command(which::PUBLISH, 1, 6, 0)
                .peer(method(1, 20, 20, b"\x01").repeat(40))
                .step(Step::Poll { most: 0 })
                .step(Step::Transmit { way: 1, most: 100 })
                .round(),
        ),
        (
            "ways-to-write",
            Session::at(CHANNEL)
                .command(which::PUBLISH_SHARED, 1, 11, 0)
                .step(Step::Transmit { way: 1, most: 5000 })
                .step(Step::Transmit { way: 2, most: 1 })
                .step(Step::Transmit { way: 3, most: 7 })
                .step(Step::Transmit { way: 4, most: 0 })
                .command(which::LOOK, 0, 0, 0),
        ),
        ("all-methods", all_methods()),
    ]
}

/// More consumers, one after another, than a channel may have at a time; each has its name from the server.
fn named_by_the_server() -> Session {
    let unnamed = method(1, 60, 20, b"\0\0\x01q\0\0\0\0\0\0");
    (0..3).fold(Session::at(CHANNEL).limits(TINY), |session, _| {
        session
            .say(&unnamed)
            .round()
            .peer(method(1, 60, 21, b"\x04made"))
            .round()
            .say(&method(1, 60, 30, b"\x04made\x01"))
            .round()
    })
}

/// Every method of a client, with something in it; the channel is opened anew where it was closed.
fn all_methods() -> Session {
    (0..40).fold(Session::at(CHANNEL), |session, index| {
        session.command(which::OPEN_NUMBER, 1, 0, 0).command(which::METHOD, 1, index, 1).round()
    })
}

/// What a server may not do, by rule.
fn violations() -> Vec<Named> {
    let after = |stage, bad: Vec<u8>| Session::at(stage).peer(bad).round();
    let newer = method(0, 10, 10, &[b"\x01\0\0\0\0\0", &long(b"PLAIN")[..], &long(b"")].concat());
    let secure = |challenge: &[u8]| method(0, 10, 20, &long(challenge));
    let challenge = secure(b"who?");
    let begun =
        |size, octets: &[u8]| [deliver(1, 1), header(1, size, BARE), octets.to_vec()].concat();
    vec![
        ("BAS-05", after(UNACKED, message_of(1, 1, 1))),
        ("BAS-05-strict", Session::at(UNACKED).limits(STRICT).peer(message_of(1, 1, 1)).round()),
        ("CHN-01", after(OPENING_CHANNEL, deliver(1, 1))),
        ("CHN-04-discarded", after(CLOSING_CHANNEL, message_of(1, 10, 10))),
        ("CHN-05", after(CLOSING_CHANNEL, channel_close(1, 200, ""))),
        ("CHN-07", after(CHANNEL, channel_close_ok(1))),
        ("CLS-04", after(OPEN, connection_close_ok())),
        ("CNF-03", after(MODES, settled(80, 9, 0))),
        ("CNF-03-strict", Session::at(MODES).limits(STRICT).peer(settled(80, 9, 0)).round()),
        ("CNT-03", after(CHANNEL, header(1, 0, BARE))),
        ("CNT-04-escalated", after(INSIDE_PUBLISH, begun(4, &declare_ok(1, "q")))),
        ("CNT-11", after(CHANNEL, begun(4, &body(1, b"octets")))),
        ("FRM-06", after(CHANNEL, b"\x03\0\x01\0\x02\0\x01and so on".to_vec())),
        ("FRM-09", after(CHANNEL, close(10, 50, 1, 200, ""))),
        ("HB-02", after(CHANNEL, frame(8, 1, b""))),
        ("HDR-07", after(START, newer)),
        ("HS-01", after(START, tune(0, 0, 0))),
        ("HS-07", after(SECURE, challenge.clone())),
        (
            "HS-07-rounds",
            (0..3).fold(
                Session::at(CHALLENGE).limits(TINY).options(OWN_MECHANISM),
                |session, _| {
                    session.command(which::RESPOND, 0, 1, 0).round().peer(challenge.clone()).round()
                },
            ),
        ),
        (
            "HS-17",
            Session::at(START)
                .options(CAPABLE | PROVES)
                .peer([start("SCRAM-SHA-1"), secure(b"r=nonces,s=QUJD,i=9")].concat())
                .round(),
        ),
        (
            "HS-17-unproven",
            Session::at(START)
                .options(CAPABLE | PROVES)
                .peer([start("SCRAM-SHA-1"), secure(b"r=nonces,s=QUJD,i=4096")].concat())
                .round()
                .peer(tune(0, 0, 0))
                .round(),
        ),
        ("HS-10", after(OPEN, open_ok())),
        ("LIM-02", after(START, b"\x01\0\0\0\0\x20\x01".to_vec())),
        ("LIM-04", Session::at(CHANNEL).limits(SMALL_BODIES).peer(begun(101, b"")).round()),
        ("LIM-09", after(CHANNEL, method(1, 60, 30, b"\x01c\x00").repeat(3)).limits(TINY)),
        ("MTH-02", after(CHANNEL, method(1, 99, 1, b""))),
        ("MTH-03", after(CHANNEL, publish(1, "k"))),
        ("MTH-05", after(ASKED, method(1, 50, 11, b"\x01q\0\0\0\0\0\0\0\0!"))),
        ("SYN-03", after(CHANNEL, declare_ok(1, "q"))),
        ("SYN-03-order", after(ASKED, method(1, 60, 72, b"\0"))),
        ("SYN-03-secret", after(OPEN, method(0, 10, 71, b""))),
        ("TUN-05", after(SECURE, tune(0, 4095, 0))),
    ]
}

/// Commands that are refused, by error.
fn refusals() -> Vec<Named> {
    let refused = |stage, which, channel, first, second| {
        Session::at(stage).command(which, channel, first, second)
    };
    let asks = |stage, frame: Vec<u8>| Session::at(stage).say(&frame);
    vec![
        (
            "Blocked",
            refused(BLOCKED, which::OPEN_CHANNEL, 0, 0, 0).command(which::PUBLISH, 1, 1, 0),
        ),
        ("BodyTooLarge", refused(CHANNEL, which::PUBLISH, 1, 11, 0).limits(SMALL_BODIES)),
        ("BodyTooLong", refused(INSIDE_PUBLISH, which::SEND_BODY, 1, 2, 0)),
        ("ChannelMode", asks(MODES, method(1, 90, 10, b""))),
        ("ChannelPhase", refused(CLOSING_CHANNEL, which::PUBLISH, 1, 1, 0)),
        ("ConnectionPhase", refused(OPENING, which::OPEN_CHANNEL, 0, 0, 0)),
        ("ConsumerTagInUse", asks(MODES, consume(1, "c", false))),
        ("ContentOpen", refused(INSIDE_PUBLISH, which::PUBLISH, 1, 1, 0)),
        ("Encode", refused(CHANNEL, which::PUBLISH, 1, 3, 0x30).tuning(1)),
        ("Encode-text", refused(OPEN, which::UPDATE_SECRET, 0, 1, 7)),
        ("FlowStopped", refused(STOPPED, which::PUBLISH, 1, 1, 0)),
        (
            "Full",
            refused(CHANNEL, which::PUBLISH, 1, 6, 0).limits(LITTLE_OUTPUT).command(
                which::PUBLISH,
                1,
                1,
                0,
            ),
        ),
        ("NameNeeded", asks(CHANNEL, method(1, 50, 10, b"\0\0\0\x10\0\0\0\0"))),
        (
            "PeerRefuses",
            Session::at(START)
                .peer(
                    [start_of(b"\x07productS\0\0\0\x08RabbitMQ"), tune(0, 0, 0), open_ok()]
                        .concat(),
                )
                .round()
                .command(which::OPEN_CHANNEL, 0, 0, 0)
                .say(&method(1, 60, 10, b"\0\0\0\x01\0\0\0")),
        ),
        ("NoContentOpen", refused(CHANNEL, which::SEND_BODY, 1, 3, 0)),
        (
            "NoFreeChannel",
            refused(CHANNEL, which::OPEN_CHANNEL, 0, 0, 0).tuning(0x0C).command(
                which::OPEN_NUMBER,
                9,
                0,
                0,
            ),
        ),
        ("NoQueueDeclared", asks(CHANNEL, method(1, 50, 30, b"\0\0\0\0"))),
        ("NothingToDecide", refused(OPEN, which::ACCEPT, 0, 0, 0)),
        ("NotYetFree", refused(CLOSING_CHANNEL, which::OPEN_NUMBER, 1, 0, 0)),
        ("TooManyConsumers", asks(MODES, consume(1, "text", false)).limits(TINY)),
        (
            "TooManyConsumersInAll",
            asks(MODES, consume(2, "c", false)).limits(TINY).say(&consume(2, "d", false)),
        ),
        ("TooManyRequests", asks(ASKED, declare(1, "q")).limits(TINY)),
        (
            "TooManyUncommitted",
            asks(MODES, consume(2, "c", false))
                .limits(TINY)
                .peer([delivered(2, 1), delivered(2, 2)].concat())
                .round()
                .command(which::ACK, 2, 0, 0)
                .command(which::ACK, 2, 0, 0),
        ),
        ("TooManyUnconfirmed", refused(MODES, which::PUBLISH, 1, 1, 0).limits(TINY)),
        ("UnknownChannel", refused(OPEN, which::PUBLISH, 9, 1, 0)),
        ("UnknownDelivery", refused(UNACKED, which::ACK, 1, 255, 9)),
        ("WrongDecision", refused(CHALLENGE, which::ACCEPT, 0, 0, 0).options(OWN_MECHANISM)),
        ("WrongSide", refused(CHANNEL, which::RETURN, 1, 1, 0)),
    ]
}

/// A delivery without a body.
fn delivered(channel: u16, tag: u64) -> Vec<u8> {
    [deliver(channel, tag), header(channel, 0, BARE)].concat()
}

/// How connections end.
fn ends() -> Vec<Named> {
    let redirect = method(0, 10, 42, &[short("other"), short("")].concat());
    let of_tune_ok = [&530_u16.to_be_bytes()[..], &short("too low"), b"\0\x0A\0\x1F"].concat();
    vec![
        ("end-of-stream", Session::at(MODES).step(Step::Eof {}).round()),
        ("end-inside-a-frame", Session::at(CHANNEL).peer(&deliver(1, 1)[..9]).step(Step::Eof {})),
        ("end-of-a-login", Session::at(SECURE).step(Step::Eof {}).round()),
        ("closed-by-the-server", Session::at(MODES).peer(connection_close(320, "down")).round()),
        ("closed-by-both", Session::at(CLOSING).peer(connection_close(200, "")).round()),
        ("closed", Session::at(CLOSING).step(Step::Answer { all: 1 }).round()),
        ("close-timeout", Session::at(CLOSING).step(Step::Clock { by: 10 }).round()),
        ("handshake-timeout", Session::at(SECURE).step(Step::Clock { by: 12 }).round()),
        (
            "heartbeats",
            Session::at(OPEN).tuning(0x20).step(Step::Due {}).step(Step::Due {}).round(),
        ),
        ("heartbeat-loss", Session::at(OPEN).tuning(0x30).step(Step::Clock { by: 12 }).round()),
        ("no-common-mechanism", Session::at(START).peer(start("EXTERNAL")).round()),
        ("refused-login", Session::at(SECURE).peer(connection_close(403, "no")).round()),
        (
            "refused-challenge",
            Session::at(CHALLENGE).options(OWN_MECHANISM).command(which::REFUSE, 0, 4, 0).round(),
        ),
        ("refused-tuning", Session::at(OPENING).peer(method(0, 10, 50, &of_tune_ok)).round()),
        ("refused-virtual-host", Session::at(OPENING).peer(connection_close(530, "no")).round()),
        ("redirected", Session::at(OPENING).peer(redirect).round()),
        ("http", Session::at(START).peer(&b"HTTP/1.1 400 Bad Request\r\n"[..]).round()),
        ("other-version", Session::at(START).peer(&b"AMQP\0\x01\0\0"[..]).round()),
        ("injected", Session::at(CHANNEL).command(which::INJECT, 0, 3, 7).round()),
        (
            "channel-closed-by-the-server",
            Session::at(MODES).peer(channel_close(1, 404, "gone")).round(),
        ),
        (
            "closed-inside-a-publish",
            Session::at(INSIDE_PUBLISH)
                .peer(channel_close(1, 404, "gone"))
                .round()
                .command(which::OPEN_NUMBER, 1, 0, 0)
                .round(),
        ),
        (
            "closed-one-octet-before-the-end-of-a-publish",
            Session::at(INSIDE_PUBLISH)
                .command(which::SEND_BODY, 1, 1, 0)
                .command(which::SEND_BODY, 1, ONE_OCTET, 0)
                .peer(channel_close(1, 404, "gone"))
                .round(),
        ),
        (
            "time-runs-backwards",
            Session::at(OPEN).step(Step::Clock { by: 3 }).step(Step::Clock { by: 0 }).round(),
        ),
    ]
}
