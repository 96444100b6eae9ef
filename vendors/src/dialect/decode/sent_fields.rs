//! Which fields a request contained, kept to map the vendor's error keys back to them.

use crate::canonical::FieldSet;

/// Which canonical fields and which vendor options a request contained.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentFields {
    /// The applied fields.
    pub fields: FieldSet,
    /// The keys merged from `vendor_options`.
    pub options: Vec<String>,
}

impl SentFields {
    /// Whether the request can contain a third party's secret: only structured values and `vendor_options` can.
    pub fn may_hold_secrets(&self) -> bool {
        self.fields.intersects(FieldSet::STRUCTURED)
    }
}
