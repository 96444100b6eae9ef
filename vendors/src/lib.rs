//! Translates canonical updates to the vendors' dialects and their responses back. No I/O, no clock, no async.
//!
//! [`Update::read`] reads an update once; [`translate_request`] translates it for one [`Target`]. [`ResponseBody::read`]
//! reads the vendor's response; [`normalize_response`] and [`normalize_error`] translate it. A vendor is a table
//! ([`Dialect`]), which one interpreter reads in both directions. [`registry`] lists all vendors.

mod autocalls;
pub mod canonical;
mod catalog;
mod copy;
mod dialect;
pub mod document;
mod elevenlabs;
mod famulor;
mod gloriagent;
mod intellixent;
mod iso639;
mod item;
pub mod json;
mod merge;
mod nearest;
mod plan;
pub mod registry;
mod retell;
mod secret_name;
mod sondos;
mod stored;
mod vapi;

pub use canonical::{Field, FieldSet, Update};
pub use catalog::{
    Catalog, CatalogError, CatalogKind, CatalogPage, CatalogSet, Catalogs, Entry as CatalogEntry, ListedEntry,
    NamePart, same_number,
};
pub use copy::{AssistantCopy, CopiedFields, CopyReport, CopySource};
pub use dialect::*;
pub use iso639::english_name as language_name;
pub use item::{Changed, Item, ItemCode, Items, Note, Report};
pub use merge::{Barrier, Merged, Part, merge};
pub use nearest::{did_you_mean, nearest, nearest_names};
pub use plan::{Purpose, Run, Settings, Step};
pub use secret_name::is_secret_name;
