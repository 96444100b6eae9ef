//! Whether an answer of success confirms its request.

use super::VendorResponse;

/// Reads what the status alone does not say.
pub trait Judge: Sync {
    /// Whether a success says in its body, too, that the request was carried out.
    fn confirms(&self, answer: &VendorResponse) -> bool;
}
