//! W1 and W1mix: deliveries are decoded.

use amqp_bench::engine::{self, Seen};
use amqp_bench::streams::Deliveries;
use amqp_bench::streams::deliveries::LARGEST_BODY;
use amqp_proto::protocol::basic;
use amqp_proto::{ClientConfig, Connection, Event};
use bytes::Bytes;

use super::chunks::by_bytes;
use super::{Each, ROOM, size_name};
use crate::measure::{Clock, Contest};
use crate::peers::{Decoded, amq_protocol, limits, name, own, rabbitmq, serde};

/// The whole stream is given to the engine in calls of [`FEW`] messages.
const ENGINE_FEW: &str = "amqp-proto: engine, four messages to a call";
/// As many as a stream of the largest bodies has.
const FEW: usize = 4;

/// The sizes of bodies.
pub(crate) const SIZES: [usize; 4] = [64, 1 << 10, 16 << 10, LARGEST_BODY];

pub(super) fn regular(each: &mut Each<'_>) {
    for size in SIZES {
        let stream = Deliveries::regular(size, ROOM);
        let mut contest = contest(format!("W1 {}", size_name(size)), &stream);
        if stream.messages > FEW {
            let call = FEW * stream.octets.len() / stream.messages;
            contest.add(ENGINE_FEW, stream.messages, engine(&stream, true, 1, by_bytes(call)));
        }
        each(contest);
    }
}

pub(super) fn irregular(each: &mut Each<'_>) {
    let stream = Deliveries::irregular(2 * ROOM);
    each(contest("W1mix".into(), &stream));
}

/// Messages of a sweep at the least, lest the clock be most of what is measured.
const ENOUGH: usize = 200;
/// Engines that take the same stream one after the other, because none takes it twice. More of them would
/// fill the cache with their own states.
const ENGINES: usize = 8;

fn contest(title: String, stream: &Deliveries) -> Contest<'_> {
    let mut contest = Contest::new(title, &[name::SCAN, name::MEMCPY, name::ENGINE]);
    let octets = &stream.octets[..];
    let times = ENOUGH.div_ceil(stream.messages);
    let messages = stream.messages * times;
    let expected = Decoded { frames: stream.frames, body_octets: stream.body_octets };
    // Decodes the stream as often as it takes.
    let again = move |clock: &mut Clock, decode: &mut dyn FnMut() -> Decoded| {
        let mut all = Decoded::default();
        clock.time(|| {
            for _ in 0..times {
                let decoded = decode();
                all.frames += decoded.frames;
                all.body_octets += decoded.body_octets;
            }
        });
        assert_eq!(all.frames, expected.frames * times);
        assert_eq!(all.body_octets, expected.body_octets * times);
    };

    let mut copy = vec![0; octets.len()];
    contest.add(name::MEMCPY, messages, move |clock| {
        clock.time(|| (0..times).for_each(|_| limits::copy(octets, &mut copy)));
    });
    contest.add(name::SCAN, messages, move |clock| {
        again(clock, &mut || Decoded { frames: limits::scan(octets), ..expected });
    });
    let engines = times.min(ENGINES);
    let times_engines = stream.messages * engines;
    contest.add(name::ENGINE, times_engines, engine(stream, true, engines, engine::take));
    contest.add(name::ENGINE_ACKING, times_engines, engine(stream, false, engines, take_and_ack));
    contest.add(name::FRAMES, messages, move |clock| {
        again(clock, &mut || own::typed_frames(octets));
    });
    contest.add(name::AMQ_PROTOCOL, messages, move |clock| {
        again(clock, &mut || amq_protocol::decode(octets).0);
    });
    contest.add(name::SERDE, messages, move |clock| {
        again(clock, &mut || serde::decode(octets));
    });
    let mut connection = rabbitmq::Connection::new();
    contest.add(name::RABBITMQ_C, messages, move |clock| {
        again(clock, &mut || connection.decode(octets));
    });
    contest
}

/// Clients that take the stream, which is numbered anew each time.
fn engine<'a>(
    stream: &'a Deliveries,
    no_ack: bool,
    engines: usize,
    mut take: impl FnMut(&mut Connection, Bytes) -> Seen + 'a,
) -> impl FnMut(&mut Clock) + 'a {
    let config = ClientConfig::plain("guest", "guest");
    let client = engine::consuming(config, &stream.consumers, no_ack);
    let mut clients = vec![client; engines];
    let mut last = stream.counts();
    let mut octets = stream.octets.clone();
    move |clock| {
        stream.number(&mut octets, &mut last);
        let shared = Bytes::from(core::mem::take(&mut octets));
        // A second handle, so that the first one is not the last.
        let handle = shared.clone();
        let mut all = Seen::default();
        clock.time(|| {
            for client in &mut clients {
                let seen = take(client, handle.clone());
                all.contents += seen.contents;
                all.body_octets += seen.body_octets;
                all.others += seen.others;
            }
        });
        let (contents, body_octets) = (stream.messages * engines, stream.body_octets * engines);
        assert_eq!(all, Seen { contents, body_octets, others: 0 });
        drop(handle);
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
