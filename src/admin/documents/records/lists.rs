//! Lists of records: what waits, what is dead, and everything.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::admin::Operator;
use crate::api::{ListDocument, RecordDocument, RecordList, Records, required, said, store_problem, stored_json};
use crate::problem::Problem;
use crate::store::{Record, State, Timestamp};

use super::{Brief, Part, store};

/// What chooses dead changes.
pub(crate) const DEAD_FILTERS: [&str; 8] =
    ["vendor", "assistant", "client", "reason", "older", "since", "until", "replayed"];
/// How many dead changes are counted at most, and sent again by one job.
pub(crate) const MOST_COUNTED: usize = 10_000;

/// How much waits, and what.
#[derive(Serialize)]
pub(crate) struct Queue {
    /// How many changes wait.
    pub(crate) waiting: u64,
    /// How many may.
    pub(crate) max_total: usize,
    /// What waits, by vendor account.
    pub(crate) vendors: BTreeMap<String, VendorDepth>,
    /// What is still to be told to clients.
    pub(crate) callbacks: Callbacks,
    /// The state of the store.
    pub(crate) store: Value,
    #[serde(skip)]
    pub(crate) part: Part,
}

/// What waits for one vendor account.
#[derive(Serialize)]
pub(crate) struct VendorDepth {
    pub(crate) queued: usize,
    pub(crate) sending: usize,
    /// Dead ones that hold up their assistants.
    pub(crate) held: usize,
    pub(crate) oldest_at: Option<String>,
    pub(crate) oldest_seconds: Option<f64>,
}

/// How many callbacks wait, and were given up since the start.
#[derive(Serialize)]
pub(crate) struct Callbacks {
    pub(crate) waiting: u64,
    pub(crate) given_up: u64,
}

/// The dead changes.
pub(crate) struct Dead {
    pub(crate) part: Part,
    /// The newest record that sends each again.
    pub(crate) replays: Vec<Option<Record>>,
    /// How many there are; with the first part of the list only.
    pub(crate) counts: Option<Counts>,
}

/// How many dead changes were not sent again yet.
#[derive(Serialize, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Those that fit the filter.
    pub(crate) open: usize,
    /// Those that fit it whatever their reason, by that; most first.
    pub(crate) reasons: Vec<ReasonCount>,
    /// Whether all were counted.
    pub(crate) complete: bool,
}

/// How many are dead for one reason.
#[derive(Serialize, Debug, PartialEq, Eq)]
pub(crate) struct ReasonCount {
    /// The code of the last attempt's problem.
    pub(crate) reason: String,
    pub(crate) count: usize,
}

/// All changes with the values of their fields.
pub(crate) struct History {
    pub(crate) part: Part,
    /// The values of each as the journal keeps them, secrets redacted; JSON text.
    pub(crate) values: Vec<Option<Bytes>>,
}

/// How much waits, and the records of what waits, newest first.
///
/// # Errors
/// There is no store, the query is invalid, or the store fails.
pub(crate) async fn queue(operator: &Operator, query: Option<&str>) -> Result<Queue, Problem> {
    let records = required(operator.context.records.as_ref())?;
    // Before the records are read: what is counted as dead is then no longer listed as waiting.
    let (waiting, depths) = (records.waiting(), records.depths());
    let filters = ("queue", &["vendor", "assistant", "client"][..]);
    let part = Part::read(&operator.context, filters, query, &[State::Queued, State::Sending]).await?;
    let (figures, now) = (records.store.figures(), Timestamp::now());
    let vendors = depths.into_iter().map(|(vendor, depth)| {
        let age = depth.oldest.map(|oldest| now.since(oldest).as_secs_f64());
        let oldest_at = depth.oldest.map(|oldest| oldest.to_string());
        let (queued, sending, held) = (depth.queued, depth.sending, depth.held);
        (vendor.to_string(), VendorDepth { queued, sending, held, oldest_at, oldest_seconds: age })
    });
    Ok(Queue {
        waiting,
        max_total: operator.gateway().queue.max_total,
        vendors: vendors.collect(),
        callbacks: Callbacks { waiting: figures.callbacks_waiting, given_up: figures.callbacks_given_up },
        store: store(records),
        part,
    })
}

