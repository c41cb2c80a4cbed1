//! The handshake: stalled, dripped, without end, and what comes before a login is decided.

use amqp_proto::{Connection, Mechanism};
use core::time::Duration;

use super::bound::{connection, frame, grown, reading};
use super::{Attack, CLIENT, Outcome, SERVER, Setting, Shape, USUAL};
use crate::common::*;

const TOO_LONG: Outcome = Outcome::Over("the handshake took too long");

/// Nothing comes where the handshake's step with this number is awaited.
macro_rules! silent {
    ($side:expr, $step:literal, $name:literal) => {
        Shape {
            name: concat!("is silent where ", $name, " is awaited"),
            sides: $side,
            by: "`handshake_timeout`",
            victim: |s| s.after($step),
            outcome: TOO_LONG,
            ..USUAL
        }
    };
}

/// The step comes octet by octet, but for its last one.
macro_rules! dripping {
    ($side:expr, $step:literal, $name:literal) => {
        Shape {
            name: concat!("sends ", $name, " octet by octet, and never the last one"),
            sides: $side,
            by: "`handshake_timeout`",
            victim: |s| s.after($step),
            attack: |s| {
                let mut octets = s.handshake().swap_remove($step);
                octets.pop();
                Attack::says(octets).dripping(Duration::from_millis(50))
            },
            outcome: TOO_LONG,
            ..USUAL
        }
    };
}

