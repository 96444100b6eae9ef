//! The translation of an update into a vendor's request.

use crate::canonical::{
    Bounds, Entry, Field, FieldSet, Update, check_modes, check_redacted, check_shape, check_twins, check_value,
};
use crate::dialect::{Call, Creation, Limit, Literal, Row, Rule, SentFields};
use crate::item::{Item, ItemCode, Items, Note, Report};
use crate::json::{Kind, Pointer, Value, excerpt};

use super::creation::check_required;
use super::lookup::write_lookup;
use super::nested::write_nested;
use super::unsupported::refuse_unsupported;
use super::vendor_options::OptionsMerger;
use super::{Body, CatalogHint, FieldPolicy, FieldWriter, Handling, Target};

/// Room for each entry besides its own text: the vendor's names are longer by less.
const EXTRA_BYTES_PER_ENTRY: usize = 32;

/// Longest unknown key that a message repeats, in bytes.
const MAX_QUOTED_BYTES: usize = 128;

/// How many unknown keys get a suggestion; each costs a comparison with all fields.
const MAX_SUGGESTIONS: usize = 100;

/// The code of a warning about `vendor_options` for another account.
pub(super) const OTHER_VENDOR: &str = "other_vendor";

/// A vendor's request, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The HTTP method.
    pub method: &'static str,
    /// Whether it may be sent again after it may have arrived.
    pub repeatable: bool,
    /// The path below the base URL.
    pub path: String,
    /// The JSON body.
    pub body: Vec<u8>,
    /// What happened to each field.
    pub report: Report,
    /// Which fields the body contains, for [`normalize_error`](crate::normalize_error).
    pub sent: SentFields,
}

impl Request {
    /// Whether nothing of the update is left to send.
    pub fn is_empty(&self) -> bool {
        self.body == b"{}"
    }
}

/// An update that is not sent, with all reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The reasons.
    pub items: Items,
    /// What operators can do about names and ids that are in no catalog.
    pub hints: Vec<CatalogHint>,
}

/// Translates an update for one vendor. One pass finds every problem of the update.
///
/// # Errors
/// The update breaks a canonical rule, or contains something that the vendor does not support and `target` does not drop.
pub fn translate_request(update: &Update<'_>, target: &Target<'_>) -> Result<Request, Refused> {
    translate(update, target, target.dialect.operations.update, None)
}

/// Translates the fields of a new assistant for one vendor. `target.id` is not used. A field that is `null` is absent,
/// unless the vendor documents `null` for it.
///
/// # Errors
/// As [`translate_request`], and a field is missing that the vendor requires.
pub fn translate_creation(update: &Update<'_>, creation: &Creation, target: &Target<'_>) -> Result<Request, Refused> {
    translate(&update.without_nulls(creation.nullable), target, creation.call, Some(creation))
}

fn translate(
    update: &Update<'_>,
    target: &Target<'_>,
    call: Call,
    creation: Option<&Creation>,
) -> Result<Request, Refused> {
    let capacity = update.len + update.entries.len() * EXTRA_BYTES_PER_ENTRY;
    let mut translation = Translation {
        target,
        update,
        creation,
        body: Body::with_capacity(capacity),
        items: Items::default(),
        hints: Vec::new(),
        report: Report { applied: Vec::with_capacity(update.entries.len()), ..Report::default() },
    };
    for entry in &update.entries {
        translation.entry(entry);
    }
    match target.dialect.plan {
        // Its modes are others; its rows say where a field has a meaning.
        Some(_) => check_twins(update, &mut translation.items),
        None => {
            check_modes(update, target.policies.sent(), &mut translation.items, &mut translation.report.warnings);
        }
    }
    if let Some(creation) = creation {
        check_required(update, creation, target.dialect.title, &mut translation.items);
    }
    translation.finish(update, call)
}

struct Translation<'a> {
    target: &'a Target<'a>,
    update: &'a Update<'a>,
    /// The creation, if this is none of an update.
    creation: Option<&'a Creation>,
    body: Body,
    items: Items,
    hints: Vec<CatalogHint>,
    report: Report,
}

