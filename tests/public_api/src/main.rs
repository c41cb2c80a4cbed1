//! Prints the public API that rustdoc's JSON files describe: all of the first one, and of each
//! further one what it has beside the one before.
//!
//! Usage: `amqp-public-api TITLE=FILE...`, with the fewest features first.

use std::collections::BTreeSet;
use std::error::Error;
use std::process::ExitCode;

/// Every type has these unless something in it hasn't, so only where they are missing or depend on
/// something is worth a line.
const AUTOMATIC: [&str; 5] = [
    "core::marker::Send for",
    "core::marker::Sync for",
    "core::marker::Unpin for",
    "core::panic::unwind_safe::RefUnwindSafe for",
    "core::panic::unwind_safe::UnwindSafe for",
];

/// The compiler's own, of which nobody can make use.
const INTERNAL: [&str; 2] = ["core::marker::Freeze for", "core::marker::StructuralPartialEq for"];

fn main() -> ExitCode {
    match print_listing(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn print_listing(arguments: impl Iterator<Item = String>) -> Result<(), Box<dyn Error>> {
    let mut known = BTreeSet::new();
    for argument in arguments {
        let (title, file) = argument.split_once('=').ok_or("usage: TITLE=FILE...")?;
        let lines = listing(file)?;
        println!("== {title}");
        for line in lines.iter().filter(|line| !known.contains(*line)) {
            println!("{line}");
        }
        // A user's code must build as before when somebody else switches a feature on.
        let all: BTreeSet<_> = lines.into_iter().collect();
        if let Some(gone) = known.difference(&all).next() {
            return Err(format!("features take away: {gone}").into());
        }
        known = all;
    }
    Ok(())
}

fn listing(file: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let api = public_api::Builder::from_rustdoc_json(file).omit_blanket_impls(true).build()?;
    if let Some(id) = api.missing_item_ids().next() {
        return Err(format!("{file}: no item has the id {id}").into());
    }
    Ok(api.items().map(ToString::to_string).filter(|line| is_worth_a_line(line)).collect())
}

fn is_worth_a_line(line: &str) -> bool {
    let names =
        |traits: &[&str]| line.starts_with("impl") && traits.iter().any(|name| line.contains(name));
    let plain = !line.contains(" !core::") && !line.contains(" where ");
    !(names(&INTERNAL) || names(&AUTOMATIC) && plain)
}
