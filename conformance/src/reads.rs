//! Everything that is learned without writing: the catalogs, the list, and two requests that the vendor rejects.

use std::sync::Arc;

use vendors::{Catalog, CatalogKind, ListPage, Listing, Operation};

use crate::listing::{self, Listed};
use crate::vendor_client::Stop;
use crate::{FindingKind, Verification};

/// A path that no vendor has: the response shows what errors look like.
const NO_SUCH_PATH: &str = "/user/assistants/switchboard-verify";

/// A page that no account has.
const BEYOND: usize = 1_000_000;

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
        self.pages().await?;
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

    /// Reads a catalog, so that names can be looked up in it.
    pub(crate) async fn catalog(&mut self, kind: CatalogKind) -> Result<(), Stop> {
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

    /// Pages of one assistant: the first, the second if there is one, which has to be another assistant, and one far beyond
    /// the last, which has to be empty.
    async fn pages(&mut self) -> Result<(), Stop> {
        let Some((first, more)) = self.page_of_one(1).await? else { return Ok(()) };
        if more
            && let Some((second, _)) = self.page_of_one(2).await?
            && (second.is_empty() || second == first)
        {
            let detail = "the second page of one assistant each does not show the second assistant";
            self.findings.add(FindingKind::Operation, None, Some("page"), detail);
        }
        if let Some((beyond, _)) = self.page_of_one(BEYOND).await?
            && !beyond.is_empty()
        {
            let detail = format!("page {BEYOND} is not empty, so that no reader knows where the list ends");
            self.findings.add(FindingKind::Operation, None, Some("page"), &detail);
        }
        Ok(())
    }

    /// The ids on a page of one assistant, and whether there are more; `None` if there is a finding about it.
    async fn page_of_one(&mut self, number: usize) -> Result<Option<(Vec<String>, bool)>, Stop> {
        let Some(listing) = self.account.dialect().operations.list else { return Ok(None) };
        let Some(reply) = self.vendor.get(Operation::List, &listing.path_of(number, 1)).await? else { return Ok(None) };
        let problem = if reply.is_success() {
            match ListPage::read(self.account.dialect(), &reply.body, number, 1) {
                Ok(page) if page.assistants.len() <= 1 => {
                    let ids = page.assistants.iter().map(|assistant| assistant.id.to_string()).collect();
                    return Ok(Some((ids, page.has_more)));
                }
                Ok(page) => format!("page {number} has {} assistants instead of one", page.assistants.len()),
                Err(error) => error.to_string(),
            }
        } else {
            format!("page {number} is answered with status {}", reply.status)
        };
        self.findings.add(FindingKind::Operation, None, Some("page"), &problem);
        Ok(None)
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
