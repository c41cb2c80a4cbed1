//! What `src/bin/memory.rs` has measured, which is a process of its own because of its allocator.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Numbers by their names, in the order of names.
#[derive(Debug)]
pub(crate) struct Memory(pub(crate) BTreeMap<String, f64>);

impl Memory {
    /// Builds and runs it.
    pub(crate) fn measure() -> Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["run", "--quiet", "--release", "--no-default-features", "--bin", "memory"])
            .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")])
            .output()
            .context("cargo can't be started")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "the measurement of memory failed: {errors}");
        Self::parse(&String::from_utf8(output.stdout)?)
    }

    fn parse(lines: &str) -> Result<Self> {
        let parsed = lines.lines().map(|line| {
            let (name, number) = line.split_once(' ').context("a name and a number")?;
            Ok((name.to_owned(), number.parse().with_context(|| format!("in {line}"))?))
        });
        Ok(Self(parsed.collect::<Result<_>>()?))
    }

    /// One of the numbers.
    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// The larger of what the two roles need.
    pub(crate) fn larger(&self, name: &str) -> Option<f64> {
        let (client, server) = (format!("client-{name}"), format!("server-{name}"));
        Some(self.get(&client)?.max(self.get(&server)?))
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;

    #[test]
    fn lines_are_numbers_with_names() {
        let memory = Memory::parse("client-a 1\nserver-a 2.5\n").unwrap();
        assert_eq!((memory.get("client-a"), memory.larger("a")), (Some(1.0), Some(2.5)));
        assert!(Memory::parse("client-a\n").is_err() && Memory::parse("client-a b\n").is_err());
    }
}
