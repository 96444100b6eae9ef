//! A vendor's response, as received.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::PauseCause;

/// The longest body of a response, in bytes; the default of [`super::VendorRequest::max_response`].
pub const MAX_RESPONSE: usize = 1024 * 1024;
/// The longest body with one assistant: no smaller part of it can be asked for, and an update of the longest body, with all
/// that the vendor adds and escapes, has to be readable.
pub const MAX_READ_RESPONSE: usize = 8 * MAX_RESPONSE;

/// A vendor's complete response, whatever its status.
#[derive(Clone)]
pub struct VendorResponse {
    /// The status of the last attempt.
    pub status: StatusCode,
    /// The headers as received.
    pub headers: HeaderMap,
    /// The body, at most as long as the request allows, as sent and once decompressed.
    pub body: Bytes,
    /// Whether an attempt before the last may have been applied.
    pub was_in_doubt: bool,
    /// The number of attempts, without reconnects after stale connections.
    pub attempts: u32,
    /// Time spent waiting, before and between attempts.
    pub queued: Duration,
    /// Time spent with the vendor in all attempts.
    pub vendor: Duration,
    /// The rest of the account's pause when the response came.
    pub(super) paused: Option<Duration>,
}

/// Headers and body are the vendor's words and may repeat credentials, so they stay out of logs.
impl fmt::Debug for VendorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VendorResponse")
            .field("status", &self.status)
            .field("body_length", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl VendorResponse {
    /// How long a 429 or a 503 asks us to wait, and the account is paused.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let pauses = PauseCause::of(self.status).is_some();
        let requested = pauses.then(|| super::retry::retry_after::requested(self, std::time::SystemTime::now()))??;
        Some(requested.max(self.paused.unwrap_or_default()))
    }

    /// A response to the first attempt, with no times measured.
    #[must_use]
    pub fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        let (queued, vendor) = (Duration::ZERO, Duration::ZERO);
        Self { status, headers, body, was_in_doubt: false, attempts: 1, queued, vendor, paused: None }
    }
}

/// Validates a successful response by more than its status.
pub trait ResponseValidator: Sync {
    /// Whether the body, too, says that the request was carried out.
    fn confirms(&self, response: &VendorResponse) -> bool;
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use crate::upstream::response::*;

    #[test]
    fn debug_output_shows_neither_headers_nor_body() {
        let headers = HeaderMap::from_iter([(http::header::SET_COOKIE, HeaderValue::from_static("hush"))]);
        let response = VendorResponse::new(StatusCode::OK, headers, Bytes::from_static(b"hush"));
        assert_eq!(format!("{response:?}"), "VendorResponse { status: 200, body_length: 4, .. }");
    }
}
