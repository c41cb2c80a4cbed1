//! W1 and W1mix: deliveries are decoded.

use amqp_bench::engine::{self, Seen};
use amqp_bench::streams::Deliveries;
use amqp_bench::streams::deliveries::LARGEST_BODY;
use amqp_proto::protocol::basic;
use amqp_proto::{ClientConfig, Connection, Event};
use bytes::Bytes;

use super::{Each, ROOM, size_name};
use crate::measure::{Clock, Contest};
use crate::peers::{Decoded, amq_protocol, limits, name, own, rabbitmq, serde};

/// The sizes of bodies.
pub(crate) const SIZES: [usize; 4] = [64, 1 << 10, 16 << 10, LARGEST_BODY];

pub(super) fn regular(each: &mut Each<'_>) {
    for size in SIZES {
        let stream = Deliveries::regular(size, ROOM);
        each(contest(format!("W1 {}", size_name(size)), &stream));
    }
}

pub(super) fn irregular(each: &mut Each<'_>) {
    let stream = Deliveries::irregular(2 * ROOM);
    each(contest("W1mix".into(), &stream));
}

fn contest(title: String, stream: &Deliveries) -> Contest<'_> {
    let mut contest = Contest::new(title, &[name::SCAN, name::MEMCPY, name::ENGINE]);
    let octets = &stream.octets[..];
    let messages = stream.messages;
    let expected = Decoded { frames: stream.frames, body_octets: stream.body_octets };

    let mut copy = vec![0; octets.len()];
    contest.add(name::MEMCPY, messages, move |clock| {
        clock.time(|| limits::copy(octets, &mut copy));
    });
    contest.add(name::SCAN, messages, move |clock| {
        assert_eq!(clock.time(|| limits::scan(octets)), expected.frames);
    });
    contest.add(name::ENGINE, messages, engine(stream, true, engine::take));
    contest.add(name::ENGINE_ACKING, messages, engine(stream, false, take_and_ack));
    contest.add(name::FRAMES, messages, move |clock| {
        assert_eq!(clock.time(|| own::typed_frames(octets)), expected);
    });
    contest.add(name::AMQ_PROTOCOL, messages, move |clock| {
        let (decoded, rest) = clock.time(|| amq_protocol::decode(octets));
        assert!(decoded == expected && rest.is_empty());
    });
    contest.add(name::SERDE, messages, move |clock| {
        assert_eq!(clock.time(|| serde::decode(octets)), expected);
    });
    let mut connection = rabbitmq::Connection::new();
    contest.add(name::RABBITMQ_C, messages, move |clock| {
        assert_eq!(clock.time(|| connection.decode(octets)), expected);
    });
    contest
}

/// A client that takes the stream, which is numbered anew each time.
fn engine<'a>(
    stream: &'a Deliveries,
    no_ack: bool,
    take: impl Fn(&mut Connection, Bytes) -> Seen + 'a,
) -> impl FnMut(&mut Clock) + 'a {
    let config = ClientConfig::plain("guest", "guest");
    let mut client = engine::consuming(config, &stream.consumers, no_ack);
    let mut last = stream.counts();
    let mut octets = stream.octets.clone();
    let Deliveries { messages: contents, body_octets, .. } = *stream;
    move |clock| {
        stream.number(&mut octets, &mut last);
        let shared = Bytes::from(core::mem::take(&mut octets));
        let handle = shared.clone();
        let seen = clock.time(|| take(&mut client, handle));
        assert_eq!(seen, Seen { contents, body_octets, others: 0 });
        octets = Vec::from(shared);
    }
}

fn take_and_ack(client: &mut Connection, octets: Bytes) -> Seen {
    client.handle_bytes(engine::NOW, octets);
    let mut seen = Seen::default();
    while let Some(event) = client.poll_event() {
        seen.note(&event);
        if let Event::Content(content) = event {
            let delivery_tag = content.deliver().expect("a delivery").delivery_tag;
            let mut channel = client.channel(content.channel()).expect("an open channel");
            channel.send(&basic::Ack { delivery_tag, multiple: false }).expect("an ack");
        }
    }
    engine::drain(client);
    seen
}
