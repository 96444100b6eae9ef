//! A store for tests of what callers see: it has the records that a test gives it, and can do nothing but read them.

use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use crate::store::{
    Admission, Admitted, CallbackDue, CallbackTried, Ending, Figures, Filter, Finished, Incarnation, KeyState, KeyUse,
    Line, Mode, Page, Pending, Postponement, Record, RecordsOf, State, Store, StoreError, Timestamp, UpdateId,
};
use crate::value::AssistantOperation;

use super::Records;

/// The records, oldest first, or why they cannot be read.
#[derive(Debug)]
pub(crate) struct Double(Mutex<Result<Vec<Record>, StoreError>>);

impl Double {
    pub(crate) fn of(records: Vec<Record>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Ok(records))))
    }

    pub(crate) fn failing(error: StoreError) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Err(error))))
    }

    pub(crate) fn records(self: &Arc<Self>) -> Arc<Records> {
        let store: Arc<Self> = Arc::clone(self);
        Arc::new(Records::new(store))
    }

    fn found(&self) -> Result<Vec<Record>, StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn refused<'a, T: Send + 'a>() -> Pending<'a, T> {
    Box::pin(ready(Err(StoreError::Closed)))
}

fn is_owners(owner: &RecordsOf, record: &Record) -> bool {
    match owner {
        RecordsOf::All => true,
        RecordsOf::Client(client) => *client == record.client,
    }
}

fn matches(filter: &Filter, record: &Record) -> bool {
    let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
    is_owners(&filter.owner, record)
        && filter.line.as_ref().is_none_or(|line| record.line().as_ref() == Some(line))
        && is(&filter.assistant, &record.assistant)
        && is(&filter.vendor, &record.vendor)
        && (filter.states.is_empty() || filter.states.contains(&record.state))
        && filter.operation.is_none_or(|operation| operation == record.operation)
        && filter.field.as_ref().is_none_or(|field| record.fields.iter().any(|other| other == field))
        && filter.since.is_none_or(|since| record.created_at >= since)
        && filter.until.is_none_or(|until| record.created_at < until)
        && filter.below.is_none_or(|below| record.number < below)
}

impl Store for Double {
    fn record(&self, id: UpdateId) -> Pending<'_, Option<Record>> {
        let found = self.found().map(|records| records.into_iter().find(|record| record.id == id));
        Box::pin(ready(found))
    }

    fn record_of_request(&self, owner: RecordsOf, request_id: String) -> Pending<'_, Option<Record>> {
        let is = |record: &Record| is_owners(&owner, record) && record.request_id == request_id;
        let found = self.found().map(|records| records.into_iter().rfind(is));
        Box::pin(ready(found))
    }

    fn list(&self, filter: Filter) -> Pending<'_, Page> {
        let found = self.found().map(|records| {
            let mut records: Vec<_> = records.into_iter().rev().filter(|record| matches(&filter, record)).collect();
            let is_all = records.len() <= filter.limit;
            records.truncate(filter.limit);
            let next = records.last().map(|last| last.number).filter(|_| !is_all);
            Page { records, next }
        });
        Box::pin(ready(found))
    }

    fn admit(&self, _: Admission) -> Pending<'_, Admitted> {
        refused()
    }

    fn look_up(&self, _: KeyUse) -> Pending<'_, Option<KeyState>> {
        refused()
    }

    fn start(&self, _: Vec<UpdateId>, _: Timestamp, _: Option<Incarnation>) -> Pending<'_, bool> {
        refused()
    }

    fn postpone(&self, _: Postponement) -> Pending<'_, ()> {
        refused()
    }

    fn finish(&self, _: Vec<Ending>) -> Pending<'_, Vec<Finished>> {
        refused()
    }

    fn note(&self, _: Record, _: Option<Bytes>) -> Pending<'_, ()> {
        refused()
    }

    fn has_room(&self) -> bool {
        true
    }

    fn cancel(&self, _: UpdateId, _: Timestamp, _: bool) -> Pending<'_, Option<Record>> {
        refused()
    }

    fn discard(&self, _: UpdateId, _: State, _: Timestamp) -> Pending<'_, bool> {
        refused()
    }

    fn ticket(&self, _: UpdateId) -> Pending<'_, Option<(Record, Bytes)>> {
        refused()
    }

    fn bodies(&self, _: Vec<UpdateId>) -> Pending<'_, Vec<Option<Bytes>>> {
        refused()
    }

    fn replay_of(&self, _: UpdateId) -> Pending<'_, Option<Record>> {
        refused()
    }

    fn newer(&self, _: Line, _: u64, _: Vec<String>) -> Pending<'_, Vec<Record>> {
        refused()
    }

    fn tickets(&self) -> Pending<'_, Vec<Record>> {
        refused()
    }

    fn unsettled(&self, _: Timestamp) -> Pending<'_, Vec<Record>> {
        refused()
    }

    fn callback_clients(&self) -> Pending<'_, Vec<String>> {
        refused()
    }

    fn callbacks_of(&self, _: String, _: usize) -> Pending<'_, Vec<CallbackDue>> {
        refused()
    }

    fn callback_tried(&self, _: CallbackTried) -> Pending<'_, ()> {
        refused()
    }

    fn sweep(&self, _: Timestamp, _: Timestamp) -> Pending<'_, bool> {
        refused()
    }

    fn next_number(&self) -> u64 {
        1
    }

    fn figures(&self) -> Figures {
        Figures::default()
    }

    fn close(&self) -> Pending<'_, ()> {
        refused()
    }
}

/// A change of one field that waits; its times are `number` seconds after 1970.
pub(crate) fn record(number: u64, client: Option<&str>) -> Record {
    let created_at = Timestamp(i64::try_from(number).unwrap_or_default() * 1000);
    Record {
        id: UpdateId::generate(),
        number,
        request_id: format!("request-{number}"),
        state: State::Queued,
        mode: Mode::Asynchronous,
        operation: AssistantOperation::Update,
        assistant: "sales-bot".to_owned(),
        vendor: "sondos".to_owned(),
        vendor_id: Some("789".to_owned()),
        scope: Some("sondos".to_owned()),
        client: client.map(str::to_owned),
        fields: vec!["name".into()],
        attempts: 0,
        created_at,
        updated_at: created_at,
        next_attempt_at: None,
        expires_at: created_at.after(Duration::from_secs(24 * 60 * 60)),
        doubted_at: None,
        sent_with: Vec::new(),
        replay_of: None,
        answer: None,
        problem: None,
        ahead: None,
        holds: false,
    }
}
