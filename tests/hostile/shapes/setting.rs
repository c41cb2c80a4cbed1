//! How the victims are configured, and brought to the stage at which an attack begins.

use amqp_proto::protocol::{basic, confirm};
use amqp_proto::{
    Channel, ChannelId, ClientConfig, Connection, ContentMode, Limits, Phase, ServerConfig, Side,
};

use crate::common::*;

/// A configuration of either side, and how much the peer means to send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) side: Side,
    pub(crate) limits: Limits,
    pub(crate) frame_max: u32,
    pub(crate) channel_max: u16,
    pub(crate) streamed: bool,
    /// Octets that the victim reads at a time.
    pub(crate) read: usize,
    /// Octets that the peer means to send: what the victim has done before may depend on it.
    pub(crate) octets: usize,
}

/// The default limits, and the small ones with the small frames and few channels that belong to them.
pub(crate) static SETTINGS: [fn() -> Setting; 2] = [
    || Setting {
        name: "default",
        side: Side::Client,
        limits: Limits::default(),
        frame_max: 131_072,
        channel_max: 2047,
        streamed: false,
        read: 16 << 10,
        octets: 0,
    },
    || Setting {
        name: "small",
        limits: Limits::small(),
        frame_max: 4096,
        channel_max: 4,
        read: 512,
        ..SETTINGS[0]()
    },
];

impl Setting {
    pub(crate) fn is_client(&self) -> bool {
        self.side == Side::Client
    }

    pub(crate) fn side_name(&self) -> &'static str {
        if self.is_client() { "client" } else { "server" }
    }

    pub(crate) fn client_config(&self) -> ClientConfig {
        let mut config = plain();
        config.limits = self.limits;
        (config.frame_max, config.channel_max) = (self.frame_max, self.channel_max);
        config.content = self.content_mode();
        config
    }

    pub(crate) fn server_config(&self) -> ServerConfig {
        let mut config = ServerConfig::default();
        let max_body = self.limits.max_body.or(config.limits.max_body);
        config.limits = self.limits;
        config.limits.max_body = max_body;
        (config.frame_max, config.channel_max) = (self.frame_max, self.channel_max);
        config.content = self.content_mode();
        config
    }

    fn content_mode(&self) -> ContentMode {
        if self.streamed { ContentMode::Streamed } else { ContentMode::Whole }
    }

    /// Payload octets of the largest body frame.
    pub(crate) fn largest(&self) -> usize {
        self.frame_max as usize - 8
    }

    /// The step of the handshake by which the peer introduces itself.
    pub(crate) fn introduction(&self) -> usize {
        if self.is_client() { 0 } else { 1 }
    }

    /// That step with such server-properties or client-properties.
    pub(crate) fn introduced_with(&self, table: &[u8]) -> Vec<u8> {
        if self.is_client() {
            let offers = [&long(b"PLAIN")[..], &long(b"en_US")].concat();
            method(0, 10, 10, &[b"\0\x09", &long(table)[..], &offers].concat())
        } else {
            let login = [&short("PLAIN")[..], &long(b"\0guest\0guest"), &short("en_US")].concat();
            method(0, 10, 11, &[long(table), login].concat())
        }
    }

    /// Nothing has come yet.
    pub(crate) fn fresh(&self) -> Connection {
        if self.is_client() {
            let mut client = Connection::client(self.client_config(), T0);
            output(&mut client);
            client
        } else {
            Connection::server(self.server_config(), T0)
        }
    }

    /// What the peer sends until the connection is open, step by step.
    pub(crate) fn handshake(&self) -> Vec<Vec<u8>> {
        let frame_max = asked_frame_max(self.frame_max, &self.limits);
        let channel_max = self.channel_max;
        if self.is_client() {
            vec![start("PLAIN"), tune(channel_max, frame_max, 60), open_ok()]
        } else {
            let login = start_ok("PLAIN", b"\0guest\0guest");
            vec![PROTOCOL_HEADER.to_vec(), login, tune_ok(channel_max, frame_max, 60), open("/")]
        }
    }

    /// The first so many steps of the handshake are over.
    pub(crate) fn after(&self, steps: usize) -> Connection {
        let mut connection = self.fresh();
        for octets in &self.handshake()[..steps] {
            feed(&mut connection, octets);
            poll(&mut connection);
            output(&mut connection);
        }
        connection
    }

    pub(crate) fn open(&self) -> Connection {
        let connection = self.after(self.handshake().len());
        assert_eq!(connection.phase(), Phase::Open);
        connection
    }

    pub(crate) fn with_channels(&self, channels: u16) -> Connection {
        let mut connection = self.open();
        for number in 1..=channels {
            if self.is_client() {
                connection.open_channel().unwrap();
                output(&mut connection);
                feed(&mut connection, &channel_open_ok(number));
            } else {
                feed(&mut connection, &channel_open(number));
            }
            poll(&mut connection);
        }
        output(&mut connection);
        connection
    }

    /// As many channels as there may be.
    pub(crate) fn with_all_channels(&self) -> Connection {
        self.with_channels(self.channel_max)
    }

    pub(crate) fn with_channel(&self) -> Connection {
        self.with_channels(1)
    }

    /// A channel whose consumer `c` needs no acks.
    pub(crate) fn with_consumer(&self) -> Connection {
        self.consuming(1, true)
    }

    /// A channel whose consumer `c` needs acks.
    pub(crate) fn with_acks(&self) -> Connection {
        self.consuming(1, false)
    }

    pub(crate) fn consuming(&self, channels: u16, no_ack: bool) -> Connection {
        let mut connection = self.with_channels(channels);
        for number in 1..=channels {
            if self.is_client() {
                let (queue, consumer_tag) = ("q".into(), "c".into());
                let consume = basic::Consume {
                    queue,
                    consumer_tag,
                    no_ack,
                    no_wait: true,
                    ..Default::default()
                };
                channel(&mut connection, number).call(&consume).unwrap();
                output(&mut connection);
            } else {
                feed(&mut connection, &consume(number, "c", no_ack));
                poll(&mut connection);
            }
        }
        output(&mut connection);
        connection
    }

    /// A channel on which publishes are confirmed.
    pub(crate) fn confirming(&self) -> Connection {
        let mut connection = self.with_channel();
        if self.is_client() {
            channel(&mut connection, 1).call(&confirm::Select { no_wait: true }).unwrap();
        } else {
            feed(&mut connection, &method(1, 85, 10, b"\x01"));
            poll(&mut connection);
        }
        output(&mut connection);
        connection
    }

    /// The method of the content that this number has among those that the peer sends on a channel.
    pub(crate) fn carrier(&self, channel: u16, number: u64) -> Vec<u8> {
        if self.is_client() { deliver(channel, number + 1) } else { publish(channel, "k") }
    }
}

pub(crate) fn channel(connection: &mut Connection, number: u16) -> Channel<'_> {
    connection.channel(ChannelId::new(number).unwrap()).unwrap()
}

/// The header frame of a content that has these headers.
pub(crate) fn with_headers(channel: u16, body_size: u64, table: &[u8]) -> Vec<u8> {
    header(channel, body_size, &[b"\x20\0", &long(table)[..]].concat())
}

/// A header frame of so many octets.
pub(crate) fn headed(channel: u16, body_size: u64, octets: usize) -> Vec<u8> {
    let value = vec![b'x'; octets - 8 - 14 - 4 - 7];
    let headed = with_headers(channel, body_size, &[b"\x01nS", &long(&value)[..]].concat());
    assert_eq!(headed.len(), octets);
    headed
}
