//! The translation held against the vendors' pages: one binary, one module per subject.
//!
//! What is right is read from `contracts/<vendor>/`, which is written from the pages, and from tables in the tests
//! themselves; never from the tables under test.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod answers;
mod contract;
mod documents;
mod drift;
mod examples;
mod generated;
mod laws;
mod lookups;
mod modes;
mod options;
mod page;
mod reader;
mod rows;
mod samples;
mod schema;
mod strangers;
mod table;
mod tools;
mod words;
