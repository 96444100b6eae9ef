//! From a canonical update to a vendor's request.

use std::borrow::Cow;

use crate::canonical::{Entry, Field, FieldSet, Update, check_modes, check_value, nearest_field};
use crate::catalog::Catalogs;
use crate::item::{Item, ItemCode, Items, Note, Report};
use crate::json::{Kind, Pointer, Value, excerpt};

use super::body::{Body, Cell};
use super::row::{Limit, Row, Rule};
use super::sent::Sent;
use super::{Dialect, lookup, subset, vendor_options};

/// What to do with fields that the vendor cannot express.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Handling {
    /// Refuse the update.
    #[default]
    Strict,
    /// Drop them and say so.
    Lenient,
}

impl Handling {
    /// The word as in `Prefer: handling=…`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Lenient => "lenient",
        }
    }
}

/// What an operator decided for one field at one vendor, whatever the handling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldPolicy {
    /// Drop it and say so.
    Drop,
    /// Refuse an update that holds it.
    Refuse,
    /// Send it, under its canonical name if the vendor documents none.
    Send,
}

/// The operator's decisions for one vendor, by field.
#[derive(Debug, Clone, Default)]
pub struct Policies(Vec<(Field, FieldPolicy)>);

impl Policies {
    /// The decision for a field, if there is one.
    pub fn get(&self, field: Field) -> Option<FieldPolicy> {
        self.0.iter().find(|(decided, _)| *decided == field).map(|(_, policy)| *policy)
    }
}

impl FromIterator<(Field, FieldPolicy)> for Policies {
    fn from_iter<I: IntoIterator<Item = (Field, FieldPolicy)>>(decisions: I) -> Self {
        Self(decisions.into_iter().collect())
    }
}

/// Where an update goes and under which rules.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The vendor's dialect.
    pub dialect: &'static Dialect,
    /// The operator's name of the vendor account.
    pub vendor: &'a str,
    /// The vendor's id of the assistant.
    pub id: &'a str,
    /// What to do with fields that the vendor cannot express.
    pub handling: Handling,
    /// The operator's decisions by field.
    pub policies: &'a Policies,
    /// The account's names and ids.
    pub catalogs: Catalogs<'a>,
}

impl Target<'_> {
    /// The row for a field, once the operator's `send` is taken into account.
    fn row(&self, field: Field) -> &Row {
        let row = self.dialect.row(field);
        let sent = !row.is_supported() && self.policies.get(field) == Some(FieldPolicy::Send);
        if sent { &Row::SAME } else { row }
    }

    /// Whether `field` writes the vendor's key `key`.
    pub(super) fn writes(&self, field: Field, key: &str) -> bool {
        self.row(field).wire_names(field).any(|wire| wire == key)
    }
}

/// A vendor's request, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The HTTP method: `PUT` in every dialect.
    pub method: &'static str,
    /// The path below the base URL.
    pub path: String,
    /// The JSON body.
    pub body: Vec<u8>,
    /// What became of each field.
    pub report: Report,
    /// What the body holds, for [`normalize_error`](super::normalize_error).
    pub sent: Sent,
}

/// An update that is not sent, with all reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The reasons.
    pub items: Items,
}

/// Translates an update for one vendor. Every problem of the update is found in this one pass.
///
/// # Errors
/// The update breaks a canonical rule, or holds what this vendor cannot express and `target` does not drop.
pub fn translate_request(update: &Update<'_>, target: &Target<'_>) -> Result<Request, Refused> {
    // For each entry a little more, which is more than the vendor's names are longer by.
    let size = update.len + update.entries.len() * 32;
    let mut translation = Translation {
        target,
        body: Body::with_capacity(size),
        items: Items::default(),
        report: Report { applied: Vec::with_capacity(update.entries.len()), ..Report::default() },
    };
    for entry in &update.entries {
        translation.entry(entry);
    }
    check_modes(update, &mut translation.items, &mut translation.report.warnings);
    translation.finish(update)
}

struct Translation<'a> {
    target: &'a Target<'a>,
    body: Body,
    items: Items,
    report: Report,
}

