//! Pure translation between the canonical update and the vendors' dialects: no I/O, no clock, no async.
//!
//! An update is read once ([`Update::read`]), translated for one [`Target`] ([`translate_request`]), and the vendor's
//! answer, an [`AnswerBody`], comes back through [`normalize_response`] or [`normalize_error`]. A vendor is a table ([`Dialect`]) that
//! one interpreter reads in both directions; [`registry`] is the only place that knows all of them.

mod autocalls;
pub mod canonical;
mod catalog;
mod dialect;
pub mod document;
mod famulor;
mod gloriagent;
mod intellixent;
mod iso639;
mod item;
pub mod json;
pub mod registry;
mod sondos;

pub use canonical::{Field, FieldSet, Update};
pub use catalog::{Catalog, CatalogError, CatalogKind, CatalogSet, Catalogs, Entry as CatalogEntry};
pub use dialect::*;
pub use iso639::english_name as language_name;
pub use item::{Item, ItemCode, Items, Note, Report};
