//! Equality of meaning, with a worklist in place of recursion.

use alloc::vec::Vec;

use super::{ShortStr, Table, Value};

/// Whether two values mean the same; see [`Table::semantic_eq`].
pub(super) fn semantic_eq(left: Value<'_>, right: Value<'_>) -> bool {
    let mut open = Vec::new();
    let mut pair = Some((left, right));
    while let Some((left, right)) = pair.or_else(|| open.pop()) {
        pair = None;
        let equal = match (left, right) {
            (Value::Table(left), Value::Table(right)) => {
                left == right || pair_entries(left, right, &mut open)
            }
            (Value::Array(left), Value::Array(right)) => {
                left == right || {
                    open.extend(left.iter().zip(right.iter()));
                    left.len() == right.len()
                }
            }
            _ => scalar_eq(left, right),
        };
        if !equal {
            return false;
        }
    }
    true
}

/// Puts the values of equal names on the worklist; false when the names differ.
fn pair_entries<'l, 'r>(
    left: Table<'l>,
    right: Table<'r>,
    open: &mut Vec<(Value<'l>, Value<'r>)>,
) -> bool {
    let (left, right) = (distinct_entries(left), distinct_entries(right));
    let same_names = left.len() == right.len()
        && left.iter().zip(&right).all(|(l, r)| l.0.as_octets() == r.0.as_octets());
    if same_names {
        open.extend(left.iter().zip(&right).map(|(l, r)| (l.1, r.1)));
    }
    same_names
}

/// The first entry of each name, by name. Sorting keeps the work below quadratic (`LIM-08`).
fn distinct_entries<'a>(table: Table<'a>) -> Vec<(ShortStr<'a>, Value<'a>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| *name);
    entries.dedup_by_key(|(name, _)| *name);
    entries
}

fn scalar_eq(left: Value<'_>, right: Value<'_>) -> bool {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => left == right,
        (None, None) => left == right,
        _ => false,
    }
}
