//! Requests that are rejected before the gateway's service sees them, and the bodies of their responses.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use strum::{EnumCount, IntoStaticStr, VariantArray};

use crate::http::request_id::RequestId;

/// Why a request is rejected; its name in snake case is the label of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumCount, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum RejectionReason {
    /// The head or its framing is not HTTP as this gateway accepts it: 400.
    Malformed,
    /// The head did not arrive in time: 408.
    HeadTimeout,
    /// The request target is over `max_uri_bytes`: 414.
    UriTooLong,
    /// The head is over `max_header_bytes` or `max_headers`: 431.
    HeadTooLarge,
}

impl RejectionReason {
    /// The status of the response.
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

/// One rejected request.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// Why.
    pub reason: RejectionReason,
    /// The id in the response's `X-Request-Id`; the body repeats it.
    pub request_id: RequestId,
}

/// Renders the `application/problem+json` body of a rejection.
#[derive(Clone)]
pub struct RejectionRenderer(Arc<dyn Fn(&Rejection) -> Bytes + Send + Sync>);

impl RejectionRenderer {
    /// A renderer from a function that returns the JSON text.
    pub fn new(render: impl Fn(&Rejection) -> Bytes + Send + Sync + 'static) -> Self {
        Self(Arc::new(render))
    }

    pub(crate) fn render(&self, rejection: &Rejection) -> Bytes {
        (self.0)(rejection)
    }
}

impl fmt::Debug for RejectionRenderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RejectionRenderer")
    }
}
