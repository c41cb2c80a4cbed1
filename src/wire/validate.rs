//! Checks the structure of tables and arrays, without recursion and without allocation.

use super::{DecodeError, DecodeErrorKind, FieldNames, TableLimits, UnknownTags};

/// Where the checked octets stand, for the errors.
#[derive(Clone, Copy)]
pub(super) struct Site {
    pub(super) field: &'static str,
    /// Octets before the checked ones in the slice that the offset counts from.
    pub(super) base: usize,
}

/// Whether the octets are the pairs of a table; [`table_fault`] tells why they aren't.
pub(super) fn is_table(octets: &[u8], limits: &TableLimits) -> bool {
    check::<()>(octets, Kind::Table, limits, NOWHERE).is_ok()
}

/// What is wrong with the pairs of a table.
#[cold]
#[inline(never)]
pub(super) fn table_fault(octets: &[u8], limits: &TableLimits, site: Site) -> Option<DecodeError> {
    check(octets, Kind::Table, limits, site).err()
}

/// Checks the values of an array.
pub(super) fn array(octets: &[u8], limits: &TableLimits, site: Site) -> Result<(), DecodeError> {
    check(octets, Kind::Array, limits, site)
}

/// What a check says of a fault: nothing, or all. Nearly all tables are sound, and keeping account of
/// the place and room for a reason would make up a good part of what checking them costs.
trait Reason: Sized {
    fn new(kind: DecodeErrorKind, site: Site, place: usize) -> Self;
}

impl Reason for () {
    fn new(_: DecodeErrorKind, _: Site, _: usize) -> Self {}
}

impl Reason for DecodeError {
    fn new(kind: DecodeErrorKind, site: Site, place: usize) -> Self {
        Self::new(kind, site.field, site.base.saturating_add(place))
    }
}

const NOWHERE: Site = Site { field: "", base: 0 };

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Table,
    Array,
}

fn check<R: Reason>(octets: &[u8], kind: Kind, limits: &TableLimits, site: Site) -> Result<(), R> {
    if octets.len() as u64 > u64::from(limits.max_octets) {
        return Err(too_large(octets.len(), limits, site));
    }
    // The usual depth gets a small stack; clearing the large one would cost more than the check.
    if usize::from(limits.max_depth) <= USUAL_DEPTH {
        walk::<R, USUAL_DEPTH>(octets, kind, limits, site)
    } else {
        walk_deep(octets, kind, limits, site)
    }
}

#[cold]
#[inline(never)]
fn walk_deep<R: Reason>(
    octets: &[u8],
    kind: Kind,
    limits: &TableLimits,
    site: Site,
) -> Result<(), R> {
    walk::<R, MOST_DEPTH>(octets, kind, limits, site)
}

