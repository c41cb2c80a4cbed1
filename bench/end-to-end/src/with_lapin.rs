//! lapin on tokio, as its examples do.

use anyhow::{Context, Result, ensure};
use futures_lite::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Consumer};

use crate::address::Address;
use crate::message;

/// A connection with one channel.
pub(crate) struct Client {
    connection: Connection,
    channel: Channel,
    queue: ShortString,
    /// Kept until the end: one that is dropped is cancelled, and the queue goes with it.
    consumer: Option<Consumer>,
}

impl Client {
    pub(crate) async fn connect(address: &Address, queue: &str) -> Result<Self> {
        let connection = Connection::connect(&address.url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        Ok(Self { connection, channel, queue: queue.into(), consumer: None })
    }

    pub(crate) async fn select_confirms(&self) -> Result<()> {
        Ok(self.channel.confirm_select(ConfirmSelectOptions::default()).await?)
    }

    pub(crate) async fn prefetch(&self, count: u16) -> Result<()> {
        Ok(self.channel.basic_qos(count, BasicQosOptions::default()).await?)
    }

    /// Publishes `messages`. With `batch` so many at a time are confirmed before it goes on.
    pub(crate) async fn publish(
        &self,
        size: usize,
        messages: u64,
        batch: Option<u64>,
    ) -> Result<()> {
        let properties = properties();
        let mut body = message::body(size);
        let mut confirms = Vec::new();
        for number in 0..messages {
            message::set_number(&mut body, number);
            let publish = self.channel.basic_publish(
                ShortString::default(),
                self.queue.clone(),
                BasicPublishOptions::default(),
                &body,
                properties.clone(),
            );
            let confirm = publish.await?;
            let Some(batch) = batch else {
                ensure!(confirm.await? == Confirmation::NotRequested, "a confirm nobody asked for");
                continue;
            };
            confirms.push(confirm);
            if (number + 1) % batch == 0 || number + 1 == messages {
                for confirm in confirms.drain(..) {
                    ensure!(confirm.await?.is_ack(), "a publish wasn't acked");
                }
            }
        }
        Ok(())
    }

    /// Consumes `messages` that look as they were published. With `ack_every` one ack covers so many;
    /// else none is needed.
    pub(crate) async fn consume(
        &mut self,
        size: usize,
        messages: u64,
        ack_every: Option<u64>,
    ) -> Result<()> {
        let options =
            BasicConsumeOptions { no_ack: ack_every.is_none(), ..BasicConsumeOptions::default() };
        let consume = self.channel.basic_consume(
            self.queue.clone(),
            ShortString::default(),
            options,
            FieldTable::default(),
        );
        let consumer = self.consumer.insert(consume.await?);
        for number in 0..messages {
            let delivery = consumer.next().await.context("the consumer has ended")??;
            let id = delivery.properties.message_id().as_ref().map(ShortString::as_str);
            let as_sent =
                message::is(&delivery.data, size, number) && id == Some(message::MESSAGE_ID);
            ensure!(as_sent, "this isn't message {number} as it was sent");
            let Some(every) = ack_every else { continue };
            if (number + 1) % every == 0 || number + 1 == messages {
                delivery.ack(BasicAckOptions { multiple: true }).await?;
            }
        }
        Ok(())
    }

    /// How many messages wait in the queue.
    pub(crate) async fn count(&self) -> Result<u32> {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let declare =
            self.channel.queue_declare(self.queue.clone(), options, FieldTable::default());
        Ok(declare.await?.message_count())
    }

    pub(crate) async fn close(self) -> Result<()> {
        Ok(self.connection.close(200, ShortString::default()).await?)
    }
}

fn properties() -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert(message::TEXT.0.into(), AMQPValue::LongString(message::TEXT.1.into()));
    headers.insert(message::NUMBER.0.into(), AMQPValue::LongLongInt(message::NUMBER.1));
    headers.insert(message::FLAG.0.into(), AMQPValue::Boolean(message::FLAG.1));
    BasicProperties::default()
        .with_content_type(message::CONTENT_TYPE.into())
        .with_headers(headers)
        .with_delivery_mode(message::DELIVERY_MODE)
        .with_message_id(message::MESSAGE_ID.into())
        .with_timestamp(message::TIMESTAMP)
}
