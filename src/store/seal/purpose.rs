//! What a sealed blob is for.

use crate::store::record::UpdateId;

/// The column that it stands in. The bytes are part of what is stored and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::store) enum Purpose {
    /// The check value of a key.
    Check = 0,
    /// What the delivery of a change needs.
    Body = 1,
    /// The answer of a record.
    Answer = 2,
    /// The problem of its last attempt.
    Problem = 3,
    /// What an idempotency key answers.
    KeyAnswer = 4,
    /// What a caller gets who waits at another member.
    Reply = 5,
    /// A catalog that replicas share; the id stands for its account and kind.
    Catalog = 16,
}

impl Purpose {
    /// What a blob is bound to.
    pub(super) fn data(self, id: UpdateId) -> [u8; 17] {
        let mut data = [self as u8; 17];
        data[..16].copy_from_slice(id.0.as_bytes());
        data
    }
}
