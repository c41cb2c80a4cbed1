//! The enum over all methods.

use super::{Source, struct_path, variant};
use crate::{
    model::{Method, Protocol},
    names,
};

pub(super) fn emit(protocol: &Protocol) -> Source {
    let mut out = Source::new("A method of any kind.");
    out.line("use alloc::vec::Vec;");
    out.line("use core::fmt;");
    out.blank();
    let classes: Vec<&str> = protocol.classes.iter().map(|class| class.name.as_str()).collect();
    out.line(format!("use super::{{MethodKind, {}}};", classes.join(", ")));
    out.line("use crate::{");
    out.line("protocol::{AsMethod as _, Dialect},");
    out.line("wire::{DecodeError, EncodeError, TableLimits},");
    out.line("};");
    enumeration(&mut out, protocol);
    out.blank();
    out.line("impl<'a> Method<'a> {");
    read(&mut out, protocol);
    out.line("}");
    out.blank();
    out.line("impl Method<'_> {");
    kind(&mut out, protocol);
    empty(&mut out, protocol);
    no_wait(&mut out, protocol);
    encode(&mut out, protocol);
    out.line("}");
    display(&mut out, protocol);
    conversions(&mut out, protocol);
    out
}

fn enumeration(out: &mut Source, protocol: &Protocol) {
    out.blank();
    out.doc("A method of any kind, with its arguments.");
    out.line("#[derive(Debug, Clone, Copy, PartialEq, Eq)]");
    out.line("#[non_exhaustive]");
    out.line("pub enum Method<'a> {");
    for (class, method) in protocol.methods() {
        out.doc(&format!("`{}.{}`", class.name, method.name));
        out.line(format!("{}({}),", variant(class, method), struct_path(class, method, "'a")));
    }
    out.line("}");
}

fn read(out: &mut Source, protocol: &Protocol) {
    out.doc("Reads the payload of a method whose kind is known; nothing may be left.");
    out.line("#[inline]");
    out.line("pub(in crate::protocol) fn read(");
    out.line("kind: MethodKind, payload: &'a [u8], dialect: Dialect, limits: &TableLimits,");
    out.line(") -> Result<Self, DecodeError> {");
    out.line("// Each arm returns what it has read: the value is made where it is to be.");
    out.line("match kind {");
    for (class, method) in protocol.methods() {
        let variant = variant(class, method);
        let path = format!("{}::{}", class.name, names::pascal(&method.name));
        let arguments = arguments(method);
        out.line(format!(
            "MethodKind::{variant} => if let Some(method) = {path}::read(payload{arguments}) {{"
        ));
        out.line(format!("return Ok(Self::{variant}(method));"));
        out.line("},");
    }
    out.line("}");
    out.line("Err(kind.fault_in(payload, dialect, limits))");
    out.line("}");
}

/// What `read` takes besides the payload.
fn arguments(method: &Method) -> String {
    let mut text = String::new();
    if super::codec::varies_on_read(method) {
        text.push_str(", dialect");
    }
    if super::codec::is_limited(method) {
        text.push_str(", limits");
    }
    text
}

fn kind(out: &mut Source, protocol: &Protocol) {
    out.doc("Which method it is.");
    out.line("#[must_use]");
    out.line("#[inline]");
    out.line("pub const fn kind(&self) -> MethodKind {");
    out.line("match self {");
    for (class, method) in protocol.methods() {
        let variant = variant(class, method);
        out.line(format!("Self::{variant}(_) => MethodKind::{variant},"));
    }
    out.line("}");
    out.line("}");
}

fn empty(out: &mut Source, protocol: &Protocol) {
    out.blank();
    out.doc("The method of a kind with zeros, empty strings and cleared flags.");
    out.line("#[must_use]");
    out.line("pub fn empty(kind: MethodKind) -> Method<'static> {");
    out.line("match kind {");
    for (class, method) in protocol.methods() {
        let variant = variant(class, method);
        let path = format!("{}::{}", class.name, names::pascal(&method.name));
        let value = if method.visible().next().is_none() { "" } else { "::default()" };
        out.line(format!("MethodKind::{variant} => Method::{variant}({path}{value}),"));
    }
    out.line("}");
    out.line("}");
}

fn no_wait(out: &mut Source, protocol: &Protocol) {
    out.blank();
    out.doc("Whether it is a request that asks for no reply on success (`SYN-05`).");
    out.line("#[must_use]");
    out.line("pub const fn no_wait(&self) -> bool {");
    out.line("match self {");
    for (class, method) in protocol.methods() {
        if method.visible().any(|field| field.domain == "no-wait") {
            out.line(format!("Self::{}(m) => m.no_wait,", variant(class, method)));
        }
    }
    out.line("_ => false,");
    out.line("}");
    out.line("}");
}

fn encode(out: &mut Source, protocol: &Protocol) {
    out.blank();
    out.doc("Appends class id, method id and arguments to `out`: the payload of a method frame.");
    out.doc_more("# Errors");
    out.doc_more(
        "When the dialect lacks the method or a string is too long; `out` is then as before.",
    );
    out.line(
        "pub fn encode(&self, dialect: Dialect, out: &mut Vec<u8>) -> Result<(), EncodeError> {",
    );
    out.line("match self {");
    for (class, method) in protocol.methods() {
        out.line(format!("Self::{}(m) => m.encode(dialect, out),", variant(class, method)));
    }
    out.line("}");
    out.line("}");
}

fn display(out: &mut Source, protocol: &Protocol) {
    out.blank();
    out.doc("One line: the name, then every argument that is not zero, empty or cleared.");
    out.line("impl fmt::Display for Method<'_> {");
    out.line("fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {");
    out.line("match self {");
    for (class, method) in protocol.methods() {
        out.line(format!("Self::{}(m) => m.fmt(f),", variant(class, method)));
    }
    out.line("}");
    out.line("}");
    out.line("}");
}

fn conversions(out: &mut Source, protocol: &Protocol) {
    for (class, method) in protocol.methods() {
        let lifetime = if super::borrows(method) { ("<'a>", "'a") } else { ("", "'_") };
        let path = struct_path(class, method, "'a");
        let (generics, lifetime) = lifetime;
        out.blank();
        out.line(format!("impl{generics} From<{path}> for Method<{lifetime}> {{"));
        out.line("#[inline]");
        out.line(format!("fn from(method: {path}) -> Self {{"));
        out.line(format!("Self::{}(method)", variant(class, method)));
        out.line("}");
        out.line("}");
    }
}
