//! Tickets, and the idempotency keys that come with them.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::store::row::unsigned;
use crate::store::seal::{Purpose, Sealer};
use crate::store::sqlite::desk::WriteTransaction;
use crate::store::sqlite::failure::Failure;
use crate::store::sqlite::row::{Packed, id_of, insert, insert_into, unpack_answer};
use crate::store::{Admission, Admitted, KeyState, KeyUse, Stored};

/// A key that is in use and of the same request.
const FIND: &str = "select fingerprint, id, unknown, answer from idem where owner = ?1 and key = ?2 and \
                    (expires_at is null or expires_at > ?3)";

pub(in crate::store::sqlite) fn admit(
    desk: &mut WriteTransaction<'_>,
    admission: &Admission,
) -> Result<Admitted, Failure> {
    if let Some(key) = &admission.key {
        if let Some(known) = find(desk.connection, desk.sealer, key)? {
            let again = match &known {
                KeyState::Ended { id, unknown: Some(_), .. } => admission.again == Some(*id),
                _ => false,
            };
            if !again {
                return Ok(Admitted::Known(known));
            }
        }
        let mut take = desk.prepare(
            "insert or replace into idem (owner, key, fingerprint, id, unknown, expires_at, answer) \
             values (?1, ?2, ?3, ?4, null, null, null)",
        )?;
        take.execute((key.owner(), &key.key, key.fingerprint, admission.record.id.0.as_bytes()))?;
    }
    let record = &admission.record;
    let packed = Packed::of(record, Some(&admission.body), desk.sealer)?;
    insert(&mut *desk.prepare(insert_into!("ticket"))?, record, &packed)?;
    desk.effects.greatest = desk.effects.greatest.max(record.number);
    Ok(Admitted::Stored(Stored { number: record.number, is_owned: true, ..Stored::default() }))
}

pub(in crate::store::sqlite) fn look_up(
    connection: &Connection,
    sealer: &Sealer,
    key: &KeyUse,
) -> Result<Option<KeyState>, Failure> {
    find(connection, sealer, key)
}

fn find(connection: &Connection, sealer: &Sealer, key: &KeyUse) -> Result<Option<KeyState>, Failure> {
    let mut statement = connection.prepare_cached(FIND)?;
    let state = statement.query_row((key.owner(), &key.key, key.now.0), |row| Ok(key_state(row, sealer, key)));
    state.optional()?.transpose()
}

fn key_state(row: &Row<'_>, sealer: &Sealer, key: &KeyUse) -> Result<KeyState, Failure> {
    if row.get::<_, [u8; 32]>(0)? != key.fingerprint {
        return Ok(KeyState::OtherRequest);
    }
    let id = id_of(row, 1)?;
    let Some(answer) = row.get_ref(3)?.as_blob_or_null().map_err(rusqlite::Error::from)? else {
        return Ok(KeyState::InProgress(id));
    };
    let answer = unpack_answer(&sealer.open(id, Purpose::KeyAnswer, answer)?)?;
    let unknown = row.get::<_, Option<i64>>(2)?.map(unsigned);
    Ok(KeyState::Ended { id, answer, unknown })
}
