//! One try of a callback, and what becomes of it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method};
use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::api::records::RecordDocument;
use crate::gateway::{CallbackTarget, CallbackTargets};
use crate::store::{CallbackDue, CallbackTried, Record, SharedStore, StoreError, Timestamp};
use crate::upstream::{Failure, FailureKind, Repeat, VendorRequest, VendorResponse};
use crate::value::Counter;

use super::receivers::Receivers;
use super::schedule::{StoreBackoff, Terms};
use super::signature::sign;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("switchboard/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Nobody reads what a receiver says, but a short body keeps the connection.
const MAX_RESPONSE: usize = 64 * 1024;
/// The least time until a receiver is asked again that is known to be down.
const MIN_PAUSE: Duration = Duration::from_millis(50);
/// The time until another look where nothing says how long.
const PAUSE: Duration = Duration::from_secs(1);

/// The present targets.
pub(super) type Targets = Box<dyn Fn() -> Arc<CallbackTargets> + Send + Sync>;
/// The present time.
pub(super) type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// What became of callbacks since the start.
#[derive(Debug, Default)]
pub struct CallbackCounters {
    /// Callbacks that arrived.
    pub delivered: Counter,
    /// Tries that failed.
    pub failed: Counter,
    /// Callbacks that were given up.
    pub given_up: Counter,
    /// When the last one was given up, in seconds since 1970; 0 if none was.
    pub given_up_at: AtomicU64,
}

/// What tries need.
pub(super) struct Delivery {
    pub store: SharedStore,
    pub targets: Targets,
    pub clock: Clock,
    pub receivers: Receivers,
    pub terms: Terms,
    pub counters: CallbackCounters,
}

/// How a try went.
enum TryResult {
    /// The receiver has it.
    Delivered,
    /// It does not.
    Failed(String),
    /// No further try makes sense.
    Hopeless(&'static str),
    /// Nothing was sent, and nothing can be for so long.
    NotTried(Duration),
}

impl Delivery {
    /// Tries a callback and stores what became of it. If nothing could be sent, it says how long to wait for that.
    pub(super) async fn attempt(&self, due: CallbackDue) -> Option<Duration> {
        let outcome = self.send(&due).await;
        let (client, update, tries) = (due.client.as_str(), due.id, due.tries.saturating_add(1));
        let tried = match outcome {
            TryResult::NotTried(pause) => return Some(pause),
            TryResult::Delivered => {
                self.counters.delivered.add();
                tracing::debug!(client, %update, tries, "a callback was delivered");
                CallbackTried::Delivered(update)
            }
            TryResult::Hopeless(reason) => self.give_up(&due, due.tries, reason),
            TryResult::Failed(reason) => {
                self.counters.failed.add();
                match self.terms.pause_after(due.tries) {
                    Some(pause) => {
                        let next = (self.clock)().after(pause);
                        tracing::info!(client, %update, tries, reason, %next, "a callback failed");
                        CallbackTried::Again(update, next)
                    }
                    None => self.give_up(&due, tries, &reason),
                }
            }
        };
        self.keep(tried).await;
        None
    }

    fn give_up(&self, due: &CallbackDue, tries: u32, reason: &str) -> CallbackTried {
        self.counters.given_up.add();
        self.counters.given_up_at.store(u64::try_from((self.clock)().0 / 1000).unwrap_or_default(), Ordering::Relaxed);
        tracing::warn!(client = due.client, update = %due.id, tries, reason, "a callback was given up");
        CallbackTried::GivenUp(due.id)
    }

    /// Stores what became of a try. If the store fails, the callback keeps its place, so that it is not sent over and over.
    pub(super) async fn keep(&self, tried: CallbackTried) {
        let mut backoff = StoreBackoff::new();
        while let Err(error) = self.store.callback_tried(tried).await {
            if error == StoreError::Closed {
                return;
            }
            tracing::warn!(%error, "what became of a callback cannot be stored");
            sleep(backoff.wait()).await;
        }
    }

    async fn send(&self, due: &CallbackDue) -> TryResult {
        let targets = (self.targets)();
        let Some(target) = targets.get(due.client.as_str()) else {
            // It may be missing only for a moment, while a configuration is being changed.
            return TryResult::Failed("the client has no `callback` in the configuration".to_owned());
        };
        let record = match self.store.record(due.id).await {
            Ok(Some(record)) => record,
            Ok(None) => return TryResult::Hopeless("its record is not kept any more"),
            Err(StoreError::Unreadable(error)) => {
                return TryResult::Failed(format!("its record cannot be read: {error}"));
            }
            Err(_) => return TryResult::NotTried(PAUSE),
        };
        let stack = self.receivers.of(target, &targets, &self.terms);
        // Waited for here, a `Retry-After` would shorten the try.
        match stack.snapshot().paused {
            Some(pause) => TryResult::NotTried(pause.max(MIN_PAUSE)),
            None => outcome(stack.call(self.request(target, &record)).await),
        }
    }

    /// The request waits for a place of its URL as long as the try itself may take.
    fn request(&self, target: &CallbackTarget, record: &Record) -> VendorRequest {
        let deadline = Instant::now() + 2 * self.terms.timeout;
        let mut request = VendorRequest::new(Method::POST, target.url.clone(), deadline).repeated(Repeat::WheneverSafe);
        request.body = self.body(record);
        request.max_response = MAX_RESPONSE;
        request.headers.insert(CONTENT_TYPE, JSON);
        request.headers.insert(USER_AGENT, AGENT);
        sign(&mut request.headers, record.id, (self.clock)(), &request.body, &target.secrets);
        request
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("terms", &self.terms).field("counters", &self.counters).finish_non_exhaustive()
    }
}

/// Any 2xx is success, even if what follows is too long or cut off.
fn outcome(result: Result<VendorResponse, Failure>) -> TryResult {
    let failure = match result {
        Ok(response) if response.status.is_success() => return TryResult::Delivered,
        Ok(response) => return TryResult::Failed(format!("its receiver answered {}", response.status.as_u16())),
        Err(failure) => failure,
    };
    match failure.kind {
        FailureKind::BodyTooLong { status } | FailureKind::ResponseCut { status } if status.is_success() => {
            TryResult::Delivered
        }
        FailureKind::BodyTooLong { status } | FailureKind::ResponseCut { status } => {
            TryResult::Failed(format!("its receiver answered {}", status.as_u16()))
        }
        kind if failure.attempts == 0 || kind == FailureKind::DeadlineBeforeSend => {
            TryResult::NotTried(kind.retry_after().unwrap_or(PAUSE).max(MIN_PAUSE))
        }
        kind => TryResult::Failed(format!("{}: {}", kind.name(), failure.source)),
    }
}

impl Delivery {
    fn body(&self, record: &Record) -> Bytes {
        #[derive(Serialize)]
        struct Event<'r> {
            r#type: &'static str,
            timestamp: Timestamp,
            data: RecordDocument<'r>,
        }
        let data = RecordDocument::new(record, None);
        let event = Event { r#type: "update.finished", timestamp: record.updated_at, data };
        serde_json::to_vec(&event).unwrap_or_default().into()
    }
}
