//! Callbacks: tells clients by a signed request that their asynchronous changes have ended.
//!
//! The store holds what waits, so that a callback arrives at least once whatever ends the process. Each client has a
//! [`Backlog`] of its own while callbacks of it wait: a receiver that is slow or down delays no other client. It sleeps until
//! the first of them is due, a try ends, or another change has ended, of which it is notified.

mod backlog;
mod delivery;
mod receivers;
mod schedule;
mod signature;
mod state;

use std::collections::{HashMap, HashSet};
use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::gateway::{CallbackTargets, Gateway};
use crate::store::{SharedStore, StoreError, Timestamp};
use crate::value::Lock;

use super::Records;
use backlog::Backlog;
pub use delivery::CallbackCounters;
use delivery::{Clock, Delivery, Targets};
use receivers::Receivers;
use schedule::{StoreBackoff, Terms};
pub(crate) use state::CallbackState;

/// The callbacks of all clients.
#[derive(Debug)]
pub struct Callbacks {
    delivery: Arc<Delivery>,
    /// The clients of whom another change has ended.
    told: Lock<HashSet<Arc<str>>>,
    wake: Notify,
    /// Whether those of clients that nothing was told of are to be looked for.
    looks: AtomicBool,
}

impl Callbacks {
    /// The callbacks in that store, to the targets of the present generation. Their connections are counted there.
    pub fn new(store: SharedStore, gateway: Arc<ArcSwap<Gateway>>, connections: &TaskTracker) -> Self {
        let targets: Targets = Box::new(move || targets(&gateway.load()));
        Self::with(store, targets, Box::new(Timestamp::now), Terms::default(), connections)
    }

    fn with(store: SharedStore, targets: Targets, clock: Clock, terms: Terms, connections: &TaskTracker) -> Self {
        let (receivers, counters) = (Receivers::new(connections), CallbackCounters::default());
        let delivery = Delivery { store, targets, clock, receivers, terms, counters };
        Self { delivery: Arc::new(delivery), told: Lock::default(), wake: Notify::new(), looks: AtomicBool::new(true) }
    }

    /// Whether the ends of that client's asynchronous changes are to be stored with a callback.
    pub fn wants(&self, client: Option<&str>) -> bool {
        client.is_some_and(|client| (self.delivery.targets)().contains_key(client))
    }

    /// Call it when the end of a change is stored that has a callback.
    pub fn notify(&self, client: &str) {
        self.told.lock().insert(client.into());
        self.wake.notify_one();
    }

    /// Has all callbacks that wait looked at again, as another process may have added some.
    pub(super) fn look(&self) {
        self.looks.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// What became of callbacks since the start.
    pub fn counters(&self) -> &CallbackCounters {
        &self.delivery.counters
    }

    /// Sends callbacks until the gateway drains: then the tries that run have a moment to end, and the rest stays in the
    /// store. Of several processes that share the store, the one that leads sends them.
    pub async fn run(self: Arc<Self>, leads: impl Fn() -> bool + Send, drain: CancellationToken) {
        let mut backlogs = FuturesUnordered::new();
        let mut served: HashMap<Arc<str>, Arc<Notify>> = HashMap::new();
        loop {
            if leads() && self.looks.swap(false, Ordering::AcqRel) {
                let waiting = tokio::select! {
                    biased;
                    () = drain.cancelled() => break,
                    waiting = self.clients() => waiting,
                };
                self.told.lock().extend(waiting.into_iter().map(Arc::from));
            }
            let told = if leads() { take(&mut *self.told.lock()) } else { HashSet::new() };
            for client in told {
                if let Some(told) = served.get(&client) {
                    told.notify_one();
                    continue;
                }
                let told = Arc::<Notify>::default();
                served.insert(Arc::clone(&client), Arc::clone(&told));
                backlogs.push(Backlog::new(Arc::clone(&self.delivery), client).serve(told, drain.clone()));
            }
            tokio::select! {
                biased;
                () = drain.cancelled() => break,
                Some(client) = backlogs.next(), if !backlogs.is_empty() => drop(served.remove(&client)),
                () = self.wake.notified() => {}
            }
        }
        let running = async { while backlogs.next().await.is_some() {} };
        if timeout(self.delivery.terms.drain, running).await.is_err() {
            tracing::info!("callbacks that were being sent are sent again after the next start");
        }
        self.delivery.receivers.close();
    }

    /// The clients of whom callbacks wait from before the start.
    async fn clients(&self) -> Vec<String> {
        let mut backoff = StoreBackoff::new();
        loop {
            match self.delivery.store.callback_clients().await {
                Ok(clients) => return clients,
                Err(StoreError::Closed) => return Vec::new(),
                Err(error) => tracing::warn!(%error, "callbacks cannot be read from the store"),
            }
            sleep(backoff.wait()).await;
        }
    }
}

impl Records {
    /// How many callbacks were given up here since the start, and when the last one was, in seconds since 1970.
    pub fn callbacks_given_up(&self) -> (u64, Option<u64>) {
        let counters = self.callbacks.counters();
        let at = counters.given_up_at.load(Ordering::Relaxed);
        (counters.given_up.get(), Some(at).filter(|at| *at > 0))
    }
}

/// Whom a generation tells of changes that have ended.
fn targets(gateway: &Gateway) -> Arc<CallbackTargets> {
    Arc::clone(&gateway.callbacks)
}

#[cfg(test)]
mod tests;
