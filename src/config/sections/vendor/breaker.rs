//! `[vendors.*.breaker]`: when the circuit breaker opens, and for how long.

use std::time::Duration;

use serde::Serialize;

use crate::config::types::duration;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;

pub(crate) const SECTION: Section = Section::of(&[
    Key::new(
        "failure_ratio",
        Kind::Ratio { zero: false },
        "Failures among the requests of the window from which the breaker opens.",
    ),
    Key::new(
        "min_requests",
        Kind::Count { min: 1, max: 1_000_000 },
        "Requests in the window below which it never opens.",
    ),
    Key::new("window", Kind::Duration { zero: false }, "How far back requests count."),
    Key::new("open_for", Kind::Duration { zero: false }, "How long it stays open before the next probe."),
]);

/// The circuit breaker of a vendor account.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Breaker {
    /// Above 0 and at most 1.
    pub failure_ratio: f64,
    /// At least 1.
    pub min_requests: u32,
    /// How far back requests count.
    #[serde(serialize_with = "duration::serialize")]
    pub window: Duration,
    /// The time until the next probe.
    #[serde(serialize_with = "duration::serialize")]
    pub open_for: Duration,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            failure_ratio: 0.5,
            min_requests: 20,
            window: Duration::from_secs(10),
            open_for: Duration::from_secs(15),
        }
    }
}

impl Breaker {
    pub(crate) fn read(reader: &TableReader<'_>) -> Self {
        let default = Self::default();
        Self {
            failure_ratio: reader.ratio("failure_ratio").unwrap_or(default.failure_ratio),
            min_requests: reader.count("min_requests").unwrap_or(default.min_requests),
            window: reader.duration("window").unwrap_or(default.window),
            open_for: reader.duration("open_for").unwrap_or(default.open_for),
        }
    }
}
