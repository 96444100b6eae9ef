//! Lists of records, newest first.
//!
//! Each part of a list comes from one index, in the order of its numbers, so nothing is sorted. What the index does not
//! decide is checked row by row, for a bounded number of rows; then the part ends early and says where the next begins.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::store::row::{COLUMNS, LOOKED_AT, Part, columns, unsigned};
use crate::store::seal::Sealer;
use crate::store::sqlite::desk::SPAN;
use crate::store::sqlite::failure::Failure;
use crate::store::sqlite::row::{record as read, signed};
use crate::store::{Filter, Page, Record, RecordsOf, State};

use super::lookup::TABLES;

/// One search in one table.
pub(in crate::store::sqlite) struct Search {
    pub(in crate::store::sqlite) sql: String,
    pub(in crate::store::sqlite) params: Vec<Value>,
}

pub(in crate::store::sqlite) fn list(
    connection: &Connection,
    sealer: &Sealer,
    filter: &Filter,
) -> Result<Page, Failure> {
    let limit = filter.limit.max(1);
    // One snapshot, so that a ticket that ends meanwhile stands in one part only.
    let _snapshot = connection.unchecked_transaction()?;
    let (mut records, mut stopped_at) = (Vec::new(), None);
    for search in searches(connection, filter)? {
        stopped_at = stopped_at.max(run(connection, sealer, &search, limit, &mut records)?);
    }
    Ok(Page::of(records, stopped_at, limit))
}

/// Adds what a search finds; returns the last number that it looked at, if it stopped there.
fn run(
    connection: &Connection,
    sealer: &Sealer,
    search: &Search,
    limit: usize,
    records: &mut Vec<Record>,
) -> Result<Option<u64>, Failure> {
    let mut statement = connection.prepare_cached(&search.sql)?;
    let mut rows = statement.query(params_from_iter(&search.params))?;
    let (before, mut looked_at) = (records.len(), 0);
    while let Some(row) = rows.next()? {
        looked_at += 1;
        // Whether everything that the index does not decide holds.
        if row.get(COLUMNS)? {
            records.push(read(row, sealer, Part::Whole)?);
        }
        // One more than fits shows that there is a next part.
        if records.len() - before > limit || looked_at == LOOKED_AT {
            return Ok(Some(unsigned(row.get(0)?)));
        }
    }
    Ok(None)
}

/// The searches that together find what the filter asks for.
pub(in crate::store::sqlite) fn searches(connection: &Connection, filter: &Filter) -> Result<Vec<Search>, Failure> {
    let mut searches = Vec::new();
    for table in TABLES {
        let range = match table {
            "journal" => numbers(connection, filter)?,
            _ => Some((0, i64::MAX)),
        };
        let Some(range) = range else { continue };
        let of_index = filter.is_rare() && table == "journal";
        let states: Vec<Option<State>> = match of_index {
            true => filter.states.iter().copied().map(Some).collect(),
            false => vec![None],
        };
        searches.extend(states.into_iter().map(|state| search(table, filter, range, state)));
    }
    Ok(searches)
}

/// The numbers among which rows of the journal in the filter's time are; `None` if there are none.
fn numbers(connection: &Connection, filter: &Filter) -> Result<Option<(i64, i64)>, Failure> {
    if filter.since.is_none() && filter.until.is_none() {
        return Ok(Some((0, i64::MAX)));
    }
    let since = filter.since.map_or(i64::MIN, |at| at.0);
    let until = filter.until.map_or(i64::MAX, |at| at.0);
    let sql = "select min(block), max(block) from span where newest >= ?1 and oldest < ?2";
    let blocks = connection
        .prepare_cached(sql)?
        .query_row((since, until), |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?)))?;
    let span = signed(SPAN)?;
    Ok(match blocks {
        (Some(least), Some(greatest)) => {
            Some((least.saturating_mul(span), greatest.saturating_add(1).saturating_mul(span)))
        }
        _ => None,
    })
}

/// What finds the rows of one search; everything else is checked row by row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Line,
    State(State),
    Client,
    Vendor,
    Number,
}

