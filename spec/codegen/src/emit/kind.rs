//! The list of methods, their ids per dialect, and the table of what is said of each.

use std::collections::BTreeMap;

use super::{Source, dialect_path, variant};
use crate::{
    data::{Dialect, Side},
    model::{Class, DIALECTS, Method, Protocol},
};

pub(super) fn emit(protocol: &Protocol) -> Source {
    let mut out = Source::new("The list of methods, and what the protocol says of each.");
    out.line("use crate::protocol::{Dialect, MethodId, MethodInfo, Senders};");
    enumeration(&mut out, protocol);
    out.blank();
    out.line("impl MethodKind {");
    all(&mut out, protocol);
    name(&mut out, protocol);
    id(&mut out, protocol);
    from_id(&mut out, protocol);
    out.line("}");
    info(&mut out, protocol);
    out
}

fn enumeration(out: &mut Source, protocol: &Protocol) {
    out.blank();
    out.doc("A method by its meaning, whatever its numbers are in a dialect.");
    out.line("#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]");
    out.line("#[repr(u8)]");
    out.line("#[non_exhaustive]");
    out.line("pub enum MethodKind {");
    for (class, method) in protocol.methods() {
        out.doc(&format!("`{}.{}`: {}", class.name, method.name, lower_first(&method.doc)));
        out.line(format!("{},", variant(class, method)));
    }
    out.line("}");
}

/// A sentence as it reads behind a colon.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    let rest = chars.as_str();
    // Names in capitals stay as they are.
    match first {
        Some(_) if rest.starts_with(|c: char| c.is_uppercase()) => text.to_owned(),
        Some(first) => format!("{first}{rest}"),
        None => String::new(),
    }
}

fn all(out: &mut Source, protocol: &Protocol) {
    out.doc("All of them, in the order of their classes.");
    out.line("pub const ALL: &'static [Self] = &[");
    for (class, method) in protocol.methods() {
        out.line(format!("Self::{},", variant(class, method)));
    }
    out.line("];");
}

fn name(out: &mut Source, protocol: &Protocol) {
    out.blank();
    out.doc("The specification's name, such as `queue.declare-ok`.");
    out.line("#[must_use]");
    out.line("pub const fn name(self) -> &'static str {");
    out.line("match self {");
    for (class, method) in protocol.methods() {
        let variant = variant(class, method);
        out.line(format!("Self::{variant} => \"{}.{}\",", class.name, method.name));
    }
    out.line("}");
    out.line("}");
}

fn id(out: &mut Source, protocol: &Protocol) {
    out.blank();
    out.doc("The numbers that the method has in a dialect, if it is there.");
    out.line("#[must_use]");
    out.line("#[inline]");
    out.line("pub const fn id(self, dialect: Dialect) -> Option<MethodId> {");
    out.line("let (class_id, method_id) = match self {");
    for (class, method) in protocol.methods() {
        let number = method.single_id().filter(|_| method.ids.len() == DIALECTS.len());
        let number = number.map_or_else(|| per_dialect(method), |id| id.to_string());
        out.line(format!("Self::{} => ({}, {number}),", variant(class, method), class.id));
    }
    out.line("};");
    out.line("Some(MethodId { class_id, method_id })");
    out.line("}");
}

fn per_dialect(method: &Method) -> String {
    let answers = DIALECTS.map(|dialect| {
        let id = method.ids.get(&dialect);
        (dialect, id.map_or_else(|| "return None".to_owned(), u16::to_string))
    });
    match_dialect(answers)
}

/// A `match` over the dialects, with those together that answer the same.
fn match_dialect(answers: impl IntoIterator<Item = (Dialect, String)>) -> String {
    let mut arms: Vec<(String, Vec<&str>)> = Vec::new();
    for (dialect, answer) in answers {
        match arms.iter_mut().find(|(known, _)| *known == answer) {
            Some((_, dialects)) => dialects.push(dialect_path(dialect)),
            None => arms.push((answer, vec![dialect_path(dialect)])),
        }
    }
    let arms: Vec<String> = arms
        .into_iter()
        .map(|(answer, dialects)| format!("{} => {answer}", dialects.join(" | ")))
        .collect();
    format!("match dialect {{ {} }}", arms.join(", "))
}

fn from_id(out: &mut Source, protocol: &Protocol) {
    out.blank();
    out.doc("The method that has these numbers in a dialect, if there is one.");
    out.line("#[must_use]");
    out.line("#[inline]");
    out.line("pub const fn from_id(dialect: Dialect, id: MethodId) -> Option<Self> {");
    out.line("Some(match id.class_id {");
    for class in &protocol.classes {
        out.line(format!("{} => match id.method_id {{", class.id));
        for (id, owners) in by_id(class) {
            out.line(format!("{id} => {},", owner(class, &owners)));
        }
        out.line("_ => return None,");
        out.line("},");
    }
    out.line("_ => return None,");
    out.line("})");
    out.line("}");
}

/// Which method each number of a class belongs to, by dialect.
fn by_id(class: &Class) -> BTreeMap<u16, BTreeMap<Dialect, &Method>> {
    let mut owners: BTreeMap<u16, BTreeMap<Dialect, &Method>> = BTreeMap::new();
    for method in &class.methods {
        for (dialect, id) in &method.ids {
            owners.entry(*id).or_default().insert(*dialect, method);
        }
    }
    owners
}

fn owner(class: &Class, owners: &BTreeMap<Dialect, &Method>) -> String {
    let answers = DIALECTS.map(|dialect| {
        let answer = owners.get(&dialect).map_or_else(
            || "return None".to_owned(),
            |method| format!("Self::{}", variant(class, method)),
        );
        (dialect, answer)
    });
    let [(_, first), rest @ ..] = &answers;
    if rest.iter().all(|(_, answer)| answer == first) {
        return first.clone();
    }
    match_dialect(answers)
}

fn info(out: &mut Source, protocol: &Protocol) {
    out.blank();
    out.doc("One entry per kind, in the order of the kinds.");
    let count = protocol.methods().count();
    out.line(format!("pub(in crate::protocol) static INFO: [MethodInfo; {count}] = ["));
    for (class, method) in protocol.methods() {
        let replies: Vec<String> = method
            .replies
            .iter()
            .filter_map(|reply| class.methods.iter().find(|m| m.name == *reply))
            .map(|reply| format!("MethodKind::{}", variant(class, reply)))
            .collect();
        let senders = match *method.senders.as_slice() {
            [Side::Client] => "CLIENT",
            [Side::Server] => "SERVER",
            _ => "BOTH",
        };
        out.line("MethodInfo {");
        out.line(format!("kind: MethodKind::{},", variant(class, method)));
        out.line(format!("name: \"{}.{}\",", class.name, method.name));
        out.line(format!("senders: Senders::{senders},"));
        out.line(format!("synchronous: {},", method.synchronous));
        out.line(format!("replies: &[{}],", replies.join(", ")));
        out.line(format!("is_reply: {},", method.is_reply));
        out.line(format!("content: {},", method.content));
        out.line(format!("on_channel_zero: {},", class.channel_zero));
        out.line("},");
    }
    out.line("];");
}
