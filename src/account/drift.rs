//! The drift watch: where a vendor's answers are no longer what its pages say.
//!
//! Each difference is counted by what was asked, its kind and its place, and logged when it is seen for the first
//! time. A vendor that invents keys fills no memory: so many differences are told apart for each account, the rest
//! are counted together. The counts by kind, which are few, are for metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use serde::Serialize;
use vendors::{Dialect, Drift, DriftKind, Operation, ResponseBody};

/// So many differences are told apart for each account.
const TOLD_APART: usize = 64;

/// What has been seen of one account's drift, over reloads.
#[derive(Debug, Default)]
pub struct DriftWatch {
    counts: [AtomicU64; DriftKind::ALL.len()],
    seen: Mutex<Seen>,
}

/// The differences seen so far.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Seen {
    /// Those told apart, in the order of their first appearance.
    pub differences: Vec<Difference>,
    /// All others together.
    pub other: Option<Times>,
}

/// One difference between answers and their documentation.
#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    /// What the answer was to: an update, or a catalog's name.
    pub asked: &'static str,
    /// What kind.
    pub kind: &'static str,
    /// Where: the vendor's names, or an error's status and members.
    pub field: String,
    /// What is documented and what was found.
    pub detail: String,
    /// How often and when.
    #[serde(flatten)]
    pub times: Times,
}

/// How often and when something was seen; times are seconds since 1970.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Times {
    /// How often.
    pub count: u64,
    /// When first.
    pub first_seen: u64,
    /// When last.
    pub last_seen: u64,
}

impl DriftWatch {
    /// Holds the answer of `vendor` to what was `asked` against its documentation; `scrub` blackens secrets that the
    /// vendor repeats.
    pub fn hold(
        &self,
        (vendor, dialect): (&str, &Dialect),
        asked: Operation,
        (status, body): (u16, &ResponseBody<'_>),
        scrub: impl Fn(&str) -> String,
    ) {
        for found in body.drift(dialect, asked, status) {
            let found = Drift { location: scrub(&found.location), ..found };
            if let Some(count) = DriftKind::ALL.iter().position(|kind| *kind == found.kind) {
                self.counts[count].fetch_add(1, Ordering::Relaxed);
            }
            self.remember(vendor, asked.as_str(), found);
        }
    }

    /// How often each kind was seen.
    pub fn counts(&self) -> impl Iterator<Item = (DriftKind, u64)> + '_ {
        DriftKind::ALL.into_iter().zip(self.counts.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    /// What has been seen.
    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, vendor: &str, asked: &'static str, found: Drift) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let kind = found.kind.as_str();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |known: &&mut Difference| (known.asked, known.kind, &known.field) == (asked, kind, &found.location);
        if let Some(known) = seen.differences.iter_mut().find(same) {
            return known.times.again(now);
        }
        if seen.differences.len() < TOLD_APART {
            let Drift { location: field, detail, .. } = found;
            tracing::warn!(vendor, asked, kind, field, detail, "the vendor's answer is not as documented");
            return seen.differences.push(Difference { asked, kind, field, detail, times: Times::first(now) });
        }
        match &mut seen.other {
            Some(times) => times.again(now),
            None => {
                tracing::warn!(vendor, "more kinds of undocumented answers than are told apart; they are only counted");
                seen.other = Some(Times::first(now));
            }
        }
    }
}

impl Times {
    const fn first(now: u64) -> Self {
        Self { count: 1, first_seen: now, last_seen: now }
    }

    const fn again(&mut self, now: u64) {
        self.count += 1;
        self.last_seen = now;
    }
}

#[cfg(test)]
mod tests {
    use crate::account::drift::*;

    fn held(watch: &DriftWatch, body: &str) {
        let dialect = vendors::registry::dialect("sondos").unwrap();
        watch.hold(("v", dialect), Operation::Update, (200, &ResponseBody::read(body.as_bytes())), |text| {
            text.replace("hush", "***")
        });
    }

    const DATA: &str = r#""message":"m","data":{"id":1,"name":"n","status":"s","type":"inbound","mode":"pipeline"}"#;

    #[test]
    fn the_same_difference_is_counted_and_not_listed_again() {
        let watch = DriftWatch::default();
        held(&watch, &format!("{{{DATA}}}"));
        assert!(watch.seen().differences.is_empty());
        for _ in 0..3 {
            held(&watch, &format!(r#"{{"hush":1,{DATA}}}"#));
        }
        let seen = watch.seen();
        let [only] = seen.differences.as_slice() else { panic!("{seen:?}") };
        assert_eq!((only.kind, only.field.as_str(), only.times.count), ("unknown_field", "***", 3));
        assert_eq!(watch.counts().map(|(_, count)| count).sum::<u64>(), 3);
    }

    #[test]
    fn a_vendor_that_invents_keys_fills_no_memory() {
        let watch = DriftWatch::default();
        for round in 0..200 {
            let keys: String = (0..100).map(|key| format!(r#""{round}-{key}-{}":1,"#, "x".repeat(500))).collect();
            held(&watch, &format!("{{{keys}{DATA}}}"));
        }
        let seen = watch.seen();
        assert_eq!(seen.differences.len(), TOLD_APART);
        assert!(seen.differences.iter().all(|known| known.field.len() <= 128));
        let told: u64 = seen.differences.iter().map(|known| known.times.count).sum();
        assert_eq!(told + seen.other.unwrap().count, watch.counts().map(|(_, count)| count).sum::<u64>());
    }
}
