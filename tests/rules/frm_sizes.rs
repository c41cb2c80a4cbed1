//! Frames: how large they may be.

use amqp_proto::protocol::{Properties, PropertiesBuf, ReplyCode, queue};
use amqp_proto::wire::{EncodeError, TableBuf};
use amqp_proto::{Connection, Event, Limits, Phase, Profile, ServerConfig, UsageError};

use crate::common::*;
use crate::end::End;
use crate::frm::{announced, awaiting_tune, strict_client, strict_server};
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("FRM-06", a_client_keeps_to_the_agreed_size),
    server("FRM-06", a_server_keeps_to_the_agreed_size),
    client("FRM-07", a_client_counts_sizes_without_wrapping),
    server("FRM-07", a_server_counts_sizes_without_wrapping),
    client("FRM-08", || each_type_has_its_least_size(&End::client())),
    server("FRM-08", || each_type_has_its_least_size(&End::server())),
];

const ALL: [u8; 4] = [1, 2, 3, 8];
const BODIES: [u8; 2] = [3, 8];

/// Payloads up to `largest` octets are waited for, and the header of a larger one is enough.
fn payloads_end_at(end: &End, types: &[u8], largest: u32) {
    for frame_type in types {
        end.clone().ignores(&announced(*frame_type, 1, largest));
        let sizes = [largest + 1, largest + 2, 0x7FFF_FFFF, 0x8000_0000, u32::MAX];
        for size in sizes {
            let octets = announced(*frame_type, 1, size);
            // Six octets of it don't tell yet.
            end.clone().ignores(&octets[..6]);
            if end.connection.profile().close_after_framing_fault {
                end.clone().closes(&octets, "FRM-06", ReplyCode::FRAME_ERROR);
            } else {
                end.clone().drops(&octets, "FRM-06");
            }
        }
    }
    // A frame of the largest size is taken whole.
    let mut end = end.clone().with_channel(1);
    let octets = vec![b'x'; largest as usize];
    let events = end.takes(&message(end.content_of_peer(1, 1), 1, &octets, octets.len()));
    let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(content.body().len(), octets.len());
}

/// Headers with one string of this many octets.
fn headers(len: usize) -> PropertiesBuf {
    let text = "x".repeat(len);
    let table = TableBuf::new().with("k", text.as_str()).unwrap();
    PropertiesBuf::new().with_headers(table.as_table()).unwrap()
}

/// What `headers` is on the wire, behind the flags.
fn headers_octets(len: usize) -> Vec<u8> {
    long(&[b"\x01kS", &long(&vec![b'x'; len])[..]].concat())
}

/// With frame-max 4096 no payload above 4088 octets goes out: bodies are cut, and what can't be cut is
/// refused.
fn sends_at_most_4088(end: End) {
    let mut end = end.with_contents(1);
    assert_eq!(end.connection.frame_max(), 4096);
    for (len, sizes) in [(4088, &[4088][..]), (4089, &[4088, 1]), (8177, &[4088, 4088, 1])] {
        let octets = vec![b'x'; len];
        end.send_content(1, Properties::EMPTY, octets).unwrap();
        let sent = frames(&end.sent());
        let cut: Vec<_> = sent[2..].iter().map(|(kind, _, part)| (*kind, part.len())).collect();
        let expected: Vec<_> = sizes.iter().map(|size| (3, *size)).collect();
        assert_eq!(cut, expected);
    }
    // Twelve octets, two of flags, and a table whose string is all but eleven octets of it.
    let fits = 4088 - 12 - 2 - 11;
    let too_long = headers(fits + 1);
    let refused = end.send_content(1, too_long.as_properties(), b"body".to_vec());
    assert!(is_too_large(&refused), "{refused:?}");
    assert_eq!(hex(&end.sent()), "");
    end.send_content(1, headers(fits).as_properties(), Vec::new()).unwrap();
    let values = [&b"\x20\0"[..], &headers_octets(fits)].concat();
    let sent = end.sent();
    // A refused delivery has no number.
    assert_eq!(sent, [end.own_content(1, 4), header(1, 0, &values)].concat());
    assert_eq!(sent.len() - end.own_content(1, 4).len(), 4096);
    end.takes(HEARTBEAT);
}

