//! What needs attention at vendor accounts.

use std::time::Duration;

use crate::account::Account;
use crate::admin::Operator;
use crate::gateway::Gateway;
use crate::telemetry::metrics::Streak;
use crate::upstream::{BreakerChange, BreakerState};

use super::{Attention, Severity, counted, page, rounded_up};

/// How many updates in a row fail for one reason before it is noted; a refused token or account is noted at once.
const MIN_STREAK: u64 = 3;
/// The shares of the places to wait from which on it is noted, and from which on it is bad.
const MANY_WAIT: f64 = 0.5;
const NEARLY_FULL: f64 = 0.9;

pub(super) fn sources(operator: &Operator) -> Vec<Attention> {
    let gateway = operator.gateway();
    gateway.routes.by_name().into_iter().flat_map(|account| of_account(gateway, account)).collect()
}

/// What needs attention at one account.
pub(super) fn of_account(gateway: &Gateway, account: &Account) -> impl Iterator<Item = Attention> + use<> {
    let streak = gateway.meters.get(&account.name).and_then(|meters| meters.recent.streak());
    let name = &*account.name;
    let snapshot = account.stack.snapshot();
    let differences = account.drift.seen().unknown() as u64;
    let sources = [
        streak.and_then(|streak| failing(name, streak)),
        breaker(name, snapshot.breaker, &account.stack.breaker_changes()),
        snapshot.paused.map(|left| paused(name, left)),
        waiting(name, snapshot.waiting, account.limits.max_waiting),
        drift(name, differences),
    ];
    let vendor = account.name.to_string();
    sources.into_iter().flatten().map(move |attention| Attention { vendor: Some(vendor.clone()), ..attention })
}

/// Why the last updates failed.
fn failing(name: &str, Streak { reason, since, count }: Streak) -> Option<Attention> {
    let (what, runbook) = match reason {
        "vendor_credentials_rejected" => {
            ("refuses our token".to_owned(), "docs/runbook.md#switchboardcredentialsrejected")
        }
        "vendor_account_problem" => (
            "refuses our account, for its balance, plan or configuration".to_owned(),
            "docs/runbook.md#switchboardaccountproblem",
        ),
        _ if count >= MIN_STREAK => {
            (format!("every update fails ({reason})"), "docs/runbook.md#switchboardvendorerrors")
        }
        _ => return None,
    };
    let see = format!("{}&{}", page("requests", "vendor", name), &page("", "reason", reason)[1..]);
    let attention = Attention::bad(format!("{name}: {what}"), runbook, see).since(Some(since));
    Some(Attention { updates: Some(count), reason: Some(reason.to_owned()), ..attention })
}

fn breaker(name: &str, state: BreakerState, changes: &[BreakerChange]) -> Option<Attention> {
    let next = match state {
        BreakerState::Closed => return None,
        BreakerState::Open { next_probe: Duration::ZERO } => "the next request is the probe".to_owned(),
        BreakerState::Open { next_probe } => format!("next probe in {}", rounded_up(next_probe)),
        BreakerState::HalfOpen => "a probe is under way".to_owned(),
    };
    let since = changes.iter().take_while(|change| change.state != "closed").last().map(|change| change.at);
    let what = format!("{name}: left alone after too many failures; {next}");
    Some(Attention::bad(what, "docs/runbook.md#switchboardbreakeropen", page("vendor", "name", name)).since(since))
}

fn paused(name: &str, left: Duration) -> Attention {
    let what = format!("{name}: has asked for a pause, {} left", rounded_up(left));
    Attention::warning(what, "docs/runbook.md#vendor_rate_limited", page("vendor", "name", name))
}

fn waiting(name: &str, waiting: usize, max: usize) -> Option<Attention> {
    let share = waiting as f64 / (max.max(1)) as f64;
    let severity = if share >= NEARLY_FULL { Severity::Bad } else { Severity::Warning };
    let what = format!("{name}: {waiting} of at most {max} requests wait");
    (share > MANY_WAIT).then(|| {
        Attention::new(severity, what, "docs/runbook.md#switchboardvendorqueueing", page("vendor", "name", name))
    })
}

fn drift(name: &str, differences: u64) -> Option<Attention> {
    let what = format!("{name}: answers differ from its documentation in {}", counted(differences, "place"));
    (differences > 0).then(|| Attention {
        advice: Some("see --json".to_owned()),
        ..Attention::warning(what, "docs/runbook.md#switchboarddrift", page("drift", "vendor", name))
    })
}

#[cfg(test)]
mod tests;
