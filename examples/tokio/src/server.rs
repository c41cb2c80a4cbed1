//! The server's application: queues in memory, for one connection.
//!
//! The engine speaks the protocol and keeps its rules. What is left is to decide on the login, to
//! answer requests and to move messages. The toy forgets a message when it delivers it, so that it has
//! no use for acks.

use std::collections::{BTreeMap, VecDeque};

use amqp_proto::protocol::{Method, ReplyCode, basic, confirm, queue};
use amqp_proto::sasl::{AmqPlainLogin, PlainLogin};
use amqp_proto::{
    ChannelId, CloseReason, Connection, Content, Credentials, Decision, Event, Instant,
    MethodEvent, ReplyToken, ServerConfig, UsageError,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use crate::drive::{Application, Command, Failure, drive};

/// Names are octets: nobody can be sure that they are text.
type Name = Vec<u8>;

struct Server {
    /// For tasks that decide on a login.
    commands: mpsc::Sender<Command>,
    queues: BTreeMap<Name, VecDeque<Content>>,
    consumers: Vec<Consumer>,
}

struct Consumer {
    channel: ChannelId,
    tag: Name,
    queue: Name,
}

/// Serves one connection until it has ended; returns why.
pub(crate) async fn serve(
    stream: impl AsyncRead + AsyncWrite,
) -> Result<Box<CloseReason>, Failure> {
    let mut config = ServerConfig::default();
    // Larger bodies would come in parts, which the toy doesn't put together: let them be refused.
    config.limits.max_body = Some(config.limits.whole_body);
    let (commands, inbox) = mpsc::channel(8);
    let mut server = Server { commands, queues: BTreeMap::new(), consumers: Vec::new() };
    drive(Connection::server(config, Instant::ORIGIN), stream, &mut server, inbox).await
}

impl Application for Server {
    fn handle(
        &mut self,
        connection: &mut Connection,
        _: Instant,
        event: Event,
    ) -> Result<(), Failure> {
        match event {
            Event::Credentials(login) => {
                // As if a database was asked: the connection waits for the decision, this task doesn't.
                let commands = self.commands.clone();
                tokio::spawn(async move {
                    let decision = judge(&login);
                    // Refused if the connection has ended meanwhile, as it does when time is up.
                    let command = move |connection: &mut Connection, _: Instant| {
                        let _ = connection.decide(decision);
                    };
                    let _ = commands.send(Box::new(command)).await;
                });
            }
            Event::VirtualHost(host) if host.name() == "/" => {
                connection.decide(Decision::Accept)?
            }
            Event::VirtualHost(_) => {
                let text = "there is no virtual host but /";
                connection.decide(Decision::Refuse { code: ReplyCode::NOT_ALLOWED, text })?;
            }
            // The client always wants a reply; a request that doesn't would come without a token.
            Event::Request { token: Some(token), method } => {
                self.answer(connection, token, &method)?;
            }
            Event::Content(publish) => {
                if let Some(queue) = self.queues.get_mut(publish.routing_key().as_octets()) {
                    // A copy: the event would keep the buffer alive that it was read into.
                    queue.push_back(publish.to_detached());
                }
                let number = publish.publish_seq().map_or(0, |seq| seq.number());
                if number > 0 {
                    let ack = basic::Ack { delivery_tag: number, multiple: false };
                    connection.channel(publish.channel())?.send(&ack)?;
                }
            }
            Event::ChannelClosed { channel, .. } => {
                self.consumers.retain(|consumer| consumer.channel != channel);
            }
            _ => {}
        }
        Ok(())
    }

    fn proceed(&mut self, connection: &mut Connection) -> Result<(), Failure> {
        for Consumer { channel, tag, queue } in &self.consumers {
            let Some(queue) = self.queues.get_mut(queue) else { continue };
            let Ok(mut channel) = connection.channel(*channel) else { continue };
            while let Some(message) = queue.front() {
                let deliver = basic::Deliver {
                    consumer_tag: tag.into(),
                    exchange: message.exchange(),
                    routing_key: message.routing_key(),
                    ..Default::default()
                };
                match channel.deliver(&deliver, message.properties(), message.share_body()) {
                    Ok(_) => queue.pop_front(),
                    // There will be room another time; a channel that is closing takes no more.
                    Err(
                        UsageError::Full { .. }
                        | UsageError::FlowStopped { .. }
                        | UsageError::ChannelPhase { .. },
                    ) => break,
                    Err(error) => return Err(error.into()),
                };
            }
        }
        Ok(())
    }
}

impl Server {
    fn answer(
        &mut self,
        connection: &mut Connection,
        token: ReplyToken,
        request: &MethodEvent,
    ) -> Result<(), UsageError> {
        let mut channel = connection.channel(token.channel())?;
        match request.method() {
            // An empty name would ask for one of the server's choice; so would an empty tag below.
            Method::QueueDeclare(declare) if !declare.queue.is_empty() => {
                let queue = self.queues.entry(declare.queue.as_octets().to_vec()).or_default();
                let message_count = u32::try_from(queue.len()).unwrap_or(u32::MAX);
                let ok =
                    queue::DeclareOk { queue: declare.queue, message_count, consumer_count: 0 };
                channel.reply(token, &ok)
            }
            Method::ConfirmSelect(_) => channel.reply(token, &confirm::SelectOk),
            Method::BasicConsume(consume) if !consume.consumer_tag.is_empty() => {
                let (tag, queue) = (consume.consumer_tag, consume.queue.as_octets().to_vec());
                if !self.queues.contains_key(&queue) {
                    return channel.fail(token, ReplyCode::NOT_FOUND, "no such queue");
                }
                channel.reply(token, &basic::ConsumeOk { consumer_tag: tag })?;
                let tag = tag.as_octets().to_vec();
                self.consumers.push(Consumer { channel: token.channel(), tag, queue });
                Ok(())
            }
            _ => channel.fail(token, ReplyCode::NOT_IMPLEMENTED, "the toy can't do this"),
        }
    }
}

/// Each mechanism has a response of its own form: the name comes first.
fn judge(login: &Credentials) -> Decision<'static> {
    let pair = match login.mechanism().as_octets() {
        b"PLAIN" => PlainLogin::parse(login.response()).map(|login| (login.user, login.password)),
        b"AMQPLAIN" => {
            AmqPlainLogin::parse(login.response()).map(|login| (login.user, login.password))
        }
        _ => None,
    };
    match pair {
        Some((b"guest", b"guest")) => Decision::Accept,
        _ => Decision::Refuse { code: ReplyCode::ACCESS_REFUSED, text: "wrong user or password" },
    }
}
