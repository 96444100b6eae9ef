//! Limits the number of requests that the account sends at the same time.
//!
//! A request that gets its permit during a pause after a 429 gives it back until the pause is over; otherwise each freed
//! permit would send another request during the pause.

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};
use tokio::time::{Instant, sleep};

use super::deadline;
use super::queue_limit::{QueueLimit, QueuePermit, overloaded};
use super::retry_after_gate::Pause;
use crate::upstream::{Call, Failure, VendorRequest, VendorResponse};

/// A fixed number of permits, granted in the order of arrival.
#[derive(Debug)]
pub(crate) struct InFlightLimit {
    max: usize,
    permits: Semaphore,
}

impl InFlightLimit {
    pub(crate) fn new(max: usize) -> Self {
        let max = max.clamp(1, Semaphore::MAX_PERMITS);
        Self { max, permits: Semaphore::new(max) }
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.max - self.permits.available_permits()
    }
}

/// Holds a permit for each request until it is done, retries included.
#[derive(Debug)]
pub(crate) struct InFlight<S> {
    inner: S,
    limit: Arc<InFlightLimit>,
    pause: Arc<Pause>,
    queue_limit: Arc<QueueLimit>,
}

impl<S> InFlight<S> {
    pub(crate) fn new(inner: S, limit: Arc<InFlightLimit>, pause: Arc<Pause>, queue_limit: Arc<QueueLimit>) -> Self {
        Self { inner, limit, pause, queue_limit }
    }

    /// A permit that may be used now.
    async fn permit(&self, deadline: Instant) -> Result<SemaphorePermit<'_>, Failure> {
        let mut waiting = None;
        loop {
            let permit = match self.limit.permits.try_acquire() {
                Ok(permit) => permit,
                Err(TryAcquireError::Closed) => return Err(closed()),
                Err(TryAcquireError::NoPermits) => {
                    self.wait(&mut waiting)?;
                    let next = self.limit.permits.acquire();
                    deadline::within(deadline, "waiting for a slot", next).await?.map_err(|_| closed())?
                }
            };
            let Some(pause) = self.pause.wait(deadline)? else { return Ok(permit) };
            drop(permit);
            self.wait(&mut waiting)?;
            sleep(pause).await;
        }
    }

    /// One queue permit for as long as this request waits, for either reason.
    fn wait(&self, waiting: &mut Option<QueuePermit>) -> Result<(), Failure> {
        if waiting.is_none() {
            *waiting = Some(self.queue_limit.acquire()?);
        }
        Ok(())
    }
}

impl<S: Call> Call for InFlight<S> {
    async fn call(&self, request: &VendorRequest) -> Result<VendorResponse, Failure> {
        let _permit = self.permit(request.deadline).await?;
        self.inner.call(request).await
    }
}

/// The semaphore is never closed.
fn closed() -> Failure {
    overloaded("the account takes no more requests")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_util::task::TaskTracker;

    use crate::upstream::FailureKind;
    use crate::upstream::PauseCause;
    use crate::upstream::layers::in_flight::*;
    use crate::upstream::mock_call::{MockCall, ok, put};

    fn bounded(max: usize, max_waiting: usize) -> Arc<InFlight<MockCall>> {
        let mock = MockCall::new(|_, _| async {
            sleep(Duration::from_secs(1)).await;
            ok()
        });
        Arc::new(InFlight::new(
            mock,
            Arc::new(InFlightLimit::new(max)),
            Arc::new(Pause::new()),
            Arc::new(QueueLimit::new(max_waiting)),
        ))
    }

    #[tokio::test(start_paused = true)]
    async fn requests_beyond_the_limit_wait_and_those_beyond_the_queue_are_refused_at_once() {
        let layer = bounded(2, 3);
        let tracker = TaskTracker::new();
        let tasks: Vec<_> = (0..5)
            .map(|_| {
                let layer = Arc::clone(&layer);
                tracker.spawn(async move { layer.call(&put("1")).await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert_eq!((layer.limit.in_flight(), layer.queue_limit.waiting()), (2, 3));
        let started = Instant::now();
        let shed = layer.call(&put("1")).await.unwrap_err();
        assert!(matches!(shed.kind, FailureKind::Overloaded { .. }), "{shed}");
        assert_eq!(started.elapsed(), Duration::ZERO);
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(started.elapsed(), Duration::from_secs(3));
        assert_eq!((layer.limit.in_flight(), layer.queue_limit.waiting()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_with_the_deadline_or_the_caller() {
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
        assert_eq!(layer.queue_limit.waiting(), 0);
        holder.abort();
        let _ = holder.await;
        assert_eq!(layer.limit.in_flight(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_waits_for_the_end_of_a_pause_without_a_permit() {
        let layer = bounded(1, 3);
        layer.pause.extend(Duration::from_secs(10), PauseCause::Limited);
        let started = Instant::now();
        let request = put("1");
        let waits = layer.call(&request);
        let free = async {
            sleep(Duration::from_secs(5)).await;
            (layer.limit.in_flight(), layer.queue_limit.waiting())
        };
        let (response, meanwhile) = tokio::join!(waits, free);
        response.unwrap();
        assert_eq!(meanwhile, (0, 1));
        assert!((11..=12).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
        layer.pause.extend(Duration::from_secs(60), PauseCause::Limited);
        let failure = layer.call(&put("1")).await.unwrap_err();
        assert_eq!(
            failure.kind,
            FailureKind::Paused { retry_after: Duration::from_secs(60), cause: PauseCause::Limited }
        );
        assert_eq!((layer.limit.in_flight(), layer.queue_limit.waiting(), layer.inner.calls()), (0, 0, 1));
    }
}
