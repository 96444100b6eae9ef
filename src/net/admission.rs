//! The last check before the gateway's service: limits that hyper does not know, for both protocols.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Version, header};
use http_body::Body;
use hyper::body::Incoming;
use tokio::task::yield_now;
use tower::{Service, ServiceExt};

use super::activity::{Activity, InFlight};
use super::peer::Peer;
use super::rejection::{Reason, Rejection, RejectionPage};
use super::settings::ListenerSettings;
use super::tracked_body::TrackedBody;
use crate::http::request_id::{RequestId, X_REQUEST_ID};

/// What HTTP/2 counts for a field beside its name and value.
const FIELD_OVERHEAD: usize = 32;

/// Refuses what is over the limits and gives the rest to the service; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Admission<S> {
    service: S,
    terms: Arc<Terms>,
}

/// What an admission has to know of its connection.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) settings: Arc<ListenerSettings>,
    pub(crate) page: RejectionPage,
    pub(crate) peer: Arc<Peer>,
    pub(crate) activity: Arc<Activity>,
}

impl<S> Admission<S> {
    /// The admission of one connection.
    pub(crate) fn new(service: S, terms: Terms) -> Self {
        Self { service, terms: Arc::new(terms) }
    }
}

impl<S, B> Admission<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes>,
{
    /// The answer to one request. No `async fn`, as that keeps its arguments twice.
    pub(crate) fn answer(
        mut self,
        mut request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<TrackedBody<B>>, Infallible>> {
        let in_flight = self.terms.activity.begin();
        async move {
            if let Some(reason) = refused(&request, &self.terms.settings) {
                return Ok(self.refuse(reason, &request, in_flight));
            }
            request.extensions_mut().insert(Arc::clone(&self.terms.peer));
            let response = self.service.ready().await?.call(request).await?;
            yield_now().await; // answers that are ready go out one after another (decision 12)
            Ok(response.map(|body| TrackedBody::of_service(body, in_flight)))
        }
    }

    fn refuse(&self, reason: Reason, request: &Request<Incoming>, in_flight: InFlight) -> Response<TrackedBody<B>> {
        let refusal = Rejection { reason, request_id: RequestId::from_headers(request.headers()) };
        let body = self.terms.page.body(&refusal);
        let mut response = Response::new(TrackedBody::of_refusal(body, in_flight));
        *response.status_mut() = reason.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(X_REQUEST_ID, refusal.request_id.to_header_value());
        if request.version() < Version::HTTP_2 {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

fn refused(request: &Request<Incoming>, settings: &ListenerSettings) -> Option<Reason> {
    let headers = request.headers();
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let host_lines = headers.get_all(header::HOST).iter().count();
    let bytes =
        || headers.iter().map(|(name, value)| name.as_str().len() + value.len() + FIELD_OVERHEAD).sum::<usize>();
    if target > settings.max_uri_bytes {
        Some(Reason::UriTooLong)
    } else if headers.len() > settings.max_headers
        || request.version() == Version::HTTP_2 && bytes() > settings.max_header_bytes
    {
        Some(Reason::HeadTooLarge)
    } else if host_lines > 1 || request.version() == Version::HTTP_11 && host_lines == 0 || !names_one_host(request) {
        Some(Reason::Malformed)
    } else {
        None
    }
}

/// Whether the target, if it names a host at all, names the same one as the header `Host`; in HTTP/2 either has to.
fn names_one_host(request: &Request<Incoming>) -> bool {
    let (target, header) = (request.uri().authority(), request.headers().get(header::HOST));
    match (target, header) {
        (Some(target), Some(header)) => header.as_bytes().eq_ignore_ascii_case(target.as_str().as_bytes()),
        (None, None) => request.version() < Version::HTTP_2,
        _ => true,
    }
}
