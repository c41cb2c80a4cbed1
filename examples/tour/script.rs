//! The client's application: a row of steps, each begun by commands and ended by the events it awaits.

use core::fmt;

use amqp_proto::protocol::{Method, PropertiesBuf, ReplyCode, basic, confirm};
use amqp_proto::protocol::{exchange, queue};
use amqp_proto::wire::TableBuf;
use amqp_proto::{
    Channel, ChannelId, Connection, Content, Event, Fate, Initiator, Instant, UsageError,
};

use crate::failure::Failure;
use crate::view::View;

/// Begins a step and tells how many results it has to wait for.
type Begin = fn(&mut Script, &mut Connection, Instant) -> Result<u64, Failure>;

const STEPS: [(&str, Begin); 13] = [
    ("connect, log in with PLAIN, open the virtual host", Script::connect),
    ("open a channel", Script::open_channel),
    ("declare a queue and an exchange", Script::declare),
    ("bind them, ask for confirms", Script::bind),
    ("publish three messages, await their confirms", Script::publish),
    ("get the first one and ack it", Script::get),
    ("consume the other two and ack them", Script::consume),
    ("cancel the consumer, get from the empty queue", Script::cancel),
    ("publish a message that no queue takes: returned, then confirmed", Script::misroute),
    ("publish two more and look at them with a browsing consumer", Script::browse),
    ("cancel the browsing consumer", Script::cancel_browser),
    ("close the channel", Script::close_channel),
    ("close the connection", Script::close_connection),
];

const KEY: &str = "greeting";
const READER: &str = "reader";
const BROWSER: &str = "browser";

pub(crate) struct Script {
    exchange: String,
    /// The server chooses its name.
    queue: String,
    channel: Option<ChannelId>,
    /// Steps that were begun.
    begun: usize,
    /// Results that the current step still waits for.
    awaited: u64,
    outcome: Outcome,
    failure: Option<Failure>,
}

/// What a server that does its job makes of the script.
#[derive(Default)]
pub(crate) struct Outcome {
    exchanges: u32,
    queues: u32,
    confirmed: u64,
    got: u32,
    empty: u32,
    delivered: u32,
    returned: u32,
    returned_code: ReplyCode,
    browsed: u32,
    closed: ReplyCode,
}

impl Script {
    pub(crate) fn new(exchange: &str) -> Self {
        Self {
            exchange: exchange.into(),
            queue: String::new(),
            channel: None,
            begun: 0,
            awaited: 0,
            outcome: Outcome::default(),
            failure: None,
        }
    }

    /// Begins the next step if the current one has all its results. False: it hasn't.
    ///
    /// Drivers call this when events are polled and output is written, so that a step is over on the
    /// wire too.
    pub(crate) fn advance(
        &mut self,
        client: &mut Connection,
        now: Instant,
        view: &mut View,
    ) -> bool {
        let Some((title, begin)) = STEPS.get(self.begun) else { return false };
        if self.awaited > 0 || self.failure.is_some() {
            return false;
        }
        view.headline(title);
        self.begun += 1;
        match begin(self, client, now) {
            Ok(results) => self.awaited = results,
            Err(failure) => self.fail(client, now, failure),
        }
        true
    }

    /// Takes note of an event.
    pub(crate) fn handle(&mut self, client: &mut Connection, now: Instant, event: Event) {
        match self.note(client, event) {
            Ok(results) => self.awaited = self.awaited.saturating_sub(results),
            Err(failure) => self.fail(client, now, failure),
        }
    }

    /// How it went; to be asked after the terminal event, or when nothing happens any more.
    pub(crate) fn finish(self) -> Result<Outcome, Failure> {
        match self.failure {
            Some(failure) => Err(failure),
            None if self.awaited == 0 && self.begun == STEPS.len() => Ok(self.outcome),
            None => Err(Failure::Stuck(self.begun)),
        }
    }

    /// The first failure is the one to tell; what follows is its consequence.
    fn fail(&mut self, client: &mut Connection, now: Instant, failure: Failure) {
        self.failure.get_or_insert(failure);
        // Refused only where the connection is over already.
        let _ = client.close(now, ReplyCode::REPLY_SUCCESS, "the tour ends early");
    }

