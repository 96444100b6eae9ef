//! Models of the code that threads share. shuttle runs each under many schedules and fails at the first violation.
//!
//! shuttle and not loom: its `Arc` is the standard one, which the keyed locks need, and tokio's channel and
//! timers run under it. It tries schedules at random instead of all of them, and it does not model weak memory orderings.

mod circuit;
mod keyed_lock;
pub(super) mod oneshot;

use std::mem::ManuallyDrop;

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner};
use tokio::runtime::Builder;

/// Schedules of each kind; all models together take some ten seconds.
const SCHEDULES: usize = 3_000;
/// How many switches between threads at the worst moment a fault may need, at most.
const DEPTH: usize = 4;

/// The stack of each of a model's threads: in an unoptimised build, tokio's timers need more than shuttle's 32 KiB.
const STACK_BYTES: usize = 1 << 20;

/// Runs a model under schedules where every step is chosen at random, and under such with few but well placed switches.
fn explore(model: impl Fn() + Clone + Send + Sync + 'static) {
    // For tokio's timers, which are far off and never fire. Never dropped, as a failed model leaves timers in it whose
    // stacks are gone.
    let runtime = ManuallyDrop::new(Builder::new_current_thread().enable_time().start_paused(true).build().unwrap());
    let _entered = runtime.enter();
    let mut config = Config::new();
    config.silence_warnings = true;
    config.stack_size = STACK_BYTES;
    Runner::new(RandomScheduler::new(SCHEDULES), config.clone()).run(model.clone());
    Runner::new(PctScheduler::new(DEPTH, SCHEDULES), config).run(model);
}
