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

/// What measures the arguments, and what writes them in the order of the wire.
pub(super) fn write(out: &mut Source, class: &Class, method: &Method) {
    let items = layout(method);
    let measured = measured(method, &items);
    let dialect = if measured.contains("dialect") { "dialect" } else { "_" };
    out.line("#[inline]");
    out.line(format!(
        "fn arguments_len(&self, {dialect}: Dialect) -> Result<usize, EncodeError> {{"
    ));
    match measured.strip_suffix('?') {
        // A result already.
        Some(only) if !only.contains(" + ") => out.line(only),
        _ => out.line(format!("{}({measured})", ok(class))),
    }
    out.line("}");
    out.blank();
    out.line("#[inline]");
    let dialect = if varies_on_write(method) { "dialect" } else { "_" };
    let writer = if items.is_empty() { "_" } else { "w" };
    out.line(format!(
        "fn write_arguments(&self, {dialect}: Dialect, {writer}: &mut Writer<'_>) {{"
    ));
    for item in &items {
        write_item(out, method, item);
    }
    out.line("}");
}

/// Whether something of what is written depends on the dialect.
fn varies_on_write(method: &Method) -> bool {
    let dialects = method.dialects();
    method.fields.iter().any(|field| {
        field.present != dialects || (field.is_visible() && !field.reserved.is_empty())
    })
}

/// The sum of what the fields take.
fn measured(method: &Method, items: &[Item<'_>]) -> String {
    let dialects = method.dialects();
    let mut fixed = 0;
    let mut terms = Vec::new();
    for item in items {
        let Item::Value(field) = item else {
            fixed += 1;
            continue;
        };
        let len = match field.wire {
            WireType::Bit | WireType::Octet => 1,
            WireType::Short => 2,
            WireType::Long => 4,
            WireType::Longlong | WireType::Timestamp => 8,
            WireType::Shortstr | WireType::Longstr | WireType::Table => 0,
        };
        let function = match field.wire {
            WireType::Shortstr => "short_str_len",
            WireType::Longstr => "long_str_len",
            WireType::Table => "table_len",
            _ => "",
        };
        let term = match len {
            0 => format!("{function}(\"{}\", {})?", field.name, value_of(method, field)),
            _ => len.to_string(),
        };
        if field.present != dialects {
            let present = among(&field.present, &dialects);
            terms.push(format!("if {present} {{ {term} }} else {{ 0 }}"));
        } else if len == 0 {
            terms.push(term);
        } else {
            fixed += len;
        }
    }
    if fixed > 0 || terms.is_empty() {
        terms.insert(0, fixed.to_string());
    }
    terms.join(" + ")
}

fn write_item(out: &mut Source, method: &Method, item: &Item<'_>) {
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
        }
        Item::Value(field) => write_value(out, method, field),
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

fn write_value(out: &mut Source, method: &Method, field: &Field) {
    let dialects = method.dialects();
    let value = value_of(method, field);
    let function = match field.wire {
        WireType::Bit | WireType::Octet => "u8",
        WireType::Short => "u16",
        WireType::Long => "u32",
        WireType::Longlong | WireType::Timestamp => "u64",
        WireType::Shortstr => "short_str",
        WireType::Longstr => "long_str",
        WireType::Table => "table",
    };
    if field.is_visible() && !field.reserved.is_empty() {
        out.line("// MTH-06");
    }
    if field.present != dialects {
        let present = among(&field.present, &dialects);
        out.line(format!("if {present} {{ w.{function}({value}); }}"));
    } else {
        out.line(format!("w.{function}({value});"));
    }
}

/// What is written: where a dialect has reserved the field, its default (`MTH-06`).
fn value_of(method: &Method, field: &Field) -> String {
    let default = default_value(field);
    if !field.is_visible() {
        return default.to_owned();
    }
    let inner = if field.rust.is_some() { ".0" } else { "" };
    let value = format!("self.{}{inner}", names::snake(&field.name));
    if field.reserved.is_empty() {
        return value;
    }
    let reserved = among(&field.reserved, &method.dialects());
    format!("if {reserved} {{ {default} }} else {{ {value} }}")
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
