//! What a document tells: which fields, and where it is not as documented.

use vendors::Field;
use vendors::json::{Value, excerpt};

use crate::findings::are_alike;
use crate::{FindingKind, Outcome, Verification};

use super::contract::{Undocumented, undocumented};
use super::{Document, MAX_SENTENCE};

impl Verification<'_> {
    /// Takes note of each field, and reports where the document is not as documented.
    pub(super) fn told(&mut self, document: &Document) {
        let told = self.with_read(document, |read, _| {
            let has = |field: Field| read.fields.iter().any(|(known, _)| *known == field);
            let unwritable = read.unwritable.iter().map(|told| (told.field, told.detail.clone()));
            let shown: Vec<_> = self.fields().filter(|field| has(*field)).collect();
            (shown, unwritable.collect::<Vec<_>>(), read.nulls.clone())
        });
        let Ok((shown, unwritable, nulls)) = told else { return };
        for field in self.fields().collect::<Vec<_>>() {
            let outcome = match field {
                field if shown.contains(&field) => Outcome::Shown,
                field if nulls.contains(&field) => Outcome::NoValue,
                field if unwritable.iter().any(|(known, _)| *known == field) => Outcome::NoValue,
                _ => Outcome::NotShown,
            };
            self.report.outcome(field, outcome);
        }
        for (field, detail) in unwritable {
            let note =
                format!("`{}` has a value that an update refuses: {}", field.name(), excerpt(&detail, MAX_SENTENCE));
            self.report.note(self.account.redact(&note));
        }
        self.against_the_contract(document);
    }

    /// Reports members, types and words that are not documented. A new member that looks like the one of a field that is not
    /// told is that under another name.
    fn against_the_contract(&mut self, document: &Document) {
        let dialect = self.account.dialect();
        for Undocumented { kind, path, detail } in undocumented(dialect, &document.0) {
            let renamed = document.value().filter(|_| kind == FindingKind::NewField);
            match renamed.and_then(|document| self.renamed(document, &path)) {
                Some((field, old)) => {
                    let detail = format!("`{old}` is gone and `{path}` is new: the field seems to have another name");
                    self.findings.add(FindingKind::Renamed, Some(field), Some(&old), &detail);
                    self.report.outcome(field, Outcome::Found);
                }
                None => {
                    let detail = format!("in the document: {path}: {detail}");
                    let field = Field::ALL.into_iter().find(|field| self.places(*field).any(|place| place == path));
                    self.findings.add(kind, field, Some(&path), &detail);
                }
            }
        }
    }

    /// The field whose own member is gone beside the new one and has a similar name.
    fn renamed(&self, document: Value<'_>, new: &str) -> Option<(Field, String)> {
        let (outer, new) = new.rsplit_once('.').unwrap_or(("", new));
        self.told_fields().into_iter().find_map(|field| {
            let path = self.account.dialect().row(field).paths().next()?;
            let (old, around) = path.split_last()?;
            let is_gone = document.at(path).is_none() && around.join(".") == outer && are_alike(old, new);
            is_gone.then(|| (field, path.join(".")))
        })
    }

    /// The dotted paths of a field.
    pub(super) fn places(&self, field: Field) -> impl Iterator<Item = String> + use<> {
        self.account.dialect().row(field).paths().map(|path| path.join("."))
    }
}
