//! What is counted and measured of requests: handles that a request finds once, and atomics from there on.

use std::sync::OnceLock;
use std::time::Duration;

use vendors::Field;

use crate::problem::Fault;
use crate::value::Counter;

use super::counter_table::Tally;
use super::histogram::{Histogram, Observed};
use super::label::{self, MAX_ROUTES, METHODS};
use super::recent::Recent;

const FAULTS: [Option<Fault>; 4] = [None, Some(Fault::Caller), Some(Fault::Gateway), Some(Fault::Vendor)];

/// A request's place in the closed lists of its labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labels {
    /// In the list of routes.
    pub route: usize,
    /// In [`METHODS`].
    pub method: usize,
    /// The HTTP status; 0 if there was no answer.
    pub status: u16,
    /// In the list of reasons.
    pub reason: usize,
    /// Whose fault it is; `None` where nothing went wrong.
    pub fault: Option<Fault>,
}

impl Labels {
    fn pack(self) -> u64 {
        let fault = FAULTS.iter().position(|fault| *fault == self.fault).unwrap_or_default();
        let parts = [1, self.route, self.method, fault, self.reason];
        parts.into_iter().fold(0, |key, part| key << 10 | part as u64) << 16 | u64::from(self.status)
    }

    fn unpack(key: u64) -> Self {
        let part = |place: u32| (key >> (16 + 10 * place)) as usize & 0x3FF;
        Self { route: part(3), method: part(2), fault: FAULTS[part(1)], reason: part(0), status: key as u16 }
    }

    /// The route's template.
    pub fn route(&self) -> &'static str {
        label::route_name(self.route)
    }

    /// Why it ended so.
    pub fn reason(&self) -> &'static str {
        label::reason_word(self.reason)
    }

    /// Whose fault it is, as a word.
    pub fn fault(&self) -> &'static str {
        self.fault.map_or("", Fault::as_str)
    }

    /// The method's name.
    pub fn method(&self) -> &'static str {
        METHODS[self.method]
    }
}

/// Requests and how long they took, with room for `N` combinations of labels.
#[derive(Debug)]
pub struct RequestMeters<const N: usize> {
    requests: Tally<N>,
    /// By route; made when first needed, as an account has requests of few.
    total: [OnceLock<Box<Histogram>>; MAX_ROUTES],
}

impl<const N: usize> Default for RequestMeters<N> {
    fn default() -> Self {
        Self { requests: Tally::default(), total: [const { OnceLock::new() }; MAX_ROUTES] }
    }
}

impl<const N: usize> RequestMeters<N> {
    /// Counts a finished request.
    pub fn finished(&self, labels: Labels, total: Duration) {
        self.requests.add(labels.pack());
        self.total[labels.route].get_or_init(Box::default).observe(total);
    }

    /// The requests so far by their labels; `None` is the label of what found no room.
    pub fn requests(&self) -> impl Iterator<Item = (Option<Labels>, u64)> {
        self.requests.counts().map(|(key, count)| (key.map(Labels::unpack), count))
    }

    /// The durations so far by route, for routes that were used.
    pub fn durations(&self) -> impl Iterator<Item = (&'static str, Observed)> {
        let used = self.total.iter().enumerate().filter_map(|(place, histogram)| Some((place, histogram.get()?)));
        used.map(|(place, histogram)| (label::route_name(place), histogram.observed()))
    }
}

/// What is measured of one vendor account.
#[derive(Debug)]
pub struct AccountMeters {
    /// Its requests.
    pub requests: RequestMeters<256>,
    /// Time with the vendor, of requests that were sent.
    pub vendor: Histogram,
    /// Time waited for the vendor, of requests that reached its stack.
    pub queue: Histogram,
    /// The rest of the time.
    pub overhead: Histogram,
    /// The last minutes.
    pub recent: Recent,
    dropped: [Counter; Field::ALL.len() + 1],
}

impl Default for AccountMeters {
    fn default() -> Self {
        Self {
            requests: RequestMeters::default(),
            vendor: Histogram::default(),
            queue: Histogram::default(),
            overhead: Histogram::default(),
            recent: Recent::default(),
            dropped: std::array::from_fn(|_| Counter::default()),
        }
    }
}

impl AccountMeters {
    /// Counts a field that was left out of an update; `None` is a name that is no canonical field.
    pub fn dropped(&self, field: Option<Field>) {
        self.dropped[field.map_or(Field::ALL.len(), |field| field as usize)].add();
    }

    /// The fields that were left out so far.
    pub fn drops(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let names = Field::ALL.iter().map(|field| field.name()).chain(["unknown"]);
        names.zip(&self.dropped).map(|(name, counter)| (name, counter.get())).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::label::REASONS;
    use crate::telemetry::metrics::meters::*;

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
    fn fields_are_counted_where_they_stand_in_the_catalogue() {
        let meters = AccountMeters::default();
        for field in Field::ALL {
            assert_eq!(Field::ALL[field as usize], field);
        }
        meters.dropped(Some(Field::Name));
        meters.dropped(None);
        meters.dropped(None);
        assert_eq!(meters.drops().collect::<Vec<_>>(), [("name", 1), ("unknown", 2)]);
    }
}
