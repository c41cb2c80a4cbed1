//! The page of `docs/` that shows what each shape comes to.

use core::fmt::Write;
use std::fs;
use std::path::PathBuf;

use amqp_proto::Side;
use libtest_mimic::{Failed, Trial};

use crate::attacked;
use crate::shapes::codec::WORKS;
use crate::shapes::{self, DOORS, Outcome, SETTINGS, Setting, Shape};

/// What stands before the tables.
const BEGIN: &str = include_str!("page.md");

pub(crate) fn check() -> Trial {
    Trial::test("the page has every shape", is_whole)
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

pub(crate) fn write() {
    fs::write(file("docs/budget.md"), rendered(|shape, setting| octets(greatest(shape, setting))))
        .unwrap();
}

/// All but what was measured is as it would be written now; of the work that was measured nothing is left out.
fn is_whole() -> Result<(), Failed> {
    let page = fs::read_to_string(file("docs/budget.md")).unwrap();
    let expected = rendered(|_, _| "memory".into());
    let without_memory = |page: &str| -> Vec<String> { page.lines().map(masked).collect() };
    let (there, expected) = (without_memory(&page), without_memory(&expected));
    if let Some((there, wanted)) =
        there.iter().zip(&expected).find(|(there, wanted)| there != wanted)
    {
        return Err(format!("{there:?} stands where {wanted:?} belongs: write it anew").into());
    }
    if there.len() != expected.len() {
        return Err("lines are missing, or there are too many: write it anew".into());
    }
    Ok(())
}

/// A line without what depends on the machine, which are the cells of a shape's row that say how much memory.
fn masked(line: &str) -> String {
    let mut cells: Vec<_> = line.split('|').collect();
    if cells.len() == 10 {
        cells.drain(5..7);
    }
    cells.join("|")
}

/// The most that the connection holds, whatever the door.
fn greatest(shape: &Shape, setting: &Setting) -> usize {
    let doors = 0..DOORS.len();
    doors.map(|door| attacked(shape, setting, *setting, 1, door).1).max().unwrap()
}

fn rendered(memory: impl Fn(&Shape, &Setting) -> String) -> String {
    let work = work();
    let mut page = String::from(BEGIN);
    for (title, shapes) in shapes::CHAPTERS {
        write!(page, "\n## {title}\n\n").unwrap();
        page.push_str(
            "| the peer | attacks a | limited by | what happens to it | most | small | work | × |\n",
        );
        page.push_str("|---|---|---|---|--:|--:|--:|--:|\n");
        for (shape, side) in
            shapes.iter().flat_map(|shape| shape.sides.iter().map(move |side| (shape, side)))
        {
            let settings = SETTINGS.map(|setting| shape.on(&setting(), *side));
            let [most, small] = settings.map(|setting| memory(shape, &setting));
            let name = settings[0].side_name();
            let (each, ratio) = cost(&work, name, shape.name, shape.measured);
            let (limits, outcome) = (limited_by(shape), outcomes(shape, &settings));
            let special = special(&settings);
            writeln!(
                page,
                "| {}{special} | {name} | {limits} | {outcome} | {most} | {small} | {each} | {ratio} |",
                shape.name
            )
            .unwrap();
        }
    }
    page.push_str("\n## The codec alone\n\n| it is given | work | × |\n|---|--:|--:|\n");
    for codec in WORKS {
        let (each, ratio) = cost(&work, "codec", codec.name, true);
        writeln!(page, "| {} | {each} | {ratio} |", codec.name).unwrap();
    }
    page
}

fn limited_by(shape: &Shape) -> String {
    let limits: Vec<_> = shape.limits.iter().map(|limit| format!("`{limit}`")).collect();
    let by = Some(shape.by.to_owned()).filter(|by| !by.is_empty());
    limits.into_iter().chain(by).collect::<Vec<_>>().join(", ")
}

/// What is set otherwise than for the other lines.
fn special(settings: &[Setting; 2]) -> String {
    let changed = |place: usize| {
        let (usual, given) = (fields(&SETTINGS[place]()), fields(&settings[place]));
        let pairs = usual.into_iter().zip(given).filter(|(usual, given)| usual != given);
        let shown = pairs.map(|(_, (name, value))| format!("`{name}` {}", readable(&value)));
        shown.collect::<Vec<_>>().join(", ")
    };
    match [changed(0), changed(1)] {
        [usual, small] if usual == small && usual.is_empty() => String::new(),
        [usual, small] if usual == small => format!(" ({usual})"),
        [usual, small] if small.is_empty() => format!(" ({usual}; small: as usual)"),
        [usual, small] if usual.is_empty() => format!(" (small: {small})"),
        [usual, small] => format!(" ({usual}; small: {small})"),
    }
}

/// The fields of a setting and of the limits in it, as `Debug` has them; not those that make it another one.
fn fields(setting: &Setting) -> Vec<(String, String)> {
    let setting = Setting { side: Side::Client, octets: 0, ..*setting };
    let text = format!("{setting:?}").replace(" }", "");
    let pairs = text.split(", ").map(|pair| {
        let (name, value) = pair.rsplit_once(": ").unwrap();
        (name.split(' ').next_back().unwrap().to_owned(), value.to_owned())
    });
    pairs.collect()
}

/// A value, with commas in what is long.
fn readable(value: &str) -> String {
    let value = value.trim_start_matches("Some(").trim_end_matches(')');
    match value.parse::<u64>() {
        Ok(u64::MAX) => "without limit".into(),
        Ok(10_000..) => {
            let groups: Vec<_> = value.as_bytes().rchunks(3).rev().map(<[u8]>::to_vec).collect();
            String::from_utf8(groups.join(&b',')).unwrap()
        }
        _ => value.into(),
    }
}

fn outcomes(shape: &Shape, settings: &[Setting; 2]) -> String {
    let [usual, small] = settings.each_ref().map(|setting| outcome(shape.expected(setting)));
    if usual == small { usual } else { format!("{usual}; small: {small}") }
}

fn outcome(outcome: Outcome) -> String {
    match outcome {
        Outcome::Ends(rule) => format!("the connection closes, {rule}"),
        Outcome::Over(detail) => format!("it is over: {detail}"),
        Outcome::EndsChannels(rule) => format!("channels close, {rule}"),
        Outcome::Waits => "the rest stays with the peer".into(),
        Outcome::GoesOn => "all is taken".into(),
    }
}

/// What `.ci/work --record` has written: ratio, instructions for each octet, side, name.
fn work() -> Vec<[String; 4]> {
    let recorded = fs::read_to_string(file("bench/work.txt")).unwrap();
    let lines = recorded.lines().filter(|line| !line.starts_with('#'));
    let columns = lines.map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    columns.map(|line| line.try_into().unwrap()).collect()
}

fn cost<'a>(work: &'a [[String; 4]], side: &str, name: &str, measured: bool) -> (&'a str, &'a str) {
    let found = work.iter().find(|[_, _, of, what]| of == side && what == name);
    match found {
        Some([ratio, each, ..]) if measured => (each, ratio),
        None if !measured => ("", ""),
        _ => panic!("bench/work.txt has to be recorded anew, for {side}: {name}"),
    }
}

/// In words that are short enough for a cell.
fn octets(octets: usize) -> String {
    match octets as f64 / 1024.0 {
        kib if kib < 10.0 => format!("{kib:.1} KiB"),
        kib if kib < 1000.0 => format!("{kib:.0} KiB"),
        kib => format!("{:.1} MiB", kib / 1024.0),
    }
}
