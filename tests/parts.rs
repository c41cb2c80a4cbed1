//! Parts of a body frame that hasn't come completely: handed on as they come, through every door, and what
//! follows when the rest is late, wrong or never comes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail like the tests")]

mod common;

use amqp_proto::protocol::{ReplyCode, basic};
use amqp_proto::{
    ChannelId, CloseDetail, Connection, ContentMode, ContentPart, Event, Limits, Phase,
    ServerConfig,
};
use bytes::{Buf, Bytes, BytesMut};
use common::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Door {
    Input,
    Bytes,
    Slice,
}

const DOORS: [Door; 3] = [Door::Input, Door::Bytes, Door::Slice];

fn one() -> ChannelId {
    ChannelId::new(1).unwrap()
}

fn opened(config: ServerConfig) -> Connection {
    let mut server = server(config);
    feed(&mut server, &[channel_open(1), channel_open(2)].concat());
    poll(&mut server);
    output(&mut server);
    server
}

fn limited(limit: impl FnOnce(&mut Limits)) -> Connection {
    let mut config = ServerConfig::default();
    config.content = ContentMode::Streamed;
    limit(&mut config.limits);
    opened(config)
}

fn streaming() -> Connection {
    limited(|_| {})
}

/// One that gathers bodies of up to 100 octets and hands larger ones on in parts.
fn gathering() -> Connection {
    let mut config = ServerConfig::default();
    config.limits.whole_body = 100;
    opened(config)
}

fn pattern(len: usize) -> Vec<u8> {
    (0..=250_u8).cycle().take(len).collect()
}

fn head(channel: u16, size: u64) -> Vec<u8> {
    [publish(channel, "key"), header(channel, size, BARE)].concat()
}

/// Hands octets in and polls all events.
fn hand_in(
    connection: &mut Connection,
    door: Door,
    left: &mut BytesMut,
    octets: &[u8],
) -> Vec<Event> {
    left.extend_from_slice(octets);
    match door {
        Door::Input => connection.handle_input(T0, left),
        Door::Bytes => connection.handle_bytes(T0, left.split().freeze()),
        Door::Slice => connection.handle_slice(T0, &left.split()),
    }
    poll(connection)
}

/// Octets given to the engine and polled.
fn take(connection: &mut Connection, octets: &[u8]) -> Vec<Event> {
    hand_in(connection, Door::Bytes, &mut BytesMut::new(), octets)
}

fn the_part(events: &[Event]) -> &ContentPart {
    let [Event::ContentPart(part)] = events else { panic!("{:?}", lines(events)) };
    part
}

fn rule(event: &Event) -> (&'static str, u64) {
    let Event::Violation(violation) = event else { panic!("{event}") };
    (violation.rule, violation.offset)
}

#[test]
fn each_read_is_a_part() {
    let octets = pattern(16_384);
    let stream = message(publish(1, "key"), 1, &octets, octets.len());
    let before = stream.len() - octets.len() - 8;
    for connection in [streaming(), gathering()] {
        for door in DOORS {
            for read in [100, 1460, 10_000] {
                let mut connection = connection.clone();
                let mut left = BytesMut::new();
                let (mut body, mut parts) = (Vec::new(), 0);
                for (place, piece) in stream.chunks(read).enumerate() {
                    let events = hand_in(&mut connection, door, &mut left, piece);
                    for event in events {
                        let Event::ContentPart(part) = event else { continue };
                        body.extend_from_slice(&part.octets);
                        parts += 1;
                        assert_eq!(part.last, body.len() == octets.len());
                    }
                    let given = stream.len().min((place + 1) * read);
                    let payload = given.saturating_sub(before + 7).min(octets.len());
                    // What handle_input has left with the caller comes with the next read.
                    let late = door == Door::Input && place == before / read;
                    assert!(body.len() == payload || late, "{door:?}, reads of {read}: {place}");
                }
                assert!(left.is_empty());
                assert_eq!(body, octets);
                let reads = stream.len().div_ceil(read) - before / read;
                assert!(parts == reads || parts == reads - 1, "{parts} of {reads}");
            }
        }
    }
}

