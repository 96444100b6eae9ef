//! The canonical side: the fields, their types and rules, and the reading of an update.

mod check;
mod field;
mod field_set;
mod field_spec;
mod mode;
mod redacted;
mod shape;
pub(crate) mod tools;
mod update;
mod web_address;

pub(crate) use check::is_required;
pub use check::{check_shape, check_value};
pub use field::Field;
pub use field_set::FieldSet;
pub use field_spec::{FieldSpec, Group};
pub use mode::{check_modes, check_twins};
pub use redacted::{REDACTED, check_redacted};
pub use shape::{Bounds, Length, Member, Pattern, Required, Shape, Variant};
pub(crate) use tools::TOOL_WITH_TEXT_IDS;
pub use update::{Entry, Update};
