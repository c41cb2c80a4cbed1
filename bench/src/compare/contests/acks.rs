//! W2: acks are decoded, by a server for its deliveries and by a client for its publishes.

use amqp_bench::engine::{self, Seen, drain};
use amqp_bench::streams::acks;
use amqp_proto::protocol::{Properties, basic};
use amqp_proto::{ChannelId, Connection};
use bytes::Bytes;

use super::Each;
use crate::measure::{Clock, Contest};
use crate::peers::{Decoded, amq_protocol, limits, name, own, rabbitmq, serde};

/// A client that takes confirms.
pub(crate) const ENGINE_CONFIRMS: &str = "amqp-proto: engine, confirms";

/// Acks of a sweep.
const ACKS: usize = 8192;

pub(super) fn all(each: &mut Each<'_>) {
    let octets = acks::acks(1, ACKS);
    let octets = &octets[..];
    let expected = Decoded { frames: ACKS, body_octets: 0 };
    let mut contest = Contest::new("W2", &[name::SCAN, name::MEMCPY, name::ENGINE]).per("ack");

    let mut copy = vec![0; octets.len()];
    contest.add(name::MEMCPY, ACKS, move |clock| {
        clock.time(|| limits::copy(octets, &mut copy));
    });
    contest.add(name::SCAN, ACKS, move |clock| {
        assert_eq!(clock.time(|| limits::scan(octets)), ACKS);
    });
    contest.add(name::ENGINE, ACKS, server());
    contest.add(ENGINE_CONFIRMS, ACKS, client());
    contest.add(name::FRAMES, ACKS, move |clock| {
        assert_eq!(clock.time(|| own::typed_frames(octets)), expected);
    });
    contest.add(name::AMQ_PROTOCOL, ACKS, move |clock| {
        assert_eq!(clock.time(|| amq_protocol::decode(octets)).0, expected);
    });
    contest.add(name::SERDE, ACKS, move |clock| {
        assert_eq!(clock.time(|| serde::decode(octets)), expected);
    });
    let mut connection = rabbitmq::Connection::new();
    contest.add(name::RABBITMQ_C, ACKS, move |clock| {
        assert_eq!(clock.time(|| connection.decode(octets)), expected);
    });
    each(contest);
}

fn server() -> impl FnMut(&mut Clock) {
    let deliver = basic::Deliver { consumer_tag: "c".into(), ..Default::default() };
    acked(engine::delivering("c", false), move |server| {
        let mut channel = server.channel(first()).expect("an open channel");
        channel.deliver(&deliver, Properties::EMPTY, b"").expect("a delivery");
    })
}

fn client() -> impl FnMut(&mut Clock) {
    let publish = basic::Publish { routing_key: "q".into(), ..Default::default() };
    acked(engine::confirming(), move |client| {
        let mut channel = client.channel(first()).expect("an open channel");
        channel.publish(&publish, Properties::EMPTY, b"").expect("a publish");
    })
}

fn first() -> ChannelId {
    ChannelId::new(1).expect("not channel 0")
}

fn acked(
    mut connection: Connection,
    mut send: impl FnMut(&mut Connection),
) -> impl FnMut(&mut Clock) {
    let mut octets = acks::acks(1, ACKS);
    let mut next = 1;
    move |clock| {
        for _ in 0..ACKS {
            send(&mut connection);
            drain(&mut connection);
        }
        acks::number(&mut octets, next);
        next += ACKS as u64;
        let shared = Bytes::from(core::mem::take(&mut octets));
        let handle = shared.clone();
        let seen = clock.time(|| engine::take(&mut connection, handle));
        assert_eq!(seen, Seen { others: ACKS, ..Seen::default() });
        octets = Vec::from(shared);
    }
}
