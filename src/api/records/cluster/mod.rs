//! What the records do besides where several processes share the store.
//!
//! - `membership` proves by a beat that this process lives, and sees whether the others do.
//! - `adoption` removes others that give no sign of life, and takes over what they leave.
//! - `entrance` admits a change: the store gives it its number, and the line its owner. `asynchronous` is one that waits.
//! - `line` delivers what waits in a line that this process owns, in the order of the store.
//! - `waiting` is a caller's wait for the end of a change that the owner of its line delivers, here or elsewhere.
//!
//! `view` is what operators see.
//!
//! An attempt begins only while the *session* is fresh: the time of the last beat, plus `session_ttl`, less a margin, is not
//! over. The others wait longer than that before they take this process for dead, so two never send for one assistant.

mod adoption;
mod asynchronous;
mod entrance;
mod line;
mod membership;
mod view;
mod waiting;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::store::{Cluster, Incarnation, Member};
use crate::upstream::Fence;
use crate::value::{Counter, Lock};

use adoption::Due;
pub(super) use entrance::Entrance;
pub(super) use membership::Seen;
pub use view::{MemberView, ReplicaView};
pub(super) use waiting::{Wait, lost};

/// How a process shares its store with others.
#[derive(Clone, Debug)]
pub struct ClusterSettings {
    /// After how long without a beat the others take it for dead.
    pub session_ttl: Duration,
    /// Its name for people.
    pub name: String,
    /// Whether synchronous updates without a key go on in this process's own order while the store is away.
    pub local_on_outage: bool,
    /// How many members there are, as far as this one knows, for who else wants to know.
    pub replicas: Arc<AtomicUsize>,
}

/// This process among those that share the store.
pub(super) struct Replica {
    pub(super) store: Arc<dyn Cluster>,
    pub(super) settings: ClusterSettings,
    session: ArcSwap<Session>,
    /// How many members there are, as far as this one knows; at least one.
    pub(super) count: Arc<AtomicUsize>,
    members: Lock<Vec<Member>>,
    /// Open tickets in the store, as of the last beat.
    open: AtomicU64,
    /// Whether this process does what one does for all: callbacks and sweeping.
    is_leader: AtomicBool,
    /// When the store answered last.
    answered_at: Lock<Instant>,
    /// Tells the poller that someone waits.
    waits: Notify,
    /// When the database failed over last.
    failed_over_at: Lock<Option<Instant>>,
    /// What the last beat has shown that is to be done, and that there is something.
    due: Lock<Due>,
    is_due: Notify,
    /// The end of the membership, after the last change.
    over: CancellationToken,
    pub(super) counters: ReplicaCounters,
}

/// What happened between this process and the others.
#[derive(Debug, Default)]
pub(super) struct ReplicaCounters {
    /// Members that were taken for dead and removed.
    pub(super) removed: Counter,
    /// Lines that were adopted.
    pub(super) adopted: Counter,
    /// Sessions that were lost.
    pub(super) lost: Counter,
}

/// A membership of this process, from its start or its last loss.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: Incarnation,
    /// Until when attempts may begin.
    pub(super) fence: Fence,
}

impl Session {
    fn begin() -> Arc<Self> {
        Arc::new(Self { id: Incarnation::generate(), fence: Fence::closed() })
    }
}

impl Replica {
    pub(super) fn new(store: Arc<dyn Cluster>, settings: ClusterSettings) -> Arc<Self> {
        Arc::new(Self {
            store,
            count: Arc::clone(&settings.replicas),
            settings,
            session: ArcSwap::new(Session::begin()),
            members: Lock::default(),
            open: AtomicU64::default(),
            is_leader: AtomicBool::default(),
            answered_at: Lock::new(Instant::now()),
            waits: Notify::new(),
            failed_over_at: Lock::default(),
            due: Lock::default(),
            is_due: Notify::new(),
            over: CancellationToken::new(),
            counters: ReplicaCounters::default(),
        })
    }

    /// The present session.
    pub(super) fn session(&self) -> Arc<Session> {
        self.session.load_full()
    }

    /// Whether this process does what one does for all.
    pub(super) fn is_leader(&self) -> bool {
        self.is_leader.load(Ordering::Acquire) && self.session.load().fence.is_open()
    }

    /// Open tickets of all lines, as of the last beat.
    pub(super) fn open(&self) -> u64 {
        self.open.load(Ordering::Acquire)
    }

    /// All members as of the last beat.
    pub(super) fn members(&self) -> Vec<Member> {
        self.members.lock().clone()
    }

    /// Takes note that the store has answered.
    pub(super) fn answered(&self) {
        *self.answered_at.lock() = Instant::now();
    }

    /// For how long the store has not answered.
    pub(super) fn silence(&self) -> Duration {
        self.answered_at.lock().elapsed()
    }

    /// Ends the membership, when nothing is under way any more.
    pub(super) async fn leave(&self) {
        self.over.cancel();
        let session = self.session();
        session.fence.close();
        if let Err(error) = self.store.leave(session.id).await {
            tracing::warn!(%error, "the end of this process is not in the store; the others notice it after `cluster.session_ttl`");
        }
    }
}
