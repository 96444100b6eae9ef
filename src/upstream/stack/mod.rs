//! One vendor account's stack: the chain of layers, and what can be seen of it from outside.
//!
//! A stack never changes. New settings make a new stack; an account whose settings stayed the same keeps its stack,
//! and with it its connections, its breaker and its lines.

use std::{fmt, sync::Arc, time::Duration};

use http::Uri;
use strum::VariantArray;
use tokio_util::task::TaskTracker;
use tower::{ServiceBuilder, layer::layer_fn};

use crate::problem::FailureReason;

use super::breaker::circuit::Circuit;
use super::breaker::layer::Breaker;
use super::client::connector::Connector;
use super::counters::{AllCounters, Counters};
use super::detached::UpdateLog;
use super::layers::attempt::Attempt;
use super::layers::deadline::Deadline;
use super::layers::fair_share::{FairShare, SharePermit};
use super::layers::in_flight::{InFlight, Slots};
use super::layers::keyed_lock::{AccountLines, QueuedLock, ScopedLocks};
use super::layers::queue_limit::QueueLimit;
use super::layers::rate::Rate;
use super::layers::retry_after_gate::{Pause, Paused};
use super::layers::serialize::Order;
use super::layers::token_clock::TokenClock;
use super::retry::budget::RetryBudget;
use super::retry::layer::{Retry, RetryContext};
use super::{BreakerState, Call, DetachOnDrop, Failure, HttpClient, StackSettings, VendorRequest, VendorResponse};

/// The layers, outermost first.
type Chain<C> = Deadline<Order<Paused<Rate<InFlight<Breaker<Retry<Attempt<C>>>>>>>>;

/// What outlives a stack: its tasks, which closed and awaited prove that everything ended, and the lines and counters
/// that its successor goes on with.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    /// Updates whose callers have gone. Await these first.
    pub updates: TaskTracker,
    /// Connections; they end once the stack is dropped.
    pub connections: TaskTracker,
    lines: ScopedLocks,
    counters: AllCounters,
}

/// Everything between a finished request and the vendor's answer, for one account.
pub struct Stack<C = HttpClient> {
    name: Arc<str>,
    chain: Arc<Chain<C>>,
    parts: Parts,
    shares: FairShare,
    base_url: Uri,
    updates: TaskTracker,
}

/// What the layers share.
#[derive(Clone)]
struct Parts {
    lines: Arc<AccountLines>,
    room: Arc<QueueLimit>,
    slots: Arc<Slots>,
    ties: RetryContext,
}

