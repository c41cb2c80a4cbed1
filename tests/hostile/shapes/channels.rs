//! Channels: all of them, again and again, in an order that is chosen with care.

use amqp_proto::Event;
use amqp_proto::protocol::ReplyCode;

use super::bound::{CHANNEL, all_channels, connection, grown, highest};
use super::setting::channel;
use super::{Attack, CLIENT, Outcome, SERVER, Setting, Shape, USUAL};
use crate::common::*;

const USED_ANEW: &str = "`channel_max`: places of closed channels are used anew";

pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        name: "opens channels without end",
        sides: SERVER,
        by: "`channel_max`",
        victim: Setting::open,
        attack: |_| Attack::sends(|number, out| out.extend(channel_open(number as u16 + 1))),
        outcome: Outcome::Ends("TUN-12"),
        bound: all_channels,
        enough: |s| 13 * (highest(s) + 1),
        ..USUAL
    },
    Shape {
        name: "opens all of 65,535 channels, where both sides have set no limit",
        sides: SERVER,
        by: "the numbers that there are",
        set: |s| s.channel_max = 0,
        victim: Setting::open,
        attack: |_| {
            Attack::sends(|number, out| match u16::try_from(number + 1) {
                Ok(number) => out.extend(channel_open(number)),
                Err(_) => out.extend(HEARTBEAT),
            })
        },
        bound: all_channels,
        enough: |_| 13 << 16,
        ..USUAL
    },
    Shape {
        name: "opens and closes channels without end",
        sides: SERVER,
        by: USED_ANEW,
        victim: Setting::open,
        attack: |s| {
            let channels = u64::from(s.channel_max);
            Attack::sends(move |number, out| {
                let number = (number % channels) as u16 + 1;
                out.extend(channel_open(number));
                out.extend(channel_close(number, 200, "bye"));
            })
        },
        ..USUAL
    },
    Shape {
        name: "opens all channels, and closes and opens each again",
        sides: SERVER,
        by: USED_ANEW,
        victim: Setting::with_all_channels,
        attack: |s| {
            let channels = u64::from(s.channel_max);
            Attack::sends(move |number, out| {
                let number = (number % channels) as u16 + 1;
                out.extend(channel_close(number, 200, "bye"));
                out.extend(channel_open(number));
            })
        },
        bound: all_channels,
        ..USUAL
    },
    Shape {
        name: "closes channels that the application opens again",
        sides: CLIENT,
        by: USED_ANEW,
        victim: Setting::with_all_channels,
        attack: |s| {
            // The lowest and the highest in turn, so that a free number is far from the last one.
            let highest = s.channel_max;
            Attack::sends(move |number, out| {
                let number = if number % 2 == 0 { 1 } else { highest };
                out.extend(channel_close(number, 404, "gone"));
                out.extend(channel_open_ok(number));
            })
            .meets(|connection, event| {
                if let Event::ChannelClosed { .. } = event {
                    connection.open_channel().unwrap();
                }
            })
        },
        bound: all_channels,
        ..USUAL
    },
    Shape {
        name: "uses channels with numbers that are hard to tell apart",
        sides: SERVER,
        by: "256 numbers at most are compared",
        set: |s| s.channel_max = 0,
        victim: |s| {
            let mut server = s.open();
            for number in alike() {
                feed(&mut server, &channel_open(number));
                poll(&mut server);
            }
            output(&mut server);
            server
        },
        attack: |_| {
            let numbers = alike();
            Attack::sends(move |number, out| {
                let number = numbers[number as usize % numbers.len()];
                out.extend(message(publish(number, ""), number, b"", 1));
            })
        },
        bound: |s| connection(s) + grown(ALIKE * CHANNEL),
        ..USUAL
    },
    Shape {
        name: "breaks a rule on a channel, and opens it again",
        sides: SERVER,
        by: "each is told, and read",
        attack: |_| Attack::floods(wrong_again()),
        outcome: Outcome::EndsChannels("ACK-01"),
        // A Close is longer than what it is for.
        bound: |s| connection(s) + grown(4 * s.read),
        ..USUAL
    },
    Shape {
        name: "closes a channel again and again that is being closed",
        by: "each is answered, and read",
        victim: closing,
        attack: |_| Attack::floods(channel_close(1, 200, "")),
        ..USUAL
    },
];

/// An ack of nothing, the answer to the Close that follows, and the channel once more.
pub(super) fn wrong_again() -> Vec<u8> {
    let wrong = method(1, 60, 80, b"\0\0\0\0\0\0\0\x09\0");
    [wrong, channel_close_ok(1), channel_open(1)].concat()
}

/// The application has closed channel 1.
pub(super) fn closing(s: &Setting) -> amqp_proto::Connection {
    let mut connection = s.with_channel();
    channel(&mut connection, 1).close(ReplyCode::REPLY_SUCCESS, "").unwrap();
    connection
}

const ALIKE: usize = 256;

/// Numbers that share a chain of the index while there are as many chains as they are.
fn alike() -> Vec<u16> {
    let mut numbers: Vec<u16> = (1..=u16::MAX).collect();
    numbers.sort_by_key(|number| number.wrapping_mul(0x9E37));
    numbers.truncate(ALIKE);
    numbers
}
