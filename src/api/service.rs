//! The API as a service: the steps of each request before and after its operation.

use std::convert::Infallible;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::Full;
use tokio::time::Instant;
use tower::Service;

use crate::access::{RATE_LIMIT, RATE_LIMIT_POLICY, authenticate};
use crate::gateway::Gateway;
use crate::http::body::RequestBody;
use crate::http::path::Assistant;
use crate::http::request_id::{RequestId, X_REQUEST_ID};
use crate::http::trace_context::TraceContext;
use crate::net::peer::Peer;
use crate::net::shutdown::Shutdown;
use crate::problem::Problem;
use crate::telemetry::event::ProblemSummary;
use crate::telemetry::{RequestTrace, Telemetry};
use crate::value::without_credentials;

use super::context::Context;
use super::endpoint::{self, Matched};
use super::middleware::{InFlightLimit, RequestGuard, cors, loop_detection};
use super::operations;
use super::records::Records;
use super::request_log::RequestLog;
use super::routes::{ENDPOINTS, Operation, Permission};

/// The API, cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

/// What all requests share.
struct Shared {
    gateway: Arc<ArcSwap<Gateway>>,
    in_flight: InFlightLimit,
    shutdown: Shutdown,
    telemetry: Telemetry,
    records: Option<Arc<Records>>,
}

impl Api {
    /// The API of the generation that `gateway` holds when a request arrives.
    pub fn new(
        gateway: Arc<ArcSwap<Gateway>>,
        shutdown: Shutdown,
        telemetry: Telemetry,
        records: Option<Arc<Records>>,
    ) -> Self {
        Self(Arc::new(Shared { gateway, in_flight: InFlightLimit::default(), shutdown, telemetry, records }))
    }

    /// The service for connections.
    pub fn service<B>(
        &self,
    ) -> impl Service<
        Request<B>,
        Response = Response<Full<Bytes>>,
        Error = Infallible,
        Future = impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send + use<B>,
    > + Clone
    + Send
    + use<B>
    where
        B: RequestBody + 'static,
    {
        let shared = Arc::clone(&self.0);
        endpoint::service(ENDPOINTS, move |matched, request| Arc::clone(&shared).respond(matched, request))
    }

    /// The records of changes, if there is a store.
    pub fn records(&self) -> Option<&Arc<Records>> {
        self.0.records.as_ref()
    }

    /// The context of an operator's request to administration, which has no client and no trace.
    pub(crate) fn operators_context(&self, head: &Parts) -> Context {
        self.0.context_with(head, TraceContext::from_headers(&head.headers), None, Instant::now())
    }

    /// What the API answers to who may use all assistants: to `GET /v1/assistants`, or with one in the path, encoded, to
    /// `GET /v1/assistants/{assistant}`.
    ///
    /// # Errors
    /// The problem that the API would answer with.
    pub(crate) async fn read_assistants(
        &self,
        context: &Context,
        segment: Option<&str>,
        query: &str,
    ) -> Result<Response<Full<Bytes>>, Problem> {
        let permit = self.0.in_flight.acquire(&context.gateway, &self.0.shutdown)?;
        operations::read_assistants(context, segment, query, permit).await
    }

    /// How many requests are in flight.
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.count()
    }
}

