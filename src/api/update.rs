//! `PUT` and `PATCH /v1/assistants/{assistant}`: the main job.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body::Body;
use http_body_util::Full;
use tokio::time::Instant;
use vendors::{CatalogSet, Catalogs, Handling, ItemCode, Target, Update, missing_lookups, translate_request};

use crate::edge::body::{BodyError, read_body};
use crate::edge::path::Assistant;
use crate::edge::prefer;
use crate::edge::problem::{Code, Problem};
use crate::edge::query::UpdateQuery;
use crate::edge::request_timeout::request_timeout;
use crate::routing::{Route, RouteError};
use crate::upstream::{CatalogReader, Outgoing, Place as PlaceInLine};

use super::context::Context;
use super::router::Place;
use super::verdict::{judge, unanswered, without_catalog};
use super::{answer, dry_run, media};

/// What the log and the metrics want to know of an update.
#[derive(Debug, Default, Clone)]
pub struct Record {
    /// The vendor account.
    pub vendor: Option<Arc<str>>,
    /// The assistant, as in the path.
    pub assistant: Option<String>,
    /// How often the vendor was tried.
    pub attempts: u32,
    /// Time not spent with the vendor but waiting for it.
    pub queued: std::time::Duration,
    /// Time spent with the vendor.
    pub with_vendor: std::time::Duration,
    /// How many fields were applied.
    pub applied: usize,
    /// How many were dropped.
    pub dropped: usize,
}

/// What a caller asks for beside the update itself.
struct Wishes {
    dry_run: bool,
    handling: Option<Handling>,
    deadline: Instant,
}

/// Handles one update.
///
/// # Errors
/// Whatever stands against it; `record.vendor` tells the vendor once it is known.
pub(super) async fn handle<B>(
    context: &Context,
    segment: &str,
    request: Request<B>,
    (record, place): (&mut Record, &Place),
) -> Result<Response<Full<Bytes>>, Problem>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (head, body) = request.into_parts();
    let wishes = wishes(context, head.uri.query(), &head.headers)?;
    let (assistant, route) = target(context, segment)?;
    record.vendor = Some(Arc::clone(&route.account.name));
    record.assistant = Some(assistant.clone());
    media::check(&head.headers)?;
    let _share = place.share(&route.account)?;
    let mut limits = context.gateway.body_limits;
    limits.timeout = limits.timeout.min(wishes.deadline.saturating_duration_since(Instant::now()));
    let body = read_body(&head.headers, body, limits).await.map_err(unreadable)?;
    let preferred = wishes.handling;
    let result = translated(context, (&assistant, &route), &wishes, &body, record).await;
    let applied = |headers: &mut HeaderMap| {
        if let Some(handling) = preferred {
            headers.insert(prefer::PREFERENCE_APPLIED, prefer::applied(handling));
        }
    };
    match result {
        Ok(mut response) => {
            applied(response.headers_mut());
            Ok(response)
        }
        Err(problem) => Err(Problem { preference_applied: preferred.map(prefer::applied), ..problem }),
    }
}

fn wishes(context: &Context, query: Option<&str>, headers: &HeaderMap) -> Result<Wishes, Problem> {
    let invalid = |error: &dyn std::fmt::Display| Problem::new(Code::InvalidRequest, error.to_string());
    let query = UpdateQuery::parse(query).map_err(|error| invalid(&error))?;
    let handling = prefer::handling(headers).map_err(|error| invalid(&error))?;
    let asked = request_timeout(headers).map_err(|error| invalid(&error))?;
    let allowed = context.gateway.request_timeout;
    let timeout = asked.map_or(allowed, |asked| asked.min(allowed));
    Ok(Wishes { dry_run: query.dry_run, handling, deadline: context.arrived + timeout })
}

/// Finds the target and asks whether the caller may use it.
pub(super) fn target(context: &Context, segment: &str) -> Result<(String, Route), Problem> {
    let assistant = Assistant::parse(segment).map_err(|error| Problem::new(Code::InvalidRequest, error.to_string()))?;
    let shown = assistant.to_string();
    let route = context.gateway.routes.resolve(&assistant, context.client_name()).map_err(|error| {
        let code = match error {
            RouteError::BadId { .. } => Code::InvalidRequest,
            _ => Code::UnknownAssistant,
        };
        let vendor = match &error {
            RouteError::BadId { vendor, .. } => Some(vendor.as_str()),
            _ => None,
        };
        context.may_ask_for(&assistant, vendor).err().unwrap_or_else(|| Problem::new(code, error.to_string()))
    })?;
    context.permit(&shown, &route)?;
    Ok((shown, route))
}

/// The handling in force: whoever is nearest to the request decides.
pub(super) fn handling(context: &Context, preferred: Option<Handling>, route: &Route) -> Handling {
    let client = context.client.as_deref().and_then(|client| client.handling);
    preferred.or(route.handling).or(client).unwrap_or(route.account.handling)
}

