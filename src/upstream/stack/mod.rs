//! The stack of one account: the chain of layers and a snapshot of their state.
//!
//! A stack never changes: new settings make a new stack. An account with unchanged settings keeps its stack, with its
//! connections, breaker and locks.

mod turns;

use std::{fmt, sync::Arc, time::Duration};

use http::Uri;
use strum::VariantArray;
use tokio_util::task::TaskTracker;
use tower::{ServiceBuilder, layer::layer_fn};

use crate::problem::FailureReason;
use crate::value::{Shared, SharedAccount, SharedLimit};

use super::breaker::circuit::Circuit;
use super::breaker::layer::Breaker;
use super::client::connector::Connector;
use super::counters::{AllCounters, Counters};
use super::detached::UpdateContext;
use super::layers::attempt::Attempt;
use super::layers::deadline::Deadline;
use super::layers::fair_share::{FairShare, SharePermit};
use super::layers::in_flight::{InFlight, InFlightLimit};
use super::layers::keyed_lock::QueuedLock;
use super::layers::lock_scope::{AccountLocks, LockScopes};
use super::layers::queue_limit::QueueLimit;
use super::layers::rate::Rate;
use super::layers::retry_after_gate::{Pause, RetryAfterGate};
use super::layers::serialize::SerializePerKey;
use super::retry::budget::RetryBudget;
use super::retry::layer::{Retry, RetryContext};
use super::signals::Signals;
use super::{
    BreakerChange, BreakerState, Call, DetachOnDrop, Failure, HttpClient, StackSettings, VendorRequest, VendorResponse,
};

/// What a probe may take beyond the timeout of its attempt, before another replica sends one.
const PROBE_SLACK: Duration = Duration::from_secs(1);

/// The layers, outermost first.
type Chain<C> = Deadline<SerializePerKey<RetryAfterGate<Rate<InFlight<Breaker<Retry<Attempt<C>>>>>>>>;

/// What outlives a stack: its tasks, and the locks and counters that the next stack of the account continues.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    /// Updates whose callers are gone. A shutdown waits for these first.
    pub updates: TaskTracker,
    /// Connections; they end once the stack is dropped.
    pub connections: TaskTracker,
    /// What replicas share; `None` where there is one only.
    pub shared: Option<Arc<dyn Shared>>,
    locks: LockScopes,
    counters: AllCounters,
}

/// Sends the requests of one account.
pub struct Stack<C = HttpClient> {
    name: Arc<str>,
    chain: Arc<Chain<C>>,
    parts: Parts,
    shares: FairShare,
    base_url: Uri,
    settle: Duration,
    timeout: Duration,
    updates: TaskTracker,
}

/// The state that the layers share.
#[derive(Clone)]
struct Parts {
    locks: Arc<AccountLocks>,
    queue_limit: Arc<QueueLimit>,
    limit: Arc<InFlightLimit>,
    context: RetryContext,
    shared: SharedParts,
}

/// What the layers share with other replicas.
#[derive(Clone, Default)]
struct SharedParts {
    account: Option<Arc<dyn SharedAccount>>,
    limit: Option<Arc<dyn SharedLimit>>,
    /// Heard for as long as the stack is there.
    _signals: Option<Arc<Signals>>,
}

impl SharedParts {
    fn of(settings: &StackSettings, tasks: &Tasks) -> Self {
        let Some(shared) = &tasks.shared else { return Self::default() };
        let name = &settings.name;
        let limit = settings.rate_limit.as_ref();
        let limit = limit.map(|rate| shared.limit(&format!("vendor:{name}"), rate.interval(), rate.burst));
        let account = shared.account(name, settings.timeout.saturating_add(PROBE_SLACK));
        Self { account: Some(account), limit, _signals: None }
    }

