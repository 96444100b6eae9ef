//! The end of tickets.

use rusqlite::{OptionalExtension, params};

use crate::store::row::{columns, unsigned};
use crate::store::seal::Purpose;
use crate::store::sqlite::desk::WriteTransaction;
use crate::store::sqlite::failure::Failure;
use crate::store::sqlite::row::{pack_ids, seal, seal_answer, signed};
use crate::store::{Ending, Finished, KeyEnd, State, Timestamp};

/// Moves a ticket. What is sealed is bound to the id and moves as it is.
const MOVE: &str = concat!(
    "insert into journal (",
    columns!(),
    ", body) select number, id, request_id, ?2, mode, operation, coalesce(?3, assistant), vendor, coalesce(?4, vendor_id), \
     coalesce(?12, scope), client, fields, ?5, created_at, ?6, null, expires_at, coalesce(?7, doubted_at), ?8, replay_of, ?9, ?10, ?11 \
     from ticket where id = ?1 returning number, created_at, client"
);

pub(in crate::store::sqlite) fn finish(
    desk: &mut WriteTransaction<'_>,
    endings: &[Ending],
) -> Result<Vec<Finished>, Failure> {
    endings.iter().map(|ending| end(desk, ending)).collect()
}

fn end(desk: &mut WriteTransaction<'_>, ending: &Ending) -> Result<Finished, Failure> {
    let (sealer, id) = (desk.sealer, ending.id);
    let created = ending.created.as_ref();
    let mut move_ = desk.prepare(MOVE)?;
    let moved = move_.query_row(
        params![
            id.0.as_bytes(),
            ending.state.as_str(),
            created.map(|created| &created.assistant),
            created.map(|created| &*created.line.id),
            ending.attempts,
            ending.now.0,
            ending.doubted_at.map(|at| at.0),
            pack_ids(&ending.sent_with),
            seal_answer(sealer, id, Purpose::Answer, ending.answer.as_ref())?,
            seal(sealer, id, Purpose::Problem, ending.problem.as_ref())?,
            seal(sealer, id, Purpose::Body, ending.body.as_ref())?,
            created.map(|created| &*created.line.scope),
        ],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Option<String>>(2)?)),
    );
    let Some((number, created_at, client)) = moved.optional()? else { return Ok(Finished::Gone) };
    desk.prepare("delete from ticket where id = ?1")?.execute([id.0.as_bytes()])?;
    desk.journaled(unsigned(number), Timestamp(created_at));
    end_key(desk, ending)?;
    end_replay(desk, ending)?;
    if let Some(client) = client.filter(|_| ending.callback) {
        let sql = "insert into callback (id, client, tries, due_at) values (?1, ?2, 0, ?3)";
        desk.prepare(sql)?.execute((id.0.as_bytes(), client, ending.now.0))?;
        desk.effects.callbacks += 1;
    }
    Ok(Finished::Done { left: 0 })
}

/// What was replayed is not replayed again, unless the replay is dead, too.
fn end_replay(desk: &WriteTransaction<'_>, ending: &Ending) -> Result<(), Failure> {
    if ending.state == State::Dead {
        return Ok(());
    }
    let sql =
        "update journal set body = null where state = 'dead' and id = (select replay_of from journal where id = ?1)";
    desk.prepare(sql)?.execute([ending.id.0.as_bytes()])?;
    Ok(())
}

/// What the key answers from now on, or that it is free.
fn end_key(desk: &WriteTransaction<'_>, ending: &Ending) -> Result<(), Failure> {
    let id = ending.id;
    let Some(KeyEnd { answer, kept, unknown }) = &ending.key else {
        desk.prepare("delete from idem where id = ?1")?.execute([id.0.as_bytes()])?;
        return Ok(());
    };
    let answer = seal_answer(desk.sealer, id, Purpose::KeyAnswer, Some(answer))?;
    let unknown = unknown.map(signed).transpose()?;
    desk.prepare("update idem set answer = ?2, unknown = ?3, expires_at = ?4 where id = ?1")?.execute((
        id.0.as_bytes(),
        answer,
        unknown,
        ending.now.after(*kept).0,
    ))?;
    Ok(())
}
