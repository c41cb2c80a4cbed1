//! W5: the streams of W1 come in pieces, as from a socket.

use amqp_bench::engine::{self, NOW, Seen};
use amqp_bench::streams::Deliveries;
use amqp_proto::{ClientConfig, Connection, ContentMode};
use bytes::{Bytes, BytesMut};

use super::{Each, ROOM, size_name};
use crate::measure::{Clock, Contest};
use crate::peers::{Decoded, amq_protocol, limits, name, rabbitmq};

/// The engine is given the whole stream at once.
pub(crate) const WHOLE: &str = "amqp-proto: engine, whole stream";
/// It is given shared pieces.
pub(crate) const GATHERED: &str = "amqp-proto: engine, pieces";
/// The same, and hands bodies on as they come.
pub(crate) const STREAMED: &str = "amqp-proto: engine, pieces, streamed";
/// Pieces are copied to a read buffer, out of which the engine takes frames.
pub(crate) const INPUT: &str = "amqp-proto: engine, pieces by handle_input";

/// Bodies and pieces.
const SIZES: [usize; 5] = [64, 71, 1000, 1 << 10, 16 << 10];
const PIECES: [usize; 3] = [1, 1460, 65_536];

/// What a contest is called.
pub(crate) fn title(body: usize, piece: usize) -> String {
    format!("W5 {} in pieces of {piece}", size_name(body))
}

pub(super) fn all(each: &mut Each<'_>) {
    for piece in PIECES {
        // A stream octet by octet takes far longer.
        let room = if piece == 1 { ROOM / 8 } else { ROOM };
        for size in SIZES {
            let stream = Deliveries::regular(size, room);
            each(contest(title(size, piece), &stream, piece));
        }
    }
}

fn contest(title: String, stream: &Deliveries, piece: usize) -> Contest<'_> {
    let mut contest = Contest::new(title, &[name::MEMCPY, WHOLE]);
    let octets = &stream.octets[..];
    let messages = stream.messages;
    let expected = Decoded { frames: stream.frames, body_octets: stream.body_octets };

    let mut copy = vec![0; piece];
    contest.add(name::MEMCPY, messages, move |clock| {
        clock.time(|| octets.chunks(piece).for_each(|part| limits::copy(part, &mut copy)));
    });
    contest.add(WHOLE, messages, engine(stream, ContentMode::Whole, engine::take));
    contest.add(GATHERED, messages, engine(stream, ContentMode::Whole, by_bytes(piece)));
    contest.add(STREAMED, messages, engine(stream, ContentMode::Streamed, by_bytes(piece)));
    contest.add(INPUT, messages, engine(stream, ContentMode::Whole, by_input(piece)));
    let mut buffer = Vec::new();
    contest.add(name::AMQ_PROTOCOL, messages, move |clock| {
        let decoded = clock.time(|| {
            let mut all = Decoded::default();
            for part in octets.chunks(piece) {
                buffer.extend_from_slice(part);
                let (decoded, rest) = amq_protocol::decode(&buffer);
                all.frames += decoded.frames;
                all.body_octets += decoded.body_octets;
                let taken = buffer.len() - rest.len();
                buffer.drain(..taken);
            }
            all
        });
        assert_eq!(decoded, expected);
    });
    let mut connection = rabbitmq::Connection::new();
    contest.add(name::RABBITMQ_C, messages, move |clock| {
        let decoded = clock.time(|| {
            let mut all = Decoded::default();
            for part in octets.chunks(piece) {
                let decoded = connection.decode(part);
                all.frames += decoded.frames;
                all.body_octets += decoded.body_octets;
            }
            all
        });
        assert_eq!(decoded, expected);
    });
    contest
}

fn engine<'a>(
    stream: &'a Deliveries,
    content: ContentMode,
    mut take: impl FnMut(&mut Connection, Bytes) -> Seen + 'a,
) -> impl FnMut(&mut Clock) + 'a {
    let mut config = ClientConfig::plain("guest", "guest");
    config.content = content;
    let mut client = engine::consuming(config, &stream.consumers, true);
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

/// Events are taken after each piece and dropped at once.
pub(super) fn by_bytes(piece: usize) -> impl FnMut(&mut Connection, Bytes) -> Seen {
    move |client, mut octets| {
        let mut seen = Seen::default();
        while !octets.is_empty() {
            client.handle_bytes(NOW, octets.split_to(piece.min(octets.len())));
            poll(client, &mut seen);
        }
        seen
    }
}

fn by_input(piece: usize) -> impl FnMut(&mut Connection, Bytes) -> Seen {
    let mut buffer = BytesMut::new();
    move |client, octets| {
        let mut seen = Seen::default();
        for part in octets.chunks(piece) {
            buffer.reserve(piece);
            buffer.extend_from_slice(part);
            client.handle_input(NOW, &mut buffer);
            poll(client, &mut seen);
        }
        seen
    }
}

fn poll(client: &mut Connection, seen: &mut Seen) {
    while let Some(event) = client.poll_event() {
        seen.note(&event);
    }
}
