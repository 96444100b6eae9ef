//! The state of a circuit breaker: closed, open, or half open with one probe in flight.
//!
//! While it is closed, a request costs a few atomic operations. Only changes of the state take the lock.
//!
//! An error status may be about one assistant alone, so that error statuses count only if several assistants met them.

use std::collections::VecDeque;
use std::sync::Mutex as PlainMutex;
use std::time::Duration;

use tokio::time::Instant;

use super::distinct_keys::DistinctKeys;
use super::window::{Counts, SlidingWindow};
use crate::upstream::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::upstream::sync::{Arc, Mutex, MutexGuard, PoisonError};
use crate::upstream::{BreakerSettings, Failure, FailureKind};
use crate::value::{ProbeEnd, SharedAccount, unix_seconds};

/// The `Retry-After` of requests that are refused while a probe is in flight.
const PROBE_RETRY_AFTER: Duration = Duration::from_secs(1);

/// How many changes of its state a breaker remembers.
const MAX_CHANGES: usize = 20;

/// A change of a breaker's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct BreakerChange {
    /// The state that it changed to: `closed`, `open` or `half_open`.
    pub state: &'static str,
    /// When, in seconds since 1970.
    pub at: u64,
}

/// What a breaker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Requests pass.
    Closed,
    /// Requests are refused until the next probe, `next_probe` from now (zero: the next request is the probe).
    Open {
        /// Until the next probe.
        next_probe: Duration,
    },
    /// One probe is in flight and decides; other requests are refused.
    HalfOpen,
}

/// One account's breaker.
#[derive(Debug)]
pub(crate) struct Circuit {
    settings: BreakerSettings,
    name: Arc<str>,
    /// All outcomes; those without a response are marked.
    window: SlidingWindow,
    /// The error statuses among them.
    errors: SlidingWindow,
    /// Who has met error statuses.
    erring: DistinctKeys,
    /// Who has met anything.
    seen: DistinctKeys,
    /// Whether the state is `Closed`, readable without the lock.
    closed: AtomicBool,
    /// Grows with every change of the state, so that outcomes of earlier requests are ignored.
    generation: AtomicU64,
    state: Mutex<State>,
    /// The last changes of the state, the newest first. Not one of the locks that are modelled: nothing waits inside it.
    changes: PlainMutex<VecDeque<BreakerChange>>,
    /// The other replicas.
    shared: Option<Arc<dyn SharedAccount>>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed,
    Open { until: Instant },
    HalfOpen,
}

/// How a request went, as far as the breaker is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallOutcome {
    Success,
    /// No response: the vendor's fault whatever was asked.
    Failure,
    /// A status from 500 on, which may be about the assistant.
    ErrorStatus,
    /// Says nothing about the vendor.
    Neutral,
}

/// The right to call. It ends with [`Admission::settle`]; dropping it counts as [`CallOutcome::Neutral`].
#[derive(Debug)]
pub(crate) struct Admission<'a> {
    circuit: &'a Circuit,
    /// The assistant, as a number; see [`Circuit::admit`].
    key: u64,
    generation: u64,
    probe: bool,
    settled: bool,
}

impl Circuit {
    pub(crate) fn new(settings: BreakerSettings, name: Arc<str>) -> Self {
        Self {
            window: SlidingWindow::new(settings.window),
            errors: SlidingWindow::new(settings.window),
            erring: DistinctKeys::new(settings.window),
            seen: DistinctKeys::new(settings.window),
            settings,
            name,
            closed: AtomicBool::new(true),
            generation: AtomicU64::new(0),
            state: Mutex::new(State::Closed),
            changes: PlainMutex::default(),
            shared: None,
        }
    }

    /// The same, told to other replicas.
    pub(crate) fn sharing(self, shared: Option<Arc<dyn SharedAccount>>) -> Self {
        Self { shared, ..self }
    }

