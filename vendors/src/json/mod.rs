//! Strict JSON on borrowed text.
//!
//! A body is checked once, from front to back, and from then on handled as spans of the buffer it arrived in: numbers
//! and strings keep their text because nobody ever parses and prints them again. [`read_object`] is the only way to
//! obtain a [`Value`], so whoever holds one may walk it without checking anything a second time.

mod decimal;
mod error;
mod keys;
mod layout;
mod pointer;
mod reader;
mod special;
mod text;
mod value;

pub use decimal::Thousandths;
pub use error::{JsonError, Reason};
pub use layout::lay_out;
pub use pointer::Pointer;
pub use reader::{Limits, Object, read_object, read_value};
pub(crate) use reader::{Nowhere, Sink, read_object_into};
pub use text::{decode, excerpt, push_integer, push_string};
pub use value::{Kind, Value};
