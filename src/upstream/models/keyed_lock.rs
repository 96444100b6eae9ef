//! The keyed lock: one holder at a time, in FIFO order, and nothing left behind.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt;
use shuttle::future::block_on;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;
use tokio::time::Instant;

use super::explore;
use crate::upstream::QueuedLock;
use crate::upstream::layers::lock_scope::LockScopes;
use crate::upstream::layers::queue_limit::QueueLimit;
use crate::upstream::sync::atomic::{AtomicUsize, Ordering};
use crate::upstream::sync::{Arc, Mutex};

/// What the threads of a model share.
#[derive(Clone)]
struct Scene {
    queue: Arc<dyn Fn() -> QueuedLock + Send + Sync>,
    queue_limit: Arc<QueueLimit>,
    holders: Arc<AtomicUsize>,
    /// Who has held the lock, in this order.
    done: Arc<Mutex<Vec<usize>>>,
}

/// What a request does with its queued lock.
#[derive(Clone, Copy, PartialEq)]
enum Plan {
    /// Waits for the lock and uses it.
    Stay,
    /// Drops it at once.
    Leave,
    /// Polls it once, and drops it unless the lock is held then.
    Look,
}

impl Scene {
    fn new() -> Self {
        let (locks, queue_limit) = (LockScopes::default().of(&"v".into()), Arc::new(QueueLimit::new(16)));
        let (key, limit) = ("7".into(), Arc::clone(&queue_limit));
        let queue = Arc::new(move || locks.queue(&key, &limit).unwrap());
        Self { queue, queue_limit, holders: Arc::default(), done: Arc::default() }
    }

    fn run(&self, number: usize, lock: QueuedLock, plan: Plan) {
        if plan == Plan::Leave {
            return;
        }
        let mut acquiring = pin!(lock.acquire(Instant::now() + Duration::from_secs(3600)));
        let guard = block_on(poll_fn(|context| match acquiring.as_mut().poll(context) {
            Poll::Pending if plan == Plan::Look => Poll::Ready(None),
            guard => guard.map(Some),
        }));
        let Some(guard) = guard else { return };
        let guard = guard.unwrap();
        assert_eq!(self.holders.fetch_add(1, Ordering::SeqCst), 0, "two hold the lock");
        self.done.lock().unwrap().push(number);
        assert_eq!(self.holders.fetch_sub(1, Ordering::SeqCst), 1);
        drop(guard);
    }

    /// No request waits, and the key is free.
    fn assert_left(&self) {
        assert_eq!(self.queue_limit.waiting(), 0, "a queue permit is still taken");
        let acquiring = (self.queue)().acquire(Instant::now() + Duration::from_secs(3600));
        assert!(acquiring.now_or_never().is_some(), "the key is still locked");
    }
}

fn plan() -> Plan {
    [Plan::Stay, Plan::Stay, Plan::Leave, Plan::Look][thread_rng().gen_range(0..4)]
}

#[test]
fn the_lock_has_one_holder_at_a_time_in_fifo_order_while_others_leave() {
    explore(|| {
        let scene = Scene::new();
        let plans: Vec<_> = (0..4).map(|_| plan()).collect();
        let locks: Vec<_> = plans.iter().map(|_| (scene.queue)()).collect();
        let threads: Vec<_> = locks
            .into_iter()
            .zip(plans.clone())
            .enumerate()
            .map(|(number, (lock, plan))| {
                let scene = scene.clone();
                thread::spawn(move || scene.run(number, lock, plan))
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let done = scene.done.lock().unwrap().clone();
        assert!(done.is_sorted(), "{done:?}");
        for (number, plan) in plans.iter().enumerate() {
            assert!(*plan != Plan::Stay || done.contains(&number), "{number} is forgotten: {done:?}");
        }
        scene.assert_left();
    });
}

#[test]
fn a_request_that_joins_while_the_last_one_leaves_gets_the_lock() {
    explore(|| {
        let scene = Scene::new();
        let threads = [plan(), plan(), Plan::Stay].map(|plan| {
            let scene = scene.clone();
            thread::spawn(move || {
                scene.run(0, (scene.queue)(), plan);
                scene.run(1, (scene.queue)(), Plan::Stay);
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(scene.done.lock().unwrap().iter().filter(|number| **number == 1).count(), 3);
        scene.assert_left();
    });
}
