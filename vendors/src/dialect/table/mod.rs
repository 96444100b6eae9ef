//! What a dialect's table says: a row for each field and a schema for each response, all of it data.

mod description;
mod response_spec;
mod row;

pub use description::{FieldDescription, Support};
pub use response_spec::{ErrorSpec, Member, Operation, ResponseSpec, Schema};
pub use row::{Hook, Limit, Literal, Row, Rule, SendAs, Unsupported};