fn unreadable(error: BodyError) -> Problem {
    match error {
        BodyError::TooLarge { .. } => Problem::new(Code::BodyTooLarge, error.to_string()),
        BodyError::UnsupportedEncoding { .. } => Problem::new(Code::UnsupportedMediaType, error.to_string()),
        BodyError::Timeout { .. } => Problem::from_status(http::StatusCode::REQUEST_TIMEOUT, error.to_string()),
        other => Problem::new(Code::InvalidRequest, other.to_string()),
    }
}

async fn translated(
    context: &Context,
    (assistant, route): (&str, &Route),
    wishes: &Wishes,
    body: &[u8],
    record: &mut Record,
) -> Result<Response<Full<Bytes>>, Problem> {
    let update = Update::read(body).map_err(|error| Problem::new(Code::InvalidJson, error.to_string()))?;
    let account = &route.account;
    let headers = account.headers(context.request_id.to_header_value(), context.trace.child().to_header_value());
    let unknown = CatalogSet::default();
    let mut target = Target {
        dialect: account.dialect,
        vendor: &account.name,
        id: &route.id,
        handling: handling(context, wishes.handling, route),
        policies: &account.policies,
        catalogs: Catalogs { configured: &account.configured, live: &unknown },
    };
    let (live, place) = live_catalogs(&update, route, &headers, wishes)
        .await
        .map_err(|problem| otherwise_refused(&update, &target).unwrap_or(problem))?;
    target.catalogs.live = &live;
    let translated = translate_request(&update, &target).map_err(refused)?;
    record.applied = translated.report.applied.len();
    record.dropped = translated.report.dropped.len();
    let uri = account.stack.uri(&translated.path).map_err(|error| {
        Problem::new(Code::Internal, "the vendor's address could not be built").internally(error.to_string())
    })?;
    let names = (assistant, &*account.name, context.request_id.as_str());
    if wishes.dry_run {
        let mut response = answer::json(dry_run::body(&translated, (&uri.to_string(), &headers), names));
        answer::name_dropped(response.headers_mut(), &translated.report);
        return Ok(response);
    }
    let mut outgoing = Outgoing::new(Method::PUT, uri, wishes.deadline).with_place(place);
    outgoing.key = Some(Arc::clone(&route.id));
    outgoing.headers = headers;
    let sent_body = Bytes::from(translated.body);
    outgoing.body = sent_body.clone();
    let result = account.stack.update(outgoing).await;
    (record.attempts, record.queued, record.with_vendor) = match &result {
        Ok(answer) => (answer.attempts, answer.queued, answer.vendor),
        Err(failure) => (failure.attempts, failure.queued, failure.vendor),
    };
    let (response, answer) = judge(account, (&translated.sent, &sent_body), result)?;
    let mut reply = answer::json(answer::applied(&response, names, answer.attempts, &translated.report));
    answer::name_dropped(reply.headers_mut(), &translated.report);
    Ok(reply)
}

/// What stands against an update beside names that cannot be resolved now: the caller can mend that at once.
fn otherwise_refused(update: &Update<'_>, target: &Target<'_>) -> Option<Problem> {
    let mut found = translate_request(update, target).err()?;
    found.items.list.retain(|item| item.code != ItemCode::UnresolvedName);
    (!found.items.is_empty()).then(|| refused(found))
}

/// The vendor's own catalogs, but only those that this update needs and the configuration does not answer; with a place in the
/// assistant's line where reading them may take time, so that no later update overtakes this one meanwhile.
async fn live_catalogs(
    update: &Update<'_>,
    route: &Route,
    headers: &HeaderMap,
    wishes: &Wishes,
) -> Result<(CatalogSet, Option<PlaceInLine>), Problem> {
    let account = &route.account;
    let known = Catalogs { configured: &account.configured, live: &CatalogSet::default() };
    let missing = missing_lookups(update, account.dialect, &account.policies, &known);
    if missing.is_empty() {
        return Ok((CatalogSet::default(), None));
    }
    let place = if wishes.dry_run { None } else { Some(account.stack.line_up(&route.id).map_err(unanswered)?) };
    let reader =
        CatalogReader { dialect: account.dialect, stack: Arc::clone(&account.stack), headers: headers.clone() };
    // The flight may be somebody else's, with a later deadline.
    let read = tokio::time::timeout_at(wishes.deadline, account.live.get(&missing, &reader)).await;
    let live = read.map_err(|_| {
        Problem::new(Code::VendorTimeout, "The time allowed ended while the vendor's catalog was being read.")
    })?;
    Ok((live.map_err(|failure| without_catalog(account, failure))?, place))
}

fn refused(refused: vendors::Refused) -> Problem {
    let items = refused.items;
    let (code, what) = if items.only_unsupported() {
        (Code::UnsupportedByVendor, "The vendor cannot express everything in this update")
    } else {
        (Code::ValidationFailed, "The update is not valid")
    };
    let count = items.list.len();
    let noun = if count == 1 { "problem" } else { "problems" };
    let rest = if items.is_full() { ", and there may be more" } else { "" };
    let mut problem = Problem::new(code, format!("{what}: {count} {noun}{rest}."));
    problem.errors = items;
    problem
}