impl Translation<'_> {
    fn entry(&mut self, entry: &Entry<'_>) {
        let Some(field) = entry.field else { return self.unknown(&entry.key) };
        let before = self.items.list.len();
        check_value(field, entry.value, &mut self.items);
        let valid = self.items.list.len() == before && !self.items.is_full();
        let row = self.target.row(field);
        match (&row.rule, self.target.policies.get(field), self.target.handling) {
            (_, Some(FieldPolicy::Drop), _) => {
                self.drop(
                    field.name().into(),
                    ItemCode::UnsupportedField,
                    "this gateway's configuration drops it".into(),
                );
            }
            (_, Some(FieldPolicy::Refuse), _) => self.unsupported(field, "this gateway's configuration refuses it"),
            (Rule::Unsupported(why), _, Handling::Strict) => self.unsupported(field, why),
            (&Rule::Unsupported(why), _, Handling::Lenient) => {
                self.drop(field.name().into(), ItemCode::UnsupportedField, why.into());
            }
            _ => {
                self.report.applied.push(field);
                match valid {
                    true if row.unchanged() => self.body.own_member(field, entry.value.text()),
                    true => self.write(field, row, entry.value),
                    false => self.explore(field, row, entry.value, before),
                }
            }
        }
    }

    fn unknown(&mut self, key: &str) {
        if self.items.is_full() {
            return self.items.skip();
        }
        let hint = self.hint(key);
        let handling = match self.target.handling {
            // What cannot be reported is not dropped.
            Handling::Lenient if self.report.dropped.len() >= Items::MAX => Handling::Strict,
            handling => handling,
        };
        match handling {
            Handling::Strict => self.items.push(Item {
                pointer: Pointer::Root.key(key).to_string(),
                field: Some(excerpt(key, 128).into_owned().into()),
                code: ItemCode::UnknownField,
                detail: hint,
                vendor_field: None,
            }),
            Handling::Lenient => self.drop(excerpt(key, 128).into_owned().into(), ItemCode::UnknownField, hint.into()),
        }
    }

    /// Looking for the nearest name costs a comparison with each field, so only the first hundred keys get it.
    fn hint(&self, key: &str) -> String {
        let seen = self.items.list.len() + self.report.dropped.len();
        let meant = if seen < 100 {
            self.target.dialect.fields_of_wire(key).next().or_else(|| nearest_field(key))
        } else {
            None
        };
        match meant {
            Some(field) => format!("is not a canonical field; did you mean `{}`?", field.name()),
            None => "is not a canonical field".to_owned(),
        }
    }

    fn drop(&mut self, field: Cow<'static, str>, code: ItemCode, detail: Cow<'static, str>) {
        self.report.dropped.push(Note { field, code: code.as_str(), detail });
    }

    fn unsupported(&mut self, field: Field, why: &str) {
        let at = Pointer::Root;
        self.items.push(Item::new(&at.key(field.name()), field, ItemCode::UnsupportedField, why));
    }

    /// Adds what this vendor has against a field that is invalid already, from the item `since` on, so that the
    /// caller need not come back for it; places that have been complained about are left at that.
    fn explore(&mut self, field: Field, row: &Row, value: Value<'_>, since: usize) {
        if let Some(Limit::Bounds(bounds)) = row.limit {
            let of_range = |item: &&mut Item| item.code == ItemCode::OutOfRange;
            let detail = format!("must be between {} and {} at this vendor", bounds.min, bounds.max);
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
        let mut cell =
            Cell { field, body: &mut self.body, items: &mut self.items, warnings: &mut self.report.warnings };
        if !within(row.limit, value, &mut cell) {
            return;
        }
        match row.rule {
            Rule::Same => cell.body.member(field.name(), value.text()),
            Rule::Rename(wire) => cell.body.member(wire, value.text()),
            Rule::Map { wire, values } => match values.iter().find(|(canonical, _)| canonical.is(value)) {
                Some((_, vendor)) => cell.body.literal_member(wire, *vendor),
                None => {
                    let known: Vec<_> = values.iter().map(|(canonical, _)| canonical.json()).collect();
                    let detail = format!("this vendor has no {}; it knows {}", value.text(), known.join(", "));
                    cell.refuse(&[], ItemCode::UnsupportedValue, detail);
                }
            },
            Rule::FlagPair { flag, .. } if value.is_null() => cell.body.member(flag, "false"),
            Rule::FlagPair { flag, wire } => {
                cell.body.member(flag, "true");
                cell.body.member(wire, value.text());
            }
            Rule::Lookup { wire, catalog, to } => lookup::write(value, (wire, catalog, to), self.target, &mut cell),
            Rule::Without(lacks) => {
                subset::check(value, lacks, &mut cell);
                cell.body.member(field.name(), value.text());
            }
            Rule::Hook(hook) => (hook.write)(value, &mut cell),
            // `finish` merges, once all fields have written what they write.
            Rule::Merge | Rule::Unsupported(_) => {}
        }
    }

    fn finish(mut self, update: &Update<'_>) -> Result<Request, Refused> {
        let options = match update.get(Field::VendorOptions) {
            Some(value) if self.report.applied.contains(&Field::VendorOptions) => {
                vendor_options::merge(value, self.target, (&mut self.body, &mut self.items, &mut self.report))
            }
            _ => Vec::new(),
        };
        if !self.items.is_empty() {
            return Err(Refused { items: self.items });
        }
        let fields: FieldSet = self.report.applied.iter().copied().collect();
        let is_applied = |name: &str| Field::from_name(name).is_some_and(|field| fields.contains(field));
        self.report.warnings.retain(|note| is_applied(&note.field));
        Ok(Request {
            method: "PUT",
            path: self.target.dialect.update_path(self.target.id),
            body: self.body.finish(),
            report: self.report,
            sent: Sent { fields, options },
        })
    }
}

/// Holds a value against the vendor's narrower limit.
fn within(limit: Option<Limit>, value: Value<'_>, cell: &mut Cell<'_>) -> bool {
    match limit {
        Some(Limit::Bounds(bounds)) if value.kind() == Kind::Number && !value.is_within(bounds.min, bounds.max) => {
            let detail = format!("must be between {} and {} at this vendor", bounds.min, bounds.max);
            cell.refuse(&[], ItemCode::OutOfRange, detail);
            false
        }
        Some(Limit::Length(max)) if !value.is_null() && !value.fits(max) => {
            cell.refuse(&[], ItemCode::TooLong, format!("must be at most {max} characters long at this vendor"));
            false
        }
        _ => true,
    }
}
