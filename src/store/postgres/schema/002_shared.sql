-- What replicas share besides changes: limits, pauses and openings of breakers, catalogs. Not logged, so that no commit waits for
-- a disk or a standby because of them; a crash empties them, which costs one more burst of each limit.
-- Times are nanoseconds since 1970 by the clock of this server.

create unlogged table shared_limit (
    key text primary key,
    -- When the bucket is full again (GCRA's theoretical arrival time).
    tat bigint not null,
    -- The largest block that a replica may hold of it, and until when.
    block int not null,
    block_until bigint not null,
    -- The last request, which `on conflict` can only pass on in columns, and what it got.
    cost bigint not null,
    burst int not null,
    replicas int not null,
    wanted int not null,
    emptied boolean not null,
    granted int not null,
    remaining int not null,
    wait bigint not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

create unlogged table shared_account (
    account text primary key,
    paused_until bigint not null default 0,
    is_unavailable boolean not null default false,
    -- Grows with each opening, probe and closing, so that only who sends the probe can end it.
    opening bigint not null default 0,
    -- Null while the breaker is closed.
    open_until bigint,
    probe_until bigint not null default 0
) with (fillfactor = 50);

create unlogged table shared_catalog (
    account text,
    kind text,
    contents bytea,
    fetched_at bigint not null default 0,
    refreshing_until bigint not null default 0,
    primary key (account, kind)
);
