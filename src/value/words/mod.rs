//! Words of the configuration.

mod fsync;
mod journal_values;
mod log_format;
mod public_roots;

pub use fsync::Fsync;
pub use journal_values::JournalValues;
pub use log_format::LogFormat;
pub use public_roots::PublicRoots;
