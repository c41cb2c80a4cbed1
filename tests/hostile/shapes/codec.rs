//! What the codec alone does with octets that were chosen with care: work, no memory.

use amqp_proto::frame::Scanner;
use amqp_proto::protocol::{Dialect, Frame};
use amqp_proto::wire::{Table, TableBuf, TableLimits};

use crate::common::*;

/// Octets of about this length, and what is done with them.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) make: fn(usize) -> Vec<u8>,
    pub(crate) run: fn(&[u8]) -> usize,
}

const LIMITS: TableLimits =
    TableLimits::DEFAULT.with_max_octets(u32::MAX).with_max_entries(u32::MAX).with_max_depth(255);

pub(crate) const WORKS: &[Work] = &[
    Work { name: "a table nested as deep as may be, again and again", make: deep, run: validate },
    Work {
        name: "a table of entries without name and value",
        make: |n| b"\0V".repeat(n / 2),
        run: validate,
    },
    Work {
        name: "a table of tables without entries",
        make: |n| b"\0F\0\0\0\0".repeat(n / 6),
        run: validate,
    },
    Work {
        name: "a table with an unknown value at its end",
        make: |n| [b"\0V".repeat(n / 2), b"\0?".to_vec()].concat(),
        run: validate,
    },
    Work {
        name: "a table that is cut off",
        make: |n| [b"\0V".repeat(n / 2), b"\0I\0".to_vec()].concat(),
        run: validate,
    },
    Work { name: "all values of a table, in all its tables", make: deep, run: read },
    Work {
        name: "a name that a table doesn't have",
        make: |n| b"\x01nV".repeat(n / 3),
        run: look_up,
    },
    Work {
        name: "tables compared by meaning, with names that repeat",
        make: |n| b"\x01nt\x01".repeat(n / 4),
        run: compare,
    },
    Work {
        name: "tables compared by meaning, with names that don't",
        make: distinct,
        run: compare,
    },
    Work { name: "tables compared by meaning, nested as deep as may be", make: deep, run: compare },
    Work { name: "a table copied value by value", make: distinct, run: copy },
    Work { name: "a table written as text", make: deep, run: show },
    Work { name: "frames without an octet", make: |n| body(1, b"").repeat(n / 8), run: scan },
    Work { name: "heartbeats", make: |n| HEARTBEAT.repeat(n / 8), run: scan },
    Work {
        name: "random octets, and where frames go on",
        make: |n| noise(n, |octet| octet),
        run: scan,
    },
    Work {
        name: "octets that begin and end frames, and where frames go on",
        make: |n| noise(n, |octet| FRAMES[usize::from(octet >> 5)]),
        run: scan,
    },
    Work {
        name: "beginnings of frames that are cut off, and where frames go on",
        make: |n| b"\x03\0\x01\0\x01\0".repeat(n / 6),
        run: scan,
    },
    Work {
        name: "frames with a wrong end, and where frames go on",
        make: |n| b"\x03\0\x01\0\0\0\x01x\0".repeat(n / 9),
        run: scan,
    },
    Work {
        name: "frames whose method is unknown",
        make: |n| method(1, 9, 9, b"").repeat(n / 12),
        run: parse,
    },
    Work { name: "frames of one wide table, as text", make: |n| wide_frames(n), run: parse },
];

fn validate(octets: &[u8]) -> usize {
    usize::from(Table::parse(octets, &LIMITS).is_ok())
}

fn table(octets: &[u8]) -> Table<'_> {
    Table::parse(octets, &LIMITS).unwrap()
}

/// Every value, those of inner tables too.
fn read(octets: &[u8]) -> usize {
    let mut open = vec![table(octets)];
    let mut values = 0;
    while let Some(table) = open.pop() {
        for (_, value) in table.iter() {
            values += 1;
            if let amqp_proto::wire::Value::Table(inner) = value {
                open.push(inner);
            }
        }
    }
    values
}

fn look_up(octets: &[u8]) -> usize {
    usize::from(table(octets).get("x").is_some())
}

fn compare(octets: &[u8]) -> usize {
    // Another last octet, so that it isn't told by the octets alone.
    let other = [octets, b"\x01zV"].concat();
    usize::from(table(octets).semantic_eq(&table(&other)))
}

fn copy(octets: &[u8]) -> usize {
    let mut out = TableBuf::new();
    for (name, value) in table(octets).iter() {
        out.insert(name, value).unwrap();
    }
    out.as_octets().len()
}

fn show(octets: &[u8]) -> usize {
    table(octets).to_string().len()
}

/// As a dissector does.
fn scan(octets: &[u8]) -> usize {
    let mut scanner = Scanner::new(octets, 4088);
    let mut found = 0;
    loop {
        match scanner.next() {
            Some((_, Ok(_))) => found += 1,
            // Wrong, or cut off: in the middle of a capture that may be no frame at all.
            _ if scanner.resync().is_some() => {}
            _ => return found,
        }
    }
}

fn parse(octets: &[u8]) -> usize {
    let mut len = 0;
    for (_, raw) in Scanner::new(octets, 131_064) {
        match Frame::parse(Dialect::V0_9_1, raw.unwrap(), &LIMITS) {
            Ok(frame) => len += frame.to_string().len(),
            Err(_) => len += 1,
        }
    }
    len
}

/// Tables of 255 levels.
fn deep(octets: usize) -> Vec<u8> {
    const LEVELS: usize = 255;
    let mut one = Vec::new();
    for level in (0..LEVELS).rev() {
        one.extend(b"\x01nF");
        one.extend((7 * level as u32).to_be_bytes());
    }
    one.repeat(octets / one.len())
}

fn distinct(octets: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut number = 1_u32;
    while out.len() < octets {
        // Not in the order of their names.
        number = number.wrapping_mul(0x9E37_79B1);
        out.push(4);
        out.extend(number.to_be_bytes());
        out.extend(b"t\x01");
    }
    out
}

const FRAMES: [u8; 8] = [1, 2, 3, 8, 0, 0, 0, 0xCE];

/// Octets without a pattern.
fn noise(octets: usize, each: impl Fn(u8) -> u8) -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        each((state >> 24) as u8)
    };
    core::iter::repeat_with(next).take(octets).collect()
}

fn wide_frames(octets: usize) -> Vec<u8> {
    let arguments = [b"\0\0\x01q\0", &long(&b"\0V".repeat(1000))[..]].concat();
    let one = method(1, 50, 10, &arguments);
    one.repeat(octets / one.len())
}
