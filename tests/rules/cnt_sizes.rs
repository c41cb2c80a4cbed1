//! Contents: how long they are, how they are cut, and how they end.

use amqp_proto::protocol::{Method, Properties, ReplyCode};
use amqp_proto::{ChannelId, ContentMode, Event, Limits, Payload, Phase, ServerConfig, UsageError};
use bytes::{Buf, Bytes};

use crate::cnt::*;
use crate::common::*;
use crate::end::End;
use crate::{Test, client, server};

pub(crate) const TESTS: &[Test] = &[
    client("CNT-09", || a_content_of_size_0_has_no_body(client_end, streaming_client())),
    server("CNT-09", || a_content_of_size_0_has_no_body(server_end, streaming_server())),
    client("CNT-10", || empty_body_frames_change_nothing(client_end())),
    server("CNT-10", || empty_body_frames_change_nothing(server_end())),
    client("CNT-11", || a_body_is_no_longer_than_announced(&[client_end(), streaming_client()])),
    server("CNT-11", || a_body_is_no_longer_than_announced(&[server_end(), streaming_server()])),
    client("CNT-12", || bodies_are_cut_at_frame_max(client_end(), End::client_channel())),
    server("CNT-12", || bodies_are_cut_at_frame_max(server_end(), large_server())),
    client("CNT-17", a_client_takes_and_sends_any_body_size),
    server("CNT-17", a_server_takes_and_sends_any_body_size),
    client("CNT-18", || the_rest_of_a_refused_content_is_thrown_away(client_end())),
    server("CNT-18", || the_rest_of_a_refused_content_is_thrown_away(server_end())),
    client("CNT-19", || a_content_is_never_aborted(client_end(), &cancel())),
    server("CNT-19", || a_content_is_never_aborted(server_end(), &reject())),
    client("CNT-20", a_client_stops_a_refused_publish_at_a_frame_boundary),
    server("CNT-20", a_server_refuses_a_publish_at_its_head_or_at_its_end),
];

/// Body octets in a frame of 4096.
const LARGEST: usize = 4088;

fn streaming_client() -> End {
    let mut config = plain();
    config.content = ContentMode::Streamed;
    client_end_with(config)
}

fn streaming_server() -> End {
    let mut config = ServerConfig::default();
    config.content = ContentMode::Streamed;
    server_end_with(config)
}

/// A server with a consumer and frames of 131,072 octets.
fn large_server() -> End {
    let mut end = End::server_channel();
    feed(&mut end.connection, &consume(1, "c", true));
    poll(&mut end.connection);
    end
}

fn a_content_of_size_0_has_no_body(whole: fn() -> End, mut streaming: End) {
    let mut end = whole();
    let all = headed(&end, 1, 0);
    assert_eq!(the_content(&end.takes(&all)).body(), &b""[..]);
    for behind in [body(1, b"x"), body(1, b"")] {
        end.clone().closes(&behind, "CNT-03", ReplyCode::UNEXPECTED_FRAME);
    }
    let events = streaming.takes(&all);
    let [Event::ContentStart(start), Event::ContentPart(part)] = &events[..] else {
        panic!("{:?}", lines(&events))
    };
    assert_eq!((start.body_size(), &part.octets[..], part.last), (0, &b""[..], true));
    streaming.closes(&body(1, b""), "CNT-03", ReplyCode::UNEXPECTED_FRAME);

    let mut end = whole();
    let sent = [own(&end), header(1, 0, BARE)].concat();
    let mut other = end.clone();
    send(&mut other, Properties::EMPTY, "").unwrap();
    has_sent(&mut other, &[&sent]);
    begin(&mut end, 0).unwrap();
    assert_eq!(end.channel().missing_body(), None);
    let refused = Err(UsageError::NoContentOpen { channel: 1 });
    assert_eq!(end.channel().send_body(b""), refused);
    has_sent(&mut end, &[&sent]);
}

