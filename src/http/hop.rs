//! The header by which a gateway recognises requests of a gateway, which it refuses.

use http::HeaderName;

/// Every request to a vendor has it.
pub const HOP: HeaderName = HeaderName::from_static("switchboard-hop");
