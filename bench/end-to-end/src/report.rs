//! The tables.

use std::fmt;
use std::time::Duration;

use crate::case::{ACK_EVERY, CONFIRM_BATCH, Client, PREFETCH};
use crate::options::Options;
use crate::rounds::{Row, per_message};
use crate::setting::Setting;
use crate::usage::Usage;

/// The most CPU time that the engine's client may take, as a part of what another one does.
const TARGETS: [(Client, f64); 2] = [(Client::RabbitmqC, 0.9), (Client::Lapin, 0.25)];

#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) rows: &'a [Row],
    pub(crate) setting: &'a Setting,
    pub(crate) options: &'a Options,
}

impl Report<'_> {
    /// Whether every row meets both targets.
    pub(crate) fn is_met(&self) -> bool {
        self.rows.iter().all(|row| TARGETS.iter().all(|(other, most)| row.ratio(*other) <= *most))
    }

    fn write_setting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setting { date, machine, load, rustc, lapin, rabbitmq_c, broker, command } =
            self.setting;
        writeln!(f, "| | |\n|---|---|")?;
        writeln!(f, "| date | {date} |")?;
        writeln!(f, "| machine | {machine}; load average of 15 minutes {load} |")?;
        writeln!(f, "| broker | {broker}, on the same machine |")?;
        writeln!(f, "| clients | amqp-proto, rabbitmq-c {rabbitmq_c}, lapin {lapin} |")?;
        writeln!(f, "| compiler | {rustc} |")?;
        writeln!(f, "| command | `{command}` |")
    }

    fn write_targets(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| body | operation | amqp-proto | rabbitmq-c | lapin |")?;
        for (other, most) in TARGETS {
            write!(f, " / {other} | ≤ {most:.2} |")?;
        }
        writeln!(f, "\n|--:|---|--:|--:|--:|--:|---|--:|---|")?;
        for row in self.rows {
            write!(f, "| {} B | {} |", row.size, row.operation.title())?;
            for client in Client::ALL {
                let cpu = median(row.of(client).iter().map(Usage::cpu));
                write!(f, " {:.3} |", per_message(cpu, self.options.messages))?;
            }
            for (other, most) in TARGETS {
                let ratio = row.ratio(other);
                let verdict = if ratio <= most { "met" } else { "**missed**" };
                write!(f, " {ratio:.2} | {verdict} |")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }

    fn write_runs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| body | operation | client | user | system | total | from | to | messages/s |"
        )?;
        writeln!(f, "|--:|---|---|--:|--:|--:|--:|--:|--:|")?;
        for row in self.rows {
            for client in Client::ALL {
                write!(f, "| {} B | {} | {client} |", row.size, row.operation.title())?;
                let runs = row.of(client);
                let totals = || runs.iter().map(Usage::cpu);
                for time in [
                    median(runs.iter().map(|usage| usage.user)),
                    median(runs.iter().map(|usage| usage.system)),
                    median(totals()),
                    totals().min().unwrap_or_default(),
                    totals().max().unwrap_or_default(),
                ] {
                    write!(f, " {:.3} |", per_message(time, self.options.messages))?;
                }
                let wall = median(runs.iter().map(|usage| usage.wall));
                writeln!(f, " {:.0} |", self.options.messages as f64 / wall.as_secs_f64())?;
            }
        }
        Ok(())
    }
}

impl Row {
    fn of(&self, client: Client) -> &[Usage] {
        let place = Client::ALL.iter().position(|other| *other == client);
        place.and_then(|place| self.runs.get(place)).map_or(&[], Vec::as_slice)
    }

    /// The median of the engine's runs over that of another client.
    fn ratio(&self, other: Client) -> f64 {
        let cpu = |client| median(self.of(client).iter().map(Usage::cpu)).as_secs_f64();
        cpu(Client::Engine) / cpu(other)
    }
}

/// The middle one; of an even number, the mean of the middle two.
fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    let upper = times.get(times.len() / 2).copied().unwrap_or_default();
    let lower = times.get(times.len().saturating_sub(1) / 2).copied().unwrap_or_default();
    (lower + upper) / 2
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options { messages, runs, .. } = self.options;
        writeln!(
            f,
            "# CPU time per message, end to end\n\n\
             Written by `bench/end-to-end`, whose README says what is measured and how. {runs} runs of \
             {messages} messages for each client and row; confirms are awaited every {CONFIRM_BATCH}, acks \
             cover {ACK_EVERY} with a prefetch-count of {PREFETCH}.\n"
        )?;
        self.write_setting(f)?;
        writeln!(
            f,
            "\n## Against the targets\n\n\
             Microseconds of CPU time per message, the median of the runs, and amqp-proto's in relation to \
             the others'.\n"
        )?;
        self.write_targets(f)?;
        writeln!(
            f,
            "\n## All figures\n\n\
             Medians, but for the lowest and the highest total. The kernel only estimates how a total is \
             split into user and system. Messages per second are limited by the broker, which shares the \
             machine.\n"
        )?;
        self.write_runs(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let of = |times: &[u64]| median(times.iter().copied().map(Duration::from_micros));
        assert_eq!(of(&[]), Duration::ZERO);
        assert_eq!(of(&[7]), Duration::from_micros(7));
        assert_eq!(of(&[9, 1]), Duration::from_micros(5));
        assert_eq!(of(&[9, 1, 2]), Duration::from_micros(2));
    }
}
