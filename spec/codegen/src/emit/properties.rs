//! The properties of a content: the list, an accessor each, and the builder's setters.

use super::Source;
use crate::{
    data::WireType,
    model::{Field, Protocol},
    names,
};

pub(super) fn emit(protocol: &Protocol) -> Source {
    let mut out = Source::new("The properties of class `basic`.");
    let properties: Vec<&Field> =
        protocol.classes.iter().flat_map(|class| &class.properties).collect();
    out.line("use crate::{");
    out.line("protocol::{");
    out.line("Properties, PropertiesBuf,");
    out.line("argument::WireType,");
    out.line("properties::pass_short_strs,");
    out.line("},");
    out.line("wire::{EncodeError, Reader, ShortStr, Table, TableLimits},");
    out.line("};");
    enumeration(&mut out, &properties);
    accessors(&mut out, &properties);
    setters(&mut out, &properties);
    out
}

fn enumeration(out: &mut Source, properties: &[&Field]) {
    out.blank();
    out.doc("A property of a content, in the order of the flags from bit 15 down (`CNT-13`).");
    out.line("#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]");
    out.line("#[repr(u8)]");
    out.line("#[non_exhaustive]");
    out.line("pub enum Property {");
    for property in properties {
        out.doc(&property.doc);
        out.line(format!("{},", names::pascal(&property.name)));
    }
    out.line("}");
    out.blank();
    out.line("impl Property {");
    out.doc("All of them, in the order in which their values lie on the wire.");
    out.line("pub const ALL: &'static [Self] = &[");
    for property in properties {
        out.line(format!("Self::{},", names::pascal(&property.name)));
    }
    out.line("];");
    out.blank();
    out.doc("The flags that may be set: one per property.");
    let mask = properties.iter().enumerate().fold(0, |mask, (place, _)| mask | 0x8000 >> place);
    out.line(format!("pub(in crate::protocol) const FLAGS: u16 = {mask:#06x};"));
    out.blank();
    out.doc("The specification's name, such as `content-type`.");
    out.line("#[must_use]");
    out.line("pub const fn name(self) -> &'static str {");
    out.line("match self {");
    for property in properties {
        out.line(format!("Self::{} => \"{}\",", names::pascal(&property.name), property.name));
    }
    out.line("}");
    out.line("}");
    out.blank();
    out.line("#[inline]");
    out.line("pub(crate) const fn wire_type(self) -> WireType {");
    out.line("match self {");
    for property in properties {
        let wire = wire_type(property);
        out.line(format!("Self::{} => WireType::{wire},", names::pascal(&property.name)));
    }
    out.line("}");
    out.line("}");
    out.line("}");
}

fn accessors(out: &mut Source, properties: &[&Field]) {
    out.blank();
    out.line("impl<'a> Properties<'a> {");
    passes(out, properties);
    for property in properties {
        out.doc(&property.doc);
        out.line("#[must_use]");
        let ident = names::snake(&property.name);
        out.line(format!("pub fn {ident}(&self) -> Option<{}> {{", accessor_type(property)));
        let find = format!("self.find(Property::{})", names::pascal(&property.name));
        out.line(match property.wire {
            WireType::Octet => format!("{find}?.u8()"),
            WireType::Timestamp => format!("{find}?.u64()"),
            WireType::Table => format!("{find}?.checked_table()"),
            _ => format!("{find}?.short_str()"),
        });
        out.line("}");
        out.blank();
    }
    out.line("}");
}