impl Shared {
    /// Responds to a request and reports it. This is no `async fn`, because that would hold its arguments twice.
    fn respond<B>(
        self: Arc<Self>,
        matched: Matched<Operation>,
        request: Request<B>,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send
    where
        B: RequestBody,
    {
        let (mut head, body) = request.into_parts();
        async move {
            let context = self.context(&head);
            let path = Arc::clone(&context.path);
            let matched = matched.existing(&path);
            let label = matched.label();
            let mut guard = RequestGuard::new(context, head.method.clone(), label, self.shutdown.clone());
            let RequestGuard { context, log, .. } = &mut guard;
            let origin = cors::origin(&context.gateway, &head.headers);
            let is_preflight = origin.is_some() && cors::is_preflight(&head);
            let is_loop = loop_detection::is_loop(&head.headers);
            let result = match is_loop {
                true => Err(loop_detection::problem()),
                false if is_preflight && !matched.methods().is_empty() => Ok(cors::preflight(&matched.methods())),
                false => self.serve(matched, context, &mut head, body, log).await,
            };
            if log.assistant.is_none() {
                log.assistant = named_assistant(label, &path);
            }
            let (mut response, problem) = match result {
                Ok(mut response) => {
                    let problem = response.extensions_mut().remove::<ProblemSummary>();
                    (response, problem)
                }
                Err(mut problem) => {
                    problem.base.clone_from(&context.gateway.public_url);
                    if problem.vendor.is_none() {
                        problem.vendor = log.vendor.as_ref().map(ToString::to_string);
                    }
                    log.attempts = log.attempts.max(problem.attempts.unwrap_or_default());
                    let summary = ProblemSummary::of(&problem);
                    (problem.into_response(&path, context.request_id.as_str()), Some(summary))
                }
            };
            if let Some(origin) = origin {
                cors::mark(response.headers_mut(), origin);
            }
            if is_loop {
                loop_detection::mark(response.headers_mut());
            }
            response.headers_mut().insert(X_REQUEST_ID, context.request_id.to_header_value());
            if let Some([policy, state]) = context.rate_limit.take() {
                response.headers_mut().insert(RATE_LIMIT_POLICY, policy);
                response.headers_mut().insert(RATE_LIMIT, state);
            }
            guard.finish(&response, problem.as_ref());
            response
        }
    }

    /// The context of a request that has just arrived.
    fn context(&self, head: &Parts) -> Context {
        let (arrived, mut trace) = (Instant::now(), TraceContext::from_headers(&head.headers));
        let recording = self.telemetry.start_trace(&mut trace, &head.headers, arrived);
        self.context_with(head, trace, recording, arrived)
    }

    fn context_with(
        &self,
        head: &Parts,
        trace: TraceContext,
        recording: Option<Arc<RequestTrace>>,
        arrived: Instant,
    ) -> Context {
        Context {
            gateway: self.gateway.load_full(),
            records: self.records.clone(),
            telemetry: self.telemetry.clone(),
            request_id: RequestId::from_headers(&head.headers),
            trace,
            recording,
            path: head.uri.path().into(),
            arrived,
            peer: head.extensions.get::<Arc<Peer>>().map(|peer| peer.address.ip().to_canonical()),
            client: None,
            rate_limit: None,
        }
    }

    /// Checks path, method, client, rate limit and the limit of requests in flight, then runs the operation.
    async fn serve<B>(
        &self,
        matched: Matched<Operation>,
        context: &mut Context,
        head: &mut Parts,
        body: B,
        log: &mut RequestLog,
    ) -> Result<Response<Full<Bytes>>, Problem>
    where
        B: RequestBody,
    {
        if context.gateway.clients.open {
            context.gateway.hosts.check(head)?;
        }
        let endpoint = matched.endpoint(&head.method, &context.path, "; `/docs` has all paths").inspect_err(|_| {
            // Only for the log. The response is the same with and without a known client.
            let peer = head.extensions.get::<Arc<Peer>>().map(Arc::as_ref);
            context.client = context.gateway.clients.authenticate(&head.headers, peer).unwrap_or_default();
        })?;
        log.operation = endpoint.operation.does;
        if endpoint.operation.permission == Permission::Client {
            let Gateway { clients, failed_attempts, .. } = &*context.gateway;
            context.client = authenticate(clients, failed_attempts, head)?;
            if let Some(limiter) = context.client.as_deref().and_then(|client| client.limiter.as_ref()) {
                let (headers, verdict) = match limiter.shared() {
                    None => limiter.check(),
                    Some(shared) => limiter.check_shared(shared).await,
                };
                context.rate_limit = Some(headers);
                verdict?;
            }
            if let Some(operation) = endpoint.operation.does {
                context.check_rights(operation.rights(), "this operation")?;
            }
        }
        let permit = self.in_flight.acquire(&context.gateway, &self.shutdown)?;
        operations::serve(endpoint, context, head, body, log, permit).await
    }
}

/// The assistant in the path of a request that was refused before its route was known. It may be anything, so what looks
/// like a credential in the wrong place is redacted.
fn named_assistant(label: &str, path: &str) -> Option<String> {
    let endpoint = ENDPOINTS.iter().find(|endpoint| endpoint.path == label)?;
    let assistant = Assistant::parse(endpoint.segment(path, "assistant")).ok()?;
    Some(without_credentials(assistant.as_str()).into_owned())
}
