//! The copy of the list that readers share.
//!
//! A fetch runs in its own task with its own deadline, so that it does not end with the request that started it; it ends
//! with the account, so a shutdown does not wait for it. moka would keep the copy of an account without readers: it drops
//! what has expired only when it is used again.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::Shared;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use vendors::Listing;

use crate::value::Lock;

use super::fetch::Fetched;
use super::{Asked, ListFailure, ListReader, Page};

/// The most bytes of pages that are kept.
pub(super) const MAX_BYTES: usize = 32 * 1024 * 1024;

/// The deadline of one fetch, which does not depend on the deadlines of the requests that wait for it.
const FETCH_TIMEOUT: Duration = Duration::from_secs(30);

/// Of so many assistants the place is remembered, if their ids are not longer than [`MAX_ID`].
const MAX_PLACES: usize = 100_000;
const MAX_ID: usize = 64;

/// Of so many pages it is remembered what they are asked for with, if it is not longer than [`MAX_START`].
const MAX_STARTS: usize = 20_000;
const MAX_START: usize = 1024;

/// How long that is remembered.
const STARTS_FOR: Duration = Duration::from_secs(600);

/// How long fewer assistants are asked for after a page that was too long.
const SMALLER_PAGES_FOR: Duration = Duration::from_secs(600);

/// The list of one account.
#[derive(Debug)]
pub struct AssistantPages {
    ttl: Duration,
    pub(super) state: Lock<State>,
    tasks: TaskTracker,
}

/// A page, or why there is none, and the number of attempts.
type Outcome = Result<(Arc<Page>, u32), ListFailure>;

/// A fetch under way. It goes on while the copy or a reader has it.
pub(super) struct Flight {
    pub(super) outcome: Shared<oneshot::Receiver<Outcome>>,
    pub(super) task: AbortOnDropHandle<()>,
}

#[derive(Default)]
pub(super) struct State {
    /// How many writes had ended when the pages were asked for.
    writes: u64,
    /// How many assistants are asked for at once, if it is not the most, and since when.
    per_page: Option<(usize, Instant)>,
    pub(super) pages: HashMap<Asked, (Arc<Page>, Instant)>,
    pub(super) bytes: usize,
    /// The fetches under way.
    pub(super) flights: HashMap<Asked, Arc<Flight>>,
    /// What pages are asked for with besides their numbers, by how many assistants are on a page and the number, and since
    /// when it is known.
    starts: HashMap<(usize, usize), (Box<str>, Instant)>,
    /// How many assistants come before the one with this id.
    pub(super) places: HashMap<Box<str>, usize>,
    /// Drops the pages when they are old.
    pub(super) purge: Option<AbortOnDropHandle<()>>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("pages", &self.pages.len()).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl AssistantPages {
    /// An empty copy whose pages serve for `ttl`; zero keeps none.
    pub fn new(ttl: Duration) -> Arc<Self> {
        Arc::new(Self { ttl, state: Lock::default(), tasks: TaskTracker::new() })
    }

    /// How many assistants a page has at most.
    pub(super) fn per_page(&self, listing: &Listing) -> usize {
        self.state.lock().smaller_pages().unwrap_or(listing.max_per_page)
    }

    /// Asks for at most so many assistants at once for a while.
    pub(super) fn set_per_page(&self, per_page: usize) {
        let mut state = self.state.lock();
        let per_page = state.smaller_pages().map_or(per_page, |present| present.min(per_page));
        state.per_page = Some((per_page, Instant::now()));
    }

    /// Asks for the most again: fewer were too many as well.
    pub(super) fn reset_per_page(&self) {
        self.state.lock().per_page = None;
    }

    /// How many assistants came before this one when its page was last read.
    pub(super) fn place(&self, id: &str) -> Option<usize> {
        self.state.lock().places.get(id).copied()
    }

    /// The last page up to this one of which it is known what it is asked for with. The first page is always known.
    pub(super) fn start(&self, listing: &Listing, number: usize, per_page: usize) -> Asked {
        if listing.paging.is_numbered() {
            return Asked { number, per_page, at: None };
        }
        let state = self.state.lock();
        let known = state
            .starts
            .iter()
            .filter(|((size, page), (_, since))| *size == per_page && *page <= number && since.elapsed() < STARTS_FOR);
        let last = known.max_by_key(|((_, page), _)| *page);
        last.map_or(Asked { number: 1, per_page, at: None }, |((_, page), (at, _))| Asked {
            number: *page,
            per_page,
            at: Some(at.clone()),
        })
    }

    /// Forgets what pages are asked for with: the vendor does not know it any more.
    pub(super) fn forget_starts(&self) {
        self.state.lock().starts.clear();
    }

    /// Drops a page that is not what it should be.
    pub(super) fn drop_page(&self, page: &Page) {
        self.state.lock().remove(&page.asked());
    }

    /// A page, from the copy or from the vendor, and the attempts that this reader waited for. `fresh` asks the vendor.
    pub(super) async fn page(
        self: &Arc<Self>,
        listing: Listing,
        asked: &Asked,
        reader: &ListReader,
        fresh: bool,
        deadline: Instant,
    ) -> Outcome {
        if fresh || self.ttl.is_zero() {
            let writes = reader.stack.writes();
            let Fetched { page, ids, attempts } = reader.fetch(listing, asked, deadline).await?;
            let page = Arc::new(page);
            self.keep(writes, &page, ids, reader);
            return Ok((page, attempts));
        }
        let flight = match self.kept_or_flight(listing, asked, reader) {
            Ok(page) => return Ok((page, 0)),
            Err(flight) => flight,
        };
        match timeout_at(deadline, flight.outcome.clone()).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => {
                Err(ListFailure::Malformed { what: "the task that fetched it is gone".to_owned(), attempts: 0 })
            }
            Err(_) => Err(ListFailure::Late),
        }
    }

