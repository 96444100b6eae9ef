//! Why there is no answer.

use std::{fmt, time::Duration};

use http::StatusCode;

use crate::problem::FailureReason;

/// A request that ended without a vendor's answer.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What went wrong.
    pub kind: FailureKind,
    /// How often was tried; 0 if it never came to that.
    pub attempts: u32,
    /// Whether a byte of the request may have reached the vendor, in any attempt that the vendor did not clearly
    /// refuse.
    pub sent: bool,
    /// Time not spent with the vendor: waiting for the turn, the rate, a slot, and between attempts.
    pub queued: Duration,
    /// Time spent with the vendor, summed over the attempts.
    pub vendor: Duration,
    /// The cause in the words of whoever noticed it; for the log only.
    pub source: String,
    /// Whether the breaker may hold it against the vendor.
    pub(super) blames_vendor: bool,
}

/// The ways to fail. `retry_after` is the time after which trying again makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The host name could not be resolved.
    Dns,
    /// No TCP connection, or none in time.
    Connect,
    /// The TLS handshake failed or did not end in time.
    Tls,
    /// No complete answer within the attempt's time or the deadline.
    Timeout,
    /// The connection ended before the answer did.
    ConnectionLost,
    /// The connection ended, or its framing broke, between the answer's head and the end of its body.
    ResponseCut {
        /// The status of that answer.
        status: StatusCode,
    },
    /// What came back is not HTTP.
    MalformedResponse,
    /// The answer is longer than [`super::MAX_BODY`].
    BodyTooLong {
        /// The status of that answer.
        status: StatusCode,
    },
    /// Nobody else may wait for this account.
    Overloaded {
        /// A guess: queues move within a second or not at all.
        retry_after: Duration,
    },
    /// Our own limit for this account, and waiting for it would exceed the deadline.
    RateLimited {
        /// Until this request's turn under the limit.
        retry_after: Duration,
    },
    /// The vendor said 429 and its time is not over, nor will it be before the deadline.
    Paused {
        /// What is left of that time.
        retry_after: Duration,
    },
    /// The breaker is open.
    CircuitOpen {
        /// Until the next probe.
        retry_after: Duration,
    },
    /// The deadline passed while waiting; nothing was sent.
    DeadlineBeforeSend,
    /// The deadline passed while the vendor might still have applied an earlier update of the assistant.
    Settling {
        /// What is left of that time.
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
            Self::ResponseCut { .. } => FailureReason::ResponseCut,
            Self::Settling { .. } => FailureReason::Settling,
        }
    }

    /// A stable name for logs and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.reason().name()
    }

    /// The time after which trying again makes sense, where it is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match *self {
            Self::Overloaded { retry_after }
            | Self::RateLimited { retry_after }
            | Self::Paused { retry_after }
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
        Self { kind, attempts: 0, sent: false, queued, vendor, source: source.into(), blames_vendor }
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

/// What an error says, but for the one that quotes the vendor: the bytes with which it closes an HTTP/2 connection may
/// be anything, our token included.
fn words(error: &(dyn std::error::Error + 'static)) -> String {
    match error.downcast_ref::<h2::Error>().and_then(h2::Error::reason) {
        Some(reason) => format!("HTTP/2: {reason}"),
        None => error.to_string(),
    }
}
