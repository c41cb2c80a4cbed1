//! Frames: never ended, announced too large, of no known type, and more of them than anybody needs.

use amqp_proto::protocol::ReplyCode;
use core::time::Duration;

use super::attack::AtLast;
use super::bound::{
    connection, enough_unread, frame, grown, reading, undecoded, unpolled, unread, with_frame,
};
use super::setting::headed;
use super::{Attack, CLIENT, Outcome, SERVER, Setting, Shape, USUAL};
use crate::common;
use crate::common::*;

const SILENT: Outcome = Outcome::Over("nothing came for two heartbeats");

pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        name: "begins a frame header and never ends it",
        by: "twice the heartbeat",
        attack: |_| Attack::says(b"\x03\0\x01\0\0\0"),
        outcome: SILENT,
        ..USUAL
    },
    Shape {
        name: "begins a frame as large as may be and never ends it",
        by: "frame-max, twice the heartbeat",
        attack: |s| {
            let mut octets = common::frame(1, 1, &vec![0; frame(s).min(s.octets) - 8]);
            octets.pop();
            Attack::says(octets)
        },
        outcome: SILENT,
        bound: |s| connection(s) + reading(s, frame(s)),
        enough: frame,
        ..USUAL
    },
    Shape {
        name: "announces a frame of 4 GiB",
        by: "frame-max",
        attack: |_| Attack::begins(b"\x03\0\x01\xFF\xFF\xFF\xFF", vec![0; 256]),
        outcome: Outcome::Ends("FRM-06"),
        ..USUAL
    },
    Shape {
        name: "sends content headers as large as may be, above a small frame-max",
        sides: CLIENT,
        limits: &["method_or_header_frame"],
        set: |s| s.frame_max = 4096,
        attack: |s| headers(s.limits.method_or_header_frame as usize, s.octets),
        bound: with_frame,
        enough: |s| 8 * frame(s),
        ..USUAL
    },
    Shape {
        name: "sends content headers larger than may be, above a small frame-max",
        sides: CLIENT,
        limits: &["method_or_header_frame"],
        set: |s| s.frame_max = 4096,
        attack: |s| {
            // A payload may be as long as the limit (FRM-06).
            headers(s.limits.method_or_header_frame as usize + 9, usize::MAX)
        },
        outcome: Outcome::Ends("FRM-06"),
        bound: with_frame,
        enough: |s| 8 * frame(s),
        ..USUAL
    },
    Shape {
        name: "sends bodies in frames as large as may be, where both sides have set no limit",
        limits: &["unlimited_frame"],
        set: |s| s.frame_max = 0,
        attack: |s| {
            let size = (s.limits.unlimited_frame as usize).min(s.octets / 2) - 8;
            let (s, octets) = (*s, common::frame(3, 1, &vec![7; size]));
            Attack::sends(move |number, out| {
                out.extend(s.carrier(1, number));
                out.extend(header(1, size as u64, BARE));
                out.extend(&octets);
            })
        },
        bound: |s| {
            let frame = s.limits.unlimited_frame as usize;
            connection(s) + reading(s, frame) + grown(frame)
        },
        enough: |s| 2 * s.limits.unlimited_frame as usize,
        ..USUAL
    },
    Shape {
        name: "announces a larger frame, where both sides have set no limit",
        limits: &["unlimited_frame"],
        set: |s| s.frame_max = 0,
        attack: |s| {
            let size = (s.limits.unlimited_frame + 1).to_be_bytes();
            Attack::begins([b"\x03\0\x01", &size[..]].concat(), vec![0; 256])
        },
        outcome: Outcome::Ends("FRM-06"),
        ..USUAL
    },
    Shape {
        name: "sends frames of no known type",
        by: "the first one",
        attack: |_| Attack::floods(common::frame(9, 1, b"")),
        outcome: Outcome::Ends("FRM-03"),
        ..USUAL
    },
    Shape {
        name: "ends its frames with another octet",
        by: "the first one",
        attack: |_| Attack::floods(b"\x08\0\0\0\0\0\0\0"),
        outcome: Outcome::Ends("FRM-02"),
        ..USUAL
    },
    Shape {
        name: "sends random octets",
        by: "the first seven",
        attack: |_| {
            let mut state = 1_u32;
            Attack::sends(move |_, out| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                out.push((state >> 24) as u8);
            })
        },
        outcome: Outcome::Ends("FRM-03"),
        ..USUAL
    },
    Shape {
        name: "sends frames on channels that aren't open",
        by: "the first one: no state is made for it",
        attack: |_| Attack::sends(|number, out| out.extend(body(2 + number as u16 % 60_000, b"x"))),
        outcome: Outcome::Ends("CHN-01"),
        ..USUAL
    },
    Shape {
        name: "goes on after a fault, whose Close it never answers",
        by: "nothing is kept of what comes before close-ok",
        attack: |s| {
            let s = *s;
            Attack::sends(move |number, out| out.extend(s.carrier(u16::from(number > 0), 0)))
        },
        outcome: Outcome::Ends("FRM-10"),
        ..USUAL
    },
    Shape {
        name: "closes the connection again and again while it is being closed, and reads nothing",
        limits: &["unsent_output", "output_reserve", "undecoded_input"],
        by: "`close_timeout`",
        victim: |s| {
            let mut connection = s.open();
            connection.close(T0, ReplyCode::CONNECTION_FORCED, "enough").unwrap();
            connection
        },
        attack: |_| Attack::floods(connection_close(200, "")).unread().at_last(AtLast::Time),
        outcome: Outcome::Over("close-ok didn't come in time"),
        bound: unread,
        enough: |s| 2 * enough_unread(s),
        ..USUAL
    },
    Shape {
        name: "ends the stream behind a flood whose answers it doesn't read",
        sides: SERVER,
        limits: &["unsent_output", "output_reserve", "undecoded_input"],
        attack: |_| Attack::floods(FLOW).unread().at_last(AtLast::End),
        outcome: Outcome::Over("the stream has ended"),
        // What has come by then is decoded and answered all the same.
        bound: |s| unread(s) + undecoded(s),
        enough: enough_unread,
        ..USUAL
    },
    Shape {
        name: "sends heartbeats without end",
        by: "nothing is kept of them",
        attack: |_| Attack::floods(HEARTBEAT),
        ..USUAL
    },
    Shape {
        name: "sends heartbeats octet by octet",
        by: "nothing is kept of them",
        attack: |_| Attack::floods(HEARTBEAT).dripping(Duration::from_millis(1)),
        enough: |_| 4 << 10,
        ..USUAL
    },
    Shape {
        name: "sends heartbeats, and the application takes no events",
        limits: &["undecoded_input"],
        attack: |_| Attack::floods(HEARTBEAT).unpolled(),
        outcome: Outcome::Waits,
        bound: |s| unpolled(s, 0),
        enough: |s| 2 * s.limits.undecoded_input,
        ..USUAL
    },
    Shape {
        name: "sends heartbeats octet by octet, and the application takes no events",
        limits: &["undecoded_input"],
        attack: |_| Attack::floods(HEARTBEAT).unpolled().dripping(Duration::ZERO),
        outcome: Outcome::Waits,
        bound: |s| unpolled(s, 0),
        enough: |s| 2 * s.limits.undecoded_input,
        ..USUAL
    },
    Shape {
        name: "sends frames as large as may be, and the application takes no events",
        limits: &["undecoded_input"],
        attack: |s| Attack::floods(body(1, &vec![0; s.largest().min(s.octets / 4)])).unpolled(),
        outcome: Outcome::Waits,
        bound: |s| unpolled(s, frame(s)),
        enough: |s| 2 * s.limits.undecoded_input + 4 * frame(s),
        ..USUAL
    },
    Shape {
        name: "sends streamed bodies octet by octet, and the application takes no events",
        limits: &["undecoded_input"],
        set: |s| s.streamed = true,
        victim: |s| {
            let mut connection = s.with_consumer();
            feed(&mut connection, &[s.carrier(1, 0), header(1, 1 << 40, BARE)].concat());
            feed(&mut connection, &first(s)[..8]);
            poll(&mut connection);
            connection
        },
        attack: |s| {
            let (first, mut begun) = (first(s), 8);
            Attack::sends(move |_, out| out.extend(&first[core::mem::take(&mut begun)..]))
                .unpolled()
                .dripping(Duration::ZERO)
        },
        outcome: Outcome::Waits,
        bound: |s| unpolled(s, 0),
        enough: |s| 2 * s.limits.undecoded_input,
        ..USUAL
    },
];

/// channel.flow that lets contents pass.
const FLOW: &[u8] = b"\x01\0\x01\0\0\0\x05\0\x14\0\x14\x01\xCE";

/// A body frame as large as may be.
fn first(s: &Setting) -> Vec<u8> {
    body(1, &vec![7; s.largest()])
}

/// Deliveries without a body whose header frames are so long, or as long as so many octets have room for.
fn headers(size: usize, octets: usize) -> Attack {
    let headed = headed(1, 0, size.min(octets / 8));
    Attack::sends(move |number, out| {
        out.extend(deliver(1, number + 1));
        out.extend(&headed);
    })
}