/// What a stack is doing and has done.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The breaker's state.
    pub breaker: BreakerState,
    /// What is left of the pause after a 429.
    pub paused: Option<Duration>,
    /// Requests holding a slot.
    pub in_flight: usize,
    /// Requests waiting for whatever reason.
    pub waiting: usize,
    /// Retries that could be made now.
    pub retry_budget: f64,
    /// Attempts so far, as all that follows: since the account was first there.
    pub attempts: u64,
    /// Attempts after the first, so far.
    pub retries: u64,
    /// Retries that were not made for want of budget, so far.
    pub retries_withheld: u64,
    /// Stale idle connections replaced at no cost, so far.
    pub reconnects: u64,
    /// Updates finished without their caller, so far.
    pub handed_over: u64,
    /// Connections opened so far.
    pub connected: u64,
    /// Connections that have ended, so far.
    pub disconnected: u64,
    /// Failed requests so far, by [`FailureReason::name`].
    pub failures: [(&'static str, u64); FailureReason::VARIANTS.len()],
}

impl Tasks {
    /// Has the updates of `account` keep one order with all that share `scope`, after those that it has sent before.
    pub(crate) fn scope(&self, account: &str, scope: &Arc<str>) {
        self.lines.scope(account, scope);
    }

    /// Has the updates that come to `scope` from now on wait for those of another one that are there.
    pub(crate) fn follow(&self, scope: &Arc<str>, other: &str) {
        self.lines.follow(scope, other);
    }
}

impl Stack {
    /// A stack with a client and a pool of its own. Call it within a tokio runtime.
    #[must_use]
    pub fn new(settings: &StackSettings, tasks: &Tasks) -> Self {
        let counters = tasks.counters.of(&settings.name);
        let (tls, server_name) = (Arc::clone(&settings.tls), settings.server_name.clone());
        let connector = Connector::new(tls, server_name, settings.connect_timeout, Arc::clone(&counters));
        let client = HttpClient::new(&settings.base_url, connector, tasks.connections.clone(), Arc::clone(&counters));
        Self::build(settings, tasks, client, counters)
    }
}

impl<C: Call> Stack<C> {
    /// A stack over another client.
    #[must_use]
    pub fn over(settings: &StackSettings, tasks: &Tasks, client: C) -> Self {
        Self::build(settings, tasks, client, tasks.counters.of(&settings.name))
    }

    fn build(settings: &StackSettings, tasks: &Tasks, client: C, counters: Arc<Counters>) -> Self {
        let parts = Parts {
            lines: tasks.lines.of(&settings.name),
            room: Arc::new(QueueLimit::new(settings.max_waiting)),
            slots: Arc::new(Slots::new(settings.max_in_flight)),
            ties: RetryContext {
                budget: Arc::new(RetryBudget::new(settings.retry.max_attempts)),
                circuit: Arc::new(Circuit::new(settings.breaker, Arc::clone(&settings.name))),
                pause: Arc::new(Pause::new()),
                counters,
                vendor: Arc::clone(&settings.name),
            },
        };
        Self {
            name: Arc::clone(&settings.name),
            shares: FairShare::default(),
            chain: Arc::new(chain(settings, &parts, client)),
            parts,
            base_url: settings.base_url.clone(),
            updates: tasks.updates.clone(),
        }
    }

    /// Sends a request. Dropping the future abandons it wherever it is, on the wire too, and gives back all it held:
    /// right for reads.
    ///
    /// # Errors
    /// A [`Failure`] if there is no answer; any answer, of whatever status, is `Ok`.
    pub async fn call(&self, outgoing: VendorRequest) -> Result<VendorResponse, Failure> {
        self.chain.call(&outgoing).await
    }

    /// Sends an update. Dropping the future cancels it while nothing was sent, and leaves it to be finished in the
    /// background after that.
    pub fn update(&self, outgoing: VendorRequest) -> DetachOnDrop {
        let chain = Arc::clone(&self.chain);
        let notes = (UpdateLog::of(&self.name, &outgoing), outgoing.judge);
        let running = Box::pin(async move {
            let result = chain.call(&outgoing).await;
            (result, outgoing.into_place())
        });
        DetachOnDrop::new(running, notes, self.updates.clone(), Arc::clone(&self.parts.ties.counters))
    }

    /// Takes a place in the line of `key` for an update that is not ready to be sent, so that none that comes later
    /// overtakes it.
    ///
    /// # Errors
    /// `Overloaded`, if as many wait as may.
    pub fn line_up(&self, key: &Arc<str>) -> Result<QueuedLock, Failure> {
        self.parts.lines.enter(key, &self.parts.room)
    }

    /// A share of the gateway's places for one more request to this account, while `free` are left; `None` if it has
    /// enough of them.
    #[must_use]
    pub fn share(&self, free: usize) -> Option<SharePermit> {
        self.shares.take(free)
    }

    /// The account's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Runs a task that no caller waits for, and that a shutdown does.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.updates.spawn(task);
    }

    /// The base URL with `path_and_query` after it, with exactly one slash between them.
    ///
    /// # Errors
    /// If the result is no valid URI.
    pub fn uri(&self, path_and_query: &str) -> Result<Uri, http::Error> {
        let base = self.base_url.path().trim_end_matches('/');
        let path = path_and_query.trim_start_matches('/');
        let mut parts = self.base_url.clone().into_parts();
        let mut whole = String::with_capacity(base.len() + 1 + path.len());
        [base, "/", path].into_iter().for_each(|part| whole.push_str(part));
        parts.path_and_query = Some(whole.try_into()?);
        Ok(Uri::from_parts(parts)?)
    }

    /// What the stack is doing and has done.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let RetryContext { budget, circuit, pause, counters, .. } = &self.parts.ties;
        Snapshot {
            breaker: circuit.state(),
            paused: pause.remaining(),
            in_flight: self.parts.slots.taken(),
            waiting: self.parts.room.taken(),
            retry_budget: budget.balance(),
            attempts: counters.attempts.get(),
            retries: counters.retries.get(),
            retries_withheld: counters.retries_withheld.get(),
            reconnects: counters.reconnects.get(),
            handed_over: counters.handed_over.get(),
            // In this order, so that no more have ended than were opened.
            disconnected: counters.disconnected.get(),
            connected: counters.connected.get(),
            failures: counters.failures(),
        }
    }
}

fn chain<C: Call>(settings: &StackSettings, parts: &Parts, client: C) -> Chain<C> {
    let Parts { lines, room, slots, ties } = parts;
    let RetryContext { circuit, pause, counters, .. } = ties;
    ServiceBuilder::new()
        // First, since every layer below measures its patience by it.
        .layer(layer_fn(|inner| Deadline::new(inner, Arc::clone(counters))))
        // Before any other wait, which could reorder an assistant's updates; around the retries, which could too.
        .layer(layer_fn(|inner| Order::new(inner, Arc::clone(lines), Arc::clone(room), settings.settle_after_unknown)))
        // Before the rate, so that what cannot be sent now costs no token.
        .layer(layer_fn(|inner| Paused::new(inner, Arc::clone(pause), Arc::clone(circuit), Arc::clone(room))))
        // Before the slots, so that nobody holds one while waiting for a token.
        .layer(layer_fn(|inner| Rate::new(inner, settings.rate_limit, TokenClock::start(), Arc::clone(room))))
        // Before the breaker, so that a probe does not wait, not even for a pause;
        // around the retries, so that they cannot exceed the limit.
        .layer(layer_fn(|inner| InFlight::new(inner, Arc::clone(slots), Arc::clone(pause), Arc::clone(room))))
        // Around the retries, so that a request counts once, by how it ended.
        .layer(layer_fn(|inner| Breaker::new(inner, Arc::clone(circuit))))
        // Around the timeout, so that each attempt has its own.
        .layer(layer_fn(|inner| Retry::new(inner, settings.retry, ties.clone())))
        // Last, around the network and nothing else.
        .layer(layer_fn(|inner| Attempt::new(inner, settings.timeout, Arc::clone(counters))))
        .service(client)
}

impl<C> fmt::Debug for Stack<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stack").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod tests;
