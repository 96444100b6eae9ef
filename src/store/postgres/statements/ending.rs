//! The end of tickets.

use tokio_postgres::Row;

use super::{Work, is_mine, millis};
use crate::store::postgres::job::{Locks, Statement, params};
use crate::store::postgres::row::{Text, get, sealed, sealed_answer, signed};
use crate::store::postgres::statements::admission::millis as in_millis;
use crate::store::row::{columns, unsigned};
use crate::store::seal::{Purpose, Sealer};
use crate::store::{Ending, Finished, State, StoreError, Timestamp, UpdateId, Withdrawn};

/// Moves a ticket to the journal, with everything that follows from its end. Its line is locked first: by the transaction, or by
/// the statement itself if it is alone, before it touches the ticket. What may have been applied is not withdrawn. What is sealed is
/// bound to the id and moves as it is. The count of the line is in the line's row: a count of the tickets could miss one that
/// is committed meanwhile.
const END: &str = concat!(
    "with locked as materialized (select 1 from ticket join line on line.scope = ticket.scope and line.id = ticket.vendor_id \
        where ticket.id = $1 for no key update of line), \
    was as (select state from ticket where id = $1), \
    gone as (delete from ticket where id = $1 and (select count(*) from locked) >= 0 and (not $15 or state = 'queued' and ($13 or ticket.doubted_at is null)) and ",
    is_mine!("$14"),
    " returning ticket.*), \
    moved as (insert into journal (",
    columns!(),
    ", body) select number, id, request_id, $2, mode, operation, coalesce($3, assistant), vendor, coalesce($4, vendor_id), \
        coalesce($12, scope), client, fields, coalesce($5, attempts), created_at, $6, null, expires_at, \
        coalesce($7, doubted_at), case when $13 then sent_with else $8 end, replay_of, $9, \
        case when $13 then problem else $10 end, $11 from gone), \
    counted as (update line set touched = clock_timestamp(), \
        open = case when $16 then line.open else greatest(line.open - 1, 0) end, \
        owner = case when line.open <= 1 and not $16 then null else line.owner end, \
        doubted_at = greatest(line.doubted_at, clock_timestamp() - ",
    millis!("$17"),
    ") from gone where gone.place is not null and line.scope = gone.scope and line.id = gone.vendor_id returning line.open), \
    holding as (insert into held (id, scope, vendor_id, place) select id, scope, vendor_id, place from gone \
        where $16 and place is not null), \
    answered as (update idem set answer = $18, unknown = $19, expires_at = $20 from gone \
        where idem.id = gone.id and $20 is not null), \
    freed as (delete from idem using gone where idem.id = gone.id and $20 is null), \
    called_back as (insert into callback (id, client, tries, due_at) select id, client, 0, $6 from gone \
        where $21 and client is not null returning 1), \
    replied as (insert into reply (id, answer, at) select id, $22, clock_timestamp() from gone where $22 is not null), \
    replayed as (select end_replay(replay_of) as done from gone where replay_of is not null and $2 <> 'dead') \
    select (select state from was), (select number from gone), coalesce((select open from counted), 0)::bigint, \
        exists (select 1 from called_back), (select count(*) from replayed where done)"
);

/// How a ticket ends that only its state lets end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum If {
    Any,
    Waits,
}

