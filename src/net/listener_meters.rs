//! What a listener counts of its connections.

use std::sync::Arc;

use crate::value::Counter;

use super::rejection::Reason;

/// The counts of one listener.
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
    /// How often the limit was reached.
    pub limit_reached: Counter,
    refused: [Counter; Reason::ALL.len()],
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

    /// Counts a request that was refused before it was read.
    pub fn refuse(&self, reason: Reason) {
        self.refused[reason as usize].add();
    }

    /// The requests refused so far.
    pub fn refused(&self) -> [(&'static str, u64); Reason::ALL.len()] {
        Reason::ALL.map(|reason| (reason.as_str(), self.refused[reason as usize].get()))
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
