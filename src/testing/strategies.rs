//! Strategies for [proptest](https://docs.rs/proptest): values, tables, methods, properties and frames,
//! well-formed and such as a peer may send, and [sessions](session()).
//!
//! What fails is shrunk: to fewer pairs, shorter strings, smaller numbers, fewer steps.
//!
//! ```
//! use amqp_proto::protocol::Dialect;
//! use amqp_proto::testing::strategies;
//! use proptest::prelude::*;
//!
//! proptest! {
//!     // With #[test] before it, where this is a test.
//!     fn every_method_has_a_name(method in strategies::method(Dialect::V0_9_1)) {
//!         prop_assert!(method.to_string().starts_with(method.kind().name()));
//!     }
//! }
//! every_method_has_a_name();
//! ```

use alloc::vec::Vec;

use proptest::collection::{SizeRange, vec};
use proptest::prelude::{Just, any};
use proptest::sample::select;
use proptest::strategy::{BoxedStrategy, Strategy, Union};

use crate::frame::FRAME_OVERHEAD;
use crate::protocol::{ContentHeaderBuf, Dialect, MethodKind, PropertiesBuf, Property, WireType};
use crate::wire::{ArrayBuf, ShortStr, TableBuf};

use super::drawn::tree::{self, Pairs, Tree};
use super::drawn::{FrameBuf, MethodBuf, ValueBuf, fields};
pub use super::session::strategies::{command, session, step};

/// Levels inside the outermost table or array.
const DEPTH: u32 = 4;
/// Values that one table or array has on the whole, about.
const VALUES: u32 = 24;
/// Entries of one table or array.
const ENTRIES: u32 = 6;
/// Octets that hold every method with a content, and every content header, if nothing is in them.
const FEWEST: usize = 32;
/// Octets of a long string, mostly.
const LONG: usize = 300;

/// Octets for a short string: text, any octets, now and then as many as fit.
pub fn short_str() -> impl Strategy<Value = Vec<u8>> + Clone {
    let full = Just(Vec::from([b'x'; ShortStr::MAX_LEN]));
    Union::new_weighted(Vec::from([
        (8, "[a-z][a-z0-9._-]{0,20}".prop_map(Vec::from).boxed()),
        (4, vec(any::<u8>(), 0..=ShortStr::MAX_LEN).boxed()),
        (1, full.boxed()),
        (1, Just(Vec::new()).boxed()),
    ]))
}

/// Octets for a long string: text and any octets.
pub fn long_str() -> impl Strategy<Value = Vec<u8>> + Clone {
    octets(0..=LONG)
}

fn octets(size: impl Into<SizeRange>) -> BoxedStrategy<Vec<u8>> {
    vec(any::<u8>(), size).boxed()
}

/// A value of a type that has no other values inside.
fn leaf(received: bool) -> BoxedStrategy<Tree> {
    let mut fixed = Vec::from(tree::FIXED);
    let mut counted = Vec::from(tree::COUNTED);
    if received {
        fixed.extend(tree::FIXED_RECEIVED);
        counted.extend(tree::COUNTED_RECEIVED);
    }
    let plain = select(fixed).prop_flat_map(move |(tag, len)| {
        // What is sent for true is 1 (TBL-07).
        let one_bit = tag == b't' && !received;
        let octets = if one_bit { vec(0..=1_u8, len).boxed() } else { octets(len) };
        octets.prop_map(move |octets| Tree::Plain(tag, octets))
    });
    let counted = (select(counted), long_str());
    let counted = counted.prop_map(|(tag, octets)| Tree::Counted(tag, octets));
    let mut kinds = Vec::from([(5, plain.boxed()), (3, counted.boxed())]);
    if received {
        let unknown = any::<u8>().prop_filter("a known type", |tag| tree::is_unknown(*tag));
        let unknown = (unknown, octets(0..20));
        kinds.push((1, unknown.prop_map(|(tag, octets)| Tree::Plain(tag, octets)).boxed()));
    }
    Union::new_weighted(kinds).boxed()
}

fn pairs(value: impl Strategy<Value = Tree> + 'static) -> BoxedStrategy<Pairs> {
    vec((short_str(), value), 0..=ENTRIES as usize).boxed()
}

fn any_tree(received: bool) -> impl Strategy<Value = Tree> + Clone {
    leaf(received).prop_recursive(DEPTH, VALUES, ENTRIES, |inner| {
        Union::new(Vec::from([
            pairs(inner.clone()).prop_map(Tree::Table).boxed(),
            vec(inner, 0..=ENTRIES as usize).prop_map(Tree::Array).boxed(),
        ]))
    })
}

/// A field value of every type that is sent, tables and arrays up to four levels deep.
pub fn value() -> impl Strategy<Value = ValueBuf> + Clone {
    any_tree(false).prop_map(|tree| tree::value(&tree))
}

/// A field value of every type, also of those that are taken but never sent, and of unknown ones
/// (`TBL-04` to `TBL-06`).
pub fn received_value() -> impl Strategy<Value = ValueBuf> + Clone {
    any_tree(true).prop_map(|tree| tree::value(&tree))
}

