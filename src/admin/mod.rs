//! The administration listener: health checks, metrics, status, reload, and the records of changes.

mod metrics;
mod records;
pub mod routes;
mod status;

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::registry::Registry;
use serde_json::{Map, Value};
use tokio::time::Instant;
use tower::Service;

use crate::access::{AdminTokens, bearer, check_same_origin};
use crate::api::{self, Api, Matched};
use crate::http::request_id::{RequestId, X_REQUEST_ID};
use crate::net::peer::Peer;
use crate::net::shutdown::Shutdown;
use crate::problem::{Code, Problem};
use crate::reload::Reloader;

pub use metrics::{Listeners, METRICS, Metric};
use routes::{Action, ENDPOINTS, Operation, Permission};

/// What all requests share.
struct Shared {
    reloader: Arc<Reloader>,
    api: Api,
    shutdown: Shutdown,
    metrics: Registry,
    started: Instant,
}

type FullResponse = Response<Full<Bytes>>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// The administration service of the gateway that `reloader` holds.
pub fn service<B: Send + 'static>(
    reloader: Arc<Reloader>,
    api: Api,
    shutdown: Shutdown,
    listeners: Listeners,
) -> impl Service<
    Request<B>,
    Response = FullResponse,
    Error = Infallible,
    Future = impl Future<Output = Result<FullResponse, Infallible>> + Send + use<B>,
> + Clone
+ Send
+ use<B> {
    let mut metrics = Registry::default();
    let sources = metrics::Sources { reloader: Arc::clone(&reloader), api: api.clone(), listeners };
    metrics.register_collector(Box::new(sources));
    let shared = Arc::new(Shared { reloader, api, shutdown, metrics, started: Instant::now() });
    api::service(ENDPOINTS, move |matched, request| Arc::clone(&shared).respond(matched, request))
}

impl Shared {
    async fn respond<B>(self: Arc<Self>, matched: Matched<Operation>, request: Request<B>) -> FullResponse {
        let (head, _) = request.into_parts();
        let (method, path) = (&head.method, head.uri.path());
        let request_id = RequestId::from_headers(&head.headers);
        let mut response = self.serve(matched, &head, &request_id).await.unwrap_or_else(|mut problem| {
            problem.base.clone_from(&self.reloader.gateway().public_url);
            if problem.code == Code::Unauthenticated {
                let peer = head.extensions.get::<Arc<Peer>>().map(|peer| peer.address.to_string());
                let telemetry = self.reloader.telemetry();
                telemetry.admin_refused(request_id.as_str(), method.as_str(), path, peer);
            }
            problem.into_response(path, request_id.as_str())
        });
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.headers_mut().insert(X_REQUEST_ID, request_id.to_header_value());
        response
    }

    async fn serve(
        &self,
        matched: Matched<Operation>,
        head: &Parts,
        request_id: &RequestId,
    ) -> Result<FullResponse, Problem> {
        check_same_origin(head)?;
        let endpoint = matched.endpoint(&head.method, head.uri.path(), "");
        self.authenticate(endpoint.as_ref().ok().map(|endpoint| endpoint.operation.permission), head)?;
        let endpoint = endpoint?;
        let (context, query) = (|| self.api.operators_context(head), head.uri.query());
        let update = endpoint.segment(head.uri.path(), "update");
        Ok(match endpoint.operation.action {
            Action::Liveness => json(StatusCode::OK, &serde_json::json!({ "status": "alive" })),
            Action::Readiness => self.readiness(),
            Action::Metrics => self.metrics(&head.headers)?,
            Action::Status => json(StatusCode::OK, &status::status(&self.reloader, &self.api, self.started)),
            Action::Configuration => json(StatusCode::OK, &self.reloader.gateway().redacted_settings),
            Action::Reload => self.reload(head.uri.path(), request_id).await?,
            Action::Queue => records::queue(&context(), query).await?,
            Action::Dead => records::dead(&context(), query).await?,
            Action::History => records::history(&context(), query).await?,
            Action::Cancel => records::cancel(&context(), update, query).await?,
            Action::Replay => records::replay(&context(), update, query).await?,
        })
    }

