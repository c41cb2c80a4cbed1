//! The accounts of a channel: deliveries, publishes, acks, confirms, returns and transactions.

use amqp_proto::protocol::{Properties, basic, confirm, tx};
use amqp_proto::{ChannelId, Connection, Event, UsageError};

use super::bound::{
    DELIVERY, EVENT, connection, grown, requests, returns, unacked, unconfirmed, undecoded,
};
use super::contents::returned;
use super::requests::{UNBLOCKED, answer, flow};
use super::setting::channel;
use super::{Attack, CLIENT, Outcome, SERVER, Setting, Shape, USUAL};
use crate::common::*;

/// A server delivers, and its client's application acks too little.
const DELIVERS: Shape = Shape {
    sides: CLIENT,
    limits: &["unacked", "undecoded_input"],
    victim: Setting::with_acks,
    outcome: Outcome::Waits,
    bound: |s| connection(s) + unacked(s) + undecoded(s),
    enough: |s| 64 * s.limits.unacked as usize + 2 * s.limits.undecoded_input,
    ..USUAL
};

/// A client publishes, and its server's application confirms too little.
const PUBLISHES: Shape = Shape {
    sides: SERVER,
    limits: &["unconfirmed", "undecoded_input"],
    victim: Setting::confirming,
    outcome: Outcome::Waits,
    bound: |s| connection(s) + unconfirmed(s) + undecoded(s),
    enough: |s| 48 * s.limits.unconfirmed as usize + 2 * s.limits.undecoded_input,
    ..USUAL
};

/// A server gives back what its client has published.
const GIVES_BACK: Shape = Shape {
    sides: CLIENT,
    by: "`unconfirmed`",
    victim: |s| published(s, publishes(s)),
    bound: |s| connection(s) + returns(s),
    enough: |s| EACH * s.limits.unconfirmed as usize,
    ..USUAL
};

pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        name: "delivers without end, and the application acks nothing",
        attack: |_| deliveries(),
        ..DELIVERS
    },
    Shape {
        name: "delivers without end, and the application acks every second one",
        attack: |_| deliveries().meets(|client, event| ack_if(client, event, every_second)),
        enough: |s| 2 * 64 * s.limits.unacked as usize + 2 * s.limits.undecoded_input,
        ..DELIVERS
    },
    Shape {
        name: "delivers without end, and the application acks all but the first",
        limits: &[],
        by: "gaps between deliveries are closed",
        attack: |_| deliveries().meets(|client, event| ack_if(client, event, before_the_last)),
        outcome: Outcome::GoesOn,
        bound: |s| connection(s) + grown(s.read),
        enough: |_| 64 << 10,
        ..DELIVERS
    },
    Shape {
        name: "delivers without end, and the application acks in a transaction that it never commits",
        limits: &["uncommitted", "unacked", "undecoded_input"],
        victim: |s| {
            let mut client = s.with_acks();
            channel(&mut client, 1).call(&tx::Select).unwrap();
            output(&mut client);
            client
        },
        attack: |_| deliveries().meets(|client, event| ack_if(client, event, Some)),
        bound: |s| {
            let uncommitted = s.limits.uncommitted as usize * (DELIVERY + 8);
            connection(s) + unacked(s) + grown(uncommitted) + undecoded(s) + grown(s.read)
        },
        enough: |s| {
            let deliveries = s.limits.unacked as usize + s.limits.uncommitted as usize;
            64 * deliveries + 2 * s.limits.undecoded_input
        },
        ..DELIVERS
    },
    Shape {
        name: "delivers under tags that were used before",
        sides: CLIENT,
        by: "nothing is kept of them",
        victim: Setting::with_acks,
        attack: |_| Attack::floods([deliver(1, 1), header(1, 0, BARE)].concat()),
        ..USUAL
    },
    Shape {
        name: "publishes without end, and the application confirms nothing",
        attack: |_| publishing(),
        ..PUBLISHES
    },
    Shape {
        name: "publishes without end, and the application confirms all but the first",
        attack: |_| {
            publishing().meets(|server, event| {
                let Event::Content(content) = event else { return };
                let delivery_tag = content.publish_seq().unwrap().number();
                if delivery_tag > 1 {
                    let ack = basic::Ack { delivery_tag, multiple: false };
                    channel(server, 1).send(&ack).unwrap();
                }
            })
        },
        ..PUBLISHES
    },
    Shape {
        name: "confirms nothing that the application publishes",
        sides: CLIENT,
        limits: &["unconfirmed"],
        victim: Setting::confirming,
        attack: |_| {
            Attack::floods(UNBLOCKED).meets(|client, _| {
                let publish = basic::Publish { mandatory: true, ..Default::default() };
                let published = channel(client, 1).publish(&publish, Properties::EMPTY, "");
                assert!(matches!(published, Ok(_) | Err(UsageError::TooManyUnconfirmed { .. })));
            })
        },
        bound: |s| connection(s) + returns(s) + grown(4 * s.read),
        enough: |s| 2 * UNBLOCKED.len() * s.limits.unconfirmed as usize,
        ..USUAL
    },
    Shape {
        name: "confirms every second publish by itself, and then all at once",
        sides: CLIENT,
        by: "`unconfirmed`: an event for every second publish",
        victim: |s| published(s, s.octets / 21),
        attack: |s| {
            let publishes = s.octets as u64 / 21;
            Attack::sends(move |number, out| match number {
                _ if number < publishes / 2 => out.extend(ack(2 * number + 2, false)),
                _ if number == publishes / 2 => out.extend(ack(0, true)),
                _ => out.extend(HEARTBEAT),
            })
        },
        bound: |s| connection(s) + returns(s) + grown(EVENT * s.limits.unconfirmed as usize / 2),
        enough: |s| 21 * s.limits.unconfirmed as usize,
        ..USUAL
    },
    Shape {
        name: "confirms every second publish, and closes the channel, for which others are opened",
        sides: CLIENT,
        by: "`unconfirmed`: an event for every second publish; `channel_max`",
        victim: |s| published(s, s.octets / 21),
        attack: |s| {
            let publishes = s.octets as u64 / 21;
            Attack::sends(move |number, out| match number {
                _ if number < publishes / 2 => out.extend(ack(2 * number + 2, false)),
                _ if number == publishes / 2 => out.extend(channel_close(1, 404, "gone")),
                _ => out.extend(HEARTBEAT),
            })
            .meets(|client, event| {
                if matches!(event, Event::Confirmed { fate: amqp_proto::Fate::Unknown, .. }) {
                    let opened = client.open_channel();
                    assert!(matches!(opened, Ok(_) | Err(UsageError::NoFreeChannel { .. })));
                }
            })
        },
        bound: |s| {
            let events = grown(EVENT * s.limits.unconfirmed as usize / 2);
            super::bound::all_channels(s) + returns(s) + events + grown(64 << 10)
        },
        enough: |s| 21 * s.limits.unconfirmed as usize,
        ..USUAL
    },
    Shape {
        name: "confirms what was never published",
        sides: CLIENT,
        by: "nothing is kept of it",
        victim: Setting::confirming,
        attack: |_| Attack::sends(|number, out| out.extend(ack(number + 1, number % 2 == 0))),
        ..USUAL
    },
    Shape {
        name: "gives publishes back, the last one first",
        attack: |s| {
            let publishes = publishes(s);
            Attack::sends(move |number, out| {
                out.extend(returned(&key(publishes - 1 - number as usize % publishes), b""));
            })
        },
        ..GIVES_BACK
    },
    Shape {
        name: "gives back what isn't among the publishes",
        attack: |_| Attack::floods(returned("another key", b"")),
        ..GIVES_BACK
    },
    Shape {
        name: "refuses all publishes at once, and gives them back, the last one first",
        attack: |s| {
            let publishes = publishes(s);
            Attack::sends(move |number, out| {
                if number == 0 {
                    out.extend(method(1, 60, 120, b"\0\0\0\0\0\0\0\0\x01"));
                }
                out.extend(returned(&key(publishes - 1 - number as usize % publishes), b""));
            })
        },
        bound: |s| connection(s) + returns(s) + grown(64 * s.limits.unconfirmed as usize),
        ..GIVES_BACK
    },
    Shape {
        name: "lets itself be delivered to without end, and acks nothing",
        sides: SERVER,
        limits: &["unacked"],
        victim: Setting::with_acks,
        attack: |_| Attack::floods(flow(1)).meets(deliver_one),
        bound: |s| connection(s) + unacked(s) + grown(8 * s.read),
        enough: |s| 2 * 13 * s.limits.unacked as usize,
        ..USUAL
    },
    Shape {
        name: "acks in a transaction that it never commits",
        sides: SERVER,
        limits: &["unacked"],
        victim: transacted,
        attack: |s| {
            let (each, limit) = ([flow(1), ack(1, false)].concat(), u64::from(s.limits.unacked));
            Attack::sends(move |number, out| {
                if number < limit {
                    out.extend(&each[..13]);
                    out.extend(ack(number + 1, false));
                } else {
                    // Nothing more is delivered to it.
                    out.extend(&each[..13]);
                }
            })
            .meets(deliver_one)
        },
        bound: |s| {
            let acks = 8 * s.limits.unacked as usize;
            connection(s) + unacked(s) + grown(acks) + grown(8 * s.read)
        },
        enough: |s| 2 * 34 * s.limits.unacked as usize,
        ..USUAL
    },
    Shape {
        name: "acks all in a transaction, and rolls it back",
        sides: SERVER,
        by: "`unacked`",
        victim: |s| delivered(s, (s.octets / 64).min(s.limits.unacked as usize)),
        attack: |_| Attack::floods([ack(0, true), method(1, 90, 30, b"")].concat()).meets(answer),
        bound: |s| connection(s) + unacked(s) + requests(s),
        enough: |s| 64 * s.limits.unacked as usize,
        ..USUAL
    },
    Shape {
        name: "acks all in a transaction, and asks to recover",
        sides: SERVER,
        by: "`unacked`",
        victim: |s| delivered(s, (s.octets / 64).min(s.limits.unacked as usize)),
        attack: |_| Attack::begins(ack(0, true), method(1, 60, 100, b"\x01")),
        bound: |s| connection(s) + unacked(s),
        enough: |s| 64 * s.limits.unacked as usize,
        ..USUAL
    },
    Shape {
        name: "asks to recover without end, and is delivered to",
        sides: SERVER,
        by: "nothing is kept of it",
        victim: Setting::with_acks,
        attack: |_| Attack::floods(method(1, 60, 100, b"\x01")).meets(deliver_one),
        bound: |s| connection(s) + grown(8 * s.read),
        ..USUAL
    },
];

