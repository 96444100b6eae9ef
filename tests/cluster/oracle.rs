//! Whether what callers were told, what the vendor has seen and what the records say is one truth.
//!
//! A change comes before another one if its caller was told of it before the other was sent. That is all of the order that
//! callers can know: changes that are under way at once have some order. Times are those of this process, on one clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::ledger::{Entry, Fault, Said};

/// A change that the vendor has received or applied.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) id: u64,
    pub(crate) number: u64,
    pub(crate) at: Instant,
    /// The replica that has sent it.
    pub(crate) replica: usize,
}

/// A record of a change.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) state: String,
    /// Whether it went to the vendor in one request with others.
    pub(crate) together: bool,
}

/// All that is known at the end.
#[derive(Default)]
pub(crate) struct Evidence {
    pub(crate) entries: Vec<Entry>,
    /// In the order in which they have arrived, without those that the vendor refuses.
    pub(crate) arrived: Vec<Seen>,
    /// In the order in which they were applied.
    pub(crate) applied: Vec<Seen>,
    /// The records of each assistant and number.
    pub(crate) records: BTreeMap<(u64, u64), Vec<Record>>,
    /// How many faults there were.
    pub(crate) faults: usize,
    /// How often a vendor's answer was lost, by assistant and number.
    pub(crate) unanswered: BTreeMap<(u64, u64), usize>,
}

/// The place of the first and the last sight of each number.
type Places = BTreeMap<u64, (usize, usize, usize)>;

/// All that is wrong.
pub(crate) fn complaints(evidence: &Evidence) -> Vec<String> {
    let mut wrong = Vec::new();
    let ids: BTreeSet<u64> = evidence.entries.iter().map(|entry| entry.id).collect();
    for id in ids {
        let entries: Vec<&Entry> = evidence.entries.iter().filter(|entry| entry.id == id).collect();
        let arrived = places(&evidence.arrived, id);
        let applied = places(&evidence.applied, id);
        order(evidence, &entries, &arrived, "arrived", &mut wrong);
        order(evidence, &entries, &applied, "applied", &mut wrong);
        silence(evidence, &entries, &applied, &mut wrong);
        promises(evidence, &entries, &applied, &mut wrong);
        records(evidence, &entries, &applied, &mut wrong);
        repeats(evidence, &entries, &applied, &mut wrong);
        strangers(&entries, &arrived, &mut wrong);
    }
    wrong
}

fn places(seen: &[Seen], id: u64) -> Places {
    let mut places = Places::new();
    for (place, seen) in seen.iter().enumerate().filter(|(_, seen)| seen.id == id) {
        let entry = places.entry(seen.number).or_insert((place, place, 0));
        (entry.1, entry.2) = (place, entry.2 + 1);
    }
    places
}

/// When a caller knew that a change has its place; none if it never did.
fn known(entry: &Entry) -> Option<Instant> {
    match &entry.told {
        Some((at, Said::Applied | Said::Promised | Said::NotApplied(_) | Said::Unknown(_))) => Some(*at),
        Some((_, Said::Nothing)) | None => None,
    }
}

/// What was known before another change was sent comes before it, each time that it comes.
fn order(evidence: &Evidence, entries: &[&Entry], places: &Places, what: &str, wrong: &mut Vec<String>) {
    let mut told: Vec<_> =
        entries.iter().filter_map(|entry| Some((known(entry)?, places.get(&entry.number)?.1, entry.number))).collect();
    told.sort_unstable_by_key(|(at, ..)| *at);
    let mut sent: Vec<_> =
        entries.iter().filter_map(|entry| Some((entry.sent, places.get(&entry.number)?.0, entry))).collect();
    sent.sort_unstable_by_key(|(at, ..)| *at);
    let (mut told, mut latest) = (told.into_iter().peekable(), None::<(usize, u64)>);
    for (at, first, entry) in sent {
        while let Some((_, last, number)) = told.next_if(|(known, ..)| *known < at) {
            latest = latest.max(Some((last, number)));
        }
        if let Some((last, older)) = latest
            && last > first
        {
            let both = entries.iter().filter(|one| one.number == older || one.number == entry.number);
            let both: Vec<_> = both.map(|one| story(evidence, one, entries[0].sent)).collect();
            let (id, newer) = (entry.id, entry.number);
            wrong.push(format!("order: {id} n{older} has {what} after n{newer}, which is newer: {both:#?}"));
        }
    }
}

