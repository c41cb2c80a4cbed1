//! The server's application: a toy broker of one connection, all of it in memory.
//!
//! The engine speaks the protocol and keeps its rules; what is left is to decide on the login, to
//! answer requests and to move messages. The toy forgets a message when it hands it out, so that it
//! has no use for acks.

use std::collections::{BTreeMap, VecDeque};

use amqp_proto::protocol::{Method, Reply, ReplyCode, basic, confirm, exchange, queue};
use amqp_proto::sasl::Login;
use amqp_proto::{
    ChannelId, Connection, Content, Credentials, Decision, Event, MethodEvent, ReplyToken,
    UsageError,
};

/// Names are octets: nobody can be sure that they are text.
type Name = Vec<u8>;

#[derive(Default)]
pub(crate) struct Broker {
    /// Bindings (routing key and queue) of each exchange but the default one.
    exchanges: BTreeMap<Name, Vec<(Name, Name)>>,
    queues: BTreeMap<Name, Queue>,
    named: u32,
    published: u64,
}

#[derive(Default)]
struct Queue {
    /// Publishes as they were received, numbered in their order.
    messages: VecDeque<(u64, Content)>,
    consumers: Vec<Consumer>,
}

struct Consumer {
    channel: ChannelId,
    tag: Name,
    /// For a consumer that leaves messages in the queue: the last one that it has seen.
    browsed: Option<u64>,
}

