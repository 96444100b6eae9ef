//! The administration listener: health checks, metrics, status, reload, and the records of changes.

#[cfg_attr(
    not(feature = "console"),
    expect(dead_code, unused_imports, reason = "pages show what JSON writes from its fields")
)]
pub(crate) mod documents;
mod metrics;
mod operator;
pub(crate) mod records;
mod responses;
pub mod routes;

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::registry::Registry;
use serde_json::Map;
use tokio::time::Instant;
use tower::Service;

#[cfg(feature = "console")]
use crate::access::Role;
use crate::access::{Sessions, check_same_origin};
use crate::api::{self, Api, Context, Matched, query_names};
use crate::http::body::{BodyError, RequestBody, read_body};
use crate::http::request_id::{RequestId, X_REQUEST_ID};
use crate::net::peer::Peer;
use crate::net::shutdown::Shutdown;
use crate::problem::{Code, Problem};
use crate::reload::{ReloadResult, Reloader};
use crate::telemetry::event::ReloadRequest;

use documents::translation;
pub use metrics::{Listeners, METRICS, Metric};
pub(crate) use operator::Operator;
use responses::{PROBLEM, coverage, document, json, json_lines, moved};
use routes::{Action, ENDPOINTS, Operation};

/// Administration, cheap to clone.
#[derive(Clone)]
pub struct Admin(Arc<Shared>);

/// What all requests share.
struct Shared {
    reloader: Arc<Reloader>,
    api: Api,
    shutdown: Shutdown,
    metrics: Registry,
    sessions: Sessions,
    started: Instant,
    jobs: records::Jobs,
}

pub(crate) type FullResponse = Response<Full<Bytes>>;

impl Admin {
    /// Administration of the gateway that `reloader` holds.
    pub fn new(reloader: Arc<Reloader>, api: Api, shutdown: Shutdown, listeners: Listeners) -> Self {
        let mut metrics = Registry::default();
        let sources = metrics::Sources { reloader: Arc::clone(&reloader), api: api.clone(), listeners };
        metrics.register_collector(Box::new(sources));
        let (sessions, started) = (Sessions::default(), Instant::now());
        Self(Arc::new(Shared { reloader, api, shutdown, metrics, sessions, started, jobs: records::Jobs::default() }))
    }

    /// The service of `/admin/*`, `/metrics` and the health checks.
    pub fn service<B: RequestBody + 'static>(
        &self,
    ) -> impl Service<
        Request<B>,
        Response = FullResponse,
        Error = Infallible,
        Future = impl Future<Output = Result<FullResponse, Infallible>> + Send + use<B>,
    > + Clone
    + Send
    + Sync
    + use<B> {
        let shared = Arc::clone(&self.0);
        api::service(ENDPOINTS, move |matched, request| Arc::clone(&shared).respond(matched, request))
    }

    /// Records for the audit log that a request was refused for its token. `path` is the form of its path and not the path
    /// itself, into which a token may have been pasted.
    pub(crate) fn refused(&self, request_id: &RequestId, head: &Parts, path: &str) {
        let method = head.method.as_str();
        self.0.reloader.telemetry().admin_refused(request_id.as_str(), method, path, peer(head));
    }
}

#[cfg(feature = "console")]
impl Admin {
    /// Who sent a request to the console, if it may look. Its session counts for forms, too; one that changes anything also
    /// has to bring the session's token.
    ///
    /// # Errors
    /// It has no valid token and no session, or comes under another name.
    pub(crate) fn operator(&self, head: &Parts, request_id: &RequestId) -> Result<Operator, Problem> {
        let access = self.0.authenticate_reader(head)?;
        Ok(Operator::new(&self.0, head, access, request_id))
    }

    /// The sessions of browsers.
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// What applies configurations.
    pub(crate) fn reloader(&self) -> &Arc<Reloader> {
        &self.0.reloader
    }