/// What happened to a change, for people; times count from `zero`.
fn story(evidence: &Evidence, entry: &Entry, zero: Instant) -> String {
    let own = |seen: &&Seen| (seen.id, seen.number) == (entry.id, entry.number);
    let times = |seen: &[Seen]| -> Vec<_> {
        seen.iter().filter(own).map(|seen| format!("{:?} by {}", seen.at - zero, seen.replica)).collect()
    };
    let (arrived, applied) = (times(&evidence.arrived), evidence.applied.iter().filter(own).count());
    let told = entry.told.as_ref().map(|(at, said)| (*at - zero, said));
    let (number, kind, sent, replica) = (entry.number, entry.kind, entry.sent - zero, entry.replica);
    format!(
        "n{number} {kind:?} sent {sent:?} to {replica}, told {told:?}, arrived {arrived:?}, applied {applied} times"
    )
}

/// What was said not to be applied does not come afterwards, and was not applied before.
fn silence(evidence: &Evidence, entries: &[&Entry], applied: &Places, wrong: &mut Vec<String>) {
    let mut latest = BTreeMap::<u64, Instant>::new();
    for seen in evidence.arrived.iter().filter(|seen| entries.first().is_some_and(|entry| entry.id == seen.id)) {
        latest.insert(seen.number, seen.at);
    }
    for entry in entries {
        let Some((at, Said::NotApplied(code))) = &entry.told else { continue };
        let name = format!("{} n{} {:?} {code}", entry.id, entry.number, entry.kind);
        if applied.contains_key(&entry.number) {
            wrong.push(format!("silence: {name}: it was applied"));
        }
        if let Some(seen) = latest.get(&entry.number).filter(|seen| *seen > at) {
            wrong.push(format!("silence: {name}: it has arrived {:?} after that answer", *seen - *at));
        }
    }
}

/// What was applied or promised is there, and no older change lies over it.
fn promises(evidence: &Evidence, entries: &[&Entry], applied: &Places, wrong: &mut Vec<String>) {
    let newest = applied.iter().max_by_key(|(_, (_, last, _))| *last).map(|(number, _)| *number);
    let last = entries.iter().find(|entry| Some(entry.number) == newest);
    for entry in entries {
        let is_promise = matches!(&entry.told, Some((_, Said::Applied | Said::Promised)));
        let records = evidence.records.get(&(entry.id, entry.number)).map_or(&[][..], Vec::as_slice);
        let is = |state: &str| records.iter().any(|record| record.state == state);
        let is_refused = is("refused") && matches!(&entry.told, Some((_, Said::Promised)));
        if !is_promise || is_refused {
            continue;
        }
        let name = format!("{} n{} {:?}", entry.id, entry.number, entry.kind);
        if !applied.contains_key(&entry.number) && !is("superseded") {
            wrong.push(format!("lost: {name}: {records:?}"));
        }
        if let (Some(last), Some(known)) = (last, known(entry))
            && last.known_before(entry)
        {
            wrong.push(format!("final: n{} lies over {name}, which is newer and was known {known:?}", last.number));
        }
    }
}

impl Entry {
    fn known_before(&self, other: &Self) -> bool {
        known(self).is_some_and(|known| known < other.sent)
    }
}

