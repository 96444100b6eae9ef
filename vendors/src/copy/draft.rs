//! The fields on their way, and which of them the target would refuse: its own translation says so.

use std::collections::BTreeMap;

use crate::canonical::{Field, Shape, Update};
use crate::dialect::{Creation, Target, translate_creation};
use crate::item::{Item, ItemCode, Items, Note};
use crate::json::{Kind, Limits, Pointer, Value, read_value};
use crate::plan::{Run, Settings};

use super::binding::{MAX_ELEMENTS, catalog_of, is_id};
use super::tools::{self, shown};
use super::{AssistantCopy, CopyReport, IN_USE, OTHER_ACCOUNT, UNRESOLVED, note, note_of_beside, object};

/// The fields that are carried so far, and what became of the others.
pub(super) struct Draft<'a> {
    copy: &'a AssistantCopy<'a>,
    pub(super) carried: Vec<Carried>,
    pub(super) report: CopyReport,
    /// The fields whose names or ids lead to no single entry at the target, with the reason.
    pub(super) unresolved: Vec<(Field, String)>,
}

/// A field that is carried.
pub(super) struct Carried {
    pub(super) field: Field,
    content: Content,
    /// Whether something of it is lost.
    pub(super) is_part: bool,
}

/// The value of a field.
enum Content {
    /// As JSON text.
    Whole(String),
    /// A list, of which single elements can be lost.
    List(Vec<Part>),
}

/// An element of a list.
pub(super) struct Part {
    /// Its place in the source's list.
    pub(super) index: usize,
    /// Its value, as JSON text.
    pub(super) text: String,
}

impl Carried {
    /// The value as JSON text.
    pub(super) fn text(&self) -> String {
        match &self.content {
            Content::Whole(text) => text.clone(),
            Content::List(parts) => {
                let texts: Vec<_> = parts.iter().map(|part| &*part.text).collect();
                format!("[{}]", texts.join(","))
            }
        }
    }
}

impl<'a> Draft<'a> {
    /// Everything that the source tells and whose ids mean something at the target.
    pub(super) fn of(copy: &'a AssistantCopy<'a>) -> Self {
        let mut draft = Self { copy, carried: Vec::new(), report: CopyReport::default(), unresolved: Vec::new() };
        let limits = Limits { depth: Limits::CALLER.depth - 1, ..Limits::CALLER };
        for (field, text) in copy.told() {
            match read_value(text.as_bytes(), limits) {
                Ok(value) => draft.add(field, value),
                Err(error) => draft.report.dropped.push(note(field, ItemCode::NotAllowed.as_str(), error.to_string())),
            }
        }
        draft.add_beside();
        draft
    }

    /// Says what stands beside the lists of the source and is not carried.
    fn add_beside(&mut self) {
        let beside = self.copy.source.read.beside.iter().filter(|beside| self.copy.is_carried(beside.field));
        for beside in beside.take(MAX_ELEMENTS) {
            self.report.dropped.push(note_of_beside(beside));
            let mut carried = self.carried.iter_mut().filter(|carried| carried.field == beside.field);
            carried.next().into_iter().for_each(|carried| carried.is_part = true);
        }
    }

    /// Adds a field, if its ids can be carried.
    fn add(&mut self, field: Field, value: Value<'_>) {
        if field == Field::PhoneNumberId && !value.is_null() && self.is_inbound() {
            let detail = "a phone number serves one inbound assistant; send another one in `changes`".to_owned();
            return self.report.dropped.push(note(field, IN_USE, detail));
        }
        if !value.is_null() && self.copy.is_of_one_assistant(field) {
            let detail = "serves one assistant there; send another one in `changes`".to_owned();
            return self.report.dropped.push(note(field, IN_USE, detail));
        }
        if self.copy.is_of_other_vendor(field) {
            let title = self.copy.source.dialect.title;
            let detail = format!("has names of {title}'s own; send those of the other vendor in `changes`");
            return self.report.dropped.push(note(field, OTHER_ACCOUNT, detail));
        }
        let (content, lost) = match self.content(field, value) {
            Ok(found) => found,
            Err(why) => return self.unresolved.push((field, why)),
        };
        let is_part = !lost.is_empty();
        self.report.dropped.extend(lost);
        let is_lost = is_part && matches!(&content, Content::List(parts) if parts.is_empty());
        if !is_lost {
            self.carried.push(Carried { field, content, is_part });
        }
    }

