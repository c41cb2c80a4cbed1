//! The reply codes with a name.

use super::Source;
use crate::{
    data::{Constant, ConstantKind, Severity},
    model::Protocol,
    names,
};

pub(super) fn emit(protocol: &Protocol) -> Source {
    let codes: Vec<&Constant> =
        protocol.constants.iter().filter(|c| c.kind == ConstantKind::Reply).collect();
    let mut out = Source::new("The reply codes that have a name.");
    out.line("use crate::protocol::ReplyCode;");
    out.blank();
    out.line("impl ReplyCode {");
    for code in &codes {
        out.doc(&code.doc);
        let name = names::shouty(&code.name);
        out.line(format!("pub const {name}: Self = Self({});", code.value));
    }
    out.blank();
    out.doc("The specification's name, such as `frame-error`; `None` for codes without one.");
    out.line("#[must_use]");
    out.line("pub const fn name(self) -> Option<&'static str> {");
    out.line("Some(match self {");
    for code in &codes {
        out.line(format!("Self::{} => \"{}\",", names::shouty(&code.name), code.name));
    }
    out.line("_ => return None,");
    out.line("})");
    out.line("}");
    out.blank();
    out.doc("Whether it ends a channel and leaves the connection open (`RC-01`).");
    severity(&mut out, &codes, "is_soft", Severity::Soft);
    out.blank();
    out.doc("Whether it ends the connection (`RC-01`).");
    severity(&mut out, &codes, "is_hard", Severity::Hard);
    out.line("}");
    out
}

fn severity(out: &mut Source, codes: &[&Constant], function: &str, severity: Severity) {
    let paths: Vec<String> = codes
        .iter()
        .filter(|code| code.severity == Some(severity))
        .map(|code| format!("Self::{}", names::shouty(&code.name)))
        .collect();
    out.line("#[must_use]");
    out.line(format!("pub const fn {function}(self) -> bool {{"));
    out.line(format!("matches!(self, {})", paths.join(" | ")));
    out.line("}");
}
