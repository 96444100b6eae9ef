//! The open connections of a listener, to find the one that makes room for another.
//!
//! A connection is listed from its beginning to its end, so that requests pay nothing for it. Only one that is idle is
//! asked to close, and the request goes to that connection alone. If it has become busy meanwhile, another is asked.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::activity::Activity;

/// All that are open and have not been asked to close.
#[derive(Debug, Default)]
pub(crate) struct OpenConnections {
    next: AtomicU64,
    listed: Mutex<BTreeMap<u64, Arc<Activity>>>,
}

/// One of them, until it is dropped.
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
    pub(crate) fn make_room(&self) {
        let mut listed = self.listed();
        let idle = listed.iter().filter_map(|(number, activity)| Some((activity.spare_since()?, *number)));
        let longest = idle.min().and_then(|(_, number)| listed.remove(&number));
        if let Some(activity) = longest {
            activity.ask_to_close();
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

    /// Returns once the connection was asked to close and is idle.
    pub(crate) async fn unwanted(&self) {
        loop {
            self.activity.asked_to_close().await;
            if self.activity.spare_since().is_some() {
                return;
            }
            self.all.listed().insert(self.number, Arc::clone(&self.activity));
            self.all.make_room();
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
            drop(connection.activity().begin());
            connection.activity().note_flushed();
        }
        (all, connections)
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_idle_is_asked_and_nothing_else() {
        let (all, [first, second, third]) = used().await;
        sleep(Duration::from_millis(1)).await;
        drop(first.activity().begin());
        first.activity().note_flushed();
        let (mut first, mut second, mut third) =
            (pin!(first.unwanted()), pin!(second.unwanted()), pin!(third.unwanted()));
        for asked in [false, true] {
            assert_eq!(second.as_mut().now_or_never().is_some(), asked);
            assert!(first.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
            all.make_room();
        }
        assert!(third.now_or_never().is_some(), "asked by the second call");
        assert!(first.now_or_never().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_connection_takes_no_wake_up_from_an_idle_one() {
        let (all, [busy, idle]) = used().await;
        let (mut busy_unwanted, mut idle_unwanted) = (pin!(busy.unwanted()), pin!(idle.unwanted()));
        assert!(busy_unwanted.as_mut().now_or_never().is_none() && idle_unwanted.as_mut().now_or_never().is_none());
        let request = busy.activity().begin();
        all.make_room();
        assert!(busy_unwanted.as_mut().now_or_never().is_none());
        assert!(idle_unwanted.now_or_never().is_some());
        drop(request);
        busy.activity().note_flushed();
        assert!(busy_unwanted.now_or_never().is_none(), "the crowd is gone");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_has_become_busy_hands_its_wake_up_on_and_keeps_none() {
        let (all, [busy, idle]) = used().await;
        let mut unwanted = pin!(busy.unwanted());
        all.make_room();
        let request = busy.activity().begin();
        assert!(unwanted.as_mut().now_or_never().is_none());
        assert!(idle.unwanted().now_or_never().is_some());
        drop(request);
        busy.activity().note_flushed();
        assert!(unwanted.as_mut().now_or_never().is_none());
        all.make_room();
        assert!(unwanted.now_or_never().is_some(), "it is listed again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wake_up_without_an_idle_connection_is_not_stored() {
        let (all, [busy]) = used().await;
        let request = busy.activity().begin();
        all.make_room();
        drop(request);
        assert!(busy.activity().spare_since().is_none(), "its answer has not left");
        all.make_room();
        busy.activity().note_flushed();
        assert!(busy.unwanted().now_or_never().is_none());
        drop(busy);
        assert!(all.listed().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_request_has_a_moment_to_send_one() {
        let all = Arc::<OpenConnections>::default();
        let silent = all.open();
        let mut unwanted = pin!(silent.unwanted());
        all.make_room();
        assert!(unwanted.as_mut().now_or_never().is_none());
        sleep(Duration::from_secs(1)).await;
        silent.activity().set_receiving_head(true);
        all.make_room();
        assert!(unwanted.as_mut().now_or_never().is_none(), "half a head is no silence");
        silent.activity().set_receiving_head(false);
        all.make_room();
        assert!(unwanted.now_or_never().is_some());
    }
}