impl By {
    fn of(filter: &Filter, table: &str, state: Option<State>) -> Self {
        let journal = table == "journal";
        match (&filter.line, state, &filter.owner, &filter.vendor) {
            (Some(_), ..) => Self::Line,
            (_, Some(state), ..) => Self::State(state),
            (_, _, RecordsOf::Client(_), _) if journal => Self::Client,
            (.., Some(_)) if journal => Self::Vendor,
            _ => Self::Number,
        }
    }
}

fn search(table: &str, filter: &Filter, range: (i64, i64), state: Option<State>) -> Search {
    let by = By::of(filter, table, state);
    let mut clauses = Clauses::default();
    if let Some(line) = &filter.line {
        clauses.index("scope = ?", Value::Text(line.scope.to_string()));
        clauses.index("vendor_id = ?", Value::Text(line.id.to_string()));
    }
    if let By::State(state) = by {
        clauses.index("state = ?", Value::Text(state.as_str().into()));
        clauses.index.push("state <> 'applied'".into());
    }
    let below = filter.below.map_or(i64::MAX, |number| signed(number).unwrap_or(i64::MAX));
    clauses.index("number >= ?", Value::Integer(range.0));
    clauses.index("number < ?", Value::Integer(range.1.min(below)));
    if let RecordsOf::Client(client) = &filter.owner {
        let client = client.clone().map_or(Value::Null, Value::Text);
        clauses.add(by == By::Client, "client is ?", client);
    }
    if let Some(vendor) = &filter.vendor {
        clauses.add(by == By::Vendor, "vendor = ?", Value::Text(vendor.clone()));
    }
    residual(&mut clauses, table, filter, state.is_none());
    clauses.search(table)
}

/// What no index decides.
fn residual(clauses: &mut Clauses, table: &str, filter: &Filter, with_states: bool) {
    if let Some(assistant) = &filter.assistant {
        clauses.check("assistant = ?", Value::Text(assistant.clone()));
    }
    if let Some(operation) = filter.operation {
        clauses.check("operation = ?", Value::Text(operation.as_str().into()));
    }
    if let Some(since) = filter.since {
        clauses.check("created_at >= ?", Value::Integer(since.0));
    }
    if let Some(until) = filter.until {
        clauses.check("created_at < ?", Value::Integer(until.0));
    }
    if let Some(field) = &filter.field {
        clauses.check("exists (select 1 from json_each(fields) where value = ?)", Value::Text(field.clone()));
    }
    if let Some(replayed) = filter.replayed {
        let replays = TABLES.map(|other| format!("exists (select 1 from {other} as r where r.replay_of = {table}.id)"));
        clauses.check(&format!("({}) = ?", replays.join(" or ")), Value::Integer(replayed.into()));
    }
    if with_states && !filter.states.is_empty() {
        // The words are ours and need no quotes.
        let states: Vec<_> = filter.states.iter().map(|state| format!("'{}'", state.as_str())).collect();
        clauses.check.push(format!("state in ({})", states.join(", ")));
    }
}

#[derive(Default)]
struct Clauses {
    index: Vec<String>,
    index_params: Vec<Value>,
    check: Vec<String>,
    check_params: Vec<Value>,
}

impl Clauses {
    fn index(&mut self, clause: &str, value: Value) {
        self.index.push(clause.into());
        self.index_params.push(value);
    }

    fn check(&mut self, clause: &str, value: Value) {
        self.check.push(clause.into());
        self.check_params.push(value);
    }

    fn add(&mut self, of_index: bool, clause: &str, value: Value) {
        match of_index {
            true => self.index(clause, value),
            false => self.check(clause, value),
        }
    }

    fn search(self, table: &str) -> Search {
        let fits = match self.check.as_slice() {
            [] => "1".to_owned(),
            checks => checks.join(" and "),
        };
        let clauses = self.index.join(" and ");
        let sql = format!("select {}, ({fits}) from {table} where {clauses} order by number desc", columns!());
        Search { sql, params: [self.check_params, self.index_params].concat() }
    }
}
