//! Why an operation of a nested dialect is refused although its update was translated: what the vendor has stored does not fit.

use crate::canonical::Field;
use crate::dialect::{InvalidResponse, NullForm, Object, Path, Refused, holds};
use crate::item::{Item, ItemCode, Items};
use crate::json::{Limits, Pointer, Value, read_value};

use super::template::{object_in, scalar, value_in};
use super::{Run, Stage, path_of};

impl Run<'_> {
    /// Whether a field is sent in an object.
    pub(super) fn is_in(&self, field: Field, object: &Object) -> bool {
        if field == Field::VendorOptions {
            let is_inside = |path: &String| path.strip_prefix(object.name).is_some_and(|rest| rest.starts_with('.'));
            return self.options.iter().any(|path| object.name.is_empty() || is_inside(path));
        }
        let Ok(sparse) = read_value(&self.sparse, Limits::VENDOR) else { return false };
        let row = self.dialect.row(field);
        let of_null = if let NullForm::At(path) = row.null { Some(path) } else { None };
        let mut paths = row.paths().chain(of_null).filter(|path| path.starts_with(&path_of(object)));
        paths.any(|path| is_written(sparse, path))
    }

    /// The sent fields with a condition on a setting of an object.
    pub(super) fn conditions(&self, object: &Object) -> impl Iterator<Item = Field> {
        self.sent().filter(move |&field| {
            self.dialect.row(field).only.is_some_and(|only| only.path.starts_with(&path_of(object)))
        })
    }

    /// Refuses fields that have no meaning beside what is written, or else beside what the vendor has stored.
    pub(super) fn check_conditions(&self) -> Result<(), Refused> {
        let (sparse, told) = (read_value(&self.sparse, Limits::VENDOR).ok(), self.known());
        let told = std::str::from_utf8(&told).ok().and_then(value_in);
        let mut items = Items::default();
        for field in self.sent() {
            let Some(only) = self.dialect.row(field).only else { continue };
            let decides = sparse.filter(|sparse| sparse.at(only.path).is_some()).or(told);
            if decides.is_some_and(|decides| holds(self.dialect, only, decides)) {
                continue;
            }
            let has = decides.and_then(|decides| decides.at(only.path)).map_or("not set", Value::text);
            let (path, wanted) = (only.path.join("."), only.wanted());
            let detail = format!("{} knows it only where `{path}` is {wanted}; there it is {has}", self.dialect.title);
            items.push(Item::new(&Pointer::Root.key(field.name()), field, ItemCode::UnsupportedValue, detail));
        }
        if items.is_empty() { Ok(()) } else { Err(Refused { items, hints: Vec::new() }) }
    }

    /// Refuses options that set what a new assistant gets from the response to an earlier request.
    pub(super) fn check_creation(&self) -> Result<(), Refused> {
        let mut items = Items::default();
        for object in self.plan.objects {
            let members = object.create.map_or("{}", |create| create.members);
            for (key, _) in
                value_in(members).into_iter().flat_map(Value::members).filter(|(_, value)| is_filled(*value))
            {
                let path = [object.name, &*key].join(".");
                let path = path.trim_start_matches('.');
                let is_set = |option: &String| {
                    option.strip_prefix(path).is_some_and(|rest| matches!(rest.as_bytes().first(), None | Some(b'.')))
                };
                if self.options.iter().any(is_set) {
                    let detail = format!("`{path}` of a new assistant is set by its creation; set it in an update");
                    let pointer = Pointer::Root.key(Field::VendorOptions.name());
                    items.push(Item::new(&pointer, Field::VendorOptions, ItemCode::Conflict, detail));
                }
            }
        }
        if items.is_empty() { Ok(()) } else { Err(Refused { items, hints: Vec::new() }) }
    }

    /// Refuses the fields of an object that this assistant does not have.
    pub(super) fn without_object(&self, object: &Object) -> Refused {
        let missing = self.plan.objects.iter().flat_map(|object| object.captures);
        let missing = missing.filter(|capture| self.parameter(capture.name).is_none() && !capture.or_else.is_empty());
        let why = missing.map(|capture| capture.or_else).next().unwrap_or("has none");
        let mut items = Items::default();
        for field in self.sent().filter(|&field| self.is_in(field, object)) {
            let detail = format!("is kept in {} at {}, and this assistant {why}", object.title, self.dialect.title);
            items.push(Item::new(&Pointer::Root.key(field.name()), field, ItemCode::UnsupportedField, detail));
        }
        Refused { items, hints: Vec::new() }
    }

    /// Makes sure that the response to a read is the object that was asked for: what is written later keeps the rest of it.
    ///
    /// # Errors
    /// It has no id, or that of another object.
    pub fn check_identity(&self, body: &[u8]) -> Result<(), InvalidResponse> {
        let index = match self.stage {
            Stage::Read(index) => index,
            Stage::ReadAssigned(index) => return self.check_assigned(index, object_in(body)?),
            _ => return Ok(()),
        };
        let told = object_in(body)?;
        let created = self.plan.objects.get(index).and_then(|object| object.create);
        for capture in created.map_or(&[][..], |create| create.captures) {
            let Some(asked) = self.parameter(capture.name) else { continue };
            match told.at(capture.path).and_then(scalar) {
                None => return Err(InvalidResponse::Lacks(capture.path.join("."))),
                Some(id) if id != asked => return Err(InvalidResponse::OtherObject(capture.path.join("."))),
                Some(_) => {}
            }
        }
        Ok(())
    }

    pub(super) fn sent(&self) -> impl Iterator<Item = Field> {
        Field::ALL.into_iter().filter(|&field| self.fields.contains(field))
    }
}

/// Whether a sparse document has something at a path: a value, or `null` in place of what would hold it.
fn is_written(sparse: Value<'_>, path: Path) -> bool {
    let mut at = sparse;
    for name in path {
        match at.get(name) {
            Some(inner) => at = inner,
            None => return at.is_null(),
        }
    }
    true
}

/// Whether a member of a template has a parameter in it.
fn is_filled(value: Value<'_>) -> bool {
    value.as_str().is_some_and(|text| text.starts_with('{')) || value.members().any(|(_, inner)| is_filled(inner))
}
