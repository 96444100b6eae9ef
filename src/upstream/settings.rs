//! The settings of a stack: plain values, validated when the configuration is read.

use std::{sync::Arc, time::Duration};

use http::Uri;
use rustls::pki_types::ServerName;

use crate::value::RateSettings;

/// The settings of one account's stack. A change means a new stack.
#[derive(Clone, Debug)]
pub struct StackSettings {
    /// The account's name; stacks of the same name share locks and counters (see [`super::Tasks`]).
    pub name: Arc<str>,
    /// The vendor's base URL, without a trailing slash.
    pub base_url: Uri,
    /// The timeout of an attempt, from taking a connection to the last byte of the response.
    pub timeout: Duration,
    /// How long DNS, TCP and TLS together may take.
    pub connect_timeout: Duration,
    /// The age from which on a connection gets no more requests; zero for none.
    pub max_connection_age: Duration,
    /// Requests in flight at the same time, retries included; at least 1.
    pub max_in_flight: usize,
    /// Requests waiting at the same time: for their lock, a pause, the rate limit or the in-flight limit.
    pub max_waiting: usize,
    /// How long the next update of an assistant waits after an attempt without a trustworthy response.
    pub settle_after_unknown: Duration,
    /// The rate limit of the account, if it has one.
    pub rate_limit: Option<RateSettings>,
    /// When and how often to retry.
    pub retry: RetrySettings,
    /// When to stop calling a failing account.
    pub breaker: BreakerSettings,
    /// Trust anchors and client settings for `https` base URLs; ALPN is set by the client.
    pub tls: Arc<rustls::ClientConfig>,
    /// The name to ask for and to expect in the vendor's certificate, if it is not the host of `base_url`.
    pub server_name: Option<ServerName<'static>>,
}

/// When and how often to retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetrySettings {
    /// Attempts in all; 0 counts as 1.
    pub max_attempts: u32,
    /// The upper bound of the first wait; it doubles with every attempt.
    pub backoff: Duration,
    /// The upper bound of every wait that the vendor did not ask for.
    pub max_backoff: Duration,
}

/// When the breaker opens and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerSettings {
    /// The share of failures (0 to 1) from which on it opens.
    pub failure_ratio: f64,
    /// Requests within `window` below which it never opens.
    pub min_requests: u32,
    /// How far back requests count.
    pub window: Duration,
    /// How long it stays open before the next probe.
    pub open_for: Duration,
}
