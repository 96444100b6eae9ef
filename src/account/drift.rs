//! Counts where a vendor's responses differ from its documentation.
//!
//! Each difference is logged when it is first seen. At most `MAX_DIFFERENCES` are listed for each account, so that a
//! vendor that invents keys cannot fill the memory; the rest are counted together. Answers of a vendor that is out of order are
//! no differences and are counted apart. An operator may mark a difference as known, in this process only.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use vendors::{Dialect, Drift, DriftKind, Operation, ResponseBody};

use crate::value::{Lock, unix_seconds};

/// How many differences are listed for each account.
const MAX_DIFFERENCES: usize = 64;

/// The differences of one account, over reloads.
#[derive(Debug, Default)]
pub struct DriftWatch {
    counts: [AtomicU64; DriftKind::ALL.len()],
    seen: Lock<Seen>,
}

/// The differences seen so far.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Seen {
    /// Those listed, in the order of their first appearance.
    pub differences: Vec<Difference>,
    /// All others together.
    pub other: Option<Times>,
    /// Answers of a vendor that is out of order, or of what stands in front of it, by status.
    #[serde(skip)]
    pub outages: BTreeMap<u16, Times>,
}

/// One difference between responses and their documentation.
#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    /// The operation: an update, or a catalog's name.
    pub asked: &'static str,
    /// What kind.
    pub kind: &'static str,
    /// Where: the vendor's names, or an error's status and members.
    pub field: String,
    /// What is documented and what was found.
    pub detail: String,
    /// Whether an operator has marked it as known, so that it needs no attention.
    pub known: bool,
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
    /// Compares a response with its documentation; `redact` removes secrets that the vendor repeats.
    pub fn check(
        &self,
        vendor: &str,
        dialect: &Dialect,
        operation: Operation,
        status: u16,
        body: &ResponseBody<'_>,
        redact: impl Fn(&str) -> String,
    ) {
        for found in body.drift(dialect, operation, status) {
            let found = Drift { location: redact(&found.location), ..found };
            self.count(found.kind);
            self.record(vendor, operation.as_str(), found);
        }
        if body.is_outage(status) {
            let now = unix_seconds();
            let mut seen = self.seen.lock();
            seen.outages.entry(status).and_modify(|times| times.again(now)).or_insert(Times::first(now));
        }
    }

    /// Marks a listed difference as known, or as not known; `false` if none is listed under these names.
    pub fn mark(&self, asked: &str, kind: &str, field: &str, known: bool) -> bool {
        let mut seen = self.seen.lock();
        let same = |one: &&mut Difference| (one.asked, one.kind, &*one.field) == (asked, kind, field);
        let Some(found) = seen.differences.iter_mut().find(same) else { return false };
        found.known = known;
        true
    }

    /// Counts the rows of a catalog that were not understood.
    pub fn record_skipped_rows(&self, vendor: &str, operation: Operation, rows: usize) {
        self.note(vendor, operation, DriftKind::SkippedRow, "[]", format!("{rows} without a usable id or name"));
    }

    /// Counts an answer about another assistant than the one that was updated.
    pub fn record_other_id(&self, vendor: &str) {
        self.note(vendor, Operation::Update, DriftKind::OtherId, "data.id", "another assistant's".to_owned());
    }

    fn note(&self, vendor: &str, operation: Operation, kind: DriftKind, location: &str, detail: String) {
        self.count(kind);
        self.record(vendor, operation.as_str(), Drift { kind, location: location.to_owned(), detail });
    }

    fn count(&self, kind: DriftKind) {
        if let Some(count) = DriftKind::ALL.iter().position(|known| *known == kind) {
            self.counts[count].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often each kind was seen.
    pub fn counts(&self) -> impl Iterator<Item = (DriftKind, u64)> + '_ {
        DriftKind::ALL.into_iter().zip(self.counts.iter().map(|count| count.load(Ordering::Relaxed)))
    }

    /// What has been seen.
    pub fn seen(&self) -> Seen {
        self.seen.lock().clone()
    }

    fn record(&self, vendor: &str, asked: &'static str, found: Drift) {
        let now = unix_seconds();
        let kind = found.kind.as_str();
        let mut seen = self.seen.lock();
        let same = |known: &&mut Difference| (known.asked, known.kind, &known.field) == (asked, kind, &found.location);
        if let Some(known) = seen.differences.iter_mut().find(same) {
            return known.times.again(now);
        }
        if seen.differences.len() < MAX_DIFFERENCES {
            let Drift { location: field, detail, .. } = found;
            tracing::warn!(vendor, asked, kind, field, detail, "the vendor's answer is not as documented");
            let (known, times) = (false, Times::first(now));
            return seen.differences.push(Difference { asked, kind, field, detail, known, times });
        }
        match &mut seen.other {
            Some(times) => times.again(now),
            None => {
                tracing::warn!(vendor, "more kinds of undocumented responses than are listed; they are only counted");
                seen.other = Some(Times::first(now));
            }
        }
    }
}

