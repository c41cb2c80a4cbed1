//! `Arbitrary` for fuzzers. Lengths are drawn before what they count, from the front, so that a small
//! change of the input is a small change of the value.

use alloc::vec::Vec;

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::protocol::{
    ContentHeaderBuf, Dialect, MethodKind, PropertiesBuf, Property, ReplyCode, WireType,
};
use crate::wire::{ArrayBuf, LongStr, ShortStr, TableBuf};
use crate::{ChannelId, Side};

use super::tree::{self, Pairs, Tree};
use super::{FrameBuf, MethodBuf, ValueBuf, fields};
use crate::frame::FrameType;

/// A length, most often a short one.
fn len(u: &mut Unstructured<'_>, longest: usize) -> Result<usize> {
    let most = match u.arbitrary::<u8>()? {
        0..=191 => longest.min(12),
        192..=250 => longest.min(255),
        _ => longest,
    };
    u.int_in_range(0..=most)
}

fn octets<'a>(u: &mut Unstructured<'a>, longest: usize) -> Result<&'a [u8]> {
    let len = len(u, longest)?.min(u.len());
    u.bytes(len)
}

/// Octets of a long string or a body.
const LONG: usize = 2000;
/// Levels inside the outermost table or array; half of what is taken by default.
const DEPTH: u32 = 16;
/// Entries of one table or array.
const ENTRIES: usize = 8;

fn tree(u: &mut Unstructured<'_>, depth: u32) -> Result<Tree> {
    let fixed = tree::FIXED.iter().chain(&tree::FIXED_RECEIVED);
    let counted = tree::COUNTED.iter().chain(&tree::COUNTED_RECEIVED);
    let kinds = tree::FIXED.len() + tree::FIXED_RECEIVED.len();
    // One in six has others inside, less than one each on the average: else all octets would go into one table.
    let place = usize::from(u.arbitrary::<u8>()? % 24);
    if let Some((tag, len)) = fixed.clone().nth(place) {
        let mut octets = Vec::from(u.bytes((*len).min(u.len()))?);
        octets.resize(*len, 0);
        return Ok(Tree::Plain(*tag, octets));
    }
    if let Some(tag) = counted.clone().nth(place - kinds) {
        return Ok(Tree::Counted(*tag, octets(u, LONG)?.into()));
    }
    match (depth.checked_sub(1), place % 2) {
        (Some(depth), 0) => Ok(Tree::Table(pairs(u, depth)?)),
        (Some(depth), _) => Ok(Tree::Array(trees(u, depth)?)),
        (None, _) => {
            let tag = u.arbitrary()?;
            let rest = if tree::is_unknown(tag) { octets(u, LONG)?.into() } else { Vec::new() };
            Ok(Tree::Plain(if tree::is_unknown(tag) { tag } else { b'V' }, rest))
        }
    }
}

fn trees(u: &mut Unstructured<'_>, depth: u32) -> Result<Vec<Tree>> {
    (0..len(u, ENTRIES)?).map(|_| tree(u, depth)).collect()
}

fn pairs(u: &mut Unstructured<'_>, depth: u32) -> Result<Pairs> {
    (0..len(u, ENTRIES)?).map(|_| Ok((octets(u, 255)?.into(), tree(u, depth)?))).collect()
}

/// A value for a field, with its length where it has one.
fn field(u: &mut Unstructured<'_>, wire: WireType) -> Result<fields::Field> {
    Ok(match wire {
        WireType::Octet => u.arbitrary::<u8>()?.to_be_bytes().into(),
        WireType::Short => u.arbitrary::<u16>()?.to_be_bytes().into(),
        WireType::Long => u.arbitrary::<u32>()?.to_be_bytes().into(),
        WireType::LongLong => u.arbitrary::<u64>()?.to_be_bytes().into(),
        WireType::ShortStr => fields::short(octets(u, 255)?),
        WireType::LongStr => fields::long(octets(u, LONG)?),
        WireType::Table => fields::long(TableBuf::arbitrary(u)?.as_octets()),
    })
}

