//! Output: a peer that asks for more than it reads.

use core::time::Duration;

use amqp_proto::protocol::{Properties, basic};
use amqp_proto::{ChannelId, Connection, Event, UsageError};

use super::bound::{
    CHANNEL, HANDLE, all_channels, connection, frame, grown, highest, reading, unread,
};
use super::requests::{UNBLOCKED, flow};
use super::setting::channel;
use super::{Attack, CLIENT, SERVER, Setting, Shape, USUAL};
use crate::common::*;

/// What is published comes back, and waits for the peer to read it.
const ECHOES: Shape = Shape {
    sides: SERVER,
    limits: &["unsent_output"],
    bound: |s| unread(s) + grown(frame(s).min(LARGE)),
    enough: |s| 2 * s.limits.unsent_output,
    ..USUAL
};

/// A body that takes some frames, and several turns to be written.
const LARGE: usize = 200 << 10;

pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        name: "gets back what it publishes, and reads nothing",
        attack: |_| {
            Attack::floods(message(publish(1, "k"), 1, &[7; 200], 200)).unread().meets(echo)
        },
        ..ECHOES
    },
    Shape {
        name: "gets back what it publishes, and reads an octet at a time",
        attack: |_| {
            Attack::floods(message(publish(1, "k"), 1, &[7; 200], 200)).read_slowly(1).meets(echo)
        },
        ..ECHOES
    },
    Shape {
        name: "gets back bodies far above the window, and reads them slowly",
        limits: &["unsent_output", "output_window"],
        attack: |s| {
            let octets = vec![7; large(s)];
            Attack::floods(message(publish(1, "k"), 1, &octets, s.largest()))
                .read_slowly(s.read / 16)
                .meets(echo)
        },
        bound: |s| {
            // The last one that is taken goes beyond what may wait; another one is being gathered.
            unread(s) + reading(s, frame(s)) + grown(large(s)) + grown(large(s))
        },
        enough: |s| 2 * s.limits.unsent_output + (8 * LARGE).min(8 * s.limits.whole_body as usize),
        ..ECHOES
    },
    Shape {
        name: "publishes more than the application may send back",
        limits: &["max_publish"],
        set: |s| s.limits.max_publish = 100,
        attack: |_| Attack::floods(message(publish(1, "k"), 1, &[7; 150], 150)).meets(echo),
        bound: connection,
        enough: |_| 64 << 10,
        ..ECHOES
    },
    Shape {
        name: "lets a little wait on each of 24 channels after much",
        sides: SERVER,
        limits: &["unsent_output"],
        set: |s| {
            s.channel_max = 24;
            s.limits.unsent_output = s.limits.unsent_output.min(512 << 10);
        },
        victim: |s| s.consuming(s.channel_max, true),
        attack: little_after_much,
        bound: |s| {
            // What waits, twice before it is moved to the front, and twice that to grow; as much is kept.
            let lanes = highest(s) * CHANNEL + 5 * s.limits.unsent_output;
            connection(s) + all_channels(s) + lanes
        },
        enough: |s| 16 * s.limits.unsent_output,
        ..USUAL
    },
    Shape {
        name: "lets answers wait on all channels, and closes the channels",
        sides: SERVER,
        by: "`channel_max`",
        set: |s| {
            s.channel_max = if s.name == "small" { 4 } else { 0 };
            s.limits.output_window = 64;
        },
        victim: |s| s.with_channels(waiting_channels(s)),
        attack: |s| {
            let channels = waiting_channels(s);
            Attack::sends(move |number, out| match number {
                0 => (1..=channels).for_each(|number| out.extend(flow(number))),
                1 => (1..=channels).for_each(|number| out.extend(channel_close(number, 200, ""))),
                _ => out.extend(HEARTBEAT),
            })
            .unread()
        },
        bound: |s| {
            let each = CHANNEL + 256 + HANDLE;
            unread(s) + grown(usize::from(waiting_channels(s)) * each)
        },
        enough: |s| if s.name == "small" { 256 } else { 256 << 10 },
        ..USUAL
    },
    Shape {
        name: "reads nothing for so long that heartbeats are due",
        by: "a heartbeat is sent where nothing waits",
        attack: |_| Attack::floods(HEARTBEAT).unread().dripping(Duration::from_secs(10)),
        enough: |_| 4 << 10,
        ..USUAL
    },
    Shape {
        name: "reads nothing, and the application publishes on",
        sides: CLIENT,
        limits: &["unsent_output"],
        attack: |_| {
            Attack::floods(UNBLOCKED).unread().meets(|client, _| {
                let publish = basic::Publish { routing_key: "k".into(), ..Default::default() };
                let sent = channel(client, 1).publish(&publish, Properties::EMPTY, &[7; 100]);
                assert!(matches!(sent, Ok(_) | Err(UsageError::Full { .. })), "{sent:?}");
            })
        },
        bound: unread,
        enough: |s| s.limits.unsent_output,
        ..USUAL
    },
];

fn large(s: &Setting) -> usize {
    LARGE.min(s.limits.whole_body as usize).min(s.octets / 4)
}

/// Channels on which something waits that is asked for and closed by so many octets.
fn waiting_channels(s: &Setting) -> u16 {
    let channels = (s.octets / 40).min(usize::from(u16::MAX)) as u16;
    if s.channel_max == 0 { channels } else { channels.min(s.channel_max) }
}

/// Delivers what was published to the consumer `c`, where there is room.
pub(super) fn echo(server: &mut Connection, event: &Event) {
    let Event::Content(content) = event else { return };
    echo_on(server, content.channel(), content.body());
}

fn echo_on(server: &mut Connection, id: ChannelId, body: &[u8]) {
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    let sent = server.channel(id).unwrap().deliver(&deliver, Properties::EMPTY, body);
    let may_fail = matches!(sent, Err(UsageError::Full { .. } | UsageError::BodyTooLarge { .. }));
    assert!(sent.is_ok() || may_fail, "{sent:?}");
}

/// On one channel after the other answers wait up to the limit, and are read but for a few. Bodies keep
/// lanes from running empty meanwhile: a turn takes the frames that lie together, or a body.
fn little_after_much(s: &Setting) -> Attack {
    let (channels, limit) = (s.channel_max, s.limits.unsent_output);
    let body = vec![7; 1100.min(limit / 8)];
    let (mut busy, mut kept, mut was_reading) = (1, 0, false);
    Attack::in_waves(limit / 5 * 4, move |is_reading, out| {
        if was_reading && !is_reading {
            busy = busy % channels + 1;
        }
        was_reading = is_reading;
        if is_reading {
            kept = kept % busy + 1;
            out.extend(message(publish(kept, ""), kept, &body, body.len()));
        } else {
            out.extend(flow(busy));
        }
    })
    .meets(echo)
}