    /// Hears of other replicas from now on.
    fn listening(self, pause: &Arc<Pause>, circuit: &Arc<Circuit>) -> Self {
        let Some(account) = &self.account else { return self };
        let signals = Arc::new(Signals { pause: Arc::clone(pause), circuit: Arc::clone(circuit) });
        let heard = Arc::downgrade(&signals);
        account.listen(heard);
        Self { _signals: Some(signals), ..self }
    }
}

/// The state and the counters of a stack.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The breaker's state.
    pub breaker: BreakerState,
    /// The rest of the pause that the vendor asked for.
    pub paused: Option<Duration>,
    /// Requests in flight.
    pub in_flight: usize,
    /// Requests waiting.
    pub waiting: usize,
    /// Retries that could be made now.
    pub retry_budget: f64,
    /// Attempts. This and all that follow count from the account's first appearance, over reloads.
    pub attempts: u64,
    /// Attempts after the first.
    pub retries: u64,
    /// Retries that the budget did not allow.
    pub retries_withheld: u64,
    /// Requests sent again because their connection was stale.
    pub reconnects: u64,
    /// Updates finished without their caller.
    pub handed_over: u64,
    /// Connections opened.
    pub connected: u64,
    /// Connections closed.
    pub disconnected: u64,
    /// Failed requests by [`FailureReason::name`].
    pub failures: [(&'static str, u64); FailureReason::VARIANTS.len()],
}

impl Tasks {
    /// None yet, of stacks that share limits, pauses and openings with other replicas.
    #[must_use]
    pub fn sharing(shared: Arc<dyn Shared>) -> Self {
        Self { shared: Some(shared), ..Self::default() }
    }

    /// Makes the updates of `account` keep one order with all accounts that share `scope`.
    pub(crate) fn scope(&self, account: &str, scope: &Arc<str>) {
        self.locks.assign(account, scope);
    }

    /// A place in the order of updates of `key` in `scope`, which need not have an account at present.
    ///
    /// # Errors
    /// None at present; the queue has no limit.
    pub(crate) fn queue_stored(&self, scope: &Arc<str>, key: &Arc<str>) -> Result<QueuedLock, Failure> {
        self.locks.queue_unbounded(scope, key)
    }

    /// Makes new updates of `scope` wait for the present ones of `other`.
    pub(crate) fn follow(&self, scope: &Arc<str>, other: &str) {
        self.locks.follow(scope, other);
    }
}

impl Stack {
    /// A stack with its own client and pool. Must be called within a tokio runtime.
    #[must_use]
    pub fn new(settings: &StackSettings, tasks: &Tasks) -> Self {
        let counters = tasks.counters.of(&settings.name);
        let (tls, server_name) = (Arc::clone(&settings.tls), settings.server_name.clone());
        let connector = Connector::new(tls, server_name, settings.connect_timeout, Arc::clone(&counters));
        let (max_age, connections) = (settings.max_connection_age, tasks.connections.clone());
        let client = HttpClient::new(&settings.base_url, connector, max_age, connections, Arc::clone(&counters));
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
        let shared = SharedParts::of(settings, tasks);
        let circuit = Circuit::new(settings.breaker, Arc::clone(&settings.name)).sharing(shared.account.clone());
        let (circuit, pause) = (Arc::new(circuit), Arc::new(Pause::new().sharing(shared.account.clone())));
        let parts = Parts {
            shared: shared.listening(&pause, &circuit),
            locks: tasks.locks.of(&settings.name),
            queue_limit: Arc::new(QueueLimit::new(settings.max_waiting)),
            limit: Arc::new(InFlightLimit::new(settings.max_in_flight)),
            context: RetryContext {
                settings: settings.retry,
                budget: Arc::new(RetryBudget::new(settings.retry.max_attempts)),
                circuit,
                pause,
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
            settle: settings.settle_after_unknown,
            timeout: settings.timeout,
            updates: tasks.updates.clone(),
        }
    }

    /// Sends a request. Dropping the future cancels it, even on the wire, which is right for reads.
    ///
    /// # Errors
    /// A [`Failure`] if there is no response. A response of any status is `Ok`.
    pub async fn call(&self, request: VendorRequest) -> Result<VendorResponse, Failure> {
        self.chain.call(&request).await
    }

    /// Sends an update. Dropping the future cancels it before it is sent; after that it is finished in the background.
    pub fn update(&self, request: VendorRequest) -> DetachOnDrop {
        let chain = Arc::clone(&self.chain);
        let context = UpdateContext::of(&self.name, &request);
        let write = self.parts.locks.start_write(&request.sent);
        let place = Box::new_uninit(); // first, so that the future is made in it and not copied
        let running = Box::into_pin(Box::write(place, async move {
            let result = chain.call(&request).await;
            drop(write);
            (result, request.into_lock())
        }));
        DetachOnDrop::new(running, context, self.updates.clone(), Arc::clone(&self.parts.context.counters))
    }

    /// Queues an update of `key` that is not ready to be sent, so that no later one overtakes it.
    ///
    /// # Errors
    /// `Overloaded` if the queue is full.
    pub fn queue_update(&self, key: &Arc<str>) -> Result<QueuedLock, Failure> {
        self.parts.locks.queue(key, &self.parts.queue_limit)
    }

    /// A permit for one more request of this account while `free` of the gateway's permits are left; `None` if the account
    /// has its share already.
    #[must_use]
    pub fn share(&self, free: usize) -> Option<SharePermit> {
        self.shares.take(free)
    }

    /// Whether both lead to one account of a vendor, under whatever names: they share the order of updates.
    #[must_use]
    pub fn is_of_same_account(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.parts.locks.current(), &other.parts.locks.current())
    }

    /// The account's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Spawns a task that a shutdown waits for.
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

    /// The last changes of the breaker's state, the newest first.
    #[must_use]
    pub fn breaker_changes(&self) -> Vec<BreakerChange> {
        self.parts.context.circuit.changes()
    }

    /// The state and the counters.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let RetryContext { budget, circuit, pause, counters, .. } = &self.parts.context;
        Snapshot {
            breaker: circuit.state(),
            paused: pause.remaining(),
            in_flight: self.parts.limit.in_flight(),
            waiting: self.parts.queue_limit.waiting(),
            retry_budget: budget.balance(),
            attempts: counters.attempts.get(),
            retries: counters.retries.get(),
            retries_withheld: counters.retries_withheld.get(),
            reconnects: counters.reconnects.get(),
            handed_over: counters.handed_over.get(),
            // Read in this order, so that no more have closed than were opened.
            disconnected: counters.disconnected.get(),
            connected: counters.connected.get(),
            failures: counters.failures(),
        }
    }
}

