//! How many requests the account gets at the same time.
//!
//! Below order and rate, so that a slot is held only by those who are about to send; above the breaker and the
//! retries, so that a request keeps its slot until it is done. Who gets a slot after the vendor's 429 gives it back
//! for as long as the pause lasts, lest every freed slot send another request into it. A slow vendor fills its own
//! slots and its own waiting room, nobody else's.

use std::sync::Arc;

use tokio::{
    sync::{Semaphore, SemaphorePermit, TryAcquireError},
    time::{Instant, sleep},
};

use super::deadline;
use super::queue_limit::{QueueLimit, QueuePermit, overloaded};
use super::retry_after_gate::Pause;
use crate::upstream::{Call, Failure, VendorRequest, VendorResponse};

/// A fixed number of slots, handed on in arrival order.
#[derive(Debug)]
pub(crate) struct Slots {
    all: usize,
    free: Semaphore,
}

impl Slots {
    pub(crate) fn new(all: usize) -> Self {
        let all = all.clamp(1, Semaphore::MAX_PERMITS);
        Self { all, free: Semaphore::new(all) }
    }

    pub(crate) fn taken(&self) -> usize {
        self.all - self.free.available_permits()
    }
}

/// Lets at most so many requests through at the same time.
#[derive(Debug)]
pub(crate) struct InFlight<S> {
    inner: S,
    slots: Arc<Slots>,
    pause: Arc<Pause>,
    room: Arc<QueueLimit>,
}

impl<S> InFlight<S> {
    pub(crate) fn new(inner: S, slots: Arc<Slots>, pause: Arc<Pause>, room: Arc<QueueLimit>) -> Self {
        Self { inner, slots, pause, room }
    }

    /// A slot that may be used now.
    async fn slot(&self, deadline: Instant) -> Result<SemaphorePermit<'_>, Failure> {
        let mut seat = None;
        loop {
            let slot = match self.slots.free.try_acquire() {
                Ok(slot) => slot,
                Err(TryAcquireError::Closed) => return Err(closed()),
                Err(TryAcquireError::NoPermits) => {
                    self.sit(&mut seat)?;
                    let next = self.slots.free.acquire();
                    deadline::within(deadline, "waiting for a slot", next).await?.map_err(|_| closed())?
                }
            };
            let Some(wait) = self.pause.wait(deadline)? else { return Ok(slot) };
            drop(slot);
            self.sit(&mut seat)?;
            sleep(wait).await;
        }
    }

    /// A seat for as long as this request waits, for whichever reason.
    fn sit(&self, seat: &mut Option<QueuePermit>) -> Result<(), Failure> {
        if seat.is_none() {
            *seat = Some(self.room.sit()?);
        }
        Ok(())
    }
}

impl<S: Call> Call for InFlight<S> {
    async fn call(&self, outgoing: &VendorRequest) -> Result<VendorResponse, Failure> {
        let _slot = self.slot(outgoing.deadline).await?;
        self.inner.call(outgoing).await
    }
}

/// Slots are never closed; if they were, nobody could be served.
fn closed() -> Failure {
    overloaded("the account takes no more requests")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_util::task::TaskTracker;

    use crate::upstream::FailureKind;
    use crate::upstream::layers::in_flight::*;
    use crate::upstream::mock_call::{MockCall, ok, put};

    fn bounded(slots: usize, seats: usize) -> Arc<InFlight<MockCall>> {
        let double = MockCall::new(|_, _| async {
            sleep(Duration::from_secs(1)).await;
            ok()
        });
        Arc::new(InFlight::new(
            double,
            Arc::new(Slots::new(slots)),
            Arc::new(Pause::new()),
            Arc::new(QueueLimit::new(seats)),
        ))
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_wait_and_those_after_them_are_shed_at_once() {
        let layer = bounded(2, 3);
        let tracker = TaskTracker::new();
        let tasks: Vec<_> = (0..5)
            .map(|_| {
                let layer = Arc::clone(&layer);
                tracker.spawn(async move { layer.call(&put("1")).await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert_eq!((layer.slots.taken(), layer.room.taken()), (2, 3));
        let began = Instant::now();
        let shed = layer.call(&put("1")).await.unwrap_err();
        assert!(matches!(shed.kind, FailureKind::Overloaded { .. }), "{shed}");
        assert_eq!(began.elapsed(), Duration::ZERO);
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(began.elapsed(), Duration::from_secs(3));
        assert_eq!((layer.slots.taken(), layer.room.taken()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_with_the_deadline_or_the_caller_and_leaves_nothing() {
        let layer = bounded(1, 3);
        let holder = {
            let layer = Arc::clone(&layer);
            TaskTracker::new().spawn(async move { layer.call(&put("1")).await })
        };
        tokio::task::yield_now().await;
        let mut impatient = put("1");
        impatient.deadline = Instant::now() + Duration::from_millis(10);
        let missed = layer.call(&impatient).await.unwrap_err();
        assert_eq!(missed.kind, FailureKind::DeadlineBeforeSend);
        let hung_up = tokio::time::timeout(Duration::from_millis(10), layer.call(&put("1"))).await;
        assert!(hung_up.is_err());
        assert_eq!(layer.room.taken(), 0);
        holder.abort();
        let _ = holder.await;
        assert_eq!(layer.slots.taken(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_began_while_waiting_is_kept_without_a_slot() {
        let layer = bounded(1, 3);
        layer.pause.extend(Duration::from_secs(10));
        let began = Instant::now();
        let request = put("1");
        let waits = layer.call(&request);
        let free = async {
            sleep(Duration::from_secs(5)).await;
            (layer.slots.taken(), layer.room.taken())
        };
        let (answer, meanwhile) = tokio::join!(waits, free);
        answer.unwrap();
        assert_eq!(meanwhile, (0, 1));
        assert!((11..=12).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
        layer.pause.extend(Duration::from_secs(60));
        let failure = layer.call(&put("1")).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Paused { retry_after: Duration::from_secs(60) });
        assert_eq!((layer.slots.taken(), layer.room.taken(), layer.inner.calls()), (0, 0, 1));
    }
}
