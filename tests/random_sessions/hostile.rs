//! A peer that sends whatever it likes, at any time: the engine survives, ends once, stays within its
//! limits and writes nothing but frames.

use core::time::Duration;

use amqp_proto::protocol::{Dialect, Method, MethodKind};
use amqp_proto::wire::TableLimits;
use amqp_proto::{
    ChannelId, ClientConfig, Connection, Instant, Limits, Profile, ServerConfig, Side,
};

use crate::commands;
use crate::common;
use crate::end::End;
use crate::rng::Rng;

/// The shortest valid payload of each method that this side may send, with all arguments zero or
/// empty.
pub(crate) fn methods(sender: Side) -> Vec<Vec<u8>> {
    let decodes =
        |payload: &Vec<u8>| Method::decode(Dialect::V0_9_1, payload, &TableLimits::DEFAULT).is_ok();
    let shortest = |kind: &MethodKind| {
        let id = kind.id(Dialect::V0_9_1)?;
        let ids = [id.class_id.to_be_bytes(), id.method_id.to_be_bytes()].concat();
        (0..64).map(|len| [&ids[..], &vec![0; len]].concat()).find(decodes)
    };
    let may = |kind: &&MethodKind| match sender {
        Side::Client => kind.info().senders.client(),
        _ => kind.info().senders.server(),
    };
    // Close of the connection and of channels end the session too soon.
    let mild =
        |kind: &&MethodKind| !kind.name().contains("close") && kind.name() != "connection.redirect";
    MethodKind::ALL.iter().filter(may).filter(mild).filter_map(shortest).collect()
}

fn connection(rng: &mut Rng) -> Connection {
    let profile = rng.pick(&[Profile::DEFAULT, Profile::STRICT]);
    let mut limits = rng.pick(&[Limits::default(), Limits::small()]);
    limits.max_body = rng.pick(&[None, Some(100)]);
    limits.open_requests = rng.pick(&[1, 8, 1024]);
    limits.unsent_output = rng.pick(&[2000, 20_000]);
    limits.output_reserve = rng.pick(&[0, 500]);
    limits.sasl_rounds = 2;
    if rng.once_in(2) {
        let mut config = ClientConfig::plain("guest", "guest");
        (config.profile, config.limits) = (profile, limits);
        Connection::client(config, Instant::ORIGIN)
    } else {
        let mut config = ServerConfig::default();
        (config.profile, config.limits) = (profile, limits);
        config.channel_max = rng.pick(&[0, 2047]);
        Connection::server(config, Instant::ORIGIN)
    }
}

/// Octets that a peer in good order would begin with, perhaps not all of them.
fn beginning(side: Side, rng: &mut Rng) -> Vec<u8> {
    let mut octets = match side {
        Side::Client => common::server_handshake(4096),
        _ => [common::client_handshake(4096), common::channel_open(1)].concat(),
    };
    if side == Side::Server && rng.once_in(2) {
        octets.extend(common::method(1, 85, 10, b"\0"));
    }
    if rng.once_in(8) {
        octets.truncate(rng.below(octets.len()));
    }
    octets
}

/// Octets without a meaning.
fn noise(len: usize, rng: &mut Rng) -> Vec<u8> {
    (0..len).map(|_| rng.next().to_le_bytes()[2]).collect()
}

