//! Writes the seeds and the dictionary, or, with `--check`, tells whether they are what would be written.

use std::process::ExitCode;

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let stale = amqp_fuzz::generate(std::path::Path::new(env!("CARGO_MANIFEST_DIR")), !check);
    for file in &stale {
        println!("{} {file}", if check { "isn't up to date:" } else { "wrote" });
    }
    if check && !stale.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
