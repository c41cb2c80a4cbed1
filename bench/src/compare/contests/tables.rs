//! W4: a field table is decoded, built, and passed on as it came.

use core::hint::black_box;

use amqp_bench::streams::table;
use amqp_proto::wire::TableBuf;

use super::Each;
use crate::measure::Contest;
use crate::peers::rabbitmq::Work;
use crate::peers::{amq_protocol, limits, name, own, rabbitmq, serde};

/// The structure is checked; nothing is read.
pub(crate) const VALIDATE: &str = "amqp-proto: validated";
/// Then every value is looked at.
pub(crate) const READ: &str = "amqp-proto: validated, all values read";
/// The owned table is built from values.
pub(crate) const BUILD: &str = "amqp-proto: built";
/// Validated, and the octets written again.
pub(crate) const FORWARD: &str = "amqp-proto: validated and copied";

/// Tables of a sweep.
const TIMES: usize = 100;

pub(super) fn all(each: &mut Each<'_>) {
    let pairs = table::octets();
    // What the others want to see begins with the length.
    let whole = [&(pairs.len() as u32).to_be_bytes()[..], &pairs].concat();
    each(decode(&pairs, &whole));
    each(encode(&pairs, &whole));
    each(forward(&pairs, &whole));
}

fn memcpy<'a>(contest: &mut Contest<'a>, whole: &'a [u8]) {
    let mut copy = vec![0; whole.len()];
    contest.add(name::MEMCPY, TIMES, move |clock| {
        clock.time(|| (0..TIMES).for_each(|_| limits::copy(whole, &mut copy)));
    });
}

fn decode<'a>(pairs: &'a [u8], whole: &'a [u8]) -> Contest<'a> {
    let mut contest = Contest::new("W4 decode", &[name::MEMCPY, VALIDATE]).per("table");
    memcpy(&mut contest, whole);
    contest.add(VALIDATE, TIMES, move |clock| {
        let table = own::validate(pairs);
        assert_eq!(table.len(), table::ENTRIES);
        clock.time(|| {
            for _ in 0..TIMES {
                black_box(own::validate(black_box(pairs)));
            }
        });
    });
    let values = own::read_all(own::validate(pairs));
    contest.add(READ, TIMES, move |clock| {
        let read = |_| own::read_all(own::validate(black_box(pairs)));
        assert_eq!(clock.time(|| (0..TIMES).map(read).sum::<usize>()), values * TIMES);
    });
    contest.add(name::AMQ_PROTOCOL, TIMES, move |clock| {
        assert_eq!(amq_protocol::decode_table(whole).inner().len(), table::ENTRIES);
        clock.time(|| (0..TIMES).for_each(|_| drop(amq_protocol::decode_table(whole))));
    });
    contest.add(name::SERDE, TIMES, move |clock| {
        assert_eq!(serde::decode_table(whole).as_ref().len(), table::ENTRIES);
        clock.time(|| (0..TIMES).for_each(|_| drop(serde::decode_table(whole))));
    });
    contest.add(name::RABBITMQ_C, TIMES, move |clock| {
        let entries = clock.time(|| rabbitmq::table(Work::Decode, whole, &mut [], TIMES));
        assert_eq!(entries, table::ENTRIES);
    });
    contest
}

fn encode<'a>(pairs: &'a [u8], whole: &'a [u8]) -> Contest<'a> {
    let mut contest = Contest::new("W4 build", &[name::MEMCPY, BUILD]).per("table");
    memcpy(&mut contest, whole);
    let items = own::Item::of(own::validate(pairs));
    let mut out = TableBuf::new();
    contest.add(BUILD, TIMES, move |clock| {
        clock.time(|| {
            for _ in 0..TIMES {
                out.clear();
                own::build(black_box(&items), &mut out);
            }
        });
        assert_eq!(out.as_octets(), pairs);
    });
    peers(&mut contest, whole, Work::Encode);
    contest
}

fn forward<'a>(pairs: &'a [u8], whole: &'a [u8]) -> Contest<'a> {
    let mut contest = Contest::new("W4 forward", &[name::MEMCPY, FORWARD]).per("table");
    memcpy(&mut contest, whole);
    let mut out = Vec::new();
    contest.add(FORWARD, TIMES, move |clock| {
        clock.time(|| {
            for _ in 0..TIMES {
                out.clear();
                let octets = own::validate(black_box(pairs)).as_octets();
                out.extend_from_slice(&(octets.len() as u32).to_be_bytes());
                out.extend_from_slice(octets);
                black_box(&mut out);
            }
        });
        assert_eq!(out, whole);
    });
    peers(&mut contest, whole, Work::Forward);
    contest
}

/// Those that encode from their own values, decoded each time or once.
fn peers<'a>(contest: &mut Contest<'a>, whole: &'a [u8], work: Work) {
    let is_forwarded = matches!(work, Work::Forward);
    let kept = amq_protocol::decode_table(whole);
    let mut out = Vec::new();
    contest.add(name::AMQ_PROTOCOL, TIMES, move |clock| {
        clock.time(|| {
            for _ in 0..TIMES {
                let mut room = core::mem::take(&mut out);
                room.clear();
                out = if is_forwarded {
                    amq_protocol::encode_table(&amq_protocol::decode_table(whole), room)
                } else {
                    amq_protocol::encode_table(black_box(&kept), room)
                };
            }
        });
        // It sorts by name.
        assert_eq!(out.len(), whole.len());
    });
    let kept = serde::decode_table(whole);
    let mut out = Vec::new();
    contest.add(name::SERDE, TIMES, move |clock| {
        clock.time(|| {
            for _ in 0..TIMES {
                out.clear();
                if is_forwarded {
                    serde::encode_table(&serde::decode_table(whole), &mut out);
                } else {
                    serde::encode_table(black_box(&kept), &mut out);
                }
            }
        });
        assert_eq!(out.len(), whole.len());
    });
    let mut out = vec![0; whole.len()];
    contest.add(name::RABBITMQ_C, TIMES, move |clock| {
        let len = clock.time(|| rabbitmq::table(work, whole, &mut out, TIMES));
        assert_eq!(out[..len], *whole);
    });
}
