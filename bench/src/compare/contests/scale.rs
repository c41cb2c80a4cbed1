//! W7: the same deliveries on few channels and on many, on one connection and on many.

use amqp_bench::engine::{self, Seen};
use amqp_bench::streams::{Deliveries, Message};
use amqp_proto::ClientConfig;
use bytes::Bytes;

use super::Each;
use crate::measure::{Clock, Contest};
use crate::peers::{limits, name};

/// How many channels are open, on one connection.
pub(crate) const CHANNELS: [usize; 4] = [1, 100, 2047, 65_535];
/// How many connections there are, with one channel each.
pub(crate) const CONNECTIONS: [usize; 3] = [1, 100, 10_000];
/// Names of the contests.
pub(crate) const BY_CHANNELS: &str = "W7 channels";
pub(crate) const BY_CONNECTIONS: &str = "W7 connections";

/// What a contestant is called.
pub(crate) fn channels_name(channels: usize) -> String {
    format!("amqp-proto: engine, open channels: {channels}")
}

/// What a contestant is called.
pub(crate) fn connections_name(connections: usize) -> String {
    format!("amqp-proto: engine, connections: {connections}")
}

pub(super) fn all(each: &mut Each<'_>) {
    each(by_channels());
    each(by_connections());
}

/// So many messages, in turn on each of the channels.
fn stream(messages: usize, channels: usize) -> Deliveries {
    let mut message = Message::regular(64);
    let mut one = Vec::new();
    message.deliver(&mut one, 64);
    let mut place = 0;
    let stream = Deliveries::new(one.len() * messages, 64, || {
        message.channel = (place % channels + 1) as u16;
        place += 1;
        message.clone()
    });
    assert_eq!(stream.messages, messages);
    stream
}

/// All streams have as many messages as there are channels at most, 18 MB, so that they differ by nothing
/// but the number of channels. That is more than a cache holds, for the bare scan too.
fn by_channels() -> Contest<'static> {
    let most = CHANNELS[CHANNELS.len() - 1];
    let mut contest = Contest::new(BY_CHANNELS, &[name::SCAN]);
    let Deliveries { octets, frames, .. } = stream(most, 1);
    contest.add(name::SCAN, most, move |clock| {
        assert_eq!(clock.time(|| limits::scan(&octets)), frames);
    });
    for channels in CHANNELS {
        let stream = stream(most, channels);
        let mut config = ClientConfig::plain("guest", "guest");
        config.channel_max = 0;
        config.limits.all_consumers = u32::MAX; // one on each of 65,535 channels
        let mut client = engine::consuming(config, &stream.consumers, true);
        let mut last = stream.counts();
        contest.add(
            channels_name(channels),
            most,
            sweep(stream, move |stream, octets, clock| {
                stream.number(octets, &mut last);
                let shared = Bytes::from(core::mem::take(octets));
                let handle = shared.clone();
                let seen = clock.time(|| engine::take(&mut client, handle));
                *octets = Vec::from(shared);
                seen
            }),
        );
    }
    contest
}

/// Each connection is handed its own message, one after the other.
fn by_connections() -> Contest<'static> {
    let most = CONNECTIONS[CONNECTIONS.len() - 1];
    let mut contest = Contest::new(BY_CONNECTIONS, &[name::SCAN]);
    let Deliveries { octets, frames, .. } = stream(most, 1);
    let len = octets.len() / most;
    contest.add(name::SCAN, most, move |clock| {
        assert_eq!(clock.time(|| limits::scan(&octets)), frames);
    });
    for connections in CONNECTIONS {
        let stream = stream(most, 1);
        let config = ClientConfig::plain("guest", "guest");
        let client = engine::consuming(config, &stream.consumers, true);
        let mut clients = vec![client; connections];
        let mut first = 1;
        contest.add(
            connections_name(connections),
            most,
            sweep(stream, move |stream, octets, clock| {
                stream.number_by(octets, |place| first + (place / connections) as u64);
                first += (most / connections) as u64;
                let shared = Bytes::from(core::mem::take(octets));
                let mut rest = shared.clone();
                let seen = clock.time(|| {
                    let mut seen = Seen::default();
                    while !rest.is_empty() {
                        for client in &mut clients {
                            let one = engine::take(client, rest.split_to(len));
                            seen.contents += one.contents;
                            seen.body_octets += one.body_octets;
                            seen.others += one.others;
                        }
                    }
                    seen
                });
                drop(rest);
                *octets = Vec::from(shared);
                seen
            }),
        );
    }
    contest
}

/// A sweep over a stream that is changed before, and what all of them have to come to.
fn sweep(
    stream: Deliveries,
    mut take: impl FnMut(&Deliveries, &mut Vec<u8>, &mut Clock) -> Seen,
) -> impl FnMut(&mut Clock) {
    let mut octets = stream.octets.clone();
    let Deliveries { messages: contents, body_octets, .. } = stream;
    move |clock| {
        let seen = take(&stream, &mut octets, clock);
        assert_eq!(seen, Seen { contents, body_octets, others: 0 });
    }
}