/// Records say what callers were told and what the vendor has seen; nothing waits.
fn records(evidence: &Evidence, entries: &[&Entry], applied: &Places, wrong: &mut Vec<String>) {
    for entry in entries {
        let records = evidence.records.get(&(entry.id, entry.number)).map_or(&[][..], Vec::as_slice);
        let states: Vec<&str> = records.iter().map(|record| &*record.state).collect();
        let said = entry.told.as_ref().map(|(_, said)| said);
        let is_good = match said {
            // The end of a plain change is not waited for: a crash of the database may lose it.
            Some(Said::Applied) if !entry.kind.is_keyed() => {
                states.iter().any(|state| matches!(*state, "applied" | "superseded" | "unknown"))
            }
            Some(Said::Applied) => states.iter().any(|state| matches!(*state, "applied" | "superseded")),
            Some(Said::Promised) => states.iter().any(|state| matches!(*state, "applied" | "superseded" | "refused")),
            // A key whose change ended as unknown is carried out once more when its caller asks again.
            Some(Said::NotApplied(_)) if entry.kind.is_keyed() && entry.sendings > 1 => {
                states.iter().all(|state| matches!(*state, "failed" | "refused" | "expired" | "unknown"))
            }
            Some(Said::NotApplied(_)) => states.iter().all(|state| matches!(*state, "failed" | "refused" | "expired")),
            Some(Said::Unknown(_) | Said::Nothing) | None => true,
        };
        let is_final = !states.iter().any(|state| matches!(*state, "queued" | "sending" | "dead"));
        let alone = records.iter().any(|record| record.state == "applied" && !record.together);
        let is_true = !alone || applied.contains_key(&entry.number);
        if !is_good || !is_final || !is_true {
            let (id, number, kind) = (entry.id, entry.number, entry.kind);
            let seen = applied.contains_key(&number);
            let story = story(evidence, entry, entries[0].sent);
            wrong.push(format!(
                "record: {id} n{number} {kind:?}: told {said:?}, applied {seen}, records {records:?}: {story}"
            ));
        }
    }
}

/// A fault makes the gateways send at most one change of an assistant once more.
fn repeats(evidence: &Evidence, entries: &[&Entry], applied: &Places, wrong: &mut Vec<String>) {
    let Some(id) = entries.first().map(|entry| entry.id) else { return };
    let again: usize = entries
        .iter()
        .filter_map(|entry| {
            let (_, _, times) = applied.get(&entry.number)?;
            let lost = evidence.unanswered.get(&(id, entry.number)).copied().unwrap_or_default();
            Some(times.saturating_sub(1).saturating_sub(lost).saturating_sub(entry.sendings.saturating_sub(1)))
        })
        .sum();
    if again > evidence.faults {
        wrong.push(format!("repeats: {id}: {again} for {} faults", evidence.faults));
    }
}

/// Nothing arrives that was never sent.
fn strangers(entries: &[&Entry], arrived: &Places, wrong: &mut Vec<String>) {
    let sent: BTreeSet<u64> = entries.iter().map(|entry| entry.number).collect();
    for number in arrived.keys().filter(|number| !sent.contains(number)) {
        wrong.push(format!("stranger: {} n{number}", entries[0].id));
    }
}

/// How long assistants stood still while there was a fault: the longest time between two arrivals of one whose earlier one
/// came by the replica that it hit, and the longest of the others.
pub(crate) fn stalls(arrived: &[Seen], fault: &Fault) -> (Duration, Duration) {
    let (mut before, mut own, mut others) = (BTreeMap::<u64, &Seen>::new(), Duration::ZERO, Duration::ZERO);
    for seen in arrived {
        let Some(last) = before.insert(seen.id, seen) else { continue };
        if last.at > fault.until || seen.at < fault.at {
            continue;
        }
        let longest = if Some(last.replica) == fault.replica { &mut own } else { &mut others };
        *longest = (*longest).max(seen.at - last.at);
    }
    (own, others)
}
