//! Value types that have the same meaning in every room.

mod counter;
mod fingerprint;
mod glob;

pub use counter::Counter;
pub use fingerprint::Fingerprint;
pub use glob::Glob;

/// What stands in for a secret wherever one would be shown.
pub const REDACTED: &str = "[redacted]";
