//! Whole sessions as octets.

#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "helpers fail like the tests"
)]

use crate::common::*;

/// Octets that are the same in every run and differ from place to place.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|place| ((place * 31 + place / 251) % 256) as u8).collect()
}

fn properties() -> Vec<u8> {
    let headers = [b"\x01aI\0\0\0\x07\x01bt\x01\x01cS", &long(b"text")[..]].concat();
    [b"\xB0\0", &short("text/plain")[..], &long(&headers), b"\x02"].concat()
}

/// One content as its frames.
fn content(method: Vec<u8>, channel: u16, octets: &[u8], largest: usize) -> Vec<Vec<u8>> {
    let mut frames = vec![method, header(channel, octets.len() as u64, &properties())];
    frames.extend(octets.chunks(largest).map(|part| body(channel, part)));
    frames
}

/// All sizes on channel 1, then both channels frame by frame with heartbeats between.
fn contents(carrier: impl Fn(u16, u64) -> Vec<u8>) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut tag = 0;
    let sizes = [(0, 1), (71, 71), (1000, 1000), (16_384, 16_384), (71, 20), (9000, 4088)];
    for (size, largest) in sizes {
        tag += 1;
        octets.extend(content(carrier(1, tag), 1, &pattern(size), largest).concat());
    }
    for (size, largest) in [(71, 71), (1000, 300), (10_000, 4088), (0, 1)] {
        tag += 1;
        let first = content(carrier(1, tag), 1, &pattern(size), largest);
        let second = content(carrier(2, tag), 2, &pattern(size + 20), largest);
        for place in 0..first.len().max(second.len()) {
            octets.extend(first.get(place).into_iter().flatten());
            octets.extend(HEARTBEAT);
            octets.extend(second.get(place).into_iter().flatten());
        }
    }
    // Empty body frames inside a content.
    octets.extend([carrier(1, 99), header(1, 3, BARE), body(1, b"a"), body(1, b"")].concat());
    octets.extend([body(1, b""), body(1, b"bc")].concat());
    octets
}

pub(crate) fn of_a_client_until_open() -> Vec<u8> {
    [
        PROTOCOL_HEADER,
        &start_ok("PLAIN", b"\0guest\0guest"),
        HEARTBEAT,
        &method(0, 10, 21, &long(b"response")),
        &tune_ok(2047, 131_072, 60),
        &open("/"),
        &channel_open(1),
        &channel_open(2),
    ]
    .concat()
}

pub(crate) fn of_a_client() -> Vec<u8> {
    let arguments = long(&[b"\x05x-maxl\0\0\0\0\0\0\0\x09\x01fF", &long(b"\x01vV")[..]].concat());
    let table_declare =
        method(2, 50, 10, &[b"\0\0", &short("tables")[..], b"\x02", &arguments].concat());
    [
        of_a_client_until_open(),
        declare(1, "q"),
        table_declare,
        method(1, 85, 10, b"\0"),
        contents(|channel, _| publish(channel, "key")),
        method(1, 60, 70, b"\0\0\x01q\0"),
        method(1, 60, 80, b"\0\0\0\0\0\0\0\x01\x00"),
        method(1, 20, 20, b"\0"),
        // A content that its channel's own close follows, frames for a closed channel left out.
        channel_close(2, 200, "done"),
        channel_open(2),
        declare(2, "again"),
        connection_close(200, "bye"),
        // Nobody looks at this.
        HEARTBEAT.to_vec(),
        b"rubbish behind the end".to_vec(),
    ]
    .concat()
}

pub(crate) fn of_a_server_until_open() -> Vec<u8> {
    [
        start("PLAIN X-ROUNDS"),
        method(0, 10, 20, &long(b"challenge")),
        HEARTBEAT.to_vec(),
        method(0, 10, 20, &long(b"and another")),
        tune(2047, 131_072, 60),
        open_ok(),
        channel_open_ok(1),
        channel_open_ok(2),
        method(1, 85, 11, b""),
        method(2, 85, 11, b""),
    ]
    .concat()
}

