//! A finished vendor request, on its way out.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use tokio::time::Instant;

use super::layers::keyed_lock::QueuedLock;
use super::{AttemptObserver, Judge};

/// One request, translated and complete; nothing here adds to it.
pub struct VendorRequest {
    /// The vendor's assistant id, within which order is kept; `None` for requests without order (catalogs).
    pub key: Option<Arc<str>>,
    /// The method; only idempotent ones are repeated once sent.
    pub method: Method,
    /// The whole address, see [`super::Stack::uri`].
    pub uri: Uri,
    /// The headers, sent as they are (`Host` and `Content-Length` are the client's).
    pub headers: HeaderMap,
    /// The body, sent as it is.
    pub body: Bytes,
    /// When the caller stops waiting.
    pub deadline: Instant,
    /// How long a request may take at most, however long its caller is willing to wait.
    pub longest: Duration,
    /// Whether the vendor may have seen any of it.
    pub sent: DeliveryState,
    /// Who wants to know of its attempts.
    pub witness: Option<Arc<dyn AttemptObserver>>,
    /// Who judges the answer, should the caller have gone.
    pub judge: Option<&'static dyn Judge>,
    place: Mutex<Option<QueuedLock>>,
}

impl VendorRequest {
    /// A request that has not been sent yet, without headers, body or order.
    #[must_use]
    pub fn new(method: Method, uri: Uri, deadline: Instant) -> Self {
        Self {
            key: None,
            method,
            uri,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            deadline,
            longest: deadline.saturating_duration_since(Instant::now()),
            sent: DeliveryState::default(),
            witness: None,
            judge: None,
            place: Mutex::default(),
        }
    }

    /// The same with a place in line that was taken before it was complete (see [`super::Stack::line_up`]).
    #[must_use]
    pub fn with_place(mut self, place: Option<QueuedLock>) -> Self {
        self.place = Mutex::new(place);
        self
    }

    /// The place taken before, if there is one.
    pub(super) fn take_place(&self) -> Option<QueuedLock> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Keeps the place until the answer has been judged.
    pub(super) fn keep_place(&self, place: QueuedLock) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }

    /// The place, when all else is over.
    pub(super) fn into_place(self) -> Option<QueuedLock> {
        self.place.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Headers and body carry credentials, so they stay out of logs.
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

/// Whether a byte of a request may have reached the vendor, over all its attempts.
///
/// Set before the request is handed to a connection, so it errs on the side of "sent". Clones share the answer.
#[derive(Clone, Debug, Default)]
pub struct DeliveryState(Arc<DeliveryFlags>);

#[derive(Debug, Default)]
struct DeliveryFlags {
    earlier: AtomicBool,
    this_attempt: AtomicBool,
    /// The vendor's answer to this attempt rules out that it was applied.
    refused: AtomicBool,
    /// An earlier attempt was on the wire and not refused.
    doubt: AtomicBool,
    /// When the last attempt ended that was sent and got no trustworthy answer.
    doubted: Mutex<Option<Instant>>,
}

impl DeliveryState {
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

    /// The same of all attempts but the last.
    pub(super) fn was_in_doubt(&self) -> bool {
        self.0.doubt.load(Ordering::Acquire)
    }

    /// Notes that this attempt has just ended without a trustworthy answer, if it was on the wire.
    pub fn doubt(&self) {
        if self.in_this_attempt() {
            *self.doubted() = Some(Instant::now());
        }
    }

    /// When the last attempt of that kind ended.
    pub(super) fn doubted_at(&self) -> Option<Instant> {
        *self.doubted()
    }

    fn doubted(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.doubted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the vendor's answer to this attempt was a clear refusal.
    pub(super) fn refuse(&self) {
        self.0.refused.store(true, Ordering::Release);
    }

    pub(super) fn in_this_attempt(&self) -> bool {
        self.0.this_attempt.load(Ordering::Acquire)
    }

    pub(super) fn begin_attempt(&self) {
        if self.is_in_doubt() {
            self.0.doubt.store(true, Ordering::Release);
        }
        if self.in_this_attempt() {
            self.0.earlier.store(true, Ordering::Release);
            self.0.this_attempt.store(false, Ordering::Release);
        }
        self.0.refused.store(false, Ordering::Release);
    }

    pub(super) fn mark(&self) {
        self.0.this_attempt.store(true, Ordering::Release);
    }

    /// Takes back this attempt's mark: the connection returned the request unstarted.
    pub(super) fn unmark(&self) {
        self.0.this_attempt.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use crate::upstream::request::*;

    #[test]
    fn a_later_attempt_does_not_forget_an_earlier_one() {
        let sent = DeliveryState::default();
        sent.begin_attempt();
        assert!(!sent.get());
        sent.mark();
        sent.begin_attempt();
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
        sent.begin_attempt();
        assert!(sent.get() && !sent.is_in_doubt());
        sent.mark();
        sent.begin_attempt();
        sent.mark();
        sent.refuse();
        assert!(sent.is_in_doubt() && sent.was_in_doubt());
    }

    #[test]
    fn debug_output_shows_neither_headers_nor_body() {
        let mut outgoing = VendorRequest::new(Method::PUT, Uri::from_static("http://v/1"), Instant::now());
        outgoing.body = Bytes::from_static(b"hush");
        outgoing.headers.insert("authorization", http::HeaderValue::from_static("Bearer hush"));
        assert!(!format!("{outgoing:?}").contains("hush"));
    }
}
