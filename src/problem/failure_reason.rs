//! Why a call to a vendor failed, as one word of a closed list.

use strum::{IntoStaticStr, VariantArray};

/// Why a call to a vendor failed; its name is the label in logs, metrics and traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum FailureReason {
    /// The host name could not be resolved.
    Dns,
    /// The TCP connection failed or timed out.
    Connect,
    /// The TLS handshake failed or timed out.
    Tls,
    /// No complete response within the attempt's timeout or the deadline.
    Timeout,
    /// The connection ended before the response started.
    ConnectionLost,
    /// The response is not HTTP.
    MalformedResponse,
    /// The response body is over the limit.
    BodyTooLong,
    /// The account's queue is full.
    Overloaded,
    /// The account's rate limit in this gateway; waiting for it would exceed the deadline.
    RateLimited,
    /// The pause that the vendor asked for with a 429 or a 503 is not over.
    Paused,
    /// The circuit breaker is open.
    CircuitOpen,
    /// The deadline passed before anything was sent.
    DeadlineBeforeSend,
    /// This process cannot prove that it is still its turn to send for the assistant.
    NotOwner,
    /// The connection ended within the response body.
    ResponseCut,
    /// An earlier update of this assistant may still be applied; waiting for that would exceed the deadline.
    Settling,
}

impl FailureReason {
    /// Its name.
    pub fn name(self) -> &'static str {
        self.into()
    }
}
