//! What needs attention of the gateway itself: configuration, logs, certificates, callers.

use std::path::Path;

use crate::access::FailedAttempts;
use crate::admin::Operator;
use crate::gateway::CertificateExpiry;
use crate::reload::{ReloadProblem, ReloadResult};
use crate::telemetry::TelemetryHealth;

use super::{Attention, counted};

/// How many problems of a refused configuration are shown.
const MAX_PROBLEMS: usize = 2;
const DAY: i64 = 86_400;
/// The days before its end from which on a certificate is shown, and from which on that is bad.
const EXPIRES_SOON: i64 = 30 * DAY;
const EXPIRES_NOW: i64 = 2 * DAY;
/// How long a failed authentication over the limit is shown.
const LIMITED_SECONDS: u64 = 5 * 60;
/// The share of places from which on they are nearly all taken.
const NEARLY_FULL: f64 = 0.8;

pub(super) fn sources(operator: &Operator, now: u64) -> Vec<Attention> {
    let (gateway, reloader) = (operator.gateway(), operator.reloader());
    let history = reloader.history();
    let mut all = Vec::new();
    if let Some(last) = history.outcomes.front() {
        all.extend(refused(last, reloader.file().as_deref()));
        all.extend(needs_restart(last));
    }
    all.extend(writers(&reloader.telemetry().health()));
    all.extend(gateway.certificates.iter().filter_map(|certificate| expiring(certificate, now)));
    all.extend(saturated(operator.api().in_flight(), gateway.max_in_flight));
    all.extend(failed_authentication(&gateway.failed_attempts, now));
    all.extend(not_shared(reloader.shares_limits()));
    all
}

fn refused(last: &ReloadResult, config: Option<&Path>) -> Option<Attention> {
    let config = config.map(|path| format!(" --config {}", path.display())).unwrap_or_default();
    let what = "the last reload was refused, the old configuration is in force";
    (!last.applied).then(|| Attention {
        details: last.problems.iter().take(MAX_PROBLEMS).map(problem).collect(),
        advice: Some(format!("see `switchboard check{config}`")),
        ..Attention::bad(what, "docs/runbook.md#switchboardreloadrefused", "config").since(Some(last.at))
    })
}

/// A problem of a configuration in one line.
fn problem(problem: &ReloadProblem) -> String {
    let place = match (&problem.file, &problem.variable) {
        (Some(file), _) => {
            let [line, column] = [problem.line, problem.column].map(|number| number.unwrap_or(1));
            format!("{file}:{line}:{column}: ")
        }
        (None, Some(variable)) => format!("{variable}: "),
        (None, None) => String::new(),
    };
    let help = problem.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
    format!("{place}{}{help}", problem.message)
}

fn needs_restart(last: &ReloadResult) -> Option<Attention> {
    let what = || format!("waits for a restart: {}", last.needs_restart.join(", "));
    (!last.needs_restart.is_empty()).then(|| {
        Attention::warning(what(), "docs/operating.md#7-change-it-while-it-runs", "config").since(Some(last.at))
    })
}

fn writers(health: &TelemetryHealth) -> Vec<Attention> {
    let mut all = Vec::new();
    let lines = [
        ("log", &health.log, "docs/runbook.md#switchboardloglineslost"),
        ("audit", &health.audit, "docs/runbook.md#switchboardauditfailing"),
    ];
    for (name, health, runbook) in lines {
        let Some(health) = health else { continue };
        if let Some(why) = &health.failing {
            all.push(Attention::bad(format!("the {name} cannot be written: {why}"), runbook, ""));
        }
        if health.lost > 0 {
            let what = format!("{} lines of the {name} are lost", health.lost);
            all.push(Attention::warning(what, "docs/runbook.md#switchboardloglineslost", ""));
        }
    }
    if let Some(dropped) = health.traces.as_ref().map(|spans| spans.dropped).filter(|dropped| *dropped > 0) {
        let what = format!("{} of the traces are lost", counted(dropped, "span"));
        all.push(Attention::warning(what, "docs/observability.md#traces", ""));
    }
    all
}

fn expiring(certificate: &CertificateExpiry, now: u64) -> Option<Attention> {
    let left = certificate.not_after - i64::try_from(now).unwrap_or(i64::MAX);
    let key = &certificate.key;
    let (soon, expired) =
        ("docs/runbook.md#switchboardcertificateexpiring", "docs/runbook.md#switchboardcertificateexpired");
    Some(match left {
        ..=0 => {
            let at = u64::try_from(certificate.not_after).ok();
            Attention::bad(format!("the certificate of {key} has expired"), expired, "config").since(at)
        }
        1..=EXPIRES_NOW => {
            let hours = u64::try_from(left / 3600).unwrap_or_default();
            Attention::bad(format!("the certificate of {key} expires in {}", counted(hours, "hour")), expired, "config")
        }
        _ if left <= EXPIRES_SOON => {
            let days = left / DAY;
            Attention::warning(format!("the certificate of {key} expires in {days} days"), soon, "config")
        }
        _ => return None,
    })
}

fn saturated(in_flight: usize, max: usize) -> Option<Attention> {
    let what = || format!("{in_flight} of at most {max} requests are in flight");
    let is_full = in_flight as f64 > NEARLY_FULL * max as f64;
    is_full.then(|| Attention::bad(what(), "docs/runbook.md#switchboardsaturated", "requests"))
}

fn failed_authentication(attempts: &FailedAttempts, now: u64) -> Option<Attention> {
    let at = attempts.limited_at().filter(|at| now.saturating_sub(*at) < LIMITED_SECONDS)?;
    let (failed, limited) = attempts.counts();
    let what = format!(
        "failed authentication is being limited: {} since the start, {limited} of them over the limit",
        counted(failed, "attempt")
    );
    let see = super::page("requests", "reason", "unauthenticated");
    let attention = Attention::warning(what, "docs/runbook.md#unauthenticated", see).since(Some(at));
    Some(Attention { reason: Some("unauthenticated".to_owned()), ..attention })
}

fn not_shared(shared: Option<bool>) -> Option<Attention> {
    let what = "limits are not shared: the store does not answer, and each replica keeps an equal part of them";
    (shared == Some(false)).then(|| Attention::warning(what, "docs/runbook.md#switchboardlimitsnotshared", "replicas"))
}

#[cfg(test)]
mod tests;
