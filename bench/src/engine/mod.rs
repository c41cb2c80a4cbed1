//! Engines at the stage at which a measurement begins: connected, channels open, consumers known.

use amqp_proto::protocol::{basic, confirm};
use amqp_proto::{ChannelId, ClientConfig, Connection, Decision, Event, Instant, ServerConfig};
use bytes::{Buf, Bytes};

use crate::streams::handshake;

/// The time that it always is: nothing that is measured depends on it.
pub const NOW: Instant = Instant::ORIGIN;

/// Hands octets in and polls until there is nothing more to tell.
pub fn feed(connection: &mut Connection, octets: &[u8]) {
    connection.handle_slice(NOW, octets);
    while let Some(event) = connection.poll_event() {
        match event {
            Event::Credentials(_) | Event::VirtualHost(_) => {
                connection.decide(Decision::Accept).expect("a decision is owed");
            }
            Event::Violation(_) | Event::Irregular(_) | Event::Closed(_) => panic!("{event}"),
            _ => {}
        }
    }
}

/// Counts all output as written.
pub fn drain(connection: &mut Connection) -> usize {
    let mut drained = 0;
    loop {
        let transmit = connection.transmit();
        let len = transmit.remaining();
        if len == 0 {
            return drained;
        }
        transmit.advance(len);
        drained += len;
    }
}

fn id(channel: u16) -> ChannelId {
    ChannelId::new(channel).expect("not channel 0")
}

/// A connected client with the channels from 1 to `channels`.
pub fn client(config: ClientConfig, channels: u16) -> Connection {
    let channel_max = config.channel_max;
    let mut client = Connection::client(config, NOW);
    feed(&mut client, &handshake::by_server(channel_max));
    for channel in 1..=channels {
        client.open_channel_number(id(channel)).expect("a free channel");
        drain(&mut client);
        feed(&mut client, &handshake::channel_open_ok(channel));
    }
    drain(&mut client);
    client
}

/// A client with these consumers, on the channels that they name.
pub fn consuming(config: ClientConfig, consumers: &[(u16, String)], no_ack: bool) -> Connection {
    let channels = consumers.iter().map(|(channel, _)| *channel).max().unwrap_or(1);
    let mut client = client(config, channels);
    for (channel, tag) in consumers {
        let consume = basic::Consume {
            queue: "q".into(),
            consumer_tag: tag.as_str().into(),
            no_ack,
            no_wait: true,
            ..Default::default()
        };
        let mut channel = client.channel(id(*channel)).expect("an open channel");
        channel.call(&consume).expect("a consumer");
        drain(&mut client);
    }
    client
}

/// A client on whose channel 1 publishes are confirmed.
pub fn confirming() -> Connection {
    let mut client = client(ClientConfig::plain("guest", "guest"), 1);
    let mut channel = client.channel(id(1)).expect("an open channel");
    channel.call(&confirm::Select { no_wait: true }).expect("confirm mode");
    drain(&mut client);
    client
}

/// A connected server whose client has opened the channels from 1 to `channels`.
pub fn server(config: ServerConfig, channels: u16) -> Connection {
    let channel_max = config.channel_max;
    let mut server = Connection::server(config, NOW);
    feed(&mut server, &handshake::by_client(channel_max));
    for channel in 1..=channels {
        feed(&mut server, &handshake::channel_open(channel));
        drain(&mut server);
    }
    server
}

/// A server with a consumer on channel 1.
pub fn delivering(consumer_tag: &str, no_ack: bool) -> Connection {
    let mut server = server(ServerConfig::default(), 1);
    feed(&mut server, &handshake::consume(1, consumer_tag, no_ack));
    drain(&mut server);
    server
}

/// What a pass over a stream came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Contents that came to their end.
    pub contents: usize,
    /// The octets of their bodies.
    pub body_octets: usize,
    /// Other events.
    pub others: usize,
}

impl Seen {
    /// Counts an event.
    #[inline]
    pub fn note(&mut self, event: &Event) {
        match event {
            Event::Content(content) => {
                self.contents += 1;
                self.body_octets += content.body().len();
            }
            Event::ContentPart(part) => {
                self.contents += usize::from(part.last);
                self.body_octets += part.octets.len();
            }
            Event::ContentStart(_) => {}
            _ => self.others += 1,
        }
    }
}

/// Hands octets in as they are and takes all events.
#[inline]
pub fn take(connection: &mut Connection, octets: Bytes) -> Seen {
    connection.handle_bytes(NOW, octets);
    let mut seen = Seen::default();
    while let Some(event) = connection.poll_event() {
        seen.note(&event);
    }
    seen
}
