//! The way of an id from one account to another: by the name of what it stands for, through both catalogs.

use std::borrow::Cow;

use crate::canonical::Field;
use crate::catalog::{CatalogKind, Entry};
use crate::dialect::{Dialect, Place, PlaceForm, Rule, Target};
use crate::iso639::english_name;
use crate::json::{excerpt, push_string};

use super::CopySource;

/// Longest name or id that a message repeats, in bytes.
const MAX_QUOTED_BYTES: usize = 100;

/// Most entries or names that a message lists.
const MAX_LISTED: usize = 3;

/// Both accounts, with their catalogs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Passage<'a> {
    pub(super) source: CopySource<'a>,
    pub(super) target: Target<'a>,
}

impl<'a> Passage<'a> {
    /// The id at the target, as JSON text, for an id of the source. `as_text` says that ids of the field are strings there.
    ///
    /// # Errors
    /// Why there is none: a sentence without its full stop.
    pub(super) fn carry(&self, kind: CatalogKind, id: &str, as_text: bool) -> Result<String, String> {
        if let Some(id) = self.carried_without_catalog(kind, id, as_text) {
            return Ok(id);
        }
        let entry = self.entry(kind, id)?;
        match self.candidates(kind, entry).as_slice() {
            [only] if as_text => Ok(quoted_json(&only.text_id())),
            [only] => Ok(only.integer_id().map_or_else(|| only.id.clone(), Cow::into_owned)),
            [] => Err(self.missing(kind, entry)),
            many => Err(ambiguous(kind, &entry.name, self.target.vendor, many)),
        }
    }

    /// The id at the target of what needs no catalog there: of a language, whose code says what it is; and of what is the
    /// vendor's own, not the account's, at another account of the same nested dialect.
    fn carried_without_catalog(&self, kind: CatalogKind, id: &str, as_text: bool) -> Option<String> {
        let (source, target) = (self.source.dialect, self.target.dialect);
        if kind == CatalogKind::Languages {
            let code = self.language_code(id)?;
            if self.target.catalogs.entries(kind).next().is_some() || target.catalog(kind).is_some() {
                let mut coded = self.of_language(&code);
                let only =
                    coded.pop().filter(|_| coded.is_empty() && self.source.catalogs.by_id(kind, id).is_none())?;
                return Some(if as_text { quoted_json(&only.text_id()) } else { only.integer_id()?.into_owned() });
            }
            return as_text.then(|| quoted_json(&spelled(target, code)));
        }
        let is_of_vendor = matches!(
            kind,
            CatalogKind::Models
                | CatalogKind::MultimodalModels
                | CatalogKind::SynthesizerProviders
                | CatalogKind::TranscriberProviders
        );
        let is_same = std::ptr::eq(source, target) && source.plan.is_some() && source.catalog(kind).is_none();
        (is_of_vendor && is_same).then(|| id.to_owned())
    }

    /// The ISO 639-1 code of a language of the source: its catalog's, or the id itself where there is no catalog.
    fn language_code(&self, id: &str) -> Option<String> {
        let CopySource { dialect, catalogs, .. } = self.source;
        if let Some(entry) = catalogs.by_id(CatalogKind::Languages, id) {
            return entry.language_code().map(Cow::into_owned);
        }
        let text =
            id.strip_prefix('"')?.strip_suffix('"').filter(|_| dialect.catalog(CatalogKind::Languages).is_none())?;
        let lower = text.split(['-', '_']).next()?.to_ascii_lowercase();
        english_name(&lower).is_some().then_some(lower)
    }

