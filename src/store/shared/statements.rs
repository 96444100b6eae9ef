//! The statements on shared state. Each is a transaction of its own, on rows of which it locks one at a time in the order of
//! their keys.

/// `now` in nanoseconds.
macro_rules! now {
    () => {
        "(extract(epoch from clock_timestamp()) * 1000000000)::bigint"
    };
}

/// GCRA. A new row grants -1, and the request is repeated.
///
/// `now` is read under the lock of the row. What a jump of the clock leaves is cut: a bucket is never longer than its window from
/// being full, and never more than full.
///
/// `reserve`: within the last second replicas may have taken blocks of which they hold all but one token each. The row gives so
/// many fewer, so that what is held and what the row gives are never more than the burst.
pub(super) const TAKE: &str = concat!(
    "insert into shared_limit as l (key, cost, burst, replicas, wanted, emptied, tat, block, block_until, granted, remaining, wait)
     select key, cost, burst, replicas, wanted, emptied, 0, block, 0, -1, 0, 0
     from unnest($1::text[], $2::bigint[], $3::int[], $4::int[], $5::int[], $6::bool[], $7::int[])
       as r (key, cost, burst, replicas, wanted, emptied, block)
     order by key
     on conflict (key) do update
     set (cost, burst, replicas, wanted, emptied, tat, block, block_until, granted, remaining, wait) = (
       select excluded.cost, excluded.burst, excluded.replicas, excluded.wanted, excluded.emptied,
         base + granted * excluded.cost, held,
         case when excluded.block > 1 then now + 1000000000 else least(l.block_until, now + 1000000000) end,
         granted, available - granted,
         case when granted < excluded.wanted
           then greatest(0, base + (granted + 1) * excluded.cost - now - size * excluded.cost) else 0 end
       from (select ",
    now!(),
    " as now offset 0) as clock,
       lateral (select case when l.block_until > now and l.block_until <= now + 1000000000
         then greatest(l.block, excluded.block) else excluded.block end as held) as blocks,
       lateral (select excluded.burst - least(excluded.replicas::bigint * (held - 1), excluded.burst / 2) as size) as sizes,
       lateral (select greatest(least(l.tat, now + excluded.cost * excluded.burst),
         case when excluded.emptied then now + excluded.cost * excluded.burst else now end) as base) as bases,
       lateral (select greatest(0, (now + excluded.cost * size - base) / excluded.cost) as available) as rests,
       lateral (select least(available, excluded.wanted) as granted) as grants)
     returning key, granted, remaining, wait"
);

/// How long a pause or an opening is, from when it was noted to its end. A replica of an earlier version notes only the end: then
/// this is more than it is, and at most the longest.
macro_rules! length {
    ($until:literal, $noted_at:literal, $longest:literal) => {
        concat!(
            "least(coalesce(nullif(greatest(",
            $until,
            " - ",
            $noted_at,
            ", 0), 0), ",
            $longest,
            "), ",
            $longest,
            ")"
        )
    };
}

macro_rules! pause_length {
    () => {
        length!("paused_until", "paused_at", "300000000000")
    };
}

macro_rules! opening_length {
    () => {
        length!("open_until", "opened_at", "86400000000000")
    };
}

/// What replicas have told: account, rest of the pause, its cause, rest of the opening.
///
/// If the clock was set back, a pause or an opening has more before it than it is long. Then it lasts as long again from now on,
/// which is stored, so that no later look prolongs it.
pub(super) const LOOK: &str = concat!(
    "with clock as (select ",
    now!(),
    " as now),
     cut as (update shared_account set (paused_until, paused_at, open_until, opened_at) = (
       select case when paused_until > now + paused_for then now + paused_for else paused_until end,
         case when paused_until > now + paused_for then now else paused_at end,
         case when open_until > now + open_for then now + open_for else open_until end,
         case when open_until > now + open_for then now else opened_at end
       from (select ",
    pause_length!(),
    " as paused_for, ",
    opening_length!(),
    " as open_for) as lengths)
       from clock where paused_until > now + ",
    pause_length!(),
    " or open_until > now + ",
    opening_length!(),
    ")
     select account, least(greatest(0, paused_until - now), ",
    pause_length!(),
    "), is_unavailable, least(greatest(0, open_until - now), ",
    opening_length!(),
    "), open_until is not null
     from shared_account, clock where paused_until > now or open_until is not null"
);

/// A pause of $2, at most $3 long altogether whatever the clock has done.
pub(super) const PAUSE: &str = concat!(
    "insert into shared_account as a (account, paused_until, paused_at, is_unavailable) values ($1, ",
    now!(),
    " + $2, ",
    now!(),
    ", $4) on conflict (account) do update set (paused_until, paused_at, is_unavailable) = (
       select greatest(least(a.paused_until, excluded.paused_at + rest), excluded.paused_until),
         case when excluded.paused_until >= a.paused_until or a.paused_until > excluded.paused_at + rest
           then excluded.paused_at else a.paused_at end,
         case when excluded.paused_until >= a.paused_until then excluded.is_unavailable else a.is_unavailable end
       from (select ",
    length!("a.paused_until", "a.paused_at", "$3"),
    " as rest) as lengths)"
);

pub(super) const OPEN: &str = concat!(
    "insert into shared_account as a (account, opening, open_until, opened_at) values ($1, 1, ",
    now!(),
    " + $2, ",
    now!(),
    ") on conflict (account) do update
       set opening = a.opening + 1, open_until = excluded.open_until, opened_at = excluded.opened_at, probe_until = 0"
);

/// The probe for $2. The clock is read once the row is locked: two that ask at the same moment get their answers one after the other, and
/// to the second one the time of the first would seem to be further away than it can be, as after a jump of the clock.
pub(super) const PROBE: &str = concat!(
    "with won as (update shared_account set opening = opening + 1, probe_until = ",
    now!(),
    " + $2
       where account = $1 and open_until is not null
         and not open_until between 1 + ",
    now!(),
    " and ",
    opening_length!(),
    " + ",
    now!(),
    " and not probe_until between 1 + ",
    now!(),
    " and $2 + ",
    now!(),
    " returning opening)
     select (select opening from won), exists (select from shared_account where account = $1 and open_until is not null)"
);

pub(super) const END_PROBE: &str = concat!(
    "update shared_account set opening = opening + 1, probe_until = 0, open_until = case when $3 < 0 then null else ",
    now!(),
    " + $3 end, opened_at = ",
    now!(),
    " where account = $1 and opening = $2"
);

/// A catalog, its age, and whether it may be of that age.
pub(super) const CATALOG: &str = concat!(
    "select contents, now - fetched_at from shared_catalog, (select ",
    now!(),
    " as now offset 0) as clock
     where account = $1 and kind = $2 and contents is not null and fetched_at <= now + 1000000000"
);

/// The clock is read once the row is locked, as in [`PROBE`].
pub(super) const BEGIN_REFRESH: &str = concat!(
    "insert into shared_catalog as c (account, kind, refreshing_until) values ($1, $2, ",
    now!(),
    " + $3) on conflict (account, kind) do update set refreshing_until = ",
    now!(),
    " + $3
     where not c.refreshing_until between 1 + ",
    now!(),
    " and $3 + ",
    now!(),
    " returning true"
);

pub(super) const END_REFRESH: &str = concat!(
    "update shared_catalog set refreshing_until = 0, contents = coalesce($3, contents),
       fetched_at = case when $3 is null then fetched_at else ",
    now!(),
    " end where account = $1 and kind = $2"
);

/// Removes what was not used for a day.
pub(super) const SWEEP: [&str; 3] = [
    concat!(
        "delete from shared_limit where key in (select key from shared_limit where tat < ",
        now!(),
        " - 86400000000000 order by key for update skip locked)"
    ),
    concat!(
        "delete from shared_account where account in (select account from shared_account where greatest(paused_until, open_until) < ",
        now!(),
        " - 86400000000000 order by account for update skip locked)"
    ),
    concat!(
        "delete from shared_catalog where (account, kind) in (select account, kind from shared_catalog
         where greatest(fetched_at, refreshing_until) < ",
        now!(),
        " - 86400000000000 order by account, kind for update skip locked)"
    ),
];
