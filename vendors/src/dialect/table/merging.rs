//! What a vendor does with the members of an update, as far as that decides whether several updates can become one.

use crate::canonical::Field;

/// How several updates of one assistant become one request. A vendor that needs several requests for one update, or reads
/// the assistant first, has none.
#[derive(Debug, Clone, Copy)]
pub struct Merging {
    /// The fields with arrays or objects that the documentation says are replaced whole. Any other array or object may be
    /// combined with the stored one, so that sending two is not the same as sending the later.
    pub replaced: &'static [Field],
    /// The fields whose change sets other fields to their defaults, so that what an earlier update has set does not stay.
    pub resetting: &'static [Field],
}
