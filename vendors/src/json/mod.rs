//! Strict JSON on borrowed text.
//!
//! The reader checks a body once, from front to back. After that a [`Value`] is a span of the body's buffer, so numbers
//! and strings keep their text. One leading byte order mark is skipped. Only the reader creates values, so walking one needs no second check.

mod byte_order_mark;
mod decimal;
mod error;
mod layout;
mod open_keys;
mod pointer;
mod reader;
mod scale;
mod special_bytes;
mod text;
mod value;

pub use byte_order_mark::{BYTE_ORDER_MARK, without_byte_order_mark};
pub use decimal::Thousandths;
pub(crate) use decimal::same_number;
pub use error::{JsonError, JsonErrorKind};
pub use layout::lay_out;
pub use pointer::Pointer;
pub(crate) use reader::{Discard, Sink, read_object_into};
pub use reader::{Limits, Object, read_object, read_value};
pub(crate) use scale::{scaled, unscaled};
pub use text::{decode, excerpt, push_integer, push_string};
pub use value::{Kind, Value};
