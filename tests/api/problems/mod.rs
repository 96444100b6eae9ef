//! Every problem that the contract lists and that can be provoked from outside: its code, status, fault, whether to
//! retry, its outcome, its headers, and that nothing secret is ever in it.

mod callers;
mod error_keys;
mod vendors;
