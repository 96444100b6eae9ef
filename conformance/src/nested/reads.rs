//! Everything that is learned of a nested dialect without writing: the assistant, the list, the catalogs, and requests that
//! the vendor refuses.

use vendors::{
    IdRule, InvalidPage, ListPage, Listing, Policies, Run, SentFields, VendorErrorKind, list_of_documents, read_listed,
};

use crate::vendor_client::Stop;
use crate::{FindingKind, Verification};

use super::{Document, Ended};

/// How many pages are read at most.
const MAX_PAGES: usize = 1000;

/// What is known of an assistant in the list.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: String,
    /// Its name as JSON text, if the list tells it.
    pub(super) name: Option<String>,
}

/// A page of the list.
struct Page {
    entries: Vec<Entry>,
    next: Option<String>,
}

/// How the reading of a page ended.
enum PageRead {
    Page(Page),
    /// It is longer than is read.
    TooLong,
    /// There is a finding about it.
    Wrong,
}

impl Verification<'_> {
    /// Makes all reads and returns the assistant's document, from which the updates are built.
    pub(super) async fn read_nested(&mut self) -> Result<Document, Stop> {
        let id = &self.options.assistant;
        if !self.account.dialect().is_id(id) {
            return Err(Stop::NoId(id.clone()));
        }
        let document = self.document(id).await?;
        for kind in self.account.dialect().catalogs_of_fields() {
            self.catalog(kind).await?;
        }
        self.first_pages().await?;
        if let Some(entries) = self.whole_list().await?
            && !entries.iter().any(|entry| entry.id == *id)
        {
            let detail = "the list does not show the assistant, which can be read";
            self.findings.add(FindingKind::Operation, None, Some("list"), detail);
        }
        self.absent_assistant().await?;
        self.told(&document);
        Ok(document)
    }

    /// The first two pages, as short as they can be: the second has other assistants. And a page of none.
    async fn first_pages(&mut self) -> Result<(), Stop> {
        let Some(listing) = self.account.dialect().operations.list else {
            self.report.note("this vendor documents no list of assistants, so that none was read");
            return Ok(());
        };
        let size = listing.min_per_page();
        if let PageRead::Page(first) = self.page(listing, (1, size), None).await?
            && let Some(at) = &first.next
            && let PageRead::Page(second) = self.page(listing, (2, size), Some(at)).await?
        {
            let is_known = |entry: &Entry| first.entries.iter().any(|known| known.id == entry.id);
            if second.entries.is_empty() || second.entries.iter().any(is_known) {
                let detail = "the second page of the list does not show the assistants that follow the first page";
                self.findings.add(FindingKind::Operation, None, Some("page"), detail);
            }
        }
        let (path, body) = listing.request(1, 0, None);
        let reply = self.vendor.list(listing.call, &path, body).await?;
        if reply.is_some_and(|reply| reply.is_success()) {
            self.report.note("a page of 0 assistants is not refused, so that no refusal was seen while reading");
        }
        Ok(())
    }

    /// The whole list, in pages as long as they can be read; `None` if there is a finding about one.
    pub(super) async fn whole_list(&mut self) -> Result<Option<Vec<Entry>>, Stop> {
        let Some(listing) = self.account.dialect().operations.list else { return Ok(None) };
        for size in [listing.max_per_page, 10, listing.min_per_page()] {
            let (mut entries, mut at) = (Vec::new(), None);
            for number in 1..=MAX_PAGES {
                match self.page(listing, (number, size), at.as_deref()).await? {
                    PageRead::Wrong => return Ok(None),
                    PageRead::TooLong => {
                        at = None;
                        entries.clear();
                        break;
                    }
                    PageRead::Page(page) => {
                        entries.extend(page.entries);
                        at = page.next;
                        if at.is_none() {
                            return Ok(Some(entries));
                        }
                    }
                }
            }
            if at.is_some() {
                return Err(Stop::NoList(format!("it has more than {MAX_PAGES} pages")));
            }
        }
        Err(Stop::NoList("the shortest page is more than is read".to_owned()))
    }

    async fn page(
        &mut self,
        listing: Listing,
        (number, size): (usize, usize),
        at: Option<&str>,
    ) -> Result<PageRead, Stop> {
        let (path, body) = listing.request(number, size, at);
        let Some(reply) = self.vendor.list(listing.call, &path, body).await? else { return Ok(PageRead::TooLong) };
        let dialect = self.account.dialect();
        let read = |body: &[u8]| -> Result<Page, InvalidPage> {
            let body = list_of_documents(dialect, body)?;
            let page = ListPage::read(dialect, &body, number, size)?;
            let entry = |listed: &vendors::ListedAssistant<'_>| {
                let read = read_listed(dialect, &Policies::default(), listed);
                Entry { id: listed.id.to_string(), name: read.told(vendors::Field::Name).map(str::to_owned) }
            };
            Ok(Page { entries: page.assistants.iter().map(entry).collect(), next: page.next })
        };
        let problem = match reply.is_success().then(|| read(&reply.body)) {
            Some(Ok(page)) if page.entries.len() <= size => return Ok(PageRead::Page(page)),
            Some(Ok(page)) => {
                let detail = format!("a page of at most {size} has {} assistants", page.entries.len());
                self.findings.add(FindingKind::Operation, None, Some("page"), &detail);
                return Ok(PageRead::Page(page));
            }
            // Two assistants of the same time are none of the vendor's faults.
            Some(Err(InvalidPage::SameTime { .. })) if size < listing.max_per_page => return Ok(PageRead::TooLong),
            Some(Err(error)) => error.to_string(),
            None => format!("page {number} is answered with {}", self.said(&reply)),
        };
        self.findings.add(FindingKind::Operation, None, Some("list"), &problem);
        Ok(PageRead::Wrong)
    }

    /// Reads an assistant that does not exist: the vendor has to say so in a way that is understood.
    async fn absent_assistant(&mut self) -> Result<(), Stop> {
        let (dialect, settings) = (self.account.dialect(), self.settings());
        let id = absent(dialect.ids, &self.options.assistant);
        if id == self.options.assistant {
            return Ok(());
        }
        let Some(mut run) = Run::read(dialect, &id, &settings) else { return Ok(()) };
        let detail = match self.drive(&mut run).await? {
            Ended::Rejected(_, reply) => {
                let kind = self.error(&reply, &SentFields::default()).kind;
                if kind == VendorErrorKind::NotFound {
                    return Ok(());
                }
                format!(
                    "reading an assistant that does not exist is answered with {}, which is understood as {kind:?}",
                    self.said(&reply)
                )
            }
            Ended::Done { .. } | Ended::WouldChange { .. } | Ended::Refused(_) | Ended::Unread(_) => {
                "reading an assistant that does not exist is not refused".to_owned()
            }
        };
        self.findings.add(FindingKind::Operation, None, Some("read"), &detail);
        Ok(())
    }
}

/// An id in the form of `id` that no assistant has.
fn absent(ids: IdRule, id: &str) -> String {
    match ids {
        IdRule::Token { .. } => {
            let (prefix, rest) = id.rsplit_once('_').map_or(("", id), |(prefix, rest)| (prefix, rest));
            let separator = if prefix.is_empty() { "" } else { "_" };
            let zeros = rest.chars().map(|char| if char.is_ascii_alphanumeric() { '0' } else { char });
            [prefix, separator, &zeros.collect::<String>()].concat()
        }
        IdRule::Uuid | IdRule::Digits { .. } => ids.example().to_owned(),
    }
}
