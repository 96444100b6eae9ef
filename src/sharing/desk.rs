//! The one task that talks to the store about what replicas share.
//!
//! What is asked while a round trip is under way goes into the next one together. If the store fails, all that waits gets that failure
//! at once, and nothing waits for it until it is connected again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::accounts::{Accounts, Entry, Event};
use crate::store::StoreError;
use crate::store::shared::{Grant, SharedState, TokenRequest};
use crate::value::Lock;

/// The first pause between attempts to connect, and the longest one; each is random up to an end that doubles.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(2)];

/// In place of a time.
const NEVER: u64 = u64::MAX;

/// What is asked of the store.
#[derive(Debug)]
pub(super) struct StoreRequests {
    state: Arc<dyn SharedState>,
    replicas: Arc<AtomicUsize>,
    pub(super) accounts: Accounts,
    waiting: Lock<Waiting>,
    wake: Notify,
    is_up: AtomicBool,
    origin: Instant,
    /// When the accounts were last read, in milliseconds since `origin`, or [`NEVER`].
    looked_at: AtomicU64,
    closing: CancellationToken,
    tasks: TaskTracker,
}

/// What goes into the next round trip.
#[derive(Debug, Default)]
struct Waiting {
    takes: Vec<(TokenRequest, oneshot::Sender<Grant>)>,
    events: Vec<(Arc<Entry>, Event)>,
    looks: Vec<oneshot::Sender<()>>,
    is_look_wanted: bool,
}

