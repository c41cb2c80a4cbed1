//! Seeds made of recorded sessions of real clients with RabbitMQ (`captures/`): what one side has written is
//! handed in as it came, what the other has written becomes commands of the application.

use amqp_proto::frame::{Cut, FrameType, RawFrame, cut};
use amqp_proto::protocol::{Dialect, Method, MethodKind};
use amqp_proto::wire::TableLimits;

use super::Seed;
use super::session::Session;
use crate::engine::tape::Step;
use crate::engine::which;

/// Their names and octets: pieces of a side's (0: the client's), a length of two octets, and as many octets.
const CAPTURES: [(&str, &[u8]); 9] = [
    ("tour", include_bytes!("../../captures/tour.session")),
    ("pika", include_bytes!("../../captures/pika.session")),
    ("amqp", include_bytes!("../../captures/amqp.session")),
    ("amqplib", include_bytes!("../../captures/amqplib.session")),
    ("declare", include_bytes!("../../captures/declare.session")),
    ("publish", include_bytes!("../../captures/publish.session")),
    ("get", include_bytes!("../../captures/get.session")),
    ("consume", include_bytes!("../../captures/consume.session")),
    ("delete", include_bytes!("../../captures/delete.session")),
];

/// It means 0-8, which RabbitMQ knows and this server doesn't.
const HEADER_OF_AMQPLIB: &[u8] = b"AMQP\x01\x01\x09\x01";

const CLIENT: u8 = 0;
const SERVER: u8 = 1;

pub(super) fn all() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (name, capture) in CAPTURES {
        let mut pieces = pieces(capture);
        let mut dialect = Dialect::V0_9_1;
        if pieces[0].1 == HEADER_OF_AMQPLIB {
            dialect = Dialect::V0_8;
            pieces[0].1 = b"AMQP\x01\x01\x08\0";
        }
        // The tuning of the client's side names its dialect; the server's learns it.
        let tuning = if dialect == Dialect::V0_8 { 0x80 } else { 0 };
        for (target, own) in [("client", CLIENT), ("server", SERVER)] {
            let session = Session::at(0).tuning(tuning);
            seeds
                .push(played(session, &pieces, own, dialect).seed(target, &format!("real-{name}")));
        }
        let stream = |side| {
            let octets = pieces.iter().filter(|(whose, _)| *whose == side);
            octets.flat_map(|(_, octets)| octets.to_vec()).collect::<Vec<u8>>()
        };
        for (side, octets) in [("client", &stream(CLIENT)[8..]), ("server", &stream(SERVER)[..])] {
            // What is long is so by one body.
            let octets = &octets[..octets.len().min(4000)];
            let with = |head: &[u8]| [head, octets].concat();
            seeds.push(Seed::new("frame", format!("real-{name}-{side}"), with(b"\0\x04")));
            seeds.push(Seed::new("differential", format!("real-{name}-{side}"), octets));
            seeds.push(Seed::new("scan", format!("real-{name}-{side}"), with(b"\x04\0\x03")));
        }
    }
    seeds
}

fn pieces(mut capture: &'static [u8]) -> Vec<(u8, &'static [u8])> {
    let mut pieces = Vec::new();
    while let Some((&[whose, high, low], rest)) = capture.split_first_chunk() {
        let (piece, rest) = rest.split_at(usize::from(u16::from_be_bytes([high, low])));
        pieces.push((whose, piece));
        capture = rest;
    }
    pieces
}

/// The session as the side `own` has it.
fn played(mut session: Session, pieces: &[(u8, &[u8])], own: u8, dialect: Dialect) -> Session {
    let mut written = Written { dialect, octets: Vec::new(), content: None };
    for (whose, octets) in pieces {
        if *whose != own {
            session = session.peer(*octets).round();
            continue;
        }
        written.octets.extend_from_slice(octets);
        while let Some(step) = written.next_command() {
            session = session.step(step);
        }
        session = session.round();
    }
    session.step(Step::Eof {}).round()
}

/// What the application's own side has written, cut into commands.
struct Written {
    dialect: Dialect,
    octets: Vec<u8>,
    content: Option<Content>,
}

/// A content that has begun.
struct Content {
    channel: u8,
    method: Vec<u8>,
    properties: Vec<u8>,
    size: usize,
    missing: usize,
}

impl Written {
    fn next_command(&mut self) -> Option<Step> {
        loop {
            if self.octets.starts_with(b"AMQP") {
                self.octets.drain(..8);
            }
            let octets = core::mem::take(&mut self.octets);
            let Ok(Cut::Frame { frame, consumed }) = cut(&octets, u32::MAX) else {
                self.octets = octets;
                return None;
            };
            self.octets = octets[consumed..].to_vec();
            if let Some(step) = self.command(&frame) {
                return Some(step);
            }
        }
    }

    fn command(&mut self, frame: &RawFrame<'_>) -> Option<Step> {
        let channel = u8::try_from(frame.channel).unwrap();
        match frame.frame_type {
            FrameType::METHOD => {
                let limits = TableLimits::DEFAULT;
                let kind = Method::decode(self.dialect, frame.payload, &limits).unwrap().kind();
                if kind.info().content {
                    let method = frame.payload.into();
                    let properties = Vec::new();
                    self.content =
                        Some(Content { channel, method, properties, size: 0, missing: 0 });
                    return None;
                }
                command(kind, channel, frame.payload)
            }
            FrameType::HEADER => {
                let content = self.content.as_mut().unwrap();
                let size = u64::from_be_bytes(frame.payload[4..12].try_into().unwrap());
                content.size = usize::try_from(size).unwrap();
                content.missing = content.size;
                content.properties = frame.payload[12..].into();
                self.end_content(0)
            }
            FrameType::BODY => self.end_content(frame.payload.len()),
            _ => None,
        }
    }

    /// The whole content, where these were the last octets of its body.
    fn end_content(&mut self, octets: usize) -> Option<Step> {
        self.content.as_mut()?.missing -= octets;
        let Content { channel, method, properties, size, .. } =
            self.content.take_if(|content| content.missing == 0)?;
        let len = u16::try_from(size).unwrap();
        Some(Step::SayContent { channel, payload: method, properties, len })
    }
}

/// What an application does for this method to be written; `None`: nothing, the engine does it.
fn command(kind: MethodKind, channel: u8, payload: &[u8]) -> Option<Step> {
    let accept = Step::Command { which: which::ACCEPT, channel: 0, first: 0, second: 0 };
    match kind {
        MethodKind::ConnectionTune | MethodKind::ConnectionOpenOk => Some(accept),
        MethodKind::ConnectionStart
        | MethodKind::ConnectionStartOk
        | MethodKind::ConnectionTuneOk
        | MethodKind::ConnectionOpen
        | MethodKind::ConnectionCloseOk
        | MethodKind::ChannelOpenOk
        | MethodKind::ChannelCloseOk => None,
        _ => Some(Step::Say { channel, payload: payload.into() }),
    }
}
