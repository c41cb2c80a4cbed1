//! What can happen to a connection.

use core::time::Duration;

use amqp_proto::protocol::{basic, queue, tx};
use amqp_proto::wire::TableBuf;
use amqp_proto::{
    ChannelId, ClientConfig, Connection, Mechanism, Phase, ServerConfig, Side, UsageError,
};

use crate::CHANNELS;
use crate::common::*;
use crate::told::{Question, Stage};
use crate::world::{World, limits};

pub(crate) const ONE: ChannelId = ChannelId::new(1).unwrap();

/// Larger than the window and shared by the engine instead of copied.
pub(crate) const LARGE: &[u8] = &[b'b'; 1200];

/// A step. Where nothing else is said it is about channel 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    // Frames of the peer.
    /// What comes next in the handshake, the application's answer to a challenge among it; once that is
    /// over open-ok of a channel that is opening, or the first method of the handshake again.
    Handshake,
    /// secure or secure-ok.
    Secure,
    PeerOpens(u16),
    PeerOpensOk(u16),
    PeerClosesChannel(u16),
    /// 100 times.
    PeerClosesOften,
    PeerClosesChannelOk,
    PeerCloses,
    PeerClosesOk,
    /// publish or deliver, without its header.
    Carrier,
    GetOkMethod,
    Header(u64),
    Body(usize),
    /// A whole content on this channel.
    Whole(u16),
    /// queue.declare, or its reply.
    Declare,
    DeclareQuietly,
    Consume,
    ConsumeOk,
    Get,
    ConfirmSelect,
    /// The first publish or delivery is acknowledged.
    PeerAcks,
    PeerAcksUnknown,
    /// flow, the other way than the last time.
    PeerFlow,
    /// 30 of them at once.
    PeerFlows,
    PeerCancels,
    TxSelect,
    TxSelectOk,
    TxCommit,
    PeerBlocks,
    /// A heartbeat of a peer that reads again, if it didn't.
    Heartbeat,
    UnknownMethod,
    WrongSide,
    BadEnd,
    Eof,
    // Commands.
    OpenChannel,
    CallDeclare,
    CallDeclareQuietly,
    CallGet,
    CallConsume,
    CallConfirmSelect,
    CallTxSelect,
    CallTxCommit,
    CallCancel,
    /// publish or deliver.
    Send,
    /// The same with a body of this many octets, which come later.
    StartSending(u64),
    SendBody(usize),
    Reply,
    Fail,
    /// The oldest delivery or publish.
    Ack,
    AckUnknown,
    CloseChannel(u16),
    Close,
    /// The answer to what was asked.
    Decide,
    /// A login is asked for more.
    Challenge,
    // The transport and the clock.
    /// The transport takes nothing any more; ten octets, if it took nothing already.
    Hold,
    /// Until the next deadline.
    Wait,
}

/// A step, and its octets where they are always the same.
pub(crate) struct Letter {
    pub(crate) step: Step,
    octets: Vec<u8>,
}

impl Letter {
    pub(crate) fn new(step: Step, side: Side) -> Self {
        Self { step, octets: octets(step, side) }
    }
}

