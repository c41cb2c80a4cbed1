//! What a message costs three clients in CPU time, against a real RabbitMQ; see README.md.

mod address;
mod case;
mod engine;
mod message;
mod options;
mod rabbitmq_c;
mod report;
mod rounds;
mod setting;
mod usage;
mod with_lapin;
mod worker;

use std::process::ExitCode;

use anyhow::{Context, Result};

use options::{Options, Task};

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("amqp-bench-end-to-end: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<ExitCode> {
    match options::parse()? {
        Task::Help => println!("{}", options::HELP),
        Task::Work(address, case) => println!("{}", worker::work(&address, &case)?),
        Task::Compare(options) => return compare(&options),
    }
    Ok(ExitCode::SUCCESS)
}

fn compare(options: &Options) -> Result<ExitCode> {
    let rows = rounds::measure(options)?;
    let setting = setting::Setting::find(options)?;
    let report = report::Report { rows: &rows, setting: &setting, options };
    println!("{report}");
    if let Some(file) = &options.out {
        std::fs::write(file, report.to_string())
            .with_context(|| format!("can't write {}", file.display()))?;
    }
    Ok(if report.is_met() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
