//! From a vendor's response to canonical names, and to its differences from the documentation.

mod complaint;
mod drift;
mod error_keys;
mod prose;
mod refusal;
mod response_body;
mod sent_fields;
mod sentence;
mod update_response;
mod vendor_error;

pub use drift::{Drift, DriftKind, drift};
pub use response_body::ResponseBody;
pub use sent_fields::SentFields;
pub use update_response::{AssistantSummary, InvalidResponse, UpdateResponse, normalize_response};
pub use vendor_error::{VendorError, VendorErrorKind, normalize_error};
