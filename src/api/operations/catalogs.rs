//! A vendor's catalogs: which it has, and what is in them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::time::Instant;
use vendors::json::{excerpt, push_integer, push_string};
use vendors::{CatalogKind, CatalogSet, Catalogs, ListedEntry, NamePart, did_you_mean, nearest};

use crate::account::{Account, CatalogFailure};
use crate::api::classify::unread_catalog;
use crate::api::context::Context;
use crate::api::middleware::InFlightPermit;
use crate::api::request::page::{Cursor, Page};
use crate::api::request::query;
use crate::api::request::timeout::request_timeout;
use crate::api::request_log::RequestLog;
use crate::api::response;
use crate::problem::{Code, Problem};

use super::discovery::vendor_account;

/// Entries of a page where the request does not say how many.
const DEFAULT_LIMIT: usize = 100;

/// The most entries of a page.
const MAX_LIMIT: usize = 1000;

/// `GET /v1/vendors/{vendor}/catalogs`: which catalogs a vendor documents, and what is known of them. The vendor is not
/// called.
///
/// # Errors
/// The client may not use a vendor of that name, or there is none.
pub(super) fn list_catalogs(context: &Context, vendor: &str) -> Result<Value, Problem> {
    let account = vendor_account(context, vendor)?;
    let described = account.dialect.shown_catalogs().map(|kind| {
        let copy = account.live.copy(kind);
        let age = copy.as_ref().map(|(_, age)| age.as_secs());
        let entries = copy.map(|(catalog, _)| {
            let mut live = CatalogSet::default();
            live.set(kind, catalog);
            Catalogs { configured: &account.configured, live: &live }.entries(kind).count()
        });
        json!({ "kind": kind.as_str(), "entries": entries, "age": age })
    });
    Ok(json!({ "vendor": &*account.name, "catalogs": described.collect::<Vec<_>>() }))
}

/// `GET /v1/vendors/{vendor}/catalogs/{kind}`: a page of a catalog's entries, from the configuration and the vendor.
///
/// # Errors
/// There is no such vendor or catalog, the query is invalid, or the catalog cannot be read now.
pub(super) async fn read_catalog(
    context: &Context,
    (vendor, kind): (&str, &str),
    head: &Parts,
    log: &mut RequestLog,
    permit: InFlightPermit,
) -> Result<Response<Full<Bytes>>, Problem> {
    let account = vendor_account(context, vendor)?;
    let kind = documented_kind(&account, kind)?;
    if !kind.is_shown() {
        let detail =
            format!("the catalog `{kind}` is not shown, as its names may hold secrets; it only finds what is sent");
        return Err(Problem::new(Code::NotFound, detail));
    }
    let list = format!("the catalog `{kind}` of `{}`", account.name);
    let page = Page::read(head.uri.query(), &list, DEFAULT_LIMIT, 1..=MAX_LIMIT)?;
    let part = NamePart::new(&query::text(head.uri.query(), "q")?.unwrap_or_default());
    let longest = context.gateway.request_timeout;
    let deadline = context.arrived + request_timeout(&head.headers)?.map_or(longest, |timeout| timeout.min(longest));
    log.vendor = Some(Arc::clone(&account.name));
    let (live, age) = live_catalog(context, &account, kind, deadline, permit).await?;
    let catalogs = Catalogs { configured: &account.configured, live: &live };
    let entries: Vec<_> = catalogs.entries(kind).collect();
    let mut out = Vec::with_capacity(8 * 1024);
    out.extend_from_slice(b"{\"vendor\":");
    push_string(&mut out, &account.name);
    out.extend_from_slice(b",\"kind\":");
    push_string(&mut out, kind.as_str());
    out.extend_from_slice(b",\"age\":");
    match age {
        Some(age) => push_integer(&mut out, age.as_secs()),
        None => out.extend_from_slice(b"null"),
    }
    push_page(&mut out, &entries, &list, &page, &part);
    out.push(b'}');
    Ok(response::json(out))
}

