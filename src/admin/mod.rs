//! The administration listener: is it alive, is it ready, what is it doing, take up a new configuration.

mod drift;
mod status;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::time::Instant;

use crate::api::{Api, bearer};
use crate::edge::peer::Peer;
use crate::edge::problem::{Code, Problem};
use crate::edge::request_id::RequestId;
use crate::edge::shutdown::Shutdown;
use crate::reload::Reloader;
use crate::upstream::X_REQUEST_ID;

/// Administration as a service.
#[derive(Clone)]
pub struct Admin {
    reloader: Arc<Reloader>,
    api: Api,
    shutdown: Shutdown,
    started: Instant,
}

/// A status with a JSON body.
type Reply = (StatusCode, Value);

/// What makes an answer a problem.
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

impl Admin {
    /// Administration of the gateway that `reloader` holds.
    pub fn new(reloader: Arc<Reloader>, api: Api, shutdown: Shutdown) -> Self {
        Self { reloader, api, shutdown, started: Instant::now() }
    }

    async fn answer(self, head: Parts) -> Response<Full<Bytes>> {
        let (method, path, headers) = (&head.method, head.uri.path(), &head.headers);
        let request_id = RequestId::from_headers(headers);
        let mut response = match self.dispatch(method, path, headers, &request_id).await {
            Ok((status, body)) => {
                let mut response = Response::new(Full::new(Bytes::from(format!("{body:#}\n"))));
                *response.status_mut() = status;
                let refused = status == StatusCode::UNPROCESSABLE_ENTITY;
                let media = if refused { PROBLEM } else { HeaderValue::from_static("application/json") };
                response.headers_mut().insert(CONTENT_TYPE, media);
                response
            }
            Err(problem) => {
                if problem.code == Code::Unauthenticated {
                    let peer = head.extensions.get::<Arc<Peer>>().map(|peer| peer.address.to_string());
                    let telemetry = self.reloader.telemetry();
                    telemetry.admin_refused(request_id.as_str(), (method.as_str(), path), peer);
                }
                problem.into_response(path, request_id.as_str())
            }
        };
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.headers_mut().insert(X_REQUEST_ID, request_id.to_header_value());
        response
    }

    async fn dispatch(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        request_id: &RequestId,
    ) -> Result<Reply, Problem> {
        let (allow, guarded) = match path {
            "/livez" | "/readyz" => ("GET, HEAD", false),
            "/admin/status" | "/admin/config" => ("GET, HEAD", true),
            "/admin/reload" => ("POST", true),
            _ => return Err(Problem::new(Code::NotFound, "there is nothing at this path")),
        };
        if !allow.split(", ").any(|allowed| allowed == method.as_str()) {
            let detail = format!("use {allow} here, not {method}");
            return Err(Problem { allow: Some(allow), ..Problem::new(Code::MethodNotAllowed, detail) });
        }
        if guarded {
            self.authenticate(headers)?;
        }
        Ok(match path {
            "/livez" => (StatusCode::OK, serde_json::json!({ "status": "alive" })),
            "/readyz" => self.readiness(),
            "/admin/config" => (StatusCode::OK, self.reloader.gateway().settings.redacted()),
            "/admin/reload" => self.reload(path, request_id).await?,
            _ => (StatusCode::OK, status::status(&self.reloader, &self.api, self.started)),
        })
    }

    /// Ready is configured and not draining; never a vendor's health, which would take all gateways down together.
    fn readiness(&self) -> Reply {
        if self.shutdown.is_announced() {
            (StatusCode::SERVICE_UNAVAILABLE, serde_json::json!({ "status": "draining" }))
        } else {
            (StatusCode::OK, serde_json::json!({ "status": "ready" }))
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
            return Ok((StatusCode::OK, body));
        }
        let problem =
            Problem::new(Code::ValidationFailed, "the new configuration is refused; the old one stays in force");
        let problem = serde_json::from_slice::<Map<_, _>>(&problem.body(path, request_id.as_str())).unwrap_or_default();
        if let Some(body) = body.as_object_mut() {
            body.extend(problem);
        }
        Ok((StatusCode::UNPROCESSABLE_ENTITY, body))
    }

    /// With a token configured, `/admin/*` asks for it; the configuration demands one off loopback.
    fn authenticate(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let gateway = self.reloader.gateway();
        let Some(token) = &gateway.settings.admin.token else { return Ok(()) };
        let matches = bearer(headers)
            .is_ok_and(|sent| Sha256::digest(sent).ct_eq(&Sha256::digest(token.expose().as_bytes())).into());
        if matches {
            Ok(())
        } else {
            Err(Problem::new(Code::Unauthenticated, "send the token of `admin.token` as `Authorization: Bearer`"))
        }
    }
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
