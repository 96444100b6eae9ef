//! Every metric that this gateway has: one row each, and nowhere else.
//!
//! The rows are the metadata of `GET /metrics`, the table in docs/observability.md, and what the rules and the
//! dashboard in deploy/ are held against.

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows, from 0 at the start of the process.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Observations, counted by size.
    Histogram,
}

impl Kind {
    /// The word as in the exposition.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One metric with all its series.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// The whole name, for counters with `_total`.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// The names of its labels, in the order of their values.
    pub labels: &'static [&'static str],
    /// What it says, as a sentence.
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
        "Requests to the API that are over, by how they ended; `vendor` is empty where none was involved, `fault` where nothing went wrong. Status 499 stands for a caller who left.";
    REQUEST_DURATION "switchboard_request_duration_seconds" Histogram ["route", "vendor"]
        "Time from a request's head to its end.";
    VENDOR_DURATION "switchboard_vendor_duration_seconds" Histogram ["vendor"]
        "Time that an update spent with the vendor, summed over its attempts.";
    QUEUE_DURATION "switchboard_queue_duration_seconds" Histogram ["vendor"]
        "Time that an update waited for its turn, for a rate, a pause or a slot, and between attempts.";
    OVERHEAD_DURATION "switchboard_overhead_duration_seconds" Histogram ["vendor"]
        "Time that an update spent in this gateway: the total without vendor and queue, and without the caller's time to send the body.";
    REQUESTS_IN_FLIGHT "switchboard_requests_in_flight" Gauge []
        "Requests being handled at this moment, updates whose callers have gone among them.";
    REQUESTS_IN_FLIGHT_LIMIT "switchboard_requests_in_flight_limit" Gauge []
        "How many requests may be handled at once: `server.max_in_flight`.";
    CLIENT_RATE_LIMITED "switchboard_rate_limited_total" Counter ["client"]
        "Requests refused because a client exceeded its `rate_limit`.";
    AUTHENTICATION_FAILURES "switchboard_authentication_failures_total" Counter ["answer"]
        "Requests to either listener without a key or token that is known, by what they were told: unauthenticated, or rate_limited from `auth.failed_attempts` on.";
    FIELDS_DROPPED "switchboard_fields_dropped_total" Counter ["vendor", "field"]
        "Fields left out of updates because the vendor cannot express them; names that are no canonical fields count as `unknown`.";

    VENDOR_IN_FLIGHT "switchboard_vendor_requests_in_flight" Gauge ["vendor"]
        "Requests to the vendor being sent, retried or answered at this moment.";
    VENDOR_IN_FLIGHT_LIMIT "switchboard_vendor_requests_in_flight_limit" Gauge ["vendor"]
        "How many of them there may be: the vendor's `max_in_flight`.";
    VENDOR_WAITING "switchboard_vendor_requests_waiting" Gauge ["vendor"]
        "Requests waiting for the vendor at this moment, for whatever reason.";
    VENDOR_WAITING_LIMIT "switchboard_vendor_requests_waiting_limit" Gauge ["vendor"]
        "How many of them there may be: the vendor's `max_waiting`.";
    VENDOR_ATTEMPTS "switchboard_vendor_attempts_total" Counter ["vendor"]
        "Requests sent to the vendor, retries and catalogs included.";
    VENDOR_RETRIES "switchboard_vendor_retries_total" Counter ["vendor"]
        "Attempts after the first of a request.";
    VENDOR_RETRIES_WITHHELD "switchboard_vendor_retries_withheld_total" Counter ["vendor"]
        "Retries that were not made because the retry budget was used up.";
    VENDOR_RETRY_BUDGET "switchboard_vendor_retry_budget" Gauge ["vendor"]
        "Retries that could be made at this moment.";
    VENDOR_RECONNECTS "switchboard_vendor_reconnects_total" Counter ["vendor"]
        "Stale idle connections replaced without an attempt being lost.";
    VENDOR_HANDED_OVER "switchboard_vendor_handed_over_total" Counter ["vendor"]
        "Updates finished in the background because their callers had gone.";
    VENDOR_FAILURES "switchboard_vendor_failures_total" Counter ["vendor", "kind"]
        "Requests that ended without a vendor's answer, by what went wrong.";
    VENDOR_BREAKER_STATE "switchboard_vendor_breaker_state" Gauge ["vendor", "state"]
        "1 for the state that the vendor's breaker is in (closed, half_open, open), 0 for the others.";
    VENDOR_PAUSE "switchboard_vendor_pause_seconds" Gauge ["vendor"]
        "What is left of the pause that the vendor asked for with a 429; 0 without one.";
    VENDOR_CONNECTIONS "switchboard_vendor_connections_open" Gauge ["vendor"]
        "Connections to the vendor, idle ones included.";
    VENDOR_CONNECTIONS_OPENED "switchboard_vendor_connections_opened_total" Counter ["vendor"]
        "Connections to the vendor opened so far.";

    CATALOG_AGE "switchboard_catalog_age_seconds" Gauge ["vendor", "catalog"]
        "How long ago the vendor's catalog was read; one that nobody uses is not refreshed.";
    CATALOG_TTL "switchboard_catalog_ttl_seconds" Gauge ["vendor"]
        "The age from which on a used catalog is refreshed: the vendor's `catalog_ttl`.";
    CATALOG_ENTRIES "switchboard_catalog_entries" Gauge ["vendor", "catalog"]
        "Entries of the vendor's catalog.";
    CATALOG_FAILURES "switchboard_catalog_read_failures_total" Counter ["vendor", "catalog"]
        "Reads and refreshes of the vendor's catalog that failed.";

    DRIFT "switchboard_drift_total" Counter ["vendor", "kind"]
        "Differences between the vendor's answers and its documentation, by kind; `/admin/status` says which.";

    CONFIG_GENERATION "switchboard_config_generation" Gauge []
        "The number of the configuration in force, counted from 1.";
    CONFIG_RELOADS "switchboard_config_reloads_total" Counter ["outcome"]
        "Reloads of the configuration, applied or refused.";
    CONFIG_LAST_RELOAD_OK "switchboard_config_last_reload_successful" Gauge []
        "1 if the last reload was applied or there was none, 0 if it was refused.";
    CONFIG_LAST_RELOAD_AT "switchboard_config_last_reload_success_timestamp_seconds" Gauge []
        "When the configuration in force was taken up, in seconds since 1970.";
    CERTIFICATE_EXPIRY "switchboard_certificate_expiry_timestamp_seconds" Gauge ["certificate"]
        "When the first certificate of a chain expires, in seconds since 1970, by the configuration key of the chain.";

    CONNECTIONS "switchboard_connections_open" Gauge ["listener"]
        "Callers' connections at this moment.";
    CONNECTIONS_LIMIT "switchboard_connections_limit" Gauge ["listener"]
        "How many of them there may be: `server.max_connections`.";
    CONNECTIONS_ACCEPTED "switchboard_connections_accepted_total" Counter ["listener"]
        "Callers' connections accepted so far.";
    CONNECTIONS_FAILED "switchboard_connections_failed_total" Counter ["listener", "reason"]
        "Connections that came to nothing (accept, tls_handshake, tls_timeout), and how often the limit kept others waiting (limit).";
    REQUESTS_REFUSED "switchboard_http_refused_total" Counter ["listener", "reason"]
        "Requests refused before they were read: malformed, head_timeout, uri_too_long, head_too_large.";

    LINES_LOST "switchboard_log_lines_lost_total" Counter ["log"]
        "Lines of the log and of the audit log that were lost because they could not be written in time.";
    LINES_FAILING "switchboard_log_failing" Gauge ["log"]
        "1 while nothing can be written to the log (log) or the audit log (audit), else 0; without a series while a log is off.";

    SPANS "switchboard_trace_spans_total" Counter ["outcome"]
        "Spans of traces, by whether the collector took them (exported) or they were lost (dropped).";

    BUILD_INFO "switchboard_build_info" Gauge ["version"]
        "Always 1; the version is in the label.";
    PROCESS_CPU "process_cpu_seconds_total" Counter []
        "Processor time of this process, user and system. Linux only, as the other process metrics are.";
    PROCESS_RESIDENT "process_resident_memory_bytes" Gauge []
        "Resident memory.";
    PROCESS_VIRTUAL "process_virtual_memory_bytes" Gauge []
        "Virtual memory.";
    PROCESS_THREADS "process_threads" Gauge []
        "Threads.";
    PROCESS_FDS "process_open_fds" Gauge []
        "Open file descriptors.";
    PROCESS_FDS_LIMIT "process_max_fds" Gauge []
        "How many file descriptors may be open.";
    PROCESS_START "process_start_time_seconds" Gauge []
        "When the process started, in seconds since 1970.";
}
