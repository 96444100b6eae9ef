//! Metrics of vendor accounts: their stacks and catalogs.

use std::fmt::Display;

use crate::account::Account;
use crate::gateway::Gateway;
use crate::telemetry::metrics::{Exposition, Family, family};
use crate::upstream::{BreakerState, Snapshot};

/// An account and the state of its stack.
struct AccountStats<'a> {
    account: &'a Account,
    snapshot: Snapshot,
}

pub(super) fn write(gateway: &Gateway, to: &mut Exposition) {
    let accounts: Vec<AccountStats<'_>> = gateway
        .routes
        .by_name()
        .into_iter()
        .map(|account| AccountStats { account, snapshot: account.stack.snapshot() })
        .collect();
    load(&accounts, to);
    attempts(&accounts, to);
    state(&accounts, to);
    catalogs(&accounts, to);
}

/// One family with one series for each account.
fn each<V: Display>(
    accounts: &[AccountStats<'_>],
    to: &mut Exposition,
    family: &'static Family,
    value: impl Fn(&AccountStats<'_>) -> V,
) {
    let mut series = to.family(family);
    for one in accounts {
        series.labelled(&[&one.account.name], value(one));
    }
}

fn load(accounts: &[AccountStats<'_>], to: &mut Exposition) {
    each(accounts, to, family::VENDOR_IN_FLIGHT, |one| one.snapshot.in_flight);
    each(accounts, to, family::VENDOR_IN_FLIGHT_LIMIT, |one| one.account.limits.max_in_flight);
    each(accounts, to, family::VENDOR_WAITING, |one| one.snapshot.waiting);
    each(accounts, to, family::VENDOR_WAITING_LIMIT, |one| one.account.limits.max_waiting);
}

fn attempts(accounts: &[AccountStats<'_>], to: &mut Exposition) {
    each(accounts, to, family::VENDOR_ATTEMPTS, |one| one.snapshot.attempts);
    each(accounts, to, family::VENDOR_RETRIES, |one| one.snapshot.retries);
    each(accounts, to, family::VENDOR_RETRIES_WITHHELD, |one| one.snapshot.retries_withheld);
    each(accounts, to, family::VENDOR_RETRY_BUDGET, |one| one.snapshot.retry_budget);
    each(accounts, to, family::VENDOR_RECONNECTS, |one| one.snapshot.reconnects);
    each(accounts, to, family::VENDOR_HANDED_OVER, |one| one.snapshot.handed_over);
    let mut failures = to.family(family::VENDOR_FAILURES);
    for one in accounts {
        for (kind, count) in one.snapshot.failures {
            failures.labelled(&[&one.account.name, kind], count);
        }
    }
}

fn state(accounts: &[AccountStats<'_>], to: &mut Exposition) {
    let mut breaker = to.family(family::VENDOR_BREAKER_STATE);
    for one in accounts {
        let now = match one.snapshot.breaker {
            BreakerState::Closed => "closed",
            BreakerState::HalfOpen => "half_open",
            BreakerState::Open { .. } => "open",
        };
        for state in ["closed", "half_open", "open"] {
            breaker.labelled(&[&one.account.name, state], u8::from(state == now));
        }
    }
    each(accounts, to, family::VENDOR_PAUSE, |one| one.snapshot.paused.unwrap_or_default().as_secs_f64());
    each(accounts, to, family::VENDOR_CONNECTIONS, |one| {
        one.snapshot.connected.saturating_sub(one.snapshot.disconnected)
    });
    each(accounts, to, family::VENDOR_CONNECTIONS_OPENED, |one| one.snapshot.connected);
}

fn catalogs(accounts: &[AccountStats<'_>], to: &mut Exposition) {
    let known = || accounts.iter().flat_map(|one| one.account.live.ages().map(|known| (&*one.account.name, known)));
    let mut ages = to.family(family::CATALOG_AGE);
    for (vendor, (kind, age, _)) in known() {
        ages.labelled(&[vendor, kind.as_str()], age.as_secs_f64());
    }
    each(accounts, to, family::CATALOG_TTL, |one| one.account.live.ttl().as_secs_f64());
    let mut sizes = to.family(family::CATALOG_ENTRIES);
    for (vendor, (kind, _, entries)) in known() {
        sizes.labelled(&[vendor, kind.as_str()], entries);
    }
    let mut drift = to.family(family::DRIFT);
    for one in accounts {
        one.account.drift.counts().for_each(|(kind, count)| drift.labelled(&[&one.account.name, kind.as_str()], count));
    }
    let mut failures = to.family(family::CATALOG_FAILURES);
    for one in accounts {
        for (kind, count) in one.account.live.failures() {
            failures.labelled(&[&one.account.name, kind.as_str()], count);
        }
    }
}
