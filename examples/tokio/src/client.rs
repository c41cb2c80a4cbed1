//! The client's application: publishes messages with confirms, then consumes and acks them.

use core::fmt;

use amqp_proto::protocol::{Properties, ReplyCode, basic, confirm, queue};
use amqp_proto::{
    ChannelId, ClientConfig, CloseDetail, Connection, Event, Fate, Initiator, Instant, Mechanism,
    UsageError,
};
use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};

use crate::drive::{Application, Failure, drive};

const QUEUE: &str = "work";
const MESSAGES: u32 = 1000;
const BODY: usize = 4096;
/// Deliveries per ack.
const BATCH: u32 = 100;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    published: u32,
    confirmed: u64,
    consumed: u32,
    acks: u32,
    /// How often publishing had to wait for room.
    waits: u32,
}

struct Client {
    channel: Option<ChannelId>,
    report: Report,
    /// Where the report goes when all is done.
    done: Option<oneshot::Sender<Report>>,
}

/// Logs in, does the work and closes the connection.
pub(crate) async fn run<S>(stream: S, mechanism: Mechanism) -> Result<Report, Failure>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let config = ClientConfig::with_mechanisms(vec![mechanism]);
    let connection = Connection::client(config, Instant::ORIGIN);
    let (commands, inbox) = mpsc::channel(1);
    let (done, report) = oneshot::channel();
    let mut client = Client { channel: None, report: Report::default(), done: Some(done) };
    let driver = tokio::spawn(async move { drive(connection, stream, &mut client, inbox).await });

    let report = report.await;
    if report.is_ok() {
        let goodbye = |connection: &mut Connection, now: Instant| {
            // Refused if it is closing already, and then the reason below tells.
            let _ = connection.close(now, ReplyCode::REPLY_SUCCESS, "goodbye");
        };
        let _ = commands.send(Box::new(goodbye)).await;
    }
    let reason = driver.await??;
    match report {
        Ok(report)
            if reason.initiator == Initiator::Local && reason.detail == CloseDetail::None =>
        {
            Ok(report)
        }
        _ => Err(reason.to_string().into()),
    }
}

impl Application for Client {
    fn handle(
        &mut self,
        connection: &mut Connection,
        _: Instant,
        event: Event,
    ) -> Result<(), Failure> {
        match event {
            Event::Connected => {
                // None of these need wait for the reply to the one before.
                let id = connection.open_channel()?;
                let mut channel = connection.channel(id)?;
                channel.call(&queue::Declare { queue: QUEUE.into(), ..Default::default() })?;
                channel.call(&confirm::Select::default())?;
                self.channel = Some(id);
            }
            Event::Confirmed { channel, first, last, fate: Fate::Acked } => {
                self.report.confirmed += last.number() - first.number() + 1;
                if self.report.confirmed == u64::from(MESSAGES) {
                    let consume = basic::Consume {
                        queue: QUEUE.into(),
                        consumer_tag: "worker".into(),
                        ..Default::default()
                    };
                    connection.channel(channel)?.call(&consume)?;
                }
            }
            Event::Confirmed { .. } => {
                return Err("the server did not take responsibility for a message".into());
            }
            Event::Content(message) => {
                let Some(deliver) = message.deliver() else { return Ok(()) };
                if *message.body() != body(self.report.consumed) {
                    return Err("a message came out of order or damaged".into());
                }
                self.report.consumed += 1;
                if self.report.consumed % BATCH == 0 {
                    let ack = basic::Ack { delivery_tag: deliver.delivery_tag, multiple: true };
                    connection.channel(message.channel())?.send(&ack)?;
                    self.report.acks += 1;
                }
                if self.report.consumed == MESSAGES {
                    if let Some(done) = self.done.take() {
                        let _ = done.send(self.report);
                    }
                }
            }
            Event::ChannelClosed { reason, .. } => return Err(reason.to_string().into()),
            _ => {}
        }
        Ok(())
    }

    fn proceed(&mut self, connection: &mut Connection) -> Result<(), Failure> {
        let Some(id) = self.channel else { return Ok(()) };
        let mut channel = connection.channel(id)?;
        let publish = basic::Publish { routing_key: QUEUE.into(), ..Default::default() };
        while self.report.published < MESSAGES {
            match channel.publish(&publish, Properties::default(), body(self.report.published)) {
                Ok(_) => self.report.published += 1,
                // Nothing was queued: the same message again when output was written, …
                Err(UsageError::Full { .. }) => {
                    self.report.waits += 1;
                    break;
                }
                // … when the server allows it, or when confirms have come.
                Err(
                    UsageError::FlowStopped { .. }
                    | UsageError::Blocked
                    | UsageError::TooManyUnconfirmed { .. },
                ) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// A body that tells one message from another.
fn body(number: u32) -> Bytes {
    let mut body = BytesMut::zeroed(BODY);
    body.as_mut().put_u32(number);
    body.freeze()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { published, confirmed, consumed, acks, waits } = self;
        write!(f, "{published} published ({waits} waits for room), {confirmed} confirmed, ")?;
        write!(f, "{consumed} consumed with {acks} acks")
    }
}
