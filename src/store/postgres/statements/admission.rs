//! Tickets, and the idempotency keys that come with them.

use std::hash::Hasher;
use std::time::Duration;

use tokio_postgres::Row;
use uuid::Uuid;

use super::{Work, ago, millis};
use crate::store::postgres::job::{Locks, Param, Statement, params};
use crate::store::postgres::row::{Text, damaged, get, opened, sealed, sealed_answer, signed, unpacked};
use crate::store::row::{columns, unsigned};
use crate::store::seal::{Purpose, Sealer};
use crate::store::{Admission, Admitted, KeyState, KeyUse, Record, StoreError, Stored, UpdateId};

/// The columns of a ticket.
macro_rules! ticket_columns {
    () => {
        concat!(columns!(), ", body, place, admitter, expires, due")
    };
}

/// A ticket's values but its number, state, place and admitter: `$1` to `$23` are a record and its body, `$24` and `$32`
/// what is left until it expires and is due.
macro_rules! ticket_values {
    ($number:literal, $state:literal, $place:literal) => {
        concat!(
            $number,
            ", $2, $3, ",
            $state,
            ", $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, ",
            $place,
            ", $25, clock_timestamp() + ",
            millis!("$24"),
            ", clock_timestamp() + ",
            millis!("$32")
        )
    };
}

/// The most usual admission is one statement: the line counts one more, and gives the number while its row is locked, so the
/// order of the numbers of a line is that of the commits. `set` is evaluated on the row as it is once it is locked. A full
/// line updates nothing, and then there is no ticket.
const ADMIT: &str = concat!(
    "with counted as ( \
        insert into line as line (scope, id, number, open, owner, touched) \
        values ($10, $9, nextval('change_number'), 1, (select id from replica where id = $25), clock_timestamp()) \
        on conflict (scope, id) do update set number = nextval('change_number'), previous = line.number, open = line.open + 1, \
            owner = coalesce(line.owner, excluded.owner), touched = excluded.touched \
        where line.open < $26 returning number, previous, open, owner, doubted_at), \
    stored as (insert into ticket (",
    ticket_columns!(),
    ") select ",
    ticket_values!(
        "number",
        "case when $4 = 'sending' and (open > 1 or owner is distinct from $25) then 'queued' else $4 end",
        "number"
    ),
    " from counted) \
    select true, number, (open - 1)::bigint, owner is not distinct from $25, ",
    ago!("doubted_at"),
    ", coalesce(previous, 0) from counted"
);

/// The key: taken as a new one, or from a request that is over. `$27` to `$31` are the key. An insert that finds the key in use
/// locks nothing, so no end of a ticket ever waits for it.
macro_rules! take_key {
    ($if:literal) => {
        concat!(
            "fresh as (insert into idem (owner, key, fingerprint, id) select $27, $28, $29, $2 where $28 is not null and ",
            $if,
            " on conflict do nothing returning id), \
            taken as (update idem set fingerprint = $29, id = $2, unknown = null, expires_at = null, answer = null \
                where owner = $27 and key = $28 and expires_at is not null and (expires_at <= $30 \
                or (unknown is not null and id = $31 and fingerprint = $29)) and ",
            $if,
            " returning id)"
        )
    };
}

