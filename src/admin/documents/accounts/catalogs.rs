//! The catalogs of one vendor account: what is known of each, a search in one, and asking the vendor for one now.

use percent_encoding::percent_decode_str;
use serde::Serialize;
use vendors::{CatalogKind, CatalogSet, Catalogs, NamePart};

use crate::account::Account;
use crate::admin::Operator;
use crate::api::{documented_kind, refresh_catalog};
use crate::problem::Problem;

use super::detail::account_named;

/// How many entries a search shows.
const MAX_FOUND: usize = 100;

/// What is known of a catalog.
#[derive(Debug, Serialize)]
pub(crate) struct CatalogState {
    pub(crate) kind: &'static str,
    /// Entries of the configuration.
    pub(crate) configured: usize,
    /// Entries of the vendor's copy; `None` without one.
    pub(crate) entries: Option<usize>,
    /// The age of the copy.
    pub(crate) age_seconds: Option<u64>,
    /// Reads that have failed since the account first appeared.
    pub(crate) failures: u64,
}

/// The entries of a catalog that were looked for.
#[derive(Debug, Serialize)]
pub(crate) struct Found {
    pub(crate) kind: &'static str,
    /// How many match.
    pub(crate) count: usize,
    /// The first of them.
    pub(crate) entries: Vec<FoundEntry>,
}

/// An entry of a catalog.
#[derive(Debug, Serialize)]
pub(crate) struct FoundEntry {
    /// Its id as text.
    pub(crate) id: String,
    pub(crate) name: String,
    /// Whether the configuration has it.
    pub(crate) configured: bool,
}

/// What became of asking for a catalog.
#[derive(Debug, Serialize)]
pub(crate) struct Refreshed {
    pub(crate) vendor: String,
    pub(crate) kind: &'static str,
    /// Its entries now.
    pub(crate) entries: usize,
    /// Its entries before; `None` if there was no copy.
    pub(crate) entries_before: Option<usize>,
}

/// All catalogs that the vendor documents.
pub(super) fn states(account: &Account) -> Vec<CatalogState> {
    let failures: Vec<_> = account.live.failures().collect();
    let state = |kind: CatalogKind| {
        let copy = account.live.copy(kind);
        CatalogState {
            kind: kind.as_str(),
            configured: account.configured.get(kind).map_or(0, |catalog| catalog.len()),
            entries: copy.as_ref().map(|(catalog, _)| catalog.len()),
            age_seconds: copy.map(|(_, age)| age.as_secs()),
            failures: failures.iter().find(|(other, _)| *other == kind).map_or(0, |(_, failures)| *failures),
        }
    };
    account.dialect.catalog_kinds().map(state).collect()
}

/// The entries of the catalog `kind`, or of all, whose id or name has `part` in it; none without both. Only copies are
/// searched; the vendor is not asked.
///
/// # Errors
/// The vendor documents no such catalog.
pub(super) fn find(account: &Account, kind: Option<&str>, part: Option<&str>) -> Result<Vec<Found>, Problem> {
    let kinds: Vec<_> = match (kind.filter(|kind| !kind.is_empty()), part.filter(|part| !part.is_empty())) {
        (Some(kind), _) => vec![documented_kind(account, kind)?].into_iter().filter(|kind| kind.is_shown()).collect(),
        (None, Some(_)) => account.dialect.shown_catalogs().collect(),
        (None, None) => Vec::new(),
    };
    Ok(kinds.into_iter().map(|kind| find_in(account, kind, part.unwrap_or_default())).collect())
}

fn find_in(account: &Account, kind: CatalogKind, part: &str) -> Found {
    let mut live = CatalogSet::default();
    if let Some((catalog, _)) = account.live.copy(kind) {
        live.set(kind, catalog);
    }
    let (name_part, id_part) = (NamePart::new(part), part.trim());
    let catalogs = Catalogs { configured: &account.configured, live: &live };
    let own = account.configured.get(kind).map_or(0, |own| own.len());
    let mut found = Found { kind: kind.as_str(), count: 0, entries: Vec::new() };
    // The configuration's entries come first.
    for (index, listed) in catalogs.entries(kind).enumerate() {
        let id = listed.key();
        if !name_part.is_in(&listed.entry.name) && !id.contains(id_part) {
            continue;
        }
        found.count += 1;
        if found.entries.len() < MAX_FOUND {
            let (id, name) = (id.into_owned(), listed.entry.name.clone());
            found.entries.push(FoundEntry { id, name, configured: index < own });
        }
    }
    found
}

/// `POST /admin/vendor/{vendor}/catalogs/{kind}/refresh`: asks the vendor for a catalog now.
///
/// # Errors
/// There is no such account or catalog, or the catalog cannot be read now.
pub(crate) async fn refresh(operator: &Operator, vendor: &str, kind: &str) -> Result<Refreshed, Problem> {
    let decoded = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let account = account_named(operator.gateway(), &decoded(vendor))?;
    let kind = documented_kind(account, &decoded(kind))?;
    let entries_before = account.live.copy(kind).map(|(catalog, _)| catalog.len());
    let entries = refresh_catalog(&operator.context, account, kind).await?;
    Ok(Refreshed { vendor: account.name.to_string(), kind: kind.as_str(), entries, entries_before })
}
