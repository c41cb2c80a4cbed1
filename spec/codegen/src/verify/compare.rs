//! Finds what our data and a file say differently, in both directions.

use std::collections::BTreeSet;

use super::{Aspect, Finding, xml};
use crate::{
    data::{Dialect, Severity, Side},
    model::{Class, Field, Method, Protocol},
};

pub(super) fn compare(
    protocol: &Protocol,
    dialect: Dialect,
    theirs: &xml::Xml,
    file: &str,
) -> Vec<Finding> {
    let mut comparison = Comparison { dialect, file, findings: Vec::new() };
    comparison.constants(protocol, theirs);
    comparison.domains(protocol, theirs);
    comparison.classes(protocol, theirs);
    comparison.findings
}

struct Comparison<'a> {
    dialect: Dialect,
    file: &'a str,
    findings: Vec<Finding>,
}

impl Comparison<'_> {
    fn find(&mut self, subject: &str, aspect: Aspect, ours: &str, theirs: &str) {
        self.findings.push(Finding {
            file: self.file.to_owned(),
            subject: subject.to_owned(),
            aspect,
            ours: ours.to_owned(),
            theirs: theirs.to_owned(),
        });
    }

    /// Finds a difference if the two are not the same.
    fn same(&mut self, subject: &str, aspect: Aspect, ours: &str, theirs: &str) {
        if ours != theirs {
            self.find(subject, aspect, ours, theirs);
        }
    }

    fn only_ours(&mut self, subject: &str) {
        self.find(subject, Aspect::OnlyOurs, "there", "absent");
    }

    fn only_theirs(&mut self, subject: &str) {
        self.find(subject, Aspect::OnlyTheirs, "absent", "there");
    }

    fn constants(&mut self, protocol: &Protocol, theirs: &xml::Xml) {
        for ours in &protocol.constants {
            let subject = format!("constant {}", ours.name);
            let Some(theirs) = theirs.constants.iter().find(|c| c.name == ours.name) else {
                self.only_ours(&subject);
                continue;
            };
            let (value, their_value) = (ours.value.to_string(), theirs.value.to_string());
            self.same(&subject, Aspect::Value, &value, &their_value);
            let severity = match ours.severity {
                Some(Severity::Soft) => "soft-error",
                Some(Severity::Hard) => "hard-error",
                None => "",
            };
            self.same(&subject, Aspect::Severity, severity, &theirs.class);
        }
        for theirs in &theirs.constants {
            if !protocol.constants.iter().any(|ours| ours.name == theirs.name) {
                self.only_theirs(&format!("constant {}", theirs.name));
            }
        }
    }

    fn domains(&mut self, protocol: &Protocol, theirs: &xml::Xml) {
        for ours in &protocol.domains {
            let subject = format!("domain {}", ours.name);
            match theirs.domains.iter().find(|(name, _)| *name == ours.name) {
                Some((_, wire)) => self.same(&subject, Aspect::Type, ours.wire.name(), wire),
                None => self.only_ours(&subject),
            }
        }
        for (name, _) in &theirs.domains {
            if !protocol.domains.iter().any(|ours| ours.name == *name) {
                self.only_theirs(&format!("domain {name}"));
            }
        }
    }

    fn classes(&mut self, protocol: &Protocol, theirs: &xml::Xml) {
        for ours in &protocol.classes {
            let subject = format!("class {}", ours.name);
            let Some(theirs) = theirs.classes.iter().find(|class| class.id == ours.id) else {
                self.only_ours(&subject);
                continue;
            };
            self.same(&subject, Aspect::Name, &ours.name, &theirs.name);
            let handler = if ours.channel_zero { "connection" } else { "channel" };
            self.same(&subject, Aspect::ChannelZero, handler, &theirs.handler);
            let properties: Vec<&Field> = ours.properties.iter().collect();
            self.fields("property", &ours.name, &properties, &theirs.properties);
            self.methods(ours, theirs);
        }
        for theirs in &theirs.classes {
            if !protocol.classes.iter().any(|ours| ours.id == theirs.id) {
                self.only_theirs(&format!("class {}", theirs.name));
            }
        }
    }

    fn methods(&mut self, ours: &Class, theirs: &xml::Class) {
        for method in &ours.methods {
            let Some(id) = method.ids.get(&self.dialect) else {
                continue;
            };
            let name = format!("{}.{}", ours.name, method.name);
            match theirs.methods.iter().find(|theirs| theirs.id == *id) {
                Some(other) => self.method(&name, (ours, method), (theirs, other)),
                None => self.only_ours(&format!("method {name}")),
            }
        }
        for other in &theirs.methods {
            let is_ours = ours.methods.iter().any(|m| m.ids.get(&self.dialect) == Some(&other.id));
            if !is_ours {
                self.only_theirs(&format!("method {}.{}", ours.name, other.name));
            }
        }
    }

    fn method(
        &mut self,
        name: &str,
        (our_class, ours): (&Class, &Method),
        (their_class, theirs): (&xml::Class, &xml::Method),
    ) {
        let subject = format!("method {name}");
        self.same(&subject, Aspect::Name, &ours.name, &theirs.name);
        let (synchronous, theirs_is) = (ours.synchronous, theirs.is_synchronous);
        self.same(&subject, Aspect::Synchronous, yes_no(synchronous), yes_no(theirs_is));
        self.same(&subject, Aspect::Content, yes_no(ours.content), yes_no(theirs.has_content));
        let senders: Vec<&str> = ours
            .senders
            .iter()
            .map(|side| match side {
                Side::Client => "client",
                Side::Server => "server",
            })
            .collect();
        self.same(&subject, Aspect::Senders, &senders.join(" "), &theirs.senders.join(" "));
        // By number, since files differ in the names.
        let replies: BTreeSet<u16> = ours
            .replies
            .iter()
            .filter_map(|name| our_class.methods.iter().find(|m| m.name == *name))
            .filter_map(|reply| reply.ids.get(&self.dialect).copied())
            .collect();
        let responses: BTreeSet<u16> = theirs
            .responses
            .iter()
            .filter_map(|name| their_class.methods.iter().find(|m| m.name == *name))
            .map(|reply| reply.id)
            .collect();
        self.same(&subject, Aspect::Replies, &format!("{replies:?}"), &format!("{responses:?}"));
        let fields: Vec<&Field> =
            ours.fields.iter().filter(|field| field.present.contains(&self.dialect)).collect();
        self.fields("field", name, &fields, &theirs.fields);
    }

    /// Compares by place: a name that differs is a finding, not another field.
    fn fields(&mut self, what: &str, owner: &str, ours: &[&Field], theirs: &[xml::Field]) {
        for (field, other) in ours.iter().zip(theirs) {
            let subject = format!("{what} {owner}.{}", field.name);
            self.same(&subject, Aspect::Name, &field.name, &other.name);
            self.same(&subject, Aspect::Type, field.wire.name(), &other.wire);
            let reserved = field.reserved.contains(&self.dialect);
            // Properties are reserved by name alone.
            if what == "field" {
                let (ours, theirs) = (yes_no(reserved), yes_no(other.is_reserved));
                self.same(&subject, Aspect::Reserved, ours, theirs);
            }
        }
        for field in ours.iter().skip(theirs.len()) {
            self.only_ours(&format!("{what} {owner}.{}", field.name));
        }
        for other in theirs.iter().skip(ours.len()) {
            self.only_theirs(&format!("{what} {owner}.{}", other.name));
        }
    }
}

const fn yes_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}
