//! The protocol with everything looked up and checked: what the emitters and `verify` work on.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    data::{self, Data, Dialect, Origin, Severity, Side, WireType},
    names,
};

pub(crate) const DIALECTS: [Dialect; 3] = [Dialect::V0_8, Dialect::V0_9, Dialect::V0_9_1];

impl Dialect {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::V0_8 => "0-8",
            Self::V0_9 => "0-9",
            Self::V0_9_1 => "0-9-1",
        }
    }
}

impl WireType {
    pub(crate) const fn is_number(self) -> bool {
        !matches!(self, Self::Bit | Self::Shortstr | Self::Longstr | Self::Table)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bit => "bit",
            Self::Octet => "octet",
            Self::Short => "short",
            Self::Long => "long",
            Self::Longlong => "longlong",
            Self::Timestamp => "timestamp",
            Self::Shortstr => "shortstr",
            Self::Longstr => "longstr",
            Self::Table => "table",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Protocol {
    pub(crate) domains: Vec<data::Domain>,
    pub(crate) constants: Vec<data::Constant>,
    pub(crate) classes: Vec<Class>,
}

impl Protocol {
    pub(crate) fn methods(&self) -> impl Iterator<Item = (&Class, &Method)> {
        self.classes.iter().flat_map(|class| class.methods.iter().map(move |m| (class, m)))
    }
}

#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) name: String,
    pub(crate) id: u16,
    pub(crate) doc: String,
    pub(crate) channel_zero: bool,
    pub(crate) properties: Vec<Field>,
    pub(crate) methods: Vec<Method>,
}

#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: String,
    /// The dialects that have the method, with its number there; never empty.
    pub(crate) ids: BTreeMap<Dialect, u16>,
    pub(crate) origin: Origin,
    pub(crate) senders: Vec<Side>,
    pub(crate) synchronous: bool,
    pub(crate) replies: Vec<String>,
    /// Whether it answers a method of the class that waits for its reply.
    pub(crate) is_reply: bool,
    pub(crate) content: bool,
    pub(crate) doc: String,
    pub(crate) fields: Vec<Field>,
}

impl Method {
    /// The dialects that have the method.
    pub(crate) fn dialects(&self) -> BTreeSet<Dialect> {
        self.ids.keys().copied().collect()
    }

    /// The one number it has in all dialects that have it, if so.
    pub(crate) fn single_id(&self) -> Option<u16> {
        let ids: BTreeSet<u16> = self.ids.values().copied().collect();
        if ids.len() == 1 { ids.first().copied() } else { None }
    }

    /// The fields of the Rust type: those that mean something in some dialect.
    pub(crate) fn visible(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.is_visible())
    }
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) domain: String,
    pub(crate) wire: WireType,
    /// The Rust type where it is not the wire type's own.
    pub(crate) rust: Option<String>,
    /// The dialects in which it is on the wire.
    pub(crate) present: BTreeSet<Dialect>,
    /// Those of them in which it means nothing.
    pub(crate) reserved: BTreeSet<Dialect>,
    pub(crate) keep_received: bool,
    pub(crate) secret: bool,
    pub(crate) always_shown: bool,
    pub(crate) doc: String,
}

impl Field {
    pub(crate) fn is_visible(&self) -> bool {
        self.reserved != self.present
    }

    pub(crate) const fn borrows(&self) -> bool {
        matches!(self.wire, WireType::Shortstr | WireType::Longstr | WireType::Table)
    }
}

/// Looks everything up, or says what does not fit.
pub(crate) fn resolve(data: &Data) -> Result<Protocol> {
    let mut domains = BTreeMap::new();
    for domain in &data.domains {
        check_text(&domain.name, &domain.doc)?;
        ensure!(
            domains.insert(domain.name.as_str(), domain).is_none(),
            "domain {} is there twice",
            domain.name
        );
    }
    check_constants(&data.constants)?;
    let classes = data
        .classes
        .iter()
        .map(|class| {
            resolve_class(class, &domains).with_context(|| format!("class {}", class.name))
        })
        .collect::<Result<Vec<_>>>()?;
    let protocol =
        Protocol { domains: data.domains.clone(), constants: data.constants.clone(), classes };
    check_ids(&protocol)?;
    check_domains_used(&protocol)?;
    Ok(protocol)
}

