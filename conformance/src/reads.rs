//! Everything that is learned without writing: the catalogs, the list, and two requests that the vendor rejects.

use std::sync::Arc;

use vendors::{Catalog, CatalogKind, Listing, Operation};

use crate::listing::{self, Listed};
use crate::vendor_client::Stop;
use crate::{FindingKind, Verification};

/// A path that no vendor has: the response shows what errors look like.
const NO_SUCH_PATH: &str = "/user/assistants/switchboard-verify";

impl Verification<'_> {
    /// Makes all reads and returns the assistant's entry in the list, from which the updates are built.
    pub(crate) async fn read(&mut self) -> Result<Listed, Stop> {
        let id = &self.options.assistant;
        if !self.account.dialect().is_id(id) {
            return Err(Stop::NoId(id.clone()));
        }
        let listed = self.find().await?;
        for kind in self.account.dialect().catalogs_of_fields() {
            self.catalog(kind).await?;
        }
        self.refused_reads().await?;
        let shown: Vec<_> = self.fields().map(|field| (field, listed.get(field.name()).is_some())).collect();
        for (field, shown) in shown {
            self.report.outcome(field, if shown { crate::Outcome::Shown } else { crate::Outcome::NotShown });
        }
        Ok(listed)
    }

    /// How the vendor lists its assistants.
    fn listing(&self) -> Result<Listing, Stop> {
        self.account.dialect().operations.list.ok_or_else(|| Stop::NoList("the vendor documents none".to_owned()))
    }

    /// The assistant's current entry in the list.
    pub(crate) async fn find(&mut self) -> Result<Listed, Stop> {
        let listing = self.listing()?;
        listing::find(&mut self.vendor, |page, per_page| listing.path_of(page, per_page), &self.options.assistant).await
    }

    async fn catalog(&mut self, kind: CatalogKind) -> Result<(), Stop> {
        let Some(spec) = self.account.dialect().catalog(kind) else { return Ok(()) };
        let broken = match self.vendor.get(Operation::Catalog(kind), spec.path).await? {
            None => "the answer is longer than is read".to_owned(),
            Some(reply) if !reply.is_success() => format!("the vendor answers {}", reply.status),
            Some(reply) => match Catalog::parse(&reply.body, spec) {
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

    /// Two requests that the vendor rejects: a page size of 0 (1 to 100 is documented), and a path that does not exist.
    async fn refused_reads(&mut self) -> Result<(), Stop> {
        let path = self.listing()?.path_of(1, 0);
        if self.vendor.get(Operation::List, &path).await?.is_some_and(|reply| reply.is_success()) {
            self.report.note("a page of 0 assistants is not refused, so that no 422 was seen while reading");
        }
        self.vendor.get(Operation::List, NO_SUCH_PATH).await?;
        Ok(())
    }
}
