-- The first version of the tables. Times of records are milliseconds since 1970 by the clock of the process that admitted them;
-- columns of type timestamptz are of the database's own clock, which all members share.

create sequence change_number as bigint;

create table seal_key (id bytea primary key, value bytea not null);

create table replica (
    id uuid primary key, beat bigint not null, name text not null, version text not null,
    joined_at timestamptz not null, seen timestamptz not null
) with (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

-- A line is here only while it has open changes, and a while after. It has no index besides its key: an update of a line then
-- stays on its page and adds nothing to any index.
create table line (
    scope text collate "C", id text collate "C", number bigint not null, previous bigint, open integer not null check (open >= 0), owner uuid,
    doubted_at timestamptz, touched timestamptz not null, primary key (scope, id)
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.1);

-- Only what is not final. `place` is the order within the line, and is null for what no line counts.
create table ticket (
    number bigint not null, id uuid primary key, request_id text not null, state text not null, mode text not null,
    operation text not null, assistant text not null, vendor text not null, vendor_id text collate "C", scope text collate "C",
    client text, fields text[] not null, attempts bigint not null, created_at bigint not null, updated_at bigint not null,
    next_attempt_at bigint, expires_at bigint not null, doubted_at bigint, sent_with uuid[] not null, replay_of uuid,
    answer bytea, problem bytea, body bytea,
    place bigint, admitter uuid, expires timestamptz not null, due timestamptz
) with (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500,
    autovacuum_analyze_scale_factor = 0.1, autovacuum_vacuum_cost_delay = 0
);
alter table ticket alter column body set storage external;
create index ticket_number on ticket(number);
create index ticket_line on ticket(scope, vendor_id, number);
create index ticket_request on ticket(request_id);
create index ticket_replay on ticket(replay_of) where replay_of is not null;
create index ticket_creation on ticket(admitter) where scope is null;

-- Ids are UUIDs of version 7, which begin with their time: a partition has the ids of one day, so that a search by id looks into
-- one of them, and what is kept no longer is dropped with its partition.
create table journal (
    number bigint not null, id uuid not null, request_id text not null, state text not null, mode text not null,
    operation text not null, assistant text not null, vendor text not null, vendor_id text collate "C", scope text collate "C",
    client text, fields text[] not null, attempts bigint not null, created_at bigint not null, updated_at bigint not null,
    next_attempt_at bigint, expires_at bigint not null, doubted_at bigint, sent_with uuid[] not null, replay_of uuid,
    answer bytea, problem bytea, body bytea,
    primary key (id)
) partition by range (id);
create index journal_number on journal(number);
create index journal_line on journal(scope, vendor_id, number);
create index journal_client on journal(client, number);
create index journal_vendor on journal(vendor, number);
create index journal_request on journal(request_id);
create index journal_state on journal(state, number) where state <> 'applied';
create index journal_replay on journal(replay_of) where replay_of is not null;
create index journal_doubted on journal(doubted_at) where doubted_at is not null;
create index journal_ended on journal(updated_at);
create table journal_default partition of journal default;

-- Dead changes that hold up their line. They point into the journal.
create table held (
    id uuid primary key, scope text collate "C" not null, vendor_id text collate "C" not null, place bigint not null
);
create index held_line on held(scope, vendor_id, place);

create table idem (
    owner text collate "C", key text collate "C", fingerprint bytea not null, id uuid not null, unknown bigint,
    expires_at bigint, answer bytea, primary key (owner, key)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
create unique index idem_id on idem(id);
create index idem_expiry on idem(expires_at) where expires_at is not null;

create table callback (
    id uuid primary key, client text collate "C" not null, tries bigint not null, due_at bigint not null
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
create index callback_client on callback(client, due_at, id);
create index callback_due on callback(due_at);

create table reply (id uuid primary key, answer bytea not null, at timestamptz not null)
    with (autovacuum_vacuum_scale_factor = 0.05);
create index reply_at on reply(at);

-- Branches of statements that touch the journal only if there is something to do. Within a statement they would open every
-- partition each time.

-- A dead change is not replayed again once its replay has ended.
create function end_replay(dead uuid) returns boolean language plpgsql volatile as $$
begin
    update journal set body = null where id = dead and state = 'dead';
    return found;
end $$;

-- The row of one id.
create function journal_row(wanted uuid) returns setof journal language plpgsql stable as $$
begin
    return query select * from journal where id = wanted;
end $$;

-- The first id that a process makes at a time.
create function first_id(millis bigint) returns uuid language sql immutable as
    $$ select (lpad(to_hex(millis), 12, '0') || repeat('0', 20))::uuid $$;

-- The time at which a day begins.
create function day_begin(day date) returns bigint language sql immutable as
    $$ select (extract(epoch from day::timestamp) * 1000)::bigint $$;

-- Makes the partitions of these days that are missing. Only attaching one locks others out, and gives up soon.
create function make_partitions(first date, last date) returns integer language plpgsql volatile set lock_timeout = '500ms' as $$
declare
    day date;
    part text;
    made integer := 0;
begin
    for day in select generate_series(first::timestamp, last::timestamp, interval '1 day')::date loop
        part := 'journal_' || to_char(day, 'YYYYMMDD');
        if to_regclass(part) is null then
            perform pg_advisory_xact_lock(6003964391264346);
            -- A query sees what another process has committed while this one waited; the cache of names may not.
            if not exists (select 1 from pg_inherits i join pg_class c on c.oid = i.inhrelid
                where i.inhparent = 'journal'::regclass and c.relname = part) then
                execute format('create table %I (like journal including defaults including constraints)', part);
                execute format(
                    'with moved as (delete from journal_default where id >= %L and id < %L returning *) insert into %I select * from moved',
                    first_id(day_begin(day)), first_id(day_begin(day + 1)), part);
                execute format('alter table journal attach partition %I for values from (%L) to (%L)',
                    part, first_id(day_begin(day)), first_id(day_begin(day + 1)));
                made := made + 1;
            end if;
        end if;
    end loop;
    return made;
end $$;

-- Drops the oldest partition if all its changes ended before that time and none of them holds up a line.
create function drop_partition(ended_before bigint) returns boolean language plpgsql volatile set lock_timeout = '500ms' as $$
declare
    part text;
    day date;
    is_needed boolean;
begin
    select c.relname into part from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'journal'::regclass and c.relname ~ '^journal_[0-9]{8}$' order by c.relname limit 1;
    if part is null then
        return false;
    end if;
    day := to_date(right(part, 8), 'YYYYMMDD');
    if day_begin(day + 1) > ended_before or day >= (now() at time zone 'utc')::date - 1 then
        return false;
    end if;
    execute format('select exists (select 1 from %I where updated_at >= $1) or exists (select 1 from held where id >= $2 and id < $3)', part)
        into is_needed using ended_before, first_id(day_begin(day)), first_id(day_begin(day + 1));
    if is_needed then
        return false;
    end if;
    execute format('drop table %I', part);
    return true;
end $$;
