//! What is drawn at random, by strategies and from a fuzzer's octets, is well-formed, keeps its octets on the
//! way through the codec, and comes in all its kinds.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers fail like the tests"
)]

extern crate alloc;

use alloc::collections::BTreeSet;

use amqp_proto::frame::{Cut, Scanner, cut};
use amqp_proto::protocol::{
    ContentHeader, ContentHeaderBuf, Dialect, Frame, Method, MethodKind, Properties, PropertiesBuf,
    Property,
};
use amqp_proto::testing::session::{Script, Step};
use amqp_proto::testing::{FrameBuf, MethodBuf, ValueBuf, strategies};
use amqp_proto::wire::{
    Array, ArrayBuf, EncodeError, ShortStr, Table, TableBuf, TableLimits, Value,
};
use arbitrary::{Arbitrary, Unstructured};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestRunner};

const LIMITS: TableLimits = TableLimits::DEFAULT;

/// The same cases in every run, unless `PROPTEST_RNG_SEED` and `PROPTEST_CASES` say otherwise.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(1);
    }
    config
}

/// Reads and writes a table again, value by value; what is only received is kept as a whole.
fn check_table(table: &TableBuf) {
    let octets = table.as_octets();
    let read = Table::parse(octets, &LIMITS).unwrap();
    assert_eq!(TableBuf::from(read), *table);
    assert!(read.semantic_eq(&table.as_table()));
    let mut pairs = TableBuf::new();
    for (name, value) in read {
        if pairs.insert(name, value).is_err() {
            return; // a type that is never sent
        }
    }
    assert_eq!(pairs.len(), read.len());
    assert!(pairs.as_table().semantic_eq(&read));
}

fn check_array(array: &ArrayBuf) {
    let read = Array::parse(array.as_octets(), &LIMITS).unwrap();
    assert_eq!(ArrayBuf::from(read), *array);
}

fn check_value(value: &ValueBuf) {
    let array = Array::parse(value.as_octets(), &LIMITS).unwrap();
    assert_eq!((array.len(), array.get(0)), (1, Some(value.as_value())));
    assert_eq!(ValueBuf::new(value.as_value()).unwrap().as_value(), value.as_value());
}

fn check_method(method: &MethodBuf) {
    let decoded = Method::decode(method.dialect(), method.as_octets(), &LIMITS).unwrap();
    assert_eq!((decoded, decoded.kind()), (method.method(), method.kind()));
    assert_eq!(MethodBuf::new(method.dialect(), &decoded).unwrap(), *method);
}

fn check_properties(properties: &PropertiesBuf) {
    let mut octets = Vec::new();
    properties.as_properties().encode(&mut octets);
    let read = Properties::parse(&octets, &LIMITS).unwrap();
    assert_eq!((read, PropertiesBuf::from(read)), (properties.as_properties(), properties.clone()));
    let set = Property::ALL.iter().filter(|property| read.contains(**property)).count();
    assert_eq!(read.iter().count(), set);
}

fn check_header(header: &ContentHeaderBuf) {
    let mut octets = Vec::new();
    header.encode(&mut octets);
    assert_eq!(ContentHeader::parse(&octets, &LIMITS).unwrap(), header.as_header());
}

/// The frames come out of the cutter and out of the scanner as they went in, and all but those of an unknown
/// type can be read.
fn check_frames(frames: &[FrameBuf]) {
    let mut octets = Vec::new();
    for frame in frames {
        frame.encode(&mut octets).unwrap();
    }
    let mut rest = &octets[..];
    for frame in frames.iter().map(FrameBuf::as_raw) {
        let taken = cut(rest, u32::MAX);
        if !frame.frame_type.is_known() {
            assert!(taken.is_err(), "{frame}");
            return;
        }
        let Ok(Cut::Frame { frame: found, consumed }) = taken else { panic!("{frame}") };
        assert_eq!((found, consumed), (frame, frame.total_len()));
        assert!(Frame::parse(Dialect::V0_9_1, found, &LIMITS).is_ok(), "{frame}");
        rest = rest.split_at(consumed).1;
    }
    assert!(rest.is_empty());
    let scanned = Scanner::new(&octets, u32::MAX).map(|(_, found)| found.unwrap());
    assert!(scanned.eq(frames.iter().map(FrameBuf::as_raw)));
}

