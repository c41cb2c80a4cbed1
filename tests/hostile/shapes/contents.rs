//! Contents: declared and never sent, in the smallest pieces, with heads as large as may be, on all channels.

use amqp_proto::Connection;
use amqp_proto::protocol::{Properties, basic};

use super::bound::{
    CHANNEL, all_channels, connection, frame, grown, highest, reading, unfinished, with_frame,
};
use super::setting::headed;
use super::{Attack, CLIENT, Outcome, SERVER, Setting, Shape, USUAL};

use crate::common::*;

pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        name: "declares bodies of u64::MAX octets",
        limits: &["max_body"],
        set: |s| s.limits.max_body = s.limits.max_body.or(Some(512 << 20)),
        attack: |s| too_large(s, 1),
        outcome: Outcome::EndsChannels("LIM-04"),
        bound: |s| connection(s) + grown(2 * s.read),
        ..USUAL
    },
    Shape {
        name: "declares bodies of u64::MAX octets on all channels",
        sides: SERVER,
        limits: &["max_body"],
        victim: Setting::with_all_channels,
        attack: |s| too_large(s, s.channel_max),
        outcome: Outcome::EndsChannels("LIM-04"),
        bound: |s| all_channels(s) + grown(4 * s.read),
        enough: |s| 4 * 100 * usize::from(s.channel_max),
        ..USUAL
    },
    Shape {
        name: "declares a body of u64::MAX octets, and sends it",
        sides: CLIENT,
        by: "a body above `whole_body` comes in parts",
        attack: |s| Attack::begins(head(s, 1, 0, u64::MAX), body(1, &[7; 500])),
        bound: |s| connection(s) + reading(s, 512),
        enough: |_| 1 << 20,
        ..USUAL
    },
    Shape {
        name: "declares bodies of u64::MAX octets on all channels, and sends them",
        by: "a body above `whole_body` comes in parts",
        set: |s| {
            s.limits.max_body = Some(u64::MAX);
            s.channel_max = s.channel_max.min(256);
        },
        victim: |s| s.consuming(s.channel_max, true),
        attack: |s| {
            let (s, channels) = (*s, u64::from(s.channel_max));
            Attack::sends(move |number, out| {
                let channel = (number % channels) as u16 + 1;
                if number < channels {
                    out.extend(head(&s, channel, 0, u64::MAX));
                }
                out.extend(body(channel, &[7; 100]));
            })
        },
        bound: all_channels,
        enough: |s| 1000 * usize::from(s.channel_max),
        ..USUAL
    },
    Shape {
        name: "sends bodies that are just gathered, in frames as large as may be",
        limits: &["whole_body", "unfinished_contents"],
        attack: |s| bodies(s, s.limits.whole_body.min(s.octets as u64 / 2), s.largest()),
        bound: |s| gathering(s) + reading(s, frame(s)),
        enough: |s| 2 * s.limits.whole_body as usize,
        ..USUAL
    },
    Shape {
        name: "sends bodies that are just too large to be gathered, in frames as large as may be",
        limits: &["whole_body"],
        attack: |s| bodies(s, s.limits.whole_body + 1, s.largest().min(s.octets / 8)),
        bound: |s| connection(s) + reading(s, frame(s)),
        enough: |s| 2 * s.limits.whole_body as usize,
        ..USUAL
    },
    Shape {
        name: "sends bodies in frames of one octet",
        limits: &["whole_body"],
        set: |s| s.limits.whole_body = s.limits.whole_body.min(64 << 10),
        attack: |s| bodies(s, s.limits.whole_body, 1),
        bound: gathering,
        enough: |s| 10 * s.limits.whole_body as usize,
        ..USUAL
    },
    Shape {
        name: "sends body frames without an octet",
        limits: &["empty_body_frames"],
        attack: |s| Attack::begins(head(s, 1, 0, 9), body(1, b"")),
        outcome: Outcome::Ends("CNT-10"),
        ..USUAL
    },
    Shape {
        name: "sends as many body frames without an octet as may be before each octet",
        limits: &["whole_body"],
        set: |s| s.limits.whole_body = s.limits.whole_body.min(4 << 10),
        attack: |s| {
            let empty = usize::from(s.limits.empty_body_frames);
            let slow = [body(1, b"").repeat(empty), body(1, b"x")].concat();
            let (s, size) = (*s, s.limits.whole_body);
            Attack::sends(move |number, out| {
                if number % size == 0 {
                    out.extend(head(&s, 1, number / size, size));
                }
                out.extend(&slow);
            })
        },
        bound: gathering,
        enough: |s| 150 * s.limits.whole_body as usize,
        ..USUAL
    },
    Shape {
        name: "begins bodies that are just gathered on 16 channels, and ends none",
        limits: &["unfinished_contents"],
        set: |s| {
            s.limits.whole_body = s.limits.whole_body.min(256 << 10);
            s.limits.unfinished_contents = 4 * s.limits.whole_body;
            s.channel_max = 16;
        },
        ..BEGINS
    },
    Shape {
        name: "begins bodies on 16 channels, and ends none, where they may not come in parts",
        limits: &["unfinished_contents"],
        set: |s| {
            s.limits.whole_body = s.limits.whole_body.min(256 << 10);
            s.limits.unfinished_contents = 4 * s.limits.whole_body;
            s.limits.max_body = Some(s.limits.whole_body);
            s.channel_max = 16;
        },
        outcome: Outcome::EndsChannels("LIM-10"),
        ..BEGINS
    },
    Shape {
        name: "sends content headers as large as may be on 64 channels, and no bodies",
        limits: &["unfinished_contents"],
        set: |s| {
            s.channel_max = 64;
            s.limits.unfinished_contents = s.limits.unfinished_contents.min(2 << 20);
        },
        victim: |s| s.consuming(s.channel_max, true),
        attack: |s| {
            let (s, channels) = (*s, u64::from(s.channel_max));
            let headed = headed(0, 9, frame(&s).min(s.octets / 8));
            Attack::sends(move |number, out| {
                let channel = (number % channels) as u16 + 1;
                if number < channels {
                    out.extend(s.carrier(channel, 0));
                    let place = out.len();
                    out.extend(&headed);
                    out[place + 1..place + 3].copy_from_slice(&channel.to_be_bytes());
                } else {
                    out.extend(HEARTBEAT);
                }
            })
        },
        bound: |s| with_frame(s) + all_channels(s) + unfinished(s),
        enough: |s| (usize::from(s.channel_max) + 1) * frame(s),
        ..USUAL
    },
    Shape {
        name: "sends a body of 64 KiB on each channel, one after the other",
        by: "places of four contents are kept",
        set: |s| s.channel_max = s.channel_max.min(128),
        victim: |s| s.consuming(s.channel_max, true),
        attack: |s| {
            let (s, channels) = (*s, u64::from(s.channel_max));
            let size = s.limits.whole_body.min(64 << 10);
            let octets = vec![7; size as usize];
            // Two frames, or more where frames are small.
            let largest = s.largest().min(octets.len() / 2);
            Attack::sends(move |number, out| {
                let channel = (number % channels) as u16 + 1;
                let carrier = s.carrier(channel, number / channels);
                out.extend(message(carrier, channel, &octets, largest));
            })
        },
        bound: |s| {
            let size = s.limits.whole_body.min(64 << 10) as usize;
            all_channels(s) + reading(s, size) + 5 * grown(size + 1024)
        },
        enough: |s| usize::from(s.channel_max) * (64 << 10),
        ..USUAL
    },
    Shape {
        name: "sends messages without a body",
        by: "nothing is kept of them",
        attack: |s| bodies(s, 0, 1),
        ..USUAL
    },
    Shape {
        name: "sends small messages",
        by: "nothing is kept of them",
        attack: |s| bodies(s, 10, 10),
        ..USUAL
    },
    Shape {
        name: "sends small messages to a side that takes them in parts",
        by: "nothing is kept of them",
        set: |s| s.streamed = true,
        attack: |s| bodies(s, 10, 3),
        ..USUAL
    },
    Shape {
        name: "gives back messages that nobody has published",
        sides: CLIENT,
        by: "nothing is kept of them",
        attack: |_| Attack::floods(returned("k", b"body")),
        ..USUAL
    },
    Shape {
        name: "closes channels inside contents that are being sent, and reads nothing",
        sides: CLIENT,
        by: "`channel_max`: a channel whose content isn't written is still there",
        set: |s| s.channel_max = s.channel_max.min(256),
        victim: with_begun_contents,
        attack: |s| {
            let channels = u64::from(s.channel_max);
            Attack::sends(move |number, out| {
                if number < channels {
                    out.extend(channel_close(number as u16 + 1, 404, "gone"));
                } else {
                    out.extend(HEARTBEAT);
                }
            })
            .unread()
        },
        bound: |s| all_channels(s) + grown(2 * s.limits.output_window) + highest(s) * CHANNEL,
        enough: |s| 64 * usize::from(s.channel_max),
        ..USUAL
    },
];

