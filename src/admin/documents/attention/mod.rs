//! What needs an operator's attention now: one sentence each, with since when, why, what to do and where to look.
//!
//! Each source is a function of its own, from what is known of it to a sentence, or to none while all is well.

mod gateway;
mod store;
mod vendor;

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::account::Account;
use crate::admin::Operator;
use crate::gateway::Gateway;
use crate::value::unix_seconds;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Callers notice it, or will when the process restarts.
    Bad,
    /// It may become bad, or should be known.
    Warning,
}

/// One thing that needs attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Attention {
    /// How bad it is.
    pub(crate) severity: Severity,
    /// One sentence, without a full stop.
    pub(crate) what: String,
    /// Since when, in seconds since 1970, where that is known.
    pub(crate) since: Option<u64>,
    /// How many updates in a row have failed so, where that is what is wrong.
    pub(crate) updates: Option<u64>,
    /// More of it, such as the problems of a configuration at their lines.
    pub(crate) details: Vec<String>,
    /// What to look at on the command line.
    pub(crate) advice: Option<String>,
    /// The vendor account that it is about.
    pub(crate) vendor: Option<String>,
    /// The reason, as in logs and metrics.
    pub(crate) reason: Option<String>,
    /// Where the documentation says what to do.
    pub(crate) runbook: &'static str,
    /// The console's page that shows more, relative to `/console/`.
    pub(crate) see: String,
}

impl Attention {
    fn new(severity: Severity, what: impl Into<String>, runbook: &'static str, see: impl Into<String>) -> Self {
        Self {
            severity,
            what: what.into(),
            since: None,
            updates: None,
            details: Vec::new(),
            advice: None,
            vendor: None,
            reason: None,
            runbook,
            see: see.into(),
        }
    }

    fn bad(what: impl Into<String>, runbook: &'static str, see: impl Into<String>) -> Self {
        Self::new(Severity::Bad, what, runbook, see)
    }

    fn warning(what: impl Into<String>, runbook: &'static str, see: impl Into<String>) -> Self {
        Self::new(Severity::Warning, what, runbook, see)
    }

    fn since(self, since: Option<u64>) -> Self {
        Self { since, ..self }
    }
}

/// Everything that needs attention, the worst first.
pub(crate) async fn attention(operator: &Operator) -> Vec<Attention> {
    let now = unix_seconds();
    let mut all = gateway::sources(operator, now);
    all.extend(store::sources(operator, now).await);
    all.extend(vendor::sources(operator));
    all.sort_by_key(|attention| attention.severity);
    all
}

/// What needs attention at one vendor account.
pub(crate) fn vendor_attention(gateway: &Gateway, account: &Account) -> Vec<Attention> {
    vendor::of_account(gateway, account).collect()
}

/// A page of the console with one parameter.
fn page(address: &str, name: &str, value: &str) -> String {
    format!("{address}?{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
}

/// Whole seconds, at least those given.
fn rounded_up(duration: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(Duration::from_secs(duration.as_secs_f64().ceil() as u64))
}

/// `1 update`, `2 updates`.
fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

#[cfg(test)]
impl Attention {
    /// An account that refuses our token.
    pub(crate) fn example() -> Self {
        let runbook = "docs/runbook.md#switchboardcredentialsrejected";
        let attention = Self::bad("sondos: refuses our token", runbook, page("requests", "vendor", "sondos"));
        Self { updates: Some(3), vendor: Some("sondos".to_owned()), ..attention.since(Some(77)) }
    }
}

#[cfg(test)]
mod tests {
    /// The sources' files, which name the entries of the runbook that they lead to.
    const SOURCES: [&str; 3] = [include_str!("gateway.rs"), include_str!("store.rs"), include_str!("vendor.rs")];

    #[test]
    fn every_entry_of_the_runbook_that_a_source_names_is_there() {
        let mut found = 0;
        for rest in SOURCES.iter().flat_map(|source| source.split("\"docs/runbook.md#").skip(1)) {
            let entry = rest.split('"').next().unwrap();
            crate::admin::documents::runbook::runbook(Some(&format!("entry={entry}"))).unwrap();
            found += 1;
        }
        assert!(found > 15, "{found}");
    }
}