impl StoreRequests {
    pub(super) fn new(state: Arc<dyn SharedState>, replicas: Arc<AtomicUsize>) -> Arc<Self> {
        Arc::new(Self {
            state,
            replicas,
            accounts: Accounts::default(),
            waiting: Lock::default(),
            wake: Notify::new(),
            is_up: AtomicBool::new(false),
            origin: Instant::now(),
            looked_at: AtomicU64::new(NEVER),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
    }

    /// Connects once, and talks to the store from then on.
    pub(super) async fn start(self: &Arc<Self>) {
        let connected = self.state.connect().await;
        self.turn(connected.clone());
        let (desk, closing) = (Arc::clone(self), self.closing.clone());
        self.tasks.spawn(async move { closing.run_until_cancelled(desk.run(connected.is_ok())).await });
    }

    /// Ends; limits are then kept by shares.
    pub(super) async fn close(&self) {
        self.is_up.store(false, Ordering::Release);
        self.closing.cancel();
        self.give_up();
        self.tasks.close();
        self.tasks.wait().await;
    }

    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let closing = self.closing.clone();
        self.tasks.spawn(async move { closing.run_until_cancelled(task).await });
    }

    pub(super) fn state(&self) -> &dyn SharedState {
        &*self.state
    }

    pub(super) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Acquire)
    }

    pub(super) fn timeout(&self) -> Duration {
        self.state.timeout()
    }

    /// How many replicas there are, as far as this one knows.
    pub(super) fn replicas(&self) -> u32 {
        u32::try_from(self.replicas.load(Ordering::Relaxed)).unwrap_or(u32::MAX).max(1)
    }

    /// Adds to the next round trip; `false` while the store does not answer.
    fn add(&self, add: impl FnOnce(&mut Waiting)) -> bool {
        {
            // Under the lock, so that nothing is added after what waits was given up.
            let mut waiting = self.waiting.lock();
            if !self.is_up() {
                return false;
            }
            add(&mut waiting);
        }
        self.wake.notify_one();
        true
    }

    /// Tokens, once they are there; `None` if the store does not answer.
    pub(super) async fn take(&self, request: TokenRequest) -> Option<Grant> {
        let (answer, grant) = oneshot::channel();
        self.add(|waiting| waiting.takes.push((request, answer)));
        grant.await.ok()
    }

    /// Adds an event of an account; `false` if the store does not answer.
    pub(super) fn tell(&self, entry: &Arc<Entry>, event: Event) -> bool {
        self.add(|waiting| waiting.events.push((Arc::clone(entry), event)))
    }

    /// How long ago the accounts were read; `None` if they were not since the connection was made.
    pub(super) fn age(&self) -> Option<Duration> {
        let looked_at = Some(self.looked_at.load(Ordering::Acquire)).filter(|looked_at| *looked_at != NEVER)?;
        Some(self.origin.elapsed().saturating_sub(Duration::from_millis(looked_at)))
    }

    /// Reads the accounts, without waiting for it.
    pub(super) fn look_soon(&self) {
        self.add(|waiting| waiting.is_look_wanted = true);
    }

    /// Reads the accounts.
    pub(super) async fn look(&self) {
        let (answer, looked) = oneshot::channel();
        self.add(|waiting| waiting.looks.push(answer));
        // It may have failed.
        let _ = looked.await;
    }

    async fn run(&self, mut is_connected: bool) {
        let [first, longest] = PAUSES;
        let mut pause = first;
        loop {
            if is_connected {
                let (failure, is_working) = self.serve().await;
                self.turn(Err(failure));
                pause = if is_working { first } else { pause };
            }
            sleep(pause.mul_f64(fastrand::f64())).await;
            pause = (2 * pause).min(longest);
            is_connected = self.state.connect().await.is_ok();
            if is_connected {
                self.turn(Ok(()));
            }
        }
    }

    /// Serves until the store fails. Why it did, and whether anything had succeeded.
    async fn serve(&self) -> (StoreError, bool) {
        let mut is_working = false;
        loop {
            tokio::select! {
                () = self.wake.notified() => {}
                () = self.state.lost() => return (StoreError::Failed("the connection has ended".into()), is_working),
            }
            let batch = std::mem::take(&mut *self.waiting.lock());
            if let Err(failure) = self.round_trip(batch).await {
                return (failure, is_working);
            }
            is_working = true;
        }
    }

    /// Everything that waits, in one round trip; events of accounts one after another.
    async fn round_trip(&self, batch: Waiting) -> Result<(), StoreError> {
        let Waiting { takes, events, looks, is_look_wanted } = batch;
        if takes.is_empty() && events.is_empty() && looks.is_empty() && !is_look_wanted {
            return Ok(());
        }
        let (requests, answers): (Vec<_>, Vec<_>) = takes.into_iter().unzip();
        let take = async {
            if !requests.is_empty() {
                let grants = self.state.take(requests).await?;
                for (grant, answer) in grants.into_iter().zip(answers) {
                    // Who waited may be gone; its tokens lapse.
                    let _ = answer.send(grant);
                }
            }
            Ok(())
        };
        let look = async {
            let (seen, sent_at) = (self.accounts.seen(), self.origin.elapsed());
            let told = self.state.look().await?;
            self.accounts.apply(seen, told);
            self.looked_at.store(u64::try_from(sent_at.as_millis()).unwrap_or(u64::MAX), Ordering::Release);
            drop(looks);
            Ok(())
        };
        let events = async {
            let mut result = Ok(());
            for (entry, event) in events {
                let done = entry.carry_out(event, self.state()).await;
                result = result.and(done);
            }
            result
        };
        let (take, look, events) = tokio::join!(take, look, events);
        take.and(look).and(events)
    }

    /// Notes whether the store answers, and says so if that has changed.
    fn turn(&self, connected: Result<(), StoreError>) {
        match connected {
            Ok(()) => {
                self.looked_at.store(NEVER, Ordering::Release);
                self.is_up.store(true, Ordering::Release);
                tracing::info!("limits, pauses and catalogs are shared with the other replicas");
            }
            Err(why) => {
                self.is_up.store(false, Ordering::Release);
                self.give_up();
                let replicas = self.replicas();
                tracing::warn!(
                    %why,
                    replicas,
                    "the store does not answer: this replica keeps its equal share of every limit, and hears of no pauses"
                );
            }
        }
    }

    /// Tells all that waits that the store does not answer.
    fn give_up(&self) {
        let waiting = std::mem::take(&mut *self.waiting.lock());
        for (entry, event) in waiting.events {
            entry.give_up(event);
        }
    }
}
