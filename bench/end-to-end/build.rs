//! Builds the C side, and notes the compiler's version for the report.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=shim/client.c");
    cc::Build::new().file("shim/client.c").opt_level(3).extra_warnings(true).compile("shim");
    println!("cargo::rustc-link-lib=rabbitmq");

    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = match Command::new(&rustc).arg("--version").output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(error) => panic!("{rustc} --version: {error}"),
    };
    println!("cargo::rustc-env=BENCH_RUSTC={version}");
}