    /// Records for the audit log that a browser has signed in.
    pub(crate) fn signed_in(&self, request_id: &RequestId, role: Role, head: &Parts) {
        self.0.reloader.telemetry().admin_signed_in(request_id.as_str(), role.name(), peer(head));
    }
}

impl Shared {
    async fn respond<B: RequestBody>(
        self: Arc<Self>,
        matched: Matched<Operation>,
        request: Request<B>,
    ) -> FullResponse {
        let (head, body) = request.into_parts();
        let (request_id, form) = (RequestId::from_headers(&head.headers), matched.label());
        let mut response = self.serve(matched, &head, body, &request_id).await.unwrap_or_else(|mut problem| {
            problem.base.clone_from(&self.reloader.gateway().public_url);
            if problem.code == Code::Unauthenticated {
                Admin(Arc::clone(&self)).refused(&request_id, &head, form);
            }
            problem.into_response(head.uri.path(), request_id.as_str())
        });
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.headers_mut().insert(X_REQUEST_ID, request_id.to_header_value());
        response
    }

    async fn serve<B: RequestBody>(
        self: &Arc<Self>,
        matched: Matched<Operation>,
        head: &Parts,
        body: B,
        request_id: &RequestId,
    ) -> Result<FullResponse, Problem> {
        check_same_origin(head)?;
        let endpoint = matched.endpoint(&head.method, head.uri.path(), "");
        let access = self.authenticate(endpoint.as_ref().ok().map(|endpoint| endpoint.operation.permission), head)?;
        let endpoint = endpoint?;
        let (operator, query) = (Operator::new(self, head, access, request_id), head.uri.query());
        let context = || &operator.context;
        let update = endpoint.segment(head.uri.path(), "update");
        Ok(match endpoint.operation.action {
            Action::Liveness => json(StatusCode::OK, &serde_json::json!({ "status": "alive" })),
            Action::Readiness => self.readiness(),
            Action::Metrics => self.metrics(&head.headers)?,
            Action::Status => document(&documents::status::status(&operator).await)?,
            Action::Vendors => document(&documents::accounts::vendors(&operator, query)?)?,
            Action::Vendor => document(&documents::accounts::detail(&operator, query)?)?,
            Action::Runbook => document(&documents::runbook::runbook(query)?)?,
            Action::RefreshCatalog => {
                let segment = |name| endpoint.segment(head.uri.path(), name);
                document(&documents::accounts::refresh(&operator, segment("vendor"), segment("kind")).await?)?
            }
            Action::Configuration => json(StatusCode::OK, &self.reloader.gateway().settings_in_force()),
            Action::Origins => document(&documents::configuration::configuration(&operator, query).await?)?,
            Action::Check => {
                query_names(query, &[])?;
                document(&documents::configuration::check(&operator).await?)?
            }
            Action::Reload => {
                query_names(query, &[])?;
                self.reload(context(), head.uri.path()).await?
            }
            Action::Routing => document(&documents::assistants::routing(&operator, query)?)?,
            Action::Assistants => document(&documents::assistants::assistants(&operator, query).await?)?,
            Action::Assistant => document(&documents::assistants::assistant(&operator, query).await?)?,
            Action::Replicas => document(&documents::replicas::replicas(&operator)?)?,
            Action::Clients => document(&documents::clients::clients(&operator))?,
            Action::Drift => document(&documents::drift::drift(&operator, query)?)?,
            Action::KnownDrift => document(&documents::drift::mark_by_query(&operator, query)?)?,
            Action::Requests => match documents::requests::json_lines(&operator, query).await? {
                Some(lines) => json_lines(lines),
                None => document(&documents::requests::requests(&operator, query).await?)?,
            },
            Action::Request => document(&documents::requests::request(&operator, query).await?)?,
            Action::Find => document(&documents::requests::find(&operator, query).await?)?,
            Action::TranslationChoices => document(&translation::choices(&operator))?,
            Action::Translate => {
                let body = read_posted(&operator, head, body).await?;
                document(&translation::answer(&operator, &body).await?)?
            }
            Action::Coverage => coverage(&operator, query)?,
            Action::Compare => {
                let update = match head.method == Method::POST {
                    true => Some(read_posted(&operator, head, body).await?),
                    false => None,
                };
                let update = update.as_deref().map(std::str::from_utf8).transpose();
                let update = update.map_err(|error| Problem::new(Code::InvalidJson, error.to_string()))?;
                document(&translation::compare_query(&operator, query, update)?)?
            }
            Action::Queue => document(&documents::records::queue(&operator, query).await?.document())?,
            Action::Dead => document(&documents::records::dead(&operator, query).await?.document())?,
            Action::History => document(&documents::records::history(&operator, query).await?.document())?,
            Action::Update => document(&documents::records::update(&operator, query).await?.document())?,
            Action::Cancel => {
                query_names(query, &[])?;
                moved(context(), StatusCode::OK, &records::cancel(context(), update).await?)?
            }
            Action::Replay => {
                moved(context(), StatusCode::ACCEPTED, &records::replay(context(), update, query).await?)?
            }
            Action::Discard => {
                let reason = records::reason(query, &head.headers, body).await?;
                moved(context(), StatusCode::OK, &records::discard(context(), update, &reason).await?)?
            }
            Action::ReplayAll => {
                json(StatusCode::ACCEPTED, &serde_json::json!(records::start(&operator, query).await?))
            }
            Action::Jobs => json(StatusCode::OK, &serde_json::json!({ "data": records::jobs(&operator) })),
            Action::Job => json(StatusCode::OK, &serde_json::json!(records::job(&operator, query)?)),
            Action::CancelJob => {
                query_names(query, &[])?;
                let job = records::cancel_job(&operator, endpoint.segment(head.uri.path(), "job"))?;
                json(StatusCode::OK, &serde_json::json!(job))
            }
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
        encoded.map_err(|error| Problem::internal("the metrics failed", error))?;
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

    async fn reloaded(&self, context: &Context) -> Result<ReloadResult, Problem> {
        let reloader = Arc::clone(&self.reloader);
        let by = ReloadRequest { request_id: context.request_id.as_str().to_owned(), peer: context.peer };
        let outcome = tokio::task::spawn_blocking(move || reloader.requested(&by)).await;
        outcome.map_err(|error| Problem::internal("the reload failed", error))
    }

    /// The response to a rejected configuration has the members of a problem and those of an outcome.
    async fn reload(&self, context: &Context, path: &str) -> Result<FullResponse, Problem> {
        let outcome = self.reloaded(context).await?;
        let mut body = serde_json::to_value(&outcome).unwrap_or_default();
        if outcome.applied {
            return Ok(json(StatusCode::OK, &body));
        }
        let problem =
            Problem::new(Code::ValidationFailed, "the new configuration is refused; the old one stays in force");
        let problem = Problem { base: self.reloader.gateway().public_url.clone(), ..problem };
        let problem =
            serde_json::from_slice::<Map<_, _>>(&problem.body(path, context.request_id.as_str())).unwrap_or_default();
        if let Some(body) = body.as_object_mut() {
            body.extend(problem);
        }
        let mut response = json(StatusCode::UNPROCESSABLE_ENTITY, &body);
        response.headers_mut().insert(CONTENT_TYPE, PROBLEM);
        Ok(response)
    }
}

/// The address that a request came from.
fn peer(head: &Parts) -> Option<String> {
    head.extensions.get::<Arc<Peer>>().map(|peer| peer.address.to_string())
}

/// The body of a request, within the limits of the API.
async fn read_posted(operator: &Operator, head: &Parts, body: impl RequestBody) -> Result<Bytes, Problem> {
    let read = read_body(&head.headers, body, operator.gateway().body_limits).await;
    read.map_err(|error| match error {
        BodyError::TooLarge { .. } => Problem::new(Code::BodyTooLarge, error.to_string()),
        error => Problem::new(Code::InvalidRequest, error.to_string()),
    })
}
