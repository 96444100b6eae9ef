//! Tests of the translation against the vendors' documentation: one binary, one module per subject.
//!
//! The expected results come from `contracts/<vendor>/`, which is written from the documentation, and from tables in the
//! tests; never from the tables under test.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod catalogs;
mod contracts;
mod copying;
mod creation;
mod deletions;
mod documents;
mod drift;
mod examples;
mod fields;
mod generated;
mod laws;
mod listed;
mod lookups;
mod merging;
mod modes;
mod nested;
mod operations;
mod options;
mod paging;
mod reader;
mod reading;
mod refusals;
mod responses;
mod rows;
mod samples;
mod schema;
mod stored;
mod table;
mod tools;
mod unknown_keys;
mod words;
