//! Walks over the pages of the list.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::time::Instant;
use vendors::{ListedAssistant, Listing};

use super::{Asked, AssistantPages, ListFailure, ListReader, Page};

/// The most pages that are read of one list.
pub(super) const MAX_PAGES: usize = 10_000;

/// How often the list is read to its end for an assistant that is not there, while it changes.
const MAX_ROUNDS: usize = 3;

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
    next: Option<Asked>,
    /// The first page that is of interest: those before it only say where it is.
    from: usize,
    /// What pages of this walk were asked for with, if their numbers were not enough.
    starts: HashSet<Box<str>>,
    pub(super) read: usize,
    /// The page that was asked for before the first one.
    hinted: Option<Arc<Page>>,
    /// The first and the last assistant of the page before.
    before: Option<[Box<str>; 2]>,
    /// How many assistants the list has, by the page before.
    total: Option<usize>,
    /// Whether the pages said that the list has grown or shrunk, so that an assistant may have moved to a page already
    /// read.
    has_changed: bool,
    seen: HashSet<Box<str>>,
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
            next: Some(Asked { number: 1, per_page, at: None }),
            from: 1,
            starts: HashSet::new(),
            read: 0,
            hinted: None,
            before: None,
            total: None,
            has_changed: false,
            seen: HashSet::new(),
            attempts: 0,
        })
    }

    /// Starts at a page of an earlier walk. A number of assistants that no page can have is ignored.
    pub fn start_at(&mut self, number: usize, per_page: usize) {
        if (self.listing.min_per_page()..=self.listing.max_per_page).contains(&per_page) {
            self.per_page = per_page;
        }
        self.from = number.max(1);
        self.next = Some(self.pages.start(&self.listing, self.from, self.per_page));
    }

    /// The next page; `None` after the last one.
    ///
    /// # Errors
    /// A page cannot be read. The list is never shortened silently.
    pub async fn next(&mut self) -> Result<Option<Arc<Page>>, ListFailure> {
        loop {
            let Some(page) = self.following().await? else { return Ok(None) };
            if page.number >= self.from {
                return Ok(Some(page));
            }
        }
    }

    /// The next page, of interest or not.
    async fn following(&mut self) -> Result<Option<Arc<Page>>, ListFailure> {
        let Some(asked) = self.next.clone() else { return Ok(None) };
        if self.read == MAX_PAGES {
            return Err(ListFailure::Endless(MAX_PAGES));
        }
        let page = match self.hinted.take_if(|page| page.asked() == asked) {
            Some(page) => page,
            None => self.page_or_start_over(asked).await?,
        };
        self.read += 1;
        let is_the_same = page.ends.is_some() && page.ends == self.before && page.total == self.total;
        let leads_back = page.next.as_ref().is_some_and(|next| !self.starts.insert(next.clone()));
        if (is_the_same && page.has_more) || leads_back {
            self.pages.drop_page(&page);
            self.pages.forget_starts();
            return Err(ListFailure::Repeated(page.number));
        }
        self.before.clone_from(&page.ends);
        self.has_changed |= self.total.is_some() && self.total != page.total;
        self.total = page.total;
        let (number, per_page, at) = (page.number + 1, page.per_page, page.next.clone());
        self.next = page.has_more.then_some(Asked { number, per_page, at });
        Ok(Some(page))
    }

    /// A page. If the vendor refuses what an earlier walk knows of it, such as a cursor that is too old, the walk starts at
    /// the first page.
    async fn page_or_start_over(&mut self, asked: Asked) -> Result<Arc<Page>, ListFailure> {
        let is_remembered = self.read == 0 && asked.at.is_some();
        match self.page(asked).await {
            Err(failure) if is_remembered && failure.is_refusal() => {
                self.pages.forget_starts();
                self.page(self.first()).await
            }
            page => page,
        }
    }

    /// The first page.
    fn first(&self) -> Asked {
        Asked { number: 1, per_page: self.per_page, at: None }
    }

    /// Whether no page of this walk has had the assistant. A list that grows at its front moves assistants to pages still
    /// to come.
    pub fn is_new(&mut self, id: &str) -> bool {
        self.seen.insert(id.into())
    }

    /// Goes back to the first page, and reads all of them at the vendor.
    fn start_over(&mut self) {
        self.next = Some(self.first());
        self.starts.clear();
        (self.fresh, self.has_changed) = (true, false);
        (self.hinted, self.before, self.total) = (None, None, None);
    }

    /// A page, or one with its first part if it is too long.
    async fn page(&mut self, mut asked: Asked) -> Result<Arc<Page>, ListFailure> {
        let before = (asked.number - 1) * asked.per_page;
        loop {
            let page = self.pages.page(self.listing, &asked, self.reader, self.fresh, self.deadline).await;
            match page {
                Ok((page, attempts)) => {
                    self.attempts += attempts;
                    return Ok(page);
                }
                Err(failure) => {
                    self.attempts += failure.attempts();
                    if !failure.is_too_long() {
                        return Err(failure);
                    }
                    let least = self.listing.min_per_page();
                    if asked.per_page <= least {
                        self.pages.reset_per_page();
                        return Err(failure);
                    }
                    self.per_page = fewer(asked.per_page).max(least);
                    self.pages.set_per_page(self.per_page);
                    self.from = (self.from - 1) * asked.per_page / self.per_page + 1;
                    (asked.number, asked.per_page) = (before / self.per_page + 1, self.per_page);
                }
            }
        }
    }

    /// Looks for an assistant: on the page that last held it, then on the others. The function gets it where it is found.
    ///
    /// # Errors
    /// A page cannot be read. That an assistant is not there needs all pages, of a list that stayed as long as it was.
    pub async fn find<R>(
        &mut self,
        id: &str,
        found: impl FnOnce(&Arc<Page>, &ListedAssistant<'_>) -> R,
    ) -> Result<Option<R>, ListFailure> {
        if let Some(before) = self.pages.place(id) {
            let number = before / self.per_page + 1;
            let asked = self.pages.start(&self.listing, number, self.per_page);
            if asked.number == number {
                let page = self.page(asked).await?;
                if let Some(listed) = on(&page, self.reader, id) {
                    return Ok(Some(found(&page, &listed)));
                }
                self.hinted = Some(page);
            }
        }
        for _ in 0..MAX_ROUNDS {
            while let Some(page) = self.next().await? {
                if let Some(listed) = on(&page, self.reader, id) {
                    return Ok(Some(found(&page, &listed)));
                }
            }
            if !self.has_changed {
                break;
            }
            self.start_over();
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
            Self::Malformed { attempts, .. } => *attempts,
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
