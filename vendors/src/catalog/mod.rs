//! Catalogs: the names and ids of one vendor account.
//!
//! Ids differ between accounts, so a name is looked up in the catalog of the account that the update goes to. An exact
//! match comes first, then a match without regard to case, blanks and Unicode form. A language is also found by its
//! ISO 639-1 code: the catalog's own code first, then the code's English name. A phone number is also found in another
//! spelling.

mod entry;
mod kind;
mod listing;
mod name;
mod number;
mod page;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::dialect::CatalogSpec;
use crate::iso639::english_name;

use entry::id_key;
use name::folded;

pub use entry::Entry;
pub use kind::CatalogKind;
pub use listing::{ListedEntry, NamePart};
pub use number::same_number;
pub use page::{CatalogError, CatalogPage};

/// More candidates than that are ambiguous whether or not some are the same.
const MAX_CANDIDATES: usize = 100;

/// The entries of one kind, indexed by id, name and code.
#[derive(Debug, Default)]
pub struct Catalog {
    entries: Vec<Entry>,
    by_id: HashMap<String, usize>,
    by_name: HashMap<String, Vec<usize>>,
    by_folded: HashMap<String, Vec<usize>>,
    by_code: HashMap<String, Vec<usize>>,
}

impl FromIterator<Entry> for Catalog {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut catalog = Self { entries: entries.into_iter().collect(), ..Self::default() };
        // Pages may overlap, and lists may repeat themselves.
        let mut seen = HashSet::new();
        catalog.entries.retain(|entry| seen.insert((entry.key().into_owned(), entry.name.clone())));
        for (index, entry) in catalog.entries.iter().enumerate() {
            catalog.by_id.entry(entry.key().into_owned()).or_insert(index);
            catalog.by_name.entry(entry.name.clone()).or_default().push(index);
            catalog.by_folded.entry(folded(&entry.name)).or_default().push(index);
            if let Some(code) = &entry.iso_2 {
                catalog.by_code.entry(folded(code)).or_default().push(index);
            }
        }
        catalog
    }
}

impl Catalog {
    /// Reads a vendor's catalog of one page; see [`CatalogPage::parse`].
    ///
    /// # Errors
    /// The body is no list.
    pub fn parse(body: &[u8], spec: &CatalogSpec) -> Result<Self, CatalogError> {
        CatalogPage::parse(body, 1, spec).map(|page| page.entries.into_iter().collect())
    }

    /// The entries, in the order of the vendor.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries at these places, each id once.
    fn at(&self, indexes: Option<&Vec<usize>>) -> Vec<&Entry> {
        let mut found: Vec<&Entry> = Vec::new();
        for entry in indexes.into_iter().flatten().filter_map(|&index| self.entries.get(index)) {
            if found.len() >= MAX_CANDIDATES || !found.iter().any(|known| known.key() == entry.key()) {
                found.push(entry);
            }
        }
        found
    }

    /// The best matches for `name`, in the order of the module's documentation.
    fn named(&self, kind: CatalogKind, name: &str) -> Vec<&Entry> {
        let exact = self.at(self.by_name.get(name));
        if !exact.is_empty() || kind == CatalogKind::Webhooks {
            return exact; // an address that is spelled otherwise may be another one
        }
        let folded = folded(name);
        let by_case = self.at(self.by_folded.get(&folded));
        if !by_case.is_empty() {
            return by_case;
        }
        let by_code = self.at(self.by_code.get(&folded));
        match kind {
            _ if !by_code.is_empty() => by_code,
            CatalogKind::Languages => {
                english_name(&folded).map(|name| self.at(self.by_folded.get(&name::folded(name)))).unwrap_or_default()
            }
            CatalogKind::PhoneNumbers => {
                let same = |(index, entry): (usize, &Entry)| same_number(&entry.name, name).then_some(index);
                self.at(Some(&self.entries.iter().enumerate().filter_map(same).collect()))
            }
            _ => by_code,
        }
    }
}

/// The catalogs of one account from one source.
#[derive(Debug, Clone, Default)]
pub struct CatalogSet([Option<Arc<Catalog>>; CatalogKind::COUNT]);

