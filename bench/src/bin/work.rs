//! What hostile shapes cost in instructions, to be run under callgrind: `work OCTETS... [WORDS...]`.
//!
//! Drives each shape of `tests/hostile/shapes` that has the words in its name, for each number of octets, and
//! prints a line for each. Only what runs inside `measured_step` is to be counted
//! (`--toggle-collect='*measured_step*'`), and `end_of_measure` parts one line from the next
//! (`--dump-after='*end_of_measure*'`): `.ci/work` does both.

extern crate alloc;

use core::hint::black_box;

#[path = "../../../tests/common/mod.rs"]
mod common;
#[path = "../../../tests/hostile/shapes/mod.rs"]
mod shapes;

use shapes::codec::WORKS;
use shapes::{DOORS, Meter, Outcome, SETTINGS, Setting, drive};

/// The one function that callgrind looks for, so nothing else may have this in its name.
#[inline(never)]
fn measured_step<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

/// The same for the end of what belongs together.
#[inline(never)]
fn end_of_measure(octets: usize) {
    black_box(octets);
}

struct Steps;

impl Meter for Steps {
    fn engine<T>(&mut self, call: impl FnOnce() -> T) -> T {
        measured_step(call)
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let sizes: Vec<usize> = arguments.iter().map_while(|size| size.parse().ok()).collect();
    let words = arguments.get(sizes.len()..).unwrap_or_default().join(" ");
    for shape in shapes::all().filter(|shape| shape.measured && shape.name.contains(&words)) {
        for side in shape.sides {
            for &octets in &sizes {
                let setting = Setting { octets, ..shape.on(&small_frames(), *side) };
                let seen = drive(shape, &setting, &setting, octets, DOORS[0], &mut Steps);
                // Else something else would be measured. Not all of them have come to their end by then.
                let (outcome, expected) = (seen.outcome(), shape.expected(&setting));
                let is_meant = outcome == expected || outcome == Outcome::GoesOn;
                assert!(is_meant, "{}: {outcome:?}, not {expected:?}", shape.name);
                tell(setting.side_name(), octets, shape.name);
            }
        }
    }
    for work in WORKS.iter().filter(|work| work.name.contains(&words)) {
        for &octets in &sizes {
            let made = (work.make)(octets);
            black_box(measured_step(|| (work.run)(&made)));
            tell("codec", octets, work.name);
        }
    }
}

/// The default limits, and frames so small that the octets make some.
fn small_frames() -> Setting {
    Setting { frame_max: 4096, ..SETTINGS[0]() }
}

fn tell(side: &str, octets: usize, name: &str) {
    end_of_measure(octets);
    println!("{side}\t{octets}\t{name}");
}