fn check_constants(constants: &[data::Constant]) -> Result<()> {
    let mut names = BTreeSet::new();
    let mut replies = BTreeSet::new();
    for constant in constants {
        check_text(&constant.name, &constant.doc)?;
        ensure!(names.insert(&constant.name), "constant {} is there twice", constant.name);
        let is_reply = constant.kind == data::ConstantKind::Reply;
        ensure!(
            !is_reply || replies.insert(constant.value),
            "reply code {} has two names",
            constant.value
        );
        ensure!(
            is_reply || constant.severity.is_none(),
            "constant {} is no reply but has a severity",
            constant.name
        );
        let hard = constant.value >= 500 || matches!(constant.value, 320 | 402);
        ensure!(
            constant.origin != Origin::Specification
                || constant.severity.is_none_or(|s| (s == Severity::Hard) == hard),
            "the severity of {} is against RC-01",
            constant.name
        );
    }
    Ok(())
}

type Domains<'a> = BTreeMap<&'a str, &'a data::Domain>;

fn resolve_class(class: &data::Class, domains: &Domains<'_>) -> Result<Class> {
    check_text(&class.name, &class.doc)?;
    let all: BTreeSet<Dialect> = DIALECTS.into();
    let properties = resolve_fields(&class.properties, &all, domains)?;
    ensure!(properties.len() <= 15, "more properties than a flag word has room for");
    ensure!(
        properties.iter().all(|p| p.wire != WireType::Bit && p.present == all),
        "properties are values that every dialect has (CNT-16)"
    );
    let mut methods = class
        .methods
        .iter()
        .map(|m| resolve_method(m, domains).with_context(|| format!("method {}", m.name)))
        .collect::<Result<Vec<_>>>()?;
    mark_replies(&mut methods)?;
    Ok(Class {
        name: class.name.clone(),
        id: class.id,
        doc: class.doc.clone(),
        channel_zero: class.channel_zero,
        properties,
        methods,
    })
}

/// Finds the methods that others name as replies.
fn mark_replies(methods: &mut [Method]) -> Result<()> {
    let names: BTreeSet<String> = methods.iter().map(|m| m.name.clone()).collect();
    ensure!(names.len() == methods.len(), "two methods share a name");
    let replies: BTreeSet<String> = methods.iter().flat_map(|m| m.replies.clone()).collect();
    if let Some(missing) = replies.difference(&names).next() {
        bail!("{missing} is named as a reply, but is no method");
    }
    // What answers a method that waits for no reply is sent and taken like any other.
    let waiting = methods.iter().filter(|m| m.synchronous);
    let awaited: BTreeSet<String> = waiting.flat_map(|m| m.replies.clone()).collect();
    for method in methods {
        method.is_reply = awaited.contains(&method.name);
        ensure!(
            !method.is_reply || method.replies.is_empty(),
            "{} is a reply and has replies",
            method.name
        );
        ensure!(
            !method.synchronous || method.is_reply || !method.replies.is_empty(),
            "{} is synchronous, but nothing answers it",
            method.name
        );
    }
    Ok(())
}

fn resolve_method(method: &data::Method, domains: &Domains<'_>) -> Result<Method> {
    check_text(&method.name, &method.doc)?;
    let ids = match (method.id, method.ids.is_empty()) {
        (Some(id), true) => DIALECTS
            .into_iter()
            .filter(|dialect| !method.absent_in.contains(dialect))
            .map(|dialect| (dialect, id))
            .collect(),
        (None, false) => {
            ensure!(method.absent_in.is_empty(), "`ids` says already where it is absent");
            method.ids.clone()
        }
        _ => bail!("needs either `id` or `ids`"),
    };
    ensure!(!ids.is_empty(), "is in no dialect");
    match *method.senders.as_slice() {
        [_] | [Side::Client, Side::Server] => {}
        _ => bail!("`senders` is client, server, or both in this order"),
    }
    let dialects = ids.keys().copied().collect();
    let fields = resolve_fields(&method.fields, &dialects, domains)?;
    ensure!(!method.content || method.replies.is_empty(), "a request has no content");
    Ok(Method {
        name: method.name.clone(),
        ids,
        origin: method.origin,
        senders: method.senders.clone(),
        synchronous: method.synchronous,
        replies: method.replies.clone(),
        is_reply: false,
        content: method.content,
        doc: method.doc.clone(),
        fields,
    })
}

