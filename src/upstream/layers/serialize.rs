//! Updates of one vendor assistant go out in the order in which they came, one at a time, retries included.
//!
//! Directly below the deadline and above every other wait: a request that waited for a slot or a token first could be
//! overtaken there. Only the one whose turn it is goes on to compete for them. An update that needs a catalog first
//! brings a place which it took before it went to read it.
//!
//! The turn lasts until the answer has been judged, and a while longer if the vendor may still apply an attempt that
//! got no trustworthy answer.

use std::{sync::Arc, time::Duration};

use super::keyed_lock::AccountLines;
use super::queue_limit::QueueLimit;
use crate::upstream::{Call, Failure, VendorRequest, VendorResponse};

/// Lets requests with the same key through one after the other; requests without a key do not wait.
#[derive(Debug)]
pub(crate) struct Order<S> {
    inner: S,
    lines: Arc<AccountLines>,
    room: Arc<QueueLimit>,
    settle: Duration,
}

impl<S> Order<S> {
    pub(crate) fn new(inner: S, lines: Arc<AccountLines>, room: Arc<QueueLimit>, settle: Duration) -> Self {
        Self { inner, lines, room, settle }
    }
}

impl<S: Call> Call for Order<S> {
    async fn call(&self, outgoing: &VendorRequest) -> Result<VendorResponse, Failure> {
        if let Some(key) = &outgoing.key {
            let place = outgoing.take_place().map_or_else(|| self.lines.enter(key, &self.room), Ok)?;
            let turn = place.turn(outgoing.deadline).await?;
            outgoing.keep_place(turn.settling(&outgoing.sent, self.settle));
        }
        self.inner.call(outgoing).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bytes::Bytes;
    use tokio::{sync::Notify, time::Instant};
    use tokio_util::task::TaskTracker;

    use crate::upstream::FailureKind;
    use crate::upstream::layers::keyed_lock::PER_KEY;
    use crate::upstream::layers::serialize::*;
    use crate::upstream::mock_call::{MockCall, ok, put};

    const SETTLE: Duration = Duration::from_secs(2);

    type Seen = Arc<Mutex<Vec<Bytes>>>;

    /// An order over a vendor that takes a second for each request and notes their bodies.
    fn slow_vendor(seats: usize) -> (Arc<Order<MockCall>>, Seen) {
        let seen = Seen::default();
        let noted = Arc::clone(&seen);
        let double = MockCall::new(move |_, request| {
            noted.lock().unwrap().push(request.body);
            async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                ok()
            }
        });
        let order = Order::new(double, Arc::default(), Arc::new(QueueLimit::new(seats)), SETTLE);
        (Arc::new(order), seen)
    }

    fn numbered(key: &str, number: u8) -> VendorRequest {
        let mut outgoing = put(key);
        outgoing.body = Bytes::copy_from_slice(&[number]);
        outgoing
    }

    /// Starts a call and returns once it is with the vendor or in line.
    async fn started(
        order: &Arc<Order<MockCall>>,
        outgoing: VendorRequest,
    ) -> tokio::task::JoinHandle<Result<VendorResponse, Failure>> {
        let order = Arc::clone(order);
        let task = TaskTracker::new().spawn(async move { order.call(&outgoing).await });
        tokio::task::yield_now().await;
        task
    }

    #[tokio::test(start_paused = true)]
    async fn requests_for_one_assistant_arrive_in_order_and_one_at_a_time() {
        let (order, seen) = slow_vendor(100);
        let began = Instant::now();
        let mut tasks = Vec::new();
        for number in 0..20 {
            tasks.push(started(&order, numbered("7", number)).await);
        }
        assert_eq!(seen.lock().unwrap().len(), 1);
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let expected: Vec<Bytes> = (0..20).map(|n| Bytes::copy_from_slice(&[n])).collect();
        assert_eq!(*seen.lock().unwrap(), expected);
        assert_eq!(began.elapsed(), Duration::from_secs(20));
    }

