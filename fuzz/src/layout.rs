//! The layout of methods as `spec/` has it, read without the code that was generated from it: which octets
//! of a payload may change when it is read and written again, and payloads that are well-formed.
#![allow(dead_code, reason = "each crate uses a part of it")]

use alloc::collections::BTreeMap;
use core::ops::Range;
use std::sync::LazyLock;

use amqp_proto::protocol::{Dialect, MethodId};
use serde::Deserialize;

const DOMAINS: &str = include_str!("../../spec/domains.toml");
const CONSTANTS: &str = include_str!("../../spec/constants.toml");
const CLASSES: [&str; 8] = [
    include_str!("../../spec/classes/access.toml"),
    include_str!("../../spec/classes/basic.toml"),
    include_str!("../../spec/classes/channel.toml"),
    include_str!("../../spec/classes/confirm.toml"),
    include_str!("../../spec/classes/connection.toml"),
    include_str!("../../spec/classes/exchange.toml"),
    include_str!("../../spec/classes/queue.toml"),
    include_str!("../../spec/classes/tx.toml"),
];

/// The arguments of one method in one dialect.
pub(crate) struct Layout {
    /// Such as `queue.declare`.
    pub(crate) name: String,
    /// Who may send it.
    pub(crate) senders: Vec<Sender>,
    id: MethodId,
    fields: Vec<Field>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sender {
    Client,
    Server,
}

/// What the arguments of a payload hold that is made here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Filling {
    /// Zero, or nothing.
    Empty,
    /// Numbers of one, bits that are set, a few octets of text, a small table.
    Something,
}

struct Field {
    wire: Wire,
    /// Sent as zero or empty (`MTH-06`).
    is_reserved: bool,
    /// Told when received although it is reserved.
    is_kept: bool,
    is_secret: bool,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wire {
    Bit,
    Octet,
    Short,
    Long,
    Longlong,
    Timestamp,
    Shortstr,
    Longstr,
    Table,
}

/// Reads all layouts, which else happens when the first of them is asked for.
pub(crate) fn load() {
    LazyLock::force(&ALL);
}

/// The layout of the method with these ids, if the dialect has one.
pub(crate) fn of(dialect: Dialect, id: MethodId) -> Option<&'static Layout> {
    ALL.get(&(dialect, id))
}

/// Every method of every dialect.
pub(crate) fn all() -> impl Iterator<Item = (Dialect, MethodId, &'static Layout)> {
    ALL.iter().map(|((dialect, id), layout)| (*dialect, *id, layout))
}

/// Every method of a dialect, by class and number.
pub(crate) fn of_dialect(dialect: Dialect) -> impl Iterator<Item = (MethodId, &'static Layout)> {
    all().filter(move |(other, ..)| *other == dialect).map(|(_, id, layout)| (id, layout))
}

/// One of the methods that a side may send, counted around.
pub(crate) fn nth_of(dialect: Dialect, sender: Sender, index: usize) -> &'static Layout {
    let own = || of_dialect(dialect).filter(|(_, layout)| layout.senders.contains(&sender));
    own().nth(index % own().count()).unwrap().1
}

/// The place of a method among those that a side may send.
pub(crate) fn place_of(dialect: Dialect, sender: Sender, name: &str) -> usize {
    let mut own = of_dialect(dialect).filter(|(_, layout)| layout.senders.contains(&sender));
    own.position(|(_, layout)| layout.name == name).unwrap()
}

/// The method with this name, if the dialect has one.
pub(crate) fn find(dialect: Dialect, name: &str) -> Option<&'static Layout> {
    of_dialect(dialect).map(|(_, layout)| layout).find(|layout| layout.name == name)
}

/// The method with this name, which the dialect has.
pub(crate) fn named(dialect: Dialect, name: &str) -> &'static Layout {
    find(dialect, name).unwrap_or_else(|| panic!("{dialect} has no {name}"))
}

/// The four octets that a payload begins with.
pub(crate) fn octets_of(id: MethodId) -> [u8; IDS_LEN] {
    let ([c0, c1], [m0, m1]) = (id.class_id.to_be_bytes(), id.method_id.to_be_bytes());
    [c0, c1, m0, m1]
}

