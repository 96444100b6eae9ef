//! What can be learned without writing: catalogs, the list, and two refused reads.

use std::sync::Arc;

use vendors::{Asked, Catalog, CatalogKind};

use super::conversation::Stop;
use super::listing::{self, Listed};
use super::{FindingKind, Verification};

/// A path that no vendor has: what is answered to it is the documented error or a new one.
const NO_SUCH_PATH: &str = "/user/assistants/switchboard-verify";

impl Verification<'_> {
    /// Reads everything there is to read; the assistant's entry is what the rest is made of.
    pub(super) async fn read(&mut self) -> Result<Listed, Stop> {
        let id = &self.wishes.assistant;
        if !self.account.dialect.is_id(id) {
            return Err(Stop::NoId(id.clone()));
        }
        let listed = self.find().await?;
        for kind in CatalogKind::ALL {
            self.catalog(kind).await?;
        }
        self.refused_reads().await?;
        let shown: Vec<_> = self.fields().map(|field| (field, listed.get(field.name()).is_some())).collect();
        for (field, shown) in shown {
            self.report.outcome(field, if shown { super::Outcome::Shown } else { super::Outcome::NotShown });
        }
        Ok(listed)
    }

    /// The assistant's entry as it is now.
    pub(super) async fn find(&mut self) -> Result<Listed, Stop> {
        let dialect = self.account.dialect;
        let path = |page, per_page| dialect.assistants_path(page, per_page);
        listing::find(&mut self.vendor, path, &self.wishes.assistant).await
    }

    async fn catalog(&mut self, kind: CatalogKind) -> Result<(), Stop> {
        let Some(path) = self.account.dialect.catalog_path(kind) else { return Ok(()) };
        let broken = match self.vendor.get(Asked::Catalog(kind), path).await? {
            None => "the answer is longer than is read".to_owned(),
            Some(reply) if !reply.is_success() => format!("the vendor answers {}", reply.status),
            Some(reply) => match Catalog::parse(&reply.body) {
                Ok(catalog) => {
                    self.live.set(kind, Arc::new(catalog));
                    return Ok(());
                }
                Err(error) => error.to_string(),
            },
        };
        self.findings.add(FindingKind::BrokenCatalog, None, Some(kind.as_str()), &broken);
        Ok(())
    }

    /// A page size of 0 is refused by the documented 1 to 100, and a path that is not there by nobody having it.
    async fn refused_reads(&mut self) -> Result<(), Stop> {
        let path = self.account.dialect.assistants_path(1, 0);
        if self.vendor.get(Asked::Assistants, &path).await?.is_some_and(|reply| reply.is_success()) {
            self.report.note("a page of 0 assistants is not refused, so that no 422 was seen while reading");
        }
        self.vendor.get(Asked::Assistants, NO_SUCH_PATH).await?;
        Ok(())
    }
}
