//! Value types that every room uses.

mod counter;
mod fingerprint;
mod glob;

pub use counter::Counter;
pub use fingerprint::Fingerprint;
pub use glob::Glob;

/// The text that replaces a secret in output.
pub const REDACTED: &str = "[redacted]";
