//! What kept a vendor from answering, as one word of a closed list.

use strum::{IntoStaticStr, VariantArray};

/// What kept a vendor from answering; its name is the label of logs, metrics and traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum FailureReason {
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
    /// What came back is not HTTP.
    MalformedResponse,
    /// The answer is longer than is read.
    BodyTooLong,
    /// As many requests wait for the account as may.
    Overloaded,
    /// Our own limit for the account, and waiting for it would exceed the deadline.
    RateLimited,
    /// The vendor said 429 and its time is not over.
    Paused,
    /// The breaker is open.
    CircuitOpen,
    /// The deadline passed before anything was sent.
    DeadlineBeforeSend,
    /// The connection ended within the answer's body.
    ResponseCut,
    /// The vendor may still apply an earlier update of this assistant, and waiting for that would exceed the deadline.
    Settling,
}

impl FailureReason {
    /// Its name.
    pub fn name(self) -> &'static str {
        self.into()
    }
}