impl Seen {
    /// How many of the listed differences are not known.
    #[must_use]
    pub fn unknown(&self) -> usize {
        self.differences.iter().filter(|one| !one.known).count()
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

    fn check(watch: &DriftWatch, body: &str) {
        let dialect = vendors::registry::dialect("sondos").unwrap();
        let body = ResponseBody::read(body.as_bytes());
        watch.check("v", dialect, Operation::Update, 200, &body, |text| text.replace("hush", "***"));
    }

    const DATA: &str = r#""message":"m","data":{"id":1,"name":"n","status":"s","type":"inbound","mode":"pipeline"}"#;

    #[test]
    fn the_same_difference_is_counted_and_not_listed_again() {
        let watch = DriftWatch::default();
        check(&watch, &format!("{{{DATA}}}"));
        assert!(watch.seen().differences.is_empty());
        for _ in 0..3 {
            check(&watch, &format!(r#"{{"hush":1,{DATA}}}"#));
        }
        let seen = watch.seen();
        let [only] = seen.differences.as_slice() else { panic!("{seen:?}") };
        assert_eq!((only.kind, only.field.as_str(), only.times.count), ("unknown_field", "***", 3));
        assert_eq!(watch.counts().map(|(_, count)| count).sum::<u64>(), 3);
    }

    #[test]
    fn answers_of_a_vendor_that_is_out_of_order_are_counted_apart() {
        let (watch, dialect) = (DriftWatch::default(), vendors::registry::dialect("sondos").unwrap());
        for (status, body) in [(502, "<html>"), (503, "{}"), (503, ""), (500, "not JSON"), (404, "not JSON")] {
            watch.check("v", dialect, Operation::Update, status, &ResponseBody::read(body.as_bytes()), str::to_owned);
        }
        let seen = watch.seen();
        let counts: Vec<_> = seen.outages.iter().map(|(status, times)| (*status, times.count)).collect();
        assert_eq!(counts, [(500, 1), (502, 1), (503, 2)]);
        let listed: Vec<_> = seen.differences.iter().map(|one| &*one.field).collect();
        assert_eq!(listed, ["404 not JSON"]);
    }

    #[test]
    fn a_known_difference_is_counted_on_and_is_no_unknown_one() {
        let watch = DriftWatch::default();
        let body = format!(r#"{{"hush":1,{DATA}}}"#);
        check(&watch, &body);
        assert!(!watch.mark("update", "unknown_field", "other", true));
        assert_eq!(watch.seen().unknown(), 1);
        assert!(watch.mark("update", "unknown_field", "***", true));
        check(&watch, &body);
        let seen = watch.seen();
        assert_eq!((seen.unknown(), seen.differences[0].times.count), (0, 2));
        assert!(watch.mark("update", "unknown_field", "***", false));
        assert_eq!(watch.seen().unknown(), 1);
    }

    #[test]
    fn a_vendor_that_invents_keys_does_not_fill_the_memory() {
        let watch = DriftWatch::default();
        for round in 0..200 {
            let keys: String = (0..100).map(|key| format!(r#""{round}-{key}-{}":1,"#, "x".repeat(500))).collect();
            check(&watch, &format!("{{{keys}{DATA}}}"));
        }
        let seen = watch.seen();
        assert_eq!(seen.differences.len(), MAX_DIFFERENCES);
        assert!(seen.differences.iter().all(|known| known.field.len() <= 128));
        let listed: u64 = seen.differences.iter().map(|known| known.times.count).sum();
        assert_eq!(listed + seen.other.unwrap().count, watch.counts().map(|(_, count)| count).sum::<u64>());
    }
}
