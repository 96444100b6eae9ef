//! What a dialect's table says: a row for each field, each operation, and a schema for each response, all of it data.

mod catalog_spec;
mod description;
mod merging;
mod operations;
mod reading;
mod response_spec;
mod row;

pub use catalog_spec::CatalogSpec;
pub use description::{FieldDescription, Support};
pub use merging::Merging;
pub use operations::{Auth, Call, Creation, IdRule, Listed, Listing, Operation, Operations, Remark, Requirement};
pub use reading::{Form, Reading};
pub use response_spec::{ErrorSpec, Member, ResponseSpec, Schema};
pub use row::{Hook, Limit, Literal, Row, Rule, SendAs, Unsupported};
