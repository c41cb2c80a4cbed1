//! The code that reads and writes the arguments of a method.

use std::collections::BTreeSet;

use super::{
    Source, borrows,
    layout::{Item, among, layout},
};
use crate::{
    data::{Dialect, WireType},
    model::{Class, Field, Method},
    names,
};

/// The function that reads all arguments and leaves none.
pub(super) fn read(out: &mut Source, class: &Class, method: &Method) {
    let name = names::pascal(&method.name);
    let (generics, input) = if borrows(method) { ("<'a>", "'a") } else { ("", "") };
    out.blank();
    out.line(format!("impl{generics} {name}{generics} {{"));
    out.line("/// Reads the payload behind the ids; nothing may be left (`MTH-05`).");
    out.line(if is_read_in_place(class, method) { "#[inline(always)]" } else { "#[inline]" });
    out.line("pub(crate) fn read(");
    out.line(format!("payload: &{input} [u8],"));
    if varies_on_read(method) {
        out.line("dialect: Dialect,");
    }
    if is_limited(method) {
        out.line("limits: &TableLimits,");
    }
    out.line(") -> Option<Self> {");
    let mutable = if method.fields.is_empty() { "" } else { "mut " };
    let has_text = method.fields.iter().any(|field| field.wire == WireType::Shortstr);
    let judging = if has_text { ".judging(limits.short_strings)" } else { "" };
    out.line(format!("let {mutable}r = Reader::behind_ids(payload){judging};"));
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
    out.line("r.finish()?;");
    let value =
        if values.is_empty() { String::new() } else { format!("{{ {} }}", values.join(", ")) };
    out.line(format!("Some(Self {value})"));
    out.line("}");
    out.line("}");
}

/// What clients read most is read in place. More of them would make `Method::read` so large that the
/// compiler moves it out of line, which costs every method a result that passes through memory.
fn is_read_in_place(class: &Class, method: &Method) -> bool {
    class.name == "basic" && method.name == "deliver"
}

/// Whether reading depends on limits.
pub(super) fn is_limited(method: &Method) -> bool {
    let limited = [WireType::Table, WireType::Shortstr];
    method.fields.iter().any(|field| limited.contains(&field.wire))
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
    let mut call = match field.wire {
        WireType::Bit | WireType::Octet => "r.u8()?".to_owned(),
        WireType::Short => "r.u16()?".to_owned(),
        WireType::Long => "r.u32()?".to_owned(),
        WireType::Longlong | WireType::Timestamp => "r.u64()?".to_owned(),
        WireType::Shortstr => "r.short_str()?".to_owned(),
        WireType::Longstr => "r.long_str()?".to_owned(),
        WireType::Table => "r.table(limits)?".to_owned(),
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
    out.line(format!("let {octet} = r.u8()?;"));
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

/// The arguments of `encode`, in the order of the wire.
pub(super) fn write(out: &mut Source, class: &Class, method: &Method) {
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
    let text = &field.name;
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

fn default_value(field: &Field) -> &'static str {
    match field.wire {
        WireType::Bit => "false",
        WireType::Shortstr => "ShortStr::default()",
        WireType::Longstr => "LongStr::default()",
        WireType::Table => "Table::default()",
        _ => "0",
    }
}

/// `Ok`, which in class `channel` is the name of a method.
fn ok(class: &Class) -> &'static str {
    if class.methods.iter().any(|method| method.name == "ok") { "Result::Ok" } else { "Ok" }
}
