//! What the journal keeps of the values of changes.

use serde::Serialize;
use strum::{EnumString, VariantNames};

/// What the journal keeps of the values of changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, EnumString, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum JournalValues {
    /// All but secrets.
    #[default]
    Redacted,
    /// None: only the names of fields.
    None,
    /// All, secrets among them.
    Full,
}