/// All doors hand the first octets on at once where bodies are streamed.
#[test]
fn the_first_octets_are_told_with_the_beginning() {
    for door in DOORS {
        let octets = [head(1, 1000), body(1, &[7; 1000])[..107].to_vec()].concat();
        let events = hand_in(&mut streaming(), door, &mut BytesMut::new(), &octets);
        let [Event::ContentStart(_), Event::ContentPart(part)] = &events[..] else {
            panic!("{door:?}: {:?}", lines(&events));
        };
        assert_eq!((part.octets.len(), part.last), (100, false));
    }
}

#[test]
fn parts_share_the_read_buffer() {
    let frame = body(1, &[7; 1000]);
    for connection in [streaming(), gathering()] {
        let mut connection = connection;
        take(&mut connection, &head(1, 1000));
        let mut shared = Vec::new();
        for piece in [&frame[..300], &frame[300..600], &frame[600..]] {
            let read = Bytes::copy_from_slice(piece);
            let range = read.as_ptr_range();
            connection.handle_bytes(T0, read);
            let events = poll(&mut connection);
            shared.push(range.contains(&the_part(&events).octets.as_ptr()));
        }
        assert_eq!(shared[1..], [true, true]);
    }
}

#[test]
fn nothing_of_the_read_buffer_is_kept() {
    let wrong = body(1, b"not a body's turn");
    let largest = [head(1, 1000), body(1, &[7; 1000])].concat();
    for octets in [&wrong[..], &largest] {
        for cut in 1..octets.len() {
            let mut server = streaming();
            let read = Bytes::copy_from_slice(&octets[..cut]);
            server.handle_bytes(T0, read.clone());
            poll(&mut server);
            assert!(read.is_unique(), "cut at {cut}");
        }
    }
}

#[test]
fn contents_that_are_gathered_stay_with_the_caller() {
    let stream = [head(1, 100), body(1, &[7; 100])].concat();
    let mut server = gathering();
    let mut left = BytesMut::new();
    for (place, octet) in stream.iter().enumerate() {
        let events = hand_in(&mut server, Door::Input, &mut left, &[*octet]);
        if place + 1 < stream.len() {
            assert!(events.is_empty());
            assert!(place < stream.len() - 108 || left.len() == place + 109 - stream.len());
        } else {
            assert!(matches!(events[..], [Event::Content(_)]));
        }
    }
}

/// The last part is told once the end octet has come and is right, so it may come alone and be empty.
#[test]
fn the_last_part_waits_for_the_end_octet() {
    for door in DOORS {
        let mut server = streaming();
        let mut left = BytesMut::new();
        take(&mut server, &head(1, 6));
        let (first, second) = (body(1, b"1234"), body(1, b"56"));
        let mut told = |octets: &[u8]| -> Vec<(Vec<u8>, bool)> {
            let events = hand_in(&mut server, door, &mut left, octets);
            let parts = events.iter().map(|event| {
                let Event::ContentPart(part) = event else { panic!("{event}") };
                (part.octets.to_vec(), part.last)
            });
            parts.collect()
        };
        assert_eq!(told(&first[..7]), []);
        assert_eq!(told(&first[7..11]), [(b"1234".to_vec(), false)]);
        assert_eq!(told(&first[11..]), []);
        assert_eq!(told(&second[..9]), [(b"56".to_vec(), false)]);
        assert_eq!(told(&second[9..]), [(b"".to_vec(), true)]);
    }
}

