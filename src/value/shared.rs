//! What several replicas share, as it looks to those who use it. Without a store that replicas share, there is none of this.

use std::fmt::Debug;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::Instant;

/// What is there later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A token was taken, and so many are left as far as this replica knows; or none is there yet, and the next one comes after
/// that time.
pub type Taken = Result<u32, Duration>;

/// What replicas share.
pub trait Shared: Debug + Send + Sync {
    /// A limit of `burst` at once, refilled by one every `interval`, that all replicas keep together.
    fn limit(&self, key: &str, interval: Duration, burst: NonZeroU32) -> Arc<dyn SharedLimit>;

    /// A vendor account. A probe of its breaker takes at most `probe_for`.
    fn account(&self, name: &Arc<str>, probe_for: Duration) -> Arc<dyn SharedAccount>;

    /// A catalog of a vendor account, and what tells its contents from those of another account of that name.
    fn catalog(&self, account: &str, kind: &str, identity: [u8; 32]) -> Arc<dyn SharedCatalog>;

    /// Whether the store answers. While it does not, this replica keeps its equal share of every limit.
    fn is_shared(&self) -> bool;

    /// Ends the connection to the store.
    fn close(&self) -> Later<'_, ()>;
}

/// A limit that replicas keep together.
pub trait SharedLimit: Debug + Send + Sync {
    /// Takes a token, if that is possible without asking the store; `None` if it has to be asked.
    fn take_now(&self) -> Option<Taken>;

    /// Takes a token. Without `until` it waits for the store only, no longer than for its timeout; with it, also for the token,
    /// in the order of arrival, unless that would take until then.
    fn take(&self, until: Option<Instant>) -> Later<'_, Taken>;
}

/// What replicas tell each other of a vendor account.
pub trait SharedAccount: Debug + Send + Sync {
    /// Who hears of what the others tell.
    fn listen(&self, signals: Weak<dyn AccountSignals>);

    /// Reads what the others have told, if that was not done within the last second. `None` if there is nothing to wait for.
    fn refresh(&self) -> Option<Later<'_, ()>>;

    /// Tells that the vendor has asked for a pause.
    fn paused(&self, time: Duration, is_unavailable: bool);

    /// Tells that the breaker has opened for that long.
    fn opened(&self, open_for: Duration);

    /// Whether this replica may send the probe that is due.
    fn win_probe(&self) -> Later<'_, bool>;

    /// Tells how that probe has ended.
    fn probed(&self, end: ProbeEnd);
}

/// How a probe ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeEnd {
    /// The vendor works: the breaker closes.
    Succeeded,
    /// The breaker is open for that long again.
    Failed {
        /// Until the next probe.
        open_for: Duration,
    },
    /// It says nothing; the next request is the probe.
    Undecided,
}

/// What hears of other replicas. None of this is reported again.
pub trait AccountSignals: Send + Sync {
    /// The vendor wants no requests for that long.
    fn pause(&self, left: Duration, is_unavailable: bool);

    /// The breaker is open for that long, then a probe is due.
    fn open(&self, left: Duration);

    /// The breaker is closed.
    fn close(&self);
}

/// A catalog that one replica reads from the vendor for all.
pub trait SharedCatalog: Debug + Send + Sync {
    /// The contents, if they are younger than `ttl`; else whether the caller is to read it from the vendor. A store that does not
    /// answer says so too.
    fn get(&self, ttl: Duration) -> Later<'_, CatalogState>;

    /// Keeps what was read; nothing if it could not be read.
    fn put(&self, contents: Option<Vec<u8>>) -> Later<'_, ()>;
}

/// Where a shared catalog is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CatalogState {
    /// Here, and that old.
    Found(Vec<u8>, Duration),
    /// At the vendor; the caller reads it.
    Mine,
    /// On its way: another replica reads it.
    Awaited,
}
