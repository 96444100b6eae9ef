//! Header names and values that several rooms use.

use http::{HeaderName, HeaderValue};

/// Marks every request to a vendor; a gateway rejects requests that carry it.
pub const SWITCHBOARD_HOP: HeaderName = HeaderName::from_static("switchboard-hop");
/// Names the preference that was applied (RFC 7240).
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// Names the media types that `PATCH` takes (RFC 5789).
pub const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
/// The media type of a problem (RFC 9457).
pub const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
