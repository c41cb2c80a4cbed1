use super::{Dialect, MethodKind};
use crate::wire::{DecodeError, Reader, TableLimits};

/// A field of a method, or bits that share an octet, which are named after the first of them.
pub(crate) struct Argument {
    pub(super) name: &'static str,
    pub(crate) wire: WireType,
    /// In which dialects it is there.
    pub(crate) dialects: &'static [Dialect],
}

/// How a value lies on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WireType {
    Octet,
    Short,
    Long,
    LongLong,
    ShortStr,
    LongStr,
    Table,
}

impl WireType {
    /// Passes over a value. False: something is wrong with it.
    #[inline]
    pub(super) fn pass(self, r: &mut Reader<'_>, limits: &TableLimits) -> bool {
        match self {
            Self::Octet => r.pass(1),
            Self::Short => r.pass(2),
            Self::Long => r.pass(4),
            Self::LongLong => r.pass(8),
            Self::ShortStr => r.short_str().is_some(),
            Self::LongStr => r.long_str().is_some(),
            Self::Table => r.table(limits).is_some(),
        }
    }

    /// What is wrong with a value that can't be passed.
    fn fault(self, r: Reader<'_>, field: &'static str, limits: &TableLimits) -> DecodeError {
        match self {
            Self::Octet => r.truncated(field, 1),
            Self::Short => r.truncated(field, 2),
            Self::Long => r.truncated(field, 4),
            Self::LongLong => r.truncated(field, 8),
            Self::ShortStr => r.bad_short_str(field),
            Self::LongStr => r.bad_long_str(field),
            Self::Table => r.bad_table(field, limits),
        }
    }
}

/// What is wrong with values that could not be read, or behind them (`MTH-04`, `MTH-05`).
///
/// Reading itself keeps no account of it: what is read a million times a second should not carry along
/// what to say when it is malformed.
#[cold]
#[inline(never)]
pub(super) fn fault_in(
    fields: impl Iterator<Item = (&'static str, WireType)>,
    mut r: Reader<'_>,
    limits: &TableLimits,
) -> DecodeError {
    for (field, wire) in fields {
        if !wire.pass(&mut r, limits) {
            return wire.fault(r, field, limits);
        }
    }
    r.trailing()
}

impl MethodKind {
    /// What is wrong with the payload of a method that could not be read.
    #[cold]
    #[inline(never)]
    pub(crate) fn fault_in(
        self,
        payload: &[u8],
        dialect: Dialect,
        limits: &TableLimits,
    ) -> DecodeError {
        let present = self.arguments().iter().filter(|field| field.dialects.contains(&dialect));
        let fields = present.map(|field| (field.name, field.wire));
        fault_in(fields, Reader::behind_ids(payload).judging(limits.short_strings), limits)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::super::Method;
    use super::*;
    use crate::wire::DecodeErrorKind;

    /// The shortest value: numbers of zero, strings and tables of nothing.
    const fn shortest(wire: WireType) -> usize {
        match wire {
            WireType::Octet | WireType::ShortStr => 1,
            WireType::Short => 2,
            WireType::Long | WireType::LongStr | WireType::Table => 4,
            WireType::LongLong => 8,
        }
    }

    /// What is read and what is said of that which can't be read come from two places.
    #[test]
    fn methods_are_read_as_their_arguments_say() {
        let limits = TableLimits::default();
        for &dialect in Dialect::ALL {
            for &kind in MethodKind::ALL {
                let Some(id) = kind.id(dialect) else { continue };
                let mut payload: Vec<u8> =
                    [id.class_id.to_be_bytes(), id.method_id.to_be_bytes()].concat();
                let mut ends = Vec::from([("", payload.len())]);
                for argument in kind.arguments().iter().filter(|a| a.dialects.contains(&dialect)) {
                    payload.resize(payload.len() + shortest(argument.wire), 0);
                    ends.push((argument.name, payload.len()));
                }
                let method = Method::decode(dialect, &payload, &limits);
                assert_eq!(method.map(|method| method.kind()), Ok(kind), "{dialect:?}");
                for begun in ends.windows(2) {
                    let ([(_, start), (name, end)], len) = (begun, payload.len()) else { panic!() };
                    for cut in *start..*end {
                        // DIA-04
                        if (dialect, kind) == (Dialect::V0_8, MethodKind::BasicConsume)
                            && (*name, cut) == ("arguments", *start)
                        {
                            continue;
                        }
                        let error = Method::decode(dialect, &payload[..cut], &limits).unwrap_err();
                        assert_eq!(
                            (error.field(), error.offset()),
                            (*name, *start),
                            "{cut} of {len}"
                        );
                        assert!(!matches!(error.kind(), DecodeErrorKind::TrailingOctets { .. }));
                    }
                }
                payload.push(0);
                let error = Method::decode(dialect, &payload, &limits).unwrap_err();
                assert_eq!(error.kind(), DecodeErrorKind::TrailingOctets { count: 1 });
            }
        }
    }
}
