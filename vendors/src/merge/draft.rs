//! A merged request under construction.

use crate::canonical::{Entry, Field, FieldSet, Update, check_modes};
use crate::dialect::{Dialect, Merging, Request, SentFields};
use crate::item::Items;
use crate::json::{Kind, Limits, Value, push_string, read_object};

use super::{Barrier, Part};

/// The updates that go together so far.
pub(super) struct Draft<'a> {
    dialect: &'a Dialect,
    /// The fields of each update that was added.
    pub(super) parts: Vec<FieldSet>,
    /// The first request, and why nothing can go with it.
    first: &'a Request,
    alone: Option<Barrier>,
    /// What is sent, each field once, the latest last.
    fields: Vec<Written<'a>>,
}

/// A field of a request: what the caller sent, and the members that were written for it.
#[derive(Clone)]
struct Written<'a> {
    canonical: Entry<'a>,
    field: Field,
    members: Vec<(&'static str, Value<'a>)>,
}

impl<'a> Draft<'a> {
    /// With one update, which may have to go alone.
    pub(super) fn new(dialect: &'a Dialect, first: &Part<'a>) -> Self {
        let (fields, alone) = match written(dialect, first) {
            Ok(fields) => (fields, None),
            Err(barrier) => (Vec::new(), Some(barrier)),
        };
        Self { dialect, parts: vec![first.request.sent.fields], first: first.request, alone, fields }
    }

    /// Adds the next update.
    ///
    /// # Errors
    /// It cannot go with those before it, and the draft is unchanged.
    pub(super) fn add(&mut self, part: &Part<'a>) -> Result<(), Barrier> {
        self.alone.map_or(Ok(()), Err)?;
        if (part.request.method, &part.request.path) != (self.first.method, &self.first.path) {
            return Err(Barrier::OtherRequest);
        }
        let added = written(self.dialect, part)?;
        let set: FieldSet = added.iter().map(|one| one.field).collect();
        let earlier: FieldSet = self.fields.iter().map(|one| one.field).collect();
        for one in &added {
            if merging(self.dialect)?.resetting.contains(&one.field) {
                return Err(Barrier::Reset(one.field));
            }
            if one.field.twin().is_some_and(|twin| earlier.contains(twin)) {
                return Err(Barrier::Twin(one.field));
            }
        }
        let kept = self.fields.iter().filter(|one| !set.contains(one.field)).cloned();
        let fields: Vec<_> = kept.chain(added).collect();
        check_across(&fields)?;
        self.parts.push(set);
        self.fields = fields;
        Ok(())
    }

    pub(super) fn body(&self) -> Vec<u8> {
        let mut body = vec![b'{'];
        for (key, value) in self.fields.iter().flat_map(|one| &one.members) {
            if body.len() > 1 {
                body.push(b',');
            }
            push_string(&mut body, key);
            body.push(b':');
            body.extend_from_slice(value.text().as_bytes());
        }
        body.push(b'}');
        body
    }

    pub(super) fn sent(&self) -> SentFields {
        SentFields { fields: self.fields.iter().map(|one| one.field).collect(), options: Vec::new() }
    }

    /// For each update, whether later ones have all its fields.
    pub(super) fn superseded(&self) -> Vec<bool> {
        let is_superseded = |(index, part): (usize, &FieldSet)| {
            let is_later = |field| self.parts.iter().skip(index + 1).any(|later| later.contains(field));
            let mut fields = Field::ALL.into_iter().filter(|&field| part.contains(field)).peekable();
            fields.peek().is_some() && fields.all(is_later)
        };
        self.parts.iter().enumerate().map(is_superseded).collect()
    }
}

fn merging(dialect: &Dialect) -> Result<&Merging, Barrier> {
    dialect.operations.merging.as_ref().ok_or(Barrier::Vendor)
}

/// The fields of a request, with the members of its body that each became.
///
/// # Errors
/// The request cannot go with any other.
fn written<'a>(dialect: &Dialect, part: &Part<'a>) -> Result<Vec<Written<'a>>, Barrier> {
    let (request, merging) = (part.request, merging(dialect)?);
    if request.method != dialect.operations.update.method {
        return Err(Barrier::OtherRequest);
    }
    if request.sent.fields.contains(Field::VendorOptions) || !request.sent.options.is_empty() {
        return Err(Barrier::Options);
    }
    let canonical = Update::read(part.canonical).map_err(|_| Barrier::Unreadable)?;
    let mut members = read_object(&request.body, Limits::VENDOR).map_err(|_| Barrier::Unreadable)?;
    let mut fields = Vec::with_capacity(request.report.applied.len());
    for &field in &request.report.applied {
        let entry = canonical.entries.iter().find(|entry| entry.field == Some(field)).ok_or(Barrier::Unreadable)?;
        let names = wire_names(dialect, field);
        let own: Vec<_> = members
            .iter()
            .filter_map(|(key, value)| Some((*names.iter().find(|name| **name == key.as_ref())?, *value)))
            .collect();
        members.retain(|(key, _)| !names.contains(&key.as_ref()));
        let is_replaced = merging.replaced.contains(&field) && dialect.row(field).is_supported();
        if own.iter().any(|(_, value)| matches!(value.kind(), Kind::Array | Kind::Object)) && !is_replaced {
            return Err(Barrier::Structure(field));
        }
        if own.is_empty() {
            return Err(Barrier::Unreadable);
        }
        fields.push(Written { canonical: entry.clone(), field, members: own });
    }
    let is_whole =
        members.is_empty() && fields.iter().map(|one| one.field).collect::<FieldSet>() == request.sent.fields;
    if is_whole { Ok(fields) } else { Err(Barrier::Unreadable) }
}

/// The vendor's names for a field. One that the vendor does not document is sent under its canonical name, if at all.
fn wire_names(dialect: &Dialect, field: Field) -> Vec<&'static str> {
    let row = dialect.row(field);
    if row.is_supported() { row.wire_names(field).collect() } else { vec![field.name()] }
}

/// Checks the rules across fields. Where a single update would only be warned that a field has no effect, the merged one is
/// refused: the vendor does not say what it does with such a field.
fn check_across(fields: &[Written<'_>]) -> Result<(), Barrier> {
    let entries: Vec<_> = fields.iter().map(|one| one.canonical.clone()).collect();
    let update = Update { entries, fields: fields.iter().map(|one| one.field).collect(), len: 0 };
    let (mut items, mut warnings) = (Items::default(), Vec::new());
    check_modes(&update, FieldSet::EMPTY, &mut items, &mut warnings);
    let refused = items.list.iter().filter_map(|item| item.field.as_deref());
    let named = refused.chain(warnings.iter().map(|note| &*note.field)).next();
    named.and_then(Field::from_name).map_or(Ok(()), |field| Err(Barrier::Conflict(field)))
}
