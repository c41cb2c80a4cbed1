//! Requests: those that the application has to answer, those that the engine answers, and replies to none.

use amqp_proto::protocol::{Properties, basic, queue, tx};
use amqp_proto::{Connection, Event, ReplyToken, UsageError};

use super::bound::{CHANNEL, LONGEST, connection, enough_unread, grown, requests, unread};
use super::channels::{closing, wrong_again};
use super::setting::channel;
use super::{Attack, CLIENT, Outcome, SERVER, Setting, Shape, USUAL};
use crate::common::*;

const TOO_MANY: Outcome = Outcome::Ends("LIM-09");

/// What is sent while nothing of the answers is read.
const UNREAD: Shape = Shape {
    limits: &["unsent_output", "output_reserve", "undecoded_input"],
    outcome: Outcome::Waits,
    bound: unread,
    enough: enough_unread,
    ..USUAL
};

pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        name: "asks without end, and the application answers nothing",
        sides: SERVER,
        limits: &["open_requests"],
        attack: |_| Attack::floods(declare(1, "q")),
        outcome: TOO_MANY,
        bound: |s| connection(s) + requests(s),
        ..USUAL
    },
    Shape {
        name: "asks without end, and reads the answers",
        sides: SERVER,
        by: "each is answered, and read",
        attack: |_| Attack::floods(declare(1, "q")).meets(answer),
        bound: |s| connection(s) + requests(s) + grown(2 * s.read),
        ..USUAL
    },
    Shape {
        name: "asks without end, and reads no answers",
        sides: SERVER,
        attack: |_| Attack::floods(declare(1, "q")).unread().meets(answer),
        bound: |s| unread(s) + requests(s),
        ..UNREAD
    },
    Shape {
        name: "asks without end for the longest names, and wants no reply",
        sides: SERVER,
        by: "the last name is kept",
        attack: |_| {
            Attack::sends(|number, out| {
                let name = [b"\0\0", &short(&longest(number))[..], b"\x10\0\0\0\0"];
                out.extend(method(1, 50, 10, &name.concat()));
            })
        },
        ..USUAL
    },
    Shape {
        name: "asks for the longest names on eight channels, and the application answers nothing",
        sides: SERVER,
        limits: &["open_requests"],
        set: |s| s.channel_max = 8,
        victim: Setting::with_all_channels,
        attack: |s| {
            let channels = u64::from(s.channel_max);
            Attack::sends(move |number, out| {
                out.extend(declare((number % channels) as u16 + 1, &longest(number)));
            })
        },
        outcome: TOO_MANY,
        bound: |s| {
            let channels = usize::from(s.channel_max);
            connection(s) + channels * (CHANNEL + 2 * LONGEST + requests(s))
        },
        enough: |s| (s.limits.open_requests as usize + 1) * usize::from(s.channel_max) * 280,
        ..USUAL
    },
    Shape {
        name: "stops and starts contents without end, and reads the answers",
        by: "each is answered, and read",
        attack: |_| Attack::floods(flow(1)),
        bound: |s| connection(s) + grown(s.read),
        ..USUAL
    },
    Shape {
        name: "stops and starts contents without end, and reads no answers",
        attack: |_| Attack::floods(flow(1)).unread(),
        ..UNREAD
    },
    Shape {
        name: "stops and starts contents behind a request that isn't answered",
        sides: SERVER,
        limits: &["open_requests"],
        attack: |_| Attack::begins(declare(1, "q"), flow(1)),
        outcome: TOO_MANY,
        bound: |s| connection(s) + requests(s),
        ..USUAL
    },
    Shape {
        name: "stops and starts contents inside a content of the application",
        sides: CLIENT,
        limits: &["open_requests"],
        victim: |s| {
            let mut client = s.with_channel();
            let publish = basic::Publish::default();
            channel(&mut client, 1).start_publish(&publish, Properties::EMPTY, 9).unwrap();
            client
        },
        attack: |_| Attack::floods(flow(1)),
        outcome: TOO_MANY,
        bound: |s| connection(s) + requests(s),
        ..USUAL
    },
    Shape {
        name: "stops and starts contents behind requests that are answered later, and reads no answers",
        sides: SERVER,
        set: |s| s.channel_max = s.channel_max.min(16),
        victim: Setting::with_all_channels,
        attack: |s| {
            let (channels, each) = (u64::from(s.channel_max), s.limits.open_requests - 2);
            Attack::sends(move |number, out| {
                let number = (number % channels) as u16 + 1;
                out.extend(declare(number, "q"));
                out.extend(flow(number).repeat(each as usize));
            })
            .unread()
            .meets(answer_later())
        },
        bound: |s| {
            let each = CHANNEL + requests(s);
            // One answer lets go all that wait behind it.
            unread(s)
                + usize::from(s.channel_max) * each
                + grown(13 * s.limits.open_requests as usize)
        },
        enough: |s| 3 * enough_unread(s),
        ..UNREAD
    },
    Shape {
        name: "opens and closes channels, and reads no answers",
        sides: SERVER,
        attack: |_| Attack::floods([channel_open(2), channel_close(2, 200, "")].concat()).unread(),
        ..UNREAD
    },
    Shape {
        name: "closes a channel again and again that is being closed, and reads no answers",
        victim: closing,
        attack: |_| Attack::floods(channel_close(1, 200, "")).unread(),
        enough: |s| 2 * enough_unread(s),
        ..UNREAD
    },
    Shape {
        name: "breaks a rule on a channel, and answers a Close that it hasn't read",
        sides: SERVER,
        limits: &["output_window"],
        attack: |_| Attack::floods(wrong_again()).unread(),
        outcome: Outcome::Ends("CHN-07"),
        ..UNREAD
    },
    Shape {
        name: "tells new secrets without end",
        sides: SERVER,
        limits: &["open_requests"],
        attack: |_| Attack::floods(method(0, 10, 70, &[long(&[b'x'; 200]), short("")].concat())),
        outcome: TOO_MANY,
        enough: |s| 2 * 220 * s.limits.open_requests as usize,
        ..USUAL
    },
    Shape {
        name: "sends methods that there are none of",
        by: "the first one",
        attack: |_| Attack::floods(method(1, 60, 9999, b"")),
        outcome: Outcome::Ends("MTH-02"),
        ..USUAL
    },
    Shape {
        name: "replies where nothing was asked",
        by: "the first one",
        attack: |s| {
            let of_server = declare_ok(1, "q");
            Attack::floods(if s.is_client() { of_server } else { method(1, 60, 31, &short("c")) })
        },
        outcome: Outcome::Ends("SYN-03"),
        ..USUAL
    },
    Shape {
        name: "answers nothing that the application asks",
        sides: CLIENT,
        limits: &["open_requests"],
        attack: |_| {
            Attack::floods(UNBLOCKED).meets(|client, _| {
                let asked = channel(client, 1).call(&basic::Recover { requeue: false });
                assert!(matches!(asked, Ok(_) | Err(UsageError::TooManyRequests { .. })));
            })
        },
        bound: |s| connection(s) + requests(s) + grown(s.read),
        ..USUAL
    },
    Shape {
        name: "blocks and unblocks without end",
        sides: CLIENT,
        by: "nothing is kept of it",
        attack: |_| Attack::floods(UNBLOCKED),
        ..USUAL
    },
];

