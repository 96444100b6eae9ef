//! A finished request to a vendor, and whether it was delivered.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use tokio::time::Instant;

use crate::http::attempt_times::{AttemptEnd, AttemptTimes};
use crate::value::Lock;

use super::layers::keyed_lock::QueuedLock;
use super::{AttemptObserver, DetachOnDrop, Fence, MAX_RESPONSE, ResponseValidator};

/// When a request may be sent again: a property of what it asks for, not of its HTTP method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeat {
    /// After any failure that may pass: two arrivals have the effect of one.
    WheneverSafe,
    /// Only if the vendor surely processed nothing of it: no connection was opened, the connection returned it unwritten,
    /// or HTTP/2 refused its stream. Two arrivals of a creation make two assistants.
    #[default]
    OnlyIfUnsent,
}

/// On which connection a request goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionChoice {
    /// One that is kept, or a new one if there is none.
    #[default]
    Pooled,
    /// One opened for this request. A vendor that closes idle connections cannot lose it.
    Fresh,
}

/// One translated and complete request.
pub struct VendorRequest {
    /// The vendor's assistant id, whose updates keep their order; `None` for requests without order (catalogs).
    pub key: Option<Arc<str>>,
    /// The method. It does not decide whether the request may be repeated.
    pub method: Method,
    /// When it may be sent again.
    pub repeat: Repeat,
    /// On which connection it goes.
    pub connection: ConnectionChoice,
    /// The absolute URI, see [`super::Stack::uri`].
    pub uri: Uri,
    /// The headers; the client adds `Host` and `Content-Length`.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The caller's deadline.
    pub deadline: Instant,
    /// The longest time that any request may take.
    pub longest: Duration,
    /// The longest body that is read in response, in bytes, as sent and once decompressed.
    pub max_response: usize,
    /// The number of attempts that earlier requests made for the same purpose.
    pub earlier_attempts: u32,
    /// Whether the vendor may have received it.
    pub sent: DeliveryState,
    /// Is notified of its attempts.
    pub observer: Option<Arc<dyn AttemptObserver>>,
    /// Validates the response if the caller is gone.
    pub validator: Option<&'static dyn ResponseValidator>,
    /// Until when an attempt may begin, if other processes share the order.
    pub fence: Option<Fence>,
    lock: Lock<Option<QueuedLock>>,
}

impl VendorRequest {
    /// A request without headers, body and order, which is repeated [only if it was not sent](Repeat::OnlyIfUnsent).
    #[must_use]
    pub fn new(method: Method, uri: Uri, deadline: Instant) -> Self {
        Self {
            key: None,
            method,
            repeat: Repeat::default(),
            connection: ConnectionChoice::default(),
            uri,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            deadline,
            longest: deadline.saturating_duration_since(Instant::now()),
            max_response: MAX_RESPONSE,
            earlier_attempts: 0,
            sent: DeliveryState::default(),
            observer: None,
            validator: None,
            fence: None,
            lock: Lock::default(),
        }
    }

    /// The same, with when it may be sent again.
    #[must_use]
    pub fn repeated(self, repeat: Repeat) -> Self {
        Self { repeat, ..self }
    }

    /// The same as a request that must never arrive twice, such as a creation: it is repeated only if it was not sent, and
    /// goes on a connection opened for it.
    #[must_use]
    pub fn never_twice(self) -> Self {
        Self { repeat: Repeat::OnlyIfUnsent, connection: ConnectionChoice::Fresh, ..self }
    }

    /// The same as a further try of `update`, which has ended after so many attempts: they count towards the settings'
    /// limit and in the result, and what they may have brought about stays in doubt.
    #[must_use]
    pub fn continuing(self, update: &DetachOnDrop, attempts: u32) -> Self {
        Self { sent: update.delivery(), earlier_attempts: attempts, ..self }
    }

    /// Whether an attempt can follow the last one without the risk that the vendor carries it out twice. Any attempt
    /// before that one was repeated, so it was not sent.
    pub(super) fn may_be_repeated(&self) -> bool {
        self.repeat == Repeat::WheneverSafe || !self.sent.in_this_attempt()
    }

    /// The same with a lock that was queued before (see [`super::Stack::queue_update`]).
    #[must_use]
    pub fn with_lock(mut self, lock: Option<QueuedLock>) -> Self {
        self.lock = Lock::new(lock);
        self
    }

    /// The lock that was queued before, if there is one.
    pub(super) fn take_lock(&self) -> Option<QueuedLock> {
        self.lock.lock().take()
    }

    /// Keeps the lock until the response has been validated.
    pub(super) fn keep_lock(&self, lock: QueuedLock) {
        *self.lock.lock() = Some(lock);
    }

    /// The lock, at the end of the request.
    pub(super) fn into_lock(self) -> Option<QueuedLock> {
        self.lock.into_inner()
    }
}

/// Headers and body contain credentials, so they stay out of logs.
impl fmt::Debug for VendorRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VendorRequest")
            .field("key", &self.key)
            .field("method", &self.method)
            .field("uri", &self.uri)
            .field("sent", &self.sent.get())
            .finish_non_exhaustive()
    }
}

/// Whether a byte of a request may have reached the vendor, in all its attempts. Clones share the state.
///
/// It is set before the request is given to a connection, so it errs on the side of "sent".
#[derive(Clone, Debug, Default)]
pub struct DeliveryState(Arc<DeliveryFlags>);

