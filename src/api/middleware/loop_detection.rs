//! Detects a vendor address that leads to a gateway, which would send updates in circles.
//!
//! Every gateway sends the header [`SWITCHBOARD_HOP`], which proxies pass on. A gateway rejects requests with it and marks the
//! response, so that the gateway that sent the request can name the wrong `base_url`.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::http::header_names::SWITCHBOARD_HOP;
use crate::problem::{Code, Problem};

/// Marks a gateway's response to another gateway.
const LOOP: HeaderName = HeaderName::from_static("switchboard-loop");

/// Whether a gateway has sent the request.
pub(in crate::api) fn is_loop(request: &HeaderMap) -> bool {
    request.contains_key(SWITCHBOARD_HOP)
}

/// The problem for such a request.
pub(in crate::api) fn problem() -> Problem {
    tracing::error!("a Switchboard has sent a request to this one: the `base_url` of one of its vendors leads here");
    let detail = "this request comes from a Switchboard, whose `base_url` for some vendor leads to a Switchboard";
    Problem::new(Code::InvalidRequest, detail)
}

/// Marks the response for the gateway that sent the request.
pub(in crate::api) fn mark(response: &mut HeaderMap) {
    response.insert(LOOP, HeaderValue::from_static("1"));
}

/// The problem for a vendor's response that is marked.
pub(in crate::api) fn from_response(response: &HeaderMap, vendor: &str) -> Option<Problem> {
    response.contains_key(LOOP).then(|| {
        tracing::error!(vendor, "this vendor's `base_url` leads to a Switchboard, this one or another");
        let detail = "The address that this gateway has for the vendor leads to a Switchboard.";
        Problem { retryable: Some(false), ..Problem::new(Code::VendorError, detail) }
    })
}
