//! Documents generated from the tables: JSON Schema, coverage matrix, comparison, and a document for each vendor.

mod comparison;
mod coverage;
mod member_tables;
mod schema;
mod vendor_document;

pub use comparison::{Comparison, Loss, compare};
pub use coverage::{Named, coverage_cell, coverage_json, coverage_markdown, coverage_rows, differs, vendor_json};
pub use schema::{canonical_schema, field_schema, is_public_member, secret_members};
pub use vendor_document::vendor_markdown;
