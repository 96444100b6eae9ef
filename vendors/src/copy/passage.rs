//! The way of an id from one account to another: by the name of what it stands for, through both catalogs.

use std::borrow::Cow;

use crate::catalog::{CatalogKind, Entry};
use crate::dialect::Target;
use crate::json::excerpt;

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
    /// The id at the target, as JSON text, for an id of the source.
    ///
    /// # Errors
    /// Why there is none: a sentence without its full stop.
    pub(super) fn carry(&self, kind: CatalogKind, id: &str) -> Result<String, String> {
        let entry = self.entry(kind, id)?;
        match self.candidates(kind, entry).as_slice() {
            [only] => Ok(only.integer_id().map_or_else(|| only.id.clone(), Cow::into_owned)),
            [] => Err(self.missing(kind, entry)),
            many => Err(ambiguous(kind, &entry.name, self.target.vendor, many)),
        }
    }

    /// Whether the source's catalog says what an id stands for, and the target's has nothing of that name.
    pub(super) fn is_unknown_at_target(&self, kind: CatalogKind, id: &str) -> bool {
        self.entry(kind, id).is_ok_and(|entry| self.candidates(kind, entry).is_empty())
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
