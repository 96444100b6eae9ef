//! Removes from the store what is kept no longer: old rows of the journal, and idempotency keys whose time is over.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::store::Timestamp;

use super::Records;

/// The longest and the shortest pause between two sweeps.
const LONGEST: Duration = Duration::from_secs(60);
const SHORTEST: Duration = Duration::from_secs(1);

impl Records {
    /// Starts the task that sweeps until the gateway drains.
    pub(super) fn keep_tidy(self: &Arc<Self>) {
        let records = Arc::clone(self);
        self.tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = sleep(records.sweeping_pause()) => {}
                    () = records.stop.cancelled() => return,
                }
                if records.replica.as_ref().is_none_or(|replica| replica.is_leader()) {
                    records.sweep().await;
                }
            }
        });
    }

    async fn sweep(&self) {
        while !self.stop.is_cancelled() {
            let now = Timestamp::now();
            let oldest = now.before(self.gateway.load().journal.retention);
            match self.store.sweep(now, oldest).await {
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, "old records cannot be removed");
                    return;
                }
            }
        }
    }

    /// A part of the shortest time for which anything is kept.
    fn sweeping_pause(&self) -> Duration {
        let gateway = self.gateway.load();
        let kept = gateway.journal.retention.min(gateway.idempotency_retention);
        (kept / 2).clamp(SHORTEST, LONGEST)
    }
}
