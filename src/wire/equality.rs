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

#[cfg(test)]
mod tests {
    use super::super::{ArrayBuf, TableBuf, TableLimits, samples::*};
    use super::*;

    fn eq(left: &TableBuf, right: &TableBuf) -> bool {
        let (left, right) = (left.as_table(), right.as_table());
        assert_eq!(left.semantic_eq(&right), right.semantic_eq(&left));
        left.semantic_eq(&right)
    }

    fn table(pairs: &[(&str, Value<'_>)]) -> TableBuf {
        let mut table = TableBuf::new();
        for (name, value) in pairs {
            table.insert(*name, *value).unwrap();
        }
        table
    }

    #[test]
    fn order_and_widths_do_not_matter() {
        let left = table(&[("a", Value::U8(1)), ("b", Value::from("x"))]);
        let right = table(&[("b", Value::from("x")), ("a", Value::I64(1))]);
        assert!(eq(&left, &right));
        assert_ne!(left, right);
        assert!(!eq(&left, &table(&[("a", Value::U8(2)), ("b", Value::from("x"))])));
        assert!(!eq(&left, &table(&[("a", Value::U8(1)), ("c", Value::from("x"))])));
        assert!(!eq(&left, &table(&[("a", Value::U8(1))])));
        assert!(!eq(&left, &TableBuf::new()));
    }

    #[test]
    fn the_first_of_duplicates_counts() {
        let left = table(&[("a", Value::U8(1)), ("a", Value::U8(2)), ("a", Value::Void)]);
        assert!(eq(&left, &table(&[("a", Value::U8(1))])));
        assert!(!eq(&left, &table(&[("a", Value::U8(2))])));
    }

    #[test]
    fn types_differ_and_floats_compare_by_bits() {
        let one = |value| table(&[("a", value)]);
        assert!(!eq(&one(Value::U8(1)), &one(Value::Bool(true))));
        assert!(!eq(&one(Value::U8(1)), &one(Value::Timestamp(1))));
        assert!(!eq(&one(Value::F64(0.0)), &one(Value::F64(-0.0))));
        assert!(eq(&one(Value::F64(f64::NAN)), &one(Value::F64(f64::NAN))));
        assert!(!eq(&one(Value::from("x")), &one(Value::Bytes(b"x"))));
    }

    #[test]
    fn arrays_compare_in_order_and_inner_tables_by_meaning() {
        let inner = table(&[("a", Value::U8(1)), ("b", Value::Void)]);
        let turned = table(&[("b", Value::Void), ("a", Value::I16(1))]);
        let left = ArrayBuf::new().with(1).unwrap().with(&inner).unwrap();
        let same = ArrayBuf::new().with(1_u8).unwrap().with(&turned).unwrap();
        let swapped = ArrayBuf::new().with(&turned).unwrap().with(1_u8).unwrap();
        let longer = same.clone().with(1).unwrap();
        assert!(left.as_array().semantic_eq(&same.as_array()));
        assert!(!left.as_array().semantic_eq(&swapped.as_array()));
        assert!(!left.as_array().semantic_eq(&longer.as_array()));
        assert!(!longer.as_array().semantic_eq(&left.as_array()));
    }

    #[test]
    fn deep_and_rich_tables_compare_without_recursion() {
        on_small_stack(|| {
            let limits = TableLimits::default().with_max_depth(u8::MAX);
            let (left, mut right) = (nested_tables(255), nested_tables(255));
            // Another name at the bottom.
            let place = right.len() - 6;
            right[place] = b'm';
            let left = Table::parse(&left, &limits).unwrap();
            let right = Table::parse(&right, &limits).unwrap();
            assert!(left.semantic_eq(&left.clone()));
            assert!(!left.semantic_eq(&right));
        });
        assert!(eq(&rich_table(), &rich_table()));
    }
}
