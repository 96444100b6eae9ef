//! A list of records that a request asks for, newest first: which records, and which part of the list.

mod cursor;
mod filter;
mod known;

use serde::{Deserialize, Serialize};

use crate::gateway::Gateway;
use crate::problem::{Code, Problem};
use crate::store::{Filter, Page, Record, RecordsOf, State};

use super::records::{RecordDocument, Records, store_problem};
use super::request::page::list_digest;
use super::request::query::{
    self, ASSISTANT, CLIENT, CURSOR, FIELD, LIMIT, OLDER, OPERATION, REASON, REPLAYED, SINCE, STATE, UNTIL, VENDOR,
    check_names,
};

use cursor::Cursor;

/// The parameters that choose records, and tell one list from another.
const FILTERS: [&str; 11] = [ASSISTANT, VENDOR, CLIENT, STATE, OPERATION, FIELD, SINCE, UNTIL, REASON, OLDER, REPLAYED];
/// How many records are read at a time where each is looked at.
const READ_AT_ONCE: usize = 500;
/// How many records one part of a list looks at.
const LOOKED_AT: usize = 20_000;

/// Which records, and which part of their list.
#[derive(Debug, Clone)]
pub(crate) struct RecordList {
    filter: Filter,
    /// What no index finds, as problems are sealed: the code of a record's problem.
    reason: Option<Code>,
    digest: u32,
}

impl RecordList {
    /// The list of a client's own records; `None` are the callers without a key.
    ///
    /// # Errors
    /// A parameter has no value of its kind, or the cursor is of another list.
    pub(crate) fn own(gateway: &Gateway, client: Option<&str>, query: Option<&str>) -> Result<Self, Problem> {
        let mut list = Self::read(gateway, client, &format!("{client:?}"), query)?;
        list.filter.owner = RecordsOf::Client(client.map(str::to_owned));
        Ok(list)
    }

    /// The list of all clients' records, of one client's with `client=`; empty are the callers without a key. `name` tells
    /// it from other lists, `filters` are the parameters that it has besides `limit` and `cursor`, and only records in one
    /// of `states` are in it, if there are any.
    ///
    /// # Errors
    /// There is another parameter, one has no value of its kind, or the cursor is of another list.
    pub(crate) fn of_all(
        gateway: &Gateway,
        name: &str,
        query: Option<&str>,
        filters: &[&str],
        states: &[State],
    ) -> Result<Self, Problem> {
        check_names(query, &[filters, &[LIMIT, CURSOR]].concat())?;
        let mut list = Self::read(gateway, None, name, query)?;
        if let Some(client) = query::text(query, CLIENT)? {
            list.filter.owner = RecordsOf::Client(Some(client.into_owned()).filter(|name| !name.is_empty()));
        }
        if !states.is_empty() {
            list.filter.states = states.to_vec();
        }
        Ok(list)
    }

    fn read(gateway: &Gateway, client: Option<&str>, name: &str, query: Option<&str>) -> Result<Self, Problem> {
        let mut name = name.to_owned();
        for filter in FILTERS {
            let value = query::text(query, filter)?;
            // The later filters count only where they are used, so that cursors of older versions stay valid.
            if value.is_some() || ![REASON, OLDER, REPLAYED].contains(&filter) {
                name += &format!(" {filter}: {value:?}");
            }
        }
        let digest = list_digest(&name);
        let (filter, reason) = (filter::filter(gateway, client, query)?, filter::reason(query)?);
        let below = query::text(query, CURSOR)?.map(|text| below(&text, digest)).transpose()?;
        Ok(Self { filter: Filter { below, ..filter }, reason, digest })
    }

    /// The same without what was sent again by another record.
    #[must_use]
    pub(crate) fn not_replayed(mut self) -> Self {
        self.filter.replayed = Some(false);
        self
    }

    /// Whether the request asks for the beginning of the list.
    pub(crate) fn is_first(&self) -> bool {
        self.filter.below.is_none()
    }