    /// Whether other replicas are notified and asked.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Whether requests pass freely; false also for the probe itself.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Fails if a request would be refused now, without becoming the probe.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self.state() {
            BreakerState::Closed | BreakerState::Open { next_probe: Duration::ZERO } => Ok(()),
            BreakerState::Open { next_probe } => Err(refused(next_probe)),
            BreakerState::HalfOpen => Err(refused(PROBE_RETRY_AFTER)),
        }
    }

    /// Lets a request pass, as the probe if one is due. `key` is the hash of the assistant's id.
    pub(crate) fn admit(&self, key: u64) -> Result<Admission<'_>, Failure> {
        // Read before `closed`: if the breaker opens in between, the outcome is ignored.
        let generation = self.generation.load(Ordering::Acquire);
        if self.is_closed() {
            return Ok(Admission { circuit: self, key, generation, probe: false, settled: false });
        }
        let mut state = self.lock();
        match *state {
            State::Closed => {}
            State::HalfOpen => return Err(refused(PROBE_RETRY_AFTER)),
            State::Open { until } => {
                let left = until.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    return Err(refused(left));
                }
                self.change(&mut state, State::HalfOpen);
            }
        }
        let probe = matches!(*state, State::HalfOpen);
        let generation = self.generation.load(Ordering::Acquire);
        Ok(Admission { circuit: self, key, generation, probe, settled: false })
    }

    /// The state as of now.
    pub(crate) fn state(&self) -> BreakerState {
        if self.is_closed() {
            return BreakerState::Closed;
        }
        match *self.lock() {
            State::Closed => BreakerState::Closed,
            State::HalfOpen => BreakerState::HalfOpen,
            State::Open { until } => BreakerState::Open { next_probe: until.saturating_duration_since(Instant::now()) },
        }
    }

    /// The last changes of the state, the newest first.
    pub(crate) fn changes(&self) -> Vec<BreakerChange> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Another replica has opened its breaker, or its probe has failed.
    pub(crate) fn hear_open(&self, left: Duration) {
        let (mut state, heard) = (self.lock(), Instant::now() + left.min(self.settings.open_for));
        match *state {
            State::Closed => self.change(&mut state, State::Open { until: heard }),
            State::Open { until } => *state = State::Open { until: until.max(heard) },
            // The probe of this replica decides.
            State::HalfOpen => {}
        }
    }

    /// The probe of another replica has succeeded.
    pub(crate) fn hear_closed(&self) {
        let mut state = self.lock();
        if matches!(*state, State::Open { .. }) {
            self.change(&mut state, State::Closed);
        }
    }

    /// Another replica sends the probe.
    fn lose_probe(&self) {
        let mut state = self.lock();
        *state = State::Open { until: Instant::now() + PROBE_RETRY_AFTER };
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    fn settle_probe(&self, outcome: CallOutcome) {
        let (mut state, now, open_for) = (self.lock(), Instant::now(), self.settings.open_for);
        let (next, end) = match outcome {
            CallOutcome::Success => (State::Closed, ProbeEnd::Succeeded),
            CallOutcome::Failure | CallOutcome::ErrorStatus => {
                (State::Open { until: now + open_for }, ProbeEnd::Failed { open_for })
            }
            CallOutcome::Neutral => (State::Open { until: now }, ProbeEnd::Undecided),
        };
        self.change(&mut state, next);
        if let Some(shared) = &self.shared {
            shared.probed(end);
        }
    }

    fn settle(&self, generation: u64, key: u64, probe: bool, outcome: CallOutcome) {
        let failed = matches!(outcome, CallOutcome::Failure | CallOutcome::ErrorStatus);
        if probe {
            self.settle_probe(outcome);
            return;
        }
        if outcome == CallOutcome::Neutral || generation != self.generation.load(Ordering::Acquire) {
            return;
        }
        let now = Instant::now();
        self.seen.add(now, key);
        self.window.add(now, 1, u64::from(outcome == CallOutcome::Failure));
        if outcome == CallOutcome::ErrorStatus {
            self.errors.add(now, 1, 0);
            self.erring.add(now, key);
        }
        if failed && self.is_over() {
            let mut state = self.lock();
            // Checked again: a probe may have closed the breaker since, and this failure is older.
            if matches!(*state, State::Closed) && generation == self.generation.load(Ordering::Acquire) {
                let until = now + self.settings.open_for;
                self.change(&mut state, State::Open { until });
                if let Some(shared) = &self.shared {
                    shared.opened(self.settings.open_for);
                }
            }
        }
    }

    /// Whether there are too many failures. Error statuses count if several assistants met them, or if the account has no
    /// other assistant to compare with; then it takes twice as many requests.
    fn is_over(&self) -> bool {
        let (counts, errors) = (self.window.counts(), self.errors.counts().all);
        let min = u64::from(self.settings.min_requests.max(1));
        let is_over =
            |all: u64, failed: u64, min: u64| all >= min && failed as f64 >= self.settings.failure_ratio * all as f64;
        let Counts { all, marked } = counts;
        if is_over(all, marked, min) || is_over(all.saturating_sub(errors), marked, min) {
            return true;
        }
        let min = match (self.erring.are_several(), self.seen.are_several()) {
            (true, _) => min,
            (false, false) => 2 * min,
            (false, true) => return false,
        };
        is_over(all, marked + errors, min)
    }

    fn change(&self, state: &mut State, next: State) {
        *state = next;
        self.generation.fetch_add(1, Ordering::AcqRel);
        match next {
            State::Closed => {
                self.window.clear();
                self.errors.clear();
                self.erring.clear();
                self.seen.clear();
                tracing::info!(vendor = %self.name, "breaker closed");
            }
            State::Open { .. } => tracing::warn!(vendor = %self.name, "breaker open"),
            State::HalfOpen => tracing::info!(vendor = %self.name, "breaker half open"),
        }
        self.closed.store(matches!(next, State::Closed), Ordering::Release);
        self.remember(next);
    }

    fn remember(&self, next: State) {
        let state = match next {
            State::Closed => "closed",
            State::Open { .. } => "open",
            State::HalfOpen => "half_open",
        };
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.push_front(BreakerChange { state, at: unix_seconds() });
        changes.truncate(MAX_CHANGES);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(retry_after: Duration) -> Failure {
    Failure::new(FailureKind::CircuitOpen { retry_after }, "the breaker is open")
}

impl Admission<'_> {
    pub(crate) fn settle(mut self, outcome: CallOutcome) {
        self.settled = true;
        self.circuit.settle(self.generation, self.key, self.probe, outcome);
    }

    /// Asks the other replicas, if this is the probe and there are others.
    ///
    /// # Errors
    /// One of them sends it.
    pub(crate) async fn among_replicas(mut self) -> Result<Self, Failure> {
        if let Some(shared) = &self.circuit.shared
            && self.probe
            && !shared.win_probe().await
        {
            self.settled = true;
            self.circuit.lose_probe();
            return Err(refused(PROBE_RETRY_AFTER));
        }
        Ok(self)
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.circuit.settle(self.generation, self.key, self.probe, CallOutcome::Neutral);
        }
    }
}

#[cfg(test)]
impl Circuit {
    /// A breaker that opens at half of at least four requests within 20 s, for 15 s.
    pub(crate) fn closed() -> Self {
        let settings = BreakerSettings {
            failure_ratio: 0.5,
            min_requests: 4,
            window: Duration::from_secs(20),
            open_for: Duration::from_secs(15),
        };
        Self::new(settings, "v".into())
    }

    /// The same, open since now.
    pub(crate) fn open() -> Self {
        let circuit = Self::closed();
        for _ in 0..4 {
            circuit.admit(1).unwrap().settle(CallOutcome::Failure);
        }
        circuit
    }
}
