//! A finished vendor request, on its way out.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use tokio::time::Instant;

/// One request, translated and complete; nothing here adds to it.
pub struct Outgoing {
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
    /// Whether the vendor may have seen any of it.
    pub sent: Sent,
}

impl Outgoing {
    /// A request that has not been sent yet, without headers, body or order.
    #[must_use]
    pub fn new(method: Method, uri: Uri, deadline: Instant) -> Self {
        Self { key: None, method, uri, headers: HeaderMap::new(), body: Bytes::new(), deadline, sent: Sent::default() }
    }
}

/// Headers and body carry credentials, so they stay out of logs.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
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
pub struct Sent(Arc<Marks>);

#[derive(Debug, Default)]
struct Marks {
    earlier: AtomicBool,
    this_attempt: AtomicBool,
}

impl Sent {
    /// Whether any attempt so far may have put a byte on the wire.
    #[must_use]
    pub fn get(&self) -> bool {
        self.0.earlier.load(Ordering::Acquire) || self.in_this_attempt()
    }

    pub(super) fn in_this_attempt(&self) -> bool {
        self.0.this_attempt.load(Ordering::Acquire)
    }

    pub(super) fn begin_attempt(&self) {
        if self.0.this_attempt.load(Ordering::Acquire) {
            self.0.earlier.store(true, Ordering::Release);
            self.0.this_attempt.store(false, Ordering::Release);
        }
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
    use super::*;

    #[test]
    fn a_later_attempt_does_not_forget_an_earlier_one() {
        let sent = Sent::default();
        sent.begin_attempt();
        assert!(!sent.get());
        sent.mark();
        sent.begin_attempt();
        assert!(sent.get() && !sent.in_this_attempt());
        sent.unmark();
        assert!(sent.get());
    }

    #[test]
    fn debug_output_shows_neither_headers_nor_body() {
        let mut outgoing = Outgoing::new(Method::PUT, Uri::from_static("http://v/1"), Instant::now());
        outgoing.body = Bytes::from_static(b"hush");
        outgoing.headers.insert("authorization", http::HeaderValue::from_static("Bearer hush"));
        assert!(!format!("{outgoing:?}").contains("hush"));
    }
}
