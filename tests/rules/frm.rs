//! Frames: their parts, and how they are found in a stream.

use amqp_proto::protocol::{Properties, ReplyCode};
use amqp_proto::{ClientConfig, Event, Phase, Profile, ServerConfig};
use bytes::{Bytes, BytesMut};

use crate::common::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("FRM-01", || frames_have_five_parts(End::client())),
    server("FRM-01", || frames_have_five_parts(End::server())),
    client("FRM-02", a_client_looks_at_the_end_octet_first),
    server("FRM-02", a_server_looks_at_the_end_octet_first),
    client("FRM-03", a_client_knows_four_types),
    server("FRM-03", a_server_knows_four_types),
    client("FRM-04", || older_types_are_unknown(&End::client())),
    server("FRM-04", || older_types_are_unknown(&End::server())),
    client("FRM-05", a_client_finds_the_same_frames_in_any_pieces),
    server("FRM-05", a_server_finds_the_same_frames_in_any_pieces),
    client("FRM-12", a_client_decodes_nothing_behind_lost_framing),
    server("FRM-12", a_server_decodes_nothing_behind_lost_framing),
    client("FRM-13", || fields_stand_at_any_place(&End::client())),
    server("FRM-13", || fields_stand_at_any_place(&End::server())),
];

pub(crate) fn strict_client() -> ClientConfig {
    let mut config = plain();
    config.profile = Some(Profile::STRICT);
    config
}

pub(crate) fn strict_server() -> ServerConfig {
    let mut config = ServerConfig::default();
    config.profile = Profile::STRICT;
    config
}

/// The header of a frame with nothing behind it.
pub(crate) fn announced(frame_type: u8, channel: u16, size: u32) -> Vec<u8> {
    [&[frame_type][..], &channel.to_be_bytes(), &size.to_be_bytes()].concat()
}

/// A client that awaits connection.tune, or a server that awaits tune-ok.
pub(crate) fn awaiting_tune(mut end: End) -> End {
    let octets = if end.is_client() {
        start("PLAIN")
    } else {
        [PROTOCOL_HEADER, &start_ok("PLAIN", b"\0guest\0guest")].concat()
    };
    end.takes(&octets);
    end.sent();
    end
}

/// Channel 0x0102 and bodies of 0x0102 octets, so that each octet has its place.
fn frames_have_five_parts(end: End) {
    let mut end = end.with_contents(0x0102);
    let octets = vec![b'x'; 0x0102];
    let header = b"\x02\x01\x02\0\0\0\x0E\0\x3C\0\0\0\0\0\0\0\0\x01\x02\0\0\xCE";
    let body = [b"\x03\x01\x02\0\0\x01\x02", &octets[..], b"\xCE"].concat();
    let publish = b"\x01\x01\x02\0\0\0\x0A\0\x3C\0\x28\0\0\0\x01k\0\xCE";
    let deliver = b"\x01\x01\x02\0\0\0\x12\0\x3C\0\x3C\x01c\0\0\0\0\0\0\0\x01\0\0\x01q\xCE";
    let (own, other): (&[u8], &[u8]) =
        if end.is_client() { (publish, deliver) } else { (deliver, publish) };
    end.send_content(0x0102, Properties::EMPTY, octets.clone()).unwrap();
    assert_eq!(hex(&end.sent()), hex(&[own, header, &body].concat()));
    let events = end.takes(&[other, header, &body, HEARTBEAT].concat());
    let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!((content.channel().number(), content.body()), (0x0102, &octets[..]));
    // The other direction of a heartbeat, and of a method without arguments.
    end.wait_until(at(30));
    assert_eq!(hex(&end.sent()), "08 00 00 00 00 00 00 CE ");
    end.takes(b"\x01\x01\x02\0\0\0\x0B\0\x14\0\x28\0\xC8\0\0\0\0\0\xCE");
    assert_eq!(hex(&end.sent()), "01 01 02 00 00 00 04 00 14 00 29 CE ");
}

