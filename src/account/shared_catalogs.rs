//! A catalog that replicas share: one of them reads it from the vendor, the others have its copy from the store.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use vendors::{Catalog, CatalogEntry, CatalogKind, CatalogSpec};

use super::catalog_reader::{CatalogFailure, CatalogReader};
use crate::value::{CatalogState, SharedCatalog};

/// How long a replica waits for another one that reads the catalog, before it reads it itself.
const OTHER_READ_TIMEOUT: Duration = Duration::from_secs(10);
/// The time between two looks at the store meanwhile.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// The catalog and its age: another replica's copy, if that is younger than `ttl`, or the vendor's.
pub(super) async fn read(
    shared: &dyn SharedCatalog,
    ttl: Duration,
    kind: CatalogKind,
    spec: &CatalogSpec,
    reader: &CatalogReader,
) -> Result<(Catalog, Duration), CatalogFailure> {
    let patient_until = Instant::now() + OTHER_READ_TIMEOUT;
    loop {
        match shared.get(ttl).await {
            CatalogState::Found(contents, age) => match decoded(&contents) {
                Some(catalog) => return Ok((catalog, age)),
                // Another version's.
                None => break,
            },
            CatalogState::Awaited if Instant::now() < patient_until => sleep(LOOK_INTERVAL).await,
            CatalogState::Awaited | CatalogState::Mine => break,
        }
    }
    let result = reader.read(kind, spec).await;
    shared.put(result.as_ref().ok().and_then(encoded)).await;
    result.map(|catalog| (catalog, Duration::ZERO))
}

/// An entry: id, name, code and members.
type Stored<'a> = (&'a str, &'a str, Option<&'a str>, &'a str);

fn encoded(catalog: &Catalog) -> Option<Vec<u8>> {
    let entries: Vec<_> = catalog.entries().iter().map(stored).collect();
    serde_json::to_vec(&entries).ok()
}

fn stored(entry: &CatalogEntry) -> Stored<'_> {
    (&entry.id, &entry.name, entry.iso_2.as_deref(), &entry.members)
}

fn decoded(contents: &[u8]) -> Option<Catalog> {
    let entries: Vec<(String, String, Option<String>, String)> = serde_json::from_slice(contents).ok()?;
    let entry =
        |(id, name, iso_2, members): (_, _, _, String)| CatalogEntry { id, name, iso_2, members: members.into() };
    Some(entries.into_iter().map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_everything_that_the_catalog_has() {
        let entries = vec![
            CatalogEntry::new("1", "Ve\"ga \u{1f600}"),
            CatalogEntry {
                id: "\"x\"".into(),
                name: "German".into(),
                iso_2: Some("de".into()),
                members: "\"gender\":\"female\",\"rate\":1.50".into(),
            },
        ];
        let catalog: Catalog = entries.iter().cloned().collect();
        let copy = decoded(&encoded(&catalog).unwrap()).unwrap();
        assert_eq!(copy.entries(), entries);
        assert_eq!(decoded(&encoded(&Catalog::default()).unwrap()).unwrap().len(), 0);
        assert!(decoded(b"{}").is_none() && decoded(b"[[1]]").is_none());
    }
}
