//! Requests: the list, one of them, and the search.

pub(in crate::console) mod find;
pub(in crate::console) mod request;
pub(in crate::console) mod requests;
mod rows;