#[derive(Debug, Default)]
struct DeliveryFlags {
    earlier: AtomicBool,
    this_attempt: AtomicBool,
    /// The vendor's response to this attempt rules out that it was applied.
    refused: AtomicBool,
    /// An earlier attempt was on the wire and not refused.
    doubt: AtomicBool,
    /// When the last attempt ended that was sent and got no trustworthy response.
    doubted: Lock<Option<Instant>>,
    /// When its attempts began and ended.
    times: Lock<AttemptTimes>,
    /// The state of all requests for the same purpose, of which this is one.
    whole: Option<DeliveryState>,
}

impl DeliveryState {
    /// The state of the next request of several for one purpose, one after another. It knows nothing of those before; this one
    /// hears of all of them.
    #[must_use]
    pub fn next_request(&self) -> Self {
        self.start_attempt();
        Self(Arc::new(DeliveryFlags { whole: Some(self.clone()), ..DeliveryFlags::default() }))
    }

    /// Whether any attempt so far may have put a byte on the wire.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.earlier.load(Ordering::Acquire) || self.in_this_attempt()
    }

    /// Whether any attempt so far may have been applied: it was on the wire, and the vendor did not clearly refuse
    /// it.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.was_in_doubt() || self.in_this_attempt() && !self.0.refused.load(Ordering::Acquire)
    }

    /// The same for all attempts but the last.
    pub(super) fn was_in_doubt(&self) -> bool {
        self.0.doubt.load(Ordering::Acquire)
    }

    /// Records that this attempt has just ended without a trustworthy response, if it was on the wire.
    pub fn doubt(&self) {
        if self.in_this_attempt() {
            *self.0.doubted.lock() = Some(Instant::now());
        }
        self.forward(Self::doubt);
    }

    fn forward(&self, tell: impl FnOnce(&Self)) {
        if let Some(whole) = &self.0.whole {
            tell(whole);
        }
    }

    /// When the last attempt of that kind ended.
    #[must_use]
    pub fn doubted_at(&self) -> Option<Instant> {
        *self.0.doubted.lock()
    }

    /// When its attempts so far began and ended.
    #[must_use]
    pub fn times(&self) -> AttemptTimes {
        self.0.times.lock().clone()
    }

    /// Records that an attempt begins.
    pub(super) fn attempt_started(&self, started: Instant) {
        self.0.times.lock().begin(started);
        self.forward(|whole| whole.attempt_started(started));
    }

    /// Records how the attempt that began then has just ended.
    pub(super) fn time_ends(&self, started: Instant, end: AttemptEnd) {
        self.0.times.lock().end(started, end);
        self.forward(|whole| whole.time_ends(started, end));
    }

    /// Records that the vendor clearly refused this attempt.
    pub(super) fn refuse(&self) {
        self.0.refused.store(true, Ordering::Release);
        self.forward(Self::refuse);
    }

    pub(super) fn in_this_attempt(&self) -> bool {
        self.0.this_attempt.load(Ordering::Acquire)
    }

    pub(super) fn start_attempt(&self) {
        if self.is_in_doubt() {
            self.0.doubt.store(true, Ordering::Release);
        }
        if self.in_this_attempt() {
            self.0.earlier.store(true, Ordering::Release);
            self.0.this_attempt.store(false, Ordering::Release);
        }
        self.0.refused.store(false, Ordering::Release);
        self.forward(Self::start_attempt);
    }

    pub(super) fn mark(&self) {
        self.0.this_attempt.store(true, Ordering::Release);
        self.forward(Self::mark);
    }

    /// Unmarks this attempt: the connection returned the request unsent.
    pub(super) fn unmark(&self) {
        self.0.this_attempt.store(false, Ordering::Release);
        self.forward(Self::unmark);
    }
}

#[cfg(test)]
mod tests {
    use crate::upstream::request::*;

    #[test]
    fn a_later_attempt_does_not_forget_an_earlier_one() {
        let sent = DeliveryState::default();
        sent.start_attempt();
        assert!(!sent.get());
        sent.mark();
        sent.start_attempt();
        assert!(sent.get() && !sent.in_this_attempt());
        sent.unmark();
        assert!(sent.get());
    }

    #[test]
    fn a_refused_attempt_leaves_no_doubt_and_any_other_does() {
        let sent = DeliveryState::default();
        sent.mark();
        assert!(sent.is_in_doubt());
        sent.refuse();
        assert!(sent.get() && !sent.is_in_doubt());
        sent.start_attempt();
        assert!(sent.get() && !sent.is_in_doubt());
        sent.mark();
        sent.start_attempt();
        sent.mark();
        sent.refuse();
        assert!(sent.is_in_doubt() && sent.was_in_doubt());
    }

    #[test]
    fn of_several_requests_the_whole_hears_of_each_and_none_of_another() {
        let whole = DeliveryState::default();
        let first = whole.next_request();
        first.mark();
        first.doubt();
        assert!(whole.get() && whole.is_in_doubt() && whole.doubted_at().is_some());
        let second = whole.next_request();
        assert!(!second.get() && !second.is_in_doubt() && second.doubted_at().is_none());
        second.mark();
        second.refuse();
        assert!(!second.is_in_doubt() && whole.is_in_doubt(), "the first may have been applied");
        second.unmark();
        assert!(!second.get() && whole.get());
        let only = DeliveryState::default();
        let refused = only.next_request();
        refused.mark();
        refused.refuse();
        let _next = only.next_request();
        assert!(only.get() && !only.is_in_doubt());
    }

    #[test]
    fn debug_output_shows_neither_headers_nor_body() {
        let mut request = VendorRequest::new(Method::PUT, Uri::from_static("http://v/1"), Instant::now());
        request.body = Bytes::from_static(b"hush");
        request.headers.insert("authorization", http::HeaderValue::from_static("Bearer hush"));
        assert!(!format!("{request:?}").contains("hush"));
    }
}
