//! Closes and faults after each octet of a publish.

use amqp_proto::protocol::{Properties, ReplyCode, basic};
use amqp_proto::{ChannelId, Connection, Event, UsageError};

use crate::common::*;
use crate::end::End;
use crate::support::*;

const ONE: ChannelId = ChannelId::new(1).unwrap();
const OK: ReplyCode = ReplyCode(200);

/// An end that has a content of two body frames to write.
fn publishing(window: usize) -> [End; 2] {
    let ends = ends_with(4096, |limits| {
        limits.output_window = window;
        limits.max_body = Some(0);
    });
    ends.map(|mut end| {
        end.send_content(1, Properties::EMPTY, vec![b'x'; 4100]).unwrap();
        end
    })
}

/// What happens to it, and how the last frame begins that goes out then: type, channel and method.
type Mishap = (&'static str, fn(&mut End), &'static [u8]);

const ENDS_OF_THE_CONNECTION: &[Mishap] = &[
    (
        "a fault of the peer",
        |end| feed(&mut end.connection, &body(2, b"x")),
        b"\x01\0\0\0\x0A\0\x32\x01\xF8",
    ),
    (
        "a fault of framing",
        |end| feed(&mut end.connection, &frame(9, 0, b"")),
        b"\x01\0\0\0\x0A\0\x32\x01\xF5",
    ),
    ("a close", |end| end.connection.close(T0, OK, "").unwrap(), b"\x01\0\0\0\x0A\0\x32\0\xC8"),
    (
        "a close of the peer",
        |end| feed(&mut end.connection, &connection_close(320, "")),
        b"\x01\0\0\0\x0A\0\x33",
    ),
    ("the end of the stream", |end| end.connection.handle_eof(T0), b""),
    ("silence", |end| end.connection.handle_timeout(at(100_000)), b""),
];

const ENDS_OF_THE_CHANNEL: &[Mishap] = &[
    ("a close", |end| end.channel().close(OK, "").unwrap(), b"\x01\0\x01\0\x14\0\x28\0\xC8"),
    (
        "a close of the peer",
        |end| feed(&mut end.connection, &channel_close(1, 404, "")),
        b"\x01\0\x01\0\x14\0\x29",
    ),
    (
        "a content above the limit",
        |end| {
            let octets = [end.content_of_peer(1, 1), header(1, 1, BARE)].concat();
            feed(&mut end.connection, &octets);
        },
        b"\x01\0\x01\0\x14\0\x28\x01\x37",
    ),
];

/// The peer of this end, which has the same channel; it has closed what `last` says that it has.
fn reader_of(end: &End, last: &[u8]) -> Connection {
    let [client, server] = ends();
    let mut reader = if end.is_client() { server } else { client };
    if reader.is_client() {
        // Deliveries of a consumer `c` are no surprise.
        let consume = basic::Consume {
            queue: "q".into(),
            consumer_tag: "c".into(),
            no_wait: true,
            ..Default::default()
        };
        reader.channel().call(&consume).unwrap();
    }
    if last.ends_with(b"\0\x0A\0\x33") {
        reader.connection.close(T0, OK, "").unwrap();
    } else if last.ends_with(b"\0\x14\0\x29") {
        reader.channel().close(OK, "").unwrap();
    }
    reader.sent();
    reader.connection
}

/// Lets it happen after each octet of the output. What goes out in all are whole frames, and the
/// peer finds nothing wrong with them.
fn happens_after_each_octet(end: &End, (name, happen, last): Mishap, whole_before: bool) {
    let whole = end.clone().sent();
    let reader = reader_of(end, last);
    for count in 0..=whole.len() {
        let mut end = end.clone();
        let mut octets = written(&mut end.connection, count);
        happen(&mut end);
        poll(&mut end.connection);
        octets.extend(written(&mut end.connection, usize::MAX));
        let frames = keep_contents_together(&octets);
        let mut before = octets.len();
        if !last.is_empty() {
            let (frame_type, channel, payload) = frames.last().unwrap();
            let [c0, c1] = channel.to_be_bytes();
            let told = [&[*frame_type, c0, c1][..], payload].concat();
            assert!(told.starts_with(last), "{name} after {count}: {}", hex(&told));
            before -= payload.len() + 8;
        } else if octets.ends_with(HEARTBEAT) {
            before -= HEARTBEAT.len(); // All was written, and a beat was due.
        }
        assert!(before >= count && whole.starts_with(&octets[..before]), "{name} after {count}");
        assert!(!whole_before || before == whole.len(), "{name} after {count}");
        let mut reader = reader.clone();
        feed(&mut reader, &octets);
        for event in poll(&mut reader) {
            assert!(
                !matches!(event, Event::Violation(_) | Event::Irregular(_)),
                "{name} after {count}: {event}"
            );
        }
    }
}

/// OpenSIPS, by rabbitmq-c: when a publish failed halfway it wrote a Close of the channel where the
/// content's header or body was due, and the broker ended the connection with 505. `LIM-07`,
/// `CNT-04`, `CNT-19`.
pub(crate) fn opensips_4224_no_close_is_written_inside_of_a_publish() {
    // All in the window at once, and frame by frame.
    for window in [64 << 10, 1] {
        for end in publishing(window) {
            for mishap in ENDS_OF_THE_CONNECTION {
                happens_after_each_octet(&end, *mishap, false);
            }
            for mishap in ENDS_OF_THE_CHANNEL {
                happens_after_each_octet(&end, *mishap, true);
            }
        }
    }
}

/// The same where the application hasn't given all of the body yet. Nothing but the rest of it is
/// sent on the channel, unless the whole connection ends. `CNT-04`.
pub(crate) fn opensips_4224_a_publish_that_has_begun_is_finished_or_the_last() {
    for end in ends_with(4096, |limits| limits.max_body = Some(0)) {
        let mut end = end;
        end.start_content(3000);
        end.channel().send_body(&[b'x'; 1000]).unwrap();
        for mishap in ENDS_OF_THE_CONNECTION {
            happens_after_each_octet(&end, *mishap, false);
        }
        // A fault that would end the channel has to end the connection.
        let (name, happen, _) = ENDS_OF_THE_CHANNEL[2];
        happens_after_each_octet(&end, (name, happen, b"\x01\0\0\0\x0A\0\x32\x01\xF5"), false);
        // The peer's own Close is answered behind zeros in place of the rest.
        let (_, happen, last) = ENDS_OF_THE_CHANNEL[1];
        for count in 0..end.clone().sent().len() {
            let mut end = end.clone();
            let mut octets = written(&mut end.connection, count);
            happen(&mut end);
            poll(&mut end.connection);
            octets.extend(written(&mut end.connection, usize::MAX));
            let frames = keep_contents_together(&octets);
            let given = frames.iter().filter(|frame| frame.0 == 3).map(|frame| frame.2.len());
            assert_eq!(given.sum::<usize>(), 3000);
            let (_, _, payload) = frames.last().unwrap();
            assert_eq!([b"\x01\0\x01", &payload[..]].concat(), last);
        }
        // What the application may not do there changes nothing.
        let mut octets = end.sent();
        let open = |method| UsageError::ContentOpen { method, missing: 2000 };
        end.refuses(|end| end.channel(ONE)?.close(OK, ""), open("channel.close"));
        end.channel().send_body(&[b'x'; 2000]).unwrap();
        end.channel().close(OK, "").unwrap();
        octets.extend(end.sent());
        let frames = keep_contents_together(&octets);
        assert_eq!(frames.last().unwrap().2[..4], *b"\0\x14\0\x28");
    }
}
