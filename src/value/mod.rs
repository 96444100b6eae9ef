//! Value types that every room uses.

mod assistant_operation;
mod clock;
mod counter;
mod credentials;
mod fingerprint;
mod glob;
mod lock;
mod network;
mod postgres_url;
mod rate_settings;
mod right;
mod shared;
mod verifier;
mod words;

pub use assistant_operation::AssistantOperation;
pub use clock::{TokenClock, unix_seconds};
pub use counter::Counter;
pub use credentials::without_credentials;
pub use fingerprint::Fingerprint;
pub use glob::Glob;
pub use lock::Lock;
pub use network::{Network, NotANetwork};
pub use postgres_url::{ChannelBinding, PostgresHost, PostgresTls, PostgresUrl};
pub use rate_settings::RateSettings;
pub use right::{Right, Rights};
pub use shared::{
    AccountSignals, CatalogState, Later, ProbeEnd, Shared, SharedAccount, SharedCatalog, SharedLimit, Taken,
};
pub use verifier::verifier;
pub use words::{Fsync, JournalValues, LogFormat, PublicRoots};

/// The text that replaces a secret in output.
pub const REDACTED: &str = "[redacted]";
