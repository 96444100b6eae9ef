//! `PUT` and `PATCH /v1/assistants/{assistant}`: a partial update.

use std::sync::Arc;

use bytes::Bytes;
use http::header::ACCEPT_ENCODING;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, Uri};
use http_body::Body;
use http_body_util::Full;
use tokio::time::Instant;

use crate::api::context::Context;
use crate::api::exchange::{Change, Exchange};
use crate::api::middleware::InFlightPermit;
use crate::api::request::media;
use crate::api::request::options::RequestOptions;
use crate::api::request_log::RequestLog;
use crate::api::target::{handling, target};
use crate::http::body::{BodyError, read_body};
use crate::http::header_names::PREFERENCE_APPLIED;
use crate::problem::{Code, Problem, Reason};
use crate::value::AssistantOperation;

/// Handles one update.
///
/// # Errors
/// The update's problem; `log.vendor` is the vendor once it is known.
pub(super) async fn handle<B>(
    context: &Context,
    segment: &str,
    head: &mut Parts,
    body: B,
    log: &mut RequestLog,
    permit: InFlightPermit,
) -> Result<Response<Full<Bytes>>, Problem>
where
    B: Body<Data = Bytes> + Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let options = RequestOptions::read(context, AssistantOperation::Update, head.uri.query(), &head.headers)?;
    let (assistant, route) = target(context, segment)?;
    let assistant = assistant.as_str();
    log.vendor = Some(Arc::clone(&route.account.name));
    log.meters = context.gateway.meters.get(&route.account.name).cloned();
    log.id = Some(Arc::clone(&route.id));
    log.assistant = Some(assistant.to_owned());
    log.dry_run = options.dry_run;
    media::check(&head.headers)?;
    let permits = permit.permits(&route.account)?;
    let mut limits = context.gateway.body_limits;
    let began = Instant::now();
    limits.timeout = limits.timeout.min(options.deadline.saturating_duration_since(began));
    let body = read_body(&head.headers, body, limits).await.map_err(body_problem)?;
    log.receiving = began.elapsed();
    log.request_bytes = body.len();
    release(head);
    let exchange = Exchange {
        context,
        change: Change::Update,
        assistant,
        account: &route.account,
        id: Some(&route.id),
        handling: handling(context, options.handling, &route),
        options: &options,
    };
    let applied = options.applied(false);
    match exchange.run(body, permits, log).await {
        Ok(mut response) => {
            response.headers_mut().extend(applied.map(|applied| (PREFERENCE_APPLIED, applied)));
            Ok(response)
        }
        Err(problem) => Err(Problem { preference_applied: applied, ..problem }),
    }
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
