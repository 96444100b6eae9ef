//! What happens to tickets until they end.

use rusqlite::OptionalExtension;

use crate::store::seal::Purpose;
use crate::store::sqlite::desk::WriteTransaction;
use crate::store::sqlite::failure::Failure;
use crate::store::sqlite::row::seal;
use crate::store::{Ending, Postponement, Record, State, Timestamp, UpdateId};

/// `false` if one of them has no ticket any more.
pub(in crate::store::sqlite) fn start(
    desk: &mut WriteTransaction<'_>,
    ids: &[UpdateId],
    now: Timestamp,
) -> Result<bool, Failure> {
    let mut state_of = desk.prepare("select state from ticket where id = ?1")?;
    let mut waiting = Vec::new();
    for id in ids {
        let state: Option<String> = state_of.query_row([id.0.as_bytes()], |row| row.get(0)).optional()?;
        match state.as_deref().map(str::parse) {
            Some(Ok(State::Queued)) => waiting.push(*id),
            Some(Ok(State::Sending)) => {}
            _ => return Ok(false),
        }
    }
    let mut go = desk.prepare(
        "update ticket set state = 'sending', updated_at = ?2, next_attempt_at = null where id = ?1 and state = 'queued'",
    )?;
    for id in waiting {
        go.execute((id.0.as_bytes(), now.0))?;
    }
    Ok(true)
}

pub(in crate::store::sqlite) fn postpone(
    desk: &mut WriteTransaction<'_>,
    postponement: &Postponement,
) -> Result<(), Failure> {
    let mut wait = desk.prepare(
        "update ticket set state = 'queued', attempts = min(attempts + ?2, 4294967295), updated_at = ?3, next_attempt_at = ?4, \
         problem = ?5, doubted_at = coalesce(?6, doubted_at) where id = ?1 and state = 'sending'",
    )?;
    for (id, problem) in &postponement.changes {
        let problem = seal(desk.sealer, *id, Purpose::Problem, Some(problem))?;
        wait.execute((
            id.0.as_bytes(),
            postponement.attempts,
            postponement.now.0,
            postponement.next_attempt_at.0,
            problem,
            postponement.doubted_at.map(|at| at.0),
        ))?;
    }
    Ok(())
}

pub(in crate::store::sqlite) fn cancel(
    desk: &mut WriteTransaction<'_>,
    id: UpdateId,
    now: Timestamp,
    callback: bool,
) -> Result<Option<Record>, Failure> {
    let record = super::lookup::ticket(desk.connection, desk.sealer, id)?;
    let Some(record) = record.filter(|record| record.state == State::Queued) else { return Ok(None) };
    let ending = Ending {
        problem: record.problem.clone(),
        doubted_at: record.doubted_at,
        sent_with: record.sent_with.clone(),
        callback,
        ..Ending::new(id, State::Canceled, record.attempts, now)
    };
    super::ending::finish(desk, std::slice::from_ref(&ending))?;
    super::lookup::record(desk.connection, desk.sealer, id)
}