fn octets(step: Step, side: Side) -> Vec<u8> {
    use Step as S;
    let towards_client = side == Side::Client;
    match step {
        S::PeerOpens(channel) => channel_open(channel),
        S::PeerOpensOk(channel) => channel_open_ok(channel),
        S::PeerClosesChannel(channel) => channel_close(channel, 404, "gone"),
        S::PeerClosesOften => channel_close(1, 404, "gone").repeat(100),
        S::PeerClosesChannelOk => channel_close_ok(1),
        S::PeerCloses => connection_close(320, "down"),
        S::PeerClosesOk => connection_close_ok(),
        S::Secure if towards_client => method(0, 10, 20, &long(b"what?")),
        S::Secure => method(0, 10, 21, &long(b"that")),
        S::Carrier if !towards_client => publish(1, "q"),
        S::Whole(channel) if !towards_client => message(publish(channel, "q"), channel, b"wh", 9),
        S::Header(size) => header(1, size, BARE),
        S::Body(len) => body(1, &[b'p'; 9][..len]),
        S::Declare if towards_client => declare_ok(1, "q"),
        S::Declare => declare(1, "q"),
        S::DeclareQuietly => {
            method(1, 50, 10, &[b"\0\0", &short("q")[..], b"\x10\0\0\0\0"].concat())
        }
        S::Consume => method(1, 60, 20, b"\0\0\x01q\x01c\0\0\0\0\0"),
        S::ConsumeOk => method(1, 60, 21, b"\x01c"),
        S::Get => method(1, 60, 70, b"\0\0\x01q\0"),
        S::ConfirmSelect if towards_client => method(1, 85, 11, b""),
        S::ConfirmSelect => method(1, 85, 10, b"\0"),
        S::PeerAcks => method(1, 60, 80, b"\0\0\0\0\0\0\0\x01\0"),
        S::PeerAcksUnknown => method(1, 60, 80, b"\0\0\0\0\0\0\0\x63\0"),
        S::PeerFlows => method(1, 20, 20, b"\x01").repeat(30),
        S::PeerCancels if towards_client => method(1, 60, 30, b"\x01c\x01"),
        S::PeerCancels => method(1, 60, 30, b"\x01c\0"),
        S::TxSelect => method(1, 90, 10, b""),
        S::TxSelectOk => method(1, 90, 11, b""),
        S::TxCommit if towards_client => method(1, 90, 21, b""),
        S::TxCommit => method(1, 90, 20, b""),
        S::UnknownMethod => method(1, 60, 99, b""),
        S::WrongSide if towards_client => declare(1, "q"),
        S::WrongSide => declare_ok(1, "q"),
        S::BadEnd => [&HEARTBEAT[..7], b"\0"].concat(),
        _ => Vec::new(),
    }
}

pub(crate) type Result<T = ()> = core::result::Result<T, UsageError>;

impl World {
    /// Does what the step says. A command has a result.
    pub(crate) fn take(&mut self, letter: &Letter) -> Option<Result> {
        use Step as S;
        let result = match letter.step {
            S::Handshake if self.told.question == Some(Question::Challenge) => self.decide(),
            S::Handshake => {
                let octets = self.next_of_handshake();
                return self.feed(&octets);
            }
            S::Carrier | S::Whole(_) | S::GetOkMethod if self.told.side == Side::Client => {
                let octets = self.delivery(letter.step);
                return self.feed(&octets);
            }
            S::PeerFlow => {
                let active = u8::from(self.told.channels[1].flow_stopped);
                return self.feed(&method(1, 20, 20, &[active]));
            }
            S::PeerBlocks if self.told.blocked => return self.feed(&method(0, 10, 61, b"")),
            S::PeerBlocks => return self.feed(&method(0, 10, 60, b"\x03low")),
            S::Heartbeat => {
                self.held = false;
                return self.feed(HEARTBEAT);
            }
            S::Eof => {
                self.connection.handle_eof(self.now);
                self.ended = true;
                return None;
            }
            S::Hold => {
                let most = if self.held { 10 } else { 0 };
                self.held = true;
                self.write(most);
                return None;
            }
            S::Wait => {
                let deadline = self.connection.poll_timeout();
                self.now = deadline.unwrap_or(self.now + Duration::from_secs(1)).max(self.now);
                self.connection.handle_timeout(self.now);
                return None;
            }
            S::OpenChannel => self.open_channel(),
            S::Decide => self.decide(),
            S::Challenge => self.challenge(),
            S::Close => self.close(),
            S::CloseChannel(number) => self.close_channel(number),
            S::CallDeclare => {
                self.call(&queue::Declare { queue: "q".into(), ..Default::default() })
            }
            S::CallDeclareQuietly => {
                let declare =
                    queue::Declare { queue: "q".into(), no_wait: true, ..Default::default() };
                self.call(&declare)
            }
            S::CallGet => self.call(&basic::Get { queue: "q".into(), ..Default::default() }),
            S::CallConsume => self.call(&basic::Consume {
                queue: "q".into(),
                consumer_tag: "c".into(),
                ..Default::default()
            }),
            S::CallConfirmSelect => self.select(),
            S::CallTxSelect => self.call(&tx::Select),
            S::CallTxCommit => self.call(&tx::Commit),
            S::CallCancel => {
                self.call(&basic::Cancel { consumer_tag: "c".into(), ..Default::default() })
            }
            S::Send => self.content(None),
            S::StartSending(size) => self.content(Some(size)),
            S::SendBody(len) => self.send_body(len),
            S::Reply => self.reply(),
            S::Fail => self.fail(),
            S::Ack => self.ack(false),
            S::AckUnknown => self.ack(true),
            step => {
                self.note(step);
                return self.feed(&letter.octets);
            }
        };
        Some(result)
    }