/// Every reply code.
pub(crate) fn reply_codes() -> Vec<u16> {
    let constants: data::Constants = toml::from_str(CONSTANTS).unwrap();
    let replies = constants.constant.into_iter().filter(|constant| constant.kind == "reply");
    replies.map(|constant| constant.value).collect()
}

/// Arguments that hold octets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Content {
    ShortStrings,
    Tables,
}

impl Layout {
    /// A well-formed payload.
    pub(crate) fn payload(&self, filling: Filling) -> Vec<u8> {
        let mut out = octets_of(self.id).to_vec();
        let mut bit = 0;
        for field in &self.fields {
            if field.wire != Wire::Bit {
                out.extend(field.wire.example(filling));
                bit = 0;
                continue;
            }
            if bit % 8 == 0 {
                out.push(0);
            }
            if let Some(octet) = out.last_mut().filter(|_| filling == Filling::Something) {
                *octet |= 1 << (bit % 8);
            }
            bit += 1;
        }
        out
    }

    /// What a payload is when it was read and is written again: the same but for reserved arguments, which
    /// are zero or empty (`MTH-06`), and unused bits, which are zero (`MTH-08`).
    pub(crate) fn written_again(&self, payload: &[u8]) -> Vec<u8> {
        let mut out = payload[..IDS_LEN].to_vec();
        for (place, group) in self.walk(payload) {
            match group {
                Group::Bits { used } => out.push(payload[place.start] & used),
                Group::Value(field) if !field.is_reserved => out.extend(&payload[place]),
                Group::Value(field) => out.extend(&[0; 8][..field.wire.shortest()]),
            }
        }
        out
    }

    /// The octets of the texts and tables among the arguments, without their lengths.
    pub(crate) fn contents<'a>(&self, payload: &'a [u8], of: Content) -> Vec<&'a [u8]> {
        let (wire, skipped) = match of {
            Content::ShortStrings => (Wire::Shortstr, 1),
            Content::Tables => (Wire::Table, 4),
        };
        let places = self.walk(payload).into_iter();
        let fields =
            places.filter(|(_, group)| matches!(group, Group::Value(field) if field.wire == wire));
        fields.map(|(place, _)| &payload[place.start + skipped..place.end]).collect()
    }

    /// Whether a reserved argument was told that is not written again.
    pub(crate) fn is_shortened(&self, payload: &[u8]) -> bool {
        self.walk(payload).into_iter().any(|(place, group)| match group {
            Group::Value(field) if field.is_kept => place.len() > field.wire.shortest(),
            _ => false,
        })
    }

    /// The octets of arguments that must not be shown, without their lengths, and those of all others.
    pub(crate) fn secrets(&self, payload: &[u8]) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
        let places = self.walk(payload);
        let is_secret =
            |group: &Group<'_>| matches!(group, Group::Value(Field { is_secret: true, .. }));
        let (secret, others): (Vec<_>, Vec<_>) =
            places.into_iter().partition(|(_, group)| is_secret(group));
        let place = |(place, _): (Range<usize>, Group<'_>)| place;
        let behind_length = |(place, _): (Range<usize>, Group<'_>)| place.start + 4..place.end;
        (secret.into_iter().map(behind_length).collect(), others.into_iter().map(place).collect())
    }

    /// Where each argument lies, bits that share an octet as one. Panics where the payload has another
    /// layout: then the crate should not have read it.
    fn walk(&self, payload: &[u8]) -> Vec<(Range<usize>, Group<'_>)> {
        let mut places = Vec::new();
        let (mut at, mut bit) = (IDS_LEN, 0);
        for field in &self.fields {
            if field.wire != Wire::Bit {
                let end = at + field.wire.len(&payload[at..]);
                assert!(end <= payload.len(), "{} ends inside an argument", self.name);
                places.push((at..end, Group::Value(field)));
                (at, bit) = (end, 0);
                continue;
            }
            if bit % 8 == 0 {
                places.push((at..at + 1, Group::Bits { used: 0 }));
                at += 1;
            }
            if let Some((_, Group::Bits { used })) = places.last_mut() {
                *used |= u8::from(!field.is_reserved) << (bit % 8);
            }
            bit += 1;
        }
        assert_eq!(at, payload.len(), "{} has octets behind its arguments", self.name);
        places
    }
}

/// An argument, or bits that share an octet.
enum Group<'a> {
    Bits { used: u8 },
    Value(&'a Field),
}