fn empty_body_frames_change_nothing(mut end: End) {
    let limit = usize::from(Limits::default().empty_body_frames);
    assert_eq!(limit, 16);
    let empty = |count| body(1, b"").repeat(count);
    // The limit counts those in a row.
    let most = [headed(&end, 1, 3), empty(limit), body(1, b"1"), empty(limit)].concat();
    end.clone().closes(&[&most[..], &empty(1)].concat(), "CNT-10", ReplyCode::FRAME_ERROR);
    let at_once = [headed(&end, 1, 3), empty(limit + 1)].concat();
    end.clone().closes(&at_once, "CNT-10", ReplyCode::FRAME_ERROR);
    end.ignores(&most);
    assert_eq!(the_content(&end.takes(&body(1, b"23"))).body(), &b"123"[..]);

    // No empty frame is sent.
    begin(&mut end, 2).unwrap();
    for part in [&b""[..], b"1", b"", b"2"] {
        end.channel().send_body(part).unwrap();
    }
    let first = own(&end);
    has_sent(&mut end, &[&first, &header(1, 2, BARE), &body(1, b"1"), &body(1, b"2")]);
}

fn a_body_is_no_longer_than_announced(ends: &[End; 2]) {
    for end in ends {
        for (so_far, over) in
            [(&b""[..], &b"12345678901"[..]), (b"123456789", b"01"), (b"1", b"2345678901")]
        {
            let mut end = end.clone();
            end.takes(&headed(&end, 1, 10));
            if !so_far.is_empty() {
                end.takes(&body(1, so_far));
            }
            end.closes(&body(1, over), "CNT-11", ReplyCode::FRAME_ERROR);
        }
    }
    let mut end = ends[0].clone();
    let right = [headed(&end, 1, 10), body(1, b"123456789"), body(1, b"0")].concat();
    assert_eq!(the_content(&end.takes(&right)).body(), &b"1234567890"[..]);

    begin(&mut end, 10).unwrap();
    let refused = Err(UsageError::BodyTooLong { missing: 10, given: 11 });
    assert_eq!(end.channel().send_body(b"12345678901"), refused);
    end.channel().send_body(b"123456789").unwrap();
    let refused = Err(UsageError::BodyTooLong { missing: 1, given: 2 });
    assert_eq!(end.channel().send_body(b"01"), refused);
    end.channel().send_body(b"0").unwrap();
    let first = own(&end);
    let bodies = [body(1, b"123456789"), body(1, b"0")].concat();
    has_sent(&mut end, &[&first, &header(1, 10, BARE), &bodies]);
}

fn pattern(len: usize) -> Bytes {
    (0..=250_u8).cycle().take(len).collect()
}

/// `end` may send frames of 4096 octets, `large` of 131,072.
fn bodies_are_cut_at_frame_max(mut end: End, large: End) {
    let small = [1, LARGEST - 1, LARGEST, LARGEST + 1, 2 * LARGEST, 20 * LARGEST + 1];
    for (end, largest, sizes) in
        [(&end, LARGEST, &small[..]), (&large, 131_064, &[131_064, 131_065][..])]
    {
        for size in sizes {
            let octets = pattern(*size);
            let frame_of = |part: &[u8]| body(1, part);
            let bodies: Vec<_> = octets.chunks(largest).flat_map(frame_of).collect();
            let sent = [own(end), header(1, *size as u64, BARE), bodies].concat();
            for payload in [Payload::from(&octets[..]), Payload::from(octets.clone())] {
                let (mut whole, mut begun) = (end.clone(), end.clone());
                send(&mut whole, Properties::EMPTY, payload.clone()).unwrap();
                assert!(whole.sent() == sent, "{size}");
                begin(&mut begun, *size as u64).unwrap();
                begun.channel().send_body(payload).unwrap();
                assert!(begun.sent() == sent, "{size}");
            }
        }
    }
    // The peer may cut as it likes.
    let octets = pattern(LARGEST + 100);
    for (number, split) in
        (1..).zip([&[LARGEST, 100][..], &[100, LARGEST], &[1; 4188], &[4087, 101]])
    {
        end.takes(&headed(&end, number, 4188));
        let mut rest = octets.clone();
        let mut events = Vec::new();
        for size in split {
            events.extend(end.takes(&body(1, &rest.split_to(*size))));
        }
        assert_eq!(the_content(&events).body(), &octets);
    }
}

/// What a body size read as signed, or one that memory is taken for, would not survive.
const HUGE: [u64; 4] = [1 << 40, (1 << 63) - 1, 1 << 63, u64::MAX];