impl Broker {
    pub(crate) fn handle(
        &mut self,
        server: &mut Connection,
        event: Event,
    ) -> Result<(), UsageError> {
        match event {
            Event::Credentials(login) => server.decide(judge(&login)),
            Event::VirtualHost(host) if host.name() == "/" => server.decide(Decision::Accept),
            Event::VirtualHost(_) => {
                let text = "there is no virtual host but /";
                server.decide(Decision::Refuse { code: ReplyCode::NOT_ALLOWED, text })
            }
            // The script always wants a reply; one that doesn't would come without a token.
            Event::Request { token: Some(token), method } => self.request(server, token, &method),
            Event::Content(publish) => self.publish(server, &publish),
            Event::ChannelClosed { channel, .. } => {
                self.drop_consumers(|consumer| consumer.channel == channel);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn request(
        &mut self,
        server: &mut Connection,
        token: ReplyToken,
        request: &MethodEvent,
    ) -> Result<(), UsageError> {
        match request.method() {
            Method::QueueDeclare(declare) => {
                let mut name = declare.queue.as_octets().to_vec();
                if name.is_empty() {
                    self.named += 1;
                    name = format!("amq.gen-{}", self.named).into();
                }
                let ok = queue::DeclareOk { queue: (&name).into(), ..Default::default() };
                reply(server, token, &ok)?;
                self.queues.entry(name).or_default();
                Ok(())
            }
            Method::ExchangeDeclare(declare) if declare.r#type == "direct" => {
                self.exchanges.entry(declare.exchange.as_octets().to_vec()).or_default();
                reply(server, token, &exchange::DeclareOk)
            }
            Method::QueueBind(bind) => {
                let Some(bindings) = self.exchanges.get_mut(bind.exchange.as_octets()) else {
                    return fail(server, token, ReplyCode::NOT_FOUND, "no such exchange");
                };
                let (key, queue) = (bind.routing_key.as_octets(), bind.queue.as_octets());
                bindings.push((key.to_vec(), queue.to_vec()));
                reply(server, token, &queue::BindOk)
            }
            Method::ConfirmSelect(_) => reply(server, token, &confirm::SelectOk),
            Method::BasicGet(get) => self.get(server, token, &get),
            Method::BasicConsume(consume) => self.consume(server, token, &consume),
            Method::BasicCancel(basic::Cancel { consumer_tag, .. }) => {
                let channel = token.channel();
                self.drop_consumers(|consumer| {
                    consumer.channel == channel && consumer_tag == *consumer.tag
                });
                reply(server, token, &basic::CancelOk { consumer_tag })
            }
            _ => fail(server, token, ReplyCode::NOT_IMPLEMENTED, "the toy can't do this"),
        }
    }

    fn publish(&mut self, server: &mut Connection, message: &Content) -> Result<(), UsageError> {
        let Some(publish) = message.publish() else { return Ok(()) };
        let mut queues = self.route(publish.exchange.as_octets(), publish.routing_key.as_octets());
        queues.retain(|name| self.queues.contains_key(name));
        let mut channel = server.channel(message.channel())?;
        if queues.is_empty() && publish.mandatory {
            let returned = basic::Return {
                reply_code: ReplyCode::NO_ROUTE,
                reply_text: "NO_ROUTE".into(),
                exchange: publish.exchange,
                routing_key: publish.routing_key,
            };
            channel.return_message(&returned, message.properties(), message.share_body())?;
        }
        if let Some(seq) = message.publish_seq() {
            channel.send(&basic::Ack { delivery_tag: seq.number(), multiple: false })?;
        }
        self.published += 1;
        for name in queues {
            let Some(queue) = self.queues.get_mut(&name) else { continue };
            // A copy: the event would keep the buffer alive that it was read into.
            queue.messages.push_back((self.published, message.to_detached()));
            queue.feed_consumers(server)?;
        }
        Ok(())
    }

    fn route(&self, exchange: &[u8], key: &[u8]) -> Vec<Name> {
        match self.exchanges.get(exchange) {
            Some(bindings) => {
                let matching = bindings.iter().filter(|(bound, _)| bound == key);
                matching.map(|(_, queue)| queue.clone()).collect()
            }
            // The default exchange.
            None => vec![key.to_vec()],
        }
    }

    fn get(
        &mut self,
        server: &mut Connection,
        token: ReplyToken,
        get: &basic::Get<'_>,
    ) -> Result<(), UsageError> {
        let Some(queue) = self.queues.get_mut(get.queue.as_octets()) else {
            return fail(server, token, ReplyCode::NOT_FOUND, "no such queue");
        };
        let Some((_, message)) = queue.messages.pop_front() else {
            return reply(server, token, &basic::GetEmpty::default());
        };
        let publish = message.publish().unwrap_or_default();
        let get_ok = basic::GetOk {
            exchange: publish.exchange,
            routing_key: publish.routing_key,
            message_count: u32::try_from(queue.messages.len()).unwrap_or(u32::MAX),
            ..Default::default()
        };
        let mut channel = server.channel(token.channel())?;
        channel.get_ok(token, &get_ok, message.properties(), message.share_body())?;
        Ok(())
    }

    fn consume(
        &mut self,
        server: &mut Connection,
        token: ReplyToken,
        consume: &basic::Consume<'_>,
    ) -> Result<(), UsageError> {
        let Some(queue) = self.queues.get_mut(consume.queue.as_octets()) else {
            return fail(server, token, ReplyCode::NOT_FOUND, "no such queue");
        };
        let browses = consume.arguments.get("x-filter-no-consume");
        queue.consumers.push(Consumer {
            channel: token.channel(),
            tag: consume.consumer_tag.as_octets().to_vec(),
            browsed: browses.and_then(|value| value.as_bool()).unwrap_or(false).then_some(0),
        });
        reply(server, token, &basic::ConsumeOk { consumer_tag: consume.consumer_tag })?;
        queue.feed_consumers(server)
    }

    fn drop_consumers(&mut self, which: impl Fn(&Consumer) -> bool) {
        for queue in self.queues.values_mut() {
            queue.consumers.retain(|consumer| !which(consumer));
        }
    }
}

impl Queue {
    /// Browsers get all that they haven't seen, the first other consumer all that is left.
    fn feed_consumers(&mut self, server: &mut Connection) -> Result<(), UsageError> {
        for consumer in &mut self.consumers {
            if let Some(seen) = consumer.browsed {
                for (number, message) in self.messages.iter().filter(|(number, _)| *number > seen) {
                    consumer.deliver(server, message)?;
                    consumer.browsed = Some(*number);
                }
                continue;
            }
            for (_, message) in self.messages.drain(..) {
                consumer.deliver(server, &message)?;
            }
        }
        Ok(())
    }
}

impl Consumer {
    fn deliver(&self, server: &mut Connection, message: &Content) -> Result<u64, UsageError> {
        let publish = message.publish().unwrap_or_default();
        let deliver = basic::Deliver {
            consumer_tag: (&self.tag).into(),
            exchange: publish.exchange,
            routing_key: publish.routing_key,
            ..Default::default()
        };
        server.channel(self.channel)?.deliver(&deliver, message.properties(), message.share_body())
    }
}

fn judge(login: &Credentials) -> Decision<'static> {
    match login.login() {
        Some(Login { user: b"guest", password: b"guest", .. }) => Decision::Accept,
        _ => Decision::Refuse { code: ReplyCode::ACCESS_REFUSED, text: "wrong user or password" },
    }
}

fn reply(server: &mut Connection, to: ReplyToken, method: &impl Reply) -> Result<(), UsageError> {
    server.channel(to.channel())?.reply(to, method)
}

fn fail(
    server: &mut Connection,
    to: ReplyToken,
    code: ReplyCode,
    text: &str,
) -> Result<(), UsageError> {
    server.channel(to.channel())?.fail(to, code, text)
}
