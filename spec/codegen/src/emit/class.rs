//! A module per class: a struct per method with its reading, writing and showing.

use std::collections::BTreeSet;

use super::{Source, borrows, dialect_path, variant};
use crate::{
    data::{Dialect, Origin, Side, WireType},
    model::{Class, Field, Method},
    names,
};

pub(super) fn emit(class: &Class) -> Source {
    let mut out = Source::new(&format!("Class `{}` ({}): {}", class.name, class.id, class.doc));
    imports(&mut out, class);
    for method in &class.methods {
        structure(&mut out, class, method);
        if method.visible().any(|field| field.secret) {
            debug(&mut out, method);
        }
        read(&mut out, class, method);
        as_method(&mut out, class, method);
        markers(&mut out, class, method);
        display(&mut out, method);
    }
    out
}

/// Imports what the class uses; the order is `rustfmt`'s.
fn imports(out: &mut Source, class: &Class) {
    let fields = || class.methods.iter().flat_map(Method::visible);
    let mut wire = BTreeSet::from(["DecodeError", "EncodeError", "Reader"]);
    for field in class.methods.iter().flat_map(|method| &method.fields) {
        match field.wire {
            WireType::Table => wire.extend(["Table", "TableLimits"]),
            WireType::Shortstr => _ = wire.insert("ShortStr"),
            WireType::Longstr => _ = wire.insert("LongStr"),
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
    out.line("use alloc::vec::Vec;");
    out.line("use core::fmt;");
    out.blank();
    out.line("use crate::{");
    out.line(format!(
        "protocol::{{{}, {display}traits::{{{traits}, Sealed, write_method}}}},",
        join(protocol),
    ));
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

/// Fields as they lie on the wire: alone, or bits that share an octet (`MTH-07`).
enum Item<'a> {
    Value(&'a Field),
    Bits(Vec<&'a Field>),
}

fn layout(method: &Method) -> Vec<Item<'_>> {
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
fn among(some: &BTreeSet<Dialect>, all: &BTreeSet<Dialect>) -> String {
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

fn read(out: &mut Source, class: &Class, method: &Method) {
    let name = names::pascal(&method.name);
    let (generics, input) = if borrows(method) { ("<'a>", "'a") } else { ("", "'_") };
    let is_varying = varies_on_read(method);
    let has_table = method.fields.iter().any(|field| field.wire == WireType::Table);
    out.blank();
    out.line(format!("impl{generics} {name}{generics} {{"));
    out.line("/// Reads the arguments; the caller checks that nothing is left.");
    out.line("#[inline]");
    out.line(if method.fields.is_empty() {
        "pub(in crate::protocol) const fn read("
    } else {
        "pub(in crate::protocol) fn read("
    });
    if method.fields.is_empty() {
        out.line("_: &Reader<'_>");
        out.line(") -> Result<Self, DecodeError> {");
        out.line(format!("{}(Self)", ok(class)));
        out.line("}");
        out.line("}");
        return;
    }
    out.line(format!("r: &mut Reader<{input}>,"));
    if is_varying {
        out.line("dialect: Dialect,");
    }
    if has_table {
        out.line("limits: &TableLimits,");
    }
    out.line(") -> Result<Self, DecodeError> {");
    let mut runs = 0;
    let mut values = Vec::new();
    for item in layout(method) {
        match item {
            Item::Value(field) => read_value(out, method, field, &mut values),
            Item::Bits(bits) => {
                runs += 1;
                let octet = if runs == 1 { "bits".to_owned() } else { format!("bits_{runs}") };
                read_bits(out, method, &bits, &octet, &mut values);
            }
        }
    }
    out.line(format!("{}(Self {{ {} }})", ok(class), values.join(", ")));
    out.line("}");
    out.line("}");
}

/// `Ok`, which in class `channel` is the name of a method.
fn ok(class: &Class) -> &'static str {
    if class.methods.iter().any(|method| method.name == "ok") { "Result::Ok" } else { "Ok" }
}

/// Whether reading depends on the dialect.
pub(super) fn varies_on_read(method: &Method) -> bool {
    let dialects = method.dialects();
    method.fields.iter().any(|field| {
        field.present != dialects
            || (field.is_visible() && !field.reserved.is_empty() && !field.keep_received)
    })
}

fn read_value(out: &mut Source, method: &Method, field: &Field, values: &mut Vec<String>) {
    let ident = names::snake(&field.name);
    let text = &field.name;
    let mut call = match field.wire {
        WireType::Bit | WireType::Octet => format!("r.u8(\"{text}\")?"),
        WireType::Short => format!("r.u16(\"{text}\")?"),
        WireType::Long => format!("r.u32(\"{text}\")?"),
        WireType::Longlong | WireType::Timestamp => format!("r.u64(\"{text}\")?"),
        WireType::Shortstr => format!("r.short_str(\"{text}\")?"),
        WireType::Longstr => format!("r.long_str(\"{text}\")?"),
        WireType::Table => format!("r.table(\"{text}\", limits)?"),
    };
    if let Some(rust) = &field.rust {
        call = format!("{rust}({call})");
    }
    let dialects = method.dialects();
    if !field.is_visible() {
        out.line(format!("{call}; // MTH-06"));
        return;
    }
    let is_ignored = !field.reserved.is_empty() && !field.keep_received;
    let default = default_value(field);
    if field.present != dialects {
        let present = among(&field.present, &dialects);
        out.line(format!("let {ident} = if {present} {{ {call} }} else {{ {default} }};"));
    } else {
        out.line(format!("let {ident} = {call};"));
    }
    if is_ignored {
        let reserved = among(&field.reserved, &dialects);
        out.line("// MTH-06");
        out.line(format!("let {ident} = if {reserved} {{ {default} }} else {{ {ident} }};"));
    }
    values.push(ident);
}

fn read_bits(
    out: &mut Source,
    method: &Method,
    bits: &[&Field],
    octet: &str,
    values: &mut Vec<String>,
) {
    let first = bits.first().map_or("", |field| field.name.as_str());
    out.line(format!("let {octet} = r.u8(\"{first}\")?;"));
    for (place, field) in bits.iter().enumerate() {
        if !field.is_visible() {
            continue;
        }
        let ident = names::snake(&field.name);
        let mut value = format!("{octet} & {:#04x} != 0", 1_u32 << place);
        if !field.reserved.is_empty() && !field.keep_received {
            let dialects = method.dialects();
            let live: BTreeSet<Dialect> = dialects.difference(&field.reserved).copied().collect();
            value = format!("{value} && {}", among(&live, &dialects));
        }
        values.push(format!("{ident}: {value}"));
    }
}

fn default_value(field: &Field) -> &'static str {
    match field.wire {
        WireType::Bit => "false",
        WireType::Shortstr => "ShortStr::default()",
        WireType::Longstr => "LongStr::default()",
        WireType::Table => "Table::default()",
        _ => "0",
    }
}

fn as_method(out: &mut Source, class: &Class, method: &Method) {
    let name = names::pascal(&method.name);
    let variant = variant(class, method);
    out.blank();
    out.line(format!("impl Sealed for {name}{} {{}}", elided(method)));
    out.blank();
    out.line(format!("impl AsMethod for {name}{} {{", elided(method)));
    out.line(format!("const KIND: MethodKind = MethodKind::{variant};"));
    out.blank();
    out.line("#[inline]");
    out.line("fn as_method(&self) -> Method<'_> {");
    out.line(format!("Method::{variant}(*self)"));
    out.line("}");
    out.blank();
    out.line("fn encode(&self, dialect: Dialect, out: &mut Vec<u8>) -> Result<(), EncodeError> {");
    if method.fields.is_empty() {
        out.line(format!("write_method(Self::KIND, dialect, out, |_| {}(()))", ok(class)));
    } else {
        out.line("write_method(Self::KIND, dialect, out, |w| {");
        let items = layout(method);
        let last = items.len().saturating_sub(1);
        let mut is_result = false;
        for (place, item) in items.into_iter().enumerate() {
            is_result = write_item(out, method, &item, place == last);
        }
        if !is_result {
            out.line(format!("{}(())", ok(class)));
        }
        out.line("})");
    }
    out.line("}");
    out.line("}");
}

/// Returns whether the item's own result ends the closure.
fn write_item(out: &mut Source, method: &Method, item: &Item<'_>, is_last: bool) -> bool {
    match item {
        Item::Bits(bits) => {
            let parts: Vec<String> = bits
                .iter()
                .enumerate()
                .filter(|(_, field)| field.is_visible())
                .map(|(place, field)| write_bit(method, field, place))
                .collect();
            let octet = if parts.is_empty() { "0".to_owned() } else { parts.join(" | ") };
            out.line(format!("w.u8({octet});"));
            false
        }
        Item::Value(field) => write_value(out, method, field, is_last),
    }
}

fn write_bit(method: &Method, field: &Field, place: usize) -> String {
    let mut flag = format!("self.{}", names::snake(&field.name));
    if !field.reserved.is_empty() {
        let dialects = method.dialects();
        let live: BTreeSet<Dialect> = dialects.difference(&field.reserved).copied().collect();
        flag = format!("{flag} && {}", among(&live, &dialects));
    }
    let bit = format!("u8::from({flag})");
    if place == 0 { bit } else { format!("({bit} << {place})") }
}

fn write_value(out: &mut Source, method: &Method, field: &Field, is_last: bool) -> bool {
    let dialects = method.dialects();
    let inner = if field.rust.is_some() { ".0" } else { "" };
    let mut value = if field.is_visible() {
        format!("self.{}{inner}", names::snake(&field.name))
    } else {
        default_value(field).to_owned()
    };
    if field.is_visible() && !field.reserved.is_empty() {
        out.line("// MTH-06");
        let reserved = among(&field.reserved, &dialects);
        value = format!("if {reserved} {{ {} }} else {{ {value} }}", default_value(field));
    }
    let text = &field.name;
    let (call, is_fallible) = match field.wire {
        WireType::Bit | WireType::Octet => (format!("w.u8({value})"), false),
        WireType::Short => (format!("w.u16({value})"), false),
        WireType::Long => (format!("w.u32({value})"), false),
        WireType::Longlong | WireType::Timestamp => (format!("w.u64({value})"), false),
        WireType::Shortstr => (format!("w.short_str(\"{text}\", {value})"), true),
        WireType::Longstr => (format!("w.long_str(\"{text}\", {value})"), true),
        WireType::Table => (format!("w.table(\"{text}\", {value})"), true),
    };
    if field.present != dialects {
        let present = among(&field.present, &dialects);
        let end = if is_fallible { "?;" } else { ";" };
        out.line(format!("if {present} {{ {call}{end} }}"));
        return false;
    }
    match (is_fallible, is_last) {
        (true, true) => out.line(call),
        (true, false) => out.line(format!("{call}?;")),
        (false, _) => out.line(format!("{call};")),
    }
    is_fallible && is_last
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
            WireType::Bit => format!(".flag(\"{text}\", {ident})"),
            _ if field.secret => format!(".secret(\"{text}\", {ident})"),
            WireType::Shortstr => format!(".short_str(\"{text}\", {ident})"),
            WireType::Longstr => format!(".long_str(\"{text}\", {ident})"),
            WireType::Table => format!(".table(\"{text}\", {ident})"),
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

    fn field(name: &str, wire: WireType) -> Field {
        Field {
            name: name.to_owned(),
            domain: wire.name().to_owned(),
            wire,
            rust: None,
            present: crate::model::DIALECTS.into(),
            reserved: BTreeSet::new(),
            keep_received: false,
            secret: false,
            doc: String::new(),
        }
    }

    fn method(fields: Vec<Field>) -> Method {
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
        let all = BTreeSet::from(crate::model::DIALECTS);
        let one = BTreeSet::from([Dialect::V0_8]);
        let two = BTreeSet::from([Dialect::V0_9, Dialect::V0_9_1]);
        assert_eq!(among(&one, &all), "dialect == Dialect::V0_8");
        assert_eq!(among(&two, &all), "dialect != Dialect::V0_8");
        assert_eq!(
            among(&all, &all),
            "matches!(dialect, Dialect::V0_8 | Dialect::V0_9 | Dialect::V0_9_1)"
        );
    }

    #[test]
    fn numbers_that_differ_say_where() {
        let mut method = method(Vec::new());
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
