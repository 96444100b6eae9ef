//! HTTP messages: requests as received, responses in the style of the vendor's framework, and reading of headers and
//! queries.

pub(crate) mod accept;
pub(crate) mod old_headers;
pub(crate) mod query;
mod received;
mod response;

pub use received::Received;
pub(crate) use response::{ResponseBody, VendorResponse};
