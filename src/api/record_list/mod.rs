//! A list of records that a request asks for, newest first: which records, and which part of the list.

mod cursor;
mod filter;

use vendors::json::push_string;

use crate::gateway::Gateway;
use crate::problem::{Code, Problem};
use crate::store::{Filter, Owner, Page, State};

use super::records::{Records, push_record, store_problem};
use super::request::page::list_digest;
use super::request::query::{
    self, ASSISTANT, CLIENT, CURSOR, FIELD, LIMIT, OPERATION, SINCE, STATE, UNTIL, VENDOR, check_names,
};

use cursor::Cursor;

/// The parameters that choose records, and tell one list from another.
const FILTERS: [&str; 8] = [ASSISTANT, VENDOR, CLIENT, STATE, OPERATION, FIELD, SINCE, UNTIL];

/// Which records, and which part of their list.
#[derive(Debug)]
pub(crate) struct RecordList {
    filter: Filter,
    digest: u32,
}

impl RecordList {
    /// The list of a client's own records; `None` are the callers without a key.
    ///
    /// # Errors
    /// A parameter has no value of its kind, or the cursor is of another list.
    pub(crate) fn own(gateway: &Gateway, client: Option<&str>, query: Option<&str>) -> Result<Self, Problem> {
        let mut list = Self::read(gateway, client, &format!("{client:?}"), query)?;
        list.filter.owner = Owner::Client(client.map(str::to_owned));
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
            list.filter.owner = Owner::Client(Some(client.into_owned()).filter(|name| !name.is_empty()));
        }
        if !states.is_empty() {
            list.filter.states = states.to_vec();
        }
        Ok(list)
    }

    fn read(gateway: &Gateway, client: Option<&str>, name: &str, query: Option<&str>) -> Result<Self, Problem> {
        let mut name = name.to_owned();
        for filter in FILTERS {
            name += &format!(" {filter}: {:?}", query::text(query, filter)?);
        }
        let digest = list_digest(&name);
        let filter = filter::filter(gateway, client, query)?;
        let below = query::text(query, CURSOR)?.map(|text| below(&text, digest)).transpose()?;
        Ok(Self { filter: Filter { below, ..filter }, digest })
    }

    /// The part of the list that the request asks for.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn page(&self, records: &Records) -> Result<Page, Problem> {
        records.store.list(self.filter.clone()).await.map_err(store_problem)
    }

    /// Writes the members `data` and `next_cursor` of an answer. `more` writes what a record has besides its own members.
    pub(crate) fn push(
        &self,
        out: &mut Vec<u8>,
        gateway: &Gateway,
        records: &Records,
        page: &Page,
        more: impl Fn(&mut Vec<u8>, usize),
    ) {
        out.extend_from_slice(b"\"data\":[");
        for (index, record) in page.records.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            push_record(out, gateway, record, records.position(record));
            out.pop(); // the brace at its end
            more(out, index);
            out.push(b'}');
        }
        out.extend_from_slice(b"],\"next_cursor\":");
        match page.next {
            Some(below) => push_string(out, &Cursor { list: self.digest, below }.to_string()),
            None => out.extend_from_slice(b"null"),
        }
    }
}

/// The number below which the list goes on.
fn below(text: &str, list: u32) -> Result<u64, Problem> {
    let none = "the query parameter `cursor` is no `next_cursor` of this list";
    let other = "the query parameter `cursor` is of another list; repeat the parameters of the request that gave it";
    let cursor = Cursor::read(text).ok_or_else(|| Problem::new(Code::InvalidRequest, none))?;
    (cursor.list == list).then_some(cursor.below).ok_or_else(|| Problem::new(Code::InvalidRequest, other))
}
