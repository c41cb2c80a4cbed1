//! Field tables: deep, wide, long, and against what a strict side takes.

use amqp_proto::wire::{FieldNames, ShortStrings, UnknownTags};

use super::bound::{connection, frame, reading, with_frame};
use super::setting::with_headers;
use super::{Attack, Outcome, SERVER, Setting, Shape, USUAL};
use crate::common::*;

/// Frames as large as may be, again and again.
const LARGE: Shape = Shape { bound: with_frame, enough: |s| 8 * frame(s) + (256 << 10), ..USUAL };

pub(crate) const SHAPES: &[Shape] = &[
    Shape {
        name: "nests tables in content headers as deep as may be",
        by: "frame-max",
        attack: |s| headers(s, nested(room(s), usize::from(s.limits.table.max_depth))),
        ..LARGE
    },
    Shape {
        name: "nests tables in content headers deeper than may be",
        limits: &["table.max_depth"],
        attack: |s| headers(s, nested(room(s), usize::from(s.limits.table.max_depth) + 1)),
        outcome: Outcome::Ends("LIM-03"),
        ..LARGE
    },
    Shape {
        name: "nests tables in content headers as deep as a frame has room for",
        limits: &["table.max_depth"],
        attack: |s| headers(s, nested(room(s), room(s) / 7 - 1)),
        outcome: Outcome::Ends("LIM-03"),
        ..LARGE
    },
    Shape {
        name: "nests arrays in arguments as deep as a frame has room for",
        sides: SERVER,
        limits: &["table.max_depth"],
        attack: |s| arguments([b"\x01n", &arrays(room(s) / 5 - 1)[..]].concat()),
        outcome: Outcome::Ends("LIM-03"),
        ..LARGE
    },
    Shape {
        name: "nests tables in what it tells about itself deeper than may be",
        limits: &["table.max_depth"],
        victim: |s| s.after(s.introduction()),
        attack: |s| {
            let room = s.limits.frame_before_tune as usize - 72;
            let levels = usize::from(s.limits.table.max_depth) + 1;
            Attack::begins(s.introduced_with(&nested(room, levels)), HEARTBEAT)
        },
        outcome: Outcome::Ends("LIM-03"),
        bound: |s| connection(s) + reading(s, s.limits.frame_before_tune as usize),
        ..USUAL
    },
    Shape {
        name: "sends content headers with as many entries as may be",
        by: "frame-max",
        attack: |s| headers(s, b"\0V".repeat((room(s) / 2).min(entries(s)))),
        ..LARGE
    },
    Shape {
        name: "sends content headers with more entries than may be",
        limits: &["table.max_entries"],
        set: |s| s.limits.table.max_entries = s.limits.table.max_entries.min(s.frame_max / 16),
        attack: |s| headers(s, b"\0V".repeat(entries(s) + 1)),
        outcome: Outcome::Ends("LIM-03"),
        ..LARGE
    },
    Shape {
        name: "sends arguments with as many entries as may be",
        sides: SERVER,
        by: "frame-max",
        attack: |s| arguments(b"\0V".repeat((room(s) / 2).min(entries(s)))),
        ..LARGE
    },
    Shape {
        name: "sends content headers with a table longer than may be",
        limits: &["table.max_octets"],
        set: |s| {
            // Frames would be the tighter limit.
            s.frame_max = s.limits.unlimited_frame;
            let largest = s.limits.unlimited_frame / 2;
            s.limits.table.max_octets = s.limits.table.max_octets.min(largest);
        },
        attack: |s| {
            let value = s.limits.table.max_octets as usize - 6;
            headers(s, [b"\x01nS", &long(&vec![b'x'; value])[..]].concat())
        },
        outcome: Outcome::Ends("LIM-03"),
        bound: |s| connection(s) + reading(s, s.limits.table.max_octets as usize + 64),
        enough: |s| 2 * s.limits.table.max_octets as usize,
        ..USUAL
    },
    Shape {
        name: "sends values of no known type to a side that refuses them",
        limits: &["table.unknown_tags"],
        set: |s| s.limits.table.unknown_tags = UnknownTags::Refuse,
        attack: |s| headers(s, b"\x01n?".to_vec()),
        outcome: Outcome::Ends("TBL-06"),
        ..USUAL
    },
    Shape {
        name: "sends field names to a side that refuses them",
        limits: &["table.field_names"],
        set: |s| s.limits.table.field_names = FieldNames::Checked,
        attack: |s| headers(s, b"\x09x.y z-\xFF\0\nV".to_vec()),
        outcome: Outcome::Ends("TBL-11"),
        ..USUAL
    },
    Shape {
        name: "sends names that are no text to a side that refuses them",
        limits: &["table.short_strings"],
        set: |s| s.limits.table.short_strings = ShortStrings::Checked,
        attack: |s| contents(s, header(1, 0, b"\0\x80\x03a\0b")),
        outcome: Outcome::Ends("TYP-02"),
        ..USUAL
    },
];

/// Contents without a body that have these headers.
fn headers(s: &Setting, table: Vec<u8>) -> Attack {
    contents(s, with_headers(1, 0, &table))
}

fn contents(s: &Setting, headed: Vec<u8>) -> Attack {
    let s = *s;
    Attack::sends(move |number, out| {
        out.extend(s.carrier(1, number));
        out.extend(&headed);
    })
}

/// Declares that want no reply, with these arguments.
fn arguments(table: Vec<u8>) -> Attack {
    Attack::floods(method(1, 50, 10, &[b"\0\0\x01q\x10", &long(&table)[..]].concat()))
}

/// Octets of a table in a frame as large as may be, or as so many octets have room for.
fn room(s: &Setting) -> usize {
    frame(s).min(s.octets / 8) - 64
}

fn entries(s: &Setting) -> usize {
    s.limits.table.max_entries as usize
}

/// Tables in a table, so many levels, filled up to so many octets.
fn nested(room: usize, levels: usize) -> Vec<u8> {
    let value = room.saturating_sub(7 * levels + 7);
    let mut octets = Vec::with_capacity(room);
    for level in (0..levels).rev() {
        octets.extend(b"\x01nF");
        octets.extend((7 * level as u32 + 7 + value as u32).to_be_bytes());
    }
    octets.extend(b"\x01nS");
    octets.extend(long(&vec![b'x'; value]));
    octets
}

/// An array in arrays, so many of them, with the outermost one's tag.
fn arrays(levels: usize) -> Vec<u8> {
    let mut octets = Vec::new();
    for level in (0..levels).rev() {
        octets.push(b'A');
        octets.extend((5 * level as u32).to_be_bytes());
    }
    octets
}