/// The fault is told by 501, which blames no method, and ends the connection without close-ok.
fn is_lost(end: &End, octets: &[u8], rule: &str) {
    let mut told = end.clone();
    let events = told.feed(octets);
    let [Event::Violation(violation), Event::Closed(_)] = &events[..] else {
        panic!("{}: {:?}", hex(octets), lines(&events));
    };
    assert_eq!((violation.rule, violation.reply_code.0), (rule, 501));
    let text = short(&violation.to_string());
    let close = [b"\0\x0A\0\x32\x01\xF5", &text[..], b"\0\0\0\0"].concat();
    assert_eq!(frames(&told.sent()), [(1, 0, close)]);
    end.clone().closes(octets, rule, ReplyCode::FRAME_ERROR);
}

fn the_end_octet_is_looked_at_first(end: End, strict: End, fresh: End) {
    let (tuning, mut end) = (awaiting_tune(fresh), end.with_contents(1));
    for octet in (0..=0xFF_u8).filter(|octet| *octet != 0xCE) {
        let wrong = |mut frame: Vec<u8>| {
            *frame.last_mut().unwrap() = octet;
            frame
        };
        is_lost(&end, &wrong(HEARTBEAT.to_vec()), "FRM-02");
        // Payloads that break rules of their own, if anybody looked.
        is_lost(&end, &wrong(frame(1, 0, b"\xFF\xFF\xFF\xFF")), "FRM-02");
        is_lost(&end, &wrong(frame(1, 0, b"")), "FRM-02");
        is_lost(&end, &wrong(body(7, b"x")), "FRM-02");
        strict.clone().drops(&wrong(HEARTBEAT.to_vec()), "FRM-02");
        tuning.clone().drops(&wrong(HEARTBEAT.to_vec()), "FRM-02");
    }
    // One octet too few and one too many in the payload.
    is_lost(&end, b"\x01\0\0\0\0\0\x05\0\x0A\0\x33\xCE\x08", "FRM-02");
    is_lost(&end, b"\x01\0\0\0\0\0\x03\0\x0A\0\x33\xCE", "FRM-02");
    // While this side awaits close-ok: it isn't taken for one.
    let mut closing = end.clone();
    closing.connection.close(T0, ReplyCode::REPLY_SUCCESS, "").unwrap();
    closing.sent();
    let mut close_ok = connection_close_ok();
    *close_ok.last_mut().unwrap() = 0;
    closing.drops(&close_ok, "FRM-02");
    // Within a payload the octet means nothing, in either direction.
    let ends = vec![0xCE; 20];
    let content = end.content_of_peer(1, 1);
    let events = end.takes(&message(content, 1, &ends, 7));
    let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(content.body()[..], ends);
    end.send_content(1, Properties::EMPTY, ends.clone()).unwrap();
    assert_eq!(end.sent(), message(end.own_content(1, 1), 1, &ends, 20));
}

fn a_client_looks_at_the_end_octet_first() {
    let strict = End::client_with(strict_client());
    the_end_octet_is_looked_at_first(End::client(), strict, End::fresh_client());
}

fn a_server_looks_at_the_end_octet_first() {
    let strict = End::server_with(strict_server());
    the_end_octet_is_looked_at_first(End::server(), strict, End::fresh_server());
}

fn four_types_are_known(end: End, strict: &End, fresh: End) {
    let (tuning, mut end) = (awaiting_tune(fresh), end.with_contents(1));
    let content = end.content_of_peer(1, 1);
    let mut inside = end.clone();
    inside.takes(&[&content[..], &header(1, 2, BARE), &body(1, b"1")].concat());
    for frame_type in (0..=0xFF).filter(|frame_type| ![1, 2, 3, 8].contains(frame_type)) {
        for octets in [frame(frame_type, 0, b""), frame(frame_type, 1, b"payload")] {
            is_lost(&end, &octets, "FRM-03");
            is_lost(&inside, &octets, "FRM-03");
            strict.clone().drops(&octets, "FRM-03");
            tuning.clone().drops(&octets, "FRM-03");
        }
        // Nothing has to come behind the header.
        is_lost(&end, &announced(frame_type, 1, 100), "FRM-03");
    }
    // The other four, in both directions.
    end.takes(&[HEARTBEAT, &message(content, 1, b"body", 4)].concat());
    end.send_content(1, Properties::EMPTY, b"body".to_vec()).unwrap();
    let types: Vec<_> =
        frames(&end.sent()).into_iter().map(|(frame_type, ..)| frame_type).collect();
    assert_eq!(types, [1, 2, 3]);
    end.wait_until(at(30));
    assert_eq!(end.sent()[0], 8);
}

