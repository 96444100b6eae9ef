//! `GET /v1/assistants/{assistant}`: one assistant as the vendor tells it.

use bytes::Bytes;
use http::header::ETAG;
use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::Full;
use tokio::time::Instant;

use crate::api::classify::list_problem;
use crate::api::context::Context;
use crate::api::middleware::InFlightPermit;
use crate::api::representation::{Found, push_assistant};
use crate::api::request::options::RequestOptions;
use crate::api::request::query;
use crate::api::request_log::RequestLog;
use crate::api::response::{self, Echoed};
use crate::api::target::target;
use crate::problem::{Code, Problem};
use crate::routing::Route;
use crate::value::AssistantOperation;

/// Reads one assistant.
///
/// # Errors
/// The vendor has no such assistant, or cannot be asked.
pub(super) async fn handle(
    context: &Context,
    segment: &str,
    head: &Parts,
    log: &mut RequestLog,
    permit: InFlightPermit,
) -> Result<Response<Full<Bytes>>, Problem> {
    let options = RequestOptions::read(context, AssistantOperation::Read, head.uri.query(), &head.headers)?;
    let includes_vendor = query::includes_vendor(head.uri.query())?;
    let (assistant, route) = target(context, segment)?;
    let account = &route.account;
    log.routed(context, account, Some(&route.id), false);
    log.assistant = Some(assistant.as_str().to_owned());
    let _permits = permit.permits(account)?;
    let found = find(context, &route, &options, log).await?;
    let with_attempts = |problem: Problem| Problem { attempts: (log.attempts > 0).then_some(log.attempts), ..problem };
    if options.if_match.as_ref().is_some_and(|condition| !condition.matches_strongly(&found.tag)) {
        return Err(with_attempts(Problem::precondition_failed(&found.tag)));
    }
    let mut response = if options.if_none_match.as_ref().is_some_and(|condition| condition.matches_weakly(&found.tag)) {
        let mut unchanged = Response::default();
        *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
        unchanged
    } else {
        let request_id = context.request_id.as_str();
        let echoed = Echoed { assistant: assistant.as_str(), vendor: &account.name, request_id };
        let mut body = b"{".to_vec();
        let push = found.with(account, |read| {
            push_assistant(&mut body, read, account, &echoed, Some(log.attempts), includes_vendor);
        });
        push.ok_or_else(|| Problem::new(Code::Internal, "the assistant is not on the page where it was found"))?;
        body.push(b'}');
        response::json(body)
    };
    response.headers_mut().extend(found.tag.to_header_value().map(|tag| (ETAG, tag)));
    Ok(response)
}

/// Looks for the assistant; where the vendor only lists them, in the copy, unless a condition asks for the present state.
pub(super) async fn find(
    context: &Context,
    route: &Route,
    options: &RequestOptions,
    log: &mut RequestLog,
) -> Result<Found, Problem> {
    let account = &route.account;
    let headers = account.headers(context.request_id.to_header_value(), context.trace.to_header_value());
    let reader = account.list_reader(headers);
    let started = Instant::now();
    let fresh = options.if_match.is_some();
    let (found, attempts) = Found::look_for(account, &reader, &route.id, fresh, options.deadline).await;
    log.attempts = attempts;
    if log.attempts > 0 {
        log.with_vendor = started.elapsed();
    }
    if let Some(recording) = &context.recording {
        recording.internal_span("read", started, found.is_err().then_some("unavailable"));
    }
    let problem = match found {
        Ok(Some(found)) => return Ok(found),
        Ok(None) => Problem::new(Code::AssistantNotFound, "The vendor has no such assistant."),
        Err(failure) => list_problem(account, failure),
    };
    Err(Problem { attempts: (log.attempts > 0).then_some(log.attempts), ..problem })
}
