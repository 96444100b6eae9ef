//! Everything between "here is a finished vendor request" and "here is the vendor's raw answer".
//!
//! There is one [`Stack`] per vendor account ([`Account`]). A stack knows neither dialects nor fields; it brings a
//! request to the vendor in order, within limits and within its deadline, and says truthfully what came of it.
//! [`stack`] shows the layers and why each has its place.

mod account;
mod answer;
mod anybody;
mod attempt;
mod breaker;
mod budget;
mod call;
mod catalogs;
mod circuit;
mod client;
mod connection;
mod connector;
mod counters;
mod deadline;
mod disguise;
#[cfg(test)]
mod double;
pub mod drift;
mod escapes;
mod failure;
mod in_flight;
mod judge;
mod line;
#[cfg(test)]
#[cfg(feature = "models")]
mod models;
mod order;
mod outgoing;
mod pause;
mod pool;
mod rate;
mod retry;
mod retry_after;
mod roots;
mod settings;
mod share;
mod sieve;
pub mod stack;
mod stream;
mod sync;
mod token_clock;
mod update;
mod waiting_room;
mod window;
mod witness;

pub use account::{Account, HOP, Limits, TRACEPARENT, Token, X_REQUEST_ID};
pub use answer::{Answer, MAX_BODY};
pub use call::Call;
pub use catalogs::{CatalogFailure, LiveCatalogs, Reader as CatalogReader};
pub use circuit::BreakerState;
pub use client::HttpClient;
pub(crate) use disguise::{Disguises, SHORTEST, blacken};
pub use failure::{Failure, FailureKind};
pub use judge::Judge;
pub use line::Place;
pub use outgoing::{Outgoing, Sent};
pub use roots::{ClientIdentity, PemFile, PublicRoots, TlsRoots, UpstreamTlsError, VendorTls};
pub use settings::{BreakerSettings, Period, RateSettings, RetrySettings, StackSettings};
pub use share::{Permits, Share};
pub use stack::{Snapshot, Stack, Tasks};
pub use update::Update;
pub use witness::Witness;
