//! Requests that end before the gateway's service sees them, and the page that answers them.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;

use crate::http::request_id::RequestId;

/// Why the edge refuses a request by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The head or its framing is not HTTP as we accept it: 400.
    Malformed,
    /// The head did not arrive in time: 408.
    HeadTimeout,
    /// The request target is over `max_uri_bytes`: 414.
    UriTooLong,
    /// The head is over `max_header_bytes` or `max_headers`: 431.
    HeadTooLarge,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Malformed, Self::HeadTimeout, Self::UriTooLong, Self::HeadTooLarge];

    /// The word for metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::HeadTimeout => "head_timeout",
            Self::UriTooLong => "uri_too_long",
            Self::HeadTooLarge => "head_too_large",
        }
    }

    /// The status of the answer.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::HeadTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        }
    }

    /// A sentence for the caller.
    pub fn detail(self) -> &'static str {
        match self {
            Self::Malformed => "the request is not well-formed HTTP",
            Self::HeadTimeout => "the request's header fields did not arrive in time",
            Self::UriTooLong => "the request target is too long",
            Self::HeadTooLarge => "the request's header fields are too many or too large",
        }
    }
}

/// One refused request.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// Why.
    pub reason: Reason,
    /// The id the answer carries in `X-Request-Id`; the body should repeat it.
    pub request_id: RequestId,
}

/// Writes the `application/problem+json` body for a refusal.
#[derive(Clone)]
pub struct RejectionPage(Arc<dyn Fn(&Rejection) -> Bytes + Send + Sync>);

impl RejectionPage {
    /// A page from a function that returns the JSON text.
    pub fn new(page: impl Fn(&Rejection) -> Bytes + Send + Sync + 'static) -> Self {
        Self(Arc::new(page))
    }

    pub(crate) fn body(&self, refusal: &Rejection) -> Bytes {
        (self.0)(refusal)
    }
}

impl fmt::Debug for RejectionPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefusalPage")
    }
}