fn end(sealer: &Sealer, ending: &Ending, only: If) -> Result<Statement, StoreError> {
    let (id, created, key) = (ending.id, ending.created.as_ref(), ending.key.as_ref());
    let age = ending.doubted_at.map(|at| in_millis(ending.now.since(at)));
    Ok(Statement::new(
        END,
        params![
            id.0,
            ending.state.as_str(),
            created.map(|created| Text::of(&created.assistant)),
            created.map(|created| Text::of(&created.line.id)),
            Some(i64::from(ending.attempts)),
            ending.now.0,
            ending.doubted_at.map(|at| at.0),
            ending.sent_with.iter().map(|id| id.0).collect::<Vec<_>>(),
            sealed_answer(sealer, id, Purpose::Answer, ending.answer.as_ref())?,
            sealed(sealer, id, Purpose::Problem, ending.problem.as_ref())?,
            sealed(sealer, id, Purpose::Body, ending.body.as_ref())?,
            created.map(|created| Text::of(&created.line.scope)),
            false,
            ending.by.map(|by| by.0),
            only == If::Waits,
            ending.holds,
            age,
            sealed_answer(sealer, id, Purpose::KeyAnswer, key.map(|key| &key.answer))?,
            key.and_then(|key| key.unknown).map(signed).transpose()?,
            key.map(|key| ending.now.after(key.kept).0),
            ending.callback,
            sealed_answer(sealer, id, Purpose::Reply, ending.reply.as_ref())?,
        ],
    ))
}

pub(in crate::store::postgres) fn finish(sealer: &Sealer, endings: &[Ending]) -> Result<Work, StoreError> {
    let statements = endings.iter().map(|ending| end(sealer, ending, If::Any)).collect::<Result<_, _>>()?;
    let is_lax = !endings.is_empty() && endings.iter().all(|ending| ending.is_lax);
    let locks = Locks::tickets(endings.iter().map(|ending| ending.id.0).collect());
    let is_alone = endings.len() == 1;
    Ok(Work { statements, locks, is_lax, is_alone, ..Work::default() })
}

pub(in crate::store::postgres) fn withdraw(sealer: &Sealer, ending: &Ending) -> Result<Work, StoreError> {
    let statement = end(sealer, &Ending { by: None, ..ending.clone() }, If::Waits)?;
    Ok(Work::write(Locks::tickets(vec![ending.id.0]), statement))
}

/// Ends a ticket as it is, and reads its record.
pub(in crate::store::postgres) fn cancel(id: UpdateId, now: Timestamp, callback: bool) -> Work {
    let none = || None::<Vec<u8>>;
    let statement = Statement::new(
        END,
        params![
            id.0,
            State::Canceled.as_str(),
            None::<Text>,
            None::<Text>,
            None::<i64>,
            now.0,
            None::<i64>,
            Vec::<uuid::Uuid>::new(),
            none(),
            none(),
            none(),
            None::<Text>,
            true,
            None::<uuid::Uuid>,
            true,
            false,
            None::<i64>,
            none(),
            None::<i64>,
            None::<i64>,
            callback,
            none(),
        ],
    );
    let statements = vec![statement, super::lookup::record(id)];
    Work { statements, locks: Locks::tickets(vec![id.0]), ..Work::default() }
}

/// What became of one.
pub(in crate::store::postgres) struct End {
    state: Option<State>,
    pub(in crate::store::postgres) number: Option<u64>,
    left: u64,
    pub(in crate::store::postgres) is_called_back: bool,
}

impl End {
    pub(in crate::store::postgres) fn of(rows: &[Row]) -> Result<Self, StoreError> {
        let Some(row) = rows.first() else {
            return Err(StoreError::Failed("the database answers with nothing".into()));
        };
        Ok(Self {
            state: get::<Option<&str>>(row, 0)?.and_then(|state| state.parse().ok()),
            number: get::<Option<i64>>(row, 1)?.map(unsigned),
            left: unsigned(get(row, 2)?),
            is_called_back: get(row, 3)?,
        })
    }

    pub(in crate::store::postgres) fn finished(&self) -> Finished {
        match (self.number, self.state) {
            (Some(_), _) => Finished::Done { left: self.left },
            (None, Some(_)) => Finished::NotOwned,
            (None, None) => Finished::Gone,
        }
    }

    pub(in crate::store::postgres) fn withdrawn(&self) -> Withdrawn {
        match (self.number, self.state) {
            (Some(_), _) => Withdrawn::Done,
            (None, Some(_)) => Withdrawn::Sending,
            (None, None) => Withdrawn::Gone,
        }
    }
}
