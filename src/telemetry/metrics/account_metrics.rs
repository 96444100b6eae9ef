//! The counters and histograms of requests, as atomics: those of one account, and those without an account.

use std::sync::OnceLock;
use std::time::Duration;

use vendors::Field;

use crate::problem::Fault;
use crate::value::Counter;

use super::counter_table::CounterTable;
use super::histogram::{Histogram, HistogramSnapshot};
use super::label::{self, MAX_ROUTES, METHODS};
use super::recent::Recent;

const FAULTS: [Option<Fault>; 4] = [None, Some(Fault::Caller), Some(Fault::Gateway), Some(Fault::Vendor)];

/// The labels of a request, as indexes into their closed lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labels {
    /// Index in the list of routes.
    pub route: usize,
    /// Index in [`METHODS`].
    pub method: usize,
    /// The HTTP status.
    pub status: u16,
    /// Index in the list of reasons.
    pub reason: usize,
    /// Whose fault it is; `None` for a success.
    pub fault: Option<Fault>,
}

impl Labels {
    fn pack(self) -> u64 {
        let fault = FAULTS.iter().position(|fault| *fault == self.fault).unwrap_or_default();
        let parts = [1, self.route, self.method, fault, self.reason];
        parts.into_iter().fold(0, |key, part| key << 10 | part as u64) << 16 | u64::from(self.status)
    }

    fn unpack(key: u64) -> Self {
        let part = |index: u32| (key >> (16 + 10 * index)) as usize & 0x3FF;
        Self { route: part(3), method: part(2), fault: FAULTS[part(1)], reason: part(0), status: key as u16 }
    }

    /// The route's template.
    pub fn route(&self) -> &'static str {
        label::route_name(self.route)
    }

    /// Why it ended as it did.
    pub fn reason(&self) -> &'static str {
        label::reason_name(self.reason)
    }

    /// Whose fault it is; empty for a success.
    pub fn fault(&self) -> &'static str {
        self.fault.map_or("", Fault::as_str)
    }

    /// The method's name.
    pub fn method(&self) -> &'static str {
        METHODS[self.method]
    }
}

/// The number and durations of requests, for up to `N` combinations of labels.
#[derive(Debug)]
pub struct RequestMetrics<const N: usize> {
    requests: CounterTable<N>,
    /// By route; created when first used, because an account has requests of few routes.
    total: [OnceLock<Box<Histogram>>; MAX_ROUTES],
}

impl<const N: usize> Default for RequestMetrics<N> {
    fn default() -> Self {
        Self { requests: CounterTable::default(), total: [const { OnceLock::new() }; MAX_ROUTES] }
    }
}

impl<const N: usize> RequestMetrics<N> {
    /// Counts a finished request.
    pub fn finished(&self, labels: Labels, total: Duration) {
        self.requests.add(labels.pack());
        self.total[labels.route].get_or_init(Box::default).observe(total);
    }

    /// The requests so far by their labels; these are `None` for combinations beyond `N`.
    pub fn requests(&self) -> impl Iterator<Item = (Option<Labels>, u64)> {
        self.requests.counts().map(|(key, count)| (key.map(Labels::unpack), count))
    }

    /// The durations so far, by route.
    pub fn durations(&self) -> impl Iterator<Item = (&'static str, HistogramSnapshot)> {
        let used = self.total.iter().enumerate().filter_map(|(route, histogram)| Some((route, histogram.get()?)));
        used.map(|(route, histogram)| (label::route_name(route), histogram.snapshot()))
    }
}

/// The metrics of one vendor account.
#[derive(Debug)]
pub struct AccountMetrics {
    /// Its requests.
    pub requests: RequestMetrics<256>,
    /// The time with the vendor, of requests that were sent.
    pub vendor: Histogram,
    /// The time waited before and between attempts, of requests that reached the account's stack.
    pub queue: Histogram,
    /// The remaining time, spent in the gateway.
    pub overhead: Histogram,
    /// The last minutes.
    pub recent: Recent,
    dropped: [Counter; Field::ALL.len() + 1],
}

impl Default for AccountMetrics {
    fn default() -> Self {
        Self {
            requests: RequestMetrics::default(),
            vendor: Histogram::default(),
            queue: Histogram::default(),
            overhead: Histogram::default(),
            recent: Recent::default(),
            dropped: std::array::from_fn(|_| Counter::default()),
        }
    }
}

impl AccountMetrics {
    /// Counts a field that was dropped from an update; `None` is a name that is no canonical field.
    pub fn dropped(&self, field: Option<Field>) {
        self.dropped[field.map_or(Field::ALL.len(), |field| field as usize)].add();
    }

    /// The fields dropped so far.
    pub fn drops(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let names = Field::ALL.iter().map(|field| field.name()).chain(["unknown"]);
        names.zip(&self.dropped).map(|(name, counter)| (name, counter.get())).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::label::REASONS;
    use crate::telemetry::metrics::account_metrics::*;

    #[test]
    fn labels_survive_packing() {
        let (route, method) = (MAX_ROUTES - 1, METHODS.len() - 1);
        for status in [0, 200, 504, 999] {
            for (reason, fault) in [(0, None), (1, Some(Fault::Caller)), (REASONS - 1, Some(Fault::Vendor))] {
                let labels = Labels { route, method, status, reason, fault };
                assert_eq!(Labels::unpack(labels.pack()), labels);
            }
        }
        assert_ne!(Labels { route: 0, method: 0, status: 0, reason: 0, fault: None }.pack(), 0);
    }

    #[test]
    fn dropped_fields_are_counted_by_name() {
        let metrics = AccountMetrics::default();
        for field in Field::ALL {
            assert_eq!(Field::ALL[field as usize], field);
        }
        metrics.dropped(Some(Field::Name));
        metrics.dropped(None);
        metrics.dropped(None);
        assert_eq!(metrics.drops().collect::<Vec<_>>(), [("name", 1), ("unknown", 2)]);
    }
}
