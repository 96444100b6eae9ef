//! The administration listener: is it alive, is it ready, what is it doing, take up a new configuration.

mod drift;
mod metrics;
mod recent;
mod status;
mod tokens;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::api::{Api, bearer};
use crate::edge::peer::Peer;
use crate::edge::problem::{Code, Problem};
use crate::edge::request_id::RequestId;
use crate::edge::shutdown::Shutdown;
use crate::reload::Reloader;
use crate::telemetry::metrics::Format;
use crate::upstream::X_REQUEST_ID;

pub use tokens::AdminTokens;

/// Administration as a service.
#[derive(Clone)]
pub struct Admin {
    reloader: Arc<Reloader>,
    api: Api,
    shutdown: Shutdown,
    started: Instant,
}

/// An answer with its body.
type Reply = Response<Full<Bytes>>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// What a path asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// Nothing.
    Open,
    /// A token that may read the metrics.
    Metrics,
    /// The token.
    Admin,
}

impl Admin {
    /// Administration of the gateway that `reloader` holds.
    pub fn new(reloader: Arc<Reloader>, api: Api, shutdown: Shutdown) -> Self {
        Self { reloader, api, shutdown, started: Instant::now() }
    }

    async fn answer(self, head: Parts) -> Reply {
        let (method, path) = (&head.method, head.uri.path());
        let request_id = RequestId::from_headers(&head.headers);
        let mut response = self.dispatch(&head, &request_id).await.unwrap_or_else(|problem| {
            if problem.code == Code::Unauthenticated {
                let peer = head.extensions.get::<Arc<Peer>>().map(|peer| peer.address.to_string());
                let telemetry = self.reloader.telemetry();
                telemetry.admin_refused(request_id.as_str(), (method.as_str(), path), peer);
            }
            problem.into_response(path, request_id.as_str())
        });
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.headers_mut().insert(X_REQUEST_ID, request_id.to_header_value());
        response
    }

    async fn dispatch(&self, head: &Parts, request_id: &RequestId) -> Result<Reply, Problem> {
        let (method, path) = (&head.method, head.uri.path());
        let (allow, guard) = match path {
            "/livez" | "/readyz" => ("GET, HEAD", Guard::Open),
            "/metrics" => ("GET, HEAD", Guard::Metrics),
            "/admin/status" | "/admin/config" => ("GET, HEAD", Guard::Admin),
            "/admin/reload" => ("POST", Guard::Admin),
            _ => return Err(Problem::new(Code::NotFound, "there is nothing at this path")),
        };
        if !allow.split(", ").any(|allowed| allowed == method.as_str()) {
            let detail = format!("use {allow} here, not {method}");
            return Err(Problem { allow: Some(allow), ..Problem::new(Code::MethodNotAllowed, detail) });
        }
        self.authenticate(guard, head)?;
        Ok(match path {
            "/livez" => document(StatusCode::OK, &serde_json::json!({ "status": "alive" })),
            "/readyz" => self.readiness(),
            "/metrics" => self.metrics(&head.headers),
            "/admin/config" => document(StatusCode::OK, &self.reloader.gateway().shown),
            "/admin/reload" => self.reload(path, request_id).await?,
            _ => document(StatusCode::OK, &status::status(&self.reloader, &self.api, self.started)),
        })
    }

    fn metrics(&self, headers: &HeaderMap) -> Reply {
        let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
        let format = Format::accepted(accept.unwrap_or_default());
        let sources = metrics::Sources {
            gateway: &self.reloader.gateway(),
            reloader: &self.reloader,
            in_flight: self.api.in_flight(),
            telemetry: self.reloader.telemetry(),
        };
        let mut response = Response::new(Full::from(metrics::exposition(&sources, format)));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(format.media()));
        response
    }

    /// Ready is configured and not draining; never a vendor's health, which would take all gateways down together.
    fn readiness(&self) -> Reply {
        if self.shutdown.is_announced() {
            document(StatusCode::SERVICE_UNAVAILABLE, &serde_json::json!({ "status": "draining" }))
        } else {
            document(StatusCode::OK, &serde_json::json!({ "status": "ready" }))
        }
    }

    /// A refused configuration is a problem that also has what a taken one would have.
    async fn reload(&self, path: &str, request_id: &RequestId) -> Result<Reply, Problem> {
        let reloader = Arc::clone(&self.reloader);
        let outcome = tokio::task::spawn_blocking(move || reloader.reload("request")).await;
        let outcome =
            outcome.map_err(|error| Problem::new(Code::Internal, "the reload failed").internally(error.to_string()))?;
        let mut body = serde_json::to_value(&outcome).unwrap_or_default();
        if outcome.applied {
            return Ok(document(StatusCode::OK, &body));
        }
        let problem =
            Problem::new(Code::ValidationFailed, "the new configuration is refused; the old one stays in force");
        let problem = serde_json::from_slice::<Map<_, _>>(&problem.body(path, request_id.as_str())).unwrap_or_default();
        if let Some(body) = body.as_object_mut() {
            body.extend(problem);
        }
        let mut response = document(StatusCode::UNPROCESSABLE_ENTITY, &body);
        response.headers_mut().insert(CONTENT_TYPE, PROBLEM);
        Ok(response)
    }

    /// With a token configured, `/admin/*` and `/metrics` ask for it; the configuration demands one off loopback. The
    /// metrics may have another one that opens nothing else.
    fn authenticate(&self, guard: Guard, head: &Parts) -> Result<(), Problem> {
        let gateway = self.reloader.gateway();
        let AdminTokens { admin, metrics } = &gateway.admin;
        let (tokens, which) = match guard {
            Guard::Open => return Ok(()),
            Guard::Metrics => ([admin, metrics], "`admin.metrics_token` or `admin.token`"),
            Guard::Admin => ([admin, &None], "`admin.token`"),
        };
        let mut tokens = tokens.into_iter().flatten().peekable();
        if tokens.peek().is_none() {
            return Ok(());
        }
        let sent = bearer(&head.headers);
        // All are compared, so that the time tells nothing.
        if tokens.fold(false, |any, token| any | sent.is_ok_and(|sent| token.is_of(sent))) {
            return Ok(());
        }
        let detail = format!("send the token of {which} as `Authorization: Bearer`");
        let problem = Problem::new(Code::Unauthenticated, detail);
        Err(match head.extensions.get::<Arc<Peer>>() {
            Some(peer) => gateway.failed_attempts.judge(peer.address.ip(), problem),
            None => problem,
        })
    }
}

/// A JSON document for machines that people can read, too.
fn document(status: StatusCode, body: &Value) -> Reply {
    let mut response = Response::new(Full::from(format!("{body:#}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

impl<B> tower::Service<Request<B>> for Admin {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (head, _) = request.into_parts();
        let admin = self.clone();
        Box::pin(async move { Ok(admin.answer(head).await) })
    }
}
