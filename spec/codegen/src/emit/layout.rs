//! How the fields of a method lie on the wire.

use std::collections::BTreeSet;

use super::dialect_path;
use crate::{
    data::{Dialect, WireType},
    model::{Field, Method},
};

/// Fields as they lie on the wire: alone, or bits that share an octet (`MTH-07`).
pub(super) enum Item<'a> {
    Value(&'a Field),
    Bits(Vec<&'a Field>),
}

pub(super) fn layout(method: &Method) -> Vec<Item<'_>> {
    let mut items: Vec<Item<'_>> = Vec::new();
    for field in &method.fields {
        match items.last_mut() {
            Some(Item::Bits(bits)) if field.wire == WireType::Bit && bits.len() < 8 => {
                bits.push(field);
            }
            _ if field.wire == WireType::Bit => items.push(Item::Bits(vec![field])),
            _ => items.push(Item::Value(field)),
        }
    }
    items
}

/// The condition under which `dialect` is one of `some`, given that it is one of `all`.
pub(super) fn among(some: &BTreeSet<Dialect>, all: &BTreeSet<Dialect>) -> String {
    let rest: Vec<Dialect> = all.difference(some).copied().collect();
    let some: Vec<Dialect> = some.iter().copied().collect();
    match (some.as_slice(), rest.as_slice()) {
        ([one], _) => format!("dialect == {}", dialect_path(*one)),
        (_, [one]) => format!("dialect != {}", dialect_path(*one)),
        _ => {
            let paths: Vec<&str> = some.iter().map(|d| dialect_path(*d)).collect();
            format!("matches!(dialect, {})", paths.join(" | "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::{Origin, Side},
        model::DIALECTS,
    };

    fn field(name: &str, wire: WireType) -> Field {
        Field {
            name: name.to_owned(),
            domain: wire.name().to_owned(),
            wire,
            rust: None,
            present: DIALECTS.into(),
            reserved: BTreeSet::new(),
            keep_received: false,
            secret: false,
            always_shown: false,
            doc: String::new(),
        }
    }

    fn method(fields: Vec<Field>) -> Method {
        Method {
            name: "m".to_owned(),
            ids: DIALECTS.into_iter().map(|d| (d, 1)).collect(),
            origin: Origin::Specification,
            senders: vec![Side::Client],
            synchronous: false,
            replies: Vec::new(),
            is_reply: false,
            content: false,
            doc: String::new(),
            fields,
        }
    }

    #[test]
    fn bits_share_octets_up_to_the_next_other_field() {
        let mut fields: Vec<Field> = (0..9).map(|_| field("b", WireType::Bit)).collect();
        fields.push(field("s", WireType::Short));
        fields.push(field("b", WireType::Bit));
        let shape: Vec<usize> = layout(&method(fields))
            .iter()
            .map(|item| match item {
                Item::Bits(bits) => bits.len(),
                Item::Value(_) => 0,
            })
            .collect();
        assert_eq!(shape, [8, 1, 0, 1]);
    }

    #[test]
    fn conditions_are_as_short_as_they_can_be() {
        let all = BTreeSet::from(DIALECTS);
        let one = BTreeSet::from([Dialect::V0_8]);
        let two = BTreeSet::from([Dialect::V0_9, Dialect::V0_9_1]);
        assert_eq!(among(&one, &all), "dialect == Dialect::V0_8");
        assert_eq!(among(&two, &all), "dialect != Dialect::V0_8");
        assert_eq!(
            among(&all, &all),
            "matches!(dialect, Dialect::V0_8 | Dialect::V0_9 | Dialect::V0_9_1)"
        );
    }
}
