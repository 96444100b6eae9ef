//! From a path and a method to an endpoint.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{self, Poll};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response};
use http_body::Body;
use http_body_util::Full;
use tokio::time::Instant;

use crate::edge::peer::Peer;
use crate::edge::problem::{Code, Problem, Reason, problem_index, problem_page};
use crate::edge::request_id::RequestId;
use crate::edge::shutdown::Shutdown;
use crate::edge::traceparent::TraceContext;
use crate::gateway::Gateway;
use crate::telemetry::{Noted, Telemetry};
use crate::upstream::{Account, Share, X_REQUEST_ID};

use super::answer::{json, page, typed};
use super::authentication::Client;
use super::context::Context;
use super::limit::{RATE_LIMIT, RATE_LIMIT_POLICY};
use super::record::Record;
use super::unfinished::Unfinished;
use super::{discovery, docs, openapi, self_call, update};

/// What `Retry-After` says when there is no room.
const SOON: Duration = Duration::from_secs(1);

/// The API as a service: one for all connections.
#[derive(Clone)]
pub struct Api {
    gateway: Arc<ArcSwap<Gateway>>,
    in_flight: Arc<AtomicUsize>,
    shutdown: Shutdown,
    telemetry: Telemetry,
}

/// Where a path leads.
enum Endpoint<'a> {
    Update(&'a str),
    Route(&'a str),
    Vendors,
    Vendor(&'a str),
    Fields,
    Schema,
    OpenApi,
    Docs,
    Problems,
    Problem(Code),
}

impl Endpoint<'_> {
    fn allow(&self) -> &'static str {
        match self {
            Self::Update(_) => "PUT, PATCH",
            _ => "GET, HEAD",
        }
    }

    fn allows(&self, method: &Method) -> bool {
        match self {
            Self::Update(_) => matches!(*method, Method::PUT | Method::PATCH),
            _ => matches!(*method, Method::GET | Method::HEAD),
        }
    }

    /// Documents about the API itself are for everybody; everything about this gateway's set-up needs a client.
    fn is_public(&self) -> bool {
        matches!(self, Self::OpenApi | Self::Docs | Self::Problems | Self::Problem(_))
    }

    /// The path with its parameters unfilled, for logs and metrics.
    fn template(&self) -> &'static str {
        match self {
            Self::Update(_) => "/v1/assistants/{assistant}",
            Self::Route(_) => "/v1/assistants/{assistant}/route",
            Self::Vendors => "/v1/vendors",
            Self::Vendor(_) => "/v1/vendors/{vendor}",
            Self::Fields => "/v1/fields",
            Self::Schema => "/v1/schema",
            Self::OpenApi => "/openapi.json",
            Self::Docs => "/docs",
            Self::Problems => "/problems",
            Self::Problem(_) => "/problems/{code}",
        }
    }
}

fn endpoint(path: &str) -> Option<Endpoint<'_>> {
    if let Some(rest) = path.strip_prefix("/v1/assistants/") {
        return match rest.split_once('/') {
            None => (!rest.is_empty()).then_some(Endpoint::Update(rest)),
            Some((assistant, "route")) => Some(Endpoint::Route(assistant)),
            Some(_) => None,
        };
    }
    if let Some(vendor) = path.strip_prefix("/v1/vendors/") {
        return (!vendor.is_empty() && !vendor.contains('/')).then_some(Endpoint::Vendor(vendor));
    }
    if let Some(code) = path.strip_prefix("/problems/") {
        return Code::from_name(code).map(Endpoint::Problem);
    }
    Some(match path {
        "/v1/vendors" => Endpoint::Vendors,
        "/v1/fields" => Endpoint::Fields,
        "/v1/schema" => Endpoint::Schema,
        "/openapi.json" => Endpoint::OpenApi,
        "/docs" => Endpoint::Docs,
        "/problems" => Endpoint::Problems,
        _ => return None,
    })
}

/// One request's place among those in flight, given back when it ends however it ends.
pub(super) struct Place {
    taken: Arc<AtomicUsize>,
    most: usize,
    accounts: usize,
}

