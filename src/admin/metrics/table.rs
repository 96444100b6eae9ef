//! The table of all metrics, with one row for each: description, name, type, labels, and what writes its series.
//!
//! `GET /metrics` and docs/metrics.md show these rows, and a test checks deploy/ against them.

use prometheus_client::metrics::MetricType;

use crate::problem::Code;
use crate::upstream::BreakerState;

use super::Metric;

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $name:literal $kind:ident [$($label:literal),*] => $write:expr;)*) => {
        /// Every metric, in the order of the exposition.
        pub static METRICS: &[Metric] = &[$(Metric {
            name: $name,
            kind: MetricType::$kind,
            labels: &[$($label),*],
            help: concat!($($help),+).trim_ascii_start(),
            write: $write,
        }),*];
    };
}

metrics! {
    /// Finished requests to the API, by result; `vendor` is empty if none was involved, `fault` if the request
    /// succeeded, `operation` for discovery and documentation. Status 499 means that the caller disconnected.
    "switchboard_requests_total" Counter ["route", "operation", "method", "vendor", "status", "reason", "fault"] => |mut to| {
        to.state.requests().try_for_each(|(vendor, requests)| {
            let counts = requests.counts.read();
            counts.iter().try_for_each(|(labels, count)| to.add_metric(&(labels.clone(), [("vendor", vendor)]), count))
        })
    };
    /// Time from the arrival of a request's head to its end.
    "switchboard_request_duration_seconds" Histogram ["route", "operation", "vendor"] => |mut to| {
        to.state.requests().try_for_each(|(vendor, requests)| {
            requests.durations.read().iter().try_for_each(|((route, operation), durations)| {
                to.add_metric(&[("route", *route), ("operation", *operation), ("vendor", vendor)], &durations.0)
            })
        })
    };
    /// Time that a request or a delivery spent with the vendor, all attempts together.
    "switchboard_vendor_duration_seconds" Histogram ["vendor", "operation"] => |to| to.each_durations(|meters| &meters.vendor);
    /// Time that a request waited: for its turn, a rate limit, a pause or a slot, and between attempts.
    "switchboard_queue_duration_seconds" Histogram ["vendor", "operation"] => |to| to.each_durations(|meters| &meters.queue);
    /// Time that a request spent in the gateway: the total without the vendor, the queue and the time in which the
    /// caller sent the body.
    "switchboard_overhead_duration_seconds" Histogram ["vendor", "operation"] => |to| to.each_durations(|meters| &meters.overhead);
    /// Requests in progress, including updates whose callers have disconnected.
    "switchboard_requests_in_flight" Gauge [] => |mut to| to.add(&[], to.state.sources.api.in_flight());
    /// Limit on requests in progress: `server.max_in_flight`.
    "switchboard_requests_in_flight_limit" Gauge [] => |mut to| to.add(&[], to.state.gateway.max_in_flight);
    /// Requests refused because a client exceeded its `rate_limit`.
    "switchboard_rate_limited_total" Counter ["client"] => |mut to| {
        to.state.gateway.clients.refused().into_iter().try_for_each(|(client, count)| to.add(&[client], count))
    };
    /// Requests to either listener without a known key or token, by response: unauthenticated, or rate_limited above
    /// `auth.failed_attempts`.
    "switchboard_authentication_failures_total" Counter ["answer"] => |mut to| {
        let (failed, refused) = to.state.gateway.failed_attempts.counts();
        to.add(&[Code::Unauthenticated.as_str()], failed.saturating_sub(refused))?;
        to.add(&[Code::RateLimited.as_str()], refused)
    };
    /// Fields dropped from updates because the vendor does not support them; names that are no canonical fields count
    /// as `unknown`.
    "switchboard_fields_dropped_total" Counter ["vendor", "field"] => |to| {
        to.each_of(|one| one.meters.dropped.read().collect::<Vec<_>>())
    };

    /// Requests to the vendor in progress, including their retries.
    "switchboard_vendor_requests_in_flight" Gauge ["vendor"] => |to| to.each(|one| one.snapshot.in_flight);
    /// Limit on requests to the vendor in progress: the vendor's `max_in_flight`.
    "switchboard_vendor_requests_in_flight_limit" Gauge ["vendor"] =>
        |to| to.each(|one| one.account.limits.max_in_flight);
    /// Requests waiting to be sent to the vendor, for any reason.
    "switchboard_vendor_requests_waiting" Gauge ["vendor"] => |to| to.each(|one| one.snapshot.waiting);
    /// Limit on requests waiting for the vendor: the vendor's `max_waiting`.
    "switchboard_vendor_requests_waiting_limit" Gauge ["vendor"] => |to| to.each(|one| one.account.limits.max_waiting);
    /// Attempts at the vendor, including retries and reads of catalogs.
    "switchboard_vendor_attempts_total" Counter ["vendor"] => |to| to.each(|one| one.snapshot.attempts);
    /// Attempts after the first of a request.
    "switchboard_vendor_retries_total" Counter ["vendor"] => |to| to.each(|one| one.snapshot.retries);
    /// Retries not made because the retry budget was used up.
    "switchboard_vendor_retries_withheld_total" Counter ["vendor"] => |to| to.each(|one| one.snapshot.retries_withheld);
    /// Retries that the retry budget allows at present.
    "switchboard_vendor_retry_budget" Gauge ["vendor"] => |to| to.each(|one| one.snapshot.retry_budget);
    /// Stale idle connections replaced without counting an attempt.
    "switchboard_vendor_reconnects_total" Counter ["vendor"] => |to| to.each(|one| one.snapshot.reconnects);
    /// Updates finished in the background because their callers had disconnected.
    "switchboard_vendor_handed_over_total" Counter ["vendor"] => |to| to.each(|one| one.snapshot.handed_over);
    /// Requests that ended without a response of the vendor, by reason.
    "switchboard_vendor_failures_total" Counter ["vendor", "kind"] => |to| to.each_of(|one| one.snapshot.failures);
    /// 1 for the present state of the vendor's circuit breaker (closed, half_open, open), 0 for the others.
    "switchboard_vendor_breaker_state" Gauge ["vendor", "state"] => |to| {
        to.each_of(|one| {
            let present = match one.snapshot.breaker {
                BreakerState::Closed => "closed",
                BreakerState::HalfOpen => "half_open",
                BreakerState::Open { .. } => "open",
            };
            ["closed", "half_open", "open"].map(|state| (state, u64::from(state == present)))
        })
    };
    /// Remaining time of the pause that the vendor requested with a 429 or a 503; 0 without one.
    "switchboard_vendor_pause_seconds" Gauge ["vendor"] =>
        |to| to.each(|one| one.snapshot.paused.unwrap_or_default().as_secs_f64());
    /// Open connections to the vendor, including idle ones.
    "switchboard_vendor_connections_open" Gauge ["vendor"] =>
        |to| to.each(|one| one.snapshot.connected.saturating_sub(one.snapshot.disconnected));
    /// Connections opened to the vendor.
    "switchboard_vendor_connections_opened_total" Counter ["vendor"] => |to| to.each(|one| one.snapshot.connected);

    /// Time since the vendor's catalog was read; an unused catalog is not refreshed.
    "switchboard_catalog_age_seconds" Gauge ["vendor", "catalog"] => |to| {
        to.each_of(|one| one.account.live.ages().map(|(kind, age, _)| (kind.as_str(), age.as_secs_f64())))
    };
    /// Age at which a catalog in use is refreshed: the vendor's `catalog_ttl`.
    "switchboard_catalog_ttl_seconds" Gauge ["vendor"] => |to| to.each(|one| one.account.live.ttl().as_secs_f64());
    /// Number of entries in the vendor's catalog.
    "switchboard_catalog_entries" Gauge ["vendor", "catalog"] =>
        |to| to.each_of(|one| one.account.live.ages().map(|(kind, _, entries)| (kind.as_str(), entries)));
    /// Failed reads and refreshes of the vendor's catalog.
    "switchboard_catalog_read_failures_total" Counter ["vendor", "catalog"] =>
        |to| to.each_of(|one| {
            let documented = |kind| one.account.dialect.catalog(kind).is_some();
            let failures = one.account.live.failures().filter(move |(kind, _)| documented(*kind));
            failures.map(|(kind, count)| (kind.as_str(), count))
        });

    /// Differences between the vendor's responses and its documentation, by kind; `/admin/status` lists them.
    "switchboard_drift_total" Counter ["vendor", "kind"] =>
        |to| to.each_of(|one| one.account.drift.counts().map(|(kind, count)| (kind.as_str(), count)));

    /// Asynchronous changes that wait for delivery, by state: queued, sending, and held for dead ones that hold up their
    /// assistants. Metrics of changes, the store and callbacks have series only with a `[store]`.
    "switchboard_changes_waiting" Gauge ["vendor", "state"] => |to| to.depths();
    /// Limit on changes that wait, of all vendors together: `queue.max_total`.
    "switchboard_changes_waiting_limit" Gauge [] => |mut to| match &to.state.stored {
        Some(_) => to.add(&[], to.state.gateway.queue.max_total),
        None => Ok(()),
    };
    /// Age of the oldest change that waits; 0 if none does.
    "switchboard_changes_oldest_age_seconds" Gauge ["vendor"] => |to| to.oldest();
    /// Recorded changes that ended, synchronous ones too, by final state.
    "switchboard_changes_ended_total" Counter ["vendor", "operation", "state"] => |to| to.ended();
    /// Deliveries of waiting changes that failed and are tried again, by reason: the words of `switchboard_requests_total`.
    "switchboard_deliveries_failed_total" Counter ["vendor", "reason"] => |to| to.deliveries_failed();
    /// Time that a commit of the store took.
    "switchboard_store_commit_duration_seconds" Histogram [] => |to| to.commits();
    /// Commits of the store that failed.
    "switchboard_store_commits_failed_total" Counter [] => |to| to.stored(|stored| stored.figures.failures);
    /// 1 while the last commit of the store is one that failed, otherwise 0.
    "switchboard_store_failing" Gauge [] => |to| to.stored(|stored| u64::from(stored.figures.failing.is_some()));
    /// Statements that wait for the store.
    "switchboard_store_statements_waiting" Gauge [] => |to| to.stored(|stored| stored.figures.waiting);
    /// Size of the store on disk.
    "switchboard_store_size_bytes" Gauge [] => |to| to.stored(|stored| stored.figures.bytes);
    /// Whether the store that gateways share has answered within the last two seconds; no series otherwise.
    "switchboard_store_up" Gauge [] => |to| to.shared(|replica| u64::from(replica.silent_seconds < 2.0));
    /// Whether this gateway's session is fresh, so that it may send changes.
    "switchboard_session_fresh" Gauge [] => |to| to.shared(|replica| u64::from(replica.fresh));
    /// Gateways that share the store, as of the last beat.
    "switchboard_replicas" Gauge [] => |to| to.shared(|replica| replica.replicas.len());
    /// Gateways without a sign of life that this one has removed.
    "switchboard_takeovers_total" Counter [] => |to| to.shared(|replica| replica.removed);
    /// Assistants whose waiting changes this gateway has taken over from another, or from an earlier process.
    "switchboard_lines_adopted_total" Counter [] => |to| to.shared(|replica| replica.adopted);
    /// Sessions that this gateway has lost: it was silent for too long, or the database failed over.
    "switchboard_sessions_lost_total" Counter [] => |to| to.shared(|replica| replica.sessions_lost);
    /// Callbacks that wait to be tried.
    "switchboard_callbacks_waiting" Gauge [] => |to| to.stored(|stored| stored.figures.callbacks_waiting);
    /// Callbacks that were given up after their last try.
    "switchboard_callbacks_given_up_total" Counter [] => |to| to.stored(|stored| stored.figures.callbacks_given_up);

    /// 1 while limits, pauses, breaker openings and catalogs are shared with the other replicas, 0 while the store does not
    /// answer and this replica keeps its equal share of every limit. Only with a store that replicas share.
    "switchboard_limits_shared" Gauge [] => |mut to| match to.state.sources.reloader.shares_limits() {
        Some(is_shared) => to.add(&[], u64::from(is_shared)),
        None => Ok(()),
    };

    /// Number of the configuration in use, counted from 1.
    "switchboard_config_generation" Gauge [] => |mut to| to.add(&[], to.state.gateway.generation);
    /// Reloads of the configuration, by outcome: applied or refused.
    "switchboard_config_reloads_total" Counter ["outcome"] => |mut to| {
        to.add(&["applied"], to.state.history.applied)?;
        to.add(&["refused"], to.state.history.refused)
    };
    /// 1 if the last reload was applied or there was none, 0 if it was refused.
    "switchboard_config_last_reload_successful" Gauge [] =>
        |mut to| to.add(&[], u64::from(to.state.history.outcomes.front().is_none_or(|last| last.applied)));
    /// When the configuration in use was applied, in seconds since 1970.
    "switchboard_config_last_reload_success_timestamp_seconds" Gauge [] =>
        |mut to| to.add(&[], to.state.history.in_force_since);
    /// Earliest expiry of a certificate in a chain, in seconds since 1970, by the chain's configuration key.
    "switchboard_certificate_expiry_timestamp_seconds" Gauge ["certificate"] => |mut to| {
        let mut chains = to.state.gateway.certificates.iter();
        chains.try_for_each(|chain| to.add(&[&chain.key], chain.not_after as f64))
    };

    /// Open connections of callers.
    "switchboard_connections_open" Gauge ["listener"] =>
        |mut to| to.state.listeners().iter().try_for_each(|(name, meters)| to.add(&[name], meters.open()));
    /// Limit on connections of callers: `server.max_connections`, or fewer where the process may not open so many files.
    "switchboard_connections_limit" Gauge ["listener"] =>
        |mut to| to.state.listeners().iter().try_for_each(|(name, meters)| to.add(&[name], meters.limit()));
    /// Accepted connections of callers.
    "switchboard_connections_accepted_total" Counter ["listener"] =>
        |mut to| to.state.listeners().iter().try_for_each(|(name, meters)| to.add(&[name], meters.accepted.get()));
    /// Connections that failed (accept, tls_handshake, tls_timeout), and how often connections had to wait because of
    /// the limit (limit).
    "switchboard_connections_failed_total" Counter ["listener", "reason"] => |mut to| {
        to.state.listeners().iter().try_for_each(|(name, meters)| {
            to.add(&[name, "accept"], meters.accept_failed.get())?;
            to.add(&[name, "tls_handshake"], meters.handshake_failed.get())?;
            to.add(&[name, "tls_timeout"], meters.handshake_late.get())?;
            to.add(&[name, "limit"], meters.limit_reached.get())
        })
    };
    /// Requests refused before they were routed, by reason: malformed, head_timeout, uri_too_long, head_too_large.
    "switchboard_http_refused_total" Counter ["listener", "reason"] => |mut to| {
        to.state.listeners().iter().try_for_each(|(name, meters)| {
            meters.rejected().try_for_each(|(reason, count)| to.add(&[name, reason], count))
        })
    };

    /// Lines of the log and of the audit log that were lost because they could not be written in time.
    "switchboard_log_lines_lost_total" Counter ["log"] =>
        |mut to| to.state.logs().try_for_each(|(name, health)| to.add(&[name], health.lost));
    /// 1 while the log (log) or the audit log (audit) cannot be written, otherwise 0; no series while it is off.
    "switchboard_log_failing" Gauge ["log"] =>
        |mut to| to.state.logs().try_for_each(|(name, health)| to.add(&[name], u64::from(health.failing.is_some())));

    /// Spans of traces: exported if the collector accepted them, dropped if they were lost.
    "switchboard_trace_spans_total" Counter ["outcome"] => |mut to| {
        to.state.health.traces.iter().try_for_each(|spans| {
            to.add(&["exported"], spans.exported)?;
            to.add(&["dropped"], spans.dropped)
        })
    };

    /// Always 1; the version is in the label.
    "switchboard_build_info" Gauge ["version"] => |mut to| to.add(&[env!("CARGO_PKG_VERSION")], 1_u64);
    /// CPU time of the process, user and system. Linux only, like the other process metrics.
    "process_cpu_seconds_total" Counter [] => |to| to.process();
    /// Resident memory.
    "process_resident_memory_bytes" Gauge [] => |to| to.process();
    /// Virtual memory.
    "process_virtual_memory_bytes" Gauge [] => |to| to.process();
    /// Threads.
    "process_threads" Gauge [] => |to| to.process();
    /// Open file descriptors.
    "process_open_fds" Gauge [] => |to| to.process();
    /// Limit on open file descriptors.
    "process_max_fds" Gauge [] => |to| to.process();
    /// When the process started, in seconds since 1970.
    "process_start_time_seconds" Gauge [] => |to| to.process();
}
