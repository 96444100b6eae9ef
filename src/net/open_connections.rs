//! The open connections of a listener, from which the one that has been idle for longest is evicted at the limit.
//!
//! A connection is listed while it is open, so requests cost nothing here. Only an idle connection is asked to close.
//! If it has become busy by the time it looks, it asks the next one instead.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::activity::Activity;

/// All open connections that have not been asked to close.
#[derive(Debug, Default)]
pub(crate) struct OpenConnections {
    next: AtomicU64,
    listed: Mutex<BTreeMap<u64, Arc<Activity>>>,
}

/// One open connection; dropping it removes it from the list.
#[derive(Debug)]
pub(crate) struct OpenConnection {
    all: Arc<OpenConnections>,
    number: u64,
    activity: Arc<Activity>,
}

impl OpenConnections {
    /// Lists a new connection.
    pub(crate) fn open(self: &Arc<Self>) -> OpenConnection {
        let (number, activity) = (self.next.fetch_add(1, Relaxed), Activity::new());
        self.listed().insert(number, Arc::clone(&activity));
        OpenConnection { all: Arc::clone(self), number, activity }
    }

    /// Asks the connection that has been idle for longest to close, if one is idle.
    pub(crate) fn evict_idle(&self) {
        let mut listed = self.listed();
        let idle = listed.iter().filter_map(|(number, activity)| Some((activity.idle_since()?, *number)));
        let longest = idle.min().and_then(|(_, number)| listed.remove(&number));
        if let Some(activity) = longest {
            activity.request_eviction();
        }
    }

    fn listed(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Activity>>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenConnection {
    /// What the connection is doing.
    pub(crate) fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// Returns once the connection was asked to close while it is idle.
    pub(crate) async fn evicted(&self) {
        loop {
            self.activity.eviction_requested().await;
            if self.activity.idle_since().is_some() {
                return;
            }
            self.all.listed().insert(self.number, Arc::clone(&self.activity));
            self.all.evict_idle();
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.all.listed().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::time::Duration;

    use futures_util::FutureExt;
    use tokio::time::sleep;

    use super::*;

    /// Connections of which each has had a request, the first one first.
    async fn used<const COUNT: usize>() -> (Arc<OpenConnections>, [OpenConnection; COUNT]) {
        let all = Arc::<OpenConnections>::default();
        let connections = std::array::from_fn(|_| all.open());
        for connection in &connections {
            sleep(Duration::from_millis(1)).await;
            drop(connection.activity().start_request());
            connection.activity().record_flush();
        }
        (all, connections)
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_longest_idle_connection_is_asked_to_close() {
        let (all, [first, second, third]) = used().await;
        sleep(Duration::from_millis(1)).await;
        drop(first.activity().start_request());
        first.activity().record_flush();
        let (mut first, mut second, mut third) = (pin!(first.evicted()), pin!(second.evicted()), pin!(third.evicted()));
        for asked in [false, true] {
            assert_eq!(second.as_mut().now_or_never().is_some(), asked);
            assert!(first.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
            all.evict_idle();
        }
        assert!(third.now_or_never().is_some(), "asked by the second call");
        assert!(first.now_or_never().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_connection_takes_no_eviction_from_an_idle_one() {
        let (all, [busy, idle]) = used().await;
        let (mut busy_unwanted, mut idle_unwanted) = (pin!(busy.evicted()), pin!(idle.evicted()));
        assert!(busy_unwanted.as_mut().now_or_never().is_none() && idle_unwanted.as_mut().now_or_never().is_none());
        let request = busy.activity().start_request();
        all.evict_idle();
        assert!(busy_unwanted.as_mut().now_or_never().is_none());
        assert!(idle_unwanted.now_or_never().is_some());
        drop(request);
        busy.activity().record_flush();
        assert!(busy_unwanted.now_or_never().is_none(), "it was not asked");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_has_become_busy_passes_its_eviction_on_and_keeps_none() {
        let (all, [busy, idle]) = used().await;
        let mut evicted = pin!(busy.evicted());
        all.evict_idle();
        let request = busy.activity().start_request();
        assert!(evicted.as_mut().now_or_never().is_none());
        assert!(idle.evicted().now_or_never().is_some());
        drop(request);
        busy.activity().record_flush();
        assert!(evicted.as_mut().now_or_never().is_none());
        all.evict_idle();
        assert!(evicted.now_or_never().is_some(), "it is listed again");
    }

    #[tokio::test(start_paused = true)]
    async fn an_eviction_without_an_idle_connection_is_not_stored() {
        let (all, [busy]) = used().await;
        let request = busy.activity().start_request();
        all.evict_idle();
        drop(request);
        assert!(busy.activity().idle_since().is_none(), "its response has not left");
        all.evict_idle();
        busy.activity().record_flush();
        assert!(busy.evicted().now_or_never().is_none());
        drop(busy);
        assert!(all.listed().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_request_has_a_second_to_send_one() {
        let all = Arc::<OpenConnections>::default();
        let silent = all.open();
        let mut evicted = pin!(silent.evicted());
        all.evict_idle();
        assert!(evicted.as_mut().now_or_never().is_none());
        sleep(Duration::from_secs(1)).await;
        silent.activity().set_receiving_head(true);
        all.evict_idle();
        assert!(evicted.as_mut().now_or_never().is_none(), "half a head is no idleness");
        silent.activity().set_receiving_head(false);
        all.evict_idle();
        assert!(evicted.now_or_never().is_some());
    }
}
