//! The members of a translated body, each with the fields that it comes from and the rule.

use serde::Serialize;
use vendors::document::what_becomes;
use vendors::json::{Kind, Limits, Value, read_value};
use vendors::{Dialect, Field, FieldPolicy, Path, Policies, Report, Request, Row, Support};

use crate::api::Preview;

/// A member of a body.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Member {
    /// Where it stands in the body.
    pub(crate) pointer: String,
    /// Its value, as JSON text.
    pub(crate) value: String,
    /// The canonical fields that it comes from.
    pub(crate) fields: Vec<&'static str>,
    /// The kind of rule: a word of the coverage matrix, or `added` for what the gateway sends besides.
    pub(crate) how: &'static str,
    /// The rule in words.
    pub(crate) rule: String,
    /// Whether another of the bodies that are shown lacks it or has another value.
    pub(crate) differs: bool,
}

/// What becomes of an applied field.
#[derive(Debug, Serialize)]
pub(crate) struct Applied {
    /// The field.
    pub(crate) field: &'static str,
    /// The kind of rule.
    pub(crate) how: &'static str,
    /// The vendor's names.
    pub(crate) wire: Vec<String>,
    /// The rule in words.
    pub(crate) rule: String,
}

/// What became of each applied field.
pub(super) fn applied(dialect: &'static Dialect, creates: bool, report: &Report) -> Vec<Applied> {
    let applied = report.applied.iter().map(|&field| {
        let (how, rule) = rule(dialect, creates, field);
        Applied { field: field.name(), how, wire: dialect.describe(field).wire, rule }
    });
    applied.collect()
}

/// The members of a translated body.
pub(super) fn members(dialect: &'static Dialect, policies: &Policies, creates: bool, preview: &Preview) -> Vec<Member> {
    let Ok(body) = read_value(preview.body.as_bytes(), Limits::VENDOR) else { return Vec::new() };
    let Request { report, sent, .. } = &preview.request;
    let mut reader =
        Reader { dialect, policies, creates, applied: &report.applied, options: &sent.options, out: Vec::new() };
    reader.object(body, &mut Vec::new());
    reader.out
}

/// The kind of rule of a field, and the rule in words.
fn rule(dialect: &'static Dialect, creates: bool, field: Field) -> (&'static str, String) {
    let is_of_creation = creates && !dialect.row(field).is_supported() && dialect.creation_row(field).is_some();
    match is_of_creation {
        true => (Support::Same.as_str(), "sent at the creation alone".to_owned()),
        false => (dialect.describe(field).support.as_str(), what_becomes(dialect, field)),
    }
}

struct Reader<'a> {
    dialect: &'static Dialect,
    policies: &'a Policies,
    creates: bool,
    applied: &'a [Field],
    options: &'a [String],
    out: Vec<Member>,
}

impl Reader<'_> {
    fn object(&mut self, object: Value<'_>, at: &mut Vec<String>) {
        for (key, value) in object.members() {
            at.push(key.into_owned());
            self.member(value, at);
            at.pop();
        }
    }

    fn member(&mut self, value: Value<'_>, at: &mut Vec<String>) {
        let is_nested = self.dialect.plan.is_some();
        let mut fields: Vec<_> = self.applied.iter().copied().filter(|field| self.stands_at(*field, at)).collect();
        if is_nested && fields.is_empty() {
            if value.kind() == Kind::Object && value.members().next().is_some() {
                return self.object(value, at);
            }
            // The way of a field leads through an array by the name of one of its elements.
            fields = self.applied.iter().copied().filter(|field| self.leads_through(*field, at)).collect();
        }
        let place = at.join(".");
        let is_option = self.options.iter().any(|option| {
            let below = option.strip_prefix(&*place).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            if is_nested { below } else { *option == place }
        });
        let (how, rule) = match fields.first() {
            Some(&field) => rule(self.dialect, self.creates, field),
            None if is_option => (Support::Merged.as_str(), "merged from `vendor_options`".to_owned()),
            None => ("added", "the gateway sends it with the fields beside it".to_owned()),
        };
        let mut fields: Vec<_> = fields.iter().map(|field| field.name()).collect();
        if fields.is_empty() && is_option {
            fields.push(Field::VendorOptions.name());
        }
        let value = value.text().to_owned();
        self.out.push(Member { pointer: pointer(at), value, fields, how, rule, differs: true });
    }

    fn row(&self, field: Field) -> &'static Row {
        let of_creation = self.creates.then(|| self.dialect.creation_row(field)).flatten();
        of_creation.unwrap_or_else(|| self.dialect.row(field))
    }

    fn stands_at(&self, field: Field, at: &[String]) -> bool {
        let row = self.row(field);
        match (self.dialect.plan, at) {
            (Some(_), _) => row.paths().any(|path| is_same(path, at)),
            (None, [key]) => {
                let is_sent = !row.is_supported() && self.policies.get(field) == Some(FieldPolicy::Send);
                is_sent && field.name() == key || row.wire_names(field).any(|name| name == key)
            }
            (None, _) => false,
        }
    }

    fn leads_through(&self, field: Field, at: &[String]) -> bool {
        self.row(field).paths().any(|path| path.get(..at.len()).is_some_and(|start| is_same(start, at)))
    }
}

fn is_same(path: Path, at: &[String]) -> bool {
    path.len() == at.len() && path.iter().zip(at).all(|(name, key)| name == key)
}

/// The pointer to a member.
fn pointer(at: &[String]) -> String {
    at.iter().fold("#".to_owned(), |pointer, key| {
        pointer + vendors::json::Pointer::Root.key(key).to_string().trim_start_matches('#')
    })
}

/// Marks the members that all of these bodies have with the same value.
pub(super) fn mark_shared(bodies: &mut [&mut Vec<Member>]) {
    if bodies.len() < 2 {
        return;
    }
    let counted = bodies.iter().flat_map(|members| members.iter());
    let mut counts = std::collections::HashMap::new();
    for member in counted {
        *counts.entry((member.pointer.clone(), member.value.clone())).or_insert(0_usize) += 1;
    }
    let all = bodies.len();
    for member in bodies.iter_mut().flat_map(|members| members.iter_mut()) {
        member.differs = counts.get(&(member.pointer.clone(), member.value.clone())) != Some(&all);
    }
}
