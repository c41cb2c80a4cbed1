//! What brokers send that the specification forbids, and the strict profile with it.

use amqp_proto::protocol::{Properties, basic, confirm};
use amqp_proto::{Connection, Event, Phase, Profile};

use crate::broker::{one, told, told_of};
use crate::common::*;

/// What comes from the peer, on a client with channel 1.
type Sends = fn(&mut Connection) -> Vec<Event>;

/// A frame of this type with nothing behind its header.
fn announced(frame_type: u8, size: u32) -> Vec<u8> {
    [&[frame_type, 0, 1][..], &size.to_be_bytes()].concat()
}

const FAULTS: [(&str, Sends); 8] = [
    ("a frame behind channel.close", |client| {
        told(client, &channel_close(1, 404, "gone"));
        told(client, &[deliver(1, 1), header(1, 0, BARE)].concat())
    }),
    ("the same delivery-tag again", |client| {
        let delivery = [deliver(1, 1), header(1, 0, BARE)].concat();
        told(client, &delivery);
        told(client, &delivery)
    }),
    ("a confirm of nothing", |client| {
        let mut channel = client.channel(one()).unwrap();
        channel.call(&confirm::Select { no_wait: true }).unwrap();
        channel.publish(&basic::Publish::default(), Properties::EMPTY, "x").unwrap();
        told(client, &method(1, 60, 80, b"\0\0\0\0\0\0\0\x09\0"))
    }),
    ("a payload as long as frame-max", |client| told(client, &announced(3, 131_072))),
    ("a weight", |client| {
        let mut header = header(1, 0, BARE);
        header[10] = 1;
        told(client, &[deliver(1, 1), header].concat())
    }),
    ("an unknown type in a table", |client| {
        let properties = [&b"\x20\0"[..], &long(b"\x01n?rest")].concat();
        told(client, &[deliver(1, 1), header(1, 0, &properties)].concat())
    }),
    ("a field name that is none", |client| {
        let properties = [&b"\x20\0"[..], &long(b"\x02 .t\x01")].concat();
        told(client, &[deliver(1, 1), header(1, 0, &properties)].concat())
    }),
    ("a short string with a NUL", |client| {
        told(client, &[deliver(1, 1), header(1, 0, b"\x80\0\x02a\0")].concat())
    }),
];

#[test]
fn what_brokers_do_is_taken_unless_strict() {
    for profile in Profile::ALL {
        let is_strict = *profile == Profile::STRICT;
        for (what, sends) in FAULTS {
            let mut client = told_of(*profile);
            let events = sends(&mut client);
            let is_refused = events.iter().any(|event| matches!(event, Event::Violation(_)));
            assert_eq!(is_refused, is_strict, "{}: {what}: {:?}", profile.name, lines(&events));
            let is_open = client.phase() == Phase::Open;
            assert_eq!(is_open, !is_strict, "{}: {what}", profile.name);
        }
    }
}

#[test]
fn lost_framing_is_told_unless_strict() {
    for profile in Profile::ALL {
        let mut client = told_of(*profile);
        let events = told(&mut client, b"\x09\0\x01\0\0\0\0\xCE");
        assert_eq!(endings(&events), 1, "{:?}", lines(&events));
        let sent = output(&mut client);
        assert_eq!(sent.is_empty(), *profile == Profile::STRICT, "{}", profile.name);
        assert!(sent.is_empty() || frames(&sent)[0].2.starts_with(b"\0\x0A\0\x32\x01\xF5"));
    }
}