    fn feed(&mut self, octets: &[u8]) -> Option<Result> {
        assert!(!octets.is_empty(), "a step without octets");
        self.connection.handle_slice(self.now, octets);
        None
    }

    /// Counts what has to be answered, and what answers.
    fn note(&mut self, step: Step) {
        if self.told.over {
            return;
        }
        let channels = &mut self.written.channels;
        match step {
            Step::PeerClosesChannel(channel) => channels[usize::from(channel)].close_fed(1),
            Step::PeerClosesOften => channels[1].close_fed(100),
            Step::PeerClosesChannelOk => channels[1].close_oks_fed += 1,
            Step::PeerCloses => self.written.closes_fed += 1,
            _ => {}
        }
    }

    fn next_of_handshake(&self) -> Vec<u8> {
        match (self.told.side, self.connection.phase()) {
            (Side::Client, Phase::Start) => start("PLAIN OWN"),
            (Side::Client, Phase::Secure) => tune(2047, 4096, 4),
            (Side::Client, Phase::Opening) => open_ok(),
            (Side::Client, _) if self.told.channels[1].stage == Stage::Opening => {
                channel_open_ok(1)
            }
            (Side::Client, _) => start("PLAIN OWN"),
            (_, Phase::Header) => PROTOCOL_HEADER.to_vec(),
            (_, Phase::Start) => login(),
            (_, Phase::Tune) => tune_ok(2, 4096, 4),
            (_, Phase::Opening) => open("/"),
            _ => login(),
        }
    }

    /// A content of a server, which numbers them.
    fn delivery(&mut self, step: Step) -> Vec<u8> {
        let channel = if let Step::Whole(channel) = step { channel } else { 1 };
        let known = &mut self.told.channels[usize::from(channel)];
        let last = &mut self.tags[usize::from(channel)];
        if known.stage == Stage::Absent {
            *last = 0;
        }
        *last += 1;
        match step {
            Step::Whole(_) => message(deliver(channel, *last), channel, b"wh", 9),
            Step::GetOkMethod => {
                let tag = last.to_be_bytes();
                method(1, 60, 71, &[&tag[..], b"\0\0\x01q\0\0\0\0"].concat())
            }
            _ => deliver(1, *last),
        }
    }
}

/// start-ok with the capabilities that a server needs for some of what it sends.
fn login() -> Vec<u8> {
    let granted = |name: &str| [&short(name)[..], b"t\x01"].concat();
    let granted = [granted("consumer_cancel_notify"), granted("basic.nack")].concat();
    let table = [&short("capabilities")[..], b"F", &long(&granted)].concat();
    let arguments =
        [&long(&table)[..], &short("PLAIN"), &long(b"\0guest\0guest"), &short("en_US")].concat();
    method(0, 10, 11, &arguments)
}

/// A connection that can take the first step, small enough to be cloned millions of times.
pub(crate) fn connection(side: Side) -> Connection {
    let channel_max = u16::try_from(CHANNELS).unwrap() - 1;
    match side {
        Side::Client => {
            let own = Mechanism::custom("OWN", b"secret");
            let mut config = ClientConfig::with_mechanisms(vec![own]);
            (config.frame_max, config.channel_max) = (4096, channel_max);
            (config.limits, config.client_properties) = (limits(), TableBuf::new());
            Connection::client(config, T0)
        }
        _ => {
            let mut config = ServerConfig::default();
            (config.frame_max, config.channel_max) = (4096, channel_max);
            (config.limits, config.server_properties) = (limits(), TableBuf::new());
            config.limits.whole_body = 3;
            Connection::server(config, T0)
        }
    }
}
