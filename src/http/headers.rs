//! Names of headers that several rooms write or read.

use http::HeaderName;

/// In every request to a vendor: a gateway refuses a request that has it, since it comes from a gateway.
pub const HOP: HeaderName = HeaderName::from_static("switchboard-hop");
/// Which preference of the caller was followed (RFC 7240).
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