    /// The page of the copy, or the fetch that brings it, which is started unless it is under way.
    fn kept_or_flight(
        self: &Arc<Self>,
        listing: Listing,
        asked: &Asked,
        reader: &ListReader,
    ) -> Result<Arc<Page>, Arc<Flight>> {
        let mut state = self.state.lock();
        state.follow(reader.stack.writes());
        if let Some((page, at)) = state.pages.get(asked)
            && at.elapsed() < self.ttl
        {
            return Ok(Arc::clone(page));
        }
        // One that has ended and is still there has panicked.
        if let Some(flight) = state.flights.get(asked).filter(|flight| !flight.task.is_finished()) {
            return Err(Arc::clone(flight));
        }
        let (done, outcome) = oneshot::channel();
        let (pages, writes, reader, key) = (Arc::downgrade(self), state.writes, reader.clone(), asked.clone());
        let task = self.tasks.spawn(async move {
            let fetched = reader.fetch(listing, &key, Instant::now() + FETCH_TIMEOUT).await;
            let outcome = match fetched {
                Ok(Fetched { page, ids, attempts }) => {
                    let page = Arc::new(page);
                    if let Some(pages) = pages.upgrade() {
                        pages.keep(writes, &page, ids, &reader);
                    }
                    Ok((page, attempts))
                }
                Err(failure) => Err(failure),
            };
            let _ = done.send(outcome); // without readers it is only kept
            if let Some(pages) = pages.upgrade() {
                pages.state.lock().ended(&key, writes);
            }
        });
        let flight = Arc::new(Flight { outcome: outcome.shared(), task: AbortOnDropHandle::new(task) });
        state.flights.insert(asked.clone(), Arc::clone(&flight));
        Err(flight)
    }

    /// Keeps a page that was asked for after so many writes, unless there were more since or it does not fit.
    fn keep(self: &Arc<Self>, writes: u64, page: &Arc<Page>, ids: Vec<Box<str>>, reader: &ListReader) {
        let mut state = self.state.lock();
        state.follow(reader.stack.writes());
        state.remember(page, ids);
        if state.writes == writes && !self.ttl.is_zero() && state.insert(page) && state.purge.is_none() {
            state.purge = Some(AbortOnDropHandle::new(self.tasks.spawn(purge(Arc::downgrade(self), self.ttl))));
        }
    }
}

impl State {
    /// Drops everything that was asked for before the last write ended. Fetches under way serve only those who wait for
    /// them already.
    pub(super) fn follow(&mut self, writes: u64) {
        if self.writes != writes {
            self.writes = writes;
            self.pages.clear();
            self.bytes = 0;
            self.flights.clear();
        }
    }

    /// Removes the fetch of a page, which has ended, unless a later one has taken its place.
    fn ended(&mut self, asked: &Asked, writes: u64) {
        if self.writes == writes {
            self.flights.remove(asked);
        }
    }

    /// Remembers where the assistants of a page are.
    fn remember(&mut self, page: &Page, ids: Vec<Box<str>>) {
        if self.places.len() + ids.len() > MAX_PLACES {
            self.places = HashMap::new();
        }
        let places = ids.into_iter().zip((page.number - 1) * page.per_page..);
        self.places.extend(places.filter(|(id, _)| id.len() <= MAX_ID));
        if self.starts.len() >= MAX_STARTS {
            self.starts = HashMap::new();
        }
        let starts = [(page.number, &page.at), (page.number + 1, &page.next)];
        let starts = starts.into_iter().filter_map(|(number, at)| Some(((page.per_page, number), at.clone()?)));
        let short = starts.filter(|(_, at)| at.len() <= MAX_START);
        self.starts.extend(short.map(|(key, at)| (key, (at, Instant::now()))));
    }

    /// Keeps a page, in the place of an older copy of it; false if it does not fit.
    pub(super) fn insert(&mut self, page: &Arc<Page>) -> bool {
        let asked = page.asked();
        self.remove(&asked);
        let fits = self.bytes + page.body.len() <= MAX_BYTES;
        if fits {
            self.bytes += page.body.len();
            self.pages.insert(asked, (Arc::clone(page), Instant::now()));
        }
        fits
    }

    fn remove(&mut self, asked: &Asked) {
        if let Some((old, _)) = self.pages.remove(asked) {
            self.bytes -= old.body.len();
        }
    }

    fn smaller_pages(&self) -> Option<usize> {
        self.per_page.filter(|(_, since)| since.elapsed() < SMALLER_PAGES_FOR).map(|(per_page, _)| per_page)
    }

    /// Drops pages that are older than `ttl`; returns when the next one will be. Without one, the task that asks ends.
    fn drop_old(&mut self, ttl: Duration) -> Option<Instant> {
        self.pages.retain(|_, (_, at)| at.elapsed() < ttl);
        self.bytes = self.pages.values().map(|(page, _)| page.body.len()).sum();
        let next = self.pages.values().map(|(_, at)| *at + ttl).min();
        if next.is_none() {
            self.pages = HashMap::new();
            self.purge = None;
        }
        next
    }
}

/// Drops old pages until there are none. It ends with the account.
async fn purge(pages: Weak<AssistantPages>, ttl: Duration) {
    let mut next = Instant::now() + ttl;
    loop {
        sleep_until(next).await;
        let Some(pages) = pages.upgrade() else { return };
        let Some(later) = pages.state.lock().drop_old(ttl) else { return };
        next = later;
    }
}
