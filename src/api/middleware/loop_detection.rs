//! A vendor's address that leads back to a gateway: refused at the first hop, in words that tell why.
//!
//! Gateways talk to vendors, and no vendor's dialect is this API, so a request from a gateway is always a mistake in
//! some `base_url`, or in a proxy behind it; were it obeyed, an update could go round in circles. The gateway that is
//! asked knows by [`HOP`], which every gateway sends and proxies leave alone, whichever instance or replica sent it;
//! the one that asked knows by a header of the refusal.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::http::headers::HOP;
use crate::problem::{Code, Problem};

/// In an answer: this was asked by a gateway, and is one.
const LOOP: HeaderName = HeaderName::from_static("switchboard-loop");

/// Whether a gateway has sent a request.
pub(in crate::api) fn is_one(request: &HeaderMap) -> bool {
    request.contains_key(HOP)
}

/// What such a request is answered.
pub(in crate::api) fn refused() -> Problem {
    tracing::error!("a gateway has called this one: some vendor's `base_url` leads here");
    let detail = "this request comes from a Switchboard, whose `base_url` for some vendor leads to a Switchboard";
    Problem::new(Code::InvalidRequest, detail)
}

/// Marks the refusal for the gateway that asked.
pub(in crate::api) fn mark(response: &mut HeaderMap) {
    response.insert(LOOP, HeaderValue::from_static("1"));
}

/// What the gateway that asked makes of a marked answer.
pub(in crate::api) fn noticed(answer: &HeaderMap, vendor: &str) -> Option<Problem> {
    answer.contains_key(LOOP).then(|| {
        tracing::error!(vendor, "this vendor's `base_url` leads to a Switchboard, this one or another");
        let detail = format!("The address of the vendor leads to a Switchboard; correct `vendors.{vendor}.base_url`.");
        Problem { retryable: Some(false), ..Problem::new(Code::VendorError, detail) }
    })
}
