//! From a canonical update to a vendor's request.

mod body;
mod creation;
mod field_writer;
mod leaves;
mod lookup;
mod nested;
mod request;
mod target;
mod unsupported;
mod vendor_options;

pub use body::Body;
pub(crate) use creation::check_required;
pub use field_writer::FieldWriter;
pub use lookup::{CatalogHint, missing_lookups};
pub use request::{Refused, Request, translate_creation, translate_request};
pub use target::{AccountNames, FieldPolicy, Handling, Policies, Target};
