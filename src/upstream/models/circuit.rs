//! The circuit breaker: one probe at a time, no outcome lost, none taken for one of another time.

use std::time::Duration;

use shuttle::thread;

use super::explore;
use crate::upstream::breaker::circuit::{BreakerState, CallOutcome, Circuit};
use crate::upstream::sync::Arc;
use crate::upstream::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::upstream::{BreakerSettings, FailureKind};

/// A closed circuit that opens at `min_requests` with at least this ratio of failures, and is due for a probe at once.
fn circuit(failure_ratio: f64, min_requests: u32) -> Arc<Circuit> {
    let (window, open_for) = (Duration::from_secs(600), Duration::ZERO);
    let settings = BreakerSettings { failure_ratio, min_requests, window, open_for };
    Arc::new(Circuit::new(settings, "v".into()))
}

fn settle(circuit: &Circuit, outcome: CallOutcome) {
    circuit.admit(1).unwrap().settle(outcome);
}

fn is_open(circuit: &Circuit) -> bool {
    circuit.state() != BreakerState::Closed
}

fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

#[test]
fn one_probe_is_out_at_a_time_and_its_place_is_free_again_however_it_ends() {
    explore(|| {
        let circuit = circuit(1.0, 1);
        settle(&circuit, CallOutcome::Failure);
        let (out, admitted) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let threads = [Some(CallOutcome::Failure), Some(CallOutcome::Neutral), None].map(|outcome| {
            let (circuit, out, admitted) = (Arc::clone(&circuit), Arc::clone(&out), Arc::clone(&admitted));
            thread::spawn(move || match circuit.admit(1) {
                Ok(admission) => {
                    assert_eq!(out.fetch_add(1, Ordering::SeqCst), 0, "two probes are out");
                    admitted.fetch_add(1, Ordering::SeqCst);
                    assert_eq!(circuit.state(), BreakerState::HalfOpen);
                    out.fetch_sub(1, Ordering::SeqCst);
                    match outcome {
                        Some(outcome) => admission.settle(outcome),
                        None => drop(admission),
                    }
                }
                Err(failure) => assert!(matches!(failure.kind, FailureKind::CircuitOpen { .. })),
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(admitted.load(Ordering::SeqCst) > 0, "the first to come is the probe");
        settle(&circuit, CallOutcome::Success);
        assert!(!is_open(&circuit));
    });
}

#[test]
fn no_outcome_is_lost() {
    explore(|| {
        let circuit = circuit(4.0 / 7.0, 7);
        let threads = [(); 3].map(|()| {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || {
                settle(&circuit, CallOutcome::Failure);
                settle(&circuit, CallOutcome::Success);
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(!is_open(&circuit), "six outcomes are too few");
        settle(&circuit, CallOutcome::Failure);
        assert!(is_open(&circuit), "four failures of seven are enough");
    });
}

#[test]
fn the_last_of_failures_at_the_same_time_opens_the_circuit() {
    explore(|| {
        let circuit = circuit(1.0, 4);
        let threads = [(); 4].map(|()| {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || settle(&circuit, CallOutcome::Failure))
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(is_open(&circuit));
    });
}

#[test]
fn the_last_of_two_assistants_errors_at_the_same_time_opens_the_circuit() {
    explore(|| {
        let circuit = circuit(1.0, 4);
        let threads = [1, 2].map(|key| {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || (0..2).for_each(|_| circuit.admit(key).unwrap().settle(CallOutcome::ErrorStatus)))
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(is_open(&circuit));
    });
}

#[test]
fn a_failure_of_an_earlier_time_does_not_open_what_a_probe_has_closed() {
    explore(|| {
        let circuit = circuit(1.0, 1);
        let (shared, admitted) = (Arc::clone(&circuit), Arc::<AtomicBool>::default());
        let seen = Arc::clone(&admitted);
        let late = thread::spawn(move || {
            let admission = shared.admit(1).unwrap();
            seen.store(true, Ordering::SeqCst);
            admission.settle(CallOutcome::Failure);
        });
        wait_until(|| admitted.load(Ordering::SeqCst));
        settle(&circuit, CallOutcome::Failure);
        wait_until(|| is_open(&circuit)); // the other thread may be opening it
        settle(&circuit, CallOutcome::Success);
        late.join().unwrap();
        assert!(!is_open(&circuit));
    });
}
