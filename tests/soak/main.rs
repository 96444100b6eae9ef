//! The real binary under mixed load, with vendors that fail at random and a configuration that changes all the time.
//!
//! `just soak SECONDS` runs it; as a test it is ignored by default. Asserted are: every request got exactly one
//! well-formed answer; what that answer says of the update is what the simulators saw; each assistant's updates
//! arrived in order; memory is flat after the first third; nothing is left when the load ends; and the process
//! drains.
#![cfg(test)]

mod caller;
mod chaos;
mod gateway;
mod ledger;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;
use std::time::Duration;

use simulators::{NAMES, Options, Simulator};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::caller::Caller;
use crate::gateway::Gateway;
use crate::ledger::Ledger;

const CALLERS: usize = 60;
const DEFAULT_SECONDS: u64 = 30;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes its time; run `just soak`"]
async fn it_keeps_working() {
    let seconds = std::env::var_os("SOAK_SECONDS").and_then(|text| text.to_str()?.parse().ok());
    let length = Duration::from_secs(seconds.unwrap_or(DEFAULT_SECONDS).max(6));
    let mut simulators = Vec::new();
    for name in NAMES {
        simulators.push(Simulator::start(name, Options::default()).await.unwrap());
    }
    let simulators = Arc::new(simulators);
    let mut gateway = Gateway::start(&simulators).await;
    let (ledger, stop) = (Arc::new(Ledger::default()), CancellationToken::new());
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let vendor = NAMES[number % NAMES.len()];
        let caller = Caller::new(gateway.api(), vendor, number / NAMES.len() + 1, Arc::clone(&ledger));
        callers.spawn(caller.run(stop.clone()));
    }
    let mut troubles = JoinSet::new();
    troubles.spawn(chaos::faults(Arc::clone(&simulators), stop.clone()));
    let memory = observe(&mut gateway, (&simulators, &ledger), length).await;
    stop.cancel();
    while let Some(caller) = callers.join_next().await {
        caller.unwrap();
    }
    while let Some(trouble) = troubles.join_next().await {
        trouble.unwrap();
    }
    gateway.settle().await;
    ledger.read(&simulators);
    println!("{}", ledger.summary(length));
    println!("memory in KiB: {} after the first third, {} at most in the last", memory.0, memory.1);
    ledger.check();
    assert!(memory.1 <= memory.0 + memory.0 / 4 + 8 * 1024, "memory grows: {memory:?} KiB");
    gateway.stop().await;
}

/// Reads along and reloads while the load runs; the memory at the end of the first third and the most in the last
/// one.
async fn observe(gateway: &mut Gateway, (simulators, ledger): (&[Simulator], &Ledger), length: Duration) -> (u64, u64) {
    let began = Instant::now();
    let (mut warm, mut most) = (0, 0);
    while began.elapsed() < length {
        sleep(Duration::from_millis(500)).await;
        timeout(Duration::from_secs(30), gateway.reload(simulators)).await.unwrap();
        ledger.read(simulators);
        let now = gateway.memory();
        if began.elapsed() < length / 3 {
            warm = now.max(warm);
        } else if began.elapsed() > length * 2 / 3 {
            most = now.max(most);
        }
    }
    (warm, most)
}
