//! The callbacks of one client that wait, and those of them that are being tried.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::store::{StoreError, UpdateId};

use super::delivery::Delivery;
use super::schedule::StoreBackoff;

/// The longest sleep: a clock that is set forward meanwhile is noticed after it.
const LONGEST_SLEEP: Duration = Duration::from_secs(300);

/// A try, which ends with its callback's id and how long nothing can be sent.
type Try = Pin<Box<dyn Future<Output = (UpdateId, Option<Duration>)> + Send>>;

/// The callbacks of one client. The store holds them; here are only those that are being tried.
pub(super) struct Backlog {
    delivery: Arc<Delivery>,
    client: Arc<str>,
    tries: FuturesUnordered<Try>,
    in_progress: HashSet<UpdateId>,
    paused_until: Option<Instant>,
    store_backoff: StoreBackoff,
}

/// What to wait for.
enum Next {
    /// The end of a try.
    EndOfTry,
    /// A time, or the end of a try.
    At(Instant),
    /// Nothing: no callback waits.
    Nothing,
    /// Nothing: the store is closed.
    Closed,
}

impl Backlog {
    pub(super) fn new(delivery: Arc<Delivery>, client: Arc<str>) -> Self {
        Self {
            delivery,
            client,
            tries: FuturesUnordered::new(),
            in_progress: HashSet::new(),
            paused_until: None,
            store_backoff: StoreBackoff::new(),
        }
    }

    /// Tries callbacks as they become due, until none is left or the gateway drains; then it gives its client's name back.
    /// `told` says that another may wait.
    pub(super) async fn serve(mut self, told: Arc<Notify>, drain: CancellationToken) -> Arc<str> {
        loop {
            let until = match self.start().await {
                Next::Closed => break,
                Next::Nothing if told.notified().now_or_never().is_some() => continue,
                Next::Nothing => return self.client,
                Next::EndOfTry => None,
                Next::At(time) => Some(time),
            };
            tokio::select! {
                biased;
                () = drain.cancelled() => break,
                Some(ended) = self.tries.next(), if !self.tries.is_empty() => self.ended(ended),
                () = told.notified() => {}
                () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => {}
            }
        }
        while self.tries.next().await.is_some() {}
        self.client
    }

    /// Starts those that are due, as far as there are places.
    async fn start(&mut self) -> Next {
        let places = self.delivery.terms.places;
        if self.in_progress.len() >= places {
            return Next::EndOfTry;
        }
        if let Some(until) = self.paused_until.filter(|until| *until > Instant::now()) {
            return Next::At(until);
        }
        // Those in progress are among them, and one more says when to look again.
        let waiting = match self.delivery.store.callbacks_of(self.client.to_string(), places + 1).await {
            Ok(waiting) => waiting,
            Err(StoreError::Closed) => return Next::Closed,
            Err(error) => {
                tracing::warn!(%error, client = &*self.client, "callbacks cannot be read from the store");
                return Next::At(Instant::now() + self.store_backoff.wait());
            }
        };
        self.store_backoff = StoreBackoff::new();
        let now = (self.delivery.clock)();
        for due in waiting {
            if self.in_progress.contains(&due.id) {
                continue;
            }
            if let Some(wait) = self.delivery.terms.time_until(due.due_at, now) {
                return Next::At(Instant::now() + wait.min(LONGEST_SLEEP));
            }
            if self.in_progress.len() >= places {
                return Next::EndOfTry;
            }
            let (delivery, id) = (Arc::clone(&self.delivery), due.id);
            self.in_progress.insert(id);
            self.tries.push(Box::pin(async move { (id, delivery.attempt(due).await) }));
        }
        if self.tries.is_empty() { Next::Nothing } else { Next::EndOfTry }
    }

    fn ended(&mut self, (id, pause): (UpdateId, Option<Duration>)) {
        self.in_progress.remove(&id);
        // One that was sent shows that others can be sent, or finds out again that they cannot.
        self.paused_until = pause.map(|pause| Instant::now() + pause);
    }
}
