//! RESULTS.md.

use core::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::Run;
use crate::targets::Target;

/// Writes all that was measured.
pub(crate) fn write(run: &Run, targets: &[Target], plots: &[String], to: &Path) -> Result<()> {
    let mut text = String::new();
    let missed = targets.iter().filter(|target| !target.is_met()).count();
    writeln!(text, "# Results\n")?;
    writeln!(text, "Written by `{}`; README.md tells what the words mean.\n", run.command)?;
    for line in &run.machine {
        writeln!(text, "- {line}")?;
    }
    let (rounds, turn) = (run.effort.rounds, run.effort.turn.as_millis());
    writeln!(text, "- {rounds} rounds with turns of at least {turn} ms; medians of rounds")?;
    writeln!(text, "- spread: the distance between the first and the third quarter of the rounds")?;
    writeln!(text, "\n## Targets\n\n{} met, {missed} missed.\n", targets.len() - missed)?;
    writeln!(text, "{}\n", super::targets(targets).trim_fmt())?;
    writeln!(text, "## Time")?;
    for outcome in &run.outcomes {
        writeln!(text, "\n{}", super::contest(outcome).trim_fmt())?;
    }
    if let Some(memory) = &run.memory {
        writeln!(text, "\n## Memory\n\n{}", super::memory(memory).trim_fmt())?;
    }
    if !plots.is_empty() {
        writeln!(text, "\n## Plots")?;
        for plot in plots {
            writeln!(text, "\n![{plot}](plots/{plot}.svg)")?;
        }
    }
    let path = to.join("RESULTS.md");
    std::fs::write(&path, text).with_context(|| format!("{} can't be written", path.display()))
}
