//! Metrics of requests: counts, durations, dropped fields.

use crate::problem::Code;
use crate::telemetry::metrics::{AccountMetrics, Exposition, Histogram, Labels, Series, family};

use super::Sources;

pub(super) fn write(sources: &Sources<'_>, to: &mut Exposition) {
    counts(sources, to);
    durations(sources, to);
    to.family(family::REQUESTS_IN_FLIGHT).value(sources.in_flight);
    to.family(family::REQUESTS_IN_FLIGHT_LIMIT).value(sources.gateway.max_in_flight);
    let mut limited = to.family(family::CLIENT_RATE_LIMITED);
    for (client, refused) in sources.gateway.clients.refused() {
        limited.labelled(&[client], refused);
    }
    let (failed, refused) = sources.gateway.failed_attempts.counts();
    let mut failures = to.family(family::AUTHENTICATION_FAILURES);
    failures.labelled(&[Code::Unauthenticated.as_str()], failed.saturating_sub(refused));
    failures.labelled(&[Code::RateLimited.as_str()], refused);
    let mut dropped = to.family(family::FIELDS_DROPPED);
    for (account, meters) in by_name(sources) {
        for (field, count) in meters.drops() {
            dropped.labelled(&[account, field], count);
        }
    }
}

fn counts(sources: &Sources<'_>, to: &mut Exposition) {
    let mut requests = to.family(family::REQUESTS);
    let mut write = |vendor: &str, labels: Option<Labels>, count: u64| {
        let Some(labels) = labels else {
            return requests.labelled(&["none", "other", vendor, "0", "other", ""], count);
        };
        let (status, reason, fault) = (labels.status.to_string(), labels.reason(), labels.fault());
        requests.labelled(&[labels.route(), labels.method(), vendor, &status, reason, fault], count);
    };
    sources.telemetry.metrics().requests.requests().for_each(|(labels, count)| write("", labels, count));
    for (account, meters) in by_name(sources) {
        meters.requests.requests().for_each(|(labels, count)| write(account, labels, count));
    }
}

/// The accounts' meters in the order of their names.
fn by_name<'a>(sources: &Sources<'a>) -> Vec<(&'a str, &'a AccountMetrics)> {
    let mut all: Vec<_> = sources.gateway.meters.iter().map(|(name, meters)| (&**name, &**meters)).collect();
    all.sort_unstable_by_key(|(name, _)| *name);
    all
}

fn durations(sources: &Sources<'_>, to: &mut Exposition) {
    let mut total = to.family(family::REQUEST_DURATION);
    for (route, observed) in sources.telemetry.metrics().requests.durations() {
        total.histogram(&[route, ""], &observed);
    }
    let accounts = by_name(sources);
    for (account, meters) in &accounts {
        for (route, observed) in meters.requests.durations() {
            total.histogram(&[route, account], &observed);
        }
    }
    histograms(&accounts, to.family(family::VENDOR_DURATION), |meters| &meters.vendor);
    histograms(&accounts, to.family(family::QUEUE_DURATION), |meters| &meters.queue);
    histograms(&accounts, to.family(family::OVERHEAD_DURATION), |meters| &meters.overhead);
}

fn histograms(accounts: &[(&str, &AccountMetrics)], mut series: Series<'_>, of: fn(&AccountMetrics) -> &Histogram) {
    accounts.iter().for_each(|(account, meters)| series.histogram(&[account], &of(meters).snapshot()));
}
