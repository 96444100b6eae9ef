//! Every problem that the contract lists and that can be provoked from outside: its code, status, fault, whether to
//! retry, its outcome, its headers, and that nothing secret is ever in it.

#[cfg(test)]
mod callers;
#[cfg(test)]
mod error_keys;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod vendors;
