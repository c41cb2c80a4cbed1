//! A client and a server in one process, with virtual time and a link that cuts, delays and chunks.
//!
//! For the tests of this crate and of those that build on it; no transport, no clock, no randomness.

mod link;

pub use link::{Door, Link};

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::{Buf, BytesMut};

use crate::{ClientConfig, Connection, Decision, Event, Instant, Phase, ServerConfig};

/// Two connections and the link between them.
///
/// ```
/// use amqp_proto::testing::Pair;
/// use amqp_proto::{Event, Phase};
///
/// let mut pair = Pair::connected();
/// let channel = pair.client.connection.open_channel().unwrap();
/// pair.drive();
/// assert!(matches!(pair.server.next_event(), Some(Event::ChannelOpened(id)) if id == channel));
/// assert!(matches!(pair.client.next_event(), Some(Event::ChannelOpened(id)) if id == channel));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pair {
    /// The client.
    pub client: Peer,
    /// The server.
    pub server: Peer,
    /// The virtual time.
    pub now: Instant,
    /// Whether logins and virtual hosts are accepted without asking the test.
    pub accept: bool,
}

/// One end: the connection, what it has told, and the link that leads to it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Peer {
    /// The connection.
    pub connection: Connection,
    /// Events that the test hasn't taken yet.
    pub events: VecDeque<Event>,
    /// What is on its way to this end.
    pub inbound: Link,
    /// Whether what this end transmits is carried away.
    pub writable: bool,
    /// Everything that this end has transmitted.
    pub sent: Vec<u8>,
    buffer: BytesMut,
}

impl Peer {
    fn new(connection: Connection) -> Self {
        Self {
            connection,
            events: VecDeque::new(),
            inbound: Link::default(),
            writable: true,
            sent: Vec::new(),
            buffer: BytesMut::new(),
        }
    }

    /// The oldest event that wasn't taken.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// All events that weren't taken.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.events.drain(..).collect()
    }

    /// Polls until there is nothing more to tell. True: there was something.
    fn poll(&mut self, accept: bool) -> bool {
        let before = self.events.len();
        while let Some(event) = self.connection.poll_event() {
            if accept && matches!(event, Event::Credentials(_) | Event::VirtualHost(_)) {
                // A decision is owed, so accepting can't be refused.
                let _ = self.connection.decide(Decision::Accept);
            } else {
                self.events.push_back(event);
            }
        }
        self.events.len() > before
    }

    fn receive(&mut self, now: Instant) -> bool {
        if self.inbound.door == Door::Input && !self.connection.wants_input() {
            return false;
        }
        let mut any = false;
        if !self.buffer.is_empty() {
            let before = self.buffer.len();
            self.connection.handle_input(now, &mut self.buffer);
            any |= self.buffer.len() < before;
        }
        while let Some(octets) = self.inbound.next_due(now) {
            any = true;
            match self.inbound.door {
                Door::Input => {
                    self.buffer.extend_from_slice(&octets);
                    self.connection.handle_input(now, &mut self.buffer);
                    if !self.connection.wants_input() {
                        break;
                    }
                }
                Door::Bytes => self.connection.handle_bytes(now, octets),
                Door::Slice => self.connection.handle_slice(now, &octets),
            }
        }
        if self.inbound.take_end(now) {
            any = true;
            self.connection.handle_eof(now);
        }
        any
    }

    fn transmit(&mut self, now: Instant, other: &mut Link) -> bool {
        let mut any = false;
        while self.writable && self.connection.transmit().has_remaining() {
            let transmit = self.connection.transmit();
            let octets = transmit.copy_to_bytes(transmit.remaining());
            self.sent.extend_from_slice(&octets);
            other.push(now, octets);
            any = true;
        }
        any
    }
}

impl Pair {
    /// A pair whose handshake hasn't begun.
    pub fn new(client: ClientConfig, server: ServerConfig) -> Self {
        let now = Instant::ORIGIN;
        Self {
            client: Peer::new(Connection::client(client, now)),
            server: Peer::new(Connection::server(server, now)),
            now,
            accept: true,
        }
    }

    /// A pair whose handshake is over; nobody has looked at passwords.
    pub fn connected() -> Self {
        Self::connected_with(ClientConfig::plain("guest", "guest"), ServerConfig::default())
    }

    /// The same with configurations of one's own, which must agree.
    pub fn connected_with(client: ClientConfig, server: ServerConfig) -> Self {
        let mut pair = Self::new(client, server);
        pair.drive();
        pair.client.events.retain(|event| !matches!(event, Event::Connected));
        pair.server.events.retain(|event| !matches!(event, Event::Connected));
        pair
    }

    /// Whether both ends are open.
    pub fn is_open(&self) -> bool {
        let open = |peer: &Peer| peer.connection.phase() == Phase::Open;
        open(&self.client) && open(&self.server)
    }

    /// Carries octets and polls events until nothing happens any more without time going on.
    pub fn drive(&mut self) {
        let mut any = true;
        while any {
            any = self.client.receive(self.now) | self.server.receive(self.now);
            any |= self.client.poll(self.accept) | self.server.poll(self.accept);
            any |= self.client.transmit(self.now, &mut self.server.inbound);
            any |= self.server.transmit(self.now, &mut self.client.inbound);
        }
    }

    /// Jumps to the next moment at which something is due, and drives. False: nothing ever is.
    pub fn jump(&mut self) -> bool {
        let deadlines = [
            self.client.connection.poll_timeout(),
            self.server.connection.poll_timeout(),
            self.client.inbound.due(),
            self.server.inbound.due(),
        ];
        let Some(next) = deadlines.into_iter().flatten().min() else { return false };
        self.now = self.now.max(next);
        self.client.connection.handle_timeout(self.now);
        self.server.connection.handle_timeout(self.now);
        self.drive();
        true
    }

    /// Lets time pass, stopping at every moment at which something is due.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        self.drive();
        loop {
            let deadlines = [
                self.client.connection.poll_timeout(),
                self.server.connection.poll_timeout(),
                self.client.inbound.due(),
                self.server.inbound.due(),
            ];
            match deadlines.into_iter().flatten().min() {
                Some(next) if next <= end => {
                    self.jump();
                }
                _ => break,
            }
        }
        self.now = end;
        self.client.connection.handle_timeout(end);
        self.server.connection.handle_timeout(end);
        self.drive();
    }

    /// Ends both directions: what is on its way still arrives, then comes the end of the stream.
    pub fn end(&mut self) {
        self.client.inbound.end();
        self.server.inbound.end();
    }
}
