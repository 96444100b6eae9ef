//! What replicas tell each other of vendor accounts: pauses that vendors have asked for, and openings of breakers.
//!
//! Each replica counts failures for itself. Who opens its breaker tells the others, who open theirs; one of them sends the probe,
//! and its end is reported, too.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::desk::StoreRequests;
use crate::store::StoreError;
use crate::store::shared::{AccountState, Probe, SharedState};
use crate::value::{AccountSignals, Later, Lock, ProbeEnd, SharedAccount};

/// What was reported is read again after that time, before a request is sent.
const FRESH: Duration = Duration::from_secs(1);
/// A request waits for that if what it knows is older.
const STALE: Duration = Duration::from_secs(2);

/// The accounts of this replica, by name.
#[derive(Debug, Default)]
pub(super) struct Accounts(Lock<HashMap<Arc<str>, Arc<Entry>>>);

/// One account, over all its stacks.
pub(super) struct Entry {
    name: Arc<str>,
    known: Lock<Known>,
}

#[derive(Default)]
struct Known {
    listeners: Vec<Weak<dyn AccountSignals>>,
    /// Grows with everything that this replica tells. What was read before is then older than what it knows.
    changes: u64,
    /// What it tells at present.
    untold: u32,
    /// Whether the store has an opening, as far as known.
    is_open: bool,
}

/// The opening whose probe a stack sends; 0 if it sends none. Each stack of an account has its own: after a reload two of them
/// are used at once, and one that asks in vain knows nothing of the probe of the other.
pub(super) type Probing = Arc<AtomicU64>;

/// What a replica tells.
#[derive(Debug)]
pub(super) enum Event {
    Pause(Duration, bool),
    Open(Duration),
    Probe(Duration, Probing, oneshot::Sender<bool>),
    EndProbe(ProbeEnd, Probing),
}

impl Accounts {
    pub(super) fn entry(&self, name: &Arc<str>) -> Arc<Entry> {
        let mut entries = self.0.lock();
        let entry = entries.entry(Arc::clone(name)).or_insert_with(|| Arc::new(Entry::new(Arc::clone(name))));
        Arc::clone(entry)
    }

    /// The accounts about which this replica tells nothing now, and how much it has told.
    pub(super) fn seen(&self) -> Vec<(Arc<Entry>, Option<u64>)> {
        let entries = self.0.lock();
        let seen = entries.values().map(|entry| {
            let known = entry.known.lock();
            (Arc::clone(entry), (known.untold == 0).then_some(known.changes))
        });
        seen.collect()
    }

    /// Passes on what was read, after those were seen.
    pub(super) fn apply(&self, seen: Vec<(Arc<Entry>, Option<u64>)>, told: Vec<AccountState>) {
        let told: HashMap<_, _> = told.iter().map(|state| (state.account.as_str(), state)).collect();
        for (entry, changes) in seen {
            entry.apply(told.get(&*entry.name).copied(), changes);
        }
    }
}

impl Entry {
    fn new(name: Arc<str>) -> Self {
        Self { name, known: Lock::default() }
    }

    fn apply(&self, told: Option<&AccountState>, changes: Option<u64>) {
        let (listeners, is_current, was_open) = {
            let mut known = self.known.lock();
            known.listeners.retain(|listener| listener.strong_count() > 0);
            let is_current = known.untold == 0 && changes == Some(known.changes);
            let was_open = known.is_open;
            if is_current {
                known.is_open = told.is_some_and(|told| told.open.is_some());
            }
            (known.listeners.clone(), is_current, was_open)
        };
        // Without the lock: a breaker that is told something has a lock of its own, under which it tells us.
        for listener in listeners.iter().filter_map(Weak::upgrade) {
            if let Some(told) = told.filter(|told| !told.paused.is_zero()) {
                listener.pause(told.paused, told.is_unavailable);
            }
            match told.and_then(|told| told.open) {
                _ if !is_current => {}
                Some(left) => listener.open(left),
                None if was_open => listener.close(),
                None => {}
            }
        }
    }