fn walk<R: Reason, const LEVELS: usize>(
    octets: &[u8],
    mut kind: Kind,
    limits: &TableLimits,
    site: Site,
) -> Result<(), R> {
    // What is left of each table or array behind the one inside it; clearing as little as possible,
    // because most tables have no inner ones.
    let mut parents = [0_u32; LEVELS];
    let mut kinds = [Kind::Table; LEVELS];
    let mut depth = 0_usize;
    let mut entries_left = limits.max_entries;
    // `current` is what is left of the innermost table or array; `behind` octets follow it.
    let mut current = octets;
    let mut behind = 0_usize;
    loop {
        while current.is_empty() {
            let outer = depth.checked_sub(1);
            let Some((outer, parent)) = outer.and_then(|d| Some((d, parents.get(d)?))) else {
                return Ok(());
            };
            depth = outer;
            kind = kinds.get(depth).copied().unwrap_or(Kind::Table);
            let rest = octets.get(octets.len() - behind..).unwrap_or_default();
            current = rest.get(..*parent as usize).unwrap_or_default();
            behind -= current.len();
        }
        let fault = |rest: &[u8]| Fault { site, place: octets.len() - behind - rest.len() };
        if entries_left == 0 {
            return Err(fault(current).too_many_entries(limits));
        }
        entries_left -= 1;
        if kind == Kind::Table {
            let Some((&len, rest)) = current.split_first() else {
                return Err(fault(current).truncated(current, 1));
            };
            let Some((name, rest)) = rest.split_at_checked(usize::from(len)) else {
                return Err(fault(current).overrun(rest, u32::from(len)));
            };
            if limits.field_names == FieldNames::Checked && !is_field_name(name) {
                return Err(fault(current).bad_name());
            }
            current = rest;
        }
        let Some((&tag, rest)) = current.split_first() else {
            return Err(fault(current).truncated(current, 1));
        };
        let size = match tag {
            b'S' | b'x' | b'c' | b'C' => {
                let Some((&len, rest)) = rest.split_first_chunk::<4>() else {
                    return Err(fault(current).truncated(rest, 4));
                };
                let declared = u32::from_be_bytes(len);
                let Some(behind_it) = skip(rest, declared) else {
                    return Err(fault(current).overrun(rest, declared));
                };
                current = behind_it;
                continue;
            }
            b'F' | b'A' => {
                let Some((&len, rest)) = rest.split_first_chunk::<4>() else {
                    return Err(fault(current).truncated(rest, 4));
                };
                let declared = u32::from_be_bytes(len);
                // TBL-02: the inner length never passes the outer end.
                let inner = usize::try_from(declared).ok().and_then(|n| rest.split_at_checked(n));
                let Some((inner, outer)) = inner else {
                    return Err(fault(current).overrun(rest, declared));
                };
                // TBL-13, LIM-03
                let is_allowed = depth < usize::from(limits.max_depth);
                let (Some(parent), Some(parent_kind), true) =
                    (parents.get_mut(depth), kinds.get_mut(depth), is_allowed)
                else {
                    return Err(fault(current).too_deep(limits));
                };
                // No table is longer than its limit, which has 32 bits.
                *parent = u32::try_from(outer.len()).unwrap_or(u32::MAX);
                *parent_kind = kind;
                depth += 1;
                kind = if tag == b'F' { Kind::Table } else { Kind::Array };
                behind += outer.len();
                current = inner;
                continue;
            }
            b't' | b'b' | b'B' | b'k' => 1,
            b's' | b'u' | b'U' => 2,
            b'I' | b'i' | b'f' => 4,
            b'D' => 5,
            b'l' | b'L' | b'd' | b'T' => 8,
            b'V' => 0,
            _ => {
                // TBL-06: what follows can't be told apart, so it is one value or a fault.
                if limits.unknown_tags == UnknownTags::Refuse {
                    return Err(fault(current).unknown_tag(tag));
                }
                current = &[];
                continue;
            }
        };
        let Some(behind_it) = rest.get(size..) else {
            return Err(fault(current).truncated(rest, size));
        };
        current = behind_it;
    }
}

#[inline]
fn skip(octets: &[u8], count: u32) -> Option<&[u8]> {
    octets.get(usize::try_from(count).ok()?..)
}

/// TBL-11
fn is_field_name(name: &[u8]) -> bool {
    let is_letter = |octet: &u8| octet.is_ascii_alphabetic() || matches!(octet, b'$' | b'#');
    name.len() <= 128
        && name.first().is_some_and(is_letter)
        && name.iter().all(|octet| is_letter(octet) || octet.is_ascii_digit() || *octet == b'_')
}

/// Builds errors, out of the way of the loop.
struct Fault {
    site: Site,
    place: usize,
}

impl Fault {
    fn error<R: Reason>(&self, kind: DecodeErrorKind) -> R {
        R::new(kind, self.site, self.place)
    }

    #[cold]
    fn truncated<R: Reason>(&self, rest: &[u8], needed: usize) -> R {
        self.error(DecodeErrorKind::Truncated { needed, available: rest.len() })
    }

    #[cold]
    fn overrun<R: Reason>(&self, rest: &[u8], declared: u32) -> R {
        let declared = u64::from(declared);
        self.error(DecodeErrorKind::LengthOverrun { declared, available: rest.len() })
    }

    #[cold]
    fn too_deep<R: Reason>(&self, limits: &TableLimits) -> R {
        self.error(DecodeErrorKind::TooDeep { limit: limits.max_depth })
    }

    #[cold]
    fn too_many_entries<R: Reason>(&self, limits: &TableLimits) -> R {
        self.error(DecodeErrorKind::TooManyEntries { limit: limits.max_entries })
    }

    #[cold]
    fn bad_name<R: Reason>(&self) -> R {
        self.error(DecodeErrorKind::BadFieldName)
    }

    #[cold]
    fn unknown_tag<R: Reason>(&self, tag: u8) -> R {
        self.error(DecodeErrorKind::UnknownTag { tag })
    }
}

#[cold]
fn too_large<R: Reason>(size: usize, limits: &TableLimits, site: Site) -> R {
    let (size, limit) = (size as u64, u64::from(limits.max_octets));
    R::new(DecodeErrorKind::TooLarge { size, limit }, site, 0)
}

const USUAL_DEPTH: usize = 32;
const MOST_DEPTH: usize = u8::MAX as usize;

#[cfg(test)]
mod tests {
    use alloc::{format, vec, vec::Vec};

    use super::super::{Array, Reader, Table, Value, samples::*};
    use super::*;

    const LIMITS: TableLimits = TableLimits::DEFAULT;

    fn kind(octets: &[u8], limits: &TableLimits) -> DecodeErrorKind {
        Table::parse(octets, limits).unwrap_err().kind()
    }