fn dialect() -> impl Strategy<Value = Dialect> {
    proptest::sample::select(Dialect::ALL)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn tables_keep_their_octets(sent in strategies::table(), received in strategies::received_table()) {
        check_table(&sent);
        check_table(&received);
        // What is sent can be built, too.
        let copy = sent.iter().try_fold(TableBuf::new(), |table, (name, value)| table.with(name, value));
        prop_assert_eq!(copy.unwrap().len(), sent.len());
    }

    #[test]
    fn values_and_arrays_keep_theirs(
        sent in strategies::value(),
        received in strategies::received_value(),
        array in strategies::array(),
    ) {
        check_value(&sent);
        check_value(&received);
        check_array(&array);
        prop_assert_eq!(ValueBuf::new(sent.as_value()).unwrap(), sent);
    }

    #[test]
    fn short_strings_fit(octets in strategies::short_str()) {
        prop_assert!(ShortStr::from(&octets).is_valid_length());
    }

    #[test]
    fn methods_are_the_same_in_writing(
        method in dialect().prop_flat_map(strategies::method),
        properties in strategies::properties(),
        header in strategies::content_header(),
    ) {
        check_method(&method);
        check_properties(&properties);
        check_header(&header);
    }

    #[test]
    fn frames_are_found_again(
        frames in dialect().prop_flat_map(|_| {
            proptest::collection::vec(strategies::frame(Dialect::V0_9_1), 0..20)
        }),
        content in strategies::content(Dialect::V0_9_1, MethodKind::BasicPublish, 1, 4096),
    ) {
        check_frames(&frames);
        check_frames(&content);
        // The body is as long as its header says, in frames that fit.
        let [_, header, body @ ..] = &content[..] else { panic!("{content:?}") };
        let header = ContentHeader::parse(header.as_raw().payload, &LIMITS).unwrap();
        let sizes = body.iter().map(|frame| frame.as_raw().payload.len() as u64);
        prop_assert_eq!(sizes.sum::<u64>(), header.body_size);
        prop_assert!(body.iter().all(|frame| frame.as_raw().total_len() <= 4096));
    }

    #[test]
    fn a_fuzzers_octets_make_the_same(octets in proptest::collection::vec(any::<u8>(), 0..4000)) {
        let u = &mut Unstructured::new(&octets);
        check_table(&TableBuf::arbitrary(u).unwrap());
        check_array(&ArrayBuf::arbitrary(u).unwrap());
        check_value(&ValueBuf::arbitrary(u).unwrap());
        check_properties(&PropertiesBuf::arbitrary(u).unwrap());
        check_header(&ContentHeaderBuf::arbitrary(u).unwrap());
        check_method(&MethodBuf::arbitrary(u).unwrap());
        let frames: Result<Vec<_>, _> = (0..8).map(|_| FrameBuf::arbitrary(u)).collect();
        check_frames(&frames.unwrap());
    }

    #[test]
    fn a_fuzzers_octets_make_sessions(octets in proptest::collection::vec(any::<u8>(), 0..4000)) {
        let script = Script::arbitrary(&mut Unstructured::new(&octets)).unwrap();
        if let Err(finding) = script.run() {
            return Err(TestCaseError::fail(finding.to_string()));
        }
    }
}

#[test]
fn values_that_are_never_sent_are_copied() {
    for octets in [&b"k\xFF"[..], b"?", b"?rest", b"z\0\0\0"] {
        let value = Array::parse(octets, &LIMITS).unwrap().get(0).unwrap();
        let copy = ValueBuf::new(value).unwrap();
        assert_eq!((copy.as_value(), copy.as_octets()), (value, octets));
        assert!(ArrayBuf::new().push(value).is_err());
    }
    let known = Value::Unknown { tag: b'I', rest: b"" };
    assert_eq!(ValueBuf::new(known), Err(EncodeError::NotEmittable { tag: b'I' }));
}

#[test]
fn no_frame_of_a_content_is_above_frame_max() {
    let with_content = MethodKind::ALL.iter().filter(|kind| kind.info().content);
    for (dialect, kind) in Dialect::ALL.iter().flat_map(|d| with_content.clone().map(|k| (*d, *k)))
    {
        for frame_max in [1, 32, 60, 300, 4096] {
            let contents = drawn(60, strategies::content(dialect, kind, 1, frame_max));
            let mut largest = 0;
            for content in &contents {
                check_frames(content);
                let lens = content.iter().map(|frame| frame.as_raw().total_len());
                largest = lens.fold(largest, usize::max);
            }
            let most = usize::try_from(frame_max).unwrap().max(32);
            assert!(largest <= most, "{largest} octets of {most}: {kind}, {dialect}");
            assert!(largest > most / 2, "{largest} octets of {most}: {kind}, {dialect}");
        }
        let unlimited = drawn(200, strategies::content(dialect, kind, 1, 0));
        let mut lens = unlimited.iter().flatten().map(|frame| frame.as_raw().total_len());
        assert!(lens.any(|len| len > 4096));
    }
}

