//! A run: replicas under load while faults happen, and what came of it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, MutexGuard};

use crate::cluster::Cluster;
use crate::database::Database;
use crate::load::{Load, Plan};
use crate::oracle::{Evidence, complaints, stalls};

/// Three replicas keep two cores busy: the runs of this program follow each other.
static ONE: Mutex<()> = Mutex::const_new(());

pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    ONE.lock().await
}

/// What came of a run.
pub(crate) struct Outcome {
    pub(crate) wrong: Vec<String>,
    pub(crate) summary: String,
}

/// Puts three replicas under load while `faults` happen, and looks at what came of it.
pub(crate) async fn run(cluster: &Cluster, plan: &Plan, faults: impl AsyncFnOnce()) -> Outcome {
    let began = Instant::now();
    let load = Load::start(plan, &cluster.addresses, &cluster.ledger);
    faults().await;
    let length = began.elapsed();
    load.finish().await;
    let evidence = cluster.evidence().await;
    let mut wrong = complaints(&evidence);
    wrong.extend(cluster.other_answers(&evidence.entries).await);
    Outcome { summary: summary(cluster, &evidence, length), wrong }
}

/// Three replicas on a database of their own under the usual load, while these faults happen: nothing may be wrong.
pub(crate) async fn holds(faults: impl AsyncFnOnce(&Cluster, &Database)) {
    let _alone = alone().await;
    let Some(database) = Database::start().await else { return };
    holds_on(&database, faults).await;
}

pub(crate) async fn holds_on(database: &Database, faults: impl AsyncFnOnce(&Cluster, &Database)) {
    let cluster = Cluster::start(3, &database.store(), "").await;
    cluster.vendor_is_slow(4);
    let mut outcome = run(&cluster, &Plan::mixed(), async || faults(&cluster, database).await).await;
    outcome.wrong.extend(database.miscounted().await);
    println!("{}", outcome.summary);
    outcome.is_good();
}

impl Outcome {
    #[track_caller]
    pub(crate) fn is_good(&self) {
        let shown = &self.wrong[..self.wrong.len().min(20)];
        assert!(self.wrong.is_empty(), "{} things are wrong: {shown:#?}\n{}", self.wrong.len(), self.summary);
    }
}

/// The figures for people.
fn summary(cluster: &Cluster, evidence: &Evidence, length: Duration) -> String {
    let faults = cluster.ledger.faults();
    let mut kinds = BTreeMap::<&str, usize>::new();
    for fault in &faults {
        *kinds.entry(fault.name).or_default() += 1;
    }
    let mut times = BTreeMap::<(u64, u64), usize>::new();
    for applied in &evidence.applied {
        *times.entry((applied.id, applied.number)).or_default() += 1;
    }
    let repeats: usize = times.values().map(|count| count - 1).sum();
    let (count, arrived, applied) = (evidence.entries.len(), evidence.arrived.len(), evidence.applied.len());
    let mut text = format!(
        "{count} changes in {length:.1?}; {arrived} arrived, {applied} applied, {repeats} of them again; faults: {kinds:?}\n"
    );
    for (answer, count) in cluster.ledger.answers() {
        let _ = writeln!(text, "{count:>9}  {answer}");
    }
    let zero = evidence.entries.first().map_or_else(Instant::now, |entry| entry.sent);
    let list: Vec<_> = faults
        .iter()
        .map(|fault| {
            let (name, from, to) = (fault.name, fault.at - zero, fault.until - zero);
            fault.replica.map_or_else(
                || format!("{name} {from:.2?}–{to:.2?}"),
                |hit| format!("{name} of {hit} {from:.2?}–{to:.2?}"),
            )
        })
        .collect();
    let _ = writeln!(text, "{}", list.join(", "));
    for name in kinds.into_keys() {
        let around = faults.iter().filter(|fault| fault.name == name);
        let both = around.map(|fault| stalls(&evidence.arrived, fault));
        let (own, other) = both.reduce(|left, right| (left.0.max(right.0), left.1.max(right.1))).unwrap_or_default();
        let _ = writeln!(text, "{name}: longest stall of its assistants {own:.2?}, of others {other:.2?}");
    }
    let slowest = evidence.entries.iter().filter_map(|entry| Some(entry.told.as_ref()?.0 - entry.sent)).max();
    let _ = writeln!(text, "slowest answer: {:.2?}", slowest.unwrap_or_default());
    text
}
