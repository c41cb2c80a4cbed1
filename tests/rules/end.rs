//! One end of a connection, whose octets are counted on their way in and out.

use core::cell::Cell;
use core::fmt::Debug;

use amqp_proto::protocol::{Properties, ReplyCode, basic};
use amqp_proto::{
    Channel, ChannelId, ClientConfig, Connection, Event, Instant, Payload, Phase, ReplyToken,
    Scope, ServerConfig, Side, UsageError, Violation,
};

use crate::common::*;

thread_local! {
    /// Octets that the test of this thread has moved, in either direction.
    pub(crate) static COUNTED: Cell<usize> = const { Cell::new(0) };
}

/// Class and method of the two Closes.
const CONNECTION_CLOSE: &[u8] = b"\0\x0A\0\x32";
const CHANNEL_CLOSE: &[u8] = b"\0\x14\0\x28";

fn is_method((frame_type, _, payload): &(u8, u16, Vec<u8>), ids: &[u8]) -> bool {
    *frame_type == 1 && payload.starts_with(ids)
}

/// A connection under test. What it takes to bring it to a stage isn't counted.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) connection: Connection,
    pub(crate) now: Instant,
}

impl End {
    /// A client or server that has seen nothing yet.
    pub(crate) const fn new(connection: Connection) -> Self {
        Self { connection, now: T0 }
    }

    /// A client that has seen nothing yet; the protocol header is what it has to write.
    pub(crate) fn fresh_client() -> Self {
        Self::new(Connection::client(plain(), T0))
    }

    /// A server that has seen nothing yet.
    pub(crate) fn fresh_server() -> Self {
        Self::new(Connection::server(ServerConfig::default(), T0))
    }

    /// An open client: 2,047 channels, frame-max 131,072, heartbeat 60.
    pub(crate) fn client() -> Self {
        Self::client_with(plain())
    }

    pub(crate) fn client_with(config: ClientConfig) -> Self {
        Self::new(client(config))
    }

    /// An open server, agreed on the same.
    pub(crate) fn server() -> Self {
        Self::server_with(ServerConfig::default())
    }

    pub(crate) fn server_with(config: ServerConfig) -> Self {
        Self::new(server(config))
    }

    /// With this channel open too.
    pub(crate) fn with_channel(mut self, channel: u16) -> Self {
        let id = ChannelId::new(channel).unwrap();
        if self.is_client() {
            self.connection.open_channel_number(id).unwrap();
            feed(&mut self.connection, &channel_open_ok(channel));
        } else {
            feed(&mut self.connection, &channel_open(channel));
        }
        let events = poll(&mut self.connection);
        assert!(matches!(events[..], [Event::ChannelOpened(_)]), "{:?}", lines(&events));
        output(&mut self.connection);
        self
    }

    /// An open client with channel 1.
    pub(crate) fn client_channel() -> Self {
        Self::client().with_channel(1)
    }

    /// An open server with channel 1.
    pub(crate) fn server_channel() -> Self {
        Self::server().with_channel(1)
    }

    /// With a consumer `c` on this channel, without acks, if this is a server.
    pub(crate) fn with_consumer(mut self, channel: u16) -> Self {
        if !self.is_client() {
            feed(&mut self.connection, &consume(channel, "c", true));
            let events = poll(&mut self.connection);
            assert!(matches!(events[..], [Event::Request { .. }]), "{:?}", lines(&events));
        }
        self
    }

    /// With this channel open and ready for contents of either side.
    pub(crate) fn with_contents(self, channel: u16) -> Self {
        self.with_channel(channel).with_consumer(channel)
    }

    /// An open server whose client has announced these capabilities.
    pub(crate) fn server_for(capabilities: &[&str]) -> Self {
        Self::server_asked_by(PROTOCOL_HEADER, capabilities)
    }

    /// The same of a client that has begun with this protocol header.
    pub(crate) fn server_asked_by(protocol_header: &[u8], capabilities: &[&str]) -> Self {
        let announced = capabilities.iter().flat_map(|name| [&short(name)[..], b"t\x01"].concat());
        let announced: Vec<u8> = announced.collect();
        let properties = [&short("capabilities")[..], b"F", &long(&announced)].concat();
        let login = [&short("PLAIN")[..], &long(b"\0guest\0guest"), &short("en_US")].concat();
        let start_ok = method(0, 10, 11, &[&long(&properties)[..], &login].concat());
        let mut end = Self::fresh_server();
        let rest = [tune_ok(2047, 131_072, 60), open("/")].concat();
        feed(&mut end.connection, &[protocol_header, &start_ok, &rest].concat());
        poll(&mut end.connection);
        assert_eq!(end.connection.phase(), Phase::Open);
        output(&mut end.connection);
        end
    }

