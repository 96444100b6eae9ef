//! From the vendor's list of assistants to canonical assistants: the table read backwards.
//!
//! [`ListPage::read`] reads one page of the list; [`read_assistant`] turns an entry into canonical fields, and says what
//! the vendor never tells and what it told that an update would refuse; [`compare`] finds out whether the vendor has
//! stored what was sent.

mod assistant;
mod comparison;
mod cursor;
mod document;
mod elements;
mod form;
mod page;
mod rest;
mod state;
mod writable;
mod written;

pub use assistant::{ReadAssistant, Unwritable, read_assistant, read_listed};
pub use comparison::{Difference, Stored, compare, lookups_to_compare};
pub(crate) use cursor::cursor;
pub(crate) use document::{holds, is_on, member};
pub use elements::list_of_documents;
pub use page::{InvalidPage, ListPage, ListedAssistant};
pub use rest::Beside;
pub use written::{WrittenBody, read_written};
