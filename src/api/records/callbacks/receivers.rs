//! The connections to receivers: for each URL a pool and a breaker of its own.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use tokio_util::task::TaskTracker;

use crate::gateway::{CallbackTarget, CallbackTargets};
use crate::upstream::{BreakerSettings, RetrySettings, Stack, StackSettings, Tasks};
use crate::value::{Fingerprint, Lock};

use super::schedule::Terms;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_CONNECTION_AGE: Duration = Duration::from_secs(300);
/// Tries that wait for a place of their URL: several clients may have the same.
const MAX_WAITING: usize = 1024;

/// A receiver: targets with the same URL and the same trust lead to one.
type Receiver = (Uri, Fingerprint);

/// The stacks of all receivers that were called.
#[derive(Debug)]
pub(super) struct Receivers {
    tasks: Tasks,
    stacks: Lock<HashMap<Receiver, Arc<Stack>>>,
}

impl Receivers {
    /// None yet. Their connections are counted there.
    pub(super) fn new(connections: &TaskTracker) -> Self {
        let mut tasks = Tasks::default();
        tasks.connections = connections.clone();
        Self { tasks, stacks: Lock::default() }
    }

    /// The stack for that target. A new one takes the place of those to which none of the present targets leads.
    pub(super) fn of(&self, target: &CallbackTarget, present: &CallbackTargets, terms: &Terms) -> Arc<Stack> {
        let receiver = receiver(target);
        let mut stacks = self.stacks.lock();
        if let Some(stack) = stacks.get(&receiver) {
            return Arc::clone(stack);
        }
        let wanted: HashSet<_> = present.values().map(self::receiver).collect();
        stacks.retain(|receiver, _| wanted.contains(receiver));
        let stack = Arc::new(Stack::new(&settings(target, terms), &self.tasks));
        stacks.insert(receiver, Arc::clone(&stack));
        stack
    }

    /// Closes the connections.
    pub(super) fn close(&self) {
        self.stacks.lock().clear();
    }
}

fn receiver(target: &CallbackTarget) -> Receiver {
    (target.url.clone(), target.trust)
}

/// No retries: the store has them. The name stands in logs, so it shows neither path nor query.
fn settings(target: &CallbackTarget, terms: &Terms) -> StackSettings {
    StackSettings {
        name: format!("callbacks to {}", target.url.host().unwrap_or_default()).into(),
        base_url: target.url.clone(),
        timeout: terms.timeout,
        connect_timeout: CONNECT_TIMEOUT.min(terms.timeout),
        max_connection_age: MAX_CONNECTION_AGE,
        max_in_flight: terms.places,
        max_waiting: MAX_WAITING,
        settle_after_unknown: Duration::ZERO,
        rate_limit: None,
        retry: RetrySettings { max_attempts: 1, backoff: Duration::ZERO, max_backoff: Duration::ZERO },
        breaker: BreakerSettings {
            failure_ratio: 0.5,
            min_requests: 5,
            window: Duration::from_secs(60),
            open_for: terms.open_for,
        },
        tls: Arc::clone(&target.tls),
        server_name: None,
    }
}