#[test]
fn a_wrong_end_follows_the_parts_and_completes_nothing() {
    for door in DOORS {
        let mut server = streaming();
        let mut left = BytesMut::new();
        let before = {
            // Octets of the stream before the frame.
            let mut probe = server.clone();
            let events = take(&mut probe, &frame(4, 0, b""));
            rule(&events[0]).1 + head(1, 10).len() as u64
        };
        take(&mut server, &head(1, 10));
        let mut wrong = body(1, b"0123456789");
        *wrong.last_mut().unwrap() = 0xCF;
        let events = hand_in(&mut server, door, &mut left, &wrong[..12]);
        assert_eq!(the_part(&events).octets, &b"01234"[..]);
        // What comes together with the wrong octet isn't handed on.
        let events = hand_in(&mut server, door, &mut left, &[&wrong[12..], HEARTBEAT].concat());
        assert_eq!(rule(&events[0]), ("FRM-02", before));
        assert!(matches!(events[1..], [Event::Closed(_)]), "{:?}", lines(&events));
        assert_eq!(server.phase(), Phase::Closed);
    }
}

/// What is wrong with a frame is told as if it had come at once, and no part of it before.
#[test]
fn a_frame_is_judged_before_its_parts() {
    let cases = [
        ("CNT-11", [head(1, 9), body(1, b"0123456789")].concat()),
        ("CNT-03", body(1, b"0123456789")),
        ("CNT-02", [publish(1, "key"), body(1, b"0123456789")].concat()),
        ("CHN-01", [head(1, 10), body(3, b"0123456789")].concat()),
        ("FRM-11", [head(1, 10), body(0, b"0123456789")].concat()),
        ("FRM-06", [head(1, 1 << 20), body(1, &[7; 131_073])].concat()),
    ];
    for (expected, octets) in cases {
        for door in DOORS {
            let mut server = streaming();
            let (mut left, mut told) = (BytesMut::new(), Vec::new());
            for piece in octets.chunks(if octets.len() > 1000 { 1460 } else { 1 }) {
                told.extend(hand_in(&mut server, door, &mut left, piece));
            }
            told.retain(|event| !matches!(event, Event::ContentStart(_)));
            assert_eq!(rule(&told[0]).0, expected, "{door:?}: {:?}", lines(&told));
        }
    }
}

#[test]
fn a_channel_that_is_closed_meanwhile_drops_the_rest() {
    for door in DOORS {
        let mut server = streaming();
        let mut left = BytesMut::new();
        take(&mut server, &head(1, 20));
        let frame = body(1, &[7; 20]);
        the_part(&hand_in(&mut server, door, &mut left, &frame[..17]));
        server.channel(one()).unwrap().close(ReplyCode::PRECONDITION_FAILED, "enough").unwrap();
        assert!(hand_in(&mut server, door, &mut left, &frame[17..20]).is_empty());
        assert!(hand_in(&mut server, door, &mut left, &frame[20..]).is_empty());
        let events = hand_in(&mut server, door, &mut left, &channel_close_ok(1));
        assert!(matches!(events[..], [Event::ChannelClosed { .. }]), "{:?}", lines(&events));
        // The number is free for contents again.
        let again = [channel_open(1), head(1, 3), body(1, b"abc")].concat();
        let events = hand_in(&mut server, door, &mut left, &again);
        assert!(
            matches!(&events[..], [_, Event::ContentStart(_), Event::ContentPart(part)] if part.last)
        );
    }
}

#[test]
fn a_connection_that_is_closed_meanwhile_tells_no_more_parts() {
    let mut server = streaming();
    take(&mut server, &head(1, 20));
    let frame = body(1, &[7; 20]);
    the_part(&take(&mut server, &frame[..17]));
    server.close(T0, ReplyCode::CONNECTION_FORCED, "shutdown").unwrap();
    assert!(take(&mut server, &frame[17..20]).is_empty());
    // Its end is judged nevertheless.
    let mut other = server.clone();
    let events = take(&mut other, &[7, 7, 7, 7, 7, 7, 7, 7]);
    assert_eq!(rule(&events[0]).0, "FRM-02");
    let events = take(&mut server, &[&frame[20..], &connection_close_ok()].concat());
    assert!(matches!(events[..], [Event::Closed(_)]), "{:?}", lines(&events));
}

