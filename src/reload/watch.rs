//! Triggers a reload when files have changed, or on `SIGHUP`.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::net::shutdown::Shutdown;

use super::Reloader;

/// How often the files are checked. Polling works where notifications do not: in containers, with symbolic links that
/// are swapped, on network file systems.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How long changed files must stay the same before they are read, so that no file is read while it is written.
const SETTLE_TIME: Duration = Duration::from_millis(100);
/// How often that is checked before the files are read anyway.
const MAX_SETTLE_CHECKS: usize = 20;

/// Reloads when a file has changed or on `SIGHUP`, which no longer ends the process from this call on. Ends with the
/// shutdown.
pub fn watch(reloader: Arc<Reloader>, shutdown: Shutdown) -> impl Future<Output = ()> + Send {
    let mut hangups = signal(SignalKind::hangup())
        .inspect_err(|error| tracing::error!(%error, "SIGHUP cannot be handled; reload with POST /admin/reload"))
        .ok();
    async move {
        loop {
            let trigger = tokio::select! {
                () = shutdown.soft().cancelled() => return,
                () = next(hangups.as_mut()) => "signal",
                () = changed(&reloader) => "file",
            };
            let runner = Arc::clone(&reloader);
            if tokio::task::spawn_blocking(move || runner.reload(trigger)).await.is_err() {
                tracing::error!("a reload panicked; the old configuration stays in force");
            }
        }
    }
}

async fn next(hangups: Option<&mut Signal>) {
    let hangup = match hangups {
        Some(hangups) => hangups.recv().await,
        None => None,
    };
    if hangup.is_none() {
        std::future::pending::<()>().await;
    }
}

/// Returns when files have changed since they were read and no longer change.
async fn changed(reloader: &Arc<Reloader>) {
    let check = || {
        let reloader = Arc::clone(reloader);
        async { tokio::task::spawn_blocking(move || reloader.check_files()).await.unwrap_or_default() }
    };
    let mut seen = loop {
        tokio::time::sleep(POLL_INTERVAL).await;
        if let (seen, true) = check().await {
            break seen;
        }
    };
    for _ in 0..MAX_SETTLE_CHECKS {
        tokio::time::sleep(SETTLE_TIME).await;
        let (now, _) = check().await;
        if now == seen {
            break;
        }
        seen = now;
    }
}
