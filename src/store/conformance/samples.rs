//! Records, endings and the like to test with.

use std::time::Duration;

use bytes::Bytes;

use crate::store::{
    Admission, Admitted, Answer, Ending, KeyEnd, KeyUse, Line, Mode, Postponement, Record, State, Stored, Timestamp,
    UpdateId,
};
use crate::value::AssistantOperation;

/// A time so many milliseconds after a fixed one.
pub(in crate::store) fn at(millis: i64) -> Timestamp {
    Timestamp(1_800_000_000_000 + millis)
}

/// A change of `sondos:789` that waits.
pub(in crate::store) fn record(number: u64) -> Record {
    Record {
        id: UpdateId::generate(),
        number,
        request_id: format!("request-{number}"),
        state: State::Queued,
        mode: Mode::Asynchronous,
        operation: AssistantOperation::Update,
        assistant: "sales-bot".into(),
        vendor: "sondos".into(),
        vendor_id: Some("789".into()),
        scope: Some("main".into()),
        client: Some("crm".into()),
        fields: vec!["name".into(), "speech_speed".into()],
        attempts: 0,
        created_at: at(i64::try_from(number).unwrap()),
        updated_at: at(i64::try_from(number).unwrap()),
        next_attempt_at: None,
        expires_at: at(86_400_000),
        doubted_at: None,
        sent_with: Vec::new(),
        replay_of: None,
        answer: None,
        problem: None,
        ahead: None,
        holds: false,
    }
}

/// A row of the journal of a change without a ticket.
pub(in crate::store) fn noted(number: u64, state: State) -> Record {
    Record { state, mode: Mode::Synchronous, attempts: 1, answer: Some(answer("noted")), ..record(number) }
}

/// The line of [`record`].
pub(in crate::store) fn line() -> Line {
    Line { scope: "main".into(), id: "789".into() }
}

pub(in crate::store) fn answer(text: &str) -> Answer {
    let headers = vec![("etag".into(), "\"1\"".into()), ("location".into(), String::new())];
    Answer { status: 200, headers, body: Some(Bytes::copy_from_slice(text.as_bytes())) }
}

pub(in crate::store) fn admission(record: &Record) -> Admission {
    let body = Bytes::from(format!("the body of {}", record.number));
    Admission { record: record.clone(), body, key: None, again: None, member: None }
}

pub(in crate::store) fn keyed(record: &Record, key: &KeyUse) -> Admission {
    Admission { key: Some(key.clone()), ..admission(record) }
}

/// What the admission of a record says.
pub(in crate::store) fn as_stored(record: &Record) -> Admitted {
    Admitted::Stored(Stored { number: record.number, is_owned: true, ..Stored::default() })
}

/// A key of `crm`, used at a time.
pub(in crate::store) fn key(name: &str, millis: i64) -> KeyUse {
    KeyUse { client: Some("crm".into()), key: name.into(), fingerprint: [7; 32], now: at(millis) }
}

pub(in crate::store) fn ending(record: &Record, state: State, millis: i64) -> Ending {
    Ending { answer: Some(answer("the answer")), ..Ending::new(record.id, state, 3, at(millis)) }
}

/// An ending after which the key answers for a second.
pub(in crate::store) fn keeping(record: &Record, state: State, millis: i64) -> Ending {
    let unknown = (state == State::Unknown).then_some(record.number);
    let key = KeyEnd { answer: answer("for the key"), kept: Duration::from_secs(1), unknown };
    Ending { key: Some(key), ..ending(record, state, millis) }
}

pub(in crate::store) fn postponement(ids: Vec<UpdateId>, millis: i64) -> Postponement {
    let problem = Bytes::from_static(b"{\"code\":\"vendor_error\"}");
    Postponement {
        changes: ids.into_iter().map(|id| (id, problem.clone())).collect(),
        attempts: 2,
        now: at(millis),
        next_attempt_at: at(millis + 500),
        doubted_at: None,
        by: None,
    }
}
