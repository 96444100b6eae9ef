//! Requests that browsers send for scripts of other websites, for the origins in `server.cors_origins`: answers to
//! preflights, and the headers that let those scripts read responses.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;

use crate::gateway::Gateway;

/// What scripts may send.
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-encoding, content-type, idempotency-key, if-match, if-none-match, prefer, request-timeout, traceparent, \
     tracestate, x-request-id",
);
/// What scripts may read besides the headers that they always may.
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "accept-encoding, accept-patch, allow, etag, idempotency-replayed, location, preference-applied, ratelimit, ratelimit-policy, retry-after, switchboard-dropped, \
     www-authenticate, x-request-id",
);
/// How many seconds a browser may keep the answer to a preflight.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// The origin whose scripts may read the response; `None` without the setting, too.
pub(in crate::api) fn origin(gateway: &Gateway, headers: &HeaderMap) -> Option<HeaderValue> {
    if gateway.cors_origins.is_empty() {
        return None;
    }
    let mut origins = headers.get_all(ORIGIN).iter();
    let (origin, None) = (origins.next()?, origins.next()) else { return None };
    gateway.cors_origins.iter().any(|allowed| *origin == **allowed).then(|| origin.clone())
}

/// Whether a browser asks what a script may send.
pub(in crate::api) fn is_preflight(head: &Parts) -> bool {
    head.method == Method::OPTIONS && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight for a path with these methods.
pub(in crate::api) fn preflight(methods: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let methods = HeaderValue::try_from(methods).unwrap_or(HeaderValue::from_static("GET"));
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
    response.headers_mut().insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    response
}

/// Lets scripts of an origin read a response.
pub(in crate::api) fn mark(response: &mut HeaderMap, origin: HeaderValue) {
    response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
    response.insert(VARY, HeaderValue::from_static("origin"));
}