#[test]
fn methods_without_a_content_begin_none() {
    let nothing = strategies::content(Dialect::V0_9_1, MethodKind::BasicAck, 1, 4096);
    let mut runner = TestRunner::new(config());
    assert!(nothing.new_tree(&mut runner).is_err());
    assert!(runner.to_string().contains("no content follows"), "{runner}");
}

/// Draws so many, in the order of fixed numbers.
fn drawn<T: core::fmt::Debug>(count: usize, strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::new(config());
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// The type octet of the value, and of what is in it.
fn tags(value: Value<'_>, seen: &mut BTreeSet<u8>) {
    seen.insert(value.tag());
    match value {
        Value::Table(table) => table.iter().for_each(|(_, value)| tags(value, seen)),
        Value::Array(array) => array.iter().for_each(|value| tags(value, seen)),
        _ => {}
    }
}

#[test]
fn every_type_is_drawn() {
    let mut sent = BTreeSet::new();
    drawn(500, strategies::value()).iter().for_each(|value| tags(value.as_value(), &mut sent));
    assert_eq!(sent, BTreeSet::from(*b"tbBsuIilfdDSATFVx"));
    let received = drawn(2000, strategies::received_value());
    let first: BTreeSet<u8> = received.iter().map(|value| value.as_octets()[0]).collect();
    // As they lie on the wire, the aliases too, and some that nobody knows.
    assert!(first.is_superset(&BTreeSet::from(*b"tbBsuIilfdDSATFVxULkcC")), "{first:?}");
    assert!(first.len() > 22);
}

#[test]
fn every_method_and_property_is_drawn() {
    for dialect in Dialect::ALL {
        let methods = drawn(2000, strategies::method(*dialect));
        let kinds: BTreeSet<_> = methods.iter().map(MethodBuf::kind).collect();
        let all = MethodKind::ALL.iter().filter(|kind| kind.id(*dialect).is_some()).copied();
        assert_eq!(kinds, all.collect());
    }
    // But for those without arguments none is the same each time.
    for kind in MethodKind::ALL.iter().filter(|kind| kind.id(Dialect::V0_9_1).is_some()) {
        let methods = drawn(40, strategies::method_of(Dialect::V0_9_1, *kind));
        let all: BTreeSet<_> = methods.iter().map(MethodBuf::as_octets).collect();
        let is_bare = methods[0].method() == Method::empty(*kind);
        assert!(all.len() > 1 || is_bare, "{methods:?}");
    }
    let properties = drawn(200, strategies::properties());
    for property in Property::ALL {
        let set = properties.iter().filter(|p| p.as_properties().contains(*property)).count();
        assert!((1..200).contains(&set), "{property}");
    }
}

#[test]
fn every_step_is_drawn() {
    let names = |steps: &[Step]| -> BTreeSet<String> {
        let name = |step: &Step| match step {
            Step::Give(_, command) => format!("{command:?}"),
            step => format!("{step:?}"),
        };
        let first = |text: String| text.split(['(', ' ']).next().unwrap_or_default().to_owned();
        steps.iter().map(name).map(first).collect()
    };
    let all = [
        "OpenChannel",
        "OpenChannelNumber",
        "CloseChannel",
        "Close",
        "Decide",
        "Call",
        "Answer",
        "Settle",
        "Send",
        "SendBody",
        "Block",
        "UpdateSecret",
        "Redirect",
        "Transmit",
        "Receive",
        "Poll",
        "Pass",
        "Jump",
        "Latency",
        "Chunk",
        "Door",
        "Cut",
        "End",
    ];
    let all: BTreeSet<String> = all.into_iter().map(ToOwned::to_owned).collect();
    assert_eq!(names(&drawn(50_000, strategies::step())), all);
    let octets = drawn(200, proptest::collection::vec(any::<u8>(), 20_000));
    let steps = octets
        .iter()
        .flat_map(|octets| Script::arbitrary(&mut Unstructured::new(octets)).unwrap().steps);
    let steps: Vec<_> = steps.collect();
    assert_eq!(names(&steps), all, "in {} steps", steps.len());
}