/// With a key, or where a dead change may be replayed that holds up its line. The line is locked before, so what the statement
/// reads of it is true until the commit. Nothing is stored unless the line has room and the key is taken; a replay of what
/// holds up its line takes its place and is not counted again, and the line's owner hears of it.
const ADMIT_CAREFULLY: &str = concat!(
    "with at as (select open, owner, doubted_at from line where scope = $10 and id = $9), \
    dead as (select place from held where id = $20 and scope = $10 and vendor_id = $9), \
    fits as (select at.open, (select place from dead) as place from at where at.open < $26 or exists (select 1 from dead)), ",
    take_key!("exists (select 1 from fits)"),
    ", go as (select * from fits where $28 is null or exists (select 1 from fresh) or exists (select 1 from taken)), \
    counted as (update line set number = nextval('change_number'), previous = line.number, touched = clock_timestamp(), \
        open = line.open + case when go.place is null then 1 else 0 end, \
        owner = coalesce(line.owner, (select id from replica where id = $25)) \
        from go where line.scope = $10 and line.id = $9 \
        returning line.number, line.previous, line.owner, line.doubted_at, go.place, go.open), \
    freed as (delete from held where id = $20 and exists (select 1 from counted where place is not null)), \
    placed as (select number, previous, owner, doubted_at, coalesce(place, number) as place, case when place is null then open \
        else (select count(*) from ticket where scope = $10 and vendor_id = $9 and ticket.place < counted.place) \
           + (select count(*) from held where scope = $10 and vendor_id = $9 and held.place < counted.place) end as ahead \
        from counted), \
    stored as (insert into ticket (",
    ticket_columns!(),
    ") select ",
    ticket_values!(
        "number",
        "case when $4 = 'sending' and (ahead > 0 or owner is distinct from $25) then 'queued' else $4 end",
        "place"
    ),
    " from placed) \
    select exists (select 1 from fits), number, ahead::bigint, owner is not distinct from $25, ",
    ago!("doubted_at"),
    ", coalesce(previous, 0), (select count(pg_notify('switchboard', '')) from counted where place is not null) \
    from (values (1)) as one left join placed on true"
);

/// Without a line: a creation, which its admitter owns, or a ticket that keeps the number that it has.
const ADMIT_WITHOUT_LINE: &str = concat!(
    "with who as (select $25::uuid is null or exists (select 1 from replica where id = $25) as is_member), ",
    take_key!("true"),
    ", stored as (insert into ticket (",
    ticket_columns!(),
    ") select ",
    ticket_values!(
        "case when $25::uuid is null then $1 else nextval('change_number') end",
        "case when $4 = 'sending' and not is_member then 'queued' else $4 end",
        "null::bigint"
    ),
    " from who where $28 is null or exists (select 1 from fresh) or exists (select 1 from taken) returning number) \
    select true, number, 0::bigint, is_member, null::bigint, 0::bigint from who left join stored on true"
);

/// A key that is in use.
const FIND: &str = "select fingerprint, id, unknown, answer from idem where owner = $1 and key = $2 and \
                    (expires_at is null or expires_at > $3)";

/// The values of a record and its body, in the order of the columns.
pub(super) fn record_params(
    sealer: &Sealer,
    record: &Record,
    body: Option<&bytes::Bytes>,
) -> Result<Vec<Param>, StoreError> {
    let id = record.id;
    let mode: &'static str = record.mode.into();
    let text = |text: &Option<String>| text.as_deref().map(Text::of);
    Ok(params![
        signed(record.number)?,
        id.0,
        Text::of(&record.request_id),
        record.state.as_str(),
        mode,
        record.operation.as_str(),
        Text::of(&record.assistant),
        Text::of(&record.vendor),
        text(&record.vendor_id),
        text(&record.scope),
        text(&record.client),
        record.fields.iter().map(|field| Text::of(field)).collect::<Vec<_>>(),
        i64::from(record.attempts),
        record.created_at.0,
        record.updated_at.0,
        record.next_attempt_at.map(|at| at.0),
        record.expires_at.0,
        record.doubted_at.map(|at| at.0),
        record.sent_with.iter().map(|id| id.0).collect::<Vec<Uuid>>(),
        record.replay_of.map(|id| id.0),
        sealed_answer(sealer, id, Purpose::Answer, record.answer.as_ref())?,
        sealed(sealer, id, Purpose::Problem, record.problem.as_ref())?,
        sealed(sealer, id, Purpose::Body, body)?,
    ])
}