/// Octets of a publish that is given back.
const EACH: usize = 60;

/// Deliveries without a body, with tags that rise.
fn deliveries() -> Attack {
    let head = header(1, 0, BARE);
    Attack::sends(move |number, out| {
        out.extend(deliver(1, number + 1));
        out.extend(&head);
    })
}

fn publishing() -> Attack {
    Attack::floods([publish(1, ""), header(1, 0, BARE)].concat())
}

fn every_second(tag: u64) -> Option<u64> {
    Some(tag).filter(|tag| tag % 2 == 0)
}

/// Each but the first once another one has come behind it, so that it leaves a gap.
fn before_the_last(tag: u64) -> Option<u64> {
    Some(tag - 1).filter(|tag| *tag > 1)
}

/// Acks what is to be acked when a delivery comes, if it may be.
fn ack_if(client: &mut Connection, event: &Event, acks: fn(u64) -> Option<u64>) {
    let Event::Content(content) = event else { return };
    if let Some(delivery_tag) = acks(content.deliver().unwrap().delivery_tag) {
        let acked = channel(client, 1).send(&basic::Ack { delivery_tag, multiple: false });
        assert!(matches!(acked, Ok(()) | Err(UsageError::TooManyUncommitted { .. })), "{acked:?}");
    }
}

/// basic.ack.
fn ack(tag: u64, multiple: bool) -> Vec<u8> {
    method(1, 60, 80, &[&tag.to_be_bytes()[..], &[u8::from(multiple)]].concat())
}

fn key(number: usize) -> String {
    format!("key {number}")
}

/// So many publishes can be given back by what the peer means to send.
fn publishes(s: &Setting) -> usize {
    (s.octets / EACH).min(s.limits.unconfirmed as usize)
}

/// A client that has made so many publishes that may come back, no two of which are alike.
fn published(s: &Setting, publishes: usize) -> Connection {
    let mut client = s.with_channel();
    channel(&mut client, 1).call(&confirm::Select { no_wait: true }).unwrap();
    for number in 0..publishes.min(s.limits.unconfirmed as usize) {
        let key = key(number);
        let routing_key = key.as_str().into();
        let publish = basic::Publish { mandatory: true, routing_key, ..Default::default() };
        channel(&mut client, 1).publish(&publish, Properties::EMPTY, "").unwrap();
        output(&mut client);
    }
    client
}

/// A server whose channel is transacted, with a consumer.
fn transacted(s: &Setting) -> Connection {
    let mut server = s.with_acks();
    feed(&mut server, &method(1, 90, 10, b""));
    for event in poll(&mut server) {
        let Event::Request { token: Some(token), .. } = event else { continue };
        channel(&mut server, 1).reply(token, &tx::SelectOk).unwrap();
    }
    output(&mut server);
    server
}

/// The same where so many deliveries wait for their ack.
fn delivered(s: &Setting, deliveries: usize) -> Connection {
    let mut server = transacted(s);
    for _ in 0..deliveries {
        deliver_one(&mut server, &Event::Connected);
        output(&mut server);
    }
    server
}

/// Delivers, unless too much waits for its ack.
fn deliver_one(server: &mut Connection, _: &Event) {
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    let Ok(mut channel) = server.channel(ChannelId::new(1).unwrap()) else { return };
    let sent = channel.deliver(&deliver, Properties::EMPTY, "");
    let may_fail =
        matches!(sent, Err(UsageError::TooManyUnacked { .. } | UsageError::ChannelPhase { .. }));
    assert!(sent.is_ok() || may_fail, "{sent:?}");
}
