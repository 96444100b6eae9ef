//! The last check before the gateway's service: limits that hyper does not know, for both protocols.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Version, header};
use http_body::Body;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use tokio::task::yield_now;
use tower::{Service, ServiceExt};

use super::activity::{ActiveRequest, Activity};
use super::peer::Peer;
use super::peers::forwarded;
use super::rejection::{Rejection, RejectionReason, RejectionRenderer};
use super::request_body::RequestBody;
use super::settings::ListenerSettings;
use super::shutdown::Shutdown;
use super::tracked_body::TrackedBody;
use crate::http::body::BoxError;
use crate::http::header_names::PROBLEM_JSON;
use crate::http::request_id::{RequestId, X_REQUEST_ID};

/// What HTTP/2 counts for a field in addition to its name and value.
const FIELD_OVERHEAD: usize = 32;

/// Rejects requests over the limits and passes the others to the service; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Admission<S> {
    pub(crate) service: S,
    pub(crate) context: Arc<AdmissionContext>,
}

/// What the admission of a connection uses.
#[derive(Debug)]
pub(crate) struct AdmissionContext {
    pub(crate) settings: Arc<ListenerSettings>,
    pub(crate) renderer: RejectionRenderer,
    pub(crate) peer: Arc<Peer>,
    pub(crate) activity: Arc<Activity>,
    pub(crate) shutdown: Shutdown,
}

impl AdmissionContext {
    /// The peer of a request: that of the connection, or the one that trusted proxies name.
    fn peer_of<B>(&self, request: &Request<B>) -> Arc<Peer> {
        let peer = &self.peer;
        match forwarded::caller(request.headers(), peer.address.ip(), &self.settings.trusted_proxies) {
            Some(address) => Arc::new(Peer { address, ..Peer::clone(peer) }),
            None => Arc::clone(peer),
        }
    }
}

impl<S, B> Admission<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    /// The response to one request. This is no `async fn` because an `async fn` stores its arguments twice.
    pub(crate) fn handle(
        mut self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<TrackedBody<B>>, Infallible>> {
        let active = self.context.activity.start_request();
        let discard = (request.version() == Version::HTTP_2).then(|| Arc::clone(&self.context));
        let mut request = request.map(|body| RequestBody::new(body, discard));
        async move {
            if let Some(reason) = check(&request, &self.context.settings) {
                return Ok(self.reject(reason, &request, active));
            }
            let peer = self.context.peer_of(&request);
            request.extensions_mut().insert(peer);
            let response = self.service.ready().await?.call(request).await?;
            yield_now().await; // responses that are ready go out one after another (decision 12)
            Ok(response.map(|body| TrackedBody::new(Either::Left(body), active)))
        }
    }

    fn reject(
        &self,
        reason: RejectionReason,
        request: &Request<RequestBody>,
        active: ActiveRequest,
    ) -> Response<TrackedBody<B>> {
        let rejection = Rejection { reason, request_id: RequestId::from_headers(request.headers()) };
        let body = Full::new(self.context.renderer.render(&rejection));
        let mut response = Response::new(TrackedBody::new(Either::Right(body), active));
        *response.status_mut() = reason.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
        headers.insert(X_REQUEST_ID, rejection.request_id.to_header_value());
        if request.version() < Version::HTTP_2 {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// Why the request is rejected, if it is.
fn check(request: &Request<RequestBody>, settings: &ListenerSettings) -> Option<RejectionReason> {
    let headers = request.headers();
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let host_lines = headers.get_all(header::HOST).iter().count();
    let bytes =
        || headers.iter().map(|(name, value)| name.as_str().len() + value.len() + FIELD_OVERHEAD).sum::<usize>();
    if target > settings.max_uri_bytes {
        Some(RejectionReason::UriTooLong)
    } else if headers.len() > settings.max_headers
        || request.version() == Version::HTTP_2 && bytes() > settings.max_header_bytes
    {
        Some(RejectionReason::HeadTooLarge)
    } else if host_lines > 1 || request.version() == Version::HTTP_11 && host_lines == 0 || !names_one_host(request) {
        Some(RejectionReason::Malformed)
    } else {
        None
    }
}

/// Whether the target and the header `Host` do not name different hosts; HTTP/2 needs one of them.
fn names_one_host(request: &Request<RequestBody>) -> bool {
    let (target, header) = (request.uri().authority(), request.headers().get(header::HOST));
    match (target, header) {
        (Some(target), Some(header)) => header.as_bytes().eq_ignore_ascii_case(target.as_str().as_bytes()),
        (None, None) => request.version() < Version::HTTP_2,
        _ => true,
    }
}
