//! Everything between "here is a finished vendor request" and "here is the vendor's raw answer".
//!
//! There is one [`Stack`] per vendor account ([`Account`]). A stack knows neither dialects nor fields; it brings a
//! request to the vendor in order, within limits and within its deadline, and says truthfully what came of it.
//! [`stack`] shows the layers and why each has its place.

mod attempt_observer;
mod breaker;
mod call;
mod client;
mod confirmation;
mod counters;
mod detached;
mod failure;
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
pub mod stack;
mod sync;

pub use attempt_observer::AttemptObserver;
pub use breaker::circuit::BreakerState;
pub use call::Call;
pub use client::http_client::HttpClient;
pub use client::roots::{ClientIdentity, PemFile, PublicRoots, TlsRoots, UpstreamTlsError, VendorTls};
pub use confirmation::Judge;
pub use detached::DetachOnDrop;
pub use failure::{Failure, FailureKind};
pub use layers::fair_share::{Permits, SharePermit};
pub use layers::keyed_lock::QueuedLock;
pub(crate) use redaction::patterns::{MIN_SECRET, SecretPatterns, redact};
pub use request::{DeliveryState, VendorRequest};
pub use response::{MAX_BODY, VendorResponse};
pub use settings::{BreakerSettings, Period, RateSettings, RetrySettings, StackSettings};
pub use stack::{Snapshot, Stack, Tasks};
