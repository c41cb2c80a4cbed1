//! A client and a server, the applications on top of them, and what carries octets between them.

use amqp_proto::protocol::{Method, ReplyCode, basic, confirm, queue};
use amqp_proto::{
    ClientConfig, CloseReason, Connection, Content, Decision, Event, Fate, Instant, Limits,
    MethodEvent, Phase, ReplyToken, ServerConfig, UsageError,
};
use bytes::Buf;

use crate::{BODY, Failure};

/// Octets that travel at a time: what the smallest TCP segment holds that everybody has to take.
const SEGMENT: usize = 536;

const CONSUMER: &str = "c";

/// The time at which everything happens.
pub(crate) const NOW: Instant = Instant::ORIGIN;

pub(crate) struct Ends {
    pub(crate) client: Connection,
    pub(crate) server: Connection,
    pub(crate) tally: Tally,
    /// The delivery that comes in parts: tag, length and octets so far.
    arriving: Option<(u64, u64, usize)>,
}

/// How often both sides were told something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// That the handshake is over.
    pub connected: u32,
    /// That a channel is open.
    pub opened: u32,
    /// A reply.
    pub replies: u32,
    /// Publishes that were confirmed.
    pub confirmed: u64,
    /// Deliveries in one piece that are what was published.
    pub whole: u32,
    /// Deliveries in parts that are what was published.
    pub streamed: u32,
    /// Acks.
    pub acked: u32,
    /// That the connection is over, as it should.
    pub closed: u32,
}

impl Ends {
    pub(crate) fn new() -> Self {
        let mut client = ClientConfig::plain("guest", "guest");
        client.limits = Limits::small();
        client.frame_max = 4096;
        let mut server = ServerConfig::default();
        server.limits = Limits::small();
        server.frame_max = 4096;
        Self {
            client: Connection::client(client, NOW),
            server: Connection::server(server, NOW),
            tally: Tally::default(),
            arriving: None,
        }
    }

    /// Carries octets and polls events until nothing happens any more.
    pub(crate) fn drive(&mut self) -> Result<(), Failure> {
        while self.advance()? {}
        Ok(())
    }

    fn advance(&mut self) -> Result<bool, Failure> {
        let mut any = false;
        while let Some(event) = self.client.poll_event() {
            any = true;
            self.handle_on_client(event)?;
        }
        // What is published goes out again: nothing more is asked for while it has nowhere to go.
        while self.server.is_writable() || self.server.phase() != Phase::Open {
            let Some(event) = self.server.poll_event() else { break };
            any = true;
            self.handle_on_server(event)?;
        }
        any |= carry(&mut self.client, &mut self.server);
        any |= carry(&mut self.server, &mut self.client);
        Ok(any)
    }

    fn handle_on_client(&mut self, event: Event) -> Result<(), Failure> {
        match &event {
            Event::Connected => self.tally.connected += 1,
            Event::ChannelOpened(_) => self.tally.opened += 1,
            Event::Reply { .. } => self.tally.replies += 1,
            Event::Confirmed { first, last, fate: Fate::Acked, .. } => {
                self.tally.confirmed += last.number() - first.number() + 1;
            }
            Event::Content(content) => {
                let deliver = content.deliver().ok_or(Failure::Wrong("no delivery"))?;
                check_body(0, content.body())?;
                let ack = basic::Ack { delivery_tag: deliver.delivery_tag, multiple: false };
                self.client.channel(content.channel())?.send(&ack)?;
                self.tally.whole += 1;
            }
            Event::ContentStart(start) => {
                let deliver = start.deliver().ok_or(Failure::Wrong("no delivery"))?;
                self.arriving = Some((deliver.delivery_tag, start.body_size(), 0));
            }
            Event::ContentPart(part) => {
                let Some((delivery_tag, size, so_far)) = &mut self.arriving else {
                    return Err(Failure::Wrong("a part of nothing"));
                };
                check_body(*so_far, &part.octets)?;
                *so_far += part.octets.len();
                if part.last {
                    if *so_far as u64 != *size {
                        return Err(Failure::Wrong("the body ended early"));
                    }
                    let ack = basic::Ack { delivery_tag: *delivery_tag, multiple: false };
                    self.client.channel(part.channel)?.send(&ack)?;
                    self.arriving = None;
                    self.tally.streamed += 1;
                }
            }
            Event::Closed(reason) => self.end(reason)?,
            _ => return Err(Failure::Unexpected(event)),
        }
        Ok(())
    }

