-- How long a pause and an opening are from when they were noted, in nanoseconds: what is left of one is never more, also after the
-- clock was set back. Null if a replica of an earlier version has noted it.

alter table shared_account
    add column paused_for bigint,
    add column open_for bigint;
