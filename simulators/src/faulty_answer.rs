//! The answers of faults: in the vendor's place, or the vendor's own one spoiled on its way.

use std::{
    fmt::Write as _,
    time::{Duration, SystemTime},
};

use http_body_util::BodyExt;
use hyper::{Response, header};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    answer::{Answer, AnswerBody},
    backend::Backend,
    body::{CutShort, Drip},
    fault::{FaultKind, RetryAfter},
    record::Received,
};

/// One byte more than callers are expected to read.
const OVERSIZE: usize = 1024 * 1024 + 1;

/// The answer given in the vendor's place, if the fault is of that kind.
pub(crate) fn replacement(kind: &FaultKind, backend: &Backend, request: &Received) -> Option<Answer> {
    Some(match kind {
        FaultKind::Status { status, retry_after } => status_answer(backend, *status, *retry_after),
        FaultKind::Html(status) => Answer::html(*status),
        FaultKind::Empty(status) => Answer::empty(*status),
        FaultKind::Redirect => Answer::redirect(&format!("{}/login", backend.origin)),
        FaultKind::ErrorIn2xx { success_false: false } => {
            Answer::json(200, &json!({ "error": "Something went wrong." }))
        }
        FaultKind::ErrorIn2xx { success_false: true } => Answer::json(
            200,
            &json!({ "success": false, "error": "Something went wrong.", "error_code": "INTERNAL_ERROR" }),
        ),
        FaultKind::EchoHeaders => Answer::message(500, &echo(request)),
        FaultKind::Shape(slug) => shape(backend, slug),
        FaultKind::Delay(_)
        | FaultKind::Hold
        | FaultKind::Hang
        | FaultKind::Reset
        | FaultKind::ResetInBody
        | FaultKind::Drip(_)
        | FaultKind::Truncated
        | FaultKind::Oversized => return None,
    })
}

/// The vendor's own answer as the fault lets it through.
pub(crate) fn spoiled(kind: Option<&FaultKind>, answer: Answer, reset: &CancellationToken) -> Response<AnswerBody> {
    match kind {
        Some(FaultKind::ResetInBody) => {
            let body = CutShort::new(&answer.body, reset.clone()).boxed_unsync();
            answer.into_response_with(body)
        }
        Some(FaultKind::Drip(gap)) => {
            let body = Drip::new(answer.body.clone(), *gap).boxed_unsync();
            answer.into_response_with(body)
        }
        Some(FaultKind::Truncated) => {
            let half = answer.body.slice(..answer.body.len() / 2);
            answer.with_body(half).into_response()
        }
        Some(FaultKind::Oversized) => {
            let mut padded = answer.body.to_vec();
            padded.resize(padded.len() + OVERSIZE, b' ');
            answer.with_body(padded).into_response()
        }
        _ => answer.into_response(),
    }
}

fn status_answer(backend: &Backend, status: u16, retry_after: Option<RetryAfter>) -> Answer {
    let documented = backend.contract.answers.iter().find_map(|(slug, _)| {
        let (of, body) = backend.contract.answer(slug)?;
        (of == status && body.is_object()).then_some(body)
    });
    let mut body = documented.unwrap_or_else(
        || json!({ "message": Answer::empty(status).status.canonical_reason().unwrap_or("Unknown status") }),
    );
    if let Some(members) = body.as_object_mut() {
        members.shift_remove("retry_after");
        if let Some(RetryAfter::Body(seconds)) = retry_after {
            members.insert("retry_after".to_owned(), json!(seconds));
        }
    }
    let answer = if matches!(status, 204 | 304) { Answer::empty(status) } else { Answer::json(status, &body) };
    match retry_after {
        Some(RetryAfter::Seconds(seconds)) => answer.with(header::RETRY_AFTER, &seconds.to_string()),
        Some(RetryAfter::Date(seconds)) => {
            let then = SystemTime::now() + Duration::from_secs(seconds.into());
            answer.with(header::RETRY_AFTER, &httpdate::fmt_http_date(then))
        }
        Some(RetryAfter::Body(_)) | None => answer,
    }
}

fn shape(backend: &Backend, slug: &str) -> Answer {
    match backend.contract.answer(slug) {
        Some((status, Value::Null)) => Answer::empty(status),
        Some((status, body)) => Answer::json(status, &body),
        None => Answer::message(500, &format!("This simulator has no answer named {slug}.")),
    }
}

fn echo(request: &Received) -> String {
    let mut message = format!("Request failed: {} {}", request.method, request.path);
    for (name, value) in &request.headers {
        // Writing to a `String` never fails.
        let _ = write!(message, "; {name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    message
}