impl Translation<'_> {
    fn entry(&mut self, entry: &Entry<'_>) {
        let Some(field) = entry.field else { return self.unknown(&entry.key) };
        let before = self.items.list.len();
        let row = self.row(field);
        match &row.shape {
            Some(shape) => check_shape(field, shape, entry.value, &mut self.items),
            None => check_value(field, entry.value, &mut self.items),
        }
        check_redacted(field, entry.value, &mut self.items);
        let valid = self.items.list.len() == before && !self.items.is_full();
        match (&row.rule, self.target.policies.get(field), self.target.handling) {
            (_, Some(FieldPolicy::Drop), _) => {
                let detail = "the gateway's configuration drops this field for this vendor";
                self.drop(Note::new(field.name(), ItemCode::UnsupportedField.as_str(), detail));
            }
            (_, Some(FieldPolicy::Refuse), _) => {
                self.unsupported(field, "the gateway's configuration refuses this field for this vendor".into());
            }
            (Rule::Unsupported(what), _, Handling::Strict) => {
                self.unsupported(field, self.target.dialect.undocumented(what));
            }
            (Rule::Unsupported(_), _, Handling::Lenient) => {
                if let Some(note) = self.target.dialect.undocumented_field(field) {
                    self.drop(note);
                }
            }
            _ => {
                self.report.applied.push(field);
                match valid {
                    true if row.is_identity() => self.body.canonical_member(field, entry.value.text()),
                    true => self.write(field, row, entry.value),
                    false => self.add_vendor_items(field, row, entry.value, before),
                }
            }
        }
    }

    /// The row of a field in this operation.
    fn row(&self, field: Field) -> &'static Row {
        let of_creation = self.creation.and_then(|creation| creation.row(field));
        of_creation.unwrap_or_else(|| self.target.row(field))
    }

    fn unknown(&mut self, key: &str) {
        if self.items.is_full() {
            return self.items.skip();
        }
        let hint = self.hint(key);
        let handling = match self.target.handling {
            // A key is dropped only if the report has room for it.
            Handling::Lenient if self.report.dropped.len() >= Items::MAX => Handling::Strict,
            handling => handling,
        };
        let field = excerpt(key, MAX_QUOTED_BYTES).into_owned();
        match handling {
            Handling::Strict => self.items.push(Item {
                pointer: Pointer::Root.key(key).to_string(),
                field: Some(field.into()),
                code: ItemCode::UnknownField,
                detail: hint,
                vendor_field: None,
            }),
            Handling::Lenient => self.drop(Note::new(field, ItemCode::UnknownField.as_str(), hint)),
        }
    }

    fn hint(&self, key: &str) -> String {
        let unknown = self.items.list.len() + self.report.dropped.len();
        let meant = if unknown < MAX_SUGGESTIONS {
            self.target.dialect.fields_of_wire(key).next().or_else(|| Field::nearest(key))
        } else {
            None
        };
        match meant {
            Some(field) => format!("is not a canonical field; did you mean `{}`?", field.name()),
            None => "is not a canonical field".to_owned(),
        }
    }

    fn drop(&mut self, note: Note) {
        let dropped = &mut self.report.dropped;
        if dropped.is_empty() {
            dropped.reserve((self.update.entries.len() - self.report.applied.len()).min(Field::COUNT));
        }
        dropped.push(note);
    }

    fn unsupported(&mut self, field: Field, detail: String) {
        let at = Pointer::Root;
        self.items.push(Item::new(&at.key(field.name()), field, ItemCode::UnsupportedField, detail));
    }

    /// Adds the vendor's own limits to the items, from index `since` on, of a field that is already invalid, so that the
    /// caller learns all of them at once. A pointer that already has an item gets no second one.
    fn add_vendor_items(&mut self, field: Field, row: &Row, value: Value<'_>, since: usize) {
        if let Some(Limit::Bounds(bounds)) = row.limit {
            let detail = out_of_bounds(bounds, self.target.dialect.title);
            let of_range = |item: &&mut Item| item.code == ItemCode::OutOfRange;
            self.items.list.iter_mut().skip(since).filter(of_range).for_each(|item| item.detail.clone_from(&detail));
        }
        let structured = matches!(row.rule, Rule::Without(_) | Rule::Hook(_)) && value.kind() == Kind::Array;
        if !structured || self.items.is_full() {
            return;
        }
        let known = self.items.list.len();
        self.write(field, row, value);
        let added = self.items.list.split_off(known);
        for item in added {
            if self.items.list.iter().skip(since).all(|other| other.pointer != item.pointer) {
                self.items.push(item);
            }
        }
    }

    fn write(&mut self, field: Field, row: &Row, value: Value<'_>) {
        let mut writer = FieldWriter {
            field,
            vendor_title: self.target.dialect.title,
            body: &mut self.body,
            items: &mut self.items,
            hints: &mut self.hints,
            warnings: &mut self.report.warnings,
            target: self.target,
            update: self.update,
            group: &[],
        };
        if !check_limit(row.limit, value, &mut writer) {
            return;
        }
        match row.rule {
            Rule::Same => writer.body.member(field.name(), value.text()),
            Rule::Rename(wire) => writer.body.member(wire, value.text()),
            Rule::Map { wire, values } => match values.iter().find(|(canonical, _)| canonical.is(value)) {
                Some((_, vendor)) => writer.body.literal_member(wire, *vendor),
                None => refuse_unmapped(value, values, &mut writer),
            },
            Rule::FlagPair { flag, .. } if value.is_null() => writer.body.member(flag, "false"),
            Rule::FlagPair { flag, wire } => {
                writer.body.member(flag, "true");
                writer.body.member(wire, value.text());
            }
            Rule::Lookup { wire, catalog, send } => {
                write_lookup(value, wire, catalog, send, self.target, &mut writer);
            }
            Rule::Without(unsupported) => {
                refuse_unsupported(value, unsupported, &mut writer);
                writer.body.member(field.name(), value.text());
            }
            Rule::Hook(hook) => (hook.write)(value, &mut writer),
            Rule::At(_) | Rule::Nested(_) | Rule::Assigned(_) => write_nested(row, value, self.target, &mut writer),
            // `finish` merges the options after all other fields have been written.
            Rule::Merge | Rule::Unsupported(_) => {}
        }
    }

    fn finish(mut self, update: &Update<'_>, call: Call) -> Result<Request, Refused> {
        let options = match update.get(Field::VendorOptions) {
            Some(value) if self.report.applied.contains(&Field::VendorOptions) => {
                let Self { target, body, items, report, .. } = &mut self;
                OptionsMerger { target, body, items, report }.merge(value)
            }
            _ => Vec::new(),
        };
        if !self.items.is_empty() {
            return Err(Refused { items: self.items, hints: self.hints });
        }
        if options.is_empty() {
            self.report.applied.retain(|field| *field != Field::VendorOptions);
        }
        let fields: FieldSet = self.report.applied.iter().copied().collect();
        let is_applied = |name: &str| Field::from_name(name).is_some_and(|field| fields.contains(field));
        self.report.warnings.retain(|note| note.code == OTHER_VENDOR || is_applied(&note.field));
        Ok(Request {
            method: call.method,
            repeatable: call.repeatable,
            path: match self.target.dialect.plan {
                None => call.path_of(self.target.id),
                Some(_) => {
                    call.path_with(&|name| (name == "id").then(|| self.target.id.to_owned())).unwrap_or_default()
                }
            },
            body: self.body.finish(),
            report: self.report,
            sent: SentFields { fields, options },
        })
    }
}

