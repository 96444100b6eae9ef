//! Documents generated from the tables: JSON Schema, coverage matrix, comparison, and a document for each vendor.

mod applied;
mod comparison;
mod coverage;
mod examples;
mod member_tables;
mod plan_document;
mod schema;
mod update_comparison;
mod vendor_document;

pub use applied::what_becomes;
pub use comparison::{Comparison, Loss, Severity, compare};
pub use coverage::{
    Named, coverage_cell, coverage_json, coverage_markdown, coverage_rows, differs, type_name, vendor_json,
};
pub use examples::{EVERY_FIELD, EXAMPLE};
pub use schema::{canonical_schema, field_schema, is_public_member, may_hold_credentials, secret_members};
pub use update_comparison::{UpdateComparison, compare_update};
pub use vendor_document::vendor_markdown;