    /// One that has seen nothing yet, brought to this phase; logins and virtual hosts are accepted.
    pub(crate) fn at(mut self, phase: Phase) -> Self {
        let steps = if self.is_client() {
            vec![start("PLAIN AMQPLAIN"), tune(2047, 131_072, 60), open_ok()]
        } else {
            let login = start_ok("PLAIN", b"\0guest\0guest");
            vec![PROTOCOL_HEADER.into(), login, tune_ok(2047, 131_072, 60), open("/")]
        };
        for octets in steps {
            if self.connection.phase() != phase {
                feed(&mut self.connection, &octets);
                poll(&mut self.connection);
            }
        }
        assert_eq!(self.connection.phase(), phase);
        output(&mut self.connection);
        self
    }

    pub(crate) fn is_client(&self) -> bool {
        self.connection.side() == Side::Client
    }

    /// Commands on channel 1.
    pub(crate) fn channel(&mut self) -> Channel<'_> {
        self.channel_number(1)
    }

    pub(crate) fn channel_number(&mut self, channel: u16) -> Channel<'_> {
        self.connection.channel(ChannelId::new(channel).unwrap()).unwrap()
    }

    /// Hands octets in and tells what comes of it. Logins and virtual hosts are accepted.
    ///
    /// The same comes of it octet by octet (`FRM-05`), but for where bodies are cut into parts.
    pub(crate) fn feed(&mut self, octets: &[u8]) -> Vec<Event> {
        COUNTED.set(COUNTED.get() + octets.len());
        let mut twin = self.connection.clone();
        self.connection.handle_slice(self.now, octets);
        let events = poll(&mut self.connection);
        if octets.len() <= 4096 {
            let mut told = Vec::new();
            for octet in octets.chunks(1).chain([&[][..]]) {
                twin.handle_slice(self.now, octet);
                told.extend(poll(&mut twin));
            }
            assert_eq!(joined(&events), joined(&told), "octet by octet");
            assert_eq!(output(&mut self.connection.clone()), output(&mut twin), "octet by octet");
        }
        events
    }

    /// Hands octets in and tells what comes of it until the test has to decide.
    pub(crate) fn asks(&mut self, octets: &[u8]) -> Vec<Event> {
        COUNTED.set(COUNTED.get() + octets.len());
        self.connection.handle_slice(self.now, octets);
        core::iter::from_fn(|| self.connection.poll_event()).collect()
    }

    /// All octets that wait to be written.
    pub(crate) fn sent(&mut self) -> Vec<u8> {
        let octets = output(&mut self.connection);
        COUNTED.set(COUNTED.get() + octets.len());
        octets
    }

    /// Lets time pass to this moment and tells what comes of it.
    pub(crate) fn wait_until(&mut self, now: Instant) -> Vec<Event> {
        self.now = now;
        self.connection.handle_timeout(now);
        poll(&mut self.connection)
    }

    /// What comes of octets that break nothing.
    pub(crate) fn takes(&mut self, octets: &[u8]) -> Vec<Event> {
        let events = self.feed(octets);
        let is_legal = |event: &Event| {
            !matches!(event, Event::Violation(_) | Event::Irregular(_) | Event::Closed(_))
        };
        assert!(events.iter().all(is_legal), "{:?}", lines(&events));
        events
    }

    /// The octets break nothing, tell nothing, and nothing answers them.
    pub(crate) fn ignores(&mut self, octets: &[u8]) {
        let events = self.takes(octets);
        assert_eq!(lines(&events), [""; 0]);
        assert_eq!(hex(&self.sent()), "");
    }

    /// The octets break this rule: Close with this code goes out, and close-ok is the end.
    pub(crate) fn closes(&mut self, octets: &[u8], rule: &str, code: ReplyCode) -> Violation {
        let events = self.feed(octets);
        let violation = first_violation(&events);
        assert_eq!((violation.rule, violation.reply_code), (rule, code), "{violation}");
        assert_eq!(violation.scope, Scope::Connection, "{violation}");
        let sent = frames(&self.sent());
        let (frame_type, channel, payload) = sent.last().unwrap();
        assert_eq!((*frame_type, *channel), (1, 0), "{violation}");
        let expected = [CONNECTION_CLOSE, &code.0.to_be_bytes()].concat();
        assert_eq!(payload[..6], expected, "{violation}");
        let is_close = |frame: &&(u8, u16, Vec<u8>)| is_method(frame, CONNECTION_CLOSE);
        assert_eq!(sent.iter().filter(is_close).count(), 1, "{violation}");
        let mut events = events;
        if endings(&events) == 0 {
            self.connection.handle_slice(self.now, &connection_close_ok());
            events.extend(poll(&mut self.connection));
        }
        assert_eq!(endings(&events), 1, "{:?}", lines(&events));
        assert_eq!(self.connection.phase(), Phase::Closed);
        assert_eq!(hex(&self.sent()), "");
        violation
    }

    /// The octets break this rule on channel 1: channel.close with this code goes out, and nothing else
    /// is touched by it.
    pub(crate) fn closes_channel(
        &mut self,
        octets: &[u8],
        rule: &str,
        code: ReplyCode,
    ) -> Violation {
        let events = self.feed(octets);
        let violation = first_violation(&events);
        assert_eq!((violation.rule, violation.reply_code), (rule, code), "{violation}");
        assert_eq!(violation.scope, Scope::Channel(1), "{violation}");
        let sent = frames(&self.sent());
        let (frame_type, channel, payload) = sent.last().unwrap();
        assert_eq!((*frame_type, *channel), (1, 1), "{violation}");
        let expected = [CHANNEL_CLOSE, &code.0.to_be_bytes()].concat();
        assert_eq!(payload[..6], expected, "{violation}");
        let is_close = |frame: &&(u8, u16, Vec<u8>)| is_method(frame, CHANNEL_CLOSE);
        assert_eq!(sent.iter().filter(is_close).count(), 1, "{violation}");
        assert!(sent.iter().all(|(_, channel, _)| *channel == 1), "{violation}: {sent:?}");
        assert_eq!(self.connection.phase(), Phase::Open);
        let events = self.takes(&channel_close_ok(1));
        let is_closed = |event: &Event| matches!(event, Event::ChannelClosed { .. });
        assert!(events.iter().any(is_closed), "{:?}", lines(&events));
        violation
    }

    /// The octets break this rule, and the stream ends without a word.
    pub(crate) fn drops(&mut self, octets: &[u8], rule: &str) -> Violation {
        let events = self.feed(octets);
        let violation = first_violation(&events);
        assert_eq!(violation.rule, rule, "{violation}");
        assert_eq!(hex(&self.sent()), "", "{violation}");
        assert_eq!(endings(&events), 1, "{:?}", lines(&events));
        assert_eq!(self.connection.phase(), Phase::Closed);
        violation
    }

    /// The command is refused for this reason, and nothing has changed.
    pub(crate) fn refuses<T: Debug>(
        &mut self,
        command: impl FnOnce(&mut Connection) -> Result<T, UsageError>,
        reason: UsageError,
    ) {
        let before = format!("{:?}", self.connection);
        assert_eq!(command(&mut self.connection).unwrap_err(), reason);
        assert_eq!(format!("{:?}", self.connection), before, "{reason}");
        assert_eq!(lines(&poll(&mut self.connection)), [""; 0], "{reason}");
        assert_eq!(hex(&self.sent()), "", "{reason}");
    }

    /// The method with which a content of the peer begins: the delivery with this tag, or a publish.
    pub(crate) fn content_of_peer(&self, channel: u16, delivery_tag: u64) -> Vec<u8> {
        if self.is_client() { deliver(channel, delivery_tag) } else { publish(channel, "k") }
    }

    /// The method with which a content of this side begins, as it goes out.
    pub(crate) fn own_content(&self, channel: u16, delivery_tag: u64) -> Vec<u8> {
        if self.is_client() { publish(channel, "k") } else { deliver(channel, delivery_tag) }
    }

    /// Sends a content by the method of `own_content`.
    pub(crate) fn send_content<'p>(
        &mut self,
        channel: u16,
        properties: Properties<'p>,
        body: impl Into<Payload<'p>>,
    ) -> Result<(), UsageError> {
        if self.is_client() {
            let publish = to_anybody();
            return self.channel_number(channel).publish(&publish, properties, body).map(drop);
        }
        self.channel_number(channel).deliver(&to_consumer(), properties, body).map(drop)
    }

    /// Begins one on channel 1 whose body is this long.
    pub(crate) fn start_content(&mut self, size: u64) {
        if self.is_client() {
            self.channel().start_publish(&to_anybody(), Properties::EMPTY, size).unwrap();
        } else {
            self.channel().start_deliver(&to_consumer(), Properties::EMPTY, size).unwrap();
        }
    }
}

