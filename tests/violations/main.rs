//! What a peer may not do, on both sides: the violation that is told, the Close that goes out, and
//! that the connection ends exactly once. Frames are built by hand.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers fail like the tests"
)]

#[path = "../common/mod.rs"]
mod common;

mod channels;
mod content;
mod framing;
mod handshake;
mod methods;

use amqp_proto::protocol::{MethodId, basic, queue};
use amqp_proto::{CloseReason, Connection, Event, Initiator, Scope, ServerConfig, Violation};
use common::*;

/// One breach: what came before it, the octets, and what must follow.
struct Case {
    name: &'static str,
    stage: Stage,
    /// Legal octets behind the stage.
    before: Vec<u8>,
    bad: Vec<u8>,
    rule: &'static str,
    code: u16,
    told: Told,
}

/// How far the connection has come, by role: the last word of the peer.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    ServerStart,
    ServerTune,
    ServerOpening,
    ServerOpen,
    /// Channel 1 is open.
    ServerChannel,
    ClientStart,
    ClientSecure,
    ClientOpening,
    ClientOpen,
    /// channel.open of channel 1 has gone out.
    ClientChannelOpening,
    ClientChannel,
    /// queue.declare and basic.get wait for their replies on channel 1.
    ClientCalling,
}

/// What the peer hears of it.
#[derive(Clone, Copy)]
enum Told {
    /// Nothing, and the connection is over at once.
    Nothing,
    /// A Close that blames this method; the connection is over after close-ok.
    Close(u16, u16),
}

use Stage::*;
use Told::{Close, Nothing};

fn case(
    name: &'static str,
    stage: Stage,
    before: impl Into<Vec<u8>>,
    bad: impl Into<Vec<u8>>,
    (rule, code): (&'static str, u16),
    told: Told,
) -> Case {
    Case { name, stage, before: before.into(), bad: bad.into(), rule, code, told }
}

impl Stage {
    fn is_server(self) -> bool {
        matches!(self, ServerStart | ServerTune | ServerOpening | ServerOpen | ServerChannel)
    }

    fn reach(self) -> (Connection, u64) {
        let steps: Vec<(Self, Vec<u8>)> = if self.is_server() {
            vec![
                (ServerStart, PROTOCOL_HEADER.into()),
                (ServerTune, start_ok("PLAIN", b"\0guest\0guest")),
                (ServerOpening, tune_ok(2047, 131_072, 60)),
                (ServerOpen, open("/")),
                (ServerChannel, channel_open(1)),
            ]
        } else {
            vec![
                (ClientStart, Vec::new()),
                (ClientSecure, start("PLAIN AMQPLAIN")),
                (ClientOpening, tune(2047, 131_072, 60)),
                (ClientOpen, open_ok()),
                (ClientChannelOpening, Vec::new()),
                (ClientChannel, channel_open_ok(1)),
                (ClientCalling, Vec::new()),
            ]
        };
        let mut connection = if self.is_server() {
            Connection::server(ServerConfig::default(), T0)
        } else {
            Connection::client(plain(), T0)
        };
        let mut offset = 0;
        for (stage, octets) in steps {
            feed(&mut connection, &octets);
            offset += octets.len() as u64;
            poll(&mut connection);
            if stage == ClientChannelOpening {
                connection.open_channel().unwrap();
            }
            if stage == ClientCalling {
                let id = connection.channels().next().unwrap();
                let mut channel = connection.channel(id).unwrap();
                let declare = queue::Declare { queue: "q".into(), ..Default::default() };
                channel.call(&declare).unwrap();
                channel.call(&basic::Get { queue: "q".into(), ..Default::default() }).unwrap();
            }
            if stage == self {
                break;
            }
        }
        (connection, offset)
    }
}

impl Case {
    fn check(&self, chunk: usize) {
        let name = self.name;
        let (mut connection, offset) = self.stage.reach();
        feed(&mut connection, &self.before);
        poll(&mut connection);
        output(&mut connection);

        let mut events = Vec::new();
        for part in self.bad.chunks(chunk) {
            feed(&mut connection, part);
            events.extend(poll(&mut connection));
        }
        let place = events.iter().position(|event| matches!(event, Event::Violation(_)));
        let place = place.unwrap_or_else(|| panic!("{name}: no violation in {:?}", lines(&events)));
        assert_eq!(place, 0, "{name}: {:?}", lines(&events));
        let Event::Violation(violation) = &events[0] else { unreachable!() };
        let violation = **violation;
        self.check_violation(&violation, offset + self.before.len() as u64);

        let sent = frames(&output(&mut connection));
        match self.told {
            Nothing => {
                assert_eq!(sent, [], "{name}");
                assert_eq!(endings(&events), 1, "{name}: {:?}", lines(&events));
            }
            Close(class_id, method_id) => {
                assert_eq!(endings(&events), 0, "{name}: {:?}", lines(&events));
                let [(1, 0, payload)] = &sent[..] else { panic!("{name}: {sent:?}") };
                let text = violation.to_string();
                let mut expected = b"\0\x0A\0\x32".to_vec();
                expected.extend(self.code.to_be_bytes());
                expected.extend(short(&text));
                expected.extend([class_id.to_be_bytes(), method_id.to_be_bytes()].concat());
                assert_eq!(payload, &expected, "{name}: {}", hex(payload));
            }
        }
        // What comes behind it changes nothing (CLS-01); close-ok and the end are told once.
        for octets in [&publish(1, "k"), HEARTBEAT, &self.bad, &connection_close_ok()] {
            feed(&mut connection, octets);
            events.extend(poll(&mut connection));
        }
        connection.handle_eof(T0);
        events.extend(poll(&mut connection));
        assert_eq!(endings(&events), 1, "{name}: {:?}", lines(&events));
        let Some(Event::Closed(reason)) = events.last() else {
            panic!("{name}: the last event is {:?}", events.last());
        };
        self.check_reason(reason, &violation);
        assert_eq!(output(&mut connection), b"", "{name}");
    }

    fn check_violation(&self, violation: &Violation, offset: u64) {
        let name = self.name;
        assert_eq!(violation.rule, self.rule, "{name}: {violation}");
        assert_eq!(violation.reply_code.0, self.code, "{name}: {violation}");
        assert_eq!(violation.scope, Scope::Connection, "{name}: {violation}");
        assert_eq!(violation.offset, offset, "{name}: {violation}");
        assert!(!violation.expected.is_empty(), "{name}");
        assert!(!violation.got.to_string().is_empty(), "{name}");
        assert!(violation.to_string().len() <= 255, "{name}");
        let channel = u16::from_be_bytes([self.bad[1], self.bad[2]]);
        assert_eq!(violation.channel, channel, "{name}");
        if let Close(class_id, method_id) = self.told {
            assert_eq!(violation.method, MethodId { class_id, method_id }, "{name}");
        }
    }

    fn check_reason(&self, reason: &CloseReason, violation: &Violation) {
        let name = self.name;
        assert_eq!(reason.initiator, Initiator::Library, "{name}: {reason}");
        assert_eq!(reason.reply_code.0, self.code, "{name}: {reason}");
        assert_eq!(reason.text, violation.to_string(), "{name}");
        assert_eq!(reason.method, violation.method, "{name}");
    }
}

fn check_all(cases: Vec<Case>) {
    for case in cases {
        for chunk in [1, usize::MAX] {
            case.check(chunk);
        }
    }
}
