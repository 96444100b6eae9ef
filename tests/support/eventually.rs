//! Waiting for what gives no signal: another process, a file, a counter.
//!
//! This is the only place where a test sleeps on the real clock until something has happened. Where a channel, a connection
//! or a paused clock can tell, a test waits for that instead.

use std::panic::Location;
use std::time::{Duration, Instant};

/// For what takes milliseconds, on a machine that is busy with other things.
pub const PATIENCE: Duration = Duration::from_secs(30);

const STEP: Duration = Duration::from_millis(5);

/// Looks again and again until something is found, and gives it; panics if nothing is by the deadline.
///
/// The deadline is on the real clock, also where tokio's is paused.
#[track_caller]
pub fn eventually<T>(deadline: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> impl Future<Output = T> {
    let (caller, end) = (Location::caller(), Instant::now() + deadline);
    async move {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(Instant::now() < end, "{caller}: nothing within {deadline:?}");
            tokio::time::sleep(STEP).await;
        }
    }
}