impl Wire {
    /// Octets of the value at the front.
    fn len(self, octets: &[u8]) -> usize {
        match self {
            Self::Shortstr => 1 + usize::from(octets[0]),
            Self::Longstr | Self::Table => {
                let len = u32::from_be_bytes(octets[..4].try_into().unwrap());
                4 + usize::try_from(len).unwrap()
            }
            other => other.shortest(),
        }
    }

    /// A value on the wire.
    fn example(self, filling: Filling) -> Vec<u8> {
        let mut value = vec![0; self.shortest()];
        if filling == Filling::Empty {
            return value;
        }
        let content: &[u8] = match self {
            Self::Shortstr | Self::Longstr => b"text",
            Self::Table => b"\x01kt\x01",
            _ => &[],
        };
        if let Some(last) = value.last_mut() {
            *last = if content.is_empty() { 1 } else { u8::try_from(content.len()).unwrap() };
        }
        value.extend(content);
        value
    }

    /// Octets of a value that is zero or empty.
    const fn shortest(self) -> usize {
        match self {
            Self::Bit | Self::Octet | Self::Shortstr => 1,
            Self::Short => 2,
            Self::Long | Self::Longstr | Self::Table => 4,
            Self::Longlong | Self::Timestamp => 8,
        }
    }
}

/// Octets of class id and method id.
const IDS_LEN: usize = 4;

static ALL: LazyLock<BTreeMap<(Dialect, MethodId), Layout>> = LazyLock::new(read);

/// The parts of the files of `spec/` that matter here.
mod data {
    use super::{BTreeMap, Deserialize, Sender, Wire};

    #[derive(Deserialize)]
    pub(super) struct Domains {
        pub(super) domain: Vec<Domain>,
    }

    #[derive(Deserialize)]
    pub(super) struct Domain {
        pub(super) name: String,
        #[serde(rename = "type")]
        pub(super) wire: Wire,
    }

    #[derive(Deserialize)]
    pub(super) struct Constants {
        pub(super) constant: Vec<Constant>,
    }

    #[derive(Deserialize)]
    pub(super) struct Constant {
        pub(super) value: u16,
        pub(super) kind: String,
    }

    #[derive(Deserialize)]
    pub(super) struct Class {
        pub(super) name: String,
        pub(super) id: u16,
        pub(super) method: Vec<Method>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub(super) struct Method {
        pub(super) name: String,
        pub(super) id: Option<u16>,
        #[serde(default)]
        pub(super) ids: BTreeMap<String, u16>,
        #[serde(default)]
        pub(super) absent_in: Vec<String>,
        pub(super) senders: Vec<Sender>,
        #[serde(default)]
        pub(super) fields: Vec<Field>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    pub(super) struct Field {
        pub(super) domain: String,
        #[serde(default)]
        pub(super) absent_in: Vec<String>,
        #[serde(default)]
        pub(super) reserved_in: Vec<String>,
        #[serde(default)]
        pub(super) keep_received: bool,
        #[serde(default)]
        pub(super) secret: bool,
    }
}

fn read() -> BTreeMap<(Dialect, MethodId), Layout> {
    let domains: data::Domains = toml::from_str(DOMAINS).unwrap();
    let wires: BTreeMap<_, _> =
        domains.domain.into_iter().map(|domain| (domain.name, domain.wire)).collect();
    let mut all = BTreeMap::new();
    for class in CLASSES {
        let class: data::Class = toml::from_str(class).unwrap();
        for method in &class.method {
            for &dialect in Dialect::ALL {
                let version = dialect.to_string();
                let method_id = method.ids.get(&version).copied().or(method.id);
                let Some(method_id) = method_id.filter(|_| !method.absent_in.contains(&version))
                else {
                    continue;
                };
                let present =
                    method.fields.iter().filter(|field| !field.absent_in.contains(&version));
                let fields = present.map(|field| Field {
                    wire: wires[&field.domain],
                    is_reserved: field.reserved_in.contains(&version),
                    is_kept: field.reserved_in.contains(&version) && field.keep_received,
                    is_secret: field.secret,
                });
                let name = format!("{}.{}", class.name, method.name);
                let id = MethodId { class_id: class.id, method_id };
                let (senders, fields) = (method.senders.clone(), fields.collect());
                all.insert((dialect, id), Layout { name, senders, id, fields });
            }
        }
    }
    all
}
