//! What needs attention of the store: whether it is written, what waits in it, and what was given up.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::admin::Operator;
use crate::api::{Depth, Records, ReplicaView};
use crate::store::{Filter, State, Timestamp};

use super::{Attention, Severity, counted, page};

/// The age of the oldest change that waits from which on it is shown, and from which on that is bad.
const OLD: Duration = Duration::from_mins(5);
const VERY_OLD: Duration = Duration::from_hours(1);
/// The share of the places of the queue from which on it is nearly full.
const NEARLY_FULL: f64 = 0.8;
/// How many dead changes are counted; the rest are more.
const MAX_DEAD: usize = 20;
/// How long the store may take to say how many changes are dead; a slow one must not make the rest wait.
const LIST_TIMEOUT: Duration = Duration::from_millis(250);
/// How long a callback that was given up is shown.
const GIVEN_UP_SECONDS: u64 = 6 * 3600;

pub(super) async fn sources(operator: &Operator, now: u64) -> Vec<Attention> {
    let Some(records) = operator.api().records() else { return Vec::new() };
    let figures = records.store.figures();
    let mut all: Vec<_> = figures.failing.as_deref().map(|why| failing(figures.kind, why)).into_iter().collect();
    all.extend(records.replica_view().as_ref().and_then(session));
    all.extend(full(records.waiting(), operator.gateway().queue.max_total));
    all.extend(old(&records.depths(), Timestamp::now()));
    if figures.failing.is_none() {
        let vendors = dead_by_vendor(records).await;
        all.extend(vendors.as_deref().and_then(dead));
    }
    let (given_up, at) = records.callbacks_given_up();
    all.extend(callbacks(given_up, at, now));
    all
}

fn failing(kind: &str, why: &str) -> Attention {
    Attention::bad(
        format!("the store ({kind}) cannot be written: {why}"),
        "docs/runbook.md#switchboardstorefailing",
        "queue",
    )
}

fn session(view: &ReplicaView) -> Option<Attention> {
    let what = || match view.silent_seconds {
        silent if silent >= 1.0 => format!("sends nothing: the store has not answered for {silent:.0} s"),
        _ => "sends nothing: its session with the store is not fresh".to_owned(),
    };
    (!view.fresh).then(|| Attention::bad(what(), "docs/runbook.md#switchboardsessionstale", "replicas"))
}

fn full(waiting: u64, max: usize) -> Option<Attention> {
    let what = || format!("{waiting} changes wait of at most {max}; further ones will be refused");
    let is_full = waiting as f64 > NEARLY_FULL * max as f64;
    is_full.then(|| Attention::bad(what(), "docs/runbook.md#switchboardqueuenearlyfull", "queue"))
}

/// The accounts whose oldest change has waited for long, by name.
fn old(depths: &HashMap<Arc<str>, Depth>, now: Timestamp) -> Vec<Attention> {
    let mut depths: Vec<_> = depths.iter().collect();
    depths.sort_by_key(|(vendor, _)| Arc::clone(vendor));
    let old = depths.into_iter().filter_map(|(vendor, depth)| {
        let oldest = depth.oldest?;
        let age = now.since(oldest);
        let minutes = humantime::format_duration(Duration::from_secs(age.as_secs() / 60 * 60));
        let waiting = counted(depth.total() as u64, "change");
        let what = match depth.held {
            0 => format!("{vendor}: {waiting} waiting, the oldest for {minutes}"),
            held => format!("{vendor}: {waiting} waiting, {held} of them dead and holding up the rest"),
        };
        let severity = if age >= VERY_OLD || depth.held > 0 { Severity::Bad } else { Severity::Warning };
        let see = page("queue", "vendor", vendor);
        let attention = Attention::new(severity, what, "docs/runbook.md#switchboardchangeswaitlong", see);
        let since = u64::try_from(oldest.0 / 1000).ok();
        (age >= OLD).then(|| Attention { vendor: Some(vendor.to_string()), ..attention.since(since) })
    });
    old.collect()
}

/// The accounts of dead changes, the newest first; `None` if the store does not say in time.
async fn dead_by_vendor(records: &Records) -> Option<Vec<String>> {
    let filter = Filter { states: vec![State::Dead], replayed: Some(false), limit: MAX_DEAD + 1, ..Filter::default() };
    let page = timeout(LIST_TIMEOUT, records.store.list(filter)).await.ok()?.ok()?;
    Some(page.records.into_iter().map(|record| record.vendor).collect())
}

fn dead(vendors: &[String]) -> Option<Attention> {
    let first = vendors.first()?;
    let count = match vendors.len() {
        1 => "1 change is".to_owned(),
        more if more > MAX_DEAD => format!("more than {MAX_DEAD} changes are"),
        more => format!("{more} changes are"),
    };
    let is_one = vendors.iter().all(|vendor| vendor == first);
    let (of, see) = match is_one {
        true => (format!("{first}: "), page("dead", "vendor", first)),
        false => (String::new(), "dead".to_owned()),
    };
    let what = format!("{of}{count} dead: given up, and waiting for a replay or to be discarded");
    let attention = Attention::bad(what, "docs/runbook.md#switchboardchangesdead", see);
    Some(Attention { vendor: is_one.then(|| first.clone()), ..attention })
}

fn callbacks(given_up: u64, at: Option<u64>, now: u64) -> Option<Attention> {
    let at = at.filter(|at| now.saturating_sub(*at) < GIVEN_UP_SECONDS)?;
    let what = format!("{} given up since the start", counted(given_up, "callback"));
    Some(Attention::warning(what, "docs/runbook.md#switchboardcallbacksgivenup", "clients").since(Some(at)))
}

#[cfg(test)]
mod tests;
