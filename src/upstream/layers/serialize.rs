//! Sends the updates of one vendor assistant in the order in which they came, one at a time, retries included.
//!
//! An update that needs a catalog first takes its lock before it fetches the catalog. The lock is held until the response
//! has been validated, and longer if the vendor may still apply an attempt that got no trustworthy response.

use std::{sync::Arc, time::Duration};

use super::lock_scope::AccountLocks;
use super::queue_limit::QueueLimit;
use crate::upstream::{Call, Failure, VendorRequest, VendorResponse};

/// Holds the lock of each request's key; requests without a key do not wait.
#[derive(Debug)]
pub(crate) struct SerializePerKey<S> {
    inner: S,
    locks: Arc<AccountLocks>,
    queue_limit: Arc<QueueLimit>,
    settle: Duration,
}

impl<S> SerializePerKey<S> {
    pub(crate) fn new(inner: S, locks: Arc<AccountLocks>, queue_limit: Arc<QueueLimit>, settle: Duration) -> Self {
        Self { inner, locks, queue_limit, settle }
    }
}

impl<S: Call> Call for SerializePerKey<S> {
    async fn call(&self, request: &VendorRequest) -> Result<VendorResponse, Failure> {
        if let Some(key) = &request.key {
            let lock = request.take_lock().map_or_else(|| self.locks.queue(key, &self.queue_limit), Ok)?;
            let guard = lock.acquire(request.deadline).await?;
            request.keep_lock(guard.kept_after_unknown(&request.sent, self.settle));
        }
        self.inner.call(request).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bytes::Bytes;
    use tokio::{sync::Notify, time::Instant};
    use tokio_util::task::TaskTracker;

    use crate::upstream::FailureKind;
    use crate::upstream::layers::keyed_lock::MAX_WAITERS_PER_KEY;
    use crate::upstream::layers::serialize::*;
    use crate::upstream::mock_call::{MockCall, ok, put};

    const SETTLE: Duration = Duration::from_secs(2);

    type SeenRequest = Arc<Mutex<Vec<Bytes>>>;

    /// The layer over a vendor that takes a second for each request and records their bodies.
    fn slow_vendor(max_waiting: usize) -> (Arc<SerializePerKey<MockCall>>, SeenRequest) {
        let seen = SeenRequest::default();
        let noted = Arc::clone(&seen);
        let mock = MockCall::new(move |_, request| {
            noted.lock().unwrap().push(request.body);
            async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                ok()
            }
        });
        let order = SerializePerKey::new(mock, Arc::default(), Arc::new(QueueLimit::new(max_waiting)), SETTLE);
        (Arc::new(order), seen)
    }

    fn numbered(key: &str, number: u8) -> VendorRequest {
        let mut request = put(key);
        request.body = Bytes::copy_from_slice(&[number]);
        request
    }

    /// Spawns a call and returns once it is with the vendor or in the queue.
    async fn spawn(
        order: &Arc<SerializePerKey<MockCall>>,
        request: VendorRequest,
    ) -> tokio::task::JoinHandle<Result<VendorResponse, Failure>> {
        let order = Arc::clone(order);
        let task = TaskTracker::new().spawn(async move { order.call(&request).await });
        tokio::task::yield_now().await;
        task
    }

    #[tokio::test(start_paused = true)]
    async fn requests_for_one_assistant_arrive_in_order_and_one_at_a_time() {
        let (order, seen) = slow_vendor(100);
        let started = Instant::now();
        let mut tasks = Vec::new();
        for number in 0..20 {
            tasks.push(spawn(&order, numbered("7", number)).await);
        }
        assert_eq!(seen.lock().unwrap().len(), 1);
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let expected: Vec<Bytes> = (0..20).map(|n| Bytes::copy_from_slice(&[n])).collect();
        assert_eq!(*seen.lock().unwrap(), expected);
        assert_eq!(started.elapsed(), Duration::from_secs(20));
    }

