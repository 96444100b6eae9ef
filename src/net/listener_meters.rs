//! Counters of one listener's connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use strum::{EnumCount, VariantArray};

use crate::value::Counter;

use super::rejection::RejectionReason;

/// Counters of one listener.
#[derive(Debug, Default)]
pub struct ListenerMeters {
    /// Connections accepted.
    pub accepted: Counter,
    /// Accepted ones that have ended.
    pub ended: Counter,
    /// Connections that could not be accepted.
    pub accept_failed: Counter,
    /// TLS handshakes that failed.
    pub handshake_failed: Counter,
    /// TLS handshakes that took too long.
    pub handshake_late: Counter,
    /// The most connections at once.
    limit: AtomicUsize,
    /// How often the limit was reached.
    pub limit_reached: Counter,
    rejected: [Counter; RejectionReason::COUNT],
}

/// An accepted connection, counted as ended when dropped.
#[derive(Debug)]
pub struct Accepted(Arc<ListenerMeters>);

impl ListenerMeters {
    /// Counts an accepted connection.
    pub fn accept(self: &Arc<Self>) -> Accepted {
        self.accepted.add();
        Accepted(Arc::clone(self))
    }

    /// Counts a request that was rejected before it was read.
    pub fn reject(&self, reason: RejectionReason) {
        self.rejected[reason as usize].add();
    }

    /// How many requests were rejected, by the name of the reason.
    pub fn rejected(&self) -> impl Iterator<Item = (&'static str, u64)> {
        RejectionReason::VARIANTS.iter().map(|reason| (reason.into(), self.rejected[*reason as usize].get()))
    }

    /// Sets the most connections at once.
    pub(super) fn set_limit(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// The most connections at once.
    pub fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// Connections at this moment.
    pub fn open(&self) -> u64 {
        let ended = self.ended.get(); // first, so that no more have ended than were accepted
        self.accepted.get().saturating_sub(ended)
    }
}

impl Drop for Accepted {
    fn drop(&mut self) {
        self.0.ended.add();
    }
}