impl CatalogSet {
    /// The catalog of this kind, if it is known.
    pub fn get(&self, kind: CatalogKind) -> Option<&Arc<Catalog>> {
        self.0.get(kind as usize)?.as_ref()
    }

    /// Sets the catalog of this kind.
    pub fn set(&mut self, kind: CatalogKind, catalog: Arc<Catalog>) {
        if let Some(slot) = self.0.get_mut(kind as usize) {
            *slot = Some(catalog);
        }
    }
}

/// All catalogs of one account. A configured entry takes precedence over the vendor's.
#[derive(Debug, Clone, Copy)]
pub struct Catalogs<'a> {
    /// From the configuration.
    pub configured: &'a CatalogSet,
    /// From the vendor.
    pub live: &'a CatalogSet,
}

impl<'a> Catalogs<'a> {
    /// The entries that match `name`; more than one means that it is ambiguous.
    pub fn by_name(&self, kind: CatalogKind, name: &str) -> Vec<&'a Entry> {
        let configured = self.configured.get(kind).map(|catalog| catalog.named(kind, name)).unwrap_or_default();
        if !configured.is_empty() {
            return configured;
        }
        self.live.get(kind).map(|catalog| catalog.named(kind, name)).unwrap_or_default()
    }

    /// The entry with this id, given as JSON text.
    pub fn by_id(&self, kind: CatalogKind, id: &str) -> Option<&'a Entry> {
        [self.configured, self.live].into_iter().find_map(|set| {
            let catalog = set.get(kind)?;
            catalog.entries.get(*catalog.by_id.get(&*id_key(id))?)
        })
    }

    /// The names that are nearest to `name`, at most `count`, nearest first.
    pub fn nearest(&self, kind: CatalogKind, name: &str, count: usize) -> Vec<&'a str> {
        let catalogs = [self.configured, self.live].into_iter().filter_map(|set| set.get(kind));
        let names = catalogs.flat_map(|catalog| &catalog.entries).map(|entry| &*entry.name);
        let names = names.map(|name| (Cow::Borrowed(name), name));
        name::nearest(name, names, count)
    }

    /// The entries whose ids look most like `id`, which is given as JSON text; at most `count`.
    pub fn nearest_ids(&self, kind: CatalogKind, id: &str, count: usize) -> Vec<&'a Entry> {
        name::nearest(&id_key(id), self.entries(kind).map(|listed| (listed.key(), listed.entry)), count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Schema;

    const SPEC: CatalogSpec = CatalogSpec::new("/x", Schema::Anything);

    const LANGUAGES: &[u8] =
        br#"{"data":[{"id":1,"name":"English","iso_2":"en"},{"id":2,"name":"Spanish","iso_2":"es"},
        {"id":3,"name":"Spanish (Mexico)","iso_2":"es"},{"id":"x","name":"ENGLISH (UK)"}]}"#;

    fn names(name: &str) -> Vec<String> {
        let mut live = CatalogSet::default();
        live.set(CatalogKind::Languages, Arc::new(Catalog::parse(LANGUAGES, &SPEC).unwrap()));
        let catalogs = Catalogs { configured: &CatalogSet::default(), live: &live };
        catalogs.by_name(CatalogKind::Languages, name).iter().map(|entry| entry.id.clone()).collect()
    }

    #[test]
    fn names_match_exactly_then_without_case_then_by_code() {
        assert_eq!(names("English"), ["1"]);
        assert_eq!(names("english (uk)"), ["\"x\""]);
        assert_eq!(names("en"), ["1"]);
        assert_eq!(names("es"), ["2", "3"]);
        assert_eq!(names("Klingon"), Vec::<String>::new());
    }

    #[test]
    fn a_catalog_counts_its_entries() {
        let (some, none) = (Catalog::parse(LANGUAGES, &SPEC).unwrap(), Catalog::parse(b"[]", &SPEC).unwrap());
        assert_eq!((some.len(), some.is_empty()), (4, false));
        assert_eq!((none.len(), none.is_empty()), (0, true));
    }

    #[test]
    fn a_response_that_is_not_a_list_is_refused() {
        assert!(matches!(Catalog::parse(b"<html>", &SPEC), Err(CatalogError::Json(_))));
        assert_eq!(
            Catalog::parse(br#"{"languages":[]}"#, &SPEC).unwrap_err(),
            CatalogError::NotAList { member: "data" }
        );
    }

    #[test]
    fn an_id_is_found_in_either_type_and_is_a_number_in_either() {
        let mut live = CatalogSet::default();
        let voices = br#"[{"id":"3","name":"A"},{"id":4,"name":"B"},{"id":"x","name":"C"},{"id":3,"name":"A"}]"#;
        live.set(CatalogKind::Voices, Arc::new(Catalog::parse(voices, &SPEC).unwrap()));
        let catalogs = Catalogs { configured: &CatalogSet::default(), live: &live };
        let by_id = |id: &str| catalogs.by_id(CatalogKind::Voices, id).map(Entry::integer_id);
        assert_eq!(
            [by_id("3"), by_id("\"3\""), by_id("4")].map(|id| id.flatten().unwrap().into_owned()),
            ["3", "3", "4"]
        );
        assert_eq!((by_id("\"x\""), by_id("9")), (Some(None), None));
        assert_eq!(catalogs.by_name(CatalogKind::Voices, "a").len(), 1, "the same entry twice is not ambiguous");
    }

    #[test]
    fn names_match_as_people_write_them_and_stay_ambiguous() {
        let mut live = CatalogSet::default();
        let voices = "[{\"id\":1,\"name\":\"Max \"},{\"id\":2,\"name\":\"Jose\u{301}\"},{\"id\":3,\"name\":\"Ada\"},{\"id\":4,\"name\":\"ada \"}]";
        live.set(CatalogKind::Voices, Arc::new(Catalog::parse(voices.as_bytes(), &SPEC).unwrap()));
        let catalogs = Catalogs { configured: &CatalogSet::default(), live: &live };
        let ids = |name: &str| {
            let found = catalogs.by_name(CatalogKind::Voices, name);
            found.iter().map(|entry| entry.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(ids("max"), ["1"]);
        assert_eq!(ids("Jos\u{e9}"), ["2"]);
        assert_eq!(ids("Ada"), ["3"], "exactly the same comes first");
        assert_eq!(ids("ADA"), ["3", "4"]);
    }

    #[test]
    fn a_code_finds_a_configured_entry_without_a_code() {
        let entry = Entry::new("4", "German");
        let mut configured = CatalogSet::default();
        configured.set(CatalogKind::Languages, Arc::new([entry].into_iter().collect()));
        let catalogs = Catalogs { configured: &configured, live: &CatalogSet::default() };
        assert_eq!(catalogs.by_name(CatalogKind::Languages, "de")[0].id, "4");
    }

    #[test]
    fn a_language_code_finds_only_languages() {
        let english = || Entry::new("1", "English");
        let mut live = CatalogSet::default();
        CatalogKind::ALL.iter().for_each(|kind| live.set(*kind, Arc::new([english()].into_iter().collect())));
        let catalogs = Catalogs { configured: &CatalogSet::default(), live: &live };
        for kind in CatalogKind::ALL {
            assert_eq!(catalogs.by_name(kind, "en").is_empty(), kind != CatalogKind::Languages, "{kind}");
        }
    }

    #[test]
    fn a_configured_entry_takes_precedence() {
        let entry = |id: &str| Entry::new(id, "English");
        let (mut configured, mut live) = (CatalogSet::default(), CatalogSet::default());
        configured.set(CatalogKind::Languages, Arc::new([entry("7")].into_iter().collect()));
        live.set(CatalogKind::Languages, Arc::new([entry("1")].into_iter().collect()));
        let catalogs = Catalogs { configured: &configured, live: &live };
        assert_eq!(catalogs.by_name(CatalogKind::Languages, "English")[0].id, "7");
        assert_eq!(catalogs.by_id(CatalogKind::Languages, "1").unwrap().name, "English");
    }
}
