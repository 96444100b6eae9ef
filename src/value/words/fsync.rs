//! When the audit log is flushed to disk.

use serde::Serialize;
use strum::{EnumString, VariantNames};

/// When written lines are flushed to disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, EnumString, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Fsync {
    /// When the system decides: a crash of the machine may take the last half minute.
    Never,
    /// Within about a second.
    #[default]
    Interval,
    /// With every write, which serves all lines that came meanwhile.
    Always,
}