    /// What a field has at the target, and which elements of a list are lost.
    ///
    /// # Errors
    /// Why its id leads to no entry there.
    fn content(&self, field: Field, value: Value<'_>) -> Result<(Content, Vec<Note>), String> {
        let passage = (!self.copy.is_same_account).then(|| self.copy.passage());
        // What the target does not have needs no look-up.
        let kind = catalog_of(field).filter(|_| self.copy.is_supported(field));
        let is_list = matches!(field.spec().shape, Shape::List(_)) && value.kind() == Kind::Array;
        let is_long = is_list && value.elements().nth(MAX_ELEMENTS).is_some();
        if is_long && (kind.is_some() || field == Field::Tools) {
            let detail = format!("has more than {MAX_ELEMENTS} elements, so that none of them is looked up");
            return Ok((Content::List(Vec::new()), vec![note(field, ItemCode::TooLong.as_str(), detail)]));
        }
        let is_list = is_list && !is_long;
        if is_list && field == Field::Tools {
            let (parts, lost) = tools::carry(value, passage.as_ref());
            return Ok((Content::List(parts), lost));
        }
        let carry = |id: Value<'_>| match (kind, &passage) {
            (Some(kind), Some(passage)) if is_id(id) => passage.carry(kind, id.text(), self.copy.has_text_ids(field)),
            _ => Ok(id.text().to_owned()),
        };
        if !is_list {
            return Ok((Content::Whole(carry(value)?), Vec::new()));
        }
        let (mut parts, mut lost) = (Vec::new(), Vec::new());
        for (index, element) in value.elements().enumerate() {
            match carry(element) {
                Ok(text) => parts.push(Part { index, text }),
                Err(why) => lost.push(note(field, UNRESOLVED, format!("{}: {why}", shown(field, index, element)))),
            }
        }
        Ok((Content::List(parts), lost))
    }

    /// Whether either of the two assistants takes calls.
    fn is_inbound(&self) -> bool {
        let of_source = self.copy.source.read.told(Field::Type) == Some("\"inbound\"");
        let of_copy = self.copy.changes.get(Field::Type);
        of_source || of_copy.is_some_and(|kind| kind.is_str("inbound"))
    }

    /// Drops what the target would refuse, until it refuses nothing. The mode of the changes counts, because rules
    /// depend on it.
    pub(super) fn vet(&mut self) {
        let mut mode = self.copy.changes.get(Field::Mode).filter(|mode| !mode.is_null());
        loop {
            let own = self.carried.iter().map(|carried| (carried.field.name(), carried.text()));
            let body = object(own.chain(mode.map(|mode| (Field::Mode.name(), mode.text().to_owned()))));
            match self.translated(&body) {
                Ok(notes) => {
                    self.carried.retain(|carried| !notes.iter().any(|note| note.field == carried.field.name()));
                    return self.report.dropped.extend(notes);
                }
                Err(refused) => {
                    if !self.settle(&refused) && mode.take().is_none() {
                        return;
                    }
                }
            }
        }
    }

    /// Drops what means nothing beside the other settings of the new assistant, of which the changes are a part.
    pub(super) fn vet_beside_changes(&mut self) {
        let (changes, target) = (self.copy.changes, Target { id: "", ..*self.copy.target });
        let creation = Creation { required: &[], nullable: &Field::ALL, ..*self.copy.creation };
        loop {
            let own = self.carried.iter().map(|carried| (carried.field.name(), carried.text()));
            let changed = changes.entries.iter().map(|entry| (&*entry.key, entry.value.text().to_owned()));
            let body = object(own.chain(changed));
            let Some(update) = Update::read(&body).ok() else { return };
            let Ok(request) = translate_creation(&update, &creation, &target) else { return };
            let settings = Settings::default();
            let refused = Run::create(target.dialect, &request, &settings).and_then(|mut run| run.next().err());
            if !refused.is_some_and(|refused| self.settle(&refused.items)) {
                return;
            }
        }
    }

    /// What the operator drops at the target.
    ///
    /// # Errors
    /// What the target refuses.
    fn translated(&self, body: &[u8]) -> Result<Vec<Note>, Items> {
        let update = Update::read(body).map_err(|_| Items::default())?;
        // What a new assistant lacks is found with the changes, and `null` of a field that the target lacks is lost.
        let creation = Creation { required: &[], nullable: &Field::ALL, ..*self.copy.creation };
        let request = translate_creation(&update, &creation, &self.copy.strict_target());
        request.map(|request| request.report.dropped).map_err(|refused| refused.items)
    }

    /// Takes out what was refused. Returns whether there was something.
    fn settle(&mut self, refused: &Items) -> bool {
        let mut is_settled = false;
        for carried in std::mem::take(&mut self.carried) {
            let is_of_field = |item: &&Item| item.field.as_deref() == Some(carried.field.name());
            let items: Vec<_> = refused.list.iter().filter(is_of_field).collect();
            is_settled |= !items.is_empty();
            let left = if items.is_empty() { Some(carried) } else { self.without(carried, &items) };
            self.carried.extend(left);
        }
        is_settled
    }

    /// The field without what was refused of it; `None` if nothing is left.
    fn without(&mut self, mut carried: Carried, items: &[&Item]) -> Option<Carried> {
        let field = carried.field;
        let parts = match &mut carried.content {
            Content::List(parts) if !parts.is_empty() => parts,
            Content::List(_) | Content::Whole(_) => {
                self.drop(field, items.first()?);
                return None;
            }
        };
        let mut by_part = BTreeMap::new();
        // With so many problems, each round would settle a few elements only.
        let is_hopeless = items.len() > Items::MAX / 2;
        for &item in items {
            let Some(at) = index_in(field, &item.pointer).filter(|at| !is_hopeless && *at < parts.len()) else {
                self.drop(field, item);
                return None;
            };
            by_part.entry(at).or_insert(item);
        }
        let mut at = 0..;
        parts.retain(|Part { index, text }| {
            let Some(item) = at.next().and_then(|at| by_part.get(&at)) else { return true };
            let name = match read_value(text.as_bytes(), Limits::VENDOR) {
                Ok(element) => shown(field, *index, element),
                Err(_) => field.name().to_owned(),
            };
            self.report.dropped.push(note(field, item.code.as_str(), format!("{name}: {}", item.detail)));
            false
        });
        carried.is_part = true;
        let is_left = matches!(&carried.content, Content::List(parts) if !parts.is_empty());
        is_left.then_some(carried)
    }

    fn drop(&mut self, field: Field, item: &Item) {
        match item.code {
            ItemCode::UnresolvedName => self.unresolved.push((field, item.detail.clone())),
            _ => self.report.dropped.push(lost(field, item)),
        }
    }
}

/// A field is lost for the reason that the target has against it, which says where in the field.
fn lost(field: Field, item: &Item) -> Note {
    let root = Pointer::Root.key(field.name()).to_string();
    let detail = match item.pointer.strip_prefix(&root).filter(|inside| !inside.is_empty()) {
        Some(inside) => format!("{inside}: {}", item.detail),
        None => item.detail.clone(),
    };
    note(field, item.code.as_str(), detail)
}

/// The index of the element that a pointer into a field leads to.
fn index_in(field: Field, pointer: &str) -> Option<usize> {
    let inside = pointer.strip_prefix(&*Pointer::Root.key(field.name()).to_string())?.strip_prefix('/')?;
    inside.split('/').next()?.parse().ok()
}