/// Bodies that are just gathered, but for their last octets, one channel after the other.
const BEGINS: Shape = Shape {
    victim: |s| s.consuming(s.channel_max, true),
    attack: |s| {
        let (s, channels) = (*s, u64::from(s.channel_max));
        let size = s.limits.whole_body;
        let part = vec![7; s.largest().min(size as usize / 4)];
        let parts = size.div_ceil(part.len() as u64) - 1;
        Attack::sends(move |number, out| {
            let (turn, place) = (number / (parts + 1), number % (parts + 1));
            let channel = turn.min(channels) as u16 + 1;
            if turn >= channels {
                out.extend(HEARTBEAT);
            } else if place == 0 {
                out.extend(head(&s, channel, 0, size));
            } else {
                out.extend(body(channel, &part));
            }
        })
    },
    bound: |s| all_channels(s) + reading(s, frame(s)) + unfinished(s),
    enough: |s| (usize::from(s.channel_max) + 1) * s.limits.whole_body as usize,
    ..USUAL
};

/// A content that is gathered.
fn gathering(s: &Setting) -> usize {
    connection(s) + grown(s.limits.whole_body as usize + 1024)
}

/// The carrier and the header of a content.
fn head(s: &Setting, channel: u16, number: u64, size: u64) -> Vec<u8> {
    [s.carrier(channel, number), header(channel, size, BARE)].concat()
}

