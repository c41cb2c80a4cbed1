//! Sessions of a client with a server: neither breaks a rule, and both come to one end.

use core::time::Duration;

use amqp_proto::protocol::ReplyCode;
use amqp_proto::{
    ClientConfig, Connection, ContentMode, Heartbeat, Instant, Limits, Mechanism, Phase,
    ServerConfig, Side,
};
use bytes::Buf;

use crate::commands;
use crate::end::End;
use crate::rng::Rng;

pub(crate) struct Session {
    pub(crate) ends: [End; 2],
    pub(crate) now: Instant,
}

pub(crate) fn client(rng: &mut Rng) -> Connection {
    let mut config = ClientConfig::plain("guest", "guest");
    // It takes all the challenges that the server's application thinks of.
    config.mechanisms = vec![Mechanism::custom("OWN", b"first")];
    config.frame_max = rng.pick(&[0, 4096, 5000, 131_072]);
    config.channel_max = rng.pick(&[0, 3, 2047]);
    config.heartbeat = rng.pick(&[
        Heartbeat::Off,
        Heartbeat::Prefer(60),
        Heartbeat::Prefer(60),
        Heartbeat::Prefer(2),
    ]);
    config.content = rng.pick(&[ContentMode::Whole, ContentMode::Streamed]);
    config.limits = limits(rng, config.limits);
    Connection::client(config, Instant::ORIGIN)
}

pub(crate) fn server(rng: &mut Rng) -> Connection {
    let mut config = ServerConfig::default();
    config.mechanisms = "PLAIN OWN".into();
    config.frame_max = rng.pick(&[0, 4096, 131_072]);
    config.channel_max = rng.pick(&[0, 4, 2047]);
    config.heartbeat = rng.pick(&[0, 60, 60, 2]);
    config.content = rng.pick(&[ContentMode::Whole, ContentMode::Streamed]);
    config.limits = limits(rng, config.limits);
    Connection::server(config, Instant::ORIGIN)
}

/// Small limits are reached; those that the ends must share stay as they are.
fn limits(rng: &mut Rng, mut limits: Limits) -> Limits {
    limits.whole_body = rng.pick(&[0, 1000, 16 << 20]);
    limits.unconfirmed = rng.pick(&[1, 5, 65_536]);
    limits.unacked = rng.pick(&[1, 5, 65_536]);
    limits.undecoded_input = rng.pick(&[100, 4096, 256 << 10]);
    limits.unsent_output = rng.pick(&[1000, 20_000, 1 << 20]);
    limits.output_reserve = rng.pick(&[20, 500, 64 << 10]);
    limits.output_window = rng.pick(&[1, 1000, 64 << 10]);
    limits
}

impl Session {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        Self { ends: [client(rng), server(rng)].map(End::new), now: Instant::ORIGIN }
    }

    /// Does one thing at one of the ends.
    pub(crate) fn step(&mut self, rng: &mut Rng) {
        let turn = rng.below(2);
        let [client, server] = &mut self.ends;
        let (end, other) = if turn == 0 { (client, server) } else { (server, client) };
        match rng.below(20) {
            0..5 => commands::give(end, rng, self.now),
            5..9 => end.receive(rng, self.now),
            9..13 => {
                let octets = end.transmit(rng);
                if !other.inbound_ended {
                    other.inbound.extend_from_slice(&octets);
                }
                if end.is_over() && end.connection.unsent() == 0 {
                    other.inbound_ended = true;
                }
            }
            13..18 => {
                for _ in 0..rng.pick(&[1, 3, 1000]) {
                    if end.poll().is_none() {
                        break;
                    }
                }
            }
            18 => {
                self.now = self.now + Duration::from_millis(rng.pick(&[0, 0, 1, 1, 20, 300]));
                end.connection.handle_timeout(self.now);
            }
            _ if rng.once_in(2000) => end.inbound_ended = true,
            _ => {
                let due = end.connection.poll_timeout();
                if let Some(due) = due.filter(|due| *due - self.now < Duration::from_millis(300)) {
                    self.now = self.now.max(due);
                    end.connection.handle_timeout(self.now);
                }
            }
        }
    }

    /// Lets everything arrive and answers what is asked, until nothing is left to do.
    pub(crate) fn settle(&mut self, rng: &mut Rng, gracefully: bool) {
        for _ in 0..100_000 {
            let mut quiet = true;
            for turn in 0..2 {
                let [client, server] = &mut self.ends;
                let (end, other) = if turn == 0 { (client, server) } else { (server, client) };
                quiet &= !end.connection.transmit().has_remaining();
                let octets = end.transmit(rng);
                if !other.inbound_ended {
                    other.inbound.extend_from_slice(&octets);
                }
                if end.is_over() && !end.connection.transmit().has_remaining() {
                    other.inbound_ended = true;
                }
                quiet &= end.inbound.is_empty() && (!end.inbound_ended || end.told_end);
                end.receive(rng, self.now);
                while end.poll().is_some() {
                    quiet = false;
                }
                if gracefully {
                    quiet &= !commands::finish_something(end, rng);
                }
            }
            if quiet {
                return;
            }
        }
        panic!("never quiet");
    }

    fn is_sound(&self) {
        for end in &self.ends {
            assert_eq!(end.blamed, None, "{:?}", end.connection);
        }
    }
}

/// One session from the protocol header to the end.
pub(crate) fn run(seed: u64, steps: usize) {
    let rng = &mut Rng::new(seed);
    let mut session = Session::new(rng);
    for _ in 0..steps {
        session.step(rng);
    }
    session.is_sound();
    if rng.once_in(4) {
        // The transport breaks.
        for end in &mut session.ends {
            end.inbound_ended = true;
        }
        session.settle(rng, false);
    } else {
        session.settle(rng, true);
        session.is_sound();
        if session.ends.iter().all(|end| end.connection.phase() == Phase::Open) {
            for end in &session.ends {
                assert_eq!(end.connection.unconfirmed(), 0);
                let numbers = end.unconfirmed.values().map(|numbers| numbers.len());
                assert_eq!(numbers.sum::<usize>(), 0);
                end.check_answered();
            }
        }
        for end in &mut session.ends {
            if !end.is_over() && (end.connection.side() == Side::Client || rng.once_in(2)) {
                let _ = end.connection.close(session.now, ReplyCode::REPLY_SUCCESS, "");
            }
        }
        session.settle(rng, true);
    }
    session.is_sound();
    for end in &mut session.ends {
        end.check_over();
    }
}