/// Straight code, one step for each run of properties that lie on the wire in the same way: every
/// content header that arrives passes here, and which flags are set can't be predicted.
fn passes(out: &mut Source, properties: &[&Field]) {
    out.doc("Whether the values whose flags are set are there, and nothing else (`CNT-15`).");
    out.line("#[inline]");
    out.line("pub(in crate::protocol) fn passes(");
    out.line("flags: u16, mut r: Reader<'_>, limits: &TableLimits,");
    out.line(") -> bool {");
    let mut steps = Vec::new();
    let places: Vec<(usize, &Field)> = properties.iter().copied().enumerate().collect();
    for run in places.chunk_by(|(_, one), (_, next)| one.wire == next.wire) {
        let mask = run.iter().fold(0, |mask, (place, _)| mask | 0x8000_u32 >> place);
        let Some((_, first)) = run.first() else { continue };
        match first.wire {
            WireType::Octet | WireType::Timestamp => {
                let len = if first.wire == WireType::Octet { "" } else { "8 * " };
                let lens: Vec<String> = run
                    .iter()
                    .map(|(place, _)| {
                        format!("{len}usize::from(flags & {:#06x} != 0)", 0x8000_u32 >> place)
                    })
                    .collect();
                steps.push(format!("r.pass({})", lens.join(" + ")));
            }
            WireType::Table => {
                for (place, _) in run {
                    steps.push(format!(
                        "(flags & {:#06x} == 0 || r.table(limits).is_some())",
                        0x8000_u32 >> place
                    ));
                }
            }
            _ => steps.push(format!("pass_short_strs(&mut r, flags & {mask:#06x})")),
        }
    }
    steps.push("r.rest().is_empty()".to_owned());
    out.line(steps.join(" && "));
    out.line("}");
    out.blank();
}

fn setters(out: &mut Source, properties: &[&Field]) {
    out.blank();
    out.line("impl PropertiesBuf {");
    for property in properties {
        let name = names::plain_snake(&property.name);
        let variant = names::pascal(&property.name);
        let (value, call) = match property.wire {
            WireType::Octet => ("u8", format!("self.put(Property::{variant}, &[value])")),
            WireType::Timestamp => {
                ("u64", format!("self.put(Property::{variant}, &value.to_be_bytes())"))
            }
            WireType::Table => (
                "impl Into<Table<'v>>",
                format!("self.put_table(Property::{variant}, value.into())"),
            ),
            _ => (
                "impl Into<ShortStr<'v>>",
                format!("self.put_short_str(Property::{variant}, value.into())"),
            ),
        };
        let is_fallible = matches!(property.wire, WireType::Shortstr | WireType::Table);
        let generics = if is_fallible { "<'v>" } else { "" };
        out.blank();
        out.doc(&format!("Sets {}: {}", property.name, in_sentence(&property.doc)));
        errors(out, property);
        if is_fallible {
            out.line(format!(
                "pub fn set_{name}{generics}(&mut self, value: {value}) -> Result<&mut Self, EncodeError> {{"
            ));
            out.line(format!("{call}?;"));
            out.line("Ok(self)");
        } else {
            out.line(format!(
                "pub fn set_{name}{generics}(&mut self, value: {value}) -> &mut Self {{"
            ));
            out.line(format!("{call};"));
            out.line("self");
        }
        out.line("}");
        out.blank();
        out.doc(&format!("The same by value, for chains: see [`Self::set_{name}`]."));
        errors(out, property);
        let returned = if is_fallible { "Result<Self, EncodeError>" } else { "Self" };
        if !is_fallible {
            out.line("#[must_use]");
        }
        out.line(format!(
            "pub fn with_{name}{generics}(mut self, value: {value}) -> {returned} {{"
        ));
        if is_fallible {
            out.line(format!("self.set_{name}(value)?;"));
            out.line("Ok(self)");
        } else {
            out.line(format!("self.set_{name}(value);"));
            out.line("self");
        }
        out.line("}");
    }
    out.line("}");
}

/// A sentence as it reads behind a colon, unless it begins with a name in capitals.
fn in_sentence(doc: &str) -> String {
    let mut chars = doc.chars();
    match (chars.next(), chars.as_str()) {
        (Some(first), rest) if !rest.starts_with(|c: char| c.is_uppercase()) => {
            format!("{}{rest}", first.to_ascii_lowercase())
        }
        _ => doc.to_owned(),
    }
}

fn errors(out: &mut Source, property: &Field) {
    let text = match property.wire {
        WireType::Shortstr => "When it has more than 255 octets.",
        WireType::Table => "When its length does not fit four octets.",
        _ => return,
    };
    out.doc_more("# Errors");
    out.doc_more(text);
}

const fn wire_type(property: &Field) -> &'static str {
    match property.wire {
        WireType::Octet => "Octet",
        WireType::Timestamp => "LongLong",
        WireType::Table => "Table",
        _ => "ShortStr",
    }
}

const fn accessor_type(property: &Field) -> &'static str {
    match property.wire {
        WireType::Octet => "u8",
        WireType::Timestamp => "u64",
        WireType::Table => "Table<'a>",
        _ => "ShortStr<'a>",
    }
}
