//! One record whole: what it is, what became of it when, what it sends, and what stands against sending it again.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::admin::Operator;
use crate::api::request::query;
use crate::api::{CallbackState, Records, push_record, query_names, required, store_problem};
use crate::problem::{Code, Problem};
use crate::store::{Owner, Record, State, Timestamp};

use super::brief;

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
        found = records.store.record_of_request(Owner::All, id.to_owned()).await.map_err(store_problem)?;
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

    /// The document as JSON.
    pub(in crate::admin) fn json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(2048);
        push_record(&mut out, &self.record, self.position);
        out.pop(); // the brace at its end
        out.extend_from_slice(b",\"values\":");
        out.extend_from_slice(self.values.as_deref().unwrap_or(b"null"));
        let rest = json!({
            "mode": <&str>::from(self.record.mode),
            "times": self.times().into_iter().map(|(what, at)| json!({ "what": what, "at": at.to_string() })).collect::<Vec<_>>(),
            "replay": self.replay.as_ref().map(brief),
            "newer": self.newer.iter().map(newer).collect::<Vec<_>>(),
            "callback": callback(&self.callback),
        });
        let rest = rest.to_string();
        out.push(b',');
        out.extend_from_slice(rest.get(1..).unwrap_or_default().as_bytes());
        out
    }
}

fn newer(record: &Record) -> Value {
    json!({
        "update": record.id.to_string(), "state": record.state.as_str(), "operation": record.operation.as_str(),
        "fields": record.fields, "created_at": record.created_at.to_string(),
    })
}

fn callback(state: &CallbackState) -> Value {
    let (tries, due_at) = match state {
        CallbackState::Waiting { tries, due_at } => (Some(tries), Some(due_at.to_string())),
        _ => (None, None),
    };
    json!({ "state": state.as_str(), "tries": tries, "due_at": due_at })
}