fn to_anybody() -> basic::Publish<'static> {
    basic::Publish { routing_key: "k".into(), ..Default::default() }
}

fn to_consumer() -> basic::Deliver<'static> {
    basic::Deliver { consumer_tag: "c".into(), routing_key: "q".into(), ..Default::default() }
}

/// The first violation among these, behind which nothing but ends is told.
pub(crate) fn first_violation(events: &[Event]) -> Violation {
    let violation = events.iter().find_map(|event| match event {
        Event::Violation(violation) => Some(**violation),
        _ => None,
    });
    violation.unwrap_or_else(|| panic!("no violation in {:?}", lines(events)))
}

/// The token of the only thing told, a request that wants a reply.
pub(crate) fn token(events: &[Event]) -> ReplyToken {
    let [Event::Request { token: Some(token), .. }] = events else {
        panic!("{:?}", lines(events));
    };
    *token
}

/// The events in a line each, parts of a body that follow each other in one.
fn joined(events: &[Event]) -> Vec<String> {
    let mut told = Vec::new();
    let mut events = events.iter().peekable();
    while let Some(event) = events.next() {
        let Event::ContentPart(part) = event else {
            told.push(event.to_string());
            continue;
        };
        let (mut octets, mut last) = (part.octets.to_vec(), part.last);
        while let Some(Event::ContentPart(more)) = events.next_if(|event| {
            matches!(event, Event::ContentPart(more) if more.channel == part.channel && !last)
        }) {
            octets.extend_from_slice(&more.octets);
            last = more.last;
        }
        told.push(format!("{}: {octets:?}, last: {last}", part.channel));
    }
    told
}