    /// Carries out what the replica tells.
    pub(super) async fn carry_out(&self, event: Event, state: &dyn SharedState) -> Result<(), StoreError> {
        let name = || Arc::clone(&self.name);
        match event {
            Event::Pause(time, is_unavailable) => state.pause(name(), time, is_unavailable).await,
            Event::Open(time) => {
                let result = state.open(name(), time).await;
                self.told(Some(result.is_ok()));
                result
            }
            Event::Probe(time, probing, answer) => {
                let result = state.probe(name(), time).await;
                // Without an answer, and without an opening, the breaker of this replica decides alone.
                let won = if let Ok(Probe::Won(opening)) = &result { *opening } else { 0 };
                probing.store(won, Ordering::Release);
                self.told(None);
                let may = !matches!(result, Ok(Probe::Taken));
                // Who asked may be gone, and tells that the probe is undecided.
                let _ = answer.send(may);
                result.map(drop)
            }
            Event::EndProbe(end, probing) => {
                let probing = Some(probing.swap(0, Ordering::AcqRel)).filter(|opening| *opening != 0);
                let result = match (probing, end) {
                    (Some(opening), ProbeEnd::Succeeded) => state.end_probe(name(), opening, None).await,
                    (Some(opening), ProbeEnd::Failed { open_for }) => {
                        state.end_probe(name(), opening, Some(open_for)).await
                    }
                    (Some(opening), ProbeEnd::Undecided) => {
                        state.end_probe(name(), opening, Some(Duration::ZERO)).await
                    }
                    (None, ProbeEnd::Failed { open_for }) => state.open(name(), open_for).await,
                    (None, ProbeEnd::Succeeded | ProbeEnd::Undecided) => Ok(()),
                };
                let is_open =
                    end != ProbeEnd::Succeeded && result.is_ok() && (probing.is_some() || end != ProbeEnd::Undecided);
                self.told(Some(is_open));
                result
            }
        }
    }

    /// The store does not answer, so the breaker of this replica decides alone.
    pub(super) fn give_up(&self, event: Event) {
        match event {
            Event::Pause(..) => {}
            Event::Open(_) => self.told(Some(false)),
            Event::EndProbe(_, probing) => {
                probing.store(0, Ordering::Release);
                self.told(Some(false));
            }
            Event::Probe(_, probing, answer) => {
                probing.store(0, Ordering::Release);
                self.told(None);
                // Who asked may be gone.
                let _ = answer.send(true);
            }
        }
    }

    /// Tells something; whether the store answers.
    fn tell(self: &Arc<Self>, event: Event, desk: &StoreRequests) -> bool {
        {
            let mut known = self.known.lock();
            known.changes += 1;
            known.untold += 1;
        }
        let is_told = desk.tell(self, event);
        if !is_told {
            let mut known = self.known.lock();
            known.is_open = false;
            known.untold = known.untold.saturating_sub(1);
        }
        is_told
    }

    /// Something was told, or could not be.
    fn told(&self, is_open: Option<bool>) {
        let mut known = self.known.lock();
        known.changes += 1;
        known.untold = known.untold.saturating_sub(1);
        known.is_open = is_open.unwrap_or(known.is_open);
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entry").field(&self.name).finish()
    }
}

/// An account as its stack sees it.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) desk: Arc<StoreRequests>,
    pub(super) entry: Arc<Entry>,
    pub(super) probe_for: Duration,
    pub(super) probing: Probing,
}

impl SharedAccount for Account {
    fn listen(&self, signals: Weak<dyn AccountSignals>) {
        self.entry.known.lock().listeners.push(signals);
    }

    fn refresh(&self) -> Option<Later<'_, ()>> {
        let age = self.desk.age();
        if age.is_some_and(|age| age < FRESH) || !self.desk.is_up() {
            return None;
        }
        if age.is_some_and(|age| age < STALE) {
            self.desk.look_soon();
            return None;
        }
        Some(Box::pin(async {
            // What is reported is not worth more than that.
            let _ = timeout(self.desk.timeout(), self.desk.look()).await;
        }))
    }

    fn paused(&self, time: Duration, is_unavailable: bool) {
        self.desk.tell(&self.entry, Event::Pause(time, is_unavailable));
    }

    fn opened(&self, open_for: Duration) {
        self.entry.tell(Event::Open(open_for), &self.desk);
    }

    fn win_probe(&self) -> Later<'_, bool> {
        Box::pin(async {
            if !self.desk.is_up() {
                return true;
            }
            let (answer, won) = oneshot::channel();
            self.entry.tell(Event::Probe(self.probe_for, Arc::clone(&self.probing), answer), &self.desk);
            // Without an answer in time the breaker of this replica decides alone.
            timeout(self.desk.timeout(), won).await.ok().and_then(Result::ok).unwrap_or(true)
        })
    }

    fn probed(&self, end: ProbeEnd) {
        if !self.entry.tell(Event::EndProbe(end, Arc::clone(&self.probing)), &self.desk) {
            self.probing.store(0, Ordering::Release);
        }
    }
}
