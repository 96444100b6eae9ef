//! Why there is no response.

use std::{fmt, time::Duration};

use http::StatusCode;

use super::layers::retry_after_gate::PauseCause;
use crate::problem::FailureReason;

/// A request that ended without a vendor's response.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What went wrong.
    pub kind: FailureKind,
    /// The number of attempts.
    pub attempts: u32,
    /// Whether a byte of the request may have reached the vendor, in any attempt that the vendor did not clearly
    /// refuse.
    pub sent: bool,
    /// Time spent waiting, before and between attempts.
    pub queued: Duration,
    /// Time spent with the vendor in all attempts.
    pub vendor: Duration,
    /// The cause, for the log only.
    pub source: String,
    /// The cause in plain words that callers may read, where it has any: how a TLS handshake failed.
    pub plain: Option<&'static str>,
    /// Whether the breaker counts it as the vendor's failure.
    pub(super) blames_vendor: bool,
}

/// The kinds of failures. `retry_after` is the time after which a retry makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The host name could not be resolved.
    Dns,
    /// No TCP connection, or none in time.
    Connect,
    /// The TLS handshake failed or did not end in time.
    Tls,
    /// No complete response within the attempt's timeout or the deadline.
    Timeout,
    /// The connection ended before the response did.
    ConnectionLost,
    /// The connection ended, or its framing broke, between the response's head and the end of its body.
    ResponseCut {
        /// The status of that response.
        status: StatusCode,
    },
    /// The response is not HTTP.
    MalformedResponse,
    /// The response is longer than [`super::VendorRequest::max_response`].
    BodyTooLong {
        /// The status of that response.
        status: StatusCode,
    },
    /// No more requests may wait for this account.
    Overloaded {
        /// A guess.
        retry_after: Duration,
    },
    /// Waiting for the account's rate limit would exceed the deadline.
    RateLimited {
        /// When the limit would allow this request.
        retry_after: Duration,
    },
    /// A pause that the vendor asked for will not end before the deadline.
    Paused {
        /// The rest of that time.
        retry_after: Duration,
        /// Why it asked.
        cause: PauseCause,
    },
    /// The breaker is open.
    CircuitOpen {
        /// Until the next probe.
        retry_after: Duration,
    },
    /// The deadline passed while waiting; nothing was sent.
    DeadlineBeforeSend,
    /// This process cannot prove any more that it is its turn, as another one may have taken over; nothing was sent.
    NotOwner,
    /// The deadline passed while the vendor might still have applied an earlier update of the assistant.
    Settling {
        /// The rest of that time.
        retry_after: Duration,
    },
}

impl FailureKind {
    /// The kind without what came with it.
    #[must_use]
    pub fn reason(&self) -> FailureReason {
        match self {
            Self::Dns => FailureReason::Dns,
            Self::Connect => FailureReason::Connect,
            Self::Tls => FailureReason::Tls,
            Self::Timeout => FailureReason::Timeout,
            Self::ConnectionLost => FailureReason::ConnectionLost,
            Self::MalformedResponse => FailureReason::MalformedResponse,
            Self::BodyTooLong { .. } => FailureReason::BodyTooLong,
            Self::Overloaded { .. } => FailureReason::Overloaded,
            Self::RateLimited { .. } => FailureReason::RateLimited,
            Self::Paused { .. } => FailureReason::Paused,
            Self::CircuitOpen { .. } => FailureReason::CircuitOpen,
            Self::DeadlineBeforeSend => FailureReason::DeadlineBeforeSend,
            Self::NotOwner => FailureReason::NotOwner,
            Self::ResponseCut { .. } => FailureReason::ResponseCut,
            Self::Settling { .. } => FailureReason::Settling,
        }
    }

    /// A stable name for logs and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.reason().name()
    }

    /// The time after which a retry makes sense, if it is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match *self {
            Self::Overloaded { retry_after }
            | Self::RateLimited { retry_after }
            | Self::Paused { retry_after, .. }
            | Self::CircuitOpen { retry_after }
            | Self::Settling { retry_after } => Some(retry_after),
            _ => None,
        }
    }

    fn blames_vendor(&self) -> bool {
        match self {
            Self::Dns | Self::Connect | Self::Tls | Self::Timeout | Self::ConnectionLost | Self::ResponseCut { .. } => {
                true
            }
            Self::BodyTooLong { status } => status.is_server_error(),
            _ => false,
        }
    }
}

impl Failure {
    /// A failure before anything was tried or sent.
    #[must_use]
    pub fn new(kind: FailureKind, source: impl Into<String>) -> Self {
        let (queued, vendor) = (Duration::ZERO, Duration::ZERO);
        let blames_vendor = kind.blames_vendor();
        Self { kind, attempts: 0, sent: false, queued, vendor, source: source.into(), plain: None, blames_vendor }
    }
}

impl Failure {
    /// The failure of a request whose deadline passed while it waited for its turn.
    #[must_use]
    pub fn in_queue() -> Self {
        Self::new(FailureKind::DeadlineBeforeSend, "the deadline passed in the queue of its assistant")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, attempts, source, .. } = self;
        write!(f, "{} after {attempts} attempts: {source}", kind.name())
    }
}

impl std::error::Error for Failure {}

/// An error and its causes in one line, for the log.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = words(error);
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&words(inner));
        cause = inner.source();
    }
    text
}

/// The text of an error without the vendor's words: the bytes with which it closes an HTTP/2 connection may be anything,
/// our token included.
fn words(error: &(dyn std::error::Error + 'static)) -> String {
    match error.downcast_ref::<h2::Error>().and_then(h2::Error::reason) {
        Some(reason) => format!("HTTP/2: {reason}"),
        None => error.to_string(),
    }
}
