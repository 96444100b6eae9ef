//! What callers were told and what the simulators saw, side by side.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use simulators::{Received, Simulator};

/// A caller: its vendor, and the assistant that is its own.
pub(crate) type Writer = (&'static str, u64);

/// What a caller was told of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Applied,
    NotApplied,
    Unknown,
    /// It left.
    Nothing,
}

/// When each update was seen, by its number, and the status it was answered with.
type Seen = BTreeMap<u64, (u64, Option<u16>)>;

#[derive(Default)]
pub(crate) struct Ledger {
    said: Mutex<BTreeMap<Writer, BTreeMap<u64, Said>>>,
    /// Updates by assistant in the order in which they were received: number and status.
    seen: Mutex<BTreeMap<Writer, Seen>>,
    answers: Mutex<BTreeMap<String, u64>>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ledger {
    pub(crate) fn said(&self, writer: Writer, number: u64, said: Said) {
        lock(&self.said).entry(writer).or_default().insert(number, said);
    }

    pub(crate) fn answered(&self, status: &StatusCode, code: Option<&str>) {
        *lock(&self.answers).entry(format!("{} {}", status.as_u16(), code.unwrap_or("–"))).or_default() += 1;
    }

    /// Takes in what the simulators remember; often enough that they forget nothing before.
    pub(crate) fn read(&self, simulators: &[Simulator]) {
        let mut seen = lock(&self.seen);
        for simulator in simulators {
            for update in simulator.received().iter().filter(|request| request.method == "PUT") {
                let id = update.path.rsplit('/').next().and_then(|id| id.parse().ok()).unwrap();
                let Some(number) = number(update) else { continue };
                seen.entry((simulator.vendor(), id)).or_default().insert(update.sequence, (number, update.status));
            }
        }
    }

    /// Asserts that what was said is what was seen.
    pub(crate) fn check(&self) {
        let (said, seen) = (lock(&self.said), lock(&self.seen));
        for (writer, updates) in &*said {
            let empty = BTreeMap::new();
            let received = seen.get(writer).unwrap_or(&empty);
            let mut newest = 0;
            for (number, _) in received.values().filter(|(number, _)| updates.get(number) != Some(&Said::Nothing)) {
                assert!(*number >= newest, "{writer:?}: {number} came after {newest}");
                newest = *number;
            }
            let mut statuses: BTreeMap<u64, Vec<Option<u16>>> = BTreeMap::new();
            for (number, status) in received.values() {
                statuses.entry(*number).or_default().push(*status);
            }
            for (number, said) in updates {
                let statuses = statuses.get(number).map_or(&[][..], Vec::as_slice);
                match said {
                    Said::Applied => assert_eq!(statuses.last(), Some(&Some(200)), "{writer:?} {number}: lost"),
                    // No vendor refuses what it has applied, but two faults of this test may meet in one update: an answer that
                    // is lost, then a 422.
                    Said::NotApplied => {
                        let is_refused = statuses.last() == Some(&Some(422));
                        assert!(
                            is_refused || statuses.iter().all(|status| *status != Some(200)),
                            "{writer:?} {number}: {statuses:?}"
                        );
                    }
                    // It may have been cut off between the gateway and the vendor.
                    Said::Unknown | Said::Nothing => {}
                }
            }
        }
    }

    /// The figures for people.
    pub(crate) fn summary(&self, length: Duration) -> String {
        let (said, seen, answers) = (lock(&self.said), lock(&self.seen), lock(&self.answers));
        let of = |what: Said| said.values().flat_map(BTreeMap::values).filter(|said| **said == what).count();
        let received: usize = seen.values().map(BTreeMap::len).sum();
        let mut text = format!(
            "{} answers in {length:?}; updates applied: {}, not applied: {}, unknown: {}, callers gone: {}; received by vendors: {received}\n",
            answers.values().sum::<u64>(),
            of(Said::Applied),
            of(Said::NotApplied),
            of(Said::Unknown),
            of(Said::Nothing),
        );
        for (answer, count) in &*answers {
            let _ = writeln!(text, "{count:>9}  {answer}");
        }
        text
    }
}

/// The number in an update's name, whatever the vendor calls that field.
fn number(update: &Received) -> Option<u64> {
    let json = update.json.as_ref()?.as_object()?;
    json.values().find_map(|value| value.as_str()?.strip_prefix('n')?.parse().ok())
}