/// Checks a value against the vendor's narrower limit; `false` if it was refused.
fn check_limit(limit: Option<Limit>, value: Value<'_>, writer: &mut FieldWriter<'_>) -> bool {
    match limit {
        Some(Limit::Bounds(bounds)) if value.kind() == Kind::Number && !value.is_within(bounds.min, bounds.max) => {
            let detail = out_of_bounds(bounds, writer.vendor_title);
            writer.refuse(&[], ItemCode::OutOfRange, detail);
            false
        }
        Some(Limit::Length(max)) if !value.is_null() && !value.fits(max) => {
            let detail = format!("must be at most {max} characters long for {}", writer.vendor_title);
            writer.refuse(&[], ItemCode::TooLong, detail);
            false
        }
        _ => true,
    }
}

fn out_of_bounds(bounds: Bounds, vendor_title: &str) -> String {
    format!("must be between {} and {} for {vendor_title}", bounds.min, bounds.max)
}

pub(super) fn refuse_unmapped(value: Value<'_>, values: &[(Literal, Literal)], writer: &mut FieldWriter<'_>) {
    let known: Vec<_> = values.iter().map(|(canonical, _)| canonical.json()).collect();
    let vendor = writer.vendor_title;
    let detail = format!("{vendor} does not support {}; send one of {}", value.text(), known.join(", "));
    writer.refuse(&[], ItemCode::UnsupportedValue, detail);
}
