//! Nothing hostile gets through: what peers that mean harm come to, and what a connection holds meanwhile.
//!
//! Each shape of `shapes/` is driven on each side, by each of the three doors, with the default limits and
//! with small ones. What comes of it is what the shape says; the memory that the connection holds at any
//! moment, the victim's read buffer with it, stays within the bound that stands beside the shape, and doesn't
//! depend on how long the peer goes on. Each limit is run into by a shape.
//!
//! ```sh
//! cargo test --test hostile heartbeats         # the shapes with this word in their names
//! cargo test --test hostile -- --write-page    # writes docs/budget.md
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers fail like the tests"
)]

extern crate alloc;

#[path = "../common/mod.rs"]
mod common;
#[path = "../counting/mod.rs"]
mod counting;
mod fields;
mod page;
mod shapes;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use shapes::{DOORS, Meter, SETTINGS, Seen, Setting, Shape, drive};

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--write-page") {
        page::write();
        return ExitCode::SUCCESS;
    }
    let mut trials = fields::checks();
    trials.push(page::check());
    for (shape, setting) in cases() {
        let name = format!("{} {}: {}", setting.side_name(), setting.name, shape.name);
        trials.push(Trial::test(name, move || keeps_to_the_budget(shape, &setting)));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Every shape, on every side that it can attack, with every setting.
fn cases() -> impl Iterator<Item = (&'static Shape, Setting)> {
    shapes::all().flat_map(|shape| {
        let sides = shape.sides.iter().copied();
        let on = move |side| SETTINGS.map(|setting| (shape, shape.on(&setting(), side)));
        sides.flat_map(on)
    })
}

/// Counts the octets that the victim holds, with those that it was given.
#[derive(Default)]
struct Watch {
    /// What was held before there was a victim, and what the peer holds now.
    others: isize,
}

impl Watch {
    fn most(&self) -> usize {
        usize::try_from(counting::most() - self.others).unwrap()
    }
}

impl Meter for Watch {
    fn begin(&mut self) {
        counting::most();
        self.others = counting::held();
    }

    fn engine<T>(&mut self, call: impl FnOnce() -> T) -> T {
        counting::watched(call)
    }

    fn outside<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let before = counting::held();
        let result = work();
        self.others += counting::held() - before;
        result
    }
}

/// What comes to such a victim of an attack that goes on so many times as long as is enough, by the door with
/// this number, and the most memory.
fn attacked(
    shape: &Shape,
    victim: &Setting,
    attack: Setting,
    times: usize,
    door: usize,
) -> (Seen, usize) {
    let mut watch = Watch::default();
    let octets = times * attack.octets;
    let seen = drive(shape, victim, &attack, octets, DOORS[door], &mut watch);
    (seen, watch.most())
}

fn keeps_to_the_budget(shape: &Shape, setting: &Setting) -> Result<(), Failed> {
    let bound = (shape.bound)(setting);
    let mut wrong = Vec::new();
    for (door, name) in DOORS.iter().enumerate() {
        let (first, short) = attacked(shape, setting, *setting, 1, door);
        let (last, long) = attacked(shape, setting, *setting, 4, door);
        for (seen, most, times) in [(&first, short, ""), (&last, long, ", four times as long")] {
            let (outcome, expected) = (seen.outcome(), shape.expected(setting));
            if outcome != expected {
                wrong.push(format!("{name:?}{times}: {outcome:?}, not {expected:?}; {seen:?}"));
            }
            if most > bound {
                wrong.push(format!("{name:?}{times}: {most} octets, above the bound of {bound}"));
            }
        }
        // Where a read ends in a frame differs, and with it how far the read buffer grows.
        if long > short + 4 * setting.read {
            wrong.push(format!(
                "{name:?}: {short} octets, {long} when it goes on four times as long"
            ));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}
