//! The arguments of each method as data: what to say of a payload that can't be read.

use super::{
    Source, dialect_path,
    layout::{Item, layout},
    variant,
};
use crate::{
    data::WireType,
    model::{Field, Method, Protocol},
};

pub(super) fn emit(protocol: &Protocol) -> Source {
    let mut out = Source::new("The arguments of each method, as data.");
    out.line("use crate::protocol::{Dialect, MethodKind, argument::{Argument, WireType}};");
    out.blank();
    out.line("impl MethodKind {");
    out.doc("In the order of the wire.");
    out.line("pub(crate) const fn arguments(self) -> &'static [Argument] {");
    out.line("match self {");
    for (class, method) in protocol.methods() {
        let arguments: Vec<String> = layout(method)
            .iter()
            .filter_map(|item| match item {
                Item::Value(field) => Some(argument(method, field)),
                Item::Bits(bits) => bits.first().map(|first| argument(method, first)),
            })
            .collect();
        out.line(format!("Self::{} => &[{}],", variant(class, method), arguments.join(", ")));
    }
    out.line("}");
    out.line("}");
    out.line("}");
    out
}

fn argument(method: &Method, field: &Field) -> String {
    let wire = match field.wire {
        WireType::Bit | WireType::Octet => "Octet",
        WireType::Short => "Short",
        WireType::Long => "Long",
        WireType::Longlong | WireType::Timestamp => "LongLong",
        WireType::Shortstr => "ShortStr",
        WireType::Longstr => "LongStr",
        WireType::Table => "Table",
    };
    let dialects = if field.present == method.dialects() {
        "Dialect::ALL".to_owned()
    } else {
        let paths: Vec<&str> = field.present.iter().map(|dialect| dialect_path(*dialect)).collect();
        format!("&[{}]", paths.join(", "))
    };
    let name = &field.name;
    format!("Argument {{ name: \"{name}\", wire: WireType::{wire}, dialects: {dialects} }}")
}