/// The records of dead changes, newest first, each with the newest record that sends it again.
///
/// # Errors
/// There is no store, the query is invalid, or the store fails.
pub(crate) async fn dead(operator: &Operator, query: Option<&str>) -> Result<Dead, Problem> {
    let part = Part::read(&operator.context, ("dead", &DEAD_FILTERS), query, &[State::Dead]).await?;
    let mut replays = Vec::with_capacity(part.rows().len());
    for record in part.rows() {
        replays.push(part.records.store.replay_of(record.id).await.map_err(store_problem)?);
    }
    let counts = match part.list.is_first() && !part.list.is_of_replayed() {
        // The list is worth having without its counts.
        true => counts(&part.records, part.list.clone().not_replayed()).await.ok(),
        false => None,
    };
    Ok(Dead { part, replays, counts })
}

async fn counts(records: &Records, list: RecordList) -> Result<Counts, Problem> {
    let (mut open, mut seen, mut reasons) = (0, 0, HashMap::<String, usize>::new());
    let complete = list.each(records, |record| {
        seen += 1;
        if seen <= MOST_COUNTED {
            open += usize::from(list.has_reason(record));
            *reasons.entry(said(record).map_or_else(|| "none".to_owned(), |said| said.code)).or_default() += 1;
        }
        seen <= MOST_COUNTED
    });
    let complete = complete.await?;
    let mut reasons: Vec<_> = reasons.into_iter().map(|(reason, count)| ReasonCount { reason, count }).collect();
    reasons.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
    Ok(Counts { open, reasons, complete })
}

/// The records of all clients, newest first, each with the values of its fields as the journal keeps them. A part of the
/// list ends early rather than have too many bytes of values.
///
/// # Errors
/// There is no store, the query is invalid, or the store fails.
pub(crate) async fn history(operator: &Operator, query: Option<&str>) -> Result<History, Problem> {
    const FILTERS: [&str; 8] = ["assistant", "vendor", "client", "state", "operation", "field", "since", "until"];
    required(operator.context.records.as_ref())?;
    let mut part = Part::read(&operator.context, ("history", &FILTERS), query, &[]).await?;
    let values = part.records.values(&part.page.records).await?;
    if values.len() < part.page.records.len() {
        part.page.records.truncate(values.len());
        part.page.next = part.page.records.last().map(|last| last.number);
    }
    Ok(History { part, values })
}

impl Queue {
    /// What is answered.
    pub(in crate::admin) fn document(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Document<'q> {
            #[serde(flatten)]
            depths: &'q Queue,
            #[serde(flatten)]
            part: ListDocument<RecordDocument<'q>>,
        }
        Document { depths: self, part: self.part.document(|record, _| record) }
    }
}

impl Dead {
    /// What is answered.
    pub(in crate::admin) fn document(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Document<'d> {
            #[serde(flatten)]
            part: ListDocument<Change<'d>>,
            counts: &'d Option<Counts>,
        }
        #[derive(Serialize)]
        struct Change<'d> {
            #[serde(flatten)]
            record: RecordDocument<'d>,
            replay: Option<Brief>,
        }
        let replay = |index| self.replays.get(index).and_then(Option::as_ref).map(Brief::of);
        Document {
            part: self.part.document(|record, index| Change { record, replay: replay(index) }),
            counts: &self.counts,
        }
    }
}

impl History {
    /// What is answered.
    pub(in crate::admin) fn document(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Change<'h> {
            #[serde(flatten)]
            record: RecordDocument<'h>,
            values: Option<&'h RawValue>,
        }
        let values = |index| stored_json(self.values.get(index).and_then(Option::as_deref));
        self.part.document(move |record, index| Change { record, values: values(index) })
    }
}
