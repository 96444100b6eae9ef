//! The part of a list that comes from one vendor account.

use std::sync::Arc;

use tokio::time::Instant;
use vendors::read_listed;

use super::cursor::ListPosition;
use super::filter::Filter;
use crate::account::{Account, Page, Walk};
use crate::api::classify::list_problem;
use crate::api::context::Context;
use crate::api::representation::push_assistant;
use crate::api::response::Echoed;
use crate::problem::Problem;

/// What one account has for this page of the list.
pub(super) struct Part {
    pub(super) account: Arc<Account>,
    /// The assistants in the vendor's order, as JSON, and their places.
    pub(super) entries: Vec<(Vec<u8>, ListPosition)>,
    /// Where the rest starts; `None` if there is none.
    pub(super) rest: Option<ListPosition>,
    /// Why the account's assistants are missing.
    pub(super) problem: Option<Problem>,
    pub(super) attempts: u32,
}

impl Part {
    /// Nothing of an account yet.
    pub(super) fn unread(account: &Arc<Account>, from: ListPosition) -> Self {
        Self { account: Arc::clone(account), entries: Vec::new(), rest: Some(from), problem: None, attempts: 0 }
    }
}

/// What is read of every account.
pub(super) struct Reading<'a> {
    pub(super) context: &'a Context,
    pub(super) filter: &'a Filter,
    pub(super) includes_vendor: bool,
    /// As many assistants at most.
    pub(super) limit: usize,
    pub(super) deadline: Instant,
}

impl Reading<'_> {
    /// Reads an account's list from a place on, until there are enough assistants or no more. A list that cannot be read
    /// to there is missing as a whole, never short.
    pub(super) async fn part(&self, account: Arc<Account>, from: ListPosition) -> Part {
        let context = self.context;
        let headers = account.headers(context.request_id.to_header_value(), context.trace.to_header_value());
        let reader = account.list_reader(headers);
        let mut part = Part { rest: None, ..Part::unread(&account, from) };
        let mut walk = match Walk::new(&account.assistants, &reader, false, self.deadline) {
            Ok(walk) => walk,
            Err(failure) => {
                part.problem = Some(list_problem(&account, failure));
                return part;
            }
        };
        walk.start_at(from.page, from.per_page);
        let mut skipped = from.on_page;
        loop {
            let page = walk.next().await;
            part.attempts = walk.attempts;
            match page {
                Ok(Some(page)) => {
                    self.add(&page, &mut walk, &mut skipped, &mut part);
                    if part.rest.is_some() {
                        return part;
                    }
                }
                Ok(None) => return part,
                Err(failure) => {
                    part.entries = Vec::new();
                    part.problem = Some(list_problem(&account, failure));
                    return part;
                }
            }
        }
    }

    /// Adds the assistants of a page after the first `skipped`, which may end on a later page if pages have become smaller.
    fn add(&self, page: &Page, walk: &mut Walk<'_>, skipped: &mut usize, part: &mut Part) {
        let account = Arc::clone(&part.account);
        let Ok(read) = page.read(account.dialect) else { return };
        let skips = (*skipped).min(read.assistants.len());
        *skipped -= skips;
        for (on_page, listed) in read.assistants.iter().enumerate().skip(skips) {
            if !walk.is_new(&listed.id) {
                continue;
            }
            let explicit = format!("{}:{}", account.name, listed.id);
            let routes = &self.context.gateway.routes;
            let assistant = routes.name_of(&explicit).unwrap_or(&explicit);
            if !self.context.may_use_assistant(assistant, &account.name, &listed.id) {
                continue;
            }
            let read = read_listed(account.dialect, &account.policies, listed);
            if !self.filter.matches(&read) {
                continue;
            }
            let place = ListPosition { page: page.number, per_page: page.per_page, on_page };
            if part.entries.len() == self.limit {
                part.rest = Some(place);
                return;
            }
            let request_id = self.context.request_id.as_str();
            let echoed = Echoed { assistant, vendor: &account.name, request_id };
            let mut entry = b"{".to_vec();
            push_assistant(&mut entry, &read, &account, &echoed, None, self.includes_vendor);
            entry.push(b'}');
            part.entries.push((entry, place));
        }
    }
}
