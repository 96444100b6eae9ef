//! Walks over the pages of the list.

use std::sync::Arc;

use tokio::time::Instant;
use vendors::{ListedAssistant, Listing};

use super::{AssistantPages, ListFailure, ListReader, Page};

/// The most pages that are read of one list.
const MAX_PAGES: usize = 10_000;

/// A walk over the pages of one account's list, from a page to the end.
pub struct Walk<'a> {
    pages: Arc<AssistantPages>,
    reader: &'a ListReader,
    listing: Listing,
    /// Whether each page is asked from the vendor.
    fresh: bool,
    deadline: Instant,
    per_page: usize,
    /// The next page; `None` at the end.
    next: Option<usize>,
    read: usize,
    /// The page that was asked for before the first one.
    hinted: Option<Arc<Page>>,
    /// The attempts so far, without those for pages of the copy.
    pub attempts: u32,
}

impl<'a> Walk<'a> {
    /// A walk from the first page.
    ///
    /// # Errors
    /// The vendor documents no list.
    pub fn new(
        pages: &Arc<AssistantPages>,
        reader: &'a ListReader,
        fresh: bool,
        deadline: Instant,
    ) -> Result<Self, ListFailure> {
        let listing = reader.dialect.operations.list.ok_or(ListFailure::Undocumented)?;
        let (pages, per_page) = (Arc::clone(pages), pages.per_page(&listing));
        Ok(Self {
            pages,
            reader,
            listing,
            fresh,
            deadline,
            per_page,
            next: Some(1),
            read: 0,
            hinted: None,
            attempts: 0,
        })
    }

    /// Starts at a page of an earlier walk. A number of assistants that no page can have is ignored.
    pub fn start_at(&mut self, number: usize, per_page: usize) {
        self.next = Some(number.max(1));
        if (1..=self.listing.max_per_page).contains(&per_page) {
            self.per_page = per_page;
        }
    }

    /// The next page; `None` after the last one.
    ///
    /// # Errors
    /// A page cannot be read. The list is never shortened silently.
    pub async fn next(&mut self) -> Result<Option<Arc<Page>>, ListFailure> {
        let Some(number) = self.next else { return Ok(None) };
        if self.read == MAX_PAGES {
            return Err(ListFailure::Endless(MAX_PAGES));
        }
        let hinted = self.hinted.take_if(|page| page.number == number && page.per_page == self.per_page);
        let page = match hinted {
            Some(page) => page,
            None => self.page(number).await?,
        };
        self.read += 1;
        let has_more = page.read(self.reader.dialect).is_ok_and(|read| read.has_more);
        self.next = has_more.then_some(page.number + 1);
        Ok(Some(page))
    }

    /// The page with the assistants of page `number`, or with those of its first part if it is too long.
    async fn page(&mut self, number: usize) -> Result<Arc<Page>, ListFailure> {
        let before = (number - 1) * self.per_page;
        loop {
            let number = before / self.per_page + 1;
            let (listing, per_page, fresh) = (self.listing, self.per_page, self.fresh);
            let asked = self.pages.page(listing, number, per_page, self.reader, fresh, self.deadline).await;
            match asked {
                Ok((page, attempts)) => {
                    self.attempts += attempts;
                    return Ok(page);
                }
                Err(failure) => {
                    self.attempts += failure.attempts();
                    if !failure.is_too_long() || self.per_page == 1 {
                        return Err(failure);
                    }
                    self.per_page = fewer(self.per_page);
                    self.pages.set_per_page(self.per_page);
                }
            }
        }
    }

    /// Looks for an assistant: on the page that last held it, then on the others. The function gets it where it is found.
    ///
    /// # Errors
    /// A page cannot be read. That an assistant is not there needs all pages.
    pub async fn find<R>(
        &mut self,
        id: &str,
        found: impl FnOnce(&Arc<Page>, &ListedAssistant<'_>) -> R,
    ) -> Result<Option<R>, ListFailure> {
        if let Some(before) = self.pages.place(id) {
            let page = self.page(before / self.per_page + 1).await?;
            if let Some(listed) = on(&page, self.reader, id) {
                return Ok(Some(found(&page, &listed)));
            }
            self.hinted = Some(page);
        }
        while let Some(page) = self.next().await? {
            if let Some(listed) = on(&page, self.reader, id) {
                return Ok(Some(found(&page, &listed)));
            }
        }
        Ok(None)
    }
}

/// About half as many assistants, so that pages of so many end where those of `per_page` do: none is read twice.
fn fewer(per_page: usize) -> usize {
    (1..=per_page / 2).rev().find(|fewer| per_page.is_multiple_of(*fewer)).unwrap_or(1)
}

/// The assistant on this page.
fn on<'p>(page: &'p Page, reader: &ListReader, id: &str) -> Option<ListedAssistant<'p>> {
    page.read(reader.dialect).ok()?.assistants.into_iter().find(|listed| listed.id == id)
}

impl ListFailure {
    /// The attempts that failed.
    pub fn attempts(&self) -> u32 {
        match self {
            Self::Unanswered(failure) => failure.attempts,
            Self::Refused(response) => response.attempts,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::account::assistants::walk::*;

    #[test]
    fn smaller_pages_end_where_larger_ones_do() {
        let mut steps = vec![100];
        while let Some(&last) = steps.last().filter(|last| **last > 1) {
            steps.push(fewer(last));
        }
        assert_eq!(steps, [100, 50, 25, 5, 1]);
        for per_page in 1..=200 {
            assert!(per_page % fewer(per_page) == 0 && (per_page == 1 || fewer(per_page) < per_page), "{per_page}");
        }
    }
}