fn is_too_large<T>(result: &Result<T, UsageError>) -> bool {
    matches!(result, Err(UsageError::Encode(EncodeError::FrameTooLarge { .. })))
}

fn a_client_keeps_to_the_agreed_size() {
    payloads_end_at(&End::client(), &ALL, 131_072);
    payloads_end_at(&End::client_with(strict_client()), &ALL, 131_064);
    let mut small = plain();
    small.frame_max = 4096;
    // A client takes larger methods and headers than it agrees to (TUN-09).
    payloads_end_at(&End::client_with(small.clone()), &BODIES, 4096);
    let mut strict = small.clone();
    strict.profile = Some(Profile::STRICT);
    payloads_end_at(&End::client_with(strict), &BODIES, 4088);

    let mut end = End::client_with(small);
    sends_at_most_4088(end.clone());
    end = end.with_channel(1);
    let declare = |len| {
        let text = "x".repeat(len);
        let arguments = TableBuf::new().with("k", text.as_str()).unwrap();
        (queue::Declare { queue: "q".into(), ..Default::default() }, arguments)
    };
    // Ids, ticket, name and bits take nine octets, a table eleven besides its string.
    let (method_of, arguments) = declare(4088 - 9 - 11 + 1);
    let too_large = queue::Declare { arguments: arguments.as_table(), ..method_of };
    let refused = end.channel().call(&too_large);
    assert!(is_too_large(&refused), "{refused:?}");
    assert_eq!(hex(&end.sent()), "");
    assert_eq!(end.channel().pending_requests(), 0);
    let (method_of, arguments) = declare(4088 - 9 - 11);
    let fits = queue::Declare { arguments: arguments.as_table(), ..method_of };
    end.channel().call(&fits).unwrap();
    let octets = [b"\0\0\x01q\0", &headers_octets(4088 - 9 - 11)[..]].concat();
    let sent = end.sent();
    assert_eq!(sent, method(1, 50, 10, &octets));
    assert_eq!(sent.len(), 4096);
}

fn a_server_keeps_to_the_agreed_size() {
    payloads_end_at(&End::server(), &ALL, 131_072);
    payloads_end_at(&End::server_with(strict_server()), &ALL, 131_064);
    let mut small = ServerConfig::default();
    small.frame_max = 4096;
    payloads_end_at(&End::server_with(small.clone()), &ALL, 4096);
    let mut strict = small.clone();
    strict.profile = Profile::STRICT;
    payloads_end_at(&End::server_with(strict), &ALL, 4088);
    sends_at_most_4088(End::server_with(small));
}

/// Limits so high that nothing but arithmetic could refuse a size.
fn without_limits() -> Limits {
    let mut limits = Limits::default();
    limits.frame_before_tune = u32::MAX;
    limits.method_or_header_frame = u32::MAX;
    limits.unlimited_frame = u32::MAX;
    limits
}

/// Sizes whose sum with eight doesn't fit 32 bits, or is negative as a signed number.
fn no_size_wraps(fresh: End, tuned: &[u8]) {
    let tuning = awaiting_tune(fresh);
    let mut open = tuning.clone();
    open.takes(tuned);
    assert_eq!(open.connection.phase(), Phase::Open);
    open.sent();
    let sizes = (0xFFFF_FFF0..=u32::MAX).chain([0x7FFF_FFF8, 0x7FFF_FFFF, 0x8000_0000]);
    for size in sizes {
        for frame_type in ALL {
            for channel in [0, 1] {
                let octets = announced(frame_type, channel, size);
                open.clone().closes(&octets, "FRM-06", ReplyCode::FRAME_ERROR);
                // With octets behind it that a wrapped size would make a frame of.
                let more = [&octets[..], &[0xCE; 16]].concat();
                open.clone().closes(&more, "FRM-06", ReplyCode::FRAME_ERROR);
                tuning.clone().drops(&octets, "LIM-02");
                tuning.clone().drops(&more, "LIM-02");
            }
        }
    }
}

