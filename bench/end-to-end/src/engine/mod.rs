//! The engine as a blocking client.

mod driver;

use amqp_proto::protocol::{Method, basic, confirm, queue};
use amqp_proto::wire::TableBuf;
use amqp_proto::{ChannelId, Content, Event, Fate};
use anyhow::{Context, Result, bail, ensure};

use crate::address::Address;
use crate::message;
use driver::{Driver, may_pass};

/// A connection with one channel.
pub(crate) struct Client {
    driver: Driver,
    channel: ChannelId,
    queue: String,
}

impl Client {
    pub(crate) fn connect(address: &Address, queue: &str) -> Result<Self> {
        let mut driver = Driver::connect(address)?;
        let channel = driver.open_channel()?;
        Ok(Self { driver, channel, queue: queue.into() })
    }

    pub(crate) fn select_confirms(&mut self) -> Result<()> {
        self.driver.call(self.channel, &confirm::Select::default(), ignore)?;
        Ok(())
    }

    pub(crate) fn prefetch(&mut self, count: u16) -> Result<()> {
        let qos = basic::Qos { prefetch_count: count, ..Default::default() };
        self.driver.call(self.channel, &qos, ignore)?;
        Ok(())
    }

    /// A transient queue that goes with its last consumer.
    pub(crate) fn declare(&mut self) -> Result<()> {
        let declare = queue::Declare {
            queue: (&*self.queue).into(),
            auto_delete: true,
            ..Default::default()
        };
        self.driver.call(self.channel, &declare, ignore)?;
        Ok(())
    }

    pub(crate) fn delete(&mut self) -> Result<()> {
        let delete = queue::Delete { queue: (&*self.queue).into(), ..Default::default() };
        self.driver.call(self.channel, &delete, ignore)?;
        Ok(())
    }

    /// How many messages wait in the queue. As the last request of a client it also tells that all
    /// before it has been written and handled.
    pub(crate) fn count(&mut self) -> Result<u32> {
        let declare =
            queue::Declare { queue: (&*self.queue).into(), passive: true, ..Default::default() };
        let reply = self.driver.call(self.channel, &declare, ignore)?;
        match reply.method() {
            Method::QueueDeclareOk(ok) => Ok(ok.message_count),
            other => bail!("not a declare-ok: {other}"),
        }
    }

    /// Publishes `messages`. With `batch` so many at a time are confirmed before it goes on.
    pub(crate) fn publish(&mut self, size: usize, messages: u64, batch: Option<u64>) -> Result<()> {
        let Self { driver, channel, queue } = self;
        let publish = basic::Publish { routing_key: (&**queue).into(), ..Default::default() };
        let properties = message::properties()?;
        let mut body = message::body(size);
        let mut unconfirmed = 0;
        for number in 0..messages {
            message::set_number(&mut body, number);
            unconfirmed += u64::from(batch.is_some());
            while let Err(error) =
                driver.amqp.channel(*channel)?.publish(&publish, &properties, &body)
            {
                ensure!(may_pass(&error), "{error}");
                driver.turn()?;
                take_confirms(driver, &mut unconfirmed)?;
            }
            driver.flush_if_worth()?;
            let Some(batch) = batch else { continue };
            if (number + 1) % batch == 0 || number + 1 == messages {
                take_confirms(driver, &mut unconfirmed)?;
                while unconfirmed > 0 {
                    driver.turn()?;
                    take_confirms(driver, &mut unconfirmed)?;
                }
            }
        }
        Ok(())
    }

    /// Consumes `messages` that look as they were published. With `ack_every` one ack covers so many;
    /// else none is needed.
    pub(crate) fn consume(
        &mut self,
        messages: u64,
        ack_every: Option<u64>,
        mut check: impl FnMut(u64, &Content) -> Result<()>,
    ) -> Result<()> {
        let consume = basic::Consume {
            queue: (&*self.queue).into(),
            no_ack: ack_every.is_none(),
            ..Default::default()
        };
        self.driver.amqp.channel(self.channel)?.call(&consume)?;
        let mut number = 0;
        while number < messages {
            self.driver.turn()?;
            while let Some(event) = self.driver.poll()? {
                let Event::Content(content) = event else { continue };
                check(number, &content)?;
                number += 1;
                let Some(every) = ack_every else { continue };
                if number % every == 0 || number == messages {
                    let deliver = content.deliver().context("a content that isn't a delivery")?;
                    let ack = basic::Ack { delivery_tag: deliver.delivery_tag, multiple: true };
                    self.driver.amqp.channel(self.channel)?.send(&ack)?;
                }
            }
        }
        Ok(())
    }

    /// The version that the broker tells.
    pub(crate) fn broker_version(&self) -> String {
        let properties = TableBuf::from(self.driver.amqp.peer_properties());
        let text = |name: &str| {
            let value = properties.get(name).map(|value| value.to_string()).unwrap_or_default();
            value.trim_matches('"').to_owned()
        };
        format!("{} {}", text("product"), text("version"))
    }

    pub(crate) fn close(self) -> Result<()> {
        self.driver.close()
    }
}

/// Takes all events, and the confirms among them off the number of unconfirmed publishes.
fn take_confirms(driver: &mut Driver, unconfirmed: &mut u64) -> Result<()> {
    while let Some(event) = driver.poll()? {
        if let Event::Confirmed { first, last, fate, .. } = event {
            let (first, last) = (first.number(), last.number());
            ensure!(fate == Fate::Acked, "publishes {first} to {last} {fate}");
            let left = unconfirmed.checked_sub(last - first + 1);
            *unconfirmed = left.context("more confirms than publishes")?;
        }
    }
    Ok(())
}

/// What a consumer looks at: length and number of the body, and one property.
pub(crate) fn check(size: usize, number: u64, content: &Content) -> Result<()> {
    let as_sent = message::is(content.body(), size, number)
        && content.properties().message_id().is_some_and(|id| id == message::MESSAGE_ID);
    ensure!(as_sent, "this isn't message {number} as it was sent: {content}");
    Ok(())
}

fn ignore(_: Event) -> Result<()> {
    Ok(())
}
