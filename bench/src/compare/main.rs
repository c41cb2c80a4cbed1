//! Compares what amqp-proto costs with other codecs, on the same octets and in one process.

mod contests;
mod measure;
mod memory;
mod peers;
mod report;
mod targets;

use core::time::Duration;
use std::io::IsTerminal;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use crate::contests::Workload;
use crate::measure::{Effort, Outcome};
use crate::memory::Memory;

/// Compares amqp-proto with other codecs; prints tables and targets, writes RESULTS.md and plots.
#[derive(Debug, Parser)]
#[command(name = "amqp-bench", version)]
struct Options {
    /// Three rounds of short turns: enough to see that it works, too few to compare
    #[arg(long)]
    quick: bool,
    /// Only these workloads; nothing is written then unless --out is given
    #[arg(long, value_name = "WORKLOAD", value_delimiter = ',')]
    only: Vec<Workload>,
    /// How often it is everybody's turn
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    rounds: Option<u16>,
    /// Where RESULTS.md and plots/ are written [default: the directory of the package]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Options {
    fn effort(&self) -> Effort {
        let (rounds, turn) = if self.quick { (3, 2) } else { (11, 10) };
        Effort {
            rounds: self.rounds.map_or(rounds, usize::from),
            turn: Duration::from_millis(turn),
        }
    }

    fn workloads(&self) -> Vec<Workload> {
        let all = Workload::value_variants().iter().copied();
        all.filter(|one| self.only.is_empty() || self.only.contains(one)).collect()
    }

    /// What is measured in part or in haste doesn't replace results that are there.
    fn out(&self) -> Option<PathBuf> {
        let own = || PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let is_full = !self.quick && self.only.is_empty();
        self.out.clone().or_else(|| is_full.then(own))
    }
}

/// All that was measured.
#[derive(Debug)]
struct Run {
    command: String,
    machine: Vec<String>,
    effort: Effort,
    outcomes: Vec<Outcome>,
    memory: Option<Memory>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let effort = options.effort();
    let bar = progress();
    let (command, machine) = (command(), report::machine());
    let mut run = Run { command, machine, effort, outcomes: Vec::new(), memory: None };
    for workload in options.workloads() {
        if workload == Workload::Memory {
            bar.set_message("memory");
            run.memory = Some(Memory::measure()?);
            continue;
        }
        let outcomes = workload.run(effort, &mut |contest| {
            bar.set_message(contest.to_owned());
            bar.tick();
        });
        for outcome in outcomes {
            bar.suspend(|| println!("{}\n", report::contest(&outcome)));
            run.outcomes.push(outcome);
        }
    }
    bar.finish_and_clear();
    if let Some(memory) = &run.memory {
        println!("{}\n", report::memory(memory));
    }
    let targets = targets::judge(&run.outcomes, run.memory.as_ref());
    println!("{}", report::targets(&targets));
    if let Some(out) = options.out() {
        let plots = report::draw(&run.outcomes, &out.join("plots"))?;
        report::write_markdown(&run, &targets, &plots, &out)?;
        println!("\nwritten: RESULTS.md and {} plots", plots.len());
    }
    Ok(())
}

/// A line that tells what is measured, on a terminal only.
fn progress() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {elapsed} {msg}");
    ProgressBar::new_spinner()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

/// The command that does the same again.
fn command() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let command = "cargo run --release --manifest-path bench/Cargo.toml";
    if arguments.is_empty() {
        return command.into();
    }
    format!("{command} -- {}", arguments.join(" "))
}
