//! A blocking driver of the engine.

use std::collections::VecDeque;
use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use amqp_proto::{ClientConfig, CloseReason, Connection, Event, Phase, Profile, StdClock};
use bytes::{Buf, Bytes, BytesMut};

use crate::{Broker, PATIENCE, Stream};

/// The method of the engine that received octets are handed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Door {
    /// `handle_input`.
    Input,
    /// `handle_bytes`.
    Bytes,
    /// `handle_slice`.
    Slice,
}

/// How many events the report of a failure shows.
const SHOWN: usize = 40;

/// A client's connection over TCP or TLS.
///
/// The broker is expected to be right: any violation that the engine reports fails the test.
pub struct Client {
    /// The engine.
    pub amqp: Connection,
    /// Octets that were written.
    pub sent: u64,
    /// Octets that were read.
    pub received: u64,
    /// The door for received octets.
    pub door: Door,
    /// The most octets to read at a time.
    pub read_at_most: usize,
    /// The most octets to write before reading again.
    pub write_at_most: usize,
    clock: StdClock,
    stream: Stream,
    buffer: BytesMut,
    /// Events that the test hasn't asked for yet.
    waiting: VecDeque<Event>,
    /// One line for each of the last events.
    seen: VecDeque<String>,
}

impl Client {
    /// Connects as `AMQP_URL` says and waits until channels can be opened.
    #[track_caller]
    pub fn connect() -> Self {
        Self::connect_with(Broker::from_env().config())
    }

    /// Connects without knowing which broker it is, and so sends what this one is known to refuse.
    #[track_caller]
    pub fn connect_unknowing() -> Self {
        let mut config = Broker::from_env().config();
        config.profile = Some(Profile::DEFAULT);
        Self::connect_with(config)
    }

    /// Connects with this configuration and waits until channels can be opened.
    #[track_caller]
    pub fn connect_with(config: ClientConfig) -> Self {
        let mut client = Self::start(config);
        client.connected();
        client
    }

    /// Opens the TCP stream; nothing is said on it yet.
    ///
    /// # Panics
    ///
    /// Fails the test where the broker can't be reached.
    #[track_caller]
    pub fn start(config: ClientConfig) -> Self {
        Self::over(Stream::tcp(&Broker::from_env().address), config)
    }

    /// Takes this stream; nothing is said on it yet.
    pub fn over(stream: Stream, config: ClientConfig) -> Self {
        let clock = StdClock::new();
        Self {
            amqp: Connection::client(config, clock.now()),
            sent: 0,
            received: 0,
            door: Door::Input,
            read_at_most: 1 << 16,
            write_at_most: usize::MAX,
            clock,
            stream,
            buffer: BytesMut::new(),
            waiting: VecDeque::new(),
            seen: VecDeque::new(),
        }
    }

    /// Waits until channels can be opened.
    #[track_caller]
    pub fn connected(&mut self) {
        self.next("the end of the handshake", |event| {
            matches!(event, Event::Connected).then_some(())
        });
    }

    /// The next event, which must be the one that `pick` takes.
    ///
    /// # Panics
    ///
    /// Fails the test when another one comes, or none in time.
    #[track_caller]
    pub fn next<T>(&mut self, what: &str, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        while self.waiting.is_empty() {
            self.drive_or_fail(what, deadline);
        }
        let event = self.waiting.pop_front().expect("one waits");
        pick(&event).unwrap_or_else(|| self.fail(what, &format!("this came: {event}")))
    }

    /// The first event that `pick` takes; others before it stay for later.
    ///
    /// # Panics
    ///
    /// Fails the test when none comes in time, or none can come any more.
    #[track_caller]
    pub fn wait_for<T>(&mut self, what: &str, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut place = 0;
        loop {
            while let Some(event) = self.waiting.get(place) {
                if let Some(picked) = pick(event) {
                    self.waiting.remove(place);
                    return picked;
                }
                place += 1;
            }
            self.drive_or_fail(what, deadline);
        }
    }

    #[track_caller]
    fn drive_or_fail(&mut self, what: &str, deadline: Instant) {
        if self.collect() {
            return;
        }
        if self.amqp.phase() == Phase::Closed {
            self.fail(what, "the connection is over");
        }
        if Instant::now() >= deadline {
            self.fail(what, "nothing came in time");
        }
        self.drive(deadline);
    }

    #[track_caller]
    fn fail(&self, what: &str, instead: &str) -> ! {
        panic!("expected {what}, but {instead}\n{self:?}")
    }