fn a_client_knows_four_types() {
    let strict = End::client_with(strict_client());
    four_types_are_known(End::client(), &strict, End::fresh_client());
}

fn a_server_knows_four_types() {
    let strict = End::server_with(strict_server());
    four_types_are_known(End::server(), &strict, End::fresh_server());
}

/// Types 4 to 7: oob-method, oob-header, oob-body and trace, filled as their in-band relatives.
fn older_types_are_unknown(end: &End) {
    let end = end.clone().with_channel(1);
    let content = end.content_of_peer(1, 1);
    let mut inside = end.clone();
    inside.takes(&[&content[..], &header(1, 1, BARE)].concat());
    for (frame_type, relative) in
        [(4, content), (5, header(1, 1, BARE)), (6, body(1, b"x")), (7, body(1, b"traced"))]
    {
        let octets = [&[frame_type][..], &relative[1..]].concat();
        is_lost(&end, &octets, "FRM-03");
        is_lost(&inside, &octets, "FRM-03");
        is_lost(&end, &frame(frame_type, 0, b""), "FRM-03");
    }
}

#[derive(Clone, Copy)]
enum Door {
    Input,
    Bytes,
    Slice,
}

/// What is told and sent when these pieces come through this door, and the phase at the end.
fn outcome(end: &End, pieces: &[&[u8]], door: Door) -> (Vec<String>, String, Phase) {
    let mut end = end.clone();
    let (mut told, mut buffer) = (Vec::new(), BytesMut::new());
    for piece in pieces {
        match door {
            Door::Input => {
                buffer.extend_from_slice(piece);
                end.connection.handle_input(T0, &mut buffer);
            }
            Door::Bytes => end.connection.handle_bytes(T0, Bytes::copy_from_slice(piece)),
            Door::Slice => end.connection.handle_slice(T0, piece),
        }
        told.extend(lines(&poll(&mut end.connection)));
    }
    let sent = hex(&end.sent());
    (told, sent, end.connection.phase())
}

/// In one piece these lines are told (they begin so); cut anywhere, exactly the same comes of it.
fn tells_the_same_in_any_pieces(end: &End, octets: &[u8], expected: &[&str]) {
    let whole = outcome(end, &[octets], Door::Slice);
    assert_eq!(whole.0.len(), expected.len(), "{:#?}", whole.0);
    for (line, beginning) in whole.0.iter().zip(expected) {
        assert!(line.starts_with(beginning), "{line:?}, not {beginning:?}");
    }
    for door in [Door::Input, Door::Bytes, Door::Slice] {
        for size in 1..=octets.len() {
            let pieces: Vec<_> = octets.chunks(size).collect();
            assert!(outcome(end, &pieces, door) == whole, "pieces of {size}");
            let (first, second) = octets.split_at(size);
            assert!(outcome(end, &[first, second], door) == whole, "cut at {size}");
        }
    }
}

/// Contents, methods and heartbeats, and behind them each way in which framing is lost.
fn dialogues_in_any_pieces(end: &End, closed: &str) {
    let dialogue = [
        &message(end.content_of_peer(1, 1), 1, b"body", 3)[..],
        HEARTBEAT,
        &message(end.content_of_peer(1, 2), 1, b"", 1),
        &channel_close(1, 200, "enough"),
    ]
    .concat();
    let told = ["content: ", "content: ", "channel 1 closed: "];
    let orderly = [&dialogue[..], &connection_close(200, "bye"), HEARTBEAT].concat();
    let over = [&told[..], &[closed]].concat();
    tells_the_same_in_any_pieces(end, &orderly, &over);
    let lost = [&told[..], &["violation: ", "connection over: "]].concat();
    for fault in [&b"\x08\0\0\0\0\0\0\xCD"[..], b"\x04\0\0\0\0\0\0\xCE", b"\x01\0\0\xFF\0\0\0\0"] {
        let octets = [&dialogue, fault, &connection_close(200, "unseen")].concat();
        tells_the_same_in_any_pieces(end, &octets, &lost);
    }
}

