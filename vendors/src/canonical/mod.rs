//! The canonical side: which fields there are, what may stand in them, and how an update is read.

mod catalogue;
mod check;
mod field;
mod fieldset;
mod mode;
mod nearest;
mod shape;
mod tools;
mod update;

pub use catalogue::{Group, Spec};
pub use check::check_value;
pub use field::Field;
pub use fieldset::FieldSet;
pub use mode::check_modes;
pub use nearest::nearest_field;
pub use shape::{Bounds, Length, Member, Pattern, Required, Shape, Variant};
pub use update::{Entry, Update};
