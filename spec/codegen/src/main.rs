//! Turns the protocol data of `spec/` into `src/protocol/generated`, and its rule book into
//! `docs/rules.md`.
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
    let rules = rules::page(&rules::load(&repository.join("spec"))?)?;
    let target = repository.join("src/protocol/generated");
    let page = repository.join("docs/rules.md");
    match *arguments {
        [] => {
            output::write(&target, &emit::files(&protocol), &repository)?;
            output::write_page(&page, &rules)
        }
        ["--check"] => {
            output::check(&target, &emit::files(&protocol), &repository)?;
            output::check_page(&page, &rules)
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
