//! The fields that a request carries in its body.

use bytes::Bytes;
use http::header::ACCEPT_ENCODING;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Uri};
use tokio::time::Instant;

use crate::api::context::Context;
use crate::api::request_log::RequestLog;
use crate::http::body::{BodyError, RequestBody, read_body};
use crate::problem::{Code, Problem, Reason};

/// Reads the body until `deadline`, and frees what the head was received in.
///
/// # Errors
/// The body is too long, too slow or cut off, or its coding is not known.
pub(super) async fn receive(
    context: &Context,
    head: &mut Parts,
    body: impl RequestBody,
    deadline: Instant,
    log: &mut RequestLog,
) -> Result<Bytes, Problem> {
    let mut limits = context.gateway.body_limits;
    let began = Instant::now();
    limits.timeout = limits.timeout.min(deadline.saturating_duration_since(began));
    let body = read_body(&head.headers, body, limits).await.map_err(body_problem)?;
    log.receiving = began.elapsed();
    log.request_bytes = body.len();
    release(head);
    Ok(body)
}

/// Frees URI and headers. They are slices of hyper's read buffer, which would otherwise stay in memory while the vendor
/// is called.
fn release(head: &mut Parts) {
    (head.uri, head.headers) = (Uri::default(), HeaderMap::new());
}

fn body_problem(error: BodyError) -> Problem {
    match error {
        BodyError::TooLarge { .. } => Problem::new(Code::BodyTooLarge, error.to_string()),
        BodyError::UnsupportedEncoding { .. } => {
            let problem = Problem::new(Code::UnsupportedMediaType, error.to_string());
            problem.with_header(ACCEPT_ENCODING, HeaderValue::from_static("gzip"))
        }
        BodyError::Timeout { .. } => Problem::from_status(http::StatusCode::REQUEST_TIMEOUT, error.to_string()),
        BodyError::Disconnected(_) => {
            let cause = Some(Reason::ClientClosed);
            Problem { cause, ..Problem::new(Code::InvalidRequest, error.to_string()) }
        }
        other => Problem::new(Code::InvalidRequest, other.to_string()),
    }
}
