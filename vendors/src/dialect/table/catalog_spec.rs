//! A catalog of a vendor: where it is read, and how its rows are understood.

use std::borrow::Cow;

use super::Schema;

/// One catalog.
#[derive(Debug, Clone, Copy)]
pub struct CatalogSpec {
    /// Path and query below the base URL.
    pub path: &'static str,
    /// The member that holds the list, where the list is not the whole response.
    pub list: &'static str,
    /// The member of a row that is its name.
    pub name: &'static str,
    /// Members of a row that may hold a secret. Lists and objects are never kept.
    pub withheld: &'static [&'static str],
    /// The documented response.
    pub schema: Schema,
}

impl CatalogSpec {
    /// A catalog whose rows have a `name`, as a bare array or in `data`.
    pub const fn new(path: &'static str, schema: Schema) -> Self {
        Self { path, list: "data", name: "name", withheld: &[], schema }
    }

    /// The same catalog with another member as the name.
    pub const fn named_by(mut self, member: &'static str) -> Self {
        self.name = member;
        self
    }

    /// The same catalog without these members of its rows.
    pub const fn withholding(mut self, members: &'static [&'static str]) -> Self {
        self.withheld = members;
        self
    }

    /// Path and query of a page, counted from 1. Vendors that know no pages answer the first with the whole list.
    pub fn page_path(&self, number: usize) -> Cow<'static, str> {
        match number {
            0 | 1 => Cow::Borrowed(self.path),
            _ => {
                let separator = if self.path.contains('?') { '&' } else { '?' };
                Cow::Owned(format!("{}{separator}page={number}", self.path))
            }
        }
    }
}
