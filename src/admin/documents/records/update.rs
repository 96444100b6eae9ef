//! One record whole: what it is, what became of it when, what it sends, and what stands against sending it again.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::admin::Operator;
use crate::api::request::query;
use crate::api::{CallbackState, RecordDocument, Records, query_names, required, store_problem, stored_json};
use crate::problem::{Code, Problem};
use crate::store::{FieldName, Record, RecordsOf, State, Timestamp};

use super::Brief;

/// One record whole.
pub(crate) struct Whole {
    pub(crate) record: Record,
    /// Its place in its line, if it waits.
    pub(crate) position: Option<u64>,
    /// The values of its fields as the journal keeps them, secrets redacted; JSON text.
    pub(crate) values: Option<Bytes>,
    /// The newest record that sends it again.
    pub(crate) replay: Option<Record>,
    /// The newer changes that stand against sending it again.
    pub(crate) newer: Vec<Record>,
    pub(crate) callback: CallbackState,
}

/// The record that `id` names: it is that of a record, or of a request.
///
/// # Errors
/// There is no store or no such record, the query is invalid, or the store fails.
pub(crate) async fn update(operator: &Operator, query: Option<&str>) -> Result<Whole, Problem> {
    let records = required(operator.context.records.as_ref())?;
    query_names(query, &["id"])?;
    let id = query::text(query, "id")?.unwrap_or_default();
    if id.is_empty() {
        return Err(query::must("id", "be there: the id of a record, a UUID, or that of a request"));
    }
    let record = find(records, &id).await?;
    let values = records.values(std::slice::from_ref(&record)).await?.into_iter().next().flatten();
    let replay = records.store.replay_of(record.id).await.map_err(store_problem)?;
    let newer = match record.state {
        State::Dead => records.newer_than(&record).await?,
        _ => Vec::new(),
    };
    Ok(Whole {
        position: records.position(&record),
        callback: records.callback_of(&record).await?,
        record,
        values,
        replay,
        newer,
    })
}

async fn find(records: &Records, id: &str) -> Result<Record, Problem> {
    let mut found = match id.parse() {
        Ok(id) => records.store.record(id).await.map_err(store_problem)?,
        Err(_) => None,
    };
    if found.is_none() {
        found = records.store.record_of_request(RecordsOf::All, id.to_owned()).await.map_err(store_problem)?;
    }
    let none = "there is no record of this id, neither of a change nor of a request; it may be kept no longer";
    found.ok_or_else(|| Problem::new(Code::UpdateNotFound, none))
}

impl Whole {
    /// What happened to it and when, as far as it is stored, and what is to happen.
    pub(crate) fn times(&self) -> Vec<(&'static str, Timestamp)> {
        let record = &self.record;
        let mut times = vec![("admitted", record.created_at)];
        times.extend(record.doubted_at.map(|at| ("attempt_in_doubt", at)));
        times.push((record.state.as_str(), record.updated_at));
        times.extend(record.next_attempt_at.map(|at| ("next_attempt", at)));
        if !record.state.is_final() {
            times.push(("expires", record.expires_at));
        }
        times.sort_by_key(|(_, at)| *at);
        times
    }

    /// Whether it waits and may be withdrawn.
    #[cfg(feature = "console")]
    pub(crate) fn may_be_canceled(&self) -> bool {
        self.record.state == State::Queued
    }

    /// Whether it is dead and no other record sends it again.
    #[cfg(feature = "console")]
    pub(crate) fn is_open(&self) -> bool {
        self.record.state == State::Dead && self.replay.as_ref().is_none_or(|replay| replay.state == State::Dead)
    }

    /// What is answered.
    pub(in crate::admin) fn document(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct Document<'w> {
            #[serde(flatten)]
            record: RecordDocument<'w>,
            values: Option<&'w RawValue>,
            mode: &'static str,
            times: Vec<Time>,
            replay: Option<Brief>,
            newer: Vec<Newer<'w>>,
            callback: Callback,
        }
        Document {
            record: RecordDocument::new(&self.record, self.position),
            values: stored_json(self.values.as_deref()),
            mode: self.record.mode.into(),
            times: self.times().into_iter().map(|(what, at)| Time { what, at }).collect(),
            replay: self.replay.as_ref().map(Brief::of),
            newer: self.newer.iter().map(Newer::of).collect(),
            callback: Callback::of(&self.callback),
        }
    }
}

#[derive(Serialize)]
struct Time {
    what: &'static str,
    at: Timestamp,
}

#[derive(Serialize)]
struct Newer<'r> {
    #[serde(flatten)]
    record: Brief,
    operation: &'static str,
    fields: &'r [FieldName],
    created_at: Timestamp,
}

impl<'r> Newer<'r> {
    fn of(record: &'r Record) -> Self {
        let operation = record.operation.as_str();
        Self { record: Brief::of(record), operation, fields: &record.fields, created_at: record.created_at }
    }
}

#[derive(Serialize)]
struct Callback {
    state: &'static str,
    tries: Option<u32>,
    due_at: Option<Timestamp>,
}

impl Callback {
    fn of(state: &CallbackState) -> Self {
        let (tries, due_at) = match *state {
            CallbackState::Waiting { tries, due_at } => (Some(tries), Some(due_at)),
            _ => (None, None),
        };
        Self { state: state.as_str(), tries, due_at }
    }
}
