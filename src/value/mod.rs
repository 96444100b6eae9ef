//! Value types that every room uses.

mod counter;
mod credentials;
mod fingerprint;
mod fsync;
mod glob;
mod log_format;
mod network;

pub use counter::Counter;
pub use credentials::without_credentials;
pub use fingerprint::Fingerprint;
pub use fsync::Fsync;
pub use glob::Glob;
pub use log_format::LogFormat;
pub use network::{Network, NotANetwork};

/// The text that replaces a secret in output.
pub const REDACTED: &str = "[redacted]";