    /// One pair named `n` with these octets as its value.
    fn pair(value: &[u8]) -> Vec<u8> {
        [b"\x01n", value].concat()
    }

    #[test]
    fn rich_table_is_accepted_whole_and_nowhere_cut() {
        let table = rich_table();
        let octets = table.as_octets();
        assert_eq!(Table::parse(octets, &LIMITS).unwrap(), table.as_table());

        let mut ends = vec![0];
        let mut rest = octets;
        while let Some((&len, after)) = rest.split_first() {
            rest = &after[usize::from(len)..];
            Value::take(&mut rest).unwrap();
            ends.push(octets.len() - rest.len());
        }
        for end in 0..octets.len() {
            let result = Table::parse(&octets[..end], &LIMITS);
            assert_eq!(result.is_ok(), ends.contains(&end), "cut at {end}: {result:?}");
        }

        let mut framed = u32::try_from(octets.len()).unwrap().to_be_bytes().to_vec();
        framed.extend(octets);
        for end in 0..framed.len() {
            let mut reader = Reader::new(&framed[..end]);
            assert_eq!(reader.table(&LIMITS), None);
            let error = reader.bad_table("arguments", &LIMITS);
            assert_eq!((error.field(), error.offset(), error.reply_code()), ("arguments", 0, 501));
            assert_eq!(reader.position(), 0);
        }
    }

    #[test]
    fn huge_lengths_overrun() {
        for tag in *b"SxFAcC" {
            for declared in [4, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFC, u32::MAX] {
                let value = [&[tag], &declared.to_be_bytes()[..], b"abc"].concat();
                let expected =
                    DecodeErrorKind::LengthOverrun { declared: u64::from(declared), available: 3 };
                let error = Table::parse(&pair(&value), &LIMITS).unwrap_err();
                assert_eq!((error.kind(), error.offset()), (expected, 2));
                let error = Array::parse(&value, &LIMITS).unwrap_err();
                assert_eq!((error.kind(), error.offset()), (expected, 0));
            }
        }
    }

    #[test]
    fn inner_values_end_where_the_inner_table_ends() {
        // TBL-02: the inner table declares 5 octets, its string would read on into the outer one.
        let octets = pair(b"F\0\0\0\x07\x01mS\0\0\0\x01\x01xt\x01");
        let overrun = DecodeErrorKind::LengthOverrun { declared: 1, available: 0 };
        assert_eq!(kind(&octets, &LIMITS), overrun);
        // The same for a value of fixed size, in an array.
        let octets = pair(b"A\0\0\0\x02I\0\0\0\x05");
        assert_eq!(kind(&octets, &LIMITS), DecodeErrorKind::Truncated { needed: 4, available: 1 });
        // And an inner length that fits the payload but not its table.
        let octets = [&pair(b"F\0\0\0\x08\x01mS\0\0\0\x02a")[..], b"\x01xt\x01"].concat();
        let overrun = DecodeErrorKind::LengthOverrun { declared: 2, available: 1 };
        assert_eq!(kind(&octets, &LIMITS), overrun);
    }

    #[test]
    fn errors_tell_the_place() {
        let octets = [b"\x01at\x01".as_slice(), &pair(b"F\0\0\0\x04\x01mI\0")].concat();
        let error = Table::parse(&octets, &LIMITS).unwrap_err();
        assert_eq!(error.offset(), 13);
        assert_eq!(format!("{error}"), "table at offset 13: needs 4 octets, 1 left");

        // What follows the inner table doesn't count: a name that runs over, and a tag that is missing.
        for (inner, place) in [(&b"\x05m"[..], 11), (b"\x01m", 13)] {
            let table = [&b"F\0\0\0"[..], &[u8::try_from(inner.len()).unwrap()], inner].concat();
            let octets = [b"\x01at\x01", &pair(&table)[..], b"\x01bt\x01"].concat();
            assert_eq!(Table::parse(&octets, &LIMITS).unwrap_err().offset(), place);
        }

        let framed = [&[0, 0, 0, 4][..], &12_u32.to_be_bytes(), b"\x01at\x01\x01bt\x01\x05nnnn"];
        let framed = framed.concat();
        let mut reader = Reader::new(&framed);
        reader.u32().unwrap();
        assert_eq!(reader.table(&LIMITS), None);
        let error = reader.bad_table("arguments", &LIMITS);
        assert_eq!((error.field(), error.offset()), ("arguments", 16));
        assert_eq!(error.at(100).offset(), 116);
    }