    #[tokio::test(start_paused = true)]
    async fn different_assistants_and_requests_without_a_key_do_not_wait() {
        let (order, seen) = slow_vendor(0);
        let mut keyless = put("7");
        keyless.key = None;
        let mut tasks = vec![started(&order, keyless).await];
        for number in 0..20 {
            tasks.push(started(&order, numbered(&number.to_string(), number)).await);
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
        let tasks = [started(&order, put("1")).await, started(&order, put("1")).await];
        assert_eq!(order.lines.now().keys(), 1);
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(order.lines.now().keys(), 0);
        assert!(order.lines.now().capacity() < 3000, "{}", order.lines.now().capacity());
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_assistants_leaves_no_large_table_behind() {
        let (order, _) = slow_vendor(10);
        let mut tasks = Vec::new();
        for key in 0..20_000 {
            tasks.push(started(&order, put(&key.to_string())).await);
        }
        assert_eq!(order.lines.now().keys(), 20_000);
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(order.lines.now().keys(), 0);
        assert!(order.lines.now().capacity() < 4000, "{}", order.lines.now().capacity());
    }

    #[tokio::test(start_paused = true)]
    async fn waiters_that_hang_up_or_time_out_leave_no_trace() {
        let (order, seen) = slow_vendor(10);
        let first = started(&order, numbered("7", 0)).await;
        let hangs_up = started(&order, numbered("7", 1)).await;
        let mut impatient = numbered("7", 2);
        impatient.deadline = Instant::now() + Duration::from_millis(500);
        let impatient = started(&order, impatient).await;
        let last = started(&order, numbered("7", 3)).await;
        assert_eq!((order.room.taken(), order.lines.now().waiting("7")), (3, 3));

        hangs_up.abort();
        assert!(hangs_up.await.unwrap_err().is_cancelled());
        let missed = impatient.await.unwrap().unwrap_err();
        assert_eq!((missed.kind, missed.sent), (FailureKind::DeadlineBeforeSend, false));
        assert_eq!((order.room.taken(), order.lines.now().waiting("7")), (1, 1));

        first.await.unwrap().unwrap();
        last.await.unwrap().unwrap();
        assert_eq!(*seen.lock().unwrap(), [&[0u8][..], &[3]]);
        assert_eq!((order.room.taken(), order.lines.now().keys()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_granted_to_a_waiter_that_is_gone_goes_to_the_next() {
        let gate = Arc::new(Notify::new());
        let opens = Arc::clone(&gate);
        let double = MockCall::new(move |_, _| {
            let gate = Arc::clone(&opens);
            async move {
                gate.notified().await;
                ok()
            }
        });
        let order = Arc::new(Order::new(double, Arc::default(), Arc::new(QueueLimit::new(10)), SETTLE));
        let first = started(&order, put("7")).await;
        let gone = started(&order, put("7")).await;
        let next = started(&order, put("7")).await;
        first.abort(); // frees the turn for `gone`, which is dropped before it looks
        gone.abort();
        let _ = (first.await, gone.await);
        gate.notify_one();
        next.await.unwrap().unwrap();
        assert_eq!(order.lines.now().keys(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_longer_than_the_room_or_its_own_bound_is_refused_at_once() {
        for (seats, waiters) in [(2, 2), (1000, PER_KEY)] {
            let (order, _) = slow_vendor(seats);
            let mut tasks = Vec::new();
            for _ in 0..=waiters {
                tasks.push(started(&order, put("7")).await);
            }
            let refused = order.call(&put("7")).await.unwrap_err();
            assert!(matches!(refused.kind, FailureKind::Overloaded { .. }), "{refused}");
            assert!(!refused.sent);
            for task in tasks {
                task.abort();
                let _ = task.await;
            }
            assert_eq!((order.lines.now().keys(), order.room.taken()), (0, 0));
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn under_threads_nobody_is_lost_and_nobody_shares_a_turn() {
        let busy = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let seen = Arc::clone(&busy);
        let double = MockCall::new(move |_, _| {
            let busy = Arc::clone(&seen);
            async move {
                assert!(!busy.swap(true, std::sync::atomic::Ordering::SeqCst));
                tokio::task::yield_now().await;
                busy.store(false, std::sync::atomic::Ordering::SeqCst);
                ok()
            }
        });
        let order = Arc::new(Order::new(double, Arc::default(), Arc::new(QueueLimit::new(100)), SETTLE));
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
        assert_eq!((order.inner.calls(), order.lines.now().keys()), (4000, 0));
    }
}