/// Bodies of this size in frames of so many octets, again and again.
fn bodies(s: &Setting, size: u64, each: usize) -> Attack {
    let (s, part) = (*s, vec![7; each]);
    let frames = size.div_ceil(each as u64);
    Attack::sends(move |number, out| {
        let (message, place) = (number / (frames + 1), number % (frames + 1));
        if place == 0 {
            out.extend(head(&s, 1, message, size));
        } else {
            let left = size - (place - 1) * each as u64;
            let len = usize::try_from(left).map_or(each, |left| left.min(each));
            out.extend(body(1, &part[..len]));
        }
    })
}

/// Bodies that are too large, on one of so many channels after the other. Their channels are closed, and
/// opened again.
fn too_large(s: &Setting, channels: u16) -> Attack {
    let (s, channels) = (*s, u64::from(channels));
    let attack = Attack::sends(move |number, out| {
        let channel = (number % channels) as u16 + 1;
        out.extend(head(&s, channel, 0, u64::MAX));
        out.extend(channel_close_ok(channel));
        out.extend(if s.is_client() { channel_open_ok(channel) } else { channel_open(channel) });
    });
    if !s.is_client() {
        return attack;
    }
    attack.meets(|client, event| {
        if let amqp_proto::Event::ChannelClosed { .. } = event {
            client.open_channel().unwrap();
        }
    })
}

/// A basic.return.
pub(super) fn returned(routing_key: &str, octets: &[u8]) -> Vec<u8> {
    let parts = [b"\x01\x38", &short("no route")[..], b"\0", &short(routing_key)];
    message(method(1, 60, 50, &parts.concat()), 1, octets, 4000)
}

/// On each channel a publish has begun.
fn with_begun_contents(s: &Setting) -> Connection {
    let mut client = s.with_all_channels();
    for number in 1..=s.channel_max {
        let publish = basic::Publish::default();
        let mut channel = super::setting::channel(&mut client, number);
        channel.start_publish(&publish, Properties::EMPTY, u64::MAX).unwrap();
        output(&mut client);
    }
    client
}
