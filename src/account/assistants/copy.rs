//! The copy of the list that readers share.
//!
//! A fetch runs in its own task with its own deadline, so that it does not end with the request that started it. moka
//! would keep the copy of an account that nobody reads any more: it drops what has expired only when it is used again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::Shared;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use vendors::Listing;

use super::{ListFailure, ListReader, Page};

/// The most bytes of pages that are kept.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// The deadline of one fetch, which does not depend on the deadlines of the requests that wait for it.
const FETCH_TIMEOUT: Duration = Duration::from_secs(30);

/// Of so many assistants the place is remembered.
const MAX_PLACES: usize = 100_000;

/// The list of one account.
#[derive(Debug)]
pub struct AssistantPages {
    ttl: Duration,
    state: Mutex<State>,
    tasks: TaskTracker,
}

/// How many assistants are on a page, and the number of the page.
type Key = (usize, usize);

/// A page, or why there is none, and the number of attempts.
type Outcome = Result<(Arc<Page>, u32), ListFailure>;

#[derive(Default)]
struct State {
    /// How many writes had ended when the pages were asked for.
    writes: u64,
    /// How many assistants are asked for at once, if it is not the most.
    per_page: Option<usize>,
    pages: HashMap<Key, (Arc<Page>, Instant)>,
    bytes: usize,
    /// The fetches under way.
    flights: HashMap<Key, Shared<oneshot::Receiver<Outcome>>>,
    /// How many assistants come before the one with this id.
    places: HashMap<Box<str>, usize>,
    /// Drops the pages when they are old.
    purge: Option<AbortOnDropHandle<()>>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("pages", &self.pages.len()).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl AssistantPages {
    /// An empty copy whose pages serve for `ttl`; zero keeps none.
    pub fn new(ttl: Duration) -> Arc<Self> {
        Arc::new(Self { ttl, state: Mutex::default(), tasks: TaskTracker::new() })
    }

    /// How many assistants a page has at most.
    pub(super) fn per_page(&self, listing: &Listing) -> usize {
        self.state().per_page.unwrap_or(listing.max_per_page)
    }

    /// Asks for at most so many assistants at once from now on.
    pub(super) fn set_per_page(&self, per_page: usize) {
        self.state().per_page = Some(per_page);
    }

    /// How many assistants came before this one when its page was last read.
    pub(super) fn place(&self, id: &str) -> Option<usize> {
        self.state().places.get(id).copied()
    }

    /// A page, from the copy or from the vendor, and the attempts that this reader waited for. `fresh` asks the vendor.
    pub(super) async fn page(
        self: &Arc<Self>,
        listing: Listing,
        number: usize,
        per_page: usize,
        reader: &ListReader,
        fresh: bool,
        deadline: Instant,
    ) -> Outcome {
        if fresh || self.ttl.is_zero() {
            let writes = reader.stack.writes();
            let (page, attempts) = reader.fetch(listing, number, per_page, deadline).await?;
            let page = Arc::new(page);
            self.keep(writes, &page, reader);
            return Ok((page, attempts));
        }
        let flight = match self.kept_or_flight(listing, number, per_page, reader) {
            Ok(page) => return Ok((page, 0)),
            Err(flight) => flight,
        };
        match timeout_at(deadline, flight).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(ListFailure::Malformed("the task that fetched the page is gone".to_owned())),
            Err(_) => Err(ListFailure::Late),
        }
    }

    /// The page of the copy, or the fetch that brings it, which is started unless it is under way.
    fn kept_or_flight(
        self: &Arc<Self>,
        listing: Listing,
        number: usize,
        per_page: usize,
        reader: &ListReader,
    ) -> Result<Arc<Page>, Shared<oneshot::Receiver<Outcome>>> {
        let key = (per_page, number);
        let mut state = self.state();
        state.follow(reader.stack.writes());
        if let Some((page, at)) = state.pages.get(&key)
            && at.elapsed() < self.ttl
        {
            return Ok(Arc::clone(page));
        }
        if let Some(flight) = state.flights.get(&key) {
            return Err(flight.clone());
        }
        let (done, outcome) = oneshot::channel();
        let flight = outcome.shared();
        state.flights.insert(key, flight.clone());
        let writes = state.writes;
        drop(state);
        let (pages, task) = (Arc::clone(self), reader.clone());
        reader.stack.spawn(async move {
            let fetched = task.fetch(listing, number, per_page, Instant::now() + FETCH_TIMEOUT).await;
            let outcome = fetched.map(|(page, attempts)| (Arc::new(page), attempts));
            if let Ok((page, _)) = &outcome {
                pages.keep(writes, page, &task);
            }
            let mut state = pages.state();
            if state.writes == writes {
                state.flights.remove(&key);
            }
            drop(state);
            let _ = done.send(outcome); // without readers it is only kept
        });
        Err(flight)
    }

    /// Keeps a page that was asked for after so many writes, unless there were more since or it does not fit.
    fn keep(self: &Arc<Self>, writes: u64, page: &Arc<Page>, reader: &ListReader) {
        let before = (page.number - 1) * page.per_page;
        let ids: Vec<Box<str>> = match page.read(reader.dialect) {
            Ok(read) => read.assistants.iter().map(|assistant| (&*assistant.id).into()).collect(),
            Err(_) => Vec::new(),
        };
        let mut state = self.state();
        state.follow(reader.stack.writes());
        if state.places.len() + ids.len() > MAX_PLACES {
            state.places.clear();
        }
        state.places.extend(ids.into_iter().enumerate().map(|(index, id)| (id, before + index)));
        if state.writes != writes || self.ttl.is_zero() || state.bytes + page.body.len() > MAX_BYTES {
            return;
        }
        state.bytes += page.body.len();
        if let Some((old, _)) = state.pages.insert((page.per_page, page.number), (Arc::clone(page), Instant::now())) {
            state.bytes -= old.body.len();
        }
        if state.purge.as_ref().is_none_or(AbortOnDropHandle::is_finished) {
            state.purge = Some(AbortOnDropHandle::new(self.tasks.spawn(purge(Arc::downgrade(self), self.ttl))));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Drops everything that was asked for before the last write ended. Fetches under way serve only those who wait for
    /// them already.
    fn follow(&mut self, writes: u64) {
        if self.writes != writes {
            self.writes = writes;
            self.pages.clear();
            self.bytes = 0;
            self.flights.clear();
            self.per_page = None;
        }
    }

    /// Drops pages that are older than `ttl`; returns when the next one will be.
    fn drop_old(&mut self, ttl: Duration) -> Option<Instant> {
        self.pages.retain(|_, (_, at)| at.elapsed() < ttl);
        self.bytes = self.pages.values().map(|(page, _)| page.body.len()).sum();
        self.pages.values().map(|(_, at)| *at + ttl).min()
    }
}

/// Drops old pages until there are none. It ends with the account.
async fn purge(pages: Weak<AssistantPages>, ttl: Duration) {
    let mut next = Instant::now() + ttl;
    loop {
        sleep_until(next).await;
        let Some(pages) = pages.upgrade() else { return };
        let Some(later) = pages.state().drop_old(ttl) else { return };
        next = later;
    }
}
