-- When a pause and an opening were noted, in nanoseconds: what is left of one is never more than from then to its end, also after the
-- clock was set back. A replica of an earlier version does not write them.

alter table shared_account
    add column paused_at bigint,
    add column opened_at bigint;
