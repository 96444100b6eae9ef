//! Carries out an operation of a nested dialect, request by request, without sending anything itself.
//!
//! A [`Run`] says what comes next ([`Run::next`]) and takes the vendor's responses ([`Run::answered`]). It reads what has to
//! be known, makes a draft where the vendor has published versions, writes each object of the assistant that is to change,
//! publishes if the account is configured so, and makes other objects name the assistant. After a failure another run starts
//! from the beginning: every request but those of a creation has the same effect twice as once.

mod assigned;
mod refusals;
mod splice;
mod step;
mod steps;
mod template;

use std::borrow::Cow;

use crate::canonical::{Field, FieldSet};
use crate::dialect::{Capture, Dialect, InvalidResponse, Object, Plan, Refused, Request};
use crate::json::{Limits, Value, push_string, read_value};

use assigned::Assigned;
use template::{filled, object_in, scalar};

pub use step::{Purpose, Settings, Step};

/// What stands for a value that only a response would tell, where no request is sent.
const UNKNOWN: &str = "new";

/// What a run is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    Read,
    Update,
    Create,
}

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Read(usize),
    /// Another object, which is to name the assistant, is read.
    ReadAssigned(usize),
    Draft,
    /// So many objects are still to be written, the last of them next.
    Write(usize),
    Publish,
    Assign(usize),
    Done,
}

/// One operation on its way.
#[derive(Debug)]
pub struct Run<'a> {
    dialect: &'static Dialect,
    plan: &'static Plan,
    goal: Goal,
    stage: Stage,
    settings: &'a Settings,
    /// What is to be written to the objects of the assistant; an empty object for a read.
    sparse: Cow<'a, [u8]>,
    /// What is to be written to other objects.
    assigned: Vec<Assigned>,
    /// The fields in it.
    fields: FieldSet,
    /// The paths in it that `vendor_options` wrote.
    options: &'a [String],
    parameters: Vec<(&'static str, String)>,
    /// What the vendor told last of each object, as JSON text.
    told: Vec<Option<String>>,
    /// Which objects are written.
    written: Vec<bool>,
    /// Whether an object was written, or would have been.
    has_changes: bool,
    /// Whether what was written is published.
    is_published: bool,
}

impl<'a> Run<'a> {
    /// A run that reads an assistant; `None` in a flat dialect.
    pub fn read(dialect: &'static Dialect, id: &str, settings: &'a Settings) -> Option<Self> {
        Self::new(dialect, Some(id), Goal::Read, None, settings)
    }

    /// A run that carries out a translated update; `None` in a flat dialect.
    pub fn update(dialect: &'static Dialect, id: &str, request: &'a Request, settings: &'a Settings) -> Option<Self> {
        Self::new(dialect, Some(id), Goal::Update, Some(request), settings)
    }

    /// A run that makes an assistant; `None` in a flat dialect.
    pub fn create(dialect: &'static Dialect, request: &'a Request, settings: &'a Settings) -> Option<Self> {
        Self::new(dialect, None, Goal::Create, Some(request), settings)
    }

    fn new(
        dialect: &'static Dialect,
        id: Option<&str>,
        goal: Goal,
        request: Option<&'a Request>,
        settings: &'a Settings,
    ) -> Option<Self> {
        let plan = dialect.plan?;
        let count = plan.objects.len();
        let (sparse, fields): (&[u8], _) =
            request.map_or((b"{}", FieldSet::EMPTY), |request| (&request.body, request.sent.fields));
        let (sparse, assigned) = assigned::divided(dialect, sparse, fields);
        let options = request.map_or(&[][..], |request| &request.sent.options);
        let mut parameters = settings.parameters.clone();
        parameters.extend(id.map(|id| ("id", id.to_owned())));
        let stage = if goal == Goal::Create { Stage::ReadAssigned(0) } else { Stage::Read(0) };
        let (told, written) = (vec![None; count], vec![false; count]);
        let (has_changes, is_published) = (false, false);
        Some(Self {
            dialect,
            plan,
            goal,
            stage,
            settings,
            sparse,
            assigned,
            fields,
            options,
            parameters,
            told,
            written,
            has_changes,
            is_published,
        })
    }