/// Something to confuse the engine with, often nearly right: what ends a session at once is rare.
fn octets(connection: &Connection, methods: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut channels: Vec<_> = connection.channels().map(ChannelId::number).collect();
    if rng.once_in(300) {
        channels = vec![0, 1, 2, 3, 65_535];
    } else if channels.is_empty() && connection.side() == Side::Client {
        return common::HEARTBEAT.to_vec();
    } else if channels.is_empty() {
        channels = vec![1];
    }
    let channel = rng.pick(&channels);
    let mut octets = match rng.below(24) {
        0..3 if connection.side() == Side::Server => {
            let number = rng.pick(&[1, 2, 3, 300]);
            let is_open = connection.channels().any(|id| id.number() == number);
            if is_open && !rng.once_in(20) {
                return common::HEARTBEAT.to_vec();
            }
            common::channel_open(number)
        }
        0..9 => {
            let mut payload = methods[rng.below(methods.len())].clone();
            let of_connection = payload.starts_with(&[0, 10]);
            if of_connection && !rng.once_in(50) {
                return common::HEARTBEAT.to_vec();
            }
            let at = rng.below(payload.len());
            if at >= 4 && rng.once_in(4) {
                payload[at] = rng.pick(&[0, 1, 2, 255]);
            }
            common::frame(1, if of_connection { 0 } else { channel }, &payload)
        }
        9..12 => {
            let size = rng.pick(&[0, 1, 10, 101, u64::MAX]);
            let carrier = if rng.once_in(2) {
                common::publish(channel, "q")
            } else {
                common::deliver(channel, 1)
            };
            [carrier, common::header(channel, size, common::BARE)].concat()
        }
        12..15 => common::body(channel, &vec![b'b'; rng.pick(&[0, 1, 9, 10, 5000])]),
        15 if rng.once_in(20) => common::header(channel, 3, &noise(9, rng)),
        15 => common::header(channel, rng.pick(&[0, 1, 10]), common::BARE),
        16 if connection.side() == Side::Client => common::channel_open_ok(channel),
        16 | 17 => common::channel_close_ok(channel),
        18 => common::channel_close(channel, 404, "gone"),
        19 => common::HEARTBEAT.to_vec(),
        20 => common::declare(channel, "q").repeat(rng.pick(&[1, 50])),
        21 if rng.once_in(20) => noise(rng.pick(&[1, 8, 30]), rng),
        21 => common::open_ok(),
        22 if rng.once_in(20) => common::connection_close(320, "down"),
        _ => {
            // basic.ack of a client or a server: a confirm.
            let tag = rng.pick(&[0_u64, 1, 2, 5]).to_be_bytes();
            common::method(channel, 60, 80, &[&tag[..], &[rng.pick(&[0, 1])]].concat())
        }
    };
    if rng.once_in(2000) {
        let at = rng.below(octets.len());
        octets[at] ^= rng.pick(&[1, 0x80, 0xFF]);
    }
    octets
}

/// One session of a peer that keeps no rule.
pub(crate) fn run(seed: u64, steps: usize, [client, server]: &[Vec<Vec<u8>>; 2]) {
    let rng = &mut Rng::new(seed);
    let mut end = End::new(connection(rng));
    let side = end.connection.side();
    let methods = if side == Side::Client { server } else { client };
    end.inbound.extend_from_slice(&beginning(side, rng));
    let reads = !rng.once_in(4);
    let mut now = Instant::ORIGIN;
    let mut most_unsent = 0;
    for _ in 0..steps {
        match rng.below(20) {
            0..8 => end.inbound.extend_from_slice(&octets(&end.connection, methods, rng)),
            8..12 => end.receive(rng, now),
            12..15 => while end.poll().is_some() && !rng.once_in(10) {},
            15 if end.question.is_some() => drop(commands::decide(&mut end, rng)),
            15 | 16 => {
                let before = end.connection.unsent();
                commands::give(&mut end, rng, now);
                // What this side's own application adds is its own affair.
                most_unsent += end.connection.unsent().saturating_sub(before);
            }
            17 if reads => drop(end.transmit(rng)),
            17 if rng.once_in(1000) => {
                end.output.anything = true;
                end.connection.inject(b"\x03\0\0\0\0\0\x0Aanything");
            }
            18 => {
                now = now + Duration::from_millis(rng.pick(&[0, 1, 10, 1000]));
                end.connection.handle_timeout(now);
            }
            _ => {}
        }
        let bound = 20_000 + 500 + 8192 + most_unsent;
        assert!(end.connection.unsent() <= bound, "{} octets wait", end.connection.unsent());
    }
    end.inbound_ended = true;
    while !end.is_over() {
        end.receive(rng, now);
        while end.poll().is_some() {}
    }
    while !end.transmit(rng).is_empty() {}
    end.check_over();
}