impl<'a> Arbitrary<'a> for ShortStr<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        octets(u, Self::MAX_LEN).map(Self::from_octets)
    }
}

impl<'a> Arbitrary<'a> for LongStr<'a> {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        octets(u, LONG).map(Self::from_octets)
    }
}

/// Of every type, also of those that are never sent.
impl<'a> Arbitrary<'a> for ValueBuf {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        tree(u, DEPTH).map(|tree| tree::value(&tree))
    }
}

/// With every type of value, also those that are never sent.
impl<'a> Arbitrary<'a> for TableBuf {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        pairs(u, DEPTH).map(|pairs| tree::table(&pairs))
    }
}

/// With every type of value, also those that are never sent.
impl<'a> Arbitrary<'a> for ArrayBuf {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        trees(u, DEPTH).map(|values| tree::array(&values))
    }
}

impl<'a> Arbitrary<'a> for PropertiesBuf {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let flags: u16 = u.arbitrary()?;
        let fields = Property::ALL.iter().map(|property| {
            let is_set = flags & property.flag() != 0;
            is_set.then(|| field(u, property.wire_type())).transpose()
        });
        Ok(fields::properties(&fields.collect::<Result<Vec<_>>>()?))
    }
}

impl<'a> Arbitrary<'a> for ContentHeaderBuf {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(fields::content_header(u.arbitrary()?, &u.arbitrary()?))
    }
}

/// In any dialect; reserved arguments and bits are zero.
impl<'a> Arbitrary<'a> for MethodBuf {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let dialect = u.arbitrary()?;
        method(u, dialect)
    }
}

impl MethodBuf {
    /// A request that an application may make, in 0-9-1.
    pub(in crate::testing) fn request(u: &mut Unstructured<'_>) -> Result<Self> {
        let kind = *u.choose(&fields::requests())?;
        method_of(u, Dialect::V0_9_1, kind)
    }
}

fn method(u: &mut Unstructured<'_>, dialect: Dialect) -> Result<MethodBuf> {
    let kind = *u.choose(&fields::kinds(dialect))?;
    method_of(u, dialect, kind)
}

fn method_of(u: &mut Unstructured<'_>, dialect: Dialect, kind: MethodKind) -> Result<MethodBuf> {
    let arguments = fields::arguments(dialect, kind);
    let values = arguments.iter().map(|wire| field(u, *wire)).collect::<Result<Vec<_>>>()?;
    Ok(fields::method(dialect, kind, &values))
}

/// A method in 0-9-1, a content header, a body or a heartbeat, and now and then a type that is not known.
impl<'a> Arbitrary<'a> for FrameBuf {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let channel = match u.arbitrary::<u8>()? {
            channel @ 0..=250 => u16::from(channel) % 4,
            _ => u.arbitrary()?,
        };
        Ok(match u.arbitrary::<u8>()? {
            0..=99 => Self::method(channel, &method(u, Dialect::V0_9_1)?),
            100..=149 => Self::header(channel, &u.arbitrary()?),
            150..=229 => Self::body(channel, octets(u, LONG)?),
            230..=250 => Self::heartbeat(),
            _ => {
                let frame_type = Some(FrameType(u.arbitrary()?)).filter(|known| !known.is_known());
                Self::raw(frame_type.unwrap_or(FrameType(0)), channel, octets(u, LONG)?)
            }
        })
    }
}

macro_rules! chosen {
    ($($name:ty => $from:expr,)*) => {$(
        impl<'a> Arbitrary<'a> for $name {
            fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
                u.choose($from).copied()
            }
        }
    )*};
}

chosen! {
    Dialect => Self::ALL,
    MethodKind => Self::ALL,
    Property => Self::ALL,
    Side => &[Self::Client, Self::Server],
}

impl<'a> Arbitrary<'a> for ChannelId {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Self::new(u.arbitrary()?).ok_or(arbitrary::Error::IncorrectFormat)
    }
}

impl<'a> Arbitrary<'a> for ReplyCode {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.arbitrary().map(Self)
    }
}
