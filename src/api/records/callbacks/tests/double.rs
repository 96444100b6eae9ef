//! A store in memory that has callbacks and their records, and nothing else.

use std::collections::HashMap;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::store::*;
use crate::value::AssistantOperation;

/// The store, which tells what it is told about tries.
#[derive(Debug)]
pub(super) struct Double {
    content: Mutex<Content>,
    tried: UnboundedSender<CallbackTried>,
}

#[derive(Debug, Default)]
pub(super) struct Content {
    pub callbacks: HashMap<UpdateId, CallbackDue>,
    pub records: HashMap<UpdateId, Record>,
    /// How many of the next statements of that name fail, and how.
    pub failing: HashMap<&'static str, (u32, StoreError)>,
    /// Holds the next answer about callbacks back until it rings.
    pub gate: Option<Arc<Notify>>,
    /// How often callbacks were asked for.
    pub asked: u32,
}

impl Double {
    pub(super) fn new() -> (Arc<Self>, UnboundedReceiver<CallbackTried>) {
        let (tried, told) = unbounded_channel();
        (Arc::new(Self { content: Mutex::default(), tried }), told)
    }

    pub(super) fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap()
    }

    /// A change of that client has ended, and its callback is due then.
    pub(super) fn add(&self, client: &str, due_at: Timestamp) -> UpdateId {
        let id = UpdateId::generate();
        let mut content = self.content();
        content.callbacks.insert(id, CallbackDue { id, client: client.into(), tries: 0, due_at });
        content.records.insert(id, record(id, client, due_at));
        id
    }

    fn answer<T: Send + 'static>(&self, name: &str, answer: impl FnOnce(&mut Content) -> T) -> Pending<'_, T> {
        let mut content = self.content();
        let answer = match content.failing.get_mut(name) {
            Some((left, error)) if *left > 0 => {
                *left -= 1;
                Err(error.clone())
            }
            _ => Ok(answer(&mut content)),
        };
        Box::pin(ready(answer))
    }
}

fn record(id: UpdateId, client: &str, at: Timestamp) -> Record {
    Record {
        id,
        number: 1,
        request_id: "r".into(),
        state: State::Applied,
        mode: Mode::Asynchronous,
        operation: AssistantOperation::Update,
        assistant: "a".into(),
        vendor: "v".into(),
        vendor_id: Some("7".into()),
        scope: Some("v".into()),
        client: Some(client.into()),
        fields: vec!["name".into()],
        attempts: 1,
        created_at: at,
        updated_at: at,
        next_attempt_at: None,
        expires_at: at,
        doubted_at: None,
        sent_with: Vec::new(),
        replay_of: None,
        answer: None,
        problem: None,
        ahead: None,
        holds: false,
    }
}

fn unasked<'a, T>() -> Pending<'a, T> {
    panic!("callbacks have no need of this")
}

impl Store for Double {
    fn callback_clients(&self) -> Pending<'_, Vec<String>> {
        self.answer("callback_clients", |content| {
            let mut clients: Vec<_> = content.callbacks.values().map(|due| due.client.clone()).collect();
            clients.sort();
            clients.dedup();
            clients
        })
    }

    fn callbacks_of(&self, client: String, limit: usize) -> Pending<'_, Vec<CallbackDue>> {
        let gate = self.content().gate.take();
        let answer = self.answer("callbacks_of", |content| {
            content.asked += 1;
            let mut of: Vec<_> = content.callbacks.values().filter(|due| due.client == client).cloned().collect();
            of.sort_by_key(|due| (due.due_at, due.id));
            of.truncate(limit);
            of
        });
        Box::pin(async move {
            if let Some(gate) = gate {
                gate.notified().await;
            }
            answer.await
        })
    }

    fn callback_tried(&self, tried: CallbackTried) -> Pending<'_, ()> {
        self.answer("callback_tried", |content| {
            match tried {
                CallbackTried::Delivered(id) | CallbackTried::GivenUp(id) => drop(content.callbacks.remove(&id)),
                CallbackTried::Again(id, at) => {
                    let due = content.callbacks.get_mut(&id).unwrap();
                    (due.tries, due.due_at) = (due.tries + 1, at);
                }
            }
            let _ = self.tried.send(tried);
        })
    }

    fn record(&self, id: UpdateId) -> Pending<'_, Option<Record>> {
        self.answer("record", |content| content.records.get(&id).cloned())
    }

    fn admit(&self, _: Admission) -> Pending<'_, Admitted> {
        unasked()
    }

    fn look_up(&self, _: KeyUse) -> Pending<'_, Option<KeyState>> {
        unasked()
    }

    fn start(&self, _: Vec<UpdateId>, _: Timestamp, _: Option<Incarnation>) -> Pending<'_, bool> {
        unasked()
    }

    fn postpone(&self, _: Postponement) -> Pending<'_, ()> {
        unasked()
    }

    fn finish(&self, _: Vec<Ending>) -> Pending<'_, Vec<Finished>> {
        unasked()
    }

    fn note(&self, _: Record, _: Option<Bytes>) -> Pending<'_, ()> {
        unasked()
    }

    fn has_room(&self) -> bool {
        true
    }

    fn cancel(&self, _: UpdateId, _: Timestamp, _: bool) -> Pending<'_, Option<Record>> {
        unasked()
    }

    fn discard(&self, _: UpdateId, _: State, _: Timestamp) -> Pending<'_, bool> {
        unasked()
    }

    fn ticket(&self, _: UpdateId) -> Pending<'_, Option<(Record, Bytes)>> {
        unasked()
    }

    fn bodies(&self, _: Vec<UpdateId>) -> Pending<'_, Vec<Option<Bytes>>> {
        unasked()
    }

    fn record_of_request(&self, _: RecordsOf, _: String) -> Pending<'_, Option<Record>> {
        unasked()
    }

    fn list(&self, _: Filter) -> Pending<'_, Page> {
        unasked()
    }

    fn replay_of(&self, _: UpdateId) -> Pending<'_, Option<Record>> {
        unasked()
    }

    fn newer(&self, _: Line, _: u64, _: Vec<String>) -> Pending<'_, Vec<Record>> {
        unasked()
    }

    fn tickets(&self) -> Pending<'_, Vec<Record>> {
        unasked()
    }

    fn unsettled(&self, _: Timestamp) -> Pending<'_, Vec<Record>> {
        unasked()
    }

    fn sweep(&self, _: Timestamp, _: Timestamp) -> Pending<'_, bool> {
        unasked()
    }

    fn next_number(&self) -> u64 {
        1
    }

    fn figures(&self) -> Figures {
        Figures::default()
    }

    fn close(&self) -> Pending<'_, ()> {
        unasked()
    }
}
