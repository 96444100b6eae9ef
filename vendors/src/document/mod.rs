//! Documents made from the tables: schema, coverage, pages. There is no second list anywhere.

mod comparison;
mod coverage;
mod page;
mod parts;
mod schema;

pub use comparison::{Comparison, Loss, compare};
pub use coverage::{Named, coverage_json, coverage_markdown, coverage_table, vendor_json};
pub use page::vendor_page;
pub use schema::{canonical_schema, field_schema, secret_members};