#[test]
fn the_stream_may_end_inside_a_frame() {
    let frame = body(1, b"0123456789");
    for cut in 1..frame.len() {
        for door in DOORS {
            let mut server = streaming();
            let octets = [&head(1, 10)[..], &frame[..cut]].concat();
            let mut left = BytesMut::from(&octets[..]);
            match door {
                Door::Input => server.handle_input(T0, &mut left),
                Door::Bytes => server.handle_bytes(T0, left.split().freeze()),
                Door::Slice => server.handle_slice(T0, &left),
            }
            server.handle_eof(T0);
            let events = poll(&mut server);
            let told: usize = events
                .iter()
                .map(|event| match event {
                    Event::ContentPart(part) => part.octets.len(),
                    _ => 0,
                })
                .sum();
            assert_eq!(told, cut.saturating_sub(7), "{door:?}");
            let Some(Event::Closed(reason)) = events.last() else { panic!("{:?}", lines(&events)) };
            let detail = CloseDetail::EndOfStream { awaited: "the rest of a frame" };
            assert_eq!(reason.detail, detail);
        }
    }
}

/// What was not handed on of a frame is left as a frame of its own, so that the octets and what follows
/// them in the stream are still frames.
#[test]
fn what_is_left_of_a_frame_is_a_frame() {
    let frame = body(1, b"0123456789");
    for cut in 7..=frame.len() - 1 {
        for behind in [0, 3] {
            let mut server = streaming();
            take(&mut server, &[&head(1, 10)[..], &frame[..cut]].concat());
            // This much comes and isn't polled.
            let behind = frame.len().min(cut + behind);
            server.handle_bytes(T0, Bytes::copy_from_slice(&frame[cut..behind]));
            let unread = server.into_parts().unread;
            let rest = if cut == 7 { &frame[7..] } else { &frame[cut..] };
            let expected = body(1, &rest[..rest.len() - 1]);
            let stream = [&unread[..], &frame[behind..]].concat();
            assert_eq!(hex(&stream), hex(&expected), "cut at {cut}");
        }
    }
}

/// Nobody polls: octets of an open frame fill the budget like others.
#[test]
fn unpolled_parts_count() {
    let mut server = limited(|limits| limits.undecoded_input = 10_000);
    let frame = body(1, &[7; 100_000]);
    take(&mut server, &[&head(1, 100_000)[..], &frame[..1000]].concat());
    let mut left = BytesMut::from(&frame[1000..]);
    server.handle_input(T0, &mut left);
    assert!(!server.wants_input());
    let mut rounds = 0;
    let mut told = 1000 - 7;
    while !left.is_empty() {
        let waiting = left.len();
        server.handle_input(T0, &mut left);
        assert_eq!(left.len(), waiting, "nothing is taken while the budget is used up");
        for event in poll(&mut server) {
            let Event::ContentPart(part) = event else { panic!("{event}") };
            told += part.octets.len();
        }
        assert!(server.wants_input());
        server.handle_input(T0, &mut left);
        rounds += 1;
    }
    told += poll(&mut server).iter().fold(0, |sum, event| match event {
        Event::ContentPart(part) => sum + part.octets.len(),
        _ => sum,
    });
    assert_eq!(told, 100_000);
    assert!(rounds >= 1);

    // By small reads: the budget is met to a read.
    let mut server = limited(|limits| limits.undecoded_input = 10_000);
    take(&mut server, &[&head(1, 100_000)[..], &frame[..1000]].concat());
    let (mut given, mut left) = (0, BytesMut::new());
    for piece in frame[1000..].chunks(700) {
        if !server.wants_input() {
            break;
        }
        left.extend_from_slice(piece);
        server.handle_input(T0, &mut left);
        given += piece.len();
    }
    assert!((10_000..10_700).contains(&given), "{given}");
}

