//! What a request held, remembered for bringing its errors home.

use crate::canonical::FieldSet;

/// Which canonical fields and which vendor options went into a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// The fields applied.
    pub fields: FieldSet,
    /// The keys merged from `vendor_options`.
    pub options: Vec<String>,
}
