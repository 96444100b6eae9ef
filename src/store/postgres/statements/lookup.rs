//! Single records, and those of one question.

use uuid::Uuid;

use super::Work;
use crate::store::postgres::job::{Statement, params};
use crate::store::postgres::row::Text;
use crate::store::row::columns;
use crate::store::{Line, RecordsOf, Timestamp, UpdateId};

/// One statement sees a ticket that becomes a row of the journal in one of the two.
const RECORD: &str = concat!(
    "select ",
    columns!(),
    " from ticket where id = $1 union all select ",
    columns!(),
    " from journal where id = $1"
);

/// `offset 0` keeps the planner from walking along the numbers in search of one row.
const OF_REQUEST: &str = concat!(
    "select * from (select ",
    columns!(),
    " from ticket where request_id = $1 and ($2 or client is not distinct from $3) union all select ",
    columns!(),
    " from journal where request_id = $1 and ($2 or client is not distinct from $3) offset 0) as found \
     order by number desc limit 1"
);

const REPLAY_OF: &str = concat!(
    "select * from (select ",
    columns!(),
    " from ticket where replay_of = $1 union all select ",
    columns!(),
    " from journal where replay_of = $1 offset 0) as found order by number desc limit 1"
);

const TICKET: &str = concat!("select ", columns!(), ", body from ticket where id = $1");

pub(in crate::store::postgres) fn ticket(id: UpdateId) -> Work {
    Work::read(Statement::new(TICKET, params![id.0]))
}

const BODIES: &str = "select id, body from ticket where id = any($1::uuid[]) \
    union all select id, body from journal where id = any($1::uuid[])";

const NEWER: &str = concat!(
    "select * from (select ",
    columns!(),
    " from ticket where scope = $1 and vendor_id = $2 and number > $3 union all select ",
    columns!(),
    " from journal where scope = $1 and vendor_id = $2 and number > $3) as record \
     where state in ('queued', 'sending', 'applied') \
     and (cardinality($4::text[]) = 0 or operation = 'delete' or fields && $4::text[]) order by number"
);

const TICKETS: &str = concat!("select ", columns!(), " from ticket order by number");

const UNSETTLED: &str = concat!("select ", columns!(), " from journal where doubted_at > $1 order by number");

/// A reply is there for a caller who waits at another member, if it says more than the journal.
const ENDED: &str = "select journal.id, journal.answer, reply.answer from journal \
    left join reply on reply.id = journal.id where journal.id = any($1::uuid[])";

/// How many open tickets of its line stand before each ticket; null for a dead change that holds up its line.
const PLACES: &str = "\
select id, (select count(*) from ticket as other \
        where other.scope = ticket.scope and other.vendor_id = ticket.vendor_id and other.place < ticket.place) \
    from ticket where id = any($1::uuid[]) and place is not null \
union all select id, null from held where id = any($1::uuid[])";

pub(in crate::store::postgres) fn places(of: &[UpdateId]) -> Work {
    Work::read(Statement::new(PLACES, params![ids(of)]))
}

pub(in crate::store::postgres) fn record(id: UpdateId) -> Statement {
    Statement::new(RECORD, params![id.0])
}

pub(in crate::store::postgres) fn of_request(of: &RecordsOf, request_id: &str) -> Work {
    let (anyone, client) = match of {
        RecordsOf::All => (true, None),
        RecordsOf::Client(client) => (false, client.as_deref().map(Text::of)),
    };
    Work::read(Statement::new(OF_REQUEST, params![Text::of(request_id), anyone, client]))
}

pub(in crate::store::postgres) fn replay_of(id: UpdateId) -> Work {
    Work::read(Statement::new(REPLAY_OF, params![id.0]))
}

pub(super) fn ids(ids: &[UpdateId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.0).collect()
}

pub(in crate::store::postgres) fn bodies(of: &[UpdateId]) -> Work {
    Work::read(Statement::new(BODIES, params![ids(of)]))
}

pub(in crate::store::postgres) fn newer(line: &Line, number: u64, fields: &[String]) -> Work {
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    let fields: Vec<Text> = fields.iter().map(|field| Text::of(field)).collect();
    Work::read(Statement::new(NEWER, params![Text::of(&line.scope), Text::of(&line.id), number, fields]))
}

pub(in crate::store::postgres) fn tickets() -> Work {
    Work::read(Statement::new(TICKETS, Vec::new()))
}

pub(in crate::store::postgres) fn unsettled(since: Timestamp) -> Work {
    Work::read(Statement::new(UNSETTLED, params![since.0]))
}

pub(in crate::store::postgres) fn ended(of: &[UpdateId]) -> Work {
    Work::read(Statement::new(ENDED, params![ids(of)]))
}
