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

impl Sent {
    /// Whether a member that is a secret of a third party can stand anywhere in the request: only values with members
    /// of their own have such, and what is merged from `vendor_options`.
    pub fn may_hold_secrets(&self) -> bool {
        self.fields.intersects(FieldSet::STRUCTURED)
    }
}
