//! What a dialect's table says: a row for each field, each operation, and a schema for each response, all of it data.

mod assignment;
mod catalog_spec;
mod description;
mod listing;
mod merging;
mod operations;
mod place;
mod plan;
mod reading;
mod response_spec;
mod row;

pub use assignment::Assignment;
pub use catalog_spec::CatalogSpec;
pub use description::{Fidelity, FieldDescription, Support};
pub use listing::{Listing, Paging, Parameters};
pub use merging::Merging;
pub use operations::{Auth, Call, Creation, IdRule, Listed, Operation, Operations, Remark, Requirement};
pub use place::{Factor, NestedHook, NullForm, Only, Path, Place, PlaceForm, Said, Splice, Splicing};
pub(crate) use place::{behind, is_own, leads_through};
pub use plan::{Capture, CreateObject, Draft, GoesLive, Object, Plan, Publish};
pub use reading::{Form, Reading};
pub use response_spec::{ErrorSpec, Meaning, Member, Naming, ResponseSpec, Schema};
pub use row::{Hook, Limit, Literal, Row, Rule, SendAs, Unsupported};