fn resolve_fields(
    fields: &[data::Field],
    dialects: &BTreeSet<Dialect>,
    domains: &Domains<'_>,
) -> Result<Vec<Field>> {
    let mut names = BTreeSet::new();
    fields
        .iter()
        .map(|field| {
            ensure!(names.insert(&field.name), "field {} is there twice", field.name);
            resolve_field(field, dialects, domains).with_context(|| format!("field {}", field.name))
        })
        .collect()
}

fn resolve_field(
    field: &data::Field,
    dialects: &BTreeSet<Dialect>,
    domains: &Domains<'_>,
) -> Result<Field> {
    check_text(&field.name, &field.doc)?;
    let domain = domains
        .get(field.domain.as_str())
        .with_context(|| format!("there is no domain {}", field.domain))?;
    for dialect in field.absent_in.iter().chain(&field.reserved_in) {
        ensure!(
            dialects.contains(dialect),
            "speaks of {}, where its method does not exist",
            dialect.name()
        );
    }
    let absent: BTreeSet<Dialect> = field.absent_in.iter().copied().collect();
    let reserved: BTreeSet<Dialect> = field.reserved_in.iter().copied().collect();
    let present: BTreeSet<Dialect> = dialects.difference(&absent).copied().collect();
    ensure!(!present.is_empty(), "is in no dialect");
    ensure!(reserved.is_subset(&present), "is reserved where it is absent");
    ensure!(!field.keep_received || !reserved.is_empty(), "`keep-received` is for reserved fields");
    ensure!(
        domain.wire != WireType::Bit || absent.is_empty(),
        "a bit is in every dialect of its method, else the bits behind it would move"
    );
    ensure!(
        !field.secret || domain.wire == WireType::Longstr,
        "only long strings are masked today"
    );
    ensure!(
        !field.always_shown || domain.wire == WireType::Bit || domain.wire.is_number(),
        "only bits and numbers are shown although they are zero"
    );
    Ok(Field {
        name: field.name.clone(),
        domain: field.domain.clone(),
        wire: domain.wire,
        rust: domain.rust.clone(),
        present,
        reserved,
        keep_received: field.keep_received,
        secret: field.secret,
        always_shown: field.always_shown,
        doc: field.doc.clone(),
    })
}

/// Within a dialect, a pair of ids belongs to one method.
fn check_ids(protocol: &Protocol) -> Result<()> {
    let mut seen = BTreeMap::new();
    for (class, method) in protocol.methods() {
        for (dialect, id) in &method.ids {
            let name = format!("{}.{}", class.name, method.name);
            if let Some(other) = seen.insert((*dialect, class.id, *id), name.clone()) {
                bail!("{}: {other} and {name} are both {}.{id}", dialect.name(), class.id);
            }
        }
    }
    Ok(())
}

/// A domain that nothing uses is a slip, unless it is a wire type's own.
fn check_domains_used(protocol: &Protocol) -> Result<()> {
    let fields = protocol.methods().flat_map(|(_, method)| &method.fields);
    let properties = protocol.classes.iter().flat_map(|class| &class.properties);
    let used: BTreeSet<&str> = fields.chain(properties).map(|f| f.domain.as_str()).collect();
    for domain in &protocol.domains {
        ensure!(
            used.contains(domain.name.as_str()) || domain.name == domain.wire.name(),
            "nothing uses domain {}",
            domain.name
        );
    }
    Ok(())
}

