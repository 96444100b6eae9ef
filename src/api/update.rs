//! `PUT` and `PATCH /v1/assistants/{assistant}`: the main job.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Response, Uri};
use http_body::Body;
use http_body_util::Full;
use tokio::time::Instant;
use vendors::Handling;

use crate::edge::body::{BodyError, read_body};
use crate::edge::path::Assistant;
use crate::edge::prefer;
use crate::edge::problem::{Code, Problem, Reason};
use crate::edge::query::UpdateQuery;
use crate::edge::request_timeout::request_timeout;
use crate::routing::{Route, RouteError};

use super::context::Context;
use super::exchange::Exchange;
use super::media;
use super::record::Record;
use super::router::Place;

/// What a caller asks for beside the update itself.
pub(super) struct Wishes {
    pub(super) dry_run: bool,
    pub(super) handling: Option<Handling>,
    pub(super) deadline: Instant,
}

/// Handles one update.
///
/// # Errors
/// Whatever stands against it; `record.vendor` tells the vendor once it is known.
pub(super) async fn handle<B>(
    context: &Context,
    segment: &str,
    (head, body): (&mut Parts, B),
    (record, place): (&mut Record, &Place),
) -> Result<Response<Full<Bytes>>, Problem>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let wishes = wishes(context, head.uri.query(), &head.headers)?;
    let (assistant, route) = target(context, segment)?;
    let assistant = assistant.as_str();
    record.vendor = Some(Arc::clone(&route.account.name));
    record.meters = Some(Arc::clone(&route.account.meters));
    record.id = Some(Arc::clone(&route.id));
    record.assistant = Some(assistant.to_owned());
    record.dry_run = wishes.dry_run;
    media::check(&head.headers)?;
    let _share = place.share(&route.account)?;
    let mut limits = context.gateway.body_limits;
    let began = Instant::now();
    limits.timeout = limits.timeout.min(wishes.deadline.saturating_duration_since(began));
    let body = read_body(&head.headers, body, limits).await.map_err(unreadable)?;
    record.receiving = began.elapsed();
    record.request_bytes = body.len();
    release(head);
    let preferred = wishes.handling;
    let exchange = Exchange { context, assistant, route: &route, wishes: &wishes };
    let result = exchange.run(body, record).await;
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

/// Lets go of what the request said beside its body. It stands in the buffer that hyper read it into, all of which
/// would be kept as long as the vendor takes.
fn release(head: &mut Parts) {
    (head.uri, head.headers) = (Uri::default(), HeaderMap::new());
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
pub(super) fn target<'a>(context: &Context, segment: &'a str) -> Result<(Assistant<'a>, Route), Problem> {
    let assistant = Assistant::parse(segment).map_err(|error| Problem::new(Code::InvalidRequest, error.to_string()))?;
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
    context.permit(assistant.as_str(), &route)?;
    Ok((assistant, route))
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
        BodyError::Departed(_) => {
            let cause = Some(Reason::ClientClosed);
            Problem { cause, ..Problem::new(Code::InvalidRequest, error.to_string()) }
        }
        other => Problem::new(Code::InvalidRequest, other.to_string()),
    }
}
