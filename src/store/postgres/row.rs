//! Records as rows.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use tokio_postgres::Row;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use crate::store::row::{Part, unsigned};
use crate::store::seal::{Purpose, SealError, Sealer, packed};
use crate::store::{Answer, Record, State, StoreError, Timestamp, UpdateId};

/// What is stored is not in the form that this version writes.
pub(super) fn damaged(column: &str) -> StoreError {
    StoreError::Unreadable(format!("what is stored is damaged: `{column}` is not in its form"))
}

/// A column.
pub(super) fn get<'r, T: tokio_postgres::types::FromSql<'r>>(row: &'r Row, at: usize) -> Result<T, StoreError> {
    row.try_get(at).map_err(|_| damaged(row.columns().get(at).map_or("a column", |column| column.name())))
}

/// The record of a row with `columns!`.
pub(super) fn record(row: &Row, sealer: &Sealer, part: Part) -> Result<Record, StoreError> {
    let id = UpdateId(get(row, 1)?);
    let sealed = |at: usize, purpose| -> Result<Option<Bytes>, StoreError> {
        match part {
            Part::Whole => opened(sealer, id, purpose, get(row, at)?),
            Part::Open => Ok(None),
        }
    };
    Ok(Record {
        id,
        number: unsigned(get(row, 0)?),
        request_id: text(row, 2)?,
        state: state(row, 3)?,
        mode: get::<&str>(row, 4)?.parse().map_err(|_| damaged("mode"))?,
        operation: get::<&str>(row, 5)?.parse().map_err(|_| damaged("operation"))?,
        assistant: text(row, 6)?,
        vendor: text(row, 7)?,
        vendor_id: optional_text(row, 8)?,
        scope: optional_text(row, 9)?,
        client: optional_text(row, 10)?,
        fields: get::<Vec<&str>>(row, 11)?.into_iter().map(|name| plain(name).into()).collect(),
        attempts: small(row, 12)?,
        created_at: Timestamp(get(row, 13)?),
        updated_at: Timestamp(get(row, 14)?),
        next_attempt_at: get::<Option<i64>>(row, 15)?.map(Timestamp),
        expires_at: Timestamp(get(row, 16)?),
        doubted_at: get::<Option<i64>>(row, 17)?.map(Timestamp),
        sent_with: get::<Vec<Uuid>>(row, 18)?.into_iter().map(UpdateId).collect(),
        replay_of: get::<Option<Uuid>>(row, 19)?.map(UpdateId),
        answer: sealed(20, Purpose::Answer)?.map(|bytes| unpacked(&bytes)).transpose()?,
        problem: sealed(21, Purpose::Problem)?,
        ahead: None,
        holds: false,
    })
}

pub(super) fn state(row: &Row, at: usize) -> Result<State, StoreError> {
    get::<&str>(row, at)?.parse().map_err(|_| damaged("state"))
}

pub(super) fn small(row: &Row, at: usize) -> Result<u32, StoreError> {
    u32::try_from(get::<i64>(row, at)?).map_err(|_| damaged("attempts"))
}

pub(super) fn text(row: &Row, at: usize) -> Result<String, StoreError> {
    Ok(plain(get(row, at)?))
}

fn optional_text(row: &Row, at: usize) -> Result<Option<String>, StoreError> {
    Ok(get::<Option<&str>>(row, at)?.map(plain))
}

/// A number as the database has it.
pub(super) fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Failed(format!("the number {number} is too great")))
}

/// A text, in which the character that PostgreSQL cannot store is written as two others.
#[derive(Clone, Debug)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn of(plain: &str) -> Self {
        Self(stored(plain).into_owned())
    }
}

impl ToSql for Text {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.0.as_str().to_sql(kind, out)
    }

    fn accepts(kind: &Type) -> bool {
        <&str as ToSql>::accepts(kind)
    }

    to_sql_checked!();
}

/// `\u{1}` begins an escape; without one the text stands as it is.
fn stored(plain: &str) -> Cow<'_, str> {
    match plain.contains(['\0', '\u{1}']) {
        true => plain.replace('\u{1}', "\u{1}1").replace('\0', "\u{1}0").into(),
        false => plain.into(),
    }
}

pub(super) fn plain(stored: &str) -> String {
    match stored.contains('\u{1}') {
        true => stored.replace("\u{1}0", "\0").replace("\u{1}1", "\u{1}"),
        false => stored.to_owned(),
    }
}

fn of_seal(error: SealError) -> StoreError {
    match error {
        SealError::Random => StoreError::Failed(error.to_string()),
        error => StoreError::Unreadable(error.to_string()),
    }
}

pub(super) fn opened(
    sealer: &Sealer,
    id: UpdateId,
    purpose: Purpose,
    blob: Option<&[u8]>,
) -> Result<Option<Bytes>, StoreError> {
    blob.map(|blob| sealer.open(id, purpose, blob)).transpose().map_err(of_seal)
}

pub(super) fn unpacked(bytes: &Bytes) -> Result<Answer, StoreError> {
    packed::unpack(bytes).ok_or_else(|| damaged("answer"))
}

pub(super) fn sealed(
    sealer: &Sealer,
    id: UpdateId,
    purpose: Purpose,
    plain: Option<&Bytes>,
) -> Result<Option<Vec<u8>>, StoreError> {
    plain.map(|plain| sealer.seal(id, purpose, plain)).transpose().map_err(of_seal)
}

pub(super) fn sealed_answer(
    sealer: &Sealer,
    id: UpdateId,
    purpose: Purpose,
    answer: Option<&Answer>,
) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(answer) = answer else { return Ok(None) };
    let bytes = packed::pack(answer).map_err(StoreError::Failed)?;
    Ok(Some(sealer.seal(id, purpose, &bytes).map_err(of_seal)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back_and_no_two_are_stored_alike() {
        let texts =
            ["", "a", "\0", "\u{1}", "\u{1}0", "\u{1}1", "\0\u{1}\0", "\u{1}\u{1}0", "1\0", "grün \0 \u{1F600}"];
        for text in texts {
            assert!(!stored(text).contains('\0'));
            assert_eq!(plain(&stored(text)), text);
        }
        let different: std::collections::BTreeSet<_> = texts.iter().map(|text| stored(text)).collect();
        assert_eq!(different.len(), texts.len());
    }
}
