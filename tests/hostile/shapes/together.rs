//! All of it at once: what a connection may hold at most.

use amqp_proto::{Connection, Event};

use super::bound::{
    CHANNEL, LONGEST, all_channels, consumers, frame, reading, requests, unconfirmed, unfinished,
    unread,
};
use super::output::echo;
use super::requests::longest;
use super::{Attack, Outcome, SERVER, Setting, Shape, USUAL};
use crate::common::*;

pub(crate) const SHAPES: &[Shape] = &[Shape {
    name: "does all of it at once",
    sides: SERVER,
    limits: &[
        "frame_before_tune",
        "open_requests",
        "consumers",
        "unfinished_contents",
        "unconfirmed",
        "unsent_output",
        "output_reserve",
        "undecoded_input",
    ],
    set: |s| {
        s.channel_max = if s.name == "small" { 2 } else { 3 };
        // Else it would take too long.
        s.limits.unconfirmed = s.limits.unconfirmed.min(4096);
        s.limits.unfinished_contents = s.limits.unfinished_contents.min(4 << 20);
    },
    victim: |s| s.after(1),
    attack: everything,
    outcome: Outcome::Waits,
    // Its parts are, each by itself.
    measured: false,
    bound: |s| {
        if s.name == "small" {
            return 32 << 10; // what `Limits::small` promises
        }
        let each = CHANNEL + 3 * LONGEST + requests(s) + consumers(s) + unconfirmed(s);
        let login = s.limits.frame_before_tune as usize;
        let channels = usize::from(s.channel_max - 1);
        unread(s) + all_channels(s) + channels * each + login + unfinished(s) + reading(s, frame(s))
    },
    enough: |s| {
        let limits = &s.limits;
        let counts = limits.open_requests + limits.consumers + limits.unconfirmed;
        let unread = limits.unsent_output + limits.output_reserve + limits.undecoded_input;
        2 * 600 * counts as usize
            + 8 * unread
            + 2 * limits.unfinished_contents as usize
            + 8 * frame(s)
    },
    ..USUAL
}];

/// On all channels but the last: consumers, requests, publishes and contents up to the limit; then answers that aren't
/// read, until nothing more is taken.
fn everything(s: &Setting) -> Attack {
    let (s, full) = (*s, s.channel_max - 1);
    let introduced = {
        let longest = s.limits.frame_before_tune as usize;
        let around = s.introduced_with(b"\x01nS\0\0\0\0").len();
        s.introduced_with(&[b"\x01nS", &long(&vec![b'x'; longest - around])[..]].concat())
    };
    let body_size = s.limits.whole_body.min(s.limits.unfinished_contents / 2);
    let part = vec![7; s.largest().min(body_size as usize / 2)];
    Attack::sends(move |number, out| match number {
        0 => {
            out.extend(&introduced);
            out.extend(s.handshake().split_off(2).concat());
            for channel in 1..=full {
                out.extend(channel_open(channel));
                out.extend(method(channel, 85, 10, b"\x01"));
                out.extend(consume(channel, "c", true));
            }
        }
        1 => {
            for channel in 1..=full {
                for consumer in 1..s.limits.consumers {
                    out.extend(consume(channel, &longest(consumer.into()), true));
                }
                for _ in 1..s.limits.open_requests {
                    out.extend(declare(channel, &longest(0)));
                }
            }
        }
        2 => {
            for channel in 1..=full {
                for _ in 0..s.limits.unconfirmed - 1 {
                    out.extend(message(publish(channel, ""), channel, &[7; 100], 100));
                }
            }
        }
        3 => {
            for channel in 1..=full {
                out.extend(publish(channel, &longest(0)));
                out.extend(header(channel, body_size, BARE));
                let mut left = body_size as usize - 1;
                while left > 0 {
                    let len = left.min(part.len());
                    out.extend(body(channel, &part[..len]));
                    left -= len;
                }
            }
        }
        _ => out.extend([channel_open(full + 1), channel_close(full + 1, 200, "")].concat()),
    })
    .unread()
    .meets(|server: &mut Connection, event: &Event| echo(server, event))
}