pub(crate) const SHAPES: &[Shape] = &[
    silent!(SERVER, 0, "the protocol header"),
    silent!(SERVER, 1, "start-ok"),
    silent!(SERVER, 2, "tune-ok"),
    silent!(SERVER, 3, "open"),
    silent!(CLIENT, 0, "start"),
    silent!(CLIENT, 1, "tune"),
    silent!(CLIENT, 2, "open-ok"),
    dripping!(SERVER, 0, "the protocol header"),
    dripping!(SERVER, 1, "start-ok"),
    dripping!(SERVER, 2, "tune-ok"),
    dripping!(SERVER, 3, "open"),
    dripping!(CLIENT, 0, "start"),
    dripping!(CLIENT, 1, "tune"),
    dripping!(CLIENT, 2, "open-ok"),
    Shape {
        name: "speaks another protocol",
        by: "the first octets",
        victim: Setting::fresh,
        attack: |s| {
            let answer: &[u8] = b"HTTP/1.1 400 Bad Request\r\n";
            let first = if s.is_client() { answer } else { b"GET / HTTP/1.1\r\n" };
            Attack::begins(first, b"x: y\r\n")
        },
        outcome: Outcome::Over("another protocol"),
        ..USUAL
    },
    Shape {
        name: "announces a larger frame than a login has",
        limits: &["frame_before_tune"],
        victim: |s| s.after(s.introduction()),
        attack: |s| {
            let size = (s.limits.frame_before_tune - 7).to_be_bytes();
            Attack::begins([b"\x01\0\0", &size[..]].concat(), vec![0; 256])
        },
        outcome: Outcome::Ends("LIM-02"),
        ..USUAL
    },
    Shape {
        name: "announces the largest frame where open-ok is awaited",
        sides: CLIENT,
        by: "frame-max, `handshake_timeout`",
        victim: |s| s.after(2),
        attack: |s| {
            let size = frame(s).min(s.octets) - 8;
            let mut octets = crate::common::frame(1, 0, &vec![0; size]);
            octets.pop();
            Attack::says(octets)
        },
        outcome: TOO_LONG,
        bound: |s| connection(s) + reading(s, frame(s)),
        enough: frame,
        ..USUAL
    },
    Shape {
        name: "tells as much about itself as fits into a frame",
        limits: &["frame_before_tune"],
        by: "it is kept",
        victim: |s| s.after(s.introduction()),
        attack: |s| {
            let longest = s.limits.frame_before_tune as usize;
            let around = s.introduced_with(b"\x01nS\0\0\0\0").len();
            let table = [b"\x01nS", &long(&vec![b'x'; longest - around])[..]].concat();
            let introduced = s.introduced_with(&table);
            assert_eq!(introduced.len(), longest);
            let rest = s.handshake().split_off(s.introduction() + 1).concat();
            Attack::begins([introduced, rest].concat(), HEARTBEAT)
        },
        bound: |s| {
            let frame = s.limits.frame_before_tune as usize;
            connection(s) + frame + reading(s, frame)
        },
        ..USUAL
    },
    Shape {
        name: "offers as many mechanisms as fit into a frame, and none that the client has",
        sides: CLIENT,
        limits: &["frame_before_tune"],
        victim: |s| s.after(0),
        attack: |s| {
            let size = s.limits.frame_before_tune as usize - start("").len();
            Attack::begins(start(&"\u{1} ".repeat(size / 2)), HEARTBEAT)
        },
        outcome: Outcome::Over("no common mechanism"),
        bound: |s| connection(s) + reading(s, s.limits.frame_before_tune as usize),
        ..USUAL
    },
    Shape {
        name: "challenges without end",
        sides: CLIENT,
        limits: &["sasl_rounds"],
        victim: |s| s.after(1),
        attack: |_| Attack::floods(method(0, 10, 20, &long(b""))),
        outcome: Outcome::Ends("HS-07"),
        ..USUAL
    },
    Shape {
        name: "asks for more iterations of SCRAM than may be",
        sides: CLIENT,
        limits: &["scram_iterations"],
        set: |s| s.limits.scram_iterations = s.limits.scram_iterations.min(16_384),
        victim: proving,
        attack: |s| {
            let iterations = s.limits.scram_iterations + 1;
            let challenge = format!("r=nonces,s=QUJD,i={iterations}");
            Attack::begins(method(0, 10, 20, &long(challenge.as_bytes())), HEARTBEAT)
        },
        outcome: Outcome::Ends("HS-17"),
        ..USUAL
    },
    Shape {
        name: "responds to challenges that nobody made",
        sides: SERVER,
        by: "the first one",
        victim: |s| s.after(2),
        attack: |_| Attack::floods(method(0, 10, 21, &long(b"x"))),
        outcome: Outcome::Ends("HS-01"),
        ..USUAL
    },
    Shape {
        name: "publishes behind a login that isn't decided",
        sides: SERVER,
        limits: &["pre_login_input"],
        victim: |s| s.after(1),
        attack: |s| {
            let login = s.handshake().swap_remove(1);
            Attack::begins(login, message(publish(1, "k"), 1, b"body", 4)).undecided()
        },
        outcome: Outcome::Waits,
        bound: before_login,
        enough: |s| 2 * s.limits.pre_login_input,
        ..USUAL
    },
    Shape {
        name: "sends frames as large as may be behind a login that isn't decided",
        sides: SERVER,
        by: "a frame above `pre_login_input` isn't taken",
        victim: |s| s.after(1),
        attack: |s| {
            let login = s.handshake().swap_remove(1);
            Attack::begins(login, body(1, &vec![0; s.largest()])).undecided()
        },
        outcome: Outcome::Waits,
        bound: |s| before_login(s) + reading(s, frame(s)),
        enough: |s| 2 * s.limits.pre_login_input + 2 * frame(s),
        ..USUAL
    },
    Shape {
        name: "sends heartbeats behind a challenge that the application doesn't answer",
        sides: CLIENT,
        limits: &["pre_login_input"],
        victim: |s| {
            let mut config = s.client_config();
            config.mechanisms = vec![Mechanism::custom("RIDDLE", b"")];
            let mut client = Connection::client(config, T0);
            output(&mut client);
            client
        },
        attack: |_| {
            let challenge = method(0, 10, 20, &long(b"what walks on four legs"));
            Attack::begins([start("RIDDLE"), challenge].concat(), HEARTBEAT).undecided()
        },
        outcome: Outcome::Waits,
        bound: before_login,
        enough: |s| 2 * s.limits.pre_login_input,
        ..USUAL
    },
    Shape {
        name: "begins a second handshake",
        by: "the first frame of it",
        attack: |s| Attack::floods(s.handshake().swap_remove(s.introduction())),
        outcome: Outcome::Ends("HS-10"),
        ..USUAL
    },
];

/// What waits for a decision.
fn before_login(s: &Setting) -> usize {
    connection(s) + grown(s.limits.pre_login_input + s.read)
}

/// A client that logs in by SCRAM, behind start-ok.
fn proving(s: &Setting) -> Connection {
    let mut config = s.client_config();
    config.mechanisms = vec![Mechanism::scram_sha_1("guest", "guest", "nonce")];
    let mut client = Connection::client(config, T0);
    feed(&mut client, &start("SCRAM-SHA-1"));
    poll(&mut client);
    output(&mut client);
    client
}