pub(in crate::store::postgres) fn admit(sealer: &Sealer, admission: &Admission) -> Result<Work, StoreError> {
    let record = &admission.record;
    let line = record.line().filter(|_| admission.member.is_some());
    let key = admission.key.as_ref();
    let mut params = record_params(sealer, record, Some(&admission.body))?;
    let most = admission.member.map_or(i64::MAX, |member| i64::try_from(member.most_in_line).unwrap_or(i64::MAX));
    params.extend(params![
        millis(record.expires_at.since(record.created_at)),
        admission.member.map(|member| member.id.0),
        most,
        key.map(|key| Text::of(&key.owner())),
        key.map(|key| Text::of(&key.key)),
        key.map(|key| key.fingerprint.to_vec()),
        key.map(|key| key.now.0),
        admission.again.map(|id| id.0),
        record.next_attempt_at.map(|at| millis(at.since(record.updated_at))),
    ]);
    let is_careful = key.is_some() || record.replay_of.is_some();
    let name = line.map(|line| (Text::of(&line.scope), Text::of(&line.id)));
    let sql = match &name {
        Some(_) if is_careful => ADMIT_CAREFULLY,
        Some(_) => ADMIT,
        None => ADMIT_WITHOUT_LINE,
    };
    let mut statements = vec![Statement::new(sql, params)];
    statements.extend(key.map(find));
    let locks = Locks { lines: name.into_iter().collect(), key: key.map(hash), ..Locks::default() };
    Ok(Work { statements, locks, is_alone: !is_careful, ..Work::default() })
}

pub(super) fn millis(duration: Duration) -> i64 {
    // A time that far away is none; an interval could not hold it.
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX).min(MOST_MILLIS)
}

/// A hundred years.
const MOST_MILLIS: i64 = 100 * 366 * 86_400_000;

/// What became of it; `None` if the key was in use and is free again by now.
pub(in crate::store::postgres) fn admitted(
    sealer: &Sealer,
    rows: &[Vec<Row>],
    key: Option<&KeyUse>,
) -> Result<Option<Admitted>, StoreError> {
    let row = rows.first().and_then(|rows| rows.first());
    let Some(row) = row else { return Ok(Some(Admitted::Full)) };
    if let Some(number) = get::<Option<i64>>(row, 1)? {
        return Ok(Some(Admitted::Stored(Stored {
            number: unsigned(number),
            ahead: unsigned(get(row, 2)?),
            is_owned: get(row, 3)?,
            doubted_ago: duration(get(row, 4)?),
            previous: unsigned(get(row, 5)?),
        })));
    }
    if let (Some(key), Some(known)) = (key, rows.get(1).and_then(|rows| rows.first())) {
        return Ok(Some(Admitted::Known(key_state(sealer, known, key)?)));
    }
    Ok((!get::<bool>(row, 0)?).then_some(Admitted::Full))
}

/// A number of milliseconds; a time that the clock has gone back behind is now.
pub(in crate::store::postgres) fn duration(millis: Option<i64>) -> Option<Duration> {
    millis.map(|millis| Duration::from_millis(unsigned(millis)))
}

pub(in crate::store::postgres) fn look_up(key: &KeyUse) -> Work {
    Work::read(find(key))
}

fn find(key: &KeyUse) -> Statement {
    Statement::new(FIND, params![Text::of(&key.owner()), Text::of(&key.key), key.now.0])
}

pub(in crate::store::postgres) fn key_state(sealer: &Sealer, row: &Row, key: &KeyUse) -> Result<KeyState, StoreError> {
    if get::<&[u8]>(row, 0)? != key.fingerprint {
        return Ok(KeyState::OtherRequest);
    }
    let id = UpdateId(get(row, 1)?);
    let Some(answer) = opened(sealer, id, Purpose::KeyAnswer, get(row, 3)?)? else {
        return Ok(KeyState::InProgress(id));
    };
    let unknown = get::<Option<i64>>(row, 2)?.map(unsigned);
    Ok(KeyState::Ended { id, answer: unpacked(&answer).map_err(|_| damaged("answer"))?, unknown })
}

/// Of two keys with one hash, one waits for the other without need.
fn hash(key: &KeyUse) -> i64 {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    hasher.write(key.client.as_deref().unwrap_or_default().as_bytes());
    hasher.write(&[0]);
    hasher.write(key.key.as_bytes());
    hasher.finish().cast_signed()
}

/// FNV-1a: all members and versions have to agree on it.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
