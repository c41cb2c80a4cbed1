//! However a stream is cut, and through whichever door it comes: the same events, the same output.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers fail like the tests")]

#[path = "../common/mod.rs"]
mod common;
mod transcripts;

use amqp_proto::protocol::{Method, Properties, basic, confirm, queue};
use amqp_proto::{
    ClientConfig, Connection, ContentMode, ContentPart, Decision, Event, Limits, Mechanism,
    ReplyToken, ServerConfig,
};
use bytes::BytesMut;
use common::*;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Door {
    Input,
    Bytes,
    Slice,
    /// Each chunk through the next door.
    Mixed,
}

/// What a connection told and sent while a transcript was played to it.
#[derive(Debug, PartialEq)]
struct Record {
    events: Vec<String>,
    output: Vec<u8>,
}

struct Player {
    connection: Connection,
    buffer: BytesMut,
    record: Record,
    challenged: bool,
    /// Where a body is cut into parts is the one thing that depends on how the stream was cut, so parts
    /// that follow each other are told as one.
    part: Option<(u16, Vec<u8>, bool)>,
}

impl Player {
    fn new(connection: Connection) -> Self {
        let record = Record { events: Vec::new(), output: Vec::new() };
        Self { connection, buffer: BytesMut::new(), record, challenged: false, part: None }
    }

    /// Hands all octets in and then the end of the stream.
    fn play(mut self, octets: &[u8], chunk: usize, door: Door, poll_each: bool) -> Record {
        for (place, part) in octets.chunks(chunk).enumerate() {
            self.buffer.extend_from_slice(part);
            self.hand_in(match (door, place % 3) {
                (Door::Mixed, 0) => Door::Bytes,
                (Door::Mixed, 1) => Door::Input,
                (Door::Mixed, _) => Door::Slice,
                _ => door,
            });
            if poll_each {
                self.poll();
            }
        }
        loop {
            self.poll();
            let left = self.buffer.len();
            self.hand_in(Door::Input);
            if self.buffer.len() == left {
                break;
            }
        }
        self.connection.handle_eof(T0);
        self.poll();
        self.end_part();
        self.record.output = output(&mut self.connection);
        self.record
    }

    fn hand_in(&mut self, door: Door) {
        match door {
            Door::Bytes => self.connection.handle_bytes(T0, self.buffer.split().freeze()),
            Door::Slice => {
                self.connection.handle_slice(T0, &self.buffer);
                self.buffer.clear();
            }
            _ => self.connection.handle_input(T0, &mut self.buffer),
        }
    }

    fn poll(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            if let Event::ContentPart(part) = event {
                self.join(&part);
                continue;
            }
            if matches!(&event, Event::Violation(violation) if violation.rule == "FRM-02") {
                // How much of a frame is handed on before its end turns out to be wrong depends on it too.
                self.part.take_if(|part| !part.2);
            }
            self.end_part();
            self.record.events.push(told(&event));
            self.react(event);
        }
    }

    fn join(&mut self, part: &ContentPart) {
        let channel = part.channel.number();
        if self.part.as_ref().is_some_and(|before| before.0 != channel || before.2) {
            self.end_part();
        }
        let (_, octets, last) = self.part.get_or_insert((channel, Vec::new(), false));
        octets.extend_from_slice(&part.octets);
        *last = part.last;
    }

    fn end_part(&mut self) {
        if let Some((channel, octets, last)) = self.part.take() {
            self.record.events.push(format!("parts on {channel}, last {last}, {}", hex(&octets)));
        }
    }

    /// What an application does: it depends on nothing but the event.
    fn react(&mut self, event: Event) {
        let connection = &mut self.connection;
        match event {
            Event::Credentials(_) if !self.challenged => {
                self.challenged = true;
                connection.decide(Decision::Challenge(b"who?")).unwrap();
            }
            Event::Credentials(_) | Event::SaslResponse(_) | Event::VirtualHost(_) => {
                connection.decide(Decision::Accept).unwrap();
            }
            Event::Challenge(_) => connection.decide(Decision::Respond(b"me")).unwrap(),
            Event::Connected if connection.side() == amqp_proto::Side::Client => {
                for _ in 0..2 {
                    let id = connection.open_channel().unwrap();
                    let mut channel = connection.channel(id).unwrap();
                    channel.call(&confirm::Select::default()).unwrap();
                    channel.call(&queue::Declare::default()).unwrap();
                    let publish = basic::Publish { routing_key: "q".into(), ..Default::default() };
                    for _ in 0..5 {
                        channel.publish(&publish, Properties::EMPTY, "out").unwrap();
                    }
                    channel.call(&basic::Get::default()).unwrap();
                }
            }
            Event::Request { token: Some(token), method } => {
                answer(connection, token, &method.method());
            }
            _ => {}
        }
    }
}

