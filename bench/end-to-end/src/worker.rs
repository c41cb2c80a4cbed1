//! The child process: one case, measured.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result};

use crate::address::Address;
use crate::case::{ACK_EVERY, CONFIRM_BATCH, Case, Client, Operation, PREFETCH};
use crate::usage::{Started, Usage};
use crate::{engine, rabbitmq_c, with_lapin};

/// What a child tells its parent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outcome {
    pub(crate) usage: Usage,
    /// Messages in the queue afterwards, as the client was told; after publishing perhaps not all yet.
    pub(crate) left: u32,
}

/// Connects, does the operation, and asks for the number of messages, whose reply tells
/// that the broker has read all that was published or acked. Connecting and closing don't count.
pub(crate) fn work(address: &Address, case: &Case) -> Result<Outcome> {
    match case.client {
        Client::Engine => work_engine(address, case),
        Client::RabbitmqC => work_rabbitmq_c(address, case),
        Client::Lapin => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(work_lapin(address, case)),
    }
}

fn work_engine(address: &Address, case: &Case) -> Result<Outcome> {
    let Case { size, messages, .. } = *case;
    let mut client = engine::Client::connect(address, &case.queue)?;
    match case.operation {
        Operation::PublishConfirms => client.select_confirms()?,
        Operation::ConsumeAcks => client.prefetch(PREFETCH)?,
        Operation::Publish | Operation::ConsumeAutoAck => {}
    }
    let started = Started::now()?;
    let check = |number, content: &_| engine::check(size, number, content);
    match case.operation {
        Operation::Publish => client.publish(size, messages, None)?,
        Operation::PublishConfirms => client.publish(size, messages, Some(CONFIRM_BATCH))?,
        Operation::ConsumeAutoAck => client.consume(messages, None, check)?,
        Operation::ConsumeAcks => client.consume(messages, Some(ACK_EVERY), check)?,
    }
    let left = client.count()?;
    let usage = started.finish()?;
    client.close()?;
    Ok(Outcome { usage, left })
}

fn work_rabbitmq_c(address: &Address, case: &Case) -> Result<Outcome> {
    let messages = case.messages;
    let mut client = rabbitmq_c::Client::connect(address, &case.queue, case.size)?;
    match case.operation {
        Operation::PublishConfirms => client.select_confirms()?,
        Operation::ConsumeAcks => client.prefetch(PREFETCH)?,
        Operation::Publish | Operation::ConsumeAutoAck => {}
    }
    let started = Started::now()?;
    match case.operation {
        Operation::Publish => client.publish(messages, None)?,
        Operation::PublishConfirms => client.publish(messages, Some(CONFIRM_BATCH))?,
        Operation::ConsumeAutoAck => client.consume(messages, None)?,
        Operation::ConsumeAcks => client.consume(messages, Some(ACK_EVERY))?,
    }
    let left = client.count()?;
    let usage = started.finish()?;
    client.close()?;
    Ok(Outcome { usage, left })
}

async fn work_lapin(address: &Address, case: &Case) -> Result<Outcome> {
    let Case { size, messages, .. } = *case;
    let mut client = with_lapin::Client::connect(address, &case.queue).await?;
    match case.operation {
        Operation::PublishConfirms => client.select_confirms().await?,
        Operation::ConsumeAcks => client.prefetch(PREFETCH).await?,
        Operation::Publish | Operation::ConsumeAutoAck => {}
    }
    let started = Started::now()?;
    match case.operation {
        Operation::Publish => client.publish(size, messages, None).await?,
        Operation::PublishConfirms => client.publish(size, messages, Some(CONFIRM_BATCH)).await?,
        Operation::ConsumeAutoAck => client.consume(size, messages, None).await?,
        Operation::ConsumeAcks => client.consume(size, messages, Some(ACK_EVERY)).await?,
    }
    let left = client.count().await?;
    let usage = started.finish()?;
    client.close().await?;
    Ok(Outcome { usage, left })
}

/// One line for the pipe between a child and its parent.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.left, self.usage)
    }
}

impl FromStr for Outcome {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (left, usage) = text.split_once(' ').context("a child told something else")?;
        Ok(Self { usage: usage.parse()?, left: left.parse()? })
    }
}
