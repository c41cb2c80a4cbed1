//! Builds the C side, and notes the compiler's version for the report.

use std::env;
use std::io::Error;
use std::process::Command;

fn main() -> Result<(), Error> {
    println!("cargo::rerun-if-changed=shim/client.c");
    cc::Build::new().file("shim/client.c").opt_level(3).extra_warnings(true).compile("shim");
    println!("cargo::rustc-link-lib=rabbitmq");

    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output()?.stdout;
    println!("cargo::rustc-env=BENCH_RUSTC={}", String::from_utf8_lossy(&version).trim());
    Ok(())
}