/// Has a vendor asked for a catalog now, whatever the age of the copy: for operators. Returns the number of its entries.
///
/// # Errors
/// The catalog cannot be read now.
pub(crate) async fn refresh_catalog(context: &Context, account: &Account, kind: CatalogKind) -> Result<usize, Problem> {
    let headers = account.headers(context.request_id.to_header_value(), context.trace.to_header_value());
    let reader = account.catalog_reader(headers);
    let deadline = context.arrived + context.gateway.request_timeout;
    let read = tokio::time::timeout_at(deadline, account.live.refresh(kind, &reader)).await;
    let read = read.map_err(|_| {
        Problem::new(Code::VendorTimeout, "The time allowed ended while the vendor's catalog was being read.")
    })?;
    read.map(|catalog| catalog.len()).map_err(|failure| unread_catalog(account, failure))
}

/// The kind of that name, if the account's dialect documents it.
pub(crate) fn documented_kind(account: &Account, name: &str) -> Result<CatalogKind, Problem> {
    let dialect = account.dialect;
    let Some(kind) = CatalogKind::from_name(name) else {
        let nearest = nearest(name, dialect.shown_catalogs().map(CatalogKind::as_str));
        let rest = did_you_mean(nearest, "`GET /v1/vendors/{vendor}/catalogs` has those that there are");
        let detail = format!("there is no catalog `{}`; {rest}", excerpt(name, 64));
        return Err(Problem::new(Code::NotFound, detail));
    };
    let undocumented = || Problem::new(Code::NotFound, format!("{} documents no catalog `{kind}`", dialect.title));
    dialect.catalog(kind).map(|_| kind).ok_or_else(undocumented)
}

/// The vendor's copy of a catalog and its age. Without one, because the vendor says that it has no such list, what is
/// configured is all that there is.
async fn live_catalog(
    context: &Context,
    account: &Account,
    kind: CatalogKind,
    deadline: Instant,
    permit: InFlightPermit,
) -> Result<(CatalogSet, Option<Duration>), Problem> {
    let _permits = permit.permits(account)?;
    let headers = account.headers(context.request_id.to_header_value(), context.trace.to_header_value());
    let reader = account.catalog_reader(headers);
    let read = tokio::time::timeout_at(deadline, account.live.one(kind, &reader)).await;
    let read = read.map_err(|_| {
        Problem::new(Code::VendorTimeout, "The time allowed ended while the vendor's catalog was being read.")
    })?;
    let mut live = CatalogSet::default();
    match read {
        Ok((catalog, age)) => {
            live.set(kind, catalog);
            Ok((live, Some(age)))
        }
        Err(CatalogFailure::Absent) if account.configured.get(kind).is_some() => Ok((live, None)),
        Err(failure) => Err(unread_catalog(account, failure)),
    }
}

/// `,"data":[…],"next_cursor":…`: the entries of a page whose names contain `part`.
fn push_page(out: &mut Vec<u8>, entries: &[ListedEntry<'_>], list: &str, page: &Page, part: &NamePart) {
    let key = |at: usize| entries.get(at).map(|listed| [&*listed.entry.id, &*listed.entry.name]);
    let start = page.after.map_or(0, |cursor| cursor.resume(entries.len(), key));
    let matches = |(_, listed): &(usize, &ListedEntry<'_>)| part.is_in(&listed.entry.name);
    let mut found = entries.iter().enumerate().skip(start).filter(matches);
    out.extend_from_slice(b",\"data\":[");
    let mut last = None;
    for (index, listed) in found.by_ref().take(page.limit) {
        if last.replace(index).is_some() {
            out.push(b',');
        }
        listed.push(out);
    }
    out.extend_from_slice(b"],\"next_cursor\":");
    let next = found.next().and(last).and_then(|last| Some(Cursor::after(list, last, &key(last)?)));
    match next {
        Some(cursor) => push_string(out, &cursor.to_string()),
        None => out.extend_from_slice(b"null"),
    }
}
