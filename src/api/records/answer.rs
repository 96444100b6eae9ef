//! Answers as they are stored, and back.

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt, Full};

use crate::problem::{Code, Outcome, Problem, Reason};
use crate::store::Answer;
use crate::telemetry::event::ProblemSummary;

/// Says that the answer is that of an earlier request.
pub(crate) const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The response as it is stored.
pub(crate) fn kept(response: Response<Full<Bytes>>) -> Answer {
    let (head, body) = response.into_parts();
    let body = body.collect().now_or_never().and_then(Result::ok).map(http_body_util::Collected::to_bytes);
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned).ok();
    let headers = head.headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)));
    Answer { status: head.status.as_u16(), headers: headers.collect(), body: Some(body.unwrap_or_default()) }
}

/// The response that was stored.
pub(super) fn response(answer: &Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body.clone().unwrap_or_default()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer.headers.iter().filter_map(|(name, value)| {
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
    });
    response.headers_mut().extend(headers);
    response
}

/// The response that was stored, for the request that it answers: a problem is logged.
pub(super) fn delivered(answer: &Answer) -> Response<Full<Bytes>> {
    let mut response = response(answer);
    if let Some(summary) = summary(answer) {
        response.extensions_mut().insert(summary);
    }
    response
}

/// What a stored problem says of itself.
fn summary(answer: &Answer) -> Option<ProblemSummary> {
    if answer.status < 400 {
        return None;
    }
    let problem: serde_json::Value = serde_json::from_slice(answer.body.as_deref()?).ok()?;
    let code = Code::from_name(problem.get("code")?.as_str()?)?;
    let is_unknown = problem.get("outcome").and_then(serde_json::Value::as_str) == Some(Outcome::Unknown.as_str());
    let outcome = if is_unknown { Outcome::Unknown } else { Outcome::NotApplied };
    let fault = code.kind().fault;
    Some(ProblemSummary { reason: Reason::Code(code), code: Some(code), fault, outcome, internal: None })
}

/// The response that was stored, for another request with the same key.
pub(super) fn replayed(answer: &Answer) -> Response<Full<Bytes>> {
    let mut response = response(answer);
    response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    response
}

/// The problem as its caller gets it.
pub(super) fn of_problem(problem: &Problem, path: &str, request_id: &str) -> Answer {
    kept(problem.clone().into_response(path, request_id))
}
