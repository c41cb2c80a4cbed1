//! Exchanges and queues in memory, for one connection: what a server's application does.
//!
//! The engine keeps the rules of the protocol; here messages are routed, handed out, and kept until they are
//! acked. Clients of 0-8 need a ticket for all they do.

use std::collections::{BTreeMap, VecDeque};

use amqp_proto::protocol::{
    Dialect, Method, MethodKind, Reply, ReplyCode, access, basic, exchange, queue,
};
use amqp_proto::{
    ChannelId, Connection, Content, Event, Instant, MethodEvent, ReplyToken, UsageError,
};

/// Names are octets: nobody can be sure that they are text.
type Name = Vec<u8>;

type Done = Result<(), UsageError>;

/// The ticket that access.request gives.
const TICKET: u16 = 101;

#[derive(Default)]
pub(crate) struct Store {
    /// Bindings (routing key and queue) of each direct exchange but the default one.
    exchanges: BTreeMap<Name, Vec<(Name, Name)>>,
    queues: BTreeMap<Name, VecDeque<Message>>,
    consumers: Vec<Consumer>,
    /// What was handed out and isn't acked.
    unacked: BTreeMap<(ChannelId, u64), (Name, Message)>,
    named: u32,
}

struct Message {
    content: Content,
    redelivered: bool,
}

struct Consumer {
    channel: ChannelId,
    tag: Name,
    queue: Name,
    needs_ack: bool,
}

/// A request and where its reply goes, if it wants one.
struct Asked<'a> {
    server: &'a mut Connection,
    channel: ChannelId,
    kind: MethodKind,
    token: Option<ReplyToken>,
}

impl Asked<'_> {
    fn reply(self, method: &impl Reply) -> Done {
        let Some(token) = self.token else { return Ok(()) };
        self.server.channel(self.channel)?.reply(token, method)
    }

    fn fail(self, code: ReplyCode, text: &str) -> Done {
        let mut channel = self.server.channel(self.channel)?;
        match self.token {
            Some(token) => channel.fail(token, code, text),
            None => channel.close_for(self.kind, code, text),
        }
    }

    fn no_queue(self) -> Done {
        self.fail(ReplyCode::NOT_FOUND, "there is no such queue")
    }
}

impl Store {
    pub(crate) fn handle(&mut self, server: &mut Connection, now: Instant, event: Event) -> Done {
        match event {
            Event::Request { token, method } => {
                let (kind, Some(channel)) = (method.kind(), method.channel()) else {
                    return Ok(());
                };
                self.request(Asked { server, channel, kind, token }, now, &method)?;
            }
            Event::Content(publish) => self.publish(server, &publish)?,
            Event::Notice(method) => self.settle(&method),
            Event::ChannelClosed { channel, .. } => {
                self.consumers.retain(|consumer| consumer.channel != channel);
                self.take_back(|at, _| at == channel);
            }
            _ => return Ok(()),
        }
        self.deliver(server)
    }