/// connection.unblocked, which makes an event and asks for nothing.
pub(super) const UNBLOCKED: &[u8] = b"\x01\0\0\0\0\0\x04\0\x0A\0\x3D\xCE";

/// channel.flow that lets contents pass.
pub(super) fn flow(channel: u16) -> Vec<u8> {
    method(channel, 20, 20, b"\x01")
}

/// A name as long as may be.
pub(super) fn longest(number: u64) -> String {
    format!("{number:0>LONGEST$}")
}

/// Answers a request, where there is room; that it is the oldest is the application's own affair.
pub(super) fn answer(server: &mut Connection, event: &Event) {
    let Event::Request { token: Some(token), .. } = event else { return };
    reply(server, *token);
}

fn reply(server: &mut Connection, token: ReplyToken) {
    let mut channel = server.channel(token.channel()).unwrap();
    let declared = queue::DeclareOk { queue: "q".into(), ..Default::default() };
    let replied = match channel.reply(token, &declared) {
        Err(UsageError::WrongReply { .. }) => channel.reply(token, &tx::RollbackOk),
        replied => replied,
    };
    let may_fail =
        matches!(replied, Err(UsageError::Full { .. } | UsageError::NotOldestRequest { .. }));
    assert!(replied.is_ok() || may_fail, "{replied:?}");
}

/// Answers each request when the next one comes.
fn answer_later() -> impl FnMut(&mut Connection, &Event) {
    let mut last = None;
    move |server, event| {
        let Event::Request { token: Some(token), .. } = event else { return };
        if let Some(token) = last.replace(*token) {
            reply(server, token);
        }
    }
}
