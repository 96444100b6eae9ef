//! The other objects of a run, which are to name the assistant: each is addressed by an id that was sent.
//!
//! An object is read before anything is written, if its request needs what it tells, or something else is written before it: one
//! that does not exist is refused then while nothing has changed. It is written after the assistant.

use std::borrow::Cow;

use crate::canonical::{Field, FieldSet};
use crate::dialect::{Assignment, Call, Dialect, InvalidResponse, Refused, Request, Rule};
use crate::item::{Item, ItemCode, Items};
use crate::json::{Limits, Pointer, Value, push_string, read_value};

use super::template::scalar;
use super::{Goal, Purpose, Run, Step, UNKNOWN};

/// Another object that is to name the assistant.
#[derive(Debug)]
pub(super) struct Assigned {
    /// The field whose value is its id.
    pub(super) field: Field,
    by: &'static Assignment,
    id: String,
    /// What it told of itself.
    captured: Vec<(&'static str, String)>,
    /// Which of the others it names.
    other: Option<String>,
    /// Whether it names the assistant, once it was written.
    holds: Option<bool>,
}

impl Assigned {
    /// Whether it was written.
    pub(super) const fn is_written(&self) -> bool {
        self.holds.is_some()
    }
}

/// What of a sparse document is written to the objects of the assistant, and what to others.
pub(super) fn divided<'a>(dialect: &Dialect, sparse: &'a [u8], fields: FieldSet) -> (Cow<'a, [u8]>, Vec<Assigned>) {
    let assignment = |field: Field| match dialect.row(field).rule {
        Rule::Assigned(by) if fields.contains(field) => Some((field, by)),
        _ => None,
    };
    let document = read_value(sparse, Limits::VENDOR).ok();
    let assigned = |(field, by): (Field, &'static Assignment)| {
        let id = document?.at(by.place)?.as_str()?.into_owned();
        Some(Assigned { field, by, id, captured: Vec::new(), other: None, holds: None })
    };
    let assigned: Vec<_> = Field::ALL.into_iter().filter_map(assignment).filter_map(assigned).collect();
    if assigned.is_empty() {
        return (Cow::Borrowed(sparse), assigned);
    }
    let is_own = |name: &str| !assigned.iter().any(|assigned| assigned.by.place == [name]);
    let mut out = vec![b'{'];
    for (name, value) in document.into_iter().flat_map(Value::members).filter(|(name, _)| is_own(name)) {
        push_member(&mut out, &name, value.text().as_bytes());
    }
    out.push(b'}');
    (Cow::Owned(out), assigned)
}

impl Request {
    /// The body without what is written to other objects, which name the assistant.
    pub fn own_body(&self, dialect: &Dialect) -> Cow<'_, [u8]> {
        divided(dialect, &self.body, self.sent.fields).0
    }
}

