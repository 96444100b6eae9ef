//! Why a store cannot do what it is asked.

/// A statement that was not carried out, or may not have been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Nothing was stored.
    #[error("{0}")]
    Failed(String),
    /// It may have been stored.
    #[error("{0}")]
    Unknown(String),
    /// What is stored cannot be read: it is damaged, or sealed with a key that is not there.
    #[error("{0}")]
    Unreadable(String),
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}
