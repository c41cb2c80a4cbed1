//! The parent process: fills queues, starts a child for each run, and looks at what was published.

use std::env;
use std::process::{Command, Stdio, id};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::address::Address;
use crate::case::{Case, Client, Operation, SIZES};
use crate::engine;
use crate::message;
use crate::options::{Options, URL, WORKER};
use crate::usage::Usage;
use crate::worker::Outcome;

/// How long a queue may take to have taken in what was published.
const FILLING: Duration = Duration::from_secs(60);

/// One operation with one size of body, and the runs of each client.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) operation: Operation,
    pub(crate) size: usize,
    /// In the order of [`Client::ALL`].
    pub(crate) runs: [Vec<Usage>; Client::ALL.len()],
}

/// Measures all rows, in rounds: within each, the clients take turns in every row, so that a neighbour
/// of this machine that comes and goes hits them alike.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = SIZES
        .into_iter()
        .flat_map(|size| Operation::ALL.map(|operation| Row::new(operation, size)))
        .filter(|row| format!("{} {}", row.operation, row.size).contains(&options.only))
        .collect();
    ensure!(!rows.is_empty(), "no row has {} in its name", options.only);
    let mut queues = 0;
    for round in 1..=options.runs {
        for row in &mut rows {
            for (client, runs) in Client::ALL.into_iter().zip(&mut row.runs) {
                queues += 1;
                let case = Case {
                    client,
                    operation: row.operation,
                    size: row.size,
                    messages: options.messages,
                    // A name of its own: the last queue may not be gone yet.
                    queue: format!("amqp-bench-{}-{queues}", id()),
                };
                let usage = run(&options.address, &case)
                    .with_context(|| format!("{client}, {}, {} B", row.operation, row.size))?;
                eprintln!(
                    "round {round}: {:4} B  {:28} {client:10} {:.3} µs",
                    row.size,
                    row.operation.title(),
                    per_message(usage.cpu(), options.messages),
                );
                runs.push(usage);
            }
        }
    }
    Ok(rows)
}

/// Microseconds of each message.
pub(crate) fn per_message(time: Duration, messages: u64) -> f64 {
    time.as_secs_f64() * 1e6 / messages as f64
}

impl Row {
    fn new(operation: Operation, size: usize) -> Self {
        Self { operation, size, runs: Default::default() }
    }
}

fn run(address: &Address, case: &Case) -> Result<Usage> {
    let mut broker = engine::Client::connect(address, &case.queue)?;
    broker.declare()?;
    if !case.operation.publishes() {
        broker.publish(case.size, case.messages, None)?;
        await_full(&mut broker, case.messages)?;
    }
    let outcome = match start_child(address, case) {
        Ok(outcome) => outcome,
        Err(error) => {
            // Not to leave it behind with all messages; it may be gone with its consumer.
            let _ = broker.delete();
            return Err(error);
        }
    };
    if case.operation.publishes() {
        inspect(&mut broker, case)?;
    } else {
        ensure!(outcome.left == 0, "{} were left in the queue", outcome.left);
    }
    broker.close()?;
    Ok(outcome.usage)
}

/// RabbitMQ's queues answer before they have taken in all that was published before the question.
fn await_full(broker: &mut engine::Client, messages: u64) -> Result<()> {
    let begun = Instant::now();
    while u64::from(broker.count()?) < messages {
        ensure!(begun.elapsed() < FILLING, "the queue wasn't filled within {FILLING:?}");
        sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Takes all messages off the queue; each has to be as it should.
fn inspect(broker: &mut engine::Client, case: &Case) -> Result<()> {
    let expected = message::properties()?;
    broker.consume(case.messages, None, |number, content| {
        engine::check(case.size, number, content)?;
        let properties = content.properties();
        ensure!(properties == (&expected).into(), "message {number} came with {properties}");
        Ok(())
    })
}

fn start_child(address: &Address, case: &Case) -> Result<Outcome> {
    let output = Command::new(env::current_exe()?)
        .arg(WORKER)
        .args([case.client.to_string(), case.operation.to_string()])
        .args([case.size.to_string(), case.messages.to_string(), case.queue.clone()])
        .env(URL, &address.url)
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "the child ended with {}", output.status);
    String::from_utf8(output.stdout)?.trim().parse()
}