impl Run<'_> {
    /// Whether an update writes other objects, and nothing to the assistant: it is read then, as what names an assistant that does
    /// not exist leads nowhere.
    pub(super) fn only_assigns(&self) -> bool {
        !self.assigned.is_empty() && !self.writes_assistant()
    }

    fn writes_assistant(&self) -> bool {
        self.goal == Goal::Create || self.plan.objects.iter().any(|object| self.sparse_part(object).is_some())
    }

    pub(super) fn reading_assigned(&mut self, index: usize) -> Result<Option<Step>, Refused> {
        let Some(assigned) = self.assigned.get(index) else { return Ok(None) };
        if self.goal == Goal::Create && index == 0 {
            self.check_conditions()?;
            self.check_creation()?;
        }
        let is_needed = assigned.by.is_always_read() || index > 0 || self.writes_assistant();
        Ok(is_needed.then(|| self.step_of(Purpose::Read, assigned, assigned.by.read, Vec::new())).flatten())
    }

    pub(super) fn assigning(&self, index: usize) -> Option<Step> {
        let assigned = self.assigned.get(index)?;
        let mut body = vec![b'{'];
        for (member, parameter) in assigned.by.members {
            let captured = assigned.captured.iter().find(|(name, _)| name == parameter).map(|(_, value)| &**value);
            if let Some(value) = captured.or_else(|| self.parameter(parameter)) {
                let mut text = Vec::with_capacity(value.len() + 2);
                push_string(&mut text, value);
                push_member(&mut body, member, &text);
            }
        }
        body.push(b'}');
        self.step_of(Purpose::Assign, assigned, assigned.by.write, body)
    }

    fn step_of(&self, purpose: Purpose, assigned: &Assigned, call: Call, body: Vec<u8>) -> Option<Step> {
        let Call { method, repeatable, .. } = call;
        let path = call.path_with(&|name| match name {
            name if name == assigned.field.name() => Some(assigned.id.clone()),
            _ => self.parameter(name).map(str::to_owned),
        })?;
        Some(Step { purpose, title: assigned.by.title, field: Some(assigned.field), method, path, body, repeatable })
    }

    /// Makes sure that a response is about the object that was asked for.
    pub(super) fn check_assigned(&self, index: usize, told: Value<'_>) -> Result<(), InvalidResponse> {
        let Some(assigned) = self.assigned.get(index) else { return Ok(()) };
        match told.at(assigned.by.id).and_then(scalar) {
            None => Err(InvalidResponse::Lacks(assigned.by.id.join("."))),
            Some(id) if id != assigned.id => Err(InvalidResponse::OtherObject(assigned.by.id.join("."))),
            Some(_) => Ok(()),
        }
    }

    /// Takes note of what an object tells of itself.
    pub(super) fn assigned_is_read(&mut self, index: usize, told: Value<'_>) -> Result<(), InvalidResponse> {
        let Some(assigned) = self.assigned.get_mut(index) else { return Ok(()) };
        for capture in assigned.by.captures {
            let value = told.at(capture.path).and_then(scalar);
            let value = value.ok_or_else(|| InvalidResponse::Lacks(capture.path.join(".")))?;
            assigned.captured.push((capture.name, value));
        }
        let other = assigned.by.others.iter().find(|path| told.at(path).is_some_and(|value| !value.is_null()));
        assigned.other = other.map(|path| path.join("."));
        Ok(())
    }

    /// Takes note of what an object tells after it was written.
    pub(super) fn is_assigned(&mut self, index: usize, told: Value<'_>) -> Result<(), InvalidResponse> {
        self.check_assigned(index, told)?;
        let id = self.parameter("id").map(str::to_owned);
        if let Some(assigned) = self.assigned.get_mut(index) {
            let named = told.at(assigned.by.names).and_then(scalar);
            assigned.holds = Some(named.is_some() && named == id);
        }
        Ok(())
    }

    /// Goes on as if an object had been read.
    pub(super) fn skip_assigned(&mut self, index: usize) {
        let Some(assigned) = self.assigned.get_mut(index) else { return };
        let captures = assigned.by.captures.iter();
        assigned.captured.extend(captures.map(|capture| (capture.name, UNKNOWN.to_owned())));
    }

    /// Refuses objects that name something else, too.
    pub(super) fn check_others(&self) -> Result<(), Refused> {
        let mut items = Items::default();
        for assigned in &self.assigned {
            let Some(other) = &assigned.other else { continue };
            let (vendor, noun) = (self.dialect.title, assigned.by.noun());
            let detail = format!(
                "this {noun} has `{other}`, and {vendor} does not say what answers where it has an assistant as well; take that \
                 off the {noun} first"
            );
            items.push(Item::new(
                &Pointer::Root.key(assigned.field.name()),
                assigned.field,
                ItemCode::UnsupportedValue,
                detail,
            ));
        }
        if items.is_empty() { Ok(()) } else { Err(Refused { items, hints: Vec::new() }) }
    }

    /// The fields that are written to other objects, and whether each object names the assistant now; `None` if it was not written.
    pub fn assigned(&self) -> impl Iterator<Item = (Field, &str, Option<bool>)> {
        self.assigned.iter().map(|assigned| (assigned.field, &*assigned.id, assigned.holds))
    }
}

fn push_member(out: &mut Vec<u8>, name: &str, json: &[u8]) {
    if out.len() > 1 {
        out.push(b',');
    }
    push_string(out, name);
    out.push(b':');
    out.extend_from_slice(json);
}
