//! The entries of a catalog as callers see them: each once, the configuration's before the vendor's.

use crate::json::push_string;

use super::name::folded;
use super::{CatalogKind, Catalogs, Entry};

/// An entry with what both sources say about it.
#[derive(Debug, Clone, Copy)]
pub struct ListedEntry<'a> {
    /// The entry whose name counts.
    pub entry: &'a Entry,
    /// The vendor's entry of the same id, which has more members than a configured one.
    details: &'a Entry,
}

/// A part of a name to search for, without regard to case and Unicode form.
#[derive(Debug)]
pub struct NamePart(String);

impl NamePart {
    /// The part of a name; empty if every name matches.
    pub fn new(text: &str) -> Self {
        Self(folded(text))
    }

    /// Whether a name contains it.
    pub fn is_in(&self, name: &str) -> bool {
        self.0.is_empty() || folded(name).contains(&self.0)
    }
}

impl<'a> ListedEntry<'a> {
    /// The id as it is compared.
    pub fn key(&self) -> std::borrow::Cow<'a, str> {
        self.entry.key()
    }

    /// Appends the entry as an object: id, name, and the other members as the vendor has them.
    pub fn push(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"id\":");
        out.extend_from_slice(self.details.id.as_bytes());
        out.extend_from_slice(b",\"name\":");
        push_string(out, &self.entry.name);
        if !self.details.members.is_empty() {
            out.push(b',');
            out.extend_from_slice(self.details.members.as_bytes());
        }
        out.push(b'}');
    }
}

impl<'a> Catalogs<'a> {
    /// The entries of this kind: those of the configuration, then the vendor's with other ids.
    pub fn entries(&self, kind: CatalogKind) -> impl Iterator<Item = ListedEntry<'a>> + use<'a> {
        let (configured, live) = (self.configured.get(kind), self.live.get(kind));
        let of_id = move |entry: &Entry| {
            let live = live?;
            live.entries.get(*live.by_id.get(&*entry.key())?)
        };
        let own = configured.into_iter().flat_map(|catalog| &catalog.entries);
        let own = own.map(move |entry| ListedEntry { entry, details: of_id(entry).unwrap_or(entry) });
        let is_other = move |entry: &&Entry| configured.is_none_or(|own| !own.by_id.contains_key(&*entry.key()));
        let others = live.into_iter().flat_map(|catalog| &catalog.entries).filter(is_other);
        own.chain(others.map(|entry| ListedEntry { entry, details: entry }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::{Catalog, CatalogSet};
    use crate::dialect::{CatalogSpec, Schema};

    #[test]
    fn a_configured_entry_stands_first_with_what_the_vendor_says_about_it() {
        let spec = CatalogSpec::new("/voices", Schema::Anything);
        let body = br#"[{"id":"7","name":"Vega","gender":"female"},{"id":8,"name":"Rigel"},{"id":8,"name":"Rigel B"}]"#;
        let (mut configured, mut live) = (CatalogSet::default(), CatalogSet::default());
        live.set(CatalogKind::Voices, Arc::new(Catalog::parse(body, &spec).unwrap()));
        let own = [Entry::new("9", "House"), Entry::new("7", "Our \"voice\"")];
        configured.set(CatalogKind::Voices, Arc::new(own.into_iter().collect()));
        let mut out = Vec::new();
        let catalogs = Catalogs { configured: &configured, live: &live };
        catalogs.entries(CatalogKind::Voices).for_each(|listed| listed.push(&mut out));
        let expected = [
            r#"{"id":9,"name":"House"}"#,
            r#"{"id":"7","name":"Our \"voice\"","gender":"female"}"#,
            r#"{"id":8,"name":"Rigel"}"#,
            r#"{"id":8,"name":"Rigel B"}"#,
        ];
        assert_eq!(String::from_utf8(out).unwrap(), expected.concat());
        assert_eq!(catalogs.entries(CatalogKind::Models).count(), 0);
    }

    #[test]
    fn a_part_of_a_name_is_found_in_any_case() {
        for (part, name, found) in [
            ("", "Ada", true),
            ("  ", "Ada", true),
            ("ADA", "Hadar", true),
            ("stra\u{df}e", "HAUPTSTRASSE", true),
            ("e\u{301}", "Jos\u{c9}", true),
            ("b  c", "A B C", true),
            ("x", "Ada", false),
        ] {
            assert_eq!(NamePart::new(part).is_in(name), found, "{part:?} {name:?}");
        }
    }
}
