//! A catalog of a vendor: where it is read, and how its rows are understood.

use std::borrow::Cow;

use super::Schema;
use super::listing::Paging;
use super::operations::push_escaped;

/// One catalog.
#[derive(Debug, Clone, Copy)]
pub struct CatalogSpec {
    /// Path and query below the base URL.
    pub path: &'static str,
    /// The member that holds the list, where the list is not the whole response.
    pub list: &'static str,
    /// The member of a row that is its id.
    pub id: &'static str,
    /// The member of a row that is its name. With dots it is one inside.
    pub name: &'static str,
    /// Members of a row that may hold a secret. Lists and objects are never kept.
    pub withheld: &'static [&'static str],
    /// How the next page is asked for. Vendors that know no pages answer the first with the whole list.
    pub paging: Paging,
    /// The documented response.
    pub schema: Schema,
}

impl CatalogSpec {
    /// A catalog whose rows have a `name`, as a bare array or in `data`.
    pub const fn new(path: &'static str, schema: Schema) -> Self {
        let paging = Paging::Numbered { page: "page" };
        Self { path, list: "data", id: "id", name: "name", withheld: &[], paging, schema }
    }

    /// The same catalog with another member as the list.
    pub const fn in_member(mut self, member: &'static str) -> Self {
        self.list = member;
        self
    }

    /// The same catalog with another member as the id.
    pub const fn identified_by(mut self, member: &'static str) -> Self {
        self.id = member;
        self
    }

    /// The same catalog in pages that a cursor leads to, as [`Paging::Cursor`] has it.
    pub const fn paged_by(mut self, parameter: &'static str, next: &'static str, has_more: &'static str) -> Self {
        self.paging = Paging::Cursor { parameter, next, has_more };
        self
    }

    /// How many rows a full page of a catalog has that is read by time; its path asks for so many.
    pub const WINDOW: usize = 100;

    /// The same catalog in pages that begin before a time, as [`Paging::Window`] has it.
    pub const fn windowed_by(mut self, parameter: &'static str, member: &'static str) -> Self {
        self.paging = Paging::Window { parameter, member };
        self
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

    /// Path and query of a page, counted from 1. `at` is what the page before said of the next one, if the number is not
    /// enough ([`CatalogPage::next`](crate::CatalogPage::next)).
    pub fn page_path(&self, number: usize, at: Option<&str>) -> Cow<'static, str> {
        match self.paging.parameter(number, at).filter(|_| number > 1) {
            None => Cow::Borrowed(self.path),
            Some((name, value)) => {
                let separator = if self.path.contains('?') { '&' } else { '?' };
                let mut path = format!("{}{separator}{name}=", self.path);
                push_escaped(&mut path, &value);
                Cow::Owned(path)
            }
        }
    }
}