    /// How many results an event brings.
    fn note(&mut self, client: &mut Connection, event: Event) -> Result<u64, Failure> {
        match event {
            Event::Connected | Event::ChannelOpened(_) => Ok(1),
            Event::Reply { method, .. } => {
                match method.method() {
                    Method::QueueDeclareOk(ok) => {
                        self.queue = ok.queue.to_string();
                        self.outcome.queues += 1;
                    }
                    Method::ExchangeDeclareOk(_) => self.outcome.exchanges += 1,
                    Method::BasicGetEmpty(_) => self.outcome.empty += 1,
                    _ => {}
                }
                Ok(1)
            }
            Event::Content(content) => self.note_content(client, &content),
            Event::Confirmed { first, last, fate: Fate::Acked, .. } => {
                let publishes = last.number() - first.number() + 1;
                self.outcome.confirmed += publishes;
                Ok(publishes)
            }
            Event::Confirmed { .. } => Err(Failure::Nacked),
            Event::ChannelClosed { reason, .. } if reason.initiator == Initiator::Local => Ok(1),
            Event::ChannelClosed { reason, .. } => Err(Failure::ChannelClosed(reason)),
            Event::Closed(reason) if reason.initiator == Initiator::Local => {
                self.outcome.closed = reason.reply_code;
                Ok(1)
            }
            Event::Closed(reason) if self.begun == 1 => Err(Failure::of_handshake(reason)),
            Event::Closed(reason) => Err(Failure::Closed(reason)),
            _ => Ok(0),
        }
    }

    fn note_content(&mut self, client: &mut Connection, content: &Content) -> Result<u64, Failure> {
        match content.method() {
            Method::BasicGetOk(get_ok) => {
                self.outcome.got += 1;
                ack(client, content.channel(), get_ok.delivery_tag)?;
            }
            Method::BasicDeliver(deliver) if deliver.consumer_tag == READER => {
                self.outcome.delivered += 1;
                ack(client, content.channel(), deliver.delivery_tag)?;
            }
            Method::BasicDeliver(_) => self.outcome.browsed += 1,
            Method::BasicReturn(returned) => {
                self.outcome.returned += 1;
                self.outcome.returned_code = returned.reply_code;
            }
            _ => return Ok(0),
        }
        Ok(1)
    }

    /// Needs no command: a new connection logs in by itself.
    fn connect(&mut self, _: &mut Connection, _: Instant) -> Result<u64, Failure> {
        Ok(1)
    }

    fn open_channel(&mut self, client: &mut Connection, _: Instant) -> Result<u64, Failure> {
        self.channel = Some(client.open_channel()?);
        Ok(1)
    }

    fn declare(&mut self, client: &mut Connection, _: Instant) -> Result<u64, Failure> {
        // An exclusive queue goes when the connection does, and the exchange with its last binding.
        let queue = queue::Declare { exclusive: true, ..Default::default() };
        let exchange = exchange::Declare {
            exchange: self.exchange.as_str().into(),
            r#type: "direct".into(),
            auto_delete: true,
            ..Default::default()
        };
        let mut channel = self.channel(client)?;
        // Requests may be sent without waiting; replies come in their order.
        channel.call(&queue)?;
        channel.call(&exchange)?;
        Ok(2)
    }

    fn bind(&mut self, client: &mut Connection, _: Instant) -> Result<u64, Failure> {
        let bind = queue::Bind {
            queue: self.queue.as_str().into(),
            exchange: self.exchange.as_str().into(),
            routing_key: KEY.into(),
            ..Default::default()
        };
        let mut channel = self.channel(client)?;
        channel.call(&bind)?;
        channel.call(&confirm::Select::default())?;
        Ok(2)
    }

    fn publish(&mut self, client: &mut Connection, _: Instant) -> Result<u64, Failure> {
        self.publish_one(client, &self.exchange, KEY, "hello")?;
        self.publish_one(client, &self.exchange, KEY, "hello again")?;
        // The default exchange has no name and knows every queue by its name.
        self.publish_one(client, "", &self.queue, "good morning")?;
        Ok(3)
    }

    fn get(&mut self, client: &mut Connection, _: Instant) -> Result<u64, Failure> {
        let get = basic::Get { queue: self.queue.as_str().into(), ..Default::default() };
        self.channel(client)?.call(&get)?;
        Ok(1)
    }