fn a_client_counts_sizes_without_wrapping() {
    for (own, offered) in [(0, 0), (0, u32::MAX), (u32::MAX, 0), (u32::MAX, u32::MAX)] {
        let mut config = plain();
        (config.frame_max, config.limits) = (own, without_limits());
        let fresh = End::new(Connection::client(config, T0));
        no_size_wraps(fresh, &[tune(2047, offered, 60), open_ok()].concat());
    }
}

fn a_server_counts_sizes_without_wrapping() {
    for own in [0, 1 << 30, u32::MAX] {
        let mut config = ServerConfig::default();
        (config.frame_max, config.limits) = (own, without_limits());
        let fresh = End::new(Connection::server(config, T0));
        no_size_wraps(fresh, &[tune_ok(2047, 1 << 30, 60), open("/")].concat());
    }
    // What this side sends is counted the same way: one frame under the largest frame-max there is.
    let mut config = ServerConfig::default();
    (config.frame_max, config.limits) = (0, without_limits());
    let mut end = awaiting_tune(End::new(Connection::server(config, T0)));
    end.takes(&[tune_ok(2047, 1 << 30, 60), open("/")].concat());
    let mut end = end.with_contents(1);
    let octets = vec![b'x'; 100_000];
    end.send_content(1, Properties::EMPTY, octets.clone()).unwrap();
    assert!(end.sent() == message(deliver(1, 1), 1, &octets, octets.len()));
}

fn each_type_has_its_least_size(end: &End) {
    let mut end = end.clone().with_contents(1);
    // Two ids are a method.
    let ids = if end.is_client() { b"\0\x0A\0\x3D" } else { b"\0\x5A\0\x0A" };
    for len in 0..4 {
        end.clone().closes(&frame(1, 1, &ids[..len]), "FRM-08", ReplyCode::FRAME_ERROR);
        end.clone().closes(&frame(1, 0, &ids[..len]), "FRM-08", ReplyCode::FRAME_ERROR);
    }
    let channel = u16::from(!end.is_client());
    assert_eq!(end.takes(&frame(1, channel, ids)).len(), 1);
    // Class, weight, size and flags are a header.
    let mut inside = end.clone();
    inside.takes(&end.content_of_peer(1, 1));
    let of_class = |class_id: u8| [&[0, class_id][..], &[0; 12]].concat();
    for len in 0..14 {
        for payload in [of_class(60), of_class(61)] {
            let octets = frame(2, 1, &payload[..len]);
            inside.clone().closes(&octets, "FRM-08", ReplyCode::FRAME_ERROR);
        }
    }
    assert_eq!(inside.clone().takes(&frame(2, 1, &of_class(60))).len(), 1);
    // No octet at all is a heartbeat, or a body frame that changes nothing.
    inside.ignores(&[&header(1, 2, BARE), HEARTBEAT, &body(1, b""), &body(1, b"1")].concat());
    let events = inside.takes(&[body(1, b""), body(1, b"2")].concat());
    let [Event::Content(content)] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(content.body()[..], *b"12");
    // This side sends just the least of each.
    end.sent();
    end.send_content(1, Properties::EMPTY, Vec::new()).unwrap();
    let sent = frames(&end.sent());
    assert_eq!((sent[1].0, sent[1].2.len(), sent.len()), (2, 14, 2));
    end.connection.close(T0, ReplyCode::REPLY_SUCCESS, "").unwrap();
    end.takes(&connection_close(200, ""));
    assert_eq!(frames(&end.sent())[1], (1, 0, b"\0\x0A\0\x33".to_vec()));
}