    /// The target's entries of a language.
    fn of_language(&self, code: &str) -> Vec<&'a Entry> {
        let entries = self.target.catalogs.entries(CatalogKind::Languages).map(|listed| listed.entry);
        entries.filter(|entry| entry.language_code().as_deref() == Some(code)).collect()
    }

    /// Whether the source's catalog says what an id stands for, and the target's has nothing of that name. A language may
    /// be its own code, without a catalog; then the target's has nothing of that code.
    pub(super) fn is_unknown_at_target(&self, kind: CatalogKind, id: &str) -> bool {
        if let Ok(entry) = self.entry(kind, id) {
            return self.candidates(kind, entry).is_empty();
        }
        let code = if kind == CatalogKind::Languages { self.language_code(id) } else { None };
        self.target.dialect.catalog(kind).is_some() && code.is_some_and(|code| self.of_language(&code).is_empty())
    }

    /// What an id of the source stands for.
    fn entry(&self, kind: CatalogKind, id: &str) -> Result<&'a Entry, String> {
        let CopySource { dialect, vendor, catalogs, .. } = self.source;
        let shown = excerpt(id, MAX_QUOTED_BYTES);
        let Some(entry) = catalogs.by_id(kind, id) else {
            return Err(match dialect.catalog(kind) {
                Some(_) => format!("id {shown} is not in the catalog `{kind}` of `{vendor}`, which would say its name"),
                None => format!("`{vendor}` has no catalog `{kind}` that would say what id {shown} is"),
            });
        };
        match catalogs.by_name(kind, &entry.name).as_slice() {
            many @ [_, _, ..] => Err(ambiguous(kind, &entry.name, vendor, many)),
            _ => Ok(entry),
        }
    }

    /// The entries of the target with the same name; of languages, first those with the same code.
    fn candidates(&self, kind: CatalogKind, entry: &Entry) -> Vec<&'a Entry> {
        let named = self.target.catalogs.by_name(kind, &entry.name);
        let code = if kind == CatalogKind::Languages { entry.language_code() } else { None };
        let Some(code) = code else { return named };
        let mut coded: Vec<(Cow<'_, str>, &Entry)> = Vec::new();
        for listed in self.target.catalogs.entries(kind) {
            let key = listed.key();
            if listed.entry.language_code().as_ref() == Some(&code) && !coded.iter().any(|(known, _)| *known == key) {
                coded.push((key, listed.entry));
            }
        }
        match (coded.len(), named.as_slice()) {
            (0, _) => named,
            (2.., [only]) if coded.iter().any(|(_, entry)| entry.id == only.id) => named,
            _ => coded.into_iter().map(|(_, entry)| entry).collect(),
        }
    }

    /// The name leads nowhere at the target.
    fn missing(&self, kind: CatalogKind, entry: &Entry) -> String {
        let Target { dialect, vendor, catalogs, .. } = self.target;
        let name = quoted(&entry.name);
        if dialect.catalog(kind).is_none() && catalogs.entries(kind).next().is_none() {
            return format!("`{vendor}` has no catalog `{kind}` in which {name} could be found");
        }
        let near: Vec<_> = catalogs.nearest(kind, &entry.name, MAX_LISTED).into_iter().map(quoted).collect();
        let nearest = match near.as_slice() {
            [] => String::new(),
            [only] => format!("; the nearest name is {only}"),
            many => format!("; the nearest names are {}", many.join(", ")),
        };
        format!("{name} is not in the catalog `{kind}` of `{vendor}`{nearest}")
    }
}

/// A code of ISO 639-1 as the dialect has it.
fn spelled(dialect: &Dialect, code: String) -> String {
    let Rule::At(Place { form: PlaceForm::Language(codes), .. }) = dialect.row(Field::Language).rule else {
        return code;
    };
    codes.iter().find(|(known, _)| *known == code).map_or(code, |(_, own)| (*own).to_owned())
}

fn quoted_json(text: &str) -> String {
    let mut out = Vec::new();
    push_string(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}

fn ambiguous(kind: CatalogKind, name: &str, vendor: &str, many: &[&Entry]) -> String {
    let shown = many.iter().take(MAX_LISTED);
    let shown: Vec<_> =
        shown.map(|entry| format!("{} (id {})", quoted(&entry.name), excerpt(&entry.id, MAX_QUOTED_BYTES))).collect();
    let more = many.len().saturating_sub(shown.len());
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} is ambiguous in the catalog `{kind}` of `{vendor}`: {}{rest}", quoted(name), shown.join(", "))
}

fn quoted(name: &str) -> String {
    format!("`{}`", excerpt(name, MAX_QUOTED_BYTES))
}
