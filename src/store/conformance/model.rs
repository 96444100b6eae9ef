//! The trait in memory, as plainly as it can be said. It is correct, slow and not durable.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;

use bytes::Bytes;

use crate::store::{
    Admission, Admitted, Answer, CallbackDue, CallbackTried, Created, Ending, Figures, Filter, Fingerprint, Finished,
    Incarnation, KeyEnd, KeyState, KeyUse, Line, Page, Pending, Postponement, Record, RecordsOf, State, Store,
    StoreError, Stored, Timestamp, UpdateId,
};
use crate::value::AssistantOperation;

#[derive(Debug, Default)]
pub(in crate::store) struct Model {
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    tickets: BTreeMap<u64, (Record, Bytes)>,
    journal: BTreeMap<u64, (Record, Option<Bytes>)>,
    keys: HashMap<(Option<String>, String), Key>,
    callbacks: Vec<CallbackDue>,
    given_up: u64,
    greatest: u64,
    closed: bool,
}

#[derive(Debug)]
struct Key {
    id: UpdateId,
    fingerprint: Fingerprint,
    /// Its answer, until when, and the number of a change whose outcome is unknown.
    ended: Option<(Answer, Timestamp, Option<u64>)>,
}

impl Model {
    fn answer<T: Send + 'static>(&self, run: impl FnOnce(&mut Tables) -> Result<T, StoreError>) -> Pending<'_, T> {
        let mut tables = self.tables.lock().unwrap();
        let answer = if tables.closed { Err(StoreError::Closed) } else { run(&mut tables) };
        Box::pin(std::future::ready(answer))
    }
}

impl Tables {
    fn records(&self) -> impl Iterator<Item = &Record> {
        let tickets = self.tickets.values().map(|(record, _)| record);
        tickets.chain(self.journal.values().map(|(record, _)| record))
    }

    fn newest(&self, fits: impl Fn(&Record) -> bool) -> Option<Record> {
        self.records().filter(|record| fits(record)).max_by_key(|record| record.number).cloned()
    }

    fn ticket(&mut self, id: UpdateId) -> Option<&mut Record> {
        self.tickets.values_mut().map(|(record, _)| record).find(|record| record.id == id)
    }

    fn key_state(&self, key: &KeyUse) -> Option<KeyState> {
        let known = self.keys.get(&(key.client.clone(), key.key.clone()))?;
        match &known.ended {
            Some((_, until, _)) if *until <= key.now => None,
            _ if known.fingerprint != key.fingerprint => Some(KeyState::OtherRequest),
            None => Some(KeyState::InProgress(known.id)),
            Some((answer, _, unknown)) => {
                Some(KeyState::Ended { id: known.id, answer: answer.clone(), unknown: *unknown })
            }
        }
    }

    fn admit(&mut self, admission: Admission) -> Admitted {
        let record = admission.record;
        if let Some(key) = admission.key {
            match self.key_state(&key) {
                Some(KeyState::Ended { id, unknown: Some(_), .. }) if admission.again == Some(id) => {}
                Some(known) => return Admitted::Known(known),
                None => {}
            }
            let taken = Key { id: record.id, fingerprint: key.fingerprint, ended: None };
            self.keys.insert((key.client, key.key), taken);
        }
        let number = record.number;
        self.greatest = self.greatest.max(number);
        self.tickets.insert(record.number, (record, admission.body));
        Admitted::Stored(Stored { number, is_owned: true, ..Stored::default() })
    }

    fn end(&mut self, ending: Ending) -> Finished {
        let Some(number) = self.ticket(ending.id).map(|record| record.number) else { return Finished::Gone };
        let (mut record, _) = self.tickets.remove(&number).unwrap();
        record.state = ending.state;
        record.attempts = ending.attempts;
        record.updated_at = ending.now;
        record.next_attempt_at = None;
        record.answer = ending.answer;
        record.problem = ending.problem;
        record.doubted_at = ending.doubted_at.or(record.doubted_at);
        record.sent_with = ending.sent_with;
        if let Some(Created { assistant, line }) = ending.created {
            record.assistant = assistant;
            (record.scope, record.vendor_id) = (Some(line.scope.to_string()), Some(line.id.to_string()));
        }
        match ending.key {
            None => self.keys.retain(|_, key| key.id != record.id),
            Some(KeyEnd { answer, kept, unknown }) => {
                let until = ending.now.after(kept);
                for key in self.keys.values_mut().filter(|key| key.id == record.id) {
                    key.ended = Some((answer.clone(), until, unknown));
                }
            }
        }
        if let Some(client) = record.client.clone().filter(|_| ending.callback) {
            self.callbacks.push(CallbackDue { id: record.id, client, tries: 0, due_at: ending.now });
        }
        if let Some(dead) = record.replay_of.filter(|_| record.state != State::Dead) {
            let replayed = self.journal.values_mut().filter(|(old, _)| old.id == dead && old.state == State::Dead);
            replayed.for_each(|(_, body)| *body = None);
        }
        self.journal.insert(number, (record, ending.body));
        Finished::Done { left: 0 }
    }