    /// Whether the list has only what was sent again.
    pub(crate) fn is_of_replayed(&self) -> bool {
        self.filter.replayed == Some(true)
    }

    /// Whether a record's problem is the one that the list asks for.
    pub(crate) fn has_reason(&self, record: &Record) -> bool {
        self.reason.is_none_or(|wanted| said(record).is_some_and(|said| said.code == wanted.as_str()))
    }

    /// Looks at every record, whatever its problem, newest first, as long as `visit` goes on; `true` if it did to the end.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn each(
        &self,
        records: &Records,
        mut visit: impl FnMut(&Record) -> bool,
    ) -> Result<bool, Problem> {
        let mut filter = Filter { below: None, limit: READ_AT_ONCE, ..self.filter.clone() };
        loop {
            let page = records.store.list(filter.clone()).await.map_err(store_problem)?;
            if !page.records.iter().all(&mut visit) {
                return Ok(false);
            }
            match page.next {
                Some(next) => filter.below = Some(next),
                None => return Ok(true),
            }
        }
    }

    /// The part of the list that the request asks for.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn page(&self, records: &Records) -> Result<Page, Problem> {
        if self.reason.is_none() {
            return records.store.list(self.filter.clone()).await.map_err(store_problem);
        }
        let (mut found, mut filter) = (Vec::new(), Filter { limit: READ_AT_ONCE, ..self.filter.clone() });
        for _ in 0..LOOKED_AT / READ_AT_ONCE {
            let page = records.store.list(filter.clone()).await.map_err(store_problem)?;
            found.extend(page.records.into_iter().filter(|record| self.has_reason(record)));
            filter.below = page.next;
            if found.len() > self.filter.limit {
                found.truncate(self.filter.limit);
                filter.below = found.last().map(|record| record.number);
            }
            if filter.below.is_none() || found.len() == self.filter.limit {
                break;
            }
        }
        Ok(Page { records: found, next: filter.below })
    }

    /// Where the list goes on after this part.
    pub(crate) fn next(&self, page: &Page) -> Option<String> {
        page.next.map(|below| Cursor { list: self.digest, below }.to_string())
    }

    /// The part as a document; `of` makes one of each record and its place in the part.
    pub(crate) fn document<'p, D>(
        &self,
        records: &Records,
        page: &'p Page,
        of: impl Fn(RecordDocument<'p>, usize) -> D,
    ) -> ListDocument<D> {
        let documents = page.records.iter().map(|record| RecordDocument::new(record, records.position(record)));
        ListDocument {
            data: documents.zip(0..).map(|(record, index)| of(record, index)).collect(),
            next_cursor: self.next(page),
        }
    }
}

/// A part of a list.
#[derive(Serialize)]
pub(crate) struct ListDocument<D> {
    pub(crate) data: Vec<D>,
    next_cursor: Option<String>,
}

/// What the problem of a record says.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Said {
    /// Its code.
    pub(crate) code: String,
    /// What happened.
    #[cfg_attr(not(feature = "console"), expect(dead_code, reason = "only the console shows it"))]
    #[serde(default)]
    pub(crate) detail: String,
}

/// What the problem of a record says, if it has one that can be read.
pub(crate) fn said(record: &Record) -> Option<Said> {
    serde_json::from_slice(record.problem.as_deref()?).ok()
}

/// The number below which the list goes on.
fn below(text: &str, list: u32) -> Result<u64, Problem> {
    let none = "the query parameter `cursor` is no `next_cursor` of this list";
    let other = "the query parameter `cursor` is of another list; repeat the parameters of the request that gave it";
    let cursor = Cursor::read(text).ok_or_else(|| Problem::new(Code::InvalidRequest, none))?;
    (cursor.list == list).then_some(cursor.below).ok_or_else(|| Problem::new(Code::InvalidRequest, other))
}
