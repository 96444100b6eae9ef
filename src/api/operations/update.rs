//! `PUT` and `PATCH /v1/assistants/{assistant}`: the main job.

use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Response, Uri};
use http_body::Body;
use http_body_util::Full;
use tokio::time::Instant;

use crate::api::context::Context;
use crate::api::exchange::Exchange;
use crate::api::middleware::InFlightPermit;
use crate::api::request::media;
use crate::api::request::options::RequestOptions;
use crate::api::request::prefer;
use crate::api::request_log::RequestLog;
use crate::api::target::target;
use crate::http::body::{BodyError, read_body};
use crate::http::headers::PREFERENCE_APPLIED;
use crate::problem::{Code, Problem, Reason};

/// Handles one update.
///
/// # Errors
/// Whatever stands against it; `log.vendor` tells the vendor once it is known.
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
    let options = RequestOptions::read(context, head.uri.query(), &head.headers)?;
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
    let body = read_body(&head.headers, body, limits).await.map_err(unreadable)?;
    log.receiving = began.elapsed();
    log.request_bytes = body.len();
    release(head);
    let preferred = options.handling;
    let exchange = Exchange { context, assistant, route: &route, options: &options };
    let result = exchange.run(body, permits, log).await;
    let applied = |headers: &mut HeaderMap| {
        if let Some(handling) = preferred {
            headers.insert(PREFERENCE_APPLIED, prefer::applied(handling));
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