#[test]
fn parts_wait_while_a_publish_has_to() {
    let mut server = limited(|limits| limits.unconfirmed = 1);
    take(&mut server, &method(1, 85, 10, b"\x01"));
    let frame = body(1, b"0123456789");
    let first = message(publish(1, "key"), 1, b"x", 1);
    let events = take(&mut server, &[&first[..], &head(1, 10), &frame[..12]].concat());
    assert!(
        matches!(&events[..], [Event::ContentStart(_), Event::ContentPart(part)] if part.last),
        "{:?}",
        lines(&events)
    );
    // More of it comes meanwhile.
    assert!(take(&mut server, &frame[12..14]).is_empty());
    let ack = basic::Ack { delivery_tag: 1, multiple: false };
    server.channel(one()).unwrap().send(&ack).unwrap();
    let events = poll(&mut server);
    let [Event::ContentStart(_), Event::ContentPart(part)] = &events[..] else {
        panic!("{:?}", lines(&events));
    };
    assert_eq!(part.octets, &b"0123456"[..]);
    assert!(the_part(&take(&mut server, &frame[14..])).last);
}

/// Unread output stops parts as it stops everything else.
#[test]
fn parts_wait_while_output_is_full() {
    let mut server = limited(|limits| (limits.unsent_output, limits.output_reserve) = (9000, 50));
    let frame = body(1, &[7; 100]);
    take(&mut server, &[&head(1, 100)[..], &frame[..57]].concat());
    let mut channel = server.channel(ChannelId::new(2).unwrap()).unwrap();
    while channel.call(&amqp_proto::protocol::channel::Flow { active: true }).is_ok() {}
    let mut left = BytesMut::new();
    let flow = method(2, 20, 20, b"\x01").repeat(20);
    let octets = [&frame[57..], &flow[..], &head(1, 10), &body(1, &[7; 10])[..12]].concat();
    let events = hand_in(&mut server, Door::Bytes, &mut left, &octets);
    assert!(!events.iter().any(|event| matches!(event, Event::ContentStart(_))));
    let mut told = Vec::new();
    for _ in 0..20 {
        while server.transmit().has_remaining() {
            let len = server.transmit().remaining();
            server.transmit().advance(len);
        }
        told.extend(poll(&mut server));
    }
    let Some(Event::ContentPart(part)) = told.last() else { panic!("{:?}", lines(&told)) };
    assert_eq!(part.octets.len(), 5);
}

/// A frame that comes slowly is a sign of life.
#[test]
fn parts_are_a_sign_of_life() {
    let mut server = streaming();
    take(&mut server, &head(1, 100));
    let frame = body(1, &[7; 100]);
    for (second, octet) in (0..).zip(&frame) {
        server.handle_bytes(at(second * 100), Bytes::copy_from_slice(&[*octet]));
        poll(&mut server);
        server.handle_timeout(at(second * 100 + 99));
        assert_eq!(server.phase(), Phase::Open);
    }
}

/// The doors may be changed at any octet.
#[test]
fn doors_may_change_inside_a_frame() {
    let octets = pattern(50);
    let stream = message(publish(1, "key"), 1, &octets, 20);
    for connection in [streaming(), gathering()] {
        for first in DOORS {
            for second in DOORS {
                for cut in 1..stream.len() {
                    for polled in [true, false] {
                        let mut connection = connection.clone();
                        let mut left = BytesMut::from(&stream[..cut]);
                        let mut events = Vec::new();
                        if polled {
                            events = hand_in(&mut connection, first, &mut left, b"");
                        } else {
                            match first {
                                Door::Input => connection.handle_input(T0, &mut left),
                                Door::Bytes => connection.handle_bytes(T0, left.split().freeze()),
                                Door::Slice => connection.handle_slice(T0, &left.split()),
                            }
                        }
                        events.extend(hand_in(&mut connection, second, &mut left, &stream[cut..]));
                        let body: Vec<u8> = events
                            .iter()
                            .flat_map(|event| match event {
                                Event::ContentPart(part) => part.octets.to_vec(),
                                Event::Content(content) => content.body().to_vec(),
                                _ => Vec::new(),
                            })
                            .collect();
                        assert_eq!(body, octets, "{first:?}, {second:?}, cut at {cut}");
                    }
                }
            }
        }
    }
}
