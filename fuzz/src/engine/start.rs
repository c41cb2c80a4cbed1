//! Where a connection starts: its configuration, and the steps that bring it to its stage.
//!
//! ```text
//! stage    low four bits: one of sixteen, listed in prelude.rs for each side
//! limits   1, 2: 0 and 3 default, 1 small, 2 tiny   4: strict profile   8: contents are streamed
//!          10: bodies of 100 octets at most          20: bodies above 200 octets come in parts
//!          40: 600 octets of output and 200 of reserve
//! tuning   1, 2: frame-max 131,072, 4096, none, 5000       4, 8: channel-max 2047, 3, none, 1
//!          10, 20: heartbeat 60, none, 2, 1                40, 80: 0-9-1, 0-9, 0-8, 0-9-1
//! options  1: the peer announces capabilities        2: the client's mechanism asks the application
//!          4: no second connection is compared       8: the application answers after each full poll
//!          10: the client proves that it knows the password, by SCRAM-SHA-1
//! ```

use core::time::Duration;

use amqp_proto::protocol::Dialect;
use amqp_proto::{
    ClientConfig, Connection, ContentMode, Heartbeat, Instant, Limits, Mechanism, Profile,
    ServerConfig, Side,
};

use super::prelude::Prelude;
use super::tape::{Start, Step};

/// What a client's configuration must never be seen to hold.
pub(super) const PASSWORD: &str = "hush-hush-9d3f";

impl Start {
    pub(super) const fn dialect(self) -> Dialect {
        match self.tuning >> 6 {
            1 => Dialect::V0_9,
            2 => Dialect::V0_8,
            _ => Dialect::V0_9_1,
        }
    }

    pub(super) const fn has_capabilities(self) -> bool {
        self.options & 1 != 0
    }

    const fn asks_application(self) -> bool {
        self.options & 2 != 0
    }

    /// Whether both sides have to prove that they know the password.
    const fn proves(self) -> bool {
        self.options & 0x10 != 0
    }

    /// Whether a second connection is fed octet by octet and compared.
    pub(super) const fn is_compared(self) -> bool {
        self.options & 4 == 0
    }

    /// The application answers what it owes after each poll of everything.
    pub(super) const fn is_obliging(self) -> bool {
        self.options & 8 != 0
    }

    pub(super) fn frame_max(self) -> u32 {
        [131_072, 4096, 0, 5000][usize::from(self.tuning & 3)]
    }

    pub(super) fn channel_max(self) -> u16 {
        [2047, 3, 0, 1][usize::from(self.tuning >> 2 & 3)]
    }

    pub(super) fn heartbeat(self) -> u16 {
        [60, 0, 2, 1][usize::from(self.tuning >> 4 & 3)]
    }

    pub(super) const fn is_strict(self) -> bool {
        self.limits & 4 != 0
    }

    const fn profile(self) -> Profile {
        if self.is_strict() { Profile::STRICT } else { Profile::DEFAULT }
    }

    const fn content(self) -> ContentMode {
        if self.limits & 8 == 0 { ContentMode::Whole } else { ContentMode::Streamed }
    }

    pub(super) fn limits(self) -> Limits {
        let mut limits = match self.limits & 3 {
            1 => Limits::small(),
            2 => tiny(),
            _ => Limits::default(),
        };
        if self.limits & 0x10 != 0 {
            limits.max_body = Some(100);
            limits.max_publish = 5000;
        }
        if self.limits & 0x20 != 0 {
            limits.whole_body = 200;
        }
        if self.limits & 0x40 != 0 {
            limits.unsent_output = 600;
            limits.output_reserve = 200;
        }
        limits
    }

    /// A new connection, and what has to happen to it first.
    pub(super) fn begin(self, side: Side) -> (Connection, Vec<Step>) {
        match side {
            Side::Client => (self.client(), Prelude::new(self).client()),
            _ => (self.server(), Prelude::new(self).server()),
        }
    }

    fn client(self) -> Connection {
        let mut config = ClientConfig::plain("guest", PASSWORD);
        if self.asks_application() {
            config.mechanisms = vec![Mechanism::custom("OWN", PASSWORD.as_bytes())];
        } else if self.proves() {
            config.mechanisms = vec![Mechanism::scram_sha_1("guest", PASSWORD, "nonce")];
        }
        config.dialect = self.dialect();
        config.frame_max = self.frame_max();
        config.channel_max = self.channel_max();
        config.heartbeat = match self.heartbeat() {
            0 => Heartbeat::Off,
            seconds => Heartbeat::Prefer(seconds),
        };
        config.content = self.content();
        config.limits = self.limits();
        // Otherwise it recognises whom the server says it is.
        config.profile = self.is_strict().then_some(Profile::STRICT);
        Connection::client(config, Instant::ORIGIN)
    }

    fn server(self) -> Connection {
        let mut config = ServerConfig::default();
        config.mechanisms = "PLAIN AMQPLAIN OWN".into();
        config.frame_max = self.frame_max();
        config.channel_max = self.channel_max();
        config.heartbeat = self.heartbeat();
        config.content = self.content();
        config.limits = self.limits();
        config.profile = self.profile();
        Connection::server(config, Instant::ORIGIN)
    }
}

/// Limits that a short tape can reach.
fn tiny() -> Limits {
    let mut limits = Limits::small();
    limits.table = limits.table.with_max_depth(2).with_max_entries(8);
    limits.open_requests = 2;
    limits.unconfirmed = 2;
    limits.unacked = 2;
    limits.uncommitted = 1;
    limits.unfinished_contents = 1500;
    limits.consumers = 2;
    limits.all_consumers = 3;
    limits.undecoded_input = 600;
    limits.pre_login_input = 600;
    limits.output_window = 100;
    limits.empty_body_frames = 1;
    limits.sasl_rounds = 2;
    limits.scram_iterations = 4096;
    limits
}

/// What the clock is moved by.
pub(super) fn elapsed(code: u8) -> Duration {
    let millis =
        [0, 1, 100, 499, 500, 501, 1000, 2000, 4000, 5000, 10_000, 29_999, 60_000, 120_000];
    match usize::from(code) {
        code if code < millis.len() => Duration::from_millis(millis[code]),
        code => Duration::from_millis(code as u64 * 997),
    }
}
