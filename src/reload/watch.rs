//! Notices that a new configuration is there: files that changed, or `SIGHUP`.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::net::shutdown::Shutdown;

use super::Reloader;

/// How often the files are looked at. Looking works where notifications do not: in containers, over symbolic links
/// that are swapped, on network file systems.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Files that changed have to stay as they are for this long, so that a file which is being written is not read half.
const SETTLES_IN: Duration = Duration::from_millis(100);
/// How often is looked whether files have settled before they are read as they are.
const SETTLING_LOOKS: usize = 20;

/// Reloads when a file changed or on `SIGHUP`, which this process survives from this call on; ends with the shutdown.
pub fn watch(reloader: Arc<Reloader>, shutdown: Shutdown) -> impl Future<Output = ()> + Send {
    let mut hangups = signal(SignalKind::hangup())
        .inspect_err(|error| tracing::error!(%error, "SIGHUP cannot be taken over; reload with POST /admin/reload"))
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

/// Returns when files have changed since they were read, and have settled.
async fn changed(reloader: &Arc<Reloader>) {
    let look = || {
        let reloader = Arc::clone(reloader);
        async { tokio::task::spawn_blocking(move || reloader.look()).await.unwrap_or_default() }
    };
    let mut seen = loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let (seen, true) = look().await {
            break seen;
        }
    };
    for _ in 0..SETTLING_LOOKS {
        tokio::time::sleep(SETTLES_IN).await;
        let (now, _) = look().await;
        if now == seen {
            break;
        }
        seen = now;
    }
}