    fn cancel(&mut self, id: UpdateId, now: Timestamp, callback: bool) -> Option<Record> {
        let record = self.ticket(id).filter(|record| record.state == State::Queued)?.clone();
        self.end(Ending {
            problem: record.problem,
            doubted_at: record.doubted_at,
            sent_with: record.sent_with,
            callback,
            ..Ending::new(id, State::Canceled, record.attempts, now)
        });
        self.newest(|record| record.id == id)
    }
}

fn owns(owner: &RecordsOf, record: &Record) -> bool {
    match owner {
        RecordsOf::All => true,
        RecordsOf::Client(client) => record.client == *client,
    }
}

fn fits(filter: &Filter, record: &Record) -> bool {
    owns(&filter.owner, record)
        && filter.line.as_ref().is_none_or(|line| record.line().as_ref() == Some(line))
        && filter.assistant.as_ref().is_none_or(|assistant| record.assistant == *assistant)
        && filter.vendor.as_ref().is_none_or(|vendor| record.vendor == *vendor)
        && (filter.states.is_empty() || filter.states.contains(&record.state))
        && filter.operation.is_none_or(|operation| record.operation == operation)
        && filter.field.as_ref().is_none_or(|field| record.fields.iter().any(|other| other == field))
        && filter.since.is_none_or(|since| record.created_at >= since)
        && filter.until.is_none_or(|until| record.created_at < until)
        && filter.below.is_none_or(|below| record.number < below)
}