    #[tokio::test(start_paused = true)]
    async fn different_assistants_and_requests_without_a_key_do_not_wait() {
        let (order, seen) = slow_vendor(0);
        let mut keyless = put("7");
        keyless.key = None;
        let mut tasks = vec![spawn(&order, keyless).await];
        for number in 0..20 {
            tasks.push(spawn(&order, numbered(&number.to_string(), number)).await);
        }
        assert_eq!(seen.lock().unwrap().len(), 21);
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_memory_is_kept_for_an_idle_assistant() {
        let (order, _) = slow_vendor(10);
        for round in 0..3000 {
            let _ = tokio::time::timeout(Duration::ZERO, order.call(&numbered(&round.to_string(), 0))).await;
        }
        let tasks = [spawn(&order, put("1")).await, spawn(&order, put("1")).await];
        assert_eq!(order.locks.current().keys(), 1);
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(order.locks.current().keys(), 0);
        assert!(order.locks.current().capacity() < 3000, "{}", order.locks.current().capacity());
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_assistants_leaves_no_large_table_behind() {
        let (order, _) = slow_vendor(10);
        let mut tasks = Vec::new();
        for key in 0..20_000 {
            tasks.push(spawn(&order, put(&key.to_string())).await);
        }
        assert_eq!(order.locks.current().keys(), 20_000);
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(order.locks.current().keys(), 0);
        assert!(order.locks.current().capacity() < 4000, "{}", order.locks.current().capacity());
    }

    #[tokio::test(start_paused = true)]
    async fn waiters_that_are_cancelled_or_time_out_leave_the_queue() {
        let (order, seen) = slow_vendor(10);
        let first = spawn(&order, numbered("7", 0)).await;
        let hangs_up = spawn(&order, numbered("7", 1)).await;
        let mut impatient = numbered("7", 2);
        impatient.deadline = Instant::now() + Duration::from_millis(500);
        let impatient = spawn(&order, impatient).await;
        let last = spawn(&order, numbered("7", 3)).await;
        assert_eq!((order.queue_limit.waiting(), order.locks.current().waiting("7")), (3, 3));

        hangs_up.abort();
        assert!(hangs_up.await.unwrap_err().is_cancelled());
        let missed = impatient.await.unwrap().unwrap_err();
        assert_eq!((missed.kind, missed.sent), (FailureKind::DeadlineBeforeSend, false));
        assert_eq!((order.queue_limit.waiting(), order.locks.current().waiting("7")), (1, 1));

        first.await.unwrap().unwrap();
        last.await.unwrap().unwrap();
        assert_eq!(*seen.lock().unwrap(), [&[0u8][..], &[3]]);
        assert_eq!((order.queue_limit.waiting(), order.locks.current().keys()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lock_granted_to_a_cancelled_waiter_goes_to_the_next() {
        let gate = Arc::new(Notify::new());
        let opens = Arc::clone(&gate);
        let mock = MockCall::new(move |_, _| {
            let gate = Arc::clone(&opens);
            async move {
                gate.notified().await;
                ok()
            }
        });
        let order = Arc::new(SerializePerKey::new(mock, Arc::default(), Arc::new(QueueLimit::new(10)), SETTLE));
        let first = spawn(&order, put("7")).await;
        let gone = spawn(&order, put("7")).await;
        let next = spawn(&order, put("7")).await;
        first.abort(); // grants the lock to `gone`, which is dropped before it is polled
        gone.abort();
        let _ = (first.await, gone.await);
        gate.notify_one();
        next.await.unwrap().unwrap();
        assert_eq!(order.locks.current().keys(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_refused_at_once_if_the_queue_of_the_account_or_the_assistant_is_full() {
        for (max_waiting, waiters) in [(2, 2), (1000, MAX_WAITERS_PER_KEY)] {
            let (order, _) = slow_vendor(max_waiting);
            let mut tasks = Vec::new();
            for _ in 0..=waiters {
                tasks.push(spawn(&order, put("7")).await);
            }
            let refused = order.call(&put("7")).await.unwrap_err();
            assert!(matches!(refused.kind, FailureKind::Overloaded { .. }), "{refused}");
            assert!(!refused.sent);
            for task in tasks {
                task.abort();
                let _ = task.await;
            }
            assert_eq!((order.locks.current().keys(), order.queue_limit.waiting()), (0, 0));
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn under_threads_no_request_is_lost_and_no_two_hold_the_lock() {
        let busy = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let seen = Arc::clone(&busy);
        let mock = MockCall::new(move |_, _| {
            let busy = Arc::clone(&seen);
            async move {
                assert!(!busy.swap(true, std::sync::atomic::Ordering::SeqCst));
                tokio::task::yield_now().await;
                busy.store(false, std::sync::atomic::Ordering::SeqCst);
                ok()
            }
        });
        let order = Arc::new(SerializePerKey::new(mock, Arc::default(), Arc::new(QueueLimit::new(100)), SETTLE));
        let tracker = TaskTracker::new();
        for _ in 0..8 {
            let order = Arc::clone(&order);
            tracker.spawn(async move {
                for _ in 0..500 {
                    order.call(&put("7")).await.unwrap();
                }
            });
        }
        tracker.close();
        tracker.wait().await;
        assert_eq!((order.inner.calls(), order.locks.current().keys()), (4000, 0));
    }
}
