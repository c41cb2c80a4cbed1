//! Checks the structure of tables and arrays, without recursion and without allocation.

use super::{DecodeError, DecodeErrorKind, FieldNames, TableLimits, UnknownTags};

/// Where the checked octets stand, for the errors.
#[derive(Clone, Copy)]
pub(super) struct Site {
    pub(super) field: &'static str,
    /// Octets before the checked ones in the slice that the offset counts from.
    pub(super) base: usize,
}

/// Checks the pairs of a table.
pub(super) fn table(octets: &[u8], limits: &TableLimits, site: Site) -> Result<(), DecodeError> {
    check(octets, Kind::Table, limits, site)
}

/// Checks the values of an array.
pub(super) fn array(octets: &[u8], limits: &TableLimits, site: Site) -> Result<(), DecodeError> {
    check(octets, Kind::Array, limits, site)
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Table,
    Array,
}

/// What is left of a table or array behind the one inside it.
#[derive(Clone, Copy)]
struct Parent {
    kind: Kind,
    rest: usize,
}

fn check(octets: &[u8], kind: Kind, limits: &TableLimits, site: Site) -> Result<(), DecodeError> {
    if octets.len() as u64 > u64::from(limits.max_octets) {
        return Err(too_large(octets.len(), limits, site));
    }
    // The usual depth gets a small stack; clearing the large one would cost more than the check.
    if usize::from(limits.max_depth) <= USUAL_DEPTH {
        walk::<USUAL_DEPTH>(octets, kind, limits, site)
    } else {
        walk::<MOST_DEPTH>(octets, kind, limits, site)
    }
}

fn walk<const LEVELS: usize>(
    octets: &[u8],
    mut kind: Kind,
    limits: &TableLimits,
    site: Site,
) -> Result<(), DecodeError> {
    let mut parents = [Parent { kind: Kind::Table, rest: 0 }; LEVELS];
    let mut depth = 0_usize;
    let mut entries_left = limits.max_entries;
    // `current` is what is left of the innermost table or array, `behind` all that follows it.
    let mut current = octets;
    let mut behind: &[u8] = &[];
    loop {
        while current.is_empty() {
            let Some(parent) = depth.checked_sub(1).and_then(|d| parents.get(d)) else {
                return Ok(());
            };
            depth -= 1;
            kind = parent.kind;
            (current, behind) = behind.split_at_checked(parent.rest).unwrap_or_default();
        }
        let fault = Fault { site, place: octets.len() - behind.len() - current.len() };
        let Some(left) = entries_left.checked_sub(1) else {
            return Err(fault.too_many_entries(limits));
        };
        entries_left = left;
        if kind == Kind::Table {
            let Some((&len, rest)) = current.split_first() else {
                return Err(fault.truncated(current, 1));
            };
            let Some((name, rest)) = rest.split_at_checked(usize::from(len)) else {
                return Err(fault.overrun(rest, u32::from(len)));
            };
            if limits.field_names == FieldNames::Checked && !is_field_name(name) {
                return Err(fault.bad_name());
            }
            current = rest;
        }
        let fault = Fault { site, place: octets.len() - behind.len() - current.len() };
        let Some((&tag, rest)) = current.split_first() else {
            return Err(fault.truncated(current, 1));
        };
        let size = match tag {
            b'S' | b'x' | b'c' | b'C' => {
                let Some((&len, rest)) = rest.split_first_chunk::<4>() else {
                    return Err(fault.truncated(rest, 4));
                };
                let declared = u32::from_be_bytes(len);
                let Some(rest) = skip(rest, declared) else {
                    return Err(fault.overrun(rest, declared));
                };
                current = rest;
                continue;
            }
            b'F' | b'A' => {
                let Some((&len, rest)) = rest.split_first_chunk::<4>() else {
                    return Err(fault.truncated(rest, 4));
                };
                let declared = u32::from_be_bytes(len);
                // TBL-02: the inner length never passes the outer end.
                let Some(outer) = skip(rest, declared) else {
                    return Err(fault.overrun(rest, declared));
                };
                // TBL-13, LIM-03
                let slot = if depth < usize::from(limits.max_depth) {
                    parents.get_mut(depth)
                } else {
                    None
                };
                let Some(slot) = slot else {
                    return Err(fault.too_deep(limits));
                };
                *slot = Parent { kind, rest: outer.len() };
                depth += 1;
                kind = if tag == b'F' { Kind::Table } else { Kind::Array };
                let end = octets.len() - behind.len() - outer.len();
                behind = octets.get(end..).unwrap_or_default();
                current = rest.get(..rest.len() - outer.len()).unwrap_or_default();
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
                    return Err(fault.unknown_tag(tag));
                }
                current = &[];
                continue;
            }
        };
        let Some(rest) = rest.get(size..) else {
            return Err(fault.truncated(rest, size));
        };
        current = rest;
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
    fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.site.field, self.site.base.saturating_add(self.place))
    }

    #[cold]
    #[inline(never)]
    fn truncated(&self, rest: &[u8], needed: usize) -> DecodeError {
        self.error(DecodeErrorKind::Truncated { needed, available: rest.len() })
    }

    #[cold]
    #[inline(never)]
    fn overrun(&self, rest: &[u8], declared: u32) -> DecodeError {
        let declared = u64::from(declared);
        self.error(DecodeErrorKind::LengthOverrun { declared, available: rest.len() })
    }

    #[cold]
    #[inline(never)]
    fn too_deep(&self, limits: &TableLimits) -> DecodeError {
        self.error(DecodeErrorKind::TooDeep { limit: limits.max_depth })
    }

    #[cold]
    #[inline(never)]
    fn too_many_entries(&self, limits: &TableLimits) -> DecodeError {
        self.error(DecodeErrorKind::TooManyEntries { limit: limits.max_entries })
    }

    #[cold]
    #[inline(never)]
    fn bad_name(&self) -> DecodeError {
        self.error(DecodeErrorKind::BadFieldName)
    }

    #[cold]
    #[inline(never)]
    fn unknown_tag(&self, tag: u8) -> DecodeError {
        self.error(DecodeErrorKind::UnknownTag { tag })
    }
}

#[cold]
#[inline(never)]
fn too_large(size: usize, limits: &TableLimits, site: Site) -> DecodeError {
    let (size, limit) = (size as u64, u64::from(limits.max_octets));
    DecodeError::new(DecodeErrorKind::TooLarge { size, limit }, site.field, site.base)
}

const USUAL_DEPTH: usize = 32;
const MOST_DEPTH: usize = u8::MAX as usize;