impl Store for Model {
    fn admit(&self, admission: Admission) -> Pending<'_, Admitted> {
        self.answer(|tables| Ok(tables.admit(admission)))
    }

    fn look_up(&self, key: KeyUse) -> Pending<'_, Option<KeyState>> {
        self.answer(|tables| Ok(tables.key_state(&key)))
    }

    fn start(&self, ids: Vec<UpdateId>, now: Timestamp, _: Option<Incarnation>) -> Pending<'_, bool> {
        self.answer(|tables| {
            if ids.iter().any(|id| tables.ticket(*id).is_none()) {
                return Ok(false);
            }
            for id in ids {
                if let Some(record) = tables.ticket(id).filter(|record| record.state == State::Queued) {
                    record.state = State::Sending;
                    record.updated_at = now;
                    record.next_attempt_at = None;
                }
            }
            Ok(true)
        })
    }

    fn postpone(&self, postponement: Postponement) -> Pending<'_, ()> {
        self.answer(|tables| {
            for (id, problem) in postponement.changes {
                if let Some(record) = tables.ticket(id).filter(|record| record.state == State::Sending) {
                    record.state = State::Queued;
                    record.attempts = record.attempts.saturating_add(postponement.attempts);
                    record.updated_at = postponement.now;
                    record.next_attempt_at = Some(postponement.next_attempt_at);
                    record.problem = Some(problem);
                    record.doubted_at = postponement.doubted_at.or(record.doubted_at);
                }
            }
            Ok(())
        })
    }

    fn finish(&self, endings: Vec<Ending>) -> Pending<'_, Vec<Finished>> {
        self.answer(|tables| Ok(endings.into_iter().map(|ending| tables.end(ending)).collect()))
    }

    fn note(&self, record: Record, body: Option<Bytes>) -> Pending<'_, ()> {
        self.answer(|tables| {
            let known = tables.journal.values().any(|(row, _)| row.id == record.id || row.number == record.number);
            if !known {
                tables.greatest = tables.greatest.max(record.number);
                tables.journal.insert(record.number, (record, body));
            }
            Ok(())
        })
    }

    fn has_room(&self) -> bool {
        true
    }

    fn cancel(&self, id: UpdateId, now: Timestamp, callback: bool) -> Pending<'_, Option<Record>> {
        self.answer(|tables| Ok(tables.cancel(id, now, callback)))
    }

    fn discard(&self, id: UpdateId, state: State, now: Timestamp) -> Pending<'_, bool> {
        self.answer(|tables| {
            let dead = |(record, body): &&mut (Record, Option<Bytes>)| {
                record.id == id && record.state == State::Dead && body.is_some()
            };
            let Some((record, body)) = tables.journal.values_mut().find(dead) else { return Ok(false) };
            (record.state, record.updated_at, *body) = (state, now, None);
            Ok(true)
        })
    }

    fn ticket(&self, id: UpdateId) -> Pending<'_, Option<(Record, Bytes)>> {
        self.answer(|tables| Ok(tables.tickets.values().find(|(record, _)| record.id == id).cloned()))
    }

    fn bodies(&self, ids: Vec<UpdateId>) -> Pending<'_, Vec<Option<Bytes>>> {
        self.answer(|tables| {
            let body = |id: UpdateId| {
                let tickets = tables.tickets.values().map(|(record, body)| (record.id, Some(body.clone())));
                let rows = tables.journal.values().map(|(record, body)| (record.id, body.clone()));
                tickets.chain(rows).find(|(of, _)| *of == id).and_then(|(_, body)| body)
            };
            Ok(ids.into_iter().map(body).collect())
        })
    }

    fn record(&self, id: UpdateId) -> Pending<'_, Option<Record>> {
        self.answer(|tables| Ok(tables.newest(|record| record.id == id)))
    }

    fn record_of_request(&self, owner: RecordsOf, request_id: String) -> Pending<'_, Option<Record>> {
        self.answer(|tables| Ok(tables.newest(|record| record.request_id == request_id && owns(&owner, record))))
    }

    fn list(&self, filter: Filter) -> Pending<'_, Page> {
        self.answer(|tables| {
            let replayed = |id| tables.records().any(|record| record.replay_of == Some(id));
            let is_as_wanted = |record: &Record| filter.replayed.is_none_or(|wanted| wanted == replayed(record.id));
            let fits = |record: &&Record| fits(&filter, record) && is_as_wanted(record);
            let mut records: Vec<_> = tables.records().filter(fits).cloned().collect();
            records.sort_by_key(|record| std::cmp::Reverse(record.number));
            let more = records.len() > filter.limit;
            records.truncate(filter.limit);
            let next = records.last().filter(|_| more).map(|record| record.number);
            Ok(Page { records, next })
        })
    }

    fn replay_of(&self, id: UpdateId) -> Pending<'_, Option<Record>> {
        self.answer(|tables| Ok(tables.newest(|record| record.replay_of == Some(id))))
    }

    fn newer(&self, line: Line, number: u64, fields: Vec<String>) -> Pending<'_, Vec<Record>> {
        self.answer(|tables| {
            let fits = |record: &&Record| {
                record.line().as_ref() == Some(&line)
                    && record.number > number
                    && (record.state == State::Applied || !record.state.is_final())
                    && (fields.is_empty()
                        || record.operation == AssistantOperation::Delete
                        || fields.iter().any(|field| record.fields.iter().any(|other| other == field)))
            };
            let mut newer: Vec<_> = tables.records().filter(fits).cloned().collect();
            newer.sort_by_key(|record| record.number);
            Ok(newer)
        })
    }

    fn tickets(&self) -> Pending<'_, Vec<Record>> {
        self.answer(|tables| {
            let open = |(record, _): &(Record, Bytes)| Record { answer: None, problem: None, ..record.clone() };
            Ok(tables.tickets.values().map(open).collect())
        })
    }

    fn unsettled(&self, since: Timestamp) -> Pending<'_, Vec<Record>> {
        self.answer(|tables| {
            let rows = tables.journal.values().map(|(record, _)| record);
            Ok(rows.filter(|record| record.doubted_at.is_some_and(|at| at > since)).cloned().collect())
        })
    }

    fn callback_clients(&self) -> Pending<'_, Vec<String>> {
        self.answer(|tables| {
            let clients: BTreeSet<_> = tables.callbacks.iter().map(|due| due.client.clone()).collect();
            Ok(clients.into_iter().collect())
        })
    }

    fn callbacks_of(&self, client: String, limit: usize) -> Pending<'_, Vec<CallbackDue>> {
        self.answer(|tables| {
            let mut due: Vec<_> = tables.callbacks.iter().filter(|due| due.client == client).cloned().collect();
            due.sort_by_key(|due| (due.due_at, due.id));
            due.truncate(limit);
            Ok(due)
        })
    }

    fn callback_tried(&self, tried: CallbackTried) -> Pending<'_, ()> {
        self.answer(|tables| {
            let before = tables.callbacks.len();
            match tried {
                CallbackTried::Delivered(id) => tables.callbacks.retain(|due| due.id != id),
                CallbackTried::GivenUp(id) => {
                    tables.callbacks.retain(|due| due.id != id);
                    tables.given_up += u64::from(tables.callbacks.len() < before);
                }
                CallbackTried::Again(id, at) => {
                    for due in tables.callbacks.iter_mut().filter(|due| due.id == id) {
                        due.due_at = at;
                        due.tries += 1;
                    }
                }
            }
            Ok(())
        })
    }

    fn sweep(&self, now: Timestamp, journal: Timestamp) -> Pending<'_, bool> {
        self.answer(|tables| {
            tables.journal.retain(|_, (record, _)| record.updated_at >= journal);
            tables.keys.retain(|_, key| key.ended.as_ref().is_none_or(|(_, until, _)| *until > now));
            Ok(false)
        })
    }

    fn next_number(&self) -> u64 {
        self.tables.lock().unwrap().greatest + 1
    }

    fn figures(&self) -> Figures {
        let tables = self.tables.lock().unwrap();
        Figures {
            callbacks_waiting: tables.callbacks.len() as u64,
            callbacks_given_up: tables.given_up,
            ..Figures::default()
        }
    }

    fn close(&self) -> Pending<'_, ()> {
        self.answer(|tables| {
            tables.closed = true;
            Ok(())
        })
    }
}
