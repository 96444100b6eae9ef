//! What a caller of the API sees: updates, names, problems, discovery and who may do what.
#![cfg(test)]

mod answers;
mod assistants_list;
mod callbacks;
mod catalog_pages;
mod catalog_refusals;
mod catalogs;
mod changes;
mod clients;
mod copies;
mod discovery;
mod docs;
mod dry_run;
mod exchange;
mod golden;
mod handling;
mod nested;
mod paging;
mod plans;
mod problems;
mod reading;
mod records;
mod routes;
mod routing;
mod stored;
#[path = "../support/mod.rs"]
mod support;
mod told;
mod translate;
