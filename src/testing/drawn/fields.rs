//! Methods and properties from values for their fields, as the protocol's data lists these.

use alloc::vec::Vec;

use crate::protocol::{
    Argument, ContentHeader, ContentHeaderBuf, Dialect, Method, MethodKind, Properties,
    PropertiesBuf, Property, WireType,
};
use crate::wire::TableLimits;

use super::MethodBuf;

/// A value for a field, as it lies on the wire.
pub(in crate::testing) type Field = Vec<u8>;

/// The methods of a dialect.
pub(in crate::testing) fn kinds(dialect: Dialect) -> Vec<MethodKind> {
    MethodKind::ALL.iter().copied().filter(|kind| kind.id(dialect).is_some()).collect()
}

/// The requests that an application may make on a channel.
pub(in crate::testing) fn requests() -> Vec<MethodKind> {
    let may = |kind: &MethodKind| {
        let info = kind.info();
        let by_itself = matches!(kind, MethodKind::ChannelOpen | MethodKind::ChannelClose);
        info.synchronous && !info.is_reply && !info.content && !info.on_channel_zero && !by_itself
    };
    MethodKind::ALL.iter().copied().filter(may).collect()
}

/// How the arguments of a method lie on the wire.
pub(in crate::testing) fn arguments(dialect: Dialect, kind: MethodKind) -> Vec<WireType> {
    let present = |argument: &&Argument| argument.dialects.contains(&dialect);
    kind.arguments().iter().filter(present).map(|argument| argument.wire).collect()
}

/// A method with these arguments, those that are reserved left out (`MTH-06`, `MTH-08`).
pub(in crate::testing) fn method(
    dialect: Dialect,
    kind: MethodKind,
    fields: &[Field],
) -> MethodBuf {
    let id = kind.id(dialect).unwrap_or_default();
    let mut octets = [id.class_id.to_be_bytes(), id.method_id.to_be_bytes()].concat();
    octets.extend(fields.iter().flatten());
    let empty = Method::empty(kind);
    let method = Method::decode(dialect, &octets, &TableLimits::DEFAULT).unwrap_or(empty);
    MethodBuf::new(dialect, &method).unwrap_or_else(|_| MethodBuf::without_arguments(dialect, kind))
}

/// The method with all arguments zero or empty.
#[cfg(feature = "proptest")]
pub(in crate::testing) fn method_without_arguments(
    dialect: Dialect,
    kind: MethodKind,
) -> MethodBuf {
    MethodBuf::new(dialect, &Method::empty(kind))
        .unwrap_or_else(|_| MethodBuf::without_arguments(dialect, kind))
}

/// These properties; what is not set has no value.
pub(in crate::testing) fn properties(fields: &[Option<Field>]) -> PropertiesBuf {
    let mut flags = 0_u16;
    let mut values = Vec::new();
    for (property, field) in Property::ALL.iter().zip(fields) {
        if let Some(field) = field {
            flags |= property.flag();
            values.extend_from_slice(field);
        }
    }
    let octets = [&flags.to_be_bytes()[..], &values].concat();
    let properties = Properties::parse(&octets, &TableLimits::DEFAULT).unwrap_or_default();
    properties.into()
}

pub(in crate::testing) fn content_header(
    body_size: u64,
    properties: &PropertiesBuf,
) -> ContentHeaderBuf {
    ContentHeader::new(body_size, properties.as_properties()).into()
}

/// A length of one octet, and as much as it can count.
pub(in crate::testing) fn short(octets: &[u8]) -> Field {
    let len = u8::try_from(octets.len()).unwrap_or(u8::MAX);
    [&[len], octets.get(..usize::from(len)).unwrap_or_default()].concat()
}

/// A length of four octets, and what it counts.
pub(in crate::testing) fn long(octets: &[u8]) -> Field {
    let len = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    [&len.to_be_bytes(), octets].concat()
}
