//! `GET /v1/assistants`: the assistants of one vendor account, or of all that the client may use.
//!
//! The accounts are read side by side, each until it has enough for a page of the answer; after a cursor its account is read
//! first, and the others if they are needed. The answer has them by the name of the account, then in the vendor's order.

mod cursor;
mod filter;
mod part;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use http::Response;
use http::request::Parts;
use http_body_util::Full;
use tokio::time::Instant;
use vendors::json::push_string;

use crate::account::Account;
use crate::api::context::Context;
use crate::api::middleware::InFlightPermit;
use crate::api::representation::push_list;
use crate::api::request::options::RequestOptions;
use crate::api::request::query::{self, CURSOR, VENDOR};
use crate::api::request_log::RequestLog;
use crate::api::response;
use crate::api::target::account_named;
use crate::problem::{Code, Problem};
use crate::value::AssistantOperation;

use cursor::{Cursor, ListPosition};
use filter::Filter;
use part::{Part, Reading};

/// How many assistants an answer has, unless the caller says how many.
const LIMIT: usize = 50;
/// How many it has at most.
const MAX_LIMIT: usize = 200;

/// Lists assistants.
///
/// # Errors
/// The query is invalid, or none of the accounts can be read.
pub(super) async fn handle(
    context: &Context,
    head: &Parts,
    log: &mut RequestLog,
    permit: InFlightPermit,
) -> Result<Response<Full<Bytes>>, Problem> {
    let query = head.uri.query();
    let options = RequestOptions::read(context, AssistantOperation::List, query, &head.headers)?;
    let reading = Reading {
        context,
        filter: &Filter::read(query)?,
        includes_vendor: query::includes_vendor(query)?,
        limit: query::limit(query, LIMIT, MAX_LIMIT)?,
        deadline: options.deadline,
    };
    let malformed =
        || Problem::new(Code::InvalidRequest, "the query parameter `cursor` is no `next_cursor` of this gateway");
    let cursor = query::text(query, CURSOR)?.map(|text| Cursor::read(&text).ok_or_else(malformed)).transpose()?;
    let accounts = match query::text(query, VENDOR)? {
        Some(name) => vec![account_to_go_on_with(context, &name, cursor.as_ref())?],
        None => context.accounts().collect(),
    };
    let _permits = match accounts.as_slice() {
        [only] => {
            log.routed(context, only, None, false);
            (Some(permit.permits(only)?), None)
        }
        _ => (None, Some(permit)),
    };
    let started = Instant::now();
    let parts = read(&reading, &accounts, cursor.as_ref()).await;
    log.attempts = parts.iter().map(|part| part.attempts).sum();
    if log.attempts > 0 {
        log.with_vendor = started.elapsed();
    }
    let failed = parts.iter().filter(|part| part.problem.is_some()).count();
    if let Some(recording) = &context.recording {
        recording.internal_span("list", started, (failed > 0).then_some("unavailable"));
    }
    if failed > 0 && failed == parts.len() {
        let problem = parts.into_iter().find_map(|part| Some((part.problem?, part.account.name.to_string())));
        let attempts = (log.attempts > 0).then_some(log.attempts);
        let Some((problem, vendor)) = problem else { return Err(malformed()) };
        return Err(Problem { vendor: Some(vendor), attempts, ..problem });
    }
    Ok(response::json(Answer::of(parts, &accounts, cursor, reading.limit).body(context)))
}

/// The account of that name, which must be the cursor's.
///
/// # Errors
/// There is none, the caller may not use it, or the cursor is of another one's list.
fn account_to_go_on_with(context: &Context, name: &str, cursor: Option<&Cursor>) -> Result<Arc<Account>, Problem> {
    let account = account_named(context, name)?;
    if cursor.is_some_and(|cursor| *cursor.vendor != *account.name) {
        let detail = format!("the query parameter `cursor` is of another list, not of `{}`", account.name);
        return Err(Problem::new(Code::InvalidRequest, detail));
    }
    Ok(account)
}