fn answer(connection: &mut Connection, token: ReplyToken, request: &Method<'_>) {
    let mut channel = connection.channel(token.channel()).unwrap();
    match request {
        Method::QueueDeclare(declare) => {
            let ok = queue::DeclareOk { queue: declare.queue, ..Default::default() };
            channel.reply(token, &ok).unwrap();
        }
        Method::ConfirmSelect(_) => channel.reply(token, &confirm::SelectOk).unwrap(),
        Method::BasicGet(_) => {
            channel.get_ok(token, &basic::GetOk::default(), Properties::EMPTY, "got").unwrap();
        }
        _ => panic!("nobody asks for {request}"),
    }
}

/// The event's line and all its octets.
fn told(event: &Event) -> String {
    let octets = match event {
        Event::Content(content) => content.body().to_vec(),
        Event::Reply { method, .. } | Event::Request { method, .. } | Event::Notice(method) => {
            method.octets().to_vec()
        }
        Event::Credentials(credentials) => credentials.response().to_vec(),
        Event::SaslResponse(response) => response.response().to_vec(),
        Event::Challenge(challenge) => challenge.challenge().as_octets().to_vec(),
        _ => Vec::new(),
    };
    format!("{event} / {event:?} / {}", hex(&octets))
}

/// How contents are handed over.
#[derive(Clone, Copy)]
enum Bodies {
    Whole,
    Streamed,
    /// Small ones whole, the others in parts.
    LargeInParts,
}

impl Bodies {
    fn configure(self, content: &mut ContentMode, limits: &mut Limits) {
        match self {
            Self::Whole => *content = ContentMode::Whole,
            Self::Streamed => *content = ContentMode::Streamed,
            Self::LargeInParts => limits.whole_body = 500,
        }
    }
}

fn server(bodies: Bodies) -> Connection {
    let mut config = ServerConfig::default();
    bodies.configure(&mut config.content, &mut config.limits);
    Connection::server(config, T0)
}

fn client(bodies: Bodies) -> Connection {
    let mut config = ClientConfig::with_mechanisms(vec![Mechanism::custom("X-ROUNDS", b"hello")]);
    bodies.configure(&mut config.content, &mut config.limits);
    Connection::client(config, T0)
}

/// Plays it in every way; all must tell the same, and so much of it.
fn check(name: &str, connection: &Connection, octets: &[u8], least: usize) {
    let play = |chunk, door, poll_each| {
        Player::new(connection.clone()).play(octets, chunk, door, poll_each)
    };
    let expected = play(usize::MAX, Door::Slice, true);
    assert!(expected.events.len() >= least, "{name}: {:#?}", expected.events);
    for chunk in [1, 2, 3, 7, 8, 9, 1460, usize::MAX] {
        for door in [Door::Input, Door::Bytes, Door::Slice, Door::Mixed] {
            for poll_each in [true, false] {
                let got = play(chunk, door, poll_each);
                let how = format!("{name}: chunks of {chunk}, {door:?}, poll each: {poll_each}");
                for (got, expected) in got.events.iter().zip(&expected.events) {
                    assert_eq!(got, expected, "{how}");
                }
                assert_eq!(got.events.len(), expected.events.len(), "{how}");
                assert_eq!(hex(&got.output), hex(&expected.output), "{how}");
            }
        }
    }
}

#[test]
fn a_client_session_played_to_a_server() {
    let octets = transcripts::of_a_client();
    check("whole", &server(Bodies::Whole), &octets, 30);
    check("streamed", &server(Bodies::Streamed), &octets, 45);
    check("large in parts", &server(Bodies::LargeInParts), &octets, 35);
}

#[test]
fn a_server_session_played_to_a_client() {
    let octets = transcripts::of_a_server();
    check("whole", &client(Bodies::Whole), &octets, 30);
    check("streamed", &client(Bodies::Streamed), &octets, 45);
    check("large in parts", &client(Bodies::LargeInParts), &octets, 35);
}

#[test]
fn faulty_client_sessions() {
    let begun = publish(1, "key");
    for (name, octets) in transcripts::faulty(&transcripts::of_a_client_until_open(), &begun) {
        check(name, &server(Bodies::Whole), &octets, 4);
        check(name, &server(Bodies::Streamed), &octets, 4);
    }
    let openings = [&b"AMQP\0\0\x09\x03"[..], b"GET / HTTP/1.1\r\n\r\n", b"AM", b"XY", b"\x01\0\0"];
    for octets in openings {
        check("opening", &server(Bodies::Whole), octets, 1);
    }
}

#[test]
fn faulty_server_sessions() {
    let begun = deliver(1, 1);
    for (name, octets) in transcripts::faulty(&transcripts::of_a_server_until_open(), &begun) {
        check(name, &client(Bodies::Whole), &octets, 4);
        check(name, &client(Bodies::Streamed), &octets, 4);
    }
    let openings = [&b"AMQP\0\0\x09\x01"[..], b"HTTP/1.1 400 Bad Request\r\n", b"AM", b"\x01\0\0"];
    for octets in openings {
        check("opening", &client(Bodies::Whole), octets, 1);
    }
}