    /// OpenMetrics for scrapers that accept it, otherwise the older format of Prometheus.
    fn metrics(&self, headers: &HeaderMap) -> Result<FullResponse, Problem> {
        let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        let is_open_metrics = accept.split(',').map(str::trim).any(|range| {
            let is_version = !range.contains("version=") || range.contains("version=1.0.0");
            range.starts_with("application/openmetrics-text") && is_version
        });
        let mut text = String::new();
        let (encoded, media) = if is_open_metrics {
            (text::encode(&mut text, &self.metrics), "application/openmetrics-text; version=1.0.0; charset=utf-8")
        } else {
            (prometheus_text::encode(&mut text, &self.metrics), "text/plain; version=0.0.4; charset=utf-8")
        };
        encoded.map_err(|error| Problem::new(Code::Internal, "the metrics failed").internally(error.to_string()))?;
        let mut response = Response::new(Full::from(text));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
        Ok(response)
    }

    /// Ready means that there is a vendor account, and no draining. A vendor's health does not count, as it would make all gateways unready
    /// together.
    fn readiness(&self) -> FullResponse {
        if self.shutdown.is_announced() {
            json(StatusCode::SERVICE_UNAVAILABLE, &serde_json::json!({ "status": "draining" }))
        } else if self.reloader.gateway().routes.accounts.is_empty() {
            json(StatusCode::SERVICE_UNAVAILABLE, &serde_json::json!({ "status": "no_vendors" }))
        } else {
            json(StatusCode::OK, &serde_json::json!({ "status": "ready" }))
        }
    }

    /// The response to a rejected configuration has the members of a problem and those of an outcome.
    async fn reload(&self, path: &str, request_id: &RequestId) -> Result<FullResponse, Problem> {
        let reloader = Arc::clone(&self.reloader);
        let outcome = tokio::task::spawn_blocking(move || reloader.reload("request")).await;
        let outcome =
            outcome.map_err(|error| Problem::new(Code::Internal, "the reload failed").internally(error.to_string()))?;
        let mut body = serde_json::to_value(&outcome).unwrap_or_default();
        if outcome.applied {
            return Ok(json(StatusCode::OK, &body));
        }
        let problem =
            Problem::new(Code::ValidationFailed, "the new configuration is refused; the old one stays in force");
        let problem = Problem { base: self.reloader.gateway().public_url.clone(), ..problem };
        let problem = serde_json::from_slice::<Map<_, _>>(&problem.body(path, request_id.as_str())).unwrap_or_default();
        if let Some(body) = body.as_object_mut() {
            body.extend(problem);
        }
        let mut response = json(StatusCode::UNPROCESSABLE_ENTITY, &body);
        response.headers_mut().insert(CONTENT_TYPE, PROBLEM);
        Ok(response)
    }

    /// `/admin/*` and `/metrics` need the configured token, which is required on addresses other than loopback.
    /// `/metrics` also accepts a token of its own. Without a valid token, `Host` has to be a name of this listener: a
    /// website that made its name point here has no token. `permission` is `None` where there is no operation.
    fn authenticate(&self, permission: Option<Permission>, head: &Parts) -> Result<(), Problem> {
        let gateway = self.reloader.gateway();
        let AdminTokens { admin, metrics } = &gateway.admin;
        let (tokens, which) = match permission {
            Some(Permission::Open) => return Ok(()),
            Some(Permission::Admin) => ([admin, &None], "`admin.token`"),
            Some(Permission::Metrics) | None => ([admin, metrics], "`admin.metrics_token` or `admin.token`"),
        };
        let host = gateway.admin_hosts.check(head);
        let mut tokens = tokens.into_iter().flatten().peekable();
        if tokens.peek().is_none() {
            return host;
        }
        let sent = bearer(&head.headers);
        // All are compared, so that timing reveals nothing.
        if tokens.fold(false, |any, token| any | sent.is_ok_and(|sent| token.is_of(sent))) {
            return Ok(());
        }
        if permission.is_none() {
            return host;
        }
        let detail = format!("send the token of {which} as `Authorization: Bearer`");
        let problem = Problem::new(Code::Unauthenticated, detail);
        // It counts as a failed attempt under any name.
        let problem = match head.extensions.get::<Arc<Peer>>() {
            Some(peer) => gateway.failed_attempts.record(peer.address.ip(), problem),
            None => problem,
        };
        Err(host.err().filter(|_| problem.code == Code::Unauthenticated).unwrap_or(problem))
    }
}

/// A response with indented JSON.
fn json(status: StatusCode, body: &Value) -> FullResponse {
    let mut response = Response::new(Full::from(format!("{body:#}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}