fn a_client_finds_the_same_frames_in_any_pieces() {
    let octets = server_handshake(131_072);
    tells_the_same_in_any_pieces(&End::fresh_client(), &octets, &["connected"]);
    dialogues_in_any_pieces(&End::client_channel(), "connection over: ");
}

fn a_server_finds_the_same_frames_in_any_pieces() {
    let octets = client_handshake(131_072);
    let told = ["credentials: ", "virtual host: ", "connected"];
    tells_the_same_in_any_pieces(&End::fresh_server(), &octets, &told);
    dialogues_in_any_pieces(&End::server_channel(), "connection over: ");
}

fn nothing_is_decoded_behind_lost_framing(end: &End, strict: &End) {
    let faults = [
        ("FRM-02", b"\x08\0\0\0\0\0\0\0".to_vec()),
        ("FRM-03", frame(4, 0, b"")),
        ("FRM-06", announced(1, 0, u32::MAX)),
    ];
    for (rule, fault) in faults {
        for (end, told) in [(end, 1), (strict, 0)] {
            let mut end = end.clone().with_channel(1);
            let content = message(end.content_of_peer(1, 1), 1, b"body", 4);
            let later = [HEARTBEAT, &connection_close_ok(), &content].concat();
            // What was whole before the fault is told first; behind it stands much that is legal.
            let events = end.feed(&[&content[..], &fault, &later].concat());
            let [Event::Content(_), Event::Violation(violation), Event::Closed(reason)] =
                &events[..]
            else {
                panic!("{:?}", lines(&events));
            };
            assert_eq!((violation.rule, reason.reply_code.0), (rule, 501));
            assert_eq!(end.connection.phase(), Phase::Closed);
            assert_eq!(frames(&end.sent()).len(), told);
            assert!(!end.connection.wants_input());
            assert_eq!(end.connection.poll_timeout(), None);
            end.ignores(&later);
            end.connection.handle_bytes(T0, Bytes::from(later.clone()));
            let mut buffer = BytesMut::from(&later[..]);
            end.connection.handle_input(T0, &mut buffer);
            assert!(buffer.is_empty());
            end.connection.handle_eof(T0);
            end.ignores(&fault);
        }
    }
}

fn a_client_decodes_nothing_behind_lost_framing() {
    nothing_is_decoded_behind_lost_framing(&End::client(), &End::client_with(strict_client()));
}

fn a_server_decodes_nothing_behind_lost_framing() {
    nothing_is_decoded_behind_lost_framing(&End::server(), &End::server_with(strict_server()));
}

/// Strings of all lengths before numbers of all widths, and chunks that begin anywhere.
fn fields_stand_at_any_place(end: &End) {
    let mut end = end.clone().with_contents(1);
    let tag = 0x0102_0304_0506_0708_u64;
    for len in 0..9 {
        let text = "t".repeat(len);
        let before = HEARTBEAT.repeat(len);
        // A timestamp behind a short string, and a table of which nothing is aligned.
        let table = [b"\x01aI\x01\x02\x03\x04", &b"\x02bblABCDEFGH"[..]].concat();
        let values = [&b"\xA0\x40"[..], &short(&text), &long(&table), &tag.to_be_bytes()].concat();
        let content = [end.content_of_peer(1, len as u64 + 1), header(1, 0, &values)].concat();
        let events = end.takes(&[before, content].concat());
        let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
        let properties = content.properties();
        assert_eq!(properties.content_type().unwrap(), *text);
        assert_eq!(properties.timestamp(), Some(tag));
        let headers = properties.headers().unwrap();
        assert_eq!(headers.get("a").unwrap().as_i64(), Some(0x0102_0304));
        assert_eq!(headers.get("bb").unwrap().as_i64(), Some(0x4142_4344_4546_4748));
        // Nothing is filled up on the way out either.
        end.send_content(1, properties, Vec::new()).unwrap();
        let sent = [end.own_content(1, len as u64 + 1), header(1, 0, &values)].concat();
        assert_eq!(hex(&end.sent()), hex(&sent));
    }
}
