//! Turns the protocol data of `spec/` into `src/protocol/generated`, its rule book into `docs/rules.md`, and
//! what differs between brokers into `src/profile/known.rs` and `docs/brokers.md`.
//!
//! * `cargo run -p amqp-codegen` writes the files.
//! * `cargo run -p amqp-codegen -- --check` fails if they are not what would be written.
//! * `cargo run -p amqp-codegen -- verify DIR` compares the data with the official XML files in DIR
//!   and fails on a difference that `spec/differences.toml` does not explain.
#![expect(clippy::std_instead_of_alloc, reason = "a program for the build machine, with std")]

mod book;
mod data;
mod emit;
mod model;
mod names;
mod output;
mod peers;
mod profiles;
mod rules;
mod verify;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("amqp-codegen: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let repository = repository()?;
    let data = data::load(&repository.join("spec"))?;
    let protocol = model::resolve(&data)?;
    let peers = profiles::load(&repository.join("spec"))?;
    let target = repository.join("src/protocol/generated");
    let known = output::format(&profiles::constants(&peers)?, &repository)?;
    let pages = [
        ("docs/rules.md", rules::page(&rules::load(&repository.join("spec"))?)?),
        ("docs/brokers.md", profiles::page(&peers)?),
        ("src/profile/known.rs", known),
    ];
    match *arguments {
        [] => {
            output::write(&target, &emit::files(&protocol), &repository)?;
            pages
                .iter()
                .try_for_each(|(page, text)| output::write_page(&repository.join(page), text))
        }
        ["--check"] => {
            output::check(&target, &emit::files(&protocol), &repository)?;
            pages
                .iter()
                .try_for_each(|(page, text)| output::check_page(&repository.join(page), text))
        }
        ["verify", directory] => {
            verify::run(&protocol, &repository.join("spec"), Path::new(directory))
        }
        _ => bail!("usage: amqp-codegen [--check | verify DIR]"),
    }
}

fn repository() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).context("the package lies outside of spec/")?;
    Ok(root.to_path_buf())
}