/// Reads what each account has from the cursor on. Those before it are done.
async fn read(reading: &Reading<'_>, accounts: &[Arc<Account>], cursor: Option<&Cursor>) -> Vec<Part> {
    let from = |account: &Account| match cursor {
        None => Some(ListPosition::START),
        Some(cursor) if *account.name == *cursor.vendor => Some(cursor.place),
        Some(cursor) => (*account.name > *cursor.vendor).then_some(ListPosition::START),
    };
    let mut left = accounts.iter().filter_map(|account| Some((account, from(account)?)));
    let mut parts = Vec::new();
    if let Some((account, place)) = cursor.and_then(|_| left.next()) {
        // Further on in the list, one account mostly has enough.
        let part = reading.part(Arc::clone(account), place).await;
        let is_enough = part.entries.len() == reading.limit;
        parts.push(part);
        if is_enough {
            parts.extend(left.map(|(account, place)| Part::unread(account, place)));
            return parts;
        }
    }
    parts.extend(join_all(left.map(|(account, place)| reading.part(Arc::clone(account), place))).await);
    parts
}

/// One page of the list.
struct Answer {
    entries: Vec<Vec<u8>>,
    next: Option<Cursor>,
    vendors: Vec<Vendor>,
}

/// An account, and whether all of its assistants were in this answer or in those before it.
struct Vendor {
    name: Arc<str>,
    is_complete: bool,
    problem: Option<Problem>,
}

impl Answer {
    /// The first `limit` assistants of the parts.
    fn of(parts: Vec<Part>, accounts: &[Arc<Account>], cursor: Option<Cursor>, limit: usize) -> Self {
        let mut failed = cursor.map(|cursor| cursor.failed).unwrap_or_default();
        let read: Vec<_> = parts.iter().map(|part| Arc::clone(&part.account.name)).collect();
        let before = accounts.iter().map(|account| &account.name).filter(|name| !read.contains(name));
        let earlier = |name: &Arc<str>| {
            let is_complete = !failed.iter().any(|failed| **failed == **name);
            Vendor { name: Arc::clone(name), is_complete, problem: None }
        };
        let mut answer = Self { entries: Vec::new(), next: None, vendors: before.map(earlier).collect() };
        for part in parts {
            answer.add(part, limit, &mut failed);
        }
        answer
    }

    fn add(&mut self, part: Part, limit: usize, failed: &mut Vec<String>) {
        let Part { account, entries, rest, problem, .. } = part;
        let name = Arc::clone(&account.name);
        let free = limit - self.entries.len();
        let (mut taken, mut left) = (0, rest);
        // After a page that is full, nothing is taken from accounts further on.
        if self.next.is_none() {
            taken = entries.len().min(free);
            left = entries.get(taken).map(|(_, place)| *place).or(rest);
        } else if let Some((_, first)) = entries.first() {
            left = Some(*first);
        }
        self.entries.extend(entries.into_iter().take(taken).map(|(entry, _)| entry));
        if let (None, Some(place)) = (&self.next, left) {
            self.next = Some(Cursor { vendor: name.to_string(), place, failed: failed.clone() });
        }
        if problem.is_some() && self.next.is_none() {
            failed.push(name.to_string());
        }
        let is_complete = problem.is_none() && left.is_none();
        self.vendors.push(Vendor { name, is_complete, problem });
    }

    fn body(self, context: &Context) -> Vec<u8> {
        let mut out = Vec::with_capacity(256 + self.entries.iter().map(|entry| entry.len() + 1).sum::<usize>());
        out.extend_from_slice(b"{\"data\":[");
        push_list(&mut out, self.entries.iter(), |out, entry| out.extend_from_slice(entry));
        out.extend_from_slice(b"],\"next_cursor\":");
        match self.next {
            Some(cursor) => push_string(&mut out, &cursor.to_string()),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"vendors\":[");
        push_list(&mut out, self.vendors.into_iter(), |out, vendor| {
            out.extend_from_slice(b"{\"vendor\":");
            push_string(out, &vendor.name);
            let complete: &[u8] = if vendor.is_complete { b",\"complete\":true" } else { b",\"complete\":false" };
            out.extend_from_slice(complete);
            if let Some(problem) = vendor.problem {
                let base = context.gateway.public_url.clone();
                let problem = Problem { base, vendor: Some(vendor.name.to_string()), ..problem };
                out.extend_from_slice(b",\"problem\":");
                out.extend_from_slice(problem.body(&context.path, context.request_id.as_str()).trim_ascii());
            }
            out.push(b'}');
        });
        out.extend_from_slice(b"]}");
        out
    }
}
