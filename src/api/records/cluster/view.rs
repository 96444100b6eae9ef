//! What operators see of the processes that share the store.

use std::time::Duration;

use serde::Serialize;

use crate::api::records::{Depth, Records};

use super::Replica;

/// This process among those that share the store.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplicaView {
    /// Its id, another one after each start and after each loss of its session.
    pub id: String,
    /// Whether its session is fresh, so that it may send changes.
    pub fresh: bool,
    /// For how many seconds it may still begin attempts without another beat.
    pub fresh_seconds: f64,
    /// For how many seconds the store has not answered.
    pub silent_seconds: f64,
    /// Whether it does what one does for all: callbacks and sweeping.
    pub leads: bool,
    /// Processes without a sign of life that it has removed.
    pub removed: u64,
    /// Assistants whose changes it has taken over.
    pub adopted: u64,
    /// Sessions that it has lost.
    pub sessions_lost: u64,
    /// All of them, as of the last beat.
    pub replicas: Vec<MemberView>,
}

/// One process that shares the store.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemberView {
    /// Its id.
    pub id: String,
    /// Whether it is this one.
    #[serde(rename = "self")]
    pub is_self: bool,
    /// Its name: `cluster.name`, or that of its machine and its process.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Of how many assistants it delivers the changes now.
    pub assistants: u64,
    /// Since when it shares the store.
    pub joined_at: String,
    /// How many seconds ago its last beat was, by the store's clock.
    pub silent_seconds: f64,
}

impl Records {
    /// This process among those that share the store; `None` if it has its store for itself.
    pub fn replica_view(&self) -> Option<ReplicaView> {
        self.replica.as_ref().map(|replica| replica.view())
    }

    /// How many changes wait, in all processes that share the store.
    pub fn waiting(&self) -> u64 {
        match &self.replica {
            Some(replica) => replica.open(),
            None => self.depths().values().map(Depth::total).sum::<usize>() as u64,
        }
    }
}

impl Replica {
    fn view(&self) -> ReplicaView {
        let session = self.session();
        let seconds = |time: Duration| (time.as_secs_f64() * 1000.0).round() / 1000.0;
        let replicas = self.members().into_iter().map(|member| MemberView {
            id: member.id.to_string(),
            is_self: member.id == session.id,
            name: member.name,
            version: member.version,
            assistants: member.lines,
            joined_at: member.joined_at.to_string(),
            silent_seconds: seconds(member.silent),
        });
        ReplicaView {
            id: session.id.to_string(),
            fresh: session.fence.is_open(),
            fresh_seconds: seconds(session.fence.left()),
            silent_seconds: seconds(self.silence()),
            leads: self.is_leader(),
            removed: self.counters.removed.get(),
            adopted: self.counters.adopted.get(),
            sessions_lost: self.counters.lost.get(),
            replicas: replicas.collect(),
        }
    }
}