pub(crate) fn of_a_server() -> Vec<u8> {
    let get_ok = method(1, 60, 71, &[&7_u64.to_be_bytes()[..], b"\0\x01e\x01k\0\0\0\x05"].concat());
    let returned =
        method(1, 60, 50, &[b"\x01\x38", &short("NO_ROUTE")[..], b"\x01e\x01k"].concat());
    let ack =
        |tag: u64, multiple| method(1, 60, 80, &[&tag.to_be_bytes()[..], &[multiple]].concat());
    [
        of_a_server_until_open(),
        declare_ok(1, "q"),
        declare_ok(2, "amq.gen-1"),
        ack(2, 0),
        ack(4, 1),
        ack(9, 0),
        contents(deliver),
        content(get_ok, 1, &pattern(1000), 600).concat(),
        content(returned, 1, &pattern(300), 300).concat(),
        method(0, 10, 60, &short("disk")),
        method(1, 60, 30, b"\x01c\x01"),
        method(1, 20, 20, b"\0"),
        method(1, 20, 20, b"\x01"),
        method(2, 60, 72, b"\0"),
        channel_close(2, 404, "NOT_FOUND - no queue"),
        method(0, 10, 61, b""),
        ack(5, 0),
        connection_close(320, "CONNECTION_FORCED - shutdown"),
        b"rubbish behind the end".to_vec(),
    ]
    .concat()
}

/// Sessions that go wrong once both channels are open; `carrier` begins a content on channel 1.
pub(crate) fn faulty(open: &[u8], carrier: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut wrong_end = channel_close(1, 200, "text");
    *wrong_end.last_mut().unwrap() = 0xCF;
    let begun = |size, tail: &[u8]| [carrier, &header(1, size, BARE), tail].concat();
    let mut body_with_wrong_end = body(1, b"octets of a body");
    *body_with_wrong_end.last_mut().unwrap() = 0xCF;
    let body_of_another_channel = [body(2, b"octets"), body(1, b"octets")].concat();
    let behind = [HEARTBEAT, &channel_close(1, 200, ""), &connection_close_ok()].concat();
    let tails = [
        ("an unknown type", frame(4, 0, b"")),
        ("an unknown type with octets", frame(65, 1, b"octets")),
        ("a size that is never reached", b"\x03\0\x01\xFF\xFF\xFF\xF8 and so on".to_vec()),
        ("a frame too large by one", frame(3, 1, &[0; 131_073])),
        ("a wrong end", wrong_end),
        ("an unknown method", method(1, 99, 9, b"arguments")),
        ("a malformed close", method(0, 10, 50, b"\0\xC8\xFF")),
        ("a body without a content", body(1, b"octets")),
        ("a heartbeat with octets", frame(8, 0, b"octets")),
        ("a body with a wrong end", begun(16, &body_with_wrong_end)),
        ("the first frame of a body with a wrong end", begun(17, &body_with_wrong_end)),
        ("a body that is too long", begun(15, &body(1, b"octets of a body"))),
        ("a body whose rest is too long", begun(9, &body(1, b"octets").repeat(2))),
        ("a body frame that is too large", begun(1 << 20, &body(1, &[7; 131_073]))),
        ("a body of another channel", begun(6, &body_of_another_channel)),
        ("a method inside a body", begun(20, &body(1, b"octets"))),
    ];
    tails
        .into_iter()
        .map(|(name, tail)| (name, [open, HEARTBEAT, &tail, &behind].concat()))
        .chain([
            ("the end of the stream", open.to_vec()),
            ("the end inside a frame", [open, &channel_open(1)[..9]].concat()),
            ("the end inside a frame's header", [open, &HEARTBEAT[..3]].concat()),
            ("the end inside a body", [open, &begun(6, &body(1, b"octets")[..10])].concat()),
            ("the end before the end octet", [open, &begun(6, &body(1, b"octets")[..13])].concat()),
            ("the end between bodies", [open, &begun(9, &body(1, b"octets"))].concat()),
        ])
        .collect()
}