    fn request(&mut self, asked: Asked<'_>, now: Instant, request: &MethodEvent) -> Done {
        let method = request.method();
        let ticket = ticket_of(&method);
        if asked.server.dialect() == Dialect::V0_8 && ticket.is_some_and(|it| it != TICKET) {
            return asked.fail(ReplyCode::ACCESS_REFUSED, "this needs a ticket");
        }
        match method {
            Method::AccessRequest(_) => asked.reply(&access::RequestOk { ticket: TICKET }),
            Method::ExchangeDeclare(declare) if declare.r#type == "direct" => {
                self.exchanges.entry(declare.exchange.as_octets().to_vec()).or_default();
                asked.reply(&exchange::DeclareOk)
            }
            Method::ExchangeDeclare(_) => {
                let (code, text) = (ReplyCode::COMMAND_INVALID, "direct exchanges alone");
                asked.server.close_for(now, asked.kind, code, text)
            }
            Method::ExchangeDelete(delete) => {
                self.exchanges.remove(delete.exchange.as_octets());
                asked.reply(&exchange::DeleteOk)
            }
            Method::QueueDeclare(declare) => self.declare(asked, &declare),
            Method::QueueBind(bind) => {
                let (key, queue) = (bind.routing_key.as_octets(), bind.queue.as_octets());
                match self.exchanges.get_mut(bind.exchange.as_octets()) {
                    Some(bindings) => bindings.push((key.to_vec(), queue.to_vec())),
                    None => return asked.fail(ReplyCode::NOT_FOUND, "there is no such exchange"),
                }
                asked.reply(&queue::BindOk)
            }
            Method::QueuePurge(purge) => {
                let Some(queue) = self.queues.get_mut(purge.queue.as_octets()) else {
                    return asked.no_queue();
                };
                let message_count = count(queue);
                queue.clear();
                asked.reply(&queue::PurgeOk { message_count })
            }
            Method::QueueDelete(delete) => {
                let Some(queue) = self.queues.remove(delete.queue.as_octets()) else {
                    return asked.no_queue();
                };
                asked.reply(&queue::DeleteOk { message_count: count(&queue) })
            }
            // The engine keeps the limits; they are looked at when messages are delivered.
            Method::BasicQos(_) => asked.reply(&basic::QosOk),
            Method::BasicGet(get) => self.get(asked, &get),
            Method::BasicConsume(consume) => self.consume(asked, &consume),
            Method::BasicCancel(basic::Cancel { consumer_tag, .. }) => {
                let channel = asked.channel;
                self.consumers.retain(|it| it.channel != channel || consumer_tag != *it.tag);
                asked.reply(&basic::CancelOk { consumer_tag })
            }
            _ => asked.fail(ReplyCode::NOT_IMPLEMENTED, "not done here"),
        }
    }

    fn declare(&mut self, asked: Asked<'_>, declare: &queue::Declare<'_>) -> Done {
        let mut name = declare.queue.as_octets().to_vec();
        if name.is_empty() {
            self.named += 1;
            name = format!("amq.gen-{}", self.named).into();
        }
        if declare.passive && !self.queues.contains_key(&name) {
            return asked.no_queue();
        }
        let consumers = self.consumers.iter().filter(|consumer| consumer.queue == name).count();
        let ok = queue::DeclareOk {
            queue: (&name).into(),
            message_count: count(self.queues.entry(name.clone()).or_default()),
            consumer_count: u32::try_from(consumers).unwrap_or(u32::MAX),
        };
        asked.reply(&ok)
    }

    fn publish(&mut self, server: &mut Connection, message: &Content) -> Done {
        let Some(publish) = message.publish() else { return Ok(()) };
        let needs_ticket = server.dialect() == Dialect::V0_8;
        let mut channel = server.channel(message.channel())?;
        let (kind, exchange) = (message.kind(), publish.exchange.as_octets());
        if needs_ticket && publish.ticket != TICKET {
            return channel.close_for(kind, ReplyCode::ACCESS_REFUSED, "this needs a ticket");
        }
        let key = publish.routing_key.as_octets();
        let mut names = match self.exchanges.get(exchange) {
            Some(bindings) => {
                let bound = bindings.iter().filter(|(bound, _)| bound == key);
                bound.map(|(_, queue)| queue.clone()).collect()
            }
            None if exchange.is_empty() => vec![key.to_vec()],
            None => {
                let text = "there is no such exchange";
                return channel.close_for(kind, ReplyCode::NOT_FOUND, text);
            }
        };
        names.retain(|name| self.queues.contains_key(name));
        if names.is_empty() && publish.mandatory {
            let back = basic::Return {
                reply_code: ReplyCode::NO_ROUTE,
                reply_text: "NO_ROUTE".into(),
                exchange: publish.exchange,
                routing_key: publish.routing_key,
            };
            channel.return_message(&back, message.properties(), message.share_body())?;
        }
        for name in names {
            // A copy: the event would keep the buffer alive that it was read into.
            let message = Message { content: message.to_detached(), redelivered: false };
            self.queues.entry(name).or_default().push_back(message);
        }
        Ok(())
    }

    fn get(&mut self, asked: Asked<'_>, get: &basic::Get<'_>) -> Done {
        let (name, Some(token)) = (get.queue.as_octets(), asked.token) else { return Ok(()) };
        let Some(queue) = self.queues.get_mut(name) else { return asked.no_queue() };
        let Some(message) = queue.pop_front() else {
            return asked.reply(&basic::GetEmpty::default());
        };
        let content = &message.content;
        let get_ok = basic::GetOk {
            redelivered: message.redelivered,
            exchange: content.exchange(),
            routing_key: content.routing_key(),
            message_count: count(queue),
            ..Default::default()
        };
        let mut channel = asked.server.channel(asked.channel)?;
        let tag = channel.get_ok(token, &get_ok, content.properties(), content.share_body())?;
        if !get.no_ack {
            self.unacked.insert((asked.channel, tag), (name.to_vec(), message));
        }
        Ok(())
    }

    fn consume(&mut self, asked: Asked<'_>, consume: &basic::Consume<'_>) -> Done {
        let queue = consume.queue.as_octets().to_vec();
        if !self.queues.contains_key(&queue) {
            return asked.no_queue();
        }
        let mut tag = consume.consumer_tag.as_octets().to_vec();
        if tag.is_empty() {
            self.named += 1;
            tag = format!("amq.ctag-{}", self.named).into();
        }
        let (channel, needs_ack) = (asked.channel, !consume.no_ack);
        asked.reply(&basic::ConsumeOk { consumer_tag: (&tag).into() })?;
        self.consumers.push(Consumer { channel, tag, queue, needs_ack });
        Ok(())
    }

    /// Hands out what there is, as far as the prefetch-counts allow.
    fn deliver(&mut self, server: &mut Connection) -> Done {
        for consumer in &self.consumers {
            let Some(queue) = self.queues.get_mut(&consumer.queue) else { continue };
            let Ok(mut channel) = server.channel(consumer.channel) else { continue };
            let most = channel.qos().map_or(0, |qos| usize::from(qos.prefetch_count));
            while !consumer.needs_ack || most == 0 || channel.unacked() < most {
                let Some(message) = queue.pop_front() else { break };
                let content = &message.content;
                let deliver = basic::Deliver {
                    consumer_tag: (&consumer.tag).into(),
                    redelivered: message.redelivered,
                    exchange: content.exchange(),
                    routing_key: content.routing_key(),
                    ..Default::default()
                };
                let tag = channel.deliver(&deliver, content.properties(), content.share_body())?;
                if consumer.needs_ack {
                    let place = (consumer.channel, tag);
                    self.unacked.insert(place, (consumer.queue.clone(), message));
                }
            }
        }
        Ok(())
    }

    /// An ack, a reject, or a wish for all that isn't acked. The engine has judged the tags.
    fn settle(&mut self, notice: &MethodEvent) {
        let Some(channel) = notice.channel() else { return };
        let is_meant = |at: ChannelId, tag: u64, named: u64, multiple: bool| {
            at == channel && (tag == named || multiple && (tag < named || named == 0))
        };
        match notice.method() {
            Method::BasicAck(ack) => self
                .unacked
                .retain(|&(at, tag), _| !is_meant(at, tag, ack.delivery_tag, ack.multiple)),
            Method::BasicReject(reject) if reject.requeue => {
                self.take_back(|at, tag| is_meant(at, tag, reject.delivery_tag, false));
            }
            Method::BasicReject(reject) => {
                self.unacked.remove(&(channel, reject.delivery_tag));
            }
            Method::BasicRecoverAsync(_) => self.take_back(|at, _| at == channel),
            _ => {}
        }
    }

    /// Puts messages that were handed out back where they came from.
    fn take_back(&mut self, which: impl Fn(ChannelId, u64) -> bool) {
        let places = self.unacked.keys().copied().filter(|&(at, tag)| which(at, tag));
        for place in places.collect::<Vec<_>>().into_iter().rev() {
            let Some((name, mut message)) = self.unacked.remove(&place) else { continue };
            message.redelivered = true;
            if let Some(queue) = self.queues.get_mut(&name) {
                queue.push_front(message);
            }
        }
    }
}

fn count(queue: &VecDeque<Message>) -> u32 {
    u32::try_from(queue.len()).unwrap_or(u32::MAX)
}

/// The ticket of a request that needs one.
const fn ticket_of(method: &Method<'_>) -> Option<u16> {
    Some(match method {
        Method::ExchangeDeclare(declare) => declare.ticket,
        Method::ExchangeDelete(delete) => delete.ticket,
        Method::QueueDeclare(declare) => declare.ticket,
        Method::QueueBind(bind) => bind.ticket,
        Method::QueuePurge(purge) => purge.ticket,
        Method::QueueDelete(delete) => delete.ticket,
        Method::BasicGet(get) => get.ticket,
        Method::BasicConsume(consume) => consume.ticket,
        _ => return None,
    })
}
