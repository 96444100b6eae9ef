//! Those who wait for a change to end.

use std::collections::HashMap;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::store::{Answer, UpdateId};
use crate::value::Lock;

/// Those who wait, by change. A change that nothing waits for costs nothing.
#[derive(Debug, Default)]
pub(super) struct Endings {
    waited_for: Lock<HashMap<UpdateId, watch::Sender<Option<Answer>>>>,
    drain: CancellationToken,
}

/// One who waits. Dropping it removes it.
pub(super) struct Waiting<'a> {
    endings: &'a Endings,
    id: UpdateId,
    ended: Option<watch::Receiver<Option<Answer>>>,
}

impl Endings {
    /// Registers one who waits: an end from now on is noticed, so register first and look then.
    pub(super) fn waiting(&self, id: UpdateId) -> Waiting<'_> {
        let ended = self.waited_for.lock().entry(id).or_default().subscribe();
        Waiting { endings: self, id, ended: Some(ended) }
    }

    /// Tells those who wait for this change, with what its caller would have got.
    pub(super) fn ended(&self, id: UpdateId, answer: Option<&Answer>) {
        if let Some(waiters) = self.waited_for.lock().get(&id) {
            waiters.send_replace(answer.cloned());
        }
    }

    /// The changes that anything waits for.
    pub(super) fn waited_for(&self) -> Vec<UpdateId> {
        self.waited_for.lock().keys().copied().collect()
    }

    /// Ends all waits, now and later, but those of callers whose changes are under way.
    pub(super) fn drain(&self) {
        self.drain.cancel();
    }
}

impl Waiting<'_> {
    /// Waits until the change has ended since the last call, and returns its answer if it has one; `None` once `until` is
    /// over or the gateway drains.
    pub(super) async fn may_have_ended(&mut self, until: Instant) -> Option<Option<Answer>> {
        let receiver = self.ended.as_mut()?;
        tokio::select! {
            biased;
            () = self.endings.drain.cancelled() => None,
            ended = timeout_at(until, receiver.changed()) => {
                ended.ok()?.ok()?;
                Some(receiver.borrow_and_update().clone())
            }
        }
    }
}

impl Waiting<'_> {
    /// The same, whether the gateway drains or not.
    pub(super) async fn ended(&mut self, until: Instant) -> Option<Option<Answer>> {
        let receiver = self.ended.as_mut()?;
        timeout_at(until, receiver.changed()).await.ok()?.ok()?;
        Some(receiver.borrow_and_update().clone())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut table = self.endings.waited_for.lock();
        drop(self.ended.take()); // under the lock, so that the last one sees that it is the last
        if table.get(&self.id).is_some_and(|waiters| waiters.receiver_count() == 0) {
            table.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use crate::api::records::endings::*;

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_with_the_change_or_its_time_or_a_drain_and_leaves_nothing_behind() {
        let (endings, id) = (Endings::default(), UpdateId::generate());
        let until = Instant::now() + Duration::from_secs(20);
        let (mut one, mut other) = (endings.waiting(id), endings.waiting(id));
        endings.ended(UpdateId::generate(), None);
        assert_eq!(one.may_have_ended(until).now_or_never(), None);
        let answer = Answer { status: 200, headers: Vec::new(), body: None };
        endings.ended(id, Some(&answer));
        assert_eq!(one.may_have_ended(until).await, Some(Some(answer)));
        assert!(other.may_have_ended(until).await.is_some());
        assert_eq!(one.may_have_ended(until).now_or_never(), None, "it ended before");
        assert_eq!(one.may_have_ended(until).await, None);
        assert_eq!(Instant::now(), until);
        endings.drain();
        assert_eq!(other.may_have_ended(until + Duration::from_secs(20)).await, None);
        drop(one);
        assert_eq!(endings.waited_for.lock().len(), 1);
        drop(other);
        assert!(endings.waited_for.lock().is_empty());
    }
}
