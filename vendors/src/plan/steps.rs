//! The requests of a run, each made of what is known by then.

use crate::dialect::{Call, InvalidResponse, Object, Refused};
use crate::json::Value;

use super::splice::{needs_stored, overlaid, spliced};
use super::template::{filled, value_in};
use super::{Goal, Purpose, Run, Step, path_of};

impl Run<'_> {
    pub(super) fn reading(&mut self, index: usize) -> Result<Option<Step>, Refused> {
        let Some(object) = self.plan.objects.get(index) else { return Ok(None) };
        let written = self.sparse_part(object);
        let is_needed = match self.goal {
            Goal::Read => true,
            Goal::Update => {
                object.is_always_read
                    || self.only_assigns() && index == 0
                    || written.is_some_and(|written| needs_stored(self.dialect.splices, &path_of(object), written))
                    || self.conditions(object).next().is_some()
            }
            Goal::Create => false,
        };
        let (written, goal) = (written.is_some(), self.goal);
        if !is_needed && !written {
            return Ok(None);
        }
        match self.step(Purpose::Read, object, object.read, Vec::new()) {
            Some(step) => Ok(is_needed.then_some(step)),
            None if goal == Goal::Update && written => Err(self.without_object(object)),
            None => Ok(None),
        }
    }

    pub(super) fn drafting(&mut self) -> Result<Option<Step>, Refused> {
        self.check_conditions()?;
        let (Some(draft), Some(object)) = (self.plan.draft, self.plan.objects.first()) else { return Ok(None) };
        if !self.needs_draft() {
            return Ok(None);
        }
        Ok(self.filled(draft.body).and_then(|body| self.step(Purpose::Draft, object, draft.call, body)))
    }

    /// Whether what is to be written belongs to a published version.
    fn needs_draft(&self) -> bool {
        let told = self.told.first().and_then(|told| told.as_deref()).and_then(value_in);
        let is_published = |path| told.and_then(|told| told.at(path)).and_then(Value::as_bool) == Some(true);
        self.goal == Goal::Update && self.plan.draft.is_some_and(|draft| is_published(draft.is_published))
    }

    /// Makes sure that a draft can be asked for: its body needs what the object tells.
    pub(super) fn check_draft(&self) -> Result<(), InvalidResponse> {
        match self.plan.draft.filter(|_| self.needs_draft()) {
            Some(draft) => self.check_filled(draft.body),
            None => Ok(()),
        }
    }

    /// Makes sure that the publication can be asked for, which the account's configuration wants.
    pub(super) fn check_publishing(&self) -> Result<(), InvalidResponse> {
        let is_wanted = self.settings.publishes && self.goal == Goal::Update;
        match self.plan.publish.filter(|_| is_wanted) {
            Some(publish) => self.check_filled(publish.body),
            None => Ok(()),
        }
    }

    fn check_filled(&self, template: &str) -> Result<(), InvalidResponse> {
        let known = |name: &str| self.parameter(name).map(str::to_owned);
        filled(template, &known).map(|_| ()).map_err(|name| InvalidResponse::Lacks(name.to_owned()))
    }

    pub(super) fn writing(&mut self, index: usize) -> Result<Option<Step>, Refused> {
        let Some(object) = self.plan.objects.get(index) else { return Ok(None) };
        let sparse = self.sparse_part(object);
        if let Goal::Create = self.goal {
            return self.creating(object, sparse);
        }
        let Some(sparse) = sparse else { return Ok(None) };
        let stored = self.told.get(index).and_then(|told| told.as_deref()).and_then(value_in);
        let body = spliced(self.dialect.splices, &path_of(object), sparse, stored);
        match self.step(Purpose::Write, object, object.write, body) {
            Some(step) => Ok(Some(step)),
            None => Err(self.without_object(object)),
        }
    }

    fn creating(&self, object: &Object, sparse: Option<Value<'_>>) -> Result<Option<Step>, Refused> {
        if !self.is_begun() {
            self.check_conditions()?;
            self.check_creation()?;
        }
        let Some(create) = object.create else { return Ok(None) };
        let base = self.filled(create.members);
        let base = base.as_deref().and_then(|base| std::str::from_utf8(base).ok()).and_then(value_in);
        let Some(base) = base else { return Ok(None) };
        let sparse = sparse.or(value_in("{}")).unwrap_or(base);
        let body = overlaid(self.dialect.splices, &path_of(object), base, sparse);
        Ok(self.step(Purpose::Create, object, create.call, body))
    }

    pub(super) fn publishing(&mut self) -> Result<Option<Step>, Refused> {
        let (Some(publish), Some(object)) = (self.plan.publish, self.plan.objects.first()) else { return Ok(None) };
        if !self.settings.publishes || !self.has_changes {
            return Ok(None);
        }
        Ok(self.filled(publish.body).and_then(|body| self.step(Purpose::Publish, object, publish.call, body)))
    }

    /// A request; `None` if a parameter of its path is not known.
    fn step(&self, purpose: Purpose, object: &Object, call: Call, body: Vec<u8>) -> Option<Step> {
        let Call { method, repeatable, .. } = call;
        let path = call.path_with(&|name| self.parameter(name).map(str::to_owned))?;
        Some(Step { purpose, title: object.title, field: None, method, path, body, repeatable })
    }
}
