//! From the vendor's list of assistants to canonical assistants: the table read backwards.
//!
//! [`ListPage::read`] reads one page of the list; [`read_assistant`] turns an entry into canonical fields, and says what
//! the vendor never tells and what it told that an update would refuse; [`compare`] finds out whether the vendor has
//! stored what was sent.

mod assistant;
mod comparison;
mod form;
mod page;
mod state;
mod writable;

pub use assistant::{ReadAssistant, Unwritable, read_assistant};
pub use comparison::{Difference, Stored, compare, lookups_to_compare};
pub use page::{InvalidPage, ListPage, ListedAssistant};
