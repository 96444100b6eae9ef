//! How a vendor did in the last minutes, for the status document.

use std::time::Duration;

use serde_json::{Value, json};

use crate::telemetry::metrics::{Percentiles, Rates, Recent};

/// The last one and the last five minutes.
pub(super) fn recent(recent: &Recent) -> Value {
    let minutes = |minutes: u64| window(recent.rates(Duration::from_secs(60 * minutes)));
    json!({ "1m": minutes(1), "5m": minutes(5) })
}

fn window(rates: Rates) -> Value {
    json!({
        "requests_per_second": rounded(rates.per_second),
        "error_ratio": rates.error_ratio.map(rounded),
        "total_ms": percentiles(rates.total),
        "vendor_ms": percentiles(rates.vendor),
    })
}

fn percentiles(percentiles: Percentiles) -> Value {
    let millis = |duration: Option<Duration>| duration.map(|duration| rounded(duration.as_secs_f64() * 1000.0));
    json!({ "p50": millis(percentiles.p50), "p99": millis(percentiles.p99) })
}

/// To three decimals; the rest is noise.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