    fn consume(&mut self, client: &mut Connection, _: Instant) -> Result<u64, Failure> {
        let consume = basic::Consume {
            queue: self.queue.as_str().into(),
            consumer_tag: READER.into(),
            ..Default::default()
        };
        self.channel(client)?.call(&consume)?;
        Ok(3) // consume-ok and two deliveries
    }

    fn cancel(&mut self, client: &mut Connection, _: Instant) -> Result<u64, Failure> {
        let cancel = basic::Cancel { consumer_tag: READER.into(), ..Default::default() };
        let get = basic::Get { queue: self.queue.as_str().into(), ..Default::default() };
        let mut channel = self.channel(client)?;
        channel.call(&cancel)?;
        channel.call(&get)?;
        Ok(2)
    }

    fn misroute(&mut self, client: &mut Connection, _: Instant) -> Result<u64, Failure> {
        self.publish_one(client, &self.exchange, "nobody", "is anybody there?")?;
        Ok(2) // basic.return, then the confirm
    }

    fn browse(&mut self, client: &mut Connection, _: Instant) -> Result<u64, Failure> {
        self.publish_one(client, &self.exchange, KEY, "look, don't touch")?;
        self.publish_one(client, &self.exchange, KEY, "likewise")?;
        // Broker-J, and the toy broker, leave the messages in the queue. RabbitMQ doesn't know the
        // argument and takes them out.
        let arguments = TableBuf::new().with("x-filter-no-consume", true)?;
        let consume = basic::Consume {
            queue: self.queue.as_str().into(),
            consumer_tag: BROWSER.into(),
            no_ack: true,
            arguments: arguments.as_table(),
            ..Default::default()
        };
        self.channel(client)?.call(&consume)?;
        Ok(5) // two confirms, consume-ok, two deliveries
    }

    fn cancel_browser(&mut self, client: &mut Connection, _: Instant) -> Result<u64, Failure> {
        let cancel = basic::Cancel { consumer_tag: BROWSER.into(), ..Default::default() };
        self.channel(client)?.call(&cancel)?;
        Ok(1)
    }

    fn close_channel(&mut self, client: &mut Connection, _: Instant) -> Result<u64, Failure> {
        self.channel(client)?.close(ReplyCode::REPLY_SUCCESS, "no longer needed")?;
        Ok(1)
    }

    fn close_connection(&mut self, client: &mut Connection, now: Instant) -> Result<u64, Failure> {
        client.close(now, ReplyCode::REPLY_SUCCESS, "goodbye")?;
        Ok(1)
    }

    fn channel<'a>(&self, client: &'a mut Connection) -> Result<Channel<'a>, Failure> {
        let id = self.channel.ok_or(Failure::Stuck(self.begun))?;
        Ok(client.channel(id)?)
    }

    /// Mandatory: the server gives back what it can't put into a queue.
    fn publish_one(
        &self,
        client: &mut Connection,
        exchange: &str,
        routing_key: &str,
        body: &str,
    ) -> Result<(), Failure> {
        let properties = PropertiesBuf::new().with_content_type("text/plain")?;
        let method = basic::Publish {
            exchange: exchange.into(),
            routing_key: routing_key.into(),
            mandatory: true,
            ..Default::default()
        };
        self.channel(client)?.publish(&method, &properties, body)?;
        Ok(())
    }
}

fn ack(client: &mut Connection, channel: ChannelId, delivery_tag: u64) -> Result<(), UsageError> {
    client.channel(channel)?.send(&basic::Ack { delivery_tag, multiple: false })
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "outcome")?;
        writeln!(f, "  declared   {} exchange, {} queue", self.exchanges, self.queues)?;
        writeln!(f, "  confirmed  {} publishes", self.confirmed)?;
        writeln!(f, "  got        {}, then {} get-empty", self.got, self.empty)?;
        writeln!(f, "  delivered  {} and acked", self.delivered)?;
        writeln!(f, "  returned   {} ({})", self.returned, self.returned_code)?;
        writeln!(f, "  browsed    {}", self.browsed)?;
        write!(f, "  closed     {}", self.closed)
    }
}
