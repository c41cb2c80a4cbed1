//! A client and a server in one process, with virtual time and a link that cuts, delays and chunks.
//!
//! For the tests of this crate and of those that build on it; no transport, no clock, no randomness.
//!
//! A [`Pair`] is for tests that say what happens. With the features `proptest` or `arbitrary` there is what
//! tests draw at random: owned values, methods and frames, and sessions of a client with a server that both
//! keep the rules (`session`).
//!
//! # With proptest
//!
//! `strategies` holds what there is to draw, and an example; one with sessions is in `session`.
//!
//! # With fuzzers
//!
//! With the feature `arbitrary` these types implement `arbitrary::Arbitrary`, so that a fuzzer's octets
//! make them:
//!
//! * of `wire`: `ShortStr`, `LongStr`, `TableBuf`, `ArrayBuf`;
//! * of `protocol`: `PropertiesBuf`, `ContentHeaderBuf`, `Dialect`, `MethodKind`, `Property`, `ReplyCode`;
//! * [`ChannelId`](crate::ChannelId) and [`Side`](crate::Side);
//! * of `testing`: `ValueBuf`, `MethodBuf`, `FrameBuf`;
//! * of `testing::session`: `Script`, `Step`, `Command`, `Message`, `Verdict`, `Answer`, `Settling`.
//!
//! All of it is well-formed, whatever the octets, but for a frame of an unknown type now and then. Where
//! the octets come to an end, zeros and empty strings follow.

#![cfg_attr(
    feature = "arbitrary",
    doc = r#"
```
use amqp_proto::frame::{Cut, cut};
use amqp_proto::testing::FrameBuf;
use amqp_proto::testing::session::Script;
use arbitrary::{Arbitrary, Unstructured};

// What a fuzz target does with its octets; here they come from a small generator.
fn target(octets: &[u8]) -> arbitrary::Result<()> {
    let mut u = Unstructured::new(octets);
    let (mut written, frame) = (Vec::new(), FrameBuf::arbitrary(&mut u)?);
    frame.encode(&mut written).unwrap();
    if frame.as_raw().frame_type.is_known() {
        let Ok(Cut::Frame { frame: found, .. }) = cut(&written, 1 << 20) else { panic!("{frame:?}") };
        assert_eq!(found, frame.as_raw());
    }
    // All that is left makes a session.
    let script = Script::arbitrary(&mut u)?;
    script.run().unwrap_or_else(|finding| panic!("{finding}: {script:#?}"));
    Ok(())
}

let mut state = 1_u32;
for _ in 0..20 {
    let octets: Vec<u8> = (0..600)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect();
    target(&octets)?;
}
# Ok::<(), arbitrary::Error>(())
```
"#
)]

#[cfg(any(feature = "arbitrary", feature = "proptest"))]
mod drawn;
mod link;
#[cfg(any(feature = "arbitrary", feature = "proptest"))]
pub mod session;
#[cfg(feature = "proptest")]
pub mod strategies;

#[cfg(any(feature = "arbitrary", feature = "proptest"))]
pub use drawn::{FrameBuf, MethodBuf, ValueBuf};
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
        let mut any = false;
        // What was left in the buffer comes first, whichever door is next.
        if !self.buffer.is_empty() {
            let before = self.buffer.len();
            match self.inbound.door {
                Door::Input => self.connection.handle_input(now, &mut self.buffer),
                Door::Bytes => self.connection.handle_bytes(now, self.buffer.split().freeze()),
                Door::Slice => self.connection.handle_slice(now, &self.buffer.split()),
            }
            any |= self.buffer.len() < before;
        }
        while self.inbound.door != Door::Input || self.connection.wants_input() {
            let Some(octets) = self.inbound.next_due(now) else { break };
            any = true;
            match self.inbound.door {
                Door::Input => {
                    self.buffer.extend_from_slice(&octets);
                    self.connection.handle_input(now, &mut self.buffer);
                }
                Door::Bytes => self.connection.handle_bytes(now, octets),
                Door::Slice => self.connection.handle_slice(now, &octets),
            }
        }
        // Octets that the connection doesn't take yet come before the end.
        let is_behind = self.buffer.is_empty() || self.connection.wants_input();
        if is_behind && self.inbound.take_end(now) {
            any = true;
            self.connection.handle_eof(now);
        }
        any
    }

    /// Sends what is to be written on its way, at most so many octets. True: there were some.
    fn transmit(&mut self, now: Instant, other: &mut Link, most: usize) -> bool {
        let mut left = most;
        while self.writable && left > 0 && self.connection.transmit().has_remaining() {
            let transmit = self.connection.transmit();
            let octets = transmit.copy_to_bytes(transmit.remaining().min(left));
            left -= octets.len();
            self.sent.extend_from_slice(&octets);
            other.push(now, octets);
        }
        left < most
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
            any |= self.client.transmit(self.now, &mut self.server.inbound, usize::MAX);
            any |= self.server.transmit(self.now, &mut self.client.inbound, usize::MAX);
        }
    }

    /// The next moment at which something is due at either end or on the way.
    fn due(&self) -> Option<Instant> {
        let deadlines = [
            self.client.connection.poll_timeout(),
            self.server.connection.poll_timeout(),
            self.client.inbound.due(),
            self.server.inbound.due(),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Jumps to the next moment at which something is due, and drives. False: nothing ever is.
    pub fn jump(&mut self) -> bool {
        let Some(next) = self.due() else { return false };
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
        while self.due().is_some_and(|next| next <= end) {
            self.jump();
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
