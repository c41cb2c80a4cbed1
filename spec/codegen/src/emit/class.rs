//! A module per class: a struct per method with its reading, writing and showing.

use std::collections::BTreeSet;

use super::{Source, borrows, codec, variant};
use crate::{
    data::{Origin, Side, WireType},
    model::{Class, Field, Method},
    names,
};

pub(super) fn emit(class: &Class) -> Source {
    let mut out = Source::new(&format!("Class `{}`, {}. {}", class.name, class.id, class.doc));
    imports(&mut out, class);
    for method in &class.methods {
        structure(&mut out, class, method);
        if method.visible().any(|field| field.secret) {
            debug(&mut out, method);
        }
        codec::read(&mut out, class, method);
        as_method(&mut out, class, method);
        markers(&mut out, class, method);
        display(&mut out, method);
    }
    out
}

/// Imports what the class uses; the order is `rustfmt`'s.
fn imports(out: &mut Source, class: &Class) {
    let fields = || class.methods.iter().flat_map(Method::visible);
    let mut wire = BTreeSet::from(["EncodeError", "Reader", "Writer"]);
    for field in class.methods.iter().flat_map(|method| &method.fields) {
        match field.wire {
            WireType::Table => wire.extend(["Table", "TableLimits", "table_len"]),
            WireType::Shortstr => wire.extend(["ShortStr", "TableLimits", "short_str_len"]),
            WireType::Longstr => wire.extend(["LongStr", "long_str_len"]),
            _ => {}
        }
    }
    let has_secret = fields().any(|field| field.secret);
    let rust: BTreeSet<&str> = fields().filter_map(|field| field.rust.as_deref()).collect();
    let mut protocol: BTreeSet<&str> = BTreeSet::from(["Dialect", "Method", "MethodKind"]);
    protocol.extend(rust);
    // `Request` would be the name of a method of class `access`, too.
    let has_marker = class.methods.iter().any(|method| marker(class, method).is_some());
    let traits = if has_marker { "self, AsMethod" } else { "AsMethod" };
    let display = match (fields().next().is_some(), has_secret) {
        (_, true) => "display::{Line, Secret}, ",
        (true, false) => "display::Line, ",
        _ => "",
    };
    out.line("use core::fmt;");
    out.blank();
    out.line("use crate::{");
    out.line(format!("protocol::{{{}, {display}traits::{{{traits}, Sealed}}}},", join(protocol),));
    out.line(format!("wire::{{{}}},", join(wire)));
    out.line("};");
}

fn join<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    items.into_iter().collect::<Vec<_>>().join(", ")
}

fn structure(out: &mut Source, class: &Class, method: &Method) {
    out.blank();
    out.doc(&method.doc);
    out.doc_more(&facts(class, method));
    let has_secret = method.visible().any(|field| field.secret);
    let debug = if has_secret { "" } else { "Debug, " };
    out.line(format!("#[derive(Clone, Copy, {debug}Default, PartialEq, Eq)]"));
    let name = names::pascal(&method.name);
    let generics = if borrows(method) { "<'a>" } else { "" };
    if method.visible().next().is_none() {
        out.line(format!("pub struct {name};"));
        return;
    }
    out.line(format!("pub struct {name}{generics} {{"));
    for field in method.visible() {
        out.doc(&field.doc);
        out.line(format!("pub {}: {},", names::snake(&field.name), rust_type(field)));
    }
    out.line("}");
}

/// Ids, sender, replies and origin, as a sentence.
fn facts(class: &Class, method: &Method) -> String {
    let mut text = format!("`{}.{}`, {}", class.name, method.name, numbers(class, method));
    text.push_str(match *method.senders.as_slice() {
        [Side::Client] => ", from the client",
        [Side::Server] => ", from the server",
        _ => ", from either side",
    });
    if method.content {
        text.push_str(", with content");
    }
    if !method.replies.is_empty() {
        let replies: Vec<String> =
            method.replies.iter().map(|reply| format!("[`{}`]", names::pascal(reply))).collect();
        text.push_str("; answered by ");
        text.push_str(&replies.join(" or "));
    }
    text.push_str(match method.origin {
        Origin::Specification => ".",
        Origin::Rabbitmq => ". RabbitMQ's extension.",
        Origin::Qpid => ". Qpid's extension.",
    });
    text
}

/// `10.50`, or where they differ `10.60 in 0-8 and 10.50 in 0-9 and 0-9-1`.
fn numbers(class: &Class, method: &Method) -> String {
    let in_all = method.ids.len() == crate::model::DIALECTS.len();
    if let (Some(id), true) = (method.single_id(), in_all) {
        return format!("{}.{id}", class.id);
    }
    let mut parts: Vec<(u16, Vec<&str>)> = Vec::new();
    for (dialect, id) in &method.ids {
        match parts.last_mut() {
            Some((last, dialects)) if last == id => dialects.push(dialect.name()),
            _ => parts.push((*id, vec![dialect.name()])),
        }
    }
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(id, dialects)| format!("{}.{id} in {}", class.id, dialects.join(" and ")))
        .collect();
    parts.join(", ")
}

fn rust_type(field: &Field) -> &str {
    if let Some(rust) = &field.rust {
        return rust;
    }
    match field.wire {
        WireType::Bit => "bool",
        WireType::Octet => "u8",
        WireType::Short => "u16",
        WireType::Long => "u32",
        WireType::Longlong | WireType::Timestamp => "u64",
        WireType::Shortstr => "ShortStr<'a>",
        WireType::Longstr => "LongStr<'a>",
        WireType::Table => "Table<'a>",
    }
}

