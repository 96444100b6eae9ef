//! `SIGTERM` and `SIGINT`: the first starts the graceful shutdown, the second ends the process immediately.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::shutdown::{DrainOutcome, Shutdown};

/// The signals that end the process.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Installs handlers for both signals; fails if the system refuses.
    pub fn install() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }
}

impl Stream for Signals {
    type Item = &'static str;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<&'static str>> {
        if self.terminate.poll_recv(cx).is_ready() {
            Poll::Ready(Some("SIGTERM"))
        } else if self.interrupt.poll_recv(cx).is_ready() {
            Poll::Ready(Some("SIGINT"))
        } else {
            Poll::Pending
        }
    }
}

/// Timeouts of the graceful shutdown.
#[derive(Clone, Copy, Debug)]
pub struct DrainSettings {
    /// How long listeners stay open after readiness became false.
    pub drain_delay: Duration,
    /// How long requests in flight have after that.
    pub drain_timeout: Duration,
}

/// Waits for the first signal, keeps listening for the delay, then drains, with `last` as the last step. A second signal
/// drops what is left. `settings` is called at the first signal, because a reload may have changed them.
pub async fn shutdown_on(
    signals: impl Stream<Item = &'static str>,
    shutdown: &Shutdown,
    last: impl Future<Output = ()>,
    settings: impl FnOnce() -> DrainSettings,
) -> DrainOutcome {
    let mut signals = pin!(signals.fuse());
    let first = signals.next().await.unwrap_or("end of signals");
    let DrainSettings { drain_delay, drain_timeout } = settings();
    tracing::info!(signal = first, ?drain_delay, ?drain_timeout, "shutting down");
    shutdown.announce();
    let delay = tokio::time::timeout(drain_delay, signals.next()).await;
    let second = async {
        let name = match delay {
            Ok(name) => name,
            Err(_) => signals.next().await,
        };
        match name {
            Some(name) => tracing::warn!(signal = name, "second signal, ending at once"),
            None => std::future::pending().await,
        }
    };
    let ended = shutdown.drain(last, drain_timeout, second).await;
    tracing::info!(?ended, "shut down");
    ended
}

#[cfg(test)]
mod tests {
    use crate::net::signals::*;
    use futures_util::stream;
    use tokio::time::Instant;

    const DELAY: Duration = Duration::from_secs(5);
    const TIMEOUT: Duration = Duration::from_secs(30);

    async fn ended(signals: impl Stream<Item = &'static str>, shutdown: &Shutdown) -> DrainOutcome {
        let settings = || DrainSettings { drain_delay: DELAY, drain_timeout: TIMEOUT };
        shutdown_on(signals, shutdown, std::future::ready(()), settings).await
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_signal_waits_for_the_delay_and_then_drains() {
        let shutdown = Shutdown::new();
        let started = Instant::now();
        let soft = shutdown.soft().clone();
        let seen = shutdown.clone();
        shutdown.spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(seen.is_announced() && !seen.soft().is_cancelled());
            soft.cancelled().await;
            assert_eq!(started.elapsed(), DELAY);
        });
        let signals = stream::iter(["SIGTERM"]).chain(stream::pending());
        assert_eq!(ended(signals, &shutdown).await, DrainOutcome::Drained);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_signal_ends_at_once() {
        let shutdown = Shutdown::new();
        shutdown.spawn(std::future::pending());
        let started = Instant::now();
        let signals = stream::iter(["SIGTERM", "SIGINT"]).chain(stream::pending());
        assert_eq!(ended(signals, &shutdown).await, DrainOutcome::Forced);
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_second_signal_the_timeout_ends_it() {
        let shutdown = Shutdown::new();
        shutdown.spawn(std::future::pending());
        let started = Instant::now();
        let signals = stream::iter(["SIGINT"]).chain(stream::pending());
        assert_eq!(ended(signals, &shutdown).await, DrainOutcome::Forced);
        assert_eq!(started.elapsed(), DELAY + TIMEOUT);
    }
}