fn chain<C: Call>(settings: &StackSettings, parts: &Parts, client: C) -> Chain<C> {
    let Parts { locks, queue_limit, limit, context, shared } = parts;
    let RetryContext { circuit, pause, counters, .. } = context;
    // The docs of `upstream` say why each layer has its place.
    ServiceBuilder::new()
        .layer(layer_fn(|inner| Deadline::new(inner, Arc::clone(counters))))
        .layer(layer_fn(|inner| {
            SerializePerKey::new(inner, Arc::clone(locks), Arc::clone(queue_limit), settings.settle_after_unknown)
        }))
        .layer(layer_fn(|inner| {
            RetryAfterGate::new(inner, Arc::clone(pause), Arc::clone(circuit), Arc::clone(queue_limit))
                .hearing(shared.account.clone())
        }))
        .layer(layer_fn(|inner| {
            Rate::new(inner, settings.rate_limit, Arc::clone(queue_limit)).sharing(shared.limit.clone())
        }))
        .layer(layer_fn(|inner| InFlight::new(inner, Arc::clone(limit), Arc::clone(pause), Arc::clone(queue_limit))))
        .layer(layer_fn(|inner| Breaker::new(inner, Arc::clone(circuit))))
        .layer(layer_fn(|inner| Retry::new(inner, context.clone())))
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
#[cfg(test)]
mod turn_tests;
#[cfg(test)]
mod write_tests;