/// Nothing limits bodies, and they would be gathered whatever their size.
fn unlimited(limits: &mut Limits) {
    (limits.whole_body, limits.max_body) = (u64::MAX, Some(u64::MAX));
    limits.unfinished_contents = u64::MAX;
}

/// In parts, and gathered.
fn takes_any_body_size(in_parts: &End, gathered: &End) {
    for size in HUGE {
        let mut end = in_parts.clone();
        let events = end.takes(&headed(&end, 1, size));
        let [Event::ContentStart(start)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!(start.body_size(), size);
        let events = end.takes(&body(1, b"12345"));
        let [Event::ContentPart(part)] = &events[..] else { panic!("{:?}", lines(&events)) };
        assert_eq!((&part.octets[..], part.last), (&b"12345"[..], false));
        end.closes(&begun(&end, 2), "CNT-04", ReplyCode::UNEXPECTED_FRAME);

        let mut end = gathered.clone();
        end.ignores(&[headed(&end, 1, size), body(1, b"12345")].concat());
        end.closes(&begun(&end, 2), "CNT-04", ReplyCode::UNEXPECTED_FRAME);
    }
}

fn sends_any_body_size(end: &End) {
    for size in HUGE {
        let mut end = end.clone();
        begin(&mut end, size).unwrap();
        end.channel().send_body(b"12345").unwrap();
        assert_eq!(end.channel().missing_body(), Some(size - 5));
        let first = own(&end);
        has_sent(&mut end, &[&first, &header(1, size, BARE), &body(1, b"12345")]);
    }
}

fn a_client_takes_and_sends_any_body_size() {
    let mut config = plain();
    unlimited(&mut config.limits);
    takes_any_body_size(&client_end(), &client_end_with(config));
    sends_any_body_size(&client_end());
}

fn a_server_takes_and_sends_any_body_size() {
    let mut in_parts = ServerConfig::default();
    in_parts.limits.max_body = None;
    let mut gathered = ServerConfig::default();
    unlimited(&mut gathered.limits);
    takes_any_body_size(&server_end_with(in_parts), &server_end_with(gathered));
    sends_any_body_size(&server_end());
    // Unless told otherwise a server has a limit, and no size is below it for being negative.
    let limit = 512 << 20;
    for size in [limit + 1, 1 << 63, u64::MAX] {
        let mut end = server_end();
        end.ignores(&begun(&end, 1));
        end.closes_channel(&header(1, size, BARE), "LIM-04", ReplyCode::CONTENT_TOO_LARGE);
    }
    let mut end = server_end();
    let events = end.takes(&headed(&end, 1, limit));
    assert!(matches!(events[..], [Event::ContentStart(_)]), "{:?}", lines(&events));
}

fn the_rest_of_a_refused_content_is_thrown_away(mut end: End) {
    let half = [headed(&end, 1, 10), body(1, b"1234")].concat();
    let mut connection = end.clone();
    connection.ignores(&half);
    connection.connection.close(T0, ReplyCode::INTERNAL_ERROR, "").unwrap();
    has_sent(&mut connection, &[&connection_close(541, "")]);
    connection.ignores(&[body(1, b"567890"), headed(&end, 2, 1), body(1, b"x")].concat());
    assert_eq!(endings(&connection.feed(&connection_close_ok())), 1);

    end.ignores(&half);
    end.channel().close(ReplyCode::NOT_FOUND, "gone").unwrap();
    has_sent(&mut end, &[&channel_close(1, 404, "gone")]);
    end.ignores(&[body(1, b"567890"), headed(&end, 2, 1), body(1, b"x")].concat());
    let events = end.takes(&channel_close_ok(1));
    assert!(matches!(events[..], [Event::ChannelClosed { .. }]), "{:?}", lines(&events));
    // Nothing of it is left when the number is used again.
    let mut end = end.with_channel(1);
    end.ignores(&headed(&end, 1, 2));
    assert_eq!(the_content(&end.takes(&body(1, b"12"))).body(), &b"12"[..]);
}

/// `attempt` is a method by which the peer tries to end its content.
fn a_content_is_never_aborted(mut end: End, attempt: &[u8]) {
    let half = [headed(&end, 1, 10), body(1, b"1234")].concat();
    end.clone().closes(&[&half, attempt].concat(), "CNT-04", ReplyCode::UNEXPECTED_FRAME);
    // A body of one octet is one octet of the body.
    let mut other = end.clone();
    other.ignores(&[half, body(1, b"5")].concat());
    let content = the_content(&other.takes(&body(1, b"67890")));
    assert_eq!(content.body(), &b"1234567890"[..]);

    begin(&mut end, 10).unwrap();
    end.channel().send_body(b"1234").unwrap();
    end.sent();
    assert!(end.channel().close(ReplyCode::REPLY_SUCCESS, "").is_err());
    assert_eq!(end.channel().missing_body(), Some(6));
    // The end of the connection is no method on the channel.
    let mut other = end.clone();
    other.connection.close(T0, ReplyCode::REPLY_SUCCESS, "").unwrap();
    has_sent(&mut other, &[&connection_close(200, "")]);
    // RabbitMQ takes no close-ok inside a content either, so octets of no meaning fill it up.
    let events = end.takes(&channel_close(1, 404, "gone"));
    assert!(matches!(events[..], [Event::ChannelClosed { .. }]), "{:?}", lines(&events));
    let sent = frames(&end.sent());
    let [(3, 1, filler), close_ok] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((filler.len(), close_ok), (6, &(1, 1, b"\0\x14\0\x29".to_vec())));
    assert_eq!(end.connection.phase(), Phase::Open);
}

fn a_client_stops_a_refused_publish_at_a_frame_boundary() {
    let mut config = plain();
    config.limits.output_window = 10_000;
    let mut end = client_end_with(config);
    send(&mut end, Properties::EMPTY, vec![7; 10 * LARGEST]).unwrap();
    send(&mut end, Properties::EMPTY, "behind").unwrap();
    // The error comes in the middle of the first body frame.
    let mut sent = end.connection.transmit().copy_to_bytes(100).to_vec();
    let events = end.takes(&channel_close(1, 404, "no exchange"));
    let [Event::ChannelClosed { reason, .. }] = &events[..] else { panic!("{:?}", lines(&events)) };
    assert_eq!(reason.reply_code, ReplyCode::NOT_FOUND);
    sent.extend(end.sent());
    let sent = frames(&sent);
    let (last, content) = sent.split_last().unwrap();
    assert_eq!(last, &(1, 1, b"\0\x14\0\x29".to_vec()), "close-ok");
    let types: Vec<_> = content.iter().map(|frame| frame.0).collect();
    assert_eq!(types, [&[1, 2][..], &[3; 10]].concat());
    assert_eq!(content.iter().skip(2).map(|frame| frame.2.len()).sum::<usize>(), 10 * LARGEST);
    let refused = end.connection.channel(ChannelId::new(1).unwrap());
    assert!(refused.is_err(), "the channel is closed");
}

fn a_server_refuses_a_publish_at_its_head_or_at_its_end() {
    for mode in [ContentMode::Whole, ContentMode::Streamed] {
        let mut config = ServerConfig::default();
        config.content = mode;
        let mut end = server_end_with(config);
        let half = [headed(&end, 1, 10), body(1, b"1234")].concat();
        let rest = [body(1, b"567890"), message(publish(1, "k"), 1, b"behind", 6)].concat();
        let events = if mode == ContentMode::Whole {
            [end.takes(&half), end.takes(&body(1, b"567890"))].concat()
        } else {
            end.takes(&half)
        };
        let method = match &events[0] {
            Event::Content(content) => content.method(),
            Event::ContentStart(start) => start.method(),
            event => panic!("{event}"),
        };
        assert!(matches!(method, Method::BasicPublish(publish) if publish.routing_key == *"k"));
        end.channel().close(ReplyCode::NOT_FOUND, "no exchange").unwrap();
        has_sent(&mut end, &[&channel_close(1, 404, "no exchange")]);
        end.ignores(&if mode == ContentMode::Whole { begun(&end, 1) } else { rest });
        let events = end.takes(&channel_close_ok(1));
        assert!(matches!(events[..], [Event::ChannelClosed { .. }]), "{:?}", lines(&events));
    }
}
