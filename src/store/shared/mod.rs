//! What replicas share besides changes: limits, pauses, openings of breakers, and catalogs.
//!
//! None of it is durable, and none of it is part of a transaction that is: a row that every request changes must not be locked
//! while a commit waits for a disk or a standby. All times are durations by the clock of the store.

mod postgres;
mod statements;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::Pending;

#[cfg(test)]
use postgres::Connect;
pub use postgres::SharedPostgres;

/// What replicas share. Every statement fails after [`timeout`](Self::timeout) at the latest, and after a failure until
/// [`connect`](Self::connect) has succeeded.
pub trait SharedState: Debug + Send + Sync {
    /// Connects, and removes what was not used for a day.
    fn connect(&self) -> Pending<'_, ()>;

    /// Returns when the connection has ended, at once if there is none.
    fn lost(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// Takes tokens of limits. One grant for each request, in their order.
    fn take(&self, requests: Vec<TokenRequest>) -> Pending<'_, Vec<Grant>>;

    /// The accounts that are paused or whose breakers are open.
    fn look(&self) -> Pending<'_, Vec<AccountState>>;

    /// Pauses an account for that long; never shortens a pause.
    fn pause(&self, account: Arc<str>, time: Duration, is_unavailable: bool) -> Pending<'_, ()>;

    /// Opens the breaker of an account for that long. A probe that is out decides nothing any more.
    fn open(&self, account: Arc<str>, time: Duration) -> Pending<'_, ()>;

    /// Asks for the probe of an account, which is another's after that time.
    fn probe(&self, account: Arc<str>, time: Duration) -> Pending<'_, Probe>;

    /// Ends the probe of that opening: the breaker is open for that long again, or closed. Nothing if the opening is another one.
    fn end_probe(&self, account: Arc<str>, opening: u64, open_for: Option<Duration>) -> Pending<'_, ()>;

    /// A catalog and its age, if there is one.
    fn catalog(&self, key: CatalogKey) -> Pending<'_, Option<(Vec<u8>, Duration)>>;

    /// Whether the caller is the one to read a catalog from the vendor, within that time.
    fn begin_refresh(&self, key: CatalogKey, within: Duration) -> Pending<'_, bool>;

    /// Keeps what was read, sealed; without contents another one may read it.
    fn end_refresh(&self, key: CatalogKey, contents: Option<Vec<u8>>) -> Pending<'_, ()>;

    /// How long a statement is waited for.
    fn timeout(&self) -> Duration;
}

/// What is asked of a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequest {
    /// Which limit.
    pub key: Arc<str>,
    /// The time between two tokens.
    pub interval: Duration,
    /// How many there are at once.
    pub burst: u32,
    /// How many are asked for.
    pub tokens: u32,
    /// How many of a grant this replica may hold at most, the one for the request that it is for included.
    pub block: u32,
    /// How many replicas may hold so many.
    pub replicas: u32,
    /// Whether the bucket is empty, because tokens were given while the store did not answer.
    pub is_emptied: bool,
}

/// What a limit gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// So many tokens, at most those that were asked for.
    pub tokens: u32,
    /// So many are left.
    pub left: u32,
    /// The time to the next one, if fewer were given than were asked for.
    pub wait: Duration,
}

/// What replicas have told of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountState {
    /// Which.
    pub account: String,
    /// What is left of a pause.
    pub paused: Duration,
    /// Whether the pause is because of a 503.
    pub is_unavailable: bool,
    /// If its breaker is open: what is left until the next probe.
    pub open: Option<Duration>,
}

/// Who sends a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Who asked, for this opening.
    Won(u64),
    /// Another one does, or none is due yet.
    Taken,
    /// The breaker is not open.
    NotOpen,
}

/// A catalog of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogKey {
    /// The account.
    pub account: Arc<str>,
    /// Which of its catalogs.
    pub kind: Arc<str>,
}
