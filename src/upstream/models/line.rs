//! The queue by key: one turn at a time, in the order of entry, and nothing left behind.

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
use crate::upstream::layers::keyed_lock::ScopedLocks;
use crate::upstream::layers::queue_limit::QueueLimit;
use crate::upstream::sync::atomic::{AtomicUsize, Ordering};
use crate::upstream::sync::{Arc, Mutex};

/// What the threads of a model share.
#[derive(Clone)]
struct Scene {
    enter: Arc<dyn Fn() -> QueuedLock + Send + Sync>,
    room: Arc<QueueLimit>,
    /// How many have a turn.
    turns: Arc<AtomicUsize>,
    /// Who had a turn, in this order.
    done: Arc<Mutex<Vec<usize>>>,
}

/// What a request does with its place.
#[derive(Clone, Copy, PartialEq)]
enum Plan {
    /// Waits for its turn and uses it.
    Stay,
    /// Gives the place up at once.
    Leave,
    /// Looks once, and gives up unless the turn is there.
    Look,
}

impl Scene {
    fn new() -> Self {
        let (lines, room) = (ScopedLocks::default().of(&"v".into()), Arc::new(QueueLimit::new(16)));
        let (key, seats) = ("7".into(), Arc::clone(&room));
        let enter = Arc::new(move || lines.enter(&key, &seats).unwrap());
        Self { enter, room, turns: Arc::default(), done: Arc::default() }
    }

    fn run(&self, number: usize, place: QueuedLock, plan: Plan) {
        if plan == Plan::Leave {
            return;
        }
        let mut turn = pin!(place.turn(Instant::now() + Duration::from_secs(3600)));
        let turn = block_on(poll_fn(|context| match turn.as_mut().poll(context) {
            Poll::Pending if plan == Plan::Look => Poll::Ready(None),
            turn => turn.map(Some),
        }));
        let Some(turn) = turn else { return };
        let turn = turn.unwrap();
        assert_eq!(self.turns.fetch_add(1, Ordering::SeqCst), 0, "two have the turn");
        self.done.lock().unwrap().push(number);
        assert_eq!(self.turns.fetch_sub(1, Ordering::SeqCst), 1);
        drop(turn);
    }

    /// No seat is taken, and the key is free.
    fn assert_left(&self) {
        assert_eq!(self.room.taken(), 0, "a seat is still taken");
        let turn = (self.enter)().turn(Instant::now() + Duration::from_secs(3600));
        assert!(turn.now_or_never().is_some(), "the key is still busy");
    }
}

fn plan() -> Plan {
    [Plan::Stay, Plan::Stay, Plan::Leave, Plan::Look][thread_rng().gen_range(0..4)]
}

#[test]
fn turns_come_one_at_a_time_and_in_the_order_of_entry_while_others_leave() {
    explore(|| {
        let scene = Scene::new();
        let plans: Vec<_> = (0..4).map(|_| plan()).collect();
        let places: Vec<_> = plans.iter().map(|_| (scene.enter)()).collect();
        let threads: Vec<_> = places
            .into_iter()
            .zip(plans.clone())
            .enumerate()
            .map(|(number, (place, plan))| {
                let scene = scene.clone();
                thread::spawn(move || scene.run(number, place, plan))
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
fn a_request_that_enters_while_the_last_one_leaves_gets_a_turn() {
    explore(|| {
        let scene = Scene::new();
        let threads = [plan(), plan(), Plan::Stay].map(|plan| {
            let scene = scene.clone();
            thread::spawn(move || {
                scene.run(0, (scene.enter)(), plan);
                scene.run(1, (scene.enter)(), Plan::Stay);
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(scene.done.lock().unwrap().iter().filter(|number| **number == 1).count(), 3);
        scene.assert_left();
    });
}
