//! Records as rows.

use bytes::Bytes;
use rusqlite::Row;
use uuid::Uuid;

use crate::store::row::{Part, unsigned};
use crate::store::seal::{Purpose, Sealer, packed};
use crate::store::{Answer, Record, Timestamp, UpdateId};

use super::failure::Failure;

/// The record of a row with `columns!`.
pub(super) fn record(row: &Row<'_>, sealer: &Sealer, part: Part) -> Result<Record, Failure> {
    let id = id_of(row, 1)?;
    let sealed = |at: usize, purpose| -> Result<Option<Bytes>, Failure> {
        match (part, row.get_ref(at)?.as_blob_or_null().map_err(rusqlite::Error::from)?) {
            (Part::Whole, Some(blob)) => Ok(Some(sealer.open(id, purpose, blob)?)),
            _ => Ok(None),
        }
    };
    let answer = sealed(20, Purpose::Answer)?.map(|bytes| unpack_answer(&bytes)).transpose()?;
    Ok(Record {
        id,
        number: unsigned(row.get(0)?),
        request_id: row.get(2)?,
        state: word(row, 3)?.parse().map_err(|_| Failure::Form("state"))?,
        mode: word(row, 4)?.parse().map_err(|_| Failure::Form("mode"))?,
        operation: word(row, 5)?.parse().map_err(|_| Failure::Form("operation"))?,
        assistant: row.get(6)?,
        vendor: row.get(7)?,
        vendor_id: row.get(8)?,
        scope: row.get(9)?,
        client: row.get(10)?,
        fields: serde_json::from_str(word(row, 11)?).map_err(|_| Failure::Form("fields"))?,
        attempts: u32::try_from(row.get::<_, i64>(12)?).map_err(|_| Failure::Form("attempts"))?,
        created_at: Timestamp(row.get(13)?),
        updated_at: Timestamp(row.get(14)?),
        next_attempt_at: row.get::<_, Option<i64>>(15)?.map(Timestamp),
        expires_at: Timestamp(row.get(16)?),
        doubted_at: row.get::<_, Option<i64>>(17)?.map(Timestamp),
        sent_with: unpack_ids(row.get_ref(18)?.as_blob().map_err(rusqlite::Error::from)?)?,
        replay_of: row.get::<_, Option<[u8; 16]>>(19)?.map(|bytes| UpdateId(Uuid::from_bytes(bytes))),
        answer,
        problem: sealed(21, Purpose::Problem)?,
        ahead: None,
        holds: false,
    })
}

fn word<'r>(row: &'r Row<'_>, at: usize) -> Result<&'r str, Failure> {
    Ok(row.get_ref(at)?.as_str().map_err(rusqlite::Error::from)?)
}

pub(super) fn id_of(row: &Row<'_>, at: usize) -> Result<UpdateId, Failure> {
    Ok(UpdateId(Uuid::from_bytes(row.get(at)?)))
}

/// A number as SQLite has it.
pub(super) fn signed(number: u64) -> Result<i64, Failure> {
    i64::try_from(number).map_err(|_| Failure::Input(format!("the number {number} is too great")))
}

/// Everything of a record that is bound as it stands.
pub(super) struct Packed {
    pub(super) fields: String,
    pub(super) sent_with: Vec<u8>,
    pub(super) answer: Option<Vec<u8>>,
    pub(super) problem: Option<Vec<u8>>,
    pub(super) body: Option<Vec<u8>>,
}

impl Packed {
    pub(super) fn of(record: &Record, body: Option<&Bytes>, sealer: &Sealer) -> Result<Self, Failure> {
        Ok(Self {
            fields: serde_json::to_string(&record.fields).map_err(|error| Failure::Input(error.to_string()))?,
            sent_with: pack_ids(&record.sent_with),
            answer: seal_answer(sealer, record.id, Purpose::Answer, record.answer.as_ref())?,
            problem: seal(sealer, record.id, Purpose::Problem, record.problem.as_ref())?,
            body: seal(sealer, record.id, Purpose::Body, body)?,
        })
    }
}

/// Adds a row with `columns!` and the body.
macro_rules! insert_into {
    ($table:literal) => {
        concat!(
            "insert into ",
            $table,
            " (",
            $crate::store::row::columns!(),
            ", body) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)"
        )
    };
}
pub(super) use insert_into;

/// Binds everything to a statement of [`insert_into`] and runs it.
pub(super) fn insert(
    statement: &mut rusqlite::Statement<'_>,
    record: &Record,
    packed: &Packed,
) -> Result<usize, Failure> {
    let mode: &'static str = record.mode.into();
    let done = statement.execute(rusqlite::params![
        signed(record.number)?,
        record.id.0.as_bytes(),
        record.request_id,
        record.state.as_str(),
        mode,
        record.operation.as_str(),
        record.assistant,
        record.vendor,
        record.vendor_id,
        record.scope,
        record.client,
        packed.fields,
        record.attempts,
        record.created_at.0,
        record.updated_at.0,
        record.next_attempt_at.map(|at| at.0),
        record.expires_at.0,
        record.doubted_at.map(|at| at.0),
        packed.sent_with,
        record.replay_of.map(|id| *id.0.as_bytes()),
        packed.answer,
        packed.problem,
        packed.body,
    ])?;
    Ok(done)
}

pub(super) fn pack_ids(ids: &[UpdateId]) -> Vec<u8> {
    ids.iter().flat_map(|id| *id.0.as_bytes()).collect()
}

fn unpack_ids(bytes: &[u8]) -> Result<Vec<UpdateId>, Failure> {
    let (ids, rest) = bytes.as_chunks::<16>();
    match rest {
        [] => Ok(ids.iter().map(|id| UpdateId(Uuid::from_bytes(*id))).collect()),
        _ => Err(Failure::Form("sent_with")),
    }
}

pub(super) fn seal(
    sealer: &Sealer,
    id: UpdateId,
    purpose: Purpose,
    plain: Option<&Bytes>,
) -> Result<Option<Vec<u8>>, Failure> {
    Ok(plain.map(|plain| sealer.seal(id, purpose, plain)).transpose()?)
}

pub(super) fn seal_answer(
    sealer: &Sealer,
    id: UpdateId,
    purpose: Purpose,
    answer: Option<&Answer>,
) -> Result<Option<Vec<u8>>, Failure> {
    let Some(answer) = answer else { return Ok(None) };
    Ok(Some(sealer.seal(id, purpose, &packed::pack(answer).map_err(Failure::Input)?)?))
}

pub(super) fn unpack_answer(bytes: &Bytes) -> Result<Answer, Failure> {
    packed::unpack(bytes).ok_or(Failure::Form("answer"))
}