impl Place {
    /// A share of the places for an account, which must leave some for the others.
    pub(super) fn share(&self, account: &Account) -> Result<Share, Problem> {
        let others = self.taken.load(Ordering::Acquire).saturating_sub(1);
        let free = if self.accounts > 1 { self.most.saturating_sub(others) } else { usize::MAX };
        let full = || Problem::new(Code::Overloaded, "as many requests as may are with this vendor").after(SOON);
        account.stack.share(free).ok_or_else(full)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Api {
    /// The API of whatever configuration is in force.
    pub fn new(gateway: Arc<ArcSwap<Gateway>>, shutdown: Shutdown, telemetry: Telemetry) -> Self {
        Self { gateway, in_flight: Arc::default(), shutdown, telemetry }
    }

    /// Requests being handled at this moment.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    /// No `async fn`, as that keeps its arguments twice.
    fn answer<B>(self, request: Request<B>) -> impl Future<Output = Result<Response<Full<Bytes>>, Infallible>>
    where
        B: Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (mut head, body) = request.into_parts();
        async move {
            let path: Arc<str> = head.uri.path().into();
            let (arrived, mut trace) = (Instant::now(), TraceContext::from_headers(&head.headers));
            let recording = self.telemetry.record(&mut trace, &head.headers, arrived);
            let context = Context {
                gateway: self.gateway.load_full(),
                telemetry: self.telemetry.clone(),
                request_id: RequestId::from_headers(&head.headers),
                trace,
                recording,
                path: Arc::clone(&path),
                arrived,
                client: None,
                rate_limit: None,
            };
            let endpoint = endpoint(&path);
            let route = endpoint.as_ref().map_or("none", Endpoint::template);
            let seen = (head.method.clone(), route);
            let is_self_call = self_call::is_one(&head.headers);
            let mut unfinished = Unfinished::new(context, seen, self.shutdown.clone());
            let Unfinished { context, record, .. } = &mut unfinished;
            let result = match is_self_call {
                true => Err(self_call::refused()),
                false => self.dispatch(endpoint, context, (&mut head, body), record).await,
            };
            let (mut response, problem) = match result {
                Ok(response) => (response, None),
                Err(mut problem) => {
                    if problem.vendor.is_none() {
                        problem.vendor = record.vendor.as_ref().map(ToString::to_string);
                    }
                    record.attempts = record.attempts.max(problem.attempts.unwrap_or_default());
                    let noted = Noted::of(&problem);
                    (problem.into_response(&path, context.request_id.as_str()), Some(noted))
                }
            };
            if is_self_call {
                self_call::mark(response.headers_mut());
            }
            response.headers_mut().insert(X_REQUEST_ID, context.request_id.to_header_value());
            if let Some([policy, state]) = context.rate_limit.take() {
                response.headers_mut().insert(RATE_LIMIT_POLICY, policy);
                response.headers_mut().insert(RATE_LIMIT, state);
            }
            unfinished.answered(&response, problem.as_ref());
            Ok(response)
        }
    }

    async fn dispatch<B>(
        &self,
        endpoint: Option<Endpoint<'_>>,
        context: &mut Context,
        (head, body): (&mut Parts, B),
        record: &mut Record,
    ) -> Result<Response<Full<Bytes>>, Problem>
    where
        B: Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let endpoint = endpoint.ok_or_else(|| Problem::new(Code::NotFound, "there is nothing at this path"))?;
        if !endpoint.allows(&head.method) {
            let detail = format!("use {} here, not {}", endpoint.allow(), head.method);
            return Err(Problem { allow: Some(endpoint.allow()), ..Problem::new(Code::MethodNotAllowed, detail) });
        }
        if !endpoint.is_public() {
            let peer = head.extensions.get::<Arc<Peer>>().map(Arc::as_ref);
            context.client = authenticate(&context.gateway, &head.headers, peer)?;
            if let Some(limiter) = context.client.as_deref().and_then(|client| client.limiter.as_ref()) {
                let (headers, verdict) = limiter.check();
                context.rate_limit = Some(headers);
                verdict?;
            }
        }
        let place = self.place(&context.gateway)?;
        let value = match endpoint {
            Endpoint::Update(segment) => return update::handle(context, segment, (head, body), (record, &place)).await,
            Endpoint::Docs => return Ok(page(docs::text())),
            Endpoint::Problems => return Ok(page(problem_index())),
            Endpoint::Problem(code) => return Ok(page(problem_page(code))),
            Endpoint::Schema => return Ok(typed(discovery::schema(), "application/schema+json")),
            Endpoint::OpenApi => return Ok(typed(openapi::text(), "application/json")),
            Endpoint::Route(segment) => discovery::route(context, segment)?,
            Endpoint::Vendors => discovery::vendors(context),
            Endpoint::Vendor(name) => discovery::vendor(context, name)?,
            Endpoint::Fields => discovery::fields(context),
        };
        Ok(json(value.to_string().into_bytes()))
    }

    fn place(&self, gateway: &Gateway) -> Result<Place, Problem> {
        if self.shutdown.soft().is_cancelled() {
            let draining = Problem::new(Code::Overloaded, "this gateway is shutting down").after(SOON);
            return Err(Problem { cause: Some(Reason::Draining), ..draining });
        }
        let taken = self.in_flight.fetch_add(1, Ordering::AcqRel);
        let most = gateway.max_in_flight;
        let place = Place { taken: Arc::clone(&self.in_flight), most, accounts: gateway.routes.accounts.len() };
        if taken < most {
            return Ok(place);
        }
        drop(place);
        Err(Problem::new(Code::Overloaded, "this gateway handles as many requests as it may").after(SOON))
    }
}

/// The client, or the problem with the attempt to be one, of which a peer has only so many.
fn authenticate(gateway: &Gateway, headers: &HeaderMap, peer: Option<&Peer>) -> Result<Option<Arc<Client>>, Problem> {
    gateway.clients.authenticate(headers, peer).map_err(|problem| match peer {
        Some(peer) => gateway.failed_attempts.judge(peer.address.ip(), problem),
        None => problem,
    })
}

impl<B> tower::Service<Request<B>> for Api
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        Box::pin(self.clone().answer(request))
    }
}
