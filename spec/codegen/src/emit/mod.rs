//! The text of the generated files, before `rustfmt`.

mod argument;
mod class;
mod codec;
mod kind;
mod layout;
mod method;
mod properties;
mod reply_code;
mod source;

pub(crate) use source::Source;

use crate::{
    data::Dialect,
    model::{Class, Method, Protocol},
    names,
};

/// A generated file: its name and its text.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) text: String,
}

pub(crate) fn files(protocol: &Protocol) -> Vec<File> {
    let mut files = vec![
        file("mod", root(protocol)),
        file("argument", argument::emit(protocol)),
        file("kind", kind::emit(protocol)),
        file("method", method::emit(protocol)),
        file("properties", properties::emit(protocol)),
        file("reply_code", reply_code::emit(protocol)),
    ];
    files.extend(protocol.classes.iter().map(|class| file(&class.name, class::emit(class))));
    files
}

fn file(stem: &str, source: Source) -> File {
    File { name: format!("{stem}.rs"), text: source.into_text() }
}

fn root(protocol: &Protocol) -> Source {
    let mut out = Source::new("What `spec/` says, as Rust.");
    for module in ["argument", "kind", "method", "properties", "reply_code"] {
        out.line(format!("mod {module};"));
    }
    for class in &protocol.classes {
        out.blank();
        out.line("#[expect(");
        out.line("clippy::exhaustive_structs,");
        out.line(
            "reason = \"the specification fixes the fields; users write `..Default::default()`\"",
        );
        out.line(")]");
        out.line(format!("pub mod {};", class.name));
    }
    out.blank();
    out.line("pub(in crate::protocol) use kind::INFO;");
    out.line("pub use kind::MethodKind;");
    out.line("pub use method::Method;");
    out.line("pub use properties::Property;");
    out
}

/// `QueueDeclareOk`, the method's name among all methods.
fn variant(class: &Class, method: &Method) -> String {
    names::pascal(&class.name) + &names::pascal(&method.name)
}

const fn dialect_path(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::V0_8 => "Dialect::V0_8",
        Dialect::V0_9 => "Dialect::V0_9",
        Dialect::V0_9_1 => "Dialect::V0_9_1",
    }
}

/// The type of a method's struct, seen from outside of its module.
fn struct_path(class: &Class, method: &Method, lifetime: &str) -> String {
    let generics = if borrows(method) { format!("<{lifetime}>") } else { String::new() };
    format!("{}::{}{generics}", class.name, names::pascal(&method.name))
}

fn borrows(method: &Method) -> bool {
    method.visible().any(crate::model::Field::borrows)
}
