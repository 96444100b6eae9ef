//! The table of all metrics, with one row for each.
//!
//! `GET /metrics` and docs/metrics.md show these rows, and a test checks the alerts and the dashboard in deploy/ against
//! them.

/// The type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only increases; starts at 0 with the process.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Observations, counted by size.
    Histogram,
}

impl Kind {
    /// The name in the exposition.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric with all its series.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// The full name, with `_total` for counters.
    pub name: &'static str,
    /// The type.
    pub kind: Kind,
    /// The names of its labels, in the order in which values are given.
    pub labels: &'static [&'static str],
    /// The description, as a sentence.
    pub help: &'static str,
}

impl Family {
    /// The family called `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().copied().find(|family| family.name == name)
    }
}

macro_rules! families {
    ($($family:ident $name:literal $kind:ident [$($label:literal),*] $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $family: &Family =
                &Family { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help };
        )*

        /// Every family, in the order of the exposition.
        pub const ALL: &[&Family] = &[$($family),*];
    };
}

families! {
    REQUESTS "switchboard_requests_total" Counter ["route", "method", "vendor", "status", "reason", "fault"]
        "Finished requests to the API, by result; `vendor` is empty if none was involved, `fault` if the request succeeded. Status 499 means that the caller disconnected.";
    REQUEST_DURATION "switchboard_request_duration_seconds" Histogram ["route", "vendor"]
        "Time from the arrival of a request's head to its end.";
    VENDOR_DURATION "switchboard_vendor_duration_seconds" Histogram ["vendor"]
        "Time that an update spent with the vendor, all attempts together.";
    QUEUE_DURATION "switchboard_queue_duration_seconds" Histogram ["vendor"]
        "Time that an update waited: for its turn, a rate limit, a pause or a slot, and between attempts.";
    OVERHEAD_DURATION "switchboard_overhead_duration_seconds" Histogram ["vendor"]
        "Time that an update spent in the gateway: the total without the vendor, the queue and the time in which the caller sent the body.";
    REQUESTS_IN_FLIGHT "switchboard_requests_in_flight" Gauge []
        "Requests in progress, including updates whose callers have disconnected.";
    REQUESTS_IN_FLIGHT_LIMIT "switchboard_requests_in_flight_limit" Gauge []
        "Limit on requests in progress: `server.max_in_flight`.";
    CLIENT_RATE_LIMITED "switchboard_rate_limited_total" Counter ["client"]
        "Requests refused because a client exceeded its `rate_limit`.";
    AUTHENTICATION_FAILURES "switchboard_authentication_failures_total" Counter ["answer"]
        "Requests to either listener without a known key or token, by response: unauthenticated, or rate_limited above `auth.failed_attempts`.";
    FIELDS_DROPPED "switchboard_fields_dropped_total" Counter ["vendor", "field"]
        "Fields dropped from updates because the vendor does not support them; names that are no canonical fields count as `unknown`.";

    VENDOR_IN_FLIGHT "switchboard_vendor_requests_in_flight" Gauge ["vendor"]
        "Requests to the vendor in progress, including their retries.";
    VENDOR_IN_FLIGHT_LIMIT "switchboard_vendor_requests_in_flight_limit" Gauge ["vendor"]
        "Limit on requests to the vendor in progress: the vendor's `max_in_flight`.";
    VENDOR_WAITING "switchboard_vendor_requests_waiting" Gauge ["vendor"]
        "Requests waiting to be sent to the vendor, for any reason.";
    VENDOR_WAITING_LIMIT "switchboard_vendor_requests_waiting_limit" Gauge ["vendor"]
        "Limit on requests waiting for the vendor: the vendor's `max_waiting`.";
    VENDOR_ATTEMPTS "switchboard_vendor_attempts_total" Counter ["vendor"]
        "Attempts at the vendor, including retries and reads of catalogs.";
    VENDOR_RETRIES "switchboard_vendor_retries_total" Counter ["vendor"]
        "Attempts after the first of a request.";
    VENDOR_RETRIES_WITHHELD "switchboard_vendor_retries_withheld_total" Counter ["vendor"]
        "Retries not made because the retry budget was used up.";
    VENDOR_RETRY_BUDGET "switchboard_vendor_retry_budget" Gauge ["vendor"]
        "Retries that the retry budget allows at present.";
    VENDOR_RECONNECTS "switchboard_vendor_reconnects_total" Counter ["vendor"]
        "Stale idle connections replaced without counting an attempt.";
    VENDOR_HANDED_OVER "switchboard_vendor_handed_over_total" Counter ["vendor"]
        "Updates finished in the background because their callers had disconnected.";
    VENDOR_FAILURES "switchboard_vendor_failures_total" Counter ["vendor", "kind"]
        "Requests that ended without a response of the vendor, by reason.";
    VENDOR_BREAKER_STATE "switchboard_vendor_breaker_state" Gauge ["vendor", "state"]
        "1 for the present state of the vendor's circuit breaker (closed, half_open, open), 0 for the others.";
    VENDOR_PAUSE "switchboard_vendor_pause_seconds" Gauge ["vendor"]
        "Remaining time of the pause that the vendor requested with a 429; 0 without one.";
    VENDOR_CONNECTIONS "switchboard_vendor_connections_open" Gauge ["vendor"]
        "Open connections to the vendor, including idle ones.";
    VENDOR_CONNECTIONS_OPENED "switchboard_vendor_connections_opened_total" Counter ["vendor"]
        "Connections opened to the vendor.";

    CATALOG_AGE "switchboard_catalog_age_seconds" Gauge ["vendor", "catalog"]
        "Time since the vendor's catalog was read; an unused catalog is not refreshed.";
    CATALOG_TTL "switchboard_catalog_ttl_seconds" Gauge ["vendor"]
        "Age at which a catalog in use is refreshed: the vendor's `catalog_ttl`.";
    CATALOG_ENTRIES "switchboard_catalog_entries" Gauge ["vendor", "catalog"]
        "Number of entries in the vendor's catalog.";
    CATALOG_FAILURES "switchboard_catalog_read_failures_total" Counter ["vendor", "catalog"]
        "Failed reads and refreshes of the vendor's catalog.";

    DRIFT "switchboard_drift_total" Counter ["vendor", "kind"]
        "Differences between the vendor's responses and its documentation, by kind; `/admin/status` lists them.";

    CONFIG_GENERATION "switchboard_config_generation" Gauge []
        "Number of the configuration in use, counted from 1.";
    CONFIG_RELOADS "switchboard_config_reloads_total" Counter ["outcome"]
        "Reloads of the configuration, by outcome: applied or refused.";
    CONFIG_LAST_RELOAD_OK "switchboard_config_last_reload_successful" Gauge []
        "1 if the last reload was applied or there was none, 0 if it was refused.";
    CONFIG_LAST_RELOAD_AT "switchboard_config_last_reload_success_timestamp_seconds" Gauge []
        "When the configuration in use was applied, in seconds since 1970.";
    CERTIFICATE_EXPIRY "switchboard_certificate_expiry_timestamp_seconds" Gauge ["certificate"]
        "Earliest expiry of a certificate in a chain, in seconds since 1970, by the chain's configuration key.";

    CONNECTIONS "switchboard_connections_open" Gauge ["listener"]
        "Open connections of callers.";
    CONNECTIONS_LIMIT "switchboard_connections_limit" Gauge ["listener"]
        "Limit on connections of callers: `server.max_connections`.";
    CONNECTIONS_ACCEPTED "switchboard_connections_accepted_total" Counter ["listener"]
        "Accepted connections of callers.";
    CONNECTIONS_FAILED "switchboard_connections_failed_total" Counter ["listener", "reason"]
        "Connections that failed (accept, tls_handshake, tls_timeout), and how often connections had to wait because of the limit (limit).";
    REQUESTS_REFUSED "switchboard_http_refused_total" Counter ["listener", "reason"]
        "Requests refused before they were routed, by reason: malformed, head_timeout, uri_too_long, head_too_large.";

    LINES_LOST "switchboard_log_lines_lost_total" Counter ["log"]
        "Lines of the log and of the audit log that were lost because they could not be written in time.";
    LINES_FAILING "switchboard_log_failing" Gauge ["log"]
        "1 while the log (log) or the audit log (audit) cannot be written, otherwise 0; no series while it is off.";

    SPANS "switchboard_trace_spans_total" Counter ["outcome"]
        "Spans of traces: exported if the collector accepted them, dropped if they were lost.";

    BUILD_INFO "switchboard_build_info" Gauge ["version"]
        "Always 1; the version is in the label.";
    PROCESS_CPU "process_cpu_seconds_total" Counter []
        "CPU time of the process, user and system. Linux only, like the other process metrics.";
    PROCESS_RESIDENT "process_resident_memory_bytes" Gauge []
        "Resident memory.";
    PROCESS_VIRTUAL "process_virtual_memory_bytes" Gauge []
        "Virtual memory.";
    PROCESS_THREADS "process_threads" Gauge []
        "Threads.";
    PROCESS_FDS "process_open_fds" Gauge []
        "Open file descriptors.";
    PROCESS_FDS_LIMIT "process_max_fds" Gauge []
        "Limit on open file descriptors.";
    PROCESS_START "process_start_time_seconds" Gauge []
        "When the process started, in seconds since 1970.";
}