fn check_text(name: &str, doc: &str) -> Result<()> {
    ensure!(names::is_regular(name), "{name:?} is not a name like `delivery-tag`");
    ensure!(!doc.contains('\n'), "the text of {name} has more than one line");
    ensure!(doc.ends_with('.'), "the text of {name} is no sentence");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOMAINS: &str = r#"
        [[domain]]
        name = "bit"
        type = "bit"
        doc = "A bit."
        [[domain]]
        name = "short"
        type = "short"
        doc = "Two octets."
    "#;

    /// Resolves a class with one method, whose entries are given.
    fn with_method(entries: &str) -> Result<Protocol> {
        #[derive(serde::Deserialize)]
        struct Domains {
            domain: Vec<data::Domain>,
        }
        let domains: Domains = toml::from_str(DOMAINS)?;
        let class = format!(
            "name = \"c\"\nid = 1\ndoc = \"A class.\"\n[[method]]\nname = \"m\"\ndoc = \"A method.\"\n{entries}"
        );
        let classes = vec![toml::from_str(&class)?];
        resolve(&Data { domains: domains.domain, constants: Vec::new(), classes })
    }

    fn refusal(entries: &str) -> String {
        format!("{:#}", with_method(entries).unwrap_err())
    }

    #[test]
    fn a_method_is_looked_up_and_completed() {
        let protocol = with_method(
            "ids = { \"0-9\" = 2, \"0-9-1\" = 3 }\nsenders = [\"client\"]\n\
             fields = [{ name = \"f\", domain = \"short\", reserved-in = [\"0-9\"], doc = \"A field.\" }]",
        )
        .unwrap();
        let (_, method) = protocol.methods().next().unwrap();
        assert_eq!(method.dialects(), [Dialect::V0_9, Dialect::V0_9_1].into());
        assert_eq!(method.single_id(), None);
        assert_eq!(method.visible().count(), 1);
        assert!(!method.fields[0].borrows());
    }

    #[test]
    fn a_field_reserved_everywhere_is_not_visible() {
        let protocol = with_method(
            "id = 2\nabsent-in = [\"0-8\"]\nsenders = [\"client\"]\n\
             fields = [{ name = \"f\", domain = \"short\", reserved-in = [\"0-9\", \"0-9-1\"], doc = \"A field.\" }]",
        )
        .unwrap();
        let (_, method) = protocol.methods().next().unwrap();
        assert_eq!(method.visible().count(), 0);
    }

    #[test]
    fn contradictions_are_refused_with_their_place() {
        let said = refusal("senders = [\"client\"]");
        assert_eq!(said, "class c: method m: needs either `id` or `ids`");
        let said = refusal("id = 2\nsenders = [\"server\", \"client\"]");
        assert!(said.contains("in this order"), "{said}");
        let said = refusal("id = 2\nsenders = [\"client\"]\nsynchronous = true");
        assert!(said.contains("nothing answers it"), "{said}");
        let said = refusal("id = 2\nsenders = [\"client\"]\nreplies = [\"m-ok\"]");
        assert!(said.contains("m-ok is named as a reply, but is no method"), "{said}");
        let said = refusal(
            "id = 2\nsenders = [\"client\"]\n\
             fields = [{ name = \"f\", domain = \"path\", doc = \"A field.\" }]",
        );
        assert_eq!(said, "class c: method m: field f: there is no domain path");
        let said = refusal(
            "id = 2\nsenders = [\"client\"]\n\
             fields = [{ name = \"f\", domain = \"bit\", absent-in = [\"0-8\"], doc = \"A field.\" }]",
        );
        assert!(said.contains("bits behind it would move"), "{said}");
        let said = refusal(
            "id = 2\nsenders = [\"client\"]\n[[method]]\nname = \"n\"\ndoc = \"Another.\"\nid = 2\nsenders = [\"client\"]",
        );
        assert_eq!(said, "0-8: c.m and c.n are both 1.2");
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(refusal("id = 2\nsenders = [\"client\"]\nreply = \"m-ok\"").contains("reply"));
    }
}
