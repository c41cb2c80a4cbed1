//! Where and with what was measured, for the report.

use std::env;
use std::fs::read_to_string;
use std::thread::available_parallelism;

use anyhow::{Context, Result};
use time::OffsetDateTime;

use crate::options::{Options, URL};
use crate::{engine, rabbitmq_c};

#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) date: String,
    pub(crate) machine: String,
    pub(crate) load: String,
    pub(crate) rustc: &'static str,
    pub(crate) lapin: String,
    pub(crate) rabbitmq_c: String,
    pub(crate) broker: String,
    pub(crate) command: String,
}

impl Setting {
    pub(crate) fn find(options: &Options) -> Result<Self> {
        let broker = engine::Client::connect(&options.address, "")?;
        let version = broker.broker_version();
        broker.close()?;
        Ok(Self {
            date: OffsetDateTime::now_utc().date().to_string(),
            machine: machine()?,
            load: load()?,
            rustc: env!("BENCH_RUSTC"),
            lapin: locked("lapin").context("Cargo.lock doesn't name lapin")?,
            rabbitmq_c: rabbitmq_c::version(),
            broker: version,
            command: command(),
        })
    }
}

fn machine() -> Result<String> {
    let cpus = read_to_string("/proc/cpuinfo")?;
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or(env::consts::ARCH, |rest| rest.trim_start_matches([' ', '\t', ':']));
    let kernel = read_to_string("/proc/sys/kernel/osrelease")?;
    Ok(format!("{}× {model}, Linux {}", available_parallelism()?, kernel.trim()))
}

/// Of the last fifteen minutes: it tells of the broker and the client, too, but also of neighbours.
fn load() -> Result<String> {
    let averages = read_to_string("/proc/loadavg")?;
    Ok(averages.split(' ').nth(2).context("/proc/loadavg is short")?.into())
}

/// The version of a package in this package's lock file.
fn locked(package: &str) -> Option<String> {
    let mut lines = include_str!("../Cargo.lock").lines();
    lines.find(|line| *line == format!("name = \"{package}\""))?;
    Some(lines.next()?.strip_prefix("version = \"")?.trim_end_matches('"').into())
}

/// The arguments but for the address, which is that of a broker of the moment and holds a password.
fn command() -> String {
    let mut words = vec!["amqp-bench-end-to-end".to_owned()];
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--url" {
            arguments.next();
        } else if !argument.starts_with("--url=") {
            words.push(argument);
        }
    }
    format!("{URL}=… {}", words.join(" "))
}