    /// Waits for the end of the connection.
    ///
    /// # Panics
    ///
    /// Fails the test when it doesn't come in time.
    #[track_caller]
    pub fn ended(&mut self) -> CloseReason {
        let reason = self.wait_for("the end of the connection", |event| match event {
            Event::Closed(reason) => Some(CloseReason::clone(reason)),
            _ => None,
        });
        assert_eq!(self.amqp.phase(), Phase::Closed);
        assert!(self.amqp.poll_event().is_none(), "an event behind the terminal one");
        self.write();
        reason
    }

    /// Waits for the end of the connection and for the end of the stream behind it.
    ///
    /// # Panics
    ///
    /// Fails the test when either doesn't come in time.
    #[track_caller]
    pub fn closed(&mut self) -> CloseReason {
        let reason = self.ended();
        // After close-ok RabbitMQ waits for this side to go first.
        self.stream.end_output();
        let deadline = Instant::now() + PATIENCE;
        while self.read(deadline).is_some() {
            if Instant::now() >= deadline {
                self.fail("the end of the stream", "the broker keeps it open");
            }
        }
        reason
    }

    /// One round: polls events and writes; where nothing happened, reads until something comes or
    /// `deadline`.
    #[track_caller]
    pub fn drive(&mut self, deadline: Instant) {
        let before = self.collect();
        self.write();
        // What was written may have made room for further events.
        if self.collect() || before {
            return;
        }
        if self.amqp.wants_input() {
            let wait = self.amqp.poll_timeout().map(|at| Instant::now() + self.clock.until(at));
            let wait = wait.map_or(deadline, |at| at.min(deadline));
            let busy = self.amqp.transmit().has_remaining();
            let octets = self.read(if busy { Instant::now() } else { wait });
            let now = self.clock.now();
            match octets {
                Some(octets) => self.hand_in(octets),
                None => self.amqp.handle_eof(now),
            }
        }
        self.amqp.handle_timeout(self.clock.now());
        self.collect();
        self.write();
    }

    /// Drives for this long.
    #[track_caller]
    pub fn drive_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end && self.amqp.phase() != Phase::Closed {
            self.drive(end);
        }
    }

    /// The present moment on the connection's clock.
    pub fn now(&self) -> amqp_proto::Instant {
        self.clock.now()
    }

    /// Polls events. False: there were none.
    #[track_caller]
    fn collect(&mut self) -> bool {
        let before = self.waiting.len();
        while let Some(event) = self.amqp.poll_event() {
            if self.seen.len() == SHOWN {
                self.seen.pop_front();
            }
            self.seen.push_back(event.to_string());
            if matches!(event, Event::Violation(_) | Event::Irregular(_)) {
                self.fail("no violation", &format!("this came: {event}"));
            }
            self.waiting.push_back(event);
        }
        self.waiting.len() > before
    }

    /// Writes what the broker takes at once.
    fn write(&mut self) {
        let mut may = self.write_at_most;
        while self.amqp.transmit().has_remaining() && may > 0 {
            let end = self.amqp.transmit().chunk().len().min(may);
            match self.stream.write(&self.amqp.transmit().chunk()[..end]) {
                Ok(written) => {
                    may -= written;
                    self.amqp.transmit().advance(written);
                    self.sent += written as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Too much is on its way, or it is over: reading tells which.
                Err(_) => break,
            }
        }
    }

    /// Reads what there is, or waits for it. `None`: the stream has ended.
    fn read(&mut self, deadline: Instant) -> Option<Vec<u8>> {
        let wait = deadline.saturating_duration_since(Instant::now());
        self.stream.set_read_timeout(wait);
        let mut octets = vec![0; self.read_at_most];
        match self.stream.read(&mut octets) {
            Ok(0) => None,
            Ok(read) => {
                octets.truncate(read);
                self.received += read as u64;
                Some(octets)
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
                    Some(Vec::new())
                }
                _ => None,
            },
        }
    }

    fn hand_in(&mut self, octets: Vec<u8>) {
        let now = self.clock.now();
        match self.door {
            Door::Input => {
                self.buffer.extend_from_slice(&octets);
                self.amqp.handle_input(now, &mut self.buffer);
            }
            Door::Bytes => self.amqp.handle_bytes(now, Bytes::from(octets)),
            Door::Slice => self.amqp.handle_slice(now, &octets),
        }
    }

    /// Reads without the engine until the stream ends, and tells how long that took.
    ///
    /// # Panics
    ///
    /// Fails the test when it doesn't end in time.
    #[track_caller]
    pub fn read_to_end(&mut self) -> Duration {
        let start = Instant::now();
        while self.read(start + PATIENCE).is_some() {
            if start.elapsed() >= PATIENCE {
                self.fail("the end of the stream", "the broker keeps it open");
            }
        }
        start.elapsed()
    }
}

/// The state of the connection and its last events: what a failure reports.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "phase {:?}, {} octets sent, {} received; the last events:",
            self.amqp.phase(),
            self.sent,
            self.received
        )?;
        self.seen.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}