    /// A broker with one queue, which has one consumer.
    fn handle_on_server(&mut self, event: Event) -> Result<(), Failure> {
        let deliver = basic::Deliver { consumer_tag: CONSUMER.into(), ..Default::default() };
        match &event {
            Event::Credentials(login) => {
                let login = login.login().ok_or(Failure::Wrong("no login"))?;
                if (login.user, login.password) != (b"guest", b"guest") {
                    return Err(Failure::Wrong("another login"));
                }
                self.server.decide(Decision::Accept)?;
            }
            Event::VirtualHost(_) => self.server.decide(Decision::Accept)?,
            Event::Connected => self.tally.connected += 1,
            Event::ChannelOpened(_) => self.tally.opened += 1,
            Event::Request { token: Some(token), method } => {
                if !self.reply(*token, method)? {
                    return Err(Failure::Unexpected(event));
                }
            }
            Event::Content(publish) => {
                let mut channel = self.server.channel(publish.channel())?;
                channel.deliver(&deliver, publish.properties(), publish.share_body())?;
                self.confirm(publish)?;
            }
            Event::ContentStart(publish) => {
                let mut channel = self.server.channel(publish.channel())?;
                channel.start_deliver(&deliver, publish.properties(), publish.body_size())?;
            }
            Event::ContentPart(part) => {
                let mut channel = self.server.channel(part.channel)?;
                if !part.octets.is_empty() {
                    channel.send_body(&part.octets)?;
                }
                if part.last {
                    channel.send(&basic::Ack { delivery_tag: 0, multiple: true })?;
                }
            }
            Event::Notice(method) if matches!(method.method(), Method::BasicAck(_)) => {
                self.tally.acked += 1;
            }
            Event::Closed(reason) => self.end(reason)?,
            _ => return Err(Failure::Unexpected(event)),
        }
        Ok(())
    }

    fn confirm(&mut self, publish: &Content) -> Result<(), Failure> {
        let seq = publish.publish_seq().ok_or(Failure::Wrong("a publish without a number"))?;
        let ack = basic::Ack { delivery_tag: seq.number(), multiple: false };
        Ok(self.server.channel(publish.channel())?.send(&ack)?)
    }

    /// False for a request that isn't expected.
    fn reply(&mut self, to: ReplyToken, request: &MethodEvent) -> Result<bool, UsageError> {
        let mut channel = self.server.channel(to.channel())?;
        match request.method() {
            Method::QueueDeclare(queue::Declare { queue, .. }) => {
                channel.reply(to, &queue::DeclareOk { queue, ..Default::default() })?;
            }
            Method::ConfirmSelect(_) => channel.reply(to, &confirm::SelectOk)?,
            Method::BasicConsume(basic::Consume { consumer_tag, .. }) => {
                channel.reply(to, &basic::ConsumeOk { consumer_tag })?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn end(&mut self, reason: &CloseReason) -> Result<(), Failure> {
        self.tally.closed += 1;
        if reason.reply_code == ReplyCode::REPLY_SUCCESS {
            Ok(())
        } else {
            Err(Failure::Wrong("closed for another reason"))
        }
    }
}

/// Octets of a body, of which so many came before, must be those that were published.
fn check_body(so_far: usize, octets: &[u8]) -> Result<(), Failure> {
    if BODY.get(so_far..so_far + octets.len()) == Some(octets) {
        Ok(())
    } else {
        Err(Failure::Wrong("the body changed on its way"))
    }
}

fn carry(from: &mut Connection, to: &mut Connection) -> bool {
    if !to.wants_input() {
        return false;
    }
    let transmit = from.transmit();
    let len = transmit.chunk().len().min(SEGMENT);
    to.handle_slice(NOW, &transmit.chunk()[..len]);
    transmit.advance(len);
    len > 0
}