    #[test]
    fn depth_is_limited_exactly() {
        for limit in [0, 1, 31, 32, 33, 254, 255] {
            let limits = LIMITS.with_max_depth(limit);
            let levels = u32::from(limit);
            let too_deep = DecodeErrorKind::TooDeep { limit };
            assert!(Table::parse(&nested_tables(levels), &limits).is_ok());
            assert_eq!(kind(&nested_tables(levels + 1), &limits), too_deep);
            assert!(Array::parse(&nested_arrays(levels), &limits).is_ok());
            let error = Array::parse(&nested_arrays(levels + 1), &limits).unwrap_err();
            assert_eq!((error.kind(), error.offset()), (too_deep, usize::from(limit) * 5));
        }
    }

    #[test]
    fn depth_bombs_do_not_reach_the_stack() {
        on_small_stack(|| {
            for levels in (1..=2000).step_by(37).chain([2000]) {
                for limits in [LIMITS, LIMITS.with_max_depth(u8::MAX)] {
                    let fits = levels <= u32::from(limits.max_depth);
                    assert_eq!(Table::parse(&nested_tables(levels), &limits).is_ok(), fits);
                    assert_eq!(Array::parse(&nested_arrays(levels), &limits).is_ok(), fits);
                }
            }
        });
    }

    #[test]
    fn every_type_octet_is_known_or_kept_or_refused() {
        let refuse = LIMITS.with_unknown_tags(UnknownTags::Refuse);
        for tag in 0..=u8::MAX {
            let octets = pair(&[&[tag], [0; 12].as_slice()].concat());
            if b"tbBsuUIilLfdDSATFVxcCk".contains(&tag) {
                // Known values leave octets, which read as empty names with an unknown type 0.
                assert!(Table::parse(&octets, &refuse).is_err());
                let table = Table::parse(&octets, &LIMITS);
                if let Ok(table) = table {
                    assert!(!matches!(table.get("n"), Some(Value::Unknown { .. })), "{tag}");
                }
                continue;
            }
            assert_eq!(kind(&octets, &refuse), DecodeErrorKind::UnknownTag { tag });
            let table = Table::parse(&octets, &LIMITS).unwrap();
            assert_eq!(table.get("n"), Some(Value::Unknown { tag, rest: &[0; 12] }));
            assert_eq!(table.len(), 1);
        }
    }

    #[test]
    fn unknown_types_end_with_the_innermost_table() {
        let inner = b"\x01aq\x01\x02";
        let octets = [&pair(b"F\0\0\0\x05")[..], inner, b"\x01zt\x01"].concat();
        let table = Table::parse(&octets, &LIMITS).unwrap();
        assert_eq!(table.len(), 2);
        let unknown = Value::Unknown { tag: b'q', rest: &[1, 2] };
        assert_eq!(table.get("n").and_then(|v| v.as_table()?.get("a")), Some(unknown));
        assert_eq!(table.get("z"), Some(Value::Bool(true)));

        let array = Array::parse(b"t\x01q", &LIMITS).unwrap();
        let expected = [Value::Bool(true), Value::Unknown { tag: b'q', rest: &[] }];
        assert_eq!(array.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn entries_are_counted_at_all_levels() {
        let limits = LIMITS.with_max_entries(5);
        let octets = [pair(b"A\0\0\0\x03VVV"), pair(b"V")].concat();
        assert!(Table::parse(&octets, &limits).is_ok());
        let octets = [octets, pair(b"V")].concat();
        assert_eq!(kind(&octets, &limits), DecodeErrorKind::TooManyEntries { limit: 5 });
    }

    #[test]
    fn octets_are_limited() {
        let limits = LIMITS.with_max_octets(3);
        assert!(Table::parse(&pair(b"V"), &limits).is_ok());
        let error = Table::parse(&pair(b"t\x01"), &limits).unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::TooLarge { size: 4, limit: 3 });
    }

    #[test]
    fn names_are_checked_on_demand() {
        let checked = LIMITS.with_field_names(FieldNames::Checked);
        let long = [b'a'; 129];
        let names: [(&[u8], bool); 12] = [
            (b"a", true),
            (b"$x_9#", true),
            (b"#", true),
            (&long[..128], true),
            (b"", false),
            (b"9a", false),
            (b"_a", false),
            (b"x-death", false),
            (b"a b", false),
            (b"a\0", false),
            (b"\xFF\xFE", false),
            (&long, false),
        ];
        for (name, is_good) in names {
            let octets = [&[u8::try_from(name.len()).unwrap()], name, b"V"].concat();
            let table = Table::parse(&octets, &LIMITS).unwrap();
            assert_eq!(table.iter().next().unwrap().0.as_octets(), name);
            let result = Table::parse(&octets, &checked);
            assert_eq!(result.is_ok(), is_good, "{name:?}");
            if let Err(error) = result {
                assert_eq!(
                    (error.kind(), error.reply_code()),
                    (DecodeErrorKind::BadFieldName, 502)
                );
            }
        }
    }
}
