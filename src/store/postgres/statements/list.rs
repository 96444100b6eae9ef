//! Lists of records, newest first.
//!
//! Each part of a list comes from one index, in the order of its numbers, so nothing is sorted but the streams of the
//! partitions, which are merged. What the index does not decide is checked row by row, for a bounded number of rows; then the
//! part ends early and says where the next begins.

use tokio_postgres::Row;

use super::Work;
use crate::store::postgres::job::{Bind, Param, Statement, param};
use crate::store::postgres::row::{Text, get, record as read};
use crate::store::row::{COLUMNS, LOOKED_AT, Part, columns, unsigned};
use crate::store::seal::Sealer;
use crate::store::{Filter, Page, RecordsOf, State, StoreError};

/// The columns behind those of a record: whether everything holds that the index does not decide, and which row it is.
const FITS: usize = COLUMNS;
const LOOKED: usize = COLUMNS + 1;

/// The searches of a list, as one statement: so a ticket that ends meanwhile stands in one part only.
pub(in crate::store::postgres) fn list(filter: &Filter) -> Work {
    let mut clauses = Clauses::default();
    let searches: Vec<String> = searches(filter).map(|(table, state)| clauses.search(filter, table, state)).collect();
    let sql = searches.join(" union all ");
    Work::read(Statement::made(sql, clauses.params))
}

fn searches(filter: &Filter) -> impl Iterator<Item = (&'static str, Option<State>)> {
    let states: Vec<_> = match filter.is_rare() {
        true => filter.states.iter().copied().map(Some).collect(),
        false => vec![None],
    };
    std::iter::once(("ticket", None)).chain(states.into_iter().map(|state| ("journal", state)))
}

pub(in crate::store::postgres) fn page(sealer: &Sealer, filter: &Filter, rows: &[Row]) -> Result<Page, StoreError> {
    let limit = filter.limit.max(1);
    let (mut records, mut stopped_at) = (Vec::new(), None);
    let mut found = std::collections::HashMap::new();
    for row in rows {
        let number = unsigned(get(row, 0)?);
        let of_search: &mut usize = found.entry(get::<i32>(row, LOOKED + 1)?).or_default();
        if get(row, FITS)? {
            records.push(read(row, sealer, Part::Whole)?);
            *of_search += 1;
        }
        // One more than fits shows that there is a next part.
        if *of_search > limit || get::<i64>(row, LOOKED)? == LOOKED_AT as i64 {
            stopped_at = stopped_at.max(Some(number));
        }
    }
    Ok(Page::of(records, stopped_at, limit))
}

#[derive(Default)]
struct Clauses {
    params: Vec<Param>,
    searches: usize,
}

impl Clauses {
    /// The name of a value.
    fn bind<T: Bind>(&mut self, value: T) -> String {
        self.params.push(param(value));
        format!("${}", self.params.len())
    }

    fn search(&mut self, filter: &Filter, table: &str, state: Option<State>) -> String {
        let (index, checks) = (self.index(filter, state), self.checks(filter, table, state));
        let (index, checks) =
            (index.join(" and "), if checks.is_empty() { "true".into() } else { checks.join(" and ") });
        let most = self.bind(i64::try_from(filter.limit.max(1)).unwrap_or(i64::MAX).saturating_add(1));
        self.searches += 1;
        format!(
            "(select * from (select {columns}, ({checks}) as fits, row_number() over (order by number desc) as looked, {search} \
             from {table} where {index} order by number desc limit {LOOKED_AT}) as found_{search} \
             where fits or looked = {LOOKED_AT} order by number desc limit {most})",
            columns = columns!(),
            search = self.searches,
        )
    }

    /// What an index finds, if it can.
    fn index(&mut self, filter: &Filter, state: Option<State>) -> Vec<String> {
        let mut clauses = Vec::new();
        if let Some(line) = &filter.line {
            let (scope, id) = (self.bind(Text::of(&line.scope)), self.bind(Text::of(&line.id)));
            clauses.push(format!("scope = {scope} and vendor_id = {id}"));
        }
        if let Some(state) = state {
            let state = self.bind(state.as_str());
            clauses.push(format!("state = {state} and state <> 'applied'"));
        }
        if let Some(below) = filter.below {
            let below = self.bind(i64::try_from(below).unwrap_or(i64::MAX));
            clauses.push(format!("number < {below}"));
        }
        let is_found = filter.line.is_some() || state.is_some();
        if !is_found {
            // Behind `client is null` the planner knows no order by number, and would read all of it: that is checked row by row.
            let client = if filter.owner == RecordsOf::Client(None) { Vec::new() } else { self.of_client(filter) };
            let (mut client, vendor) = (client, self.of_vendor(filter));
            client.extend(vendor.into_iter().take(usize::from(client.is_empty())));
            clauses.append(&mut client);
        }
        if clauses.is_empty() {
            clauses.push("number > 0".into());
        }
        clauses
    }

    fn of_client(&mut self, filter: &Filter) -> Vec<String> {
        match &filter.owner {
            RecordsOf::All => Vec::new(),
            RecordsOf::Client(None) => vec!["client is null".into()],
            RecordsOf::Client(Some(client)) => vec![format!("client = {}", self.bind(Text::of(client)))],
        }
    }

    fn of_vendor(&mut self, filter: &Filter) -> Vec<String> {
        filter.vendor.iter().map(|vendor| format!("vendor = {}", self.bind(Text::of(vendor)))).collect()
    }

    /// Everything else.
    fn checks(&mut self, filter: &Filter, table: &str, state: Option<State>) -> Vec<String> {
        let mut checks = self.of_client(filter);
        // `client = …` of no client is neither true nor false.
        checks.iter_mut().for_each(|check| *check = format!("coalesce({check}, false)"));
        checks.extend(self.of_vendor(filter));
        if let Some(assistant) = &filter.assistant {
            checks.push(format!("assistant = {}", self.bind(Text::of(assistant))));
        }
        if let Some(operation) = filter.operation {
            checks.push(format!("operation = {}", self.bind(operation.as_str())));
        }
        if let Some(since) = filter.since {
            checks.push(format!("created_at >= {}", self.bind(since.0)));
        }
        if let Some(until) = filter.until {
            checks.push(format!("created_at < {}", self.bind(until.0)));
        }
        if let Some(field) = &filter.field {
            checks.push(format!("{} = any(fields)", self.bind(Text::of(field))));
        }
        if let Some(replayed) = filter.replayed {
            // With an offset each is asked for by itself, along the index; otherwise the planner may gather all replays.
            let replays = ["ticket", "journal"]
                .map(|other| format!("exists (select 1 from {other} as r where r.replay_of = {table}.id offset 0)"));
            checks.push(format!("({}) = {}", replays.join(" or "), self.bind(replayed)));
        }
        if state.is_none() && !filter.states.is_empty() {
            // The words are ours and need no quotes.
            let states: Vec<_> = filter.states.iter().map(|state| format!("'{}'", state.as_str())).collect();
            checks.push(format!("state in ({})", states.join(", ")));
        }
        checks
    }
}