/// A field table of values of every type that is sent; names may occur twice (`TBL-12`).
pub fn table() -> impl Strategy<Value = TableBuf> + Clone {
    pairs(any_tree(false)).prop_map(|pairs| tree::table(&pairs))
}

/// A field table of values of every type, also of those that are taken but never sent, and of unknown ones.
pub fn received_table() -> impl Strategy<Value = TableBuf> + Clone {
    pairs(any_tree(true)).prop_map(|pairs| tree::table(&pairs))
}

/// A field array of values of every type that is sent.
pub fn array() -> impl Strategy<Value = ArrayBuf> + Clone {
    vec(any_tree(false), 0..=ENTRIES as usize).prop_map(|values| tree::array(&values))
}

/// A value for a field, with its length where it has one.
fn field(wire: WireType) -> BoxedStrategy<fields::Field> {
    match wire {
        WireType::Octet => octets(1),
        WireType::Short => octets(2),
        WireType::Long => octets(4),
        WireType::LongLong => octets(8),
        WireType::ShortStr => short_str().prop_map(|octets| fields::short(&octets)).boxed(),
        WireType::LongStr => long_str().prop_map(|octets| fields::long(&octets)).boxed(),
        WireType::Table => table().prop_map(|table| fields::long(table.as_octets())).boxed(),
    }
}

/// Properties, each of them set or not.
pub fn properties() -> impl Strategy<Value = PropertiesBuf> + Clone {
    let each = |property: &Property| proptest::option::of(field(property.wire_type())).boxed();
    let all: Vec<_> = Property::ALL.iter().map(each).collect();
    all.prop_map(|fields| fields::properties(&fields))
}

/// A content header of class basic that announces any number of octets.
pub fn content_header() -> impl Strategy<Value = ContentHeaderBuf> + Clone {
    let size = Union::new(Vec::from([(0..100_000_u64).boxed(), any::<u64>().boxed()]));
    (size, properties()).prop_map(|(size, properties)| fields::content_header(size, &properties))
}

/// A method of any kind that the dialect has, with any arguments; what is reserved is zero.
pub fn method(dialect: Dialect) -> impl Strategy<Value = MethodBuf> + Clone {
    select(fields::kinds(dialect)).prop_flat_map(move |kind| method_of(dialect, kind))
}

/// A method of this kind with any arguments. Where the dialect lacks it, the strategy rejects everything.
pub fn method_of(dialect: Dialect, kind: MethodKind) -> impl Strategy<Value = MethodBuf> + Clone {
    let arguments: Vec<_> = fields::arguments(dialect, kind).into_iter().map(field).collect();
    arguments.prop_filter_map("the dialect lacks it", move |values| {
        kind.id(dialect).map(|_| fields::method(dialect, kind, &values))
    })
}

/// A well-formed frame of any kind on any channel; whether it may come there is another matter.
pub fn frame(dialect: Dialect) -> impl Strategy<Value = FrameBuf> + Clone {
    let channel = Union::new(Vec::from([(0..4_u16).boxed(), any::<u16>().boxed()]));
    let method = (channel.clone(), method(dialect));
    let header = (channel.clone(), content_header());
    let body = (channel, octets(0..2000));
    Union::new_weighted(Vec::from([
        (4, method.prop_map(|(channel, method)| FrameBuf::method(channel, &method)).boxed()),
        (2, header.prop_map(|(channel, header)| FrameBuf::header(channel, &header)).boxed()),
        (3, body.prop_map(|(channel, octets)| FrameBuf::body(channel, octets)).boxed()),
        (1, Just(FrameBuf::heartbeat()).boxed()),
    ]))
}

/// The frames of one content: a method of this kind, the header, and the body.
///
/// No frame has more than `frame_max` octets, its header and end octet counted; 0: no limit. Where the method
/// or the properties would need more, they come without what they hold, so a `frame_max` below 32 counts
/// as 32. Where the dialect lacks the method, or no content follows it, the strategy rejects everything.
pub fn content(
    dialect: Dialect,
    kind: MethodKind,
    channel: u16,
    frame_max: u32,
) -> impl Strategy<Value = Vec<FrameBuf>> + Clone {
    let most = match usize::try_from(frame_max) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(most) => most.max(FEWEST),
    };
    let body = vec(octets(1..=(most - FRAME_OVERHEAD).min(5000)), 0..5);
    let has_content = kind.info().content;
    let method = method_of(dialect, kind)
        .prop_filter("a method that no content follows", move |_| has_content);
    (method, properties(), body).prop_map(move |(method, properties, parts)| {
        let size = parts.iter().map(|part| part.len() as u64).sum();
        let fits = |frame: &FrameBuf| frame.as_raw().total_len() <= most;
        let begin = Some(FrameBuf::method(channel, &method)).filter(fits).unwrap_or_else(|| {
            FrameBuf::method(channel, &fields::method_without_arguments(dialect, kind))
        });
        let with = |properties: &PropertiesBuf| {
            FrameBuf::header(channel, &fields::content_header(size, properties))
        };
        let header = Some(with(&properties)).filter(fits);
        let head = [begin, header.unwrap_or_else(|| with(&PropertiesBuf::new()))];
        let body = parts.into_iter().map(|part| FrameBuf::body(channel, part));
        head.into_iter().chain(body).collect()
    })
}
