//! Consumers: as many as may be, with names as long as may be, in the worst order, again and again.

use amqp_proto::Connection;
use amqp_proto::protocol::basic;

use super::bound::{CHANNEL, GONE, all_channels, all_consumers, connection, consumers, requests};
use super::requests::longest;
use super::setting::channel;
use super::{Attack, CLIENT, Outcome, SERVER, Setting, Shape, USUAL};
use crate::common::*;

pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        name: "makes consumers with the longest tags",
        sides: SERVER,
        limits: &["consumers"],
        attack: |_| Attack::sends(|number, out| out.extend(consume(1, &longest(number), true))),
        ..MAKES
    },
    Shape {
        name: "makes consumers with the longest tags, each before all others",
        sides: SERVER,
        limits: &["consumers"],
        attack: |_| {
            let tag = |number: u64| longest(u64::from(u32::MAX) - number);
            Attack::sends(move |number, out| out.extend(consume(1, &tag(number), true)))
        },
        ..MAKES
    },
    Shape {
        name: "makes consumers of one tag, each while the end of the last one waits for an answer",
        sides: SERVER,
        limits: &["consumers"],
        attack: |_| {
            let cancel = method(1, 60, 30, &[&short(&longest(0))[..], b"\0"].concat());
            Attack::floods([consume(1, &longest(0), true), cancel].concat())
        },
        bound: |s| connection(s) + consumers(s) + requests(s),
        enough: |s| 2 * 560 * s.limits.consumers as usize,
        ..MAKES
    },
    Shape {
        name: "makes consumers with the longest tags on eight channels",
        sides: SERVER,
        limits: &["consumers"],
        set: |s| s.channel_max = 8,
        victim: Setting::with_all_channels,
        attack: |s| {
            let channels = u64::from(s.channel_max);
            Attack::sends(move |number, out| {
                out.extend(consume((number % channels) as u16 + 1, &longest(number), true));
            })
        },
        bound: |s| connection(s) + usize::from(s.channel_max) * (CHANNEL + consumers(s)),
        enough: |s| 2 * 280 * usize::from(s.channel_max) * s.limits.consumers as usize,
        ..MAKES
    },
    Shape {
        name: "makes consumers with the longest tags on all channels",
        sides: SERVER,
        limits: &["all_consumers"],
        victim: Setting::with_all_channels,
        attack: |s| {
            let channels = u64::from(s.channel_max);
            Attack::sends(move |number, out| {
                out.extend(consume((number % channels) as u16 + 1, &longest(number), true));
            })
        },
        bound: |s| all_channels(s) + all_consumers(s),
        enough: |s| 2 * 280 * s.limits.all_consumers as usize,
        ..MAKES
    },
    Shape {
        name: "makes and ends consumers without end",
        sides: SERVER,
        by: "the last eight that are gone are remembered",
        attack: |_| {
            Attack::sends(|number, out| {
                out.extend(consume(1, &longest(number), true));
                out.extend(cancel(&longest(number)));
            })
        },
        bound: |s| connection(s) + GONE,
        ..USUAL
    },
    Shape {
        name: "makes and ends consumers before as many others as may be",
        sides: SERVER,
        limits: &["consumers"],
        victim: |s| {
            let mut server = s.with_channel();
            for number in 1..s.limits.consumers {
                feed(&mut server, &consume(1, &format!("consumer {number}"), true));
                poll(&mut server);
            }
            server
        },
        attack: |_| makes_and_ends(),
        bound: |s| connection(s) + consumers(s),
        ..USUAL
    },
    Shape {
        name: "makes and ends consumers beside as many others on all channels as may be",
        sides: SERVER,
        limits: &["all_consumers"],
        victim: |s| {
            let mut server = s.with_all_channels();
            for number in 1..s.limits.all_consumers {
                let channel = (number % u32::from(s.channel_max)) as u16 + 1;
                feed(&mut server, &consume(channel, &format!("consumer {number}"), true));
                poll(&mut server);
            }
            server
        },
        attack: |_| makes_and_ends(),
        bound: |s| all_channels(s) + all_consumers(s) + GONE,
        ..USUAL
    },
    Shape {
        name: "ends consumers that there are none of, while much is asked",
        sides: CLIENT,
        by: "`open_requests`: nothing more is kept",
        victim: asking,
        attack: |_| {
            Attack::sends(|number, out| out.extend(method(1, 60, 31, &short(&longest(number)))))
        },
        bound: |s| connection(s) + requests(s),
        ..USUAL
    },
];

const MAKES: Shape = Shape {
    outcome: Outcome::Ends("LIM-10"),
    bound: |s| connection(s) + consumers(s),
    enough: |s| 2 * 280 * s.limits.consumers as usize,
    ..USUAL
};

/// Consumers that come before all others, each of which is ended at once.
fn makes_and_ends() -> Attack {
    Attack::sends(|number, out| {
        let tag = format!("a{number}");
        out.extend(consume(1, &tag, true));
        out.extend(cancel(&tag));
    })
}

/// basic.cancel that wants no reply.
fn cancel(tag: &str) -> Vec<u8> {
    method(1, 60, 30, &[&short(tag)[..], b"\x01"].concat())
}

/// A client that has asked as much as it may.
fn asking(s: &Setting) -> Connection {
    let mut client = s.with_channel();
    for _ in 0..s.limits.open_requests {
        channel(&mut client, 1).call(&basic::Recover { requeue: false }).unwrap();
        output(&mut client);
    }
    client
}
