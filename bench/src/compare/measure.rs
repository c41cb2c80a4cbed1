//! Time, and whose turn it is.

use core::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The processor time that this thread has spent on what was to be timed. Other threads and other
/// processes, which may take the processor away meanwhile, don't show in it.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    spent: Duration,
    /// What looking at the time costs, which is subtracted each time.
    own: Duration,
}

impl Clock {
    /// A clock that knows what it costs itself: the median of many times nothing.
    fn calibrated() -> Self {
        let nothing = |_| {
            let mut clock = Self::default();
            clock.time(|| ());
            clock.spent
        };
        let mut times: Vec<_> = (0..101).map(nothing).collect();
        times.sort_unstable();
        Self { spent: Duration::ZERO, own: times[times.len() / 2] }
    }

    /// Runs `work` and adds its time.
    #[inline]
    pub(crate) fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let before = now();
        let result = core::hint::black_box(work());
        self.spent += now().saturating_sub(before).saturating_sub(self.own);
        result
    }
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    // Processor time is neither negative nor are its nanoseconds.
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// How often it is everybody's turn.
    pub(crate) rounds: usize,
    /// How long a turn lasts at least.
    pub(crate) turn: Duration,
}

struct Contestant<'a> {
    name: String,
    messages: usize,
    sweep: Box<dyn FnMut(&mut Clock) + 'a>,
}

/// Several ways to do the same, which take turns.
pub(crate) struct Contest<'a> {
    name: String,
    unit: &'static str,
    references: &'static [&'static str],
    contestants: Vec<Contestant<'a>>,
}

impl<'a> Contest<'a> {
    /// `references` are the contestants of which the cost of all is told as a multiple.
    pub(crate) fn new(name: impl Into<String>, references: &'static [&'static str]) -> Self {
        Self { name: name.into(), unit: "message", references, contestants: Vec::new() }
    }

    /// What is counted, if it isn't messages.
    pub(crate) fn per(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    /// Adds a contestant. A `sweep` handles so many messages, times that, and checks what came of it.
    pub(crate) fn add(
        &mut self,
        name: impl Into<String>,
        messages: usize,
        sweep: impl FnMut(&mut Clock) + 'a,
    ) {
        let sweep = Box::new(sweep);
        self.contestants.push(Contestant { name: name.into(), messages, sweep });
    }

    /// Measures, round after round; `told` is called after each turn.
    pub(crate) fn run(mut self, effort: Effort, mut told: impl FnMut(&str)) -> Outcome {
        let mut rows: Vec<Row> = Vec::new();
        for contestant in &mut self.contestants {
            // Fills caches, tables of branches and buffers, and shows whether it works.
            (contestant.sweep)(&mut Clock::default());
            rows.push(Row { name: contestant.name.clone(), nanos: Vec::new() });
        }
        for _ in 0..effort.rounds {
            for (contestant, row) in self.contestants.iter_mut().zip(&mut rows) {
                let mut clock = Clock::calibrated();
                let mut messages = 0;
                while clock.spent < effort.turn {
                    (contestant.sweep)(&mut clock);
                    messages += contestant.messages;
                }
                row.nanos.push(clock.spent.as_nanos() as f64 / messages as f64);
                told(&self.name);
            }
        }
        for row in &mut rows {
            row.nanos.sort_by(f64::total_cmp);
        }
        Outcome { name: self.name, unit: self.unit, references: self.references, rows }
    }
}

/// What a contest came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) references: &'static [&'static str],
    pub(crate) rows: Vec<Row>,
}

impl Outcome {
    /// The median of a contestant.
    pub(crate) fn nanos(&self, name: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.name == name).map(Row::median)
    }
}

/// A contestant's time per message in each round, shortest first.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    nanos: Vec<f64>,
}

impl Row {
    pub(crate) fn median(&self) -> f64 {
        self.at(2)
    }

    /// How far apart the first and the third quarter of the rounds are, as a part of the median.
    pub(crate) fn spread(&self) -> f64 {
        (self.at(3) - self.at(1)) / self.median()
    }

    /// Where so many quarters of the rounds end.
    fn at(&self, quarters: usize) -> f64 {
        self.nanos[(self.nanos.len() - 1) * quarters / 4]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_quarters() {
        let row = Row { name: String::new(), nanos: vec![1.0, 2.0, 3.0, 4.0, 50.0] };
        assert_eq!((row.median(), row.spread()), (3.0, 2.0 / 3.0));
    }

    #[test]
    fn everybody_has_so_many_turns() {
        let mut contest = Contest::new("c", &[]);
        let mut sweeps = 0;
        contest.add("a", 1, |clock| {
            clock.time(std::thread::yield_now);
            sweeps += 1;
        });
        let effort = Effort { rounds: 3, turn: Duration::from_nanos(1) };
        let mut turns = 0;
        let outcome = contest.run(effort, |_| turns += 1);
        assert_eq!(turns, 3);
        assert!(outcome.nanos("a").is_some_and(|nanos| nanos > 0.0));
        assert!(sweeps >= 4);
    }
}