/// `Debug` by hand where secrets have to be masked.
fn debug(out: &mut Source, method: &Method) {
    let name = names::pascal(&method.name);
    out.blank();
    out.line(format!("impl fmt::Debug for {}{} {{", name, elided(method)));
    out.line("fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {");
    out.line(format!("f.debug_struct(\"{name}\")"));
    for field in method.visible() {
        let ident = names::snake(&field.name);
        let value = if field.secret { "&Secret".to_owned() } else { format!("&self.{ident}") };
        out.line(format!(".field(\"{}\", {value})", names::plain_snake(&field.name)));
    }
    out.line(".finish()");
    out.line("}");
    out.line("}");
}

fn elided(method: &Method) -> &'static str {
    if borrows(method) { "<'_>" } else { "" }
}

fn as_method(out: &mut Source, class: &Class, method: &Method) {
    let name = names::pascal(&method.name);
    let variant = variant(class, method);
    out.blank();
    out.line(format!("impl Sealed for {name}{} {{", elided(method)));
    codec::write(out, class, method);
    out.line("}");
    out.blank();
    out.line(format!("impl AsMethod for {name}{} {{", elided(method)));
    out.line(format!("const KIND: MethodKind = MethodKind::{variant};"));
    out.blank();
    out.line("#[inline]");
    out.line("fn as_method(&self) -> Method<'_> {");
    out.line(format!("Method::{variant}(*self)"));
    out.line("}");
    out.line("}");
}

/// The marker trait that says by which door a method is sent; none for what the engine sends.
fn marker(class: &Class, method: &Method) -> Option<&'static str> {
    let is_channels_own = class.name == "channel"
        && ["open", "open-ok", "close", "close-ok"].contains(&&*method.name);
    if class.channel_zero || method.content || is_channels_own {
        return None;
    }
    Some(match (method.is_reply, method.synchronous) {
        (true, _) => "Reply",
        (false, true) => "Request",
        (false, false) => "Notice",
    })
}

fn markers(out: &mut Source, class: &Class, method: &Method) {
    let Some(marker) = marker(class, method) else {
        return;
    };
    let name = names::pascal(&method.name);
    out.blank();
    let has_no_wait = method.visible().any(|field| field.domain == "no-wait");
    if marker != "Request" || !has_no_wait {
        out.line(format!("impl traits::{marker} for {name}{} {{}}", elided(method)));
        return;
    }
    out.line(format!("impl traits::{marker} for {name}{} {{", elided(method)));
    out.line("#[inline]");
    out.line("fn no_wait(&self) -> bool {");
    out.line("self.no_wait");
    out.line("}");
    out.line("}");
}

fn display(out: &mut Source, method: &Method) {
    let name = names::pascal(&method.name);
    out.blank();
    out.line(format!("impl fmt::Display for {name}{} {{", elided(method)));
    out.line("fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {");
    let fields: Vec<&Field> = method.visible().collect();
    if fields.is_empty() {
        out.line("f.write_str(Self::KIND.name())");
    } else {
        out.line("Line::begin(f, Self::KIND.name())");
    }
    for field in &fields {
        let ident = format!("self.{}", names::snake(&field.name));
        let text = &field.name;
        let inner = if field.rust.is_some() { ".0" } else { "" };
        out.line(match field.wire {
            WireType::Bit if field.always_shown => format!(".state(\"{text}\", {ident})"),
            WireType::Bit => format!(".flag(\"{text}\", {ident})"),
            _ if field.secret => format!(".secret(\"{text}\", {ident})"),
            WireType::Shortstr => format!(".short_str(\"{text}\", {ident})"),
            WireType::Longstr => format!(".long_str(\"{text}\", {ident})"),
            WireType::Table => format!(".table(\"{text}\", {ident})"),
            _ if field.always_shown => format!(".exact(\"{text}\", u64::from({ident}{inner}))"),
            WireType::Longlong | WireType::Timestamp => format!(".number(\"{text}\", {ident})"),
            _ => format!(".number(\"{text}\", u64::from({ident}{inner}))"),
        });
    }
    if !fields.is_empty() {
        out.line(".end()");
    }
    out.line("}");
    out.line("}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dialect;

    fn method() -> Method {
        Method {
            name: "m".to_owned(),
            ids: crate::model::DIALECTS.into_iter().map(|d| (d, 1)).collect(),
            origin: Origin::Specification,
            senders: vec![Side::Client],
            synchronous: false,
            replies: Vec::new(),
            is_reply: false,
            content: false,
            doc: String::new(),
            fields: Vec::new(),
        }
    }

    #[test]
    fn numbers_that_differ_say_where() {
        let mut method = method();
        let class = Class {
            name: "c".to_owned(),
            id: 10,
            doc: String::new(),
            channel_zero: false,
            properties: Vec::new(),
            methods: Vec::new(),
        };
        assert_eq!(numbers(&class, &method), "10.1");
        method.ids.insert(Dialect::V0_8, 2);
        assert_eq!(numbers(&class, &method), "10.2 in 0-8, 10.1 in 0-9 and 0-9-1");
        method.ids.remove(&Dialect::V0_8);
        assert_eq!(numbers(&class, &method), "10.1 in 0-9 and 0-9-1");
    }
}
