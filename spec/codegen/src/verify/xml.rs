//! The official XML files, as far as they can be compared.

use anyhow::{Context as _, Result};
use roxmltree::{Document, Node};

#[derive(Debug)]
pub(super) struct Xml {
    pub(super) constants: Vec<Constant>,
    /// Name and type.
    pub(super) domains: Vec<(String, String)>,
    pub(super) classes: Vec<Class>,
}

#[derive(Debug)]
pub(super) struct Constant {
    pub(super) name: String,
    pub(super) value: u16,
    /// `soft-error`, `hard-error` or nothing.
    pub(super) class: String,
}

#[derive(Debug)]
pub(super) struct Class {
    pub(super) name: String,
    pub(super) id: u16,
    pub(super) handler: String,
    pub(super) properties: Vec<Field>,
    pub(super) methods: Vec<Method>,
}

#[derive(Debug)]
pub(super) struct Method {
    pub(super) name: String,
    pub(super) id: u16,
    pub(super) is_synchronous: bool,
    pub(super) has_content: bool,
    pub(super) responses: Vec<String>,
    /// `client` and `server`; the files name the receivers.
    pub(super) senders: Vec<&'static str>,
    pub(super) fields: Vec<Field>,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    /// The wire type, or a domain of the file if it is none.
    pub(super) wire: String,
    pub(super) is_reserved: bool,
}

pub(super) fn parse(text: &str) -> Result<Xml> {
    let document = Document::parse(text)?;
    let root = document.root_element();
    let domains = children(root, "domain")
        .map(|node| Ok((name(node)?, attribute(node, "type")?.to_owned())))
        .collect::<Result<Vec<_>>>()?;
    let constants = children(root, "constant")
        .map(|node| {
            Ok(Constant {
                name: name(node)?,
                value: attribute(node, "value")?.parse()?,
                class: regular(node.attribute("class").unwrap_or_default()),
            })
        })
        .collect::<Result<_>>()?;
    let classes =
        children(root, "class").map(|node| class(node, &domains)).collect::<Result<_>>()?;
    Ok(Xml { constants, domains, classes })
}

type Domains = [(String, String)];

fn class(node: Node<'_, '_>, domains: &Domains) -> Result<Class> {
    let name = name(node)?;
    let methods = children(node, "method")
        .map(|node| method(node, domains))
        .collect::<Result<_>>()
        .with_context(|| format!("in class {name}"))?;
    Ok(Class {
        name,
        id: attribute(node, "index")?.parse()?,
        handler: attribute(node, "handler")?.to_owned(),
        properties: fields(node, domains)?,
        methods,
    })
}

fn method(node: Node<'_, '_>, domains: &Domains) -> Result<Method> {
    let receivers: Vec<&str> =
        children(node, "chassis").map(|node| attribute(node, "name")).collect::<Result<_>>()?;
    let mut senders = Vec::new();
    if receivers.contains(&"server") {
        senders.push("client");
    }
    if receivers.contains(&"client") {
        senders.push("server");
    }
    Ok(Method {
        name: name(node)?,
        id: attribute(node, "index")?.parse()?,
        is_synchronous: node.attribute("synchronous") == Some("1"),
        has_content: node.attribute("content") == Some("1"),
        responses: children(node, "response").map(name).collect::<Result<_>>()?,
        senders,
        fields: fields(node, domains)?,
    })
}

fn fields(node: Node<'_, '_>, domains: &Domains) -> Result<Vec<Field>> {
    children(node, "field")
        .map(|node| {
            let domain = node
                .attribute("type")
                .or_else(|| node.attribute("domain"))
                .context("a field without type and domain")?;
            let domain = regular(domain);
            let wire = domains.iter().find(|(name, _)| *name == domain);
            Ok(Field {
                name: name(node)?,
                wire: wire.map_or(domain, |(_, wire)| wire.clone()),
                is_reserved: node.attribute("reserved") == Some("1"),
            })
        })
        .collect()
}

fn children<'a, 'input>(
    node: Node<'a, 'input>,
    tag: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(move |child| child.has_tag_name(tag))
}

fn name(node: Node<'_, '_>) -> Result<String> {
    attribute(node, "name").map(regular)
}

fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Result<&'a str> {
    node.attribute(name)
        .with_context(|| format!("<{}> has no attribute {name}", node.tag_name().name()))
}

/// The 0-8 file writes spaces where the later ones write hyphens, and so do slips in the others.
fn regular(name: &str) -> String {
    name.replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receivers_become_senders_and_domains_become_types() {
        let xml = parse(
            r#"<amqp><domain name="queue name" type="shortstr"/>
            <class name="queue" handler="channel" index="50">
              <method name="declare" synchronous="1" index="10">
                <chassis name="server" implement="MUST"/>
                <response name="declare-ok"/>
                <field name="ticket" type="short" reserved="1"/>
                <field name="queue" domain="queue name"/>
              </method>
            </class></amqp>"#,
        )
        .unwrap();
        let method = &xml.classes[0].methods[0];
        assert_eq!(method.senders, ["client"]);
        assert_eq!(method.responses, ["declare-ok"]);
        assert!(method.is_synchronous && !method.has_content);
        assert!(method.fields[0].is_reserved);
        assert_eq!(method.fields[1].wire, "shortstr");
    }

    #[test]
    fn a_missing_attribute_is_named() {
        let error = parse("<amqp><constant name='a'/></amqp>").unwrap_err();
        assert_eq!(error.to_string(), "<constant> has no attribute value");
    }
}
