//! The results for people: on the terminal, as Markdown, as plots.

mod machine;
mod markdown;
mod plots;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

use crate::measure::Outcome;
use crate::memory::Memory;
use crate::targets::{Bound, Target};

pub(crate) use machine::lines as machine;
pub(crate) use markdown::write as write_markdown;
pub(crate) use plots::draw;

/// A contest as a table: a row for each contestant.
pub(crate) fn contest(outcome: &Outcome) -> Table {
    let mut header =
        vec![outcome.name.clone(), format!("ns per {}", outcome.unit), "spread".to_owned()];
    header.extend(outcome.references.iter().map(|name| format!("× {name}")));
    let mut table = aligned(&header);
    for row in &outcome.rows {
        let median = row.median();
        let mut cells =
            vec![row.name.clone(), number(median), format!("{:.1} %", row.spread() * 100.0)];
        cells.extend(outcome.references.iter().map(|name| {
            outcome.nanos(name).map_or_else(String::new, |reference| number(median / reference))
        }));
        table.add_row(cells);
    }
    table
}

/// The targets: what was aimed at, what came of it.
pub(crate) fn targets(targets: &[Target]) -> Table {
    let header = ["target", "wanted", "measured", ""].map(str::to_owned);
    let mut table = aligned(&header);
    for target in targets {
        let wanted = match target.bound {
            Bound::AtMost(limit) => format!("≤ {limit} {}", target.unit),
            Bound::AtLeast(limit) => format!("≥ {limit} {}", target.unit),
        };
        let verdict = if target.is_met() { "met" } else { "missed" };
        let measured = format!("{} {}", number(target.measured), target.unit);
        table.add_row([target.about.clone(), wanted, measured, verdict.to_owned()]);
    }
    table
}

/// What is occupied, by name.
pub(crate) fn memory(memory: &Memory) -> Table {
    let mut table = aligned(&["memory", "octets or allocations"].map(str::to_owned));
    for (name, value) in &memory.0 {
        table.add_row([name.clone(), number(*value)]);
    }
    table
}

fn aligned(header: &[String]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header.to_vec());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Three significant digits, and all of those before the point.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    match text.split_once('.') {
        Some((whole, "0" | "00")) => whole.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_three_digits() {
        let numbers = [0.0, 0.456, 1.0, 1.234, 45.67, 456.7, 4567.8].map(number);
        assert_eq!(numbers, ["0", "0.46", "1", "1.23", "45.7", "457", "4568"]);
    }
}