    /// The next request; `None` if all is done. The last one must have been [`answered`](Self::answered).
    ///
    /// # Errors
    /// What the vendor told shows that it cannot hold what is to be written.
    #[expect(
        clippy::should_implement_trait,
        reason = "a run is no iterator: what comes next depends on the answer to the last"
    )]
    pub fn next(&mut self) -> Result<Option<Step>, Refused> {
        loop {
            let step = match self.stage {
                Stage::Read(index) => self.reading(index)?,
                Stage::ReadAssigned(index) => self.reading_assigned(index)?,
                Stage::Draft => {
                    self.check_others()?;
                    self.drafting()?
                }
                Stage::Write(0) => {
                    self.stage = Stage::Publish;
                    continue;
                }
                Stage::Write(left) => {
                    self.check_others()?;
                    self.writing(left - 1)?
                }
                Stage::Publish => self.publishing()?,
                Stage::Assign(index) => self.assigning(index),
                Stage::Done => return Ok(None),
            };
            if let Some(step) = step {
                return Ok(Some(step));
            }
            self.stage = self.following();
        }
    }

    /// Takes the response with a 2xx status to the last request.
    ///
    /// # Errors
    /// It is not what the vendor documents, or lacks what a later request needs.
    pub fn answered(&mut self, body: &[u8]) -> Result<(), InvalidResponse> {
        match self.stage {
            Stage::Read(index) => {
                self.learn(index, object_in(body)?)?;
                self.check_draft()?;
            }
            Stage::Draft => {
                let captures = self.plan.draft.map_or(&[][..], |draft| draft.captures);
                self.capture_all(captures, object_in(body)?)?;
            }
            Stage::Write(left) => {
                let (index, told) = (left - 1, object_in(body)?);
                self.has_changes = true;
                if let Some(written) = self.written.get_mut(index) {
                    *written = true;
                }
                self.learn(index, told)?;
                if index == 0 {
                    self.check_publishing()?;
                }
            }
            Stage::Publish => self.is_published = true,
            Stage::ReadAssigned(index) => self.assigned_is_read(index, object_in(body)?)?,
            Stage::Assign(index) => self.is_assigned(index, object_in(body)?)?,
            Stage::Done => {}
        }
        self.stage = self.following();
        Ok(())
    }

    /// Goes on as if the vendor had carried the last request out: for showing what would be sent. What only its response would
    /// tell is called `new`.
    pub fn skip(&mut self) {
        let object = |left: usize| left.checked_sub(1).and_then(|index| self.plan.objects.get(index));
        let captures = match self.stage {
            Stage::Draft => self.plan.draft.map_or(&[][..], |draft| draft.captures),
            Stage::Write(left) if self.goal == Goal::Create => {
                object(left).and_then(|object| object.create).map_or(&[][..], |create| create.captures)
            }
            _ => &[],
        };
        if let Stage::ReadAssigned(index) = self.stage {
            self.skip_assigned(index);
        }
        self.parameters.extend(captures.iter().map(|capture| (capture.name, UNKNOWN.to_owned())));
        self.has_changes |= matches!(self.stage, Stage::Write(_));
        self.is_published |= self.stage == Stage::Publish;
        self.stage = self.following();
    }

    /// The objects that were made, in words: "the LLM `llm_1`".
    pub fn made(&self) -> Vec<String> {
        let made = self.plan.objects.iter().zip(&self.written).filter(|(_, written)| **written);
        let named = made.filter_map(|(object, _)| {
            let id = object.create?.captures.iter().find_map(|capture| self.parameter(capture.name))?;
            Some(format!("{} `{id}`", object.title))
        });
        named.collect()
    }

    /// Whether another attempt has to read first: what it sends depends on what the vendor has stored, or it is one of several.
    /// What follows a creation is sent again by itself, as the creation is not.
    pub fn must_start_over(&self) -> bool {
        let is_several = self.plan.objects.len() > 1 || !self.assigned.is_empty();
        let is_apart = self.goal == Goal::Create && matches!(self.stage, Stage::Assign(_));
        !is_apart && (is_several || self.told.iter().any(Option::is_some))
    }

    /// The document, as far as the vendor has told it, as JSON.
    pub fn document(&self) -> Vec<u8> {
        self.document_of(self.told.iter().map(Option::as_deref))
    }

    /// What decides beside what is written: what the vendor has told, or the members that every new assistant has.
    fn known(&self) -> Vec<u8> {
        match self.goal {
            Goal::Create => {
                let creates = self.plan.objects.iter().map(|object| object.create);
                self.document_of(creates.map(|create| create.map(|create| create.members)))
            }
            Goal::Read | Goal::Update => self.document(),
        }
    }

    /// The document with these objects.
    fn document_of<'o>(&self, mut objects: impl Iterator<Item = Option<&'o str>>) -> Vec<u8> {
        if let [Object { name: "", .. }] = self.plan.objects {
            return objects.next().flatten().unwrap_or("{}").as_bytes().to_vec();
        }
        let mut out = vec![b'{'];
        for (object, text) in self.plan.objects.iter().zip(objects) {
            let Some(text) = text else { continue };
            if out.len() > 1 {
                out.push(b',');
            }
            push_string(&mut out, object.name);
            out.push(b':');
            out.extend_from_slice(text.as_bytes());
        }
        out.push(b'}');
        out
    }

    /// A parameter that the vendor has told, such as the id of a new assistant.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| &**value)
    }

    /// The fields in objects that are written, and those in objects that are not. One that sets nothing waits for nothing.
    pub fn applied_and_pending(&self) -> (Vec<Field>, Vec<Field>) {
        let sent = Field::ALL.into_iter().filter(|&field| self.fields.contains(field));
        sent.partition(|&field| {
            if let Some(assigned) = self.assigned.iter().find(|assigned| assigned.field == field) {
                return assigned.is_written();
            }
            self.plan.objects.iter().zip(&self.written).all(|(object, written)| *written || !self.is_in(field, object))
        })
    }

    /// Whether the responses so far tell what became of a field: a creation may be answered with an id alone.
    pub fn tells(&self, field: Field) -> bool {
        let is_told = |object: &Object| object.create.is_some_and(|create| create.is_told);
        self.goal != Goal::Create || self.plan.objects.iter().any(|one| is_told(one) && self.is_in(field, one))
    }

    /// Whether nothing follows the request that [`next`](Self::next) gave last.
    pub fn is_at_its_end(&self) -> bool {
        let publishes = self.plan.publish.is_some() && self.settings.publishes && self.goal == Goal::Update;
        match self.stage {
            Stage::Write(left) => {
                let rest = self.plan.objects.get(..left.saturating_sub(1)).unwrap_or_default();
                let is_written = |object: &Object| match self.goal {
                    Goal::Create => object.create.is_some(),
                    Goal::Read | Goal::Update => self.sparse_part(object).is_some(),
                };
                !publishes && !rest.iter().any(is_written) && self.assigned.is_empty()
            }
            Stage::Publish => self.assigned.is_empty(),
            Stage::Assign(index) => index + 1 >= self.assigned.len(),
            Stage::Done => true,
            Stage::Read(_) | Stage::ReadAssigned(_) | Stage::Draft => false,
        }
    }

    /// Whether an object was written.
    pub fn is_begun(&self) -> bool {
        self.written.contains(&true) || self.assigned.iter().any(Assigned::is_written)
    }

    /// The version that was written, or would have been, and is not published, if the vendor has such a step; `new` if it is not
    /// known.
    pub fn unpublished(&self) -> Option<&str> {
        let publish = self.plan.publish.filter(|_| self.has_changes && !self.is_published)?;
        Some(self.parameter(publish.version).unwrap_or(UNKNOWN))
    }

    /// What follows the present stage.
    fn following(&self) -> Stage {
        match self.stage {
            Stage::Read(index) if index + 1 < self.plan.objects.len() => Stage::Read(index + 1),
            Stage::Read(_) if self.goal == Goal::Read => Stage::Done,
            Stage::Read(_) => Stage::ReadAssigned(0),
            Stage::ReadAssigned(index) if index + 1 < self.assigned.len() => Stage::ReadAssigned(index + 1),
            Stage::ReadAssigned(_) if self.goal == Goal::Create => Stage::Write(self.plan.objects.len()),
            Stage::ReadAssigned(_) => Stage::Draft,
            Stage::Draft => Stage::Write(self.plan.objects.len()),
            Stage::Write(left) if left > 1 => Stage::Write(left - 1),
            Stage::Write(_) if self.goal == Goal::Create => Stage::Assign(0),
            Stage::Write(_) => Stage::Publish,
            Stage::Publish => Stage::Assign(0),
            Stage::Assign(index) if index + 1 < self.assigned.len() => Stage::Assign(index + 1),
            Stage::Assign(_) | Stage::Done => Stage::Done,
        }
    }

    /// Takes note of what the vendor tells of an object.
    fn learn(&mut self, index: usize, told: Value<'_>) -> Result<(), InvalidResponse> {
        let object = self.plan.objects.get(index);
        if let Some(known) = self.told.get_mut(index) {
            *known = Some(told.text().to_owned());
        }
        self.capture(object.map_or(&[], |object| object.captures), told);
        let created = object.and_then(|object| object.create).filter(|_| self.goal == Goal::Create);
        created.map_or(Ok(()), |create| self.capture_all(create.captures, told))
    }

    fn capture(&mut self, captures: &[Capture], told: Value<'_>) {
        for capture in captures {
            let value = told.at(capture.path).and_then(scalar);
            self.parameters.extend(value.map(|value| (capture.name, value)));
        }
    }

    /// The same where every one of them is needed.
    fn capture_all(&mut self, captures: &[Capture], told: Value<'_>) -> Result<(), InvalidResponse> {
        self.capture(captures, told);
        let missing = captures.iter().find(|capture| told.at(capture.path).and_then(scalar).is_none());
        missing.map_or(Ok(()), |capture| Err(InvalidResponse::Lacks(capture.path.join("."))))
    }

    /// The part of the sparse document for an object; `None` if nothing of it is written.
    fn sparse_part(&self, object: &Object) -> Option<Value<'_>> {
        let sparse = read_value(&self.sparse, Limits::VENDOR).ok()?;
        let part = if object.name.is_empty() { Some(sparse) } else { sparse.get(object.name) };
        part.filter(|part| part.members().next().is_some())
    }

    /// A template of JSON with its parameters; `None` if one of them is not known.
    fn filled(&self, template: &str) -> Option<Vec<u8>> {
        filled(template, &|name| self.parameter(name).map(str::to_owned)).ok()
    }
}

/// The path of an object in the document.
fn path_of(object: &Object) -> Vec<&'static str> {
    if object.name.is_empty() { Vec::new() } else { vec![object.name] }
}
