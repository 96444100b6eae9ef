//! Sends finished requests to a vendor: one [`Stack`] of layers per account, which knows no dialects and no fields.
//!
//! The layers, outermost first:
//!
//! 1. **Deadline** is first because every layer below uses the remaining time as its timeout.
//! 2. **`SerializePerKey`** keeps the updates of one assistant in order. It is outside all other waits and the retries,
//!    because each of them could reorder updates.
//! 3. **`RetryAfterGate`** delays or refuses requests during a pause that the vendor asked for or an open breaker. It is outside the rate limit, so
//!    that a request that cannot be sent costs no token.
//! 4. **Rate** is outside the in-flight limit, so that a request that waits for a token holds no permit.
//! 5. **`InFlight`** is outside the breaker, so that a probe does not wait, and outside the retries, so that they count too.
//! 6. **Breaker** is outside the retries, so that a request counts once, by its final result.
//! 7. **Retry** is outside the attempt's timeout, so that each attempt has its own.
//! 8. **Attempt** is the timeout around the network.

mod attempt_observer;
mod breaker;
mod call;
mod client;
mod counters;
mod detached;
mod failure;
mod fence;
mod layers;
#[cfg(test)]
mod mock_call;
#[cfg(test)]
#[cfg(feature = "models")]
mod models;
mod redaction;
mod request;
mod response;
mod retry;
mod settings;
mod signals;
pub mod stack;
mod sync;

pub use attempt_observer::AttemptObserver;
pub use breaker::circuit::{BreakerChange, BreakerState};
pub use call::Call;
pub use client::http_client::HttpClient;
pub use client::roots::{ClientIdentity, PemFile, TlsRoots, UpstreamTlsError, VendorTls};
pub use detached::DetachOnDrop;
pub use failure::{Failure, FailureKind};
pub use fence::Fence;
pub use layers::fair_share::{Permits, SharePermit};
pub use layers::keyed_lock::QueuedLock;
pub use layers::retry_after_gate::PauseCause;
pub(crate) use redaction::patterns::{MIN_SECRET, SecretPatterns, redact};
pub use request::{ConnectionChoice, DeliveryState, Repeat, VendorRequest};
pub use response::{MAX_READ_RESPONSE, MAX_RESPONSE, ResponseValidator, VendorResponse};
pub use settings::{BreakerSettings, RetrySettings, StackSettings};
pub use stack::{Snapshot, Stack, Tasks};

pub use crate::value::RateSettings;
