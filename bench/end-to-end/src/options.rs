//! The command line.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use lexopt::prelude::*;

use crate::address::Address;
use crate::case::Case;

pub(crate) const HELP: &str = "\
CPU time per message of three clients against a real RabbitMQ.

    amqp-bench-end-to-end [OPTIONS]

    --url URL        the broker, amqp://user:password@host:port/virtual-host;
                     by default what AMQP_URL says
    --messages N     messages per run (100000)
    --runs N         runs of each client in each row (3)
    --quick          10000 messages, one run: whether it works, not how fast
    --only TEXT      only rows with this text in their name, such as
                     publish, publish-confirms, consume-auto-ack, consume-acks, 64
    --out FILE       write the report to this file too
    --help           this text

The exit status is 1 when a target is missed and 2 when something fails.";

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Task {
    Help,
    /// The whole comparison.
    Compare(Options),
    /// One case of it, in a process of its own.
    Work(Address, Case),
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) address: Address,
    pub(crate) messages: u64,
    pub(crate) runs: usize,
    pub(crate) only: String,
    pub(crate) out: Option<PathBuf>,
}

/// The first argument of a child process.
pub(crate) const WORKER: &str = "worker";

/// Where a child process finds the address, which holds a password.
pub(crate) const URL: &str = "AMQP_URL";

pub(crate) fn parse() -> Result<Task> {
    let mut arguments = lexopt::Parser::from_env();
    let mut url = None;
    let (mut messages, mut runs, mut quick) = (None, None, false);
    let (mut only, mut out) = (String::new(), None);
    while let Some(argument) = arguments.next()? {
        match argument {
            Value(word) if word == WORKER => return parse_case(&mut arguments),
            Long("url") => url = Some(arguments.value()?.string()?),
            Long("messages") => messages = Some(arguments.value()?.parse()?),
            Long("runs") => runs = Some(arguments.value()?.parse()?),
            Long("quick") => quick = true,
            Long("only") => only = arguments.value()?.string()?,
            Long("out") => out = Some(arguments.value()?.into()),
            Long("help") | Short('h') => return Ok(Task::Help),
            other => return Err(other.unexpected().into()),
        }
    }
    let messages = messages.unwrap_or(if quick { 10_000 } else { 100_000 });
    let runs = runs.unwrap_or(if quick { 1 } else { 3 });
    ensure!(messages > 0 && runs > 0, "there has to be something to measure");
    Ok(Task::Compare(Options { address: address(url)?, messages, runs, only, out }))
}

fn parse_case(arguments: &mut lexopt::Parser) -> Result<Task> {
    let case = Case {
        client: arguments.value()?.parse()?,
        operation: arguments.value()?.parse()?,
        size: arguments.value()?.parse()?,
        messages: arguments.value()?.parse()?,
        queue: arguments.value()?.string()?,
    };
    Ok(Task::Work(address(None)?, case))
}

fn address(url: Option<String>) -> Result<Address> {
    let url = url.map_or_else(|| env::var(URL), Ok);
    Address::parse(
        &url.context("no --url, and AMQP_URL isn't set (.ci/end-to-end starts a broker)")?,
    )
}
